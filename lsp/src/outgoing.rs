//! What the server says unasked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_channel::mpsc::UnboundedSender;
use serde_json::Value;
use tower_lsp_server::jsonrpc::{Id, Request};

/// Speaks to the client. It never waits: nobody holds anything while the client is slow.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    line: UnboundedSender<Request>,
    asked: Arc<AtomicI64>,
}

impl Outgoing {
    pub(crate) fn new(line: UnboundedSender<Request>) -> Self {
        Self { line, asked: Arc::default() }
    }

    /// Tells something.
    pub(crate) fn tell(&self, method: &'static str, params: Value) {
        self.send(Request::build(method).params(params).finish());
    }

    /// Asks for something. The id under which the answer comes.
    pub(crate) fn ask(&self, method: &'static str, params: Value) -> Id {
        let id = format!("onward-{}", self.asked.fetch_add(1, Ordering::Relaxed));
        let request = Request::build(method).id(id.clone());
        let request = if params.is_null() { request } else { request.params(params) };
        self.send(request.finish());
        Id::String(id)
    }

    fn send(&self, message: Request) {
        // A client that has gone away misses nothing.
        let _ = self.line.unbounded_send(message);
    }
}
