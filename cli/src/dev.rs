//! `onward dev`: a server for one project, on this machine, that sends nothing.
//!
//! Parts: the session that compiles, deploys, feeds events and moves the clock; the
//! story of events that come later; the watch over files; the words typed meanwhile.

pub(crate) mod session;
pub(crate) mod story;
pub(crate) mod typed;
pub(crate) mod watch;
