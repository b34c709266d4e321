//! Table `runs`: one row a run, asleep or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{Run, RunChange};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Addresses, Moment, maybe_time, numbers, read_hash, read_shard, time};
use crate::store::rows::{RunColumns, clean, finished, read_word, unreadable, word};
use crate::store::{Due, Lease, Result, Ring, RunFilter, RunPage, Shard, StoreError, shard_of};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.workflow, r.program, r.subject_kind, r.subject_id, r.cause, r.started, ",
            "r.version, r.effects, r.state, r.rest::text, r.how, r.reason, r.ended ",
            $rest
        )
    };
}

macro_rules! input {
    () => {
        "unnest($1::integer[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::bigint[], $10::bigint[], $11::text[], $12::timestamptz[], $13::text[],
            $14::text[], $15::text[], $16::timestamptz[], $17::bigint[])
            AS new (shard, id, workflow, program, subject_kind, subject_id, cause, started, version, effects,
                state, wake_at, rest, how, reason, ended, expected)"
    };
}

const DUE: &str = "
    SELECT due.* FROM unnest($1::integer[]) AS asked (shard) CROSS JOIN LATERAL (
        SELECT r.wake_at, r.subject_kind, r.subject_id, r.id, r.shard FROM runs AS r
        WHERE r.shard = asked.shard AND r.wake_at <= $2
            AND r.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
        ORDER BY r.wake_at, r.id LIMIT $3) AS due
    ORDER BY due.shard, due.wake_at, due.id";
const NEXT_WAKE: &str = "
    SELECT min(first.wake_at) FROM leases AS l CROSS JOIN LATERAL (
        SELECT r.wake_at FROM runs AS r WHERE r.shard = l.shard AND r.wake_at IS NOT NULL
            AND r.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
        ORDER BY r.wake_at LIMIT 1) AS first";
// `OFFSET 0` keeps the lookup a lookup for each subject, however few unfinished runs the
// planner believes there are.
const UNFINISHED: &str = select!(
    "FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    CROSS JOIN LATERAL (
        SELECT * FROM runs AS r WHERE r.shard = asked.shard AND r.subject_kind = asked.kind
            AND r.subject_id = asked.id AND r.ended IS NULL OFFSET 0) AS r
    ORDER BY r.started, r.id"
);
// A moved run has left its row behind; its new self may find it in its shard.
const INSERT: &str = concat!(
    "INSERT INTO runs (shard, id, workflow, program, subject_kind, subject_id, cause, started, version,
        effects, state, wake_at, rest, how, reason, ended)
    SELECT shard, id, workflow, program, subject_kind, subject_id, cause, started, version,
        effects, state, wake_at, rest::json, how, reason, ended
    FROM ",
    input!(),
    " ON CONFLICT (shard, id) DO UPDATE SET workflow = excluded.workflow, program = excluded.program,
        subject_kind = excluded.subject_kind, subject_id = excluded.subject_id, version = excluded.version,
        effects = excluded.effects, state = excluded.state, wake_at = excluded.wake_at, rest = excluded.rest,
        how = excluded.how, reason = excluded.reason, ended = excluded.ended
    WHERE runs.how = 'moved'"
);
const UPDATE: &str = concat!(
    "UPDATE runs SET program = new.program, version = new.version, effects = new.effects, state = new.state,
        wake_at = new.wake_at, rest = new.rest::json, how = new.how, reason = new.reason, ended = new.ended
    FROM ",
    input!(),
    " WHERE runs.shard = new.shard AND runs.id = new.id AND runs.version = new.expected"
);
const LIST: &str = select!(
    "FROM runs AS r
    WHERE ($1::text IS NULL OR r.workflow = $1) AND ($2::text IS NULL OR r.state = $2)
        AND ($3::timestamptz IS NULL OR (r.started, r.id) < ($3, $4))
    ORDER BY r.started DESC, r.id DESC LIMIT $5"
);
const OF_SUBJECT: &str = select!(
    "FROM runs AS r
    WHERE r.shard = $6 AND r.subject_kind = $7 AND r.subject_id = $8
        AND ($1::text IS NULL OR r.workflow = $1) AND ($2::text IS NULL OR r.state = $2)
        AND ($3::timestamptz IS NULL OR (r.started, r.id) < ($3, $4))
    ORDER BY r.started DESC, r.id DESC LIMIT $5"
);
// The row that a moved run has left behind comes last.
const ALL_OF_ONE: &str = select!(
    "FROM leases AS l JOIN runs AS r ON r.shard = l.shard AND r.id = $1
    ORDER BY r.how IS NOT DISTINCT FROM 'moved'"
);
// From one program to the next in the index of unfinished runs.
const PINNED: &str = "
    WITH RECURSIVE pinned (program) AS (
        (SELECT r.program FROM runs AS r WHERE r.state <> 'finished' ORDER BY r.program LIMIT 1)
        UNION ALL
        SELECT (SELECT r.program FROM runs AS r WHERE r.state <> 'finished' AND r.program > pinned.program
            ORDER BY r.program LIMIT 1)
        FROM pinned WHERE pinned.program IS NOT NULL)
    SELECT program FROM pinned WHERE program IS NOT NULL";
