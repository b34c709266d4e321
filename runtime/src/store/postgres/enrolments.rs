//! Table `enrolments`: the guard of `once`.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::EntityId;
use onward_engine::model::{Enrolled, Enrolling};
use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::Addresses;
use crate::store::{Result, StoreError};

const LOAD: &str = "
    SELECT e.workflow, e.subject_kind, e.subject_id, e.key
    FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    JOIN enrolments AS e ON e.shard = asked.shard AND e.subject_kind = asked.kind AND e.subject_id = asked.id";
const INSERT: &str = "
    INSERT INTO enrolments (shard, subject_kind, subject_id, workflow, key)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[])
    ON CONFLICT DO NOTHING";

/// What these subjects have entered.
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
        Ok((key, Timestamp::UNIX_EPOCH))
    };
    rows.iter().map(enrolled).collect()
}

/// Enters subjects, each for the first time.
pub(super) async fn insert(db: &mut PgConnection, shards: u16, enrolments: &[Enrolling]) -> Result<()> {
    if enrolments.is_empty() {
        return Ok(());
    }
    let subjects = Addresses::of(enrolments.iter().map(|enrolled| &enrolled.key.subject), shards);
    let workflows: Vec<&str> = enrolments.iter().map(|enrolled| &*enrolled.key.workflow).collect();
    let keys: Vec<&str> = enrolments.iter().map(|enrolled| &*enrolled.key.key).collect();
    let query = sqlx::query(INSERT).bind(subjects.shard).bind(subjects.kind).bind(subjects.id);
    let done = query.bind(workflows).bind(keys).execute(db).await?;
    if done.rows_affected() != enrolments.len() as u64 {
        return Err(StoreError::Conflict { what: "who has entered a workflow".to_owned() });
    }
    Ok(())
}
