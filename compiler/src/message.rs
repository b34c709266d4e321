//! Messages: texts with holes and tags, taken apart into one row of segments.
//!
//! `grammar/template.pest` finds the holes and tags; what stands in them goes to the parser
//! of the language. It must not know what a name refers to, nor how a message is rendered.

mod tag;
mod text;

use pest::Parser as _;
use pest::iterators::Pair;
use rowan::{TextRange, TextSize};

pub use crate::check::text_messages;
use crate::diagnostic::{Applicability, Diagnostic, FileId, Span};
use crate::syntax::ast::{Origin, Quotes, StringLit};
use crate::syntax::{Parse, codes, parse_expression};

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/template.pest"]
    pub(super) struct Template;
}

use grammar::{Rule, Template};

/// A message and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its parts in order. Blocks are in pairs: every `If` and `For` has its `End`, with
    /// `ElseIf` and at most one `Else` between, also after a mistake.
    pub segments: Vec<Segment>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What it is.
    pub kind: SegmentKind,
    /// Where it stands, with its signs; empty for an `End` that is missing.
    pub span: Span,
}

/// What a part of a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentKind {
    /// Text as it is to be sent: without escapes and indentation.
    Text(String),
    /// `{{ value }}`
    Hole(Parse),
    /// `{% if condition %}`
    If(Parse),
    /// `{% else if condition %}`
    ElseIf(Parse),
    /// `{% else %}`
    Else,
    /// `{% for name in list %}`
    For(Item, Parse),
    /// `{% end %}`
    End,
}

/// What each item of a list is called in a `{% for %}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// What surrounds a message, and so what may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Frame {
    /// `"…"`: escapes.
    Line,
    /// `"""…"""`: escapes, and indentation that belongs to the rule file.
    Block,
    /// A file of its own: neither, but `\{{` is text.
    File,
}

/// Takes apart a text in quotes, which stands in a tree that starts at `origin`.
#[must_use]
pub fn of_literal(origin: impl Into<Origin>, literal: &StringLit) -> Message {
    let origin = origin.into();
    let start = origin.offset.saturating_add(literal.contents_range().start().into());
    split(Origin { offset: start, ..origin }, literal.contents(), frame(literal))
}

/// Takes apart `text`, which stands at `offset` bytes in a file that is not a rule file.
#[must_use]
pub fn of_file(file: FileId, text: &str, offset: u32) -> Message {
    split(Origin { file, offset }, text, Frame::File)
}

/// The text in quotes without escapes and indentation, for where no holes may be: they are
/// not looked for. With it, what is wrong with its escapes.
#[must_use]
pub fn plain_text(origin: impl Into<Origin>, literal: &StringLit) -> (String, Vec<Diagnostic>) {
    let origin = origin.into();
    let whole = text::Piece { text: literal.contents(), start: 0 };
    let mut wrong = Vec::new();
    let text = text::Cleaner::new(frame(literal), literal.contents(), &[whole]).clean(whole, |at, escape| {
        let start = literal.contents_range().start() + TextSize::try_from(at).unwrap_or_default();
        let range = TextRange::at(start, TextSize::of(escape.as_str()));
        wrong.push(text::unknown_escape(origin.span(range), &escape));
    });
    (text, wrong)
}

fn frame(literal: &StringLit) -> Frame {
    match literal.quotes() {
        Quotes::One => Frame::Line,
        Quotes::Three => Frame::Block,
    }
}

fn split(origin: Origin, text: &str, frame: Frame) -> Message {
    let mut splitter = Splitter {
        origin,
        message: Message { segments: Vec::new(), diagnostics: Vec::new() },
        open: Vec::new(),
    };
    let found = raw_segments(text);
    let pieces: Vec<_> = found.iter().filter(|it| it.rule == Rule::text).map(Raw::piece).collect();
    let cleaner = text::Cleaner::new(frame, text, &pieces);
    for raw in found {
        splitter.add(&raw, &cleaner);
    }
    splitter.finish(text.len())
}

/// A stretch of the message, not yet looked into.
#[derive(Debug, Clone, Copy)]
struct Raw<'t> {
    rule: Rule,
    text: &'t str,
    start: usize,
}

impl<'t> Raw<'t> {
    fn piece(&self) -> text::Piece<'t> {
        text::Piece { text: self.text, start: self.start }
    }

    /// What stands between `{{` and `}}`, and where.
    fn inside(&self) -> text::Piece<'t> {
        let end = self.text.len().saturating_sub(2);
        text::Piece { text: self.text.get(2..end).unwrap_or_default(), start: self.start + 2 }
    }
}

