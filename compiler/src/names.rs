//! What is declared, as somebody who writes rules wants to be shown it: names with their types
//! and documentation, and where they are declared.
//!
//! It is there after mistakes too. It must not know where a name is used.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Kind, Pipe, Presence, Signature, Type};

use crate::check::{functions, plain, type_of};
use crate::declare::{self, Declarations, ParamKind};
use crate::diagnostic::Span;
use crate::report::Report;
use crate::syntax::ast::AstNode as _;
use crate::uses::{Role, Thing};

/// Everything that is declared, by name, in the order of declaration.
#[derive(Debug, Default)]
pub struct Names {
    /// Events.
    pub events: IndexMap<Arc<str>, EventName>,
    /// Entities.
    pub entities: IndexMap<Arc<str>, EntityName>,
    /// Templates.
    pub templates: IndexMap<Arc<str>, TemplateName>,
    /// Senders.
    pub senders: IndexMap<Arc<str>, Declared>,
    /// Teams.
    pub teams: IndexMap<Arc<str>, Declared>,
    /// Actions.
    pub actions: IndexMap<Arc<str>, ActionName>,
    /// Segments.
    pub segments: IndexMap<Arc<str>, SegmentName>,
    /// Workflows.
    pub workflows: IndexMap<Arc<str>, WorkflowName>,
    /// Sources.
    pub sources: IndexMap<Arc<str>, Declared>,
    /// Topics; the documentation is their title.
    pub topics: IndexMap<Arc<str>, Declared>,
    /// Channels.
    pub channels: Vec<Arc<str>>,
    /// Settings that rules can read, by their path.
    pub settings: Vec<Arc<str>>,
}

/// Where something is declared, and what is said of it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// What stands above it after `##`.
    pub docs: Arc<str>,
    /// The name where it is declared.
    pub span: Span,
}

/// A field, attribute or parameter.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it holds; none after a mistake.
    pub takes: Option<Takes>,
    /// Whether it may be missing, or left out.
    pub presence: Presence,
    /// For a parameter, what it is unless something else is said, as it is written.
    pub default: Option<Arc<str>>,
    /// What stands above it after `##`.
    pub docs: Arc<str>,
    /// The name where it is declared.
    pub span: Span,
}

/// What a field, attribute or parameter holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// A value.
    Value(Type),
    /// The name of a template.
    Template,
    /// The name of a sender, or an address.
    Sender,
    /// The name of a team, or addresses.
    Team,
}

impl Takes {
    /// It as part of a sentence: "a number", "one of "a", "b"".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Value(ty) => plain(ty),
            Self::Template => "a template".into(),
            Self::Sender => "a sender".into(),
            Self::Team => "a team".into(),
        }
    }
}

impl From<&ParamKind> for Takes {
    fn from(kind: &ParamKind) -> Self {
        match kind {
            ParamKind::Value(ty) => Self::Value(ty.clone()),
            ParamKind::Template => Self::Template,
            ParamKind::Sender => Self::Sender,
            ParamKind::Team => Self::Team,
        }
    }
}

/// An event.
#[derive(Debug, Clone)]
pub struct EventName {
    /// The kind of entity that it is about.
    pub about: Arc<str>,
    /// Its fields.
    pub fields: IndexMap<Arc<str>, Member>,
    /// Where it is declared.
    pub declared: Declared,
}

/// A kind of entity.
#[derive(Debug, Clone)]
pub struct EntityName {
    /// Its attributes.
    pub attributes: IndexMap<Arc<str>, Member>,
    /// Its documentation.
    pub docs: Arc<str>,
    /// Everywhere it is declared, the catalogue's declaration last.
    pub spans: Vec<Span>,
}

/// A template.
#[derive(Debug, Clone)]
pub struct TemplateName {
    /// `email`, `sms`, `text`.
    pub channel: Arc<str>,
    /// Where it is declared: its name, or the start of its file.
    pub span: Span,
}

/// An action.
#[derive(Debug, Clone)]
pub struct ActionName {
    /// Its parameters.
    pub params: IndexMap<Arc<str>, Member>,
    /// The one whose value stands right after the action's name.
    pub first: Option<Arc<str>>,
    /// Where it is declared.
    pub declared: Declared,
}

/// A segment.
#[derive(Debug, Clone)]
pub struct SegmentName {
    /// The kind of its members.
    pub kind: Arc<str>,
    /// Where it is declared.
    pub declared: Declared,
}

/// A workflow.
#[derive(Debug, Clone)]
pub struct WorkflowName {
    /// Its title; may be empty.
    pub title: Arc<str>,
    /// The kind of entity that it is for; none after a mistake.
    pub subject: Option<Arc<str>>,
    /// Where it is declared: its name, or the first clause of its file.
    pub declared: Declared,
}

/// The pipes, each with what it takes and gives.
pub fn pipes() -> impl Iterator<Item = (&'static str, String)> {
    let own = Pipe::ALL.iter().map(|it| (it.name(), pipe_words(it.name(), &it.signature())));
    own.chain([("default", "value | default fallback — the fallback if the value is missing".to_owned())])
}

/// The functions, each with an example.
pub fn calls() -> impl Iterator<Item = (&'static str, &'static str)> {
    functions()
}

/// The name that a file gives to the template or the workflow in it.
#[must_use]
pub fn name_of_file(path: &str) -> String {
    declare::name_of_file(path)
}

fn pipe_words(name: &str, signature: &Signature) -> String {
    let kind = |kind: Kind| type_of(kind).map_or_else(|| "an entity".into(), |ty| plain(&ty));
    let input = match signature.input {
        all if all.len() == Kind::ALL.len() => "a value".to_owned(),
        some => some.iter().map(|it| kind(*it)).collect::<Vec<_>>().join(" or "),
    };
    let mut words = format!("{input} | {name}");
    for arg in signature.args {
        words.push(' ');
        words.push_str(arg.name);
        if arg.given != onward_bytecode::Given::Must {
            words.push('?');
        }
    }
    format!("{words} — {}", kind(signature.result))
}

