//! Names across files, templates, the catalogue and settings.

use serde_json::{Value, json};

use crate::testing::{Cursor, Editor, cursor, edited};

const WORLD: &str = r#"## Somebody left.
event left_site { mood: text }
entity deal { contact: contact, stage: text }
segment glad of contact where status = "glad"
"#;
const TIPS: &str = "---\nsubject: Tips {{ mood }}\n---\nHello {{ mood }}\n";
const OTHER: &str = "workflow other {\n  on left_site where mood = \"x\"\n  do email tips\n  wait until friday at 18:00\n  do start third\n}\n\nworkflow third {\n  on contact enters glad\n  do note config.crm.url\n}\n\ntest \"it works\" {\n  contact ana { email: \"ana@x.example\" }\n  ana left_site { mood: \"x\" }\n  expect email tips\n}\n";
const SETTINGS: &str =
    "[project]\nname = \"p\"\ntimezone = \"Europe/Madrid\"\n\n[crm]\nurl = \"https://x.example\"\n";

fn editor(path: &str, text: &str) -> (Editor, Cursor) {
    let (text, at) = cursor(text);
    let capabilities = json!({
        "general": { "positionEncodings": ["utf-32"] },
        "textDocument": { "diagnostic": {}, "hover": { "contentFormat": ["markdown"] }, "rename": { "prepareSupport": true } },
        "workspace": { "workspaceEdit": { "documentChanges": true, "resourceOperations": ["create", "rename"] } },
    });
    let files = [
        ("onward.toml", SETTINGS),
        ("world.onward", WORLD),
        ("templates/tips.md", TIPS),
        ("other.onward", OTHER),
    ];
    let mut editor = Editor::with(&files, capabilities);
    editor.open(path, &text);
    (editor, at)
}

fn ask(method: &'static str, path: &str, text: &str) -> Value {
    let (mut editor, at) = editor(path, text);
    let more = json!({ "position": at.position(), "context": { "includeDeclaration": true } });
    editor.about(method, path, more)
}

