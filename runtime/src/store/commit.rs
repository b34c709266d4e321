//! Folds the transitions of a batch into what one transaction writes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Follow};
use onward_engine::model::{
    Change, Enrolled, Enrolling, Entry, Fact, Fields, Intent, RunChange, Tally, Transition, Watch,
};

use super::types::Filled;
use super::{Position, relation};

/// All that one batch changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Commit {
    /// Where the cursor is afterwards.
    pub cursor: Position,
    /// When it was decided.
    pub now: Timestamp,
    /// What becomes of entities.
    pub entities: BTreeMap<EntityId, EntityPatch>,
    /// To what entities refer: set by [`Commit::relate`].
    pub relations: BTreeMap<Relation, Option<EntityId>>,
    /// The last state of each run, with the version that the first change expected.
    pub runs: BTreeMap<(EntityId, Arc<str>), RunChange>,
    /// New and renewed keys of `once`.
    pub enrolments: BTreeMap<Enrolled, Enrolling>,
    /// What to count, and how often.
    pub tallies: BTreeMap<Tally, u64>,
    /// Effects to be done.
    pub intents: Vec<Intent>,
    /// Keys of intents that are not to be done any more.
    pub cancelled: Vec<Arc<str>>,
    /// Facts that follow, for any subject.
    pub facts: Vec<Fact>,
    /// What to tell people.
    pub timeline: Vec<Entry>,
    /// How far the shard is filled in, if that is what the batch is about.
    pub filled: Option<Filled>,
}

/// A reference of one entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Relation {
    /// The entity that refers.
    pub of: EntityId,
    /// By which attribute.
    pub attribute: Arc<str>,
}

/// What becomes of an entity in a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum EntityPatch {
    /// These attributes are set, `null` takes one away; it is created if need be.
    Set(Patch),
    /// It was deleted and came back as this.
    Replace(Patch),
    /// It is gone.
    Delete,
}

/// What is written of an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The attributes.
    pub attributes: Fields,
    /// When it appeared, if it is created.
    pub created: Timestamp,
    /// What is watched about it, if that changes.
    pub watch: Option<Watch>,
    /// When it was buried, if it is.
    pub buried: Option<Timestamp>,
}

impl Patch {
    fn new(at: Timestamp) -> Self {
        Self { attributes: Fields::new(), created: at, watch: None, buried: None }
    }

    fn change(&mut self, change: Change, at: Timestamp) {
        match change {
            Change::Set(attributes) => self.attributes.extend(attributes),
            Change::Watch(watch) => self.watch = Some(watch),
            Change::Bury => self.buried = Some(at),
            // Left to whoever holds the patch.
            Change::Delete => {}
        }
    }
}

impl Commit {
    /// An empty batch, decided at `now`, that moves the cursor.
    #[must_use]
    pub fn new(cursor: Position, now: Timestamp) -> Self {
        Self { cursor, now, ..Self::default() }
    }

    /// Adds what the next input changes.
    pub fn add(&mut self, transition: Transition) {
        for change in transition.entities {
            self.change_entity(change.id, change.change, change.at);
        }
        for change in transition.runs {
            self.change_run(change);
        }
        for enrolling in transition.enrolments {
            self.enrol(enrolling);
        }
        for tally in transition.tallies {
            let count = self.tallies.entry(tally).or_default();
            *count = count.saturating_add(1);
        }
        self.intents.extend(transition.intents);
        self.cancelled.extend(transition.cancelled);
        self.facts.extend(transition.facts);
        self.timeline.extend(transition.timeline);
    }

    /// Hands a fact over to the entity that its subject was merged into.
    pub fn hand_over(&mut self, fact: &Fact, into: &EntityId) {
        self.facts.push(Fact {
            id: format!("{}/moved/{}", fact.id, into.id).into(),
            subject: into.clone(),
            ..fact.clone()
        });
    }

    /// Notes the references among what the batch sets that are `followed`: nobody asks for others.
    pub fn relate(&mut self, followed: &[Follow]) {
        for (id, patch) in &self.entities {
            let follows = followed.iter().filter(|follow| follow.kind == id.kind);
            let (attributes, all) = match patch {
                EntityPatch::Set(patch) => (&patch.attributes, false),
                EntityPatch::Replace(patch) => (&patch.attributes, true),
                EntityPatch::Delete => continue,
            };
            for follow in follows.filter(|follow| all || attributes.contains_key(&*follow.attribute)) {
                let target = relation::target(attributes, follow);
                let relation = Relation { of: id.clone(), attribute: follow.attribute.clone() };
                self.relations.insert(relation, target);
            }
        }
    }

