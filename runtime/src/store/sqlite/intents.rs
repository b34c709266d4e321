//! Table `intents`: effects to be done, and what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Intent, SentMessage};
use serde::Serialize;
use serde_json::Value as Json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{
    SettledRow, clean, hash, json, micros, micros_up, moment, read_json, read_word, word,
};
use crate::store::vetting::Held;
use crate::store::{
    Claim, Claiming, Effect, EffectFilter, EffectState, Parking, Result, Settle, Settlement, Shard,
    StoreError, shard_of,
};

macro_rules! columns {
    () => {
        "shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments, due, attempt, \
        channel, draft, failure, state, parked, detail, ended"
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
        due, channel, draft, failure, state)
    SELECT value ->> 'shard', value ->> 'key', value ->> 'run', value ->> 'workflow', value ->> 'step',
        value ->> 'subject_kind', value ->> 'subject_id', value ->> 'program', value ->> 'action',
        value ->> 'arguments', value ->> 'due', value ->> 'channel', value ->> 'draft', value ->> 'failure',
        CASE WHEN value ->> 'draft' IS NULL THEN 'ready' ELSE 'draft' END
    FROM jsonb_each(?1) WHERE true ON CONFLICT DO NOTHING";
const CANCEL: &str = "
    UPDATE intents SET state = 'cancelled', claimed = CASE WHEN parked = 'unsure' THEN claimed END, parked = NULL,
        ended = ?2
    WHERE rowid IN (
        SELECT i.rowid FROM leases AS l CROSS JOIN json_each(?1) AS asked
        CROSS JOIN intents AS i ON i.shard = l.shard AND i.key = asked.value)
    AND state IN ('ready', 'parked', 'draft')";
const ACTIONS_DUE: &str = "
    WITH RECURSIVE ready (action) AS (
        SELECT min(action) FROM intents WHERE state = 'ready'
        UNION ALL
        SELECT (SELECT min(i.action) FROM intents AS i WHERE i.state = 'ready' AND i.action > ready.action)
        FROM ready WHERE ready.action IS NOT NULL)
    SELECT action FROM ready
    WHERE action IS NOT NULL
        AND (SELECT min(i.due) FROM intents AS i WHERE i.state = 'ready' AND i.action = ready.action
            AND i.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')) <= ?1";
const CLAIM: &str = concat!(
    "UPDATE intents SET state = 'claimed', attempt = attempt + 1, claimed_by = ?1, lease_until = ?2,
        claimed = ?4
    WHERE rowid IN (SELECT rowid FROM intents WHERE state = 'ready' AND action = ?3 AND due <= ?4
        AND workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
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
        claimed_by = NULL, lease_until = NULL, claimed = CASE WHEN new.value ->> 'out' THEN claimed END
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
const DRAFTS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM intents WHERE state = 'draft' AND ",
    fits!(),
    " ORDER BY due, key LIMIT ?6"
);
const DECIDE: &str = "
    UPDATE intents SET state = ?2, due = coalesce(?3, due), ended = ?4, detail = coalesce(?5, detail),
        parked = NULL
    FROM jsonb_each(?1) AS asked
    WHERE intents.shard = asked.value ->> 0 AND intents.key = asked.value ->> 1";
const EDIT: &str = "
    UPDATE intents SET arguments = ?2 FROM jsonb_each(?1) AS asked
    WHERE intents.shard = asked.value ->> 0 AND intents.key = asked.value ->> 1";
const SENT: &str = "
    SELECT i.subject_kind, i.subject_id, i.channel, i.claimed
    FROM jsonb_each(?1) AS asked CROSS JOIN intents AS i
    ON i.subject_id = asked.value ->> 1 AND i.subject_kind = asked.value ->> 0
    WHERE i.channel IS NOT NULL AND i.claimed IS NOT NULL AND i.claimed > ?2
        AND i.key NOT IN (SELECT value FROM json_each(?3))
    ORDER BY i.claimed, i.key";
// What was claimed in this transaction and is not to be sent.
const HOLD: &str = "
    UPDATE intents SET state = held.value ->> 2, due = coalesce(held.value ->> 3, due),
        detail = coalesce(held.value ->> 4, detail), ended = held.value ->> 5, attempt = attempt - 1,
        claimed_by = NULL, lease_until = NULL, claimed = NULL
    FROM jsonb_each(?1) AS held
    WHERE intents.shard = held.value ->> 0 AND intents.key = held.value ->> 1";
// The first of each action, from one action to the next in the index.
const NEXT_DUE: &str = "
    WITH RECURSIVE ready (action) AS (
        SELECT min(action) FROM intents WHERE state = 'ready'
        UNION ALL
        SELECT (SELECT min(i.action) FROM intents AS i WHERE i.state = 'ready' AND i.action > ready.action)
        FROM ready WHERE ready.action IS NOT NULL)
    SELECT min((SELECT min(i.due) FROM intents AS i WHERE i.state = 'ready' AND i.action = ready.action
        AND i.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')))
    FROM ready WHERE action IS NOT NULL";

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
    channel: Option<&'a str>,
    draft: Option<String>,
    failure: String,
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
    out: bool,
}

/// Records effects to be done.
pub(super) async fn insert(db: &mut SqliteConnection, shards: u16, intents: &[&Intent]) -> Result<()> {
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
        channel: intent.channel.as_deref(),
        draft: intent.draft.as_ref().map(|draft| json("intents", draft)).transpose()?,
        failure: word(&intent.failure),
    })
}

/// Cancels what has not been claimed. A moved run's intents are in another shard
/// than the run: all are looked into.
pub(super) async fn cancel(db: &mut SqliteConnection, keys: &[&Arc<str>], now: Timestamp) -> Result<()> {
    if !keys.is_empty() {
        sqlx::query(CANCEL).bind(json("intents", &keys)?).bind(micros(now)).execute(db).await?;
    }
    Ok(())
}

/// Actions that have something due.
pub(super) async fn due(db: &mut SqliteConnection, now: Timestamp) -> Result<Vec<Arc<str>>> {
    let actions: Vec<String> = sqlx::query_scalar(ACTIONS_DUE).bind(micros(now)).fetch_all(db).await?;
    Ok(actions.into_iter().map(Arc::from).collect())
}

/// Claims what is due of `actions`.
pub(super) async fn claim(
    db: &mut SqliteConnection,
    claiming: &Claiming,
    actions: &[Arc<str>],
) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for action in actions {
        let taken = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        let free = claiming.limit.saturating_sub(taken);
        let limit = claiming.per_action.get(action).map_or(free, |limit| free.min(*limit));
        if limit == 0 {
            continue;
        }
        let query = sqlx::query(CLAIM)
            .bind(&*claiming.node)
            .bind(later(claiming.lease))
            .bind(&**action)
            .bind(micros(claiming.now))
            .bind(limit);
        for row in query.fetch_all(&mut *db).await? {
            claims.push(claimed(&row)?);
        }
    }
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
    let row = SettledRow::of(settlement, now);
    let (Settlement::Accepted { detail, .. }
    | Settlement::Retry { detail, .. }
    | Settlement::Parked { detail, .. }
    | Settlement::Failed { detail }) = settlement;
    SettleColumns {
        shard: claim.shard,
        key: &claim.intent.key,
        attempt: claim.attempt,
        state: word(&row.state),
        due: row.due.map(micros_up),
        parked: row.parked.as_ref().map(word),
        detail: clean(detail).into_owned(),
        ended: row.ended.map(micros),
        out: row.out,
    }
}

/// Effects for people.
pub(super) async fn list(db: &mut SqliteConnection, filter: &EffectFilter) -> Result<Vec<Effect>> {
    // What waits for a person has an index of its own; `?1` is then left out.
    let (sql, state) = match &filter.state {
        Some(EffectState::Parked) => (PARKED, None),
        Some(EffectState::Draft) => (DRAFTS, None),
        state => (LIST, state.as_ref().map(word)),
    };
    fitting(db, sql, state, filter).await?.iter().map(effect).collect()
}

/// Parked intents that fit a filter.
pub(super) async fn parked(db: &mut SqliteConnection, filter: &EffectFilter) -> Result<Vec<Claim>> {
    fitting(db, PARKED, None, filter).await?.iter().map(claimed).collect()
}

/// Drafts that fit a filter.
pub(super) async fn drafts(db: &mut SqliteConnection, filter: &EffectFilter) -> Result<Vec<Claim>> {
    fitting(db, DRAFTS, None, filter).await?.iter().map(claimed).collect()
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

/// Makes intents ready: at `due`, or when they were to be.
pub(super) async fn make_ready(
    db: &mut SqliteConnection,
    intents: &[Claim],
    due: Option<Timestamp>,
) -> Result<()> {
    let query = sqlx::query(DECIDE).bind(places(intents)?).bind(word(&EffectState::Ready));
    let query = query.bind(due.map(micros_up)).bind(None::<i64>).bind(None::<&str>);
    query.execute(db).await?;
    Ok(())
}

/// Gives intents up.
pub(super) async fn give_up(
    db: &mut SqliteConnection,
    intents: &[Claim],
    detail: &str,
    now: Timestamp,
) -> Result<()> {
    let query = sqlx::query(DECIDE).bind(places(intents)?).bind(word(&EffectState::Dropped));
    let query = query.bind(None::<i64>).bind(micros(now)).bind(clean(detail));
    query.execute(db).await?;
    Ok(())
}

/// Writes other arguments into drafts.
pub(super) async fn edit(db: &mut SqliteConnection, drafts: &[Claim], arguments: &[Json]) -> Result<()> {
    sqlx::query(EDIT).bind(places(drafts)?).bind(json("intents", &arguments)?).execute(db).await?;
    Ok(())
}

fn places(claims: &[Claim]) -> Result<String> {
    let places: Vec<_> = claims.iter().map(|claim| (claim.shard, claim.intent.key.clone())).collect();
    json("intents", &places)
}

/// What has gone out since to these entities, but for what is being claimed.
pub(super) async fn sent(
    db: &mut SqliteConnection,
    to: &BTreeSet<EntityId>,
    since: Timestamp,
    claiming: &[Arc<str>],
) -> Result<BTreeMap<EntityId, Vec<SentMessage>>> {
    let asked: Vec<_> = to.iter().map(|id| (&id.kind, &id.id)).collect();
    let query = sqlx::query(SENT)
        .bind(json("intents", &asked)?)
        .bind(micros(since))
        .bind(json("intents", &claiming)?);
    let mut sent: BTreeMap<EntityId, Vec<SentMessage>> = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        let to = EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?);
        let channel = row.try_get::<&str, _>(2)?.into();
        sent.entry(to).or_default().push(SentMessage { channel, at: moment("intents", row.try_get(3)?)? });
    }
    Ok(sent)
}

