//! Table `intents`: effects to be done, and what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Fact, Intent, SentMessage};
use serde_json::Value as Json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, Row};

use super::{Moment, maybe_time, read_hash, read_shard, seconds, time};
use crate::store::rows::{SettledRow, Told, clean, json, read_json, read_word, unreadable, word};
use crate::store::shard::lock_number;
use crate::store::vetting::Held;
use crate::store::{
    Claim, Claiming, Effect, EffectFilter, EffectState, Parking, Result, Settle, Settlement, Shard,
    StoreError, shard_of,
};

macro_rules! columns {
    () => {
        "i.shard, i.key, i.run, i.workflow, i.step, i.subject_kind, i.subject_id, i.program, i.action, \
        i.arguments::text, i.due, i.attempt, i.channel, i.draft::text, i.failure, i.state, i.parked, i.detail, \
        i.ended"
    };
}

macro_rules! fits {
    () => {
        "($1::text IS NULL OR i.state = $1) AND ($2::text[] IS NULL OR i.key = ANY ($2))
        AND ($3::text IS NULL OR i.workflow = $3) AND ($4::text IS NULL OR i.action = $4)
        AND ($5::text IS NULL OR i.parked = $5)"
    };
}

// Actions with something ready, by jumping from one to the next in the index.
macro_rules! ready {
    () => {
        "ready (action) AS (
            (SELECT i.action FROM intents AS i WHERE i.state = 'ready' ORDER BY i.action LIMIT 1)
            UNION ALL
            SELECT (SELECT i.action FROM intents AS i WHERE i.state = 'ready' AND i.action > ready.action
                ORDER BY i.action LIMIT 1)
            FROM ready WHERE ready.action IS NOT NULL)"
    };
}

const INSERT: &str = "
    INSERT INTO intents (shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments,
        due, channel, draft, failure, state)
    SELECT shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments::json, due,
        channel, draft::json, failure, CASE WHEN draft IS NULL THEN 'ready' ELSE 'draft' END
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bytea[], $9::text[], $10::text[], $11::timestamptz[], $12::text[], $13::text[], $14::text[])
        AS new (shard, key, run, workflow, step, subject_kind, subject_id, program, action, arguments, due,
            channel, draft, failure)
    ON CONFLICT DO NOTHING";
const THERE: &str = "
    SELECT i.key FROM unnest($1::integer[], $2::text[]) AS asked (shard, key)
    JOIN intents AS i ON i.shard = asked.shard AND i.key = asked.key";
const CANCEL: &str = "
    UPDATE intents AS i SET state = 'cancelled', claimed = CASE WHEN i.parked = 'unsure' THEN i.claimed END,
        parked = NULL, ended = $3
    FROM unnest($1::integer[], $2::text[]) AS asked (shard, key)
    WHERE i.shard = asked.shard AND i.key = asked.key AND i.state IN ('ready', 'parked', 'draft')";
const CANCEL_ANYWHERE: &str = "
    UPDATE intents AS i SET state = 'cancelled', claimed = CASE WHEN i.parked = 'unsure' THEN i.claimed END,
        parked = NULL, ended = $2
    FROM leases AS l
    WHERE i.shard = l.shard AND i.key = ANY ($1) AND i.state IN ('ready', 'parked', 'draft')";
// Rows looked up by key are not also asked for their state, but for what only that state
// has: the index of all rows in that state would look cheaper than it is.

// Locked and claimed in one statement: what another dispatcher is at is left to it.
const CLAIM: &str = concat!(
    "WITH RECURSIVE ",
    ready!(),
    ", picked AS (
        SELECT due.shard, due.key FROM ready
        LEFT JOIN unnest($5::text[], $6::bigint[]) AS free (action, slots) ON free.action = ready.action
        CROSS JOIN LATERAL (
            SELECT i.shard, i.key FROM intents AS i
            WHERE i.state = 'ready' AND i.action = ready.action AND i.due <= $3
                AND i.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
            ORDER BY i.due LIMIT least($4, coalesce(free.slots, $4)) FOR UPDATE SKIP LOCKED) AS due
        WHERE ready.action IS NOT NULL
        LIMIT $4)
    UPDATE intents AS i SET state = 'claimed', attempt = i.attempt + 1, claimed_by = $1,
        lease_until = clock_timestamp() + make_interval(secs => $2), claimed = $3
    FROM picked WHERE i.shard = picked.shard AND i.key = picked.key
    RETURNING ",
    columns!()
);
// Nobody else claims a message for whoever is locked here, until this transaction ends.
const LOCK: &str = "
    SELECT asked.place FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (number, place)
    WHERE pg_try_advisory_xact_lock(asked.number)";
