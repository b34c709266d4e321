//! Completion, in whole and in broken code.

use serde_json::json;

use crate::testing::{Editor, cursor};

const SETTINGS: &str =
    "[project]\nname = \"p\"\ntimezone = \"Europe/Madrid\"\n\n[crm]\nurl = \"https://x.example\"\n";
const WORLD: &str = r#"
## Somebody left.
event left_site { page: url?, mood: "glad" | "sad", minutes: number }
entity contact { status: "trial" | "customer", trial_ends: date }
entity deal { contact: contact, stage: "open" | "won", value: number }
segment trials of contact where status = "trial"
sender support = "Acme <support@acme.example>"
team sales = ["ana@acme.example"]
action ring(
  number: phone,
  ## What is said.
  words: text,
  voice: "low" | "high" = "low",
) {
  post "https://x.example/{{secret.RING}}"
  json { n: number, w: words, v: voice }
  expect 200
}
"#;

/// What is offered at `$0`, first to last.
fn offered_in(path: &'static str, text: &str) -> Vec<String> {
    let (text, at) = cursor(text);
    let mut editor = Editor::new(&[
        ("onward.toml", SETTINGS),
        ("world.onward", WORLD),
        ("templates/tips.md", "---\nsubject: Tips\n---\nHello\n"),
    ]);
    editor.open(path, &text);
    let answer = editor.about("textDocument/completion", path, json!({ "position": at.position() }));
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|it| it["label"].as_str().unwrap().to_owned()).collect()
}

fn offered(text: &str) -> Vec<String> {
    offered_in("a.onward", text)
}

#[track_caller]
fn has(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let found = offered(text);
    for it in wanted {
        assert!(found.iter().any(|found| found == it), "`{it}` is not offered in {text}: {found:?}");
    }
    for it in unwanted {
        assert!(!found.iter().any(|found| found == it), "`{it}` is offered in {text}: {found:?}");
    }
}

#[test]
fn words_stand_in_their_places() {
    has("$0", &["workflow", "event", "test", "on"], &["do", "wait", "email"]);
    has("workflow w {\n  $0\n}", &["on", "once", "do", "wait"], &["workflow", "email"]);
    has("workflow w {\n  on left_site\n  do email tips\n  $0\n}", &["do", "wait", "if"], &["once", "goal"]);
    has("workflow w {\n  on $0\n}", &["left_site", "contact", "deal"], &["do", "tips"]);
    has("workflow w {\n  on contact.$0\n}", &["status", "trial_ends", "email"], &["stage", "minutes"]);
    has("workflow w {\n  on contact enters $0\n}", &["trials"], &["left_site"]);
    has("on left_site\ndo $0", &["email", "ring", "set", "task"], &["left_site"]);
    has("policy {\n  $0\n}", &["quiet hours", "at most", "topic"], &["do"]);
    has("event x {\n  a: $0\n}", &["text", "number", "deal"], &["do"]);
    has("source s {\n  $0\n}", &["path", "verify hmac", "event"], &["do"]);
}

#[test]
fn values_fit_what_they_are_compared_with() {
    has("on left_site where mood = $0", &["\"glad\"", "\"sad\""], &["\"trial\""]);
    has("on left_site where mood in [\"glad\", $0", &["\"sad\""], &[]);
    has("on left_site where contact.status = \"$0\"", &["trial", "customer"], &["glad"]);
    has("on contact.status changes to $0", &["\"trial\"", "\"customer\""], &[]);
    has("on left_site where $0", &["mood", "minutes", "status", "contact", "count"], &["stage", "do"]);
    has("on left_site\nif contact in $0", &["trials"], &[]);
}

#[test]
fn an_action_says_what_is_missing() {
    has("on left_site\ndo email $0", &["tips"], &["ring"]);
    let found = offered("on left_site\ndo ring contact.phone $0");
    assert_eq!(found.first().map(String::as_str), Some("words"), "{found:?}");
    assert!(found.contains(&"voice".to_owned()) && found.contains(&"where".to_owned()), "{found:?}");
    has("on left_site\ndo ring contact.phone words \"x\" voice $0", &["\"low\"", "\"high\""], &[]);
    has("on left_site\ndo create deal { stage: $0 }", &["\"open\"", "\"won\""], &["\"trial\""]);
    has("on left_site\ndo create deal { $0 }", &["stage", "value"], &["mood"]);
    has("on left_site\ndo emit left_site { $0", &["mood", "minutes"], &["stage"]);
}

#[test]
fn units_pipes_and_holes() {
    has("on left_site\nwait 2 $0", &["days", "hours"], &["day"]);
    has("on left_site\nwait until $0", &["friday"], &[]);
    has("on left_site\ndo note \"Hi {{ page | $0 }}\"", &["upper", "default"], &["round"]);
    has("on left_site\ndo note \"Hi {{ $0 }}\"", &["page", "first_name"], &["do"]);
    has("on left_site\ndo note \"Hi {% $0 %}\"", &["if", "for", "end"], &["page"]);
    has("on left_site\nif count($0", &["left_site"], &["email"]);
    has("on left_site\nif config.$0", &["crm.url"], &["project.name"]);
    has("on left_site\nif secret.$0", &["RING"], &[]);
    let found = offered_in("templates/tips.md", "---\nsubject: Tips\n---\nHello {{ contact.$0 }}\n");
    assert!(found.contains(&"first_name".to_owned()), "{found:?}");
    let found = offered_in("onward.toml", "[project]\nname = \"p\"\n$0\n");
    assert_eq!(found, ["sender", "timezone"]);
    let found = offered_in("onward.toml", "[project]\ntimezone = \"$0\"\n");
    assert!(found.contains(&"Europe/Madrid".to_owned()) || found.len() > 100, "{}", found.len());
}

#[test]
fn documentation_comes_when_asked() {
    let (text, at) = cursor("on left_site\ndo ring contact.phone $0");
    let mut editor = Editor::new(&[("onward.toml", SETTINGS), ("world.onward", WORLD)]);
    editor.open("a.onward", &text);
    let answer = editor.about("textDocument/completion", "a.onward", json!({ "position": at.position() }));
    let item = answer["items"].as_array().unwrap().iter().find(|it| it["label"] == "words").unwrap().clone();
    let told = editor.ask("completionItem/resolve", item).unwrap();
    assert_eq!(told["documentation"]["value"], "What is said.");
}
