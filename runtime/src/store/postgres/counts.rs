//! How many rows the tables have.

use sqlx::{PgConnection, Row};

use crate::store::rows::read_word;
use crate::store::{Counts, Result};

const FACTS: &str = "SELECT count(*) FROM facts";
const UNREAD: &str = "
    SELECT count(*) FROM leases AS l
    JOIN facts AS f ON f.shard = l.shard AND (f.tx, f.seq) > (l.cursor_tx, l.cursor_seq)";
const ENTITIES: &str = "SELECT kind, count(*) FROM entities GROUP BY kind";
// Runs that have ended are counted as they end.
const RUNS: &str = "
    SELECT workflow, state, count(*) FROM runs WHERE state <> 'finished' GROUP BY workflow, state
    UNION ALL SELECT workflow, 'finished', sum(finished)::bigint FROM run_counts GROUP BY workflow";
const NODES: &str = "
    SELECT n.node, count(l.shard) FROM nodes AS n LEFT JOIN leases AS l ON l.node = n.node
    WHERE n.until > clock_timestamp() GROUP BY n.node";
const EFFECTS: &str = "SELECT state, count(*) FROM intents GROUP BY state";

/// See [`crate::store::Store::counts`].
pub(super) async fn counts(db: &mut PgConnection) -> Result<Counts> {
    let mut counts = Counts {
        facts: number(sqlx::query_scalar(FACTS).fetch_one(&mut *db).await?),
        unread: number(sqlx::query_scalar(UNREAD).fetch_one(&mut *db).await?),
        ..Counts::default()
    };
    for row in sqlx::query(ENTITIES).fetch_all(&mut *db).await? {
        counts.entities.insert(row.try_get(0)?, number(row.try_get(1)?));
    }
    for row in sqlx::query(RUNS).fetch_all(&mut *db).await? {
        let of_workflow = counts.runs.entry(row.try_get(0)?).or_default();
        of_workflow.insert(read_word("runs", row.try_get(1)?)?, number(row.try_get(2)?));
    }
    for row in sqlx::query(NODES).fetch_all(&mut *db).await? {
        counts.nodes.insert(row.try_get(0)?, number(row.try_get(1)?));
    }
    for row in sqlx::query(EFFECTS).fetch_all(db).await? {
        counts.effects.insert(read_word("intents", row.try_get(0)?)?, number(row.try_get(1)?));
    }
    Ok(counts)
}

fn number(count: i64) -> u64 {
    count.unsigned_abs()
}
