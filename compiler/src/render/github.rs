//! Diagnostics as workflow commands of GitHub Actions, which marks them in a pull
//! request ("Workflow commands for GitHub Actions", setting an error message).
//!
//! It must not know how they look in a terminal.

use onward_bytecode::SourceFile;

use super::place::Place;
use crate::diagnostic::{Diagnostic, Severity};

/// The diagnostics, each as one command.
#[must_use]
pub fn github(diagnostics: &[Diagnostic], sources: &[SourceFile]) -> String {
    diagnostics.iter().map(|diagnostic| command(diagnostic, sources)).collect()
}

fn command(diagnostic: &Diagnostic, sources: &[SourceFile]) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let Place { file, line, column, end_line, end_column } = Place::of(diagnostic.primary.span, sources);
    // There, columns need a single line, and the last one is marked itself.
    let columns = if line == end_line {
        format!(",col={column},endColumn={}", end_column.saturating_sub(1).max(column))
    } else {
        String::new()
    };
    let mut message = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        message.push('\n');
        message.push_str(help);
    }
    format!(
        "::{command} file={},line={line},endLine={end_line}{columns},title={}::{}\n",
        property(file),
        property(&diagnostic.code.to_string()),
        data(&message),
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