    /// Notes the references of an entity that is filled in and stays as it is.
    pub fn relate_known(&mut self, id: &EntityId, attributes: &Fields, followed: &[Follow]) {
        for follow in followed.iter().filter(|follow| follow.kind == id.kind) {
            let relation = Relation { of: id.clone(), attribute: follow.attribute.clone() };
            self.relations.entry(relation).or_insert_with(|| relation::target(attributes, follow));
        }
    }

    fn change_entity(&mut self, id: EntityId, change: Change, at: Timestamp) {
        match (self.entities.entry(id), change) {
            (Slot::Vacant(slot), Change::Delete) => {
                slot.insert(EntityPatch::Delete);
            }
            (Slot::Occupied(mut slot), Change::Delete) => {
                slot.insert(EntityPatch::Delete);
            }
            (Slot::Vacant(slot), change) => {
                let mut patch = Patch::new(at);
                patch.change(change, at);
                slot.insert(EntityPatch::Set(patch));
            }
            (Slot::Occupied(mut slot), change) => match slot.get_mut() {
                EntityPatch::Set(patch) | EntityPatch::Replace(patch) => patch.change(change, at),
                EntityPatch::Delete => {
                    let mut patch = Patch::new(at);
                    patch.change(change, at);
                    slot.insert(EntityPatch::Replace(patch));
                }
            },
        }
    }

    fn change_run(&mut self, change: RunChange) {
        let key = (change.run.subject.clone(), change.run.id.clone());
        match self.runs.entry(key) {
            Slot::Vacant(slot) => {
                slot.insert(change);
            }
            Slot::Occupied(mut slot) => slot.get_mut().run = change.run,
        }
    }

    fn enrol(&mut self, enrolling: Enrolling) {
        match self.enrolments.entry(enrolling.key.clone()) {
            Slot::Vacant(slot) => {
                slot.insert(enrolling);
            }
            // What the store must hold is what the first one expected.
            Slot::Occupied(mut slot) => slot.get_mut().at = enrolling.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use onward_engine::model::EntityChange;
    use serde_json::json;

    use super::*;

    fn fields(value: serde_json::Value) -> Fields {
        value.as_object().cloned().unwrap()
    }

    fn ana() -> EntityId {
        EntityId::new("contact", "ana")
    }

    fn committed(changes: Vec<Change>) -> Commit {
        let mut commit = Commit::default();
        for change in changes {
            let at = Timestamp::UNIX_EPOCH;
            let entities = vec![EntityChange { id: ana(), at, change }];
            commit.add(Transition { entities, ..Transition::default() });
        }
        commit
    }

    fn folded(changes: Vec<Change>) -> Option<EntityPatch> {
        committed(changes).entities.remove(&ana())
    }

    fn patch(attributes: serde_json::Value) -> Patch {
        Patch { attributes: fields(attributes), ..Patch::new(Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn later_attributes_win() {
        let folded = folded(vec![
            Change::Set(fields(json!({"plan": "free", "score": 1}))),
            Change::Set(fields(json!({"plan": "pro", "score": null}))),
        ]);
        assert_eq!(folded, Some(EntityPatch::Set(patch(json!({"plan": "pro", "score": null})))));
    }

    #[test]
    fn what_comes_back_forgets_what_it_was() {
        let folded = folded(vec![
            Change::Set(fields(json!({"plan": "free"}))),
            Change::Delete,
            Change::Set(fields(json!({"score": 2}))),
        ]);
        assert_eq!(folded, Some(EntityPatch::Replace(patch(json!({"score": 2})))));
    }

    #[test]
    fn references_that_are_followed_are_noted() {
        let followed = ["account", "owner"].map(|attribute| Follow {
            kind: "contact".into(),
            attribute: attribute.into(),
            target: "account".into(),
        });
        let mut commit = committed(vec![Change::Set(fields(json!({"account": "acme", "boss": "eve"})))]);
        commit.relate(&followed);
        let relation = Relation { of: ana(), attribute: "account".into() };
        assert_eq!(commit.relations, BTreeMap::from([(relation, Some(EntityId::new("account", "acme")))]));

        let mut commit = committed(vec![Change::Delete, Change::Set(fields(json!({"account": null})))]);
        commit.relate(&followed);
        assert_eq!(commit.relations.values().flatten().count(), 0);
        assert_eq!(commit.relations.len(), 2, "all that it had before is forgotten");
    }
}
