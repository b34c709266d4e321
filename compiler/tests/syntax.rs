//! Mistakes in words and signs: each is one message, on exactly the wrong words.

mod expect;

use onward_compiler::diagnostic::{Diagnostic, FileId};
use onward_compiler::syntax::parse;

fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.syntax().text().to_string(), text, "the tree holds every byte");
    parse.diagnostics().to_vec()
}

#[test]
fn cases() {
    expect::check_cases("syntax", diagnostics);
}
