//! Attributes of an entity change: what is really different, and what follows from it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{EntityId, Value};
use serde_json::Value as Json;

use super::Met;
use super::forward::MERGED_INTO;
use super::turn::{Appeared, Changed, Firing, Happening, Moved, Turn};
use super::watch::Stirred;
use crate::index::{self, ACCOUNT, TIMEZONE};
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
        self.note_changes(subject, &attributes, at)?;
        Ok(Some(Changed { subject: subject.clone(), appeared, attributes, at }))
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
        let Some(ty) = index::attribute(live.program(), kind, name) else { return false };
        let (old, new) = (Value::read(old, ty), Value::read(new, ty));
        !old.is_missing() && old == new
    }

    /// Keeps when attributes changed, and whom they refer to now.
    fn note_changes(&mut self, subject: &EntityId, attributes: &[Moved], at: Timestamp) -> Met<()> {
        let mut watch = self.watch_of(subject)?.unwrap_or_default();
        for moved in attributes {
            if moved.new.is_null() {
                watch.changed.remove(&moved.name);
            } else {
                watch.changed.insert(moved.name.clone(), at.min(self.now).as_second());
            }
            self.note_reference(subject, moved);
        }
        self.keep_watch(subject, watch)
    }

    /// What follows from a change: waits by the wall clock, exits, triggers, then what is watched.
    pub(super) fn react(&mut self, changed: &Changed) -> Met<()> {
        let subject = &changed.subject;
        let zone = changed.attributes.iter().find(|moved| moved.name.as_ref() == TIMEZONE);
        if zone.is_some() || changed.attributes.iter().any(|moved| moved.name.as_ref() == ACCOUNT) {
            let before = zone.and_then(|moved| TimeZone::get(moved.old.as_str()?).ok());
            self.change_zone(subject, before.as_ref())?;
        }
        if self.firing == Firing::Live {
            self.exit_when(subject)?;
            self.match_change(changed)?;
        }
        self.arm_dates(changed)?;
        self.tell_referrers(changed)?;
        self.stir(subject, Stirred::by(changed, self.wave, self.firing));
        Ok(())
    }

    /// A subject's zone may be another one: what follows its wall clock is computed again.
    pub(super) fn change_zone(&mut self, subject: &EntityId, before: Option<&TimeZone>) -> Met<()> {
        self.recompute_waits(subject)?;
        self.recompute_alarms(subject, before)
    }

    /// Reacts to everything that has been queued, and to what that leads to; then sets the alarms
    /// that follow, and takes away whose last runs have ended.
    pub(super) fn settle(&mut self) -> Met<()> {
        self.react_to_all()?;
        self.erase_buried()?;
        self.set_exit_alarms()?;
        self.ask_to_be_touched()
    }

    /// Reacts to everything that has been queued, and to what that leads to.
    pub(super) fn react_to_all(&mut self) -> Met<()> {
        loop {
            match self.queue.pop_front() {
                Some(Happening::Changed(changed)) => {
                    self.next_wave();
                    self.react(&changed)?;
                }
                Some(Happening::Freed { subject, workflow }) => self.start_queued(&subject, &workflow)?,
                Some(Happening::Edge(edge)) => self.match_edge(&edge)?,
                None => match self.stirred.pop_first() {
                    Some((subject, stirred)) => self.look_again(&subject, &stirred)?,
                    None => return Ok(()),
                },
            }
        }
    }

    /// A run changes attributes of an entity that lives in its shard. Answers what is different now.
    pub(super) fn change(&mut self, entity: &EntityId, fields: &Fields) -> Met<Vec<Moved>> {
        let Some(changed) = self.assign(entity, fields, self.now)? else { return Ok(Vec::new()) };
        let moved = changed.attributes.clone();
        self.queue.push_back(Happening::Changed(changed));
        Ok(moved)
    }

    /// A run changes one attribute. Answers how it moved.
    pub(super) fn change_one(
        &mut self,
        entity: &EntityId,
        attribute: &Arc<str>,
        value: Json,
    ) -> Met<Option<Moved>> {
        let fields = Fields::from_iter([(attribute.to_string(), value)]);
        Ok(self.change(entity, &fields)?.into_iter().next())
    }
}
