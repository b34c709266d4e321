//! Table `facts`: the log of all that comes in or follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Fact, Occurrence, Question};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::overlay::{self, Unread};
use crate::store::rows::{clean, fact_columns, json, micros, moment, occurrence, read_json, read_word, word};
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
// The index of a subject's facts by name gives them in the order of the log.
const HISTORY: &str = "
    WITH RECURSIVE asked (place, shard, kind, id, event, seq) AS (
        SELECT key, value ->> 0, value ->> 1, value ->> 2, value ->> 3, NULL FROM json_each(?1)
        UNION ALL
        SELECT a.place, a.shard, m.kind, m.entity, a.event, m.seq
        FROM asked AS a JOIN merges AS m ON m.target = a.id AND m.kind = a.kind)
    SELECT a.place, f.id, f.body, f.at
    FROM asked AS a CROSS JOIN facts AS f
    ON f.subject_id = a.id AND f.subject_kind = a.kind AND f.name = a.event
    CROSS JOIN leases AS l ON l.shard = f.shard AND f.seq <= l.cursor
    WHERE a.seq IS NULL OR f.seq < a.seq
    ORDER BY a.place, f.seq";
const NOT_READ: &str = "
    SELECT f.subject_kind, f.subject_id, f.body, f.at
    FROM jsonb_each(?1) AS asked CROSS JOIN leases AS l ON l.shard = asked.value ->> 0
    CROSS JOIN facts AS f ON f.subject_id = asked.value ->> 2 AND f.subject_kind = asked.value ->> 1
        AND f.seq > l.cursor
    WHERE f.kind IN ('attributes', 'event', 'deleted')
    ORDER BY f.seq LIMIT ?2";
const ANY_UNREAD: &str = "
    SELECT EXISTS (SELECT 1 FROM leases AS l WHERE EXISTS (
        SELECT 1 FROM facts AS f WHERE f.shard = l.shard AND f.seq > l.cursor))";

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
pub(super) async fn insert<'a>(
    db: &mut SqliteConnection,
    shards: u16,
    facts: impl IntoIterator<Item = &'a Fact>,
) -> Result<BTreeSet<Arc<str>>> {
    let rows = facts.into_iter().map(|fact| columns(fact, shards)).collect::<Result<Vec<_>>>()?;
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
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

/// Past events that are asked about, as far as their shards have been worked out. What was known of an
/// entity that was merged into the one asked about counts up to the merge: what came later was handed over.
pub(super) async fn history(
    db: &mut SqliteConnection,
    shards: u16,
    questions: &BTreeSet<Question>,
) -> Result<BTreeMap<Question, Vec<Occurrence>>> {
    let mut found: BTreeMap<Question, Vec<Occurrence>> =
        questions.iter().map(|question| (question.clone(), Vec::new())).collect();
    let asked: Vec<&Question> = questions.iter().collect();
    let row = |question: &&Question| {
        let Question { entity, event } = (*question).clone();
        (shard_of(&entity, shards), entity.kind, entity.id, event)
    };
    let rows: Vec<_> = asked.iter().map(row).collect();
    for row in sqlx::query(HISTORY).bind(json("facts", &rows)?).fetch_all(db).await? {
        let place = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
        let Some(question) = asked.get(place) else { continue };
        let (kind, at) = (read_json("facts", row.try_get(2)?)?, moment("facts", row.try_get(3)?)?);
        let occurrence = occurrence(&question.entity, row.try_get(1)?, kind, at);
        found.entry((*question).clone()).or_default().extend(occurrence);
    }
    Ok(found)
}

/// What is in the log about these entities and has not been worked out.
pub(super) async fn unread(
    db: &mut SqliteConnection,
    shards: u16,
    ids: &BTreeSet<EntityId>,
) -> Result<Vec<Unread>> {
    let query = sqlx::query(NOT_READ).bind(addresses(ids, shards)?).bind(overlay::UNREAD);
    let unread = |row: &SqliteRow| {
        Ok(Unread {
            subject: EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?),
            kind: read_json("facts", row.try_get(2)?)?,
            at: moment("facts", row.try_get(3)?)?,
        })
    };
    query.fetch_all(db).await?.iter().map(unread).collect()
}

/// Whether any shard has facts that were not read.
pub(super) async fn any_unread(db: &mut SqliteConnection) -> Result<bool> {
    Ok(sqlx::query_scalar(ANY_UNREAD).fetch_one(db).await?)
}
