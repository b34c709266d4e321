//! What an editor sees.

mod act;
mod complete;
mod hello;
mod names;
mod order;
mod same;
mod shape;
