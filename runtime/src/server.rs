//! One process: HTTP, ingestion, workers and dispatch on one store.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use onward_engine::model::Edges;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::dispatch::{Courier, Dispatch, Limits, Parts};
use crate::http::{Access, Api, router};
use crate::ingest::{Fresh, Ingest};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::programs::{Change, DeployError, Library, LibraryError};
use crate::secrets::Secrets;
use crate::signals::{Signals, Stage};
use crate::store::{Store, StoreError};
use crate::worker::{Load, Worker};

/// How often a node looks whether another has deployed.
const LOOK: Duration = Duration::from_secs(1);

/// So many requests of one action are caught at once.
const CAUGHT: u32 = 256;

/// How a server is run.
pub struct Options {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What time it is for rules.
    pub clock: Clock,
    /// What this node is called; every process adds something of its own.
    pub node: String,
    /// Who may use the API.
    pub access: Access,
    /// Secrets that requests to providers are made with.
    pub secrets: Secrets,
    /// Carries requests to providers.
    pub courier: Arc<dyn Courier>,
    /// The courier, if it is an outbox that `GET /v1/outbox` shows.
    pub outbox: Option<Outbox>,
    /// Where HTTP listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The server's address as the world knows it, `https://rules.acme.com`: some providers sign it. Without it
    /// it is what a request says, or the proxy before the server.
    pub public: Option<String>,
    /// How long this node's leases hold without a sign of life.
    pub lease: Duration,
    /// How many shards are worked on at once.
    pub workers: usize,
    /// How many entities a second are filled in after a deployment that watches something new.
    pub fills: u32,
    /// How much is sent at once.
    pub limits: Limits,
    /// How long calls in flight may take when the server stops.
    pub grace: Duration,
}

impl Options {
    /// Usual settings: the machine's clock, an API on a free loopback port that is open to all.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, courier: Arc<dyn Courier>) -> Self {
        Self {
            store,
            clock: Clock::system(),
            node: "node".to_owned(),
            access: Access::Open,
            secrets: Secrets::none(),
            courier,
            outbox: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public: None,
            lease: Duration::from_secs(10),
            workers: 4,
            fills: 5_000,
            limits: Limits::default(),
            grace: Duration::from_secs(30),
        }
    }

    /// The same, but every request is caught in `outbox`: there is no provider to be spared.
    #[must_use]
    pub fn caught(store: Arc<dyn Store>, outbox: Outbox) -> Self {
        let limits = Limits { http: CAUGHT, smtp: CAUGHT, ..Limits::default() };
        Self { outbox: Some(outbox.clone()), limits, ..Self::new(store, Arc::new(outbox)) }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}; is another server there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The live program is of another version.
    #[error("{message}")]
    Program {
        /// What is wrong with it.
        message: String,
        /// Why.
        #[source]
        source: onward_bytecode::ArtifactError,
    },
}

/// Why a program was not deployed.
#[derive(Debug, thiserror::Error)]
pub enum NotDeployed {
    /// The bytes are no program that can run.
    #[error(transparent)]
    Artifact(#[from] onward_bytecode::ArtifactError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts servers.
pub struct Server;

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    store: Arc<dyn Store>,
    clock: Clock,
    library: Arc<Library>,
    signals: Arc<Signals>,
    pace: Pace,
    node: Arc<str>,
    grace: Duration,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Server {
    /// Starts a server. It runs until [`Running::stop`].
    ///
    /// # Errors
    /// If it cannot listen, or the store or its live program cannot be used.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        crate::install_tls();
        let store = options.store;
        let library = Arc::new(Library::new());
        library.refresh(&*store).await?;
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|source| StartError::Listen { address: options.listen, source })?;
        let address =
            listener.local_addr().map_err(|source| StartError::Listen { address: options.listen, source })?;
        let signals = Arc::new(Signals::new());
        let fresh = Fresh::new(&options.node);
        let node: Arc<str> = format!("{}/{}", options.node, fresh.id()).into();
        let worker = Arc::new(Worker::new(
            store.clone(),
            options.clock.clone(),
            library.clone(),
            signals.clone(),
            node.clone(),
            options.lease,
            Load { slots: options.workers, fills: options.fills },
        ));
        let dispatch = Arc::new(Dispatch::new(Parts {
            store: store.clone(),
            clock: options.clock.clone(),
            library: library.clone(),
            signals: signals.clone(),
            node: node.clone(),
            secrets: options.secrets.clone(),
            courier: options.courier,
            limits: options.limits,
        }));
        worker.renew().await?;
        let pace = Pace {
            store: store.clone(),
            clock: options.clock.clone(),
            signals: signals.clone(),
            worker: worker.clone(),
            dispatch: dispatch.clone(),
        };
        let (ingest, gathering) = Ingest::start(store.clone(), signals.clone());
        let api = Arc::new(Api {
            store: store.clone(),
            clock: options.clock.clone(),
            library: library.clone(),
            signals: signals.clone(),
            ingest,
            fresh,
            access: options.access,
            worker: worker.clone(),
            pace: pace.clone(),
            outbox: options.outbox,
            secrets: options.secrets,
            public: options.public,
        });
        let tasks = vec![
            tokio::spawn(serve(listener, api, signals.clone())),
            gathering,
            tokio::spawn(worker.clone().keep_leases()),
            tokio::spawn(worker.clone().keep_filling()),
            tokio::spawn(worker.run()),
            tokio::spawn(dispatch.run()),
            tokio::spawn(follow(store.clone(), library.clone(), signals.clone())),
        ];
        let clock = options.clock;
        let (grace, tasks) = (options.grace, Mutex::new(tasks));
        Ok(Running { address, store, clock, library, signals, pace, node, grace, tasks })
    }
}

