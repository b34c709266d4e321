//! Table `entities`: what is known of contacts, accounts and the rest.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::EntityId;
use onward_engine::model::{Entity, Fields};
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::rows::{json, micros, moment, present, read_json};
use crate::store::{EntityPatch, Result, shard_of};

const LOAD: &str = "
    SELECT e.kind, e.id, e.attributes, e.created FROM jsonb_each(?1) AS asked CROSS JOIN entities AS e
    ON e.shard = asked.value ->> 0 AND e.kind = asked.value ->> 1 AND e.id = asked.value ->> 2";
const PUT: &str = "
    INSERT INTO entities (shard, kind, id, attributes, created)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM jsonb_each(?1) WHERE true
    ON CONFLICT (shard, kind, id) DO UPDATE SET attributes = excluded.attributes, created = excluded.created";
const DELETE: &str = "
    DELETE FROM entities WHERE rowid IN (
        SELECT e.rowid FROM jsonb_each(?1) AS asked CROSS JOIN entities AS e
        ON e.shard = asked.value ->> 0 AND e.kind = asked.value ->> 1 AND e.id = asked.value ->> 2)";

/// The entities that there are among `ids`.
pub(super) async fn load(
    db: &mut SqliteConnection,
    shards: u16,
    ids: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Entity>> {
    let rows = sqlx::query(LOAD).bind(addresses(ids, shards)?).fetch_all(db).await?;
    let mut entities = BTreeMap::new();
    for row in rows {
        let id = EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?);
        let attributes = read_json("entities", row.try_get(2)?)?;
        let created = moment("entities", row.try_get(3)?)?;
        entities.insert(id.clone(), Entity::new(id, attributes, created));
    }
    Ok(entities)
}

/// Applies patches. The one writer may read before it writes.
pub(super) async fn patch(
    db: &mut SqliteConnection,
    shards: u16,
    patches: BTreeMap<EntityId, EntityPatch>,
) -> Result<()> {
    if patches.is_empty() {
        return Ok(());
    }
    let set = patches.iter().filter(|(_, patch)| matches!(patch, EntityPatch::Set { .. }));
    let mut known = load(db, shards, &set.map(|(id, _)| id.clone()).collect()).await?;
    let (mut put, mut deleted) = (Vec::new(), BTreeSet::new());
    for (id, patch) in patches {
        let (attributes, created) = match patch {
            EntityPatch::Delete => {
                deleted.insert(id);
                continue;
            }
            EntityPatch::Replace { attributes, created } => (attributes, created),
            EntityPatch::Set { attributes, created } => match known.remove(&id) {
                Some(entity) => (patched(entity.attributes, attributes), entity.created),
                None => (attributes, created),
            },
        };
        let attributes = json("entities", &present(attributes))?;
        put.push((shard_of(&id, shards), id.kind, id.id, attributes, micros(created)));
    }
    if !put.is_empty() {
        sqlx::query(PUT).bind(json("entities", &put)?).execute(&mut *db).await?;
    }
    if !deleted.is_empty() {
        sqlx::query(DELETE).bind(addresses(&deleted, shards)?).execute(db).await?;
    }
    Ok(())
}

fn patched(mut attributes: Fields, patch: Fields) -> Fields {
    attributes.extend(patch);
    attributes
}
