//! A world in memory: the real engine around a store that is a value, a clock that is
//! turned by hand, and providers that do as they are told.
//!
//! Tests of rules and backtests run in it. It reads no clock and does no IO; the same
//! facts give the same world.

mod agenda;
mod coverage;
mod dispatch;
mod effect;
mod identity;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use onward_bytecode::{EntityId, FunctionId, Program, Value};

pub use coverage::{Coverage, Outcomes, Visits};
pub use effect::{Behaviour, Effect, State};

use crate::apply::{Unmet, apply};
use crate::model::{
    Entity, Entry, Fact, FactKind, Fields, Input, Intent, Origin, Run, RunState, Tally, Transition,
};
use crate::program::Programs;
use crate::vm::{self, Fault, World};
use agenda::{Agenda, Due};
use identity::Directory;
use world::Store;

/// So many inputs may follow from each other before time goes on.
const PATIENCE: u32 = 10_000;

/// Why a simulation cannot go on. It is of no use any more then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// Facts follow from each other without end.
    #[error("more than {PATIENCE} facts follow from each other at {0}: rules set each other off without end")]
    Endless(Timestamp),
    /// The engine lacks something that is not there.
    #[error("the engine cannot go on: {0}")]
    Lacks(Unmet),
}

impl From<Unmet> for Stuck {
    fn from(unmet: Unmet) -> Self {
        Self::Lacks(unmet)
    }
}

/// A world in memory.
#[derive(Debug, Clone)]
pub struct Simulation {
    programs: Programs,
    now: Timestamp,
    store: Store,
    inbox: VecDeque<Fact>,
    agenda: Agenda,
    effects: IndexMap<Arc<str>, Effect>,
    providers: BTreeMap<Arc<str>, Behaviour>,
    directory: Directory,
    /// Facts that came from outside.
    sent: u64,
}

impl Simulation {
    /// An empty world at a moment. Put a [`Coverage`] into `programs.trace` to know what runs came by.
    #[must_use]
    pub fn new(programs: Programs, start: Timestamp) -> Self {
        Self {
            programs,
            now: start,
            store: Store::default(),
            inbox: VecDeque::new(),
            agenda: Agenda::default(),
            effects: IndexMap::new(),
            providers: BTreeMap::new(),
            directory: Directory::default(),
            sent: 0,
        }
    }

    // What happens.

