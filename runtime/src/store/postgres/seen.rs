//! What the newest facts look like, for `onward schema`. A bounded part of the log is looked at.

use jiff::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{Moment, time};
use crate::store::rows::read_json;
use crate::store::{EventCount, Result, Sample, Seen};

/// So many of the newest facts are looked at, of each shard its part.
const FACTS: i64 = 200_000;
/// So many of each sort are read.
const EACH: i64 = 300;
/// A fact with more bytes is not.
const LARGEST: i32 = 16 << 10;

const COUNTS: &str = "
    SELECT f.name, f.subject_kind, count(*), count(DISTINCT f.subject_id), count(*) FILTER (WHERE f.at >= $1),
        count(DISTINCT f.subject_id) FILTER (WHERE f.at >= $1), max(f.at)
    FROM leases AS l CROSS JOIN LATERAL (
        SELECT * FROM facts AS f WHERE f.shard = l.shard ORDER BY f.tx DESC, f.seq DESC LIMIT $2) AS f
    WHERE f.kind = 'event' GROUP BY f.name, f.subject_kind ORDER BY f.name, f.subject_kind";
const SAMPLES: &str = "
    SELECT f.subject_kind, f.body::text FROM (
        SELECT n.shard, n.tx, n.seq,
            row_number() OVER (PARTITION BY n.kind, n.name, n.subject_kind ORDER BY n.tx DESC, n.seq DESC) AS place
        FROM leases AS l CROSS JOIN LATERAL (
            SELECT f.shard, f.tx, f.seq, f.kind, f.name, f.subject_kind FROM facts AS f
            WHERE f.shard = l.shard ORDER BY f.tx DESC, f.seq DESC LIMIT $1) AS n
        WHERE n.kind IN ('event', 'attributes')) AS newest
    JOIN facts AS f ON f.shard = newest.shard AND f.tx = newest.tx AND f.seq = newest.seq
    WHERE newest.place <= $2 AND length(f.body::text) <= $3";

/// See [`crate::store::Store::seen`].
pub(super) async fn seen(db: &mut PgConnection, shards: u16, since: Timestamp) -> Result<Seen> {
    let part = (FACTS / i64::from(shards.max(1))).max(100);
    let rows = sqlx::query(COUNTS).bind(Moment::of(since)).bind(part).fetch_all(&mut *db).await?;
    let events = rows.iter().map(count).collect::<Result<_>>()?;
    let mut samples = Vec::new();
    for row in sqlx::query(SAMPLES).bind(part).bind(EACH).bind(LARGEST).fetch_all(db).await? {
        samples.extend(Sample::of(row.try_get(0)?, read_json("facts", row.try_get(1)?)?));
    }
    Ok(Seen { events, samples })
}

fn count(row: &PgRow) -> Result<EventCount> {
    let number = |column: usize| Ok::<_, sqlx::Error>(row.try_get::<i64, _>(column)?.unsigned_abs());
    Ok(EventCount {
        name: row.try_get::<&str, _>(0)?.into(),
        about: row.try_get::<&str, _>(1)?.into(),
        count: number(2)?,
        subjects: number(3)?,
        recent: number(4)?,
        recent_subjects: number(5)?,
        last: time("facts", row.try_get(6)?)?,
    })
}
