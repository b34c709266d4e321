//! The machine that runs verified bytecode.
//!
//! It reads nothing but its arguments and its [`World`], changes nothing, and
//! always ends: code has no loops, and what lists multiply is counted. It must
//! not know runs, stores or providers: a workflow's body asks for what it wants
//! done by yielding.

mod arithmetic;
mod chain;
mod compare;
mod convert;
mod exec;
mod flip;
mod fuel;
mod history;
mod horizon;
mod machine;
mod pipe;
pub mod request;
mod share;
pub mod source;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod world;

use jiff::Timestamp;
use onward_bytecode::{CaptureCall, EntityId, FunctionId, Program, Value, WorkflowDecl};

pub use machine::{Machine, Yield};
pub use share::share;
pub use trace::{Passage, Trace};
pub use world::{Moved, Secrets, World};

use crate::model::{Question, Rest};
use exec::Run;

/// Why code stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It reads an entity that was not looked up: look it up and start again.
    #[error("{0} has not been looked up")]
    Needs(EntityId),
    /// It reads past events that were not looked up: look them up and start again.
    #[error("past events `{}` of {} have not been looked up", .0.event, .0.entity)]
    Asks(Question),
    /// It does more work than one message or condition may.
    #[error("it takes too much work: a list is too long for what is done with each item")]
    OutOfFuel,
    /// It makes a text or JSON that is larger than [`MAX_OUTPUT`].
    #[error("it makes a text of more than {} KiB", MAX_OUTPUT >> 10)]
    TooLarge,
    /// The secret is not there.
    #[error("the secret `{0}` is not set; set it in the server's environment")]
    NoSecret(Box<str>),
    /// The program was not verified, or it is not the one that a run is pinned to.
    #[error("the program is damaged: there is no {0}")]
    Damaged(&'static str),
}

/// A text or JSON value is at most this many bytes.
pub const MAX_OUTPUT: usize = 1 << 20;

/// Calls a condition, a message or any other function that gives a value.
///
/// # Errors
///
/// A [`Fault`]; after [`Fault::Needs`] the same call can be made again.
pub fn call(
    program: &Program,
    function: FunctionId,
    args: &[Value],
    world: &World<'_>,
) -> Result<Value, Fault> {
    Run::new(program, world).call(function, args)
}

/// Calls a condition, and says when it could have another value because time goes on: never
/// later than it does, and `None` if it never does. Look again then; it may be the same still.
///
/// # Errors
///
/// As [`call`].
pub fn watch(
    program: &Program,
    function: FunctionId,
    args: &[Value],
    world: &World<'_>,
) -> Result<(Value, Option<Timestamp>), Fault> {
    Run::watching(program, world).watch(function, args)
}

/// Calls a condition of a workflow for a run that rests: an `exit`, or a wait's `where`.
///
/// # Errors
///
/// As [`call`].
pub fn call_at_rest(
    program: &Program,
    workflow: &WorkflowDecl,
    rest: &Rest,
    call: &CaptureCall,
    world: &World<'_>,
) -> Result<Value, Fault> {
    Run::new(program, world).call(call.function, &kept(workflow, rest, call)?)
}

/// [`watch`] for a run that rests.
///
/// # Errors
///
/// As [`call`].
pub fn watch_at_rest(
    program: &Program,
    workflow: &WorkflowDecl,
    rest: &Rest,
    call: &CaptureCall,
    world: &World<'_>,
) -> Result<(Value, Option<Timestamp>), Fault> {
    Run::watching(program, world).watch(call.function, &kept(workflow, rest, call)?)
}

/// What a condition is given of what is kept while a run rests.
fn kept(workflow: &WorkflowDecl, rest: &Rest, call: &CaptureCall) -> Result<Vec<Value>, Fault> {
    let point = workflow.points.iter().find(|point| point.name == rest.point);
    let point = point.ok_or(Fault::Damaged("resume point"))?;
    let kept = |register: &u8| {
        let live = point.live.iter().zip(&rest.values).find(|(live, _)| live.register == *register);
        live.map_or(Value::Missing, |(live, json)| Value::read(json, &live.ty))
    };
    Ok(call.registers.iter().map(kept).collect())
}
