//! Turns what a worker has read into what it commits: inputs in order, each applied to
//! what the ones before it have left.

use std::sync::Arc;

use jiff::Timestamp;
use onward_engine::model::{Input, Origin, Snapshot, Transition};
use onward_engine::{Programs, Unmet, apply};

use crate::programs::{Library, LibraryError};
use crate::store::{Batch, Commit, Due, Filed, Store};

/// So often the engine may ask for more before one input is given up.
const QUESTIONS: u32 = 64;

/// One thing to apply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Item<'a> {
    Fact(&'a Filed),
    Timer(&'a Due),
}

/// Why a batch could not be worked out.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error("the engine asks for the same again and again")]
    Endless,
}

impl From<crate::store::StoreError> for BatchError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Library(error.into())
    }
}

/// The batch's inputs in the order in which they happened: facts stay in theirs, and a
/// timer rings before the first fact that is later than it. `limit` is how many facts
/// were asked for: if so many came, more may wait, and timers after the last are left
/// for the next batch.
pub(super) fn in_order(batch: &Batch, limit: usize) -> Vec<Item<'_>> {
    let mut items = Vec::with_capacity(batch.facts.len() + batch.timers.len());
    let mut timers = batch.timers.iter().peekable();
    for filed in &batch.facts {
        while let Some(due) = timers.next_if(|due| due.at < filed.fact.at) {
            items.push(Item::Timer(due));
        }
        items.push(Item::Fact(filed));
    }
    let last = batch.facts.last().filter(|last| last.fact.origin == Origin::Live);
    if batch.facts.len() < limit || last.is_none() {
        items.extend(timers.map(Item::Timer));
    }
    items
}

/// What the batch changes.
pub(super) async fn work_out(
    store: &dyn Store,
    library: &Library,
    mut batch: Batch,
    limit: usize,
    now: Timestamp,
) -> Result<Commit, BatchError> {
    let programs = library.shelf().programs.clone();
    let mut engine = Engine { store, library, programs, snapshot: std::mem::take(&mut batch.snapshot) };
    let mut commit = Commit::new(batch.cursor, now);
    for item in in_order(&batch, limit) {
        let input = match item {
            Item::Fact(filed) => match &filed.moved {
                Some(into) => {
                    commit.hand_over(&filed.fact, into);
                    continue;
                }
                None => Input::Fact(&filed.fact),
            },
            Item::Timer(due) => Input::Timer { subject: &due.subject, run: &due.run },
        };
        let transition = engine.apply(input, now).await?;
        engine.snapshot.absorb(&transition);
        commit.add(transition);
    }
    Ok(commit)
}

struct Engine<'a> {
    store: &'a dyn Store,
    library: &'a Library,
    programs: Programs,
    snapshot: Snapshot,
}

impl Engine<'_> {
    async fn apply(&mut self, input: Input<'_>, now: Timestamp) -> Result<Transition, BatchError> {
        for _ in 0..QUESTIONS {
            match apply(&self.programs, &self.snapshot, input, now) {
                Ok(transition) => return Ok(transition),
                Err(Unmet::Needs(needs)) => {
                    let loaded = self.store.load(&needs.entities).await?;
                    merge(&mut self.snapshot, loaded);
                    for id in needs.entities {
                        self.snapshot.entities.entry(id.clone()).or_default();
                        self.snapshot.runs.entry(id).or_default();
                    }
                }
                Err(Unmet::NeedsProgram(hash)) => {
                    let program = self.library.load(self.store, hash).await?;
                    self.programs.pinned.insert(hash, Arc::clone(&program));
                }
            }
        }
        Err(BatchError::Endless)
    }
}

/// Adds what was loaded. What the snapshot has is newer: it follows the batch.
fn merge(snapshot: &mut Snapshot, loaded: Snapshot) {
    for (id, entity) in loaded.entities {
        if !snapshot.entities.contains_key(&id) {
            snapshot
                .enrolments
                .extend(loaded.enrolments.iter().filter(|(key, _)| key.subject == id).map(|(k, at)| (k.clone(), *at)));
            snapshot.entities.insert(id, entity);
        }
    }
    for (id, runs) in loaded.runs {
        snapshot.runs.entry(id).or_insert(runs);
    }
}

#[cfg(test)]
mod tests {
    use onward_bytecode::EntityId;
    use onward_engine::model::{Fact, FactKind};

    use super::*;
    use crate::store::Position;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ana() -> EntityId {
        EntityId::new("contact", "ana")
    }

    fn fact(second: i64, origin: Origin) -> Filed {
        Filed {
            position: Position::default(),
            fact: Fact {
                id: format!("f{second}").into(),
                subject: ana(),
                kind: FactKind::Deleted,
                at: at(second),
                origin,
            },
            moved: None,
        }
    }

    fn timer(second: i64) -> Due {
        Due { at: at(second), subject: ana(), run: format!("t{second}").into() }
    }

    fn names(batch: &Batch, limit: usize) -> Vec<String> {
        in_order(batch, limit)
            .iter()
            .map(|item| match item {
                Item::Fact(filed) => filed.fact.id.to_string(),
                Item::Timer(due) => due.run.to_string(),
            })
            .collect()
    }

    #[test]
    fn timers_ring_between_the_facts_around_them() {
        let facts = vec![fact(1, Origin::Live), fact(5, Origin::Live), fact(3, Origin::Live)];
        let timers = vec![timer(0), timer(1), timer(4), timer(9)];
        let batch = Batch { facts, timers, ..Batch::default() };
        assert_eq!(names(&batch, 10), ["t0", "f1", "t1", "t4", "f5", "f3", "t9"]);
    }

    #[test]
    fn a_timer_waits_for_facts_that_may_come_before_it() {
        let batch = Batch {
            facts: vec![fact(1, Origin::Live)],
            timers: vec![timer(0), timer(2)],
            ..Batch::default()
        };
        assert_eq!(names(&batch, 1), ["t0", "f1"]);
        assert_eq!(names(&batch, 2), ["t0", "f1", "t2"]);
    }

    #[test]
    fn history_does_not_hold_timers_up() {
        let batch =
            Batch { facts: vec![fact(1, Origin::Backfill)], timers: vec![timer(2)], ..Batch::default() };
        assert_eq!(names(&batch, 1), ["f1", "t2"]);
    }
}
