//! `onward demo`: the README's first command.

use crate::{onward, text, workspace};

#[test]
fn each_message_arrives_once_though_the_server_is_killed() {
    let example = workspace().join("examples/form-follow-up");
    let out = onward(&["demo", text(&example)]).ends_with(0);
    assert_eq!(out.matches("killed the server").count(), 2, "{out}");
    assert!(out.contains("messages, each exactly once"), "{out}");
    assert!(out.contains("We have your message"), "{out}");
}

#[test]
fn a_project_that_calls_a_provider_is_not_demonstrated() {
    let example = workspace().join("examples/trial");
    let err = onward(&["demo", text(&example)]).complains_with(2);
    assert!(err.contains("`sms`"), "{err}");
}
