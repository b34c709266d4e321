//! `onward serve`: a server that runs deployed programs for real.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use onward_bytecode::Artifact;
use onward_runtime::dispatch::{MailServer, Network};
use onward_runtime::store::{self, Store};
use onward_runtime::{Access, Clock, Options, Running, Secrets, Server, StartError};

use crate::client::block;
use crate::failure::{Exit, Failure, Outcome, with_causes};
use crate::logging::{self, Log};
use crate::{moment, secrets};

/// How to make a key, for those who have none.
const MAKE_KEY: &str =
    "make one with `openssl rand -hex 24` and set it as ONWARD_API_KEYS (several: separated by commas)";

/// Run a server: API, workers and dispatch
///
/// Callers need one of the keys in ONWARD_API_KEYS. Secrets that actions name are read from the environment,
/// each under its own name.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where state is kept: sqlite:FILE or postgres://…; DATABASE_URL is read, too
    #[arg(long, env = "ONWARD_STORE", hide_env_values = true, value_name = "ADDRESS")]
    store: Option<String>,
    /// Where to listen
    #[arg(long, env = "ONWARD_LISTEN", default_value = "127.0.0.1:4700", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// The address by which the world knows this server, such as `https://rules.example.com`; some providers sign it
    #[arg(long, env = "ONWARD_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Deploy this artifact at start, unless it is live already
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// How mail leaves, such as smtp://user:password@mail.example.com:587?tls=starttls; comes before onward.toml
    #[arg(long, env = "ONWARD_SMTP_URL", hide_env_values = true, value_name = "URL")]
    smtp: Option<MailServer>,
    /// Number of shards of a new store; it cannot be changed later
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    shards: Option<u16>,
    /// How long a lost server keeps others from its share of the work
    #[arg(long, default_value = "15s", value_name = "DURATION", value_parser = moment::duration_argument)]
    lease: SignedDuration,
    /// How to write the log
    #[arg(long, default_value = "text", value_name = "FORM")]
    log: Log,
    /// Serve without any key; on a loopback address only
    #[arg(long)]
    dev_no_key: bool,
    /// What the clock showed, and when it did; for demonstrations
    #[arg(long, hide = true, num_args = 2, requires = "speed", value_parser = moment::moment_argument)]
    clock: Option<Vec<Timestamp>>,
    /// How fast the clock goes; for demonstrations
    #[arg(long, hide = true, requires = "clock", value_parser = moment::speed_argument)]
    speed: Option<f64>,
}

impl Serve {
    pub(super) fn run(self) -> Outcome {
        let access = self.access(&std::env::var("ONWARD_API_KEYS").unwrap_or_default())?;
        let address = self.store()?;
        let lease = Duration::try_from(self.lease)
            .ok()
            .filter(|lease| *lease >= Duration::from_millis(500))
            .ok_or_else(|| Failure::usage("the lease is too short", "take half a second or more"))?;
        logging::server(self.log);
        block(async {
            let options = store::Options { shards: self.shards, ..store::Options::default() };
            let store = store::open(&address, &options).await.map_err(|error| {
                Failure::unreachable(
                    format!("cannot open the store: {}", with_causes(&error)),
                    "check --store; `onward doctor` tells more",
                )
            })?;
            if let Some(file) = &self.artifact {
                deploy(&*store, file).await?;
            }
            let clock = self.clock()?;
            let secrets = Secrets::new(secrets::from_environment);
            let courier = Network::new(secrets.clone(), self.smtp.clone())
                .map_err(|error| Failure::unreachable(error.to_string(), ""))?;
            let running = Server::start(Options {
                clock,
                secrets,
                access,
                lease,
                listen: self.listen,
                public: self.public_url.clone(),
                ..Options::new(store, Arc::new(courier))
            })
            .await
            .map_err(not_started)?;
            tracing::info!(address = %running.address(), "serving");
            until_told(running).await
        })
    }

