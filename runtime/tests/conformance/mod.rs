//! What a store must do, whichever it is.

pub(crate) mod drafts;
pub(crate) mod effects;
pub(crate) mod facts;
pub(crate) mod fills;
pub(crate) mod history;
pub(crate) mod identities;
pub(crate) mod leases;
mod only_postgres;
mod only_sqlite;
pub(crate) mod people;
pub(crate) mod runs;
pub(crate) mod switches;
pub(crate) mod together;
pub(crate) mod vetting;
pub(crate) mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use onward_bytecode::{EntityId, Hash, OnFailure};
use onward_engine::Needs;
use onward_engine::model::{
    Enrolled, Enrolling, Fact, FactKind, Fields, Finish, Intent, Origin, Rest, Run, RunChange, RunState,
    Transition,
};
use onward_runtime::cluster::Cluster;
use onward_runtime::store::{
    self, Claim, Claiming, Commit, Due, Filed, IdentityKey, Lease, Namespace, NewFact, Options, Ring, Shard,
    Store, Unvetted, Who, shard_of,
};

pub(crate) const SHARDS: u16 = 8;
pub(crate) const TTL: Duration = Duration::from_secs(60);

/// A store to try things on.
pub(crate) struct Bed {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) address: String,
    folder: Option<tempfile::TempDir>,
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("store.db").display());
        Self { store: open(&address).await, address, folder: Some(folder) }
    }

    pub(crate) async fn postgres(name: &str) -> Self {
        let address = Cluster::start().unwrap().database(name).await.unwrap();
        Self { store: open(&address).await, address, folder: None }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }
}

pub(crate) fn options() -> Options {
    Options { shards: Some(SHARDS), connections: 8 }
}

async fn open(address: &str) -> Arc<dyn Store> {
    store::open(address, &options()).await.unwrap()
}

/// Calls until there is an answer: an open transaction anywhere in a cluster delays readers.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to pass");
}

pub(crate) fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

pub(crate) fn fields(value: serde_json::Value) -> Fields {
    value.as_object().cloned().unwrap()
}

pub(crate) fn contact(id: &str) -> EntityId {
    EntityId::new("contact", id)
}

pub(crate) fn keys(keys: &[(Namespace, &str)]) -> Who {
    let keys = keys.iter().map(|(namespace, value)| IdentityKey::new(*namespace, *value)).collect();
    Who { kind: "contact".into(), keys }
}

pub(crate) fn event_of(id: &str, who: Who) -> NewFact {
    let kind = FactKind::Event {
        name: "signed_up".into(),
        fields: Fields::new(),
        contact: None,
        attributes: Fields::new(),
    };
    NewFact { id: id.into(), who, contact: None, kind, refers: Vec::new(), at: noon(), origin: Origin::Live }
}

pub(crate) fn event(id: &str, subject: &str) -> NewFact {
    event_of(id, Who::id("contact", subject))
}

pub(crate) fn follows(id: &str, subject: &str) -> Fact {
    let NewFact { kind, at, origin, .. } = event(id, subject);
    Fact { id: id.into(), subject: contact(subject), kind, at, origin }
}

pub(crate) fn program() -> Hash {
    Hash([7; 32])
}

pub(crate) fn run(id: &str, subject: &str) -> Run {
    Run {
        id: id.into(),
        workflow: "welcome".into(),
        program: program(),
        subject: contact(subject),
        cause: "e1".into(),
        started: noon(),
        version: 1,
        effects: 0,
        state: waiting(3600),
    }
}

pub(crate) fn rest() -> Rest {
    Rest { point: "2:wait".into(), values: vec![serde_json::json!("a"), serde_json::json!(1.5)] }
}

pub(crate) fn waiting(seconds: i64) -> RunState {
    RunState::Waiting { rest: rest(), until: after(seconds), civil: None, wait: None }
}

pub(crate) fn finished(how: Finish) -> RunState {
    RunState::Finished { how, reason: "all steps done".into(), at: after(10) }
}

pub(crate) fn new_run(run: Run) -> RunChange {
    RunChange { expected: None, run }
}

/// The run in its next version.
pub(crate) fn changed(run: &Run, state: RunState) -> RunChange {
    let run = Run { version: run.version + 1, state, ..run.clone() };
    RunChange { expected: Some(run.version - 1), run }
}

