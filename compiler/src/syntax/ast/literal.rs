//! Views of literals.

use rowan::{TextRange, TextSize};

use super::{AstNode, Origin, children, token, tokens, views};
use crate::diagnostic::Span;
use crate::syntax::kind::{SyntaxKind, SyntaxNode, SyntaxToken};
use crate::syntax::lexer::quote_lengths;

/// A text in quotes, wherever it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringLit(SyntaxToken);

/// The texts right below `node`.
pub(super) fn strings(node: &SyntaxNode) -> impl Iterator<Item = StringLit> + use<> {
    tokens(node, SyntaxKind::is_string).map(StringLit)
}

/// How a text is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quotes {
    /// `"…"`
    One,
    /// `"""…"""`
    Three,
}

impl StringLit {
    /// The view of `token`, if it is a text in quotes.
    #[must_use]
    pub fn cast(token: SyntaxToken) -> Option<Self> {
        token.kind().is_string().then_some(Self(token))
    }

    /// The token, with its quotes.
    #[must_use]
    pub fn token(&self) -> &SyntaxToken {
        &self.0
    }

    /// With its quotes, in the tree.
    #[must_use]
    pub fn range(&self) -> TextRange {
        self.0.text_range()
    }

    /// With its quotes, in the file.
    #[must_use]
    pub fn span(&self, origin: impl Into<Origin>) -> Span {
        origin.into().span(self.range())
    }

    /// How it is quoted.
    #[must_use]
    pub fn quotes(&self) -> Quotes {
        if self.0.kind() == SyntaxKind::BLOCK_STRING { Quotes::Three } else { Quotes::One }
    }

    /// What stands between the quotes, as written: with escapes, holes and indentation.
    #[must_use]
    pub fn contents(&self) -> &str {
        let text = self.0.text();
        text.get(self.open()..text.len() - self.close()).unwrap_or_default()
    }

    /// What stands between the quotes, in the tree.
    #[must_use]
    pub fn contents_range(&self) -> TextRange {
        let start = self.range().start() + size(self.open());
        TextRange::at(start, TextSize::of(self.contents()))
    }

    /// Bytes of the quotes before the contents.
    fn open(&self) -> usize {
        quote_lengths(self.0.text()).0
    }

    /// Bytes of the quotes after the contents: none if they are missing.
    fn close(&self) -> usize {
        quote_lengths(self.0.text()).1
    }
}

fn size(bytes: usize) -> TextSize {
    TextSize::try_from(bytes).unwrap_or_default()
}

views! {
    /// `"…"` as a value.
    StringExpr = STRING_EXPR;
    /// `12`
    NumberExpr = NUMBER_EXPR;
    /// `2 days`, `1d12h`
    DurationExpr = DURATION_EXPR;
    /// `2 days`: one part of a duration.
    DurationPart = DURATION_PART;
    /// `2026-03-07`
    DateExpr = DATE_EXPR;
    /// `2026-03-07 09:00`
    DateTimeExpr = DATE_TIME_EXPR;
    /// `09:00`
    TimeExpr = TIME_EXPR;
}

impl StringExpr {
    /// The text.
    #[must_use]
    pub fn literal(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl NumberExpr {
    /// Its digits and its point, without `_`.
    #[must_use]
    pub fn digits(&self) -> String {
        self.syntax().text().to_string().replace('_', "")
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the units of time")]
pub enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Unit {
    /// Every way to write a unit.
    pub const WORDS: [(&'static str, Self); 22] = [
        ("s", Self::Second),
        ("sec", Self::Second),
        ("second", Self::Second),
        ("seconds", Self::Second),
        ("m", Self::Minute),
        ("min", Self::Minute),
        ("minute", Self::Minute),
        ("minutes", Self::Minute),
        ("h", Self::Hour),
        ("hour", Self::Hour),
        ("hours", Self::Hour),
        ("d", Self::Day),
        ("day", Self::Day),
        ("days", Self::Day),
        ("w", Self::Week),
        ("week", Self::Week),
        ("weeks", Self::Week),
        ("month", Self::Month),
        ("months", Self::Month),
        ("y", Self::Year),
        ("year", Self::Year),
        ("years", Self::Year),
    ];

    /// The unit that `word` names.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, unit)| *unit)
    }
}

impl DurationExpr {
    /// Its parts: one at least.
    pub fn parts(&self) -> impl Iterator<Item = DurationPart> + use<> {
        children(self.syntax())
    }
}

impl DurationPart {
    /// The digits of its number, without `_`.
    #[must_use]
    pub fn digits(&self) -> String {
        self.pieces().0.replace('_', "")
    }

    /// Its unit as written; empty if it has none, which the parser has said.
    #[must_use]
    pub fn unit_text(&self) -> String {
        self.pieces().1
    }

    /// Its unit; none if it is missing or misspelt, which the parser has said.
    #[must_use]
    pub fn unit(&self) -> Option<Unit> {
        Unit::read(&self.unit_text())
    }

    /// Its number, in the tree.
    #[must_use]
    pub fn number_range(&self) -> TextRange {
        TextRange::at(self.range().start(), size(self.pieces().0.len()))
    }

    /// Its unit, in the tree.
    #[must_use]
    pub fn unit_range(&self) -> TextRange {
        let end = self.range().end();
        TextRange::new(end - size(self.unit_text().len()), end)
    }

    /// The number and the unit, as written.
    fn pieces(&self) -> (String, String) {
        if let Some(joined) = token(self.syntax(), |kind| kind == SyntaxKind::NUMBER_UNIT) {
            let (number, unit) = split_unit(joined.text());
            return (number.to_owned(), unit.to_owned());
        }
        let text = |wanted| {
            token(self.syntax(), |kind| kind == wanted).map(|it| it.text().to_owned()).unwrap_or_default()
        };
        (text(SyntaxKind::NUMBER), text(SyntaxKind::WORD))
    }
}

/// Splits `2d` into `2` and `d`.
pub(crate) fn split_unit(text: &str) -> (&str, &str) {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The text of the first token of `kind`.
fn text_of(node: &SyntaxNode, kind: SyntaxKind) -> String {
    token(node, |it| it == kind).map(|it| it.text().to_owned()).unwrap_or_default()
}

impl DateExpr {
    /// `2026-03-07`; such a day need not exist.
    #[must_use]
    pub fn text(&self) -> String {
        text_of(self.syntax(), SyntaxKind::DATE)
    }
}

impl DateTimeExpr {
    /// `2026-03-07`; such a day need not exist.
    #[must_use]
    pub fn date_text(&self) -> String {
        text_of(self.syntax(), SyntaxKind::DATE)
    }

    /// `09:00` or `09:00:30`; there need not be such a time.
    #[must_use]
    pub fn time_text(&self) -> String {
        text_of(self.syntax(), SyntaxKind::TIME)
    }
}

impl TimeExpr {
    /// `09:00` or `09:00:30`; there need not be such a time.
    #[must_use]
    pub fn text(&self) -> String {
        text_of(self.syntax(), SyntaxKind::TIME)
    }
}
