//! Mistakes in meaning: each is one message, on exactly the wrong words.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod expect;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use onward_compiler::codes;
use onward_compiler::diagnostic::{Applicability, Diagnostic, FileId, Fix};
use onward_compiler::project::{Compiled, compile};
use onward_compiler::syntax::ast::AstNode as _;

/// What the compiler says about the file `text` alone.
fn diagnostics(text: &str) -> Vec<Diagnostic> {
    let compiled = compile([("rules.onward", text)]);
    in_file(&compiled, 0)
}

/// What is said about one file; nothing may be said about the catalogue.
fn in_file(compiled: &Compiled, file: usize) -> Vec<Diagnostic> {
    for diagnostic in &compiled.diagnostics {
        let path = &compiled.sources[diagnostic.primary.span.file.0 as usize].path;
        assert!(!path.starts_with("std/"), "{path}: {diagnostic:#?}");
    }
    let file = FileId(u32::try_from(file).unwrap());
    compiled.diagnostics.iter().filter(|it| it.primary.span.file == file).cloned().collect()
}

#[test]
fn cases() {
    expect::check_cases("check", diagnostics);
}

/// A project in one text: each file under a line `=== PATH`.
fn files(text: &str) -> Vec<(String, String)> {
    let parts = text.split("=== ").filter(|it| !it.is_empty());
    parts
        .map(|part| {
            let (path, text) = part.split_once('\n').unwrap();
            (path.to_owned(), expect::without_expectations(text))
        })
        .collect()
}

/// The same project with what the compiler says about each file.
fn with_expectations(files: &[(String, String)]) -> String {
    let compiled = compile(files.to_vec());
    let mut out = String::new();
    for (path, text) in files {
        let file = compiled.sources.iter().position(|it| *it.path == **path).unwrap();
        let found = expect::with_expectations(text, &in_file(&compiled, file));
        write!(out, "=== {path}\n{found}").unwrap();
    }
    out
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
fn projects() {
    let update = std::env::var("UPDATE_EXPECT").is_ok_and(|it| it == "1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/project");
    let mut paths: Vec<_> = std::fs::read_dir(root).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let written = std::fs::read_to_string(&path).unwrap();
        let found = with_expectations(&files(&written));
        if update {
            std::fs::write(&path, &found).unwrap();
        } else {
            assert_eq!(written, found, "{} (UPDATE_EXPECT=1 writes what is)", path.display());
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
fn every_code_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut seen = BTreeSet::new();
    for folder in ["check", "project"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            seen.extend(codes::ALL.iter().filter(|it| text.contains(&format!("{it}: "))).copied());
        }
    }
    // A fault of the compiler itself: there is no file that has it.
    seen.insert(codes::UNSOUND);
    let missing: Vec<_> = codes::ALL.iter().filter(|it| !seen.contains(it)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

/// Every code of the compiler, as its sources declare them.
fn every_code() -> impl Iterator<Item = &'static str> {
    let sources = [include_str!("../src/syntax/codes.rs"), include_str!("../src/lower/limit.rs")];
    let declared = sources.into_iter().flat_map(|it| it.split("Code(\"").skip(1));
    let declared = declared.map(|it| it.split('"').next().unwrap());
    codes::ALL.iter().map(|it| it.0).chain(declared)
}

/// The files in the fenced blocks of a part of a page.
fn fenced(page: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        let path = match language {
            "onward" => "rules.onward",
            "toml" => "onward.toml",
            "md" => "templates/page.md",
            other => panic!("a block of `{other}`"),
        };
        files.push((path.to_owned(), format!("{text}\n")));
    }
    files
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the pages are files")]
fn every_code_has_a_page_whose_example_has_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    let mut wrong = String::new();
    let mut pages = BTreeSet::new();
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let code = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: its first line");
        let (example, remedy) = page.split_once("## What to do").expect(&code);
        let said: BTreeSet<String> =
            compile(fenced(example)).diagnostics.iter().map(|it| it.code.to_string()).collect();
        if code != codes::UNSOUND.to_string() && said != BTreeSet::from([code.clone()]) {
            writeln!(wrong, "{code}: the example gives {said:?}").unwrap();
        }
        let mended = compile(fenced(remedy)).diagnostics;
        if !mended.is_empty() {
            writeln!(wrong, "{code}: the remedy gives {mended:#?}").unwrap();
        }
        pages.insert(code);
    }
    assert!(wrong.is_empty(), "{wrong}");
    let missing: Vec<_> = every_code().filter(|it| !pages.contains(*it)).collect();
    assert!(missing.is_empty(), "no page for {missing:?}");
}

#[test]
fn the_catalogue_is_right() {
    let compiled = compile(Vec::<(String, String)>::new());
    assert!(compiled.diagnostics.is_empty(), "{:#?}", compiled.diagnostics);
    let program = compiled.artifact.expect("a project without rules is one").program().clone();
    let entities: Vec<&str> = program.entities.iter().map(|it| &*it.name).collect();
    assert!(["account", "contact", "note", "order", "task"].iter().all(|it| entities.contains(it)));
    assert!(program.sources.is_empty(), "a project uses no source of the catalogue unasked");
}

