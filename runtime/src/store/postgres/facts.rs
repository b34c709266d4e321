//! Tables `facts` and `fact_ids`: the log of all that comes in or follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::EntityId;
use onward_engine::model::{Fact, Occurrence, Question};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Row};

use super::{Addresses, Moment, below_open, numbers, read_shard, time};
use crate::store::overlay::{self, Unread};
use crate::store::rows::{clean, fact_columns, json, occurrence, read_json, read_word, word};
use crate::store::shard::shard_of_fact_id;
use crate::store::{Filed, Lease, Position, Result, Shard, shard_of};

// `IS TRUE` keeps the subquery a hash lookup; as a join it may be planned as a loop.
const INSERT: &str = "
    WITH input AS (
        SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::text[])
            WITH ORDINALITY AS input (id_shard, shard, id, kind, name, subject_kind, subject_id, contact,
                body, at, origin, place)),
    fresh AS (
        INSERT INTO fact_ids (shard, id) SELECT id_shard, id FROM input ORDER BY id_shard, id
        ON CONFLICT DO NOTHING RETURNING id)
    INSERT INTO facts (shard, id, kind, name, subject_kind, subject_id, contact, body, at, origin)
    SELECT shard, id, kind, name, subject_kind, subject_id, contact, body::json, at, origin
    FROM input WHERE (id IN (SELECT fresh.id FROM fresh)) IS TRUE ORDER BY place
    RETURNING id, tx, seq";
const KNOWN: &str = "
    SELECT f.id FROM unnest($1::integer[], $2::text[]) AS asked (shard, id)
    JOIN fact_ids AS f ON f.shard = asked.shard AND f.id = asked.id";
const AFTER: &str = concat!(
    "SELECT f.tx, f.seq, f.id, f.subject_kind, f.subject_id, f.body::text, f.at, f.origin, m.target, f.shard
    FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS asked (shard, tx, seq)
    CROSS JOIN LATERAL (
        SELECT * FROM facts AS f
        WHERE f.shard = asked.shard AND (f.tx, f.seq) > (asked.tx, asked.seq) AND f.tx < ",
    below_open!(),
    " ORDER BY f.tx, f.seq LIMIT $4) AS f
    LEFT JOIN merges AS m ON m.shard = f.shard AND m.kind = f.subject_kind AND m.entity = f.subject_id
        AND (m.tx, m.seq) < (f.tx, f.seq)
    ORDER BY f.shard, f.tx, f.seq"
);
// The index of a subject's facts by name gives them in the order of the log.
const HISTORY: &str = r#"
    WITH RECURSIVE asked AS (
        SELECT place, shard, kind COLLATE "C" AS kind, id COLLATE "C" AS id, event, NULL::bigint AS tx,
            NULL::bigint AS seq
        FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[])
            WITH ORDINALITY AS asked (shard, kind, id, event, place)
        UNION ALL
        SELECT a.place, m.shard, m.kind, m.entity, a.event, m.tx, m.seq
        FROM asked AS a JOIN merges AS m ON m.target = a.id AND m.kind = a.kind)
    SELECT a.place, f.id, f.body::text, f.at
    FROM asked AS a JOIN leases AS l ON l.shard = a.shard
    JOIN facts AS f ON f.subject_id = a.id AND f.subject_kind = a.kind AND f.name = a.event
        AND f.shard = a.shard AND (f.tx, f.seq) <= (l.cursor_tx, l.cursor_seq)
    WHERE a.tx IS NULL OR (f.tx, f.seq) < (a.tx, a.seq)
    ORDER BY a.place, f.tx, f.seq"#;
const NOT_READ: &str = "
    SELECT f.subject_kind, f.subject_id, f.body::text, f.at
    FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    JOIN leases AS l ON l.shard = asked.shard
    JOIN facts AS f ON f.subject_id = asked.id AND f.subject_kind = asked.kind AND f.shard = asked.shard
        AND (f.tx, f.seq) > (l.cursor_tx, l.cursor_seq)
    WHERE f.kind IN ('attributes', 'event', 'deleted')
    ORDER BY f.tx, f.seq LIMIT $4";
const ANY_UNREAD: &str = "
    SELECT EXISTS (SELECT 1 FROM leases AS l WHERE EXISTS (
        SELECT 1 FROM facts AS f WHERE f.shard = l.shard AND (f.tx, f.seq) > (l.cursor_tx, l.cursor_seq)))";

/// Columns of facts, as arrays.
#[derive(Default)]
pub(super) struct Columns<'a> {
    id_shard: Vec<i32>,
    shard: Vec<i32>,
    id: Vec<&'a str>,
    kind: Vec<&'a str>,
    name: Vec<Option<&'a str>>,
    subject_kind: Vec<&'a str>,
    subject_id: Vec<&'a str>,
    contact: Vec<Option<&'a str>>,
    body: Vec<String>,
    at: Vec<Moment>,
    origin: Vec<String>,
}

impl<'a> Columns<'a> {
    /// The columns of `facts`, each id once.
    pub(super) fn of(facts: impl IntoIterator<Item = &'a Fact>, shards: u16) -> Result<Self> {
        let mut columns = Self::default();
        let mut seen = BTreeSet::new();
        for fact in facts {
            if seen.insert(&fact.id) {
                columns.push(fact, shards)?;
            }
        }
        Ok(columns)
    }

