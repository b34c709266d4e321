//! Tables `nodes` and `leases`: who works on which shard, and up to where.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::micros;
use crate::store::{Lease, Position, Result, Shard, StoreError};

const BEAT: &str = "
    INSERT INTO nodes (node, until) VALUES (?1, ?2) ON CONFLICT (node) DO UPDATE SET until = excluded.until";
const FORGET_NODES: &str = "DELETE FROM nodes WHERE until <= ?1";
const LIVE: &str = "SELECT count(*) FROM nodes";
const RENEW: &str = "UPDATE leases SET until = ?2 WHERE node = ?1";
const SHARE: &str = "SELECT (count(*) + ?1 - 1) / ?1 FROM leases";
const GIVE_UP: &str = "
    UPDATE leases SET node = NULL, until = 0 WHERE shard IN
        (SELECT shard FROM leases WHERE node = ?1 ORDER BY shard LIMIT -1 OFFSET ?2)";
const TAKE: &str = "
    UPDATE leases SET node = ?1, until = ?2, epoch = epoch + 1 WHERE shard IN
        (SELECT shard FROM leases WHERE node IS NULL OR until <= ?3 ORDER BY shard
         LIMIT max(0, ?4 - (SELECT count(*) FROM leases WHERE node = ?1)))";
const HELD: &str = "SELECT shard, epoch, cursor FROM leases WHERE node = ?1 ORDER BY shard";
const LEAVE_SHARDS: &str = "UPDATE leases SET node = NULL, until = 0 WHERE node = ?1";
const LEAVE: &str = "DELETE FROM nodes WHERE node = ?1";
const FREE_ALL: &str = "UPDATE leases SET node = NULL, until = 0";
const FORGET_ALL_NODES: &str = "DELETE FROM nodes";
const PENDING: &str = "
    SELECT l.shard FROM leases AS l
    WHERE l.node = ?1 AND (
        EXISTS (SELECT 1 FROM facts AS f WHERE f.shard = l.shard AND f.seq > l.cursor)
        OR EXISTS (SELECT 1 FROM runs AS r WHERE r.shard = l.shard AND r.wake_at <= ?2
            AND r.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused'))
        OR EXISTS (SELECT 1 FROM entities AS e WHERE e.shard = l.shard AND e.wake <= ?2))
    ORDER BY l.shard";
const ADVANCE: &str = "
    UPDATE leases SET cursor = ?1 WHERE shard = ?2 AND epoch = ?3 AND node = ?4 AND cursor = ?5";

/// Renews, gives up and takes; see [`crate::store::Store::lease`].
pub(super) async fn lease(db: &mut SqliteConnection, node: &str, ttl: Duration) -> Result<Vec<Lease>> {
    let now = micros(Timestamp::now());
    let until = now.saturating_add(i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX));
    sqlx::query(FORGET_NODES).bind(now).execute(&mut *db).await?;
    sqlx::query(BEAT).bind(node).bind(until).execute(&mut *db).await?;
    let live: i64 = sqlx::query_scalar(LIVE).fetch_one(&mut *db).await?;
    let share: i64 = sqlx::query_scalar(SHARE).bind(live).fetch_one(&mut *db).await?;
    sqlx::query(GIVE_UP).bind(node).bind(share).execute(&mut *db).await?;
    sqlx::query(RENEW).bind(node).bind(until).execute(&mut *db).await?;
    sqlx::query(TAKE).bind(node).bind(until).bind(now).bind(share).execute(&mut *db).await?;
    held(db, node).await
}

async fn held(db: &mut SqliteConnection, node: &str) -> Result<Vec<Lease>> {
    let node: Arc<str> = node.into();
    let rows = sqlx::query(HELD).bind(&*node).fetch_all(db).await?;
    let lease = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Lease {
            shard: row.try_get(0)?,
            node: node.clone(),
            epoch: row.try_get(1)?,
            cursor: Position { tx: 0, seq: row.try_get(2)? },
        })
    };
    rows.iter().map(lease).collect()
}

/// Gives up all that a node holds.
pub(super) async fn leave(db: &mut SqliteConnection, node: &str) -> Result<()> {
    sqlx::query(LEAVE_SHARDS).bind(node).execute(&mut *db).await?;
    sqlx::query(LEAVE).bind(node).execute(db).await?;
    Ok(())
}

/// Frees what a process held that is gone: only one has the file open.
pub(super) async fn free_all(db: &mut SqliteConnection) -> Result<()> {
    sqlx::query(FREE_ALL).execute(&mut *db).await?;
    sqlx::query(FORGET_ALL_NODES).execute(db).await?;
    Ok(())
}

/// A node's shards that have something to do.
pub(super) async fn pending(db: &mut SqliteConnection, node: &str, now: Timestamp) -> Result<Vec<Shard>> {
    Ok(sqlx::query_scalar(PENDING).bind(node).bind(micros(now)).fetch_all(db).await?)
}

/// Moves a lease's cursor, if it is the node's still.
pub(super) async fn advance(db: &mut SqliteConnection, lease: &Lease, cursor: Position) -> Result<()> {
    let moved = sqlx::query(ADVANCE)
        .bind(cursor.seq)
        .bind(lease.shard)
        .bind(lease.epoch)
        .bind(&*lease.node)
        .bind(lease.cursor.seq)
        .execute(db)
        .await?;
    match moved.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::LeaseLost { shard: lease.shard }),
    }
}
