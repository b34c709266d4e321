//! The moment has come that a run waits for.

use jiff::Timestamp;
use onward_bytecode::EntityId;

use super::Met;
use super::body::Onward;
use super::id::Cause;
use super::turn::Turn;
use crate::model::{Run, RunState, Snapshot, Transition, What};
use crate::program::Programs;

/// What a timer changes: nothing, if the run does not wait for it any more.
pub(super) fn apply(
    programs: &Programs,
    snapshot: &Snapshot,
    subject: &EntityId,
    run: &str,
    now: Timestamp,
) -> Met<Transition> {
    let known = snapshot.runs.get(subject).into_iter().flatten().find(|known| *known.id == *run);
    let version = known.map_or(0, |run| run.version);
    let mut turn = Turn::new(programs, snapshot, Cause::of_timer(run, version), now);
    if let Some(run) = turn.run_of(subject, run)? {
        turn.ring(run)?;
        turn.settle()?;
    }
    Ok(turn.finish())
}

impl Turn<'_> {
    fn ring(&mut self, run: Run) -> Met<()> {
        let RunState::Waiting { rest, until, wait, .. } = &run.state else { return Ok(()) };
        if *until > self.now {
            return Ok(());
        }
        let (rest, wait) = (rest.clone(), *wait);
        let loaded = self.program(run.program)?;
        let site = wait.and_then(|wait| loaded.workflow(&run.workflow)?.waits.get(usize::from(wait)));
        let detail = match site {
            Some(site) => format!("`{}` did not come in time", site.event),
            None => "the wait is over".to_owned(),
        };
        self.say(&run, Some(&rest.point), What::Resumed, detail);
        self.resume(run, rest, wait.map_or(Onward::Point, Onward::Otherwise), None)
    }
}
