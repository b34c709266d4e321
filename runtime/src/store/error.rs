//! What can go wrong in a store, and what to do then.

use std::path::PathBuf;

use onward_bytecode::Hash;

use super::Shard;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lease is another node's by now. Forget the batch: its new owner repeats it.
    #[error("shard {shard} is leased by another node by now; this batch is dropped and repeated there")]
    LeaseLost {
        /// The shard.
        shard: Shard,
    },
    /// Something is not as the batch expected. Read the batch again.
    #[error("{what} has changed since the batch was read; the batch is read again")]
    Conflict {
        /// What.
        what: String,
    },
    /// There is no such run, or it has ended.
    #[error("there is no unfinished run `{run}`; `onward runs` lists them")]
    NoRun {
        /// Its id.
        run: String,
    },
    /// There is no such draft, or it was decided about.
    #[error("there is no draft `{key}` that waits; `onward drafts` lists them")]
    NoDraft {
        /// Its key.
        key: String,
    },
    /// The program is not kept.
    #[error("program {hash} is not in the store; send it before it is deployed")]
    NoProgram {
        /// Its name.
        hash: Hash,
    },
    /// A sender named nobody.
    #[error("fact `{id}` names nobody; give an id, an email, a phone number or an anonymous id")]
    Nobody {
        /// The fact's id.
        id: String,
    },
    /// Another process has the file open.
    #[error("`{}` is open in another onward process; stop that one, or give this one a file of its own", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The file cannot be used.
    #[error("cannot use `{}`; check that its folder exists and that this user may write there", path.display())]
    File {
        /// The database file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address of the database is wrong.
    #[error("`{url}` is not the address of a database; it looks like postgres://user@host/name")]
    Address {
        /// What was given, without its password.
        url: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The number of shards is another than the store's.
    #[error("the store was created with {stored} shards, not {asked}; leave the setting out or use {stored}")]
    Shards {
        /// The store's.
        stored: u16,
        /// The setting's.
        asked: u16,
    },
    /// The schema could not be brought up to date.
    #[error(
        "the store's tables could not be brought up to date; if it was used by a newer onward, use that one"
    )]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row cannot be read.
    #[error("a row of {table} cannot be read: {why}; if it was written by a newer onward, use that one")]
    Unreadable {
        /// Its table.
        table: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The database did not do it. It may do it the next time.
    #[error("the database could not be used; see the cause, then try again")]
    Database(#[from] sqlx::Error),
}

impl StoreError {
    /// Whether trying the same again may work.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Database(_))
    }
}
