//! Onward's language server.
//!
//! Messages come in at the [`door`] in their order and are put on the [`desk`], one actor
//! that owns all documents and applies changes strictly in that order. What is asked is
//! answered from an immutable snapshot on a pool of threads, so that nothing waits for
//! anything slow. A feature is a function from a snapshot and a place to plain values;
//! only [`wire`] and what stands beside it knows the protocol's types.

mod desk;
mod documents;
mod door;
mod features;
mod jobs;
mod outgoing;
mod position;
mod projects;
mod snapshot;
mod wire;

use std::io;
use std::process::ExitCode;

use tower_lsp_server::Server;

/// So many answers may be under way: more than any client asks for at once, so that no
/// message ever waits for the answer to another.
const AT_ONCE: usize = 1 << 16;

/// Serves one client over standard input and output until it says `exit` or goes away.
/// The exit code is 0 if it said `shutdown` before (LSP 3.17, `exit`).
///
/// # Errors
/// If the runtime cannot be started.
pub fn serve() -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let (desk, line) = desk::open();
    let door = door::Door::new(desk.clone());
    runtime.block_on(
        Server::new(tokio::io::stdin(), tokio::io::stdout(), line).concurrency_level(AT_ONCE).serve(door),
    );
    runtime.shutdown_background();
    Ok(desk.close())
}
