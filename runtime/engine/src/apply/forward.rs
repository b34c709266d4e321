//! Facts that concern another subject too: handed over as facts of their own, whose ids
//! follow from their cause.

use std::collections::BTreeSet;
use std::sync::Arc;

use onward_bytecode::{EntityId, Scalar, Type};
use serde_json::Value as Json;

use super::Met;
use super::turn::Turn;
use crate::index;
use crate::model::{Fact, FactKind, Fields, Occurrence, Origin};
use crate::program::Loaded;

/// The attribute of an entity that was merged: the key of the one that stays.
pub(super) const MERGED_INTO: &str = "merged_into";

impl Turn<'_> {
    /// Hands a fact over to the entity that its subject was merged into. Answers whether it was.
    pub(super) fn forward_merged(&mut self, fact: &Fact) -> Met<bool> {
        let into = self.attribute(&fact.subject, MERGED_INTO)?.and_then(Json::as_str);
        let Some(into) = into.map(|id| EntityId::new(fact.subject.kind.clone(), id)) else {
            return Ok(false);
        };
        let parts = ["merged", &fact.id, &into.kind, &into.id];
        // Entities merged into each other in a circle: the chain ends, and the fact with it.
        self.follow(&parts, &into, fact.kind.clone(), fact.at, fact.origin);
        Ok(true)
    }

    /// Hands an event over to the other entities whose workflows listen to it: a contact's to its account.
    pub(super) fn forward_event(&mut self, subject: &EntityId, event: &Occurrence) -> Met<()> {
        if !self.is_about(&event.name, &subject.kind) {
            return Ok(());
        }
        for kind in self.other_listeners(&event.name, &subject.kind) {
            let Some(target) = self.reference(subject, &kind)? else { continue };
            let parts = ["event", &event.id, &target.kind, &target.id];
            let fact = FactKind::Event {
                name: event.name.clone(),
                fields: event.fields.clone(),
                contact: event.contact.clone(),
                attributes: Fields::new(),
            };
            self.follow(&parts, &target, fact, event.at, Origin::Live);
        }
        Ok(())
    }

    /// Whether an event is declared to be about this kind of entity: one that was handed over is not.
    fn is_about(&self, event: &str, kind: &str) -> bool {
        self.loaded().find_map(|loaded| loaded.index().about(event)).is_some_and(|about| **about == *kind)
    }

    fn other_listeners(&self, event: &str, kind: &str) -> BTreeSet<Arc<str>> {
        let kinds = self.loaded().flat_map(|loaded| loaded.index().heard(event));
        kinds.filter(|other| ***other != *kind).cloned().collect()
    }

    /// The live program and those that runs are pinned to.
    pub(super) fn loaded(&self) -> impl Iterator<Item = &Arc<Loaded>> {
        self.programs.live.iter().chain(self.programs.pinned.values())
    }

    /// The entity of `kind` that a subject refers to: by the attribute of that name, else by the first that is declared so.
    fn reference(&mut self, subject: &EntityId, kind: &Arc<str>) -> Met<Option<EntityId>> {
        let attributes = self.attributes(subject)?;
        let wanted = Type::One(Scalar::Entity(kind.clone()));
        let live = self.programs.live.as_ref();
        let declared = live.and_then(|live| index::entity(live.program(), &subject.kind));
        let declared = declared.and_then(|entity| entity.attributes.iter().find(|field| field.ty == wanted));
        let value = attributes.get(&**kind).or_else(|| attributes.get(&*declared?.name));
        let id = value.and_then(Json::as_str).filter(|id| !id.is_empty());
        Ok(id.map(|id| EntityId::new(kind.clone(), id)))
    }
}
