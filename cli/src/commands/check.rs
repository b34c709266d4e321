//! `onward check`: finds mistakes before anything is sent.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onward_bytecode::SourceFile;
use onward_compiler::render::{self, Colour};

use super::unseen;
use crate::failure::{Exit, Outcome};
use crate::project::{Compiled, Files};
use crate::screen;

/// So often one mend may show the next.
const ROUNDS: usize = 10;

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
    /// Mend what can be mended without a doubt, then check
    #[arg(long)]
    fix: bool,
    /// Warn of events that have never come to this server, while a near name has; its key is read from ONWARD_KEY
    #[arg(long, value_name = "URL")]
    server: Option<String>,
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
        let mut files = Files::read(&self.path)?;
        let mut compiled = files.compile()?;
        if self.fix {
            // One mend may show what the next is.
            for _ in 0..ROUNDS {
                if files.mend(&compiled)? == 0 {
                    break;
                }
                compiled = files.compile()?;
            }
        }
        let sources = shown(&files, &compiled);
        match if self.json { Form::Json } else { self.format } {
            Form::Text => {
                show_terminal(&files, &compiled);
                screen::line(summary(&files, &compiled));
            }
            Form::Json => screen::raw(&render::json(&compiled.diagnostics, &sources)),
            Form::Sarif => screen::raw(&render::sarif(&compiled.diagnostics, &sources)),
            Form::Github => {
                screen::raw(&render::github(&compiled.diagnostics, &sources));
                screen::aside(summary(&files, &compiled));
            }
        }
        let unseen = match (&self.server, &compiled.program) {
            (Some(url), Some(program)) => unseen::warn(url, program.program())?,
            _ => 0,
        };
        let (errors, warnings) = compiled.tally();
        let warnings = warnings + unseen;
        let bad = errors > 0 || (self.deny_warnings && warnings > 0);
        Ok(if bad { Exit::Problems } else { Exit::Fine })
    }
}

/// The sources with paths as the reader would type them.
fn shown(files: &Files, compiled: &Compiled) -> Vec<SourceFile> {
    let shown = |source: &SourceFile| SourceFile {
        path: files.shown(&source.path).into(),
        text: source.text.clone(),
    };
    compiled.sources.iter().map(shown).collect()
}

/// Draws what the compiler has to say, on standard error.
pub(crate) fn show_terminal(files: &Files, compiled: &Compiled) {
    if compiled.diagnostics.is_empty() {
        return;
    }
    // Colours that nobody wants are taken out when it is written.
    let text = render::terminal(&compiled.diagnostics, &shown(files, compiled), Colour::On);
    screen::aside(text.trim_end());
    if compiled.tally().0 > 0 && std::io::stderr().is_terminal() {
        let code = compiled.diagnostics.first().map(|first| first.code.to_string()).unwrap_or_default();
        screen::aside(screen::dim(format!("\n`onward explain {code}` tells more")));
    }
}

/// One line that says how it went.
pub(crate) fn summary(files: &Files, compiled: &Compiled) -> String {
    let (errors, warnings) = compiled.tally();
    let read = screen::count(files.files.len(), "file");
    let warned = if warnings > 0 {
        format!(", {}", screen::yellow(screen::count(warnings, "warning")))
    } else {
        String::new()
    };
    if errors > 0 {
        return format!("{read}: {}{warned}", screen::red(screen::count(errors, "error")));
    }
    let workflows = compiled.program.as_ref().map_or(0, |it| it.program().workflows.len());
    format!("{read}, {}: {}{warned}", screen::count(workflows, "workflow"), screen::green("no errors"))
}
