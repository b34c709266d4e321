//! Each folder of `examples/` checks clean and sends what its `expected.txt` says.

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

#[test]
fn every_example_is_played() {
    let mut names: Vec<_> = std::fs::read_dir(workspace().join("examples"))
        .expect("there are examples")
        .filter_map(|entry| entry.ok().filter(|it| it.path().is_dir()).map(|it| it.file_name().into_string()))
        .collect();
    names.sort();
    assert_eq!(names, [Ok("form-follow-up".to_owned()), Ok("trial".to_owned())]);
}