const COUNT: &str = "
    INSERT INTO run_counts (shard, workflow, finished)
    SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[])
    ON CONFLICT (shard, workflow) DO UPDATE SET finished = run_counts.finished + excluded.finished";

/// Columns of runs, as arrays.
#[derive(Default)]
struct Columns<'a> {
    shard: Vec<i32>,
    id: Vec<&'a str>,
    workflow: Vec<&'a str>,
    program: Vec<&'a [u8]>,
    subject_kind: Vec<&'a str>,
    subject_id: Vec<&'a str>,
    cause: Vec<&'a str>,
    started: Vec<Moment>,
    version: Vec<i64>,
    effects: Vec<i64>,
    state: Vec<String>,
    wake_at: Vec<Option<Moment>>,
    rest: Vec<Option<String>>,
    how: Vec<Option<String>>,
    reason: Vec<Option<String>>,
    ended: Vec<Option<Moment>>,
    expected: Vec<Option<i64>>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, change: &'a RunChange, shards: u16) -> Result<()> {
        let run = &change.run;
        let state = RunColumns::of(&run.state)?;
        self.shard.push(i32::from(shard_of(&run.subject, shards)));
        self.id.push(&run.id);
        self.workflow.push(&run.workflow);
        self.program.push(&run.program.0);
        self.subject_kind.push(&run.subject.kind);
        self.subject_id.push(&run.subject.id);
        self.cause.push(&run.cause);
        self.started.push(Moment::of(run.started));
        self.version.push(version(run.version)?);
        self.effects.push(i64::from(run.effects));
        self.state.push(word(&state.status));
        self.wake_at.push(state.wake.map(Moment::up));
        self.rest.push(state.rest);
        self.how.push(state.how.as_ref().map(word));
        self.reason.push(state.reason.map(|reason| clean(&reason).into_owned()));
        self.ended.push(state.ended.map(Moment::of));
        self.expected.push(change.expected.map(version).transpose()?);
        Ok(())
    }

    async fn execute(self, db: &mut PgConnection, sql: &'static str) -> Result<()> {
        let expected = self.id.len();
        if expected == 0 {
            return Ok(());
        }
        let query = sqlx::query(sql)
            .bind(self.shard)
            .bind(self.id)
            .bind(self.workflow)
            .bind(self.program)
            .bind(self.subject_kind)
            .bind(self.subject_id)
            .bind(self.cause)
            .bind(self.started)
            .bind(self.version)
            .bind(self.effects)
            .bind(self.state)
            .bind(self.wake_at)
            .bind(self.rest)
            .bind(self.how)
            .bind(self.reason)
            .bind(self.ended)
            .bind(self.expected);
        if query.execute(db).await?.rows_affected() != expected as u64 {
            return Err(StoreError::Conflict { what: format!("one of {expected} runs") });
        }
        Ok(())
    }
}

fn version(version: u64) -> Result<i64> {
    i64::try_from(version).map_err(|error| unreadable("runs", error))
}

/// Runs of each shard whose moment has come.
pub(super) async fn due(
    db: &mut PgConnection,
    leases: &[Lease],
    now: Timestamp,
    limit: u32,
) -> Result<BTreeMap<Shard, Vec<Due>>> {
    let query = sqlx::query(DUE).bind(numbers(leases)).bind(Moment::of(now)).bind(i64::from(limit));
    let mut found: BTreeMap<Shard, Vec<Due>> = BTreeMap::new();
    for row in query.fetch_all(db).await? {
        let due = Due {
            at: time("runs", row.try_get(0)?)?,
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            what: Ring::Timer(row.try_get::<&str, _>(3)?.into()),
        };
        found.entry(read_shard("runs", row.try_get(4)?)?).or_default().push(due);
    }
    Ok(found)
}

/// When the first timer rings.
pub(super) async fn next_wake(db: &mut PgConnection) -> Result<Option<Timestamp>> {
    maybe_time("runs", sqlx::query_scalar(NEXT_WAKE).fetch_one(db).await?)
}

