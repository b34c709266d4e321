//! An entity turns out to be another: what is kept of it moves there.

use std::collections::BTreeSet;

use onward_bytecode::{EntityId, Overlap};
use serde_json::{Value as Json, json};

use super::Met;
use super::forward::MERGED_INTO;
use super::turn::{Appeared, Happening, Turn};
use crate::model::{Enrolled, Fact, FactKind, Fields, Finish, Origin, Run, RunState, What};
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
        let enrolments = self.enrolments(subject).into_iter();
        let enrolments = enrolments.map(|key| Enrolled { subject: into.clone(), ..key }).collect();
        let mut left = Fields::from_iter(attributes.keys().map(|name| (name.clone(), Json::Null)));
        left.insert(MERGED_INTO.to_owned(), json!(into.id));
        self.set(subject, &left, fact.at)?;
        let inherited = FactKind::Inherited { from: subject.clone(), attributes, runs, enrolments };
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
    pub(super) fn inherit(
        &mut self,
        fact: &Fact,
        from: &EntityId,
        attributes: &Fields,
        runs: &[Run],
        enrolments: &[Enrolled],
    ) -> Met<()> {
        let subject = &fact.subject;
        let own = self.attributes(subject)?;
        let is_new = |name: &str| own.get(name).is_none();
        let missing = attributes.iter().filter(|(name, _)| is_new(name));
        let missing = missing.map(|(name, value)| (name.clone(), value.clone())).collect();
        let changed = self.assign(subject, &missing, fact.at)?;
        for key in enrolments {
            self.enrol(Enrolled { subject: subject.clone(), ..key.clone() });
        }
        for run in runs {
            self.take_over(subject, from, run)?;
        }
        self.recompute_waits(subject)?;
        match changed {
            // The person behind it is not new: only what is different counts.
            Some(mut changed) if fact.origin == Origin::Live => {
                changed.appeared = Appeared::Before;
                self.react(&changed)
            }
            _ => Ok(()),
        }
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
