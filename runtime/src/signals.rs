//! How the parts of one process wake each other, so that nobody waits for a poll.
//!
//! A signal is a hint: whoever misses one finds the work in the store a moment later.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

/// The signals of one server.
#[derive(Debug)]
pub(crate) struct Signals {
    /// There may be facts to apply.
    pub(crate) work: Notify,
    /// There may be effects to send, or a free slot to send them.
    pub(crate) effects: Notify,
    /// Counts everything that happened.
    activity: AtomicU64,
    stop: watch::Sender<Stage>,
}

/// How far a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// It takes and does work.
    Running,
    /// It finishes what it has begun.
    Stopping,
    /// Nothing is begun any more, and what remains is given up.
    Stopped,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self {
            work: Notify::new(),
            effects: Notify::new(),
            activity: AtomicU64::new(0),
            stop: watch::Sender::new(Stage::Running),
        }
    }

    /// Facts came in or followed.
    pub(crate) fn facts(&self) {
        self.happened();
        self.work.notify_one();
    }

    /// Effects are to be sent.
    pub(crate) fn intents(&self) {
        self.happened();
        self.effects.notify_one();
    }

    pub(crate) fn happened(&self) {
        self.activity.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn activity(&self) -> u64 {
        self.activity.load(Ordering::SeqCst)
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stop.send_replace(stage);
    }

    pub(crate) fn is_running(&self) -> bool {
        *self.stop.borrow() == Stage::Running
    }

    /// Waits until the server is at `stage` or further.
    pub(crate) async fn reached(&self, stage: Stage) {
        let mut stages = self.stop.subscribe();
        // The sender lives as long as `self`.
        let _ = stages.wait_for(|now| *now >= stage).await;
    }
}
