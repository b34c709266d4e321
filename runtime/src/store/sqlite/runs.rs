//! Table `runs`: one row a run, asleep or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{Run, RunChange};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::addresses;
use crate::store::rows::{RunColumns, finished, hash, json, micros, micros_up, moment, read_word, word};
use crate::store::{Due, Result, Ring, RunFilter, RunPage, Shard, StoreError, shard_of};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.workflow, r.program, r.subject_kind, r.subject_id, r.cause, r.started, ",
            "r.version, r.effects, r.state, r.rest, r.how, r.reason, r.ended ",
            $rest
        )
    };
}

const DUE: &str = "
    SELECT wake_at, subject_kind, subject_id, id FROM runs
    WHERE shard = ?1 AND wake_at <= ?2
        AND workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')
    ORDER BY wake_at, id LIMIT ?3";
const NEXT_WAKE: &str = "
    SELECT min((SELECT min(r.wake_at) FROM runs AS r WHERE r.shard = l.shard AND r.wake_at IS NOT NULL
        AND r.workflow NOT IN (SELECT s.workflow FROM switches AS s WHERE s.state = 'paused')))
    FROM leases AS l";
const UNFINISHED: &str = select!(
    "FROM jsonb_each(?1) AS asked CROSS JOIN runs AS r ON r.shard = asked.value ->> 0
        AND r.subject_kind = asked.value ->> 1 AND r.subject_id = asked.value ->> 2 AND r.ended IS NULL
    ORDER BY r.started, r.id"
);
// A moved run has left its row behind; its new self may find it in its shard.
const INSERT: &str = "
    INSERT INTO runs (shard, id, workflow, program, subject_kind, subject_id, cause, started, version, effects,
        state, wake_at, rest, how, reason, ended)
    SELECT value ->> 'shard', value ->> 'id', value ->> 'workflow', value ->> 'program',
        value ->> 'subject_kind', value ->> 'subject_id', value ->> 'cause', value ->> 'started',
        value ->> 'version', value ->> 'effects', value ->> 'state', value ->> 'wake_at', value ->> 'rest',
        value ->> 'how', value ->> 'reason', value ->> 'ended'
    FROM jsonb_each(?1) WHERE true
    ON CONFLICT (shard, id) DO UPDATE SET workflow = excluded.workflow, program = excluded.program,
        subject_kind = excluded.subject_kind, subject_id = excluded.subject_id, version = excluded.version,
        effects = excluded.effects, state = excluded.state, wake_at = excluded.wake_at, rest = excluded.rest,
        how = excluded.how, reason = excluded.reason, ended = excluded.ended
    WHERE runs.how = 'moved'";
const UPDATE: &str = "
    UPDATE runs SET program = new.value ->> 'program', version = new.value ->> 'version',
        effects = new.value ->> 'effects', state = new.value ->> 'state', wake_at = new.value ->> 'wake_at',
        rest = new.value ->> 'rest', how = new.value ->> 'how', reason = new.value ->> 'reason',
        ended = new.value ->> 'ended'
    FROM jsonb_each(?1) AS new
    WHERE runs.shard = new.value ->> 'shard' AND runs.id = new.value ->> 'id'
        AND runs.version = new.value ->> 'expected'";
