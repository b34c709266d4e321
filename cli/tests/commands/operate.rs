//! What an operator does on a server: drafts, switches, counts, and what has come in.

use crate::serve::Served;
use crate::{Ran, command, folder, onward, text};

const RULES: &str = r#"event signed_up { plan: "free" | "pro" }
event bought { amount: number }
segment free of contact where status = "trial"
template hello email {
  subject "Hello {{contact.first_name}}"
  text "Welcome."
}
workflow greet {
  on signed_up
  while running parallel
  goal bought within 10 days
  do email hello as draft
  wait 2 days
}
workflow enters { on contact enters free once do note "trial" }
"#;

fn project() -> tempfile::TempDir {
    let settings = "[project]\nname = \"acme\"\nsender = \"Acme <hello@acme.example>\"\n";
    folder(&[("onward.toml", settings), ("rules.onward", RULES)])
}

fn sign_up(served: &Served) {
    let words = ["emit", "signed_up", "--contact", "ana@example.com", "plan=pro", "contact.first_name=Ana"];
    served.onward(&words).ends_with(0);
}

#[test]
fn a_draft_is_changed_and_approved() {
    let (served, project) = (Served::start(), project());
    served.onward(&["deploy", text(project.path()), "--edges", "fire"]).ends_with(0);
    assert_eq!(served.onward(&["drafts"]).ends_with(0), "no drafts\n");
    sign_up(&served);
    let listed = served.until(&["drafts"], "Hello Ana");
    let key = listed.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a key");
    let shown = served.onward(&["drafts", "show", key]).ends_with(0);
    assert!(shown.contains("message.subject\nHello Ana") && shown.contains("ana@example.com"), "{shown}");

    let changed = served.onward(&["drafts", "edit", key, "--set", "subject=Good morning"]).ends_with(0);
    assert!(changed.contains("Good morning"), "{changed}");
    let err = served.onward(&["drafts", "edit", key, "--set", "to=nobody"]).complains_with(4);
    assert!(err.contains("`to`: expected"), "{err}");
    let edited = edited(&served, key, "sed -i s/Welcome/Come/");
    assert!(edited.ends_with(0).contains("Come."), "the editor's words");
    let same = self::edited(&served, key, "true").ends_with(0);
    assert_eq!(same, "nothing has changed\n");

    assert_eq!(served.onward(&["drafts", "approve", key]).ends_with(0), "1 approved\n");
    served.onward(&["drafts", "discard", key]).complains_with(4);
    assert_eq!(served.onward(&["drafts", "discard", "--all"]).ends_with(0), "0 discarded\n");
}

fn edited(served: &Served, key: &str, editor: &str) -> Ran {
    let mut command = command(&["drafts", "edit", key]);
    command.env("ONWARD_URL", served.url()).env("ONWARD_KEY", crate::serve::KEY);
    Ran::of(&command.env_remove("VISUAL").env("EDITOR", editor).output().expect("onward runs"))
}

#[test]
fn workflows_are_counted_and_held_up() {
    let (served, project) = (Served::start(), project());
    let out = served.onward(&["deploy", text(project.path())]).ends_with(0);
    assert!(out.starts_with("deployed 2 workflows"), "{out}");
    assert!(served.onward(&["fills"]).ends_with(0).contains("done"), "nobody was there");
    assert_eq!(served.onward(&["pause", "greet"]).ends_with(0), "greet is paused, it was live\n");
    assert_eq!(served.onward(&["pause", "greet"]).ends_with(0), "greet is paused already\n");
    sign_up(&served);
    let stats = served.until(&["stats", "greet"], "1 acting");
    assert!(stats.starts_with("greet paused\n") && stats.contains("goal: bought"), "{stats}");
    let all = served.onward(&["stats"]).ends_with(0);
    assert!(all.contains("greet") && all.contains("enters") && all.contains("paused"), "{all}");
    assert_eq!(served.onward(&["resume", "greet"]).ends_with(0), "greet is live, it was paused\n");
    assert_eq!(served.onward(&["disable", "greet"]).ends_with(0), "greet is disabled, it was live\n");
    let err = served.onward(&["pause", "gret"]).complains_with(4);
    assert!(err.contains("did you mean `greet`?"), "{err}");
}

#[test]
fn what_has_come_in_is_declared() {
    let (served, project) = (Served::start(), project());
    assert_eq!(served.onward(&["schema"]).ends_with(0), "nothing has come in yet\n");
    for number in ["1", "2"] {
        let total = format!("total={number}");
        let words = ["emit", "signed_upp", "--contact", "ana@example.com", &total, "contact.city=Ulm"];
        served.onward(&words).ends_with(0);
    }
    let shown = served.onward(&["schema"]).ends_with(0);
    assert!(shown.contains("signed_upp") && shown.contains("total: number"), "{shown}");
    let pulled = served.onward(&["schema", "pull", text(project.path())]).ends_with(0);
    assert!(pulled.contains("event signed_upp {") && pulled.contains("# signed_upp = 2"), "{pulled}");
    let file = project.path().join("seen.onward");
    served.onward(&["schema", "pull", text(project.path()), "--write", text(&file)]).ends_with(0);
    let err = served.onward(&["schema", "pull", text(project.path()), "--write", text(&file)]);
    assert!(err.ends_with(0).contains("everything that has come in is declared"));
    let settings = std::fs::read_to_string(project.path().join("onward.toml")).expect("it is there");
    assert!(settings.ends_with("[frequency]\nsigned_upp = 2\n"), "{settings}");
    onward(&["check", text(project.path())]).ends_with(0);

    let checked =
        served.onward(&["check", text(project.path()), "--server", served.url(), "--deny-warnings"]);
    let err = checked.complains_with(1);
    assert!(
        err.contains("no `signed_up` has ever come to") && err.contains("`signed_upp` has, 2 times"),
        "{err}"
    );
}
