//! What a function may need at most, and how a person is told.
//!
//! It must not know which expression went over a limit: splitting the workflow or
//! the message is the remedy either way.

use crate::diagnostic::{Code, Diagnostic, Span};

/// A workflow or an action does not fit the machine.
pub const TOO_LARGE: Code = Code("E0401");

/// Words that a function has at most: a jump reaches no further.
pub(super) const WORDS: usize = 65_535;
/// Registers that a function has at most: an operand is one byte.
pub(super) const REGISTERS: u16 = 256;
/// Loops within loops at most: a verifier lets calls go no deeper.
pub(super) const DEPTH: usize = 16;

/// A function needs more than the machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// More than [`WORDS`].
    Words,
    /// More than [`REGISTERS`].
    Registers,
    /// More names than an operand can count.
    Names,
    /// More loops than an operand can count.
    Loops,
    /// More than [`DEPTH`].
    Depth,
}

/// A result of lowering a piece of code.
pub(super) type Lowering<T> = Result<T, Limit>;

impl Limit {
    fn reason(self) -> &'static str {
        match self {
            Self::Words => "it is longer than 65,535 instructions",
            Self::Registers => "it needs more than 256 values at a time",
            Self::Names => "it reads more than 256 different attributes and members",
            Self::Loops => "its messages hold more than 256 loops",
            Self::Depth => "a message holds more than 16 loops within each other",
        }
    }

    /// The message about a workflow.
    pub(super) fn of_workflow(self, name: &str, span: Span) -> Diagnostic {
        Diagnostic::error(TOO_LARGE, span, format!("workflow `{name}` is too large: {}", self.reason()))
            .label("too large")
            .help("split it into several workflows; one can start the next with `do emit` and `on`")
    }

    /// The message about an action.
    pub(super) fn of_action(self, name: &str, span: Span) -> Diagnostic {
        Diagnostic::error(TOO_LARGE, span, format!("action `{name}` is too large: {}", self.reason()))
            .label("too large")
            .help("shorten this value, or take it in parts as parameters")
    }
}
