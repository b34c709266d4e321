//! Table `tallies`: how workflows do, a row for each shard.

use onward_engine::model::Tally;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{json, read_word, word};
use crate::store::{Counter, Result, Shard};

const ADD: &str = "
    INSERT INTO tallies (shard, workflow, part, what, count)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM jsonb_each(?1) WHERE true
    ON CONFLICT (shard, workflow, part, what) DO UPDATE SET count = tallies.count + excluded.count";
const SUMS: &str = "
    SELECT workflow, part, what, sum(count) FROM tallies
    WHERE ?1 IS NULL OR workflow = ?1 GROUP BY workflow, part, what ORDER BY workflow, part, what";

/// Adds to shards' counts.
pub(super) async fn add(db: &mut SqliteConnection, tallies: &[(Shard, &Tally, u64)]) -> Result<()> {
    if tallies.is_empty() {
        return Ok(());
    }
    let row = |(shard, tally, count): &(Shard, &Tally, u64)| {
        (*shard, tally.workflow.clone(), tally.group.clone(), word(&tally.what), *count)
    };
    let rows: Vec<_> = tallies.iter().map(row).collect();
    sqlx::query(ADD).bind(json("tallies", &rows)?).execute(db).await?;
    Ok(())
}

/// The counts of all shards together.
pub(super) async fn sums(db: &mut SqliteConnection, workflow: Option<&str>) -> Result<Vec<Counter>> {
    let counter = |row: &SqliteRow| {
        let tally = Tally {
            workflow: row.try_get::<&str, _>(0)?.into(),
            group: row.try_get::<&str, _>(1)?.into(),
            what: read_word("tallies", row.try_get(2)?)?,
        };
        Ok(Counter { tally, count: row.try_get::<i64, _>(3)?.unsigned_abs() })
    };
    sqlx::query(SUMS).bind(workflow).fetch_all(db).await?.iter().map(counter).collect()
}
