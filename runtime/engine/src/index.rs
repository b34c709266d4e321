//! Which triggers of a program an occurrence may match, found without looking at the others.
//!
//! First what happened, then the kind of the subject, then one lookup for each
//! field that some trigger compares with a constant. What is found still has its
//! whole condition checked. It must not know runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    EntityDecl, Exit, FieldDecl, IndexKey, KeySource, Program, Trigger, TriggerKind, Type, Value,
    WorkflowDecl,
};
use rust_decimal::Decimal;

use crate::model::Fields;

/// A trigger's place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TriggerAt {
    /// Place in the program's workflows.
    pub(crate) workflow: usize,
    /// Place in the workflow's triggers.
    pub(crate) trigger: u16,
}

/// The triggers of a program by what may match them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// By event, then by kind of subject.
    events: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Bucket>>,
    /// By kind of subject.
    created: BTreeMap<Arc<str>, Bucket>,
    /// By kind of subject.
    changed: BTreeMap<Arc<str>, Bucket>,
    /// By kind of subject, then by attribute.
    moved: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Bucket>>,
    /// By event: kinds of subjects for which a trigger, an exit or a wait listens to it.
    heard: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// By event: the kind of entity that it is declared to be about.
    about: BTreeMap<Arc<str>, Arc<str>>,
}

/// Triggers that one lookup finds, by the equality that each needs.
#[derive(Debug, Clone, Default)]
struct Bucket {
    keyed: BTreeMap<Looked, IndexMap<Key, Vec<TriggerAt>>>,
    rest: Vec<TriggerAt>,
}

/// A field or attribute to look at, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Looked {
    source: KeySource,
    name: Arc<str>,
    ty: Type,
}

/// A value that equality can be looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Bool(bool),
    Number(Decimal),
    Text(Arc<str>),
}

impl Index {
    /// The index of a program.
    pub(crate) fn of(program: &Program) -> Self {
        let about = program.events.iter().map(|event| (event.name.clone(), event.about.clone())).collect();
        let mut index = Self { about, ..Self::default() };
        for (place, workflow) in program.workflows.iter().enumerate() {
            for (trigger, number) in workflow.triggers.iter().zip(0u16..) {
                let at = TriggerAt { workflow: place, trigger: number };
                index.bucket(&workflow.subject, &trigger.kind).add(program, workflow, trigger, at);
            }
            for event in heard_by(workflow) {
                index.heard.entry(event.clone()).or_default().insert(workflow.subject.clone());
            }
        }
        index
    }

    fn bucket(&mut self, subject: &Arc<str>, kind: &TriggerKind) -> &mut Bucket {
        let subject = subject.clone();
        match kind {
            TriggerKind::Deleted
            | TriggerKind::Crossed { .. }
            | TriggerKind::Gains { .. }
            | TriggerKind::Loses { .. }
            | TriggerKind::Enters(_)
            | TriggerKind::Leaves(_)
            | TriggerKind::Unchanged { .. }
            | TriggerKind::Date(_)
            | TriggerKind::Schedule(_) => self.changed.entry("-".into()).or_default(),
            TriggerKind::Event(name) => {
                self.events.entry(name.clone()).or_default().entry(subject).or_default()
            }
            TriggerKind::Created => self.created.entry(subject).or_default(),
            TriggerKind::Changed => self.changed.entry(subject).or_default(),
            TriggerKind::Moved { attribute, .. } => {
                self.moved.entry(subject).or_default().entry(attribute.clone()).or_default()
            }
        }
    }

    /// Triggers that an event about a subject of this kind may match.
    pub(crate) fn event(
        &self,
        event: &str,
        kind: &str,
        fields: &Fields,
        attributes: &Fields,
    ) -> Vec<TriggerAt> {
        find(self.events.get(event).and_then(|kinds| kinds.get(kind)), Some(fields), attributes)
    }

