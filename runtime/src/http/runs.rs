//! Runs, the log of what happened, and how much there is of everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use onward_bytecode::EntityId;
use onward_engine::model::{Entity, Entry, Order, Run, RunState, Snapshot};
use serde_json::{Value, json};

use super::Api;
use super::answer::{Answer, Problem};
use super::request::Params;
use crate::store::{Effect, Position, RunFilter, RunPlace, RunStatus, TimelineFilter, needs};

pub(super) async fn list(State(api): State<Arc<Api>>, mut params: Params) -> Answer {
    let status = params.take("state").map(|text| status(&text)).transpose()?;
    let after = params.take("after").map(|text| place(&text)).transpose()?;
    let workflow = params.take("workflow").map(Into::into);
    let limit = params.limit(50, 500)?;
    let whose = params.take("contact").map(|word| ("contact", word));
    let whose = whose.or_else(|| params.take("account").map(|word| ("account", word)));
    params.end("`workflow`, `contact`, `account`, `state`, `limit` and `after`")?;
    let subject = match whose {
        None => None,
        Some((kind, word)) => match api.store.find(kind, &word).await? {
            Some(found) => Some(found.id),
            None => return Ok(Json(json!({ "runs": [], "next": null }))),
        },
    };
    let page = api.store.runs(&RunFilter { workflow, subject, status, after, limit }).await?;
    let known = names(&api, page.runs.iter().map(|run| &run.subject)).await?;
    let mut runs = Vec::with_capacity(page.runs.len());
    for run in &page.runs {
        runs.push(shown(&api, run, &known).await);
    }
    Ok(Json(json!({ "runs": runs, "next": page.next.as_ref().map(place_text) })))
}

pub(super) async fn one(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Answer {
    let Some(view) = api.store.run(&id).await? else { return Err(no_run(&id)) };
    let known = names(&api, [&view.run.subject]).await?;
    let mut run = shown(&api, &view.run, &known).await;
    if let Value::Object(members) = &mut run {
        let timeline = view.timeline.iter().map(|entry| entry_json(entry, &known)).collect();
        members.insert("timeline".to_owned(), Value::Array(timeline));
        members.insert("intents".to_owned(), view.effects.iter().map(effect_json).collect());
    }
    Ok(Json(run))
}

pub(super) async fn stop(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Answer {
    api.store.order(&id, Order::Stop, api.clock.now()).await?;
    api.signals.facts();
    Ok(Json(json!({ "run": id, "order": "stop" })))
}

pub(super) async fn logs(State(api): State<Arc<Api>>, mut params: Params) -> Answer {
    let limit = params.limit(100, 1000)?;
    let after = params.take("after").map(|text| position(&text)).transpose()?;
    let last = params.take("last").is_some();
    let filter = TimelineFilter {
        workflow: params.take("workflow").map(Into::into),
        run: params.take("run").map(Into::into),
        subject: None,
    };
    params.end("`after`, `last`, `workflow`, `run` and `limit`")?;
    let lines = if last {
        api.store.timeline_last(&filter, limit).await?
    } else {
        api.store.timeline_after(after.unwrap_or_default(), &filter, limit).await?
    };
    let known = names(&api, lines.iter().map(|line| &line.entry.subject)).await?;
    let next = lines.last().map(|line| line.position).or(after).map(position_text);
    let entries: Vec<Value> = lines
        .iter()
        .map(|line| {
            let mut entry = entry_json(&line.entry, &known);
            if let Value::Object(members) = &mut entry {
                members.insert("position".to_owned(), Value::from(position_text(line.position)));
            }
            entry
        })
        .collect();
    Ok(Json(json!({ "entries": entries, "next": next })))
}

pub(super) fn no_run(id: &str) -> Problem {
    Problem::new(axum::http::StatusCode::NOT_FOUND, "no_run", format!("there is no run `{id}`"))
        .help("`onward runs` lists them")
}

/// What is known of these entities, to call them by their names.
pub(super) async fn names<'a>(
    api: &Api,
    ids: impl IntoIterator<Item = &'a EntityId>,
) -> Result<Snapshot, Problem> {
    let ids: BTreeSet<EntityId> = ids.into_iter().cloned().collect();
    if ids.is_empty() {
        Ok(Snapshot::default())
    } else {
        Ok(api.store.load(&needs::entities(ids), None).await?)
    }
}

pub(super) fn subject_json(id: &EntityId, known: &Snapshot) -> Value {
    let entity = known.entities.get(id).and_then(Option::as_ref);
    json!({ "kind": &*id.kind, "id": &*id.id, "name": entity.and_then(name) })
}

fn name(entity: &Entity) -> Option<String> {
    let text = |name: &str| {
        entity.attributes.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    };
    if let Some(whole) = text("name") {
        return Some(whole.to_owned());
    }
    match (text("first_name"), text("last_name")) {
        (None, None) => text("email").or_else(|| text("title")).map(str::to_owned),
        (first, last) => Some(first.into_iter().chain(last).collect::<Vec<_>>().join(" ")),
    }
}

async fn shown(api: &Api, run: &Run, known: &Snapshot) -> Value {
    let mut shown = json!({
        "id": &*run.id,
        "workflow": &*run.workflow,
        "program": run.program.to_string(),
        "subject": subject_json(&run.subject, known),
        "cause": &*run.cause,
        "started": run.started.to_string(),
    });
    let (state, detail) = match &run.state {
        RunState::Waiting { wait, rest, .. } => (
            "waiting",
            match wait {
                Some(wait) => format!("for {}", awaited(api, run, *wait).await),
                None => rest.point.to_string(),
            },
        ),
        RunState::Acting { rest, .. } => ("acting", rest.point.to_string()),
        RunState::Parked { reason, .. } => ("parked", reason.to_string()),
        RunState::Queued { .. } => ("queued", "starts when the run before it has ended".to_owned()),
        RunState::Finished { how, reason, .. } => (finish(*how), reason.to_string()),
    };
    if let Value::Object(members) = &mut shown {
        members.insert("state".to_owned(), Value::from(state));
        members.insert("detail".to_owned(), Value::from(detail));
        match &run.state {
            RunState::Waiting { until, .. } => {
                members.insert("wake".to_owned(), Value::from(until.to_string()));
            }
            RunState::Finished { at, .. } => {
                members.insert("ended".to_owned(), Value::from(at.to_string()));
            }
            _ => {}
        }
    }
    shown
}

fn finish(how: onward_engine::model::Finish) -> &'static str {
    use onward_engine::model::Finish;
    match how {
        Finish::Completed => "completed",
        Finish::Stopped => "stopped",
        Finish::Exited => "exited",
        Finish::Replaced => "replaced",
        Finish::Orphaned => "orphaned",
        Finish::Moved => "moved",
    }
}

