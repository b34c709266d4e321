//! Code actions.

use serde_json::{Value, json};

use crate::testing::{Cursor, Editor, cursor, edited};

/// The text after the action with this title at the cursor.
fn applied(text: &str, title: &str) -> String {
    let (text, at) = cursor(text);
    let actions = offered(&text, at);
    let found = actions.iter().find(|it| it["title"].as_str().unwrap().starts_with(title));
    let action = found.unwrap_or_else(|| panic!("no `{title}` in {actions:#?}"));
    edited(&text, &action["edit"]["documentChanges"][0]["edits"])
}

fn offered(text: &str, at: Cursor) -> Vec<Value> {
    let mut editor = Editor::new(&[("onward.toml", "")]);
    editor.open("a.onward", text);
    let range = json!({ "start": at.position(), "end": at.position() });
    let found = editor.about(
        "textDocument/codeAction",
        "a.onward",
        json!({ "range": range, "context": { "diagnostics": [] } }),
    );
    found.as_array().unwrap().clone()
}

#[test]
fn a_fix_is_offered() {
    let fixed = applied(
        "event a {}\nworkflow w {\n  on a\n  do note \"x\"\n  wiat$0 2 days\n  do note \"y\"\n}\n",
        "Replace with `wait`",
    );
    assert!(fixed.contains("  wait 2 days\n"), "{fixed}");
}

#[test]
fn a_step_is_wrapped_with_its_own_condition() {
    let wrapped = applied(
        "event a {}\nworkflow w {\n  on a\n  $0do note \"x\" where contact.email is set\n}\n",
        "Wrap",
    );
    assert!(
        wrapped.ends_with("  on a\n  if contact.email is set {\n    do note \"x\"\n  }\n}\n"),
        "{wrapped}"
    );
}

#[test]
fn an_if_is_inverted_exactly() {
    let text = "workflow w {\n  on a\n  i$0f COND { stop } else { do note \"x\" }\n}\n";
    for (condition, opposite) in [
        ("contact.email is set", "contact.email is missing"),
        ("a = 1 and b = 2", "not (a = 1 and b = 2)"),
        ("not (a = 1)", "a = 1"),
        ("a = 1", "not a = 1"),
    ] {
        let inverted = applied(&text.replace("COND", condition), "Invert");
        assert!(
            inverted.contains(&format!("if {opposite} {{ do note \"x\" }} else {{ stop }}")),
            "{inverted}"
        );
    }
}

#[test]
fn a_condition_becomes_a_segment() {
    let text = "workflow w for contact {\n  on form_submitted\n  if contact.email i$0s set { stop }\n}\n";
    let extracted = applied(text, "Extract the condition");
    assert_eq!(
        extracted,
        "segment some_people of contact where contact.email is set\n\nworkflow w for contact {\n  on form_submitted\n  if contact in some_people { stop }\n}\n"
    );
}

#[test]
fn a_condition_on_the_event_does_not() {
    let (text, at) = cursor("workflow w {\n  on form_submitted\n  if event.form = \"$0x\" { stop }\n}\n");
    let found = offered(&text, at);
    assert!(!found.iter().any(|it| it["title"].as_str().unwrap().contains("segment")), "{found:?}");
}

#[test]
fn a_message_becomes_a_template() {
    let text = "workflow w {\n  on form_submitted\n  do sms \"Hi {{ contact.em$0ail }}\"\n}\n";
    let extracted = applied(
        &text.replace("em$0ail", "email").replace("do sms \"H", "do sms \"$0H"),
        "Extract the message",
    );
    assert!(
        extracted.starts_with("template sms_text sms {\n  text \"Hi {{ contact.email }}\"\n}\n\n"),
        "{extracted}"
    );
    assert!(extracted.contains("do sms sms_text\n"), "{extracted}");
}

#[test]
fn a_missing_attribute_is_declared() {
    let text = "workflow w {\n  on form_submitted\n  do set contact.glurb$0iness = \"x\"\n}\n";
    let declared = applied(text, "Declare the attribute `glurbiness` of `contact`");
    assert!(declared.ends_with("}\n\nentity contact {\n  glurbiness: text\n}\n"), "{declared}");
}

#[test]
fn a_test_is_written_and_reads_well() {
    let text = "event a { x: number }\n\nworkflow w$0 {\n  on a\n  do note \"x\"\n}\n";
    let written = applied(text, "Write a test of `w`");
    assert!(written.contains("  ana a { x: 1 }\n"), "{written}");
    let files = [("a.onward", written.as_str())];
    let mistakes = onward_compiler::project::compile(files).diagnostics;
    assert!(mistakes.is_empty(), "{written}\n{mistakes:#?}");
}