async fn serve(listener: TcpListener, api: Arc<Api>, signals: Arc<Signals>) {
    let stopping = signals.clone();
    let graceful = async move { stopping.reached(Stage::Stopping).await };
    let served = async {
        if let Err(error) = axum::serve(listener, router(api)).with_graceful_shutdown(graceful).await {
            tracing::error!(error = &error as &dyn std::error::Error, "HTTP has ended");
        }
    };
    tokio::select! { () = served => {}, () = signals.reached(Stage::Stopped) => {} }
}

/// Looks out for what other nodes deploy.
async fn follow(store: Arc<dyn Store>, library: Arc<Library>, signals: Arc<Signals>) {
    while signals.is_running() {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = signals.reached(Stage::Stopping) => return,
        }
        match library.refresh(&*store).await {
            Ok(Change::Same) => {}
            Ok(Change::Other) => {
                tracing::info!("another program is live");
                signals.effects.notify_one();
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the live program cannot be looked up"
                );
            }
        }
    }
}

impl Running {
    /// Where HTTP listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Verifies an artifact and makes it live, at once in this process.
    ///
    /// # Errors
    /// If it is not safe to run, or the store fails.
    pub async fn deploy(&self, artifact: Vec<u8>, by: &str) -> Result<(), NotDeployed> {
        match self.library.deploy(&*self.store, artifact, by, self.clock.now(), Edges::Silent).await {
            Ok(_) => {
                self.signals.facts();
                self.signals.intents();
                Ok(())
            }
            Err(DeployError::Artifact(error)) => Err(error.into()),
            Err(DeployError::Library(LibraryError::Store(error))) => Err(error.into()),
            Err(DeployError::Library(LibraryError::Unusable { source, .. })) => Err(source.into()),
        }
    }

    /// Waits until all facts are applied, no timer or effect is due and no call is out.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn until_idle(&self) -> Result<(), StoreError> {
        self.pace.until_idle().await
    }

    /// Moves a virtual clock to `target`, stopping at every moment at which something is due
    /// until all of it is done.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn jump(&self, target: Timestamp) -> Result<(), StoreError> {
        self.pace.jump(target).await
    }

    /// Stops: takes nothing new, ends what it has begun as far as the grace allows, and gives
    /// its leases up. Calling it again changes nothing.
    ///
    /// # Errors
    /// If the leases cannot be given up; they run out by themselves.
    pub async fn stop(&self) -> Result<(), StoreError> {
        self.signals.enter(Stage::Stopping);
        let mut tasks = std::mem::take(&mut *self.tasks.lock().await);
        if tasks.is_empty() {
            return Ok(());
        }
        let ended = async {
            for task in &mut tasks {
                // What failed has said so.
                let _ = task.await;
            }
        };
        if tokio::time::timeout(self.grace, ended).await.is_err() {
            self.signals.enter(Stage::Stopped);
            for task in tasks.iter_mut().filter(|task| !task.is_finished()) {
                if tokio::time::timeout(Duration::from_secs(1), &mut *task).await.is_err() {
                    task.abort();
                }
            }
        }
        self.store.leave(&self.node).await
    }
}

impl From<LibraryError> for StartError {
    fn from(error: LibraryError) -> Self {
        let message = error.to_string();
        match error {
            LibraryError::Store(error) => Self::Store(error),
            LibraryError::Unusable { source, .. } => Self::Program { message, source },
        }
    }
}
