//! `onward fmt`.

use crate::{folder, onward, onward_fed, text, workspace};

const UGLY: &str = "event a{x:text}\nworkflow w{on a do note \"x\"}\n";

#[test]
fn files_are_formatted_once() {
    let folder = folder(&[("onward.toml", ""), ("a.onward", UGLY)]);
    let path = text(folder.path());
    onward(&["fmt", "--check", path]).ends_with(1);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.onward")).expect("it is there"), UGLY);
    onward(&["fmt", path]).ends_with(0);
    onward(&["fmt", "--check", path]).ends_with(0);
    onward(&["check", path]).ends_with(0);
}

#[test]
fn standard_input_goes_through() {
    let once = onward_fed(&["fmt", "--stdin"], UGLY).ends_with(0);
    assert_ne!(once, UGLY);
    assert_eq!(onward_fed(&["fmt", "--stdin"], &once).ends_with(0), once);
}

#[test]
fn the_examples_are_formatted() {
    onward(&["fmt", "--check", text(&workspace().join("examples"))]).ends_with(0);
}

#[test]
fn mistakes_stay_as_they_are() {
    let broken = "event a{x:text}\n\nworkflow w{on}\n";
    let folder = folder(&[("onward.toml", ""), ("a.onward", broken)]);
    let ran = onward(&["fmt", text(folder.path())]);
    assert!(ran.err.contains("a.onward:3: left as it is"), "{ran:?}");
    assert_eq!(ran.code, 1, "{ran:?}");
    let after = std::fs::read_to_string(folder.path().join("a.onward")).expect("it is there");
    assert!(after.starts_with("event a {") && after.contains("workflow w{on}"), "{after}");
}
