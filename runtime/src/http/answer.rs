//! Answers: JSON for what went well, `{"error": {code, message, field, help}}` for what did not.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::ingest::{IngestError, NotJson, Refusal};
use crate::store::StoreError;

/// What a handler gives.
pub(super) type Answer = Result<Json<Value>, Problem>;

/// An answer that says no.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) refusal: Refusal,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, refusal: Refusal::new(code, message) }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn at(mut self, field: &str) -> Self {
        self.refusal = self.refusal.at(field);
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.refusal = self.refusal.help(help);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.refusal }))).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer, Basic"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

impl Problem {
    fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::NoRun { .. } => Self::new(StatusCode::NOT_FOUND, "no_run", error.to_string()),
            StoreError::NoDraft { .. } => Self::new(StatusCode::NOT_FOUND, "no_draft", error.to_string()),
            _ => {
                tracing::error!(error = error as &dyn std::error::Error, "the store failed");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", "the store cannot be used at the moment")
                    .help("send the same again later; the server's log has the cause")
            }
        }
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Store(error) => Self::of_store(&error),
            IngestError::Stopping => stopping(),
        }
    }
}

impl From<NotJson> for Problem {
    fn from(error: NotJson) -> Self {
        Self { status: StatusCode::BAD_REQUEST, refusal: not_json(&error) }
    }
}

pub(super) fn stopping() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the server is stopping")
        .help("send the same again later")
}

/// A refusal of text that is no JSON.
pub(super) fn not_json(error: &NotJson) -> Refusal {
    let message =
        format!("this is not JSON: line {}, column {}: {}", error.line, error.column, error.problem);
    Refusal::new("not_json", message)
}
