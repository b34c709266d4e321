//! Table `settings`: what was fixed when the store was created.

use sqlx::PgConnection;

use crate::store::rows::unreadable;
use crate::store::{Result, StoreError};

const FIX_SHARDS: &str = "
    INSERT INTO settings (name, value) VALUES ('shards', $1::integer::text) ON CONFLICT (name) DO NOTHING";
const SHARDS: &str = "SELECT value FROM settings WHERE name = 'shards'";
const MAKE_LEASES: &str = "
    INSERT INTO leases (shard) SELECT generate_series(0, $1::integer - 1) ON CONFLICT (shard) DO NOTHING";

/// The store's number of shards; `asked` or `default` if it is new. Several nodes may
/// ask at once: the first one decides.
pub(super) async fn shards(db: &mut PgConnection, asked: Option<u16>, default: u16) -> Result<u16> {
    let wanted = i32::from(asked.unwrap_or(default).max(1));
    sqlx::query(FIX_SHARDS).bind(wanted).execute(&mut *db).await?;
    let stored: String = sqlx::query_scalar(SHARDS).fetch_one(&mut *db).await?;
    let stored: u16 = stored.parse().map_err(|error| unreadable("settings", error))?;
    match asked {
        Some(asked) if asked != stored => return Err(StoreError::Shards { stored, asked }),
        _ => {}
    }
    sqlx::query(MAKE_LEASES).bind(i32::from(stored)).execute(db).await?;
    Ok(stored)
}
