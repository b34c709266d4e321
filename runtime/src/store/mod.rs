//! The event store: what came in, what is known, what is to be done.
//!
//! One trait, two implementations (`sqlite`, embedded; `postgres`, any number of
//! nodes), one conformance suite in `runtime/tests/`. It must not know what rules
//! mean: the engine decides, the store keeps.
//!
//! A node works in this order:
//!
//! - ingestion: [`Store::accept`];
//! - workers: [`Store::lease`], [`Store::pending`], and for some shards together
//!   [`Store::read_all`], `apply`, [`Store::commit_all`];
//! - dispatchers: [`Store::exchange`], which writes how calls went and claims what is next,
//!   and the provider; [`Store::expired`] for what a lost node had claimed.

mod commit;
mod error;
mod identity;
mod intake;
mod migrations;
pub(crate) mod needs;
mod overlay;
pub mod postgres;
mod relation;
mod rows;
mod shard;
pub mod sqlite;
mod types;
mod vetting;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::Hash;
use onward_engine::Needs;
use onward_engine::model::{Order, Snapshot};
use serde_json::Value as Json;

pub use onward_engine::model::Edges;

pub use self::commit::{Commit, EntityPatch, Patch, Relation};
pub use self::error::StoreError;
pub use self::shard::{Shard, shard_of};
pub use self::types::{
    Batch, Claim, Claimed, Claiming, Counter, Counts, Deployment, Due, Effect, EffectFilter, EffectState,
    EventCount, Exchanged, Filed, FillPart, FillProgress, Filled, Found, IdentityKey, Lease, Line, Namespace,
    NewFact, Parking, Position, Receipt, Ring, RunFilter, RunPage, RunPlace, RunStatus, RunView, Sample,
    Seen, Settle, Settled, Settlement, Switch, Switched, TimelineFilter, Who,
};
pub use self::vetting::{Unvetted, Verdict, Vetting};

/// What a store's call gives.
pub type Result<T> = std::result::Result<T, StoreError>;

/// How to open a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Number of shards of a new store; must fit if there is one. Unless given: 4 on
    /// SQLite, 256 on Postgres.
    pub shards: Option<u16>,
    /// Connections at most.
    pub connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { shards: None, connections: 8 }
    }
}

/// Opens the store at `address`: `postgres://…` or the path of a SQLite file.
///
/// # Errors
/// If it cannot be reached or used, with what to do.
pub async fn open(address: &str, options: &Options) -> Result<Arc<dyn Store>> {
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return Ok(Arc::new(postgres::PostgresStore::open(address, options).await?));
    }
    let path = address.strip_prefix("sqlite:").unwrap_or(address);
    Ok(Arc::new(sqlite::SqliteStore::open(Path::new(path), options).await?))
}

