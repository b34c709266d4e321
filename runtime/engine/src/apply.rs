//! `apply`: one input in, one transition out.
//!
//! Each input has its own file, and so has each thing that a run may meet on its
//! way. All of them work on a `turn::Turn`, which sees the changes made so far
//! and folds them into the transition.
//!
//! It must not know stores, providers or the clock. What it needs and was not
//! given it asks for by [`Unmet`], having changed nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};

use crate::model::{Input, Question, Reference, Snapshot, Transition};
use crate::program::Programs;

mod alarm;
mod attributes;
mod body;
mod clause;
mod delete;
mod effect;
mod event;
mod exit;
mod fact;
mod forward;
mod goal;
mod id;
mod look;
mod merge;
mod order;
mod outcome;
mod record;
mod say;
mod start;
mod team;
mod timer;
mod touch;
mod trigger;
mod turn;
mod watch;
mod zone;

/// What `apply` lacks. Nothing has changed; give it and call again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// What the snapshot does not have.
    #[error("the snapshot lacks what is asked for")]
    Needs(Needs),
    /// A program that a run is pinned to.
    #[error("program {0} is not loaded")]
    NeedsProgram(Hash),
}

/// What a snapshot is to be given. Whatever was looked up and is not there is given as nothing:
/// `None` for an entity, an empty list for the rest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Entities, each with its unfinished runs and its keys of `once`.
    pub entities: BTreeSet<EntityId>,
    /// Past events, in the order of their places in the log.
    pub questions: BTreeSet<Question>,
    /// Entities that refer to another.
    pub references: BTreeSet<Reference>,
}

impl Unmet {
    fn needs(id: &EntityId) -> Self {
        Self::Needs(Needs { entities: BTreeSet::from([id.clone()]), ..Needs::default() })
    }
}

/// A result that may lack something.
type Met<T> = Result<T, Unmet>;

/// What an input changes.
///
/// # Errors
/// [`Unmet`] if the programs or the snapshot lack something that it needs.
pub fn apply(
    programs: &Programs,
    snapshot: &Snapshot,
    input: Input<'_>,
    now: Timestamp,
) -> Result<Transition, Unmet> {
    match input {
        Input::Fact(fact) => fact::apply(programs, snapshot, fact, now),
        Input::Timer { subject, run } => timer::apply(programs, snapshot, subject, run, now),
        Input::Wake { subject } => alarm::wake(programs, snapshot, subject, now),
        Input::Fill { subject, edges } => alarm::fill(programs, snapshot, subject, edges, now),
    }
}
