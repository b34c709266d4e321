//! Diagnostics as JSON: one value a line.
//!
//! It must not know how they look to people.

use onward_bytecode::SourceFile;
use serde::Serialize;

use super::place::Place;
use crate::diagnostic::{Applicability, Code, Diagnostic, Severity, Span};

#[derive(Serialize)]
struct Entry<'a> {
    code: Code,
    severity: Severity,
    message: &'a str,
    label: &'a str,
    #[serde(flatten)]
    place: Region<'a>,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
    fixes: Vec<Fix<'a>>,
}

/// Lines and columns count from 1, columns in characters; the end is the column
/// after the last character.
#[derive(Serialize)]
struct Region<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end: End,
}

#[derive(Serialize)]
struct End {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Region<'a>,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    applicability: Applicability,
    edits: Vec<Edit<'a>>,
}

#[derive(Serialize)]
struct Edit<'a> {
    #[serde(flatten)]
    place: Region<'a>,
    text: &'a str,
}

/// The diagnostics, each as one line of JSON.
#[must_use]
pub fn json(diagnostics: &[Diagnostic], sources: &[SourceFile]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Such a value always has a JSON form.
        out.push_str(&serde_json::to_string(&entry(diagnostic, sources)).unwrap_or_default());
        out.push('\n');
    }
    out
}

fn entry<'a>(diagnostic: &'a Diagnostic, sources: &'a [SourceFile]) -> Entry<'a> {
    let related = |label: &'a crate::diagnostic::Label| Related {
        message: &label.text,
        place: region(label.span, sources),
    };
    let edit =
        |edit: &'a crate::diagnostic::Edit| Edit { place: region(edit.span, sources), text: &edit.text };
    let fix = |fix: &'a crate::diagnostic::Fix| Fix {
        title: &fix.title,
        applicability: fix.applicability,
        edits: fix.edits.iter().map(edit).collect(),
    };
    Entry {
        code: diagnostic.code,
        severity: diagnostic.severity,
        message: &diagnostic.message,
        label: &diagnostic.primary.text,
        place: region(diagnostic.primary.span, sources),
        help: diagnostic.help.as_deref(),
        related: diagnostic.secondary.iter().map(related).collect(),
        fixes: diagnostic.fixes.iter().map(fix).collect(),
    }
}

fn region(span: Span, sources: &[SourceFile]) -> Region<'_> {
    let Place { file, line, column, end_line, end_column } = Place::of(span, sources);
    Region { file, line, column, end: End { line: end_line, column: end_column } }
}
