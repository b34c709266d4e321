//! Lets the engine have the last look at what is claimed.
//!
//! It knows which intents the engine wants to see, and nothing of why it lets them pass.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use onward_bytecode::{Exit, WorkflowDecl};
use onward_engine::Unmet;
use onward_engine::model::{Intent, SentMessage, Snapshot};
use onward_engine::vet::{Verdict, vet};
use onward_engine::window::TRANSACTIONAL;

use crate::programs::Shelf;
use crate::store::Vetting;

/// Months and days are longer than they are counted for by so much in a year at most.
const SLACK: Duration = Duration::from_secs(14 * 86_400);

/// The programs at hand, as a judge.
pub(super) struct Gate {
    shelf: Arc<Shelf>,
}

impl Gate {
    pub(super) fn new(shelf: Arc<Shelf>) -> Self {
        Self { shelf }
    }

    /// From when on messages count for some cap.
    pub(super) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let programs = self.shelf.programs.live.iter().chain(self.shelf.programs.pinned.values());
        let caps = programs.flat_map(|program| &program.program().policy.caps);
        let longest = caps.map(|cap| cap.per.nominal_millis()).max()?;
        let millis = i64::try_from(longest).unwrap_or(i64::MAX);
        let back = SignedDuration::from_millis(millis).saturating_add(SignedDuration::try_from(SLACK).ok()?);
        Some(now.checked_sub(back).unwrap_or(Timestamp::MIN))
    }

    /// Asks a question about an intent's workflow; yes, if its program is not at hand.
    fn asks(&self, intent: &Intent, of: impl Fn(&WorkflowDecl) -> bool) -> bool {
        let Some(program) = self.shelf.programs.pinned.get(&intent.program) else { return true };
        program.workflow(&intent.workflow).is_some_and(of)
    }
}

fn may_exit(workflow: &WorkflowDecl) -> bool {
    workflow.exits.iter().any(|exit| matches!(exit, Exit::When(_)))
}

impl Vetting for Gate {
    fn concerns(&self, intent: &Intent) -> bool {
        let message = intent.channel.is_some();
        // Nothing but a window holds a transactional message back.
        let held = |workflow: &WorkflowDecl| {
            workflow.topic.as_deref() != Some(TRANSACTIONAL) || workflow.window.is_some()
        };
        self.asks(intent, |workflow| may_exit(workflow) || (message && held(workflow)))
    }

    fn asks_for_run(&self, intent: &Intent) -> bool {
        self.asks(intent, may_exit)
    }

    fn vet(
        &self,
        snapshot: &Snapshot,
        intent: &Intent,
        sent: &[SentMessage],
        now: Timestamp,
    ) -> Result<Verdict, Unmet> {
        vet(&self.shelf.programs, snapshot, intent, sent, now)
    }
}
