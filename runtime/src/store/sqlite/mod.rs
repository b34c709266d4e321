//! The store in one SQLite file: the embedded default.
//!
//! One connection writes, in the order of commits; others read. Rows go in as one
//! JSON array a statement. One process has the file, and a lock says so.

mod counts;
mod enrolments;
mod entities;
mod facts;
mod fills;
mod identities;
mod intents;
mod leases;
mod programs;
mod relations;
mod runs;
mod seen;
mod settings;
mod switches;
mod tallies;
mod timeline;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::Needs;
use onward_engine::model::{Edges, Entry, Fact, Order, Outcome, Snapshot, What};
use serde_json::Value as Json;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};

use self::writer::{Part, Writer};
use super::identity::keys_of;
use super::intake::{self, Arrivals};
use super::migrations::{Step, migrator};
use super::rows::{Told, intent_entry, json, moment, outcome_fact};
use super::vetting::{Decided, Hearing};
use super::{
    Batch, Claim, Claiming, Commit, Counter, Counts, Deployment, Effect, EffectFilter, EntityPatch,
    Exchanged, FillPart, FillProgress, Found, Lease, Line, NewFact, Options, Position, Receipt, Result,
    RunFilter, RunPage, RunView, Seen, Settle, Settled, Shard, Store, StoreError, Switch, Switched,
    TimelineFilter, Vetting, overlay, shard_of,
};

const MIGRATIONS: &[Step] = &[
    (1, "tables", include_str!("migrations/0001_tables.sql")),
    (2, "watching", include_str!("migrations/0002_watching.sql")),
    (3, "switches", include_str!("migrations/0003_switches.sql")),
];

/// A process that was killed keeps its lock for a moment.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// Few: one writer needs no spreading, and batches are larger.
const SHARDS: u16 = 4;

