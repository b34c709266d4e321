//! Tables `identities` and `merges`: which keys name which entity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::EntityId;
use sqlx::{PgConnection, Row};

use crate::store::identity::{Directory, Key, any_key, merge_id};
use crate::store::rows::{read_word, word};
use crate::store::shard::shard_of_key;
use crate::store::{IdentityKey, Position, Result, shard_of};

/// Advisory locks: one for each part of the keys, and one for merging, always last.
const KEY_LOCKS: i32 = 0x6f6e_7701;
const MERGE_LOCK: i64 = 0x6f6e_7702;
const LOCKS: u16 = 64;

// What was merged is followed to the entity that is left.
const NAMED: &str = "
    WITH RECURSIVE asked AS (
        SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::text[])
            AS asked (shard, entity_shard, kind, namespace, value)),
    named (kind, namespace, value, entity, shard) AS (
        (SELECT i.kind, i.namespace, i.value, i.entity, i.entity_shard FROM asked AS a JOIN identities AS i
            ON i.shard = a.shard AND i.kind = a.kind AND i.namespace = a.namespace AND i.value = a.value
        UNION
        SELECT m.kind, a.namespace, m.entity, m.target, m.target_shard FROM asked AS a JOIN merges AS m
            ON a.namespace = 'id' AND m.shard = a.entity_shard AND m.kind = a.kind AND m.entity = a.value)
        UNION
        SELECT n.kind, n.namespace, n.value, m.target, m.target_shard FROM named AS n
        JOIN merges AS m ON m.shard = n.shard AND m.kind = n.kind AND m.entity = n.entity)
    SELECT kind, namespace, value, entity FROM named AS n WHERE NOT EXISTS (
        SELECT 1 FROM merges AS m WHERE m.shard = n.shard AND m.kind = n.kind AND m.entity = n.entity)";
const LOCK_KEYS: &str = "SELECT pg_advisory_xact_lock($1, part) FROM unnest($2::integer[]) AS part";
const LOCK_MERGES: &str = "SELECT pg_advisory_xact_lock($1)";
const ADD: &str = "
    INSERT INTO identities (shard, kind, namespace, value, entity, entity_shard)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[])";
const MERGE: &str = "
    INSERT INTO merges (shard, kind, entity, target, target_shard, tx, seq)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::bigint[],
        $7::bigint[])
    ON CONFLICT (shard, kind, entity) DO NOTHING";
const REPOINT: &str = "
    UPDATE identities SET entity = moved.target, entity_shard = moved.target_shard
    FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[])
        AS moved (kind, entity, target, target_shard)
    WHERE identities.kind = moved.kind AND identities.entity = moved.entity";
const TARGET: &str = "SELECT target FROM merges WHERE shard = $1 AND kind = $2 AND entity = $3";
const OF_ENTITY: &str = "
    SELECT namespace, value FROM identities WHERE kind = $1 AND entity = $2 ORDER BY namespace, value";

/// Columns of keys, as arrays.
#[derive(Default)]
struct Columns<'a> {
    shard: Vec<i32>,
    entity_shard: Vec<i32>,
    kind: Vec<&'a str>,
    namespace: Vec<String>,
    value: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(keys: impl IntoIterator<Item = &'a Key>, shards: u16) -> Self {
        let mut columns = Self::default();
        for Key { kind, key } in keys {
            let namespace = word(&key.namespace);
            let entity = EntityId::new(kind.clone(), key.value.clone());
            columns.shard.push(i32::from(shard_of_key(kind, &namespace, &key.value, shards)));
            columns.entity_shard.push(i32::from(shard_of(&entity, shards)));
            columns.kind.push(kind);
            columns.namespace.push(namespace);
            columns.value.push(&key.value);
        }
        columns
    }
}

/// What is known of these keys.
pub(super) async fn directory(db: &mut PgConnection, shards: u16, keys: &BTreeSet<Key>) -> Result<Directory> {
    if keys.is_empty() {
        return Ok(Directory::default());
    }
    let asked = Columns::of(keys, shards);
    let query = sqlx::query(NAMED)
        .bind(asked.shard)
        .bind(asked.entity_shard)
        .bind(asked.kind)
        .bind(asked.namespace)
        .bind(asked.value);
    let mut known = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        let kind = row.try_get::<&str, _>(0)?.into();
        let namespace = read_word("identities", row.try_get(1)?)?;
        let key = IdentityKey { namespace, value: row.try_get::<&str, _>(2)?.into() };
        known.insert(Key { kind, key }, row.try_get::<&str, _>(3)?.into());
    }
    Ok(Directory::new(known))
}

