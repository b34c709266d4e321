//! How values are written in columns, the same in both stores.
//!
//! It knows the model and JSON, and no SQL.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{
    Entry, Fact, FactKind, Fields, Finish, Intent, Occurrence, Outcome, RunChange, RunState, What,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as WordError, StrDeserializer};

use super::types::{Claim, EffectState, NewFact, Parking, RunStatus, Settle, Settlement, Who};
use super::{Result, Shard, StoreError, shard_of};

/// The word that stands for a variant without contents.
pub(super) fn word<T: Serialize>(variant: &T) -> String {
    struct Shown<'a, T>(&'a T);
    impl<T: Serialize> fmt::Display for Shown<'_, T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.serialize(f)
        }
    }
    Shown(variant).to_string()
}

/// The variant that a word stands for.
pub(super) fn read_word<T: DeserializeOwned>(table: &'static str, word: &str) -> Result<T> {
    T::deserialize(StrDeserializer::<WordError>::new(word)).map_err(|error| unreadable(table, error))
}

/// A value as JSON text. NUL is replaced: Postgres keeps none.
pub(super) fn json<T: Serialize>(table: &'static str, value: &T) -> Result<String> {
    let text = serde_json::to_string(value).map_err(|error| unreadable(table, error))?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    let mut value = serde_json::to_value(value).map_err(|error| unreadable(table, error))?;
    clean_json(&mut value);
    serde_json::to_string(&value).map_err(|error| unreadable(table, error))
}

/// A value from JSON text.
pub(super) fn read_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable(table, error))
}

/// Text without NUL.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

fn clean_json(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => *text = clean(text).into_owned(),
        serde_json::Value::Array(values) => values.iter_mut().for_each(clean_json),
        serde_json::Value::Object(members) => {
            for (name, mut member) in std::mem::take(members) {
                clean_json(&mut member);
                members.insert(clean(&name).into_owned(), member);
            }
        }
        _ => {}
    }
}

/// The names in a fact that comes from outside, without NUL. Its body is cleaned as
/// it is written.
pub(super) fn clean_fact(fact: &mut NewFact) {
    fn clean_name(name: &mut Arc<str>) {
        if name.contains('\0') {
            *name = clean(name).into();
        }
    }
    fn clean_who(who: &mut Who) {
        clean_name(&mut who.kind);
        who.keys.iter_mut().for_each(|key| clean_name(&mut key.value));
    }
    clean_name(&mut fact.id);
    clean_who(&mut fact.who);
    fact.contact.iter_mut().for_each(clean_who);
    fact.refers.iter_mut().for_each(|(_, who)| clean_who(who));
    if let FactKind::Event { name, .. } = &mut fact.kind {
        clean_name(name);
    }
}

/// A row that does not say what it should.
pub(super) fn unreadable(table: &'static str, why: impl fmt::Display) -> StoreError {
    StoreError::Unreadable { table, why: why.to_string() }
}

/// Microseconds since 1970: what a store keeps of a moment.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The same, never before the moment: a timer must not ring early.
pub(super) fn micros_up(at: Timestamp) -> i64 {
    let micros = at.as_microsecond();
    let rest = at.subsec_nanosecond().rem_euclid(1000);
    if rest > 0 { micros.saturating_add(1) } else { micros }
}

/// The moment, from microseconds since 1970.
pub(super) fn moment(table: &'static str, micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| unreadable(table, error))
}

/// A program's name, from its text.
pub(super) fn hash(table: &'static str, text: &str) -> Result<Hash> {
    text.parse().map_err(|error| unreadable(table, error))
}

/// What a fact says, for its columns: sort, name, contact.
pub(super) fn fact_columns(fact: &Fact) -> (&'static str, Option<&str>, Option<&EntityId>) {
    match &fact.kind {
        FactKind::Event { name, contact, .. } => ("event", Some(name), contact.as_ref()),
        FactKind::Attributes { .. } => ("attributes", None, None),
        FactKind::Deleted => ("deleted", None, None),
        FactKind::Outcome { .. } => ("outcome", None, None),
        FactKind::Start { .. } => ("start", None, None),
        FactKind::Touched { .. } => ("touched", None, None),
        FactKind::Turn { .. } => ("turn", None, None),
        FactKind::Order { .. } => ("order", None, None),
        FactKind::MergedInto { .. } => ("merged_into", None, None),
        FactKind::Inherited { .. } => ("inherited", None, None),
    }
}

/// The event that a fact tells of, if it tells of one.
pub(super) fn occurrence(of: &EntityId, id: &str, kind: FactKind, at: Timestamp) -> Option<Occurrence> {
    let FactKind::Event { name, fields, contact, .. } = kind else { return None };
    let contact = contact.or_else(|| (*of.kind == *"contact").then(|| of.clone()));
    Some(Occurrence { id: id.into(), name, at, fields, contact })
}

/// A run's state, for its columns.
pub(super) struct RunColumns {
    pub(super) status: RunStatus,
    pub(super) wake: Option<Timestamp>,
    /// All of the state, unless it has ended.
    pub(super) rest: Option<String>,
    pub(super) how: Option<Finish>,
    pub(super) reason: Option<Arc<str>>,
    pub(super) ended: Option<Timestamp>,
}

impl RunColumns {
    pub(super) fn of(state: &RunState) -> Result<Self> {
        let (status, wake) = match state {
            RunState::Waiting { until, .. } => (RunStatus::Waiting, Some(*until)),
            RunState::Acting { .. } => (RunStatus::Acting, None),
            RunState::Parked { .. } => (RunStatus::Parked, None),
            RunState::Queued { .. } => (RunStatus::Queued, None),
            RunState::Finished { how, reason, at } => {
                let (how, reason, ended) = (Some(*how), Some(clean(reason).into()), Some(*at));
                return Ok(Self { status: RunStatus::Finished, wake: None, rest: None, how, reason, ended });
            }
        };
        let rest = Some(json("runs", state)?);
        Ok(Self { status, wake, rest, how: None, reason: None, ended: None })
    }

