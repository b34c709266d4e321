//! `POST /v1/events` and `POST /v1/entities`.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Api;
use super::answer::{Problem, not_json};
use super::request::{BODY, Form, Item, bytes, items};
use crate::ingest::{Reader, Refusal, Taken};
use crate::store::{NewFact, Receipt};

/// What became of one item, before and after its commit.
enum Fate {
    /// So many facts of the request are its own, the first of them its event's.
    Kept {
        id: String,
        facts: usize,
        warning: Option<String>,
    },
    Refused {
        id: Option<String>,
        why: Refusal,
    },
}

pub(super) async fn events(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    take(&api, &headers, body, "events", |reader, item| match item {
        Ok(parsed) => match reader.event(parsed) {
            Ok(Taken { id, facts, warning }) => (Fate::Kept { id, facts: facts.len(), warning }, facts),
            Err(refused) => (Fate::Refused { id: refused.id, why: refused.why }, Vec::new()),
        },
        Err(error) => (Fate::Refused { id: None, why: not_json(&error) }, Vec::new()),
    })
    .await
}

pub(super) async fn entities(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    take(&api, &headers, body, "entities", |reader, item| {
        let read = item.map_err(|error| not_json(&error)).and_then(|parsed| reader.entity(parsed));
        match read {
            Ok(fact) => {
                let id = fact.who.keys.first().map(|key| key.value.to_string()).unwrap_or_default();
                (Fate::Kept { id, facts: 1, warning: None }, vec![fact])
            }
            Err(why) => (Fate::Refused { id: None, why }, Vec::new()),
        }
    })
    .await
}

async fn take(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
    name: &str,
    read: impl Fn(Reader<'_>, Item) -> (Fate, Vec<NewFact>),
) -> Result<Response, Problem> {
    let body = bytes(headers, body, BODY).await?;
    let items = items(headers, &body)?;
    if let (Form::Json, [Err(error)]) = (items.form, items.items.as_slice()) {
        return Err(error.clone().into());
    }
    let live = api.library.live();
    let mut facts = Vec::new();
    let mut fates = Vec::with_capacity(items.items.len());
    {
        let program = live.as_ref().map(|live| live.program());
        let reader = Reader { program, now: api.clock.now(), fresh: &api.fresh };
        for item in items.items {
            let (fate, own) = read(reader, item);
            fates.push(fate);
            facts.extend(own);
        }
    }
    let receipts = api.ingest.accept(facts).await?;
    Ok(answer(name, fates, receipts))
}

fn answer(name: &str, fates: Vec<Fate>, receipts: Vec<Receipt>) -> Response {
    let mut receipts = receipts.into_iter();
    let (mut accepted, mut duplicates, mut refused) = (0, 0, 0);
    let mut results = Vec::with_capacity(fates.len());
    for fate in fates {
        let result = match fate {
            Fate::Kept { id, facts, warning } => {
                let own = receipts.by_ref().take(facts).next();
                receipts.by_ref().take(facts.saturating_sub(1)).for_each(drop);
                let status = match own {
                    Some(Receipt::Duplicate { .. }) => {
                        duplicates += 1;
                        "duplicate"
                    }
                    _ => {
                        accepted += 1;
                        "accepted"
                    }
                };
                let mut result =
                    Map::from_iter([("id".to_owned(), json!(id)), ("status".to_owned(), json!(status))]);
                if let Some(warning) = warning {
                    result.insert("warning".to_owned(), json!(warning));
                }
                Value::Object(result)
            }
            Fate::Refused { id, why } => {
                refused += 1;
                json!({ "id": id, "status": "refused", "error": why })
            }
        };
        results.push(result);
    }
    let status = if refused > 0 && accepted + duplicates == 0 {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let mut body = json!({ "accepted": accepted, "duplicates": duplicates, "refused": refused });
    if let (Value::Object(members), StatusCode::UNPROCESSABLE_ENTITY) = (&mut body, status) {
        let first = results.first().and_then(|result: &Value| result.get("error")).cloned();
        members.extend(first.map(|error| ("error".to_owned(), error)));
    }
    if let Value::Object(members) = &mut body {
        members.insert(name.to_owned(), Value::Array(results));
    }
    (status, Json(body)).into_response()
}
