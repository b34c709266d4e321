//! The state of one `apply`: what the snapshot says, overlaid with what has changed so far.
//!
//! It must not know what any of it means.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};

use super::id::Cause;
use super::watch::Stirred;
use super::{Met, Needs, Unmet};
use crate::index::Way;
use crate::model::{
    Change, Enrolled, Enrolling, Entity, EntityChange, Entry, Fact, FactKind, Fields, Intent, Occurrence,
    Origin, Question, Reference, Run, RunChange, RunState, Snapshot, Tally, Transition, Watch, What,
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
    /// An entity crossed a segment's edge.
    Edge(Edge),
}

/// An entity crossed a segment's edge.
#[derive(Debug)]
pub(super) struct Edge {
    /// Which entity.
    pub(super) subject: EntityId,
    /// Place of the segment in the live program.
    pub(super) segment: u32,
    /// Which way.
    pub(super) way: Way,
    /// With which occurrence.
    pub(super) wave: u64,
    /// When that happened.
    pub(super) at: Timestamp,
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
    /// When that happened.
    pub(super) at: Timestamp,
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

/// What becomes of an entity, in this order.
#[derive(Debug, Default)]
struct Edit {
    erased: Option<Timestamp>,
    set: Option<(Fields, Timestamp)>,
    buried: Option<Timestamp>,
    /// What is watched about it before this turn, if that was touched.
    watched: Option<Watch>,
}

/// Whether what happens starts anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Firing {
    /// It does.
    Live,
    /// What is known is kept right, and nothing starts.
    Quiet,
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
    /// Whether what happens starts anything.
    pub(super) firing: Firing,
    /// Entities whose segments are to be looked at again, and why.
    pub(super) stirred: BTreeMap<EntityId, Stirred>,
    /// Subjects whose exits are to be looked at for the moment when they could hold.
    pub(super) timed: BTreeSet<EntityId>,
    /// References that were set: who refers to whom since now.
    pub(super) referred: BTreeSet<(EntityId, Arc<str>, EntityId)>,
    snapshot: &'a Snapshot,
    history: Cow<'a, BTreeMap<Question, Vec<Occurrence>>>,
    waves: u64,
    /// Working copies: those that code or the input asked for.
    entities: BTreeMap<EntityId, Option<Entity>>,
    edits: BTreeMap<EntityId, Edit>,
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
            firing: Firing::Live,
            stirred: BTreeMap::new(),
            timed: BTreeSet::new(),
            referred: BTreeSet::new(),
            snapshot,
            history: Cow::Borrowed(&snapshot.history),
            waves: 0,
            entities: BTreeMap::new(),
            edits: BTreeMap::new(),
            known: BTreeSet::new(),
            runs: IndexMap::new(),
            out: Transition::default(),
        }
    }

    /// The transition.
    pub(super) fn finish(self) -> Transition {
        let mut out = self.out;
        for (id, edit) in self.edits {
            let watch = self.entities.get(&id).and_then(Option::as_ref).map(|entity| &entity.watch);
            out.entities.extend(edit.changes(&id, watch, self.now));
        }
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

    /// Another occurrence: what follows from the one before is done with.
    pub(super) fn next_wave(&mut self) {
        self.waves += 1;
        self.wave = self.waves;
    }

    /// Makes sure that past events hold the one that is worked out.
    pub(super) fn recall(&mut self, subject: &EntityId, event: &Occurrence) {
        let question = Question { entity: subject.clone(), event: event.name.clone() };
        let known = self.history.get(&question);
        if known.is_some_and(|known| known.iter().rev().all(|known| known.id != event.id)) {
            self.history.to_mut().entry(question).or_default().push(event.clone());
        }
    }

    /// Past events that were looked up.
    pub(super) fn history(&self) -> &BTreeMap<Question, Vec<Occurrence>> {
        &self.history
    }

    /// Makes sure that past events were looked up: those and others that are asked about with them.
    pub(super) fn ask(&self, question: &Question) -> Met<()> {
        if self.history.contains_key(question) {
            return Ok(());
        }
        let mut questions = BTreeSet::from([question.clone()]);
        let live = self.programs.live.as_ref();
        if let Some(watched) = live.and_then(|live| live.index().watched(&question.entity.kind)) {
            let others = watched.asked().map(|event| Question { event: event.clone(), ..question.clone() });
            questions.extend(others.filter(|other| !self.history.contains_key(other)));
        }
        Err(Unmet::Needs(Needs { questions, ..Needs::default() }))
    }

    /// Entities that refer to another.
    pub(super) fn referrers(&self, references: BTreeSet<Reference>) -> Met<BTreeSet<EntityId>> {
        let missing = |reference: &&Reference| !self.snapshot.referrers.contains_key(*reference);
        let missing: BTreeSet<_> = references.iter().filter(missing).cloned().collect();
        if !missing.is_empty() {
            return Err(Unmet::Needs(Needs { references: missing, ..Needs::default() }));
        }
        let known = references.iter().filter_map(|reference| self.snapshot.referrers.get(reference));
        Ok(known.flatten().cloned().collect())
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

    /// As [`Self::fetch`], for code about `subject`: of what was buried, others see nothing.
    pub(super) fn fetch_for(&mut self, subject: &EntityId, id: &EntityId) -> Met<()> {
        self.fetch(id)?;
        if root(subject) != root(id) && self.is_buried(id)? {
            self.entities.insert(id.clone(), None);
        }
        Ok(())
    }

    /// Whether an entity is gone for all but its last runs.
    pub(super) fn is_buried(&mut self, id: &EntityId) -> Met<bool> {
        Ok(self.entity(id)?.is_some_and(|entity| entity.deleted.is_some()))
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
        let mut entity =
            self.entity(id)?.cloned().unwrap_or_else(|| Entity::new(id.clone(), Fields::new(), at));
        snapshot::set(&mut entity.attributes, fields);
        self.entities.insert(id.clone(), Some(entity));
        let edit = self.edits.entry(id.clone()).or_default();
        let (known, _) = edit.set.get_or_insert_with(|| (Fields::new(), at));
        known.extend(fields.clone());
        Ok(())
    }

    /// Creates an entity whose id is made from its cause, so that it cannot be there.
    pub(super) fn create(&mut self, id: &EntityId) {
        self.entities.insert(id.clone(), None);
        self.known.insert(id.clone());
    }

    /// Takes an entity away, with all that is kept of it.
    pub(super) fn erase(&mut self, id: &EntityId) {
        self.entities.insert(id.clone(), None);
        self.edits.insert(id.clone(), Edit { erased: Some(self.now), ..Edit::default() });
    }

    /// Takes an entity away for all but its last runs. Nothing is watched about it any more.
    pub(super) fn bury(&mut self, id: &EntityId) -> Met<()> {
        self.keep_watch(id, Watch::default())?;
        if let Some(Some(entity)) = self.entities.get_mut(id) {
            entity.deleted = Some(self.now);
            self.edits.entry(id.clone()).or_default().buried = Some(self.now);
        }
        Ok(())
    }

    /// What is watched about an entity; none if it is not there.
    pub(super) fn watch_of(&mut self, id: &EntityId) -> Met<Option<Watch>> {
        Ok(self.entity(id)?.map(|entity| entity.watch.clone()))
    }

    /// Keeps what is watched about an entity, if it is there.
    pub(super) fn keep_watch(&mut self, id: &EntityId, watch: Watch) -> Met<()> {
        self.fetch(id)?;
        if let Some(Some(entity)) = self.entities.get_mut(id)
            && entity.watch != watch
        {
            let before = std::mem::replace(&mut entity.watch, watch);
            self.edits.entry(id.clone()).or_default().watched.get_or_insert(before);
        }
        Ok(())
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

    /// Subjects whose runs have changed.
    pub(super) fn touched(&self) -> BTreeSet<EntityId> {
        let touched = self.runs.values().filter(|kept| kept.touched);
        touched.map(|kept| kept.run.subject.clone()).collect()
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
        self.timed.insert(run.subject.clone());
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

    /// When a key of `once` was taken last.
    pub(super) fn taken(&self, key: &Enrolled) -> Option<Timestamp> {
        let now = self.out.enrolments.iter().find(|enrolling| enrolling.key == *key);
        now.map(|enrolling| enrolling.at).or_else(|| self.snapshot.enrolments.get(key).copied())
    }

    /// Takes a key of `once`, or takes it again.
    pub(super) fn enrol(&mut self, key: Enrolled, at: Timestamp) {
        let before = self.snapshot.enrolments.get(&key).copied();
        match self.out.enrolments.iter_mut().find(|enrolling| enrolling.key == key) {
            Some(enrolling) => enrolling.at = at,
            None => self.out.enrolments.push(Enrolling { key, at, before }),
        }
    }

    /// A subject's keys of `once`, and when each was taken last.
    pub(super) fn enrolments(&self, subject: &EntityId) -> Vec<(Enrolled, Timestamp)> {
        let known = self.snapshot.enrolments.iter().filter(|(key, _)| key.subject == *subject);
        known.map(|(key, at)| (key.clone(), *at)).collect()
    }

    /// Counts one.
    pub(super) fn count(&mut self, tally: Tally) {
        self.out.tallies.push(tally);
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
        self.record(Fact { id, subject: subject.clone(), kind, at, origin });
        Followed::Recorded
    }

    /// Records a fact that follows, once.
    pub(super) fn record(&mut self, fact: Fact) {
        if self.out.facts.iter().all(|known| known.id != fact.id) {
            self.out.facts.push(fact);
        }
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

impl Edit {
    fn changes(self, id: &EntityId, watch: Option<&Watch>, now: Timestamp) -> Vec<EntityChange> {
        let erased = self.erased.map(|at| (at, Change::Delete));
        let set = self.set.map(|(fields, at)| (at, Change::Set(fields)));
        let buried = self.buried.map(|at| (at, Change::Bury));
        let changed = watch.filter(|watch| self.watched.is_some_and(|before| before != **watch));
        let watch = changed.map(|watch| (now, Change::Watch(watch.clone())));
        let all = [erased, set, buried, watch].into_iter().flatten();
        all.map(|(at, change)| EntityChange { id: id.clone(), at, change }).collect()
    }
}

/// What decides where an entity lives: a key `a/b` lives where `a` lives.
pub(super) fn root(entity: &EntityId) -> &str {
    entity.id.split('/').next().unwrap_or_default()
}

fn age(run: &Run) -> (Timestamp, &str) {
    (run.started, &run.id)
}

fn finished(run: &Run) -> bool {
    matches!(run.state, RunState::Finished { .. })
}
