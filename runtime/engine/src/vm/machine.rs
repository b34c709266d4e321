//! Runs the body of a workflow from one request to the next.

use jiff::{Timestamp, civil};
use onward_bytecode::{CaptureCall, Length, Program, Value, WorkflowDecl};

use super::{Fault, World};
use crate::model::{Again, Finish, Occurrence, Rest};

/// What a workflow's body wants done. Numbers are places in the workflow's tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Yield {
    /// A step is to be done. After an effect's the run rests at its point; after another's the machine goes on.
    Do {
        /// Place in `sites`.
        site: u16,
        /// Its arguments.
        args: Vec<Value>,
    },
    /// A step was not done because its condition is false.
    Skip {
        /// Place in `sites`.
        site: u16,
    },
    /// A branch was taken.
    Took {
        /// Place in `sites`.
        site: u16,
        /// Whether its condition holds.
        yes: bool,
    },
    /// The run rests until a moment; it is parked if there is none.
    Wait {
        /// Place in `points`.
        point: u16,
        /// The moment.
        until: Option<Timestamp>,
        /// The wall-clock time that the moment was made from, if it follows the subject's zone.
        civil: Option<civil::DateTime>,
    },
    /// The run rests for a length of time; it is parked if there is none.
    WaitFor {
        /// Place in `points`.
        point: u16,
        /// How long.
        length: Option<Length>,
    },
    /// The run rests until an event comes, at most for a length of time; it is parked if there is none.
    WaitEvent {
        /// Place in `waits`.
        wait: u16,
        /// How long.
        length: Option<Length>,
    },
    /// The run ends: [`Finish::Completed`] or [`Finish::Stopped`].
    End {
        /// How.
        how: Finish,
    },
}

/// A workflow's body on its way. It is never stored: [`Machine::rest`] and
/// [`Machine::again`] say what is.
#[derive(Debug, Clone)]
pub struct Machine<'p> {
    program: &'p Program,
    workflow: &'p WorkflowDecl,
    registers: Vec<Value>,
    pc: u32,
}

impl<'p> Machine<'p> {
    /// A run that starts where a trigger's `entry` says.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the program has no such body.
    pub fn start(program: &'p Program, workflow: &'p WorkflowDecl, entry: u32) -> Result<Self, Fault> {
        Ok(Self { program, workflow, registers: Vec::new(), pc: entry })
    }

    /// A run that goes on after its rest: the moment or the event has come, or the effect's outcome.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the workflow has no such point.
    pub fn resume(program: &'p Program, workflow: &'p WorkflowDecl, rest: &Rest) -> Result<Self, Fault> {
        let _ = rest;
        Self::start(program, workflow, 0)
    }

    /// A run whose wait for an event has lasted long enough.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the workflow has no such wait.
    pub fn resume_otherwise(
        program: &'p Program,
        workflow: &'p WorkflowDecl,
        wait: u16,
        rest: &Rest,
    ) -> Result<Self, Fault> {
        let _ = (wait, rest);
        Self::start(program, workflow, 0)
    }

    /// A run that tries once more what could not be done.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the program has no such place.
    pub fn retry(program: &'p Program, workflow: &'p WorkflowDecl, again: &Again) -> Result<Self, Fault> {
        Self::start(program, workflow, again.pc)
    }

    /// Runs until the body wants something. After a fault, the same can be tried again.
    ///
    /// # Errors
    ///
    /// A [`Fault`].
    pub fn next(&mut self, world: &World<'_>) -> Result<Yield, Fault> {
        let _ = (world, self.program, &self.registers, self.pc);
        Err(Fault::Damaged("code"))
    }

    /// The arguments of a call that reads the workflow's registers as they are now, so that an
    /// `exit` can be checked between two steps.
    #[must_use]
    pub fn captured(&self, call: &CaptureCall) -> Vec<Value> {
        let value = |register: &u8| self.registers.get(usize::from(*register)).cloned();
        call.registers.iter().map(|register| value(register).unwrap_or(Value::Missing)).collect()
    }

    /// What is kept of the run at this place in `points`.
    #[must_use]
    pub fn rest(&self, point: u16) -> Rest {
        let name = self.workflow.points.get(usize::from(point)).map(|point| point.name.clone());
        Rest { point: name.unwrap_or_default(), values: Vec::new() }
    }

    /// What is kept to try again what the body asked for last: its code from the
    /// request before that one on, so that what it reads is read again.
    #[must_use]
    pub fn again(&self, event: Option<&Occurrence>) -> Again {
        Again { pc: self.pc, registers: Vec::new(), event: event.cloned() }
    }
}
