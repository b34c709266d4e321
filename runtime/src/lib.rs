//! The async edge: the store, workers, dispatch, ingestion and the HTTP API.
//!
//! It runs verified programs and never compiles one.

mod clock;
pub mod cluster;
pub mod dispatch;
mod http;
mod ingest;
mod outbox;
mod pace;
mod programs;
mod secrets;
mod server;
mod signals;
pub mod store;
mod worker;

pub use clock::Clock;
pub use http::Access;
pub use outbox::{Caught, Message, Outbox};
pub use secrets::Secrets;
pub use server::{NotDeployed, Options, Running, Server, StartError};

/// Makes `ring` the one provider of TLS in this process. Calling it again changes nothing.
pub fn install_tls() {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
