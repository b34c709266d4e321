//! A run on its way through its body: from one rest to the next.

use std::sync::Arc;

use jiff::{Timestamp, civil};
use onward_bytecode::{Length, SiteKind, Value, WorkflowDecl};

use super::look::Seen;
use super::turn::Turn;
use super::{Met, say};
use crate::civil::shift;
use crate::model::{Again, Finish, Occurrence, Rest, Run, RunState, What};
use crate::program::Loaded;
use crate::vm::{Fault, Machine, Yield};

/// A run on its way.
pub(super) struct Walk<'p> {
    pub(super) run: Run,
    pub(super) loaded: &'p Loaded,
    pub(super) workflow: &'p WorkflowDecl,
    pub(super) machine: Machine<'p>,
    /// The event at hand, until the run rests.
    pub(super) event: Option<Occurrence>,
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// To its next step.
    On,
    /// Not now, or never: it has been put down.
    Rested,
}

/// What ends a wait.
#[derive(Debug, Clone, Copy)]
struct Until {
    moment: Timestamp,
    wall: Option<civil::DateTime>,
    /// Place in the workflow's `waits`, if an event ends it too.
    wait: Option<u16>,
}

/// Where a run that rested goes on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Onward {
    /// At the point.
    Point,
    /// At the steps for when the event of this wait did not come.
    Otherwise(u16),
}

