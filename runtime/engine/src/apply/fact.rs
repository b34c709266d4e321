//! A fact: by its kind to the file that knows what it means.

use jiff::Timestamp;

use super::Met;
use super::id::Cause;
use super::start::occurrence;
use super::turn::Turn;
use crate::model::{Fact, FactKind, Fields, Finish, Origin, Snapshot, Transition};
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
        match (&fact.kind, fact.origin) {
            (FactKind::Event { attributes, .. } | FactKind::Attributes { attributes }, Origin::Backfill) => {
                self.keep(fact, attributes)
            }
            (FactKind::Event { name, fields, contact, attributes }, Origin::Live) => {
                let event = occurrence(&fact.id, name, fact.at, fields, contact.as_ref(), subject);
                self.take_event(subject, &event, attributes)
            }
            (FactKind::Attributes { attributes }, Origin::Live) => {
                match self.assign(subject, attributes, fact.at)? {
                    Some(changed) => self.react(&changed),
                    None => Ok(()),
                }
            }
            (FactKind::Deleted, _) => self.orphan(fact),
            (FactKind::Outcome { intent, run, outcome }, _) => {
                self.take_outcome(subject, run, intent, outcome)
            }
            (FactKind::Order { run, order }, _) => self.take_order(subject, run, *order),
            (FactKind::Start { .. } | FactKind::Touched { .. } | FactKind::Turn { .. }, _) => Ok(()),
            (FactKind::MergedInto { into }, _) => self.merge(fact, into),
            (FactKind::Inherited { from, attributes, runs, enrolments }, _) => {
                self.inherit(fact, from, attributes, runs, enrolments)
            }
        }
    }

    /// History: what is known of the subject is kept, and nothing else happens.
    fn keep(&mut self, fact: &Fact, attributes: &Fields) -> Met<()> {
        self.assign(&fact.subject, attributes, fact.at)?;
        Ok(())
    }

    /// The subject is gone: its runs end.
    fn orphan(&mut self, fact: &Fact) -> Met<()> {
        for id in self.unfinished(&fact.subject)? {
            if let Some(run) = self.run(&id).cloned() {
                self.end(run, Finish::Orphaned, format!("{} was deleted", fact.subject));
            }
        }
        self.queue.clear();
        if self.entity(&fact.subject)?.is_some() {
            self.delete(&fact.subject);
        }
        Ok(())
    }
}
