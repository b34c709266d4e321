//! How a snapshot follows the transitions that were computed from it.
//!
//! It must give what a store gives that has committed them.

use crate::model::{Change, Entity, EntityChange, Fields, Run, RunChange, RunState, Snapshot, Transition};

impl Snapshot {
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
        match &change.change {
            Change::Delete => *slot = None,
            Change::Bury | Change::Watch(_) => {}
            Change::Set(fields) => {
                let entity = slot.get_or_insert_with(|| {
                    Entity::new(change.id.clone(), Fields::new(), change.at)
                });
                set(&mut entity.attributes, fields);
            }
        }
        // Whoever was just created has no runs yet.
        self.runs.entry(change.id.clone()).or_default();
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
