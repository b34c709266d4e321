//! What a source has read out of a request becomes facts: entities first, in the order in
//! which they were said, and the events about them.
//!
//! Providers do not send what we declare: a value is bent to its declared type as far as its
//! meaning stays, and what does not fit is left out and told. It must not know requests.

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EventDecl, FieldDecl, Presence, Program, Scalar, Type, Value};
use onward_engine::model::{FactKind, Fields, Origin};
use onward_engine::vm::source::{Named, Reading, Said, Told};
use serde_json::Value as Json;

use super::event::LARGEST;
use super::fresh::Fresh;
use super::members::{key, shown};
use super::refusal::{Refusal, article};
use super::who::missing;
use crate::store::{IdentityKey, Namespace, NewFact, Who};

/// What a request came to.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Entities and events, in order.
    pub(crate) items: Vec<Item>,
    /// What could not be used, in words.
    pub(crate) notes: Vec<String>,
}

/// One thing that a request said.
#[derive(Debug)]
pub(crate) struct Item {
    /// What sort.
    pub(crate) sort: Sort,
    /// The event's name, or the entity's kind.
    pub(crate) name: Arc<str>,
    /// Its fact, or why it is not taken.
    pub(crate) fact: Result<NewFact, Refusal>,
}

/// What sort of thing a request said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Entity,
    Event,
}

/// Turns a reading into facts.
pub(super) fn read(
    source: &str,
    reading: &Reading,
    program: &Program,
    now: Timestamp,
    fresh: &Fresh,
) -> Heard {
    let mut hearing =
        Hearing { source, reading, program, now, fresh, whos: Vec::new(), heard: Heard::default() };
    hearing.heard.notes.extend(reading.notes.iter().map(ToString::to_string));
    for (place, said) in reading.said.iter().enumerate() {
        let item = match said {
            Said::Entity(named) => hearing.entity(place, named),
            Said::Event(told) => {
                hearing.whos.push(None);
                Item { sort: Sort::Event, name: told.event.clone(), fact: hearing.event(told) }
            }
        };
        hearing.heard.items.push(item);
    }
    hearing.heard
}

struct Hearing<'a> {
    source: &'a str,
    reading: &'a Reading,
    program: &'a Program,
    now: Timestamp,
    fresh: &'a Fresh,
    /// Who was said at each place so far; none at those of events.
    whos: Vec<Option<Who>>,
    heard: Heard,
}

/// Fields as they are kept, and those that refer to others.
#[derive(Default)]
struct Taken {
    fields: Fields,
    refers: Vec<(Arc<str>, Who)>,
}

