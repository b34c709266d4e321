//! An effect came to its end: the run that rests on it goes on.

use onward_bytecode::EntityId;

use super::Met;
use super::body::Onward;
use super::turn::Turn;
use crate::model::{Outcome, RunState, What};

impl Turn<'_> {
    /// An outcome; one that no run rests on is left alone.
    pub(super) fn take_outcome(
        &mut self,
        subject: &EntityId,
        run: &str,
        intent: &str,
        outcome: &Outcome,
    ) -> Met<()> {
        let Some(run) = self.run_of(subject, run)? else { return Ok(()) };
        let RunState::Acting { rest, intent: awaited } = &run.state else { return Ok(()) };
        if **awaited != *intent {
            return Ok(());
        }
        let rest = rest.clone();
        let (what, detail) = match outcome {
            Outcome::Accepted { detail, .. } => (What::Sent, detail),
            Outcome::Dropped { detail } => (What::Skipped, detail),
        };
        self.say(&run, Some(&rest.point), what, detail.clone());
        self.resume(run, rest, Onward::Point, None)
    }
}
