//! Table `intents`: effects to be done, and what became of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::Intent;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{clean, hash, json, micros, micros_up, moment, read_json, read_word, word};
use crate::store::{
    Claim, Claiming, Effect, EffectFilter, EffectState, Parking, Result, Settle, Settlement, Shard,
    StoreError, shard_of,
};

macro_rules! columns {
    () => {
        "shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments, due, attempt, \
        state, parked, detail, ended"
    };
}

macro_rules! fits {
    () => {
        "(?1 IS NULL OR state = ?1) AND (?2 IS NULL OR key IN (SELECT value FROM json_each(?2)))
        AND (?3 IS NULL OR workflow = ?3) AND (?4 IS NULL OR action = ?4) AND (?5 IS NULL OR parked = ?5)"
    };
}

const INSERT: &str = "
    INSERT INTO intents (shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments,
        due, state)
    SELECT value ->> 'shard', value ->> 'key', value ->> 'run', value ->> 'workflow', value ->> 'step',
        value ->> 'subject_kind', value ->> 'subject_id', value ->> 'program', value ->> 'action',
        value ->> 'arguments', value ->> 'due', 'ready'
    FROM jsonb_each(?1) WHERE true ON CONFLICT DO NOTHING";
const CANCEL: &str = "
    UPDATE intents SET state = 'cancelled', parked = NULL, ended = ?2
    WHERE rowid IN (
        SELECT i.rowid FROM leases AS l CROSS JOIN json_each(?1) AS asked
        CROSS JOIN intents AS i ON i.shard = l.shard AND i.key = asked.value)
    AND state IN ('ready', 'parked')";
const ACTIONS_DUE: &str = "
    WITH RECURSIVE ready (action) AS (
        SELECT min(action) FROM intents WHERE state = 'ready'
        UNION ALL
        SELECT (SELECT min(i.action) FROM intents AS i WHERE i.state = 'ready' AND i.action > ready.action)
        FROM ready WHERE ready.action IS NOT NULL)
    SELECT action FROM ready
    WHERE action IS NOT NULL
        AND (SELECT min(i.due) FROM intents AS i WHERE i.state = 'ready' AND i.action = ready.action) <= ?1";
const CLAIM: &str = concat!(
    "UPDATE intents SET state = 'claimed', attempt = attempt + 1, claimed_by = ?1, lease_until = ?2
    WHERE rowid IN (SELECT rowid FROM intents WHERE state = 'ready' AND action = ?3 AND due <= ?4
        ORDER BY due LIMIT ?5)
    RETURNING ",
    columns!()
);
const EXPIRED: &str = concat!(
    "UPDATE intents SET claimed_by = ?1, lease_until = ?2
    WHERE rowid IN (SELECT rowid FROM intents WHERE state = 'claimed' AND lease_until < ?3
        ORDER BY lease_until LIMIT ?4)
    RETURNING ",
    columns!()
);
const FREE_ALL: &str = "UPDATE intents SET lease_until = 0 WHERE state = 'claimed'";
const SETTLE: &str = "
    UPDATE intents SET state = new.value ->> 'state', due = coalesce(new.value ->> 'due', due),
        parked = new.value ->> 'parked', detail = new.value ->> 'detail', ended = new.value ->> 'ended',
        claimed_by = NULL, lease_until = NULL
    FROM jsonb_each(?1) AS new
    WHERE intents.shard = new.value ->> 'shard' AND intents.key = new.value ->> 'key'
        AND intents.state = 'claimed' AND intents.attempt = new.value ->> 'attempt'
    RETURNING intents.key";
const LIST: &str =
    concat!("SELECT ", columns!(), " FROM intents WHERE ", fits!(), " ORDER BY due, key LIMIT ?6");
const PARKED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM intents WHERE state = 'parked' AND ",
    fits!(),
    " ORDER BY due, key LIMIT ?6"
);
const OF_RUN: &str = concat!("SELECT ", columns!(), " FROM intents WHERE run = ?1 ORDER BY due, key");
const UNPARK: &str = "
    UPDATE intents SET state = ?2, due = coalesce(?3, due), ended = ?4, detail = coalesce(?5, detail),
        parked = NULL
    FROM jsonb_each(?1) AS asked
    WHERE intents.shard = asked.value ->> 0 AND intents.key = asked.value ->> 1 AND intents.state = 'parked'";
const NEXT_DUE: &str = "SELECT min(due) FROM intents WHERE state = 'ready'";

#[derive(Serialize)]
struct NewColumns<'a> {
    shard: Shard,
    key: &'a str,
    run: &'a str,
    workflow: &'a str,
    step: &'a str,
    subject_kind: &'a str,
    subject_id: &'a str,
    program: String,
    action: &'a str,
    arguments: String,
    due: i64,
}

