//! Table `enrolments`: the guard of `once`.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::EntityId;
use onward_engine::model::{Enrolled, Enrolling};
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::rows::json;
use crate::store::{Result, StoreError, shard_of};

const LOAD: &str = "
    SELECT e.workflow, e.subject_kind, e.subject_id, e.key
    FROM jsonb_each(?1) AS asked CROSS JOIN enrolments AS e ON e.shard = asked.value ->> 0
        AND e.subject_kind = asked.value ->> 1 AND e.subject_id = asked.value ->> 2";
const INSERT: &str = "
    INSERT INTO enrolments (shard, workflow, subject_kind, subject_id, key)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM jsonb_each(?1) WHERE true
    ON CONFLICT DO NOTHING";

/// What these subjects have entered.
pub(super) async fn load(
    db: &mut SqliteConnection,
    shards: u16,
    subjects: &BTreeSet<EntityId>,
) -> Result<BTreeMap<Enrolled, Timestamp>> {
    let rows = sqlx::query(LOAD).bind(addresses(subjects, shards)?).fetch_all(db).await?;
    let enrolled = |row: &sqlx::sqlite::SqliteRow| {
        let key = Enrolled {
            workflow: row.try_get::<&str, _>(0)?.into(),
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            key: row.try_get::<&str, _>(3)?.into(),
        };
        Ok((key, Timestamp::UNIX_EPOCH))
    };
    rows.iter().map(enrolled).collect()
}

/// Enters subjects, each for the first time.
pub(super) async fn insert(db: &mut SqliteConnection, shards: u16, enrolments: &[Enrolling]) -> Result<()> {
    if enrolments.is_empty() {
        return Ok(());
    }
    let row = |Enrolling { key: e, .. }: &Enrolling| {
        let subject = &e.subject;
        let shard = shard_of(subject, shards);
        (shard, e.workflow.clone(), subject.kind.clone(), subject.id.clone(), e.key.clone())
    };
    let rows: Vec<_> = enrolments.iter().map(row).collect();
    let done = sqlx::query(INSERT).bind(json("enrolments", &rows)?).execute(db).await?;
    if done.rows_affected() != rows.len() as u64 {
        return Err(StoreError::Conflict { what: "who has entered a workflow".to_owned() });
    }
    Ok(())
}