/// The store in one file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
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
        let lock = lock_soon(path).await?;
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
        let writer = Writer::new(writer.acquire().await?);
        let mut part = writer.begin().await?;
        let tx = part.db()?;
        let shards = settings::shards(tx, options.shards, SHARDS).await?;
        leases::free_all(tx).await?;
        intents::free_all(tx).await?;
        part.commit().await?;
        let readers = pool().max_connections(options.connections.max(1));
        let readers = readers.connect_lazy_with(connect.read_only(true));
        Ok(Self { writer, readers, shards, _lock: lock })
    }

    async fn write(&self) -> Result<Part> {
        self.writer.begin().await
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>> {
        Ok(self.readers.acquire().await?)
    }

    /// These entities; those of other shards than `own` as their senders know them.
    async fn known(
        &self,
        db: &mut SqliteConnection,
        ids: &BTreeSet<EntityId>,
        own: &[Shard],
    ) -> Result<Snapshot> {
        if ids.is_empty() {
            return Ok(Snapshot::default());
        }
        let mut known = entities::load(db, self.shards, ids).await?;
        let foreign = |id: &&EntityId| !own.contains(&shard_of(id, self.shards));
        let foreign: BTreeSet<EntityId> = ids.iter().filter(foreign).cloned().collect();
        if !foreign.is_empty() {
            overlay::lay(&mut known, facts::unread(db, self.shards, &foreign).await?);
        }
        let entities = ids.iter().map(|id| (id.clone(), known.remove(id))).collect();
        Ok(Snapshot { entities, ..Snapshot::default() })
    }

    /// The same, with their unfinished runs.
    async fn entities(
        &self,
        db: &mut SqliteConnection,
        ids: &BTreeSet<EntityId>,
        own: &[Shard],
    ) -> Result<Snapshot> {
        let mut snapshot = self.known(db, ids, own).await?;
        snapshot.runs = runs::unfinished(db, self.shards, ids).await?;
        Ok(snapshot)
    }

    /// The same, with their keys of `once`.
    async fn snapshot(
        &self,
        db: &mut SqliteConnection,
        ids: &BTreeSet<EntityId>,
        own: &[Shard],
    ) -> Result<Snapshot> {
        let mut snapshot = self.entities(db, ids, own).await?;
        if !ids.is_empty() {
            snapshot.enrolments = enrolments::load(db, self.shards, ids).await?;
        }
        Ok(snapshot)
    }

    /// Adds past events and referrers.
    async fn look_back(
        &self,
        db: &mut SqliteConnection,
        needs: &Needs,
        snapshot: &mut Snapshot,
    ) -> Result<()> {
        if !needs.questions.is_empty() {
            snapshot.history = facts::history(db, self.shards, &needs.questions).await?;
        }
        if !needs.references.is_empty() {
            snapshot.referrers = relations::referrers(db, &needs.references).await?;
        }
        Ok(())
    }

    /// Has what was claimed in this transaction vetted, and takes back what is not to be sent. One
    /// writes at a time: nobody else claims for the same person meanwhile.
    async fn hear(
        &self,
        tx: &mut SqliteConnection,
        claiming: &Claiming,
        vetting: &dyn Vetting,
        due: Vec<Claim>,
    ) -> Result<Decided> {
        let mut hearing = Hearing::open(vetting, claiming.now, due);
        let to = hearing.addressees();
        if let Some(since) = claiming.since.filter(|_| !to.is_empty()) {
            let sent = intents::sent(tx, &to, since, hearing.keys()).await?;
            hearing.sent(sent);
        }
        let who = hearing.subjects();
        if !who.is_empty() {
            let mut known = self.known(tx, &who, &[]).await?;
            known.runs = runs::unfinished(tx, self.shards, &hearing.in_runs()).await?;
            hearing.know(known);
        }
        while let Some(needs) = hearing.hear() {
            let mut loaded = self.entities(tx, &needs.entities, &[]).await?;
            self.look_back(tx, &needs, &mut loaded).await?;
            hearing.give(needs, loaded);
        }
        let decided = hearing.close();
        intents::hold(tx, &decided.held, claiming.now).await?;
        facts::insert(tx, self.shards, &decided.facts()).await?;
        timeline::insert(tx, &decided.entries()).await?;
        Ok(decided)
    }

    /// What batches count, intend, hand over and tell.
    async fn commit_rest(&self, tx: &mut SqliteConnection, batches: &[(Lease, Commit)]) -> Result<()> {
        let (mut counts, mut cancelled) = (Vec::new(), Vec::new());
        let (mut intended, mut facts, mut told) = (Vec::new(), Vec::new(), Vec::new());
        let mut now = Timestamp::MIN;
        for (lease, commit) in batches {
            counts.extend(commit.tallies.iter().map(|(tally, count)| (lease.shard, tally, *count)));
            cancelled.extend(&commit.cancelled);
            intended.extend(&commit.intents);
            facts.extend(&commit.facts);
            told.extend(&commit.timeline);
            now = now.max(commit.now);
        }
        tallies::add(tx, &counts).await?;
        intents::insert(tx, self.shards, &intended).await?;
        intents::cancel(tx, &cancelled, now).await?;
        facts::insert(tx, self.shards, facts).await?;
        timeline::insert(tx, told).await
    }

    /// Writes how claims went, with what is told of it.
    async fn settle_in(
        &self,
        tx: &mut SqliteConnection,
        settles: &[Settle],
        now: Timestamp,
    ) -> Result<Vec<Settled>> {
        if settles.is_empty() {
            return Ok(Vec::new());
        }
        let done = intents::settle(&mut *tx, settles, now).await?;
        let is_done = |settle: &&Settle| done.contains(&*settle.claim.intent.key);
        let told: Vec<Told> = settles.iter().filter(is_done).map(|settle| Told::of(settle, now)).collect();
        facts::insert(&mut *tx, self.shards, told.iter().filter_map(|told| told.fact.as_ref())).await?;
        timeline::insert(&mut *tx, told.iter().filter_map(|told| told.entry.as_ref())).await?;
        let settled = |settle: &Settle| if is_done(&settle) { Settled::Done } else { Settled::Stale };
        Ok(settles.iter().map(settled).collect())
    }

    /// Gives intents up; their runs go on.
    async fn give_up(
        &self,
        db: &mut SqliteConnection,
        intents: &[Claim],
        detail: &str,
        now: Timestamp,
    ) -> Result<()> {
        intents::give_up(db, intents, detail, now).await?;
        let outcome =
            |claim: &Claim| outcome_fact(&claim.intent, Outcome::Dropped { detail: detail.into() }, now);
        let outcomes: Vec<Fact> = intents.iter().map(outcome).collect();
        facts::insert(&mut *db, self.shards, &outcomes).await?;
        self.tell(db, intents, &format!("given up by hand: {detail}"), now).await
    }

    /// Tells of intents that a person decided about.
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

/// Takes the lock; for a moment also while another process still has it, which may just be ending.
async fn lock_soon(path: &Path) -> Result<File> {
    for _ in 0..LOCK_TRIES {
        match lock(path) {
            Err(StoreError::InUse { .. }) => tokio::time::sleep(LOCK_PAUSE).await,
            done => return done,
        }
    }
    lock(path)
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
        let mut part = self.write().await?;
        let tx = part.db()?;
        let named = keys_of(arrivals.facts());
        if !named.is_empty() {
            arrivals.leave_out(&facts::known(&mut *tx, &arrivals.ids()).await?);
        }
        let mut directory = identities::directory(&mut *tx, &named).await?;
        let filed = arrivals.file(&mut directory)?;
        let fresh = facts::insert(&mut *tx, self.shards, &filed).await?;
        identities::add(&mut *tx, &directory).await?;
        part.commit().await?;
        Ok(arrivals.receipts(&filed, &fresh))
    }

    async fn order(&self, run: &str, order: Order, at: Timestamp) -> Result<()> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let found = runs::all_of_one(&mut *tx, run).await?.into_iter().next();
        let fact = intake::order(found, run, order, at)?;
        facts::insert(&mut *tx, self.shards, &[fact]).await?;
        part.commit().await
    }

    async fn lease(&self, node: &str, ttl: Duration) -> Result<Vec<Lease>> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let leases = leases::lease(&mut *tx, node, ttl).await?;
        part.commit().await?;
        Ok(leases)
    }

    async fn leave(&self, node: &str) -> Result<()> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        leases::leave(&mut *tx, node).await?;
        part.commit().await
    }

    async fn pending(&self, node: &str, now: Timestamp) -> Result<Vec<Shard>> {
        leases::pending(&mut *self.reader().await?, node, now).await
    }

    async fn has_unread(&self) -> Result<bool> {
        facts::any_unread(&mut *self.reader().await?).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let mut db = self.reader().await?;
        let moments = [
            runs::next_wake(&mut db).await?,
            entities::next_wake(&mut db).await?,
            intents::next_due(&mut db).await?,
        ];
        moments.into_iter().flatten().min().map(|micros| moment("runs", micros)).transpose()
    }

    async fn read_all(&self, leases: &[Lease], limit: u32, now: Timestamp) -> Result<Vec<Batch>> {
        let mut db = self.reader().await?;
        let mut read = Vec::with_capacity(leases.len());
        for lease in leases {
            let facts = facts::after(&mut db, lease, limit).await?;
            let timers = runs::due(&mut db, lease.shard, now, limit).await?;
            let alarms = entities::waking(&mut db, lease.shard, now, limit).await?;
            read.push((facts, intake::merge(timers, alarms, limit)));
        }
        let facts = read.iter().flat_map(|(facts, _)| facts);
        let subjects = intake::subjects(facts, read.iter().flat_map(|(_, timers)| timers));
        let own: Vec<Shard> = leases.iter().map(|lease| lease.shard).collect();
        let known = self.snapshot(&mut db, &subjects, &own).await?;
        let snapshots = intake::apart(known, leases, self.shards);
        let batches = leases.iter().zip(read).zip(snapshots);
        Ok(batches.map(|((lease, (facts, due)), known)| intake::batch(lease, facts, due, known)).collect())
    }

    async fn load(&self, needs: &Needs, own: Option<Shard>) -> Result<Snapshot> {
        let mut db = self.reader().await?;
        let mut snapshot = self.snapshot(&mut db, &needs.entities, own.as_slice()).await?;
        self.look_back(&mut db, needs, &mut snapshot).await?;
        Ok(snapshot)
    }

    async fn filling(&self, node: &str) -> Result<Vec<Shard>> {
        fills::open(&mut *self.reader().await?, node).await
    }

    async fn fill(&self, lease: &Lease, limit: u32) -> Result<Option<FillPart>> {
        let mut db = self.reader().await?;
        let Some(place) = fills::place(&mut db, lease.shard).await? else { return Ok(None) };
        let entities = fills::next(&mut db, lease.shard, &place, limit).await?;
        let ids = entities.iter().cloned().collect();
        let snapshot = self.snapshot(&mut db, &ids, &[lease.shard]).await?;
        Ok(Some(FillPart { deployment: place.deployment, edges: place.edges, entities, snapshot }))
    }

    async fn fills(&self) -> Result<Vec<FillProgress>> {
        fills::progress(&mut *self.reader().await?).await
    }

    async fn commit_all(&self, batches: Vec<(Lease, Commit)>) -> Result<()> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        for (lease, commit) in &batches {
            leases::advance(tx, lease, commit.cursor).await?;
            if let Some(filled) = &commit.filled {
                fills::advance(tx, lease.shard, filled).await?;
            }
        }
        let commits: Vec<&Commit> = batches.iter().map(|(_, commit)| commit).collect();
        let runs: Vec<_> = commits.iter().flat_map(|commit| commit.runs.values()).collect();
        runs::write(tx, self.shards, &runs).await?;
        runs::count(tx, self.shards, &runs).await?;
        let enrolments: Vec<_> = commits.iter().flat_map(|commit| commit.enrolments.values()).collect();
        enrolments::write(tx, self.shards, enrolments).await?;
        let patches: Vec<_> = commits.iter().flat_map(|commit| &commit.entities).collect();
        entities::patch(tx, self.shards, &patches).await?;
        let gone = patches.iter().filter(|(_, patch)| matches!(patch, EntityPatch::Delete));
        let gone: Vec<EntityId> = gone.map(|(id, _)| (*id).clone()).collect();
        relations::forget(tx, self.shards, &gone).await?;
        let relations: Vec<_> = commits.iter().flat_map(|commit| &commit.relations).collect();
        relations::write(tx, self.shards, relations).await?;
        self.commit_rest(tx, &batches).await?;
        part.commit().await
    }

    async fn exchange(
        &self,
        settles: &[Settle],
        now: Timestamp,
        claim: Option<(&Claiming, &dyn Vetting)>,
    ) -> Result<Exchanged> {
        let is_due = match claim {
            Some((claiming, _)) => !self.due(claiming.now).await?.is_empty(),
            None => false,
        };
        let claim = claim.filter(|_| is_due);
        if settles.is_empty() && claim.is_none() {
            return Ok(Exchanged::default());
        }
        let mut part = self.write().await?;
        let tx = part.db()?;
        let settled = self.settle_in(tx, settles, now).await?;
        let decided = match claim {
            Some((claiming, vetting)) => {
                let actions = intents::due(tx, claiming.now).await?;
                let due = intents::claim(tx, claiming, &actions).await?;
                self.hear(tx, claiming, vetting, due).await?
            }
            None => Decided::default(),
        };
        part.commit().await?;
        Ok(Exchanged { settled, claimed: decided.claimed() })
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Arc<str>>> {
        intents::due(&mut *self.reader().await?, now).await
    }

    async fn expired(&self, node: &str, lease: Duration, limit: u32) -> Result<Vec<Claim>> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let claims = intents::expired(&mut *tx, node, lease, limit).await?;
        part.commit().await?;
        Ok(claims)
    }

    async fn effects(&self, filter: &EffectFilter) -> Result<Vec<Effect>> {
        intents::list(&mut *self.reader().await?, filter).await
    }

    async fn retry_parked(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let parked = intents::parked(&mut *tx, filter).await?;
        intents::make_ready(&mut *tx, &parked, Some(now)).await?;
        self.tell(&mut *tx, &parked, "tried again by hand", now).await?;
        part.commit().await?;
        Ok(keys(&parked))
    }

    async fn drop_parked(&self, filter: &EffectFilter, detail: &str, now: Timestamp) -> Result<Vec<String>> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let parked = intents::parked(&mut *tx, filter).await?;
        self.give_up(&mut *tx, &parked, detail, now).await?;
        part.commit().await?;
        Ok(keys(&parked))
    }

    async fn approve_drafts(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let drafts = intents::drafts(&mut *tx, filter).await?;
        intents::make_ready(&mut *tx, &drafts, None).await?;
        self.tell(&mut *tx, &drafts, "approved", now).await?;
        part.commit().await?;
        Ok(keys(&drafts))
    }

    async fn discard_drafts(
        &self,
        filter: &EffectFilter,
        detail: &str,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let drafts = intents::drafts(&mut *tx, filter).await?;
        self.give_up(&mut *tx, &drafts, detail, now).await?;
        part.commit().await?;
        Ok(keys(&drafts))
    }

    async fn edit_draft(&self, key: &str, arguments: &[Json]) -> Result<()> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let filter = EffectFilter { keys: vec![key.into()], ..EffectFilter::default() };
        let drafts = intents::drafts(&mut *tx, &filter).await?;
        if drafts.is_empty() {
            return Err(StoreError::NoDraft { key: key.to_owned() });
        }
        intents::edit(&mut *tx, &drafts, arguments).await?;
        part.commit().await
    }

    async fn put_program(&self, hash: Hash, bytes: &[u8]) -> Result<()> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        programs::put(&mut *tx, hash, bytes).await?;
        part.commit().await
    }

    async fn program(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        programs::get(&mut *self.reader().await?, hash).await
    }

    async fn deploy(&self, hash: Hash, by: &str, at: Timestamp, fill: Option<Edges>) -> Result<Deployment> {
        let mut part = self.write().await?;
        let tx = part.db()?;
        let deployment = programs::deploy(&mut *tx, hash, by, at, fill).await?;
        if let Some(edges) = fill {
            fills::begin(&mut *tx, deployment.number, edges).await?;
        }
        part.commit().await?;
        Ok(deployment)
    }

    async fn live(&self) -> Result<Option<Deployment>> {
        Ok(programs::last(&mut *self.reader().await?, 1).await?.pop())
    }

    async fn deployments(&self, limit: u32) -> Result<Vec<Deployment>> {
        programs::last(&mut *self.reader().await?, limit).await
    }

    async fn switch(&self, workflow: &str, to: Option<Switch>, by: &str, at: Timestamp) -> Result<()> {
        let mut part = self.write().await?;
        switches::turn(part.db()?, workflow, to, by, at).await?;
        part.commit().await
    }

    async fn switches(&self) -> Result<BTreeMap<Arc<str>, Switched>> {
        switches::all(&mut *self.reader().await?).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<RunPage> {
        runs::list(&mut *self.reader().await?, self.shards, filter).await
    }

    async fn run(&self, id: &str) -> Result<Option<RunView>> {
        let mut db = self.reader().await?;
        let rows = runs::all_of_one(&mut db, id).await?;
        let subjects = addresses(rows.iter().map(|run| &run.subject), self.shards)?;
        let timeline = timeline::of_run(&mut db, &subjects, id).await?;
        let effects = intents::of_run(&mut db, id).await?;
        let run = rows.into_iter().next();
        Ok(run.map(|run| RunView { run, timeline, effects }))
    }

    async fn pinned(&self) -> Result<BTreeSet<Hash>> {
        runs::pinned(&mut *self.reader().await?).await
    }

    async fn timeline_after(
        &self,
        after: Position,
        filter: &TimelineFilter,
        limit: u32,
    ) -> Result<Vec<Line>> {
        timeline::after(&mut *self.reader().await?, after, filter, limit).await
    }

    async fn timeline_last(&self, filter: &TimelineFilter, limit: u32) -> Result<Vec<Line>> {
        timeline::last(&mut *self.reader().await?, filter, limit).await
    }

    async fn find(&self, kind: &str, word: &str) -> Result<Option<Found>> {
        let mut db = self.reader().await?;
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

    async fn tallies(&self, workflow: Option<&str>) -> Result<Vec<Counter>> {
        tallies::sums(&mut *self.reader().await?, workflow).await
    }

    async fn seen(&self, since: Timestamp) -> Result<Seen> {
        seen::seen(&mut *self.reader().await?, since).await
    }

    async fn counts(&self) -> Result<Counts> {
        counts::counts(&mut *self.reader().await?).await
    }
}