/// Takes back what was claimed in this transaction and is not to be sent.
pub(super) async fn hold(db: &mut SqliteConnection, held: &[Held], now: Timestamp) -> Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    let row = |held: &Held| {
        let Held { claim, state, due, detail, .. } = held;
        let ended = (*state != EffectState::Ready).then(|| micros(now));
        let detail = detail.as_deref().map(|detail| clean(detail).into_owned());
        (claim.shard, claim.intent.key.clone(), word(state), due.map(micros_up), detail, ended)
    };
    let rows: Vec<_> = held.iter().map(row).collect();
    sqlx::query(HOLD).bind(json("intents", &rows)?).execute(db).await?;
    Ok(())
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
        channel: row.try_get::<Option<&str>, _>(12)?.map(Arc::from),
        draft: row.try_get::<Option<&str>, _>(13)?.map(|draft| read_json("intents", draft)).transpose()?,
        failure: read_word("intents", row.try_get(14)?)?,
    };
    Ok(Claim { shard: row.try_get(0)?, intent, attempt: row.try_get(11)? })
}

fn effect(row: &SqliteRow) -> Result<Effect> {
    let Claim { intent, attempt, .. } = claimed(row)?;
    let parked: Option<&str> = row.try_get(16)?;
    let ended: Option<i64> = row.try_get(18)?;
    Ok(Effect {
        intent,
        state: read_word("intents", row.try_get(15)?)?,
        attempt,
        parked: parked.map(|why| read_word::<Parking>("intents", why)).transpose()?,
        detail: row.try_get::<&str, _>(17)?.into(),
        ended: ended.map(|ended| moment("intents", ended)).transpose()?,
    })
}
