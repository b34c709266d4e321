//! Which triggers and conditions of a program an occurrence may concern, found without looking
//! at the others.
//!
//! First what happened, then the kind of the subject, then one lookup for each
//! field that some trigger compares with a constant. What is found still has its
//! whole condition checked. It must not know runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::{
    Bound, Direction, EntityDecl, Exit, FieldDecl, Follow, FunctionId, Program, Scalar, Stage, Trigger,
    TriggerKind, Type, Value, WorkflowDecl,
};
use serde_json::Value as Json;

use crate::model::Fields;

mod bucket;
mod reads;

pub(crate) use bucket::measure;
use bucket::{Bucket, Crossings, Sight};
pub(crate) use reads::Reads;

/// The attribute that names a zone.
pub(crate) const TIMEZONE: &str = "timezone";
/// The attribute that refers to the account, whose zone stands in.
pub(crate) const ACCOUNT: &str = "account";

/// A trigger's place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TriggerAt {
    /// Place in the program's workflows.
    pub(crate) workflow: usize,
    /// Place in the workflow's triggers.
    pub(crate) trigger: u16,
}

/// The triggers of a program by what may match them, and its conditions by what they read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// By event, then by kind of subject.
    events: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Bucket>>,
    /// By kind of subject.
    created: BTreeMap<Arc<str>, Bucket>,
    /// By kind of subject.
    changed: BTreeMap<Arc<str>, Bucket>,
    /// By kind of subject.
    deleted: BTreeMap<Arc<str>, Bucket>,
    /// By kind of subject, then by attribute.
    moved: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Moves>>,
    /// By the segment's place and the way of the edge.
    edges: BTreeMap<(u32, Way), Bucket>,
    /// By event: kinds of subjects for which something listens to it or counts it.
    heard: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// By event: the kind of entity that it is declared to be about.
    about: BTreeMap<Arc<str>, Arc<str>>,
    /// By kind of entity.
    watched: BTreeMap<Arc<str>, Watched>,
    /// By workflow: what its `exit when` read, if it has any.
    exits: BTreeMap<Arc<str>, Reads>,
    /// By the kind that is referred to.
    follows: BTreeMap<Arc<str>, BTreeSet<Follow>>,
    /// Attributes that watched conditions read.
    read: Reads,
}

/// What is watched about a kind of entity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// Places of its segments.
    pub(crate) segments: BTreeSet<u32>,
    /// By an attribute that they may read: places of segments.
    by_attribute: BTreeMap<Arc<str>, BTreeSet<u32>>,
    /// By an event that they ask about: places of segments.
    by_event: BTreeMap<Arc<str>, BTreeSet<u32>>,
    /// Places of segments that may depend on any attribute.
    whole: BTreeSet<u32>,
    /// By attribute: triggers that wait for its date, or for it to stay the same.
    pub(crate) dates: BTreeMap<Arc<str>, Vec<TriggerAt>>,
    /// Schedules: for all, or for who is in a segment.
    pub(crate) schedules: BTreeMap<Option<u32>, Vec<TriggerAt>>,
    /// Attributes that follows go by.
    pub(crate) references: BTreeSet<Follow>,
}

/// Which way somebody crosses a segment's edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Into it.
    In,
    /// Out of it.
    Out,
}

/// Triggers for changes of one attribute.
#[derive(Debug, Clone, Default)]
struct Moves {
    any: Bucket,
    up: Crossings,
    down: Crossings,
}

impl Index {
    /// The index of a program.
    pub(crate) fn of(program: &Program) -> Self {
        let about = program.events.iter().map(|event| (event.name.clone(), event.about.clone())).collect();
        let mut index = Self { about, ..Self::default() };
        for (place, workflow) in program.workflows.iter().enumerate() {
            if workflow.stage == Stage::Live {
                for (trigger, number) in workflow.triggers.iter().zip(0u16..) {
                    index.add(program, workflow, trigger, TriggerAt { workflow: place, trigger: number });
                }
            }
            index.listen(program, workflow);
        }
        for (segment, place) in program.segments.iter().zip(0u32..) {
            index.watch(&segment.kind, place, Reads::of(program, [segment.predicate]));
        }
        index.follow(program);
        index
    }

