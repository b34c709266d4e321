//! The store in PostgreSQL 15 or newer: the production store, for any number of nodes.
//!
//! Rows go in as arrays, one statement a table. Nothing is read that an open
//! transaction may still come before. No connection holds a transaction open for
//! long: the server ends it, so that a node that stands still holds nobody up.

mod counts;
mod enrolments;
mod entities;
mod facts;
mod fills;
mod identities;
mod intents;
mod leases;
mod moment;
mod programs;
mod relations;
mod restored;
mod runs;
mod seen;
mod settings;
mod statistics;
mod switches;
mod tallies;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::Needs;
use onward_engine::model::{Edges, Entry, Fact, Order, Outcome, Snapshot, What};
use serde_json::Value as Json;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, Postgres, Transaction};

use self::moment::Moment;
use super::identity::{Directory, Key, keys_of};
use super::intake::{self, Arrivals};
use super::migrations::{Step, migrator};
use super::rows::{intent_entry, outcome_fact, unreadable};
use super::vetting::{Decided, Hearing};
use super::{
    Batch, Claim, Claimed, Claiming, Commit, Counter, Counts, Deployment, Effect, EffectFilter, EntityPatch,
    Exchanged, FillPart, FillProgress, Found, Lease, Line, NewFact, Options, Position, Receipt, Result,
    RunFilter, RunPage, RunView, Seen, Settle, Settled, Shard, Store, StoreError, Switch, Switched,
    TimelineFilter, Vetting, overlay, shard_of,
};

const MIGRATIONS: &[Step] = &[
    (1, "tables", include_str!("migrations/0001_tables.sql")),
    (2, "watching", include_str!("migrations/0002_watching.sql")),
    (3, "switches", include_str!("migrations/0003_switches.sql")),
    (4, "unfinished", include_str!("migrations/0004_unfinished.sql")),
];
const SHARDS: u16 = 256;

