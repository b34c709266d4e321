//! What the newest facts look like, for `onward schema`. A bounded part of the log is looked at.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::store::rows::{micros, moment, read_json};
use crate::store::{EventCount, Result, Sample, Seen};

/// So many of the newest facts are looked at.
const FACTS: i64 = 200_000;
/// So many of each sort are read.
const EACH: i64 = 300;
/// A fact with more bytes is not.
const LARGEST: i64 = 16 << 10;

const COUNTS: &str = "
    SELECT name, subject_kind, count(*), count(DISTINCT subject_id), sum(at >= ?1),
        count(DISTINCT CASE WHEN at >= ?1 THEN subject_id END), max(at)
    FROM facts WHERE seq > (SELECT max(seq) FROM facts) - ?2 AND kind = 'event'
    GROUP BY name, subject_kind ORDER BY name, subject_kind";
const SAMPLES: &str = "
    SELECT f.subject_kind, f.body FROM (
        SELECT seq, row_number() OVER (PARTITION BY kind, name, subject_kind ORDER BY seq DESC) AS place
        FROM facts WHERE seq > (SELECT max(seq) FROM facts) - ?1 AND kind IN ('event', 'attributes')) AS newest
    JOIN facts AS f ON f.seq = newest.seq WHERE newest.place <= ?2 AND length(f.body) <= ?3";

/// See [`crate::store::Store::seen`].
pub(super) async fn seen(db: &mut SqliteConnection, since: Timestamp) -> Result<Seen> {
    let rows = sqlx::query(COUNTS).bind(micros(since)).bind(FACTS).fetch_all(&mut *db).await?;
    let events = rows.iter().map(count).collect::<Result<_>>()?;
    let mut samples = Vec::new();
    for row in sqlx::query(SAMPLES).bind(FACTS).bind(EACH).bind(LARGEST).fetch_all(db).await? {
        samples.extend(Sample::of(row.try_get(0)?, read_json("facts", row.try_get(1)?)?));
    }
    Ok(Seen { events, samples })
}

fn count(row: &SqliteRow) -> Result<EventCount> {
    let number = |column: usize| Ok::<_, sqlx::Error>(row.try_get::<i64, _>(column)?.unsigned_abs());
    Ok(EventCount {
        name: row.try_get::<&str, _>(0)?.into(),
        about: row.try_get::<&str, _>(1)?.into(),
        count: number(2)?,
        subjects: number(3)?,
        recent: number(4)?,
        recent_subjects: number(5)?,
        last: moment("facts", row.try_get(6)?)?,
    })
}
