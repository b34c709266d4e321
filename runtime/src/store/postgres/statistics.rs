//! Keeps the planner's idea of the tables from lagging far behind.
//!
//! The server looks after it by itself, but once a minute only: a new store that gets
//! busy at once would be planned as an empty one until then.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::store::Result;

/// Tables that have more than doubled since they were looked at.
const STALE: &str = "
    SELECT c.relname::text FROM pg_class AS c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
        AND c.relname = ANY (ARRAY['facts', 'fact_ids', 'identities', 'merges', 'entities', 'runs', 'enrolments',
            'intents', 'timeline', 'relations'])
        AND pg_stat_get_mod_since_analyze(c.oid) > 500 + c.reltuples";

/// Looks at the tables that changed much.
pub(super) async fn refresh(db: &mut PgConnection) -> Result<()> {
    let stale: Vec<String> = sqlx::query_scalar(STALE).fetch_all(&mut *db).await?;
    for table in stale {
        let analyze = AssertSqlSafe(format!("ANALYZE (SKIP_LOCKED) {table}"));
        sqlx::query(analyze).execute(&mut *db).await?;
    }
    Ok(())
}