const SENT: &str = "
    SELECT i.subject_kind, i.subject_id, i.channel, i.claimed
    FROM unnest($1::text[], $2::text[]) AS asked (kind, id)
    JOIN intents AS i ON i.subject_id = asked.id AND i.subject_kind = asked.kind
        AND i.channel IS NOT NULL AND i.claimed IS NOT NULL AND i.claimed > $3
    WHERE i.key <> ALL ($4) ORDER BY i.claimed, i.key";
// What was claimed in this transaction and is not to be sent.
const HOLD: &str = "
    UPDATE intents AS i SET state = held.state, due = coalesce(held.due, i.due),
        detail = coalesce(held.detail, i.detail), ended = held.ended, attempt = i.attempt - 1,
        claimed_by = NULL, lease_until = NULL, claimed = NULL
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[])
        AS held (shard, key, state, due, detail, ended)
    WHERE i.shard = held.shard AND i.key = held.key";
const DUE: &str = concat!(
    "WITH RECURSIVE ",
    ready!(),
    " SELECT ready.action FROM ready CROSS JOIN LATERAL (
        SELECT i.due FROM intents AS i WHERE i.state = 'ready' AND i.action = ready.action
            AND i.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
        ORDER BY i.due LIMIT 1) AS first
    WHERE ready.action IS NOT NULL AND first.due <= $1"
);
const EXPIRED: &str = concat!(
    "WITH late AS (
        SELECT shard, key FROM intents WHERE state = 'claimed' AND lease_until < clock_timestamp()
        ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED)
    UPDATE intents AS i SET claimed_by = $1, lease_until = clock_timestamp() + make_interval(secs => $2)
    FROM late WHERE i.shard = late.shard AND i.key = late.key
    RETURNING ",
    columns!()
);
// The outcome and the line are written only for what was settled, in the same statement.
const SETTLE: &str = "
    WITH input AS (
        SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[],
            $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
            $14::text[], $15::text[], $16::text[], $18::boolean[])
            WITH ORDINALITY AS input (shard, key, attempt, state, due, parked, detail, ended, fact, body,
                subject_kind, subject_id, workflow, run, step, what, is_out, place)),
    settled AS (
        UPDATE intents AS i SET state = input.state, due = coalesce(input.due, i.due), parked = input.parked,
            detail = input.detail, ended = input.ended, claimed_by = NULL, lease_until = NULL,
            claimed = CASE WHEN input.is_out THEN i.claimed END
        FROM input WHERE i.shard = input.shard AND i.key = input.key AND i.claimed_by IS NOT NULL
            AND i.attempt = input.attempt
        RETURNING i.key),
    outcomes AS (
        INSERT INTO facts (shard, id, kind, subject_kind, subject_id, body, at, origin)
        SELECT shard, fact, 'outcome', subject_kind, subject_id, body::json, $17, 'live'
        FROM input WHERE fact IS NOT NULL AND (key IN (SELECT settled.key FROM settled)) IS TRUE
        ORDER BY place),
    told AS (
        INSERT INTO timeline (shard, at, subject_kind, subject_id, workflow, run, step, what, detail)
        SELECT shard, $17, subject_kind, subject_id, workflow, run, step, what, detail
        FROM input WHERE what IS NOT NULL AND (key IN (SELECT settled.key FROM settled)) IS TRUE ORDER BY place)
    SELECT key FROM settled";
const LIST: &str =
    concat!("SELECT ", columns!(), " FROM intents AS i WHERE ", fits!(), " ORDER BY i.due, i.key LIMIT $6");
const PARKED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM intents AS i WHERE i.state = 'parked' AND ",
    fits!(),
    " ORDER BY i.due, i.key LIMIT $6"
);
const DRAFTS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM intents AS i WHERE i.state = 'draft' AND ",
    fits!(),
    " ORDER BY i.due, i.key LIMIT $6"
);
const LOCK_PARKED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM intents AS i WHERE i.state = 'parked' AND ",
    fits!(),
    " ORDER BY i.due, i.key LIMIT $6 FOR UPDATE"
);
const LOCK_DRAFTS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM intents AS i WHERE i.state = 'draft' AND ",
    fits!(),
    " ORDER BY i.due, i.key LIMIT $6 FOR UPDATE"
);
const OF_RUN: &str =
    concat!("SELECT ", columns!(), " FROM intents AS i WHERE i.run = $1 ORDER BY i.due, i.key");
