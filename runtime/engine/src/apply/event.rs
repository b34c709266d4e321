//! An event: first its subject's attributes, then the runs that are under way, then triggers.

use std::collections::BTreeSet;
use std::sync::Arc;

use onward_bytecode::EntityId;

use super::Met;
use super::body::Onward;
use super::exit::Ended;
use super::turn::Turn;
use super::watch::{Scope, Stirred, Unknown};
use crate::model::{Fields, Occurrence, Run, RunState, What};

impl Turn<'_> {
    /// A live event. `attributes` came with it.
    pub(super) fn take_event(
        &mut self,
        subject: &EntityId,
        event: &Occurrence,
        attributes: &Fields,
    ) -> Met<()> {
        // Runs that start now have not waited for this event.
        let running = self.unfinished(subject)?;
        if let Some(changed) = self.assign(subject, attributes, event.at)? {
            self.react(&changed)?;
        }
        self.recall(subject, event);
        self.reach_goals(subject, event)?;
        self.exit_when_asked(subject, &event.name)?;
        for run in running {
            self.hear(&run, event)?;
        }
        self.match_event(subject, event)?;
        self.stir_by_event(subject, event);
        self.forward_event(subject, event)
    }

    /// Has segments looked at again that ask about an event.
    pub(super) fn stir_by_event(&mut self, subject: &EntityId, event: &Occurrence) {
        let (attributes, events) = (BTreeSet::new(), BTreeSet::from([event.name.clone()]));
        let scope = Scope::Touched { attributes, events };
        self.stir(subject, Stirred { scope, wave: self.wave, at: event.at, unknown: Unknown::Unseen });
    }

    /// Tells a run of an event: it ends, goes on, or does not care.
    fn hear(&mut self, id: &Arc<str>, event: &Occurrence) -> Met<()> {
        let Some(run) = self.run(id).cloned() else { return Ok(()) };
        if self.exit_on(&run, event)? == Ended::Yes {
            return Ok(());
        }
        self.end_wait(run, event)
    }

    fn end_wait(&mut self, run: Run, event: &Occurrence) -> Met<()> {
        let RunState::Waiting { rest, wait: Some(wait), .. } = &run.state else { return Ok(()) };
        let loaded = self.program(run.program)?;
        let Some(workflow) = loaded.workflow(&run.workflow) else { return Ok(()) };
        let Some(site) = workflow.waits.get(usize::from(*wait)).filter(|site| site.event == event.name)
        else {
            return Ok(());
        };
        if let Some(condition) = &site.condition
            && !self.holds_at_rest(&loaded, workflow, &run, condition, Some(event))?
        {
            return Ok(());
        }
        let rest = rest.clone();
        let detail = format!("`{}` came (event {})", event.name, event.id);
        self.say(&run, Some(&rest.point), What::Resumed, detail);
        self.resume(run, rest, Onward::Point, Some(event.clone()))
    }
}
