//! A project on disk: which files it has, and what the compiler makes of them.
//!
//! It must not know how diagnostics look; `commands::check` shows them.

use std::path::{Path, PathBuf};

use onward_bytecode::{Artifact, Debug, SourceFile, Verified};
use onward_compiler::diagnostic::{Applicability, Diagnostic, Edit, Severity};
use onward_compiler::lower;
use onward_compiler::project::Project;

use crate::failure::{Failure, reason};

/// A file larger than this is no rule file.
const LARGEST: u64 = 4 << 20;
/// Folders that never hold rules.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

/// A project's folder and the files that the compiler reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The folder that holds `onward.toml`.
    pub(crate) root: PathBuf,
    /// Paths below the root, with `/`, and texts.
    pub(crate) files: Vec<(String, String)>,
}

impl Files {
    /// Reads the project at `path`: its folder, `onward.toml` in it, or any file or folder inside it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let root = root(path)?;
        let mut files = Vec::new();
        walk(&root, &root, &mut files)?;
        files.sort();
        let has_rules = files.iter().any(|(path, _)| path.ends_with(".onward"));
        if has_rules { Ok(Self { root, files }) } else { Err(no_rules(&root)) }
    }

    /// Parses, checks and compiles.
    pub(crate) fn compile(&self) -> Result<Compiled, Failure> {
        let checked = Project::read(self.files.clone()).parse().check();
        let mut compiled =
            Compiled { program: None, diagnostics: checked.diagnostics, sources: checked.sources };
        match checked.hir.as_ref().map(lower::lower) {
            None => {}
            Some(Err(too_large)) => compiled.diagnostics.extend(too_large),
            Some(Ok(lowered)) => {
                let debug = Debug { sources: compiled.sources.clone(), spans: lowered.spans };
                let artifact = Artifact { program: lowered.program, debug };
                compiled.program = Some(artifact.verify().map_err(|error| {
                    Failure::problems(
                        format!("the compiler made a program that does not verify: {error}"),
                        "this is a mistake in Onward, not in your rules; please report it together with them",
                    )
                })?);
            }
        }
        Ok(compiled)
    }

    /// Makes the changes that mend a mistake without a doubt, those that do not touch each
    /// other. Answers how many.
    pub(crate) fn mend(&mut self, compiled: &Compiled) -> Result<usize, Failure> {
        let fixes = compiled
            .diagnostics
            .iter()
            .filter_map(|it| it.fixes.iter().find(|fix| fix.applicability == Applicability::Safe));
        let mut edits: Vec<&Edit> = Vec::new();
        let mut mended = 0;
        for fix in fixes {
            let free = |edit: &Edit| {
                edits.iter().all(|it| {
                    it.span.file != edit.span.file
                        || it.span.end < edit.span.start
                        || it.span.start > edit.span.end
                })
            };
            if fix.edits.iter().all(free) {
                edits.extend(&fix.edits);
                mended += 1;
            }
        }
        edits.sort_by_key(|it| std::cmp::Reverse(it.span));
        for edit in edits {
            let path = compiled.sources.get(edit.span.file.0 as usize).map(|it| it.path.clone());
            let file = self.files.iter_mut().find(|(known, _)| path.as_deref() == Some(known.as_str()));
            let Some((path, text)) = file else { continue };
            if text.get(edit.span.range()).is_some() {
                text.replace_range(edit.span.range(), &edit.text);
                let path = self.root.join(&*path);
                std::fs::write(&path, &*text).map_err(|error| Failure::file("write", &path, &error))?;
            }
        }
        Ok(mended)
    }

    /// The path of a source as the reader of a message would type it.
    pub(crate) fn shown(&self, source: &str) -> String {
        if self.files.iter().any(|(path, _)| path == source) {
            let path = self.root.join(source);
            path.strip_prefix("./").unwrap_or(&path).display().to_string()
        } else {
            source.to_owned()
        }
    }
}

