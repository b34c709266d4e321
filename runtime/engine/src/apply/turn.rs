//! The state of one `apply`: what the snapshot says, overlaid with what has changed so far.
//!
//! It must not know what any of it means.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};

use super::id::Cause;
use super::{Met, Unmet};
use crate::model::{
    Change, Enrolled, Entity, EntityChange, Entry, Fact, FactKind, Fields, Intent, Origin, Run, RunChange,
    RunState, Snapshot, Transition, What,
};
use crate::program::{Loaded, Programs};
use crate::snapshot;

/// What has happened and is still to be reacted to, in order.
#[derive(Debug)]
pub(super) enum Happening {
    /// An entity changed.
    Changed(Changed),
    /// A run of the workflow ended: the next in its queue may start.
    Freed {
        /// Whose.
        subject: EntityId,
        /// Of which workflow.
        workflow: Arc<str>,
    },
}

/// A change of an entity.
#[derive(Debug)]
pub(super) struct Changed {
    /// Which entity.
    pub(super) subject: EntityId,
    /// Whether it appeared just now.
    pub(super) appeared: Appeared,
    /// Its attributes that are different now.
    pub(super) attributes: Vec<Moved>,
}

/// Whether an entity is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Appeared {
    /// It was not there.
    Now,
    /// It was there.
    Before,
}

/// An attribute that is different now. `null` means none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moved {
    pub(super) name: Arc<str>,
    pub(super) old: serde_json::Value,
    pub(super) new: serde_json::Value,
}

/// A run as it is now.
#[derive(Debug)]
struct Kept {
    run: Run,
    expected: Option<u64>,
    touched: bool,
}

/// One `apply` under way.
pub(super) struct Turn<'a> {
    pub(super) programs: &'a Programs,
    pub(super) now: Timestamp,
    pub(super) cause: Cause,
    pub(super) queue: VecDeque<Happening>,
    /// Which occurrence is being reacted to: 0 the input itself, then those that follow from it.
    pub(super) wave: u64,
    /// Workflows that an occurrence has matched already: a second trigger of theirs is not looked at.
    pub(super) entered: BTreeSet<(u64, Arc<str>, EntityId)>,
    /// How many runs were started.
    pub(super) starts: u32,
    snapshot: &'a Snapshot,
    /// Working copies: those that code or the input asked for.
    entities: BTreeMap<EntityId, Option<Entity>>,
    changes: BTreeMap<EntityId, EntityChange>,
    known: BTreeSet<EntityId>,
    runs: IndexMap<Arc<str>, Kept>,
    out: Transition,
}

impl<'a> Turn<'a> {
    pub(super) fn new(programs: &'a Programs, snapshot: &'a Snapshot, cause: Cause, now: Timestamp) -> Self {
        Self {
            programs,
            now,
            cause,
            queue: VecDeque::new(),
            wave: 0,
            entered: BTreeSet::new(),
            starts: 0,
            snapshot,
            entities: BTreeMap::new(),
            changes: BTreeMap::new(),
            known: BTreeSet::new(),
            runs: IndexMap::new(),
            out: Transition::default(),
        }
    }

    /// The transition.
    pub(super) fn finish(self) -> Transition {
        let mut out = self.out;
        out.entities = self.changes.into_values().collect();
        let touched = self.runs.into_values().filter(|kept| kept.touched);
        out.runs = touched
            .map(|Kept { mut run, expected, .. }| {
                run.version = expected.unwrap_or(0) + 1;
                RunChange { expected, run }
            })
            .collect();
        out
    }

    /// The program that a run is pinned to.
    pub(super) fn program(&self, hash: Hash) -> Met<Arc<Loaded>> {
        let live = self.programs.live.iter().find(|live| live.hash() == hash);
        self.programs.pinned.get(&hash).or(live).cloned().ok_or(Unmet::NeedsProgram(hash))
    }

    /// Entities as they are now, those that were asked for so far.
    pub(super) fn entities(&self) -> &BTreeMap<EntityId, Option<Entity>> {
        &self.entities
    }

    /// Makes sure that an entity is among [`Self::entities`].
    pub(super) fn fetch(&mut self, id: &EntityId) -> Met<()> {
        if !self.entities.contains_key(id) {
            let entity = self.snapshot.entities.get(id).ok_or_else(|| Unmet::needs(id))?;
            self.entities.insert(id.clone(), entity.clone());
        }
        Ok(())
    }

    /// An entity as it is now.
    pub(super) fn entity(&mut self, id: &EntityId) -> Met<Option<&Entity>> {
        self.fetch(id)?;
        Ok(self.entities.get(id).and_then(Option::as_ref))
    }

    /// An entity's attribute as it is now.
    pub(super) fn attribute(&mut self, id: &EntityId, name: &str) -> Met<Option<&serde_json::Value>> {
        Ok(self.entity(id)?.and_then(|entity| entity.attributes.get(name)))
    }

    /// An entity's attributes as they are now.
    pub(super) fn attributes(&mut self, id: &EntityId) -> Met<Fields> {
        Ok(self.entity(id)?.map(|entity| entity.attributes.clone()).unwrap_or_default())
    }

    /// Changes attributes; `null` takes one away. The entity is created `at` that time if it is not there.
    pub(super) fn set(&mut self, id: &EntityId, fields: &Fields, at: Timestamp) -> Met<()> {
        let mut entity = self.entity(id)?.cloned().unwrap_or_else(|| {
            Entity::new(id.clone(), Fields::new(), at)
        });
        snapshot::set(&mut entity.attributes, fields);
        self.entities.insert(id.clone(), Some(entity));
        let change = self.changes.entry(id.clone()).or_insert_with(|| EntityChange {
            id: id.clone(),
            at,
            change: Change::Set(Fields::new()),
        });
        match &mut change.change {
            Change::Set(known) => known.extend(fields.clone()),
            _ => change.change = Change::Set(fields.clone()),
        }
        Ok(())
    }

