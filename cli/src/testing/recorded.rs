//! A recorded stretch of facts as a test's fixture: a line of JSON for each event, as
//! `POST /v1/events` takes them.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Fact, FactKind, Fields, Origin};
use onward_engine::simulate::Simulation;
use serde::Deserialize;
use serde_json::Value as Json;

/// A line of a recording.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    id: Option<Arc<str>>,
    event: Arc<str>,
    #[serde(default)]
    contact: Option<Who>,
    #[serde(default)]
    account: Option<Who>,
    #[serde(default)]
    time: Option<Timestamp>,
    #[serde(default)]
    data: Fields,
    #[serde(default)]
    backfill: bool,
}

/// How a line names somebody.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Who {
    Id(String),
    Keys(Fields),
}

/// Lets happen what a file tells, each at its time.
pub(super) fn play(world: &mut Simulation, path: &Path) -> Result<(), String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = number + 1;
        let line: Line =
            serde_json::from_str(line).map_err(|error| format!("`{shown}` line {at}: {error}"))?;
        happen(world, line, at).map_err(|why| format!("`{shown}` line {at}: {why}"))?;
    }
    Ok(())
}

fn happen(world: &mut Simulation, line: Line, number: usize) -> Result<(), String> {
    let at = line.time.unwrap_or_else(|| world.now());
    if at > world.now() {
        world.advance(at).map_err(|stuck| stuck.to_string())?;
    }
    let contact = line.contact.map(|it| somebody(world, "contact", it)).transpose()?;
    let account = line.account.map(|it| somebody(world, "account", it)).transpose()?;
    let (subject, attributes, contact) = match (account, contact) {
        (Some((account, attributes)), contact) => (account, attributes, contact.map(|(id, _)| id)),
        (None, Some((contact, attributes))) => (contact, attributes, None),
        (None, None) => return Err("it names neither a contact nor an account".to_owned()),
    };
    let origin = if line.backfill { Origin::Backfill } else { Origin::Live };
    let id = line.id.unwrap_or_else(|| format!("recorded/{number}").into());
    let kind = FactKind::Event { name: line.event, fields: line.data, contact, attributes };
    world.fact(Fact { id, subject, kind, at, origin }).map_err(|stuck| stuck.to_string())
}

/// The entity that a line names, and what the line says of it.
fn somebody(world: &mut Simulation, kind: &str, who: Who) -> Result<(EntityId, Fields), String> {
    let fields = match who {
        Who::Id(id) => Fields::from_iter([("id".to_owned(), Json::from(id))]),
        Who::Keys(fields) => fields,
    };
    let keys: Vec<(&str, &str)> = ["id", "email", "phone", "anonymous_id"]
        .into_iter()
        .filter_map(|name| Some((name, fields.get(name)?.as_str()?)))
        .collect();
    let found = world.named(kind, &keys).map_err(|stuck| stuck.to_string())?;
    let id = found.ok_or_else(|| format!("it names no {kind}: give an `id`, `email` or `phone`"))?;
    let attributes = fields.into_iter().filter(|(name, _)| !["id", "anonymous_id"].contains(&name.as_str()));
    Ok((id, attributes.collect()))
}