impl<'t> From<Pair<'t, Rule>> for Raw<'t> {
    fn from(pair: Pair<'t, Rule>) -> Self {
        Self { rule: pair.as_rule(), text: pair.as_str(), start: pair.as_span().start() }
    }
}

fn raw_segments(text: &str) -> Vec<Raw<'_>> {
    let whole = Raw { rule: Rule::text, text, start: 0 };
    if !(text.contains("{{") || text.contains("{%")) {
        return vec![whole];
    }
    match Template::parse(Rule::message, text) {
        Ok(pairs) => {
            let parts = pairs.flat_map(Pair::into_inner).filter(|it| it.as_rule() != Rule::EOI);
            parts.map(Raw::from).collect()
        }
        // Every text is a message.
        Err(_) => vec![whole],
    }
}

/// A message in the making.
struct Splitter {
    origin: Origin,
    message: Message,
    /// The blocks that are open.
    open: Vec<Open>,
}

/// A block that is open.
#[derive(Debug, Clone, Copy)]
struct Open {
    what: &'static str,
    span: Span,
    otherwise: Otherwise,
}

/// Whether an `else` may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    Possible,
    Past,
    /// A `for` has none.
    Never,
}

/// How many blocks may lie within each other.
const DEPTH: usize = 50;

impl Splitter {
    fn span(&self, start: usize, length: usize) -> Span {
        let at = |place: usize| self.origin.offset.saturating_add(u32::try_from(place).unwrap_or(u32::MAX));
        Span::new(self.origin.file, at(start)..at(start + length))
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.message.diagnostics.push(diagnostic);
    }

    fn push(&mut self, kind: SegmentKind, span: Span) {
        self.message.segments.push(Segment { kind, span });
    }

    fn add(&mut self, raw: &Raw<'_>, cleaner: &text::Cleaner) {
        let span = self.span(raw.start, raw.text.len());
        match raw.rule {
            Rule::hole => self.hole(raw, span),
            Rule::tag => self.tag(raw.inside(), span),
            Rule::open => self.unclosed(raw, span),
            _ => {
                let mut found = Vec::new();
                let text = cleaner.clean(raw.piece(), |at, wrong| found.push((at, wrong)));
                for (at, wrong) in found {
                    let span = self.span(at, wrong.len());
                    self.report(text::unknown_escape(span, &wrong));
                }
                if !text.is_empty() {
                    self.push(SegmentKind::Text(text), span);
                }
            }
        }
    }

    fn hole(&mut self, raw: &Raw<'_>, span: Span) {
        let inside = raw.inside();
        if inside.text.trim().is_empty() {
            return self.report(
                Diagnostic::error(codes::EMPTY_HOLE, span, "nothing stands in this hole").help(
                    "name a value, as `{{ contact.first_name }}`; write `\\{{` for the signs themselves",
                ),
            );
        }
        let value = self.expression(inside);
        self.push(SegmentKind::Hole(value), span);
    }

    /// Parses an expression of the message.
    fn expression(&mut self, inside: text::Piece<'_>) -> Parse {
        let offset = self.span(inside.start, 0).start;
        let parse = parse_expression(self.origin.file, inside.text, offset);
        self.message.diagnostics.extend_from_slice(parse.diagnostics());
        parse
    }

    fn unclosed(&mut self, raw: &Raw<'_>, span: Span) {
        let (code, close) =
            if raw.text == "{{" { (codes::UNCLOSED_HOLE, "}}") } else { (codes::UNCLOSED_TAG, "%}") };
        let message = format!("this `{}` is never closed", raw.text);
        let help = format!("add `{close}`; write `\\{}` for the signs themselves", raw.text);
        self.report(Diagnostic::error(code, span, message).help(help));
    }

    /// Closes what is open, and puts the messages in order.
    fn finish(mut self, length: usize) -> Message {
        self.open.truncate(DEPTH);
        while let Some(open) = self.open.pop() {
            let message = format!("this `{}` has no `{{% end %}}`", open.what);
            self.report(
                Diagnostic::error(codes::NO_END, open.span, message)
                    .help("add `{% end %}` where it should end"),
            );
            let end = self.span(length, 0);
            self.push(SegmentKind::End, end);
        }
        self.message.diagnostics.sort_by_key(|it| it.primary.span);
        self.message
    }
}

#[cfg(test)]
mod tests;
