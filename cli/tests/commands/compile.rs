//! `onward compile`.

use crate::{folder, onward, text, workspace};

#[test]
fn an_artifact_is_the_same_each_time() {
    let made = folder(&[]);
    let example = workspace().join("examples/form-follow-up");
    let [one, two] = ["one", "two"].map(|name| {
        let file = made.path().join(name);
        onward(&["compile", text(&example), "-o", text(&file)]).ends_with(0);
        std::fs::read(file).expect("it is written")
    });
    assert_eq!(one, two);
    assert!(one.starts_with(b"ONWD"));
}

#[test]
fn listings_are_for_people_and_machines() {
    let example = workspace().join("examples/form-follow-up");
    let asm = onward(&["compile", text(&example), "--emit", "asm"]).ends_with(0);
    assert!(asm.contains("form_follow_up") && asm.contains("wait"), "{asm}");
    let json = onward(&["compile", text(&example), "--emit", "json"]).ends_with(0);
    let program: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(program["project"]["name"], "form-follow-up");
}

#[test]
fn errors_make_no_artifact() {
    let folder = folder(&[("onward.toml", ""), ("a.onward", "workflow w { on nothing do note \"x\" }")]);
    let file = folder.path().join("out");
    onward(&["compile", text(folder.path()), "-o", text(&file)]).complains_with(1);
    assert!(!file.exists());
}

#[test]
fn every_form_of_the_reference_compiles() {
    let project = workspace().join("cli/tests/projects/forms");
    onward(&["compile", text(&project), "-o", "-"]).ends_with(0);
    onward(&["fmt", "--check", text(&project)]).ends_with(0);
}