    /// Triggers that the first appearance of a subject of this kind may match.
    pub(crate) fn created(&self, kind: &str, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.created.get(kind), None, attributes)
    }

    /// Triggers that any change of a subject of this kind may match.
    pub(crate) fn changed(&self, kind: &str, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.changed.get(kind), None, attributes)
    }

    /// Triggers that a change of this attribute may match.
    pub(crate) fn moved(&self, kind: &str, attribute: &str, attributes: &Fields) -> Vec<TriggerAt> {
        find(self.moved.get(kind).and_then(|names| names.get(attribute)), None, attributes)
    }

    /// The kind of entity that an event is declared to be about.
    pub(crate) fn about(&self, event: &str) -> Option<&Arc<str>> {
        self.about.get(event)
    }

    /// Kinds of subjects for which some workflow listens to an event.
    pub(crate) fn heard(&self, event: &str) -> impl Iterator<Item = &Arc<str>> {
        self.heard.get(event).into_iter().flatten()
    }
}

fn find(bucket: Option<&Bucket>, fields: Option<&Fields>, attributes: &Fields) -> Vec<TriggerAt> {
    bucket.map(|bucket| bucket.find(fields, attributes)).unwrap_or_default()
}

impl Bucket {
    fn add(&mut self, program: &Program, workflow: &WorkflowDecl, trigger: &Trigger, at: TriggerAt) {
        match trigger.index.as_ref().and_then(|key| looked(program, workflow, trigger, key)) {
            Some((looked, key)) => {
                self.keyed.entry(looked).or_default().entry(key).or_default().push(at);
            }
            None => self.rest.push(at),
        }
    }

    /// In the program's order.
    fn find(&self, fields: Option<&Fields>, attributes: &Fields) -> Vec<TriggerAt> {
        let mut found = self.rest.clone();
        for (looked, by_value) in &self.keyed {
            let source = match looked.source {
                KeySource::Event => fields,
                KeySource::Subject => Some(attributes),
            };
            let value = source.and_then(|source| source.get(&*looked.name));
            let key = value.and_then(|value| Key::of(&Value::read(value, &looked.ty)));
            found.extend(key.and_then(|key| by_value.get(&key)).into_iter().flatten());
        }
        found.sort_unstable();
        found
    }
}

/// Where to look for a trigger's equality; none if its kind of value has no key, or if what is
/// compared is not declared.
fn looked(
    program: &Program,
    workflow: &WorkflowDecl,
    trigger: &Trigger,
    key: &IndexKey,
) -> Option<(Looked, Key)> {
    let value = Key::of(&Value::from(&key.value))?;
    let fields = match (key.source, &trigger.kind) {
        (KeySource::Subject, _) => &entity(program, &workflow.subject)?.attributes,
        (KeySource::Event, TriggerKind::Event(name)) => {
            &program.events.iter().find(|event| event.name == *name)?.fields
        }
        (KeySource::Event, _) => return None,
    };
    let ty = field(fields, &key.name)?.ty.clone();
    Some((Looked { source: key.source, name: key.name.clone(), ty }, value))
}

/// A program's declaration of a kind of entity.
pub(crate) fn entity<'a>(program: &'a Program, kind: &str) -> Option<&'a EntityDecl> {
    program.entities.iter().find(|entity| *entity.name == *kind)
}

/// The field of this name.
pub(crate) fn field<'a>(fields: &'a [FieldDecl], name: &str) -> Option<&'a FieldDecl> {
    fields.iter().find(|field| *field.name == *name)
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
    triggers.chain(exits).chain(workflow.waits.iter().map(|wait| &wait.event))
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(v) => Some(Self::Bool(*v)),
            Value::Number(v) => Some(Self::Number(*v)),
            Value::Text(v) => Some(Self::Text(v.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use onward_bytecode::{
        Constant, Enrolment, EventDecl, FunctionId, Overlap, Policy, Presence, Project, Scalar, Stage,
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
}
