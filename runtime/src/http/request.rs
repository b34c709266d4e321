//! Bodies and parameters of requests, read with limits.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use super::answer::Problem;
use crate::ingest::{Document, NotJson, Parsed, document, value};

/// A body may have so many bytes.
pub(super) const BODY: usize = 5 << 20;
/// A request may hold so many events or entities.
pub(super) const ITEMS: usize = 10_000;

/// Reads a body of at most `limit` bytes.
pub(super) async fn bytes(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or("?"));
    if let Some(encoding) = encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let message = format!("the body is encoded as `{encoding}`");
        return Err(
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding", message).help("send it as it is")
        );
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let large = || {
        let message = format!("the body is larger than {} MiB", limit >> 20);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
            .help("send it in several requests")
    };
    if length.is_some_and(|length| length > limit) {
        return Err(large());
    }
    to_bytes(body, limit).await.map_err(|error| {
        if is_limit(&error) {
            large()
        } else {
            Problem::bad("broken_body", "the body broke off").help("send it again")
        }
    })
}

fn is_limit(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.to_string().contains("length limit") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An item of a request: a value, or the reason why its line is none.
pub(super) type Item = Result<Parsed, NotJson>;

/// What a request holds: one value, an array, or lines.
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    /// Whether each stands on a line of its own, so that a bad one spoils no other.
    pub(super) form: Form,
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Lines,
}

/// Reads the values of a request.
pub(super) fn items(headers: &HeaderMap, body: &[u8]) -> Result<Items, Problem> {
    let items = match form(headers) {
        Form::Lines => Items { items: lines(body), form: Form::Lines },
        Form::Json => {
            let items = match document(body)? {
                Document::One(one) => vec![Ok(one)],
                Document::Many(many) => many.into_iter().map(Ok).collect(),
            };
            Items { items, form: Form::Json }
        }
    };
    if items.items.len() > ITEMS {
        let message = format!("the request holds {} items, and {ITEMS} are allowed", items.items.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", message)
            .help("send them in several requests"));
    }
    if items.items.is_empty() {
        return Err(Problem::bad("empty", "the request holds nothing")
            .help("send one object, an array, or lines of JSON"));
    }
    Ok(items)
}

fn form(headers: &HeaderMap) -> Form {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
            Form::Lines
        }
        _ => Form::Json,
    }
}

/// Values that stand on a line each (<https://github.com/ndjson/ndjson-spec>). Empty lines are passed over.
fn lines(body: &[u8]) -> Vec<Item> {
    let numbered = body.split(|byte| *byte == b'\n').zip(1..);
    numbered
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| value(line).map_err(|error| NotJson { line: number, ..error }))
        .collect()
}

/// The parameters of a request's query, taken one by one.
pub(super) struct Params(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match Query::<BTreeMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(_) => Err(Problem::bad("query", "the address has a query that cannot be read")),
        }
    }
}

impl Params {
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    pub(super) fn limit(&mut self, otherwise: u32, most: u32) -> Result<u32, Problem> {
        match self.take("limit") {
            None => Ok(otherwise),
            Some(text) => match text.parse::<u32>() {
                Ok(limit) if limit > 0 => Ok(limit.min(most)),
                _ => Err(Problem::bad("limit", format!("`limit` is `{text}`"))
                    .at("limit")
                    .help(format!("give 1 to {most}"))),
            },
        }
    }

    /// Refuses what nobody has taken.
    pub(super) fn end(self, known: &str) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::bad("unknown_parameter", format!("there is no parameter `{name}`"))
                .at(&name)
                .help(format!("there are {known}"))),
        }
    }
}

/// A body that is one JSON object, for orders.
pub(super) fn object(body: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, Problem> {
    match value(body)?.value {
        serde_json::Value::Object(members) => Ok(members),
        _ => Err(Problem::bad("wrong_type", "the body is not an object")),
    }
}