// Of rows that are locked by this transaction.
const DECIDE: &str = "
    UPDATE intents AS i SET state = $3, due = coalesce($4, i.due), ended = $5, detail = coalesce($6, i.detail),
        parked = NULL
    FROM unnest($1::integer[], $2::text[]) AS asked (shard, key)
    WHERE i.shard = asked.shard AND i.key = asked.key";
const EDIT: &str = "
    UPDATE intents AS i SET arguments = $3::json
    FROM unnest($1::integer[], $2::text[]) AS asked (shard, key)
    WHERE i.shard = asked.shard AND i.key = asked.key";
const NEXT_DUE: &str = concat!(
    "WITH RECURSIVE ",
    ready!(),
    " SELECT min(first.due) FROM ready CROSS JOIN LATERAL (
        SELECT i.due FROM intents AS i WHERE i.state = 'ready' AND i.action = ready.action
            AND i.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
        ORDER BY i.due LIMIT 1) AS first"
);

#[derive(Default)]
struct NewColumns<'a> {
    shard: Vec<i32>,
    key: Vec<&'a str>,
    run: Vec<&'a str>,
    workflow: Vec<&'a str>,
    step: Vec<&'a str>,
    subject_kind: Vec<&'a str>,
    subject_id: Vec<&'a str>,
    program: Vec<&'a [u8]>,
    action: Vec<&'a str>,
    arguments: Vec<String>,
    due: Vec<Moment>,
    channel: Vec<Option<&'a str>>,
    draft: Vec<Option<String>>,
    failure: Vec<String>,
}

impl<'a> NewColumns<'a> {
    fn push(&mut self, intent: &'a Intent, shards: u16) -> Result<()> {
        self.shard.push(i32::from(shard_of(&intent.subject, shards)));
        self.key.push(&intent.key);
        self.run.push(&intent.run);
        self.workflow.push(&intent.workflow);
        self.step.push(&intent.step);
        self.subject_kind.push(&intent.subject.kind);
        self.subject_id.push(&intent.subject.id);
        self.program.push(&intent.program.0);
        self.action.push(&intent.action);
        self.arguments.push(json("intents", &intent.arguments)?);
        self.due.push(Moment::up(intent.due));
        self.channel.push(intent.channel.as_deref());
        self.draft.push(intent.draft.as_ref().map(|draft| json("intents", draft)).transpose()?);
        self.failure.push(word(&intent.failure));
        Ok(())
    }
}

/// Records effects to be done.
pub(super) async fn insert(db: &mut PgConnection, shards: u16, intents: &[&Intent]) -> Result<()> {
    if intents.is_empty() {
        return Ok(());
    }
    let mut new = NewColumns::default();
    for intent in intents {
        new.push(intent, shards)?;
    }
    let query = sqlx::query(INSERT)
        .bind(new.shard)
        .bind(new.key)
        .bind(new.run)
        .bind(new.workflow)
        .bind(new.step)
        .bind(new.subject_kind)
        .bind(new.subject_id)
        .bind(new.program)
        .bind(new.action)
        .bind(new.arguments)
        .bind(new.due)
        .bind(new.channel)
        .bind(new.draft)
        .bind(new.failure);
    if query.execute(db).await?.rows_affected() != intents.len() as u64 {
        return Err(StoreError::Conflict { what: "an effect's key".to_owned() });
    }
    Ok(())
}

