//! The paths of Segment's HTTP tracking API.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Api;
use super::access::presented;
use super::answer::{Answer, Problem};
use super::request::{BODY, ITEMS, bytes};
use crate::ingest::{Call, Parsed, Reader, Refusal, moment, value};

/// One call, named by the path.
pub(super) async fn call(State(api): State<Arc<Api>>, uri: Uri, headers: HeaderMap, body: Body) -> Answer {
    let parsed = message(&api, &headers, body).await?;
    let call = Call::named(uri.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default());
    let read = reading(&api, |reader| reader.segment(&parsed, call, None));
    let taken = read.map_err(|refusal| Problem { status: axum::http::StatusCode::BAD_REQUEST, refusal })?;
    api.ingest.accept(taken.facts).await?;
    Ok(Json(json!({ "success": true })))
}

/// Many calls, each named by its `type`.
pub(super) async fn batch(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let Parsed { mut value, faults, .. } = message(&api, &headers, body).await?;
    let sent = sent(&value);
    let Some(Value::Array(items)) = value.get_mut("batch").map(Value::take) else {
        return Err(Problem::bad("missing", "`batch` is missing: the list of messages").at("batch"));
    };
    if items.len() > ITEMS {
        let message = format!("the batch holds {} messages, and {ITEMS} are allowed", items.len());
        return Err(Problem::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", message));
    }
    let mut facts = Vec::new();
    let mut refused = Vec::new();
    reading(&api, |reader| {
        for (index, item) in items.into_iter().enumerate() {
            let own = format!("batch[{index}]");
            let mut faults = faults.clone();
            faults.retain(|fault| {
                fault
                    .path
                    .strip_prefix(&own)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
            let size = item.to_string().len();
            match reader.segment(&Parsed { value: item, faults, size }, None, sent) {
                Ok(taken) => facts.extend(taken.facts),
                Err(why) => refused.push((index, why)),
            }
        }
    });
    api.ingest.accept(facts).await?;
    Ok(Json(success(refused)))
}

fn success(refused: Vec<(usize, Refusal)>) -> Value {
    if refused.is_empty() {
        return json!({ "success": true });
    }
    let refused: Vec<Value> =
        refused.into_iter().map(|(index, error)| json!({ "index": index, "error": error })).collect();
    json!({ "success": true, "refused": refused })
}

/// The body, if its sender has a key: in the headers, or as `writeKey` in the body.
async fn message(api: &Api, headers: &HeaderMap, body: Body) -> Result<Parsed, Problem> {
    let key = presented(headers);
    if key.is_some() {
        api.access.check_key(key.as_deref())?;
    }
    let parsed = value(&bytes(headers, body, BODY).await?)?;
    if key.is_none() {
        api.access.check_key(parsed.value.get("writeKey").and_then(Value::as_str))?;
    }
    Ok(parsed)
}

fn sent(body: &Value) -> Option<Timestamp> {
    body.get("sentAt").and_then(Value::as_str).and_then(moment)
}

fn reading<T>(api: &Api, read: impl FnOnce(Reader<'_>) -> T) -> T {
    let live = api.library.live();
    let program = live.as_ref().map(|live| live.program());
    read(Reader { program, now: api.clock.now(), fresh: &api.fresh })
}
