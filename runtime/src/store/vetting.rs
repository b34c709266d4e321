//! The last look at a message, in the transaction that claims it.
//!
//! It knows whose word counts, not what the word says: a [`Vetting`] decides, and a store does what was
//! decided. It reads and writes nothing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{Entry, Fact, Intent, Outcome, SentMessage, Snapshot, What};
use onward_engine::{Needs, Unmet};

use super::needs;
use super::rows::{intent_entry, outcome_fact};
use super::types::{Claim, Claimed, EffectState};

pub use onward_engine::vet::Verdict;

/// So often one claim may ask for more before what is undecided is left for the next.
const QUESTIONS: usize = 32;

/// Decides whether a message that is due may still go out.
pub trait Vetting: Send + Sync {
    /// Whether this intent has to be vetted at all.
    fn concerns(&self, intent: &Intent) -> bool;

    /// Whether vetting it will look at its run.
    fn asks_for_run(&self, intent: &Intent) -> bool;

    /// May it go out now, as things stand in `snapshot`, after the messages in `sent`?
    ///
    /// # Errors
    /// [`Unmet`] if the snapshot lacks something; it is asked again with it.
    fn vet(
        &self,
        snapshot: &Snapshot,
        intent: &Intent,
        sent: &[SentMessage],
        now: Timestamp,
    ) -> Result<Verdict, Unmet>;
}

/// Lets everything pass.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unvetted;

impl Vetting for Unvetted {
    fn concerns(&self, _: &Intent) -> bool {
        false
    }

    fn asks_for_run(&self, _: &Intent) -> bool {
        false
    }

    fn vet(&self, _: &Snapshot, _: &Intent, _: &[SentMessage], _: Timestamp) -> Result<Verdict, Unmet> {
        Ok(Verdict::Send)
    }
}

/// One claim's look at what it has found due.
pub(super) struct Hearing<'a> {
    vetting: &'a dyn Vetting,
    now: Timestamp,
    snapshot: Snapshot,
    sent: BTreeMap<EntityId, Vec<SentMessage>>,
    /// Of all that was found due.
    keys: Vec<Arc<str>>,
    open: Vec<Claim>,
    asked: usize,
    decided: Decided,
}

/// What became of what was due.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// To be claimed.
    pub(super) send: Vec<Claim>,
    /// Not to be sent now, or ever.
    pub(super) held: Vec<Held>,
    /// Programs that were lacking; what needs them is left as it is.
    pub(super) programs: BTreeSet<Hash>,
}

/// An intent that does not go out.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) claim: Claim,
    /// Where it is from now on.
    pub(super) state: EffectState,
    /// When it is due again, if it is deferred.
    pub(super) due: Option<Timestamp>,
    /// Why, if anything was decided about it.
    pub(super) detail: Option<Arc<str>>,
    /// What its run is told.
    pub(super) fact: Option<Fact>,
    /// What people are told.
    pub(super) entry: Option<Entry>,
}

impl Decided {
    /// The facts that follow from what is held.
    pub(super) fn facts(&self) -> Vec<Fact> {
        self.held.iter().filter_map(|held| held.fact.clone()).collect()
    }

    /// What people are told of what is held.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.held.iter().filter_map(|held| held.entry.clone()).collect()
    }

    /// What the caller gets.
    pub(super) fn claimed(self) -> Claimed {
        let decided = self.held.iter().filter(|held| held.detail.is_some()).count();
        let mut claims = self.send;
        claims.sort_by(|a, b| (a.intent.due, &a.intent.key).cmp(&(b.intent.due, &b.intent.key)));
        Claimed { claims, programs: self.programs, decided }
    }
}

