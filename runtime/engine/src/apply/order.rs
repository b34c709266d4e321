//! An operator's order about a run.

use onward_bytecode::EntityId;

use super::Met;
use super::body::{Onward, step_name};
use super::turn::Turn;
use crate::model::{Finish, Order, Run, RunState, What};

impl Turn<'_> {
    /// An order; one about a run that has ended is left alone.
    pub(super) fn take_order(&mut self, subject: &EntityId, run: &str, order: Order) -> Met<()> {
        let Some(run) = self.run_of(subject, run)? else { return Ok(()) };
        match order {
            Order::Stop => {
                self.end(run, Finish::Stopped, "stopped by an operator");
                Ok(())
            }
            Order::Retry => self.try_again(run),
        }
    }

    fn try_again(&mut self, run: Run) -> Met<()> {
        let RunState::Parked { rest, again, .. } = &run.state else { return Ok(()) };
        let (rest, again) = (rest.clone(), again.clone());
        self.say(&run, step_name(&rest), What::Ordered, "an operator had it tried again");
        match again {
            Some(again) => self.retry(run, rest, &again),
            None => self.resume(run, rest, Onward::Point, None),
        }
    }
}
