//! Whatever stands in the files: the compiler answers, and what it says lies in them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use onward_compiler::project::{Compiled, compile};

const RULES: &str = include_str!("cases/mistakes/right.onward");
const TEMPLATE: &str = "---\nsubject: Hi {{ contact.first_name | default \"you\" }}\nfrom: support\n---\nHello **{{ event.plan }}**,\n\n{% if contact.company is set %}\n- {{ contact.company }}\n{% end %}\n";
const SETTINGS: &str = "[project]\nname = \"acme\"\ntimezone = \"Europe/Berlin\"\n\n[email]\nhost = \"mail.example\"\nport = 25\n\n[twilio]\nfrom = \"+14155550100\"\n";

fn project(rules: &str, template: &str, settings: &str) -> Compiled {
    compile([("rules.onward", rules), ("templates/page.md", template), ("onward.toml", settings)])
}

/// Every span lies in its file, between characters; no sentence is empty.
fn sound(compiled: &Compiled, what: &str) {
    for diagnostic in &compiled.diagnostics {
        let spans = [diagnostic.primary.span].into_iter();
        let spans = spans.chain(diagnostic.secondary.iter().map(|it| it.span));
        let edits = diagnostic.fixes.iter().flat_map(|fix| fix.edits.iter().map(|it| it.span));
        for span in spans.chain(edits) {
            let source = compiled.sources.get(span.file.0 as usize).unwrap();
            assert!(source.text.get(span.range()).is_some(), "{what}: {diagnostic:#?}");
        }
        assert!(!diagnostic.message.is_empty());
        let path = &compiled.sources.get(diagnostic.primary.span.file.0 as usize).unwrap().path;
        assert!(!path.starts_with("std/"), "{what}: {diagnostic:#?}");
    }
    assert_eq!(compiled.artifact.is_some(), compiled.is_sound(), "{what}");
}

/// The words of a text, and where they stand.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if !c.is_alphanumeric() && c != '_' {
            if start < at {
                found.push(start..at);
            }
            if !c.is_whitespace() {
                found.push(at..at + c.len_utf8());
            }
            start = at + c.len_utf8();
        }
    }
    found
}

fn without(text: &str, range: &std::ops::Range<usize>) -> String {
    format!("{}{}", text.get(..range.start).unwrap(), text.get(range.end..).unwrap())
}

#[test]
fn any_word_may_be_missing_from_the_rules() {
    let words = words(RULES);
    // One of eleven: the others fail alike, and the test stays short.
    for range in words.iter().step_by(11) {
        let text = without(RULES, range);
        sound(&compile([("rules.onward", text.as_str())]), &text);
    }
}

#[test]
fn any_word_may_be_twice_in_the_rules() {
    for range in words(RULES).iter().step_by(31) {
        let word = RULES.get(range.clone()).unwrap();
        let text = format!("{} {word} {}", RULES.get(..range.end).unwrap(), RULES.get(range.end..).unwrap());
        sound(&compile([("rules.onward", text.as_str())]), &text);
    }
}

#[test]
fn the_rules_may_end_anywhere() {
    for at in (0..RULES.len()).step_by(131).filter(|at| RULES.is_char_boundary(*at)) {
        let text = RULES.get(..at).unwrap();
        sound(&compile([("rules.onward", text)]), text);
    }
}

#[test]
fn any_character_may_be_missing_from_templates_and_settings() {
    let rules = "sender support = \"a@acme.com\"\nevent e { plan: text }\nworkflow w { on e do email page do sms \"x\" }";
    for at in 0..TEMPLATE.len() {
        let text = without(TEMPLATE, &(at..at + 1));
        sound(&project(rules, &text, SETTINGS), &text);
    }
    for at in 0..SETTINGS.len() {
        let text = without(SETTINGS, &(at..at + 1));
        sound(&project(rules, TEMPLATE, &text), &text);
    }
}

#[test]
fn odd_files() {
    for text in [
        "",
        "\u{feff}",
        "\n\n\n",
        "{{{{",
        "}}}}",
        "on",
        "workflow",
        "\u{0}",
        "é ü 漢字",
        "\r\n\r\n",
        "## docs",
    ] {
        sound(&project(text, text, text), text);
    }
}