impl Hearing<'_> {
    fn entity(&mut self, place: usize, named: &Named) -> Item {
        let declared = self.program.entities.iter().find(|entity| entity.name == named.kind);
        let attributes = declared.map(|entity| entity.attributes.as_slice()).unwrap_or_default();
        let mut taken = self.take(&named.kind, &named.attributes, attributes);
        let keys = self.keys(named, &mut taken.fields);
        let fact = self.entity_fact(place, named, keys, taken);
        self.whos.push(fact.as_ref().ok().map(|fact| fact.who.clone()));
        Item { sort: Sort::Entity, name: named.kind.clone(), fact }
    }

    fn entity_fact(
        &self,
        place: usize,
        named: &Named,
        keys: Vec<IdentityKey>,
        taken: Taken,
    ) -> Result<NewFact, Refusal> {
        if keys.is_empty() {
            return Err(Refusal::new("nobody", format!("no key names the {}", named.kind)).at(&*named.kind));
        }
        small(&taken.fields, &named.kind)?;
        let id = self.reading.id.as_ref().map(|id| format!("{id}/{}/{place}", named.kind));
        Ok(NewFact {
            id: self.id(id.as_deref()),
            who: Who { kind: named.kind.clone(), keys },
            contact: None,
            kind: FactKind::Attributes { attributes: taken.fields },
            refers: taken.refers,
            at: self.reading.at.unwrap_or(self.now),
            origin: Origin::Live,
        })
    }

    /// The keys of an entity that can be used. A contact's address and number are known of it, too.
    fn keys(&mut self, named: &Named, attributes: &mut Fields) -> Vec<IdentityKey> {
        let mut keys: Vec<IdentityKey> = Vec::new();
        for (name, text) in &named.keys {
            match identity(name, text) {
                Ok(key) => keys.push(key),
                Err(refusal) => self.note(&named.kind, &refusal),
            }
        }
        if &*named.kind != "contact" {
            return keys;
        }
        for (name, namespace) in [("email", Namespace::Email), ("phone", Namespace::Phone)] {
            let known = keys.iter().find(|key| key.namespace == namespace).map(|key| key.value.clone());
            match (known, attributes.get(name).and_then(Json::as_str)) {
                (Some(known), None) => {
                    attributes.insert(name.to_owned(), Json::from(&*known));
                }
                (None, Some(said)) => keys.push(IdentityKey::new(namespace, said)),
                _ => {}
            }
        }
        keys
    }

    fn event(&mut self, told: &Told) -> Result<NewFact, Refusal> {
        let declared = self.program.events.iter().find(|event| event.name == told.event);
        let about = declared.map_or("contact", |event| &event.about);
        let who = self.about(told, about).ok_or_else(|| missing(about, &told.event))?;
        let contact = if about == "contact" { None } else { self.about(told, "contact") };
        let fields = declared.map(|event| event.fields.as_slice()).unwrap_or_default();
        let taken = self.take(&told.event, &told.fields, fields);
        if let Some(event) = declared {
            whole(event, &told.fields, &taken)?;
        }
        small(&taken.fields, &told.event)?;
        Ok(NewFact {
            id: self.id(told.id.as_deref()),
            who,
            contact,
            kind: FactKind::Event {
                name: told.event.clone(),
                fields: taken.fields,
                contact: None,
                attributes: Fields::new(),
            },
            refers: taken.refers,
            at: told.at.or(self.reading.at).unwrap_or(self.now),
            origin: Origin::Live,
        })
    }

    /// Whom an event is about, of a kind.
    fn about(&self, told: &Told, kind: &str) -> Option<Who> {
        let mut whos = told.about.iter().filter_map(|place| self.whos.get(*place)?.as_ref());
        whos.rfind(|who| &*who.kind == kind).cloned()
    }

    /// The fields that fit their declarations; what does not is told.
    fn take(&mut self, whole: &str, said: &Fields, declared: &[FieldDecl]) -> Taken {
        let mut taken = Taken::default();
        for (name, json) in said {
            let Some(field) = declared.iter().find(|field| *field.name == **name) else {
                taken.fields.insert(name.clone(), json.clone());
                continue;
            };
            match (&field.ty, json) {
                (Type::One(Scalar::Entity(kind)), Json::Object(keys)) => match self.referred(kind, keys) {
                    Some(who) => taken.refers.push((field.name.clone(), who)),
                    None => self.heard.notes.push(format!("`{whole}.{name}`: nothing names the {kind}")),
                },
                (ty, json) => match Value::read(json, ty) {
                    Value::Missing => self.unfit(&format!("{whole}.{name}"), json, ty),
                    value => {
                        taken.fields.insert(name.clone(), value.to_json());
                    }
                },
            }
        }
        taken
    }

    /// Tells of a value that does not fit its type. An empty one is no news: providers send many.
    fn unfit(&mut self, place: &str, json: &Json, ty: &Type) {
        let is_empty = match json {
            Json::Null => true,
            Json::String(text) => text.trim().is_empty(),
            _ => false,
        };
        if !is_empty {
            self.heard.notes.push(format!("`{place}`: expected {ty}, got {}; it is left out", shown(json)));
        }
    }

    /// Whom an attribute refers to that is given by keys: somebody said before, with all of their keys,
    /// so that both have one name.
    fn referred(&self, kind: &Arc<str>, keys: &Fields) -> Option<Who> {
        let said = keys.iter().filter_map(|(name, json)| Some((name.as_str(), word(json)?)));
        let said: Vec<(&str, String)> = said.collect();
        let before = self.reading.said.iter().zip(&self.whos).rev();
        let same = before.filter_map(|(before, who)| match before {
            Said::Entity(named) if named.kind == *kind => Some((named, who.as_ref()?)),
            _ => None,
        });
        let has_all = |named: &Named| {
            let mut keys = said.iter();
            !said.is_empty()
                && keys
                    .all(|(name, text)| named.keys.iter().any(|(own, it)| **own == **name && **it == **text))
        };
        if let Some((_, who)) = same.into_iter().find(|(named, _)| has_all(named)) {
            return Some(who.clone());
        }
        let mut keys: Vec<IdentityKey> =
            said.iter().filter_map(|(name, text)| identity(name, text).ok()).collect();
        keys.sort_by_key(|key| key.namespace);
        (!keys.is_empty()).then(|| Who { kind: kind.clone(), keys })
    }

    /// An id that can be kept: the one that was said, its hash if it cannot be, a new one if there is none.
    fn id(&self, said: Option<&str>) -> Arc<str> {
        match said {
            None => self.fresh.id().into(),
            Some(id) if key(id, "id").is_ok() => id.into(),
            Some(id) => format!("{}/{}", self.source, blake3::hash(id.as_bytes())).into(),
        }
    }

    fn note(&mut self, kind: &str, refusal: &Refusal) {
        self.heard.notes.push(format!("a key of the {kind} cannot be used: {}", refusal.message));
    }
}

