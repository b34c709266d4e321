//! What code sees while it runs in a turn: entities as they are now, fetched as it asks for them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{CaptureCall, EntityId, FunctionId, Value, WorkflowDecl};

use super::Met;
use super::body::Walk;
use super::turn::Turn;
use crate::model::{Occurrence, Run, RunState};
use crate::program::Loaded;
use crate::vm::{self, Fault, Machine, World, Yield};
use crate::window;

/// A value, and when it could be another one.
type Foreseen = Result<(Value, Option<Timestamp>), Fault>;

/// What code looks at besides entities.
#[derive(Clone, Copy)]
pub(super) struct Seen<'s> {
    pub(super) subject: &'s EntityId,
    pub(super) event: Option<&'s Occurrence>,
    pub(super) moved: Option<vm::Moved<'s>>,
    /// When the run started for which code runs.
    pub(super) started: Option<Timestamp>,
}

impl<'s> Seen<'s> {
    /// The subject alone.
    pub(super) fn of(subject: &'s EntityId) -> Self {
        Self { subject, event: None, moved: None, started: None }
    }

    /// The subject and an event.
    pub(super) fn with(subject: &'s EntityId, event: Option<&'s Occurrence>) -> Self {
        Self { event, ..Self::of(subject) }
    }

    /// What a run's code sees.
    pub(super) fn by(run: &'s Run, event: Option<&'s Occurrence>) -> Self {
        Self { event, started: Some(run.started), ..Self::of(&run.subject) }
    }
}

impl Turn<'_> {
    /// Lets code run, again after each entity that it asks for.
    fn seeing<T>(
        &mut self,
        seen: Seen<'_>,
        mut code: impl FnMut(&World<'_>) -> Result<T, Fault>,
    ) -> Met<Result<T, Fault>> {
        loop {
            let world = World {
                subject: Some(seen.subject),
                event: seen.event,
                moved: seen.moved,
                history: self.history(),
                run_started: seen.started,
                trace: self.programs.trace.as_deref(),
                ..World::new(self.entities(), self.now)
            };
            match code(&world) {
                Err(Fault::Needs(id)) if !self.entities().contains_key(&id) => {
                    self.fetch_for(seen.subject, &id)?;
                }
                Err(Fault::Asks(question)) if !self.history().contains_key(&question) => {
                    self.ask(&question)?;
                }
                done => return Ok(done),
            }
        }
    }

    /// The value of a function without parameters.
    pub(super) fn value(
        &mut self,
        loaded: &Loaded,
        function: FunctionId,
        seen: Seen<'_>,
    ) -> Met<Result<Value, Fault>> {
        self.seeing(seen, |world| vm::call(loaded.program(), function, &[], world))
    }

    /// Whether a condition with these arguments holds. One that cannot be computed does not.
    pub(super) fn holds(
        &mut self,
        loaded: &Loaded,
        function: FunctionId,
        args: &[Value],
        seen: Seen<'_>,
    ) -> Met<bool> {
        Ok(is_true(&self.seeing(seen, |world| vm::call(loaded.program(), function, args, world))?))
    }

    /// Whether a condition of a run that rests holds.
    pub(super) fn holds_at_rest(
        &mut self,
        loaded: &Loaded,
        workflow: &WorkflowDecl,
        run: &Run,
        call: &CaptureCall,
        event: Option<&Occurrence>,
    ) -> Met<bool> {
        let seen = Seen::by(run, event);
        match &run.state {
            RunState::Waiting { rest, .. }
            | RunState::Acting { rest, .. }
            | RunState::Parked { rest, .. } => Ok(is_true(
                &self
                    .seeing(seen, |world| vm::call_at_rest(loaded.program(), workflow, rest, call, world))?,
            )),
            // It keeps nothing of the body yet: what reads that is checked when it starts.
            RunState::Queued { .. } if call.registers.is_empty() => {
                self.holds(loaded, call.function, &[], seen)
            }
            RunState::Queued { .. } | RunState::Finished { .. } => Ok(false),
        }
    }

    /// The value of a condition about an entity, and when it could be another one.
    pub(super) fn foresight(
        &mut self,
        loaded: &Loaded,
        function: FunctionId,
        seen: Seen<'_>,
    ) -> Met<Foreseen> {
        self.seeing(seen, |world| vm::watch(loaded.program(), function, &[], world))
    }

    /// The value of a condition of a run that rests, and when it could be another one.
    pub(super) fn foresight_at_rest(
        &mut self,
        loaded: &Loaded,
        workflow: &WorkflowDecl,
        run: &Run,
        call: &CaptureCall,
    ) -> Met<Foreseen> {
        let seen = Seen::by(run, None);
        match &run.state {
            RunState::Waiting { rest, .. }
            | RunState::Acting { rest, .. }
            | RunState::Parked { rest, .. } => {
                self.seeing(seen, |world| vm::watch_at_rest(loaded.program(), workflow, rest, call, world))
            }
            RunState::Queued { .. } if call.registers.is_empty() => {
                self.seeing(seen, |world| vm::watch(loaded.program(), call.function, &[], world))
            }
            RunState::Queued { .. } | RunState::Finished { .. } => Ok(Ok((Value::Bool(false), None))),
        }
    }

    /// The first moment from `from` on at which a message may go out.
    pub(super) fn allowed(
        &mut self,
        walk: &Walk<'_>,
        channel: &str,
        from: Timestamp,
    ) -> Met<Option<Timestamp>> {
        let program = walk.loaded.program();
        let seen = Seen::by(&walk.run, walk.event.as_ref());
        let found =
            self.seeing(seen, |world| window::allowed(program, walk.workflow, channel, world, from))?;
        Ok(found.unwrap_or(Some(from)))
    }

    /// Runs a body to what it wants next.
    pub(super) fn step(&mut self, machine: &mut Machine<'_>, seen: Seen<'_>) -> Met<Result<Yield, Fault>> {
        self.seeing(seen, |world| machine.next(world))
    }

    /// The zone of a subject.
    pub(super) fn zone(&mut self, loaded: &Loaded, subject: &EntityId) -> Met<TimeZone> {
        let zone = self.seeing(Seen::of(subject), |world| world.zone(loaded.program()))?;
        Ok(zone.unwrap_or(TimeZone::UTC))
    }
}

fn is_true(result: &Result<Value, Fault>) -> bool {
    matches!(result, Ok(Value::Bool(true)))
}
