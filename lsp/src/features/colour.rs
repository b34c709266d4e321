//! Colours in templates that are written in HTML: `#ff8800`, `#f80`, `rgb(255, 136, 0)`.

use std::ops::Range;

use crate::snapshot::{File, Sort};

/// A colour; each part from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) red: u8,
    pub(crate) green: u8,
    pub(crate) blue: u8,
}

impl Colour {
    /// `#ff8800`
    pub(crate) fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    /// `rgb(255, 136, 0)`
    pub(crate) fn rgb(self) -> String {
        format!("rgb({}, {}, {})", self.red, self.green, self.blue)
    }
}

/// The colours of a file.
pub(crate) fn of(file: &File) -> Vec<(Range<usize>, Colour)> {
    if file.sort() != Sort::Html {
        return Vec::new();
    }
    let text = &*file.text;
    let mut found = Vec::new();
    for (at, _) in text.match_indices('#') {
        found.extend(hex(text, at));
    }
    for (at, _) in text.match_indices("rgb(") {
        found.extend(rgb(text, at));
    }
    found.sort_by_key(|(range, _)| range.start);
    found
}

fn hex(text: &str, at: usize) -> Option<(Range<usize>, Colour)> {
    // A colour is a value: of an attribute, or in a style. `href="#top"` is none.
    let before = text.get(..at)?.trim_end();
    let is_value =
        before.ends_with([':', ',', ' ']) || (before.ends_with('"') && before.contains("color=\""));
    let digits: String = text.get(at + 1..)?.chars().take_while(char::is_ascii_alphanumeric).collect();
    let part = |range: Range<usize>| u8::from_str_radix(digits.get(range)?, 16).ok();
    let (red, green, blue) = match digits.len() {
        6 => (part(0..2)?, part(2..4)?, part(4..6)?),
        3 => (part(0..1)? * 17, part(1..2)? * 17, part(2..3)? * 17),
        _ => return None,
    };
    is_value.then_some((at..at + 1 + digits.len(), Colour { red, green, blue }))
}

fn rgb(text: &str, at: usize) -> Option<(Range<usize>, Colour)> {
    let inside = text.get(at + 4..)?.split_once(')')?.0;
    let mut parts = inside.split(',').map(|it| it.trim().parse::<u8>());
    let mut part = || parts.next()?.ok();
    let colour = Colour { red: part()?, green: part()?, blue: part()? };
    parts.next().is_none().then_some((at..at + 5 + inside.len(), colour))
}
