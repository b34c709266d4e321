//! How a snapshot follows the transitions that were computed from it.
//!
//! It must give what a store gives that has committed them.

use onward_bytecode::EntityId;
use serde_json::Value as Json;

use crate::model::{
    Change, Entity, EntityChange, Fact, FactKind, Fields, Occurrence, Question, Run, RunChange, RunState,
    Snapshot, Transition,
};

impl Fact {
    /// The event that it tells of, as code reads it.
    #[must_use]
    pub fn occurrence(&self) -> Option<Occurrence> {
        let FactKind::Event { name, fields, contact, .. } = &self.kind else { return None };
        let own = Some(&self.subject).filter(|subject| subject.kind.as_ref() == "contact");
        Some(Occurrence {
            id: self.id.clone(),
            name: name.clone(),
            at: self.at,
            fields: fields.clone(),
            contact: contact.as_ref().or(own).cloned(),
        })
    }
}

impl Snapshot {
    /// Takes in a fact that is worked out now, before it is: history that was looked up holds it
    /// from then on. The same fact twice changes nothing.
    pub fn absorb_fact(&mut self, fact: &Fact) {
        if matches!(fact.kind, FactKind::Inherited { .. }) {
            // The past of another has become its own: it is to be looked up again.
            self.history.retain(|question, _| question.entity != fact.subject);
        }
        let Some(event) = fact.occurrence() else { return };
        let question = Question { entity: fact.subject.clone(), event: event.name.clone() };
        if let Some(known) = self.history.get_mut(&question)
            && known.iter().rev().all(|known| known.id != event.id)
        {
            known.push(event);
        }
    }

    /// Takes a transition in, so that the next input of a batch is applied to what the store will hold.
    pub fn absorb(&mut self, transition: &Transition) {
        for change in &transition.entities {
            self.absorb_entity(change);
        }
        for RunChange { run, .. } in &transition.runs {
            self.absorb_run(run);
        }
        self.enrolments.extend(transition.enrolments.iter().map(|e| (e.key.clone(), e.at)));
    }

    fn absorb_entity(&mut self, change: &EntityChange) {
        let slot = self.entities.entry(change.id.clone()).or_default();
        match (&change.change, slot.as_mut()) {
            (Change::Delete, _) => *slot = None,
            (Change::Bury, Some(entity)) => entity.deleted = Some(change.at),
            (Change::Watch(watch), Some(entity)) => entity.watch = watch.clone(),
            (Change::Bury | Change::Watch(_), None) => {}
            (Change::Set(fields), _) => {
                let entity =
                    slot.get_or_insert_with(|| Entity::new(change.id.clone(), Fields::new(), change.at));
                set(&mut entity.attributes, fields);
            }
        }
        self.absorb_references(&change.id);
        // Whoever was just created has no runs yet.
        self.runs.entry(change.id.clone()).or_default();
    }

    /// Whom an entity refers to now, in what was looked up.
    fn absorb_references(&mut self, id: &EntityId) {
        let entity = self.entities.get(id).and_then(Option::as_ref);
        let entity = entity.filter(|entity| entity.deleted.is_none());
        for (reference, referrers) in &mut self.referrers {
            if reference.kind != id.kind {
                continue;
            }
            let value = entity.and_then(|entity| entity.attributes.get(&*reference.attribute));
            let refers = value.and_then(Json::as_str) == Some(&*reference.target.id);
            match (referrers.iter().position(|known| known == id), refers) {
                (None, true) => referrers.push(id.clone()),
                (Some(place), false) => {
                    referrers.remove(place);
                }
                _ => {}
            }
        }
    }

    fn absorb_run(&mut self, run: &Run) {
        let runs = self.runs.entry(run.subject.clone()).or_default();
        let place = runs.iter().position(|known| known.id == run.id);
        match (place, &run.state) {
            (Some(place), RunState::Finished { .. }) => {
                runs.remove(place);
            }
            (Some(place), _) => {
                if let Some(known) = runs.get_mut(place) {
                    *known = run.clone();
                }
            }
            (None, RunState::Finished { .. }) => {}
            (None, _) => {
                runs.push(run.clone());
                runs.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
            }
        }
    }
}

/// Sets attributes; `null` takes one away.
pub(crate) fn set(attributes: &mut Fields, fields: &Fields) {
    for (name, value) in fields {
        if value.is_null() {
            attributes.remove(name);
        } else {
            attributes.insert(name.clone(), value.clone());
        }
    }
}
