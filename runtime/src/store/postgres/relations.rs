//! Table `relations`: to what entities refer.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::EntityId;
use onward_engine::model::Reference;
use sqlx::{PgConnection, Row};

use super::Addresses;
use crate::store::commit::Relation;
use crate::store::{Result, shard_of};

const FORGET: &str = "
    DELETE FROM relations AS r USING unnest($1::integer[], $2::text[], $3::text[]) AS gone (shard, kind, id)
    WHERE r.shard = gone.shard AND r.kind = gone.kind AND r.id = gone.id";
const UNSET: &str = "
    DELETE FROM relations AS r
    USING unnest($1::integer[], $2::text[], $3::text[], $4::text[]) AS gone (shard, kind, id, attribute)
    WHERE r.shard = gone.shard AND r.kind = gone.kind AND r.id = gone.id AND r.attribute = gone.attribute";
const SET: &str = "
    INSERT INTO relations (shard, kind, id, attribute, target_kind, target)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    ON CONFLICT (shard, kind, id, attribute) DO UPDATE
    SET target_kind = excluded.target_kind, target = excluded.target
    WHERE (relations.target_kind, relations.target) <> (excluded.target_kind, excluded.target)";
const REFERRERS: &str = "
    SELECT asked.place, r.id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        WITH ORDINALITY AS asked (target, target_kind, kind, attribute, place)
    JOIN relations AS r ON r.target = asked.target AND r.target_kind = asked.target_kind
        AND r.kind = asked.kind AND r.attribute = asked.attribute
    JOIN entities AS e ON e.shard = r.shard AND e.kind = r.kind AND e.id = r.id AND e.deleted IS NULL
    ORDER BY asked.place, r.id";

/// Forgets all that entities refer to that are gone.
pub(super) async fn forget(db: &mut PgConnection, shards: u16, gone: &[&EntityId]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let gone = Addresses::of(gone.iter().copied(), shards);
    sqlx::query(FORGET).bind(gone.shard).bind(gone.kind).bind(gone.id).execute(db).await?;
    Ok(())
}

/// Keeps what entities refer to.
pub(super) async fn write(
    db: &mut PgConnection,
    shards: u16,
    relations: Vec<(&Relation, &Option<EntityId>)>,
) -> Result<()> {
    let (mut unset, mut unset_names) = (Addresses::default(), Vec::new());
    let (mut set, mut names, mut kinds, mut ids) = (Addresses::default(), Vec::new(), Vec::new(), Vec::new());
    for (relation, target) in relations {
        let shard = shard_of(&relation.of, shards);
        if let Some(target) = target {
            set.push(&relation.of, shard);
            names.push(&*relation.attribute);
            kinds.push(&*target.kind);
            ids.push(&*target.id);
        } else {
            unset.push(&relation.of, shard);
            unset_names.push(&*relation.attribute);
        }
    }
    if !unset_names.is_empty() {
        let query = sqlx::query(UNSET).bind(unset.shard).bind(unset.kind).bind(unset.id);
        query.bind(unset_names).execute(&mut *db).await?;
    }
    if !names.is_empty() {
        let query = sqlx::query(SET).bind(set.shard).bind(set.kind).bind(set.id);
        query.bind(names).bind(kinds).bind(ids).execute(db).await?;
    }
    Ok(())
}

/// Who refers to what is asked about.
pub(super) async fn referrers(
    db: &mut PgConnection,
    references: &BTreeSet<Reference>,
) -> Result<BTreeMap<Reference, Vec<EntityId>>> {
    let asked: Vec<&Reference> = references.iter().collect();
    let mut found: BTreeMap<Reference, Vec<EntityId>> =
        references.iter().map(|reference| (reference.clone(), Vec::new())).collect();
    let text = |part: fn(&Reference) -> &str| asked.iter().map(|r| part(r).to_owned()).collect::<Vec<_>>();
    let rows = sqlx::query(REFERRERS)
        .bind(text(|r| &r.target.id))
        .bind(text(|r| &r.target.kind))
        .bind(text(|r| &r.kind))
        .bind(text(|r| &r.attribute))
        .fetch_all(db)
        .await?;
    for row in rows {
        let place = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default();
        if let Some(reference) = asked.get(place.saturating_sub(1)) {
            let referrer = EntityId::new(reference.kind.clone(), row.try_get::<&str, _>(1)?);
            found.entry((*reference).clone()).or_default().push(referrer);
        }
    }
    Ok(found)
}
