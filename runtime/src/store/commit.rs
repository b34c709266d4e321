//! Folds the transitions of a batch into what one transaction writes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Change, Enrolling, Entry, Fact, Fields, Intent, RunChange, Transition};

use super::Position;

/// All that one batch changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Commit {
    /// Where the cursor is afterwards.
    pub cursor: Position,
    /// When it was decided.
    pub now: Timestamp,
    /// What becomes of entities.
    pub entities: BTreeMap<EntityId, EntityPatch>,
    /// The last state of each run, with the version that the first change expected.
    pub runs: BTreeMap<(EntityId, Arc<str>), RunChange>,
    /// New keys of `once`.
    pub enrolments: Vec<Enrolling>,
    /// Effects to be done.
    pub intents: Vec<Intent>,
    /// Keys of intents that are not to be done any more.
    pub cancelled: Vec<Arc<str>>,
    /// Facts that follow, for any subject.
    pub facts: Vec<Fact>,
    /// What to tell people.
    pub timeline: Vec<Entry>,
}

/// What becomes of an entity in a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum EntityPatch {
    /// These attributes are set, `null` takes one away; it is created if need be.
    Set {
        /// The attributes.
        attributes: Fields,
        /// When it appeared, if it is created.
        created: Timestamp,
    },
    /// It was deleted and came back with these attributes.
    Replace {
        /// The attributes.
        attributes: Fields,
        /// When it came back.
        created: Timestamp,
    },
    /// It is gone.
    Delete,
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
        self.enrolments.extend(transition.enrolments);
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

    fn change_entity(&mut self, id: EntityId, change: Change, at: Timestamp) {
        match (self.entities.entry(id), change) {
            (_, Change::Watch(_) | Change::Bury) => {}
            (Slot::Vacant(slot), Change::Set(attributes)) => {
                slot.insert(EntityPatch::Set { attributes, created: at });
            }
            (Slot::Vacant(slot), Change::Delete) => {
                slot.insert(EntityPatch::Delete);
            }
            (Slot::Occupied(mut slot), Change::Delete) => {
                slot.insert(EntityPatch::Delete);
            }
            (Slot::Occupied(mut slot), Change::Set(patch)) => match slot.get_mut() {
                EntityPatch::Set { attributes, .. } | EntityPatch::Replace { attributes, .. } => {
                    attributes.extend(patch);
                }
                EntityPatch::Delete => {
                    slot.insert(EntityPatch::Replace { attributes: patch, created: at });
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
}

#[cfg(test)]
mod tests {
    use onward_engine::model::EntityChange;
    use serde_json::json;

    use super::*;

    fn fields(value: serde_json::Value) -> Fields {
        value.as_object().cloned().unwrap()
    }

    fn folded(changes: Vec<Change>) -> Option<EntityPatch> {
        let ana = EntityId::new("contact", "ana");
        let mut commit = Commit::default();
        for change in changes {
            let at = Timestamp::UNIX_EPOCH;
            let entities = vec![EntityChange { id: ana.clone(), at, change }];
            commit.add(Transition { entities, ..Transition::default() });
        }
        commit.entities.remove(&ana)
    }

    #[test]
    fn later_attributes_win() {
        let patch = folded(vec![
            Change::Set(fields(json!({"plan": "free", "score": 1}))),
            Change::Set(fields(json!({"plan": "pro", "score": null}))),
        ]);
        let attributes = fields(json!({"plan": "pro", "score": null}));
        assert_eq!(patch, Some(EntityPatch::Set { attributes, created: Timestamp::UNIX_EPOCH }));
    }

    #[test]
    fn what_comes_back_forgets_what_it_was() {
        let patch = folded(vec![
            Change::Set(fields(json!({"plan": "free"}))),
            Change::Delete,
            Change::Set(fields(json!({"score": 2}))),
        ]);
        let attributes = fields(json!({"score": 2}));
        assert_eq!(patch, Some(EntityPatch::Replace { attributes, created: Timestamp::UNIX_EPOCH }));
    }
}