const LIST: &str = select!(
    "FROM runs AS r
    WHERE (?1 IS NULL OR r.workflow = ?1) AND (?2 IS NULL OR (r.subject_kind = ?2 AND r.subject_id = ?3))
        AND (?4 IS NULL OR r.state = ?4)
        AND (?5 IS NULL OR r.started < ?5 OR (r.started = ?5 AND r.id < ?6))
    ORDER BY r.started DESC, r.id DESC LIMIT ?7"
);
const OF_SUBJECT: &str = select!(
    "FROM runs AS r
    WHERE r.shard = ?8 AND r.subject_kind = ?2 AND r.subject_id = ?3
        AND (?1 IS NULL OR r.workflow = ?1) AND (?4 IS NULL OR r.state = ?4)
        AND (?5 IS NULL OR r.started < ?5 OR (r.started = ?5 AND r.id < ?6))
    ORDER BY r.started DESC, r.id DESC LIMIT ?7"
);
// The row that a moved run has left behind comes last.
const ALL_OF_ONE: &str = select!(
    "FROM leases AS l CROSS JOIN runs AS r ON r.shard = l.shard AND r.id = ?1
    ORDER BY r.how IS NOT NULL AND r.how = 'moved'"
);
// From one program to the next in the index of unfinished runs.
const PINNED: &str = "
    WITH RECURSIVE pinned (program) AS (
        SELECT min(program) FROM runs WHERE ended IS NULL
        UNION ALL
        SELECT (SELECT min(r.program) FROM runs AS r WHERE r.ended IS NULL AND r.program > pinned.program)
        FROM pinned WHERE pinned.program IS NOT NULL)
    SELECT program FROM pinned WHERE program IS NOT NULL";
const COUNT: &str = "
    INSERT INTO run_counts (shard, workflow, finished)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1) WHERE true
    ON CONFLICT (shard, workflow) DO UPDATE SET finished = run_counts.finished + excluded.finished";

#[derive(Serialize)]
struct Columns<'a> {
    shard: Shard,
    id: &'a str,
    workflow: &'a str,
    program: String,
    subject_kind: &'a str,
    subject_id: &'a str,
    cause: &'a str,
    started: i64,
    version: u64,
    effects: u32,
    state: String,
    wake_at: Option<i64>,
    rest: Option<String>,
    how: Option<String>,
    reason: Option<Arc<str>>,
    ended: Option<i64>,
    expected: Option<u64>,
}

/// Runs whose moment has come.
pub(super) async fn due(
    db: &mut SqliteConnection,
    shard: Shard,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Due>> {
    let rows = sqlx::query(DUE).bind(shard).bind(micros(now)).bind(limit).fetch_all(db).await?;
    let due = |row: &SqliteRow| {
        Ok(Due {
            at: moment("runs", row.try_get(0)?)?,
            subject: EntityId::new(row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
            what: Ring::Timer(row.try_get::<&str, _>(3)?.into()),
        })
    };
    rows.iter().map(due).collect()
}

/// When the first timer rings.
pub(super) async fn next_wake(db: &mut SqliteConnection) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(NEXT_WAKE).fetch_one(db).await?)
}

/// The unfinished runs of each subject, oldest first.
pub(super) async fn unfinished(
    db: &mut SqliteConnection,
    shards: u16,
    subjects: &BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Vec<Run>>> {
    let rows = sqlx::query(UNFINISHED).bind(addresses(subjects, shards)?).fetch_all(db).await?;
    let mut runs: BTreeMap<_, _> = subjects.iter().map(|id| (id.clone(), Vec::new())).collect();
    for row in &rows {
        let run = run(row)?;
        runs.entry(run.subject.clone()).or_default().push(run);
    }
    Ok(runs)
}

/// Writes new runs, and changed ones if they are as expected.
pub(super) async fn write(db: &mut SqliteConnection, shards: u16, changes: &[&RunChange]) -> Result<()> {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for change in changes {
        let columns = columns(change, shards)?;
        if change.expected.is_some() { &mut changed } else { &mut new }.push(columns);
    }
    execute(db, UPDATE, changed).await?;
    execute(db, INSERT, new).await
}

/// Counts runs that have ended, each once: one that moved goes on elsewhere.
pub(super) async fn count(db: &mut SqliteConnection, shards: u16, changes: &[&RunChange]) -> Result<()> {
    let counts = finished(shards, changes.iter().copied());
    if counts.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = counts.iter().map(|((shard, workflow), count)| (*shard, *workflow, *count)).collect();
    sqlx::query(COUNT).bind(json("run_counts", &rows)?).execute(db).await?;
    Ok(())
}

async fn execute(db: &mut SqliteConnection, sql: &'static str, rows: Vec<Columns<'_>>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(sql).bind(json("runs", &rows)?).execute(db).await?;
    if done.rows_affected() != rows.len() as u64 {
        return Err(StoreError::Conflict { what: format!("one of {} runs", rows.len()) });
    }
    Ok(())
}

fn columns(change: &RunChange, shards: u16) -> Result<Columns<'_>> {
    let run = &change.run;
    let state = RunColumns::of(&run.state)?;
    Ok(Columns {
        shard: shard_of(&run.subject, shards),
        id: &run.id,
        workflow: &run.workflow,
        program: run.program.to_string(),
        subject_kind: &run.subject.kind,
        subject_id: &run.subject.id,
        cause: &run.cause,
        started: micros(run.started),
        version: run.version,
        effects: run.effects,
        state: word(&state.status),
        wake_at: state.wake.map(micros_up),
        rest: state.rest,
        how: state.how.as_ref().map(word),
        reason: state.reason,
        ended: state.ended.map(micros),
        expected: change.expected,
    })
}

