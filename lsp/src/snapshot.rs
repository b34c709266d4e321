//! What is known at one moment: it never changes, so it is read without waiting.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use onward_compiler::diagnostic::{Diagnostic, FileId};
use onward_compiler::project::{self, Checked};

use crate::documents::Documents;
use crate::position::{Encoding, Lines};

/// A file of a project.
#[derive(Debug)]
pub(crate) struct File {
    /// As the client names it.
    pub(crate) uri: Arc<str>,
    /// Below the project's folder.
    pub(crate) path: Arc<str>,
    pub(crate) text: Arc<str>,
    lines: OnceLock<Lines>,
}

impl File {
    pub(crate) fn new(uri: Arc<str>, path: Arc<str>, text: Arc<str>) -> Self {
        Self { uri, path, text, lines: OnceLock::new() }
    }

    pub(crate) fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }
}

/// A project's files at one moment, and what the compiler makes of them, worked out when
/// somebody first asks.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    files: Vec<Arc<File>>,
    checked: OnceLock<Checked>,
}

impl Project {
    pub(crate) fn new(root: PathBuf, files: Vec<Arc<File>>) -> Self {
        Self { root, files, checked: OnceLock::new() }
    }

    /// The file at this path.
    pub(crate) fn file(&self, path: &str) -> Option<&Arc<File>> {
        self.files.iter().find(|it| *it.path == *path)
    }

    /// The file that the client names so.
    pub(crate) fn by_uri(&self, uri: &str) -> Option<&Arc<File>> {
        self.files.iter().find(|it| *it.uri == *uri)
    }

    pub(crate) fn files(&self) -> &[Arc<File>] {
        &self.files
    }

    /// What the compiler has to say.
    pub(crate) fn checked(&self) -> &Checked {
        self.checked.get_or_init(|| {
            let files = self.files.iter().map(|it| (it.path.to_string(), it.text.to_string()));
            project::Project::read(files).parse().check()
        })
    }

    /// The file that the compiler numbers so, unless it is the catalogue's.
    pub(crate) fn numbered(&self, file: FileId) -> Option<&Arc<File>> {
        let path = &self.checked().sources.get(file.0 as usize)?.path;
        self.file(path)
    }

    /// What there is to say about a file.
    pub(crate) fn diagnostics(&self, path: &str) -> impl Iterator<Item = &Diagnostic> {
        let checked = self.checked();
        let file = checked.sources.iter().position(|it| *it.path == *path);
        checked.diagnostics.iter().filter(move |it| Some(it.primary.span.file.0 as usize) == file)
    }
}

/// Everything that a request may look at.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) encoding: Encoding,
    pub(crate) documents: Documents,
    pub(crate) projects: Vec<Arc<Project>>,
}

impl Snapshot {
    /// The project and the file that a client means.
    pub(crate) fn file(&self, uri: &str) -> Option<(&Arc<Project>, &Arc<File>)> {
        self.projects.iter().find_map(|project| project.by_uri(uri).map(|file| (project, file)))
    }
}
