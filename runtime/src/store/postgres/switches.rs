//! Table `switches`: workflows that a person holds up.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{PgConnection, Row};

use super::{Moment, time};
use crate::store::rows::{read_word, word};
use crate::store::{Result, Switch, Switched};

const TURN: &str = "
    INSERT INTO switches (workflow, state, at, made_by) VALUES ($1, $2, $3, $4)
    ON CONFLICT (workflow) DO UPDATE SET state = excluded.state, at = excluded.at, made_by = excluded.made_by
    WHERE switches.state <> excluded.state";
const REMOVE: &str = "DELETE FROM switches WHERE workflow = $1";
const ALL: &str = "SELECT workflow, state, at, made_by FROM switches ORDER BY workflow";

/// Turns a workflow's switch, or takes it away.
pub(super) async fn turn(
    db: &mut PgConnection,
    workflow: &str,
    to: Option<Switch>,
    by: &str,
    at: Timestamp,
) -> Result<()> {
    match to {
        Some(to) => sqlx::query(TURN).bind(workflow).bind(word(&to)).bind(Moment::of(at)).bind(by),
        None => sqlx::query(REMOVE).bind(workflow),
    }
    .execute(db)
    .await?;
    Ok(())
}

/// All that are turned.
pub(super) async fn all(db: &mut PgConnection) -> Result<BTreeMap<Arc<str>, Switched>> {
    let mut all = BTreeMap::new();
    for row in sqlx::query(ALL).fetch_all(db).await? {
        let switched = Switched {
            switch: read_word("switches", row.try_get(1)?)?,
            at: time("switches", row.try_get(2)?)?,
            by: row.try_get::<&str, _>(3)?.into(),
        };
        all.insert(row.try_get::<&str, _>(0)?.into(), switched);
    }
    Ok(all)
}
