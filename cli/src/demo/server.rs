//! The server of the demo: this program once more, as a child that can be killed.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::failure::Failure;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a killed server's share stays its own: short, for people who watch.
const LEASE: &str = "1s";

/// A clock that goes fast, the same for every process that knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fast {
    /// What it showed at the beginning.
    start: Timestamp,
    /// When that was.
    begun: Timestamp,
    /// How many times as fast as time it goes.
    speed: f64,
}

impl Fast {
    /// A clock that shows `start` now.
    pub(super) fn new(start: Timestamp, speed: f64) -> Self {
        Self { start, begun: Timestamp::now(), speed }
    }

    /// What it shows.
    pub(super) fn now(&self) -> Timestamp {
        let passed = Timestamp::now().duration_since(self.begun).as_secs_f64() * self.speed;
        let passed = SignedDuration::try_from_secs_f64(passed).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How much time has to pass until it shows `moment`.
    pub(super) fn until(&self, moment: Timestamp) -> Duration {
        let left = moment.duration_since(self.now()).as_secs_f64() / self.speed;
        Duration::try_from_secs_f64(left).unwrap_or_default()
    }
}

/// How to start the server.
pub(super) struct Server {
    folder: PathBuf,
    key: String,
    port: u16,
    mail: String,
    clock: Fast,
    child: Option<Child>,
}

impl Server {
    /// A server that keeps its store in `folder` and sends its mail to `mail`; it does not run yet.
    pub(super) fn new(folder: PathBuf, mail: String, clock: Fast) -> Result<Self, Failure> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port =
            free.map_err(|error| Failure::unreachable(format!("no port is free: {error}"), ""))?.port();
        let key =
            blake3::hash(format!("{folder:?} {port} {}", Timestamp::now()).as_bytes()).to_hex().to_string();
        Ok(Self { folder, key, port, mail, clock, child: None })
    }

    /// A client with its key.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        Client::new(&format!("http://127.0.0.1:{}", self.port), Some(self.key.clone()))
    }

    /// Starts it, and waits until it is ready.
    pub(super) async fn start(&mut self) -> Result<(), Failure> {
        let cannot =
            |error: std::io::Error| Failure::unreachable(format!("cannot start `onward serve`: {error}"), "");
        let log = std::fs::File::options().create(true).append(true).open(self.log()).map_err(cannot)?;
        let child = Command::new(std::env::current_exe().map_err(cannot)?)
            .args(["serve", "--lease", LEASE, "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--store", &format!("sqlite:{}", self.folder.join("onward.db").display())])
            .args(["--clock", &self.clock.start.to_string(), &self.clock.begun.to_string()])
            .args(["--speed", &self.clock.speed.to_string()])
            .env("ONWARD_API_KEYS", &self.key)
            .env("ONWARD_SMTP_URL", &self.mail)
            .envs(NOWHERE)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(cannot)?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(cannot)?;
        self.child = Some(child);
        self.ready().await
    }

    async fn ready(&mut self) -> Result<(), Failure> {
        let client = self.client()?;
        let end = Instant::now() + PATIENCE;
        while client.get("/readyz", &()).await.is_err() {
            let gone = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if gone || Instant::now() > end {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                let last: Vec<_> = log.lines().rev().take(5).collect();
                let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Failure::unreachable(
                    format!("`onward serve` does not start:\n{said}"),
                    "is the disk full?",
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills it without warning (SIGKILL), and waits until it is gone.
    pub(super) async fn kill(&mut self) -> Result<(), Failure> {
        if let Some(mut child) = self.child.take() {
            child
                .kill()
                .await
                .map_err(|error| Failure::unreachable(format!("cannot kill the server: {error}"), ""))?;
        }
        Ok(())
    }

    fn log(&self) -> PathBuf {
        self.folder.join("serve.log")
    }
}

/// A proxy where nobody listens: calls to anywhere but this machine end there.
const NOWHERE: [(&str, &str); 4] = [
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("NO_PROXY", "127.0.0.1"),
    ("DATABASE_URL", ""),
];
