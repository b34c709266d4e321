//! A trigger has something to look at: whether it matches, and whether a run starts.

use std::sync::Arc;

use onward_bytecode::{Enrolment, EntityId, Overlap, Trigger, TriggerKind, Value, WorkflowDecl};
use serde_json::Value as Json;

use super::body::{Walk, under_way};
use super::look::Seen;
use super::turn::{Appeared, Changed, Moved, Turn};
use super::{Met, id, say};
use crate::index::{self, TriggerAt};
use crate::model::{Enrolled, Entry, Fields, Finish, Occurrence, Rest, Run, RunState, What};
use crate::program::Loaded;
use crate::vm::{self, Fault, Machine, Yield};

/// At most this many runs start from one input: beyond it rules set each other off.
const MOST_STARTS: u32 = 1_000;

/// What may match a trigger.
#[derive(Clone, Copy)]
struct Happened<'h> {
    subject: &'h EntityId,
    event: Option<&'h Occurrence>,
    moved: Option<&'h Moved>,
}

/// A match: what starts where.
struct Match<'m> {
    loaded: &'m Loaded,
    workflow: &'m WorkflowDecl,
    trigger: &'m Trigger,
    number: u16,
    happened: Happened<'m>,
    /// In words.
    why: String,
}

impl Turn<'_> {
    /// Starts what listens to an event.
    pub(super) fn match_event(&mut self, subject: &EntityId, event: &Occurrence) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let attributes = self.attributes(subject)?;
        let found = live.index().event(&event.name, &subject.kind, &event.fields, &attributes);
        self.try_all(&live, found, Happened { subject, event: Some(event), moved: None })
    }

    /// Starts what listens to a change.
    pub(super) fn match_change(&mut self, changed: &Changed) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let subject = &changed.subject;
        let attributes = self.attributes(subject)?;
        let happened = Happened { subject, event: None, moved: None };
        let found = match changed.appeared {
            Appeared::Now => live.index().created(&subject.kind, &attributes),
            Appeared::Before => live.index().changed(&subject.kind, &attributes),
        };
        self.try_all(&live, found, happened)?;
        for moved in &changed.attributes {
            let found = live.index().moved(&subject.kind, &moved.name, &attributes);
            self.try_all(&live, found, Happened { moved: Some(moved), ..happened })?;
        }
        Ok(())
    }

    fn try_all(&mut self, loaded: &Loaded, found: Vec<TriggerAt>, happened: Happened<'_>) -> Met<()> {
        for TriggerAt { workflow, trigger: number } in found {
            let Some(workflow) = loaded.program().workflows.get(workflow) else { continue };
            let Some(trigger) = workflow.triggers.get(usize::from(number)) else { continue };
            let once = (self.wave, workflow.name.clone(), happened.subject.clone());
            if self.entered.contains(&once) || !self.matches(loaded, trigger, happened)? {
                continue;
            }
            self.entered.insert(once);
            let why = why(happened, &trigger.kind);
            self.enter(&Match { loaded, workflow, trigger, number, happened, why })?;
        }
        Ok(())
    }

    fn matches(&mut self, loaded: &Loaded, trigger: &Trigger, happened: Happened<'_>) -> Met<bool> {
        let seen = Seen { subject: happened.subject, event: happened.event, moved: sides(happened.moved) };
        if let (TriggerKind::Moved { attribute, from, to }, Some(moved)) = (&trigger.kind, happened.moved) {
            let declared = index::entity(loaded.program(), &happened.subject.kind)
                .and_then(|entity| index::field(&entity.attributes, attribute));
            for (wanted, side) in [(from, &moved.old), (to, &moved.new)] {
                let Some(function) = wanted else { continue };
                let wanted = self.value(loaded, *function, seen)?;
                let side = declared.map_or(Value::Missing, |field| Value::read(side, &field.ty));
                if side.is_missing() || wanted != Ok(side) {
                    return Ok(false);
                }
            }
        }
        match trigger.condition {
            Some(condition) => self.holds(loaded, condition, &[], seen),
            None => Ok(true),
        }
    }

    /// Starts a run for a match, as far as the workflow's clauses let it.
    fn enter(&mut self, matched: &Match<'_>) -> Met<()> {
        let subject = matched.happened.subject;
        let key = enrolled(&matched.workflow.name, subject);
        if matched.workflow.enrolment == Enrolment::Once && self.has_entered(&key) {
            self.ignore(matched, "`once`: it was entered before");
            return Ok(());
        }
        let others = self.runs_of(subject, &matched.workflow.name)?;
        match (matched.workflow.overlap, others.as_slice()) {
            (Overlap::Ignore, [.., other]) => {
                let state =
                    if matches!(other.state, RunState::Parked { .. }) { "parked" } else { "under way" };
                let reason = format!("`while running ignore`: run {} is {state}", other.id);
                self.ignore(matched, &reason);
                return Ok(());
            }
            (Overlap::Queue, [.., other]) => {
                let detail = format!("{}; it starts when run {} has ended", matched.why, other.id);
                self.enrol_in(matched, key);
                self.put_in_queue(matched, detail);
                return Ok(());
            }
            _ => {}
        }
        self.starts += 1;
        if self.starts > MOST_STARTS {
            if self.starts == MOST_STARTS + 1 {
                self.ignore(matched, "rules set each other off: more than 1,000 runs have started at once");
            }
            return Ok(());
        }
        self.begin(matched, key, others)
    }

    /// Starts a run, unless an `exit when` holds already.
    fn begin(&mut self, matched: &Match<'_>, key: Enrolled, others: Vec<Run>) -> Met<()> {
        let run = self.new_run(matched, under_way(nowhere()));
        let program = matched.loaded.program();
        let machine = match Machine::start(program, matched.workflow, matched.trigger.entry) {
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
        self.enrol_in(matched, key);
        self.say(&walk.run, None, What::Matched, matched.why.as_str());
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

    fn enrol_in(&mut self, matched: &Match<'_>, key: Enrolled) {
        if matched.workflow.enrolment == Enrolment::Once {
            self.enrol(key);
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

    fn put_in_queue(&mut self, matched: &Match<'_>, detail: String) {
        let event = matched.happened.event;
        let state = RunState::Queued {
            trigger: matched.number,
            fields: event.map(|event| event.fields.clone()).unwrap_or_default(),
            at: event.map_or(self.now, |event| event.at),
            contact: event.and_then(|event| event.contact.clone()),
        };
        let run = self.new_run(matched, state);
        self.say(&run, None, What::Queued, detail);
        self.put(run);
    }

    /// A trigger matched, and no run starts.
    fn ignore(&mut self, matched: &Match<'_>, reason: &str) {
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
    fn runs_of(&mut self, subject: &EntityId, workflow: &str) -> Met<Vec<Run>> {
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
        let found = loaded.workflow(&run.workflow);
        let found = found.and_then(|w| Some((w, w.triggers.get(usize::from(*trigger))?)));
        let machine = found.map(|(w, trigger)| Machine::start(loaded.program(), w, trigger.entry));
        let (Some((workflow, trigger)), Some(Ok(machine))) = (found, machine) else {
            self.end(run, Finish::Stopped, "its workflow is not in the program that it runs in");
            return Ok(());
        };
        let event = match &trigger.kind {
            TriggerKind::Event(name) => Some(Occurrence {
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
        self.set_off(walk, first)
    }
}

/// The rest of a run that has not rested yet.
fn nowhere() -> Rest {
    Rest { point: "".into(), values: Vec::new() }
}

fn enrolled(workflow: &Arc<str>, subject: &EntityId) -> Enrolled {
    Enrolled { workflow: workflow.clone(), subject: subject.clone(), key: "".into() }
}

fn sides(moved: Option<&Moved>) -> Option<vm::Moved<'_>> {
    fn some(json: &Json) -> Option<&Json> {
        Some(json).filter(|json| !json.is_null())
    }
    moved.map(|moved| vm::Moved { before: some(&moved.old), after: some(&moved.new) })
}

/// What matched, in words.
fn why(happened: Happened<'_>, kind: &TriggerKind) -> String {
    let subject = &happened.subject.kind;
    match (happened.event, happened.moved, kind) {
        (Some(event), _, _) => format!("matched `on {}` (event {})", event.name, event.id),
        (_, Some(moved), _) => {
            format!("matched `on {subject}.{} changes`: {}", moved.name, say::moved(happened.subject, moved))
        }
        (_, _, TriggerKind::Created) => format!("matched `on {subject} created`"),
        _ => format!("matched `on {subject} changes`"),
    }
}

/// What code reads of an event.
pub(super) fn occurrence(
    id: &Arc<str>,
    name: &Arc<str>,
    at: jiff::Timestamp,
    fields: &Fields,
    contact: Option<&EntityId>,
    subject: &EntityId,
) -> Occurrence {
    let own = Some(subject).filter(|subject| &*subject.kind == "contact");
    Occurrence {
        id: id.clone(),
        name: name.clone(),
        at,
        fields: fields.clone(),
        contact: contact.or(own).cloned(),
    }
}
