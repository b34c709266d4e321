//! How a run ends before its last step, and what its end leads to.

use std::sync::Arc;

use onward_bytecode::{EntityId, Exit, FunctionId};

use super::body::Walk;
use super::look::Seen;
use super::turn::{Happening, Turn};
use super::{Met, id, say};
use crate::model::{Finish, Occurrence, Run, RunState, What};
use crate::program::Loaded;

/// Whether a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Yes,
    No,
}

impl Turn<'_> {
    /// Ends the subject's runs whose `exit when` holds.
    pub(super) fn exit_when(&mut self, subject: &EntityId) -> Met<()> {
        self.timed.insert(subject.clone());
        for id in self.unfinished(subject)? {
            let Some(run) = self.run(&id).cloned() else { continue };
            if let Some(reason) = self.exit_at_rest(&run)? {
                self.end(run, Finish::Exited, reason);
            }
        }
        Ok(())
    }

    /// Ends the subject's runs whose `exit when` holds now that an event has come that it asks about.
    pub(super) fn exit_when_asked(&mut self, subject: &EntityId, event: &str) -> Met<()> {
        for id in self.unfinished(subject)? {
            let Some(run) = self.run(&id).cloned() else { continue };
            let loaded = self.program(run.program)?;
            if !loaded.index().exits(&run.workflow).is_some_and(|reads| reads.events.contains(event)) {
                continue;
            }
            self.timed.insert(subject.clone());
            if let Some(reason) = self.exit_at_rest(&run)? {
                self.end(run, Finish::Exited, reason);
            }
        }
        Ok(())
    }

    /// The `exit when` that holds for a run that rests.
    pub(super) fn exit_at_rest(&mut self, run: &Run) -> Met<Option<String>> {
        let loaded = self.program(run.program)?;
        let Some(workflow) = loaded.workflow(&run.workflow) else { return Ok(None) };
        for exit in &workflow.exits {
            if let Exit::When(call) = exit
                && self.holds_at_rest(&loaded, workflow, run, call, None)?
            {
                return Ok(Some(when(&loaded, call.function)));
            }
        }
        Ok(None)
    }

    /// The `exit when` that holds for a run between two steps.
    pub(super) fn exit_on_the_way(&mut self, walk: &Walk<'_>) -> Met<Option<String>> {
        for exit in &walk.workflow.exits {
            if let Exit::When(call) = exit {
                let args = walk.machine.captured(call);
                let seen = Seen::by(&walk.run, walk.event.as_ref());
                if self.holds(walk.loaded, call.function, &args, seen)? {
                    return Ok(Some(when(walk.loaded, call.function)));
                }
            }
        }
        Ok(None)
    }

    /// Ends a run that rests if an `exit on` listens to this event.
    pub(super) fn exit_on(&mut self, run: &Run, event: &Occurrence) -> Met<Ended> {
        let loaded = self.program(run.program)?;
        let Some(workflow) = loaded.workflow(&run.workflow) else { return Ok(Ended::No) };
        for exit in &workflow.exits {
            let Exit::On { event: name, condition } = exit else { continue };
            if *name != event.name {
                continue;
            }
            let (holds, reason) = match condition {
                None => (true, format!("`exit on {name}` (event {})", event.id)),
                Some(call) => {
                    let words = say::words(&loaded, call.function);
                    let holds = self.holds_at_rest(&loaded, workflow, run, call, Some(event))?;
                    (holds, format!("`exit on {name}` where {words} (event {})", event.id))
                }
            };
            if holds {
                self.end(run.clone(), Finish::Exited, reason);
                return Ok(Ended::Yes);
            }
        }
        Ok(Ended::No)
    }

    /// Ends a run: an effect that it waits for is not to be done any more, and the next in its queue may start.
    pub(super) fn end(&mut self, mut run: Run, how: Finish, reason: impl Into<Arc<str>>) {
        let reason = reason.into();
        if let RunState::Acting { intent, .. } = &run.state
            && how != Finish::Moved
            && !id::is_turn(intent)
        {
            self.cancel(intent);
        }
        self.say(&run, None, What::Finished, reason.clone());
        self.queue
            .push_back(Happening::Freed { subject: run.subject.clone(), workflow: run.workflow.clone() });
        run.state = RunState::Finished { how, reason, at: self.now };
        self.put(run);
    }
}

fn when(loaded: &Loaded, function: FunctionId) -> String {
    format!("exit when {}", say::words(loaded, function))
}