/// Nobody else adds any of these keys until the transaction ends.
pub(super) async fn lock(db: &mut PgConnection, keys: &BTreeSet<Key>) -> Result<()> {
    let part =
        |key: &Key| i32::from(shard_of_key(&key.kind, &word(&key.key.namespace), &key.key.value, LOCKS));
    let parts: BTreeSet<i32> = keys.iter().map(part).collect();
    let parts: Vec<i32> = parts.into_iter().collect();
    sqlx::query(LOCK_KEYS).bind(KEY_LOCKS).bind(parts).execute(db).await?;
    Ok(())
}

/// Nobody else merges entities until the transaction ends.
pub(super) async fn lock_merges(db: &mut PgConnection) -> Result<()> {
    sqlx::query(LOCK_MERGES).bind(MERGE_LOCK).execute(db).await?;
    Ok(())
}

/// Keeps what a directory has added; `places` tells where the facts of its merges are.
pub(super) async fn add(
    db: &mut PgConnection,
    shards: u16,
    directory: &Directory,
    places: &BTreeMap<Arc<str>, Position>,
) -> Result<()> {
    merge(db, shards, directory, places).await?;
    if directory.added().is_empty() {
        return Ok(());
    }
    let added = Columns::of(directory.added().keys(), shards);
    let entities: Vec<&str> = directory.added().values().map(|id| &**id).collect();
    let entity = |(key, id): (&Key, &Arc<str>)| EntityId::new(key.kind.clone(), id.clone());
    let entity_shards: Vec<i32> =
        directory.added().iter().map(|added| i32::from(shard_of(&entity(added), shards))).collect();
    let query = sqlx::query(ADD)
        .bind(added.shard)
        .bind(added.kind)
        .bind(added.namespace)
        .bind(added.value)
        .bind(entities)
        .bind(entity_shards);
    query.execute(db).await?;
    Ok(())
}

async fn merge(
    db: &mut PgConnection,
    shards: u16,
    directory: &Directory,
    places: &BTreeMap<Arc<str>, Position>,
) -> Result<()> {
    let merged = directory.merged().iter();
    let placed = merged.filter_map(|(from, into)| Some((from, into, places.get(&merge_id(from))?)));
    let placed: Vec<_> = placed.collect();
    if placed.is_empty() {
        return Ok(());
    }
    let kind: Vec<&str> = placed.iter().map(|(from, ..)| &*from.kind).collect();
    let entity: Vec<&str> = placed.iter().map(|(from, ..)| &*from.id).collect();
    let target: Vec<&str> = placed.iter().map(|(_, into, _)| &*into.id).collect();
    let shard: Vec<i32> = placed.iter().map(|(from, ..)| i32::from(shard_of(from, shards))).collect();
    let target_shard: Vec<i32> =
        placed.iter().map(|(_, into, _)| i32::from(shard_of(into, shards))).collect();
    let tx: Vec<i64> = placed.iter().map(|(.., place)| place.tx).collect();
    let seq: Vec<i64> = placed.iter().map(|(.., place)| place.seq).collect();
    let query = sqlx::query(MERGE)
        .bind(shard)
        .bind(&kind)
        .bind(&entity)
        .bind(&target)
        .bind(&target_shard)
        .bind(tx)
        .bind(seq);
    query.execute(&mut *db).await?;
    let query = sqlx::query(REPOINT).bind(kind).bind(entity).bind(target).bind(target_shard);
    query.execute(db).await?;
    Ok(())
}

/// The entity that an entity was merged into.
pub(super) async fn target(db: &mut PgConnection, shards: u16, id: &EntityId) -> Result<Option<EntityId>> {
    let query = sqlx::query_scalar(TARGET).bind(i32::from(shard_of(id, shards)));
    let target: Option<String> = query.bind(&*id.kind).bind(&*id.id).fetch_optional(db).await?;
    Ok(target.map(|target| EntityId::new(id.kind.clone(), target)))
}

/// The entity that a key names, the most trusted sort of key first.
pub(super) async fn named(
    db: &mut PgConnection,
    shards: u16,
    kind: &str,
    value: &str,
) -> Result<Option<EntityId>> {
    let keys = any_key(kind, value);
    let directory = directory(db, shards, &keys).await?;
    Ok(keys.iter().find_map(|key| directory.entity(key)))
}

/// The keys that name an entity.
pub(super) async fn of_entity(db: &mut PgConnection, id: &EntityId) -> Result<Vec<IdentityKey>> {
    let rows = sqlx::query(OF_ENTITY).bind(&*id.kind).bind(&*id.id).fetch_all(db).await?;
    let key = |namespace: &str, value: &str| {
        let value: Arc<str> = value.into();
        Ok(IdentityKey { namespace: read_word("identities", namespace)?, value })
    };
    rows.iter().map(|row| key(row.try_get(0)?, row.try_get(1)?)).collect()
}
