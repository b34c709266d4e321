//! The engine: the machine that runs bytecode, and `apply`, which turns one
//! input into one transition.
//!
//! It never awaits, and knows no clock, no randomness and no store: the same
//! inputs give the same bytes on every machine.

pub mod apply;
pub mod calendar;
pub mod civil;
mod index;
pub mod model;
pub mod program;
pub mod simulate;
mod snapshot;
pub mod vet;
pub mod vm;
pub mod window;

pub use apply::{Needs, Unmet, apply};
pub use program::{Loaded, Programs};