/// What every connection is set to, whatever the server's defaults are.
const SESSION: [(&str, &str); 8] = [
    ("synchronous_commit", "on"),
    ("statement_timeout", "30s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "5s"),
    // Statements are planned while tables are small, and the plans are kept while they
    // grow: only looking rows up by index stays right. Every query here is made for it.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// The transaction below which nothing is open any more.
macro_rules! below_open {
    () => {
        "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    };
}
use below_open;

/// The store in one database.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    shards: u16,
}

impl PostgresStore {
    /// Opens the database at `url` and brings its tables up to date. Any number of
    /// nodes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Address`]; [`StoreError::Shards`] if it was made with another
    /// number of shards; [`StoreError::Database`] if it cannot be reached.
    pub async fn open(url: &str, options: &Options) -> Result<Self> {
        let address = |source| StoreError::Address { url: without_password(url), source };
        let connect = PgConnectOptions::from_str(url).map_err(address)?.application_name("onward");
        let mut db = connect.connect().await?;
        migrator(MIGRATIONS).run_direct(None, &mut db, false).await?;
        let mut tx = db.begin().await?;
        let shards = settings::shards(&mut tx, options.shards, SHARDS).await?;
        restored::put_right(&mut tx).await?;
        tx.commit().await?;
        db.close().await?;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(2))
            .acquire_timeout(Duration::from_secs(10))
            .connect_lazy_with(connect.options(SESSION));
        Ok(Self { pool, shards })
    }

    async fn db(&self) -> Result<PoolConnection<Postgres>> {
        Ok(self.pool.acquire().await?)
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>> {
        Ok(self.pool.begin().await?)
    }

    /// Files facts whose keys are known, in one statement; `None` if there is something
    /// to be added to the directory first.
    async fn accept_known(&self, arrivals: &Arrivals, named: &BTreeSet<Key>) -> Result<Option<Vec<Receipt>>> {
        let mut db = self.db().await?;
        let mut directory = identities::directory(&mut db, self.shards, named).await?;
        let filed = arrivals.file(&mut directory)?;
        if !directory.is_unchanged() {
            return Ok(None);
        }
        let fresh = facts::insert(&mut *db, self.shards, &filed).await?;
        Ok(Some(arrivals.receipts(&filed, &fresh.into_keys().collect())))
    }

    /// Files facts and what they add to the directory, the keys locked.
    async fn accept_new(&self, arrivals: &mut Arrivals, named: &BTreeSet<Key>) -> Result<Vec<Receipt>> {
        let mut tx = self.begin().await?;
        identities::lock(&mut tx, named).await?;
        arrivals.leave_out(&facts::known(&mut tx, self.shards, &arrivals.ids()).await?);
        let (mut directory, mut filed) = self.look_up(&mut tx, arrivals, named).await?;
        if !directory.merged().is_empty() {
            identities::lock_merges(&mut tx).await?;
            (directory, filed) = self.look_up(&mut tx, arrivals, named).await?;
        }
        let fresh = facts::insert(&mut *tx, self.shards, &filed).await?;
        identities::add(&mut tx, self.shards, &directory, &fresh).await?;
        tx.commit().await?;
        Ok(arrivals.receipts(&filed, &fresh.into_keys().collect()))
    }

    async fn look_up(
        &self,
        db: &mut PgConnection,
        arrivals: &Arrivals,
        named: &BTreeSet<Key>,
    ) -> Result<(Directory, Vec<Fact>)> {
        let mut directory = identities::directory(db, self.shards, named).await?;
        let filed = arrivals.file(&mut directory)?;
        Ok((directory, filed))
    }

    /// These entities; those of other shards than `own` as their senders know them.
    async fn known(
        &self,
        db: &mut PgConnection,
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
        db: &mut PgConnection,
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
        db: &mut PgConnection,
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
    async fn look_back(&self, db: &mut PgConnection, needs: &Needs, snapshot: &mut Snapshot) -> Result<()> {
        if !needs.questions.is_empty() {
            snapshot.history = facts::history(db, self.shards, &needs.questions).await?;
        }
        if !needs.references.is_empty() {
            snapshot.referrers = relations::referrers(db, &needs.references).await?;
        }
        Ok(())
    }

    /// Has what was claimed in this transaction vetted, and takes back what is not to be sent.
    async fn hear(
        &self,
        tx: &mut PgConnection,
        claiming: &Claiming,
        vetting: &dyn Vetting,
        due: Vec<Claim>,
    ) -> Result<Decided> {
        let mut hearing = Hearing::open(vetting, claiming.now, due);
        // Only where something is capped does it matter what others claim meanwhile.
        let to = hearing.addressees();
        if let Some(since) = claiming.since.filter(|_| !to.is_empty()) {
            let ours = intents::lock(tx, &to).await?;
            hearing.keep_addressees(&ours);
            // A statement of its own, after the lock: it sees what the last holder has committed.
            let sent = intents::sent(tx, &ours, since, hearing.keys()).await?;
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
        facts::insert(&mut *tx, self.shards, &decided.facts()).await?;
        timeline::insert(tx, self.shards, &decided.entries()).await?;
        Ok(decided)
    }

    /// What batches count, intend, hand over and tell.
    async fn commit_rest(&self, tx: &mut PgConnection, batches: &[(Lease, Commit)]) -> Result<()> {
        let (mut counts, mut cancelled) = (Vec::new(), Vec::new());
        let (mut intended, mut facts, mut told) = (Vec::new(), Vec::new(), Vec::new());
        let mut now = Timestamp::MIN;
        for (lease, commit) in batches {
            counts.extend(commit.tallies.iter().map(|(tally, count)| (lease.shard, tally, *count)));
            cancelled.extend(commit.cancelled.iter().map(|key| (lease.shard, key)));
            intended.extend(&commit.intents);
            facts.extend(&commit.facts);
            told.extend(&commit.timeline);
            now = now.max(commit.now);
        }
        tallies::add(tx, &counts).await?;
        intents::insert(tx, self.shards, &intended).await?;
        intents::cancel(tx, &cancelled, now).await?;
        facts::insert(&mut *tx, self.shards, facts).await?;
        timeline::insert(tx, self.shards, told).await
    }

    /// Gives intents up; their runs go on.
    async fn give_up(
        &self,
        db: &mut PgConnection,
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
        db: &mut PgConnection,
        parked: &[Claim],
        detail: &str,
        now: Timestamp,
    ) -> Result<()> {
        let entry = |claim: &Claim| intent_entry(&claim.intent, What::Ordered, detail, now);
        let entries: Vec<Entry> = parked.iter().map(entry).collect();
        timeline::insert(db, self.shards, &entries).await
    }
}

/// Where entities live, as arrays.
#[derive(Debug, Default)]
struct Addresses<'a> {
    shard: Vec<i32>,
    kind: Vec<&'a str>,
    id: Vec<&'a str>,
}

impl<'a> Addresses<'a> {
    fn of(ids: impl IntoIterator<Item = &'a EntityId>, shards: u16) -> Self {
        let mut addresses = Self::default();
        for id in ids {
            addresses.push(id, shard_of(id, shards));
        }
        addresses
    }

    fn push(&mut self, id: &'a EntityId, shard: Shard) {
        self.shard.push(i32::from(shard));
        self.kind.push(&id.kind);
        self.id.push(&id.id);
    }
}

fn time(table: &'static str, moment: Moment) -> Result<Timestamp> {
    super::rows::moment(table, moment.0)
}

fn maybe_time(table: &'static str, moment: Option<Moment>) -> Result<Option<Timestamp>> {
    moment.map(|moment| time(table, moment)).transpose()
}

fn read_shard(table: &'static str, shard: i32) -> Result<Shard> {
    Shard::try_from(shard).map_err(|error| unreadable(table, error))
}

fn read_hash(table: &'static str, bytes: &[u8]) -> Result<Hash> {
    bytes.try_into().map(Hash).map_err(|error| unreadable(table, error))
}

fn seconds(length: Duration) -> f64 {
    length.as_secs_f64()
}

/// An address that may be shown.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
    }
}

/// Whether a transaction was given up for another's sake and may be repeated.
fn is_deadlock(error: &StoreError) -> bool {
    let StoreError::Database(sqlx::Error::Database(error)) = error else { return false };
    matches!(error.code().as_deref(), Some("40P01" | "40001"))
}

/// What became of each, if these are the keys of those that were claimed still.
fn settled(settles: &[Settle], done: &BTreeSet<String>) -> Vec<Settled> {
    let settled = |settle: &Settle| match done.contains(&*settle.claim.intent.key) {
        true => Settled::Done,
        false => Settled::Stale,
    };
    settles.iter().map(settled).collect()
}

/// The numbers of the leases' shards.
fn numbers<'a>(leases: impl IntoIterator<Item = &'a Lease>) -> Vec<i32> {
    leases.into_iter().map(|lease| i32::from(lease.shard)).collect()
}

