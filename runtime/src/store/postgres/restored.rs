//! Puts right what a restored dump gets wrong: rows remember the transactions of the
//! database that was dumped, and those of the new one count from the beginning. Readers,
//! who stay below the oldest open transaction, would see nothing for a long time.

use sqlx::PgConnection;

use crate::store::Result;

/// Whether rows are from later transactions than can be seen.
const IS_RESTORED: &str = "
    SELECT greatest(
        (SELECT max(cursor_tx) FROM leases),
        (SELECT max(last.tx) FROM leases AS l CROSS JOIN LATERAL (
            SELECT f.tx FROM facts AS f WHERE f.shard = l.shard ORDER BY f.tx DESC LIMIT 1) AS last),
        (SELECT max(last.tx) FROM leases AS l CROSS JOIN LATERAL (
            SELECT t.tx FROM timeline AS t WHERE t.shard = l.shard ORDER BY t.tx DESC LIMIT 1) AS last)
    ) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
const LOCK: &str = "LOCK TABLE leases, facts, merges, timeline IN ACCESS EXCLUSIVE MODE";
// What was read is at 0, what was not at 1, both in the order of their numbers.
const FACTS: &str = "
    UPDATE facts AS f SET tx = CASE WHEN (f.tx, f.seq) > (l.cursor_tx, l.cursor_seq) THEN 1 ELSE 0 END
    FROM leases AS l WHERE l.shard = f.shard";
const MERGES: &str = "
    UPDATE merges AS m SET tx = CASE WHEN (m.tx, m.seq) > (l.cursor_tx, l.cursor_seq) THEN 1 ELSE 0 END
    FROM leases AS l WHERE l.shard = m.shard";
const TIMELINE: &str = "UPDATE timeline SET tx = 0";
const CURSORS: &str = "
    UPDATE leases SET cursor_tx = 0, cursor_seq = 9223372036854775807, node = NULL, until = '-infinity'";
const NODES: &str = "DELETE FROM nodes";

/// Numbers rows again, if they are from another database's transactions.
pub(super) async fn put_right(db: &mut PgConnection) -> Result<()> {
    let restored: Option<bool> = sqlx::query_scalar(IS_RESTORED).fetch_one(&mut *db).await?;
    if restored != Some(true) {
        return Ok(());
    }
    sqlx::query(LOCK).execute(&mut *db).await?;
    // Another node may have done it while this one waited.
    let restored: Option<bool> = sqlx::query_scalar(IS_RESTORED).fetch_one(&mut *db).await?;
    if restored != Some(true) {
        return Ok(());
    }
    for sql in [FACTS, MERGES, TIMELINE, CURSORS, NODES] {
        sqlx::query(sql).execute(&mut *db).await?;
    }
    Ok(())
}
