//! The one actor: it owns the documents, takes messages in their order, and has requests
//! answered elsewhere from snapshots of what it knew when they came.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_channel::{mpsc, oneshot};
use futures_core::Stream;
use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use crate::Ended;
use crate::documents::Documents;
use crate::door::Line;
use crate::jobs::Jobs;
use crate::outgoing::Outgoing;
use crate::projects::Projects;
use crate::snapshot::Snapshot;
use crate::wire::diagnostics::Published;
use crate::wire::{self, Client, Noted, Settings, Told};

/// What reaches the desk.
enum Incoming {
    Message(Request, oneshot::Sender<Response>),
    /// The client's answer to something that it was asked.
    Answer(Response),
    Close(oneshot::Sender<Ended>),
}

/// Puts messages on the desk.
#[derive(Clone)]
pub(crate) struct Desk {
    queue: Sender<Incoming>,
    /// How many messages it has taken from its queue.
    taken: Arc<AtomicU64>,
    running: Running,
}

/// Opens the desk. The line leads to the client.
pub(crate) fn open() -> (Desk, Line) {
    let (queue, incoming) = channel();
    let (told, requests) = mpsc::unbounded();
    let (answers, answered) = mpsc::unbounded();
    let (taken, running): (Arc<AtomicU64>, Running) = Default::default();
    let clerk = Clerk {
        taken: taken.clone(),
        stage: Stage::New,
        client: Client::default(),
        documents: Documents::default(),
        projects: Projects::default(),
        running: running.clone(),
        revision: Arc::default(),
        jobs: Jobs::start(),
        outgoing: Outgoing::new(told),
        settings: Arc::default(),
        settings_asked: None,
        told: Arc::default(),
        published: Arc::default(),
        unpublished: false,
    };
    thread::spawn(move || clerk.work(&incoming));
    let answers_to = queue.clone();
    thread::spawn(move || forward(answered, &answers_to));
    (Desk { queue, taken, running }, Line { requests, answers })
}

