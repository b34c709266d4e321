//! `onward new`.

use crate::{folder, onward, text};

#[test]
fn a_new_project_checks_clean_and_is_formatted() {
    let place = folder(&[]);
    let project = place.path().join("acme");
    onward(&["new", text(&project)]).ends_with(0);
    onward(&["check", "--deny-warnings", text(&project)]).ends_with(0);
    onward(&["fmt", "--check", text(&project)]).ends_with(0);
}

#[test]
fn a_new_project_does_what_its_readme_says() {
    let place = folder(&[]);
    let project = place.path().join("acme");
    onward(&["new", text(&project)]).ends_with(0);
    let events = project.join("events.jsonl");
    let out =
        onward(&["dev", text(&project), "--events", text(&events), "--jump", "3d", "--once"]).ends_with(0);
    assert_eq!(out.matches("Welcome, ").count(), 2, "{out}");
    assert_eq!(out.matches("Three things to try, Ana").count(), 1, "{out}");
    assert!(!out.contains("Three things to try, Bob"), "{out}");
}

#[test]
fn nothing_is_overwritten() {
    let place = folder(&[("acme/mine.txt", "mine")]);
    let err = onward(&["new", text(&place.path().join("acme"))]).complains_with(2);
    assert!(err.contains("not empty"), "{err}");
}
