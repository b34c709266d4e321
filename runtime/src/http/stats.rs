//! How much there is of everything, and how workflows do.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use onward_bytecode::{Stage, WorkflowDecl};
use onward_engine::model::Counted;
use serde_json::{Value, json};

use super::Api;
use super::answer::{Answer, Problem};
use crate::ingest::nearest;
use crate::store::{Counter, RunStatus, Switch, Switched};

/// Who started.
const ALL: &str = "all";
/// Who was held out.
const HELD_OUT: &str = "held out";

pub(super) async fn all(State(api): State<Arc<Api>>) -> Answer {
    let counts = api.store.counts().await?;
    let unfinished: u64 = counts
        .runs
        .values()
        .flatten()
        .filter(|(status, _)| **status != RunStatus::Finished)
        .map(|(_, count)| count)
        .sum();
    let workflows = workflows(&api, None, &counts.runs).await?;
    let mut stats = serde_json::to_value(&counts).unwrap_or(Value::Null);
    if let Value::Object(members) = &mut stats {
        members.insert("unfinished_runs".to_owned(), Value::from(unfinished));
        members.insert("intents".to_owned(), members.get("effects").cloned().unwrap_or_default());
        members.insert("program".to_owned(), json!(api.library.live().map(|live| live.hash().to_string())));
        let nodes =
            counts.nodes.iter().map(|(name, shards)| json!({ "name": name, "shards": shards })).collect();
        members.insert("nodes".to_owned(), Value::Array(nodes));
        members.insert("workflows".to_owned(), Value::Array(workflows));
        members.insert("time".to_owned(), Value::from(api.clock.now().to_string()));
    }
    Ok(Json(stats))
}

pub(super) async fn one(State(api): State<Arc<Api>>, Path(name): Path<String>) -> Answer {
    let counts = api.store.counts().await?;
    match workflows(&api, Some(&name), &counts.runs).await?.pop() {
        Some(stats) => Ok(Json(stats)),
        None => Err(no_workflow(&api, &name)),
    }
}

/// A refusal of a workflow that nobody knows.
pub(super) fn no_workflow(api: &Api, name: &str) -> Problem {
    let problem =
        Problem::new(StatusCode::NOT_FOUND, "no_workflow", format!("there is no workflow `{name}`"));
    let live = api.library.live();
    let known = live.iter().flat_map(|live| &live.program().workflows).map(|workflow| &*workflow.name);
    match nearest(name, known) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("`onward stats` lists them"),
    }
}

/// Whether a workflow may start runs and send.
pub(super) fn state(workflow: Option<&WorkflowDecl>, switched: Option<&Switched>) -> &'static str {
    match (switched.map(|switched| switched.switch), workflow.map(|workflow| workflow.stage)) {
        (Some(Switch::Paused), _) => "paused",
        (Some(Switch::Disabled), _) => "disabled",
        (None, Some(Stage::Live)) => "live",
        (None, Some(Stage::Draft)) => "draft",
        (None, None) => "gone",
    }
}

/// Every workflow that is live or has ever been counted, or the one that is asked for.
async fn workflows(
    api: &Api,
    only: Option<&str>,
    runs: &BTreeMap<String, BTreeMap<RunStatus, u64>>,
) -> Result<Vec<Value>, Problem> {
    let tallies = api.store.tallies(only).await?;
    let switches = api.store.switches().await?;
    let live = api.library.live();
    let program = live.as_ref().map(|live| live.program());
    let declared: BTreeMap<&str, &WorkflowDecl> =
        program.iter().flat_map(|program| &program.workflows).map(|it| (&*it.name, it)).collect();
    let mut counted: BTreeMap<&str, Vec<&Counter>> = BTreeMap::new();
    for counter in &tallies {
        counted.entry(&counter.tally.workflow).or_default().push(counter);
    }
    let mut names: Vec<&str> =
        declared.keys().chain(counted.keys()).copied().chain(runs.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    let names = names.into_iter().filter(|name| only.is_none_or(|only| only == *name));
    let stats = names.map(|name| {
        let counters = counted.get(name).map(Vec::as_slice).unwrap_or_default();
        let workflow = declared.get(name).copied();
        workflow_json(name, workflow, switches.get(name), counters, runs.get(name))
    });
    Ok(stats.collect())
}

fn workflow_json(
    name: &str,
    workflow: Option<&WorkflowDecl>,
    switched: Option<&Switched>,
    counters: &[&Counter],
    runs: Option<&BTreeMap<RunStatus, u64>>,
) -> Value {
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for counter in counters {
        let group = groups.entry(&counter.tally.group).or_default();
        match counter.tally.what {
            Counted::Entered => group.entered += counter.count,
            Counted::Goal => group.goals += counter.count,
        }
    }
    let goal = workflow.and_then(|workflow| workflow.goal.as_ref());
    let whole = groups.get(ALL).copied().unwrap_or_default();
    let mut splits: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let branches = groups.iter().filter_map(|(group, counts)| Some((group.split_once('/')?, counts)));
    for ((split, branch), counts) in branches {
        let mut branch = named(branch, *counts);
        if let Value::Object(members) = &mut branch {
            members.insert("share".to_owned(), rate(counts.entered, whole.entered));
        }
        splits.entry(split).or_default().push(branch);
    }
    let splits: Vec<Value> =
        splits.into_iter().map(|(name, branches)| json!({ "name": name, "branches": branches })).collect();
    json!({
        "workflow": name,
        "title": workflow.map(|workflow| &*workflow.title),
        "state": state(workflow, switched),
        "switched": switched.map(|it| json!({ "at": it.at.to_string(), "by": &*it.by })),
        "goal": goal.map(|goal| json!({ "event": &*goal.event, "within": goal.within.to_string() })),
        "entered": whole.entered,
        "goals": whole.goals,
        "rate": rate(whole.goals, whole.entered),
        "held_out": groups.get(HELD_OUT).map(|group| named(HELD_OUT, *group)),
        "splits": splits,
        "runs": runs,
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Group {
    entered: u64,
    goals: u64,
}

fn named(name: &str, group: Group) -> Value {
    json!({
        "name": name, "entered": group.entered, "goals": group.goals,
        "rate": rate(group.goals, group.entered),
    })
}

/// A share, to four places; none of nothing.
fn rate(part: u64, whole: u64) -> Value {
    if whole == 0 {
        return Value::Null;
    }
    let share = part as f64 / whole as f64;
    json!((share * 10_000.0).round() / 10_000.0)
}