/// The unfinished runs of each subject, oldest first.
pub(super) async fn unfinished(
    db: &mut PgConnection,
    shards: u16,
    subjects: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Vec<Run>>> {
    let Addresses { shard, kind, id } = Addresses::of(subjects, shards);
    let rows = sqlx::query(UNFINISHED).bind(shard).bind(kind).bind(id).fetch_all(db).await?;
    let mut runs: BTreeMap<_, _> = subjects.iter().map(|id| (id.clone(), Vec::new())).collect();
    for row in &rows {
        let run = run(row)?;
        runs.entry(run.subject.clone()).or_default().push(run);
    }
    Ok(runs)
}

/// Writes new runs, and changed ones if they are as expected.
pub(super) async fn write(db: &mut PgConnection, shards: u16, changes: &[&RunChange]) -> Result<()> {
    let (mut new, mut changed) = (Columns::default(), Columns::default());
    for change in changes {
        let columns = if change.expected.is_some() { &mut changed } else { &mut new };
        columns.push(change, shards)?;
    }
    changed.execute(db, UPDATE).await?;
    new.execute(db, INSERT).await
}

/// Counts runs that have ended, each once: one that moved goes on elsewhere.
pub(super) async fn count(db: &mut PgConnection, shards: u16, changes: &[&RunChange]) -> Result<()> {
    let counts = finished(shards, changes.iter().copied());
    if counts.is_empty() {
        return Ok(());
    }
    let shards: Vec<i32> = counts.keys().map(|(shard, _)| i32::from(*shard)).collect();
    let workflows: Vec<&str> = counts.keys().map(|(_, workflow)| *workflow).collect();
    let counts: Vec<i64> = counts.into_values().collect();
    sqlx::query(COUNT).bind(shards).bind(workflows).bind(counts).execute(db).await?;
    Ok(())
}

fn run(row: &PgRow) -> Result<Run> {
    let how: Option<&str> = row.try_get(11)?;
    let state = RunColumns {
        status: read_word("runs", row.try_get(9)?)?,
        wake: None,
        rest: row.try_get(10)?,
        how: how.map(|how| read_word("runs", how)).transpose()?,
        reason: row.try_get::<Option<&str>, _>(12)?.map(Arc::from),
        ended: maybe_time("runs", row.try_get(13)?)?,
    };
    let effects: i64 = row.try_get(8)?;
    Ok(Run {
        id: row.try_get::<&str, _>(0)?.into(),
        workflow: row.try_get::<&str, _>(1)?.into(),
        program: read_hash("runs", row.try_get(2)?)?,
        subject: EntityId::new(row.try_get::<&str, _>(3)?, row.try_get::<&str, _>(4)?),
        cause: row.try_get::<&str, _>(5)?.into(),
        started: time("runs", row.try_get(6)?)?,
        version: row.try_get::<i64, _>(7)?.unsigned_abs(),
        effects: effects.try_into().map_err(|error| unreadable("runs", error))?,
        state: state.state()?,
    })
}

/// Runs for people; see [`crate::store::Store::runs`].
pub(super) async fn list(db: &mut PgConnection, shards: u16, filter: &RunFilter) -> Result<RunPage> {
    let after = filter.after.as_ref();
    let query = sqlx::query(if filter.subject.is_some() { OF_SUBJECT } else { LIST })
        .bind(filter.workflow.as_deref())
        .bind(filter.status.as_ref().map(word))
        .bind(after.map(|place| Moment::of(place.started)))
        .bind(after.map(|place| &*place.id))
        .bind(i64::from(filter.limit).saturating_add(1));
    let query = match &filter.subject {
        None => query,
        Some(subject) => {
            query.bind(i32::from(shard_of(subject, shards))).bind(&*subject.kind).bind(&*subject.id)
        }
    };
    let rows = query.fetch_all(db).await?;
    let runs = rows.iter().map(run).collect::<Result<Vec<_>>>()?;
    Ok(RunPage::of(runs, filter.limit))
}

/// One run, and the rows that it has left behind where it was before it moved.
pub(super) async fn all_of_one(db: &mut PgConnection, id: &str) -> Result<Vec<Run>> {
    sqlx::query(ALL_OF_ONE).bind(id).fetch_all(db).await?.iter().map(run).collect()
}

/// The programs of unfinished runs.
pub(super) async fn pinned(db: &mut PgConnection) -> Result<BTreeSet<Hash>> {
    let programs: Vec<Vec<u8>> = sqlx::query_scalar(PINNED).fetch_all(db).await?;
    programs.iter().map(|program| read_hash("runs", program)).collect()
}