    fn add(&mut self, program: &Program, workflow: &WorkflowDecl, trigger: &Trigger, at: TriggerAt) {
        let subject = workflow.subject.clone();
        let bucket = match &trigger.kind {
            TriggerKind::Event(name) => {
                self.events.entry(name.clone()).or_default().entry(subject).or_default()
            }
            TriggerKind::Created => self.created.entry(subject).or_default(),
            TriggerKind::Changed => self.changed.entry(subject).or_default(),
            TriggerKind::Deleted => self.deleted.entry(subject).or_default(),
            TriggerKind::Moved { attribute, .. }
            | TriggerKind::Gains { attribute, .. }
            | TriggerKind::Loses { attribute, .. } => &mut self.moves(subject, attribute).any,
            TriggerKind::Crossed { attribute, direction, bound } => {
                let ty = entity(program, &subject).and_then(|e| field(&e.attributes, attribute));
                let ty = ty.map_or(Type::One(Scalar::Number), |field| field.ty.clone());
                let moves = self.moves(subject, attribute);
                let crossings = if *direction == Direction::Up { &mut moves.up } else { &mut moves.down };
                let bound = match bound {
                    Bound::Any => None,
                    Bound::To(bound) | Bound::Past(bound) => Some(*bound),
                };
                return crossings.add(program, bound, &ty, at);
            }
            TriggerKind::Enters(segment) => self.edges.entry((*segment, Way::In)).or_default(),
            TriggerKind::Leaves(segment) => self.edges.entry((*segment, Way::Out)).or_default(),
            TriggerKind::Unchanged { attribute, .. } => {
                return self.watched_of(subject).dates.entry(attribute.clone()).or_default().push(at);
            }
            TriggerKind::Date(date) => {
                return self.watched_of(subject).dates.entry(date.attribute.clone()).or_default().push(at);
            }
            TriggerKind::Schedule(schedule) => {
                return self.watched_of(subject).schedules.entry(schedule.segment).or_default().push(at);
            }
        };
        bucket.add(program, workflow, trigger, at);
    }

    fn moves(&mut self, kind: Arc<str>, attribute: &Arc<str>) -> &mut Moves {
        self.moved.entry(kind).or_default().entry(attribute.clone()).or_default()
    }

    fn watched_of(&mut self, kind: Arc<str>) -> &mut Watched {
        self.watched.entry(kind).or_default()
    }

    /// Events that a workflow listens to or counts, and what its exits read.
    fn listen(&mut self, program: &Program, workflow: &WorkflowDecl) {
        let counted = Reads::of(program, functions(workflow)).events;
        for event in heard_by(workflow).cloned().chain(counted) {
            self.heard.entry(event).or_default().insert(workflow.subject.clone());
        }
        let exits = workflow.exits.iter().filter_map(|exit| match exit {
            Exit::When(call) => Some(call.function),
            Exit::On { .. } => None,
        });
        let mut exits = exits.peekable();
        if exits.peek().is_some() {
            let reads = Reads::of(program, exits);
            self.read.attributes.extend(reads.attributes.iter().cloned());
            self.read.senses.extend(&reads.senses);
            self.exits.insert(workflow.name.clone(), reads);
        }
    }

    fn watch(&mut self, kind: &Arc<str>, place: u32, reads: Reads) {
        for event in &reads.events {
            self.heard.entry(event.clone()).or_default().insert(kind.clone());
        }
        self.read.attributes.extend(reads.attributes.iter().cloned());
        self.read.senses.extend(&reads.senses);
        let watched = self.watched_of(kind.clone());
        watched.segments.insert(place);
        if reads.is_whole() {
            watched.whole.insert(place);
        }
        for attribute in reads.attributes {
            watched.by_attribute.entry(attribute).or_default().insert(place);
        }
        for event in reads.events {
            watched.by_event.entry(event).or_default().insert(place);
        }
    }

