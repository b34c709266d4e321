//! The parser: mistakes in words and signs are one message each, on exactly the wrong words;
//! and whatever the input, there is a tree of all of it, soon.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test may panic")]

mod expect;
#[expect(dead_code, reason = "shared with the tests of the grammar")]
mod sentences;

use onward_compiler::diagnostic::{Applicability, Diagnostic, FileId};
use onward_compiler::syntax::ast::{AstNode, Decl};
use onward_compiler::syntax::lexer::lex;
use onward_compiler::syntax::{Parse, parse, parse_expression};
use sentences::{Random, corpus};

/// Parses `text`, and checks what always holds.
#[track_caller]
fn parsed(text: &str) -> Parse {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.syntax().text().to_string(), text, "the tree holds every byte");
    for diagnostic in parse.diagnostics() {
        let range = diagnostic.primary.span.range();
        assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
        assert!(
            !diagnostic.message.ends_with('.') && !diagnostic.message.contains("::"),
            "{}",
            diagnostic.message
        );
    }
    parse
}

fn diagnostics(text: &str) -> Vec<Diagnostic> {
    parsed(text).diagnostics().to_vec()
}

#[test]
fn cases() {
    expect::check_cases("syntax", diagnostics);
}

#[test]
fn every_safe_fix_mends_its_mistake() {
    let mut tried = 0;
    for path in expect::cases("syntax") {
        #[expect(clippy::disallowed_methods, reason = "the cases are files")]
        let text = expect::without_expectations(&std::fs::read_to_string(path).unwrap());
        let before = diagnostics(&text);
        for diagnostic in &before {
            for fix in diagnostic.fixes.iter().filter(|it| it.applicability == Applicability::Safe) {
                let mut mended = text.clone();
                let mut edits = fix.edits.clone();
                edits.sort_by_key(|it| std::cmp::Reverse(it.span.start));
                for edit in edits {
                    mended.replace_range(edit.span.range(), &edit.text);
                }
                let after = diagnostics(&mended);
                assert_eq!(after.len(), before.len() - 1, "{} {}: {after:#?}", diagnostic.message, fix.title);
                tried += 1;
            }
        }
    }
    assert!(tried > 10, "only {tried} fixes");
}

#[test]
fn cut_off_anywhere() {
    for text in corpus() {
        for (at, _) in text.char_indices() {
            parsed(&text[..at]);
            parsed(&text[at..]);
        }
    }
}

#[test]
fn random_characters() {
    const SIGNS: &[&str] = &[
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\"",
        "\"\"\"",
        "'",
        "“",
        "”",
        "{{",
        "}}",
        "{%",
        "%}",
        "\\",
        "\n",
        " ",
        "#",
        "##",
        ":",
        ",",
        ".",
        "|",
        "=",
        "==",
        "!",
        "-",
        "1",
        "2d",
        "é",
        "｛",
        "\u{0}",
        "\u{feff}",
        "do",
        "wait",
        "if",
        "else",
        "on",
        "workflow a {",
        "\nevent b {",
        "where",
        "not",
        "set",
        "x",
        "5 dyas",
        "is",
        "in",
        "for",
        "until",
        ";",
    ];
    let mut random = Random::new(3);
    for _ in 0..1_500 {
        let text: String = (0..random.below(40)).map(|_| SIGNS[random.below(SIGNS.len())]).collect();
        parsed(&text);
        let _ = parse_expression(FileId(0), &text, 7).diagnostics();
    }
}

