//! Turns what a worker has read into what it commits: inputs in order, each applied to
//! what the ones before it have left.

use std::sync::Arc;

use jiff::Timestamp;
use onward_engine::model::{Fact, FactKind, Input, Origin, Snapshot, Transition};
use onward_engine::{Needs, Programs, Unmet, apply};

use crate::programs::{Library, LibraryError};
use crate::store::{Batch, Commit, Due, Filed, FillPart, Filled, Lease, Ring, Shard, Store, needs};

/// So often the engine may ask for more before one input is given up.
const QUESTIONS: u32 = 1_000;

/// One thing to apply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Item<'a> {
    Fact(&'a Filed),
    Due(&'a Due),
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
            items.push(Item::Due(due));
        }
        items.push(Item::Fact(filed));
    }
    let last = batch.facts.last().filter(|last| last.fact.origin == Origin::Live);
    if batch.facts.len() < limit || last.is_none() {
        items.extend(timers.map(Item::Due));
    }
    items
}

/// What the batch of this shard changes.
pub(super) async fn work_out(
    store: &dyn Store,
    library: &Library,
    own: Shard,
    mut batch: Batch,
    limit: usize,
    now: Timestamp,
) -> Result<Commit, BatchError> {
    let mut engine = Engine::new(store, library, own, std::mem::take(&mut batch.snapshot));
    let mut commit = Commit::new(batch.cursor, now);
    for item in in_order(&batch, limit) {
        let input = match item {
            Item::Fact(filed) => match &filed.moved {
                Some(into) => {
                    commit.hand_over(&filed.fact, into);
                    continue;
                }
                None => engine.meet(&filed.fact),
            },
            Item::Due(Due { subject, what: Ring::Timer(run), .. }) => Input::Timer { subject, run },
            Item::Due(Due { subject, what: Ring::Wake, .. }) => Input::Wake { subject },
        };
        let transition = engine.apply(input, now).await?;
        engine.snapshot.absorb(&transition);
        commit.add(transition);
    }
    if let Some(live) = &engine.programs.live {
        commit.relate(&live.program().follows);
    }
    Ok(commit)
}

/// What becomes watched about entities that were there before the live program.
pub(super) async fn fill_in(
    store: &dyn Store,
    library: &Library,
    lease: &Lease,
    mut part: FillPart,
    limit: usize,
    now: Timestamp,
) -> Result<Commit, BatchError> {
    let mut engine = Engine::new(store, library, lease.shard, std::mem::take(&mut part.snapshot));
    let mut commit = Commit::new(lease.cursor, now);
    for subject in &part.entities {
        let transition = engine.apply(Input::Fill { subject, edges: part.edges }, now).await?;
        engine.snapshot.absorb(&transition);
        commit.add(transition);
    }
    if let Some(live) = &engine.programs.live {
        let follows = &live.program().follows;
        commit.relate(follows);
        for id in &part.entities {
            if let Some(Some(entity)) = engine.snapshot.entities.get(id) {
                commit.relate_known(id, &entity.attributes, follows);
            }
        }
    }
    let more = part.entities.len() >= limit;
    commit.filled = Some(Filled {
        deployment: part.deployment,
        up_to: part.entities.last().filter(|_| more).cloned(),
        count: part.entities.len() as u64,
    });
    Ok(commit)
}

struct Engine<'a> {
    store: &'a dyn Store,
    library: &'a Library,
    programs: Programs,
    own: Shard,
    snapshot: Snapshot,
    /// Events of the batch so far: they lie behind the store's cursor.
    met: Vec<&'a Fact>,
}

impl<'a> Engine<'a> {
    fn new(store: &'a dyn Store, library: &'a Library, own: Shard, snapshot: Snapshot) -> Self {
        let programs = library.shelf().programs.clone();
        Self { store, library, programs, own, snapshot, met: Vec::new() }
    }

    /// The fact is next: what is known of the past includes it.
    fn meet<'f>(&mut self, fact: &'f Fact) -> Input<'f>
    where
        'f: 'a,
    {
        self.snapshot.absorb_fact(fact);
        if let FactKind::Event { .. } = fact.kind {
            self.met.push(fact);
        }
        Input::Fact(fact)
    }

    async fn apply(&mut self, input: Input<'_>, now: Timestamp) -> Result<Transition, BatchError> {
        for _ in 0..QUESTIONS {
            match apply(&self.programs, &self.snapshot, input, now) {
                Ok(transition) => return Ok(transition),
                Err(Unmet::Needs(needs)) => self.load(needs).await?,
                Err(Unmet::NeedsProgram(hash)) => {
                    let program = self.library.load(self.store, hash).await?;
                    self.programs.pinned.insert(hash, Arc::clone(&program));
                }
            }
        }
        Err(BatchError::Endless)
    }

    async fn load(&mut self, needs: Needs) -> Result<(), BatchError> {
        let loaded = self.store.load(&needs, Some(self.own)).await?;
        let past = !needs.questions.is_empty();
        needs::give(&mut self.snapshot, needs, loaded);
        if past {
            for fact in &self.met {
                self.snapshot.absorb_fact(fact);
            }
        }
        Ok(())
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
        Due { at: at(second), subject: ana(), what: Ring::Timer(format!("t{second}").into()) }
    }

    fn names(batch: &Batch, limit: usize) -> Vec<String> {
        in_order(batch, limit)
            .iter()
            .map(|item| match item {
                Item::Fact(filed) => filed.fact.id.to_string(),
                Item::Due(Due { what: Ring::Timer(run), .. }) => run.to_string(),
                Item::Due(Due { what: Ring::Wake, .. }) => "wake".to_owned(),
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
