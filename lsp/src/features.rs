//! What the server can do: functions from a snapshot and a place to plain values.
//!
//! They count in bytes and name files as the client does. They must not know the
//! protocol: [`crate::wire`] tells clients what they give.

pub(crate) mod act;
pub(crate) mod calls;
pub(crate) mod colour;
pub(crate) mod complete;
pub(crate) mod fix;
pub(crate) mod fold;
pub(crate) mod hints;
pub(crate) mod holes;
pub(crate) mod hover;
pub(crate) mod layout;
pub(crate) mod lens;
pub(crate) mod link;
pub(crate) mod linked;
pub(crate) mod names;
pub(crate) mod outline;
pub(crate) mod rename;
pub(crate) mod select;
pub(crate) mod signature;
pub(crate) mod symbols;
pub(crate) mod tokens;

use std::ops::Range;
use std::sync::Arc;

/// A replacement of a stretch of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) text: String,
}

impl Edit {
    pub(crate) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }

    /// New text at a place.
    pub(crate) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::new(at..at, text)
    }
}

/// What is to happen to files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// The text of the file that the client names so changes; the edits do not overlap.
    Edits(Arc<str>, Vec<Edit>),
    /// A file gets another name.
    Move(Arc<str>, Arc<str>),
}
