//! A few threads that do what would hold the desk up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Something to do.
type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    queue: Sender<Job>,
}

impl Jobs {
    /// As many threads as the machine has cores, from two to eight.
    pub(crate) fn start() -> Self {
        let threads = thread::available_parallelism().map_or(2, |it| it.get().clamp(2, 8));
        let (queue, jobs) = channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                loop {
                    let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = next else { return };
                    // One that fails is answered as failed when its answer is dropped.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            });
        }
        Self { queue }
    }

    /// Has something done.
    pub(crate) fn put(&self, job: impl FnOnce() + Send + 'static) {
        let _ = self.queue.send(Box::new(job));
    }
}
