//! The built binary against real servers and clients: killed, stopped, taken over.

mod crash;
mod harness;
mod segment;
mod takeover;