impl Turn<'_> {
    /// Lets a run go on after a rest.
    pub(super) fn resume(
        &mut self,
        run: Run,
        rest: Rest,
        onward: Onward,
        event: Option<Occurrence>,
    ) -> Met<()> {
        let loaded = self.program(run.program)?;
        let Some(workflow) = loaded.workflow(&run.workflow) else {
            self.park(run, rest, None, "its workflow is not in the program that it runs in");
            return Ok(());
        };
        let machine = match onward {
            Onward::Point => Machine::resume(loaded.program(), workflow, &rest),
            Onward::Otherwise(wait) => Machine::resume_otherwise(loaded.program(), workflow, wait, &rest),
        };
        match machine {
            Ok(machine) => {
                let run = Run { state: under_way(rest.clone()), ..run };
                self.drive(Walk { run, loaded: &loaded, workflow, machine, event }, rest, None)
            }
            Err(fault) => {
                self.park(run, rest, None, cannot_go_on(&fault));
                Ok(())
            }
        }
    }

    /// Lets a parked run try once more what could not be done.
    pub(super) fn retry(&mut self, run: Run, rest: Rest, again: &Again) -> Met<()> {
        let loaded = self.program(run.program)?;
        let Some(workflow) = loaded.workflow(&run.workflow) else {
            self.park(run, rest, None, "its workflow is not in the program that it runs in");
            return Ok(());
        };
        match Machine::retry(loaded.program(), workflow, again) {
            Ok(machine) => {
                let event = again.event.clone();
                self.drive(Walk { run, loaded: &loaded, workflow, machine, event }, rest, None)
            }
            Err(fault) => {
                self.park(run, rest, Some(again.clone()), cannot_go_on(&fault));
                Ok(())
            }
        }
    }

    /// Takes a run from step to step until it rests or ends. `first` is what its body has asked
    /// for already; `rest` is where it comes from.
    pub(super) fn drive(&mut self, mut walk: Walk<'_>, rest: Rest, first: Option<Yield>) -> Met<()> {
        let mut first = first;
        loop {
            let asked = match first.take() {
                Some(asked) => Ok(asked),
                None => self.step_of(&mut walk)?,
            };
            match asked {
                Ok(asked) => {
                    if self.answer(&mut walk, asked)? == Flow::Rested {
                        return Ok(());
                    }
                }
                Err(fault) => {
                    let again = walk.machine.failed(walk.event.as_ref());
                    self.park(walk.run, rest, Some(again), cannot_go_on(&fault));
                    return Ok(());
                }
            }
        }
    }

    /// What the body asks for next.
    pub(super) fn step_of(&mut self, walk: &mut Walk<'_>) -> Met<Result<Yield, Fault>> {
        self.step(&mut walk.machine, Seen::by(&walk.run, walk.event.as_ref()))
    }

    fn answer(&mut self, walk: &mut Walk<'_>, asked: Yield) -> Met<Flow> {
        if matches!(
            asked,
            Yield::Do { .. } | Yield::Wait { .. } | Yield::WaitFor { .. } | Yield::WaitEvent { .. }
        ) && let Some(reason) = self.exit_on_the_way(walk)?
        {
            self.end(walk.run.clone(), Finish::Exited, reason);
            return Ok(Flow::Rested);
        }
        match asked {
            Yield::Do { site, args } => self.act(walk, site, args),
            Yield::Skip { site } => {
                let step = site_name(walk, site);
                let why = say::skipped(walk.loaded, walk.workflow, site);
                self.say(&walk.run, step.as_ref(), What::Skipped, why);
                Ok(Flow::On)
            }
            Yield::Took { site, yes } => {
                self.take_branch(walk, site, yes)?;
                Ok(Flow::On)
            }
            Yield::Wait { point, until, civil } => {
                let until = until.map(|moment| Until { moment, wall: civil, wait: None });
                self.wait(walk, point, until, "there is no moment to wait until: the value is missing")
            }
            Yield::WaitFor { point, length } => self.wait_for(walk, point, length, None),
            Yield::WaitEvent { wait, length } => {
                let point = walk.workflow.waits.get(usize::from(wait)).map(|site| site.point);
                self.wait_for(walk, point.unwrap_or(u16::MAX), length, Some(wait))
            }
            Yield::End { how } => {
                let reason = if how == Finish::Stopped { "`stop`" } else { "all steps are done" };
                self.end(walk.run.clone(), how, reason);
                Ok(Flow::Rested)
            }
        }
    }

    /// Tells which way a branch, a split or a repeat went.
    fn take_branch(&mut self, walk: &Walk<'_>, place: u16, yes: bool) -> Met<()> {
        let Some(site) = walk.workflow.sites.get(usize::from(place)) else { return Ok(()) };
        let way = match &site.kind {
            SiteKind::Arm { .. } if !yes => return Ok(()),
            SiteKind::Arm { split } => {
                self.enter_branch(&walk.run, &format!("{split}/{}", site.name).into())?;
                format!("takes `{}` of `{split}`", site.name)
            }
            SiteKind::Until => say::until(walk.loaded, walk.workflow, place, yes),
            _ => say::took(walk.loaded, walk.workflow, place, yes),
        };
        self.say(&walk.run, Some(&site.name), What::Branched, way);
        Ok(())
    }

    fn wait_for(
        &mut self,
        walk: &mut Walk<'_>,
        point: u16,
        length: Option<Length>,
        wait: Option<u16>,
    ) -> Met<Flow> {
        let zone = self.zone(walk.loaded, &walk.run.subject)?;
        let moment = length.map(|length| shift(self.now, length, &zone));
        let until = moment.flatten().map(|moment| Until { moment: moment.at, wall: moment.wall, wait });
        let missing = match length {
            Some(_) => "the wait ends beyond the years that can be counted",
            None => "there is no length of time to wait for: the value is missing",
        };
        self.wait(walk, point, until, missing)
    }

    fn wait(
        &mut self,
        walk: &mut Walk<'_>,
        point: u16,
        until: Option<Until>,
        missing: &'static str,
    ) -> Met<Flow> {
        let rest = walk.machine.rest(point);
        let Some(until) = until else {
            let again = walk.machine.again(walk.event.as_ref());
            self.park(walk.run.clone(), rest, Some(again), missing);
            return Ok(Flow::Rested);
        };
        let zone = self.zone(walk.loaded, &walk.run.subject)?;
        let when = say::moment(until.moment, &zone);
        if until.moment <= self.now {
            return Ok(self.pass(walk, &rest, until, &when));
        }
        let event = until.wait.and_then(|wait| walk.workflow.waits.get(usize::from(wait)));
        let detail = match event {
            Some(site) => format!("waits for `{}` until {when}", site.event),
            None => format!("waits until {when}"),
        };
        self.say(&walk.run, Some(&rest.point), What::Waiting, detail);
        let Until { moment, wall, wait } = until;
        walk.run.state = RunState::Waiting { rest, until: moment, civil: wall, wait };
        self.put(walk.run.clone());
        Ok(Flow::Rested)
    }

    /// A wait until a moment that has come already: the run goes on as if it had rested.
    fn pass(&mut self, walk: &mut Walk<'_>, rest: &Rest, until: Until, when: &str) -> Flow {
        let program = walk.loaded.program();
        let machine = match until.wait {
            Some(wait) => Machine::resume_otherwise(program, walk.workflow, wait, rest),
            None => Machine::resume(program, walk.workflow, rest),
        };
        match machine {
            Ok(machine) => {
                self.say(
                    &walk.run,
                    Some(&rest.point),
                    What::Resumed,
                    format!("goes on at once: {when} is past"),
                );
                walk.machine = machine;
                walk.event = None;
                Flow::On
            }
            Err(fault) => {
                self.park(walk.run.clone(), rest.clone(), None, cannot_go_on(&fault));
                Flow::Rested
            }
        }
    }

    /// Puts a run aside until a person helps.
    pub(super) fn park(
        &mut self,
        mut run: Run,
        rest: Rest,
        again: Option<Again>,
        reason: impl Into<Arc<str>>,
    ) {
        let reason = reason.into();
        self.say(&run, step_name(&rest), What::Parked, reason.clone());
        run.state = RunState::Parked { rest, reason, again: again.map(Box::new) };
        self.put(run);
    }

    /// Does a step.
    fn act(&mut self, walk: &mut Walk<'_>, site: u16, args: Vec<Value>) -> Met<Flow> {
        match walk.workflow.sites.get(usize::from(site)) {
            Some(site) => self.perform(walk, site, args),
            None => Ok(Flow::On),
        }
    }
}

fn site_name(walk: &Walk<'_>, site: u16) -> Option<Arc<str>> {
    walk.workflow.sites.get(usize::from(site)).map(|site| site.name.clone())
}

/// The state of a run that is on its way: it is never kept, and nothing is outstanding.
pub(super) fn under_way(rest: Rest) -> RunState {
    RunState::Parked { rest, reason: "".into(), again: None }
}

/// The step at which a run rests; none if it has not rested yet.
pub(super) fn step_name(rest: &Rest) -> Option<&Arc<str>> {
    Some(&rest.point).filter(|point| !point.is_empty())
}

fn cannot_go_on(fault: &Fault) -> String {
    format!("its next step cannot be computed: {fault}")
}
