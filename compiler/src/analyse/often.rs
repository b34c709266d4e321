//! Events that come many times to one person, and a message each time.

use onward_bytecode::Stage;

use super::Analysis;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hir::{Enrolment, TriggerKind, Workflow};

/// So many messages in thirty days are too many.
const TOO_OFTEN: u32 = 8;

impl Analysis<'_> {
    /// Warns of each workflow that sends whenever an event comes that comes often.
    pub(super) fn frequent_sends(&mut self) {
        let hir = self.hir;
        for workflow in hir.workflows.values() {
            if starts_each_time(workflow) {
                self.frequent(workflow);
            }
        }
    }

    fn frequent(&mut self, workflow: &Workflow) {
        let Some((what, span)) = self.sends_of(workflow) else { return };
        for trigger in &workflow.triggers {
            let TriggerKind::Event(event) = &trigger.kind else { continue };
            let times = self.frequency.get(&**event).copied().unwrap_or_default();
            if times < TOO_OFTEN || trigger.condition.is_some() {
                continue;
            }
            let message = format!(
                "{what} goes out each time: `{event}` comes about {times} times a month to one contact"
            );
            self.report.push(
                Diagnostic::warning(codes::OFTEN, trigger.span, message)
                    .also(span, "this is sent")
                    .help("add `once` or `at most once per 30 days`, or a condition"),
            );
        }
    }
}

fn starts_each_time(workflow: &Workflow) -> bool {
    workflow.stage == Stage::Live && matches!(workflow.enrolment, Enrolment::EveryTime)
}
