//! What a function may need at most, and how a person is told.
//!
//! It must not know which expression went over a limit: splitting the workflow or
//! the message is the remedy either way.

use crate::diagnostic::{Code, Diagnostic, Span};

/// A workflow, an action, a segment or a source does not fit the machine.
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
    /// More questions about the past than an operand can count.
    Questions,
    /// More than [`DEPTH`].
    Depth,
    /// A source's blocks are within each other more than [`DEPTH`] times.
    Blocks,
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
            Self::Questions => "it asks more than 256 questions about past events",
            Self::Blocks => "its blocks stand in each other more than 16 deep",
            Self::Depth => "a message holds more than 16 loops within each other",
        }
    }

    /// The message about a workflow.
    pub(super) fn of_workflow(self, name: &str, span: Span) -> Diagnostic {
        let help = "split it into several workflows; one can start the next with `do start`";
        self.about(&format!("workflow `{name}`"), span, help)
    }

    /// The message about an action.
    pub(super) fn of_action(self, name: &str, span: Span) -> Diagnostic {
        let help = "shorten this value, or take it in parts as parameters";
        self.about(&format!("action `{name}`"), span, help)
    }

    /// The message about a segment.
    pub(super) fn of_segment(self, name: &str, span: Span) -> Diagnostic {
        let help = "split the condition: set an attribute by a workflow, and ask for that";
        self.about(&format!("segment `{name}`"), span, help)
    }

    /// The message about the policy.
    pub(super) fn of_policy(self, span: Span) -> Diagnostic {
        self.about("this time zone", span, "shorten it")
    }

    /// The message about a source.
    pub(super) fn of_source(self, name: &str, span: Span) -> Diagnostic {
        self.about(&format!("source `{name}`"), span, "shorten this value")
    }

    /// The message about a value of a test.
    pub(super) fn of_test(self, name: &str, span: Span) -> Diagnostic {
        self.about(&format!("this value of the test \"{name}\""), span, "shorten it")
    }

    fn about(self, what: &str, span: Span, help: &str) -> Diagnostic {
        Diagnostic::error(TOO_LARGE, span, format!("{what} is too large: {}", self.reason()))
            .label("too large")
            .help(help)
    }
}
