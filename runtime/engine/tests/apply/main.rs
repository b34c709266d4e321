//! What `apply` means.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod any_order;
mod build;
mod clauses;
mod rules;
mod stories;
mod town;
mod triggers;
mod vetting;
mod watched;
