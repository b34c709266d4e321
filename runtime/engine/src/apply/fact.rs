//! A fact: by its kind to the file that knows what it means.

use jiff::Timestamp;

use super::Met;
use super::id::Cause;
use super::merge::Left;
use super::turn::{Firing, Turn};
use crate::model::{Fact, FactKind, Fields, Occurrence, Origin, Snapshot, Transition};
use crate::program::Programs;

/// What a fact changes.
pub(super) fn apply(
    programs: &Programs,
    snapshot: &Snapshot,
    fact: &Fact,
    now: Timestamp,
) -> Met<Transition> {
    let mut turn = Turn::new(programs, snapshot, Cause::of_fact(&fact.id), now);
    if !turn.forward_merged(fact)? {
        turn.take(fact)?;
        turn.settle()?;
    }
    Ok(turn.finish())
}

impl Turn<'_> {
    fn take(&mut self, fact: &Fact) -> Met<()> {
        let subject = &fact.subject;
        if fact.origin == Origin::Backfill {
            self.firing = Firing::Quiet;
        }
        match &fact.kind {
            FactKind::Event { attributes, .. } => {
                self.begin_anew(subject)?;
                let Some(event) = fact.occurrence() else { return Ok(()) };
                match self.firing {
                    Firing::Live => self.take_event(subject, &event, attributes),
                    Firing::Quiet => self.keep_event(fact, &event, attributes),
                }
            }
            FactKind::Attributes { attributes } => {
                self.begin_anew(subject)?;
                self.keep(fact, attributes)
            }
            FactKind::Deleted => self.delete(fact),
            FactKind::Outcome { intent, run, outcome } => self.take_outcome(subject, run, intent, outcome),
            FactKind::Order { run, order } => self.take_order(subject, run, *order),
            FactKind::Start { workflow } => self.take_start(fact, workflow),
            FactKind::Touched { by, touch } => self.take_touch(fact, by, *touch),
            FactKind::Turn { intent, run, of } => self.take_turn(fact, intent, run, of),
            FactKind::MergedInto { into } => self.merge(fact, into),
            FactKind::Inherited { from, attributes, runs, enrolments, taken, watch } => {
                self.begin_anew(subject)?;
                let keys = enrolments.iter().zip(taken.iter().copied().chain(std::iter::repeat(fact.at)));
                let left = Left { from, attributes, runs, keys: keys.collect(), watch };
                self.inherit(fact, &left)
            }
        }
    }

    /// Attributes of the subject, which appears if it was not there.
    fn keep(&mut self, fact: &Fact, attributes: &Fields) -> Met<()> {
        match self.assign(&fact.subject, attributes, fact.at)? {
            Some(changed) => self.react(&changed),
            None => Ok(()),
        }
    }

    /// An event of the past: what is known of the subject is kept right, and nothing starts.
    fn keep_event(&mut self, fact: &Fact, event: &Occurrence, attributes: &Fields) -> Met<()> {
        self.keep(fact, attributes)?;
        self.recall(&fact.subject, event);
        self.timed.insert(fact.subject.clone());
        self.stir_by_event(&fact.subject, event);
        Ok(())
    }
}
