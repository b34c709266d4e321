//! Where messages come in: each is on the desk before the next is looked at.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::{mpsc, oneshot};
use tower_lsp_server::Loopback;
use tower_lsp_server::jsonrpc::{Request, Response};
use tower_service::Service;

use crate::desk::Desk;

/// Takes messages from the transport. It answers when the desk does.
pub(crate) struct Door {
    desk: Desk,
}

impl Door {
    pub(crate) fn new(desk: Desk) -> Self {
        Self { desk }
    }
}

impl Service<Request> for Door {
    type Response = Option<Response>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Option<Response>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Request) -> Self::Future {
        let (answer, answered) = oneshot::channel();
        // Before any await: the order of messages is the order of the desk.
        self.desk.put(message, answer);
        Box::pin(async move { Ok(answered.await.ok()) })
    }
}

/// The line back to the client: what the server asks and tells, and what the client answers.
pub(crate) struct Line {
    /// From the server.
    pub(crate) requests: mpsc::UnboundedReceiver<Request>,
    /// From the client.
    pub(crate) answers: mpsc::UnboundedSender<Response>,
}

impl Loopback for Line {
    type RequestStream = mpsc::UnboundedReceiver<Request>;
    type ResponseSink = mpsc::UnboundedSender<Response>;

    fn split(self) -> (Self::RequestStream, Self::ResponseSink) {
        (self.requests, self.answers)
    }
}
