//! Table `fills`: how far the entities that were there are watched for the last deployment that
//! watches something new.

use onward_bytecode::EntityId;
use onward_engine::model::Edges;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{read_word, word};
use crate::store::{FillProgress, Filled, Result, Shard, StoreError};

const BEGIN: &str = "
    INSERT INTO fills (shard, deployment, edges) SELECT shard, ?1, ?2 FROM leases WHERE true
    ON CONFLICT (shard) DO UPDATE SET deployment = excluded.deployment, edges = excluded.edges,
        kind = '', id = '', done = 0, open = 1";
const OPEN: &str = "
    SELECT f.shard FROM fills AS f JOIN leases AS l ON l.shard = f.shard WHERE l.node = ?1 AND f.open
    ORDER BY f.shard";
const PLACE: &str = "SELECT deployment, edges, kind, id FROM fills WHERE shard = ?1 AND open";
const NEXT: &str = "
    SELECT kind, id FROM entities WHERE shard = ?1 AND (kind, id) > (?2, ?3) AND deleted IS NULL
    ORDER BY kind, id LIMIT ?4";
const ADVANCE: &str = "
    UPDATE fills SET kind = coalesce(?3, kind), id = coalesce(?4, id), done = done + ?5, open = ?3 IS NOT NULL
    WHERE shard = ?1 AND deployment = ?2 AND open";
const PROGRESS: &str = "
    SELECT f.deployment, f.edges, sum(f.done), sum(CASE WHEN f.open THEN (
        SELECT count(*) FROM entities AS e
        WHERE e.shard = f.shard AND (e.kind, e.id) > (f.kind, f.id) AND e.deleted IS NULL) ELSE 0 END)
    FROM fills AS f GROUP BY f.deployment, f.edges ORDER BY f.deployment";

/// A place at which a shard goes on.
pub(super) struct Place {
    pub(super) deployment: u64,
    pub(super) edges: Edges,
    after: EntityId,
}

/// Begins anew in every shard, for this deployment.
pub(super) async fn begin(db: &mut SqliteConnection, deployment: u64, edges: Edges) -> Result<()> {
    sqlx::query(BEGIN).bind(number(deployment)).bind(word(&edges)).execute(db).await?;
    Ok(())
}

/// A node's shards that are not filled in yet.
pub(super) async fn open(db: &mut SqliteConnection, node: &str) -> Result<Vec<Shard>> {
    Ok(sqlx::query_scalar(OPEN).bind(node).fetch_all(db).await?)
}

/// Where a shard goes on, if it is not filled in yet.
pub(super) async fn place(db: &mut SqliteConnection, shard: Shard) -> Result<Option<Place>> {
    let row = sqlx::query(PLACE).bind(shard).fetch_optional(db).await?;
    let place = |row: SqliteRow| {
        Ok(Place {
            deployment: row.try_get::<i64, _>(0)?.unsigned_abs(),
            edges: read_word("fills", row.try_get(1)?)?,
            after: EntityId::new(row.try_get::<&str, _>(2)?, row.try_get::<&str, _>(3)?),
        })
    };
    row.map(place).transpose()
}

/// The entities after a place.
pub(super) async fn next(
    db: &mut SqliteConnection,
    shard: Shard,
    place: &Place,
    limit: u32,
) -> Result<Vec<EntityId>> {
    let query = sqlx::query(NEXT).bind(shard).bind(&*place.after.kind).bind(&*place.after.id);
    let rows = query.bind(limit).fetch_all(db).await?;
    let id = |row: &SqliteRow| Ok(EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?));
    rows.iter().map(id).collect()
}

/// Moves a shard's place.
pub(super) async fn advance(db: &mut SqliteConnection, shard: Shard, filled: &Filled) -> Result<()> {
    let up_to = filled.up_to.as_ref();
    let query = sqlx::query(ADVANCE)
        .bind(shard)
        .bind(number(filled.deployment))
        .bind(up_to.map(|id| &*id.kind))
        .bind(up_to.map(|id| &*id.id))
        .bind(number(filled.count));
    match query.execute(db).await?.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict { what: "what has to be filled in".to_owned() }),
    }
}

/// How far all shards are.
pub(super) async fn progress(db: &mut SqliteConnection) -> Result<Vec<FillProgress>> {
    let progress = |row: &SqliteRow| {
        let (done, left): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
        Ok(FillProgress {
            deployment: row.try_get::<i64, _>(0)?.unsigned_abs(),
            edges: read_word("fills", row.try_get(1)?)?,
            done: done.unsigned_abs(),
            total: done.saturating_add(left).unsigned_abs(),
        })
    };
    sqlx::query(PROGRESS).fetch_all(db).await?.iter().map(progress).collect()
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
