//! Diagnostics for people and for machines: one value, many renderers.
//!
//! It must not know how a mistake is found, nor where the output goes. `sources`
//! are the files of the project; a diagnostic's file is a place in them.

mod github;
mod json;
mod place;
mod sarif;
mod terminal;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use terminal::{Colour, terminal};