/// Which run's timer it is, or whose alarm.
pub(crate) fn rung(due: &Due) -> String {
    match &due.what {
        Ring::Timer(run) => run.to_string(),
        Ring::Wake => format!("wake {}", due.subject.id),
    }
}

/// These entities.
pub(crate) fn needs(entities: BTreeSet<EntityId>) -> Needs {
    Needs { entities, ..Needs::default() }
}

/// A new key of `once`.
pub(crate) fn enrolling(key: Enrolled) -> Enrolling {
    Enrolling { key, at: noon(), before: None }
}

pub(crate) fn enrolled(subject: &str) -> Enrolled {
    Enrolled { workflow: "welcome".into(), subject: contact(subject), key: "".into() }
}

pub(crate) fn intent(key: &str, subject: &str) -> Intent {
    Intent {
        key: key.into(),
        run: format!("run-{subject}").into(),
        workflow: "welcome".into(),
        step: "email hello".into(),
        subject: contact(subject),
        program: program(),
        action: "email".into(),
        arguments: vec![serde_json::json!({"to": "ana@example.com"})],
        due: noon(),
        channel: None,
        draft: None,
        failure: OnFailure::Park,
    }
}

pub(crate) fn claiming(node: &str, limit: u32) -> Claiming {
    Claiming { node: node.into(), now: after(1), lease: TTL, limit, per_action: BTreeMap::new(), since: None }
}

/// A node at work.
pub(crate) struct Node<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) name: &'static str,
    pub(crate) leases: BTreeMap<Shard, Lease>,
}

impl<'a> Node<'a> {
    /// A node with all the shards that it gets.
    pub(crate) async fn start(bed: &'a Bed, name: &'static str) -> Self {
        let mut node = Self { store: &*bed.store, name, leases: BTreeMap::new() };
        node.renew(TTL).await;
        node
    }

    pub(crate) async fn renew(&mut self, ttl: Duration) {
        let leases = self.store.lease(self.name, ttl).await.unwrap();
        self.leases = leases.into_iter().map(|lease| (lease.shard, lease)).collect();
    }

    /// The lease of the subject's shard.
    pub(crate) fn lease(&self, subject: &str) -> Lease {
        self.leases[&shard_of(&contact(subject), SHARDS)].clone()
    }

    /// Commits for a subject without reading.
    pub(crate) async fn commit(&self, subject: &str, transition: Transition) -> store::Result<()> {
        let lease = self.lease(subject);
        let mut commit = Commit::new(lease.cursor, noon());
        commit.add(transition);
        self.store.commit(&lease, commit).await
    }

    /// Records intents, each of the subject given.
    pub(crate) async fn intend(&self, subject: &str, intents: Vec<Intent>) {
        self.commit(subject, Transition { intents, ..Transition::default() }).await.unwrap();
    }

    /// Facts that can be read now, in all shards; the cursors move.
    pub(crate) async fn take(&mut self) -> Vec<Filed> {
        let mut taken = Vec::new();
        for lease in self.leases.values_mut() {
            let batch = self.store.read(lease, 1000, noon()).await.unwrap();
            if batch.facts.is_empty() {
                continue;
            }
            let commit = Commit::new(batch.cursor, noon());
            self.store.commit(lease, commit).await.unwrap();
            lease.cursor = batch.cursor;
            taken.extend(batch.facts);
        }
        taken
    }

    /// Facts, as many as there must be.
    pub(crate) async fn take_all(&mut self, count: usize) -> Vec<Filed> {
        let mut taken = Vec::new();
        eventually(&format!("reading {count} facts"), async || {
            taken.extend(self.take().await);
            (taken.len() >= count).then_some(())
        })
        .await;
        assert_eq!(taken.len(), count, "{taken:#?}");
        taken
    }
}

pub(crate) fn ids(facts: &[Filed]) -> Vec<&str> {
    let mut ids: Vec<_> = facts.iter().map(|filed| &*filed.fact.id).collect();
    ids.sort_unstable();
    ids
}

pub(crate) fn claimed_keys(claims: &[Claim]) -> Vec<&str> {
    claims.iter().map(|claim| &*claim.intent.key).collect()
}
