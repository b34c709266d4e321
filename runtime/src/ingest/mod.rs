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
mod source;
mod who;

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::Program;
use onward_engine::vm::source::Reading;
use tokio::sync::{mpsc, oneshot};

pub(crate) use self::event::{Refused, Taken};
pub(crate) use self::fresh::Fresh;
pub(crate) use self::json::{Document, NotJson, Parsed, Trouble, document, value};
pub(crate) use self::refusal::{Refusal, nearest};
pub(crate) use self::segment::Call;
pub(crate) use self::source::{Heard, Sort};

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
    pub(crate) fn segment(
        self,
        parsed: &Parsed,
        call: Option<Call>,
        sent: Option<Timestamp>,
    ) -> Result<Taken, Refusal> {
        segment::read(parsed, call, sent, self.program, self.now, self.fresh)
    }

    /// What a source has read out of a request.
    pub(crate) fn source(self, source: &str, reading: &Reading, program: &Program) -> Heard {
        source::read(source, reading, program, self.now, self.fresh)
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
        let keep = move |facts| {
            let (store, signals) = (store.clone(), signals.clone());
            async move {
                let receipts = store.accept(facts).await;
                signals.facts();
                receipts
            }
        };
        (Self { requests }, tokio::spawn(gather(keep, waiting)))
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

/// Commits what has come so far, again and again.
async fn gather<K, F>(keep: K, mut waiting: mpsc::Receiver<Request>)
where
    K: Fn(Vec<NewFact>) -> F,
    F: Future<Output = Result<Vec<Receipt>, StoreError>>,
{
    while let Some(first) = waiting.recv().await {
        let mut size = first.facts.len();
        let mut together = vec![first];
        while size < COMMIT {
            let Ok(next) = waiting.try_recv() else { break };
            size += next.facts.len();
            together.push(next);
        }
        commit(&keep, together).await;
    }
}

async fn commit<K, F>(keep: &K, mut requests: Vec<Request>)
where
    K: Fn(Vec<NewFact>) -> F,
    F: Future<Output = Result<Vec<Receipt>, StoreError>>,
{
    let facts = requests.iter().flat_map(|request| request.facts.iter().cloned()).collect();
    match keep(facts).await {
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
                let answer = keep(request.facts).await.map_err(Arc::new);
                let _ = request.answer.send(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use onward_engine::model::{FactKind, Origin};

    use super::*;
    use crate::store::Who;

    fn fact(id: &str) -> NewFact {
        NewFact {
            id: id.into(),
            who: Who::id("contact", "ana"),
            contact: None,
            kind: FactKind::Deleted,
            refers: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
            origin: Origin::Live,
        }
    }

    /// Keeps everything but the fact `bad`, which spoils its commit.
    fn keep(commits: &Mutex<Vec<Vec<String>>>, facts: &[NewFact]) -> Result<Vec<Receipt>, StoreError> {
        let ids: Vec<String> = facts.iter().map(|fact| fact.id.to_string()).collect();
        if ids.iter().any(|id| id == "bad") {
            return Err(StoreError::Nobody { id: "bad".to_owned() });
        }
        commits.lock().unwrap().push(ids);
        Ok(facts.iter().map(|fact| Receipt::Duplicate { id: fact.id.clone() }).collect())
    }

    async fn committed(requests: &[&[&str]]) -> (Vec<Vec<String>>, Vec<bool>) {
        let commits = Arc::new(Mutex::new(Vec::new()));
        let (sender, waiting) = mpsc::channel(100);
        let mut answers = Vec::new();
        for ids in requests {
            let (answer, answered) = oneshot::channel();
            let facts = ids.iter().map(|id| fact(id)).collect();
            sender.send(Request { facts, answer }).await.unwrap();
            answers.push((ids.len(), answered));
        }
        drop(sender);
        let kept = commits.clone();
        gather(
            |facts| {
                let kept = keep(&kept, &facts);
                async move { kept }
            },
            waiting,
        )
        .await;
        let mut fine = Vec::new();
        for (size, answered) in answers {
            let answer = answered.await.unwrap();
            fine.push(answer.is_ok_and(|receipts| receipts.len() == size));
        }
        let commits = commits.lock().unwrap().clone();
        (commits, fine)
    }

    #[tokio::test]
    async fn requests_that_wait_are_committed_together() {
        let (commits, fine) = committed(&[&["a", "b"], &["c"], &["d"]]).await;
        assert_eq!(commits, [["a", "b", "c", "d"]]);
        assert_eq!(fine, [true, true, true]);
    }

    #[tokio::test]
    async fn a_request_that_cannot_be_kept_spoils_no_other() {
        let (commits, fine) = committed(&[&["a"], &["bad"], &["b"]]).await;
        assert_eq!(commits, [["a"], ["b"]]);
        assert_eq!(fine, [true, false, true]);
    }
}
