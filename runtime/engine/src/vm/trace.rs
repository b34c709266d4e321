//! Who is told which way code goes: coverage of tests.

use std::fmt;

use onward_bytecode::FunctionId;

/// What happened at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passage {
    /// It was done: for a wait, a run came to it.
    Done,
    /// It was not done, because its condition is false.
    Skipped,
    /// A branch was taken.
    Taken,
    /// A branch was not taken.
    Passed,
    /// The event of a wait came.
    Came,
    /// The event of a wait did not come in time.
    Late,
}

/// Is told which way code goes. The same may be told twice: code that lacks something runs again.
/// Nothing that it does may change what code does.
pub trait Trace: fmt::Debug + Send + Sync {
    /// A function gave a truth value.
    fn decided(&self, _function: FunctionId, _yes: bool) {}

    /// A run came by a step of a workflow.
    fn passed(&self, _workflow: &str, _step: &str, _how: Passage) {}
}
