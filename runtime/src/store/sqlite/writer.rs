//! The one connection that writes. What several tasks want to write at once is committed in one go:
//! the disk is asked once for all of them, and none is told that it is kept before it is.
//!
//! Each task's part is whole or not there at all: a part that fails is taken back, and the others stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::store::Result;

/// So many parts are committed in one go at most.
const TOGETHER: usize = 32;

/// The connection, and who wants it.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pen: Arc<Mutex<Pen>>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Pen {
    db: PoolConnection<Sqlite>,
    /// Who waits for the commit of parts that are written.
    written: Vec<oneshot::Sender<()>>,
}

/// One task's part of a transaction. Dropped without a commit it is taken back.
#[derive(Debug)]
pub(super) struct Part {
    writer: Writer,
    pen: Option<OwnedMutexGuard<Pen>>,
}

/// Counts a task that waits for the pen.
struct Waiting(Option<Writer>);

impl Writer {
    pub(super) fn new(db: PoolConnection<Sqlite>) -> Self {
        let pen = Pen { db, written: Vec::new() };
        Self { pen: Arc::new(Mutex::new(pen)), waiting: Arc::default() }
    }

    /// Begins a part, when the ones before it are written.
    pub(super) async fn begin(&self) -> Result<Part> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(Some(self.clone()));
        let mut pen = self.pen.clone().lock_owned().await;
        waiting.over();
        let begun = if pen.written.is_empty() { "BEGIN IMMEDIATE" } else { "SAVEPOINT part" };
        let part = |pen| Part { writer: self.clone(), pen: Some(pen) };
        match execute(&mut pen.db, begun).await {
            Ok(()) => Ok(part(pen)),
            Err(error) => {
                drop(part(pen));
                Err(error)
            }
        }
    }

    /// Commits what is written, unless somebody else is about to write more.
    async fn pass_on(&self, mut pen: OwnedMutexGuard<Pen>) -> Result<()> {
        let more = self.waiting.load(Ordering::SeqCst) > 0 && pen.written.len() < TOGETHER;
        if pen.written.is_empty() || more { Ok(()) } else { pen.commit().await }
    }
}

impl Pen {
    async fn commit(&mut self) -> Result<()> {
        // Those who wait are told that it failed by being forgotten.
        let written = std::mem::take(&mut self.written);
        if let Err(error) = execute(&mut self.db, "COMMIT").await {
            let _ = execute(&mut self.db, "ROLLBACK").await;
            return Err(error);
        }
        for waiting in written {
            // Whoever asked may be gone.
            let _ = waiting.send(());
        }
        Ok(())
    }

    /// Takes the last part back.
    async fn take_back(&mut self) {
        if self.written.is_empty() {
            let _ = execute(&mut self.db, "ROLLBACK").await;
        } else if execute(&mut self.db, "ROLLBACK TO part; RELEASE part").await.is_err() {
            // The whole transaction has broken: nobody's part is kept.
            self.written.clear();
            let _ = execute(&mut self.db, "ROLLBACK").await;
        }
    }
}

impl Part {
    /// The connection, to write with.
    pub(super) fn db(&mut self) -> Result<&mut SqliteConnection> {
        match &mut self.pen {
            Some(pen) => Ok(&mut pen.db),
            None => Err(sqlx::Error::PoolClosed.into()),
        }
    }

    /// Ends the part. It is kept when this returns.
    pub(super) async fn commit(mut self) -> Result<()> {
        let Some(pen) = &mut self.pen else { return Ok(()) };
        if !pen.written.is_empty() {
            execute(&mut pen.db, "RELEASE part").await?;
        }
        let (kept, told) = oneshot::channel();
        pen.written.push(kept);
        if let Some(pen) = self.pen.take() {
            self.writer.pass_on(pen).await?;
        }
        told.await.map_err(|_| sqlx::Error::WorkerCrashed.into())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let Some(mut pen) = self.pen.take() else { return };
        let writer = self.writer.clone();
        spawn(async move {
            pen.take_back().await;
            let _ = writer.pass_on(pen).await;
        });
    }
}

impl Waiting {
    fn over(mut self) {
        if let Some(writer) = self.0.take() {
            writer.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Waiting {
    /// Whoever was to write more is gone: what is written may be waiting for it.
    fn drop(&mut self) {
        let Some(writer) = self.0.take() else { return };
        writer.waiting.fetch_sub(1, Ordering::SeqCst);
        spawn(async move {
            let pen = writer.pen.clone().lock_owned().await;
            let _ = writer.pass_on(pen).await;
        });
    }
}

/// Without a runtime the process is about to end, and the file's journal takes the rest back.
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}

async fn execute(db: &mut SqliteConnection, sql: &'static str) -> Result<()> {
    sqlx::raw_sql(sql).execute(db).await?;
    Ok(())
}
