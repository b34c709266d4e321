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
        // That it was sent has been told already, by whoever heard the provider's answer.
        if let Outcome::Dropped { detail } = outcome {
            self.say(&run, Some(&rest.point), What::Skipped, detail.clone());
        }
        self.resume(run, rest, Onward::Point, None)
    }
}
