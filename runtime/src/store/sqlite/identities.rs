//! Tables `identities` and `merges`: which keys name which entity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::EntityId;
use sqlx::{Row, SqliteConnection};

use crate::store::identity::{Directory, Key, any_key, merge_id};
use crate::store::rows::{json, read_word, word};
use crate::store::{IdentityKey, Result};

// What was merged is followed to the entity that is left.
const NAMED: &str = "
    WITH RECURSIVE named (kind, namespace, value, entity) AS (
        SELECT i.kind, i.namespace, i.value, i.entity FROM jsonb_each(?1) AS asked CROSS JOIN identities AS i
        ON i.kind = asked.value ->> 0 AND i.namespace = asked.value ->> 1 AND i.value = asked.value ->> 2
        UNION
        SELECT m.kind, asked.value ->> 1, m.entity, m.target FROM jsonb_each(?1) AS asked CROSS JOIN merges AS m
        ON asked.value ->> 1 = 'id' AND m.kind = asked.value ->> 0 AND m.entity = asked.value ->> 2
        UNION
        SELECT n.kind, n.namespace, n.value, m.target FROM named AS n
        JOIN merges AS m ON m.kind = n.kind AND m.entity = n.entity)
    SELECT kind, namespace, value, entity FROM named AS n
    WHERE NOT EXISTS (SELECT 1 FROM merges AS m WHERE m.kind = n.kind AND m.entity = n.entity)";
const REPOINT: &str = "
    UPDATE identities SET entity = moved.target
    FROM (SELECT value ->> 0 AS kind, value ->> 1 AS entity, value ->> 2 AS target FROM jsonb_each(?1)) AS moved
    WHERE identities.kind = moved.kind AND identities.entity = moved.entity";
const ADD: &str = "
    INSERT INTO identities (kind, namespace, value, entity)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each(?1)";
const MERGE: &str = "
    INSERT INTO merges (kind, entity, target, seq)
    SELECT moved.value ->> 0, moved.value ->> 1, moved.value ->> 2, f.seq
    FROM jsonb_each(?1) AS moved CROSS JOIN facts AS f ON f.id = moved.value ->> 3
    WHERE true ON CONFLICT (kind, entity) DO NOTHING";
const TARGET: &str = "SELECT target FROM merges WHERE kind = ?1 AND entity = ?2";
const OF_ENTITY: &str = "
    SELECT namespace, value FROM identities WHERE kind = ?1 AND entity = ?2 ORDER BY namespace, value";

/// What is known of these keys.
pub(super) async fn directory(db: &mut SqliteConnection, keys: &BTreeSet<Key>) -> Result<Directory> {
    if keys.is_empty() {
        return Ok(Directory::default());
    }
    let asked: Vec<_> = keys.iter().map(columns).collect();
    let rows = sqlx::query(NAMED).bind(json("identities", &asked)?).fetch_all(db).await?;
    let mut known = BTreeMap::new();
    for row in rows {
        let kind = row.try_get::<&str, _>(0)?.into();
        let namespace = read_word("identities", row.try_get(1)?)?;
        let key = IdentityKey { namespace, value: row.try_get::<&str, _>(2)?.into() };
        known.insert(Key { kind, key }, row.try_get::<&str, _>(3)?.into());
    }
    Ok(Directory::new(known))
}

fn columns(key: &Key) -> (&str, String, &str) {
    (&key.kind, word(&key.key.namespace), &key.key.value)
}

/// Keeps what a directory has added. The facts that tell of its merges are there.
pub(super) async fn add(db: &mut SqliteConnection, directory: &Directory) -> Result<()> {
    if !directory.merged().is_empty() {
        let merged = directory.merged().iter();
        let moved: Vec<_> =
            merged.map(|(from, into)| (&*from.kind, &*from.id, &*into.id, merge_id(from))).collect();
        let moved = json("merges", &moved)?;
        sqlx::query(MERGE).bind(&moved).execute(&mut *db).await?;
        sqlx::query(REPOINT).bind(&moved).execute(&mut *db).await?;
    }
    if !directory.added().is_empty() {
        let rows = directory.added().iter().map(|(key, entity)| {
            let (kind, namespace, value) = columns(key);
            (kind, namespace, value, entity)
        });
        let rows = json("identities", &rows.collect::<Vec<_>>())?;
        sqlx::query(ADD).bind(rows).execute(db).await?;
    }
    Ok(())
}

/// The entity that an entity was merged into.
pub(super) async fn target(db: &mut SqliteConnection, id: &EntityId) -> Result<Option<EntityId>> {
    let target: Option<String> =
        sqlx::query_scalar(TARGET).bind(&*id.kind).bind(&*id.id).fetch_optional(db).await?;
    Ok(target.map(|target| EntityId::new(id.kind.clone(), target)))
}

/// The entity that a key names, the most trusted sort of key first.
pub(super) async fn named(db: &mut SqliteConnection, kind: &str, value: &str) -> Result<Option<EntityId>> {
    let keys = any_key(kind, value);
    let directory = directory(db, &keys).await?;
    Ok(keys.iter().find_map(|key| directory.entity(key)))
}

/// The keys that name an entity.
pub(super) async fn of_entity(db: &mut SqliteConnection, id: &EntityId) -> Result<Vec<IdentityKey>> {
    let rows = sqlx::query(OF_ENTITY).bind(&*id.kind).bind(&*id.id).fetch_all(db).await?;
    let key = |namespace: &str, value: &str| {
        let value: Arc<str> = value.into();
        Ok(IdentityKey { namespace: read_word("identities", namespace)?, value })
    };
    rows.iter().map(|row| key(row.try_get(0)?, row.try_get(1)?)).collect()
}
