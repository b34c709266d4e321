//! `GET /v1/schema`: events and attributes as the store has seen them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use onward_bytecode::{FieldDecl, Program};
use serde_json::{Value, json};

use super::Api;
use super::answer::Answer;
use super::guess::Guess;
use super::request::Params;
use crate::store::{EventCount, Seen};

/// How long back events are counted for their frequency.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) async fn schema(State(api): State<Arc<Api>>, params: Params) -> Answer {
    params.end("none")?;
    let now = api.clock.now();
    let since = now.checked_sub(MONTH).unwrap_or(Timestamp::MIN);
    let seen = api.store.seen(since).await?;
    let live = api.library.live();
    let known = Known::new(live.as_ref().map(|live| live.program()));
    let look = Look::of(&seen);
    let events: Vec<Value> = seen.events.iter().map(|count| event_json(count, &look, &known)).collect();
    let entities: Vec<Value> =
        look.entities.iter().map(|(kind, fields)| entity_json(kind, fields, &known)).collect();
    Ok(Json(json!({ "events": events, "entities": entities, "time": now.to_string() })))
}

/// What the live rules declare.
struct Known<'a> {
    events: BTreeMap<&'a str, &'a [FieldDecl]>,
    entities: BTreeMap<&'a str, &'a [FieldDecl]>,
}

impl<'a> Known<'a> {
    fn new(program: Option<&'a Program>) -> Self {
        let events = program.iter().flat_map(|program| &program.events);
        let entities = program.iter().flat_map(|program| &program.entities);
        Self {
            events: events.map(|event| (&*event.name, event.fields.as_slice())).collect(),
            entities: entities.map(|entity| (&*entity.name, entity.attributes.as_slice())).collect(),
        }
    }
}

/// Fields of one event or entity.
#[derive(Default)]
struct Fields<'a> {
    /// How many objects were looked at.
    of: usize,
    guesses: BTreeMap<&'a str, Guess>,
}

impl<'a> Fields<'a> {
    fn see(&mut self, fields: &'a serde_json::Map<String, Value>) {
        self.of += 1;
        for (name, value) in fields {
            self.guesses.entry(name).or_default().see(value);
        }
    }
}

/// What the newest facts look like.
#[derive(Default)]
struct Look<'a> {
    events: BTreeMap<(&'a str, &'a str), Fields<'a>>,
    entities: BTreeMap<&'a str, Fields<'a>>,
}

impl<'a> Look<'a> {
    fn of(seen: &'a Seen) -> Self {
        let mut look = Self::default();
        for sample in &seen.samples {
            if let Some((name, fields)) = &sample.event {
                look.events.entry((&**name, &*sample.about)).or_default().see(fields);
            }
            if sample.event.is_none() || !sample.attributes.is_empty() {
                look.entities.entry(&*sample.about).or_default().see(&sample.attributes);
            }
        }
        look
    }
}

fn event_json(count: &EventCount, look: &Look<'_>, known: &Known<'_>) -> Value {
    let declared = known.events.get(&*count.name).copied();
    let fields = look.events.get(&(&*count.name, &*count.about));
    // Each contact's own number, not less than one of those who had it at all.
    let frequency = (count.recent_subjects > 0)
        .then(|| (count.recent as f64 / count.recent_subjects as f64 * 100.0).round() / 100.0);
    json!({
        "name": &*count.name, "about": &*count.about, "count": count.count, "subjects": count.subjects,
        "last": count.last.to_string(), "in_30_days": count.recent, "per_contact_in_30_days": frequency,
        "declared": declared.is_some(),
        "fields": fields.map(|fields| fields_json(fields, declared)).unwrap_or_default(),
    })
}

fn entity_json(kind: &str, fields: &Fields<'_>, known: &Known<'_>) -> Value {
    let declared = known.entities.get(kind).copied();
    json!({
        "name": kind, "declared": declared.is_some(), "looked_at": fields.of,
        "attributes": fields_json(fields, declared),
    })
}

fn fields_json(fields: &Fields<'_>, declared: Option<&[FieldDecl]>) -> Vec<Value> {
    let field = |(name, guess): (&&str, &Guess)| {
        let present = guess.seen() as f64 / fields.of.max(1) as f64;
        let own = declared.and_then(|fields| fields.iter().find(|field| &*field.name == *name));
        json!({
            "name": name, "type": guess.ty().to_string(),
            "present": (present * 1_000.0).round() / 1_000.0,
            "declared": own.map(|field| field.ty.to_string()),
        })
    };
    fields.guesses.iter().map(field).collect()
}
