//! Lines and columns, as people count them.
//!
//! It must not know any output format.

use onward_bytecode::SourceFile;

use crate::diagnostic::Span;

/// Where something stands: from 1, columns in characters; the end is the column
/// after the last character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// Path of the file.
    pub(super) file: &'a str,
    /// Line of the first character.
    pub(super) line: usize,
    /// Column of the first character.
    pub(super) column: usize,
    /// Line of the end.
    pub(super) end_line: usize,
    /// Column of the end.
    pub(super) end_column: usize,
}

impl<'a> Place<'a> {
    /// The place of `span`; an unknown file has no name.
    pub(super) fn of(span: Span, sources: &'a [SourceFile]) -> Self {
        let source = sources.get(span.file.0 as usize);
        let (file, text) = source.map_or(("", ""), |source| (&*source.path, &*source.text));
        let (line, column) = position(text, span.range().start);
        let (end_line, end_column) = position(text, span.range().end);
        Self { file, line, column, end_line, end_column }
    }
}

/// Line and column of a byte, from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = before(text, byte);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
    (line, column)
}

/// How many characters stand before a byte.
pub(super) fn characters(text: &str, byte: usize) -> usize {
    before(text, byte).chars().count()
}

/// The text before a byte, whole characters only.
fn before(text: &str, byte: usize) -> &str {
    text.get(..text.floor_char_boundary(byte)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        assert_eq!(position("aé\nb", 0), (1, 1));
        assert_eq!(position("aé\nb", 3), (1, 3));
        assert_eq!(position("aé\nb", 4), (2, 1));
        assert_eq!(position("aé\nb", 99), (2, 2));
    }
}
