//! Starts what the end-to-end tests need: the built binary, real receivers, a
//! Postgres of the test's own. Everything on loopback, everything stopped on drop.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

/// The key that the tests' servers ask for.
pub(crate) const KEY: &str = "test-key";

/// The built binary.
pub(crate) fn onward() -> Command {
    Command::new(env!("CARGO_BIN_EXE_onward"))
}

/// A folder of the tests.
pub(crate) fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A child that does not outlive the test.
pub(crate) struct Process(Child);

impl Process {
    /// Kills it without warning (SIGKILL), and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("the process can be killed");
        self.0.wait().expect("the process can be waited for");
    }

    /// Sends it a signal by name: `STOP`, `CONT`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.expect("kill runs").success(), "signal {name} is sent");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The mail server and HTTP receiver of `clients/receivers.mjs`.
pub(crate) struct Receivers {
    _process: Process,
    /// Port of the mail server.
    pub(crate) smtp: u16,
    /// Port of the HTTP receiver.
    pub(crate) http: u16,
}

/// Something that arrived.
#[derive(Debug, Deserialize)]
pub(crate) struct Arrival {
    /// A mail's subject.
    #[serde(default)]
    pub(crate) subject: String,
    /// A mail's recipients.
    #[serde(default)]
    pub(crate) to: Vec<String>,
    /// A request's body.
    #[serde(default)]
    pub(crate) body: String,
}

/// All that arrived, by key.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    /// Mails by Message-ID.
    pub(crate) mails: BTreeMap<String, Arrival>,
    /// Requests by `webhook-id`.
    pub(crate) hooks: BTreeMap<String, Arrival>,
}

impl Receivers {
    /// Starts them; `trouble` makes them refuse and break now and then.
    pub(crate) fn start(trouble: bool) -> Self {
        let clients = tests_folder().join("clients");
        assert!(
            clients.join("node_modules").is_dir(),
            "the test clients are not installed: run `bash .ci/test`, or `npm ci` in {}",
            clients.display()
        );
        let mut command = Command::new("node");
        command.arg(clients.join("receivers.mjs")).stdout(Stdio::piped());
        if trouble {
            command.arg("--trouble");
        }
        let mut child = command.spawn().expect("node starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped"))
            .read_line(&mut line)
            .expect("a line comes");
        let ports: BTreeMap<String, u16> = serde_json::from_str(&line).expect("the line tells the ports");
        Self { _process: Process(child), smtp: ports["smtp"], http: ports["http"] }
    }

    /// What has arrived.
    pub(crate) async fn seen(&self) -> Seen {
        let url = format!("http://127.0.0.1:{}/_seen", self.http);
        client().get(url).send().await.expect("the receiver answers").json().await.expect("it is JSON")
    }
}

/// An HTTP client without a pool, so that a killed server is never mistaken for a live one.
pub(crate) fn client() -> reqwest::Client {
    onward_runtime::install_tls();
    reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(20))
        .build()
        .expect("a client can be made")
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .map(|a: SocketAddr| a.port())
        .expect("a port is free")
}

/// How to start one `onward serve`.
#[derive(Clone)]
pub(crate) struct Server {
    /// `sqlite:…` or `postgres://…`.
    pub(crate) store: String,
    /// Where it listens.
    pub(crate) port: u16,
    /// Port of the mail server.
    pub(crate) smtp: u16,
    /// Folder for its log.
    pub(crate) folder: PathBuf,
}

impl Server {
    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(&self) -> Process {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("serve-{}.log", self.port)))
            .expect("the log can be opened");
        let child = onward()
            .args(["serve", "--store", &self.store, "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--lease", "2s"])
            .env("ONWARD_API_KEYS", KEY)
            .env("ONWARD_SMTP_URL", format!("smtp://127.0.0.1:{}", self.smtp))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log can be shared"))
            .stderr(log)
            .spawn()
            .expect("onward serve starts");
        let process = Process(child);
        let ready = self.url("/readyz");
        within(Duration::from_secs(60), "the server is ready", async || {
            client().get(&ready).send().await.is_ok_and(|r| r.status().is_success())
        })
        .await;
        process
    }

    /// A URL of it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let response =
            client().get(self.url(path)).bearer_auth(KEY).send().await.expect("the server answers");
        assert!(response.status().is_success(), "GET {path}: {}", response.status());
        response.json().await.expect("it is JSON")
    }

    /// Waits until every fact is worked out and every run has ended.
    pub(crate) async fn until_idle(&self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            let stats = self.get("/v1/stats").await;
            if stats["unread"] == 0 && stats["unfinished_runs"] == 0 {
                return;
            }
            if Instant::now() > end {
                let parked = self.get("/v1/parked").await;
                panic!("not idle within {time:?}: {stats:#} {parked:#}; log in {}", self.folder.display());
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Deploys a project folder by the command line.
    pub(crate) fn deploy(&self, project: &Path) {
        self.deploy_with(project, &[]);
    }

    /// The same, with these options.
    pub(crate) fn deploy_with(&self, project: &Path, options: &[&str]) {
        let output = onward()
            .args(["deploy", "--url", &self.url(""), "--key", KEY])
            .args(options)
            .arg(project)
            .output()
            .expect("onward deploy runs");
        assert!(
            output.status.success(),
            "deploy: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Waits until `holds`, and fails the test if it does not in time.
pub(crate) async fn within(time: Duration, what: &str, holds: impl AsyncFn() -> bool) {
    let end = Instant::now() + time;
    while !holds().await {
        assert!(Instant::now() < end, "not within {time:?}: {what}");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// Copies the rules of a test project, with the receivers' address in its settings.
pub(crate) fn project(name: &str, receivers: &Receivers, into: &Path) -> PathBuf {
    let target = into.join(name);
    std::fs::create_dir_all(&target).expect("the folder can be made");
    for entry in std::fs::read_dir(tests_folder().join("projects").join(name)).expect("the project is there")
    {
        let entry = entry.expect("the folder can be read");
        std::fs::copy(entry.path(), target.join(entry.file_name())).expect("the file can be copied");
    }
    let mut settings =
        std::fs::File::options().append(true).open(target.join("onward.toml")).expect("it has settings");
    writeln!(settings, "\n[receiver]\nurl = \"http://127.0.0.1:{}\"", receivers.http)
        .expect("they can be added to");
    target
}
