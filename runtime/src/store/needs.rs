//! Gives a snapshot what the engine lacked.

use std::collections::BTreeSet;

use onward_bytecode::EntityId;
use onward_engine::Needs;
use onward_engine::model::Snapshot;

/// These entities, and nothing else.
pub(crate) fn entities(entities: BTreeSet<EntityId>) -> Needs {
    Needs { entities, ..Needs::default() }
}

/// Adds what was loaded. What the snapshot has is newer: it follows the batch. What was asked for
/// and is not there is given as nothing.
pub(crate) fn give(snapshot: &mut Snapshot, needs: Needs, loaded: Snapshot) {
    let Snapshot { entities, runs, enrolments, history, referrers } = loaded;
    for (id, entity) in entities {
        if !snapshot.entities.contains_key(&id) {
            let of_it = enrolments.iter().filter(|(key, _)| key.subject == id);
            snapshot.enrolments.extend(of_it.map(|(key, at)| (key.clone(), *at)));
            snapshot.entities.insert(id, entity);
        }
    }
    for (id, loaded) in runs {
        snapshot.runs.entry(id).or_insert(loaded);
    }
    for (question, loaded) in history {
        snapshot.history.entry(question).or_insert(loaded);
    }
    for (reference, loaded) in referrers {
        snapshot.referrers.entry(reference).or_insert(loaded);
    }
    for id in needs.entities {
        snapshot.entities.entry(id.clone()).or_default();
        snapshot.runs.entry(id).or_default();
    }
    for question in needs.questions {
        snapshot.history.entry(question).or_default();
    }
    for reference in needs.references {
        snapshot.referrers.entry(reference).or_default();
    }
}