    fn push(&mut self, fact: &'a Fact, shards: u16) -> Result<()> {
        let (kind, name, contact) = fact_columns(fact);
        self.id_shard.push(i32::from(shard_of_fact_id(&fact.id, shards)));
        self.shard.push(i32::from(shard_of(&fact.subject, shards)));
        self.id.push(&fact.id);
        self.kind.push(kind);
        self.name.push(name);
        self.subject_kind.push(&fact.subject.kind);
        self.subject_id.push(&fact.subject.id);
        self.contact.push(contact.map(|contact| &*contact.id));
        self.body.push(json("facts", &fact.kind)?);
        self.at.push(Moment::of(fact.at));
        self.origin.push(word(&fact.origin));
        Ok(())
    }
}

/// Keeps facts whose ids are new, in one statement; answers their places.
pub(super) async fn insert<'a>(
    db: impl PgExecutor<'_>,
    shards: u16,
    facts: impl IntoIterator<Item = &'a Fact>,
) -> Result<BTreeMap<Arc<str>, Position>> {
    let columns = Columns::of(facts, shards)?;
    if columns.id.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = sqlx::query(INSERT)
        .bind(columns.id_shard)
        .bind(columns.shard)
        .bind(columns.id)
        .bind(columns.kind)
        .bind(columns.name)
        .bind(columns.subject_kind)
        .bind(columns.subject_id)
        .bind(columns.contact)
        .bind(columns.body)
        .bind(columns.at)
        .bind(columns.origin);
    let place = |row: &PgRow| {
        let position = Position { tx: row.try_get(1)?, seq: row.try_get(2)? };
        Ok((row.try_get::<&str, _>(0)?.into(), position))
    };
    query.fetch_all(db).await?.iter().map(place).collect()
}

/// Those of these ids that are there already.
pub(super) async fn known(db: &mut PgConnection, shards: u16, ids: &[&str]) -> Result<BTreeSet<String>> {
    let ids: Vec<_> = ids.iter().map(|id| clean(id).into_owned()).collect();
    let of: Vec<_> = ids.iter().map(|id| i32::from(shard_of_fact_id(id, shards))).collect();
    let known: Vec<String> = sqlx::query_scalar(KNOWN).bind(of).bind(ids).fetch_all(db).await?;
    Ok(known.into_iter().collect())
}

/// The next facts of each shard that nothing can come before any more, at most `limit` of each.
pub(super) async fn after(
    db: &mut PgConnection,
    leases: &[Lease],
    limit: u32,
) -> Result<BTreeMap<Shard, Vec<Filed>>> {
    let query = sqlx::query(AFTER)
        .bind(numbers(leases))
        .bind(leases.iter().map(|lease| lease.cursor.tx).collect::<Vec<_>>())
        .bind(leases.iter().map(|lease| lease.cursor.seq).collect::<Vec<_>>())
        .bind(i64::from(limit));
    let mut found: BTreeMap<Shard, Vec<Filed>> = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        found.entry(read_shard("facts", row.try_get(9)?)?).or_default().push(filed(&row)?);
    }
    Ok(found)
}

fn filed(row: &PgRow) -> Result<Filed> {
    let kind: &str = row.try_get(3)?;
    let moved: Option<&str> = row.try_get(8)?;
    Ok(Filed {
        position: Position { tx: row.try_get(0)?, seq: row.try_get(1)? },
        fact: Fact {
            id: row.try_get::<&str, _>(2)?.into(),
            subject: EntityId::new(kind, row.try_get::<&str, _>(4)?),
            kind: read_json("facts", row.try_get(5)?)?,
            at: time("facts", row.try_get(6)?)?,
            origin: read_word("facts", row.try_get(7)?)?,
        },
        moved: moved.map(|target| EntityId::new(kind, target)),
    })
}

/// Past events that are asked about, as far as their shards have been worked out. What was known of an
/// entity that was merged into the one asked about counts up to the merge: what came later was handed over.
pub(super) async fn history(
    db: &mut PgConnection,
    shards: u16,
    questions: &BTreeSet<Question>,
) -> Result<BTreeMap<Question, Vec<Occurrence>>> {
    let mut found: BTreeMap<Question, Vec<Occurrence>> =
        questions.iter().map(|question| (question.clone(), Vec::new())).collect();
    if questions.is_empty() {
        return Ok(found);
    }
    let asked: Vec<&Question> = questions.iter().collect();
    let addresses = Addresses::of(asked.iter().map(|question| &question.entity), shards);
    let events: Vec<&str> = asked.iter().map(|question| &*question.event).collect();
    let query =
        sqlx::query(HISTORY).bind(addresses.shard).bind(addresses.kind).bind(addresses.id).bind(events);
    for row in query.fetch_all(db).await? {
        let place = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
        let Some(question) = asked.get(place.saturating_sub(1)) else { continue };
        let (kind, at) = (read_json("facts", row.try_get(2)?)?, time("facts", row.try_get(3)?)?);
        let occurrence = occurrence(&question.entity, row.try_get(1)?, kind, at);
        found.entry((*question).clone()).or_default().extend(occurrence);
    }
    Ok(found)
}

/// What is in the log about these entities and has not been worked out.
pub(super) async fn unread(
    db: &mut PgConnection,
    shards: u16,
    ids: &BTreeSet<EntityId>,
) -> Result<Vec<Unread>> {
    let Addresses { shard, kind, id } = Addresses::of(ids, shards);
    let query = sqlx::query(NOT_READ).bind(shard).bind(kind).bind(id).bind(i64::from(overlay::UNREAD));
    let unread = |row: &PgRow| {
        Ok(Unread {
            subject: EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?),
            kind: read_json("facts", row.try_get(2)?)?,
            at: time("facts", row.try_get(3)?)?,
        })
    };
    query.fetch_all(db).await?.iter().map(unread).collect()
}

/// Whether any shard has facts that were not read, also those that an open transaction holds back.
pub(super) async fn any_unread(db: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar(ANY_UNREAD).fetch_one(db).await?)
}
