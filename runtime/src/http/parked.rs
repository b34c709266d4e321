//! What waits for a person: effects that were not done and runs that cannot go on.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use onward_engine::model::{Order, Run, RunState};
use serde_json::{Map, Value, json};

use super::Api;
use super::answer::{Answer, Problem};
use super::request::{BODY, Params, bytes, object};
use super::runs::{names, subject_json};
use crate::store::{EffectFilter, EffectState, RunFilter, RunStatus, StoreError};

/// So many parked runs are read at once.
const PAGE: u32 = 500;

pub(super) async fn list(State(api): State<Arc<Api>>, mut params: Params) -> Answer {
    let which = Which { keys: Vec::new(), workflow: params.take("workflow"), action: params.take("action") };
    params.end("`workflow` and `action`")?;
    let effects =
        api.store.effects(&EffectFilter { state: Some(EffectState::Parked), ..which.filter() }).await?;
    let runs = which.runs(&api).await?;
    let subjects =
        effects.iter().map(|effect| &effect.intent.subject).chain(runs.iter().map(|run| &run.subject));
    let known = names(&api, subjects).await?;
    let effects = effects.iter().map(|effect| {
        let intent = &effect.intent;
        json!({
            "key": &*intent.key, "run": &*intent.run, "workflow": &*intent.workflow, "step": &*intent.step,
            "subject": subject_json(&intent.subject, &known), "action": &*intent.action,
            "reason": &*effect.detail, "kind": effect.parked, "attempts": effect.attempt,
            "at": effect.ended.unwrap_or(intent.due).to_string(),
        })
    });
    let runs = runs.iter().map(|run| {
        json!({
            "key": null, "run": &*run.id, "workflow": &*run.workflow, "step": step(run),
            "subject": subject_json(&run.subject, &known), "action": null,
            "reason": reason(run), "kind": "run", "attempts": 0, "at": run.started.to_string(),
        })
    });
    let parked: Vec<Value> = effects.chain(runs).collect();
    Ok(Json(json!({ "parked": parked })))
}

pub(super) async fn retry(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let which = Which::read(&bytes(&headers, body, BODY).await?)?;
    let now = api.clock.now();
    let effects = api.store.retry_parked(&which.filter(), now).await?;
    let runs = which.order(&api, Order::Retry).await?;
    api.signals.intents();
    api.signals.facts();
    Ok(Json(json!({ "changed": effects.len() + runs })))
}

pub(super) async fn give_up(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let which = Which::read(&bytes(&headers, body, BODY).await?)?;
    let now = api.clock.now();
    let effects = api.store.drop_parked(&which.filter(), "dropped by a person", now).await?;
    let runs = which.order(&api, Order::Stop).await?;
    api.signals.facts();
    Ok(Json(json!({ "changed": effects.len() + runs })))
}

/// Which parked effects and runs, or which drafts.
pub(super) struct Which {
    /// Keys of effects and ids of runs; all if there are none.
    pub(super) keys: Vec<String>,
    pub(super) workflow: Option<String>,
    pub(super) action: Option<String>,
}

impl Which {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let mut members = object(body)?;
        let keys = match members.remove("keys") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.into_iter().map(text("keys")).collect::<Result<_, _>>()?,
            Some(_) => return Err(wrong("keys", "a list of texts")),
        };
        let all = match members.remove("all") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(all)) => all,
            Some(_) => return Err(wrong("all", "`true` or `false`")),
        };
        let which = Self {
            keys,
            workflow: optional(&mut members, "workflow")?,
            action: optional(&mut members, "action")?,
        };
        if let Some(name) = members.keys().next() {
            return Err(Problem::bad("unknown_member", format!("there is no member `{name}`"))
                .at(name)
                .help("there are `keys`, `all`, `workflow` and `action`"));
        }
        if all == which.keys.is_empty() {
            Ok(which)
        } else {
            Err(Problem::bad("which", "it does not say which")
                .help("give `keys`, or `\"all\": true` with or without `workflow` and `action`"))
        }
    }

    pub(super) fn filter(&self) -> EffectFilter {
        EffectFilter {
            keys: self.keys.iter().map(|key| key.as_str().into()).collect(),
            workflow: self.workflow.as_deref().map(Into::into),
            action: self.action.as_deref().map(Into::into),
            ..EffectFilter::default()
        }
    }

    /// Parked runs that fit. An action names effects only.
    async fn runs(&self, api: &Api) -> Result<Vec<Run>, StoreError> {
        let mut runs = Vec::new();
        let mut filter = RunFilter {
            workflow: self.workflow.as_deref().map(Into::into),
            status: Some(RunStatus::Parked),
            limit: PAGE,
            ..RunFilter::default()
        };
        while self.action.is_none() {
            let page = api.store.runs(&filter).await?;
            runs.extend(page.runs);
            match page.next {
                Some(next) => filter.after = Some(next),
                None => break,
            }
        }
        Ok(runs)
    }

    async fn order(&self, api: &Api, order: Order) -> Result<usize, Problem> {
        let ids: Vec<String> = if self.keys.is_empty() {
            self.runs(api).await?.iter().map(|run| run.id.to_string()).collect()
        } else {
            self.keys.clone()
        };
        let mut changed = 0;
        for id in ids {
            if !self.keys.is_empty() && !is_parked(api, &id).await? {
                continue;
            }
            match api.store.order(&id, order, api.clock.now()).await {
                Ok(()) => changed += 1,
                // It has ended meanwhile, or this is an effect's key.
                Err(StoreError::NoRun { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(changed)
    }
}

async fn is_parked(api: &Api, id: &str) -> Result<bool, StoreError> {
    let view = api.store.run(id).await?;
    Ok(view.is_some_and(|view| matches!(view.run.state, RunState::Parked { .. })))
}

fn step(run: &Run) -> Option<&str> {
    match &run.state {
        RunState::Parked { rest, .. } => {
            Some(&rest.point).filter(|point| !point.is_empty()).map(|point| &**point)
        }
        _ => None,
    }
}

fn reason(run: &Run) -> &str {
    match &run.state {
        RunState::Parked { reason, .. } => reason,
        _ => "",
    }
}

fn optional(members: &mut Map<String, Value>, name: &'static str) -> Result<Option<String>, Problem> {
    members.remove(name).filter(|value| !value.is_null()).map(text(name)).transpose()
}

fn text(name: &'static str) -> impl Fn(Value) -> Result<String, Problem> {
    move |value| match value {
        Value::String(text) => Ok(text),
        _ => Err(wrong(name, "text")),
    }
}

fn wrong(name: &str, expected: &str) -> Problem {
    Problem::bad("wrong_type", format!("`{name}`: expected {expected}")).at(name)
}
