//! An effect came to its end: the run that rests on it goes on.

use onward_bytecode::{EntityId, OnFailure};

use super::Met;
use super::body::{Onward, under_way};
use super::turn::Turn;
use crate::model::{Fields, Finish, Occurrence, Outcome, Rest, Run, RunState, What};

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
        let result = match outcome {
            Outcome::Accepted { result, .. } => result.clone(),
            Outcome::Dropped { detail } => {
                self.say(&run, Some(&rest.point), What::Skipped, detail.clone());
                Fields::new()
            }
            Outcome::Failed { detail, then } => {
                self.say(&run, Some(&rest.point), What::Failed, detail.clone());
                match then {
                    OnFailure::Continue => Fields::new(),
                    OnFailure::Stop => {
                        self.settled(run, rest, format!("`on failure stop`: {detail}"));
                        return Ok(());
                    }
                    OnFailure::Park => {
                        self.park(run, rest, None, detail.clone());
                        return Ok(());
                    }
                }
            }
        };
        let event = Occurrence {
            id: intent.into(),
            name: rest.point.clone(),
            at: self.now,
            fields: result,
            contact: Some(subject.clone()).filter(|subject| subject.kind.as_ref() == "contact"),
        };
        self.resume(run, rest, Onward::Point, Some(event))
    }

    /// Ends a run whose effect has come to its end: there is nothing to take back.
    fn settled(&mut self, run: Run, rest: Rest, reason: String) {
        self.end(Run { state: under_way(rest), ..run }, Finish::Stopped, reason);
    }
}
