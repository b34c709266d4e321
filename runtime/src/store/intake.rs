//! What both stores do with facts before and after their SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Fact, FactKind, Order, Origin, Run, RunState, Snapshot};

use super::identity::Directory;
use super::rows::{clean_fact, word};
use super::types::{Batch, Due, Filed, Lease, NewFact, Receipt};
use super::{Result, Shard, StoreError, shard_of};

/// Facts on their way in.
pub(super) struct Arrivals {
    ids: Vec<Arc<str>>,
    /// The first of each id.
    facts: Vec<NewFact>,
}

impl Arrivals {
    /// Facts as they came; each must name somebody.
    pub(super) fn new(mut new: Vec<NewFact>) -> Result<Self> {
        new.iter_mut().for_each(clean_fact);
        let nobody = |fact: &&NewFact| fact.whos().any(|who| who.keys.is_empty());
        if let Some(fact) = new.iter().find(nobody) {
            return Err(StoreError::Nobody { id: fact.id.to_string() });
        }
        let ids: Vec<_> = new.iter().map(|fact| fact.id.clone()).collect();
        let mut seen = BTreeSet::new();
        new.retain(|fact| seen.insert(fact.id.clone()));
        Ok(Self { ids, facts: new })
    }

    /// The facts to keep.
    pub(super) fn facts(&self) -> &[NewFact] {
        &self.facts
    }

    /// Their ids.
    pub(super) fn ids(&self) -> Vec<&str> {
        self.facts.iter().map(|fact| &*fact.id).collect()
    }

    /// Leaves out facts that are known.
    pub(super) fn leave_out(&mut self, known: &BTreeSet<String>) {
        self.facts.retain(|fact| !known.contains(&*fact.id));
    }

    /// The facts with their subjects, and those that tell of merges.
    pub(super) fn file(&self, directory: &mut Directory) -> Result<Vec<Fact>> {
        let mut filed = Vec::with_capacity(self.facts.len());
        for fact in &self.facts {
            filed.extend(directory.file(fact)?);
        }
        Ok(filed)
    }

    /// The answer: what was `fresh` is accepted, once.
    pub(super) fn receipts(&self, filed: &[Fact], fresh: &BTreeSet<Arc<str>>) -> Vec<Receipt> {
        let filed = filed.iter().filter(|fact| fresh.contains(&fact.id));
        let mut subjects: BTreeMap<&str, &EntityId> = filed.map(|fact| (&*fact.id, &fact.subject)).collect();
        let receipt = |id: &Arc<str>| match subjects.remove(&**id) {
            Some(subject) => Receipt::Accepted { id: id.clone(), subject: subject.clone() },
            None => Receipt::Duplicate { id: id.clone() },
        };
        self.ids.iter().map(receipt).collect()
    }
}

/// The fact that an operator's order is, if `found` can be ordered about.
pub(super) fn order(found: Option<Run>, run: &str, order: Order, at: Timestamp) -> Result<Fact> {
    let unfinished = |run: &Run| !matches!(run.state, RunState::Finished { .. });
    let found = found.filter(unfinished).ok_or_else(|| StoreError::NoRun { run: run.to_owned() })?;
    Ok(Fact {
        // Ordered twice about the same state is ordered once.
        id: format!("order/{}/{}/{}", found.id, found.version, word(&order)).into(),
        subject: found.subject,
        kind: FactKind::Order { run: found.id, order },
        at,
        origin: Origin::Live,
    })
}

/// Whom a batch concerns.
pub(super) fn subjects<'a>(
    facts: impl Iterator<Item = &'a Filed>,
    timers: impl Iterator<Item = &'a Due>,
) -> BTreeSet<EntityId> {
    let of_facts = facts.filter(|filed| filed.moved.is_none()).map(|filed| &filed.fact.subject);
    of_facts.chain(timers.map(|due| &due.subject)).cloned().collect()
}

/// What is known of the subjects of several shards, each shard's apart, in the order of the leases.
pub(super) fn apart(known: Snapshot, leases: &[Lease], shards: u16) -> Vec<Snapshot> {
    let mut parts: BTreeMap<Shard, Snapshot> = BTreeMap::new();
    for (id, entity) in known.entities {
        parts.entry(shard_of(&id, shards)).or_default().entities.insert(id, entity);
    }
    for (id, runs) in known.runs {
        parts.entry(shard_of(&id, shards)).or_default().runs.insert(id, runs);
    }
    for (key, at) in known.enrolments {
        parts.entry(shard_of(&key.subject, shards)).or_default().enrolments.insert(key, at);
    }
    leases.iter().map(|lease| parts.remove(&lease.shard).unwrap_or_default()).collect()
}

/// A batch out of what was read for its lease.
pub(super) fn batch(lease: &Lease, facts: Vec<Filed>, timers: Vec<Due>, snapshot: Snapshot) -> Batch {
    let cursor = facts.last().map_or(lease.cursor, |filed| filed.position);
    Batch { facts, timers, snapshot, cursor }
}

/// Timers and alarms in one order, the earliest first, at most `limit`: what is left rings later.
pub(super) fn merge(timers: Vec<Due>, alarms: Vec<Due>, limit: u32) -> Vec<Due> {
    let mut all = timers;
    all.extend(alarms);
    all.sort_by_key(|due| due.at);
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    all
}
