//! Table `tallies`: how workflows do, a row for each shard.

use std::collections::BTreeMap;

use onward_engine::model::Tally;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::store::rows::{read_word, word};
use crate::store::{Counter, Result, Shard};

const ADD: &str = "
    INSERT INTO tallies (shard, workflow, part, what, count)
    SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[])
    ON CONFLICT (shard, workflow, part, what) DO UPDATE SET count = tallies.count + excluded.count";
const SUMS: &str = "
    SELECT workflow, part, what, sum(count)::bigint FROM tallies
    WHERE $1::text IS NULL OR workflow = $1 GROUP BY workflow, part, what ORDER BY workflow, part, what";

/// Adds to a shard's counts.
pub(super) async fn add(db: &mut PgConnection, shard: Shard, tallies: &BTreeMap<Tally, u64>) -> Result<()> {
    if tallies.is_empty() {
        return Ok(());
    }
    let workflows: Vec<&str> = tallies.keys().map(|tally| &*tally.workflow).collect();
    let parts: Vec<&str> = tallies.keys().map(|tally| &*tally.group).collect();
    let what: Vec<String> = tallies.keys().map(|tally| word(&tally.what)).collect();
    let counts: Vec<i64> = tallies.values().map(|count| i64::try_from(*count).unwrap_or(i64::MAX)).collect();
    let query = sqlx::query(ADD).bind(i32::from(shard)).bind(workflows).bind(parts).bind(what).bind(counts);
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
