//! Table `entities`: what is known of contacts, accounts and the rest.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::EntityId;
use onward_engine::model::Entity;
use sqlx::{PgConnection, Row};

use super::{Addresses, Moment, time};
use crate::store::rows::{json, present, read_json};
use crate::store::{EntityPatch, Result, shard_of};

const LOAD: &str = "
    SELECT e.kind, e.id, e.attributes::text, e.created
    FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    JOIN entities AS e ON e.shard = asked.shard AND e.kind = asked.kind AND e.id = asked.id";
const SET: &str = "
    INSERT INTO entities (shard, kind, id, attributes, created)
    SELECT shard, kind, id, attributes::jsonb, created
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
        AS patch (shard, kind, id, attributes, created)
    ON CONFLICT (shard, kind, id) DO UPDATE SET attributes = entities.attributes || excluded.attributes";
const DELETE: &str = "
    DELETE FROM entities AS e USING unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    WHERE e.shard = asked.shard AND e.kind = asked.kind AND e.id = asked.id";

/// The entities that there are among `ids`.
pub(super) async fn load(
    db: &mut PgConnection,
    shards: u16,
    ids: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Entity>> {
    let Addresses { shard, kind, id } = Addresses::of(ids, shards);
    let rows = sqlx::query(LOAD).bind(shard).bind(kind).bind(id).fetch_all(db).await?;
    let mut entities = BTreeMap::new();
    for row in rows {
        let id = EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?);
        let attributes = present(read_json("entities", row.try_get(2)?)?);
        let created = time("entities", row.try_get(3)?)?;
        entities.insert(id.clone(), Entity::new(id, attributes, created));
    }
    Ok(entities)
}

/// Applies patches, without reading what they patch.
pub(super) async fn patch(
    db: &mut PgConnection,
    shards: u16,
    patches: &BTreeMap<EntityId, EntityPatch>,
) -> Result<()> {
    let gone = patches.iter().filter(|(_, patch)| !matches!(patch, EntityPatch::Set { .. }));
    let gone = Addresses::of(gone.map(|(id, _)| id), shards);
    if !gone.id.is_empty() {
        sqlx::query(DELETE).bind(gone.shard).bind(gone.kind).bind(gone.id).execute(&mut *db).await?;
    }
    let mut set = Addresses::default();
    let (mut attributes, mut created) = (Vec::new(), Vec::new());
    for (id, patch) in patches {
        let (EntityPatch::Set { attributes: new, created: at }
        | EntityPatch::Replace { attributes: new, created: at }) = patch
        else {
            continue;
        };
        set.push(id, shard_of(id, shards));
        attributes.push(json("entities", new)?);
        created.push(Moment::of(*at));
    }
    if !set.id.is_empty() {
        let query =
            sqlx::query(SET).bind(set.shard).bind(set.kind).bind(set.id).bind(attributes).bind(created);
        query.execute(db).await?;
    }
    Ok(())
}
