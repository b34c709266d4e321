//! Where a text in quotes ends, and which quotes it has.
//!
//! Holes (`{{ … }}`, `{% … %}`) are passed over, so that the quotes in them nest:
//! `"Hi {{ name | default "there" }}"` is one text. A hole that is not closed on its line
//! counts as text: what is wrong with it is said by [`crate::message`].

use super::{Applicability, Diagnostic, codes};
use crate::diagnostic::{Edit, Fix, Span};
use crate::syntax::kind::SyntaxKind;

/// A text in quotes at the start of what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Literal {
    /// `STRING`, `BLOCK_STRING`, or `ERROR` for an apostrophe that opens nothing.
    pub kind: SyntaxKind,
    /// Bytes, quotes included.
    pub len: usize,
    open: usize,
    close: usize,
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `"…"`
    Plain,
    /// `"""…"""`
    Block,
    /// `\"…\"`
    Escaped,
    /// `'…'`, `‘…’`
    Single,
    /// `“…”`, and mixtures of it with `"`
    Curly,
}

impl Style {
    fn of(text: &str) -> Self {
        match text.chars().next() {
            Some('\\') => Self::Escaped,
            Some('\'' | '‘' | '’') => Self::Single,
            Some('“' | '”' | '„') => Self::Curly,
            _ if text.starts_with("\"\"\"") => Self::Block,
            _ => Self::Plain,
        }
    }

    fn open(self, text: &str) -> usize {
        match self {
            Self::Plain => 1,
            Self::Block => 3,
            Self::Escaped => 2,
            Self::Single | Self::Curly => text.chars().next().map_or(0, char::len_utf8),
        }
    }

    /// Bytes of the closing quotes at the start of `rest`, if there are any.
    fn close(self, rest: &str) -> Option<usize> {
        let found = match self {
            Self::Plain => rest.starts_with('"'),
            Self::Block => rest.starts_with("\"\"\""),
            Self::Escaped => rest.starts_with("\\\""),
            Self::Single => rest.starts_with(['\'', '’', '‘']),
            Self::Curly => rest.starts_with(['”', '“', '"']),
        };
        found.then(|| self.open(rest))
    }
}

/// Finds the end of the text that `text` starts with.
pub(super) fn literal(text: &str) -> Literal {
    let style = Style::of(text);
    let open = style.open(text);
    let rest = text.get(open..).unwrap_or_default();
    let found =
        |(at, close), style| Literal { kind: kind(style), len: open + at + close, open, close, style };
    if let Some(end) = search(rest, style) {
        return found(end, style);
    }
    match style {
        // Opened by hand, closed by a word processor.
        Style::Plain if let Some(end) = flat(line(rest), Style::Curly) => found(end, Style::Curly),
        Style::Single => Literal { kind: SyntaxKind::ERROR, len: open, open, close: 0, style },
        Style::Block => Literal { kind: kind(style), len: text.len(), open, close: 0, style },
        _ => Literal { kind: kind(style), len: open + line(rest).trim_end().len(), open, close: 0, style },
    }
}

fn kind(style: Style) -> SyntaxKind {
    if style == Style::Block { SyntaxKind::BLOCK_STRING } else { SyntaxKind::STRING }
}

/// The place and length of the closing quotes in `rest`.
fn search(rest: &str, style: Style) -> Option<(usize, usize)> {
    match style {
        Style::Block | Style::Escaped => flat(if style == Style::Block { rest } else { line(rest) }, style),
        _ => nested(line(rest), style).or_else(|| flat(line(rest), style)),
    }
}

/// Up to the end of the line.
fn line(text: &str) -> &str {
    text.split('\n').next().unwrap_or_default()
}

/// Bytes that a hole of a text of one line may have. Without a limit, a line full of open
/// holes would be read to its end from each of them.
const HOLE: usize = 300;

/// The closing quotes, if quotes in holes do not count.
fn nested(text: &str, style: Style) -> Option<(usize, usize)> {
    let mut inside = vec![Inside::Text(style)];
    let mut at = 0;
    let mut outside = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && at - outside < HOLE) {
        if inside.len() == 1 {
            outside = at;
        }
        let (step, event) = inside.last()?.look(rest);
        match event {
            Event::Open(next) => inside.push(next),
            Event::Close if inside.len() == 1 => return Some((at, step)),
            Event::Close => drop(inside.pop()),
            Event::Nothing => {}
        }
        at += step;
    }
    None
}