    /// A fact, as it is. The same id twice is one fact.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn fact(&mut self, fact: Fact) -> Result<(), Stuck> {
        self.file(fact);
        self.idle()
    }

    /// An event happens now. `contact` is whom it is about if the subject is another entity.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn event(
        &mut self,
        subject: &EntityId,
        name: &str,
        fields: Fields,
        contact: Option<EntityId>,
    ) -> Result<(), Stuck> {
        self.happen(
            subject,
            FactKind::Event { name: name.into(), fields, contact, attributes: Fields::new() },
        )
    }

    /// Attributes are set from outside; `null` takes one away. The entity appears if it was not there.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn attributes(&mut self, subject: &EntityId, attributes: Fields) -> Result<(), Stuck> {
        self.happen(subject, FactKind::Attributes { attributes })
    }

    /// An entity is deleted.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn delete(&mut self, subject: &EntityId) -> Result<(), Stuck> {
        self.happen(subject, FactKind::Deleted)
    }

    /// Something happens now.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn happen(&mut self, subject: &EntityId, kind: FactKind) -> Result<(), Stuck> {
        self.sent += 1;
        let id = format!("fact/{}", self.sent).into();
        self.fact(Fact { id, subject: subject.clone(), kind, at: self.now, origin: Origin::Live })
    }

    /// Whom keys name, each a sort (`id`, `email`, `phone`, `anonymous_id`, another system's name)
    /// and a value, as the store decides it. Those that turn out to be the same are merged.
    /// `None` without a key.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn named(&mut self, kind: &str, keys: &[(&str, &str)]) -> Result<Option<EntityId>, Stuck> {
        let Some(found) = self.directory.find(kind, keys) else { return Ok(None) };
        for from in found.merged {
            self.happen(&from, FactKind::MergedInto { into: found.entity.clone() })?;
        }
        Ok(Some(found.entity))
    }

    /// How the provider of an action behaves from now on. Until told otherwise all accept, without a result.
    pub fn provider(&mut self, action: &str, behaviour: Behaviour) {
        self.providers.insert(action.into(), behaviour);
    }

    /// The clock goes to a moment, and all that is due until then happens in its order.
    ///
    /// # Errors
    /// [`Stuck`]
    pub fn advance(&mut self, to: Timestamp) -> Result<(), Stuck> {
        while let Some((at, _)) = self.agenda.first().filter(|(at, _)| *at <= to) {
            self.now = self.now.max(at);
            self.idle()?;
        }
        self.now = self.now.max(to);
        Ok(())
    }

    // What has come of it.

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// When something is due next.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(at, _)| at)
    }

    /// An entity, unless it was deleted.
    #[must_use]
    pub fn entity(&self, id: &EntityId) -> Option<&Entity> {
        self.store.snapshot.entities.get(id)?.as_ref().filter(|entity| entity.deleted.is_none())
    }

    /// All entities of a kind, tasks (`task`) among them.
    pub fn entities(&self, kind: &str) -> impl Iterator<Item = &Entity> {
        self.store.entities().filter(move |entity| *entity.id.kind == *kind && entity.deleted.is_none())
    }

    /// All runs, finished ones too, in the order of their starts.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.store.runs.values()
    }

    /// Where a run is, in a word: `waiting`, `acting`, `parked`, `queued`, or how it ended. A run
    /// whose effect is parked is parked.
    #[must_use]
    pub fn state_of(&self, run: &Run) -> &'static str {
        use crate::model::Finish;
        match &run.state {
            RunState::Waiting { .. } => "waiting",
            RunState::Acting { intent, .. } => match self.effects.get(intent).map(|effect| &effect.state) {
                Some(State::Parked) => "parked",
                _ => "acting",
            },
            RunState::Parked { .. } => "parked",
            RunState::Queued { .. } => "queued",
            RunState::Finished { how, .. } => match how {
                Finish::Completed => "completed",
                Finish::Stopped => "stopped",
                Finish::Exited => "exited",
                Finish::Replaced => "replaced",
                Finish::Orphaned => "orphaned",
                Finish::Moved => "moved",
            },
        }
    }

    /// All effects, in the order in which they were asked for.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.effects.values()
    }

    /// Facts in the order in which they were worked out.
    #[must_use]
    pub fn log(&self) -> &[Fact] {
        &self.store.log
    }

    /// Events that rules emitted, in order: those from outside and those that were only handed over are none.
    pub fn emitted(&self) -> impl Iterator<Item = &Fact> {
        let program = self.programs.live.as_ref().map(|live| live.program());
        self.store.log.iter().filter(move |fact| {
            let FactKind::Event { name, .. } = &fact.kind else { return false };
            let mut events = program.into_iter().flat_map(|program| &program.events);
            let about = events.find(|event| event.name == *name).map(|event| &event.about);
            fact.id.contains('~') && about.is_none_or(|about| *about == fact.subject.kind)
        })
    }

    /// What people are told, in order.
    #[must_use]
    pub fn timeline(&self) -> &[Entry] {
        &self.store.timeline
    }

    /// What was counted.
    #[must_use]
    pub fn tallies(&self) -> &BTreeMap<Tally, u64> {
        &self.store.tallies
    }

    /// What a function gives now, about a subject.
    ///
    /// # Errors
    /// A [`Fault`]
    pub fn evaluate(
        &mut self,
        program: &Program,
        function: FunctionId,
        args: &[Value],
        subject: Option<&EntityId>,
    ) -> Result<Value, Fault> {
        loop {
            let snapshot = &self.store.snapshot;
            let world =
                World { subject, history: &snapshot.history, ..World::new(&snapshot.entities, self.now) };
            let needs = match vm::call(program, function, args, &world) {
                Err(Fault::Needs(id)) => crate::Needs { entities: [id].into(), ..Default::default() },
                Err(Fault::Asks(question)) => {
                    crate::Needs { questions: [question].into(), ..Default::default() }
                }
                done => return done,
            };
            self.store.provide(needs);
        }
    }

    // How it goes on.

    /// Takes a fact in, if it is new.
    fn file(&mut self, fact: Fact) {
        if self.store.is_new(&fact) {
            self.inbox.push_back(fact);
        }
    }

    /// Works until nothing is left to do now.
    fn idle(&mut self) -> Result<(), Stuck> {
        for _ in 0..PATIENCE {
            if let Some(fact) = self.inbox.pop_front() {
                self.store.file(fact.clone());
                self.input(Input::Fact(&fact))?;
                continue;
            }
            let Some((_, due)) = self.agenda.first().filter(|(at, _)| *at <= self.now) else { return Ok(()) };
            match due.clone() {
                Due::Wake(subject) => {
                    self.input(Input::Wake { subject: &subject })?;
                    self.after_wake(&subject);
                }
                Due::Timer(subject, run) => {
                    self.agenda.set(Due::Timer(subject.clone(), run.clone()), None);
                    self.input(Input::Timer { subject: &subject, run: &run })?;
                }
                Due::Effect(number, key) => self.claim(number, &key)?,
            }
        }
        Err(Stuck::Endless(self.now))
    }

    /// An alarm that rang and was not set anew would ring for ever.
    fn after_wake(&mut self, subject: &EntityId) {
        let wake = self.store.wake(subject);
        self.agenda.set(Due::Wake(subject.clone()), wake);
    }

    fn input(&mut self, input: Input<'_>) -> Result<(), Stuck> {
        let transition = loop {
            match apply(&self.programs, &self.store.snapshot, input, self.now) {
                Ok(transition) => break transition,
                Err(Unmet::Needs(needs)) => {
                    if !self.store.provide(needs.clone()) {
                        return Err(Stuck::Lacks(Unmet::Needs(needs)));
                    }
                }
                Err(unmet) => return Err(unmet.into()),
            }
        };
        self.commit(transition);
        Ok(())
    }

    fn commit(&mut self, transition: Transition) {
        self.store.commit(&transition);
        for change in &transition.entities {
            self.after_wake(&change.id);
        }
        for change in &transition.runs {
            let until = match change.run.state {
                RunState::Waiting { until, .. } => Some(until),
                _ => None,
            };
            self.agenda.set(Due::Timer(change.run.subject.clone(), change.run.id.clone()), until);
        }
        for key in &transition.cancelled {
            self.end(key, State::Cancelled, "it is not wanted any more");
        }
        for intent in transition.intents {
            self.intend(intent);
        }
        for fact in transition.facts {
            self.file(fact);
        }
    }

    fn intend(&mut self, intent: Intent) {
        let program = self.programs.pinned.get(&intent.program);
        let actions = program.map(|loaded| &loaded.program().actions[..]).unwrap_or_default();
        let params = actions.iter().find(|action| action.name == intent.action).map(|action| &action.params);
        let params = params.into_iter().flatten().map(|param| param.name.clone());
        let arguments = params.zip(intent.arguments.iter().cloned()).filter(|(_, value)| !value.is_null());
        let arguments = arguments.collect();
        let state = if intent.draft.is_some() { State::Draft } else { State::Ready };
        let number = self.effects.len() as u64;
        if state == State::Ready {
            self.agenda.set(Due::Effect(number, intent.key.clone()), Some(intent.due));
        }
        let key = intent.key.clone();
        let effect = Effect { intent, state, at: self.now, detail: "".into(), arguments, number };
        self.effects.insert(key, effect);
    }
}
