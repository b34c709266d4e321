//! Table `tallies`: how workflows do, a row for each shard.

use onward_engine::model::Tally;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::store::rows::{read_word, word};
use crate::store::{Counter, Result, Shard};

const ADD: &str = "
    INSERT INTO tallies (shard, workflow, part, what, count)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    ON CONFLICT (shard, workflow, part, what) DO UPDATE SET count = tallies.count + excluded.count";
const SUMS: &str = "
    SELECT workflow, part, what, sum(count)::bigint FROM tallies
    WHERE $1::text IS NULL OR workflow = $1 GROUP BY workflow, part, what ORDER BY workflow, part, what";

/// Adds to shards' counts.
pub(super) async fn add(db: &mut PgConnection, rows: &[(Shard, &Tally, u64)]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let shards: Vec<i32> = rows.iter().map(|(shard, ..)| i32::from(*shard)).collect();
    let workflows: Vec<&str> = rows.iter().map(|(_, tally, _)| &*tally.workflow).collect();
    let parts: Vec<&str> = rows.iter().map(|(_, tally, _)| &*tally.group).collect();
    let what: Vec<String> = rows.iter().map(|(_, tally, _)| word(&tally.what)).collect();
    let counts: Vec<i64> = rows.iter().map(|(.., count)| i64::try_from(*count).unwrap_or(i64::MAX)).collect();
    let query = sqlx::query(ADD).bind(shards).bind(workflows).bind(parts).bind(what).bind(counts);
    query.execute(db).await?;
    Ok(())
}

/// The counts of all shards together.
pub(super) async fn sums(db: &mut PgConnection, workflow: Option<&str>) -> Result<Vec<Counter>> {
    let counter = |row: &PgRow| {
        let tally = Tally {
            workflow: row.try_get::<&str, _>(0)?.into(),
            group: row.try_get::<&str, _>(1)?.into(),
            what: read_word("tallies", row.try_get(2)?)?,
        };
        Ok(Counter { tally, count: row.try_get::<i64, _>(3)?.unsigned_abs() })
    };
    sqlx::query(SUMS).bind(workflow).fetch_all(db).await?.iter().map(counter).collect()
}
