//! `onward check`: finds mistakes before anything is sent.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onward_bytecode::SourceFile;
use onward_compiler::diagnostic::Severity;
use onward_compiler::project::Checked;
use onward_compiler::render::{self, Colour};

use crate::failure::{Exit, Outcome};
use crate::project::Files;
use crate::screen;

/// Check a project: rules, templates and settings together
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How to print what was found
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Form,
    /// Print JSON, one message a line; the same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Exit with 1 if there are warnings, too
    #[arg(long)]
    deny_warnings: bool,
}

/// How diagnostics are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let files = Files::read(&self.path)?;
        let checked = files.check();
        let sources = shown(&files, &checked);
        match if self.json { Form::Json } else { self.format } {
            Form::Text => {
                show_terminal(&files, &checked);
                screen::line(summary(&files, &checked));
            }
            Form::Json => screen::raw(&render::json(&checked.diagnostics, &sources)),
            Form::Sarif => screen::raw(&render::sarif(&checked.diagnostics, &sources)),
            Form::Github => {
                screen::raw(&render::github(&checked.diagnostics, &sources));
                screen::aside(summary(&files, &checked));
            }
        }
        let (errors, warnings) = tally(&checked);
        let bad = errors > 0 || (self.deny_warnings && warnings > 0);
        Ok(if bad { Exit::Problems } else { Exit::Fine })
    }
}

/// The sources with paths as the reader would type them.
fn shown(files: &Files, checked: &Checked) -> Vec<SourceFile> {
    let shown = |source: &SourceFile| SourceFile { path: files.shown(&source.path).into(), text: source.text.clone() };
    checked.sources.iter().map(shown).collect()
}

/// Draws what the compiler has to say, on standard error.
pub(crate) fn show_terminal(files: &Files, checked: &Checked) {
    if checked.diagnostics.is_empty() {
        return;
    }
    // Colours that nobody wants are taken out when it is written.
    let text = render::terminal(&checked.diagnostics, &shown(files, checked), Colour::On);
    screen::aside(text.trim_end());
    if tally(checked).0 > 0 && std::io::stderr().is_terminal() {
        let code = checked.diagnostics.first().map(|first| first.code.to_string()).unwrap_or_default();
        screen::aside(screen::dim(format!("\n`onward explain {code}` tells more")));
    }
}

fn tally(checked: &Checked) -> (usize, usize) {
    let errors = checked.diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
    (errors, checked.diagnostics.len() - errors)
}

/// One line that says how it went.
pub(crate) fn summary(files: &Files, checked: &Checked) -> String {
    let (errors, warnings) = tally(checked);
    let checked_files = screen::count(files.files.len(), "file");
    let warned = if warnings > 0 { format!(", {}", screen::yellow(screen::count(warnings, "warning"))) } else { String::new() };
    if errors > 0 {
        return format!("{checked_files}: {}{warned}", screen::red(screen::count(errors, "error")));
    }
    let workflows = checked.hir.as_ref().map_or(0, |hir| hir.workflows.len());
    format!("{checked_files}, {}: {}{warned}", screen::count(workflows, "workflow"), screen::green("no errors"))
}
