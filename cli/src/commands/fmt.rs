//! `onward fmt`: one way to write rules.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use onward_compiler::diagnostic::FileId;
use onward_compiler::format::{Formatted, format};

use crate::failure::{Exit, Failure, Outcome};
use crate::project::{self, Files};
use crate::screen;

/// Format rule files
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Files, or folders with all rule files in them
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Change nothing; exit with 1 if anything would change
    #[arg(long)]
    check: bool,
    /// Format standard input to standard output
    #[arg(long, conflicts_with_all = ["paths", "check"])]
    stdin: bool,
}

impl Fmt {
    pub(super) fn run(self) -> Outcome {
        if self.stdin {
            return through();
        }
        let (mut changed, mut left, mut seen) = (0, 0, 0);
        for path in self.files()? {
            let before = project::text(&path)?;
            let after = layout(&path, &before)?;
            seen += 1;
            left += after.left.len();
            if before == after.text {
                continue;
            }
            changed += 1;
            if self.check {
                screen::line(format!("{} {}", screen::yellow("would change"), path.display()));
            } else {
                replace(&path, &after.text)?;
                screen::line(format!("{} {}", screen::green("formatted"), path.display()));
            }
        }
        let same = seen - changed;
        screen::aside(screen::dim(format!("{}, {same} unchanged", screen::count(seen, "file"))));
        let bad = left > 0 || (self.check && changed > 0);
        Ok(if bad { Exit::Problems } else { Exit::Fine })
    }

    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_file() {
                files.push(path.clone());
                continue;
            }
            files.extend(project::rule_files(path)?);
        }
        if files.is_empty() {
            // Says which projects there are, if there are any.
            Files::read(self.paths.first().map_or(Path::new("."), PathBuf::as_path))?;
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

fn through() -> Outcome {
    let name = Path::new("standard input");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::file("read", name, &error))?;
    screen::raw(&layout(name, &text)?.text);
    Ok(Exit::Fine)
}

/// Lays a text out anew; tells where mistakes kept it as it is.
fn layout(path: &Path, text: &str) -> Result<Formatted, Failure> {
    let formatted = format(FileId(0), text).map_err(|unsound| {
        Failure::problems(format!("`{}`: {unsound}", path.display()), "nothing was changed")
    })?;
    for span in &formatted.left {
        let line = text.get(..span.range().start).unwrap_or_default().matches('\n').count() + 1;
        screen::aside(format!(
            "{} {}:{line}: left as it is, because there is a mistake in it; `onward check` shows it",
            screen::yellow("warning:"),
            path.display()
        ));
    }
    Ok(formatted)
}

/// Writes beside the file and moves it there, so that it is never half written.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let target = path.canonicalize().map_err(|error| Failure::file("write", path, &error))?;
    let folder = target.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|file| {
        std::fs::write(file.path(), text)?;
        std::fs::set_permissions(file.path(), std::fs::metadata(&target)?.permissions())?;
        file.persist(&target).map_err(|error| error.error)
    });
    written.map(|_| ()).map_err(|error| Failure::file("write", path, &error))
}