/// The folder of the project that `path` belongs to: the nearest with an `onward.toml`, else the folder itself.
fn root(path: &Path) -> Result<PathBuf, Failure> {
    let about = std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?;
    let folder = if about.is_dir() { path } else { path.parent().unwrap_or(path) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if folder.join("onward.toml").is_file() {
        return Ok(folder.to_owned());
    }
    let whole = std::path::absolute(folder).map_err(|error| Failure::file("read", folder, &error))?;
    let above = whole.ancestors().skip(1).find(|above| above.join("onward.toml").is_file());
    Ok(above.map_or_else(|| folder.to_owned(), Path::to_owned))
}

/// Every rule file at or below a folder, those of projects inside it, too.
pub(crate) fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| Failure::file("read", &folder, &error))? {
            let entry = entry.map_err(|error| Failure::file("read", &folder, &error))?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "onward") && path.is_file() {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file("read", folder, &error))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let kind = entry.file_type().map_err(|error| Failure::file("read", &path, &error))?;
        if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            // A folder with settings of its own is a project of its own.
            if !path.join("onward.toml").is_file() {
                walk(root, &path, files)?;
            }
        } else if is_source(&path) && path.is_file() {
            let below = path.strip_prefix(root).unwrap_or(&path);
            files.push((below.to_string_lossy().replace('\\', "/"), text(&path)?));
        }
    }
    Ok(())
}

/// Whether the compiler reads files of this name: rules, settings, templates.
pub(crate) fn is_source(path: &Path) -> bool {
    let ends = |end: &str| path.extension().is_some_and(|it| it == end);
    let in_templates = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "templates");
    ends("onward")
        || path.file_name().is_some_and(|name| name == "onward.toml")
        || (in_templates && (ends("md") || ends("html") || ends("mjml")))
}

/// The text of a file that must be UTF-8.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let size = std::fs::metadata(path).map_err(|error| Failure::file("read", path, &error))?.len();
    if size > LARGEST {
        return Err(Failure::unreachable(
            format!("`{}` is too large for a rule file: {size} bytes", path.display()),
            "split it; 4 MiB is the most",
        ));
    }
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            Failure::unreachable(format!("`{}` is not UTF-8", path.display()), "save it as UTF-8")
        }
        _ => Failure::unreachable(
            format!("cannot read `{}`: {}", path.display(), reason(&error)),
            "check who may read it",
        ),
    })
}

fn no_rules(root: &Path) -> Failure {
    let inside = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut projects: Vec<_> = inside
        .filter(|path| path.join("onward.toml").is_file())
        .map(|path| format!("`{}`", path.display()))
        .collect();
    projects.sort();
    let help = if projects.is_empty() {
        "`onward new NAME` makes a project to begin with".to_owned()
    } else {
        format!("name one of the projects in it: {}", projects.join(", "))
    };
    Failure::unreachable(format!("there are no rule files (*.onward) in `{}`", root.display()), help)
}

/// What the compiler made of a project.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// The program; none if there are errors.
    pub(crate) program: Option<Verified>,
    /// What there is to say, by place.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What diagnostics point at.
    pub(crate) sources: Vec<SourceFile>,
}

impl Compiled {
    /// How many errors and warnings there are.
    pub(crate) fn tally(&self) -> (usize, usize) {
        let errors = self.diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
        (errors, self.diagnostics.len() - errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, text).expect("it can be written");
        }
        folder
    }

    #[test]
    fn reads_sources_only_and_stops_at_other_projects() {
        let folder = folder(&[
            ("onward.toml", ""),
            ("rules/a.onward", "a"),
            ("rules/deep/b.onward", "b"),
            ("templates/t.md", "t"),
            ("README.md", "no"),
            (".onward-data/x.onward", "no"),
            ("node_modules/x.onward", "no"),
            ("other/onward.toml", ""),
            ("other/c.onward", "no"),
        ]);
        let found = Files::read(folder.path()).expect("it reads");
        let paths: Vec<_> = found.files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["onward.toml", "rules/a.onward", "rules/deep/b.onward", "templates/t.md"]);
        let inside = Files::read(&folder.path().join("rules/a.onward")).expect("it reads");
        assert_eq!(inside.files, found.files);
    }

    #[test]
    fn a_folder_of_projects_names_them() {
        let folder = folder(&[("one/onward.toml", ""), ("one/a.onward", "")]);
        let failure = Files::read(folder.path()).expect_err("no rules");
        assert!(failure.help.contains("one`"), "{}", failure.help);
    }

    #[test]
    fn a_file_that_is_not_text_is_named() {
        let folder = folder(&[("a.onward", "")]);
        std::fs::write(folder.path().join("a.onward"), [0xff, 0xfe]).expect("it can be written");
        let failure = Files::read(folder.path()).expect_err("not UTF-8");
        assert!(failure.message.ends_with("a.onward` is not UTF-8"));
    }
}
