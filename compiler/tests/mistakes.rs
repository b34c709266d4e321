//! Three hundred small mistakes, each made alone in a project that is right: exactly
//! one message, at exactly the wrong words, and a second mistake in another
//! declaration is still found.
#![expect(clippy::expect_used, reason = "a test may panic")]

use onward_compiler::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use onward_compiler::project::{Compiled, compile};

/// Projects that are right, each with mistakes that can be made in it.
const PROJECTS: [(&str, &str); 2] = [
    (include_str!("cases/mistakes/right.onward"), include_str!("cases/mistakes/mistakes.txt")),
    (include_str!("cases/mistakes/whole.onward"), include_str!("cases/mistakes/whole.txt")),
];

/// A mistake in a declaration of its own.
const ELSEWHERE: &str = "\nworkflow elsewhere {\n  on signed_up\n  do email nowhere_to_be_found\n}\n";

/// A line `RIGHT => WRONG => CODE => WORDS`; `⏎` is the end of a line, `∅` nothing.
struct Mistake {
    project: &'static str,
    line: usize,
    right: String,
    wrong: String,
    code: String,
    words: String,
}

impl Mistake {
    /// The project with the mistake in it.
    fn made(&self) -> String {
        self.project.replacen(&self.right, &self.wrong, 1)
    }
}

fn mistakes() -> Vec<Mistake> {
    PROJECTS.into_iter().flat_map(|(project, mistakes)| mistakes_in(project, mistakes)).collect()
}

fn mistakes_in(project: &'static str, mistakes: &'static str) -> Vec<Mistake> {
    let lines = mistakes.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with("# "));
    lines
        .map(|(at, line)| {
            let columns: Vec<String> =
                line.split(" => ").map(|it| it.replace('⏎', "\n").replace('∅', "")).collect();
            let [right, wrong, code, words] = <[String; 4]>::try_from(columns).expect(line);
            Mistake { project, line: at + 1, right, wrong, code, words }
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
fn the_projects_are_right() {
    for (right, _) in PROJECTS {
        let compiled = check(right);
        assert!(compiled.diagnostics.is_empty(), "{:#?}", compiled.diagnostics);
        assert!(compiled.artifact.is_some());
    }
}

#[test]
fn there_are_three_hundred() {
    let mut seen = std::collections::BTreeSet::new();
    let mistakes = mistakes();
    for mistake in &mistakes {
        assert!(
            seen.insert((mistake.project, &mistake.right, &mistake.wrong)),
            "line {} stands twice",
            mistake.line
        );
        let count = mistake.project.matches(&mistake.right).count();
        assert_eq!(count, 1, "line {}: {} stands {count} times", mistake.line, mistake.right);
    }
    assert!(mistakes.len() >= 300, "{}", mistakes.len());
}

#[test]
fn each_gives_one_message_at_the_wrong_words() {
    let mut failed = Vec::new();
    for mistake in mistakes() {
        let text = mistake.made();
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
        let text = mistake.made() + ELSEWHERE;
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
        let text = mistake.made();
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