#[derive(Debug, Clone, Copy)]
enum Inside {
    Text(Style),
    Hole,
    Tag,
}

enum Event {
    Open(Inside),
    Close,
    Nothing,
}

impl Inside {
    /// What happens at the start of `rest`, and how many bytes that takes.
    fn look(self, rest: &str) -> (usize, Event) {
        match self {
            Self::Text(style) if let Some(close) = style.close(rest) => return (close, Event::Close),
            Self::Text(_) if rest.starts_with("{{") => return (2, Event::Open(Self::Hole)),
            Self::Text(_) if rest.starts_with("{%") => return (2, Event::Open(Self::Tag)),
            Self::Hole if rest.starts_with("}}") => return (2, Event::Close),
            Self::Tag if rest.starts_with("%}") => return (2, Event::Close),
            Self::Hole | Self::Tag if rest.starts_with(['"', '“', '”']) => {
                let style = Style::of(rest.get(..1).unwrap_or(rest));
                return (style.open(rest), Event::Open(Self::Text(style)));
            }
            _ => {}
        }
        (character(rest), Event::Nothing)
    }
}

/// The first closing quotes.
fn flat(text: &str, style: Style) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(close) = style.close(rest) {
            return Some((at, close));
        }
        at += character(rest);
    }
    None
}

/// Bytes of the first character; of two, if the first is `\`.
fn character(rest: &str) -> usize {
    let mut chars = rest.chars();
    let first = chars.next().map_or(0, char::len_utf8);
    if rest.starts_with('\\') { first + chars.next().map_or(0, char::len_utf8) } else { first }
}

/// Bytes of the quotes before and after the contents of a token.
pub(crate) fn quote_lengths(token: &str) -> (usize, usize) {
    let literal = literal(token);
    (literal.open, literal.close)
}

/// What is wrong with the quotes of `text`.
pub(super) fn complaint(literal: Literal, text: &str, span: Span) -> Option<Diagnostic> {
    let open = Span { end: span.start + u32::try_from(literal.open).unwrap_or_default(), ..span };
    let close = Span { start: span.end - u32::try_from(literal.close).unwrap_or_default(), ..span };
    if literal.kind == SyntaxKind::ERROR {
        let message = format!("`{text}` does not belong to the language");
        return Some(
            Diagnostic::error(codes::CHARACTER, span, message).help("put text in double quotes: `\"…\"`"),
        );
    }
    if literal.close == 0 {
        return Some(unclosed(literal, open, span));
    }
    let inside = text.get(literal.open..text.len() - literal.close).unwrap_or_default();
    let message = match literal.style {
        Style::Plain | Style::Block => return None,
        Style::Escaped => "quotes need no `\\` here: inside `{{ }}` they nest".to_owned(),
        Style::Single => "text stands in double quotes, not in single ones".to_owned(),
        Style::Curly => "typographic quotes do not enclose text".to_owned(),
    };
    let mut diagnostic =
        Diagnostic::error(codes::QUOTES, span, message).help("use the plain double quote `\"`");
    // A `"` inside would end the text too early.
    if !inside.contains('"') {
        let edits = [open, close].map(|span| Edit { span, text: "\"".to_owned() }).to_vec();
        let title = "use `\"`".to_owned();
        diagnostic.fixes.push(Fix { title, applicability: Applicability::Safe, edits });
    }
    Some(diagnostic)
}

fn unclosed(literal: Literal, open: Span, span: Span) -> Diagnostic {
    if literal.style == Style::Block {
        return Diagnostic::error(codes::UNCLOSED_STRING, open, "this text is never closed")
            .help("a text that starts with `\"\"\"` ends with `\"\"\"`");
    }
    let end = Span { start: span.end, ..span };
    let mut diagnostic =
        Diagnostic::error(codes::UNCLOSED_STRING, span, "this text is not closed on its line")
            .help("close it with `\"`; a text of several lines stands between `\"\"\"` and `\"\"\"`");
    let edits = vec![Edit { span: end, text: "\"".to_owned() }];
    let title = "add `\"` at the end of the line".to_owned();
    diagnostic.fixes.push(Fix { title, applicability: Applicability::Unsure, edits });
    diagnostic
}
