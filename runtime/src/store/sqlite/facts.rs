//! Table `facts`: the log of all that comes in or follows.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::Fact;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{clean, fact_columns, json, micros, moment, read_json, read_word, word};
use crate::store::{Filed, Lease, Position, Result, shard_of};

const INSERT: &str = "
    INSERT INTO facts (shard, id, kind, name, subject_kind, subject_id, contact, body, at, received, origin)
    SELECT value ->> 'shard', value ->> 'id', value ->> 'kind', value ->> 'name', value ->> 'subject_kind',
        value ->> 'subject_id', value ->> 'contact', value ->> 'body', value ->> 'at', ?2, value ->> 'origin'
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (id) DO NOTHING
    RETURNING id";
const KNOWN: &str = "SELECT f.id FROM json_each(?1) AS asked CROSS JOIN facts AS f ON f.id = asked.value";
const AFTER: &str = "
    SELECT f.seq, f.id, f.subject_kind, f.subject_id, f.body, f.at, f.origin, m.target
    FROM facts AS f
    LEFT JOIN merges AS m ON m.kind = f.subject_kind AND m.entity = f.subject_id AND m.seq < f.seq
    WHERE f.shard = ?1 AND f.seq > ?2 ORDER BY f.seq LIMIT ?3";

#[derive(Serialize)]
struct Columns<'a> {
    shard: u16,
    id: &'a str,
    kind: &'a str,
    name: Option<&'a str>,
    subject_kind: &'a str,
    subject_id: &'a str,
    contact: Option<&'a str>,
    body: String,
    at: i64,
    origin: String,
}

/// Keeps facts whose ids are new; answers those ids.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    shards: u16,
    facts: &[Fact],
) -> Result<BTreeSet<Arc<str>>> {
    if facts.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = facts.iter().map(|fact| columns(fact, shards)).collect::<Result<Vec<_>>>()?;
    let fresh: Vec<String> = sqlx::query_scalar(INSERT)
        .bind(json("facts", &rows)?)
        .bind(micros(Timestamp::now()))
        .fetch_all(db)
        .await?;
    Ok(fresh.into_iter().map(Arc::from).collect())
}

fn columns(fact: &Fact, shards: u16) -> Result<Columns<'_>> {
    let (kind, name, contact) = fact_columns(fact);
    Ok(Columns {
        shard: shard_of(&fact.subject, shards),
        id: &fact.id,
        kind,
        name,
        subject_kind: &fact.subject.kind,
        subject_id: &fact.subject.id,
        contact: contact.map(|contact| &*contact.id),
        body: json("facts", &fact.kind)?,
        at: micros(fact.at),
        origin: word(&fact.origin),
    })
}

/// Those of these ids that are there already.
pub(super) async fn known(db: &mut SqliteConnection, ids: &[&str]) -> Result<BTreeSet<String>> {
    let ids: Vec<_> = ids.iter().map(|id| clean(id)).collect();
    let known: Vec<String> = sqlx::query_scalar(KNOWN).bind(json("facts", &ids)?).fetch_all(db).await?;
    Ok(known.into_iter().collect())
}

/// The next facts of a shard.
pub(super) async fn after(db: &mut SqliteConnection, lease: &Lease, limit: u32) -> Result<Vec<Filed>> {
    let query = sqlx::query(AFTER).bind(lease.shard).bind(lease.cursor.seq).bind(limit);
    query.fetch_all(db).await?.iter().map(filed).collect()
}

fn filed(row: &SqliteRow) -> Result<Filed> {
    let kind: &str = row.try_get(2)?;
    let moved: Option<&str> = row.try_get(7)?;
    Ok(Filed {
        position: Position { tx: 0, seq: row.try_get(0)? },
        fact: Fact {
            id: row.try_get::<&str, _>(1)?.into(),
            subject: EntityId::new(kind, row.try_get::<&str, _>(3)?),
            kind: read_json("facts", row.try_get(4)?)?,
            at: moment("facts", row.try_get(5)?)?,
            origin: read_word("facts", row.try_get(6)?)?,
        },
        moved: moved.map(|target| EntityId::new(kind, target)),
    })
}
