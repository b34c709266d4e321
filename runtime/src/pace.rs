//! Knows when a server has nothing left to do, and moves a virtual clock from one due
//! moment to the next.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::dispatch::Dispatch;
use crate::signals::Signals;
use crate::store::{Store, StoreError};
use crate::worker::Worker;

/// How often an unfinished server is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The pace of one server.
#[derive(Clone)]
pub(crate) struct Pace {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) signals: Arc<Signals>,
    pub(crate) worker: Arc<Worker>,
    pub(crate) dispatch: Arc<Dispatch>,
}

impl Pace {
    /// Until all facts are applied, no timer or effect is due and no call is out.
    pub(crate) async fn until_idle(&self) -> Result<(), StoreError> {
        while !self.is_idle().await? {
            self.signals.work.notify_one();
            self.signals.effects.notify_one();
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Idle means: nothing to do, twice looked at, and nothing happened in between.
    async fn is_idle(&self) -> Result<bool, StoreError> {
        let before = self.signals.activity();
        let idle = self.worker.is_idle().await?
            && self.dispatch.is_idle().await?
            // Facts that an open transaction keeps from being read are not pending yet.
            && !self.store.has_unread().await?
            && self.worker.is_idle().await?;
        Ok(idle && before == self.signals.activity())
    }

    /// Moves a virtual clock to `target` through everything that is due before.
    pub(crate) async fn jump(&self, target: Timestamp) -> Result<(), StoreError> {
        loop {
            self.until_idle().await?;
            let due = self.store.next_due().await?;
            let next =
                due.into_iter().chain(self.dispatch.opens()).filter(|next| *next > self.clock.now()).min();
            match next.filter(|next| *next < target) {
                Some(next) => self.clock.set(next),
                None => break,
            }
        }
        if target > self.clock.now() {
            self.clock.set(target);
        }
        self.until_idle().await
    }
}
