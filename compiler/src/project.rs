//! From the files of a project to a program: the whole pipeline in one place.
//!
//! ```text
//! Project::read(files).parse().check().lower()
//! ```
//!
//! It must not know the disk: whoever has files gives their paths and texts.

use std::collections::BTreeSet;
use std::sync::Arc;

use onward_bytecode::{Artifact, Debug, SourceFile, SpanAt, Verified};

use crate::diagnostic::{Diagnostic, FileId, Severity, Span};
use crate::hir::Hir;
pub use crate::memory::Memory;
use crate::names::Names;
use crate::report::Report;
use crate::source::{self, Content, Source};
use crate::uses::Use;
use crate::{analyse, check, codes, declare, lower, names};

/// The files of the catalogue that is part of every project: their paths and texts.
#[must_use]
pub fn catalogue() -> &'static [(&'static str, &'static str)] {
    source::STD
}

/// The files of a project, as text.
#[derive(Debug, Clone)]
pub struct Project {
    files: Vec<SourceFile>,
}

impl Project {
    /// The project of `files`: their paths below the project's folder, and their texts.
    ///
    /// Rules are in `*.onward`, settings in `onward.toml`, messages in
    /// `templates/*.md` and `templates/*.html`; other files are left out. The order
    /// of the files does not matter.
    pub fn read<P: Into<Arc<str>>, T: Into<Arc<str>>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files = files.into_iter().map(|(path, text)| {
            let path: Arc<str> = path.into();
            let path = if path.contains('\\') { path.replace('\\', "/").into() } else { path };
            SourceFile { path, text: text.into() }
        });
        let mut files: Vec<SourceFile> = files.filter(|it| source::is_source(&it.path)).collect();
        files.sort_by(|a, b| (&a.path, &a.text).cmp(&(&b.path, &b.text)));
        Self { files }
    }

    /// Parses every file; mistakes are kept beside the trees.
    #[must_use]
    pub fn parse(self) -> Parsed {
        self.parse_with(&Memory::default())
    }

    /// The same, without doing again what is remembered.
    #[must_use]
    pub fn parse_with(self, memory: &Memory) -> Parsed {
        let files = self.files.into_iter().zip(0..);
        let mut files: Vec<Source> =
            files.map(|(file, id)| Source::parse(file, FileId(id), memory)).collect();
        let own = files.len();
        files.extend(source::catalogue(u32::try_from(own).unwrap_or(u32::MAX)));
        Parsed { files, own }
    }
}

/// A project of which every file is parsed.
#[derive(Debug)]
pub struct Parsed {
    files: Vec<Source>,
    /// How many of them, the first, are the project's own: the catalogue follows.
    own: usize,
}

impl Parsed {
    fn words(&self, span: Span) -> String {
        let file = self.files.get(span.file.0 as usize);
        file.and_then(|it| it.text.get(span.range())).unwrap_or_default().to_owned()
    }

    /// The project's own files.
    pub(crate) fn own(&self) -> &[Source] {
        self.files.get(..self.own).unwrap_or_default()
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// Resolves names and checks types: a program, unless there is any error.
    #[must_use]
    pub fn check(self) -> Checked {
        let mut report = Report::default();
        for file in &self.files {
            if let Content::Rules { errors, .. } = &file.content {
                errors.iter().cloned().for_each(|it| report.push(it));
            }
        }
        let declared = declare::collect(&self, &mut report);
        names::note_declarations(&declared, &mut report);
        let names = Names::of(&declared, &|span| self.words(span).into());
        let hir = check::check(&declared, &self, &mut report);
        let words = |span: Span| self.words(span);
        analyse::analyse(&hir, &declared.config.frequency, &words, &mut report);
        let hir = (!report.has_errors()).then_some(hir);
        let sources = self.files.into_iter().map(|it| SourceFile { path: it.path, text: it.text });
        let uses = report.take_uses();
        Checked {
            hir,
            uses,
            declared: Arc::new(names),
            diagnostics: report.finish(),
            sources: sources.collect(),
        }
    }
}

/// A project that was checked.
#[derive(Debug)]
pub struct Checked {
    /// The program; none if there is any error.
    pub hir: Option<Hir>,
    /// Where names stand and what for, by place; also after mistakes.
    pub uses: Vec<Use>,
    /// What is declared; also after mistakes.
    pub declared: Arc<Names>,
    /// Everything there is to say, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files: a [`FileId`] is a place in this list.
    pub sources: Vec<SourceFile>,
}

impl Checked {
    /// Makes the program that a server runs.
    #[must_use]
    pub fn lower(self) -> Compiled {
        let Self { hir, mut diagnostics, sources, .. } = self;
        let lowered = hir.map(|hir| lower::lower(&hir));
        let artifact = match lowered {
            Some(Ok(lowered)) => {
                let debug = debug(&sources, lowered.spans);
                match (Artifact { program: lowered.program, debug }).verify() {
                    Ok(verified) => Some(verified),
                    Err(problem) => {
                        diagnostics.push(unsound(&problem.to_string()));
                        None
                    }
                }
            }
            Some(Err(problems)) => {
                diagnostics.extend(problems);
                None
            }
            None => None,
        };
        Compiled { artifact, diagnostics, sources }
    }
}

/// What explains a program: of the catalogue's files, only the texts that some code comes from.
#[must_use]
pub fn debug(sources: &[SourceFile], spans: Vec<Vec<SpanAt>>) -> Debug {
    let pointed: BTreeSet<u32> = spans.iter().flatten().map(|it| it.file).collect();
    let kept = sources.iter().zip(0..).map(|(file, number)| {
        let needed = !file.path.starts_with(source::FOLDER) || pointed.contains(&number);
        let text = if needed { file.text.clone() } else { "".into() };
        SourceFile { path: file.path.clone(), text }
    });
    Debug { sources: kept.collect(), spans }
}

/// The compiler's own fault, caught before it does harm.
fn unsound(problem: &str) -> Diagnostic {
    Diagnostic::error(codes::UNSOUND, Span::new(FileId(0), 0..0), format!("the compiled {problem}"))
        .help("this is a fault of Onward and not of your rules; please report it with your files")
}

/// What a project compiles to.
#[derive(Debug)]
pub struct Compiled {
    /// The program; none if there is any error.
    pub artifact: Option<Verified>,
    /// Everything there is to say.
    pub diagnostics: Vec<Diagnostic>,
    /// The files: a [`FileId`] is a place in this list.
    pub sources: Vec<SourceFile>,
}

impl Compiled {
    /// Whether there is no error.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.diagnostics.iter().all(|it| it.severity != Severity::Error)
    }
}

/// Compiles the files of a project: see [`Project::read`].
pub fn compile<P: Into<Arc<str>>, T: Into<Arc<str>>>(files: impl IntoIterator<Item = (P, T)>) -> Compiled {
    Project::read(files).parse().check().lower()
}
