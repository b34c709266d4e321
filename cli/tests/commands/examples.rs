//! Each folder of `examples/` is formatted, checks clean and has tests that pass and come by
//! everything; what has an `expected.txt` sends what it says.

use std::process::Stdio;

use crate::{Ran, command, expect_file, onward, text, workspace};

fn plays(example: &str, days: &str) {
    let folder = workspace().join("examples").join(example);
    onward(&["check", "--deny-warnings", text(&folder)]).ends_with(0);
    let events = folder.join("events.jsonl");
    let run = || {
        let args = [
            "dev",
            text(&folder),
            "--at",
            "2026-03-02T09:00:00Z",
            "--events",
            text(&events),
            "--jump",
            days,
            "--once",
        ];
        let output = command(&args).stdin(Stdio::null()).output().expect("onward runs");
        Ran::of(&output).ends_with(0)
    };
    let found = run();
    assert_eq!(found, run(), "it is the same each time");
    expect_file(&format!("examples/{example}/expected.txt"), &found);
}

#[test]
fn form_follow_up() {
    plays("form-follow-up", "15d");
}

#[test]
fn trial() {
    plays("trial", "4d");
}

/// The names of the folders.
fn examples() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(workspace().join("examples"))
        .expect("there are examples")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("names are plain"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_example_is_known() {
    let known =
        ["call-tracking", "concours", "customer-success", "form-follow-up", "spotter-presales", "trial"];
    assert_eq!(examples(), known);
}

#[test]
fn every_example_is_tidy() {
    for name in examples() {
        let folder = workspace().join("examples").join(&name);
        onward(&["fmt", "--check", text(&folder)]).ends_with(0);
        onward(&["check", "--deny-warnings", text(&folder)]).ends_with(0);
    }
}

/// Every step is done and every condition both holds and fails in some test.
#[test]
fn every_example_is_covered_by_its_tests() {
    for name in examples() {
        let folder = workspace().join("examples").join(&name);
        let ran = command(&["test", "--coverage=json", text(&folder)]).output().expect("onward runs");
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
        let found: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("coverage is JSON");
        let sum = &found["sum"];
        assert_eq!(sum["covered"], sum["places"], "{name}: steps");
        assert_eq!(sum["outcomes_covered"], sum["outcomes"], "{name}: outcomes of conditions");
    }
}
