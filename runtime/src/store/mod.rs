//! The event store: what came in, what is known, what is to be done.
//!
//! One trait, two implementations (`sqlite`, embedded; `postgres`, any number of
//! nodes), one conformance suite in `runtime/tests/`. It must not know what rules
//! mean: the engine decides, the store keeps.
//!
//! A node works in this order:
//!
//! - ingestion: [`Store::accept`];
//! - workers: [`Store::lease`], [`Store::pending`], and for each shard
//!   [`Store::read`], `apply`, [`Store::commit`];
//! - dispatchers: [`Store::claim`], the provider, [`Store::settle`];
//!   [`Store::expired`] for what a lost node had claimed.

mod commit;
mod error;
mod identity;
mod intake;
mod migrations;
pub mod postgres;
mod rows;
mod shard;
pub mod sqlite;
mod types;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{Order, Snapshot};

pub use self::commit::{Commit, EntityPatch};
pub use self::error::StoreError;
pub use self::shard::{Shard, shard_of};
pub use self::types::{
    Batch, Claim, Claiming, Counts, Deployment, Due, Effect, EffectFilter, EffectState, Filed, Found,
    IdentityKey, Lease, Line, Namespace, NewFact, Parking, Position, Receipt, RunFilter, RunPage, RunPlace,
    RunStatus, RunView, Settle, Settled, Settlement, TimelineFilter, Who,
};

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

    /// Shards leased by `node` that have facts to read or timers due by `now`.
    async fn pending(&self, node: &str, now: Timestamp) -> Result<Vec<Shard>>;

    /// The earliest moment that a run or an intent waits for, if any.
    async fn next_due(&self) -> Result<Option<Timestamp>>;

    /// The next facts after the lease's cursor and the runs due by `now`, at most
    /// `limit` of each, with what is known of their subjects. Facts that may still
    /// be overtaken by an open transaction are left for later.
    async fn read(&self, lease: &Lease, limit: u32, now: Timestamp) -> Result<Batch>;

    /// What is known of these entities, wherever they live: the answer to the
    /// engine's `Needs`.
    async fn load(&self, ids: &BTreeSet<EntityId>) -> Result<Snapshot>;

    /// Commits a batch and moves the cursor, whole or not at all. The caller then
    /// goes on reading with the lease's cursor set to `commit.cursor`.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the lease is another node's by now;
    /// [`StoreError::Conflict`] if a run or an enrolment is not as the batch
    /// expected. Nothing is committed in either case.
    async fn commit(&self, lease: &Lease, commit: Commit) -> Result<()>;

    // Dispatchers.

    /// Claims intents that are due, each for one caller only.
    async fn claim(&self, claiming: &Claiming) -> Result<Vec<Claim>>;

    /// Writes how claimed intents went, and answers in the same order. What is no
    /// longer claimed with that attempt is left alone: [`Settled::Stale`].
    async fn settle(&self, settles: Vec<Settle>, now: Timestamp) -> Result<Vec<Settled>>;

    /// Takes over claims whose lease ran out, attempt unchanged. Whether the
    /// provider was reached is not known: the caller decides and settles them.
    async fn expired(&self, node: &str, lease: Duration, limit: u32) -> Result<Vec<Claim>>;

    /// Intents with their state, oldest due first.
    async fn effects(&self, filter: &EffectFilter) -> Result<Vec<Effect>>;

    /// Makes parked intents that fit `filter` ready again. Answers their keys.
    async fn retry_parked(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>>;

    /// Gives up parked intents that fit `filter`; their runs go on. Answers their keys.
    async fn drop_parked(&self, filter: &EffectFilter, detail: &str, now: Timestamp) -> Result<Vec<String>>;

    // Programs.

    /// Keeps a program. Keeping it again changes nothing.
    async fn put_program(&self, hash: Hash, bytes: &[u8]) -> Result<()>;

    /// The bytes of a program.
    async fn program(&self, hash: Hash) -> Result<Option<Vec<u8>>>;

    /// Makes a kept program the live one.
    ///
    /// # Errors
    /// [`StoreError::NoProgram`] if it was not put before.
    async fn deploy(&self, hash: Hash, by: &str, at: Timestamp) -> Result<Deployment>;

    /// The live deployment.
    async fn live(&self) -> Result<Option<Deployment>>;

    /// The last deployments, newest first.
    async fn deployments(&self, limit: u32) -> Result<Vec<Deployment>>;

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

    /// How much of everything there is.
    async fn counts(&self) -> Result<Counts>;
}
