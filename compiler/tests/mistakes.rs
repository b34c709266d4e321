//! Two hundred small mistakes, each made alone in a project that is right: exactly
//! one message, at exactly the wrong words, and a second mistake in another
//! declaration is still found.
#![expect(clippy::expect_used, reason = "a test may panic")]

use onward_compiler::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use onward_compiler::project::{Compiled, compile};

const RIGHT: &str = include_str!("cases/mistakes/right.onward");
const MISTAKES: &str = include_str!("cases/mistakes/mistakes.txt");

/// A mistake in a declaration of its own.
const ELSEWHERE: &str = "\nworkflow elsewhere {\n  on order_placed\n  do email nowhere_to_be_found\n}\n";

/// A line `RIGHT => WRONG => CODE => WORDS`; `⏎` is the end of a line, `∅` nothing.
struct Mistake {
    line: usize,
    right: String,
    wrong: String,
    code: String,
    words: String,
}

fn mistakes() -> Vec<Mistake> {
    let lines = MISTAKES.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("# "));
    lines
        .map(|(at, line)| {
            let columns: Vec<String> =
                line.split(" => ").map(|it| it.replace('⏎', "\n").replace('∅', "")).collect();
            let [right, wrong, code, words] = <[String; 4]>::try_from(columns).expect(line);
            Mistake { line: at + 1, right, wrong, code, words }
        })
        .collect()
}

fn check(text: &str) -> Compiled {
    compile([("rules.onward", text)])
}

/// What a diagnostic is about, in a line.
fn shown(diagnostic: &Diagnostic, text: &str) -> String {
    let words = text.get(diagnostic.primary.span.range()).unwrap_or("(elsewhere)");
    format!("{} => {}   ({})", diagnostic.code, words.replace('\n', "⏎"), diagnostic.message)
}

#[test]
fn the_project_is_right() {
    let compiled = check(RIGHT);
    assert!(compiled.diagnostics.is_empty(), "{:#?}", compiled.diagnostics);
    assert!(compiled.artifact.is_some());
}

#[test]
fn there_are_two_hundred() {
    let mut seen = std::collections::BTreeSet::new();
    let mistakes = mistakes();
    for mistake in &mistakes {
        assert!(seen.insert((&mistake.right, &mistake.wrong)), "line {} stands twice", mistake.line);
        let count = RIGHT.matches(&mistake.right).count();
        assert_eq!(count, 1, "line {}: {} stands {count} times", mistake.line, mistake.right);
    }
    assert!(mistakes.len() >= 200, "{}", mistakes.len());
}

#[test]
fn each_gives_one_message_at_the_wrong_words() {
    let mut failed = Vec::new();
    for mistake in mistakes() {
        let text = RIGHT.replacen(&mistake.right, &mistake.wrong, 1);
        let compiled = check(&text);
        let found: Vec<String> = compiled.diagnostics.iter().map(|it| shown(it, &text)).collect();
        let expected = format!("{} => {}   (", mistake.code, mistake.words.replace('\n', "⏎"));
        let right = matches!(found.as_slice(), [one] if one.starts_with(&expected));
        let warning = mistake.code.starts_with('W');
        if !right || compiled.artifact.is_some() != warning {
            failed.push(format!(
                "line {}: {} => {}\n  {}",
                mistake.line,
                mistake.right,
                mistake.wrong,
                found.join("\n  ")
            ));
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn none_hides_a_mistake_elsewhere() {
    let mut failed = Vec::new();
    for mistake in mistakes() {
        let text = RIGHT.replacen(&mistake.right, &mistake.wrong, 1) + ELSEWHERE;
        let compiled = check(&text);
        let errors: Vec<&Diagnostic> =
            compiled.diagnostics.iter().filter(|it| it.severity == Severity::Error).collect();
        let elsewhere = errors.iter().filter(|it| it.message.contains("nowhere_to_be_found")).count();
        let expected = if mistake.code.starts_with('W') { 1 } else { 2 };
        if elsewhere != 1 || errors.len() != expected {
            let found: Vec<String> = compiled.diagnostics.iter().map(|it| shown(it, &text)).collect();
            failed.push(format!(
                "line {}: {} => {}\n  {}",
                mistake.line,
                mistake.right,
                mistake.wrong,
                found.join("\n  ")
            ));
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

/// `text` with the changes of a fix made.
fn fixed(text: &str, fix: &Fix) -> String {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|it| std::cmp::Reverse(it.span));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.range(), &edit.text);
    }
    text
}

#[test]
fn a_fix_mends_its_mistake() {
    let mut failed = Vec::new();
    for mistake in mistakes() {
        let text = RIGHT.replacen(&mistake.right, &mistake.wrong, 1);
        let before = check(&text).diagnostics;
        for fix in before.iter().flat_map(|it| &it.fixes) {
            let mended = fixed(&text, fix);
            let after = check(&mended).diagnostics;
            let same =
                |it: &Diagnostic| before.iter().any(|old| old.code == it.code && old.message == it.message);
            let safe = fix.applicability == Applicability::Safe;
            if after.iter().any(same) || (safe && !after.is_empty()) {
                let found: Vec<String> = after.iter().map(|it| shown(it, &mended)).collect();
                failed.push(format!("line {}: {}\n  {}", mistake.line, fix.title, found.join("\n  ")));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}
