//! Language tests that are texts: a rule file with its diagnostics under the words they
//! point at.
//!
//! ```text
//! wait 2 dyas
//! #      ^^^^ E0020: `dyas` is not a unit of time
//! ```
//!
//! `^` marks what the message is about, `|` an empty place. A line `#^^<` marks from the first
//! column on; `+` after the marks says that the span goes on behind the line. Such lines are
//! taken out before the file is compiled, so that they may stand anywhere, also in texts.
//! With `UPDATE_EXPECT=1` the files are written anew with what the compiler says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use onward_compiler::diagnostic::Diagnostic;

/// Checks every `.onward` file in `tests/cases/` + `folder` against what `compile` says.
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
pub(crate) fn check_cases(folder: &str, compile: impl Fn(&str) -> Vec<Diagnostic>) {
    let update = std::env::var("UPDATE_EXPECT").is_ok_and(|it| it == "1");
    let mut wrong = String::new();
    for path in cases(folder) {
        let written = std::fs::read_to_string(&path).unwrap();
        let text = without_expectations(&written);
        let found = with_expectations(&text, &compile(&text));
        if found == written {
            continue;
        }
        if update {
            std::fs::write(&path, &found).unwrap();
        } else {
            write!(wrong, "\n--- {}\n{}", path.display(), differences(&written, &found)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "not as expected (UPDATE_EXPECT=1 writes what is):{wrong}");
}

/// The case files below `tests/cases/` + `folder`, sorted.
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
pub(crate) fn cases(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|it| it.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|it| it == "onward"));
    found.sort();
    assert!(!found.is_empty(), "no cases in {}", root.display());
    found
}

/// `text` without its expectations.
pub(crate) fn without_expectations(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !is_expectation(line)).collect()
}

fn is_expectation(line: &str) -> bool {
    let Some(rest) = line.strip_prefix('#') else { return false };
    let rest = rest.trim_start();
    let code = rest.trim_start_matches(['^', '|', '<', '+']);
    let mut code_chars = code.strip_prefix(' ').unwrap_or_default().chars();
    code.len() < rest.len()
        && matches!(code_chars.next(), Some('E' | 'W'))
        && code_chars.by_ref().take(4).filter(char::is_ascii_digit).count() == 4
        && code_chars.next() == Some(':')
}

/// `text` with `diagnostics` under the words they are about.
pub(crate) fn with_expectations(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut by_line: BTreeMap<usize, Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in diagnostics {
        let line = text.get(..diagnostic.primary.span.start as usize).unwrap().matches('\n').count();
        by_line.entry(line).or_default().push(diagnostic);
    }
    let mut out = String::new();
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').chain(text.ends_with('\n').then_some("")).enumerate() {
        out.push_str(line);
        for diagnostic in by_line.remove(&index).unwrap_or_default() {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            writeln!(out, "{}", expectation(line, offset, diagnostic)).unwrap();
        }
        offset += line.len();
    }
    out
}

fn expectation(line: &str, offset: usize, diagnostic: &Diagnostic) -> String {
    let span = diagnostic.primary.span;
    let trimmed = line.trim_end_matches(['\n', '\r']);
    let start = (span.start as usize - offset).min(trimmed.len());
    let end = (span.end as usize - offset).min(trimmed.len()).max(start);
    let column = trimmed.get(..start).unwrap().chars().count();
    let width = trimmed.get(start..end).unwrap().chars().count();
    let more = if span.end as usize > offset + line.len() { "+" } else { "" };
    let marks = match (column, width) {
        (0, 0) => "#|<".to_owned(),
        (0, width) => format!("#{}<", "^".repeat(width - 1)),
        (column, 0) => format!("#{}|", " ".repeat(column - 1)),
        (column, width) => format!("#{}{}", " ".repeat(column - 1), "^".repeat(width)),
    };
    format!("{marks}{more} {}: {}", diagnostic.code, diagnostic.message)
}

/// The lines that differ.
fn differences(written: &str, found: &str) -> String {
    let mut out = String::new();
    for change in diff(&written.lines().collect::<Vec<_>>(), &found.lines().collect::<Vec<_>>()) {
        writeln!(out, "{change}").unwrap();
    }
    out
}

/// A plain diff: only expectations differ, so lines of the text keep both sides in step.
fn diff(written: &[&str], found: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let (mut a, mut b) = (written.iter().peekable(), found.iter().peekable());
    while a.peek().is_some() || b.peek().is_some() {
        match (a.peek().copied(), b.peek().copied()) {
            (Some(x), Some(y)) if x == y => {
                out.push(format!("  {x}"));
                a.next();
                b.next();
            }
            (Some(x), _) if is_expectation(x) => {
                out.push(format!("- {x}"));
                a.next();
            }
            (_, Some(y)) => {
                out.push(format!("+ {y}"));
                b.next();
            }
            (Some(x), None) => {
                out.push(format!("- {x}"));
                a.next();
            }
            (None, None) => {}
        }
    }
    out
}