fn keys(claims: &[Claim]) -> Vec<String> {
    claims.iter().map(|claim| claim.intent.key.to_string()).collect()
}

#[async_trait]
impl Store for PostgresStore {
    fn shards(&self) -> u16 {
        self.shards
    }

    async fn accept(&self, new: Vec<NewFact>) -> Result<Vec<Receipt>> {
        let mut arrivals = Arrivals::new(new)?;
        let named = keys_of(arrivals.facts());
        if let Some(receipts) = self.accept_known(&arrivals, &named).await? {
            return Ok(receipts);
        }
        loop {
            match self.accept_new(&mut arrivals, &named).await {
                Err(error) if is_deadlock(&error) => {}
                done => return done,
            }
        }
    }

    async fn order(&self, run: &str, order: Order, at: Timestamp) -> Result<()> {
        let mut db = self.db().await?;
        let found = runs::all_of_one(&mut db, run).await?.into_iter().next();
        let fact = intake::order(found, run, order, at)?;
        facts::insert(&mut *db, self.shards, &[fact]).await?;
        Ok(())
    }

    async fn lease(&self, node: &str, ttl: Duration) -> Result<Vec<Lease>> {
        let mut tx = self.begin().await?;
        let leases = leases::lease(&mut tx, node, ttl).await?;
        tx.commit().await?;
        statistics::refresh(&mut *self.db().await?).await?;
        Ok(leases)
    }