/// `file:line` of each location.
fn places(of: &Value) -> Vec<String> {
    let all = of.as_array().cloned().unwrap_or_default();
    let place = |it: &Value| {
        let file = it["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        format!("{file}:{}", it["range"]["start"]["line"])
    };
    all.iter().map(place).collect()
}

#[test]
fn definitions_and_references_cross_files() {
    let found = ask("textDocument/definition", "a.onward", "on left_$0site\ndo email tips");
    assert_eq!(places(&found), ["world.onward:1"]);
    let found = ask("textDocument/definition", "a.onward", "on left_site\ndo email ti$0ps");
    assert_eq!(places(&found), ["tips.md:0"]);
    let found = ask("textDocument/definition", "a.onward", "on left_site\ndo em$0ail tips");
    assert_eq!(places(&found), ["mail.onward:3"]);
    let found = ask("textDocument/references", "a.onward", "on left_$0site\ndo email tips");
    assert_eq!(places(&found), ["a.onward:0", "other.onward:1", "other.onward:14", "world.onward:1"]);
    let found = ask("textDocument/definition", "a.onward", "on left_site\ndo note config.crm.u$0rl");
    assert_eq!(places(&found), ["onward.toml:5"]);
    let found =
        ask("textDocument/definition", "templates/tips.md", "---\nsubject: Tips\n---\nHello {{ mo$0od }}\n");
    assert_eq!(places(&found), ["world.onward:1"]);
}

#[test]
fn a_field_is_renamed_everywhere() {
    let (mut editor, at) = editor("world.onward", &WORLD.replace("mood", "mo$0od"));
    let more = json!({ "position": at.position(), "newName": "feeling" });
    let changes = editor.about("textDocument/rename", "world.onward", more)["documentChanges"].clone();
    let after = |name: &str, text: &str| {
        let all = changes.as_array().unwrap();
        let change =
            all.iter().find(|it| it["textDocument"]["uri"].as_str().unwrap().ends_with(name)).unwrap();
        edited(text, &change["edits"])
    };
    assert_eq!(after("world.onward", WORLD), WORLD.replace("mood", "feeling"));
    assert_eq!(after("tips.md", TIPS), TIPS.replace("mood", "feeling"));
    assert_eq!(after("other.onward", OTHER), OTHER.replace("mood", "feeling"));
}

#[test]
fn a_template_is_renamed_with_its_file() {
    let (mut editor, at) = editor("a.onward", "on left_site\ndo email ti$0ps");
    let more = json!({ "position": at.position(), "newName": "hints" });
    let changes = editor.about("textDocument/rename", "a.onward", more)["documentChanges"].clone();
    let moved = changes.as_array().unwrap().last().unwrap().clone();
    assert_eq!(moved["kind"], "rename");
    assert!(moved["newUri"].as_str().unwrap().ends_with("templates/hints.md"), "{moved}");
    let (old, new) = (editor.uri("templates/tips.md"), editor.uri("templates/hints.md"));
    let files = json!({ "files": [{ "oldUri": old, "newUri": new }] });
    let changes = editor.ask("workspace/willRenameFiles", files).unwrap();
    assert_eq!(changes["documentChanges"].as_array().unwrap().len(), 2, "{changes}");
}

#[test]
fn what_belongs_to_others_keeps_its_name() {
    let (mut editor, at) = editor("a.onward", "on left_site\ndo em$0ail tips");
    let uri = editor.uri("a.onward");
    let ask = json!({ "textDocument": { "uri": uri }, "position": at.position() });
    let refused = editor.ask("textDocument/prepareRename", ask).unwrap_err();
    assert!(refused.message.contains("catalogue"), "{}", refused.message);
}

#[test]
fn hover_says_what_it_means() {
    let text = |found: &Value| found["contents"]["value"].as_str().unwrap_or_default().to_owned();
    let found = text(&ask("textDocument/hover", "a.onward", "on left_$0site\ndo email tips"));
    assert!(found.contains("Somebody left.") && found.contains("world.onward"), "{found}");
    let found =
        text(&ask("textDocument/hover", "a.onward", "on left_site where mo$0od = \"x\"\ndo email tips"));
    assert!(found.contains("left_site.mood: text"), "{found}");
    let found = text(&ask("textDocument/hover", "a.onward", "on left_site\ndo email ti$0ps"));
    assert!(found.contains("**Tips {{ mood }}**") && found.contains("> Hello"), "{found}");
    let found = text(&ask(
        "textDocument/hover",
        "a.onward",
        "on left_site\nwait until fri$0day at 18:00\ndo email tips",
    ));
    assert!(
        found.contains("Europe/Madrid") && found.contains("Friday") && found.contains("18:00"),
        "{found}"
    );
    let found = text(&ask("textDocument/hover", "a.onward", "on left_site\ndo s$0ms \"x\""));
    assert!(found.contains("POST https://api.twilio.com"), "{found}");
}

#[test]
fn hints_and_lenses() {
    let (mut editor, _) =
        editor("a.onward", "on left_site where mood = \"x\"\nwait 2 days\ndo sms \"Hello\"\n$0");
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } });
    let hints = editor.about("textDocument/inlayHint", "a.onward", json!({ "range": whole }));
    let labels: Vec<&str> =
        hints.as_array().unwrap().iter().map(|it| it["label"].as_str().unwrap()).collect();
    assert_eq!(labels.first(), Some(&"left_site."), "{labels:?}");
    assert!(labels.iter().any(|it| it.starts_with("→ ")) && labels.contains(&"1 SMS"), "{labels:?}");
    let lenses = editor.about("textDocument/codeLens", "other.onward", json!({}));
    let titles: Vec<&str> =
        lenses.as_array().unwrap().iter().map(|it| it["command"]["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["not used", "used once", "▶ run test"]);
}

#[test]
fn workflows_set_each_other_off() {
    let (mut editor, at) = editor("other.onward", &OTHER.replacen("workflow other", "workflow ot$0her", 1));
    let found = editor.about(
        "textDocument/prepareCallHierarchy",
        "other.onward",
        json!({ "position": at.position() }),
    );
    assert_eq!(found[0]["name"], "other");
    let out = editor.ask("callHierarchy/outgoingCalls", json!({ "item": found[0] })).unwrap();
    assert_eq!(out[0]["to"]["name"], "third", "{out}");
    let into = editor.ask("callHierarchy/incomingCalls", json!({ "item": out[0]["to"] })).unwrap();
    assert_eq!(into[0]["from"]["name"], "other", "{into}");
}

#[test]
fn symbols_and_signatures() {
    let (mut editor, at) = editor("a.onward", "on left_site\ndo sms \"x\" to $0");
    let found = editor.ask("workspace/symbol", json!({ "query": "lefts" })).unwrap();
    assert_eq!(found[0]["name"], "left_site");
    let help = editor.about("textDocument/signatureHelp", "a.onward", json!({ "position": at.position() }));
    assert!(
        help["signatures"][0]["label"].as_str().unwrap().starts_with("sms(text: text, to: phone"),
        "{help}"
    );
    assert_eq!(help["activeParameter"], 1);
}
