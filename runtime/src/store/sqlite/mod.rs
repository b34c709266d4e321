//! The store in one SQLite file: the embedded default.
//!
//! One connection writes, in the order of commits; others read. Rows go in as one
//! JSON array a statement. One process has the file, and a lock says so.

mod counts;
mod enrolments;
mod entities;
mod facts;
mod identities;
mod intents;
mod leases;
mod programs;
mod runs;
mod settings;
mod timeline;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{Entry, Fact, Intent, Order, Outcome, Snapshot, What};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::identity::keys_of;
use super::intake::{self, Arrivals};
use super::migrations::{Step, migrator};
use super::rows::{Told, intent_entry, json, moment, outcome_fact};
use super::{
    Batch, Claim, Claiming, Commit, Counts, Deployment, Effect, EffectFilter, Found, Lease, Line, NewFact,
    Options, Position, Receipt, Result, RunFilter, RunPage, RunView, Settle, Settled, Shard, Store,
    StoreError, TimelineFilter, shard_of,
};

const MIGRATIONS: &[Step] = &[(1, "tables", include_str!("migrations/0001_tables.sql"))];

/// Few: one writer needs no spreading, and batches are larger.
const SHARDS: u16 = 4;

/// The store in one file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    shards: u16,
    /// Held for as long as the store is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it; [`StoreError::Shards`] if it
    /// was made with another number of shards.
    pub async fn open(path: &Path, options: &Options) -> Result<Self> {
        let lock = lock(path)?;
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        // A file does not go away: connections need not be tried out before each use.
        let pool = || SqlitePoolOptions::new().test_before_acquire(false);
        let writer = pool().max_connections(1).connect_with(connect.clone()).await?;
        migrator(MIGRATIONS).run(&writer).await?;
        let mut tx = begin(&writer).await?;
        let shards = settings::shards(&mut tx, options.shards, SHARDS).await?;
        leases::free_all(&mut tx).await?;
        intents::free_all(&mut tx).await?;
        tx.commit().await?;
        let readers = pool().max_connections(options.connections.max(1));
        let readers = readers.connect_lazy_with(connect.read_only(true));
        Ok(Self { writer, readers, shards, _lock: lock })
    }

    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        begin(&self.writer).await
    }

    async fn read(&self) -> Result<PoolConnection<Sqlite>> {
        Ok(self.readers.acquire().await?)
    }

    async fn snapshot(&self, db: &mut SqliteConnection, ids: &BTreeSet<EntityId>) -> Result<Snapshot> {
        if ids.is_empty() {
            return Ok(Snapshot::default());
        }
        let mut known = entities::load(db, self.shards, ids).await?;
        Ok(Snapshot {
            entities: ids.iter().map(|id| (id.clone(), known.remove(id))).collect(),
            runs: runs::unfinished(db, self.shards, ids).await?,
            enrolments: enrolments::load(db, self.shards, ids).await?,
            ..Snapshot::default()
        })
    }

    /// Tells of parked intents that a person decided about.
    async fn tell(
        &self,
        db: &mut SqliteConnection,
        parked: &[Claim],
        detail: &str,
        now: Timestamp,
    ) -> Result<()> {
        let entry = |claim: &Claim| intent_entry(&claim.intent, What::Ordered, detail, now);
        let entries: Vec<Entry> = parked.iter().map(entry).collect();
        timeline::insert(db, &entries).await
    }
}

