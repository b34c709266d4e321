//! What a project declares: its names, and what each stands for.
//!
//! Collecting comes before checking, so that files may name each other in any
//! order. It must not look into workflows, messages or the bodies of actions.

mod catalogue;
mod collect;
mod field;
mod file;
mod ingest;
mod policy;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Opt, Presence, Scalar, Type};

pub(crate) use collect::{collect, unknown_entity};
pub(crate) use file::name_of_file;

use crate::config::Config;
use crate::diagnostic::Span;
use crate::syntax::ast::{self, Origin, StringLit};
use crate::template::TemplateFile;

/// Who wrote a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// The project.
    User,
    /// Onward's own catalogue, which a project's declarations replace.
    Std,
}

/// Everything that is declared, by name.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    pub(crate) config: Config,
    pub(crate) entities: IndexMap<Arc<str>, Entity>,
    pub(crate) events: IndexMap<Arc<str>, Event>,
    pub(crate) templates: IndexMap<Arc<str>, Template>,
    pub(crate) senders: IndexMap<Arc<str>, Sender>,
    pub(crate) teams: IndexMap<Arc<str>, Team>,
    pub(crate) actions: IndexMap<Arc<str>, Action>,
    pub(crate) segments: IndexMap<Arc<str>, Segment>,
    pub(crate) sources: IndexMap<Arc<str>, Source>,
    /// Tests by what they show, in source order.
    pub(crate) tests: IndexMap<Arc<str>, Test>,
    /// What stands above workflows, file by file.
    pub(crate) policies: Vec<Policy>,
    /// What people can agree to or refuse.
    pub(crate) topics: IndexMap<Arc<str>, Topic>,
    /// The channels by which actions reach people, each with a place that names it.
    pub(crate) channels: BTreeMap<Arc<str>, Span>,
    pub(crate) workflows: Vec<Workflow>,
    /// The place of each name's first workflow in `workflows`.
    pub(crate) workflow_names: IndexMap<Arc<str>, usize>,
    /// Words that the parser could not place: a name that stands among them may be
    /// declared there, so that not finding it is no mistake of its own.
    pub(crate) stray: BTreeSet<String>,
}

/// A field of an event, or an attribute of an entity.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    /// None after a mistake in the type.
    pub(crate) ty: Option<Type>,
    pub(crate) presence: Presence,
    pub(crate) docs: Arc<str>,
    pub(crate) span: Span,
    pub(crate) author: Author,
}

/// Fields by name.
pub(crate) type Fields = IndexMap<Arc<str>, Field>;

/// Whether the parser understood the whole of a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Understood {
    /// It did.
    Whole,
    /// Something may be missing.
    Partly,
}

#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) attributes: Fields,
    pub(crate) docs: Arc<str>,
    /// Everywhere it is declared.
    pub(crate) spans: Vec<Span>,
    pub(crate) understood: Understood,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) about: Arc<str>,
    pub(crate) fields: Fields,
    pub(crate) docs: Arc<str>,
    pub(crate) span: Span,
    pub(crate) author: Author,
    pub(crate) understood: Understood,
}

#[derive(Debug, Clone)]
pub(crate) struct Sender {
    /// None after a mistake.
    pub(crate) address: Option<Arc<str>>,
    pub(crate) span: Span,
    pub(crate) author: Author,
}

#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) members: Vec<Arc<str>>,
    pub(crate) span: Span,
    pub(crate) author: Author,
}

/// A message that is written apart from the steps that send it.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Arc<str>,
    /// `email`, `sms`, `text`.
    pub(crate) channel: Arc<str>,
    pub(crate) parts: IndexMap<Arc<str>, Part>,
    pub(crate) span: Span,
    pub(crate) author: Author,
    pub(crate) understood: Understood,
}

/// A part of a template.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) span: Span,
    pub(crate) text: PartText,
}

/// The text of a part.
#[derive(Debug)]
pub(crate) enum PartText {
    /// Written in quotes in a rule file.
    Quoted(StringLit, Origin),
    /// Written in a file of its own.
    File(TemplateFile),
}

#[derive(Debug, Clone)]
pub(crate) struct Action {
    pub(crate) params: IndexMap<Arc<str>, Param>,
    pub(crate) syntax: ast::ActionDecl,
    pub(crate) origin: Origin,
    pub(crate) docs: Arc<str>,
    pub(crate) span: Span,
    pub(crate) author: Author,
    pub(crate) understood: Understood,
}

/// A parameter of an action.
#[derive(Debug, Clone)]
pub(crate) struct Param {
    pub(crate) name: Arc<str>,
    /// None after a mistake in the type.
    pub(crate) kind: Option<ParamKind>,
    pub(crate) presence: Presence,
    pub(crate) default: Option<ast::Expr>,
    pub(crate) docs: Arc<str>,
    pub(crate) span: Span,
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParamKind {
    /// A value.
    Value(Type),
    /// The name of an email template.
    Template,
    /// The name of a sender, or an address.
    Sender,
    /// The name of a team, or addresses.
    Team,
}

impl ParamKind {
    /// The type of the value that the action gets.
    pub(crate) fn ty(&self) -> Type {
        match self {
            Self::Value(ty) => ty.clone(),
            Self::Template => Type::One(Scalar::Json),
            Self::Sender => Type::One(Scalar::Text),
            Self::Team => Type::List(Scalar::Email),
        }
    }
}

/// A set of entities by what is true of them.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// The kind of its members; what was written, if there is no such entity.
    pub(crate) kind: Arc<str>,
    pub(crate) syntax: ast::SegmentDecl,
    pub(crate) origin: Origin,
    pub(crate) docs: Arc<str>,
    pub(crate) span: Span,
    pub(crate) author: Author,
    pub(crate) understood: Understood,
}

/// Rules above all workflows.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) syntax: ast::PolicyDecl,
    pub(crate) origin: Origin,
}

/// What people can agree to or refuse.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) opt: Opt,
    /// For people; may be empty.
    pub(crate) title: Arc<str>,
    pub(crate) span: Span,
}

/// How a provider's webhook becomes facts.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) syntax: ast::SourceDecl,
    pub(crate) origin: Origin,
    pub(crate) docs: Arc<str>,
    pub(crate) span: Span,
    pub(crate) author: Author,
    pub(crate) understood: Understood,
}

/// A test of the project's rules.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) syntax: ast::TestDecl,
    pub(crate) origin: Origin,
    pub(crate) span: Span,
    pub(crate) understood: Understood,
}

#[derive(Debug)]
pub(crate) struct Workflow {
    pub(crate) name: Arc<str>,
    pub(crate) syntax: ast::WorkflowDecl,
    pub(crate) origin: Origin,
    pub(crate) span: Span,
    pub(crate) understood: Understood,
}