/// Cancels what has not been claimed. The intents of a run that moved stayed in the
/// shard that it came from: what is not in this one is looked for in all.
pub(super) async fn cancel(db: &mut PgConnection, keys: &[(Shard, &Arc<str>)], now: Timestamp) -> Result<()> {
    let asked: BTreeSet<(i32, &str)> = keys.iter().map(|(shard, key)| (i32::from(*shard), &***key)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let now = Moment::of(now);
    let (shards, keys): (Vec<i32>, Vec<&str>) = asked.into_iter().unzip();
    let mut elsewhere: BTreeSet<&str> = keys.iter().copied().collect();
    sqlx::query(CANCEL).bind(&shards).bind(&keys).bind(now).execute(&mut *db).await?;
    let there: Vec<String> = sqlx::query_scalar(THERE).bind(shards).bind(keys).fetch_all(&mut *db).await?;
    there.iter().for_each(|key| {
        elsewhere.remove(&**key);
    });
    if !elsewhere.is_empty() {
        let keys: Vec<&str> = elsewhere.into_iter().collect();
        sqlx::query(CANCEL_ANYWHERE).bind(keys).bind(now).execute(db).await?;
    }
    Ok(())
}

/// Claims what is due.
pub(super) async fn claim(db: &mut PgConnection, claiming: &Claiming) -> Result<Vec<Claim>> {
    let (actions, slots): (Vec<&str>, Vec<i64>) =
        claiming.per_action.iter().map(|(action, slots)| (&**action, i64::from(*slots))).unzip();
    let query = sqlx::query(CLAIM)
        .bind(&*claiming.node)
        .bind(seconds(claiming.lease))
        .bind(Moment::of(claiming.now))
        .bind(i64::from(claiming.limit))
        .bind(actions)
        .bind(slots);
    let rows = query.fetch_all(db).await?;
    rows.iter().map(claimed).collect()
}

/// Takes over claims whose lease ran out.
pub(super) async fn expired(
    db: impl PgExecutor<'_>,
    node: &str,
    lease: Duration,
    limit: u32,
) -> Result<Vec<Claim>> {
    let query = sqlx::query(EXPIRED).bind(node).bind(seconds(lease)).bind(i64::from(limit));
    query.fetch_all(db).await?.iter().map(claimed).collect()
}

#[derive(Default)]
struct SettleColumns {
    shard: Vec<i32>,
    key: Vec<String>,
    attempt: Vec<i64>,
    state: Vec<String>,
    due: Vec<Option<Moment>>,
    parked: Vec<Option<String>>,
    detail: Vec<String>,
    ended: Vec<Option<Moment>>,
    fact: Vec<Option<String>>,
    body: Vec<Option<String>>,
    subject_kind: Vec<String>,
    subject_id: Vec<String>,
    workflow: Vec<String>,
    run: Vec<String>,
    step: Vec<String>,
    what: Vec<Option<String>>,
    is_out: Vec<bool>,
}

impl SettleColumns {
    fn push(&mut self, settle: &Settle, now: Timestamp) -> Result<()> {
        let Told { fact, entry } = Told::of(settle, now);
        let Settle { claim: Claim { shard, intent, attempt }, settlement } = settle;
        let (Settlement::Accepted { detail, .. }
        | Settlement::Retry { detail, .. }
        | Settlement::Parked { detail, .. }
        | Settlement::Failed { detail }) = settlement;
        let row = SettledRow::of(settlement, now);
        let body = |fact: &Fact| json("facts", &fact.kind);
        self.shard.push(i32::from(*shard));
        self.key.push(intent.key.to_string());
        self.attempt.push(i64::from(*attempt));
        self.state.push(word(&row.state));
        self.due.push(row.due.map(Moment::up));
        self.parked.push(row.parked.as_ref().map(word));
        self.detail.push(clean(detail).into_owned());
        self.ended.push(row.ended.map(Moment::of));
        self.is_out.push(row.out);
        self.body.push(fact.as_ref().map(body).transpose()?);
        self.fact.push(fact.map(|fact| fact.id.to_string()));
        self.subject_kind.push(intent.subject.kind.to_string());
        self.subject_id.push(intent.subject.id.to_string());
        self.workflow.push(intent.workflow.to_string());
        self.run.push(intent.run.to_string());
        self.step.push(intent.step.to_string());
        self.what.push(entry.as_ref().map(|entry| word(&entry.what)));
        Ok(())
    }
}

/// Writes how claims went, with their outcomes and lines, in one statement; answers
/// the keys of those that were claimed still.
pub(super) async fn settle(
    db: impl PgExecutor<'_>,
    settles: &[Settle],
    now: Timestamp,
) -> Result<BTreeSet<String>> {
    let mut columns = SettleColumns::default();
    for settle in settles {
        columns.push(settle, now)?;
    }
    let query = sqlx::query_scalar(SETTLE)
        .bind(columns.shard)
        .bind(columns.key)
        .bind(columns.attempt)
        .bind(columns.state)
        .bind(columns.due)
        .bind(columns.parked)
        .bind(columns.detail)
        .bind(columns.ended)
        .bind(columns.fact)
        .bind(columns.body)
        .bind(columns.subject_kind)
        .bind(columns.subject_id)
        .bind(columns.workflow)
        .bind(columns.run)
        .bind(columns.step)
        .bind(columns.what)
        .bind(Moment::of(now))
        .bind(columns.is_out);
    let keys: Vec<String> = query.fetch_all(db).await?;
    Ok(keys.into_iter().collect())
}

/// Effects for people.
pub(super) async fn list(db: &mut PgConnection, filter: &EffectFilter) -> Result<Vec<Effect>> {
    // What waits for a person has an index of its own; `$1` is then left out.
    let (sql, state) = match &filter.state {
        Some(EffectState::Parked) => (PARKED, None),
        Some(EffectState::Draft) => (DRAFTS, None),
        state => (LIST, state.as_ref().map(word)),
    };
    fitting(db, sql, state, filter).await?.iter().map(effect).collect()
}

/// Parked intents that fit a filter, locked.
pub(super) async fn parked(db: &mut PgConnection, filter: &EffectFilter) -> Result<Vec<Claim>> {
    fitting(db, LOCK_PARKED, None, filter).await?.iter().map(claimed).collect()
}

/// Drafts that fit a filter, locked.
pub(super) async fn drafts(db: &mut PgConnection, filter: &EffectFilter) -> Result<Vec<Claim>> {
    fitting(db, LOCK_DRAFTS, None, filter).await?.iter().map(claimed).collect()
}

async fn fitting(
    db: &mut PgConnection,
    sql: &'static str,
    state: Option<String>,
    filter: &EffectFilter,
) -> Result<Vec<PgRow>> {
    let keys: Option<Vec<&str>> =
        (!filter.keys.is_empty()).then(|| filter.keys.iter().map(|key| &**key).collect());
    let query = sqlx::query(sql)
        .bind(state)
        .bind(keys)
        .bind(filter.workflow.as_deref())
        .bind(filter.action.as_deref())
        .bind(filter.parked.as_ref().map(word))
        .bind((filter.limit > 0).then(|| i64::from(filter.limit)));
    Ok(query.fetch_all(db).await?)
}

/// The effects of a run, oldest first.
pub(super) async fn of_run(db: &mut PgConnection, run: &str) -> Result<Vec<Effect>> {
    sqlx::query(OF_RUN).bind(run).fetch_all(db).await?.iter().map(effect).collect()
}

/// Makes locked intents ready: at `due`, or when they were to be.
pub(super) async fn make_ready(
    db: &mut PgConnection,
    locked: &[Claim],
    due: Option<Timestamp>,
) -> Result<()> {
    decide(db, locked, EffectState::Ready, due.map(Moment::up), None, None).await
}

/// Gives locked intents up.
pub(super) async fn give_up(
    db: &mut PgConnection,
    locked: &[Claim],
    detail: &str,
    now: Timestamp,
) -> Result<()> {
    decide(db, locked, EffectState::Dropped, None, Some(Moment::of(now)), Some(detail)).await
}

async fn decide(
    db: &mut PgConnection,
    locked: &[Claim],
    state: EffectState,
    due: Option<Moment>,
    ended: Option<Moment>,
    detail: Option<&str>,
) -> Result<()> {
    let (shards, keys) = places(locked);
    let query = sqlx::query(DECIDE).bind(shards).bind(keys).bind(word(&state));
    query.bind(due).bind(ended).bind(detail.map(clean)).execute(db).await?;
    Ok(())
}

/// Writes other arguments into locked drafts.
pub(super) async fn edit(db: &mut PgConnection, locked: &[Claim], arguments: &[Json]) -> Result<()> {
    let (shards, keys) = places(locked);
    sqlx::query(EDIT).bind(shards).bind(keys).bind(json("intents", &arguments)?).execute(db).await?;
    Ok(())
}

fn places(claims: &[Claim]) -> (Vec<i32>, Vec<&str>) {
    claims.iter().map(|claim| (i32::from(claim.shard), &*claim.intent.key)).unzip()
}

/// Locks whom messages are for, those for whom nobody else is claiming just now. Answers them.
pub(super) async fn lock(db: &mut PgConnection, ids: &BTreeSet<EntityId>) -> Result<BTreeSet<EntityId>> {
    let ids: Vec<&EntityId> = ids.iter().collect();
    let numbers: Vec<i64> = ids.iter().map(|id| lock_number(id)).collect();
    let places: Vec<i64> = sqlx::query_scalar(LOCK).bind(numbers).fetch_all(db).await?;
    let at = |place: i64| ids.get(usize::try_from(place).ok()?.checked_sub(1)?).map(|id| (*id).clone());
    Ok(places.into_iter().filter_map(at).collect())
}

/// What has gone out since to these entities, but for what is being claimed.
pub(super) async fn sent(
    db: &mut PgConnection,
    to: &BTreeSet<EntityId>,
    since: Timestamp,
    claiming: &[Arc<str>],
) -> Result<BTreeMap<EntityId, Vec<SentMessage>>> {
    let (kinds, ids): (Vec<&str>, Vec<&str>) = to.iter().map(|id| (&*id.kind, &*id.id)).unzip();
    let keys: Vec<&str> = claiming.iter().map(|key| &**key).collect();
    let query = sqlx::query(SENT).bind(kinds).bind(ids).bind(Moment::of(since)).bind(keys);
    let mut sent: BTreeMap<EntityId, Vec<SentMessage>> = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        let to = EntityId::new(row.try_get::<&str, _>(0)?, row.try_get::<&str, _>(1)?);
        let channel = row.try_get::<&str, _>(2)?.into();
        sent.entry(to).or_default().push(SentMessage { channel, at: time("intents", row.try_get(3)?)? });
    }
    Ok(sent)
}

