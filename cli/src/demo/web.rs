//! An HTTP receiver for one machine: takes every request on loopback and hands it on.

use std::io;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::{Json, Router};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caught {
    /// `POST`, say.
    pub(super) method: String,
    /// Path and query.
    pub(super) path: String,
    /// Header `webhook-id` (Standard Webhooks), which is the same when the same call comes again.
    pub(super) key: String,
    /// The body.
    pub(super) body: String,
}

/// Listens on a free port of the loopback address; what comes is sent to `caught`.
pub(super) async fn listen(caught: UnboundedSender<Caught>) -> io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(take).with_state(caught);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn take(
    State(caught): State<UnboundedSender<Caught>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let key = headers.get("webhook-id").and_then(|key| key.to_str().ok()).unwrap_or_default();
    let _ = caught.send(Caught {
        method: method.to_string(),
        path: uri.to_string(),
        key: key.to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    Json(serde_json::json!({}))
}
