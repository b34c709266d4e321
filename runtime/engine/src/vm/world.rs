//! What code may read: the world around a run, all of it given.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{EntityId, Program, Scalar, Type, Value};
use serde_json::Value as Json;

use super::{Fault, Trace};
use crate::model::{Entity, Occurrence, Question};

/// Gives a secret by its name. It borrows what it is made of for `'a`.
pub type Secrets<'a> = dyn Fn(&str) -> Option<Arc<str>> + 'a;

/// What code may read.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// For whom code runs; none where an action's request is made.
    pub subject: Option<&'a EntityId>,
    /// Entities that were looked up, `None` if there is none. Reading another is [`Fault::Needs`].
    pub entities: &'a BTreeMap<EntityId, Option<Entity>>,
    /// Past events that were looked up, in the order of their places in the log. Reading others is [`Fault::Asks`].
    pub history: &'a BTreeMap<Question, Vec<Occurrence>>,
    /// The event at hand.
    pub event: Option<&'a Occurrence>,
    /// For an attribute trigger: how the attribute moved.
    pub moved: Option<Moved<'a>>,
    /// Now.
    pub now: Timestamp,
    /// When the run started for which code runs, if there is one.
    pub run_started: Option<Timestamp>,
    /// The secrets; only the dispatcher and ingestion give them.
    pub secrets: Option<&'a Secrets<'a>>,
    /// Who is told which way code goes.
    pub trace: Option<&'a dyn Trace>,
}

static NO_HISTORY: BTreeMap<Question, Vec<Occurrence>> = BTreeMap::new();

/// How an attribute moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved<'a> {
    /// What it was.
    pub before: Option<&'a Json>,
    /// What it is.
    pub after: Option<&'a Json>,
}

impl<'a> World<'a> {
    /// A world of nothing but entities and the moment.
    #[must_use]
    pub fn new(entities: &'a BTreeMap<EntityId, Option<Entity>>, now: Timestamp) -> Self {
        Self {
            subject: None,
            entities,
            history: &NO_HISTORY,
            event: None,
            moved: None,
            now,
            run_started: None,
            secrets: None,
            trace: None,
        }
    }

    /// The subject's zone: its own, else its account's, else the project's.
    ///
    /// # Errors
    ///
    /// [`Fault::Needs`] if an entity has to be looked up for it.
    pub fn zone(&self, program: &Program) -> Result<TimeZone, Fault> {
        if let Some(subject) = self.subject {
            if let Some(zone) = self.zone_of(subject)? {
                return Ok(zone);
            }
            let account = Type::One(Scalar::Entity("account".into()));
            if let Value::Entity(account) = self.attribute(subject, "account", &account)?
                && account != *subject
                && let Some(zone) = self.zone_of(&account)?
            {
                return Ok(zone);
            }
        }
        Ok(TimeZone::get(&program.project.timezone).unwrap_or(TimeZone::UTC))
    }

    fn zone_of(&self, id: &EntityId) -> Result<Option<TimeZone>, Fault> {
        match self.attribute(id, "timezone", &Type::One(Scalar::Timezone))? {
            Value::Text(name) => Ok(TimeZone::get(&name).ok()),
            _ => Ok(None),
        }
    }

    /// An entity that was looked up.
    pub(super) fn entity(&self, id: &EntityId) -> Result<Option<&'a Entity>, Fault> {
        match self.entities.get(id) {
            Some(entity) => Ok(entity.as_ref()),
            None => Err(Fault::Needs(id.clone())),
        }
    }

    /// An attribute read as `ty`. Every entity has an `id`, its key, unless it has an attribute of that name.
    pub(crate) fn attribute(&self, id: &EntityId, name: &str, ty: &Type) -> Result<Value, Fault> {
        let json = self.entity(id)?.and_then(|entity| entity.attributes.get(name));
        Ok(match json {
            Some(json) => Value::read(json, ty),
            None if name == "id" => Value::read(&Json::from(&*id.id), ty),
            None => Value::Missing,
        })
    }
}
