//! The HTTP API. Each answer is JSON; each refusal says what, where and what to do.
//!
//! It must not know SQL or what rules mean: it asks the store and hands facts to ingestion.

mod access;
mod answer;
mod dev;
mod drafts;
mod facts;
mod guess;
mod parked;
mod programs;
mod request;
mod runs;
mod schema;
mod segment;
mod sources;
mod stats;
mod workflows;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

pub use self::access::Access;

use self::answer::{Answer, Problem, stopping};
use crate::clock::Clock;
use crate::ingest::{Fresh, Ingest};
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::programs::Library;
use crate::secrets::Secrets;
use crate::signals::Signals;
use crate::store::Store;
use crate::worker::Worker;

/// What handlers use.
pub(crate) struct Api {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) library: Arc<Library>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) ingest: Ingest,
    pub(crate) fresh: Fresh,
    pub(crate) access: Access,
    pub(crate) worker: Arc<Worker>,
    pub(crate) pace: Pace,
    pub(crate) outbox: Option<Outbox>,
    /// What requests to sources are proved with.
    pub(crate) secrets: Secrets,
    /// The server's address as the world knows it.
    pub(crate) public: Option<String>,
}

/// All paths.
pub(crate) fn router(api: Arc<Api>) -> Router {
    let closed = Router::new()
        .route("/v1/events", post(facts::events))
        .route("/v1/entities", post(facts::entities))
        .route("/v1/runs", get(runs::list))
        .route("/v1/runs/{id}", get(runs::one))
        .route("/v1/runs/{id}/stop", post(runs::stop))
        .route("/v1/logs", get(runs::logs))
        .route("/v1/stats", get(stats::all))
        .route("/v1/stats/{workflow}", get(stats::one))
        .route("/v1/schema", get(schema::schema))
        .route("/v1/drafts", get(drafts::list))
        .route("/v1/drafts/approve", post(drafts::approve))
        .route("/v1/drafts/discard", post(drafts::discard))
        .route("/v1/drafts/{key}", get(drafts::one).patch(drafts::edit))
        .route("/v1/fills", get(programs::fills))
        .route("/v1/workflows/{name}/pause", post(workflows::pause))
        .route("/v1/workflows/{name}/resume", post(workflows::resume))
        .route("/v1/workflows/{name}/disable", post(workflows::disable))
        .route("/v1/parked", get(parked::list))
        .route("/v1/parked/retry", post(parked::retry))
        .route("/v1/parked/drop", post(parked::give_up))
        .route("/v1/programs", get(programs::list).post(programs::deploy))
        .route("/v1/outbox", get(dev::outbox))
        .route("/v1/clock", get(dev::clock).post(dev::jump))
        .route_layer(middleware::from_fn_with_state(api.clone(), with_key));
    // Segment's calls may have their key in the body.
    let mut segment = Router::new();
    for name in ["identify", "track", "page", "screen", "group", "alias"] {
        segment = segment.route(&format!("/v1/{name}"), post(segment::call));
    }
    let segment = segment.route("/v1/batch", post(segment::batch)).route("/v1/import", post(segment::batch));
    // Each source says itself what proves who sends.
    let from_sources = get(sources::take).post(sources::take).put(sources::take);
    let open = Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/in/{*path}", from_sources);
    closed
        .merge(segment)
        .merge(open)
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(api)
}

async fn with_key(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match api.access.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn unknown(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "unknown_path", format!("there is nothing at `{}`", uri.path()))
}

async fn wrong_method(request: Request) -> Problem {
    let message = format!("`{}` does not take {}", request.uri().path(), request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
}

/// The process answers.
async fn healthy() -> Answer {
    Ok(axum::Json(json!({ "status": "ok" })))
}

/// The store answers, and this node takes part in the work.
async fn ready(State(api): State<Arc<Api>>) -> Answer {
    if !api.signals.is_running() {
        return Err(stopping());
    }
    api.store.live().await?;
    if api.worker.has_joined() {
        Ok(axum::Json(json!({ "status": "ready" })))
    } else {
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "starting", "the server is starting"))
    }
}
