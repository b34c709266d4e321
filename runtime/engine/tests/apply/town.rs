//! A store in memory around `apply`: what it is told it keeps, strictly.
//!
//! Every input is applied twice and must give the same transition; every commit
//! must fit what is kept; and the snapshot that absorbed it must be what a reload gives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{
    Change, Enrolled, Enrolling, Entity, Entry, Fact, FactKind, Fields, Finish, Input, Intent, Order, Origin,
    Outcome, Reference, Run, RunState, Snapshot, Tally, Transition, What,
};
use onward_engine::{Loaded, Needs, Programs, Unmet, apply};
use serde_json::Value as Json;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Store {
    pub(crate) entities: BTreeMap<EntityId, Entity>,
    pub(crate) runs: BTreeMap<(EntityId, Arc<str>), Run>,
    pub(crate) enrolments: BTreeMap<Enrolled, Timestamp>,
    pub(crate) intents: BTreeMap<Arc<str>, Intent>,
    pub(crate) cancelled: BTreeSet<Arc<str>>,
    pub(crate) settled: BTreeSet<Arc<str>>,
    pub(crate) facts: BTreeMap<Arc<str>, Fact>,
    /// Facts in the order in which they were worked out.
    pub(crate) log: Vec<Fact>,
    pub(crate) tallies: BTreeMap<Tally, u32>,
    pub(crate) timeline: Vec<Entry>,
}

/// What is next as time passes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Timer(EntityId, Arc<str>),
    Wake(EntityId),
    Due,
}

/// A store, a clock and the programs.
pub(crate) struct Town {
    pub(crate) programs: Programs,
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    /// Facts taken at one go, at most.
    pub(crate) patience: usize,
    /// What a worker holds that applies input after input without loading again.
    pub(crate) batch: Option<Snapshot>,
    inbox: VecDeque<Fact>,
    sent: u64,
}

pub(crate) fn contact(id: &str) -> EntityId {
    EntityId::new("contact", id)
}

