//! Table `settings`: what was fixed when the store was created.

use sqlx::SqliteConnection;

use crate::store::rows::unreadable;
use crate::store::{Result, StoreError};

const SHARDS: &str = "SELECT value FROM settings WHERE name = 'shards'";
const FIX_SHARDS: &str = "INSERT INTO settings (name, value) VALUES ('shards', ?1)";
const MAKE_LEASES: &str = "
    WITH RECURSIVE shard (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM shard WHERE n + 1 < ?1)
    INSERT INTO leases (shard) SELECT n FROM shard";

/// The store's number of shards; `asked` or `default` if it is new.
pub(super) async fn shards(db: &mut SqliteConnection, asked: Option<u16>, default: u16) -> Result<u16> {
    let stored: Option<String> = sqlx::query_scalar(SHARDS).fetch_optional(&mut *db).await?;
    if let Some(stored) = stored {
        let stored: u16 = stored.parse().map_err(|error| unreadable("settings", error))?;
        return match asked {
            Some(asked) if asked != stored => Err(StoreError::Shards { stored, asked }),
            _ => Ok(stored),
        };
    }
    let shards = asked.unwrap_or(default).max(1);
    sqlx::query(FIX_SHARDS).bind(shards.to_string()).execute(&mut *db).await?;
    sqlx::query(MAKE_LEASES).bind(shards).execute(&mut *db).await?;
    Ok(shards)
}