/// Puts what the client answers on the desk.
fn forward(answered: mpsc::UnboundedReceiver<Response>, desk: &Sender<Incoming>) {
    let mut answered = std::pin::pin!(answered);
    let woken = std::task::Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = std::task::Context::from_waker(&woken);
    loop {
        match answered.as_mut().poll_next(&mut context) {
            std::task::Poll::Ready(Some(answer)) => {
                let _ = desk.send(Incoming::Answer(answer));
            }
            std::task::Poll::Ready(None) => return,
            std::task::Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(thread::Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Desk {
    /// Puts a message on the desk.
    pub(crate) fn put(&self, message: Request, answer: oneshot::Sender<Response>) {
        let _ = self.queue.send(Incoming::Message(message, answer));
    }

    /// Waits until so many messages are taken and everything that was asked is answered.
    pub(crate) fn wait(&self, messages: u64) {
        let busy = || self.taken.load(Ordering::SeqCst) < messages || !lock(&self.running).is_empty();
        while busy() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// No more messages will come. How the session has ended.
    pub(crate) fn close(&self) -> Ended {
        let (tell, told) = oneshot::channel();
        let _ = self.queue.send(Incoming::Close(tell));
        tokio::runtime::Builder::new_current_thread()
            .build()
            .ok()
            .and_then(|runtime| runtime.block_on(told).ok())
            .unwrap_or(Ended::Abruptly)
    }
}

/// How far the client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not said `initialize`.
    New,
    Running,
    /// It has said `shutdown`.
    Down,
}

/// Answers that are owed, by the request's id: whoever takes one out gives it.
type Running = Arc<Mutex<HashMap<Id, oneshot::Sender<Response>>>>;

struct Clerk {
    taken: Arc<AtomicU64>,
    stage: Stage,
    client: Client,
    documents: Documents,
    projects: Projects,
    running: Running,
    /// Counts the changes of texts.
    revision: Arc<AtomicU64>,
    jobs: Jobs,
    outgoing: Outgoing,
    settings: Arc<Settings>,
    /// What the settings were last asked for by.
    settings_asked: Option<Id>,
    told: Arc<Told>,
    published: Arc<Mutex<Published>>,
    /// Whether texts have changed since diagnostics were last worked out.
    unpublished: bool,
}

impl Clerk {
    fn work(mut self, incoming: &Receiver<Incoming>) {
        loop {
            // Diagnostics are worked out when no message waits.
            let wait = if self.unpublished { Duration::ZERO } else { Duration::from_secs(3600) };
            match incoming.recv_timeout(wait) {
                Ok(Incoming::Message(message, answer)) => self.take(message, answer),
                Ok(Incoming::Answer(answer)) => self.answered(answer),
                Ok(Incoming::Close(tell)) => {
                    let ended = if self.stage == Stage::Down { Ended::Orderly } else { Ended::Abruptly };
                    let _ = tell.send(ended);
                }
                Err(RecvTimeoutError::Timeout) => self.publish(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, message: Request, answer: oneshot::Sender<Response>) {
        let (method, id, params) = message.into_parts();
        let params = params.unwrap_or(Value::Null);
        match id {
            Some(id) => self.request(&method, id, params, answer),
            None => self.note(&method, params),
        }
        self.taken.fetch_add(1, Ordering::SeqCst);
    }

    fn request(&mut self, method: &str, id: Id, params: Value, answer: oneshot::Sender<Response>) {
        let now = match (self.stage, method) {
            (Stage::New, "initialize") => Some(self.initialize(params.clone())),
            (Stage::New, _) => Some(Err(not_initialized())),
            (Stage::Running, "shutdown") => {
                self.stage = Stage::Down;
                Some(Ok(Value::Null))
            }
            (Stage::Running, "initialize") | (Stage::Down, _) => Some(Err(Error::invalid_request())),
            (Stage::Running, _) => None,
        };
        if let Some(result) = now {
            let _ = answer.send(Response::from_parts(id, result));
            return;
        }
        let Some(handler) = wire::handler(method) else {
            let _ = answer.send(Response::from_error(id, unknown_method(method)));
            return;
        };
        self.owe(id.clone(), answer);
        let (running, snapshot, client) = (Arc::clone(&self.running), self.snapshot(), self.client.clone());
        let (revision, seen) = (Arc::clone(&self.revision), self.revision.load(Ordering::SeqCst));
        self.jobs.put(move || {
            if !is_owed(&running, &id) {
                return;
            }
            // What was asked about is gone: the client asks again if it still wants to know.
            let result = if revision.load(Ordering::SeqCst) == seen {
                handler(&snapshot, &client, params)
            } else {
                Err(Error::content_modified())
            };
            give(&running, id, result);
        });
    }

    fn owe(&self, id: Id, answer: oneshot::Sender<Response>) {
        let before = lock(&self.running).insert(id.clone(), answer);
        if let Some(before) = before {
            let _ = before.send(Response::from_error(id, Error::invalid_request()));
        }
    }

    fn note(&mut self, method: &str, params: Value) {
        if method == "$/cancelRequest" {
            if let Some(id) = params.get("id").and_then(|it| serde_json::from_value(it.clone()).ok()) {
                give(&self.running, id, Err(Error::request_cancelled()));
            }
            return;
        }
        if self.stage != Stage::Running {
            return;
        }
        let Some(noted) = wire::noted(method, params) else { return };
        match noted {
            Noted::Initialized => {
                self.register();
                self.ask_settings();
            }
            Noted::Settings(value) => {
                // Who can be asked sends nothing, or what counts only in part.
                if !self.ask_settings() {
                    self.set(Settings::read(&value));
                }
            }
            Noted::Opened { uri, text, version } => {
                self.documents.open(&uri, text, version);
                self.changed(&uri);
            }
            Noted::Changed { uri, edits, version } => {
                self.documents.change(&uri, &edits, version, self.client.encoding);
                self.changed(&uri);
            }
            Noted::Closed { uri } => {
                self.documents.close(&uri);
                self.changed(&uri);
            }
            Noted::OnDisk { paths } => {
                paths.iter().for_each(|path| self.projects.changed_on_disk(path));
                self.moved_on();
            }
            Noted::Folders { added, removed } => {
                let kept = self.projects.folders().iter().filter(|it| !removed.contains(it)).cloned();
                let folders = kept.chain(added).collect();
                self.projects.set_folders(folders);
                self.moved_on();
            }
            Noted::Nothing => {}
        }
    }

    fn initialize(&mut self, params: Value) -> Result<Value, Error> {
        let (client, folders) = wire::initialize(params)?;
        self.client = client;
        self.projects.set_folders(folders);
        self.stage = Stage::Running;
        self.unpublished = true;
        Ok(wire::capabilities(&self.client))
    }

    fn register(&self) {
        for (method, params) in wire::registrations(&self.client) {
            self.outgoing.ask(method, params);
        }
    }

    /// Asks for the settings; whether the client can be asked.
    fn ask_settings(&mut self) -> bool {
        let Some((method, params)) = wire::settings_request(&self.client) else { return false };
        self.settings_asked = Some(self.outgoing.ask(method, params));
        true
    }

    fn answered(&mut self, answer: Response) {
        let (id, result) = answer.into_parts();
        if self.settings_asked.as_ref() == Some(&id) {
            self.settings_asked = None;
            let value = result.unwrap_or_default();
            self.set(value.get(0).map(Settings::read).unwrap_or_default());
        }
    }

    fn set(&mut self, settings: Settings) {
        self.settings = Arc::new(settings);
    }

    fn changed(&mut self, uri: &str) {
        self.projects.touch(uri);
        self.moved_on();
    }

    fn moved_on(&mut self) {
        self.revision.fetch_add(1, Ordering::SeqCst);
        self.unpublished = true;
    }

    /// What is known now.
    fn snapshot(&mut self) -> Snapshot {
        let mut projects = self.projects.all(&self.documents);
        let untitled: Vec<Arc<str>> = self
            .documents
            .iter()
            .filter(|(_, document)| document.path.is_none())
            .map(|(uri, _)| uri.clone())
            .collect();
        projects.extend(untitled.iter().filter_map(|uri| self.projects.of(uri, &self.documents)));
        Snapshot {
            encoding: self.client.encoding,
            documents: self.documents.clone(),
            projects,
            settings: self.settings.clone(),
            told: self.told.clone(),
        }
    }

    /// Has diagnostics worked out and told, unless something newer comes first.
    fn publish(&mut self) {
        self.unpublished = false;
        let (snapshot, client) = (self.snapshot(), self.client.clone());
        let (revision, seen) = (Arc::clone(&self.revision), self.revision.load(Ordering::SeqCst));
        let (published, outgoing) = (Arc::clone(&self.published), self.outgoing.clone());
        self.jobs.put(move || {
            let current = || revision.load(Ordering::SeqCst) == seen;
            if current() {
                let found = wire::diagnostics::all(&snapshot, &client);
                let mut published = lock(&published);
                if current() {
                    published.tell(found, &client, &outgoing);
                }
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_owed(running: &Running, id: &Id) -> bool {
    lock(running).contains_key(id)
}

/// Gives an answer that is still owed.
fn give(running: &Running, id: Id, result: Result<Value, Error>) {
    let owed = lock(running).remove(&id);
    if let Some(answer) = owed {
        let _ = answer.send(Response::from_parts(id, result));
    }
}

/// LSP 3.17, `ErrorCodes.ServerNotInitialized`.
fn not_initialized() -> Error {
    Error { code: ErrorCode::ServerError(-32002), message: "not initialized yet".into(), data: None }
}

fn unknown_method(method: &str) -> Error {
    Error { message: format!("no method `{method}`").into(), ..Error::method_not_found() }
}
