//! What a simulation keeps: a store in memory that is one snapshot, and its log.
//!
//! It must not know time or providers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use onward_bytecode::EntityId;

use crate::apply::Needs;
use crate::model::{
    Change, Entity, Entry, Fact, FactKind, Occurrence, Question, Reference, Run, Snapshot, Tally, Transition,
};

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    /// All entities, unfinished runs and keys, and what was asked about the past so far.
    pub(super) snapshot: Snapshot,
    /// Runs, finished ones too, in the order of their starts.
    pub(super) runs: IndexMap<Arc<str>, Run>,
    pub(super) timeline: Vec<Entry>,
    pub(super) tallies: BTreeMap<Tally, u64>,
    /// Facts that were worked out, in order.
    pub(super) log: Vec<Fact>,
    /// Ids of all facts that came in.
    known: BTreeSet<Arc<str>>,
    /// Places in the log of each entity's past events.
    past: BTreeMap<Question, BTreeSet<usize>>,
}

impl Store {
    /// Whether a fact is new. The same id twice is one fact.
    pub(super) fn is_new(&mut self, fact: &Fact) -> bool {
        self.known.insert(fact.id.clone())
    }

    /// Puts a fact into the log; it counts as past from now on.
    pub(super) fn file(&mut self, fact: Fact) {
        self.snapshot.absorb_fact(&fact);
        let place = self.log.len();
        match &fact.kind {
            FactKind::Event { name, .. } => {
                let question = Question { entity: fact.subject.clone(), event: name.clone() };
                self.past.entry(question).or_default().insert(place);
            }
            FactKind::Inherited { from, .. } => self.inherit(from, &fact.subject),
            _ => {}
        }
        self.log.push(fact);
    }

    /// The past of one entity becomes another's too.
    fn inherit(&mut self, from: &EntityId, into: &EntityId) {
        let theirs = self.past.iter().filter(|(question, _)| question.entity == *from);
        let theirs: Vec<_> =
            theirs.map(|(question, places)| (question.event.clone(), places.clone())).collect();
        for (event, places) in theirs {
            self.past.entry(Question { entity: into.clone(), event }).or_default().extend(places);
        }
    }

    fn past(&self, question: &Question) -> Vec<Occurrence> {
        let places = self.past.get(question).into_iter().flatten();
        places.filter_map(|place| self.log.get(*place)?.occurrence()).collect()
    }

    /// Looks up what the snapshot lacks. Answers whether it lacked anything.
    pub(super) fn provide(&mut self, needs: Needs) -> bool {
        let mut found = false;
        for id in needs.entities {
            found |= self.know(&id);
        }
        for question in needs.questions {
            let past = self.past(&question);
            found |= self.snapshot.history.insert(question, past).is_none();
        }
        for reference in needs.references {
            let referrers = self.referrers(&reference);
            found |= self.snapshot.referrers.insert(reference, referrers).is_none();
        }
        found
    }

    /// Makes sure that the snapshot says whether an entity is there.
    fn know(&mut self, id: &EntityId) -> bool {
        self.snapshot.runs.entry(id.clone()).or_default();
        if self.snapshot.entities.contains_key(id) {
            return false;
        }
        self.snapshot.entities.insert(id.clone(), None);
        true
    }

    fn referrers(&self, reference: &Reference) -> Vec<EntityId> {
        let refers = |entity: &&Entity| {
            let value = entity.attributes.get(&*reference.attribute);
            entity.deleted.is_none()
                && entity.id.kind == reference.kind
                && value.and_then(|value| value.as_str()) == Some(&*reference.target.id)
        };
        self.entities().filter(refers).map(|entity| entity.id.clone()).collect()
    }

    /// Entities that are there, those that are buried too.
    pub(super) fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.snapshot.entities.values().flatten()
    }

    /// Takes in what an input changed.
    pub(super) fn commit(&mut self, transition: &Transition) {
        self.snapshot.absorb(transition);
        if transition.entities.iter().any(|change| !matches!(change.change, Change::Watch(_))) {
            self.snapshot.referrers.clear();
        }
        for change in &transition.runs {
            self.runs.insert(change.run.id.clone(), change.run.clone());
        }
        for tally in &transition.tallies {
            *self.tallies.entry(tally.clone()).or_default() += 1;
        }
        self.timeline.extend(transition.timeline.iter().cloned());
    }

    /// When what is watched about an entity is to be looked at.
    pub(super) fn wake(&self, id: &EntityId) -> Option<Timestamp> {
        self.snapshot.entities.get(id)?.as_ref()?.watch.wake()
    }
}
