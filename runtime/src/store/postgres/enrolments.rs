//! Table `enrolments`: the guard of `once`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Enrolled, Enrolling};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Addresses, Moment, time};
use crate::store::{Result, StoreError};

const LOAD: &str = "
    SELECT e.workflow, e.subject_kind, e.subject_id, e.key, e.at
    FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    JOIN enrolments AS e ON e.shard = asked.shard AND e.subject_kind = asked.kind AND e.subject_id = asked.id";
const INSERT: &str = "
    INSERT INTO enrolments (shard, subject_kind, subject_id, workflow, key, at)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    ON CONFLICT DO NOTHING";
const RENEW: &str = "
    UPDATE enrolments AS e SET at = new.at
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
        $7::timestamptz[]) AS new (shard, kind, id, workflow, key, at, before)
    WHERE e.shard = new.shard AND e.subject_kind = new.kind AND e.subject_id = new.id
        AND e.workflow = new.workflow AND e.key = new.key AND e.at = new.before";

/// What these subjects have entered, and when.
pub(super) async fn load(
    db: &mut PgConnection,
    shards: u16,
    subjects: &BTreeSet<EntityId>,
) -> Result<BTreeMap<Enrolled, Timestamp>> {
    let Addresses { shard, kind, id } = Addresses::of(subjects, shards);
    let rows = sqlx::query(LOAD).bind(shard).bind(kind).bind(id).fetch_all(db).await?;
    let enrolled = |row: &PgRow| {
        let key = Enrolled {
            workflow: row.try_get::<&str, _>(0)?.into(),
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            key: row.try_get::<&str, _>(3)?.into(),
        };
        Ok((key, time("enrolments", row.try_get(4)?)?))
    };
    rows.iter().map(enrolled).collect()
}

/// Enters subjects, and renews what they have entered if it is as expected.
pub(super) async fn write(db: &mut PgConnection, shards: u16, enrolments: Vec<&Enrolling>) -> Result<()> {
    let (renewed, new): (Vec<_>, Vec<_>) =
        enrolments.into_iter().partition(|enrolling| enrolling.before.is_some());
    execute(db, INSERT, shards, &new).await?;
    execute(db, RENEW, shards, &renewed).await
}

async fn execute(db: &mut PgConnection, sql: &'static str, shards: u16, rows: &[&Enrolling]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let subjects = Addresses::of(rows.iter().map(|row| &row.key.subject), shards);
    let workflows: Vec<&str> = rows.iter().map(|row| &*row.key.workflow).collect();
    let keys: Vec<&str> = rows.iter().map(|row| &*row.key.key).collect();
    let at: Vec<Moment> = rows.iter().map(|row| Moment::of(row.at)).collect();
    let before: Vec<Moment> = rows.iter().filter_map(|row| row.before).map(Moment::of).collect();
    let query = sqlx::query(sql).bind(subjects.shard).bind(subjects.kind).bind(subjects.id);
    let query = query.bind(workflows).bind(keys).bind(at);
    let query = if before.is_empty() { query } else { query.bind(before) };
    if query.execute(db).await?.rows_affected() != rows.len() as u64 {
        return Err(StoreError::Conflict { what: "who has entered a workflow".to_owned() });
    }
    Ok(())
}