    fn access(&self, listed: &str) -> Result<Access, Failure> {
        let keys: Vec<String> = listed
            .split([',', ' ', '\n'])
            .map(str::trim)
            .filter(|key| !key.is_empty())
            .map(str::to_owned)
            .collect();
        match (keys.is_empty(), self.dev_no_key) {
            (false, true) => Err(Failure::usage(
                "there are keys in ONWARD_API_KEYS, and --dev-no-key says that none is needed",
                "leave one of them out",
            )),
            (false, false) => Ok(Access::Keys(keys)),
            (true, true) if self.listen.ip().is_loopback() => Ok(Access::Open),
            (true, true) => Err(Failure::usage(
                format!("without keys everybody who reaches {} could send mail in your name", self.listen),
                MAKE_KEY,
            )),
            (true, false) => Err(Failure::usage(
                "there is no API key: nobody could talk to this server",
                format!("{MAKE_KEY}; to try things out on this machine alone, --dev-no-key"),
            )),
        }
    }

    /// A clock that goes on where it would be had the server run all the time.
    fn clock(&self) -> Result<Clock, Failure> {
        match (self.clock.as_deref(), self.speed) {
            (Some(&[shown, when]), Some(speed)) => {
                let passed = Timestamp::now().duration_since(when).as_secs_f64().max(0.0) * speed;
                let passed = SignedDuration::try_from_secs_f64(passed).unwrap_or(SignedDuration::MAX);
                Ok(Clock::scaled(moment::later(shown, passed)?, speed))
            }
            _ => Ok(Clock::system()),
        }
    }

    fn store(&self) -> Result<String, Failure> {
        let named =
            self.store.clone().or_else(|| secrets::from_environment("DATABASE_URL")).ok_or_else(|| {
                Failure::usage(
                    "no store is named",
                    "--store sqlite:onward.db keeps everything in a file; --store postgres://… in a database",
                )
            })?;
        let known = ["sqlite:", "postgres://", "postgresql://"];
        if known.iter().any(|start| named.starts_with(start)) {
            Ok(named)
        } else {
            // The address may hold a password: it is not repeated.
            Err(Failure::usage(
                "the store's address is of no known kind",
                "write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE",
            ))
        }
    }
}

/// Why a server does not start, with what to do.
pub(crate) fn not_started(error: StartError) -> Failure {
    let help = match &error {
        StartError::Listen { .. } => "name another address by --listen; 127.0.0.1:0 takes any free port",
        StartError::Store(_) => "look at the disk, or at the database's log",
        StartError::Program { .. } => "deploy a program that this version compiled",
    };
    Failure::unreachable(with_causes(&error), help)
}

/// Makes the artifact live, unless it is.
async fn deploy(store: &dyn Store, file: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(file).map_err(|error| Failure::file("read", file, &error))?;
    let program = Artifact::decode(&bytes).map_err(|error| {
        Failure::refused(
            format!("`{}` cannot be run: {error}", file.display()),
            "`onward compile -o FILE` makes artifacts",
        )
    })?;
    let failed = |error: store::StoreError| {
        Failure::unreachable(format!("cannot deploy: {}", with_causes(&error)), "check the store")
    };
    let hash = program.hash();
    if store.live().await.map_err(failed)?.is_some_and(|live| live.hash == hash) {
        return Ok(());
    }
    store.put_program(hash, &bytes).await.map_err(failed)?;
    store
        .deploy(hash, "serve --artifact", Timestamp::now(), Some(store::Edges::Silent))
        .await
        .map_err(failed)?;
    tracing::info!(%hash, "deployed");
    Ok(())
}

/// Runs until a signal comes, then stops in order; at the second signal at once.
async fn until_told(running: Running) -> Outcome {
    signal().await?;
    tracing::info!("stopping: finishing what is in hand");
    tokio::select! {
        stopped = running.stop() => match stopped {
            Ok(()) => tracing::info!("stopped"),
            Err(error) => tracing::warn!(%error, "stopped, and what this server held is free after its lease"),
        },
        again = signal() => {
            again?;
            tracing::warn!("stopped at once; what was in hand is taken up after its lease");
        }
    }
    Ok(Exit::Fine)
}

/// Waits for SIGTERM or SIGINT.
async fn signal() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let wrong =
        |error: std::io::Error| Failure::unreachable(format!("cannot listen for signals: {error}"), "");
    let mut terminate = signal(SignalKind::terminate()).map_err(wrong)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(wrong)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
