//! The built binary against real servers and clients: killed, stopped, taken over.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at surprises")]

mod crash;
mod filling;
mod harness;
mod segment;
mod takeover;
