//! A subject's zone has changed: its waits that follow the wall clock are computed again.

use onward_bytecode::EntityId;

use super::turn::Turn;
use super::{Met, say};
use crate::civil;
use crate::model::{RunState, What};

impl Turn<'_> {
    /// Computes the moments of a subject's wall-clock waits again.
    pub(super) fn recompute_waits(&mut self, subject: &EntityId) -> Met<()> {
        for id in self.unfinished(subject)? {
            let Some(mut run) = self.run(&id).cloned() else { continue };
            let RunState::Waiting { rest, until, civil: Some(wall), .. } = &mut run.state else { continue };
            let loaded = self.program(run.program)?;
            let zone = self.zone(&loaded, subject)?;
            let Some(moment) = civil::resolve(*wall, &zone).filter(|moment| moment != until) else {
                continue;
            };
            *until = moment;
            let step = rest.point.clone();
            let detail = format!("the time zone changed: waits until {}", say::moment(moment, &zone));
            self.say(&run, Some(&step), What::Waiting, detail);
            self.put(run);
        }
        Ok(())
    }
}
