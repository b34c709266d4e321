//! One diagnostic in every form.

use onward_bytecode::SourceFile;
use onward_compiler::diagnostic::{Applicability, Code, Diagnostic, FileId, Span};
use onward_compiler::render::{Colour, github, json, sarif, terminal};

fn sources() -> Vec<SourceFile> {
    let rules = "on form_submitted\ndo emial \"schön, weißt du\" to wélcome\n";
    vec![
        SourceFile { path: "a b/welcome.onward".into(), text: rules.into() },
        SourceFile { path: "std/mail.onward".into(), text: "action email(to: email) {\n}\n".into() },
    ]
}

fn span(file: u32, of: &str) -> Span {
    let text = sources().into_iter().nth(file as usize).map(|source| source.text).unwrap_or_default();
    let start = u32::try_from(text.find(of).unwrap_or_default()).unwrap_or_default();
    Span { file: FileId(file), start, end: start + u32::try_from(of.len()).unwrap_or_default() }
}

fn diagnostics() -> Vec<Diagnostic> {
    let wrong = span(0, "emial");
    vec![
        Diagnostic::error(Code("E0104"), wrong, "there is no action `emial`")
            .label("unknown action")
            .also(span(1, "email"), "`email` is declared here")
            .replace(wrong, "email", Applicability::Safe),
        Diagnostic::warning(Code("W0101"), span(0, "wélcome"), "100% of it,\nmay be missing")
            .help("write `wélcome | default \"you\"`"),
        Diagnostic::error(Code("E0008"), Span { file: FileId(1), start: 27, end: 28 }, "not closed"),
        Diagnostic::error(Code("E0008"), Span { file: FileId(1), start: 99, end: 120 }, "behind the end"),
    ]
}

#[test]
fn plain() {
    insta::assert_snapshot!(terminal(&diagnostics(), &sources(), Colour::Off));
}

#[test]
fn coloured() {
    let drawn = terminal(&diagnostics(), &sources(), Colour::On);
    assert!(drawn.contains("\u{1b}[31m"));
    assert!(!terminal(&diagnostics(), &sources(), Colour::Off).contains('\u{1b}'));
}

#[test]
fn as_json() {
    let drawn = json(&diagnostics(), &sources());
    assert_eq!(drawn.lines().count(), diagnostics().len());
    insta::assert_snapshot!(drawn);
}

#[test]
fn as_annotations() {
    insta::assert_snapshot!(github(&diagnostics(), &sources()));
}

#[test]
fn as_sarif() {
    insta::assert_snapshot!(sarif(&diagnostics(), &sources()));
}
