//! Goals: whether who entered a workflow, or was held out of it, does what it is for in time.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use onward_bytecode::{EntityId, Goal, WorkflowDecl};

use super::Met;
use super::look::Seen;
use super::turn::Turn;
use crate::civil::shift;
use crate::model::{Aim, Counted, Entry, Occurrence, Run, Tally, What};
use crate::program::Loaded;

/// Among all who started.
pub(super) const ALL: &str = "all";
/// Among those who were held out.
pub(super) const HELD_OUT: &str = "held out";

/// So long after its time an aim is kept for events that come late.
const GRACE_HOURS: i64 = 72;

impl Turn<'_> {
    /// Counts that a workflow was entered, or that somebody was held out of it, and keeps its goal in
    /// sight. What happened before `since` does not count towards it.
    pub(super) fn enter_group(
        &mut self,
        loaded: &Loaded,
        workflow: &WorkflowDecl,
        subject: &EntityId,
        group: &str,
        run: Option<&Run>,
        since: Timestamp,
    ) -> Met<()> {
        self.count(Tally { workflow: workflow.name.clone(), group: group.into(), what: Counted::Entered });
        let Some(goal) = &workflow.goal else { return Ok(()) };
        let zone = self.zone(loaded, subject)?;
        let Some(until) = shift(self.now, goal.within, &zone) else { return Ok(()) };
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        let over = self.now.checked_sub(GRACE_HOURS.hours()).unwrap_or(Timestamp::MIN);
        watch.goals.retain(|aim| aim.until >= over);
        watch.goals.push(Aim {
            workflow: workflow.name.clone(),
            groups: vec![group.into()],
            run: run.map(|run| run.id.clone()),
            since,
            until: until.at,
        });
        self.keep_watch(subject, watch)
    }

    /// Counts that a run took a branch of a split.
    pub(super) fn enter_branch(&mut self, run: &Run, group: &Arc<str>) -> Met<()> {
        let tally = Tally { workflow: run.workflow.clone(), group: group.clone(), what: Counted::Entered };
        self.count(tally);
        let Some(mut watch) = self.watch_of(&run.subject)? else { return Ok(()) };
        for aim in watch.goals.iter_mut().filter(|aim| aim.run.as_ref() == Some(&run.id)) {
            if !aim.groups.contains(group) {
                aim.groups.push(group.clone());
            }
        }
        self.keep_watch(&run.subject, watch)
    }

    /// An event may be what workflows are for that the subject entered or was held out of.
    pub(super) fn reach_goals(&mut self, subject: &EntityId, event: &Occurrence) -> Met<()> {
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        if watch.goals.is_empty() {
            return Ok(());
        }
        let mut left = Vec::new();
        for aim in std::mem::take(&mut watch.goals) {
            if aim.since <= event.at && event.at <= aim.until && self.is_goal(&aim, subject, event)? {
                self.reach(&aim, subject, event);
            } else {
                left.push(aim);
            }
        }
        watch.goals = left;
        self.keep_watch(subject, watch)
    }

    fn is_goal(&mut self, aim: &Aim, subject: &EntityId, event: &Occurrence) -> Met<bool> {
        let Some((loaded, goal)) = self.goal_of(&aim.workflow) else { return Ok(false) };
        if goal.event != event.name {
            return Ok(false);
        }
        match goal.condition {
            Some(condition) => self.holds(&loaded, condition, &[], Seen::with(subject, Some(event))),
            None => Ok(true),
        }
    }

    /// A workflow's goal as it is now; if it is gone, as it was.
    fn goal_of(&self, workflow: &str) -> Option<(Arc<Loaded>, Goal)> {
        self.loaded().find_map(|loaded| {
            let goal = loaded.workflow(workflow)?.goal.clone()?;
            Some((loaded.clone(), goal))
        })
    }

    fn reach(&mut self, aim: &Aim, subject: &EntityId, event: &Occurrence) {
        for group in &aim.groups {
            let (workflow, group) = (aim.workflow.clone(), group.clone());
            self.count(Tally { workflow, group, what: Counted::Goal });
        }
        let groups = aim.groups.join("`, `");
        self.tell(Entry {
            at: self.now,
            subject: subject.clone(),
            workflow: aim.workflow.clone(),
            run: aim.run.clone(),
            step: None,
            what: What::Reached,
            detail: format!("`goal {}` was reached (event {}); counted for `{groups}`", event.name, event.id)
                .into(),
        });
    }
}
