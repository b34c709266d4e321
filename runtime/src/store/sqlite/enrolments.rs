//! Table `enrolments`: the guard of `once`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Enrolled, Enrolling};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::rows::{json, micros, moment};
use crate::store::{Result, StoreError, shard_of};

const LOAD: &str = "
    SELECT e.workflow, e.subject_kind, e.subject_id, e.key, e.at
    FROM jsonb_each(?1) AS asked CROSS JOIN enrolments AS e ON e.shard = asked.value ->> 0
        AND e.subject_kind = asked.value ->> 1 AND e.subject_id = asked.value ->> 2";
const INSERT: &str = "
    INSERT INTO enrolments (shard, workflow, subject_kind, subject_id, key, at)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT DO NOTHING";
const RENEW: &str = "
    UPDATE enrolments SET at = new.value ->> 5 FROM jsonb_each(?1) AS new
    WHERE enrolments.shard = new.value ->> 0 AND enrolments.workflow = new.value ->> 1
        AND enrolments.subject_kind = new.value ->> 2 AND enrolments.subject_id = new.value ->> 3
        AND enrolments.key = new.value ->> 4 AND enrolments.at = new.value ->> 6";

/// What these subjects have entered, and when.
pub(super) async fn load(
    db: &mut SqliteConnection,
    shards: u16,
    subjects: &BTreeSet<EntityId>,
) -> Result<BTreeMap<Enrolled, Timestamp>> {
    let rows = sqlx::query(LOAD).bind(addresses(subjects, shards)?).fetch_all(db).await?;
    let enrolled = |row: &SqliteRow| {
        let key = Enrolled {
            workflow: row.try_get::<&str, _>(0)?.into(),
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            key: row.try_get::<&str, _>(3)?.into(),
        };
        Ok((key, moment("enrolments", row.try_get(4)?)?))
    };
    rows.iter().map(enrolled).collect()
}

/// Enters subjects, and renews what they have entered if it is as expected.
pub(super) async fn write(db: &mut SqliteConnection, shards: u16, enrolments: Vec<&Enrolling>) -> Result<()> {
    let (renewed, new): (Vec<_>, Vec<_>) =
        enrolments.into_iter().partition(|enrolling| enrolling.before.is_some());
    execute(db, INSERT, shards, &new).await?;
    execute(db, RENEW, shards, &renewed).await
}

async fn execute(
    db: &mut SqliteConnection,
    sql: &'static str,
    shards: u16,
    enrolments: &[&Enrolling],
) -> Result<()> {
    if enrolments.is_empty() {
        return Ok(());
    }
    let row = |enrolling: &&Enrolling| {
        let Enrolled { workflow, subject, key } = enrolling.key.clone();
        let shard = shard_of(&subject, shards);
        let (at, before) = (micros(enrolling.at), enrolling.before.map(micros));
        (shard, workflow, subject.kind, subject.id, key, at, before)
    };
    let rows: Vec<_> = enrolments.iter().map(row).collect();
    let done = sqlx::query(sql).bind(json("enrolments", &rows)?).execute(db).await?;
    if done.rows_affected() != rows.len() as u64 {
        return Err(StoreError::Conflict { what: "who has entered a workflow".to_owned() });
    }
    Ok(())
}