    /// Creates an entity whose id is made from its cause, so that it cannot be there.
    pub(super) fn create(&mut self, id: &EntityId, fields: &Fields) -> Met<Changed> {
        self.entities.insert(id.clone(), None);
        self.known.insert(id.clone());
        self.set(id, fields, self.now)?;
        let moved = fields.iter().map(|(name, new)| Moved {
            name: name.as_str().into(),
            old: serde_json::Value::Null,
            new: new.clone(),
        });
        Ok(Changed { subject: id.clone(), appeared: Appeared::Now, attributes: moved.collect() })
    }

    /// Takes an entity away.
    pub(super) fn delete(&mut self, id: &EntityId) {
        self.entities.insert(id.clone(), None);
        let change = EntityChange { id: id.clone(), at: self.now, change: Change::Delete };
        self.changes.insert(id.clone(), change);
    }

    /// Makes sure that a subject's runs are at hand.
    fn know(&mut self, subject: &EntityId) -> Met<()> {
        self.fetch(subject)?;
        if self.known.insert(subject.clone()) {
            let mut runs: Vec<_> = self.snapshot.runs.get(subject).into_iter().flatten().collect();
            runs.sort_by(|a, b| age(a).cmp(&age(b)));
            for run in runs {
                let kept = Kept { run: run.clone(), expected: Some(run.version), touched: false };
                self.runs.insert(run.id.clone(), kept);
            }
        }
        Ok(())
    }

    /// Ids of a subject's unfinished runs, oldest first.
    pub(super) fn unfinished(&mut self, subject: &EntityId) -> Met<Vec<Arc<str>>> {
        self.know(subject)?;
        let runs = self.runs.values().map(|kept| &kept.run);
        Ok(runs.filter(|run| run.subject == *subject && !finished(run)).map(|run| run.id.clone()).collect())
    }

    /// A run as it is now, unless it has ended.
    pub(super) fn run(&self, id: &str) -> Option<&Run> {
        self.runs.get(id).map(|kept| &kept.run).filter(|run| !finished(run))
    }

    /// A subject's unfinished run.
    pub(super) fn run_of(&mut self, subject: &EntityId, id: &str) -> Met<Option<Run>> {
        self.know(subject)?;
        Ok(self.run(id).filter(|run| run.subject == *subject).cloned())
    }

    /// Keeps a run as it is now.
    pub(super) fn put(&mut self, run: Run) {
        match self.runs.get_mut(&run.id) {
            Some(kept) => {
                kept.run = run;
                kept.touched = true;
            }
            None => {
                let id = run.id.clone();
                self.runs.insert(id, Kept { run, expected: None, touched: true });
            }
        }
    }

    /// Whether a key of `once` is taken.
    pub(super) fn has_entered(&self, key: &Enrolled) -> bool {
        self.snapshot.enrolments.contains_key(key)
            || self.out.enrolments.iter().any(|enrolling| enrolling.key == *key)
    }

    /// Takes a key of `once`.
    pub(super) fn enrol(&mut self, key: Enrolled) {
        if !self.has_entered(&key) {
            self.out.enrolments.push(crate::model::Enrolling { key, at: self.now, before: None });
        }
    }

    /// A subject's keys of `once`.
    pub(super) fn enrolments(&self, subject: &EntityId) -> Vec<Enrolled> {
        self.snapshot.enrolments.keys().filter(|key| key.subject == *subject).cloned().collect()
    }

    /// Records an effect to be done.
    pub(super) fn intend(&mut self, intent: Intent) {
        self.out.intents.push(intent);
    }

    /// Takes an effect back: one recorded just now was never there.
    pub(super) fn cancel(&mut self, key: &Arc<str>) {
        let before = self.out.intents.len();
        self.out.intents.retain(|intent| intent.key != *key);
        if self.out.intents.len() == before {
            self.out.cancelled.push(key.clone());
        }
    }

    /// Records a fact that follows, if the chain of facts that led to it is not too long. Its id
    /// is made from the parts.
    pub(super) fn follow(
        &mut self,
        parts: &[&str],
        subject: &EntityId,
        kind: FactKind,
        at: Timestamp,
        origin: Origin,
    ) -> Followed {
        let Some(id) = self.cause.derived(parts) else { return Followed::ChainTooLong };
        self.out.facts.push(Fact { id, subject: subject.clone(), kind, at, origin });
        Followed::Recorded
    }

    /// Adds a line to the timeline.
    pub(super) fn tell(&mut self, entry: Entry) {
        self.out.timeline.push(entry);
    }

    /// Adds a line about a run to the timeline.
    pub(super) fn say(
        &mut self,
        run: &Run,
        step: Option<&Arc<str>>,
        what: What,
        detail: impl Into<Arc<str>>,
    ) {
        self.tell(Entry {
            at: self.now,
            subject: run.subject.clone(),
            workflow: run.workflow.clone(),
            run: Some(run.id.clone()),
            step: step.cloned(),
            what,
            detail: detail.into(),
        });
    }
}

/// Whether a fact that follows was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// It was.
    Recorded,
    /// Too many facts have followed from one another already.
    ChainTooLong,
}

fn age(run: &Run) -> (Timestamp, &str) {
    (run.started, &run.id)
}

fn finished(run: &Run) -> bool {
    matches!(run.state, RunState::Finished { .. })
}
