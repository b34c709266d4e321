//! `onward serve` and everything that talks to it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Ran, command, folder, onward, text};

pub(crate) const KEY: &str = "the-key";

const RULES: &str = r#"event signed_up { plan: "free" | "pro" }
event bought { amount: number }
workflow greet {
  on signed_up where plan = "pro"
  once
  exit on bought
  do set contact.status = "trial"
  wait 2 days
  do note "two days later"
}
workflow call {
  on bought
  do webhook "http://127.0.0.1:9/nobody" send event
}
"#;

/// A server of the test's own; it ends with the test.
pub(crate) struct Served {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Served {
    pub(crate) fn start() -> Self {
        let folder = folder(&[]);
        let port = free_port();
        let store = format!("sqlite:{}", folder.path().join("onward.db").display());
        let listen = format!("127.0.0.1:{port}");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = command(&["serve", "--store", &store, "--listen", &listen, "--log", "json"])
            .env("ONWARD_API_KEYS", format!("other, {KEY}"))
            .stderr(log)
            .spawn()
            .expect("onward starts");
        let served = Self { child, url: format!("http://{listen}"), _folder: folder };
        served.wait();
        served
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.onward(&["runs"]).code != 0 {
            assert!(Instant::now() < end, "the server is not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self._folder.path().join("log")).unwrap_or_default()
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Runs a command against this server.
    pub(crate) fn onward(&self, args: &[&str]) -> Ran {
        let output = command(args).env("ONWARD_URL", &self.url).env("ONWARD_KEY", KEY).output();
        Ran::of(&output.expect("onward runs"))
    }

    /// Runs a command until its output has `part` in it.
    #[track_caller]
    pub(crate) fn until(&self, args: &[&str], part: &str) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let ran = self.onward(args);
            if ran.out.contains(part) {
                return ran.out;
            }
            assert!(Instant::now() < end, "`{part}` does not come: {ran:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port is free").port()
}

pub(crate) fn project() -> tempfile::TempDir {
    folder(&[("onward.toml", "[project]\nname = \"acme\"\n"), ("rules.onward", RULES)])
}

fn json(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn rules_are_deployed_and_run() {
    let (served, project) = (Served::start(), project());
    let out = served.onward(&["deploy", text(project.path())]).ends_with(0);
    assert!(out.starts_with("deployed 2 workflows as "), "{out}");
    let again = served.onward(&["deploy", text(project.path())]).ends_with(0);
    assert!(again.starts_with("unchanged"), "{again}");

    let out = served.onward(&[
        "emit",
        "signed_up",
        "--contact",
        "ana@example.com",
        "plan=pro",
        "contact.first_name=Ana",
    ]);
    assert!(out.ends_with(0).starts_with("accepted"));
    let out = served.until(&["runs", "--state", "waiting"], "greet");
    let id = out.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a run").to_owned();
    let timeline = served.onward(&["runs", &id]).ends_with(0);
    assert!(timeline.contains("matched") && timeline.contains("waiting"), "{timeline}");
    let run = json(&served.onward(&["runs", &id, "--json"]).ends_with(0));
    assert_eq!(run["workflow"], "greet");
    assert!(served.onward(&["runs", "--contact", "ana@example.com"]).ends_with(0).contains("greet"));
    assert_eq!(served.onward(&["runs", "--workflow", "call"]).ends_with(0), "no runs\n");
    let err = served.onward(&["runs", "nonsense"]).complains_with(4);
    assert!(err.starts_with("error: "), "{err}");

    let logs = served.onward(&["logs"]).ends_with(0);
    assert!(logs.contains("greet") && logs.contains("matched"), "{logs}");
    let logs = served.onward(&["logs", "--json", "--limit", "1"]).ends_with(0);
    assert_eq!(logs.lines().count(), 1, "{logs}");
    assert!(json(&logs)["what"].is_string(), "{logs}");
}

#[test]
fn what_is_refused_says_why() {
    let (served, project) = (Served::start(), project());
    served.onward(&["deploy", text(project.path())]).ends_with(0);
    let ran = served.onward(&["emit", "signed_up", "--contact", "ana@example.com", "plan=gold"]);
    assert!(ran.out.starts_with("refused") && ran.out.contains("plan"), "{ran:?}");
    ran.ends_with(4);
    let ran = served.onward(&["emit", "signed_upp", "--contact", "ana@example.com"]);
    assert!(ran.err.contains("warning:") && ran.err.contains("signed_up"), "{ran:?}");
    ran.ends_with(0);

    let ran = command(&["runs", "--url", &served.url, "--key", "wrong"]).output().expect("onward runs");
    let err = Ran::of(&ran).complains_with(4);
    assert!(err.contains("--key or ONWARD_KEY"), "{err}");
    let err = onward(&["runs", "--url", "http://127.0.0.1:9"]).complains_with(3);
    assert!(err.contains("onward serve"), "{err}");
}

#[test]
fn parked_effects_wait_for_a_person() {
    let (served, project) = (Served::start(), project());
    // A receiver that says no for good.
    let port = refusing_receiver();
    let rules = RULES.replace("127.0.0.1:9/", &format!("127.0.0.1:{port}/"));
    std::fs::write(project.path().join("rules.onward"), rules).expect("written");
    served.onward(&["deploy", text(project.path())]).ends_with(0);
    assert_eq!(served.onward(&["parked"]).ends_with(0), "nothing is parked\n");
    served.onward(&["emit", "bought", "--contact", "bob@example.com", "amount=12.5"]).ends_with(0);
    let out = served.until(&["parked"], "call");
    let key = out.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("a key").to_owned();
    assert!(out.contains("410"), "{out}");
    assert_eq!(served.onward(&["parked", "retry", &key]).ends_with(0), "1 will be tried again\n");
    served.until(&["parked"], "call");
    served.onward(&["parked", "drop", "no-such-key"]).complains_with(4);
    assert_eq!(served.onward(&["parked", "drop", "--action", "webhook"]).ends_with(0), "1 dropped\n");
    served.until(&["runs", "--workflow", "call"], "completed");
    served.onward(&["parked", "retry"]).complains_with(2);
}

/// Answers every request with 410.
fn refusing_receiver() -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    port
}

#[test]
fn it_does_not_start_without_a_key_or_a_store() {
    let err = onward(&["serve", "--store", "sqlite::memory:"]).complains_with(2);
    assert!(err.contains("openssl rand -hex 24"), "{err}");
    let no_key = ["serve", "--store", "sqlite:x.db", "--dev-no-key", "--listen", "0.0.0.0:0"];
    let err = onward(&no_key).complains_with(2);
    assert!(err.contains("0.0.0.0:0"), "{err}");
    let with_key =
        |args: &[&str]| Ran::of(&command(args).env("ONWARD_API_KEYS", KEY).output().expect("onward runs"));
    let err = with_key(&["serve"]).complains_with(2);
    assert!(err.contains("--store sqlite:"), "{err}");
    let err = with_key(&["serve", "--store", "mysql://root:hunter2@localhost/x"]).complains_with(2);
    assert!(!err.contains("hunter2"), "{err}");
    let err = with_key(&["serve", "--store", "sqlite:/does/not/exist/onward.db"]).complains_with(3);
    assert!(err.contains("error: "), "{err}");
}

#[test]
fn it_stops_in_order_when_told() {
    for signal in ["TERM", "INT"] {
        let mut served = Served::start();
        let kill = Command::new("kill").arg(format!("-{signal}")).arg(served.child.id().to_string()).status();
        assert!(kill.expect("kill runs").success());
        assert_eq!(served.child.wait().expect("it ends").code(), Some(0), "{}", served.log());
        assert!(served.log().contains("stopped"), "{}", served.log());
    }
}

#[test]
fn an_artifact_is_deployed_at_start() {
    let (place, project) = (folder(&[]), project());
    let artifact = place.path().join("acme.onwardc");
    onward(&["compile", text(project.path()), "-o", text(&artifact)]).ends_with(0);
    let store = format!("sqlite:{}", place.path().join("onward.db").display());
    let start = |artifact: &Path| {
        let port = free_port();
        let child =
            command(&["serve", "--store", &store, "--listen", &format!("127.0.0.1:{port}"), "--dev-no-key"])
                .args(["--artifact", text(artifact)])
                .stderr(Stdio::null())
                .spawn()
                .expect("onward starts");
        let served = Served { child, url: format!("http://127.0.0.1:{port}"), _folder: folder(&[]) };
        served.wait();
        served
    };
    let deployments = |served: &Served| {
        let project = text(project.path()).to_owned();
        served.onward(&["deploy", &project]).ends_with(0)
    };
    let served = start(&artifact);
    assert!(deployments(&served).starts_with("unchanged"));
    drop(served);
    assert!(
        deployments(&start(&artifact)).starts_with("unchanged"),
        "the same artifact again changes nothing"
    );
}

#[test]
fn the_doctor_looks_at_everything() {
    let (served, project) = (Served::start(), project());
    let out = served.onward(&["doctor", text(project.path())]).ends_with(0);
    for good in ["✓ project", "✓ secrets", "! mail", "✓ server", "✓ clock"] {
        assert!(out.contains(good), "{good}:\n{out}");
    }
    let out = served.onward(&["doctor", text(project.path()), "--json"]).ends_with(0);
    assert_eq!(json(&out)["findings"].as_array().map(Vec::len), Some(5));
    let dead = command(&["doctor", text(project.path())])
        .env("ONWARD_SMTP_URL", "smtp://127.0.0.1:9")
        .env("ONWARD_URL", "http://127.0.0.1:9")
        .output();
    let out = Ran::of(&dead.expect("onward runs")).ends_with(1);
    assert!(out.contains("✗ mail") && out.contains("! server"), "{out}");
}