async fn begin(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>> {
    Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
}

fn lock(path: &Path) -> Result<File> {
    let mut name = OsString::from(path);
    name.push(".lock");
    let unusable = |source| StoreError::File { path: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(name).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// `(shard, kind, id)` of each entity, as the JSON array that queries ask with.
fn addresses<'a>(ids: impl IntoIterator<Item = &'a EntityId>, shards: u16) -> Result<String> {
    let address = |id: &EntityId| (shard_of(id, shards), id.kind.clone(), id.id.clone());
    json("entities", &ids.into_iter().map(address).collect::<Vec<_>>())
}

fn keys(claims: &[Claim]) -> Vec<String> {
    claims.iter().map(|claim| claim.intent.key.to_string()).collect()
}

#[async_trait]
impl Store for SqliteStore {
    fn shards(&self) -> u16 {
        self.shards
    }

    async fn accept(&self, new: Vec<NewFact>) -> Result<Vec<Receipt>> {
        let mut arrivals = Arrivals::new(new)?;
        let mut tx = self.write().await?;
        let named = keys_of(arrivals.facts());
        if !named.is_empty() {
            arrivals.leave_out(&facts::known(&mut tx, &arrivals.ids()).await?);
        }
        let mut directory = identities::directory(&mut tx, &named).await?;
        let filed = arrivals.file(&mut directory)?;
        let fresh = facts::insert(&mut tx, self.shards, &filed).await?;
        identities::add(&mut tx, &directory).await?;
        tx.commit().await?;
        Ok(arrivals.receipts(&filed, &fresh))
    }

    async fn order(&self, run: &str, order: Order, at: Timestamp) -> Result<()> {
        let mut tx = self.write().await?;
        let found = runs::all_of_one(&mut tx, run).await?.into_iter().next();
        let fact = intake::order(found, run, order, at)?;
        facts::insert(&mut tx, self.shards, &[fact]).await?;
        Ok(tx.commit().await?)
    }

    async fn lease(&self, node: &str, ttl: Duration) -> Result<Vec<Lease>> {
        let mut tx = self.write().await?;
        let leases = leases::lease(&mut tx, node, ttl).await?;
        tx.commit().await?;
        Ok(leases)
    }

    async fn leave(&self, node: &str) -> Result<()> {
        let mut tx = self.write().await?;
        leases::leave(&mut tx, node).await?;
        Ok(tx.commit().await?)
    }

    async fn pending(&self, node: &str, now: Timestamp) -> Result<Vec<Shard>> {
        leases::pending(&mut *self.read().await?, node, now).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let mut db = self.read().await?;
        let moments = [runs::next_wake(&mut db).await?, intents::next_due(&mut db).await?];
        moments.into_iter().flatten().min().map(|micros| moment("runs", micros)).transpose()
    }

    async fn read(&self, lease: &Lease, limit: u32, now: Timestamp) -> Result<Batch> {
        let mut db = self.read().await?;
        let facts = facts::after(&mut db, lease, limit).await?;
        let timers = runs::due(&mut db, lease.shard, now, limit).await?;
        let snapshot = self.snapshot(&mut db, &intake::subjects(&facts, &timers)).await?;
        let cursor = facts.last().map_or(lease.cursor, |filed| filed.position);
        Ok(Batch { facts, timers, snapshot, cursor })
    }

    async fn load(&self, ids: &BTreeSet<EntityId>) -> Result<Snapshot> {
        let mut db = self.read().await?;
        self.snapshot(&mut db, ids).await
    }

    async fn commit(&self, lease: &Lease, commit: Commit) -> Result<()> {
        let mut tx = self.write().await?;
        leases::advance(&mut tx, lease, commit.cursor).await?;
        runs::write(&mut tx, self.shards, commit.runs.values()).await?;
        enrolments::insert(&mut tx, self.shards, &commit.enrolments).await?;
        entities::patch(&mut tx, self.shards, commit.entities).await?;
        intents::insert(&mut tx, self.shards, &commit.intents).await?;
        intents::cancel(&mut tx, &commit.cancelled, commit.now).await?;
        facts::insert(&mut tx, self.shards, &commit.facts).await?;
        timeline::insert(&mut tx, &commit.timeline).await?;
        Ok(tx.commit().await?)
    }

    async fn claim(&self, claiming: &Claiming) -> Result<Vec<Claim>> {
        let actions = intents::actions_due(&mut *self.read().await?, claiming.now).await?;
        if actions.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.write().await?;
        let claims = intents::claim(&mut tx, claiming, &actions).await?;
        tx.commit().await?;
        Ok(claims)
    }

    async fn settle(&self, settles: Vec<Settle>, now: Timestamp) -> Result<Vec<Settled>> {
        let mut tx = self.write().await?;
        let done = intents::settle(&mut tx, &settles, now).await?;
        let is_done = |settle: &&Settle| done.contains(&*settle.claim.intent.key);
        let told: Vec<Told> = settles.iter().filter(is_done).map(|settle| Told::of(settle, now)).collect();
        let (outcomes, entries): (Vec<_>, Vec<_>) =
            told.into_iter().map(|told| (told.fact, told.entry)).unzip();
        let outcomes: Vec<Fact> = outcomes.into_iter().flatten().collect();
        facts::insert(&mut tx, self.shards, &outcomes).await?;
        timeline::insert(&mut tx, &entries).await?;
        tx.commit().await?;
        let settled = |settle: &Settle| if is_done(&settle) { Settled::Done } else { Settled::Stale };
        Ok(settles.iter().map(settled).collect())
    }

    async fn expired(&self, node: &str, lease: Duration, limit: u32) -> Result<Vec<Claim>> {
        let mut tx = self.write().await?;
        let claims = intents::expired(&mut tx, node, lease, limit).await?;
        tx.commit().await?;
        Ok(claims)
    }

    async fn effects(&self, filter: &EffectFilter) -> Result<Vec<Effect>> {
        intents::list(&mut *self.read().await?, filter).await
    }

    async fn retry_parked(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>> {
        let mut tx = self.write().await?;
        let parked = intents::parked(&mut tx, filter).await?;
        intents::retry(&mut tx, &parked, now).await?;
        self.tell(&mut tx, &parked, "tried again by hand", now).await?;
        tx.commit().await?;
        Ok(keys(&parked))
    }

    async fn drop_parked(&self, filter: &EffectFilter, detail: &str, now: Timestamp) -> Result<Vec<String>> {
        let mut tx = self.write().await?;
        let parked = intents::parked(&mut tx, filter).await?;
        intents::drop_parked(&mut tx, &parked, detail, now).await?;
        let outcome = |intent: &Intent| outcome_fact(intent, Outcome::Dropped { detail: detail.into() }, now);
        let outcomes: Vec<Fact> = parked.iter().map(|claim| outcome(&claim.intent)).collect();
        facts::insert(&mut tx, self.shards, &outcomes).await?;
        self.tell(&mut tx, &parked, &format!("given up by hand: {detail}"), now).await?;
        tx.commit().await?;
        Ok(keys(&parked))
    }

    async fn put_program(&self, hash: Hash, bytes: &[u8]) -> Result<()> {
        let mut tx = self.write().await?;
        programs::put(&mut tx, hash, bytes).await?;
        Ok(tx.commit().await?)
    }

    async fn program(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        programs::get(&mut *self.read().await?, hash).await
    }

    async fn deploy(&self, hash: Hash, by: &str, at: Timestamp) -> Result<Deployment> {
        let mut tx = self.write().await?;
        let deployment = programs::deploy(&mut tx, hash, by, at).await?;
        tx.commit().await?;
        Ok(deployment)
    }

    async fn live(&self) -> Result<Option<Deployment>> {
        Ok(programs::last(&mut *self.read().await?, 1).await?.pop())
    }

    async fn deployments(&self, limit: u32) -> Result<Vec<Deployment>> {
        programs::last(&mut *self.read().await?, limit).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<RunPage> {
        runs::list(&mut *self.read().await?, self.shards, filter).await
    }

    async fn run(&self, id: &str) -> Result<Option<RunView>> {
        let mut db = self.read().await?;
        let rows = runs::all_of_one(&mut db, id).await?;
        let subjects = addresses(rows.iter().map(|run| &run.subject), self.shards)?;
        let timeline = timeline::of_run(&mut db, &subjects, id).await?;
        let effects = intents::of_run(&mut db, id).await?;
        let run = rows.into_iter().next();
        Ok(run.map(|run| RunView { run, timeline, effects }))
    }

    async fn pinned(&self) -> Result<BTreeSet<Hash>> {
        runs::pinned(&mut *self.read().await?).await
    }

    async fn timeline_after(
        &self,
        after: Position,
        filter: &TimelineFilter,
        limit: u32,
    ) -> Result<Vec<Line>> {
        timeline::after(&mut *self.read().await?, after, filter, limit).await
    }

    async fn timeline_last(&self, filter: &TimelineFilter, limit: u32) -> Result<Vec<Line>> {
        timeline::last(&mut *self.read().await?, filter, limit).await
    }

    async fn find(&self, kind: &str, word: &str) -> Result<Option<Found>> {
        let mut db = self.read().await?;
        let own = EntityId::new(kind, word);
        let moved = identities::target(&mut db, &own).await?;
        let id = match (moved, identities::named(&mut db, kind, word).await?) {
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => own,
        };
        let entity = entities::load(&mut db, self.shards, &BTreeSet::from([id.clone()])).await?.remove(&id);
        let keys = identities::of_entity(&mut db, &id).await?;
        Ok((entity.is_some() || !keys.is_empty()).then_some(Found { id, entity, keys }))
    }

    async fn counts(&self) -> Result<Counts> {
        counts::counts(&mut *self.read().await?).await
    }
}
