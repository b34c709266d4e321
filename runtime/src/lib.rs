//! The async edge: the store, workers, dispatch, ingestion and the HTTP API.
//!
//! It runs verified programs and never compiles one.

pub mod store;
