//! Table `relations`: to what entities refer.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::EntityId;
use onward_engine::model::Reference;
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::commit::Relation;
use crate::store::rows::json;
use crate::store::{Result, shard_of};

const FORGET: &str = "
    DELETE FROM relations WHERE (shard, kind, id) IN (
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1))";
const UNSET: &str = "
    DELETE FROM relations WHERE (shard, kind, id, attribute) IN (
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each(?1))";
const SET: &str = "
    INSERT INTO relations (shard, kind, id, attribute, target_kind, target)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (shard, kind, id, attribute) DO UPDATE
    SET target_kind = excluded.target_kind, target = excluded.target";
const REFERRERS: &str = "
    SELECT asked.key, r.id FROM jsonb_each(?1) AS asked CROSS JOIN relations AS r
    ON r.target = asked.value ->> 0 AND r.target_kind = asked.value ->> 1 AND r.kind = asked.value ->> 2
        AND r.attribute = asked.value ->> 3
    CROSS JOIN entities AS e ON e.shard = r.shard AND e.kind = r.kind AND e.id = r.id AND e.deleted IS NULL
    ORDER BY asked.key, r.id";

/// Forgets all that entities refer to that are gone.
pub(super) async fn forget(db: &mut SqliteConnection, shards: u16, gone: &[EntityId]) -> Result<()> {
    if !gone.is_empty() {
        sqlx::query(FORGET).bind(addresses(gone, shards)?).execute(db).await?;
    }
    Ok(())
}

/// Keeps what entities refer to.
pub(super) async fn write(
    db: &mut SqliteConnection,
    shards: u16,
    relations: Vec<(&Relation, &Option<EntityId>)>,
) -> Result<()> {
    let (mut unset, mut set) = (Vec::new(), Vec::new());
    for (relation, target) in relations {
        let of = &relation.of;
        let (shard, attribute) = (shard_of(of, shards), &relation.attribute);
        match target {
            Some(to) => set.push((shard, &of.kind, &of.id, attribute, &to.kind, &to.id)),
            None => unset.push((shard, &of.kind, &of.id, attribute)),
        }
    }
    if !unset.is_empty() {
        sqlx::query(UNSET).bind(json("relations", &unset)?).execute(&mut *db).await?;
    }
    if !set.is_empty() {
        sqlx::query(SET).bind(json("relations", &set)?).execute(db).await?;
    }
    Ok(())
}

/// Who refers to what is asked about.
pub(super) async fn referrers(
    db: &mut SqliteConnection,
    references: &BTreeSet<Reference>,
) -> Result<BTreeMap<Reference, Vec<EntityId>>> {
    let asked: Vec<&Reference> = references.iter().collect();
    let mut found: BTreeMap<Reference, Vec<EntityId>> =
        references.iter().map(|reference| (reference.clone(), Vec::new())).collect();
    let rows: Vec<_> = asked.iter().map(|r| (&r.target.id, &r.target.kind, &r.kind, &r.attribute)).collect();
    for row in sqlx::query(REFERRERS).bind(json("relations", &rows)?).fetch_all(db).await? {
        let place = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
        if let Some(reference) = asked.get(place) {
            let referrer = EntityId::new(reference.kind.clone(), row.try_get::<&str, _>(1)?);
            found.entry((*reference).clone()).or_default().push(referrer);
        }
    }
    Ok(found)
}