pub(crate) fn fields(json: Json) -> Fields {
    json.as_object().cloned().expect("an object")
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

impl Town {
    pub(crate) fn new(live: Arc<Loaded>) -> Self {
        Self {
            programs: Programs::only(live),
            store: Store::default(),
            now: time("2026-03-02T12:00:00Z"),
            patience: 10_000,
            batch: None,
            inbox: VecDeque::new(),
            sent: 0,
        }
    }

    /// Deploys another program; those that runs are pinned to stay.
    pub(crate) fn deploy(&mut self, live: Arc<Loaded>) {
        self.programs.pinned.insert(live.hash(), live.clone());
        self.programs.live = Some(live);
    }

    // Inputs.

    pub(crate) fn fact(&mut self, subject: &EntityId, kind: FactKind, origin: Origin) {
        self.sent += 1;
        let id = format!("f{}", self.sent).into();
        self.inbox.push_back(Fact { id, subject: subject.clone(), kind, at: self.now, origin });
        self.work();
    }

    /// A fact that happened at the town's present time and is worked out at `now`.
    pub(crate) fn late(&mut self, subject: &EntityId, kind: FactKind, now: Timestamp) {
        self.sent += 1;
        let id = format!("f{}", self.sent).into();
        self.inbox.push_back(Fact { id, subject: subject.clone(), kind, at: self.now, origin: Origin::Live });
        self.now = now;
        self.work();
    }

    pub(crate) fn event(&mut self, who: &str, name: &str, members: Json) {
        self.event_with(who, name, members, serde_json::json!({}));
    }

    pub(crate) fn event_with(&mut self, who: &str, name: &str, members: Json, attributes: Json) {
        let kind = FactKind::Event {
            name: name.into(),
            fields: fields(members),
            contact: None,
            attributes: fields(attributes),
        };
        self.fact(&contact(who), kind, Origin::Live);
    }

    pub(crate) fn attributes(&mut self, who: &str, attributes: Json) {
        self.fact(&contact(who), FactKind::Attributes { attributes: fields(attributes) }, Origin::Live);
    }

    pub(crate) fn order(&mut self, run: &Run, order: Order) {
        self.fact(&run.subject, FactKind::Order { run: run.id.clone(), order }, Origin::Live);
    }

    /// Facts that were left, and those that follow from them.
    fn work(&mut self) {
        let mut patience = self.patience;
        while let Some(fact) = self.inbox.pop_front() {
            patience = patience.checked_sub(1).expect("facts follow from each other without end");
            if self.store.facts.insert(fact.id.clone(), fact.clone()).is_none() {
                self.input(Input::Fact(&fact), &fact.subject);
            }
        }
    }

    /// Providers accept all that is outstanding, again and again.
    pub(crate) fn accept(&mut self) {
        let is_due = |intent: &Intent, now| intent.draft.is_none() && intent.due <= now;
        while let Some(intent) = self.outstanding().into_iter().find(|intent| is_due(intent, self.now)) {
            let outcome = Outcome::Accepted { result: Fields::new(), detail: "250 ok".into() };
            self.settle(&intent, outcome);
        }
    }

    pub(crate) fn settle(&mut self, intent: &Intent, outcome: Outcome) {
        self.store.settled.insert(intent.key.clone());
        let kind = FactKind::Outcome { intent: intent.key.clone(), run: intent.run.clone(), outcome };
        self.fact(&intent.subject, kind, Origin::Live);
    }

    /// Time passes; timers and alarms ring in order, and providers accept what is due.
    pub(crate) fn until(&mut self, moment: &str) {
        let moment = time(moment);
        let mut patience = 10_000;
        while let Some((at, next)) = self.next().filter(|(at, _)| *at <= moment) {
            patience -= 1;
            assert!(patience > 0, "the same rings again and again: {next:?} at {at}");
            self.now = at.max(self.now);
            match next {
                Next::Timer(subject, run) => {
                    self.input(Input::Timer { subject: &subject, run: &run }, &subject);
                }
                Next::Wake(subject) => {
                    self.input(Input::Wake { subject: &subject }, &subject);
                    let wake = self.store.entities.get(&subject).and_then(|entity| entity.watch.wake());
                    assert!(wake.is_none_or(|wake| wake > self.now), "{subject} does not go to sleep");
                }
                Next::Due => {}
            }
            self.work();
            self.accept();
        }
        self.now = moment;
    }

    fn next(&self) -> Option<(Timestamp, Next)> {
        let waiting = self.store.runs.values().filter_map(|run| match run.state {
            RunState::Waiting { until, .. } => {
                Some((until, Next::Timer(run.subject.clone(), run.id.clone())))
            }
            _ => None,
        });
        let awake = self.store.entities.values();
        let awake = awake.filter_map(|entity| Some((entity.watch.wake()?, Next::Wake(entity.id.clone()))));
        let due =
            self.outstanding().into_iter().filter(|intent| intent.draft.is_none() && intent.due > self.now);
        waiting.chain(awake).chain(due.map(|intent| (intent.due, Next::Due))).min()
    }

    /// Applies an input to what it needs of the store, and commits it.
    pub(crate) fn input(&mut self, input: Input<'_>, subject: &EntityId) -> Transition {
        if let Input::Fact(fact) = input {
            self.store.log.push(fact.clone());
        }
        let mut wanted = Needs { entities: BTreeSet::from([subject.clone()]), ..Needs::default() };
        let mut batch = self.batch.clone().unwrap_or_default();
        let (snapshot, transition) = loop {
            let snapshot = self.look_up(&wanted, &mut batch, input);
            match apply(&self.programs, &snapshot, input, self.now) {
                Ok(transition) => break (snapshot, transition),
                Err(Unmet::Needs(more)) => {
                    let before = wanted.clone();
                    wanted.entities.extend(more.entities);
                    wanted.questions.extend(more.questions);
                    wanted.references.extend(more.references);
                    assert_ne!(wanted, before, "asks again for what it has");
                }
                Err(unmet) => panic!("{unmet}"),
            }
        };
        assert_eq!(apply(&self.programs, &snapshot, input, self.now).as_ref(), Ok(&transition));
        self.commit(&transition);
        let mut absorbed = snapshot;
        absorbed.absorb(&transition);
        let known = Needs {
            entities: absorbed.entities.keys().cloned().collect(),
            questions: absorbed.history.keys().cloned().collect(),
            references: absorbed.referrers.keys().cloned().collect(),
        };
        assert_same(&absorbed, &self.load(&known));
        if self.batch.is_some() {
            self.batch = Some(absorbed);
        }
        transition
    }

    /// What is wanted: loaded anew, or what a batch has kept and what it lacks.
    fn look_up(&self, wanted: &Needs, batch: &mut Snapshot, input: Input<'_>) -> Snapshot {
        if self.batch.is_none() {
            return self.load(wanted);
        }
        if let Input::Fact(fact) = input {
            batch.absorb_fact(fact);
        }
        let missing = Needs {
            entities: wanted
                .entities
                .iter()
                .filter(|id| !batch.entities.contains_key(*id))
                .cloned()
                .collect(),
            questions: wanted.questions.iter().filter(|q| !batch.history.contains_key(*q)).cloned().collect(),
            references: wanted
                .references
                .iter()
                .filter(|r| !batch.referrers.contains_key(*r))
                .cloned()
                .collect(),
        };
        let more = self.load(&missing);
        batch.entities.extend(more.entities);
        batch.runs.extend(more.runs);
        batch.enrolments.extend(more.enrolments);
        batch.history.extend(more.history);
        batch.referrers.extend(more.referrers);
        batch.clone()
    }

    pub(crate) fn load(&self, needs: &Needs) -> Snapshot {
        let ids = &needs.entities;
        let mut snapshot = Snapshot::default();
        for id in ids {
            snapshot.entities.insert(id.clone(), self.store.entities.get(id).cloned());
            let runs = self.store.runs.values().filter(|run| run.subject == *id && !is_finished(run));
            let mut runs: Vec<Run> = runs.cloned().collect();
            runs.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
            snapshot.runs.insert(id.clone(), runs);
        }
        let enrolments = self.store.enrolments.iter().filter(|(key, _)| ids.contains(&key.subject));
        snapshot.enrolments = enrolments.map(|(key, at)| (key.clone(), *at)).collect();
        for question in &needs.questions {
            let (mut own, mut past) = (BTreeSet::from([question.entity.clone()]), Vec::new());
            // Those that were merged into it left their past, and that of others merged into them.
            for fact in self.store.log.iter().rev() {
                match &fact.kind {
                    FactKind::Inherited { from, .. } if own.contains(&fact.subject) => {
                        own.insert(from.clone());
                    }
                    FactKind::Event { name, .. }
                        if *name == question.event && own.contains(&fact.subject) =>
                    {
                        // What was handed over came in twice: once where it was handed over from.
                        past.extend(fact.occurrence());
                    }
                    _ => {}
                }
            }
            past.reverse();
            snapshot.history.insert(question.clone(), past);
        }
        for reference in &needs.references {
            let refers = |entity: &&Entity| {
                entity.id.kind == reference.kind
                    && entity.deleted.is_none()
                    && entity.attributes.get(&*reference.attribute).and_then(Json::as_str)
                        == Some(&*reference.target.id)
            };
            let referrers = self.store.entities.values().filter(refers).map(|entity| entity.id.clone());
            snapshot.referrers.insert(reference.clone(), referrers.collect());
        }
        snapshot
    }

    fn commit(&mut self, transition: &Transition) {
        let store = &mut self.store;
        for change in &transition.entities {
            match &change.change {
                Change::Delete => {
                    store.entities.remove(&change.id);
                }
                Change::Bury => {
                    store.entities.get_mut(&change.id).expect("it is there").deleted = Some(change.at);
                }
                Change::Watch(watch) => {
                    store.entities.get_mut(&change.id).expect("it is there").watch = watch.clone();
                }
                Change::Set(fields) => {
                    let entity = store
                        .entities
                        .entry(change.id.clone())
                        .or_insert_with(|| Entity::new(change.id.clone(), Fields::new(), change.at));
                    entity.attributes.extend(fields.clone());
                    entity.attributes.retain(|_, value| !value.is_null());
                }
            }
        }
        let mut changed = BTreeSet::new();
        for change in &transition.runs {
            let key = (change.run.subject.clone(), change.run.id.clone());
            assert!(changed.insert(key.clone()), "a run changes twice: {key:?}");
            let known = store.runs.get(&key);
            assert_eq!(known.map(|run| run.version), change.expected, "{key:?}");
            assert_eq!(change.run.version, change.expected.unwrap_or(0) + 1);
            assert!(!known.is_some_and(is_finished), "a finished run changes: {key:?}");
            store.runs.insert(key, change.run.clone());
        }
        for Enrolling { key, at, before } in &transition.enrolments {
            assert_eq!(store.enrolments.insert(key.clone(), *at), *before, "entered twice: {key:?}");
        }
        for tally in &transition.tallies {
            *store.tallies.entry(tally.clone()).or_default() += 1;
        }
        for intent in &transition.intents {
            assert!(store.intents.insert(intent.key.clone(), intent.clone()).is_none(), "intended twice");
        }
        let settled = transition.cancelled.iter().find(|key| store.settled.contains(*key));
        assert_eq!(settled, None, "what was done is cancelled");
        store.cancelled.extend(transition.cancelled.iter().cloned());
        store.timeline.extend(transition.timeline.iter().cloned());
        self.inbox.extend(transition.facts.iter().cloned());
    }

    // What came of it.

    /// Intents that are neither settled nor cancelled, in the order of their runs' starts.
    pub(crate) fn outstanding(&self) -> Vec<Intent> {
        let store = &self.store;
        let open = store.intents.values();
        open.filter(|i| !store.settled.contains(&i.key) && !store.cancelled.contains(&i.key))
            .cloned()
            .collect()
    }

    /// Names of the steps whose effects were accepted or are outstanding, sorted by time and name.
    pub(crate) fn sent(&self) -> Vec<String> {
        let intents = self.store.intents.values();
        let mut sent: Vec<_> = intents
            .filter(|intent| !self.store.cancelled.contains(&intent.key))
            .map(|intent| (intent.due, intent.step.to_string()))
            .collect();
        sent.sort();
        sent.into_iter().map(|(_, step)| step).collect()
    }

    pub(crate) fn runs(&self) -> Vec<&Run> {
        let mut runs: Vec<_> = self.store.runs.values().collect();
        runs.sort_by(|a, b| (a.started, &a.id).cmp(&(b.started, &b.id)));
        runs
    }

    /// Runs that have not ended.
    pub(crate) fn running(&self) -> Vec<&Run> {
        self.runs().into_iter().filter(|run| !is_finished(run)).collect()
    }

    /// How runs ended, in the order of their starts.
    pub(crate) fn ended(&self) -> Vec<(Finish, String)> {
        let runs = self.runs().into_iter();
        runs.filter_map(|run| match &run.state {
            RunState::Finished { how, reason, .. } => Some((*how, reason.to_string())),
            _ => None,
        })
        .collect()
    }

    /// Details of the timeline's lines of one sort.
    pub(crate) fn told(&self, what: What) -> Vec<String> {
        let lines = self.store.timeline.iter().filter(|entry| entry.what == what);
        lines.map(|entry| entry.detail.to_string()).collect()
    }

    pub(crate) fn attribute(&self, id: &EntityId, name: &str) -> Json {
        let entity = self.store.entities.get(id);
        entity.and_then(|entity| entity.attributes.get(name)).cloned().unwrap_or_default()
    }
}

fn is_finished(run: &Run) -> bool {
    matches!(run.state, RunState::Finished { .. })
}

fn assert_same(absorbed: &Snapshot, loaded: &Snapshot) {
    let sets = |snapshot: &Snapshot| -> Vec<(Reference, BTreeSet<EntityId>)> {
        let referrers = snapshot.referrers.iter();
        referrers.map(|(reference, ids)| (reference.clone(), ids.iter().cloned().collect())).collect()
    };
    assert_eq!(sets(absorbed), sets(loaded));
    assert_eq!(absorbed.history, loaded.history);
    assert_eq!(absorbed.entities, loaded.entities);
    assert_eq!(absorbed.runs, loaded.runs);
    assert_eq!(absorbed.enrolments, loaded.enrolments);
}