impl Names {
    pub(crate) fn of(declared: &Declarations, source: &dyn Fn(Span) -> Arc<str>) -> Self {
        Self {
            events: declared.events.iter().map(|(name, it)| (name.clone(), event(it))).collect(),
            entities: declared.entities.iter().map(|(name, it)| (name.clone(), entity(it))).collect(),
            templates: named(&declared.templates, |it| TemplateName {
                channel: it.channel.clone(),
                span: it.span,
            }),
            senders: named(&declared.senders, |it| without_docs(it.span)),
            teams: named(&declared.teams, |it| without_docs(it.span)),
            actions: named(&declared.actions, |it| action(it, source)),
            segments: named(&declared.segments, |it| SegmentName {
                kind: it.kind.clone(),
                declared: Declared { docs: it.docs.clone(), span: it.span },
            }),
            workflows: workflows(declared),
            sources: named(&declared.sources, |it| Declared { docs: it.docs.clone(), span: it.span }),
            topics: named(&declared.topics, |it| Declared { docs: it.title.clone(), span: it.span }),
            channels: declared.channels.keys().cloned().collect(),
            settings: declared.config.settings.keys().map(|it| it.as_str().into()).collect(),
        }
    }
}

fn named<T, N>(from: &IndexMap<Arc<str>, T>, make: impl Fn(&T) -> N) -> IndexMap<Arc<str>, N> {
    from.iter().map(|(name, it)| (name.clone(), make(it))).collect()
}

fn without_docs(span: Span) -> Declared {
    Declared { docs: "".into(), span }
}

fn event(event: &declare::Event) -> EventName {
    EventName {
        about: event.about.clone(),
        fields: named(&event.fields, field),
        declared: Declared { docs: event.docs.clone(), span: event.span },
    }
}

fn entity(entity: &declare::Entity) -> EntityName {
    EntityName {
        attributes: named(&entity.attributes, field),
        docs: entity.docs.clone(),
        spans: entity.spans.clone(),
    }
}

fn field(field: &declare::Field) -> Member {
    Member {
        takes: field.ty.clone().map(Takes::Value),
        presence: field.presence,
        default: None,
        docs: field.docs.clone(),
        span: field.span,
    }
}

fn action(action: &declare::Action, source: &dyn Fn(Span) -> Arc<str>) -> ActionName {
    let params = named(&action.params, |it| Member {
        takes: it.kind.as_ref().map(Takes::from),
        presence: it.presence,
        default: it.default.as_ref().map(|it| source(it.span(action.origin))),
        docs: it.docs.clone(),
        span: it.span,
    });
    let first = crate::check::first_param(action).map(|it| it.name.clone());
    ActionName { params, first, declared: Declared { docs: action.docs.clone(), span: action.span } }
}

fn workflows(declared: &Declarations) -> IndexMap<Arc<str>, WorkflowName> {
    let mut found = IndexMap::new();
    for workflow in &declared.workflows {
        let title = workflow.syntax.title().map(|it| it.contents().into());
        found.entry(workflow.name.clone()).or_insert_with(|| WorkflowName {
            title: title.unwrap_or_else(|| "".into()),
            subject: crate::check::subject_of(declared, workflow),
            declared: Declared {
                docs: workflow.syntax.docs().unwrap_or_default().into(),
                span: workflow.span,
            },
        });
    }
    found
}

/// Notes where everything is declared.
pub(crate) fn note_declarations(declared: &Declarations, report: &mut Report) {
    let mut note = |span: Span, thing: Thing| report.note(span, thing, Role::Declares);
    for (name, event) in &declared.events {
        note(event.span, Thing::Event(name.clone()));
        for field in event.fields.values() {
            note(field.span, Thing::Field { event: name.clone(), name: field.name.clone() });
        }
    }
    for (name, entity) in &declared.entities {
        for span in &entity.spans {
            note(*span, Thing::Entity(name.clone()));
        }
        for field in entity.attributes.values() {
            note(field.span, Thing::Attribute { entity: name.clone(), name: field.name.clone() });
        }
    }
    for (name, action) in &declared.actions {
        note(action.span, Thing::Action(name.clone()));
        for param in action.params.values() {
            note(param.span, Thing::Param { action: name.clone(), name: param.name.clone() });
        }
    }
    let mut all = |spans: &mut dyn Iterator<Item = (&Arc<str>, Span)>, thing: fn(Arc<str>) -> Thing| {
        for (name, span) in spans {
            note(span, thing(name.clone()));
        }
    };
    all(&mut declared.templates.iter().map(|(name, it)| (name, it.span)), Thing::Template);
    all(&mut declared.senders.iter().map(|(name, it)| (name, it.span)), Thing::Sender);
    all(&mut declared.teams.iter().map(|(name, it)| (name, it.span)), Thing::Team);
    all(&mut declared.segments.iter().map(|(name, it)| (name, it.span)), Thing::Segment);
    all(&mut declared.workflows.iter().map(|it| (&it.name, it.span)), Thing::Workflow);
    all(&mut declared.sources.iter().map(|(name, it)| (name, it.span)), Thing::Source);
    all(&mut declared.topics.iter().map(|(name, it)| (name, it.span)), Thing::Topic);
    all(&mut declared.channels.iter().map(|(name, span)| (name, *span)), Thing::Channel);
    for (path, span) in &declared.config.places {
        report.note(*span, Thing::Setting(path.as_str().into()), Role::Declares);
    }
}