    async fn leave(&self, node: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        leases::leave(&mut tx, node).await?;
        Ok(tx.commit().await?)
    }

    async fn pending(&self, node: &str, now: Timestamp) -> Result<Vec<Shard>> {
        leases::pending(&mut *self.db().await?, node, now).await
    }

    async fn has_unread(&self) -> Result<bool> {
        facts::any_unread(&mut *self.db().await?).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let mut db = self.db().await?;
        let moments = [
            runs::next_wake(&mut db).await?,
            entities::next_wake(&mut db).await?,
            intents::next_due(&mut db).await?,
        ];
        Ok(moments.into_iter().flatten().min())
    }

    async fn read_all(&self, leases: &[Lease], limit: u32, now: Timestamp) -> Result<Vec<Batch>> {
        let mut db = self.db().await?;
        let mut facts = facts::after(&mut db, leases, limit).await?;
        let mut timers = runs::due(&mut db, leases, now, limit).await?;
        for (shard, alarms) in entities::waking(&mut db, leases, now, limit).await? {
            let timers = timers.entry(shard).or_default();
            *timers = intake::merge(std::mem::take(timers), alarms, limit);
        }
        let subjects = intake::subjects(facts.values().flatten(), timers.values().flatten());
        let own: Vec<Shard> = leases.iter().map(|lease| lease.shard).collect();
        let known = self.snapshot(&mut db, &subjects, &own).await?;
        let batch = |(lease, snapshot): (&Lease, Snapshot)| {
            let facts = facts.remove(&lease.shard).unwrap_or_default();
            let timers = timers.remove(&lease.shard).unwrap_or_default();
            intake::batch(lease, facts, timers, snapshot)
        };
        Ok(leases.iter().zip(intake::apart(known, leases, self.shards)).map(batch).collect())
    }

    async fn load(&self, needs: &Needs, own: Option<Shard>) -> Result<Snapshot> {
        let mut db = self.db().await?;
        let mut snapshot = self.snapshot(&mut db, &needs.entities, own.as_slice()).await?;
        self.look_back(&mut db, needs, &mut snapshot).await?;
        Ok(snapshot)
    }

    async fn filling(&self, node: &str) -> Result<Vec<Shard>> {
        fills::open(&mut *self.db().await?, node).await
    }

    async fn fill(&self, lease: &Lease, limit: u32) -> Result<Option<FillPart>> {
        let mut db = self.db().await?;
        let Some(place) = fills::place(&mut db, lease.shard).await? else { return Ok(None) };
        let entities = fills::next(&mut db, lease.shard, &place, limit).await?;
        let ids = entities.iter().cloned().collect();
        let snapshot = self.snapshot(&mut db, &ids, &[lease.shard]).await?;
        Ok(Some(FillPart { deployment: place.deployment, edges: place.edges, entities, snapshot }))
    }

    async fn fills(&self) -> Result<Vec<FillProgress>> {
        fills::progress(&mut *self.db().await?).await
    }

