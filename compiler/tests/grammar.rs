//! The parser and the normative grammar agree, both ways: on every rule file of the
//! repository, on every change of one token in a corpus, and on random sentences.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test may panic"
)]

#[expect(dead_code, reason = "shared with the tests of cases")]
mod expect;
mod sentences;

use std::path::{Path, PathBuf};

use onward_compiler::diagnostic::FileId;
use onward_compiler::syntax::lexer::lex;
use onward_compiler::syntax::parse;
use pest::Parser as _;
use sentences::{Random, corpus, sentence};

/// What pest makes of the grammar.
mod normative {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/onward.pest"]
    pub(crate) struct Grammar;
}

use normative::{Grammar, Rule};

/// Asks both; says what differs.
fn disagreement(text: &str) -> Option<String> {
    let parse = parse(FileId(0), text);
    let grammar = Grammar::parse(Rule::file, text);
    match (parse.diagnostics().first(), grammar) {
        (None, Ok(_)) | (Some(_), Err(_)) => None,
        (Some(mistake), Ok(_)) => {
            let span = mistake.primary.span;
            Some(format!(
                "only the grammar accepts:\n{text}\n  {}: {} at {:?}",
                mistake.code,
                mistake.message,
                span.range()
            ))
        }
        (None, Err(error)) => Some(format!("only the parser accepts:\n{text}\n{error}")),
    }
}

#[track_caller]
fn agree(texts: impl IntoIterator<Item = String>) {
    let wrong: Vec<String> = texts.into_iter().filter_map(|text| disagreement(&text)).take(10).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n----\n"));
}

#[track_caller]
fn accepted(text: &str) {
    let parse = parse(FileId(0), text);
    if let Some(mistake) = parse.diagnostics().first() {
        let (before, after) = text.split_at(mistake.primary.span.start as usize);
        panic!("{before}⟨{}: {}⟩{after}", mistake.code, mistake.message);
    }
    if let Err(error) = Grammar::parse(Rule::file, text) {
        panic!("{text}\n{error}");
    }
}

/// Every rule file below a folder.
#[expect(clippy::disallowed_methods, reason = "the examples are files")]
fn rule_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|it| it.unwrap().path()) {
        if path.is_dir() {
            rule_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "onward") {
            found.push(path);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the examples are files")]
fn on_the_files_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["../examples", "std", "tests/cases"] {
        rule_files(&root.join(folder), &mut files);
    }
    assert!(!files.is_empty());
    agree(files.iter().map(|path| expect::without_expectations(&std::fs::read_to_string(path).unwrap())));
}

#[test]
fn on_the_corpus() {
    corpus().for_each(accepted);
}

#[test]
fn on_every_change_of_a_token() {
    let mut random = Random::new(7);
    agree(corpus().flat_map(|text| mutations(text, &mut random)).collect::<Vec<_>>());
}

/// `ONWARD_SENTENCES=100000` tries as many.
#[test]
#[expect(clippy::disallowed_methods, reason = "how many to try is said outside")]
fn on_random_sentences() {
    let count = std::env::var("ONWARD_SENTENCES").ok().and_then(|it| it.parse().ok()).unwrap_or(600);
    for seed in 0..count {
        accepted(&sentence(&mut Random::new(seed)));
    }
}

#[test]
fn on_changed_random_sentences() {
    let mut random = Random::new(11);
    let texts = (0..250).flat_map(|seed| {
        let text = sentence(&mut Random::new(seed));
        let all = mutations(&text, &mut random);
        // A few of each: the sentences are many.
        let step = all.len() / 6 + 1;
        all.into_iter().skip(random.below(step)).step_by(step).collect::<Vec<_>>()
    });
    agree(texts.collect::<Vec<_>>());
}

/// Tokens to put in place of others.
const OTHERS: &[&str] = &[
    "do",
    "wait",
    "if",
    "else",
    "stop",
    "where",
    "x",
    "\"s\"",
    "5",
    "2d",
    "days",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    ".",
    "|",
    "=",
    "<",
    "-",
    "?",
    "not",
    "in",
    "and",
    "is",
    "set",
    "on",
    "once",
    "every",
    "time",
    "exit",
    "when",
    "while",
    "tag",
    "due",
    "at",
    "up",
    "to",
    "for",
    "as",
    "09:00",
    "2026-03-07",
    "5xx",
    "ago",
    "with",
    "default",
    "emit",
    "add",
    "team",
    "event",
    "\"\"\"b\"\"\"",
    "group",
    "friday",
    "starts",
    "between",
    "list",
    "of",
    "label:",
    "let",
    "split",
    "repeat",
    "until",
    "within",
    "per",
    "by",
    "id",
    "header",
    "expect",
    "no",
    "contains",
    "sent",
    "last",
    "draft",
    "failure",
    "%",
    "after",
    "delete",
    "most",
    "goal",
    "base64",
    "from",
];

/// Every text with one token left out, doubled, swapped with the next, or replaced.
fn mutations(text: &str, random: &mut Random) -> Vec<String> {
    let tokens = lex(FileId(0).into(), text).tokens;
    let tokens: Vec<_> = tokens.into_iter().filter(|it| !it.kind.is_trivia()).collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let (before, this, after) = (&text[..token.start], &text[token.start..token.end], &text[token.end..]);
        found.push(format!("{before} {after}"));
        found.push(format!("{before}{this} {this}{after}"));
        if let Some(next) = tokens.get(index + 1) {
            let between = &text[token.end..next.start];
            found.push(format!(
                "{before}{} {between}{this} {}",
                &text[next.start..next.end],
                &text[next.end..]
            ));
        }
        for _ in 0..2 {
            found.push(format!("{before} {} {after}", OTHERS[random.below(OTHERS.len())]));
        }
    }
    found
}
