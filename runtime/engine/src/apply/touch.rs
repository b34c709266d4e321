//! Conditions that read through a reference: when the entity at its end changes, those that
//! refer to it are looked at again.
//!
//! Both may live in different shards, so each is told by a fact. Who starts to refer to another
//! asks it to be told: a change that was under way there did not know of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use onward_bytecode::{EntityId, Follow};
use serde_json::Value as Json;

use super::Met;
use super::turn::{Changed, Firing, Moved, Turn, root};
use super::watch::{Scope, Stirred, Unknown};
use crate::index::{ACCOUNT, TIMEZONE};
use crate::model::{Fact, FactKind, Origin, Reference, RunState, Touch};
use crate::program::Loaded;

impl Turn<'_> {
    /// Something that the subject refers to has changed, or who refers to it asks to be told.
    pub(super) fn take_touch(&mut self, fact: &Fact, by: &EntityId, touch: Touch) -> Met<()> {
        let subject = &fact.subject;
        if touch == Touch::Asks {
            let kind = FactKind::Touched { by: subject.clone(), touch: Touch::Changed };
            let parts = ["touches", &fact.id, &by.kind, &by.id];
            self.follow(&parts, by, kind, self.now, fact.origin);
            return Ok(());
        }
        if self.entity(subject)?.is_none() {
            return Ok(());
        }
        self.change_zone(subject, None)?;
        if self.firing == Firing::Live {
            self.exit_when(subject)?;
        }
        let at = self.now;
        self.stir(subject, Stirred { scope: Scope::All, wave: self.wave, at, unknown: Unknown::Unseen });
        self.touch_referrers(subject, |_, _| true)
    }

    /// Tells those that refer to an entity of its changes, if their conditions may read them.
    pub(super) fn tell_referrers(&mut self, changed: &Changed) -> Met<()> {
        let names: Vec<_> = changed.attributes.iter().map(|moved| moved.name.clone()).collect();
        self.touch_referrers(&changed.subject, |loaded, follow| {
            let index = loaded.index();
            let zone = follow.attribute.as_ref() == ACCOUNT && names.iter().any(|n| n.as_ref() == TIMEZONE);
            let declared = loaded.program().follows.contains(follow);
            zone || declared && names.iter().any(|name| index.is_read(name))
        })
    }

    /// Tells those that refer to an entity that it is no more.
    pub(super) fn tell_referrers_of_end(&mut self, subject: &EntityId) -> Met<()> {
        self.touch_referrers(subject, |_, _| true)
    }

    fn touch_referrers(
        &mut self,
        subject: &EntityId,
        concerns: impl Fn(&Loaded, &Follow) -> bool,
    ) -> Met<()> {
        let mut references = BTreeSet::new();
        for loaded in self.loaded() {
            let follows = loaded.index().follows(&subject.kind).filter(|follow| concerns(loaded, follow));
            references.extend(follows.map(|follow| Reference {
                target: subject.clone(),
                kind: follow.kind.clone(),
                attribute: follow.attribute.clone(),
            }));
        }
        let origin = match self.firing {
            Firing::Live => Origin::Live,
            Firing::Quiet => Origin::Backfill,
        };
        for other in self.referrers(references)?.iter().filter(|other| *other != subject) {
            // A chain that is too long ends here: what it would have told is looked at with the next change.
            let Some(id) = self.cause.touched(self.wave, other) else { continue };
            let kind = FactKind::Touched { by: subject.clone(), touch: Touch::Changed };
            self.record(Fact { id, subject: other.clone(), kind, at: self.now, origin });
        }
        Ok(())
    }

    /// Keeps that an attribute refers to another entity since now, if conditions read through it.
    pub(super) fn note_reference(&mut self, subject: &EntityId, moved: &Moved) {
        let Some(target) = moved.new.as_str() else { return };
        let kinds: BTreeSet<Arc<str>> = self
            .loaded()
            .filter_map(|loaded| loaded.index().watched(&subject.kind))
            .flat_map(|watched| &watched.references)
            .filter(|follow| follow.attribute == moved.name)
            .map(|follow| follow.target.clone())
            .collect();
        for kind in kinds {
            let target = EntityId::new(kind, target);
            // What lives in the same shard changes before or after, never meanwhile.
            if root(&target) != root(subject) {
                self.referred.insert((subject.clone(), moved.name.clone(), target));
            }
        }
    }

    /// Asks those that are referred to since now to tell of changes that are under way there.
    pub(super) fn ask_to_be_touched(&mut self) -> Met<()> {
        for (subject, attribute, target) in std::mem::take(&mut self.referred) {
            if !self.depends_on(&subject, &attribute, &target)? {
                continue;
            }
            let cause = self.cause.id.clone();
            let parts = ["asks", &cause, &subject.kind, &subject.id, &attribute, &target.id];
            let kind = FactKind::Touched { by: subject.clone(), touch: Touch::Asks };
            let origin = if self.firing == Firing::Live { Origin::Live } else { Origin::Backfill };
            self.follow(&parts, &target, kind, self.now, origin);
        }
        Ok(())
    }

    /// Whether something kept of an entity may be another thing when what it refers to changes: by
    /// its zone alone only what follows the wall clock.
    fn depends_on(&mut self, subject: &EntityId, attribute: &Arc<str>, target: &EntityId) -> Met<bool> {
        let follow =
            Follow { kind: subject.kind.clone(), attribute: attribute.clone(), target: target.kind.clone() };
        if self.loaded().any(|loaded| loaded.program().follows.contains(&follow)) {
            return Ok(true);
        }
        if self.attribute(subject, TIMEZONE)?.and_then(Json::as_str).is_some() {
            return Ok(false);
        }
        if self.watch_of(subject)?.is_some_and(|watch| !watch.alarms.is_empty()) {
            return Ok(true);
        }
        let runs = self.unfinished(subject)?;
        let mut runs = runs.iter().filter_map(|id| self.run(id));
        Ok(runs.any(|run| matches!(run.state, RunState::Waiting { civil: Some(_), .. })))
    }
}
