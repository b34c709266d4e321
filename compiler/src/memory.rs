//! What was worked out of a project before: the same text gives the same tree.
//!
//! It must not know what a tree says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use onward_bytecode::SourceFile;

use crate::diagnostic::FileId;
use crate::syntax::{self, Parse};

/// The last text of each file, by its path, and its tree; spans are in file 0.
type Parsed = BTreeMap<Arc<str>, (Arc<str>, Arc<Parse>)>;

/// What is remembered from one run to the next. It changes how long the next run takes, and
/// nothing else.
#[derive(Debug, Default)]
pub struct Memory {
    parsed: Mutex<Parsed>,
}

impl Memory {
    /// Parses a file, unless its text is that of the last time.
    #[must_use]
    pub fn parse(&self, file: &SourceFile) -> Arc<Parse> {
        if let Some(known) = self.known(file) {
            return known;
        }
        // Others may parse while this goes on.
        let parse = Arc::new(syntax::parse(FileId(0), &file.text));
        let entry = (file.text.clone(), parse.clone());
        self.lock().insert(file.path.clone(), entry);
        parse
    }

    fn known(&self, file: &SourceFile) -> Option<Arc<Parse>> {
        let parsed = self.lock();
        let (text, parse) = parsed.get(&file.path)?;
        (Arc::ptr_eq(text, &file.text) || *text == file.text).then(|| parse.clone())
    }

    /// Forgets files that are gone: all but those for which `is_there` holds.
    pub fn keep(&self, is_there: impl Fn(&str) -> bool) {
        self.lock().retain(|path, _| is_there(path));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Parsed> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
