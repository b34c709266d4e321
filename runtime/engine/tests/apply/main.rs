//! What `apply` means.

mod any_order;
mod build;
mod rules;
mod stories;
mod town;