/// Takes back what was claimed in this transaction and is not to be sent.
pub(super) async fn hold(db: &mut PgConnection, held: &[Held], now: Timestamp) -> Result<()> {
    if held.is_empty() {
        return Ok(());
    }
    let (shards, keys): (Vec<i32>, Vec<&str>) =
        held.iter().map(|held| (i32::from(held.claim.shard), &*held.claim.intent.key)).unzip();
    let states: Vec<String> = held.iter().map(|held| word(&held.state)).collect();
    let due: Vec<Option<Moment>> = held.iter().map(|held| held.due.map(Moment::up)).collect();
    let details: Vec<Option<String>> =
        held.iter().map(|held| held.detail.as_deref().map(|detail| clean(detail).into_owned())).collect();
    let ended = |held: &Held| (held.state != EffectState::Ready).then(|| Moment::of(now));
    let ended: Vec<Option<Moment>> = held.iter().map(ended).collect();
    let query = sqlx::query(HOLD).bind(shards).bind(keys).bind(states).bind(due).bind(details).bind(ended);
    query.execute(db).await?;
    Ok(())
}

/// Actions that have something due.
pub(super) async fn due(db: &mut PgConnection, now: Timestamp) -> Result<Vec<Arc<str>>> {
    let actions: Vec<String> = sqlx::query_scalar(DUE).bind(Moment::of(now)).fetch_all(db).await?;
    Ok(actions.into_iter().map(Arc::from).collect())
}

