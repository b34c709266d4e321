//! `onward dev`: watching, orders, what is kept.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::{command, folder, onward, text};

const RULES: &str = r#"event signed_up { plan: text? }
template hello email { subject "Hello" text "Hello there." }
template later email { subject "Later" text "Still there?" }
workflow greet {
  on signed_up
  do email hello
  wait 2 days
  do email later
}
"#;
const EVENTS: &str =
    "{\"id\": \"1\", \"event\": \"signed_up\", \"contact\": {\"email\": \"ana@example.com\"}}\n";

fn project() -> tempfile::TempDir {
    let settings = "[project]\nname = \"acme\"\nsender = \"Acme <hello@acme.example>\"\n";
    folder(&[("onward.toml", settings), ("rules/a.onward", RULES), ("events.jsonl", EVENTS)])
}

#[test]
fn machines_read_messages_and_runs() {
    let folder = project();
    let events = folder.path().join("events.jsonl");
    let args = [
        "dev",
        text(folder.path()),
        "--json",
        "--once",
        "--at",
        "2026-03-02T09:00:00Z",
        "--events",
        text(&events),
    ];
    let out = onward(&args).ends_with(0);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert_eq!(lines[0]["message"]["mail"]["subject"], "Hello");
    assert_eq!(lines[0]["message"]["at"], "2026-03-02T09:00:00Z");
    assert_eq!(lines[1]["runs"][0]["workflow"], "greet");
    assert_eq!(lines[1]["runs"][0]["wake"], "2026-03-04T09:00:00Z");
}

#[test]
fn errors_end_it_when_nobody_can_mend_them() {
    let folder = project();
    std::fs::write(folder.path().join("rules/a.onward"), "workflow w { on nothing do note \"x\" }")
        .expect("written");
    onward(&["dev", text(folder.path()), "--once"]).complains_with(1);
}

#[test]
fn a_fast_clock_tells_the_story_by_itself() {
    let folder = project();
    let events = folder.path().join("events.jsonl");
    let late = "{\"id\": \"2\", \"event\": \"signed_up\", \"contact\": {\"email\": \"bob@example.com\"}, \"after\": \"3d\"}\n";
    std::fs::write(&events, format!("{EVENTS}{late}")).expect("written");
    let out =
        onward(&["dev", text(folder.path()), "--speed", "1000000x", "--once", "--events", text(&events)])
            .ends_with(0);
    assert_eq!(out.matches("Later").count(), 1, "{out}");
    assert!(out.contains("bob@example.com"), "{out}");
}

/// A session of `onward dev` that a test types into.
struct Session {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    seen: String,
}

impl Session {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("onward starts");
        let (send, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("piped")), Box::new(child.stderr.take().expect("piped"))];
        for output in outputs {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = send.send(line);
                }
            });
        }
        let input = child.stdin.take().expect("piped");
        Self { child, input, lines, seen: String::new() }
    }

    fn types(&mut self, order: &str) {
        writeln!(self.input, "{order}").expect("it reads");
    }

    /// Waits until a line with `part` in it is printed.
    #[track_caller]
    fn prints(&mut self, part: &str) {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line = line.unwrap_or_else(|_| panic!("`{part}` is not printed; this is:\n{}", self.seen));
            self.seen.push_str(&format!("{line}\n"));
            if line.contains(part) {
                return;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_follows_files_and_orders_and_remembers() {
    let folder = project();
    let events = folder.path().join("events.jsonl");
    let args = ["dev", text(folder.path()), "--listen", "127.0.0.1:0", "--events", text(&events)];
    let mut session = Session::start(&args);
    session.prints("deployed 1 workflow");
    session.prints("Hello there.");
    session.types("fly");
    session.prints("`fly` is nothing that can be done here");

    let rules = folder.path().join("rules/a.onward");
    std::fs::write(&rules, RULES.replace("on signed_up", "on signed_upp")).expect("written");
    session.prints("signed_upp");
    session.prints("1 error");
    std::fs::write(&rules, RULES.replace("Still there?", "Are you there?")).expect("written");
    session.prints("deployed 1 workflow");

    session.types("runs");
    session.prints("waiting");
    session.types("jump 2d");
    // A run stays with the program that it began with.
    session.prints("Still there?");
    session.types("runs");
    session.prints("no run waits");
    session.types("quit");
    assert!(session.child.wait().expect("it ends").success());

    let mut again = Session::start(&args);
    again.prints("1 event: 0 accepted, 1 there already");
    again.types("quit");
    assert!(again.child.wait().expect("it ends").success());
    let mut fresh = Session::start(&[&args[..], &["--fresh"]].concat());
    fresh.prints("1 event: 1 accepted");
    fresh.types("quit");
    assert!(fresh.child.wait().expect("it ends").success());
}