#[derive(Serialize)]
struct SettleColumns<'a> {
    shard: Shard,
    key: &'a str,
    attempt: u32,
    state: String,
    due: Option<i64>,
    parked: Option<String>,
    detail: String,
    ended: Option<i64>,
}

/// Records effects to be done.
pub(super) async fn insert(db: &mut SqliteConnection, shards: u16, intents: &[Intent]) -> Result<()> {
    if intents.is_empty() {
        return Ok(());
    }
    let rows = intents.iter().map(|intent| new_columns(intent, shards)).collect::<Result<Vec<_>>>()?;
    let done = sqlx::query(INSERT).bind(json("intents", &rows)?).execute(db).await?;
    if done.rows_affected() != rows.len() as u64 {
        return Err(StoreError::Conflict { what: "an effect's key".to_owned() });
    }
    Ok(())
}

fn new_columns(intent: &Intent, shards: u16) -> Result<NewColumns<'_>> {
    Ok(NewColumns {
        shard: shard_of(&intent.subject, shards),
        key: &intent.key,
        run: &intent.run,
        workflow: &intent.workflow,
        step: &intent.step,
        subject_kind: &intent.subject.kind,
        subject_id: &intent.subject.id,
        program: intent.program.to_string(),
        action: &intent.action,
        arguments: json("intents", &intent.arguments)?,
        due: micros_up(intent.due),
    })
}

/// Cancels what has not been claimed. A moved run's intents are in another shard
/// than the run: all are looked into.
pub(super) async fn cancel(db: &mut SqliteConnection, keys: &[Arc<str>], now: Timestamp) -> Result<()> {
    if !keys.is_empty() {
        sqlx::query(CANCEL).bind(json("intents", &keys)?).bind(micros(now)).execute(db).await?;
    }
    Ok(())
}

/// Actions that have something due.
pub(super) async fn actions_due(db: &mut SqliteConnection, now: Timestamp) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(ACTIONS_DUE).bind(micros(now)).fetch_all(db).await?)
}

/// Claims what is due of `actions`.
pub(super) async fn claim(
    db: &mut SqliteConnection,
    claiming: &Claiming,
    actions: &[String],
) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for action in actions {
        let taken = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        let free = claiming.limit.saturating_sub(taken);
        let limit = claiming.per_action.get(action.as_str()).map_or(free, |limit| free.min(*limit));
        if limit == 0 {
            continue;
        }
        let query = sqlx::query(CLAIM)
            .bind(&*claiming.node)
            .bind(later(claiming.lease))
            .bind(action)
            .bind(micros(claiming.now))
            .bind(limit);
        for row in query.fetch_all(&mut *db).await? {
            claims.push(claimed(&row)?);
        }
    }
    claims.sort_by(|a, b| (a.intent.due, &a.intent.key).cmp(&(b.intent.due, &b.intent.key)));
    Ok(claims)
}

/// Takes over claims whose lease ran out.
pub(super) async fn expired(
    db: &mut SqliteConnection,
    node: &str,
    lease: Duration,
    limit: u32,
) -> Result<Vec<Claim>> {
    let query = sqlx::query(EXPIRED).bind(node).bind(later(lease)).bind(later(Duration::ZERO)).bind(limit);
    query.fetch_all(db).await?.iter().map(claimed).collect()
}

/// Lets the claims of a process run out that is gone: only one has the file open.
pub(super) async fn free_all(db: &mut SqliteConnection) -> Result<()> {
    sqlx::query(FREE_ALL).execute(db).await?;
    Ok(())
}

fn later(by: Duration) -> i64 {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    micros(Timestamp::now()).saturating_add(by)
}

/// Writes how claims went; answers the keys of those that were claimed still.
pub(super) async fn settle(
    db: &mut SqliteConnection,
    settles: &[Settle],
    now: Timestamp,
) -> Result<BTreeSet<String>> {
    let rows: Vec<_> = settles.iter().map(|settle| settle_columns(settle, now)).collect();
    let keys: Vec<String> = sqlx::query_scalar(SETTLE).bind(json("intents", &rows)?).fetch_all(db).await?;
    Ok(keys.into_iter().collect())
}

