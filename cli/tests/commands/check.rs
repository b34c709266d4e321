//! `onward check`.

use serde_json::Value;

use crate::{folder, onward, text};

const GOOD: &str = "event signed_up { plan: text }\nworkflow w { on signed_up do note \"hello\" }\n";
const BAD: &str = "event signed_up { plan: text }\nworkflow w { on signed_upp do note \"hello\" }\n";

fn project(rules: &str) -> tempfile::TempDir {
    folder(&[("onward.toml", "[project]\nname = \"acme\"\n"), ("rules/a.onward", rules)])
}

#[test]
fn a_good_project_passes() {
    let folder = project(GOOD);
    let out = onward(&["check", text(folder.path())]).ends_with(0);
    assert_eq!(out, "2 files, 1 workflow: no errors\n");
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    let folder = project(BAD);
    let ran = onward(&["check", text(folder.path())]);
    assert_eq!(ran.out, "2 files: 1 error\n");
    let err = ran.complains_with(1);
    assert!(err.contains("signed_upp"), "{err}");
    assert!(err.contains("a.onward:2:17"), "{err}");
    assert!(err.contains("signed_up`"), "the nearest name is offered: {err}");
    assert!(!err.contains('\u{1b}'), "no colours where no terminal is: {err}");
}

#[test]
fn machines_read_it_too() {
    let folder = project(BAD);
    let out = onward(&["check", "--json", text(folder.path())]).ends_with(1);
    let line: Value = serde_json::from_str(out.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&line["line"], &line["column"], &line["severity"]), (&2.into(), &17.into(), &"error".into()));
    let out = onward(&["check", "--format", "sarif", text(folder.path())]).ends_with(1);
    let log: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(1));
    let out = onward(&["check", "--format", "github", text(folder.path())]).ends_with(1);
    assert!(out.starts_with("::error file="), "{out}");
}

#[test]
fn colours_can_be_forced() {
    let folder = project(BAD);
    let err = onward(&["check", "--color", "always", text(folder.path())]).complains_with(1);
    assert!(err.contains("\u{1b}["), "{err}");
}

#[test]
fn one_broken_file_does_not_hide_another() {
    let folder = project(BAD);
    std::fs::write(folder.path().join("rules/b.onward"), "workflow v { on never_heard do note \"x\" }\n")
        .expect("written");
    std::fs::write(folder.path().join("rules/c.onward"), "workflow {{{ on\n").expect("written");
    let err = onward(&["check", text(folder.path())]).complains_with(1);
    assert!(err.contains("signed_upp") && err.contains("never_heard") && err.contains("c.onward"), "{err}");
}

#[test]
fn a_folder_without_rules_says_what_to_do() {
    let folder = folder(&[("README.md", "")]);
    let err = onward(&["check", text(folder.path())]).complains_with(3);
    assert!(err.contains("onward new NAME"), "{err}");
    let err = onward(&["check", "/does/not/exist"]).complains_with(3);
    assert!(err.contains("`/does/not/exist`"), "{err}");
}