impl<'a> Hearing<'a> {
    /// Takes what is due in; what need not be vetted is decided at once.
    pub(super) fn open(vetting: &'a dyn Vetting, now: Timestamp, mut due: Vec<Claim>) -> Self {
        due.sort_by(|a, b| (a.intent.due, &a.intent.key).cmp(&(b.intent.due, &b.intent.key)));
        let keys = due.iter().map(|claim| claim.intent.key.clone()).collect();
        let (open, send): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|claim| vetting.concerns(&claim.intent));
        let decided = Decided { send, ..Decided::default() };
        let (snapshot, sent) = (Snapshot::default(), BTreeMap::new());
        Self { vetting, now, snapshot, sent, keys, open, asked: 0, decided }
    }

    /// The keys of all that was found due.
    pub(super) fn keys(&self) -> &[Arc<str>] {
        &self.keys
    }

    /// Whom the undecided are for.
    pub(super) fn subjects(&self) -> BTreeSet<EntityId> {
        self.open.iter().map(|claim| claim.intent.subject.clone()).collect()
    }

    /// Those of them whose runs will be looked at.
    pub(super) fn in_runs(&self) -> BTreeSet<EntityId> {
        let asked = self.open.iter().filter(|claim| self.vetting.asks_for_run(&claim.intent));
        asked.map(|claim| claim.intent.subject.clone()).collect()
    }

    /// What is known of whom the undecided are for, to save a question for each. Whose runs are
    /// not in it is asked for, should they be needed.
    pub(super) fn know(&mut self, known: Snapshot) {
        self.snapshot = known;
    }

    /// Who gets a message by one of the undecided, so that their messages have to be counted.
    pub(super) fn addressees(&self) -> BTreeSet<EntityId> {
        let messages = self.open.iter().filter(|claim| claim.intent.channel.is_some());
        messages.map(|claim| claim.intent.subject.clone()).collect()
    }

    /// Leaves messages as they are for whom somebody else is claiming just now.
    pub(super) fn keep_addressees(&mut self, kept: &BTreeSet<EntityId>) {
        let ours = |claim: &Claim| claim.intent.channel.is_none() || kept.contains(&claim.intent.subject);
        let (open, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open).into_iter().partition(ours);
        self.open = open;
        left.into_iter().for_each(|claim| self.leave(claim));
    }

    /// Nothing was decided: it is as if it had not been looked at.
    fn leave(&mut self, claim: Claim) {
        let state = EffectState::Ready;
        self.decided.held.push(Held { claim, state, due: None, detail: None, fact: None, entry: None });
    }

    /// What has gone out to whom.
    pub(super) fn sent(&mut self, sent: BTreeMap<EntityId, Vec<SentMessage>>) {
        self.sent = sent;
    }

    /// Gives what was asked for.
    pub(super) fn give(&mut self, needs: Needs, loaded: Snapshot) {
        needs::give(&mut self.snapshot, needs, loaded);
    }

    /// Decides what can be decided. Answers what it needs for the rest.
    pub(super) fn hear(&mut self) -> Option<Needs> {
        let mut needs = Needs::default();
        let mut undecided = Vec::new();
        for claim in std::mem::take(&mut self.open) {
            match self.judge(&claim.intent) {
                Ok(verdict) => self.decide(claim, verdict),
                Err(Unmet::Needs(more)) => {
                    needs.entities.extend(more.entities);
                    needs.questions.extend(more.questions);
                    needs.references.extend(more.references);
                    undecided.push(claim);
                }
                Err(Unmet::NeedsProgram(hash)) => {
                    self.decided.programs.insert(hash);
                    self.leave(claim);
                }
            }
        }
        self.asked += 1;
        if undecided.is_empty() {
            return None;
        }
        if self.asked > QUESTIONS {
            tracing::error!(effects = undecided.len(), "the engine asks for the same again and again");
            undecided.into_iter().for_each(|claim| self.leave(claim));
            return None;
        }
        self.open = undecided;
        Some(needs)
    }

    fn judge(&self, intent: &Intent) -> Result<Verdict, Unmet> {
        let sent = self.sent.get(&intent.subject).map_or(&[][..], Vec::as_slice);
        self.vetting.vet(&self.snapshot, intent, sent, self.now)
    }

    fn decide(&mut self, claim: Claim, verdict: Verdict) {
        let now = self.now;
        let held = |claim: Claim, state, detail: &Arc<str>| Held {
            claim,
            state,
            due: None,
            detail: Some(detail.clone()),
            fact: None,
            entry: None,
        };
        match verdict {
            Verdict::Send => {
                if let Some(channel) = &claim.intent.channel {
                    let message = SentMessage { channel: channel.clone(), at: now };
                    self.sent.entry(claim.intent.subject.clone()).or_default().push(message);
                }
                self.decided.send.push(claim);
            }
            Verdict::Later { until, reason } => {
                // Never at once again, whatever was said.
                let due = until.max(now.checked_add(jiff::SignedDuration::from_millis(1)).unwrap_or(now));
                let entry = Some(intent_entry(&claim.intent, What::Deferred, &reason, now));
                self.decided.held.push(Held {
                    due: Some(due),
                    entry,
                    ..held(claim, EffectState::Ready, &reason)
                });
            }
            Verdict::Never { reason } => {
                let outcome = Outcome::Dropped { detail: reason.clone() };
                let fact = Some(outcome_fact(&claim.intent, outcome, now));
                self.decided.held.push(Held { fact, ..held(claim, EffectState::Dropped, &reason) });
            }
            Verdict::Exit { reason } => {
                let fact = Some(exit_fact(&claim.intent, now));
                self.decided.held.push(Held { fact, ..held(claim, EffectState::Cancelled, &reason) });
            }
        }
    }

    /// What was decided.
    pub(super) fn close(self) -> Decided {
        self.decided
    }
}

/// The fact that makes a run look again whether it has to exit.
fn exit_fact(intent: &Intent, now: Timestamp) -> Fact {
    use onward_engine::model::{FactKind, Origin, Touch};
    Fact {
        id: format!("exit/{}", intent.key).into(),
        subject: intent.subject.clone(),
        kind: FactKind::Touched { by: intent.subject.clone(), touch: Touch::Changed },
        at: now,
        origin: Origin::Live,
    }
}