fn settle_columns(settle: &Settle, now: Timestamp) -> SettleColumns<'_> {
    let Settle { claim, settlement } = settle;
    let (state, detail) = match settlement {
        Settlement::Accepted { detail, .. } => (EffectState::Accepted, detail),
        Settlement::Retry { detail, .. } => (EffectState::Ready, detail),
        Settlement::Parked { detail, .. } => (EffectState::Parked, detail),
    };
    let due = if let Settlement::Retry { due, .. } = settlement { Some(micros_up(*due)) } else { None };
    let parked = if let Settlement::Parked { why, .. } = settlement { Some(word(why)) } else { None };
    SettleColumns {
        shard: claim.shard,
        key: &claim.intent.key,
        attempt: claim.attempt,
        state: word(&state),
        due,
        parked,
        detail: clean(detail).into_owned(),
        ended: (state == EffectState::Accepted).then(|| micros(now)),
    }
}

/// Effects for people.
pub(super) async fn list(db: &mut SqliteConnection, filter: &EffectFilter) -> Result<Vec<Effect>> {
    let rows = fitting(db, LIST, filter.state.as_ref().map(word), filter).await?;
    rows.iter().map(effect).collect()
}

/// Parked intents that fit a filter.
pub(super) async fn parked(db: &mut SqliteConnection, filter: &EffectFilter) -> Result<Vec<Claim>> {
    fitting(db, PARKED, None, filter).await?.iter().map(claimed).collect()
}

async fn fitting(
    db: &mut SqliteConnection,
    sql: &'static str,
    state: Option<String>,
    filter: &EffectFilter,
) -> Result<Vec<SqliteRow>> {
    let keys = (!filter.keys.is_empty()).then(|| json("intents", &filter.keys)).transpose()?;
    let limit = if filter.limit == 0 { -1 } else { i64::from(filter.limit) };
    let query = sqlx::query(sql)
        .bind(state)
        .bind(keys)
        .bind(filter.workflow.as_deref())
        .bind(filter.action.as_deref())
        .bind(filter.parked.as_ref().map(word))
        .bind(limit);
    Ok(query.fetch_all(db).await?)
}

/// The effects of a run, oldest first.
pub(super) async fn of_run(db: &mut SqliteConnection, run: &str) -> Result<Vec<Effect>> {
    sqlx::query(OF_RUN).bind(run).fetch_all(db).await?.iter().map(effect).collect()
}

/// Makes parked intents ready again.
pub(super) async fn retry(db: &mut SqliteConnection, parked: &[Claim], now: Timestamp) -> Result<()> {
    let query = sqlx::query(UNPARK).bind(places(parked)?).bind(word(&EffectState::Ready));
    let query = query.bind(micros_up(now)).bind(None::<i64>).bind(None::<&str>);
    query.execute(db).await?;
    Ok(())
}

/// Gives parked intents up.
pub(super) async fn drop_parked(
    db: &mut SqliteConnection,
    parked: &[Claim],
    detail: &str,
    now: Timestamp,
) -> Result<()> {
    let query = sqlx::query(UNPARK).bind(places(parked)?).bind(word(&EffectState::Dropped));
    let query = query.bind(None::<i64>).bind(micros(now)).bind(detail);
    query.execute(db).await?;
    Ok(())
}

fn places(claims: &[Claim]) -> Result<String> {
    let places: Vec<_> = claims.iter().map(|claim| (claim.shard, claim.intent.key.clone())).collect();
    json("intents", &places)
}

/// When the first intent is due.
pub(super) async fn next_due(db: &mut SqliteConnection) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(NEXT_DUE).fetch_one(db).await?)
}

fn claimed(row: &SqliteRow) -> Result<Claim> {
    let intent = Intent {
        key: row.try_get::<&str, _>(1)?.into(),
        run: row.try_get::<&str, _>(2)?.into(),
        workflow: row.try_get::<&str, _>(3)?.into(),
        step: row.try_get::<&str, _>(4)?.into(),
        subject: EntityId::new(row.try_get::<&str, _>(5)?, row.try_get::<&str, _>(6)?),
        program: hash("intents", row.try_get(7)?)?,
        action: row.try_get::<&str, _>(8)?.into(),
        arguments: read_json("intents", row.try_get(9)?)?,
        due: moment("intents", row.try_get(10)?)?,
        channel: None,
        draft: None,
        failure: Default::default(),
    };
    Ok(Claim { shard: row.try_get(0)?, intent, attempt: row.try_get(11)? })
}

fn effect(row: &SqliteRow) -> Result<Effect> {
    let Claim { intent, attempt, .. } = claimed(row)?;
    let parked: Option<&str> = row.try_get(13)?;
    let ended: Option<i64> = row.try_get(15)?;
    Ok(Effect {
        intent,
        state: read_word("intents", row.try_get(12)?)?,
        attempt,
        parked: parked.map(|why| read_word::<Parking>("intents", why)).transpose()?,
        detail: row.try_get::<&str, _>(14)?.into(),
        ended: ended.map(|ended| moment("intents", ended)).transpose()?,
    })
}
