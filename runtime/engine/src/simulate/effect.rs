//! Effects in a simulation: what became of each, and how providers behave.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::model::{Fields, Intent};

/// How a provider behaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Behaviour {
    /// It accepts, with this result.
    Accept(Fields),
    /// It says no for good.
    Refuse(Arc<str>),
    /// Each attempt fails.
    Fail(Arc<str>),
    /// Nobody knows whether it arrived.
    Lose(Arc<str>),
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::Accept(Fields::new())
    }
}

/// What became of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is due some time.
    Ready,
    /// It is held for a person.
    Draft,
    /// The provider accepted it.
    Sent,
    /// A person, consent or a cap dropped it.
    Dropped,
    /// It is not wanted any more.
    Cancelled,
    /// The provider did not take it, and the run went on or ended.
    Failed,
    /// The provider did not take it, or nobody knows: it waits for a person.
    Parked,
}

/// An effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// What the rules asked for.
    pub intent: Intent,
    /// What became of it.
    pub state: State,
    /// When it was sent, or whatever else became of it; when it was asked for, until then.
    pub at: Timestamp,
    /// Why, in words, if it was not sent.
    pub detail: Arc<str>,
    /// Its arguments by the names of the action's parameters; missing ones are left out.
    pub arguments: Vec<(Arc<str>, Json)>,
    /// Counts the effects of a simulation.
    pub(super) number: u64,
}

impl Effect {
    /// An argument.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&Json> {
        self.arguments.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }
}
