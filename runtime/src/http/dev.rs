//! What only a development server has: an outbox that catches messages, and a clock that can be moved.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use jiff::{SpanFieldwise, Timestamp};
use serde_json::{Value, json};

use super::Api;
use super::answer::{Answer, Problem};
use super::request::{BODY, Params, bytes, object};

pub(super) async fn outbox(State(api): State<Arc<Api>>, mut params: Params) -> Answer {
    let after = params.take("after").map(|text| text.parse::<u64>()).transpose();
    let after =
        after.map_err(|_| Problem::bad("after", "`after` is no number").at("after"))?.unwrap_or_default();
    params.end("`after`")?;
    let outbox = api.outbox.as_ref().ok_or_else(|| only_dev("has no outbox: it really sends"))?;
    let caught = outbox.after(after);
    let next = caught.last().map_or(after, |caught| caught.number);
    Ok(Json(json!({ "messages": caught, "next": next })))
}

pub(super) async fn clock(State(api): State<Arc<Api>>) -> Answer {
    Ok(Json(json!({ "now": api.clock.now().to_string() })))
}

/// Jumps to a moment, or by a length of time, and answers when all that was due on the way is done.
pub(super) async fn jump(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    if !api.clock.is_virtual() {
        return Err(only_dev("goes by the machine's clock, which is not moved"));
    }
    let mut members = object(&bytes(&headers, body, BODY).await?)?;
    let target = match members.remove("jump") {
        Some(Value::String(text)) => target(&api, &text)?,
        _ => return Err(Problem::bad("jump", "`jump` is missing: how far, or to when").at("jump").help(HOW)),
    };
    api.pace.jump(target).await?;
    Ok(Json(json!({ "now": api.clock.now().to_string() })))
}

const HOW: &str = "write it like `2d`, `36h`, `1 week` or `2026-03-07T20:00:00Z`";

fn target(api: &Api, text: &str) -> Result<Timestamp, Problem> {
    let now = api.clock.now();
    let bad = |what: &str| Problem::bad("jump", format!("`{text}` {what}")).at("jump");
    if let Ok(moment) = text.parse::<Timestamp>() {
        return if moment >= now {
            Ok(moment)
        } else {
            Err(bad("has passed").help("the clock only moves on"))
        };
    }
    let live = api.library.live();
    let zone = live.as_ref().and_then(|live| TimeZone::get(&live.program().project.timezone).ok());
    let span: jiff::Span = text.parse().map_err(|_| bad("is no length of time").help(HOW))?;
    if SpanFieldwise(span) == SpanFieldwise(jiff::Span::new()) || span.is_negative() {
        return Err(bad("does not move the clock on").help(HOW));
    }
    let there = now.to_zoned(zone.unwrap_or(TimeZone::UTC)).checked_add(span);
    there.map(|there| there.timestamp()).map_err(|_| bad("is too far").help(HOW))
}

fn only_dev(what: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "not_dev", format!("this server {what}"))
        .help("`onward dev` starts one for development")
}
