//! A run starts for a match, at once or when its turn comes.

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Overlap, TriggerKind, WorkflowDecl};

use super::body::{Walk, under_way};
use super::goal::ALL;
use super::turn::{Moved, Turn};
use super::{Met, id};
use crate::model::{Enrolled, Entry, Finish, Occurrence, Rest, Run, RunState, What};
use crate::program::Loaded;
use crate::vm::{Fault, Machine, Yield};

/// What may match a trigger.
#[derive(Clone, Copy)]
pub(super) struct Happened<'h> {
    pub(super) subject: &'h EntityId,
    pub(super) event: Option<&'h Occurrence>,
    pub(super) moved: Option<&'h Moved>,
    /// When.
    pub(super) at: Timestamp,
}

/// A match: what starts where.
pub(super) struct Match<'m> {
    pub(super) loaded: &'m Loaded,
    pub(super) workflow: &'m WorkflowDecl,
    /// Where in the body a run starts.
    pub(super) entry: u32,
    /// Place of the trigger.
    pub(super) number: u16,
    pub(super) happened: Happened<'m>,
    /// In words.
    pub(super) why: String,
}

impl Turn<'_> {
    /// Starts a run, unless an `exit when` holds already.
    pub(super) fn begin(&mut self, matched: &Match<'_>, key: Option<Enrolled>, others: Vec<Run>) -> Met<()> {
        let run = self.new_run(matched, under_way(nowhere()));
        let program = matched.loaded.program();
        let machine = match Machine::start(program, matched.workflow, matched.entry) {
            Ok(machine) => machine,
            Err(fault) => {
                self.ignore(matched, &fault.to_string());
                return Ok(());
            }
        };
        let mut walk = Walk {
            run,
            loaded: matched.loaded,
            workflow: matched.workflow,
            machine,
            event: matched.happened.event.cloned(),
        };
        // What an `exit` reads of the event is in place when the body asks for its first step.
        let first = self.step_of(&mut walk)?;
        if let Some(reason) = self.exit_on_the_way(&walk)? {
            self.ignore(matched, &format!("{reason} holds already"));
            return Ok(());
        }
        if matched.workflow.overlap == Overlap::Restart {
            for other in others {
                self.end(other, Finish::Replaced, format!("`while running restart`: {}", matched.why));
            }
        }
        self.enrol_in(key);
        self.say(&walk.run, None, What::Matched, matched.why.as_str());
        let since = matched.happened.at.min(self.now);
        self.enter_group(matched.loaded, matched.workflow, &walk.run.subject, ALL, Some(&walk.run), since)?;
        self.set_off(walk, first)
    }

    /// Drives a run whose body has been asked for its first step.
    fn set_off(&mut self, walk: Walk<'_>, first: Result<Yield, Fault>) -> Met<()> {
        match first {
            Ok(first) => self.drive(walk, nowhere(), Some(first)),
            // The fault comes again, and parks the run.
            Err(_) => self.drive(walk, nowhere(), None),
        }
    }

    fn new_run(&self, matched: &Match<'_>, state: RunState) -> Run {
        let subject = matched.happened.subject;
        let number = matched.number.to_string();
        let wave = self.wave.to_string();
        let workflow = &matched.workflow.name;
        Run {
            id: id::name(&[&self.cause.id, workflow, &number, &subject.kind, &subject.id, &wave]).into(),
            workflow: workflow.clone(),
            program: matched.loaded.hash(),
            subject: subject.clone(),
            cause: self.cause.id.clone(),
            started: self.now,
            version: 0,
            effects: 0,
            state,
        }
    }

    pub(super) fn put_in_queue(&mut self, matched: &Match<'_>, detail: String) {
        let event = matched.happened.event;
        let state = RunState::Queued {
            trigger: matched.number,
            fields: event.map(|event| event.fields.clone()).unwrap_or_default(),
            at: matched.happened.at,
            contact: event.and_then(|event| event.contact.clone()),
        };
        let run = self.new_run(matched, state);
        self.say(&run, None, What::Queued, detail);
        self.put(run);
    }

    /// A trigger matched, and no run starts.
    pub(super) fn ignore(&mut self, matched: &Match<'_>, reason: &str) {
        self.tell(Entry {
            at: self.now,
            subject: matched.happened.subject.clone(),
            workflow: matched.workflow.name.clone(),
            run: None,
            step: None,
            what: What::Ignored,
            detail: format!("{}; no run starts: {reason}", matched.why).into(),
        });
    }

    /// The subject's unfinished runs of a workflow, oldest first.
    pub(super) fn runs_of(&mut self, subject: &EntityId, workflow: &str) -> Met<Vec<Run>> {
        let ids = self.unfinished(subject)?;
        let runs = ids.iter().filter_map(|id| self.run(id));
        Ok(runs.filter(|run| *run.workflow == *workflow).cloned().collect())
    }

    /// Starts the next run in a workflow's queue, if none is under way.
    pub(super) fn start_queued(&mut self, subject: &EntityId, workflow: &Arc<str>) -> Met<()> {
        let runs = self.runs_of(subject, workflow)?;
        if runs.iter().any(|run| !matches!(run.state, RunState::Queued { .. })) {
            return Ok(());
        }
        match runs.into_iter().next() {
            Some(run) => self.leave_queue(run),
            None => Ok(()),
        }
    }

    fn leave_queue(&mut self, run: Run) -> Met<()> {
        let RunState::Queued { trigger, fields, at, contact } = &run.state else { return Ok(()) };
        let loaded = self.program(run.program)?;
        let found = loaded.workflow(&run.workflow).and_then(|workflow| {
            let trigger = workflow.triggers.get(usize::from(*trigger));
            let entry = trigger.map(|trigger| trigger.entry).or(workflow.entry)?;
            Some((workflow, trigger, entry))
        });
        let machine = found.map(|(w, _, entry)| Machine::start(loaded.program(), w, entry));
        let (Some((workflow, trigger, _)), Some(Ok(machine))) = (found, machine) else {
            self.end(run, Finish::Stopped, "its workflow is not in the program that it runs in");
            return Ok(());
        };
        let event = match trigger.map(|trigger| &trigger.kind) {
            Some(TriggerKind::Event(name)) => Some(Occurrence {
                id: run.cause.clone(),
                name: name.clone(),
                at: *at,
                fields: fields.clone(),
                contact: contact.clone(),
            }),
            _ => None,
        };
        let mut walk = Walk { run, loaded: &loaded, workflow, machine, event };
        let first = self.step_of(&mut walk)?;
        if let Some(reason) = self.exit_on_the_way(&walk)? {
            self.end(walk.run, Finish::Exited, reason);
            return Ok(());
        }
        self.say(&walk.run, None, What::Matched, "its turn has come: the run before it has ended");
        self.enter_group(&loaded, workflow, &walk.run.subject, ALL, Some(&walk.run), self.now)?;
        self.set_off(walk, first)
    }
}

/// The rest of a run that has not rested yet.
fn nowhere() -> Rest {
    Rest { point: "".into(), values: Vec::new() }
}
