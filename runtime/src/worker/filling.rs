//! Fills in what a new program watches about entities that were there before it: a part of a shard at a
//! time, between batches of facts, not faster than it may.
//!
//! How far a shard has come is committed with each part: a server that is killed goes on where it was.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Broken, Worker, batch};
use crate::signals::Stage;
use crate::store::{Lease, Shard};

/// So many entities make a part.
const PART: u32 = 500;
/// How often it is looked for something to fill in.
const LOOK: Duration = Duration::from_millis(500);
/// How often it is looked whether another program is live.
const WATCH: Duration = Duration::from_millis(25);
/// How long it waits for a shard at which facts are being worked on.
const NAP: Duration = Duration::from_millis(5);

/// How fast entities are filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    per_second: u32,
}

impl Pace {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1) }
    }

    /// How long so many entities have to take.
    fn of(self, entities: usize) -> Duration {
        Duration::from_secs_f64(entities as f64 / f64::from(self.per_second))
    }

    /// How many make a part, so that a slow pace is not made of long strides.
    fn part(self) -> u32 {
        PART.min(self.per_second)
    }
}

impl Worker {
    /// Fills in until the server stops.
    pub(crate) async fn keep_filling(self: Arc<Self>) {
        let mut seen = None;
        while self.signals.is_running() {
            let deployment = self.library.shelf().deployment.as_ref().map(|deployment| deployment.number);
            let begun = Instant::now();
            match self.store.filling(&self.node).await {
                Ok(shards) if shards.is_empty() => seen = deployment,
                Ok(shards) => {
                    self.fill_each(shards).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "fills cannot be looked for");
                }
            }
            // Until another program is live, or some time has passed: a shard may have come over.
            while self.signals.is_running() && begun.elapsed() < LOOK {
                let now = self.library.shelf().deployment.as_ref().map(|deployment| deployment.number);
                if now != seen {
                    break;
                }
                self.nap(WATCH).await;
            }
        }
    }

    async fn fill_each(&self, shards: Vec<Shard>) {
        let mut done = false;
        for shard in shards {
            if !self.signals.is_running() {
                return;
            }
            let Some(lease) = self.take(shard) else { continue };
            let begun = Instant::now();
            let epoch = lease.epoch;
            let ended = self.fill_part(&lease).await;
            let count = self.over(shard, epoch, ended).unwrap_or_default();
            done = true;
            // Facts may have come meanwhile.
            self.signals.work.notify_one();
            self.nap(self.fills.of(count).saturating_sub(begun.elapsed())).await;
        }
        if !done {
            self.nap(NAP).await;
        }
    }

    /// Fills in the next part of a shard. Answers of how many entities.
    async fn fill_part(&self, lease: &Lease) -> Result<usize, Broken> {
        let limit = self.fills.part();
        let Some(part) = self.store.fill(lease, limit).await? else { return Ok(0) };
        // The program that asked for it, or one after it.
        self.library.refresh(&*self.store).await?;
        let count = part.entities.len();
        let now = self.clock.now();
        let commit = batch::fill_in(&*self.store, &self.library, lease, part, limit as usize, now).await?;
        let (intents, facts) = (!commit.intents.is_empty(), !commit.facts.is_empty());
        self.store.commit(lease, commit).await?;
        self.signals.happened();
        if intents {
            self.signals.intents();
        }
        if facts {
            self.signals.facts();
        }
        Ok(count)
    }

    async fn nap(&self, length: Duration) {
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            () = self.signals.reached(Stage::Stopping) => {}
        }
    }
}