/// The event store of one installation. Shared by every task of a node.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Number of shards, fixed when the store was created.
    fn shards(&self) -> u16;

    // Facts in.

    /// Takes facts in, in order, and answers for each in the same order. They are
    /// durable when this returns; the same id twice is one fact.
    async fn accept(&self, facts: Vec<NewFact>) -> Result<Vec<Receipt>>;

    /// Files an operator's order about an unfinished run, as a fact of its subject.
    ///
    /// # Errors
    /// [`StoreError::NoRun`] if there is no such run or it has ended.
    async fn order(&self, run: &str, order: Order, at: Timestamp) -> Result<()>;

    // Workers.

    /// Says that `node` is alive for another `ttl`, renews its leases, takes free
    /// ones up to its fair share and gives up what is beyond. Answers every lease
    /// that it holds now. Call it several times in `ttl`.
    ///
    /// The name of a node must be new at every start of a process.
    async fn lease(&self, node: &str, ttl: Duration) -> Result<Vec<Lease>>;

    /// Gives up all that `node` holds, for an orderly stop.
    async fn leave(&self, node: &str) -> Result<()>;

    /// Shards leased by `node` that have facts to read, or timers or alarms due by `now`.
    async fn pending(&self, node: &str, now: Timestamp) -> Result<Vec<Shard>>;

    /// Whether there are facts that no worker has read, also those that cannot be read yet.
    async fn has_unread(&self) -> Result<bool>;

    /// The earliest moment that a run, an alarm or an intent waits for, if any.
    async fn next_due(&self) -> Result<Option<Timestamp>>;

    /// For each lease the next facts after its cursor and the runs and alarms due by `now`, at
    /// most `limit` facts and as many of the others, with what is known of their subjects. Facts that may still
    /// be overtaken by an open transaction are left for later. The batches are in the order of the leases.
    async fn read_all(&self, leases: &[Lease], limit: u32, now: Timestamp) -> Result<Vec<Batch>>;

    /// The same, of one shard.
    async fn read(&self, lease: &Lease, limit: u32, now: Timestamp) -> Result<Batch> {
        Ok(self.read_all(std::slice::from_ref(lease), limit, now).await?.pop().unwrap_or_default())
    }

    /// What the engine needs, wherever it lives.
    ///
    /// Entities of `own` are as they were committed last: their facts are the batch's. Over
    /// those of other shards what was accepted about them and has not been worked out is laid,
    /// as far as it sets attributes. Past events are those that their shards have worked out.
    async fn load(&self, needs: &Needs, own: Option<Shard>) -> Result<Snapshot>;

    /// Commits batches of several shards in one transaction and moves their cursors: all of them, or
    /// none. The caller then goes on reading with each lease's cursor set to its `commit.cursor`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if a lease is another node's by now;
    /// [`StoreError::Conflict`] if a run or an enrolment is not as its batch
    /// expected. Nothing is committed in either case: one shard's trouble is found by going on
    /// with each alone.
    async fn commit_all(&self, batches: Vec<(Lease, Commit)>) -> Result<()>;

    /// The same, of one shard.
    ///
    /// # Errors
    /// See [`Store::commit_all`].
    async fn commit(&self, lease: &Lease, commit: Commit) -> Result<()> {
        self.commit_all(vec![(lease.clone(), commit)]).await
    }

    // Filling in: what a new program watches about entities that were there before it.

    /// Shards leased by `node` that are not filled in yet.
    async fn filling(&self, node: &str) -> Result<Vec<Shard>>;

    /// The next `limit` entities to be filled in in the lease's shard; none if it is filled in.
    /// What became of them is committed as a batch with [`Commit::filled`] set.
    async fn fill(&self, lease: &Lease, limit: u32) -> Result<Option<FillPart>>;

    /// How far the last deployment that had to be filled in is.
    async fn fills(&self) -> Result<Vec<FillProgress>>;

    // Dispatchers.

    /// Does what [`Store::settle`] and [`Store::claim`] do, in one transaction.
    async fn exchange(
        &self,
        settles: &[Settle],
        now: Timestamp,
        claim: Option<(&Claiming, &dyn Vetting)>,
    ) -> Result<Exchanged>;

    /// Claims intents that are due, each for one caller only, and has those vetted that it
    /// concerns in the same transaction: what may not go out is deferred, dropped or cancelled.
    /// Messages to one entity are claimed by one caller at a time, so that no cap is exceeded.
    async fn claim(&self, claiming: &Claiming, vetting: &dyn Vetting) -> Result<Claimed> {
        Ok(self.exchange(&[], claiming.now, Some((claiming, vetting))).await?.claimed)
    }

    /// Actions of which something is due.
    async fn due(&self, now: Timestamp) -> Result<Vec<Arc<str>>>;

    /// Writes how claimed intents went, and answers in the same order. What is no
    /// longer claimed with that attempt is left alone: [`Settled::Stale`].
    async fn settle(&self, settles: Vec<Settle>, now: Timestamp) -> Result<Vec<Settled>> {
        Ok(self.exchange(&settles, now, None).await?.settled)
    }

    /// Takes over claims whose lease ran out, attempt unchanged. Whether the
    /// provider was reached is not known: the caller decides and settles them.
    async fn expired(&self, node: &str, lease: Duration, limit: u32) -> Result<Vec<Claim>>;

    /// Intents with their state, oldest due first.
    async fn effects(&self, filter: &EffectFilter) -> Result<Vec<Effect>>;

    /// Makes parked intents that fit `filter` ready again. Answers their keys.
    async fn retry_parked(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>>;

    /// Gives up parked intents that fit `filter`; their runs go on. Answers their keys.
    async fn drop_parked(&self, filter: &EffectFilter, detail: &str, now: Timestamp) -> Result<Vec<String>>;

    /// Lets drafts that fit `filter` go out. Answers their keys.
    async fn approve_drafts(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>>;

    /// Gives up drafts that fit `filter`; their runs go on. Answers their keys.
    async fn discard_drafts(
        &self,
        filter: &EffectFilter,
        detail: &str,
        now: Timestamp,
    ) -> Result<Vec<String>>;

    /// Writes other arguments into a draft; they must fit its action's parameters.
    ///
    /// # Errors
    /// [`StoreError::NoDraft`] if it is none, or none any more.
    async fn edit_draft(&self, key: &str, arguments: &[Json]) -> Result<()>;

    // Programs.

    /// Keeps a program. Keeping it again changes nothing.
    async fn put_program(&self, hash: Hash, bytes: &[u8]) -> Result<()>;

    /// The bytes of a program.
    async fn program(&self, hash: Hash) -> Result<Option<Vec<u8>>>;

    /// Makes a kept program the live one. `fill` says how the entities that are there are
    /// filled in, if it watches something new; an unfinished filling in begins anew with it.
    ///
    /// # Errors
    /// [`StoreError::NoProgram`] if it was not put before.
    async fn deploy(&self, hash: Hash, by: &str, at: Timestamp, fill: Option<Edges>) -> Result<Deployment>;

    /// The live deployment.
    async fn live(&self) -> Result<Option<Deployment>>;

    /// The last deployments, newest first.
    async fn deployments(&self, limit: u32) -> Result<Vec<Deployment>>;

    /// Pauses or disables a workflow, or has it go on. What it is already is left as it is. What is paused is
    /// not among what is due, neither its runs' timers nor its intents; `disabled` is the engine's business.
    async fn switch(&self, workflow: &str, to: Option<Switch>, by: &str, at: Timestamp) -> Result<()>;

    /// Workflows that are paused or disabled.
    async fn switches(&self) -> Result<BTreeMap<Arc<str>, Switched>>;

    // For people.

    /// Runs, the last started first.
    async fn runs(&self, filter: &RunFilter) -> Result<RunPage>;

    /// A run with its timeline and its effects.
    async fn run(&self, id: &str) -> Result<Option<RunView>>;

    /// Unfinished runs pinned to each program: which programs are still needed.
    async fn pinned(&self) -> Result<BTreeSet<Hash>>;

    /// Lines after `after`, oldest first. No line is skipped, however late it is
    /// committed.
    async fn timeline_after(&self, after: Position, filter: &TimelineFilter, limit: u32)
    -> Result<Vec<Line>>;

    /// The last lines, oldest first.
    async fn timeline_last(&self, filter: &TimelineFilter, limit: u32) -> Result<Vec<Line>>;

    /// The entity of `kind` that `word` names: its id, an email, a phone number or
    /// another key.
    async fn find(&self, kind: &str, word: &str) -> Result<Option<Found>>;

    /// How workflows do, or one of them: what their tallies have come to.
    async fn tallies(&self, workflow: Option<&str>) -> Result<Vec<Counter>>;

    /// What the newest facts look like, a bounded number of them; events since `since` are counted apart.
    async fn seen(&self, since: Timestamp) -> Result<Seen>;

    /// How much of everything there is.
    async fn counts(&self) -> Result<Counts>;
}
