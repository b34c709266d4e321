//! What one slip of the pen costs: each token of every example and case is deleted, doubled,
//! swapped with the next, and another is put before it; counted is how many messages that
//! brings, and whether any other declaration suffers.
//!
//!     cargo bench -p onward-compiler --bench robustness
//!
//! `ONWARD_EVERY=20` tries one of twenty mutations; `ONWARD_SHOW=3` prints those with more
//! messages than that, `ONWARD_SHOW=lost` those that reach another declaration.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a measurement stops at surprises"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use onward_compiler::diagnostic::{Diagnostic, FileId};
use onward_compiler::project::Project;
use onward_compiler::syntax::ast::{AstNode as _, Decl};
use onward_compiler::syntax::lexer::{Token, lex};
use onward_compiler::syntax::{Parse, parse};

/// One file, and the others of its project.
struct Sample {
    path: String,
    text: String,
    /// The others of its project; none if it is only parsed.
    project: Option<Vec<(String, String)>>,
}

/// One change of a text.
struct Mutation {
    what: &'static str,
    /// Where the token stands that was changed, in the old text.
    at: usize,
    /// Where the last one ends.
    end: usize,
    text: String,
}

fn main() {
    let every = std::env::var("ONWARD_EVERY").ok().and_then(|it| it.parse().ok()).unwrap_or(1);
    let show = std::env::var("ONWARD_SHOW").unwrap_or_default();
    let mut parsed = Table::default();
    let mut whole = Table::default();
    let (sound, broken): (Vec<Sample>, Vec<Sample>) =
        samples().into_iter().partition(|it| parse(FileId(0), &it.text).diagnostics().is_empty());
    println!("{} files; {} more have mistakes in their words on purpose", sound.len(), broken.len());
    for sample in sound {
        measure(&sample, every, &show, &mut parsed, &mut whole);
    }
    parsed.print("the words alone (parser)");
    whole.print("the whole compiler");
    println!("\nwork per token of texts of n and 2n lines, which must be equal\n");
    println!("| text | n | 2n |\n|---|---:|---:|");
    for (name, shape) in SHAPES {
        println!("| {name} | {:.2} | {:.2} |", work(shape, 50_000), work(shape, 100_000));
    }
}

const SHAPES: &[(&str, &str)] = &[
    ("`(`", "("),
    ("`[`", "["),
    ("`{`", "{ "),
    ("`if x {`", "if x {\n"),
    ("`do email welcome`", "do email welcome\n"),
    ("`not`", "not "),
    ("`count(`", "count("),
    ("`}`", "} "),
    ("`\"{{`", "\"{{ "),
];

/// How often the parser looks at a token, for a text of `shape` repeated.
fn work(shape: &str, times: usize) -> f64 {
    let text = format!("on x\nif {}", shape.repeat(times));
    let tokens = lex(FileId(0).into(), &text).tokens.len();
    parse(FileId(0), &text).looks() as f64 / tokens as f64
}

fn measure(sample: &Sample, every: usize, show: &str, parsed: &mut Table, whole: &mut Table) {
    let before = parse(FileId(0), &sample.text);
    let declarations = declarations(&before);
    let known = count(before.diagnostics());
    let compiled = sample.project.as_ref().map(|files| count(&check(files, sample, &sample.text)));
    for mutation in mutations(&sample.text).into_iter().step_by(every) {
        let after = parse(FileId(0), &mutation.text);
        let new = fresh(&known, after.diagnostics());
        let lost = lost(&declarations, &after, &mutation);
        if show.parse().is_ok_and(|limit: usize| new.len() > limit) || show == "lost" && lost > 0 {
            print_mutation(sample, &mutation, &new);
        }
        parsed.add(mutation.what, new.len(), lost);
        if let (Some(known), Some(files)) = (&compiled, &sample.project) {
            let found = check(files, sample, &mutation.text);
            let all = fresh(known, &found);
            if show.strip_prefix("all").is_some_and(|it| it.parse().is_ok_and(|it: usize| all.len() > it)) {
                print_mutation(sample, &mutation, &all);
            }
            whole.add(mutation.what, all.len(), lost);
        }
    }
}

fn print_mutation(sample: &Sample, mutation: &Mutation, new: &[&Diagnostic]) {
    let line = sample.text[..mutation.at].lines().count();
    println!("== {} {}:{line}", mutation.what, sample.path);
    let start = mutation.at.min(mutation.text.len());
    let start = (0..=start).rev().find(|at| mutation.text.is_char_boundary(*at)).unwrap_or(0);
    let from = mutation.text[..start].rfind('\n').map_or(0, |it| it + 1);
    for line in mutation.text[from..].lines().take(2) {
        println!("   | {line}");
    }
    for it in new {
        let range = it.primary.span.range();
        println!("   {} {} `{}`", it.code, it.message, mutation.text.get(range).unwrap_or("(elsewhere)"));
    }
}

/// What the compiler says about a project with this file changed.
fn check(files: &[(String, String)], sample: &Sample, text: &str) -> Vec<Diagnostic> {
    let others = files.iter().map(|(path, text)| (path.clone(), text.clone()));
    let this = std::iter::once((sample.path.clone(), text.to_owned()));
    Project::read(others.chain(this)).parse().check().diagnostics
}