    /// Whoever has an account and no zone of their own takes the account's: that is followed always.
    fn follow(&mut self, program: &Program) {
        let account = Type::One(Scalar::Entity(ACCOUNT.into()));
        let zones = program.entities.iter().filter(|entity| {
            field(&entity.attributes, ACCOUNT).is_some_and(|attribute| attribute.ty == account)
        });
        let zones = zones.map(|entity| Follow {
            kind: entity.name.clone(),
            attribute: ACCOUNT.into(),
            target: ACCOUNT.into(),
        });
        for follow in program.follows.iter().cloned().chain(zones) {
            self.watched_of(follow.kind.clone()).references.insert(follow.clone());
            self.follows.entry(follow.target.clone()).or_default().insert(follow);
        }
        self.read.attributes.insert(TIMEZONE.into());
    }

    /// Triggers that an event about a subject of this kind may match.
    pub(crate) fn event(
        &self,
        event: &str,
        kind: &str,
        fields: &Fields,
        attributes: &Fields,
    ) -> Vec<TriggerAt> {
        let bucket = self.events.get(event).and_then(|kinds| kinds.get(kind));
        find(bucket, Sight { fields: Some(fields), attributes, moved: None })
    }

    /// Triggers that the first appearance of a subject of this kind may match.
    pub(crate) fn created(&self, kind: &str, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.created.get(kind), Sight { fields: None, attributes, moved: None })
    }

    /// Triggers that any change of a subject of this kind may match.
    pub(crate) fn changed(&self, kind: &str, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.changed.get(kind), Sight { fields: None, attributes, moved: None })
    }

    /// Triggers that the end of a subject of this kind may match.
    pub(crate) fn deleted(&self, kind: &str, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.deleted.get(kind), Sight { fields: None, attributes, moved: None })
    }

    /// Triggers that an edge of a segment may match.
    pub(crate) fn edge(&self, segment: u32, way: Way, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.edges.get(&(segment, way)), Sight { fields: None, attributes, moved: None })
    }

    /// Triggers that a change of this attribute of the type may match.
    pub(crate) fn moved(
        &self,
        kind: &str,
        (attribute, ty): (&str, Option<&Type>),
        (before, after): (&Json, &Json),
        attributes: &Fields,
    ) -> Vec<TriggerAt> {
        let Some(moves) = self.moved.get(kind).and_then(|names| names.get(attribute)) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        moves.any.find(Sight { fields: None, attributes, moved: Some((before, after)) }, &mut found);
        if let Some(ty) = ty
            && let Some(before) = measure(&Value::read(before, ty), ty)
            && let Some(after) = measure(&Value::read(after, ty), ty)
            && before != after
        {
            let crossings = if before < after { &moves.up } else { &moves.down };
            crossings.find((before, after), &mut found);
        }
        found.sort_unstable();
        found
    }

    /// The kind of entity that an event is declared to be about.
    pub(crate) fn about(&self, event: &str) -> Option<&Arc<str>> {
        self.about.get(event)
    }

    /// Kinds of subjects for which something listens to an event or counts it.
    pub(crate) fn heard(&self, event: &str) -> impl Iterator<Item = &Arc<str>> {
        self.heard.get(event).into_iter().flatten()
    }

    /// What is watched about a kind of entity.
    pub(crate) fn watched(&self, kind: &str) -> Option<&Watched> {
        self.watched.get(kind)
    }

    /// What the `exit when` of a workflow read; none if it has no such clause.
    pub(crate) fn exits(&self, workflow: &str) -> Option<&Reads> {
        self.exits.get(workflow)
    }

    /// Attributes by which conditions read through to entities of this kind.
    pub(crate) fn follows(&self, target: &str) -> impl Iterator<Item = &Follow> {
        self.follows.get(target).into_iter().flatten()
    }

    /// Whether a watched condition may read this attribute, of whomever.
    pub(crate) fn is_read(&self, attribute: &str) -> bool {
        self.read.is_whole() || self.read.attributes.contains(attribute)
    }
}

impl Watched {
    /// Segments that may depend on this attribute.
    pub(crate) fn by_attribute(&self, attribute: &str) -> impl Iterator<Item = &u32> {
        self.by_attribute.get(attribute).into_iter().flatten().chain(&self.whole)
    }

    /// Segments that ask about this event.
    pub(crate) fn by_event(&self, event: &str) -> impl Iterator<Item = &u32> {
        self.by_event.get(event).into_iter().flatten()
    }

    /// Events that some segment asks about.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_event.keys()
    }
}