/// When the first intent is due.
pub(super) async fn next_due(db: &mut PgConnection) -> Result<Option<Timestamp>> {
    maybe_time("intents", sqlx::query_scalar(NEXT_DUE).fetch_one(db).await?)
}

fn claimed(row: &PgRow) -> Result<Claim> {
    let intent = Intent {
        key: row.try_get::<&str, _>(1)?.into(),
        run: row.try_get::<&str, _>(2)?.into(),
        workflow: row.try_get::<&str, _>(3)?.into(),
        step: row.try_get::<&str, _>(4)?.into(),
        subject: EntityId::new(row.try_get::<&str, _>(5)?, row.try_get::<&str, _>(6)?),
        program: read_hash("intents", row.try_get(7)?)?,
        action: row.try_get::<&str, _>(8)?.into(),
        arguments: read_json("intents", row.try_get(9)?)?,
        due: time("intents", row.try_get(10)?)?,
        channel: row.try_get::<Option<&str>, _>(12)?.map(Arc::from),
        draft: row.try_get::<Option<&str>, _>(13)?.map(|draft| read_json("intents", draft)).transpose()?,
        failure: read_word("intents", row.try_get(14)?)?,
    };
    let attempt: i64 = row.try_get(11)?;
    Ok(Claim {
        shard: read_shard("intents", row.try_get(0)?)?,
        intent,
        attempt: attempt.try_into().map_err(|error| unreadable("intents", error))?,
    })
}

fn effect(row: &PgRow) -> Result<Effect> {
    let Claim { intent, attempt, .. } = claimed(row)?;
    let parked: Option<&str> = row.try_get(16)?;
    Ok(Effect {
        intent,
        state: read_word("intents", row.try_get(15)?)?,
        attempt,
        parked: parked.map(|why| read_word::<Parking>("intents", why)).transpose()?,
        detail: row.try_get::<&str, _>(17)?.into(),
        ended: maybe_time("intents", row.try_get(18)?)?,
    })
}