/// One key as the store has it. A word that is not our own is the name of a system.
fn identity(name: &str, text: &str) -> Result<IdentityKey, Refusal> {
    let text = text.trim();
    key(text, name)?;
    let typed = |scalar: Scalar| {
        let json = Json::from(text);
        match Value::from_json(&json, &Type::One(scalar)) {
            Ok(Value::Text(text)) => Ok(text),
            Ok(_) => Err(Refusal::new("empty", format!("`{name}` is empty"))),
            Err(misfit) => {
                let message = format!("`{name}`: expected {}, got {}", misfit.expected, misfit.got);
                Err(Refusal::new("wrong_type", message).at(name))
            }
        }
    };
    Ok(match name {
        "id" => IdentityKey::new(Namespace::Id, text),
        "email" => IdentityKey::new(Namespace::Email, typed(Scalar::Email)?),
        "phone" => IdentityKey::new(Namespace::Phone, typed(Scalar::Phone)?),
        "anonymous_id" => IdentityKey::new(Namespace::Anonymous, text),
        system => IdentityKey::new(Namespace::Other, format!("{system}:{text}")),
    })
}

/// A key's value as a text.
fn word(json: &Json) -> Option<String> {
    match Value::read(json, &Type::One(Scalar::Text)) {
        Value::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    }
}

/// Refuses an event that lacks what it must have.
fn whole(event: &EventDecl, said: &Fields, taken: &Taken) -> Result<(), Refusal> {
    let has = |name: &str| {
        taken.fields.contains_key(name) || taken.refers.iter().any(|(referring, _)| &**referring == name)
    };
    let lacking = event.fields.iter().find(|field| field.presence == Presence::Required && !has(&field.name));
    let Some(field) = lacking else { return Ok(()) };
    let (name, ty) = (&field.name, &field.ty);
    let refusal = match said.get(&**name).map(|json| (json, Value::from_json(json, ty))) {
        Some((_, Err(misfit))) => {
            let message = format!("`{name}`: expected {}, got {}", misfit.expected, misfit.got);
            Refusal::new("wrong_type", message)
        }
        _ => {
            let message = format!("`{name}` is missing: it is {} {ty}", article(&ty.to_string()));
            Refusal::new("missing", message)
        }
    };
    Err(refusal.at(&**name).help(format!("declare it as `{name}: {ty}?` if it may be missing")))
}

fn small(fields: &Fields, name: &str) -> Result<(), Refusal> {
    let size = Json::Object(fields.clone()).to_string().len();
    if size <= LARGEST {
        return Ok(());
    }
    let message = format!("`{name}` has {} KiB, and {} are allowed", size >> 10, LARGEST >> 10);
    Err(Refusal::new("event_too_large", message).help("have the source keep less of it"))
}