    async fn commit_all(&self, batches: Vec<(Lease, Commit)>) -> Result<()> {
        let mut tx = self.begin().await?;
        leases::advance(&mut tx, &batches).await?;
        for (lease, commit) in &batches {
            if let Some(filled) = &commit.filled {
                fills::advance(&mut tx, lease.shard, filled).await?;
            }
        }
        let commits: Vec<&Commit> = batches.iter().map(|(_, commit)| commit).collect();
        let runs: Vec<_> = commits.iter().flat_map(|commit| commit.runs.values()).collect();
        runs::write(&mut tx, self.shards, &runs).await?;
        runs::count(&mut tx, self.shards, &runs).await?;
        let enrolments: Vec<_> = commits.iter().flat_map(|commit| commit.enrolments.values()).collect();
        enrolments::write(&mut tx, self.shards, enrolments).await?;
        let patches: Vec<_> = commits.iter().flat_map(|commit| &commit.entities).collect();
        entities::patch(&mut tx, self.shards, &patches).await?;
        let gone = patches.iter().filter(|(_, patch)| matches!(patch, EntityPatch::Delete));
        let gone: Vec<&EntityId> = gone.map(|(id, _)| *id).collect();
        relations::forget(&mut tx, self.shards, &gone).await?;
        let relations: Vec<_> = commits.iter().flat_map(|commit| &commit.relations).collect();
        relations::write(&mut tx, self.shards, relations).await?;
        self.commit_rest(&mut tx, &batches).await?;
        Ok(tx.commit().await?)
    }