/// In the program's order.
fn find(bucket: Option<&Bucket>, sight: Sight<'_>) -> Vec<TriggerAt> {
    let mut found = Vec::new();
    if let Some(bucket) = bucket {
        bucket.find(sight, &mut found);
    }
    found.sort_unstable();
    found
}

/// A program's declaration of a kind of entity.
pub(crate) fn entity<'a>(program: &'a Program, kind: &str) -> Option<&'a EntityDecl> {
    program.entities.iter().find(|entity| *entity.name == *kind)
}

/// The field of this name.
pub(crate) fn field<'a>(fields: &'a [FieldDecl], name: &str) -> Option<&'a FieldDecl> {
    fields.iter().find(|field| *field.name == *name)
}

/// The type of an attribute.
pub(crate) fn attribute<'a>(program: &'a Program, kind: &str, name: &str) -> Option<&'a Type> {
    entity(program, kind).and_then(|entity| field(&entity.attributes, name)).map(|field| &field.ty)
}

fn heard_by(workflow: &WorkflowDecl) -> impl Iterator<Item = &Arc<str>> {
    let triggers = workflow.triggers.iter().filter_map(|trigger| match &trigger.kind {
        TriggerKind::Event(name) => Some(name),
        _ => None,
    });
    let exits = workflow.exits.iter().filter_map(|exit| match exit {
        Exit::On { event, .. } => Some(event),
        Exit::When(_) => None,
    });
    let waits = workflow.waits.iter().map(|wait| &wait.event);
    triggers.chain(exits).chain(waits).chain(workflow.goal.iter().map(|goal| &goal.event))
}

/// All functions that a workflow names.
fn functions(workflow: &WorkflowDecl) -> impl Iterator<Item = FunctionId> {
    let triggers = workflow.triggers.iter().filter_map(|trigger| trigger.condition);
    let exits = workflow.exits.iter().filter_map(|exit| match exit {
        Exit::When(call) => Some(call.function),
        Exit::On { condition, .. } => condition.as_ref().map(|call| call.function),
    });
    let waits = workflow.waits.iter().filter_map(|wait| wait.condition.as_ref().map(|call| call.function));
    let goal = workflow.goal.iter().filter_map(|goal| goal.condition);
    triggers.chain(exits).chain(waits).chain(goal).chain([workflow.body])
}

#[cfg(test)]
mod tests {
    use onward_bytecode::{
        Constant, Enrolment, EventDecl, Function, IndexKey, Instruction, KeySource, Kind, Op, Overlap,
        Policy, Presence, Project,
    };
    use serde_json::json;

    use super::*;

    fn workflow(number: usize, index: Option<IndexKey>) -> WorkflowDecl {
        let kind = TriggerKind::Event("signup".into());
        WorkflowDecl {
            name: format!("w{number}").into(),
            title: "".into(),
            docs: "".into(),
            subject: "contact".into(),
            triggers: vec![Trigger { kind, index, condition: None, entry: 0 }],
            stage: Stage::Live,
            entry: None,
            goal: None,
            holdout: None,
            window: None,
            topic: None,
            max_age: None,
            enrolment: Enrolment::EveryTime,
            overlap: Overlap::Ignore,
            exits: Vec::new(),
            body: FunctionId(0),
            sites: Vec::new(),
            points: Vec::new(),
            waits: Vec::new(),
        }
    }

    fn number(source: KeySource, name: &str, value: i64) -> Option<IndexKey> {
        Some(IndexKey { source, name: name.into(), value: Constant::Number(value.into()) })
    }

    fn program(workflows: Vec<WorkflowDecl>) -> Program {
        let score = |ty| {
            let docs = "".into();
            vec![FieldDecl { name: "score".into(), ty: Type::One(ty), presence: Presence::Optional, docs }]
        };
        Program {
            project: Project { name: "acme".into(), timezone: "UTC".into(), sender: None, smtp: None },
            events: vec![EventDecl {
                name: "signup".into(),
                about: "contact".into(),
                fields: score(Scalar::Number),
                docs: "".into(),
            }],
            entities: vec![EntityDecl {
                name: "contact".into(),
                attributes: score(Scalar::Number),
                docs: "".into(),
            }],
            teams: Vec::new(),
            actions: Vec::new(),
            segments: Vec::new(),
            policy: Policy::default(),
            sources: Vec::new(),
            follows: Vec::new(),
            workflows,
            functions: Vec::new(),
        }
    }

