//! Marks that stand for holes and tags while a message goes through a renderer.
//!
//! A mark is letters and digits that the message itself does not have, so that no
//! renderer changes it. It must not know what a hole holds.

/// A piece of a rendered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it is.
    Text(String),
    /// The segment with this number.
    Mark(usize),
}

/// Makes marks and finds them again.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    prefix: String,
}

impl Marks {
    /// Marks that do not occur in `text`.
    pub(crate) fn new(text: &str) -> Self {
        let mut number = 0_u32;
        loop {
            let prefix = format!("onwd{number}m");
            if !text.contains(&prefix) {
                return Self { prefix };
            }
            number += 1;
        }
    }

    /// The mark of the hole that is segment `number`.
    pub(crate) fn hole(&self, number: usize) -> String {
        format!("{}h{number}z", self.prefix)
    }

    /// The mark of the tag that is segment `number`.
    pub(crate) fn tag(&self, number: usize) -> String {
        format!("{}t{number}z", self.prefix)
    }

    /// Whether `text` is marks of tags and nothing else.
    pub(crate) fn only_tags(&self, text: &str) -> bool {
        let mut rest = text.trim();
        let mut any = false;
        while let Some((number, after)) = rest
            .strip_prefix(&self.prefix)
            .and_then(|it| it.strip_prefix('t'))
            .and_then(|it| it.split_once('z'))
        {
            if number.parse::<usize>().is_err() {
                return false;
            }
            any = true;
            rest = after.trim_start();
        }
        any && rest.is_empty()
    }

    /// Splits a rendered text at its marks.
    pub(crate) fn split(&self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut parts = text.split(&self.prefix);
        push_text(&mut pieces, parts.next().unwrap_or_default());
        for part in parts {
            let (number, rest) = part.split_once('z').unwrap_or((part, ""));
            if let Ok(number) = number.trim_start_matches(['h', 't']).parse() {
                pieces.push(Piece::Mark(number));
            }
            push_text(&mut pieces, rest);
        }
        pieces
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_again() {
        let marks = Marks::new("says onwd0mh3z itself");
        let text = format!("a {} b {}", marks.hole(3), marks.tag(12));
        assert_eq!(
            marks.split(&text),
            [Piece::Text("a ".into()), Piece::Mark(3), Piece::Text(" b ".into()), Piece::Mark(12)]
        );
    }

    #[test]
    fn lines_of_tags() {
        let marks = Marks::new("");
        assert!(marks.only_tags(&format!("  {} {}\n", marks.tag(1), marks.tag(2))));
        assert!(!marks.only_tags(&marks.hole(1)));
        assert!(!marks.only_tags(&format!("{} more", marks.tag(1))));
        assert!(!marks.only_tags(""));
    }
}
