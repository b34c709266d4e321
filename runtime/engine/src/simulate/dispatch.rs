//! How effects go out in a simulation: vetted at the claim, then given to a provider that
//! does as it is told.

use std::sync::Arc;

use onward_bytecode::{ActionDecl, OnFailure, Unsure};

use super::agenda::Due;
use super::{Behaviour, Effect, Simulation, State, Stuck};
use crate::apply::Unmet;
use crate::model::{Entry, Fact, FactKind, Fields, Intent, Origin, Outcome, SentMessage, What};
use crate::vet::{Verdict, vet};
use crate::vm::request::{self, Request, Unmade};

impl Simulation {
    /// The oldest draft of an action is approved: it goes out, if quiet hours and the like allow it.
    /// Answers whether there was one.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn approve(&mut self, action: &str) -> Result<bool, Stuck> {
        let Some((number, key)) = self.draft(action) else { return Ok(false) };
        if let Some(effect) = self.effects.get_mut(&key) {
            effect.state = State::Ready;
            effect.intent.draft = None;
            effect.intent.due = effect.intent.due.max(self.now);
            let due = effect.intent.due;
            self.agenda.set(Due::Effect(number, key.clone()), Some(due));
        }
        self.tell(&key, What::Ordered, "the draft was approved");
        self.idle()?;
        Ok(true)
    }

    /// The oldest draft of an action is given up; its run goes on. Answers whether there was one.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn discard(&mut self, action: &str) -> Result<bool, Stuck> {
        let Some((_, key)) = self.draft(action) else { return Ok(false) };
        self.drop_effect(&key, "the draft was discarded");
        self.idle()?;
        Ok(true)
    }

    fn draft(&self, action: &str) -> Option<(u64, Arc<str>)> {
        let held = |effect: &&Effect| effect.state == State::Draft && *effect.intent.action == *action;
        self.effects.values().find(held).map(|effect| (effect.number, effect.intent.key.clone()))
    }

    /// The request that a provider would get. Secrets are their own names in guillemets.
    ///
    /// # Errors
    /// [`Unmade`]; also if the action is not in the program.
    pub fn request(&self, effect: &Effect) -> Result<Request, Unmade> {
        let program = self.programs.pinned.get(&effect.intent.program).ok_or(Unmade::Missing("action"))?;
        let action = self.action(&effect.intent).ok_or(Unmade::Missing("action"))?;
        let secret = |name: &str| Some(format!("«{name}»").into());
        request::render(program.program(), action, &effect.intent.arguments, effect.intent.due, &secret)
    }

    fn action(&self, intent: &Intent) -> Option<&ActionDecl> {
        let program = self.programs.pinned.get(&intent.program)?.program();
        program.actions.iter().find(|action| action.name == intent.action)
    }

    /// An effect is due: it is vetted, and sent.
    pub(super) fn claim(&mut self, number: u64, key: &Arc<str>) -> Result<(), Stuck> {
        self.agenda.set(Due::Effect(number, key.clone()), None);
        let Some(intent) = self.effects.get(key).map(|effect| effect.intent.clone()) else { return Ok(()) };
        match self.verdict(&intent)? {
            Verdict::Send => self.deliver(&intent),
            Verdict::Later { until, reason } => {
                if let Some(effect) = self.effects.get_mut(key) {
                    effect.intent.due = until;
                    effect.detail = reason.clone();
                }
                self.agenda.set(Due::Effect(number, key.clone()), Some(until));
                self.tell(key, What::Deferred, &reason);
            }
            Verdict::Never { reason } => self.drop_effect(key, &reason),
            Verdict::Exit { reason } => {
                self.end(key, State::Cancelled, &reason);
                self.file(Fact {
                    id: format!("exit/{key}").into(),
                    subject: intent.subject.clone(),
                    kind: touched(&intent),
                    at: self.now,
                    origin: Origin::Live,
                });
            }
        }
        Ok(())
    }

    fn verdict(&mut self, intent: &Intent) -> Result<Verdict, Stuck> {
        let sent = self.messages(intent);
        loop {
            match vet(&self.programs, &self.store.snapshot, intent, &sent, self.now) {
                Ok(verdict) => return Ok(verdict),
                Err(Unmet::Needs(needs)) if self.store.provide(needs.clone()) => {}
                Err(unmet) => return Err(unmet.into()),
            }
        }
    }

    /// Messages to the same subject that went out before.
    fn messages(&self, intent: &Intent) -> Vec<SentMessage> {
        if intent.channel.is_none() {
            return Vec::new();
        }
        let sent = self.effects.values().filter(|effect| {
            let went = matches!(effect.state, State::Sent | State::Failed | State::Parked);
            went && effect.intent.subject == intent.subject
        });
        sent.filter_map(|effect| Some(SentMessage { channel: effect.intent.channel.clone()?, at: effect.at }))
            .collect()
    }

    fn deliver(&mut self, intent: &Intent) {
        let key = &intent.key;
        match self.providers.get(&intent.action).cloned().unwrap_or_default() {
            Behaviour::Accept(result) => self.accept(intent, result),
            Behaviour::Refuse(detail) => self.fail(intent, &detail),
            Behaviour::Fail(detail) => self.fail(intent, &format!("{detail}; every attempt failed")),
            Behaviour::Lose(detail) => {
                let unsure = self.action(intent).map_or(Unsure::Park, |action| action.unsure.clone());
                match unsure {
                    Unsure::Park => self.park(key, &format!("{detail}; nobody knows whether it arrived")),
                    Unsure::Retry | Unsure::RetryWithKey(_) => {
                        self.fail(intent, &format!("{detail}; every attempt was lost"));
                    }
                }
            }
        }
    }

    fn accept(&mut self, intent: &Intent, result: Fields) {
        self.end(&intent.key, State::Sent, "");
        self.tell(&intent.key, What::Sent, "accepted");
        self.settle(intent, Outcome::Accepted { result, detail: "accepted".into() });
    }

    fn fail(&mut self, intent: &Intent, detail: &str) {
        if intent.failure == OnFailure::Park {
            return self.park(&intent.key, detail);
        }
        self.end(&intent.key, State::Failed, detail);
        self.settle(intent, Outcome::Failed { detail: detail.into(), then: intent.failure });
    }

    fn park(&mut self, key: &Arc<str>, detail: &str) {
        self.end(key, State::Parked, detail);
        self.tell(key, What::Parked, detail);
    }

    fn drop_effect(&mut self, key: &Arc<str>, detail: &str) {
        self.end(key, State::Dropped, detail);
        if let Some(intent) = self.effects.get(key).map(|effect| effect.intent.clone()) {
            self.settle(&intent, Outcome::Dropped { detail: detail.into() });
        }
    }

    /// The run that rests on an effect hears of its end.
    fn settle(&mut self, intent: &Intent, outcome: Outcome) {
        self.file(Fact {
            id: format!("outcome/{}", intent.key).into(),
            subject: intent.subject.clone(),
            kind: FactKind::Outcome { intent: intent.key.clone(), run: intent.run.clone(), outcome },
            at: self.now,
            origin: Origin::Live,
        });
    }

    /// An effect that is still open comes to its end.
    pub(super) fn end(&mut self, key: &Arc<str>, state: State, detail: &str) {
        let Some(effect) = self.effects.get_mut(key) else { return };
        if matches!(effect.state, State::Ready | State::Draft | State::Parked) {
            effect.state = state;
            effect.at = self.now;
            effect.detail = detail.into();
            let number = effect.number;
            self.agenda.set(Due::Effect(number, key.clone()), None);
        }
    }

    fn tell(&mut self, key: &Arc<str>, what: What, detail: &str) {
        let Some(Effect { intent, .. }) = self.effects.get(key) else { return };
        self.store.timeline.push(Entry {
            at: self.now,
            subject: intent.subject.clone(),
            workflow: intent.workflow.clone(),
            run: Some(intent.run.clone()),
            step: Some(intent.step.clone()),
            what,
            detail: detail.into(),
        });
    }
}

/// What makes a run look again whether it has to exit.
fn touched(intent: &Intent) -> FactKind {
    FactKind::Touched { by: intent.subject.clone(), touch: crate::model::Touch::Changed }
}
