//! Tables `nodes` and `leases`: who works on which shard, and up to where.
//!
//! Time is the database's own: nodes' clocks may differ.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Moment, below_open, numbers, read_shard, seconds};
use crate::store::{Commit, Lease, Position, Result, Shard, StoreError};

const BEAT: &str = "
    INSERT INTO nodes (node, until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
    ON CONFLICT (node) DO UPDATE SET until = excluded.until";
// A node that forgets another must not wait for it: that one may be forgetting it.
const FORGET_NODES: &str = "
    DELETE FROM nodes WHERE node IN
        (SELECT node FROM nodes WHERE until <= clock_timestamp() FOR UPDATE SKIP LOCKED)";
const SHARE: &str = "
    SELECT ceil((SELECT count(*) FROM leases)::float8
        / greatest(1, (SELECT count(*) FROM nodes WHERE until > clock_timestamp())))::bigint";
const GIVE_UP: &str = "
    UPDATE leases SET node = NULL, until = '-infinity' WHERE node = $1 AND shard IN
        (SELECT shard FROM leases WHERE node = $1 ORDER BY shard OFFSET $2)";
const RENEW: &str = "UPDATE leases SET until = clock_timestamp() + make_interval(secs => $2) WHERE node = $1";
// In the order in which batches of several shards lock them: whoever locks several is in nobody's way.
const LOCK: &str = "SELECT shard FROM leases WHERE node = $1 ORDER BY shard FOR UPDATE";
// Rows that another node is at are left to it.
const TAKE: &str = "
    UPDATE leases SET node = $1, until = clock_timestamp() + make_interval(secs => $2), epoch = epoch + 1
    WHERE shard IN (
        SELECT shard FROM leases WHERE node IS NULL OR until <= clock_timestamp() ORDER BY shard
        LIMIT greatest(0, $3 - (SELECT count(*) FROM leases WHERE node = $1)) FOR UPDATE SKIP LOCKED)";
const HELD: &str = "
    SELECT shard, epoch, cursor_tx, cursor_seq FROM leases WHERE node = $1 ORDER BY shard";
const LEAVE_SHARDS: &str = "UPDATE leases SET node = NULL, until = '-infinity' WHERE node = $1";
const LEAVE: &str = "DELETE FROM nodes WHERE node = $1";
const PENDING: &str = concat!(
    "SELECT l.shard FROM leases AS l
    WHERE l.node = $1 AND (
        EXISTS (SELECT 1 FROM facts AS f WHERE f.shard = l.shard
            AND (f.tx, f.seq) > (l.cursor_tx, l.cursor_seq) AND f.tx < ",
    below_open!(),
    ") OR (SELECT r.wake_at FROM runs AS r WHERE r.shard = l.shard AND r.wake_at IS NOT NULL
            AND r.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
            ORDER BY r.wake_at LIMIT 1) <= $2
        OR (SELECT e.wake FROM entities AS e WHERE e.shard = l.shard AND e.wake IS NOT NULL
            ORDER BY e.wake LIMIT 1) <= $2)
    ORDER BY l.shard"
);
const LOCK_THESE: &str = "SELECT shard FROM leases WHERE shard = ANY ($1) ORDER BY shard FOR UPDATE";
const ADVANCE: &str = "
    UPDATE leases AS l SET cursor_tx = new.tx, cursor_seq = new.seq
    FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
        AS new (shard, epoch, node, before_tx, before_seq, tx, seq)
    WHERE l.shard = new.shard AND l.epoch = new.epoch AND l.node = new.node AND l.cursor_tx = new.before_tx
        AND l.cursor_seq = new.before_seq
    RETURNING l.shard";

/// Renews, gives up and takes; see [`crate::store::Store::lease`].
pub(super) async fn lease(db: &mut PgConnection, node: &str, ttl: Duration) -> Result<Vec<Lease>> {
    let ttl = seconds(ttl);
    sqlx::query(BEAT).bind(node).bind(ttl).execute(&mut *db).await?;
    sqlx::query(FORGET_NODES).execute(&mut *db).await?;
    sqlx::query(LOCK).bind(node).execute(&mut *db).await?;
    let share: i64 = sqlx::query_scalar(SHARE).fetch_one(&mut *db).await?;
    sqlx::query(GIVE_UP).bind(node).bind(share).execute(&mut *db).await?;
    sqlx::query(RENEW).bind(node).bind(ttl).execute(&mut *db).await?;
    sqlx::query(TAKE).bind(node).bind(ttl).bind(share).execute(&mut *db).await?;
    held(db, node).await
}

async fn held(db: &mut PgConnection, node: &str) -> Result<Vec<Lease>> {
    let node: Arc<str> = node.into();
    let rows = sqlx::query(HELD).bind(&*node).fetch_all(db).await?;
    let lease = |row: &PgRow| {
        Ok(Lease {
            shard: read_shard("leases", row.try_get(0)?)?,
            node: node.clone(),
            epoch: row.try_get(1)?,
            cursor: Position { tx: row.try_get(2)?, seq: row.try_get(3)? },
        })
    };
    rows.iter().map(lease).collect()
}

/// Gives up all that a node holds.
pub(super) async fn leave(db: &mut PgConnection, node: &str) -> Result<()> {
    sqlx::query(LOCK).bind(node).execute(&mut *db).await?;
    sqlx::query(LEAVE_SHARDS).bind(node).execute(&mut *db).await?;
    sqlx::query(LEAVE).bind(node).execute(db).await?;
    Ok(())
}

/// A node's shards that have something to do.
pub(super) async fn pending(db: &mut PgConnection, node: &str, now: Timestamp) -> Result<Vec<Shard>> {
    let query = sqlx::query_scalar(PENDING).bind(node).bind(Moment::of(now));
    let shards: Vec<i32> = query.fetch_all(db).await?;
    shards.into_iter().map(|shard| read_shard("leases", shard)).collect()
}

/// Moves the cursors of leases, if they are the node's still. The rows stay locked until the
/// transaction ends, so that no lease is taken in between.
pub(super) async fn advance(db: &mut PgConnection, batches: &[(Lease, Commit)]) -> Result<()> {
    let leases: Vec<&Lease> = batches.iter().map(|(lease, _)| lease).collect();
    let cursors = || batches.iter().map(|(_, commit)| commit.cursor);
    let shards = numbers(leases.iter().copied());
    if shards.len() > 1 {
        sqlx::query(LOCK_THESE).bind(&shards).execute(&mut *db).await?;
    }
    let query = sqlx::query_scalar(ADVANCE)
        .bind(shards)
        .bind(leases.iter().map(|lease| lease.epoch).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| &*lease.node).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| lease.cursor.tx).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| lease.cursor.seq).collect::<Vec<_>>())
        .bind(cursors().map(|cursor| cursor.tx).collect::<Vec<_>>())
        .bind(cursors().map(|cursor| cursor.seq).collect::<Vec<_>>());
    let moved: Vec<i32> = query.fetch_all(db).await?;
    match leases.iter().find(|lease| !moved.contains(&i32::from(lease.shard))) {
        None => Ok(()),
        Some(lease) => Err(StoreError::LeaseLost { shard: lease.shard }),
    }
}
