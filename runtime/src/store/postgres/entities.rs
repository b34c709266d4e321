//! Table `entities`: what is known of contacts, accounts and the rest.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::Entity;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Addresses, Moment, maybe_time, numbers, read_shard, time};
use crate::store::commit::Patch;
use crate::store::rows::{json, present, read_json};
use crate::store::{Due, EntityPatch, Lease, Result, Ring, Shard, shard_of};

const LOAD: &str = "
    SELECT e.kind, e.id, e.attributes::text, e.created, e.deleted, e.watch::text
    FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    JOIN entities AS e ON e.shard = asked.shard AND e.kind = asked.kind AND e.id = asked.id";
const SET: &str = "
    INSERT INTO entities (shard, kind, id, attributes, created, deleted)
    SELECT shard, kind, id, attributes::jsonb, created, deleted
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
        AS patch (shard, kind, id, attributes, created, deleted)
    ON CONFLICT (shard, kind, id) DO UPDATE SET attributes = entities.attributes || excluded.attributes,
        deleted = coalesce(excluded.deleted, entities.deleted)
    WHERE excluded.attributes <> '{}' OR excluded.deleted IS NOT NULL";
const SET_AND_WATCH: &str = "
    INSERT INTO entities (shard, kind, id, attributes, created, deleted, watch, wake)
    SELECT shard, kind, id, attributes::jsonb, created, deleted, watch::json, wake
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
        $7::text[], $8::timestamptz[])
        AS patch (shard, kind, id, attributes, created, deleted, watch, wake)
    ON CONFLICT (shard, kind, id) DO UPDATE SET attributes = entities.attributes || excluded.attributes,
        deleted = coalesce(excluded.deleted, entities.deleted), watch = excluded.watch, wake = excluded.wake";
const DELETE: &str = "
    DELETE FROM entities AS e USING unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    WHERE e.shard = asked.shard AND e.kind = asked.kind AND e.id = asked.id";
const WAKING: &str = "
    SELECT due.* FROM unnest($1::integer[]) AS asked (shard) CROSS JOIN LATERAL (
        SELECT e.wake, e.kind, e.id, e.shard FROM entities AS e
        WHERE e.shard = asked.shard AND e.wake <= $2 ORDER BY e.wake, e.kind, e.id LIMIT $3) AS due
    ORDER BY due.shard, due.wake, due.kind, due.id";
const NEXT_WAKE: &str = "
    SELECT min(first.wake) FROM leases AS l CROSS JOIN LATERAL (
        SELECT e.wake FROM entities AS e WHERE e.shard = l.shard AND e.wake IS NOT NULL
        ORDER BY e.wake LIMIT 1) AS first";

/// The entities that there are among `ids`.
pub(super) async fn load(
    db: &mut PgConnection,
    shards: u16,
    ids: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Entity>> {
    let Addresses { shard, kind, id } = Addresses::of(ids, shards);
    let rows = sqlx::query(LOAD).bind(shard).bind(kind).bind(id).fetch_all(db).await?;
    rows.iter().map(|row| entity(row).map(|entity| (entity.id.clone(), entity))).collect()
}

fn entity(row: &PgRow) -> Result<Entity> {
    Ok(Entity {
        id: EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?),
        attributes: present(read_json("entities", row.try_get(2)?)?),
        created: time("entities", row.try_get(3)?)?,
        deleted: maybe_time("entities", row.try_get(4)?)?,
        watch: read_json("entities", row.try_get(5)?)?,
    })
}

/// Columns of patches, as arrays.
#[derive(Default)]
struct Columns<'a> {
    address: Addresses<'a>,
    attributes: Vec<String>,
    created: Vec<Moment>,
    deleted: Vec<Option<Moment>>,
    watch: Vec<String>,
    wake: Vec<Option<Moment>>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, id: &'a EntityId, shards: u16, patch: &Patch) -> Result<()> {
        self.address.push(id, shard_of(id, shards));
        self.attributes.push(json("entities", &patch.attributes)?);
        self.created.push(Moment::of(patch.created));
        self.deleted.push(patch.buried.map(Moment::of));
        if let Some(watch) = &patch.watch {
            self.watch.push(json("entities", watch)?);
            self.wake.push(watch.wake().map(Moment::up));
        }
        Ok(())
    }

    async fn execute(self, db: &mut PgConnection) -> Result<()> {
        if self.attributes.is_empty() {
            return Ok(());
        }
        let watched = !self.watch.is_empty();
        let query = sqlx::query(if watched { SET_AND_WATCH } else { SET })
            .bind(self.address.shard)
            .bind(self.address.kind)
            .bind(self.address.id)
            .bind(self.attributes)
            .bind(self.created)
            .bind(self.deleted);
        let query = if watched { query.bind(self.watch).bind(self.wake) } else { query };
        query.execute(db).await?;
        Ok(())
    }
}

/// Applies patches, without reading what they patch.
pub(super) async fn patch(
    db: &mut PgConnection,
    shards: u16,
    patches: &[(&EntityId, &EntityPatch)],
) -> Result<()> {
    let gone = patches.iter().filter(|(_, patch)| !matches!(patch, EntityPatch::Set(_)));
    let gone = Addresses::of(gone.map(|(id, _)| *id), shards);
    if !gone.id.is_empty() {
        sqlx::query(DELETE).bind(gone.shard).bind(gone.kind).bind(gone.id).execute(&mut *db).await?;
    }
    let (mut set, mut watched) = (Columns::default(), Columns::default());
    for (id, patch) in patches {
        let (EntityPatch::Set(patch) | EntityPatch::Replace(patch)) = patch else { continue };
        let columns = if patch.watch.is_some() { &mut watched } else { &mut set };
        columns.push(id, shards, patch)?;
    }
    set.execute(db).await?;
    watched.execute(db).await
}

/// Entities of each shard whose first alarm has come.
pub(super) async fn waking(
    db: &mut PgConnection,
    leases: &[Lease],
    now: Timestamp,
    limit: u32,
) -> Result<BTreeMap<Shard, Vec<Due>>> {
    let query = sqlx::query(WAKING).bind(numbers(leases)).bind(Moment::of(now)).bind(i64::from(limit));
    let mut found: BTreeMap<Shard, Vec<Due>> = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        let due = Due {
            at: time("entities", row.try_get(0)?)?,
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            what: Ring::Wake,
        };
        found.entry(read_shard("entities", row.try_get(3)?)?).or_default().push(due);
    }
    Ok(found)
}

/// When the first alarm rings.
pub(super) async fn next_wake(db: &mut PgConnection) -> Result<Option<Timestamp>> {
    maybe_time("entities", sqlx::query_scalar(NEXT_WAKE).fetch_one(db).await?)
}
