//! Brings a store's tables up to date from SQL that is part of the program.
//!
//! Migrations only add: an older node must be able to go on working, so that
//! migrations it does not know are no error.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, name and text of a migration.
pub(super) type Step = (i64, &'static str, &'static str);

/// What applies `steps`.
pub(super) fn migrator(steps: &[Step]) -> Migrator {
    let simple = |&(number, name, sql): &Step| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(steps.iter().map(simple).collect());
    migrator.set_ignore_missing(true);
    migrator
}
