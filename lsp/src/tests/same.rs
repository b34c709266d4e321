//! What an editor shows is what `onward check --format json` prints: the same code, place and
//! message, to the byte.

use std::path::{Path, PathBuf};

use onward_compiler::{project, render};
use serde_json::{Value, json};

use crate::testing::Editor;

/// `onward check --format json` of a project, without what an editor has no place for.
fn printed(files: &[(String, String)]) -> Vec<Value> {
    let compiled = project::compile(files.to_vec());
    let lines = render::json(&compiled.diagnostics, &compiled.sources);
    let mut all: Vec<Value> = lines.lines().map(|it| serde_json::from_str(it).unwrap()).map(short).collect();
    all.sort_by_key(Value::to_string);
    all
}

fn short(entry: Value) -> Value {
    let mut message = entry["message"].as_str().unwrap().to_owned();
    for more in [entry["label"].as_str(), entry["help"].as_str()] {
        if let Some(more) = more.filter(|it| !it.is_empty()) {
            message = format!("{message}\n{more}");
        }
    }
    json!({
        "file": entry["file"], "code": entry["code"], "severity": entry["severity"], "message": message,
        "line": entry["line"], "column": entry["column"], "end": entry["end"],
    })
}

/// The same as an editor gets it.
fn shown(files: &[(String, String)]) -> Vec<Value> {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut editor = Editor::new(&files);
    let root = editor.uri("");
    let report = editor.ask("workspace/diagnostic", json!({ "previousResultIds": [] })).unwrap();
    let mut all = Vec::new();
    for file in report["items"].as_array().unwrap() {
        let path =
            file["uri"].as_str().unwrap().strip_prefix(&root).unwrap().trim_start_matches('/').to_owned();
        for item in file["items"].as_array().unwrap() {
            let place =
                |at: &Value| (at["line"].as_u64().unwrap() + 1, at["character"].as_u64().unwrap() + 1);
            let (line, column) = place(&item["range"]["start"]);
            let (end_line, end_column) = place(&item["range"]["end"]);
            all.push(json!({
                "file": path, "code": item["code"], "message": item["message"],
                "severity": if item["severity"] == 1 { "error" } else { "warning" },
                "line": line, "column": column, "end": { "line": end_line, "column": end_column },
            }));
        }
    }
    all.sort_by_key(Value::to_string);
    all
}

fn read(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten().map(|it| it.path()) {
            if entry.is_dir() {
                open.push(entry);
            } else if let Ok(text) = std::fs::read_to_string(&entry) {
                found.push((entry.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), text));
            }
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_mistake_of_the_corpus() {
    let mut count = 0;
    for (path, text) in read(&root().join("compiler/tests/cases")) {
        if !path.ends_with(".onward") {
            continue;
        }
        let files = [("onward.toml".to_owned(), String::new()), ("a.onward".to_owned(), text)];
        let (printed, shown) = (printed(&files), shown(&files));
        count += printed.len();
        assert_eq!(shown, printed, "{path}");
    }
    assert!(count > 100, "{count}");
}

#[test]
fn every_example() {
    for folder in
        std::fs::read_dir(root().join("examples")).unwrap().flatten().filter(|it| it.path().is_dir())
    {
        let files = read(&folder.path());
        assert_eq!(shown(&files), printed(&files), "{:?}", folder.path());
    }
}
