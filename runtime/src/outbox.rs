//! Catches what would be sent, for development: nothing leaves the machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::vm::request::{Payload, Request};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use tokio::sync::broadcast;

use crate::dispatch::{Call, Courier, Delivery};

/// So many are kept; older ones are forgotten.
const KEPT: usize = 10_000;
/// So many a slow subscriber may be behind.
const BEHIND: usize = 1_024;

/// Takes every request and keeps it. Clones are the same outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    kept: Mutex<Kept>,
    caught: broadcast::Sender<Arc<Caught>>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    items: VecDeque<Arc<Caught>>,
}

/// A request that was caught.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Caught {
    /// Counts from 1.
    pub number: u64,
    /// When, by the server's clock.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The idempotency key.
    pub key: Arc<str>,
    /// The action.
    pub action: Arc<str>,
    /// The workflow.
    pub workflow: Arc<str>,
    /// The step.
    pub step: Arc<str>,
    /// The run.
    pub run: Arc<str>,
    /// For whom.
    pub subject: EntityId,
    /// What would have been sent.
    #[serde(flatten)]
    pub message: Message,
}

/// What would have been sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Message {
    /// A mail.
    Mail {
        /// Recipients.
        to: Vec<Arc<str>>,
        /// Sender.
        from: Option<Arc<str>>,
        /// Subject.
        subject: Arc<str>,
        /// Plain text.
        text: Arc<str>,
        /// HTML.
        html: Option<Arc<str>>,
    },
    /// An HTTP request. Its headers are left out: they hold secrets.
    Http {
        /// The method.
        method: Arc<str>,
        /// The URL.
        url: Arc<str>,
        /// The body: JSON as it is, a form as an object, text as text.
        body: Json,
    },
}

fn as_text<S: serde::Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self { inner: Arc::new(Inner { kept: Mutex::default(), caught: broadcast::Sender::new(BEHIND) }) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.inner.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was caught after number `after`, in order.
    #[must_use]
    pub fn after(&self, after: u64) -> Vec<Arc<Caught>> {
        self.kept().items.iter().filter(|caught| caught.number > after).cloned().collect()
    }

    /// Gives each request as it is caught from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Caught>> {
        self.inner.caught.subscribe()
    }

    fn catch(&self, call: &Call<'_>) {
        let mut kept = self.kept();
        kept.last += 1;
        let intent = call.intent;
        let caught = Arc::new(Caught {
            number: kept.last,
            at: call.now,
            key: intent.key.clone(),
            action: intent.action.clone(),
            workflow: intent.workflow.clone(),
            step: intent.step.clone(),
            run: intent.run.clone(),
            subject: intent.subject.clone(),
            message: Message::of(call.request),
        });
        if kept.items.len() == KEPT {
            kept.items.pop_front();
        }
        kept.items.push_back(caught.clone());
        // Under the lock, so that subscribers see the same order. Nobody may be listening.
        let _ = self.inner.caught.send(caught);
    }
}

impl Message {
    fn of(request: &Request) -> Self {
        match request {
            Request::Mail(mail) => Self::Mail {
                to: mail.to.clone(),
                from: mail.from.clone(),
                subject: mail.subject.clone(),
                text: mail.text.clone(),
                html: mail.html.clone(),
            },
            Request::Http(http) => {
                Self::Http { method: http.method.clone(), url: http.url.clone(), body: body(&http.body) }
            }
        }
    }
}

fn body(payload: &Payload) -> Json {
    match payload {
        Payload::Empty => Json::Null,
        Payload::Json(json) => json.clone(),
        Payload::Text(text) => Json::from(&**text),
        Payload::Form(pairs) | Payload::Multipart(pairs) => {
            let members: Map<_, _> =
                pairs.iter().map(|(name, value)| (name.to_string(), Json::from(&**value))).collect();
            Json::Object(members)
        }
    }
}

#[async_trait]
impl Courier for Outbox {
    async fn send(&self, call: &Call<'_>) -> Delivery {
        self.catch(call);
        Delivery::Accepted { detail: "caught in the outbox".to_owned(), body: json!({}) }
    }
}
