//! Places in a text: the protocol counts lines and units of an encoding, the compiler bytes.
//!
//! A place beyond the end of a line is the line's end (LSP 3.17, `Position`).

use std::ops::Range;

/// What a client counts the places of a line in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// 16-bit units: what clients count in that say nothing.
    #[default]
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// How many units a text has.
    pub(crate) fn length(self, text: &str) -> u32 {
        let units = match self {
            Self::Utf8 => text.len(),
            Self::Utf16 | Self::Utf32 => text.chars().map(|it| self.units(it)).sum(),
        };
        u32::try_from(units).unwrap_or(u32::MAX)
    }

    fn units(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A place: a line and units on it, both from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) unit: u32,
}

/// Where the lines of a text begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lines {
    starts: Vec<usize>,
    end: usize,
}

impl Lines {
    /// The lines of `text`; they end with `\n`, `\r\n` or `\r`.
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        Self { starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect(), end: text.len() }
    }

    /// The byte at a place.
    pub(crate) fn offset(&self, text: &str, place: Place, encoding: Encoding) -> usize {
        let line = place.line as usize;
        let Some(&start) = self.starts.get(line) else { return self.end };
        let mut left = place.unit as usize;
        let mut at = start;
        for letter in self.line(text, line).chars() {
            let units = encoding.units(letter);
            if left < units {
                break;
            }
            left -= units;
            at += letter.len_utf8();
        }
        at
    }

    /// The place of a byte; inside a character it is the character's.
    pub(crate) fn place(&self, text: &str, offset: usize, encoding: Encoding) -> Place {
        let offset = offset.min(self.end);
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = text.get(start..).unwrap_or_default().char_indices();
        let units: usize = before
            .take_while(|(at, letter)| start + at + letter.len_utf8() <= offset)
            .map(|(_, letter)| encoding.units(letter))
            .sum();
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        Place { line: number(line), unit: number(units) }
    }

    /// The text of a line, without what ends it.
    fn line<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let start = self.starts.get(line).copied().unwrap_or(self.end);
        let end = self.starts.get(line + 1).copied().unwrap_or(self.end);
        text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }
}

/// Replaces the bytes of `range` by `new`.
pub(crate) fn replaced(text: &str, range: Range<usize>, new: &str) -> String {
    let (before, after) = (text.get(..range.start), text.get(range.end.max(range.start)..));
    [before.unwrap_or_default(), new, after.unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a😀b\r\nünd\rz";

    #[test]
    fn counts_in_every_encoding() {
        let lines = Lines::of(TEXT);
        assert_eq!(lines.starts.len(), 3);
        for (encoding, units) in [(Encoding::Utf8, 5), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            let place = Place { line: 0, unit: units };
            assert_eq!(lines.offset(TEXT, place, encoding), 5, "{encoding:?}");
            assert_eq!(lines.place(TEXT, 5, encoding), place, "{encoding:?}");
        }
    }

    #[test]
    fn there_and_back_at_every_character() {
        let lines = Lines::of(TEXT);
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
            for (at, letter) in TEXT.char_indices() {
                if matches!(letter, '\r' | '\n') {
                    continue;
                }
                assert_eq!(lines.offset(TEXT, lines.place(TEXT, at, encoding), encoding), at);
            }
        }
    }

    #[test]
    fn beyond_a_line_is_its_end() {
        let lines = Lines::of(TEXT);
        assert_eq!(lines.offset(TEXT, Place { line: 0, unit: 99 }, Encoding::Utf16), 6);
        assert_eq!(lines.offset(TEXT, Place { line: 9, unit: 0 }, Encoding::Utf16), TEXT.len());
    }

    #[test]
    fn inside_a_pair_is_before_it() {
        let lines = Lines::of(TEXT);
        assert_eq!(lines.offset(TEXT, Place { line: 0, unit: 2 }, Encoding::Utf16), 1);
        assert_eq!(lines.place(TEXT, 3, Encoding::Utf16), Place { line: 0, unit: 1 });
    }
}
