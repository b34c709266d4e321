//! Tables `programs` and `deployments`: what runs, and what ran.

use jiff::Timestamp;
use onward_bytecode::Hash;
use onward_engine::model::Edges;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Moment, read_hash, time};
use crate::store::rows::{read_word, word};
use crate::store::{Deployment, Result, StoreError};

const PUT: &str = "INSERT INTO programs (hash, bytes) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";
const GET: &str = "SELECT bytes FROM programs WHERE hash = $1";
const DEPLOY: &str = "
    INSERT INTO deployments (hash, at, made_by, fill) SELECT hash, $2, $3, $4 FROM programs WHERE hash = $1
    RETURNING number, hash, at, made_by, fill";
const LAST: &str = "SELECT number, hash, at, made_by, fill FROM deployments ORDER BY number DESC LIMIT $1";

/// Keeps a program.
pub(super) async fn put(db: &mut PgConnection, hash: Hash, bytes: &[u8]) -> Result<()> {
    sqlx::query(PUT).bind(hash.0.as_slice()).bind(bytes).execute(db).await?;
    Ok(())
}

/// The bytes of a program.
pub(super) async fn get(db: &mut PgConnection, hash: Hash) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar(GET).bind(hash.0.as_slice()).fetch_optional(db).await?)
}

/// Makes a kept program the live one.
pub(super) async fn deploy(
    db: &mut PgConnection,
    hash: Hash,
    by: &str,
    at: Timestamp,
    fill: Option<Edges>,
) -> Result<Deployment> {
    let query = sqlx::query(DEPLOY).bind(hash.0.as_slice()).bind(Moment::of(at)).bind(by);
    let query = query.bind(fill.as_ref().map(word));
    let row = query.fetch_optional(db).await?.ok_or(StoreError::NoProgram { hash })?;
    deployment(&row)
}

/// The last deployments, newest first.
pub(super) async fn last(db: &mut PgConnection, limit: u32) -> Result<Vec<Deployment>> {
    let rows = sqlx::query(LAST).bind(i64::from(limit)).fetch_all(db).await?;
    rows.iter().map(deployment).collect()
}

fn deployment(row: &PgRow) -> Result<Deployment> {
    let fill: Option<&str> = row.try_get(4)?;
    Ok(Deployment {
        number: row.try_get::<i64, _>(0)?.unsigned_abs(),
        hash: read_hash("deployments", row.try_get(1)?)?,
        at: time("deployments", row.try_get(2)?)?,
        by: row.try_get::<&str, _>(3)?.into(),
        fill: fill.map(|edges| read_word("deployments", edges)).transpose()?,
    })
}
