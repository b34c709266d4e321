//! What is known at one moment: it never changes, so it is read without waiting.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use onward_bytecode::SourceFile;
use onward_compiler::diagnostic::{Diagnostic, FileId};
use onward_compiler::project::{self, Checked, Memory};
use onward_compiler::syntax::Parse;

use crate::documents::Documents;
use crate::features::names::known::Known;
use crate::position::{Encoding, Lines};
use crate::wire::{Settings, Told};

/// How the files of the catalogue are named: `onward:/std/crm.onward`.
const CATALOGUE: &str = "onward:/";

/// What a file holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// `*.onward`
    Rules,
    /// `onward.toml`
    Settings,
    /// A template in Markdown.
    Markdown,
    /// A template in HTML.
    Html,
}

/// A file of a project.
#[derive(Debug)]
pub(crate) struct File {
    /// As the client names it.
    pub(crate) uri: Arc<str>,
    /// Below the project's folder.
    pub(crate) path: Arc<str>,
    pub(crate) text: Arc<str>,
    lines: OnceLock<Lines>,
    /// Where its tree comes from.
    memory: Arc<Memory>,
    parse: OnceLock<Arc<Parse>>,
    known: OnceLock<Known>,
}

impl File {
    pub(crate) fn new(uri: Arc<str>, path: Arc<str>, text: Arc<str>, memory: Arc<Memory>) -> Self {
        Self {
            uri,
            path,
            text,
            lines: OnceLock::new(),
            memory,
            parse: OnceLock::new(),
            known: OnceLock::new(),
        }
    }

    pub(crate) fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }

    pub(crate) fn sort(&self) -> Sort {
        match self.path.rsplit_once('.') {
            Some((_, "md")) => Sort::Markdown,
            Some((_, "html" | "mjml")) => Sort::Html,
            Some((_, "toml")) => Sort::Settings,
            _ => Sort::Rules,
        }
    }

    /// What it declares, by its tree alone.
    pub(crate) fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(self))
    }

    /// Its tree, whose spans are in file 0; of a file that holds no rules it means nothing.
    pub(crate) fn parse(&self) -> &Parse {
        self.parse.get_or_init(|| {
            self.memory.parse(&SourceFile { path: self.path.clone(), text: self.text.clone() })
        })
    }
}

/// A project's files at one moment, and what the compiler makes of them, worked out when
/// somebody first asks.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    files: Vec<Arc<File>>,
    /// What was worked out of the files before, shared by all that follow each other.
    memory: Arc<Memory>,
    checked: OnceLock<Checked>,
    /// The compiler's number of each file.
    numbers: OnceLock<BTreeMap<Arc<str>, FileId>>,
}

impl Project {
    pub(crate) fn new(root: PathBuf, files: Vec<Arc<File>>, memory: Arc<Memory>) -> Self {
        Self { root, files, memory, checked: OnceLock::new(), numbers: OnceLock::new() }
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
            let files = self.files.iter().map(|it| (it.path.clone(), it.text.clone()));
            project::Project::read(files).parse_with(&self.memory).check()
        })
    }

    /// How the compiler numbers a file.
    pub(crate) fn number(&self, path: &str) -> Option<FileId> {
        let numbers = self.numbers.get_or_init(|| {
            let sources = self.checked().sources.iter().zip(0..);
            sources.map(|(source, number)| (source.path.clone(), FileId(number))).collect()
        });
        numbers.get(path).copied()
    }

    /// What there is to say about a file.
    pub(crate) fn diagnostics(&self, path: &str) -> &[Diagnostic] {
        let Some(file) = self.number(path) else { return &[] };
        // They lie by place.
        let all = &*self.checked().diagnostics;
        let start = all.partition_point(|it| it.primary.span.file < file);
        let end = all.partition_point(|it| it.primary.span.file <= file);
        all.get(start..end).unwrap_or_default()
    }
}

/// Everything that a request may look at.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) encoding: Encoding,
    pub(crate) documents: Documents,
    pub(crate) projects: Vec<Arc<Project>>,
    pub(crate) settings: Arc<Settings>,
    /// What the client knows of tokens.
    pub(crate) told: Arc<Told>,
}

/// A place that a client means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'s> {
    pub(crate) project: &'s Arc<Project>,
    pub(crate) file: &'s Arc<File>,
    /// The byte.
    pub(crate) offset: usize,
}

impl Snapshot {
    /// The project and the file that a client means. A file of the catalogue is seen from the
    /// first project.
    pub(crate) fn file(&self, uri: &str) -> Option<(&Arc<Project>, &Arc<File>)> {
        if uri.starts_with(CATALOGUE) {
            let file = catalogue().iter().find(|it| *it.uri == *uri)?;
            return Some((self.projects.first().unwrap_or(nothing()), file));
        }
        self.projects.iter().find_map(|project| project.by_uri(uri).map(|file| (project, file)))
    }

    /// The file that the compiler numbers so in a project, of which it may be the catalogue's.
    pub(crate) fn numbered<'s>(&self, project: &'s Project, file: FileId) -> Option<&'s Arc<File>> {
        let path = &project.checked().sources.get(file.0 as usize)?.path;
        project.file(path).or_else(|| catalogue().iter().find(|it| it.path == *path))
    }
}

/// The files of the catalogue.
pub(crate) fn catalogue() -> &'static [Arc<File>] {
    static FILES: OnceLock<Vec<Arc<File>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let file = |(path, text): &(&str, &str)| {
            let uri = format!("{CATALOGUE}{path}");
            Arc::new(File::new(uri.into(), (*path).into(), (*text).into(), Arc::default()))
        };
        project::catalogue().iter().map(file).collect()
    })
}

/// A project without files.
fn nothing() -> &'static Arc<Project> {
    static NOTHING: OnceLock<Arc<Project>> = OnceLock::new();
    NOTHING.get_or_init(|| Arc::new(Project::new(PathBuf::new(), Vec::new(), Arc::default())))
}
