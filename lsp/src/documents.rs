//! What editors have open: texts that nobody has saved yet count before those on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::position::{Encoding, Lines, Place, replaced};
use crate::projects::path_of;

/// An open document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Its text as the editor shows it.
    pub(crate) text: Arc<str>,
    /// The editor's count of its changes.
    pub(crate) version: i32,
    /// The file that it is kept in, if it is in one.
    pub(crate) path: Option<PathBuf>,
}

/// A change of a text: all of it, or from one place to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Option<(Place, Place)>,
    pub(crate) text: String,
}

/// Open documents by URI.
#[derive(Debug, Clone, Default)]
pub(crate) struct Documents {
    open: BTreeMap<Arc<str>, Document>,
}

impl Documents {
    pub(crate) fn open(&mut self, uri: &str, text: String, version: i32) {
        let document = Document { text: text.into(), version, path: path_of(uri) };
        self.open.insert(uri.into(), document);
    }

    /// Applies changes in their order, each to what the one before left.
    pub(crate) fn change(&mut self, uri: &str, edits: &[Edit], version: i32, encoding: Encoding) {
        let Some(document) = self.open.get_mut(uri) else { return };
        for edit in edits {
            document.text = match edit.range {
                None => edit.text.as_str().into(),
                Some((start, end)) => {
                    let lines = Lines::of(&document.text);
                    let at = |place| lines.offset(&document.text, place, encoding);
                    let (start, end) = (at(start), at(end));
                    replaced(&document.text, start.min(end)..end.max(start), &edit.text).into()
                }
            };
        }
        document.version = version;
    }

    pub(crate) fn close(&mut self, uri: &str) {
        self.open.remove(uri);
    }

    pub(crate) fn get(&self, uri: &str) -> Option<&Document> {
        self.open.get(uri)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Document)> {
        self.open.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: (u32, u32), end: (u32, u32), text: &str) -> Edit {
        let place = |(line, unit)| Place { line, unit };
        Edit { range: Some((place(start), place(end))), text: text.into() }
    }

    #[test]
    fn changes_follow_each_other() {
        let mut documents = Documents::default();
        documents.open("a", "on x\ndo y\n".into(), 1);
        documents.change(
            "a",
            &[edit((0, 3), (0, 4), "form"), edit((1, 3), (1, 4), "email")],
            2,
            Encoding::Utf16,
        );
        let document = documents.get("a").unwrap();
        assert_eq!((&*document.text, document.version), ("on form\ndo email\n", 2));
    }
}
