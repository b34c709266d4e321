//! Table `timeline`: what is told to people.

use onward_bytecode::EntityId;
use onward_engine::model::Entry;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{clean, json, micros, moment, read_word, word};
use crate::store::{Line, Position, Result, TimelineFilter};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, at, subject_kind, subject_id, workflow, run, step, what, detail FROM timeline WHERE
            (?1 IS NULL OR workflow = ?1) AND (?2 IS NULL OR (subject_kind = ?2 AND subject_id = ?3))
            AND (?4 IS NULL OR run = ?4) AND ",
            $rest
        )
    };
}

const INSERT: &str = "
    INSERT INTO timeline (at, subject_kind, subject_id, workflow, run, step, what, detail)
    SELECT value ->> 'at', value ->> 'subject_kind', value ->> 'subject_id', value ->> 'workflow',
        value ->> 'run', value ->> 'step', value ->> 'what', value ->> 'detail'
    FROM jsonb_each(?1)";
const AFTER: &str = select!("seq > ?5 ORDER BY seq LIMIT ?6");
const LAST: &str = select!("?5 IS NULL ORDER BY seq DESC LIMIT ?6");
const OF_RUN: &str = "
    SELECT t.seq, t.at, t.subject_kind, t.subject_id, t.workflow, t.run, t.step, t.what, t.detail
    FROM jsonb_each(?1) AS asked CROSS JOIN timeline AS t
    ON t.subject_kind = asked.value ->> 1 AND t.subject_id = asked.value ->> 2
    WHERE t.run = ?2 ORDER BY t.seq";

#[derive(Serialize)]
struct Columns<'a> {
    at: i64,
    subject_kind: &'a str,
    subject_id: &'a str,
    workflow: &'a str,
    run: Option<&'a str>,
    step: Option<&'a str>,
    what: String,
    detail: String,
}

/// Writes lines.
pub(super) async fn insert<'a>(
    db: &mut SqliteConnection,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<()> {
    let rows: Vec<_> = entries.into_iter().map(columns).collect();
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT).bind(json("timeline", &rows)?).execute(db).await?;
    Ok(())
}

fn columns(entry: &Entry) -> Columns<'_> {
    Columns {
        at: micros(entry.at),
        subject_kind: &entry.subject.kind,
        subject_id: &entry.subject.id,
        workflow: &entry.workflow,
        run: entry.run.as_deref(),
        step: entry.step.as_deref(),
        what: word(&entry.what),
        detail: clean(&entry.detail).into_owned(),
    }
}

/// Lines after a place, oldest first.
pub(super) async fn after(
    db: &mut SqliteConnection,
    after: Position,
    filter: &TimelineFilter,
    limit: u32,
) -> Result<Vec<Line>> {
    fetch(db, AFTER, Some(after.seq), filter, limit).await
}

/// The last lines, oldest first.
pub(super) async fn last(
    db: &mut SqliteConnection,
    filter: &TimelineFilter,
    limit: u32,
) -> Result<Vec<Line>> {
    let mut lines = fetch(db, LAST, None, filter, limit).await?;
    lines.reverse();
    Ok(lines)
}

async fn fetch(
    db: &mut SqliteConnection,
    sql: &'static str,
    after: Option<i64>,
    filter: &TimelineFilter,
    limit: u32,
) -> Result<Vec<Line>> {
    let subject = filter.subject.as_ref();
    let query = sqlx::query(sql)
        .bind(filter.workflow.as_deref())
        .bind(subject.map(|subject| &*subject.kind))
        .bind(subject.map(|subject| &*subject.id))
        .bind(filter.run.as_deref())
        .bind(after)
        .bind(limit);
    query.fetch_all(db).await?.iter().map(line).collect()
}

/// The timeline of a run, told of the subjects at these addresses.
pub(super) async fn of_run(db: &mut SqliteConnection, addresses: &str, run: &str) -> Result<Vec<Entry>> {
    let rows = sqlx::query(OF_RUN).bind(addresses).bind(run).fetch_all(db).await?;
    rows.iter().map(|row| line(row).map(|line| line.entry)).collect()
}

fn line(row: &SqliteRow) -> Result<Line> {
    let entry = Entry {
        at: moment("timeline", row.try_get(1)?)?,
        subject: EntityId::new(row.try_get::<&str, _>(2)?, row.try_get::<&str, _>(3)?),
        workflow: row.try_get::<&str, _>(4)?.into(),
        run: row.try_get::<Option<&str>, _>(5)?.map(Into::into),
        step: row.try_get::<Option<&str>, _>(6)?.map(Into::into),
        what: read_word("timeline", row.try_get(7)?)?,
        detail: row.try_get::<&str, _>(8)?.into(),
    };
    Ok(Line { position: Position { tx: 0, seq: row.try_get(0)? }, entry })
}
