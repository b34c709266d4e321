//! Workers: lease shards, read what is new or due in each, let the engine work it out,
//! and commit it.
//!
//! Everything that matters is in the store: a worker may end at any moment, and what it
//! had not committed is done again. It must not know providers or HTTP.

mod batch;
mod filling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::batch::BatchError;
pub(crate) use self::filling::Pace as FillPace;
use crate::clock::Clock;
use crate::programs::{Library, LibraryError};
use crate::signals::{Signals, Stage};
use crate::store::{Batch, Lease, Shard, Store, StoreError};

/// How often a node looks for facts that came in elsewhere.
const POLL: Duration = Duration::from_millis(75);
/// The shortest nap, so that a due moment that cannot be worked on yet is not hammered.
const NAP: Duration = Duration::from_millis(5);
/// So many facts, and so many timers, of one shard make a batch at most.
const BATCH: u32 = 512;
/// So many of a shard are read at least, however many shards are worked on together.
const SMALLEST: u32 = 32;
/// About so many facts, and so many timers, of all shards that are worked on together.
const TOGETHER: u32 = 2048;
/// So many shards are worked on together, and committed in one transaction.
const GROUP: usize = 64;
/// So many batches of one shard before others have their turn.
const ROUNDS: u32 = 4;
/// So long a turn that was begun is waited for before another is: what comes in meanwhile is worked
/// on together, and one that takes its time holds nobody up.
const STAGGER: Duration = Duration::from_millis(10);
/// How long a shard rests after its first failure; twice as long after each further one.
const REST: Duration = Duration::from_millis(100);
/// How long it rests at most.
const LONGEST_REST: Duration = Duration::from_secs(10);

/// The workers of one node.
pub(crate) struct Worker {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) library: Arc<Library>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) node: Arc<str>,
    /// How long a lease holds.
    pub(crate) ttl: Duration,
    /// How fast entities are filled in.
    fills: FillPace,
    shards: Mutex<Shards>,
    slots: Arc<Semaphore>,
}

/// How much a node works on at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Shards at once.
    pub(crate) slots: usize,
    /// Entities a second that are filled in after a deployment.
    pub(crate) fills: u32,
}

#[derive(Debug, Default)]
struct Shards {
    leases: BTreeMap<Shard, Lease>,
    busy: BTreeSet<Shard>,
    resting: BTreeMap<Shard, Rest>,
    /// Whether leases were ever asked for with success.
    joined: bool,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    failures: u32,
    until: Instant,
}

/// How a turn at some shards ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Something was done.
    Done,
    /// There was nothing that could be read.
    Empty,
}

/// Why a turn at a shard broke off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Library(#[from] LibraryError),
}

