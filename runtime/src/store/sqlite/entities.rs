//! Table `entities`: what is known of contacts, accounts and the rest.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Entity, Fields, Watch};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::commit::Patch;
use crate::store::rows::{json, micros, micros_up, moment, present, read_json};
use crate::store::{Due, EntityPatch, Result, Ring, Shard, shard_of};

const LOAD: &str = "
    SELECT e.kind, e.id, e.attributes, e.created, e.deleted, e.watch
    FROM jsonb_each(?1) AS asked CROSS JOIN entities AS e
    ON e.shard = asked.value ->> 0 AND e.kind = asked.value ->> 1 AND e.id = asked.value ->> 2";
const PUT: &str = "
    INSERT INTO entities (shard, kind, id, attributes, created, deleted, watch, wake)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (shard, kind, id) DO UPDATE SET attributes = excluded.attributes, created = excluded.created,
        deleted = excluded.deleted, watch = excluded.watch, wake = excluded.wake";
const DELETE: &str = "
    DELETE FROM entities WHERE rowid IN (
        SELECT e.rowid FROM jsonb_each(?1) AS asked CROSS JOIN entities AS e
        ON e.shard = asked.value ->> 0 AND e.kind = asked.value ->> 1 AND e.id = asked.value ->> 2)";
const WAKING: &str = "
    SELECT wake, kind, id FROM entities WHERE shard = ?1 AND wake <= ?2 ORDER BY wake, kind, id LIMIT ?3";
const NEXT_WAKE: &str = "
    SELECT min((SELECT min(e.wake) FROM entities AS e WHERE e.shard = l.shard AND e.wake IS NOT NULL))
    FROM leases AS l";

/// The entities that there are among `ids`.
pub(super) async fn load(
    db: &mut SqliteConnection,
    shards: u16,
    ids: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Entity>> {
    let rows = sqlx::query(LOAD).bind(addresses(ids, shards)?).fetch_all(db).await?;
    rows.iter().map(|row| entity(row).map(|entity| (entity.id.clone(), entity))).collect()
}

fn entity(row: &SqliteRow) -> Result<Entity> {
    let deleted: Option<i64> = row.try_get(4)?;
    Ok(Entity {
        id: EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?),
        attributes: read_json("entities", row.try_get(2)?)?,
        created: moment("entities", row.try_get(3)?)?,
        deleted: deleted.map(|deleted| moment("entities", deleted)).transpose()?,
        watch: read_json("entities", row.try_get(5)?)?,
    })
}

/// Applies patches. The one writer may read before it writes.
pub(super) async fn patch(
    db: &mut SqliteConnection,
    shards: u16,
    patches: &[(&EntityId, &EntityPatch)],
) -> Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let set = patches.iter().filter(|(_, patch)| matches!(patch, EntityPatch::Set(_)));
    let mut known = load(db, shards, &set.map(|(id, _)| (*id).clone()).collect()).await?;
    let (mut put, mut deleted) = (Vec::new(), BTreeSet::new());
    for (id, patch) in patches {
        let (patch, before) = match patch {
            EntityPatch::Delete => {
                deleted.insert((*id).clone());
                continue;
            }
            EntityPatch::Replace(patch) => (patch, None),
            EntityPatch::Set(patch) => (patch, known.remove(id)),
        };
        let Entity { id, attributes, created, deleted, watch } = patched(id, before, patch);
        let (wake, attributes) = (watch.wake().map(micros_up), json("entities", &attributes)?);
        let watch = json("entities", &watch)?;
        let (created, deleted) = (micros(created), deleted.map(micros));
        put.push((shard_of(&id, shards), id.kind, id.id, attributes, created, deleted, watch, wake));
    }
    if !put.is_empty() {
        sqlx::query(PUT).bind(json("entities", &put)?).execute(&mut *db).await?;
    }
    if !deleted.is_empty() {
        sqlx::query(DELETE).bind(addresses(&deleted, shards)?).execute(db).await?;
    }
    Ok(())
}

fn patched(id: &EntityId, before: Option<Entity>, patch: &Patch) -> Entity {
    let mut entity = before.unwrap_or_else(|| Entity {
        id: id.clone(),
        attributes: Fields::new(),
        created: patch.created,
        deleted: None,
        watch: Watch::default(),
    });
    entity.attributes.extend(patch.attributes.clone());
    entity.attributes = present(entity.attributes);
    entity.deleted = patch.buried.or(entity.deleted);
    if let Some(watch) = &patch.watch {
        entity.watch = watch.clone();
    }
    entity
}

/// Entities whose first alarm has come.
pub(super) async fn waking(
    db: &mut SqliteConnection,
    shard: Shard,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Due>> {
    let rows = sqlx::query(WAKING).bind(shard).bind(micros(now)).bind(limit).fetch_all(db).await?;
    let due = |row: &SqliteRow| {
        Ok(Due {
            at: moment("entities", row.try_get(0)?)?,
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            what: Ring::Wake,
        })
    };
    rows.iter().map(due).collect()
}

/// When the first alarm rings.
pub(super) async fn next_wake(db: &mut SqliteConnection) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(NEXT_WAKE).fetch_one(db).await?)
}
