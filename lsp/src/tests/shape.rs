//! Symbols, folds, selections, links, linked names, colours, formatting, tokens.

use serde_json::{Value, json};

use crate::testing::{Editor, cursor, edited};

const RULES: &str = r#"## Sign-ups.
event signed_up { form: text }

workflow welcome "Welcome 😀" {
  on signed_up as form where form.form = "a"
  first: do email tips
  if contact.email is set {
    do note "Hi {{ form.form | upper }}"
  } else { stop }
}
"#;

fn editor(text: &str) -> Editor {
    let mut editor = Editor::new(&[
        ("onward.toml", ""),
        (
            "templates/tips.md",
            "---\nsubject: Tips for {{ contact.email }}\n---\n# Hi\n{% if contact.email is set %}\nx\n{% end %}\n",
        ),
    ]);
    editor.open("a.onward", text);
    editor
}

#[test]
fn symbols_are_nested() {
    let symbols = editor(RULES).about("textDocument/documentSymbol", "a.onward", json!({}));
    let names = |of: &Value| {
        let all = of.as_array().unwrap();
        all.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&symbols), ["signed_up", "welcome"]);
    assert_eq!(names(&symbols[1]["children"]), ["on signed_up as form where form.form = \"a\"", "first"]);
    assert_eq!(symbols[1]["detail"], "Welcome 😀");
}

#[test]
fn folds_leave_the_closing_line() {
    let folds = editor(RULES).about("textDocument/foldingRange", "a.onward", json!({}));
    let lines: Vec<(u64, u64)> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["startLine"].as_u64().unwrap(), it["endLine"].as_u64().unwrap()))
        .collect();
    assert_eq!(lines, [(3, 9), (6, 8)]);
}

#[test]
fn a_selection_grows_from_a_hole_to_the_file() {
    let (text, at) = cursor(&RULES.replace("form.form | upper", "form.fo$0rm | upper"));
    let mut editor = editor(&text);
    let found =
        editor.about("textDocument/selectionRange", "a.onward", json!({ "positions": [at.position()] }));
    let mut sizes = Vec::new();
    let mut range = &found[0];
    while !range.is_null() {
        let (start, end) = (&range["range"]["start"], &range["range"]["end"]);
        sizes.push((
            end["line"].as_u64().unwrap() - start["line"].as_u64().unwrap(),
            end["character"].as_u64().unwrap(),
        ));
        range = &range["parent"];
    }
    // The name, the path, the pipe, the hole, the text without and with quotes, the act's value, …
    assert_eq!(sizes[..3], [(0, 28), (0, 28), (0, 36)]);
    assert_eq!(sizes.last(), Some(&(10, 0)));
}

#[test]
fn links_lead_to_templates_and_addresses() {
    let text = RULES.replace("## Sign-ups.", "## See https://example.com/x.");
    let mut editor = editor(&text);
    let links = editor.about("textDocument/documentLink", "a.onward", json!({}));
    assert_eq!(links[0]["target"], "https://example.com/x");
    assert_eq!(links[1]["target"], editor.uri("templates/tips.md"));
}

#[test]
fn an_alias_is_edited_with_its_uses() {
    let (text, at) = cursor(&RULES.replace("as form", "as fo$0rm"));
    let mut editor = editor(&text);
    let found =
        editor.about("textDocument/linkedEditingRange", "a.onward", json!({ "position": at.position() }));
    let lines: Vec<_> =
        found["ranges"].as_array().unwrap().iter().map(|it| it["start"]["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [4, 4, 7]);
}

#[test]
fn formatting_changes_space_only_and_is_the_formatters() {
    let text = "event  a {x:text}\n\n\nworkflow w{on a\ndo note \"x\"}\n";
    let mut editor = editor(text);
    let edits = editor.about(
        "textDocument/formatting",
        "a.onward",
        json!({ "options": { "tabSize": 8, "insertSpaces": false } }),
    );
    let formatted =
        onward_compiler::format::format(onward_compiler::diagnostic::FileId(0), text).unwrap().text;
    assert_eq!(edited(text, &edits), formatted);
    for edit in edits.as_array().unwrap() {
        assert!(edit["newText"].as_str().unwrap().trim().is_empty(), "{edit}");
    }
}

#[test]
fn a_new_line_is_indented_also_in_broken_code() {
    let (text, at) = cursor("workflow w {\n  on signed_up\n  if contact.email is set {\n$0\n");
    let mut editor = editor(&text);
    let edits = editor.about(
        "textDocument/onTypeFormatting",
        "a.onward",
        json!({ "position": at.position(), "ch": "\n", "options": { "tabSize": 2, "insertSpaces": true } }),
    );
    assert_eq!(edited(&text, &edits), text.replace("{\n\n", "{\n    \n"));
}

#[test]
fn tokens_of_a_template_are_those_of_its_holes() {
    let mut editor = editor(RULES);
    let all = editor.about("textDocument/semanticTokens/full", "templates/tips.md", json!({}));
    let legend = editor.hello["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"].clone();
    let kinds: Vec<&str> = all["data"]
        .as_array()
        .unwrap()
        .chunks(5)
        .map(|it| legend[it[3].as_u64().unwrap() as usize].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "property", "string", "variable", "property", "keyword", "variable", "property", "keyword",
            "keyword", "keyword"
        ]
    );
}

#[test]
fn a_delta_leads_from_one_answer_to_the_next() {
    let mut editor = editor(RULES);
    let before = editor.about("textDocument/semanticTokens/full", "a.onward", json!({}));
    editor.change("a.onward", 2, &RULES.replace("  first:", "  wait 2 days\n  first:"));
    let delta = editor.about(
        "textDocument/semanticTokens/full/delta",
        "a.onward",
        json!({ "previousResultId": before["resultId"] }),
    );
    let after = editor.about("textDocument/semanticTokens/full", "a.onward", json!({}));
    let mut data = before["data"].as_array().unwrap().clone();
    let edit = &delta["edits"][0];
    let (start, count) =
        (edit["start"].as_u64().unwrap() as usize, edit["deleteCount"].as_u64().unwrap() as usize);
    data.splice(start..start + count, edit["data"].as_array().unwrap().iter().cloned());
    assert_eq!(Value::from(data), after["data"]);
    assert_eq!(delta["resultId"], after["resultId"]);
}

#[test]
fn colours_of_html() {
    let mut editor = editor(RULES);
    editor.open(
        "templates/page.html",
        "<p style=\"color: #ff8800; background:#fff\"><a href=\"#top\">rgb(1, 2, 3)</a></p>",
    );
    let found = editor.about("textDocument/documentColor", "templates/page.html", json!({}));
    assert_eq!(found.as_array().unwrap().len(), 3, "{found}");
    assert_eq!(found[0]["color"]["red"], 1.0);
}

#[test]
fn the_catalogue_can_be_read() {
    let mut editor = editor(RULES);
    let text = editor.ask("onward/source", json!({ "uri": "onward:/std/events.onward" })).unwrap();
    assert!(text["text"].as_str().unwrap().contains("event "));
    assert!(editor.ask("onward/source", json!({ "uri": "onward:/std/none.onward" })).is_err());
}