#[test]
fn random_bytes() {
    let mut random = Random::new(5);
    for _ in 0..2_000 {
        let bytes: Vec<u8> =
            (0..random.below(60)).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        parsed(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn nesting_without_end() {
    for bracket in ["(", "[", "{"] {
        parsed(&format!("on x\nif {}", bracket.repeat(100_000)));
    }
    let shapes = [
        "{a:",
        "-",
        "not ",
        "if x {",
        "if (",
        "{{",
        "\"{{",
        "a|",
        "\u{201c}",
        "wait for x up to 1d {",
        "list of ",
        "} ",
    ];
    for shape in shapes {
        let text = shape.repeat(2_000);
        for prefix in ["on x\nif ", "event a { b: ", ""] {
            let parse = parsed(&format!("{prefix}{text}"));
            assert!(
                parse.diagnostics().len() <= 3 || shape.starts_with(['"', '}', '\u{201c}']),
                "{prefix}{shape}"
            );
        }
        assert!(!parse_expression(FileId(0), &text, 0).diagnostics().is_empty());
    }
    parsed(&format!("on x if a {}", "{} else if a ".repeat(2_000)));
}

#[test]
fn rows_without_end() {
    let shapes = ["+ 1 ", "or a ", "= 1 ", "| upper ", ".b", "* 2 ", "is set ", "and b "];
    for shape in shapes {
        let parse = parsed(&format!("on x\nif a {} {{ }}\n\nevent b {{ }}", shape.repeat(10_000)));
        assert!(!parse.diagnostics().is_empty() || shape == ".b", "{shape}");
    }
}

/// The work of the parser grows as its input does, whatever the input.
#[test]
fn the_work_is_linear() {
    let shapes = [
        "do email welcome\nwait 2 days\n",
        "(",
        "[",
        "{ ",
        "} ",
        "if x {\n",
        "do x y z ",
        "foo ",
        "1 2 3\n",
        "\"{{\" ",
        "'",
        "@",
        "event a {\n",
        "workflow a {\non x\nif y {\n",
        "a b c\n",
        "do a do ",
        "if a in [",
        "wait ",
        "else ",
        "where a ",
        "set x = 1\n",
        "on x where ",
        "do task \"x\" due in ",
        "split {\n",
        "count(",
        "policy {",
        "policy { at most 3 email, ",
        "source a {\n",
        "when a {\n",
        "contact by email a, ",
        "verify hmac sha256 of a in b with c, ",
        "test \"a\" {\n",
        "expect email welcome to a ",
        "ana b {",
        "expect no a\n",
        "repeat up to 3 times {\n",
        "let a = do ",
        "50% a {\n",
        "every monday, ",
        "on 3 days before ",
        "\"a\n",
        ": ",
        "x: ",
    ];
    for shape in shapes {
        for prefix in ["", "on x\n", "workflow a {\n", "action a() {\n", "event a {\n"] {
            let work = |times: usize| {
                let text = format!("{prefix}{}", shape.repeat(times));
                let parse = parse(FileId(0), &text);
                (parse.looks(), text.len())
            };
            let (few, _) = work(200);
            let (many, _) = work(800);
            assert!(many <= 5 * few + 2_000, "{prefix:?} {shape:?}: {few} looks became {many}");
        }
    }
}

/// A mistake in one declaration leaves the next one whole.
#[test]
fn the_next_declaration_is_unaffected() {
    let next = "\nworkflow last {\n  on x\n  do email welcome\n}\nevent last { a: text }\n";
    let (mut broken, mut messages) = (0, Vec::new());
    for text in corpus() {
        let wrapped = format!("workflow w {{\n  {}\n}}", text.replace('\n', "\n  "));
        let text = if text.starts_with("on ") || text.starts_with("every ") { &wrapped } else { text };
        let tokens: Vec<_> =
            lex(FileId(0).into(), text).tokens.into_iter().filter(|it| !it.kind.is_trivia()).collect();
        for token in &tokens {
            let without = format!("{} {}{next}", &text[..token.start], &text[token.end..]);
            let twice = format!(
                "{} {1} {1} {2}{next}",
                &text[..token.start],
                &text[token.start..token.end],
                &text[token.end..]
            );
            for changed in [without, twice] {
                let parse = parsed(&changed);
                let start = u32::try_from(changed.len() - next.len()).unwrap();
                let last: Vec<Decl> = parse.file().unwrap().declarations().collect();
                let whole =
                    last.iter().rev().take(2).filter(|it| u32::from(it.range().start()) > start).count() == 2;
                let silent = parse.diagnostics().iter().all(|it| it.primary.span.start <= start);
                broken += usize::from(!(whole && silent));
                messages.push(parse.diagnostics().len());
            }
        }
    }
    messages.sort_unstable();
    let count = messages.len();
    let share = |part: usize| messages[count * part / 100];
    assert!(broken * 1_000 <= count * 5, "{broken} of {count} mistakes reach the next declaration");
    assert!(share(50) <= 1 && share(95) <= 1 && share(99) <= 2, "{} {} {}", share(50), share(95), share(99));
}

#[test]
fn documentation() {
    let text = "# no\n\n## far\n\n## one\n##  two\n### no\nevent a { ## behind\n  ## field\n  b: text }";
    let declarations: Vec<Decl> = parsed(text).file().unwrap().declarations().collect();
    assert_eq!(declarations[0].docs(), None);
    let text = "## far\n\n## one\n##  two\nevent a { ## behind\n  ## field\n  b: text c: text }\n## end\nsender x = \"y\"";
    let declarations: Vec<Decl> = parsed(text).file().unwrap().declarations().collect();
    assert_eq!(declarations[0].docs().unwrap(), "one\n two");
    assert_eq!(declarations[1].docs().unwrap(), "end");
    let Decl::Event(event) = &declarations[0] else { panic!() };
    let docs: Vec<_> = event.fields().map(|it| it.docs()).collect();
    assert_eq!(docs, [Some("field".to_owned()), None]);
}

#[test]
fn an_expression_in_its_place() {
    let parse = parse_expression(FileId(2), " a.b | default \"c\" ", 100);
    let expression = parse.expression().unwrap();
    assert_eq!(expression.span(parse.origin()).range(), 101..118);
    let parse = parse_expression(FileId(2), "a b", 100);
    assert_eq!(parse.diagnostics()[0].primary.span.range(), 102..103);
}