type Counted = BTreeMap<(String, String), usize>;

fn count(diagnostics: &[Diagnostic]) -> Counted {
    let mut found = Counted::new();
    for it in diagnostics {
        *found.entry((it.code.to_string(), it.message.clone())).or_default() += 1;
    }
    found
}

/// The messages that were not there before.
fn fresh<'d>(known: &Counted, diagnostics: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
    let mut left = known.clone();
    let is_new = |it: &&Diagnostic| match left.get_mut(&(it.code.to_string(), it.message.clone())) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    diagnostics.iter().filter(is_new).collect()
}

/// The declarations of a file: where each lies, and its words.
fn declarations(parse: &Parse) -> Vec<(std::ops::Range<usize>, String)> {
    let found = parse.file().into_iter().flat_map(|file| file.declarations().collect::<Vec<Decl>>());
    found.map(|it| (it.range().into(), it.syntax().text().to_string())).collect()
}

/// How many declarations other than those that were changed are not as they were.
fn lost(before: &[(std::ops::Range<usize>, String)], after: &Parse, changed: &Mutation) -> usize {
    let after = declarations(after);
    let others = before.iter().filter(|(range, _)| !(range.start < changed.end && changed.at <= range.end));
    others.filter(|(_, text)| !after.iter().any(|(_, it)| it == text)).count()
}

fn mutations(text: &str) -> Vec<Mutation> {
    let tokens: Vec<Token> =
        lex(FileId(0).into(), text).tokens.into_iter().filter(|it| !it.kind.is_trivia()).collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let (before, this, after) = (&text[..token.start], &text[token.start..token.end], &text[token.end..]);
        let mut add = |what, end, text| found.push(Mutation { what, at: token.start, end, text });
        add("delete", token.end, format!("{before}{after}"));
        add("double", token.end, format!("{before}{this} {this}{after}"));
        let other = tokens[(index * 7 + 3) % tokens.len()];
        add("insert", token.end, format!("{before}{} {this}{after}", &text[other.start..other.end]));
        if let Some(next) = tokens.get(index + 1) {
            let (between, then) = (&text[token.end..next.start], &text[next.start..next.end]);
            add("swap", next.end, format!("{before}{then}{}{this}{}", spaced(between), &text[next.end..]));
        }
    }
    found
}

fn spaced(between: &str) -> &str {
    if between.is_empty() { " " } else { between }
}

/// Every rule file of the repository.
fn samples() -> Vec<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut projects: Vec<PathBuf> =
        std::fs::read_dir(root.join("../examples")).unwrap().map(|it| it.unwrap().path()).collect();
    projects.sort();
    for folder in projects {
        let mut files = Vec::new();
        read(&folder, &folder, &mut files);
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".onward")) {
            let others = files.iter().filter(|(it, _)| it != path).cloned().collect();
            found.push(Sample { path: path.clone(), text: text.clone(), project: Some(others) });
        }
    }
    for (folder, alone) in [("tests/cases", true), ("std", false)] {
        let mut files = Vec::new();
        read(&root.join(folder), &root.join(folder), &mut files);
        for (path, text) in files.into_iter().filter(|(path, _)| path.ends_with(".onward")) {
            let text = text.split_inclusive('\n').filter(|line| !is_expectation(line)).collect();
            found.push(Sample { path, text, project: alone.then(Vec::new) });
        }
    }
    found
}

/// Whether the line says what a case expects.
fn is_expectation(line: &str) -> bool {
    line.strip_prefix('#').is_some_and(|it| it.trim_start().starts_with(['^', '|', '<']))
}

fn read(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read(root, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            found.push((path.strip_prefix(root).unwrap().display().to_string(), text));
        }
    }
}

/// How many messages each sort of mutation brought.
#[derive(Default)]
struct Table(BTreeMap<&'static str, (Vec<usize>, usize)>);

impl Table {
    fn add(&mut self, what: &'static str, messages: usize, lost: usize) {
        let row = self.0.entry(what).or_default();
        row.0.push(messages);
        row.1 += usize::from(lost > 0);
    }

    fn print(&self, title: &str) {
        println!(
            "\n{title}\n\n| mutation | tried | median | mean | 95 % | 99 % | most | another declaration lost |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        let mut all = (Vec::new(), 0);
        for (what, (messages, lost)) in &self.0 {
            all.0.extend(messages);
            all.1 += lost;
            print_row(what, messages.clone(), *lost);
        }
        print_row("**all**", all.0, all.1);
    }
}

fn print_row(what: &str, mut messages: Vec<usize>, lost: usize) {
    messages.sort_unstable();
    let count = messages.len().max(1);
    let share = |part: usize| messages.get((count * part / 100).min(count - 1)).copied().unwrap_or_default();
    let mean = messages.iter().sum::<usize>() as f64 / count as f64;
    println!(
        "| {what} | {} | {} | {mean:.2} | {} | {} | {} | {lost} |",
        messages.len(),
        share(50),
        share(95),
        share(99),
        share(100)
    );
}