impl Worker {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        library: Arc<Library>,
        signals: Arc<Signals>,
        node: Arc<str>,
        ttl: Duration,
        load: Load,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(load.slots.max(1)));
        let fills = FillPace::new(load.fills);
        Self { store, clock, library, signals, node, ttl, fills, shards: Mutex::default(), slots }
    }

    fn shards(&self) -> MutexGuard<'_, Shards> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps this node's leases until the server stops.
    pub(crate) async fn keep_leases(self: Arc<Self>) {
        while self.signals.is_running() {
            let pause = match self.renew().await {
                Ok(()) => self.ttl / 3,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "leases cannot be renewed");
                    self.ttl / 10
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.signals.reached(Stage::Stopping) => {}
            }
        }
    }

    /// Renews this node's leases, and takes its share.
    pub(crate) async fn renew(&self) -> Result<(), StoreError> {
        let leases = self.store.lease(&self.node, self.ttl).await?;
        let mut shards = self.shards();
        let mut held = std::mem::take(&mut shards.leases);
        let mut gained = !shards.joined;
        for lease in leases {
            // Of the same lease the one at hand is newer: its cursor follows each commit.
            let lease = match held.remove(&lease.shard) {
                Some(own) if own.epoch == lease.epoch => own,
                _ => {
                    gained = true;
                    lease
                }
            };
            shards.leases.insert(lease.shard, lease);
        }
        shards.joined = true;
        drop(shards);
        if gained {
            self.signals.work.notify_one();
        }
        Ok(())
    }

    /// Whether this node has asked for its share of the work.
    pub(crate) fn has_joined(&self) -> bool {
        self.shards().joined
    }

    /// Whether nothing in this node's shards is left to do now.
    pub(crate) async fn is_idle(&self) -> Result<bool, StoreError> {
        if !self.shards().busy.is_empty() {
            return Ok(false);
        }
        let waits = !self.store.pending(&self.node, self.clock.now()).await?.is_empty()
            || !self.store.filling(&self.node).await?.is_empty();
        // After the look: what was begun meanwhile is not among them, but under way.
        let shards = self.shards();
        Ok(!waits && shards.joined && shards.busy.is_empty())
    }

    /// Works until the server stops, then ends what it has begun.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut turns = JoinSet::new();
        while self.signals.is_running() {
            match self.store.pending(&self.node, self.clock.now()).await {
                Ok(pending) => {
                    if self.begin(pending, &mut turns).await == 0 {
                        self.wait().await;
                    } else {
                        let _ = tokio::time::timeout(STAGGER, turns.join_next()).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "work cannot be looked for");
                    tokio::time::sleep(REST).await;
                }
            }
            while turns.try_join_next().is_some() {}
        }
        tokio::select! {
            () = async { while turns.join_next().await.is_some() {} } => {}
            () = self.signals.reached(Stage::Stopped) => turns.shutdown().await,
        }
    }

    /// Begins turns at those of these shards that are free. Answers how many.
    async fn begin(self: &Arc<Self>, pending: Vec<Shard>, turns: &mut JoinSet<()>) -> usize {
        let mut begun = 0;
        for shards in pending.chunks(GROUP) {
            let Ok(slot) = self.slots.clone().acquire_owned().await else { return begun };
            if !self.signals.is_running() {
                return begun;
            }
            let leases: Vec<Lease> = shards.iter().filter_map(|shard| self.take(*shard)).collect();
            if leases.is_empty() {
                continue;
            }
            let this = self.clone();
            begun += 1;
            turns.spawn(async move {
                this.turn(leases).await;
                drop(slot);
            });
        }
        begun
    }

    fn take(&self, shard: Shard) -> Option<Lease> {
        let mut shards = self.shards();
        let lease = shards.leases.get(&shard)?.clone();
        let rests = shards.resting.get(&shard).is_some_and(|rest| Instant::now() < rest.until);
        (!rests && shards.busy.insert(shard)).then_some(lease)
    }

    /// Until there may be something to do.
    async fn wait(&self) {
        let due = self.store.next_due().await.ok().flatten();
        let nap = match due.and_then(|due| self.clock.real_until(due)) {
            // What is due and still there cannot be worked on yet.
            Some(Duration::ZERO) => POLL,
            Some(left) => left.clamp(NAP, POLL),
            None => POLL,
        };
        let set = async {
            match due {
                Some(due) if due > self.clock.now() => self.clock.sleep_until(due).await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.signals.work.notified() => {}
            () = tokio::time::sleep(nap) => {}
            () = set => self.signals.effects.notify_one(),
            () = self.signals.reached(Stage::Stopping) => {}
        }
    }

    /// Works on some shards together. If that breaks off, on each alone: one shard's trouble is its own.
    async fn turn(&self, leases: Vec<Lease>) {
        let mut done = false;
        match self.rounds(leases.clone()).await {
            Ok(turn) => {
                for lease in &leases {
                    done |= self.over(lease.shard, lease.epoch, Ok(turn)) == Some(Turn::Done);
                }
            }
            Err(error) => {
                if leases.len() > 1 {
                    tracing::debug!(
                        shards = leases.len(),
                        error = &error as &dyn std::error::Error,
                        "shards are worked on one by one"
                    );
                }
                let mut first = (leases.len() == 1).then_some(error);
                for lease in leases {
                    let (shard, epoch) = (lease.shard, lease.epoch);
                    let ended = match first.take() {
                        Some(error) => Err(error),
                        None => self.rounds(vec![self.newest(lease)]).await,
                    };
                    done |= self.over(shard, epoch, ended) == Some(Turn::Done);
                }
            }
        }
        // Otherwise facts are there that an open transaction keeps from being read, or something broke.
        if done {
            self.signals.work.notify_one();
        }
    }

    /// Frees a shard after work on it has ended. Answers what it came to, unless it broke off.
    fn over<T>(&self, shard: Shard, epoch: i64, ended: Result<T, Broken>) -> Option<T> {
        let mut shards = self.shards();
        shards.busy.remove(&shard);
        match ended {
            Ok(turn) => {
                shards.resting.remove(&shard);
                return Some(turn);
            }
            Err(Broken::Store(StoreError::LeaseLost { .. })) => {
                tracing::info!(shard, "another node has taken a shard over");
                // Unless it is ours again.
                if shards.leases.get(&shard).is_some_and(|own| own.epoch == epoch) {
                    shards.leases.remove(&shard);
                }
            }
            Err(Broken::Store(error @ StoreError::Conflict { .. })) => {
                tracing::debug!(shard, error = &error as &dyn std::error::Error, "a batch is read again");
                shards.rest(shard);
            }
            Err(error) => {
                tracing::error!(
                    shard,
                    error = &error as &dyn std::error::Error,
                    "a shard cannot be worked on; it is tried again soon"
                );
                shards.rest(shard);
            }
        }
        None
    }

    async fn rounds(&self, mut leases: Vec<Lease>) -> Result<Turn, Broken> {
        let limit = TOGETHER.checked_div(leases.len() as u32).unwrap_or(BATCH).clamp(SMALLEST, BATCH);
        for round in 0..ROUNDS {
            let now = self.clock.now();
            let batches = self.store.read_all(&leases, limit, now).await?;
            let mut work: Vec<(Lease, Batch)> = leases.into_iter().zip(batches).collect();
            work.retain(|(lease, batch)| {
                !batch.facts.is_empty() || !batch.timers.is_empty() || batch.cursor != lease.cursor
            });
            if work.is_empty() {
                return Ok(if round == 0 { Turn::Empty } else { Turn::Done });
            }
            // A fact that was accepted after a deployment must meet its rules, on every node: what is
            // live is looked up after the facts were read.
            self.library.refresh(&*self.store).await?;
            leases = self.work_out(work, limit as usize, now).await?;
            if leases.is_empty() {
                break;
            }
        }
        Ok(Turn::Done)
    }

    /// Works out what was read, and commits it. Answers those of whose shards there may be more.
    async fn work_out(
        &self,
        work: Vec<(Lease, Batch)>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Lease>, Broken> {
        let (mut commits, mut moved, mut full) = (Vec::new(), Vec::new(), Vec::new());
        let (mut intents, mut facts) = (false, false);
        for (lease, batch) in work {
            let more = batch.facts.len() >= limit || batch.timers.len() >= limit;
            let (store, library) = (&*self.store, &*self.library);
            let commit = batch::work_out(store, library, lease.shard, batch, limit, now).await?;
            intents |= !commit.intents.is_empty();
            facts |= !commit.facts.is_empty();
            let after = Lease { cursor: commit.cursor, ..lease.clone() };
            if more {
                full.push(after.clone());
            }
            moved.push(after);
            commits.push((lease, commit));
        }
        self.store.commit_all(commits).await?;
        self.moved(&moved);
        if intents {
            self.signals.intents();
        }
        if facts {
            self.signals.facts();
        }
        Ok(full)
    }

    /// The cursors of leases have moved, as far as they are still ours.
    fn moved(&self, leases: &[Lease]) {
        self.signals.happened();
        let mut shards = self.shards();
        for lease in leases {
            if let Some(own) = shards.leases.get_mut(&lease.shard)
                && own.epoch == lease.epoch
            {
                own.cursor = lease.cursor;
            }
        }
    }

    /// A lease as it is by now: its cursor may have moved.
    fn newest(&self, lease: Lease) -> Lease {
        let own = self.shards().leases.get(&lease.shard).cloned();
        own.filter(|own| own.epoch == lease.epoch).unwrap_or(lease)
    }
}

impl Shards {
    fn rest(&mut self, shard: Shard) {
        let failures = self.resting.get(&shard).map_or(0, |rest| rest.failures);
        let rest = REST.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_REST);
        let until = Instant::now() + rest;
        self.resting.insert(shard, Rest { failures: failures.saturating_add(1), until });
    }
}
