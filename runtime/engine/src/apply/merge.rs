//! An entity turns out to be another: what is kept of it moves there.

use std::collections::BTreeSet;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Overlap};
use serde_json::{Value as Json, json};

use super::Met;
use super::forward::MERGED_INTO;
use super::turn::{Changed, Firing, Happening, Turn};
use super::watch::{Scope, Stirred, Unknown};
use crate::model::{Enrolled, Fact, FactKind, Fields, Finish, Run, RunState, Watch, What};

/// What an entity leaves to the one that it was merged into.
pub(super) struct Left<'f> {
    pub(super) from: &'f EntityId,
    pub(super) attributes: &'f Fields,
    pub(super) runs: &'f [Run],
    /// Keys of `once`, and when each was taken.
    pub(super) keys: Vec<(&'f Enrolled, Timestamp)>,
    pub(super) watch: &'f Watch,
}

impl Turn<'_> {
    /// The subject is `into`: its runs, attributes and keys of `once` are handed over.
    pub(super) fn merge(&mut self, fact: &Fact, into: &EntityId) -> Met<()> {
        let subject = &fact.subject;
        let into = self.last_of(into)?;
        if into == *subject || into.kind != subject.kind {
            return Ok(());
        }
        let was_there = self.entity(subject)?.is_some();
        let attributes = self.attributes(subject)?;
        let mut runs = Vec::new();
        for id in self.unfinished(subject)? {
            if let Some(run) = self.run(&id).cloned() {
                runs.push(Run { subject: into.clone(), version: 0, ..run.clone() });
                self.end(run, Finish::Moved, format!("{subject} was merged into {into}: it goes on there"));
            }
        }
        self.queue.clear();
        let keys = self.enrolments(subject).into_iter();
        let (enrolments, taken) =
            keys.map(|(key, at)| (Enrolled { subject: into.clone(), ..key }, at)).unzip();
        let watch = Box::new(self.watch_of(subject)?.unwrap_or_default());
        let mut left = Fields::from_iter(attributes.keys().map(|name| (name.clone(), Json::Null)));
        left.insert(MERGED_INTO.to_owned(), json!(into.id));
        self.set(subject, &left, fact.at)?;
        self.keep_watch(subject, Watch::default())?;
        self.tell_referrers_of_end(subject)?;
        let from = subject.clone();
        let inherited = FactKind::Inherited { from, attributes, runs, enrolments, taken, watch };
        let parts = ["inherited", &fact.id, &into.kind, &into.id];
        if was_there {
            self.follow(&parts, &into, inherited, fact.at, fact.origin);
        }
        Ok(())
    }

    /// The entity that an entity was merged into, and that one, and so on.
    fn last_of(&mut self, id: &EntityId) -> Met<EntityId> {
        let mut id = id.clone();
        let mut seen = BTreeSet::new();
        while seen.insert(id.clone()) {
            match self.attribute(&id, MERGED_INTO)?.and_then(Json::as_str) {
                Some(next) => id = EntityId::new(id.kind.clone(), next),
                None => break,
            }
        }
        Ok(id)
    }

    /// Takes over what another entity leaves to the subject. What the subject has of its own wins.
    pub(super) fn inherit(&mut self, fact: &Fact, left: &Left<'_>) -> Met<()> {
        let subject = &fact.subject;
        let own = self.attributes(subject)?;
        let missing = left.attributes.iter().filter(|(name, _)| own.get(name.as_str()).is_none());
        let missing = missing.map(|(name, value)| (name.clone(), value.clone())).collect();
        let changed = self.assign(subject, &missing, fact.at)?;
        for (key, at) in &left.keys {
            let key = Enrolled { subject: subject.clone(), ..(*key).clone() };
            if self.taken(&key).is_none_or(|own| own < *at) {
                self.enrol(key, *at);
            }
        }
        for run in left.runs {
            self.take_over(subject, left.from, run)?;
        }
        self.inherit_watch(subject, left, changed.as_ref())?;
        self.recompute_waits(subject)?;
        if self.firing == Firing::Live {
            self.exit_when(subject)?;
            // The person behind it is not new: only what is different counts.
            if let Some(changed) = &changed {
                self.match_moves(changed)?;
            }
        }
        if let Some(changed) = &changed {
            self.tell_referrers(changed)?;
        }
        let at = fact.at;
        self.stir(subject, Stirred { scope: Scope::All, wave: self.wave, at, unknown: Unknown::Unseen });
        Ok(())
    }

    /// Goals that may still be reached, what is known of segments, dates that are to come.
    fn inherit_watch(&mut self, subject: &EntityId, left: &Left<'_>, changed: Option<&Changed>) -> Met<()> {
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        watch.goals.extend(left.watch.goals.iter().cloned());
        for (name, known) in &left.watch.segments {
            watch.segments.entry(name.clone()).or_insert(*known);
        }
        for moved in changed.into_iter().flat_map(|changed| &changed.attributes) {
            if let Some(since) = left.watch.changed.get(&moved.name) {
                watch.changed.insert(moved.name.clone(), *since);
            }
        }
        for (name, due) in left.watch.alarms.iter().filter(|(name, _)| name.starts_with("trigger ")) {
            watch.alarms.entry(name.clone()).or_insert(*due);
        }
        self.keep_watch(subject, watch)?;
        // The zone may be another one here.
        self.recompute_alarms(subject, None)
    }

    fn take_over(&mut self, subject: &EntityId, from: &EntityId, run: &Run) -> Met<()> {
        let loaded = self.program(run.program)?;
        let overlap = loaded.workflow(&run.workflow).map_or(Overlap::Ignore, |workflow| workflow.overlap);
        let own = self.unfinished(subject)?;
        let own = own.iter().filter_map(|id| self.run(id)).find(|own| own.workflow == run.workflow);
        let twice =
            own.filter(|_| matches!(overlap, Overlap::Ignore | Overlap::Restart)).map(|own| own.id.clone());
        let moved = Run { subject: subject.clone(), version: 0, ..run.clone() };
        if let Some(own) = twice {
            let reason =
                format!("{from} was merged into {subject}, which goes through it already in run {own}");
            self.end(moved, Finish::Replaced, reason);
            return Ok(());
        }
        self.say(&moved, None, What::Resumed, format!("goes on here: {from} was merged into {subject}"));
        if matches!(moved.state, RunState::Queued { .. }) {
            let workflow = moved.workflow.clone();
            self.queue.push_back(Happening::Freed { subject: subject.clone(), workflow });
        }
        self.put(moved);
        Ok(())
    }
}
