//! What editors say first, and how they are answered.
//!
//! The payloads in `tests/clients/initialize` are those of the editors, shortened to what
//! a server may look at.

use serde_json::{Value, json};

use crate::testing::{Editor, code};
use crate::wire;

fn payload(name: &str) -> Value {
    let path = format!("{}/tests/clients/initialize/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_editor_is_understood() {
    for (name, encoding) in [("vscode", "utf-16"), ("neovim", "utf-8"), ("helix", "utf-8"), ("zed", "utf-16")]
    {
        let hello = payload(name);
        let (client, folders) = wire::initialize(hello).unwrap();
        assert!(!folders.is_empty(), "{name}");
        assert_eq!(wire::capabilities(&client)["capabilities"]["positionEncoding"], encoding, "{name}");
    }
}

#[test]
fn what_editors_allow_is_registered_and_asked() {
    let mut editor = Editor::with(&[], payload("vscode")["capabilities"].clone());
    let registered = editor.expect("client/registerCapability");
    let settings = editor.expect("workspace/configuration");
    editor.answer(&registered, Value::Null);
    editor.answer(&settings, json!([{ "hints": "none" }]));
}

#[test]
fn out_of_turn() {
    let mut editor = Editor::new(&[]);
    assert_eq!(code(&editor.ask("initialize", json!({ "capabilities": {} }))), Some(-32600));
    assert_eq!(code(&editor.ask("textDocument/none", json!({}))), Some(-32601));
    assert_eq!(code(&editor.ask("textDocument/foldingRange", json!({ "x": 1 }))), Some(-32602));
    assert_eq!(editor.ask("shutdown", Value::Null), Ok(Value::Null));
    assert_eq!(code(&editor.ask("textDocument/foldingRange", json!({}))), Some(-32600));
}

#[test]
fn diagnostics_are_pushed_to_who_does_not_ask() {
    let mut editor = Editor::with(&[("onward.toml", "")], json!({}));
    editor.open("a.onward", "workflow w { on nothing_of_the_kind do note \"x\" }\n");
    let mut told = editor.expect("textDocument/publishDiagnostics");
    while !told.params().unwrap()["uri"].as_str().unwrap().ends_with("a.onward") {
        told = editor.expect("textDocument/publishDiagnostics");
    }
    let items = &told.params().unwrap()["diagnostics"];
    assert_eq!(items[0]["code"], "E0101", "{items}");
    let (uri, version) = (editor.uri("a.onward"), json!(2));
    let document = json!({ "uri": uri, "version": version });
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": document, "contentChanges": [{ "text": "" }] }),
    );
    let told = editor.expect("textDocument/publishDiagnostics");
    assert_eq!(told.params().unwrap()["diagnostics"], json!([]));
}
