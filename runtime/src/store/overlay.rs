//! What was accepted about an entity and has not been worked out yet, laid over what is kept of it.
//!
//! A rule that reads an entity of another shard sees what its sender had been told is kept, whichever
//! shard is ahead. Only plain attributes are laid over; what follows from them comes with the fact itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Entity, FactKind, Fields, Watch};

use super::rows::present;

/// So many facts are laid over at most, the oldest first.
pub(super) const UNREAD: u32 = 256;

/// A fact that has not been worked out yet.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) subject: EntityId,
    pub(super) kind: FactKind,
    pub(super) at: Timestamp,
}

/// Lays facts over entities, in the order of the log.
pub(super) fn lay(known: &mut BTreeMap<EntityId, Entity>, unread: Vec<Unread>) {
    for Unread { subject, kind, at } in unread {
        match kind {
            FactKind::Attributes { attributes } | FactKind::Event { attributes, .. }
                if !attributes.is_empty() =>
            {
                set(known, subject, attributes, at);
            }
            FactKind::Deleted => {
                known.remove(&subject);
            }
            _ => {}
        }
    }
}

fn set(known: &mut BTreeMap<EntityId, Entity>, subject: EntityId, attributes: Fields, at: Timestamp) {
    if known.get(&subject).is_some_and(|entity| entity.deleted.is_some()) {
        known.remove(&subject);
    }
    let entity = known.entry(subject.clone()).or_insert_with(|| Entity {
        id: subject,
        attributes: Fields::new(),
        created: at,
        deleted: None,
        watch: Watch::default(),
    });
    entity.attributes.extend(attributes);
    entity.attributes = present(std::mem::take(&mut entity.attributes));
}
