//! The server of the demo: this program once more, as a child that can be killed.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::process::{Child, Command};

use crate::client::Client;
use crate::failure::Failure;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a killed server's share stays its own: short, for people who watch.
const LEASE: &str = "1s";

/// How to start the server.
pub(super) struct Server {
    folder: PathBuf,
    key: String,
    port: u16,
    mail: String,
    speed: f64,
    child: Option<Child>,
}

impl Server {
    /// A server that keeps its store in `folder` and sends its mail to `mail`; it does not run yet.
    pub(super) fn new(folder: PathBuf, mail: String, speed: f64) -> Result<Self, Failure> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| Failure::unreachable(format!("no port is free: {error}"), ""))?.port();
        let key = blake3::hash(format!("{folder:?} {port} {}", Timestamp::now()).as_bytes()).to_hex().to_string();
        Ok(Self { folder, key, port, mail, speed, child: None })
    }

    /// A client with its key.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        Client::new(&format!("http://127.0.0.1:{}", self.port), Some(self.key.clone()))
    }

    /// Starts it with its clock at `now`, and waits until it is ready.
    pub(super) async fn start(&mut self, now: Timestamp) -> Result<(), Failure> {
        let cannot = |error: std::io::Error| Failure::unreachable(format!("cannot start `onward serve`: {error}"), "");
        let log = std::fs::File::options().create(true).append(true).open(self.log()).map_err(cannot)?;
        let child = Command::new(std::env::current_exe().map_err(cannot)?)
            .args(["serve", "--lease", LEASE, "--listen", &format!("127.0.0.1:{}", self.port)])
            .args(["--store", &format!("sqlite:{}", self.folder.join("onward.db").display())])
            .args(["--clock", &now.to_string(), "--speed", &self.speed.to_string()])
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
                return Err(Failure::unreachable(format!("`onward serve` does not start:\n{said}"), "is the disk full?"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Kills it without warning (SIGKILL), and waits until it is gone.
    pub(super) async fn kill(&mut self) -> Result<(), Failure> {
        if let Some(mut child) = self.child.take() {
            child.kill().await.map_err(|error| Failure::unreachable(format!("cannot kill the server: {error}"), ""))?;
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
