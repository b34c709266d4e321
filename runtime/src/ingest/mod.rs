//! Ingestion: what strangers send becomes facts, or is refused with a reason.
//!
//! Facts of many requests are committed together: while one commit is under way the next
//! requests gather, so that an idle server waits for nothing and a busy one commits
//! rarely. It must not know HTTP or what rules do with facts.

mod entity;
mod event;
mod fresh;
mod json;
mod members;
mod refusal;
mod segment;
mod who;

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::Program;
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::event::{Refused, Taken};
pub(crate) use self::fresh::Fresh;
pub(crate) use self::json::{Document, NotJson, Parsed, document, value};
pub(crate) use self::refusal::Refusal;
pub(crate) use self::segment::Call;

use crate::signals::Signals;
use crate::store::{NewFact, Receipt, Store, StoreError};

/// So many requests may wait for their commit before new ones wait for a place.
const WAITING: usize = 4_096;
/// So many facts make a commit, unless one request alone has more.
const COMMIT: usize = 10_000;

/// What a reader has to know.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The live program's declarations.
    pub(crate) program: Option<&'a Program>,
    pub(crate) now: Timestamp,
    pub(crate) fresh: &'a Fresh,
}

impl Reader<'_> {
    /// One event of `POST /v1/events`.
    pub(crate) fn event(self, parsed: Parsed) -> Result<Taken, Box<Refused>> {
        event::read(parsed, self.program, self.now, self.fresh)
    }

    /// One entity of `POST /v1/entities`.
    pub(crate) fn entity(self, parsed: Parsed) -> Result<NewFact, Refusal> {
        entity::read(parsed, self.program, self.now, self.fresh)
    }

    /// One call of Segment's API; without `call` its `type` says which.
    pub(crate) fn segment(self, parsed: &Parsed, call: Option<Call>, sent: Option<Timestamp>) -> Result<Taken, Refusal> {
        segment::read(parsed, call, sent, self.program, self.now, self.fresh)
    }
}

/// A moment as Segment's clients write it.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    members::moment(text)
}

/// Takes facts of many requests in.
#[derive(Debug, Clone)]
pub(crate) struct Ingest {
    requests: mpsc::Sender<Request>,
}

#[derive(Debug)]
struct Request {
    facts: Vec<NewFact>,
    answer: oneshot::Sender<Result<Vec<Receipt>, Arc<StoreError>>>,
}

/// Why facts were not taken in.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum IngestError {
    #[error(transparent)]
    Store(Arc<StoreError>),
    #[error("the server is stopping")]
    Stopping,
}

impl Ingest {
    /// Starts to take facts in. It ends when the last clone of the answer is gone.
    pub(crate) fn start(store: Arc<dyn Store>, signals: Arc<Signals>) -> (Self, tokio::task::JoinHandle<()>) {
        let (requests, waiting) = mpsc::channel(WAITING);
        (Self { requests }, tokio::spawn(gather(store, signals, waiting)))
    }

    /// Takes facts in, and answers when they are durable.
    pub(crate) async fn accept(&self, facts: Vec<NewFact>) -> Result<Vec<Receipt>, IngestError> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request { facts, answer }).await.map_err(|_| IngestError::Stopping)?;
        answered.await.map_err(|_| IngestError::Stopping)?.map_err(IngestError::Store)
    }
}

async fn gather(store: Arc<dyn Store>, signals: Arc<Signals>, mut waiting: mpsc::Receiver<Request>) {
    while let Some(first) = waiting.recv().await {
        let mut size = first.facts.len();
        let mut together = vec![first];
        while size < COMMIT {
            let Ok(next) = waiting.try_recv() else { break };
            size += next.facts.len();
            together.push(next);
        }
        commit(&*store, together).await;
        signals.facts();
    }
}

async fn commit(store: &dyn Store, mut requests: Vec<Request>) {
    let facts = requests.iter().flat_map(|request| request.facts.iter().cloned()).collect();
    match store.accept(facts).await {
        Ok(receipts) => {
            let mut receipts = receipts.into_iter();
            for request in requests {
                let own = receipts.by_ref().take(request.facts.len()).collect();
                // The client may have gone away.
                let _ = request.answer.send(Ok(own));
            }
        }
        Err(error) if requests.len() == 1 => {
            if let Some(only) = requests.pop() {
                let _ = only.answer.send(Err(Arc::new(error)));
            }
        }
        // One of them may be to blame: each for itself.
        Err(_) => {
            for request in requests {
                let answer = store.accept(request.facts).await.map_err(Arc::new);
                let _ = request.answer.send(answer);
            }
        }
    }
}
