//! Attributes of an entity change: what is really different, and what follows from it.

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Value};
use serde_json::Value as Json;

use super::Met;
use super::forward::MERGED_INTO;
use super::turn::{Appeared, Changed, Happening, Moved, Turn};
use crate::index;
use crate::model::Fields;

impl Turn<'_> {
    /// Sets attributes of an entity, which appears if it was not there. Answers what is
    /// different now, if anything is.
    pub(super) fn assign(
        &mut self,
        subject: &EntityId,
        fields: &Fields,
        at: Timestamp,
    ) -> Met<Option<Changed>> {
        let appeared = if self.entity(subject)?.is_some() { Appeared::Before } else { Appeared::Now };
        let attributes = self.different(subject, fields)?;
        if appeared == Appeared::Before && attributes.is_empty() {
            return Ok(None);
        }
        let fields = attributes.iter().map(|moved| (moved.name.to_string(), moved.new.clone())).collect();
        self.set(subject, &fields, at)?;
        Ok(Some(Changed { subject: subject.clone(), appeared, attributes }))
    }

    fn different(&mut self, subject: &EntityId, fields: &Fields) -> Met<Vec<Moved>> {
        let known = self.attributes(subject)?;
        // Only a merge says that an entity was merged.
        let fields = fields.iter().filter(|(name, _)| *name != MERGED_INTO);
        let different = fields.filter_map(|(name, new)| {
            let old = known.get(name).unwrap_or(&Json::Null);
            let same = old == new || self.means_the_same(&subject.kind, name, old, new);
            (!same).then(|| Moved { name: name.as_str().into(), old: old.clone(), new: new.clone() })
        });
        Ok(different.collect())
    }

    /// Whether two values that are written differently are one to the live program: `1` and `1.0`.
    fn means_the_same(&self, kind: &str, name: &str, old: &Json, new: &Json) -> bool {
        let Some(live) = &self.programs.live else { return false };
        let declared = index::entity(live.program(), kind).and_then(|e| index::field(&e.attributes, name));
        let Some(field) = declared else { return false };
        let (old, new) = (Value::read(old, &field.ty), Value::read(new, &field.ty));
        !old.is_missing() && old == new
    }

    /// What follows from a change: waits by the wall clock, exits, then triggers.
    pub(super) fn react(&mut self, changed: &Changed) -> Met<()> {
        if changed.attributes.iter().any(|moved| &*moved.name == "timezone") {
            self.recompute_waits(&changed.subject)?;
        }
        self.exit_when(&changed.subject)?;
        self.match_change(changed)
    }

    /// Reacts to everything that has been queued, and to what that leads to.
    pub(super) fn settle(&mut self) -> Met<()> {
        while let Some(happening) = self.queue.pop_front() {
            match happening {
                Happening::Changed(changed) => {
                    self.wave += 1;
                    self.react(&changed)?;
                }
                Happening::Freed { subject, workflow } => self.start_queued(&subject, &workflow)?,
            }
        }
        Ok(())
    }

    /// A run changes attributes of an entity that lives in its shard. Answers what is different now.
    pub(super) fn change(
        &mut self,
        entity: &EntityId,
        attribute: &Arc<str>,
        value: Json,
    ) -> Met<Option<Moved>> {
        let fields = Fields::from_iter([(attribute.to_string(), value)]);
        let Some(changed) = self.assign(entity, &fields, self.now)? else { return Ok(None) };
        let moved = changed.attributes.first().cloned();
        self.queue.push_back(Happening::Changed(changed));
        Ok(moved)
    }
}
