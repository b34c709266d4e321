//! Onward's language server.
//!
//! Messages come in at the `door` in their order and are put on the `desk`, one actor
//! that owns all documents and applies changes strictly in that order. What is asked is
//! answered from an immutable snapshot on a pool of threads, so that nothing waits for
//! anything slow. A feature is a function from a snapshot and a place to plain values;
//! only `wire` and what stands beside it knows the protocol's types.

mod desk;
mod documents;
mod door;
mod features;
mod jobs;
mod live;
mod outgoing;
mod position;
mod projects;
mod snapshot;
mod tape;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::path::Path;

use tokio::io::AsyncRead;
use tower_lsp_server::Server;

/// So many answers may be under way: more than any client asks for at once, so that no
/// message ever waits for the answer to another.
const AT_ONCE: usize = 1 << 16;

/// How a session has ended (LSP 3.17, `exit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client said `shutdown` before.
    Orderly,
    /// The client said `exit` without it, or went away.
    Abruptly,
}

/// Serves one client over standard input and output until it says `exit` or goes away.
///
/// # Errors
/// If the runtime cannot be started.
pub fn serve() -> io::Result<Ended> {
    run(|_| Ok(tokio::io::stdin()))
}

/// Serves as [`serve`] does, and keeps what the client says in a file.
///
/// # Errors
/// If the file cannot be written, or the runtime cannot be started.
pub fn record(file: &Path) -> io::Result<Ended> {
    run(|_| tape::Recorder::new(tokio::io::stdin(), file))
}

/// Serves a client that says what is in a file which [`record`] made, each message when all
/// before it are answered. Answers go to standard output.
///
/// # Errors
/// If the file cannot be read, or the runtime cannot be started.
pub fn replay(file: &Path) -> io::Result<Ended> {
    run(|desk| tape::play(file, desk.clone()))
}

fn run<R: AsyncRead + Unpin>(input: impl FnOnce(&desk::Desk) -> io::Result<R>) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (desk, line) = desk::open();
    let door = door::Door::new(desk.clone());
    // Standard input belongs to the runtime.
    let inside = runtime.enter();
    let input = input(&desk)?;
    runtime.block_on(Server::new(input, tokio::io::stdout(), line).concurrency_level(AT_ONCE).serve(door));
    drop(inside);
    runtime.shutdown_background();
    Ok(desk.close())
}