    pub(super) fn state(self) -> Result<RunState> {
        match self {
            Self { rest: Some(rest), .. } => read_json("runs", &rest),
            Self { how: Some(how), reason, ended: Some(at), .. } => {
                Ok(RunState::Finished { how, reason: reason.unwrap_or_default(), at })
            }
            _ => Err(unreadable("runs", "it neither rests nor has ended")),
        }
    }
}

/// How many runs of each workflow end here, in each shard.
pub(super) fn finished<'a>(
    shards: u16,
    changes: impl Iterator<Item = &'a RunChange>,
) -> BTreeMap<(Shard, &'a str), i64> {
    let mut counts = BTreeMap::new();
    for RunChange { run, .. } in changes {
        if matches!(&run.state, RunState::Finished { how, .. } if *how != Finish::Moved) {
            *counts.entry((shard_of(&run.subject, shards), &*run.workflow)).or_default() += 1;
        }
    }
    counts
}

/// Attributes without those that were taken away.
pub(super) fn present(mut attributes: Fields) -> Fields {
    attributes.retain(|_, value| !value.is_null());
    attributes
}

/// Id of the fact that tells how an intent ended.
pub(super) fn outcome_id(intent: &str) -> Arc<str> {
    format!("outcome/{intent}").into()
}

/// The fact that tells how an intent ended.
pub(super) fn outcome_fact(intent: &Intent, outcome: Outcome, at: Timestamp) -> Fact {
    Fact {
        id: outcome_id(&intent.key),
        subject: intent.subject.clone(),
        kind: FactKind::Outcome { intent: intent.key.clone(), run: intent.run.clone(), outcome },
        at,
        origin: onward_engine::model::Origin::Live,
    }
}

/// A line about an intent.
pub(super) fn intent_entry(intent: &Intent, what: What, detail: &str, at: Timestamp) -> Entry {
    Entry {
        at,
        subject: intent.subject.clone(),
        workflow: intent.workflow.clone(),
        run: Some(intent.run.clone()),
        step: Some(intent.step.clone()),
        what,
        detail: detail.into(),
    }
}

/// What a settlement writes besides the intent's own row.
pub(super) struct Told {
    pub(super) fact: Option<Fact>,
    /// None if the engine tells it, when it hears of it.
    pub(super) entry: Option<Entry>,
}

impl Told {
    pub(super) fn of(settle: &Settle, now: Timestamp) -> Self {
        let Settle { claim: Claim { intent, .. }, settlement } = settle;
        let entry = |what, detail: &str| Some(intent_entry(intent, what, detail, now));
        match settlement {
            Settlement::Accepted { result, detail } => {
                let outcome = Outcome::Accepted { result: result.clone(), detail: detail.clone() };
                let fact = Some(outcome_fact(intent, outcome, now));
                Self { fact, entry: entry(What::Sent, detail) }
            }
            Settlement::Retry { detail, .. } => Self { fact: None, entry: entry(What::Retrying, detail) },
            Settlement::Parked { detail, .. } => Self { fact: None, entry: entry(What::Parked, detail) },
            Settlement::Failed { detail } => {
                let outcome = Outcome::Failed { detail: detail.clone(), then: intent.failure };
                let fact = Some(outcome_fact(intent, outcome, now));
                Self { fact, entry: None }
            }
        }
    }
}

/// What a settlement makes of an intent's row.
pub(super) struct SettledRow {
    pub(super) state: EffectState,
    /// When it is due again, if it is to be tried again.
    pub(super) due: Option<Timestamp>,
    pub(super) parked: Option<Parking>,
    pub(super) ended: Option<Timestamp>,
    /// Whether it went out, may have gone out, or still may.
    pub(super) out: bool,
}

impl SettledRow {
    pub(super) fn of(settlement: &Settlement, now: Timestamp) -> Self {
        let row = |state| Self { state, due: None, parked: None, ended: None, out: true };
        match settlement {
            Settlement::Accepted { .. } => Self { ended: Some(now), ..row(EffectState::Accepted) },
            Settlement::Retry { due, .. } => Self { due: Some(*due), ..row(EffectState::Ready) },
            Settlement::Parked { why, .. } => {
                let out = *why == Parking::Unsure;
                Self { parked: Some(*why), out, ..row(EffectState::Parked) }
            }
            Settlement::Failed { .. } => Self { ended: Some(now), out: false, ..row(EffectState::Failed) },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::Namespace;

    #[test]
    fn words_go_there_and_back() {
        assert_eq!(word(&Namespace::Anonymous), "anonymous");
        assert_eq!(read_word::<EffectState>("intents", "ready").unwrap(), EffectState::Ready);
        assert!(read_word::<EffectState>("intents", "asleep").is_err());
    }

    #[test]
    fn nul_is_replaced_wherever_it_stands() {
        let value = json!({"a\0": ["x\0y", "\\u0000"]});
        assert_eq!(
            json("facts", &value).unwrap(),
            json!({"a\u{fffd}": ["x\u{fffd}y", "\\u0000"]}).to_string()
        );
    }

    #[test]
    fn a_timer_never_rings_early() {
        let until: Timestamp = "2026-03-08T09:00:00.000000001Z".parse().unwrap();
        let wake = moment("runs", micros_up(until)).unwrap();
        assert!(wake > until);
    }
}
