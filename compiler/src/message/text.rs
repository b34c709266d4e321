//! The text between holes: escapes, and the indentation of a block.

use super::{Diagnostic, Frame, Span, codes};

/// A stretch of a message, and where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    pub(super) start: usize,
}

/// Makes text as it is to be sent out of text as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cleaner {
    frame: Frame,
    /// How many characters of space each line of a block loses.
    indent: usize,
    /// Bytes before the first line of a block, and where its last line ends.
    first: usize,
    last: usize,
}

impl Cleaner {
    /// For the message `whole`, whose `texts` lie between its holes and tags.
    pub(super) fn new(frame: Frame, whole: &str, texts: &[Piece<'_>]) -> Self {
        if frame != Frame::Block {
            return Self { frame, indent: 0, first: 0, last: whole.len() };
        }
        Self { frame, indent: indent(whole, texts), first: first_line(whole), last: last_line(whole) }
    }

    /// The text of `piece`; `wrong` is told where each escape that does not exist stands.
    pub(super) fn clean(&self, piece: Piece<'_>, wrong: impl FnMut(usize, String)) -> String {
        let first = self.first.saturating_sub(piece.start).min(piece.text.len());
        let last = self.last.saturating_sub(piece.start).clamp(first, piece.text.len());
        let kept = piece.text.get(first..last).unwrap_or_default();
        let at_line = first > 0 || piece.start == self.first;
        let kept = Piece { text: kept, start: piece.start + first };
        match self.frame {
            Frame::File => kept.text.replace("\\{{", "{{").replace("\\{%", "{%"),
            Frame::Line => unescape(kept, 0, false, wrong),
            Frame::Block => unescape(kept, self.indent, at_line, wrong),
        }
    }
}

/// A block whose first line is empty starts on the second.
fn first_line(whole: &str) -> usize {
    match whole.split_once('\n') {
        Some((first, _)) if first.trim().is_empty() => first.len() + 1,
        _ => 0,
    }
}

/// A block whose last line is empty ends on the line before.
fn last_line(whole: &str) -> usize {
    match whole.rsplit_once('\n') {
        Some((before, last)) if last.trim().is_empty() => before.strip_suffix('\r').unwrap_or(before).len(),
        _ => whole.len(),
    }
}

/// The space that all lines start with: those of the texts, without empty ones, and the last.
fn indent(whole: &str, texts: &[Piece<'_>]) -> usize {
    let mut least = usize::MAX;
    for piece in texts {
        for (at, _) in piece.text.match_indices('\n') {
            let rest = whole.get(piece.start + at + 1..).unwrap_or_default();
            let space = rest.chars().take_while(|it| matches!(it, ' ' | '\t')).count();
            let after = rest.get(space..).unwrap_or_default();
            // An empty line says nothing, but the closing quotes do.
            if !after.starts_with(['\n', '\r']) {
                least = least.min(space);
            }
        }
    }
    if least == usize::MAX { 0 } else { least }
}

/// Resolves escapes, and takes `indent` characters of space from the start of each line.
fn unescape(piece: Piece<'_>, indent: usize, at_line: bool, mut wrong: impl FnMut(usize, String)) -> String {
    let mut out = String::with_capacity(piece.text.len());
    let mut left = if at_line { indent } else { 0 };
    let mut chars = piece.text.char_indices();
    while let Some((at, next)) = chars.next() {
        match next {
            ' ' | '\t' if left > 0 => left -= 1,
            '\n' => {
                out.push('\n');
                left = indent;
            }
            '\r' if piece.text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n')) => {}
            '\\' => {
                left = 0;
                match chars.next().map(|(_, escaped)| escaped) {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(same @ ('"' | '\\' | '{')) => out.push(same),
                    Some(other) => {
                        wrong(piece.start + at, format!("\\{other}"));
                        out.push(other);
                    }
                    None => out.push('\\'),
                }
            }
            other => {
                left = 0;
                out.push(other);
            }
        }
    }
    out
}

/// What to say about an escape that does not exist.
pub(super) fn unknown_escape(span: Span, escape: &str) -> Diagnostic {
    Diagnostic::error(codes::UNKNOWN_ESCAPE, span, format!("`{escape}` stands for nothing"))
        .help("write `\\n`, `\\t`, `\\\"`, `\\\\`, `\\{`, or `\\\\` for the sign `\\` itself")
}