/// The event that a run waits for.
async fn awaited(api: &Api, run: &Run, wait: u16) -> String {
    let program = api.library.load(&*api.store, run.program).await.ok();
    let workflow = program.as_ref().and_then(|program| program.workflow(&run.workflow));
    let event = workflow
        .and_then(|workflow| workflow.waits.get(usize::from(wait)))
        .map(|wait| wait.event.to_string());
    event.unwrap_or_else(|| "an event".to_owned())
}

fn entry_json(entry: &Entry, known: &Snapshot) -> Value {
    json!({
        "at": entry.at.to_string(),
        "what": entry.what,
        "workflow": &*entry.workflow,
        "run": entry.run.as_deref(),
        "subject": subject_json(&entry.subject, known),
        "step": entry.step.as_deref(),
        "detail": &*entry.detail,
    })
}

fn effect_json(effect: &Effect) -> Value {
    json!({
        "key": &*effect.intent.key,
        "action": &*effect.intent.action,
        "step": &*effect.intent.step,
        "arguments": effect.intent.arguments,
        "state": effect.state,
        "parked": effect.parked,
        "attempts": effect.attempt,
        "detail": &*effect.detail,
        "due": effect.intent.due.to_string(),
        "ended": effect.ended.map(|ended| ended.to_string()),
    })
}

fn status(text: &str) -> Result<RunStatus, Problem> {
    Ok(match text {
        "waiting" => RunStatus::Waiting,
        "acting" => RunStatus::Acting,
        "parked" => RunStatus::Parked,
        "queued" => RunStatus::Queued,
        "finished" => RunStatus::Finished,
        _ => {
            return Err(Problem::bad("state", format!("no run is ever `{text}`"))
                .at("state")
                .help("give waiting, acting, parked, queued or finished"));
        }
    })
}

fn position_text(position: Position) -> String {
    format!("{}.{}", position.tx, position.seq)
}

fn position(text: &str) -> Result<Position, Problem> {
    let parts = text.split_once('.').and_then(|(tx, seq)| Some((tx.parse().ok()?, seq.parse().ok()?)));
    parts.map(|(tx, seq)| Position { tx, seq }).ok_or_else(|| bad_place(text, "an answer's `next`"))
}

fn place_text(place: &RunPlace) -> String {
    format!("{},{}", place.started, place.id)
}

fn place(text: &str) -> Result<RunPlace, Problem> {
    let parts = text.split_once(',').and_then(|(started, id)| Some((started.parse().ok()?, id)));
    parts
        .map(|(started, id)| RunPlace { started, id: id.into() })
        .ok_or_else(|| bad_place(text, "the last page's `next`"))
}

fn bad_place(text: &str, what: &str) -> Problem {
    Problem::bad("after", format!("`{text}` is no place to go on after"))
        .at("after")
        .help(format!("give {what}"))
}
