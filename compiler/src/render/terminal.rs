//! Diagnostics in a terminal: the source with the words marked.
//!
//! It must not know whether there is a terminal: the caller says whether to colour.

use std::fmt;
use std::ops::Range;

use ariadne::{Cache, Color, Config, Label, LabelAttach, Report, ReportKind, Source};
use onward_bytecode::SourceFile;

use super::place::characters;
use crate::diagnostic::{Diagnostic, Severity, Span};

/// Whether to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours.
    On,
    /// Plain text.
    Off,
}

/// Draws the diagnostics, one after another, each followed by an empty line.
#[must_use]
pub fn terminal(diagnostics: &[Diagnostic], sources: &[SourceFile], colour: Colour) -> String {
    let mut files = Files::new(sources);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let drawn = report(diagnostic, sources, colour).write(&mut files, &mut bytes);
        if drawn.is_err() {
            continue;
        }
        for line in String::from_utf8_lossy(&bytes).lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

/// A stretch of characters in a file: what `ariadne` counts in.
type Stretch = (usize, Range<usize>);

fn report(diagnostic: &Diagnostic, sources: &[SourceFile], colour: Colour) -> Report<'static, Stretch> {
    let (kind, ink) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let config = Config::new().with_color(colour == Colour::On).with_label_attach(LabelAttach::Start);
    let label = |span: Span, text: &str, ink: Color| {
        // Without a message nothing would be marked.
        let text = if text.is_empty() { "here" } else { text };
        Label::new(stretch(span, sources)).with_color(ink).with_message(text)
    };
    let primary = &diagnostic.primary;
    let mut report = Report::build(kind, stretch(primary.span, sources))
        .with_config(config)
        .with_code(diagnostic.code)
        .with_message(&diagnostic.message)
        .with_label(label(primary.span, &primary.text, ink).with_priority(1))
        .with_labels(diagnostic.secondary.iter().map(|other| label(other.span, &other.text, Color::Cyan)));
    match &diagnostic.help {
        Some(help) => report.set_help(help),
        None => diagnostic.fixes.iter().for_each(|fix| report.add_help(&fix.title)),
    }
    report.finish()
}

fn stretch(span: Span, sources: &[SourceFile]) -> Stretch {
    let file = span.file.0 as usize;
    let text = sources.get(file).map_or("", |source| &*source.text);
    let start = characters(text, span.range().start);
    let end = characters(text, span.range().end).max(start);
    (file, start..end)
}

/// The files, as `ariadne` wants them.
struct Files<'a> {
    paths: Vec<&'a str>,
    texts: Vec<Source<&'a str>>,
}

impl<'a> Files<'a> {
    fn new(sources: &'a [SourceFile]) -> Self {
        Self {
            paths: sources.iter().map(|source| &*source.path).collect(),
            texts: sources.iter().map(|source| Source::from(&*source.text)).collect(),
        }
    }
}

impl<'a> Cache<usize> for &mut Files<'a> {
    type Storage = &'a str;

    fn fetch(&mut self, file: &usize) -> Result<&Source<&'a str>, impl fmt::Debug> {
        self.texts.get(*file).ok_or("no such file")
    }

    fn display<'b>(&self, file: &'b usize) -> Option<impl fmt::Display + 'b> {
        self.paths.get(*file).map(|path| (*path).to_owned())
    }
}
