//! Table `timeline`: what is told to people.

use onward_bytecode::EntityId;
use onward_engine::model::Entry;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Addresses, Moment, below_open, time};
use crate::store::rows::{clean, read_word, word};
use crate::store::{Line, Position, Result, TimelineFilter, shard_of};

macro_rules! columns {
    () => {
        "t.tx, t.seq, t.at, t.subject_kind, t.subject_id, t.workflow, t.run, t.step, t.what, t.detail"
    };
}

macro_rules! fits {
    () => {
        "($1::text IS NULL OR t.workflow = $1) AND ($2::text IS NULL OR t.run = $2)
        AND ($3::text IS NULL OR (t.subject_kind = $3 AND t.subject_id = $4))"
    };
}

const INSERT: &str = "
    INSERT INTO timeline (shard, at, subject_kind, subject_id, workflow, run, step, what, detail)
    SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
        $7::text[], $8::text[], $9::text[])";
// Each shard in its own order by the primary key, then all of them together.
const AFTER: &str = concat!(
    "SELECT t.* FROM leases AS l CROSS JOIN LATERAL (SELECT ",
    columns!(),
    " FROM timeline AS t WHERE t.shard = l.shard AND (t.tx, t.seq) > ($6, $7) AND t.tx < ",
    below_open!(),
    " AND ",
    fits!(),
    " ORDER BY t.tx, t.seq LIMIT $5) AS t ORDER BY t.tx, t.seq LIMIT $5"
);
const LAST: &str = concat!(
    "SELECT t.* FROM leases AS l CROSS JOIN LATERAL (SELECT ",
    columns!(),
    " FROM timeline AS t WHERE t.shard = l.shard AND t.tx < ",
    below_open!(),
    " AND ",
    fits!(),
    " ORDER BY t.tx DESC, t.seq DESC LIMIT $5) AS t ORDER BY t.tx DESC, t.seq DESC LIMIT $5"
);
const OF_RUN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unnest($1::integer[], $2::text[], $3::text[]) AS asked (shard, kind, id)
    JOIN timeline AS t ON t.shard = asked.shard AND t.subject_kind = asked.kind AND t.subject_id = asked.id
    WHERE t.run = $4 ORDER BY t.at, t.tx, t.seq"
);

#[derive(Default)]
struct Columns<'a> {
    shard: Vec<i32>,
    at: Vec<Moment>,
    subject_kind: Vec<&'a str>,
    subject_id: Vec<&'a str>,
    workflow: Vec<&'a str>,
    run: Vec<Option<&'a str>>,
    step: Vec<Option<&'a str>>,
    what: Vec<String>,
    detail: Vec<String>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, entry: &'a Entry, shards: u16) {
        self.shard.push(i32::from(shard_of(&entry.subject, shards)));
        self.at.push(Moment::of(entry.at));
        self.subject_kind.push(&entry.subject.kind);
        self.subject_id.push(&entry.subject.id);
        self.workflow.push(&entry.workflow);
        self.run.push(entry.run.as_deref());
        self.step.push(entry.step.as_deref());
        self.what.push(word(&entry.what));
        self.detail.push(clean(&entry.detail).into_owned());
    }
}

/// Writes lines.
pub(super) async fn insert<'a>(
    db: &mut PgConnection,
    shards: u16,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<()> {
    let mut columns = Columns::default();
    entries.into_iter().for_each(|entry| columns.push(entry, shards));
    if columns.shard.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(INSERT)
        .bind(columns.shard)
        .bind(columns.at)
        .bind(columns.subject_kind)
        .bind(columns.subject_id)
        .bind(columns.workflow)
        .bind(columns.run)
        .bind(columns.step)
        .bind(columns.what)
        .bind(columns.detail);
    query.execute(db).await?;
    Ok(())
}

/// Lines after a place that nothing can come before any more, oldest first.
pub(super) async fn after(
    db: &mut PgConnection,
    after: Position,
    filter: &TimelineFilter,
    limit: u32,
) -> Result<Vec<Line>> {
    let query = filtered(AFTER, filter, limit).bind(after.tx).bind(after.seq);
    query.fetch_all(db).await?.iter().map(line).collect()
}

/// The last lines, oldest first.
pub(super) async fn last(db: &mut PgConnection, filter: &TimelineFilter, limit: u32) -> Result<Vec<Line>> {
    let rows = filtered(LAST, filter, limit).fetch_all(db).await?;
    rows.iter().rev().map(line).collect()
}

fn filtered<'q>(
    sql: &'static str,
    filter: &'q TimelineFilter,
    limit: u32,
) -> sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments> {
    let subject = filter.subject.as_ref();
    sqlx::query(sql)
        .bind(filter.workflow.as_deref())
        .bind(filter.run.as_deref())
        .bind(subject.map(|subject| &*subject.kind))
        .bind(subject.map(|subject| &*subject.id))
        .bind(i64::from(limit))
}

/// The timeline of a run, told of these subjects.
pub(super) async fn of_run(
    db: &mut PgConnection,
    shards: u16,
    subjects: &[&EntityId],
    run: &str,
) -> Result<Vec<Entry>> {
    let Addresses { shard, kind, id } = Addresses::of(subjects.iter().copied(), shards);
    let rows = sqlx::query(OF_RUN).bind(shard).bind(kind).bind(id).bind(run).fetch_all(db).await?;
    rows.iter().map(|row| line(row).map(|line| line.entry)).collect()
}

fn line(row: &PgRow) -> Result<Line> {
    let entry = Entry {
        at: time("timeline", row.try_get(2)?)?,
        subject: EntityId::new(row.try_get::<&str, _>(3)?, row.try_get::<&str, _>(4)?),
        workflow: row.try_get::<&str, _>(5)?.into(),
        run: row.try_get::<Option<&str>, _>(6)?.map(Into::into),
        step: row.try_get::<Option<&str>, _>(7)?.map(Into::into),
        what: read_word("timeline", row.try_get(8)?)?,
        detail: row.try_get::<&str, _>(9)?.into(),
    };
    Ok(Line { position: Position { tx: row.try_get(0)?, seq: row.try_get(1)? }, entry })
}