    async fn exchange(
        &self,
        settles: &[Settle],
        now: Timestamp,
        claim: Option<(&Claiming, &dyn Vetting)>,
    ) -> Result<Exchanged> {
        let Some((claiming, vetting)) = claim else {
            // One statement is a transaction.
            let done = intents::settle(&self.pool, settles, now).await?;
            return Ok(Exchanged { settled: settled(settles, &done), claimed: Claimed::default() });
        };
        let mut tx = self.begin().await?;
        let done = match settles {
            [] => BTreeSet::new(),
            settles => intents::settle(&mut *tx, settles, now).await?,
        };
        let due = intents::claim(&mut tx, claiming).await?;
        let decided = match due.is_empty() {
            true => Decided::default(),
            false => self.hear(&mut tx, claiming, vetting, due).await?,
        };
        tx.commit().await?;
        Ok(Exchanged { settled: settled(settles, &done), claimed: decided.claimed() })
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Arc<str>>> {
        intents::due(&mut *self.db().await?, now).await
    }

    async fn expired(&self, node: &str, lease: Duration, limit: u32) -> Result<Vec<Claim>> {
        intents::expired(&self.pool, node, lease, limit).await
    }

    async fn effects(&self, filter: &EffectFilter) -> Result<Vec<Effect>> {
        intents::list(&mut *self.db().await?, filter).await
    }

    async fn retry_parked(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>> {
        let mut tx = self.begin().await?;
        let parked = intents::parked(&mut tx, filter).await?;
        intents::make_ready(&mut tx, &parked, Some(now)).await?;
        self.tell(&mut tx, &parked, "tried again by hand", now).await?;
        tx.commit().await?;
        Ok(keys(&parked))
    }

    async fn drop_parked(&self, filter: &EffectFilter, detail: &str, now: Timestamp) -> Result<Vec<String>> {
        let mut tx = self.begin().await?;
        let parked = intents::parked(&mut tx, filter).await?;
        self.give_up(&mut tx, &parked, detail, now).await?;
        tx.commit().await?;
        Ok(keys(&parked))
    }

    async fn approve_drafts(&self, filter: &EffectFilter, now: Timestamp) -> Result<Vec<String>> {
        let mut tx = self.begin().await?;
        let drafts = intents::drafts(&mut tx, filter).await?;
        intents::make_ready(&mut tx, &drafts, None).await?;
        self.tell(&mut tx, &drafts, "approved", now).await?;
        tx.commit().await?;
        Ok(keys(&drafts))
    }

    async fn discard_drafts(
        &self,
        filter: &EffectFilter,
        detail: &str,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let mut tx = self.begin().await?;
        let drafts = intents::drafts(&mut tx, filter).await?;
        self.give_up(&mut tx, &drafts, detail, now).await?;
        tx.commit().await?;
        Ok(keys(&drafts))
    }

    async fn edit_draft(&self, key: &str, arguments: &[Json]) -> Result<()> {
        let mut tx = self.begin().await?;
        let filter = EffectFilter { keys: vec![key.into()], ..EffectFilter::default() };
        let drafts = intents::drafts(&mut tx, &filter).await?;
        if drafts.is_empty() {
            return Err(StoreError::NoDraft { key: key.to_owned() });
        }
        intents::edit(&mut tx, &drafts, arguments).await?;
        Ok(tx.commit().await?)
    }

    async fn put_program(&self, hash: Hash, bytes: &[u8]) -> Result<()> {
        programs::put(&mut *self.db().await?, hash, bytes).await
    }

    async fn program(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        programs::get(&mut *self.db().await?, hash).await
    }

    async fn deploy(&self, hash: Hash, by: &str, at: Timestamp, fill: Option<Edges>) -> Result<Deployment> {
        let mut tx = self.begin().await?;
        let deployment = programs::deploy(&mut tx, hash, by, at, fill).await?;
        if let Some(edges) = fill {
            fills::begin(&mut tx, deployment.number, edges).await?;
        }
        tx.commit().await?;
        Ok(deployment)
    }

    async fn live(&self) -> Result<Option<Deployment>> {
        Ok(programs::last(&mut *self.db().await?, 1).await?.pop())
    }

    async fn deployments(&self, limit: u32) -> Result<Vec<Deployment>> {
        programs::last(&mut *self.db().await?, limit).await
    }

    async fn switch(&self, workflow: &str, to: Option<Switch>, by: &str, at: Timestamp) -> Result<()> {
        switches::turn(&mut *self.db().await?, workflow, to, by, at).await
    }

    async fn switches(&self) -> Result<BTreeMap<Arc<str>, Switched>> {
        switches::all(&mut *self.db().await?).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<RunPage> {
        runs::list(&mut *self.db().await?, self.shards, filter).await
    }

    async fn run(&self, id: &str) -> Result<Option<RunView>> {
        let mut db = self.db().await?;
        let rows = runs::all_of_one(&mut db, id).await?;
        let subjects: Vec<&EntityId> = rows.iter().map(|run| &run.subject).collect();
        let timeline = timeline::of_run(&mut db, self.shards, &subjects, id).await?;
        let effects = intents::of_run(&mut db, id).await?;
        let run = rows.into_iter().next();
        Ok(run.map(|run| RunView { run, timeline, effects }))
    }

    async fn pinned(&self) -> Result<BTreeSet<Hash>> {
        runs::pinned(&mut *self.db().await?).await
    }

    async fn timeline_after(
        &self,
        after: Position,
        filter: &TimelineFilter,
        limit: u32,
    ) -> Result<Vec<Line>> {
        timeline::after(&mut *self.db().await?, after, filter, limit).await
    }

    async fn timeline_last(&self, filter: &TimelineFilter, limit: u32) -> Result<Vec<Line>> {
        timeline::last(&mut *self.db().await?, filter, limit).await
    }

    async fn find(&self, kind: &str, word: &str) -> Result<Option<Found>> {
        let mut db = self.db().await?;
        let own = EntityId::new(kind, &*super::rows::clean(word));
        let moved = identities::target(&mut db, self.shards, &own).await?;
        let id = match (moved, identities::named(&mut db, self.shards, kind, word).await?) {
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => own,
        };
        let entity = entities::load(&mut db, self.shards, &BTreeSet::from([id.clone()])).await?.remove(&id);
        let keys = identities::of_entity(&mut db, &id).await?;
        Ok((entity.is_some() || !keys.is_empty()).then_some(Found { id, entity, keys }))
    }

    async fn tallies(&self, workflow: Option<&str>) -> Result<Vec<Counter>> {
        tallies::sums(&mut *self.db().await?, workflow).await
    }

    async fn seen(&self, since: Timestamp) -> Result<Seen> {
        seen::seen(&mut *self.db().await?, self.shards, since).await
    }

    async fn counts(&self) -> Result<Counts> {
        counts::counts(&mut *self.db().await?).await
    }
}