/// A project that uses every source and action of the catalogue.
#[test]
fn the_catalogue_can_be_used() {
    let settings = r#"
        [sources]
        use = ["shopify", "stripe", "twilio_calls", "twilio_voicemail", "twilio_ivr", "twilio_sms",
          "whatsapp", "sendgrid", "postmark", "resend", "typeform", "calendly", "facebook_leads",
          "instagram_leads", "tiktok_leads", "linkedin_leads", "facebook", "instagram", "inbound",
          "calls", "payments"]
        [mail]
        from = "Acme <hello@acme.com>"
        [twilio]
        from = "+14155550100"
        whatsapp = "+14155550100"
        [whatsapp]
        number = "123"
        [mailgun]
        domain = "acme.com"
        host = "api.mailgun.net"
        [salesforce]
        domain = "acme.my.salesforce.com"
    "#;
    let rules = r##"
        template hi email { subject "Hi" text "Hi there" }
        event go { }
        workflow all {
          on go
          do email hi
          do sendgrid.email hi
          do postmark.email hi
          do mailgun.email hi
          do resend.email hi
          do gmail.draft hi
          do hubspot.task "Call"
          do salesforce.task "Call"
          do sms "Hi"
          do twilio.whatsapp "HX1" variables { "1": "a" }
          do whatsapp.template "t" language "pt_BR" with ["a", "b"]
          do slack "#x" text "y"
          do notify "a@b.co" text "x"
          do webhook "https://x.example"
          do webhook.signed "https://x.example"
        }
    "##;
    let compiled = compile([("onward.toml", settings), ("rules.onward", rules)]);
    assert!(compiled.diagnostics.is_empty(), "{:#?}", compiled.diagnostics);
    let program = compiled.artifact.expect("it has no mistake").program().clone();
    let declared: usize = catalogue().map(|it| it.matches("\nsource ").count()).sum();
    assert_eq!(program.sources.len(), declared, "each source of the catalogue is named above");
    let declared: usize = catalogue().map(|it| it.matches("\naction ").count()).sum();
    assert_eq!(program.actions.len(), declared, "each action of the catalogue is used above");
}

/// The texts of the catalogue.
#[expect(clippy::disallowed_methods, reason = "the catalogue is files")]
fn catalogue() -> impl Iterator<Item = String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("std");
    std::fs::read_dir(root).unwrap().map(|it| std::fs::read_to_string(it.unwrap().path()).unwrap())
}

/// Tests are no part of what is deployed.
#[test]
fn tests_leave_the_program_as_it_is() {
    let rules = r#"event go { } workflow w { on go do note "x" }"#;
    let tests = r#"test "it goes" { contact ana { } ana go expect run of w }"#;
    let alone = compile([("rules.onward", rules)]).artifact.unwrap();
    let tested = compile([("rules.onward", rules), ("tests.onward", tests)]);
    assert!(tested.diagnostics.is_empty(), "{:#?}", tested.diagnostics);
    assert_eq!(alone.program(), tested.artifact.unwrap().program());
}

/// `text` with the changes of a fix made, from the last to the first.
fn fixed(text: &str, fix: &Fix) -> String {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|it| std::cmp::Reverse(it.span));
    let mut text = text.to_owned();
    for edit in edits {
        text.replace_range(edit.span.range(), &edit.text);
    }
    text
}

/// The declarations of a file that lie before the place `start`, or behind `end` counted from
/// the end of the text.
fn around(text: &str, start: usize, end: usize) -> Vec<String> {
    let tree = onward_compiler::syntax::parse(FileId(0), text).file().unwrap();
    let children = tree.syntax().children().filter(|node| {
        let range = node.text_range();
        usize::from(range.end()) < start || text.len() - usize::from(range.start()) < end
    });
    children.map(|node| node.text().to_string()).collect()
}

/// A fix that is safe takes its mistake away, and leaves every other declaration as it is.
#[test]
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
fn safe_fixes_mend_and_change_nothing_else() {
    let (mut wrong, mut tried) = (String::new(), 0);
    for path in ["check", "syntax"].into_iter().flat_map(expect::cases) {
        let text = expect::without_expectations(&std::fs::read_to_string(&path).unwrap());
        let before = diagnostics(&text);
        let fixes = before.iter().flat_map(|it| it.fixes.iter().map(move |fix| (it, fix)));
        for (mistake, fix) in fixes.filter(|(_, fix)| fix.applicability == Applicability::Safe) {
            tried += 1;
            let mended = fixed(&text, fix);
            let same = |it: &&Diagnostic| it.code == mistake.code && it.message == mistake.message;
            let left = diagnostics(&mended).iter().filter(same).count();
            let start = fix.edits.iter().map(|it| it.span.start as usize).min().unwrap();
            let end = text.len() - fix.edits.iter().map(|it| it.span.end as usize).max().unwrap();
            let rest = around(&text, start, end) == around(&mended, start, end);
            if left >= before.iter().filter(same).count() || !rest {
                let place = path.file_name().unwrap().display();
                writeln!(wrong, "{place}: {} {} => {}", mistake.code, mistake.message, fix.title).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(tried >= 20, "only {tried} fixes are safe");
}