    fn found(index: &Index, fields: serde_json::Value, attributes: serde_json::Value) -> Vec<usize> {
        let object = |json: serde_json::Value| json.as_object().cloned().unwrap();
        let found = index.event("signup", "contact", &object(fields), &object(attributes));
        found.into_iter().map(|at| at.workflow).collect()
    }

    #[test]
    fn what_cannot_match_is_not_looked_at() {
        let mut workflows: Vec<_> =
            (0..2_000).map(|i| workflow(i, number(KeySource::Event, "score", i as i64))).collect();
        workflows.push(workflow(2_000, number(KeySource::Subject, "score", 7)));
        workflows.push(workflow(2_001, None));
        let index = Index::of(&program(workflows));
        assert_eq!(found(&index, json!({"score": 12.0}), json!({})), [12, 2_001]);
        assert_eq!(found(&index, json!({"score": "12"}), json!({"score": 7})), [12, 2_000, 2_001]);
        assert_eq!(found(&index, json!({}), json!({})), [2_001]);
        assert!(index.event("signup", "account", &Fields::new(), &Fields::new()).is_empty());
        assert!(index.event("other", "contact", &Fields::new(), &Fields::new()).is_empty());
    }

    #[test]
    fn an_equality_with_what_is_not_declared_is_left_to_the_condition() {
        let workflows = vec![workflow(0, number(KeySource::Event, "unknown", 1))];
        let index = Index::of(&program(workflows));
        assert_eq!(found(&index, json!({}), json!({})), [0]);
    }

    /// A function that gives a constant.
    fn gives(constant: Constant) -> Function {
        Function {
            name: "value".into(),
            params: Vec::new(),
            result: Some(Kind::Number),
            registers: 1,
            constants: vec![constant],
            names: Vec::new(),
            blocks: Vec::new(),
            histories: Vec::new(),
            code: vec![Instruction::ak(Op::Const, 0, 0), Instruction::abc(Op::Return, 0, 0, 0)],
        }
    }

    /// 1,000 triggers each of which compares with a constant of its own.
    fn moving(kind: impl Fn(FunctionId) -> TriggerKind) -> Index {
        let workflows = (0..1_000).map(|i| {
            let mut workflow = workflow(i, None);
            workflow.triggers[0].kind = kind(FunctionId(u32::try_from(i).unwrap()));
            workflow
        });
        let mut program = program(workflows.collect());
        program.functions = (0..1_000).map(|i| gives(Constant::Number(i.into()))).collect();
        let names = FieldDecl { name: "tags".into(), ty: Type::List(Scalar::Number), ..field_of(&program) };
        program.entities[0].attributes.push(names);
        Index::of(&program)
    }

    fn field_of(program: &Program) -> FieldDecl {
        program.entities[0].attributes[0].clone()
    }

    fn moves(index: &Index, name: &str, ty: &Type, before: Json, after: Json) -> Vec<usize> {
        let found = index.moved("contact", (name, Some(ty)), (&before, &after), &Fields::new());
        found.into_iter().map(|at| at.workflow).collect()
    }

    #[test]
    fn moves_that_cannot_match_are_not_looked_at() {
        let number = Type::One(Scalar::Number);
        let attribute: Arc<str> = "score".into();
        let index =
            moving(|to| TriggerKind::Moved { attribute: attribute.clone(), from: None, to: Some(to) });
        assert_eq!(moves(&index, "score", &number, json!(3), json!(7)), [7]);
        let index = moving(|bound| TriggerKind::Crossed {
            attribute: attribute.clone(),
            direction: Direction::Up,
            bound: Bound::Past(bound),
        });
        assert_eq!(moves(&index, "score", &number, json!(3), json!(5)), [3, 4, 5]);
        assert!(moves(&index, "score", &number, json!(5), json!(3)).is_empty());
        let tags: Arc<str> = "tags".into();
        let index = moving(|item| TriggerKind::Gains { attribute: tags.clone(), item });
        let list = Type::List(Scalar::Number);
        assert_eq!(moves(&index, "tags", &list, json!([1]), json!([1, 9])), [1, 9]);
    }
}