fn run(row: &SqliteRow) -> Result<Run> {
    let how: Option<&str> = row.try_get(11)?;
    let ended: Option<i64> = row.try_get(13)?;
    let state = RunColumns {
        status: read_word("runs", row.try_get(9)?)?,
        wake: None,
        rest: row.try_get(10)?,
        how: how.map(|how| read_word("runs", how)).transpose()?,
        reason: row.try_get::<Option<&str>, _>(12)?.map(Arc::from),
        ended: ended.map(|ended| moment("runs", ended)).transpose()?,
    };
    Ok(Run {
        id: row.try_get::<&str, _>(0)?.into(),
        workflow: row.try_get::<&str, _>(1)?.into(),
        program: hash("runs", row.try_get(2)?)?,
        subject: EntityId::new(row.try_get::<&str, _>(3)?, row.try_get::<&str, _>(4)?),
        cause: row.try_get::<&str, _>(5)?.into(),
        started: moment("runs", row.try_get(6)?)?,
        version: row.try_get::<i64, _>(7)?.unsigned_abs(),
        effects: row.try_get(8)?,
        state: state.state()?,
    })
}

/// Runs for people; see [`crate::store::Store::runs`].
pub(super) async fn list(db: &mut SqliteConnection, shards: u16, filter: &RunFilter) -> Result<RunPage> {
    let after = filter.after.as_ref();
    let subject = filter.subject.as_ref();
    let query = sqlx::query(if subject.is_some() { OF_SUBJECT } else { LIST })
        .bind(filter.workflow.as_deref())
        .bind(subject.map(|subject| &*subject.kind))
        .bind(subject.map(|subject| &*subject.id))
        .bind(filter.status.as_ref().map(word))
        .bind(after.map(|place| micros(place.started)))
        .bind(after.map(|place| &*place.id))
        .bind(i64::from(filter.limit).saturating_add(1))
        .bind(subject.map(|subject| shard_of(subject, shards)));
    let rows = query.fetch_all(db).await?;
    let runs = rows.iter().map(run).collect::<Result<Vec<_>>>()?;
    Ok(RunPage::of(runs, filter.limit))
}

/// One run, and the rows that it has left behind where it was before it moved.
pub(super) async fn all_of_one(db: &mut SqliteConnection, id: &str) -> Result<Vec<Run>> {
    sqlx::query(ALL_OF_ONE).bind(id).fetch_all(db).await?.iter().map(run).collect()
}

/// The programs of unfinished runs.
pub(super) async fn pinned(db: &mut SqliteConnection) -> Result<BTreeSet<Hash>> {
    let programs: Vec<String> = sqlx::query_scalar(PINNED).fetch_all(db).await?;
    programs.iter().map(|program| hash("runs", program)).collect()
}
