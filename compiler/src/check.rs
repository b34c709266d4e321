//! From declarations to a typed program: every name resolved, every value of the
//! type that is wanted, every message taken apart.
//!
//! A function that finds a mistake reports it and gives `None`; whoever gets
//! `None` stays silent. So one mistake gives one message. It must not know
//! bytecode's code, only its declarations and types.

mod access;
mod act;
mod action;
mod clause;
mod compare;
mod condition;
mod convert;
mod effect;
mod entity_act;
mod entity_trigger;
mod expression;
mod fixed;
mod history;
mod literal;
mod membership;
mod message;
mod moment;
mod name;
mod narrow;
mod pipe;
mod policy;
mod program;
mod run_act;
mod scope;
mod segment;
mod sms;
mod source;
mod source_field;
mod source_verify;
mod step;
mod step_name;
mod template;
mod test;
mod test_expect;
mod trigger;
mod words;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{FieldDecl, Presence, Type};

use crate::declare::Declarations;
use crate::diagnostic::{Code, Diagnostic, FileId, Span};
use crate::hir::{Expr, ExprKind, Hir, LetId, Ty, VarId, WaitId};
use crate::project::Parsed;
use crate::report::Report;
use crate::source::Content;
use crate::syntax::ast::{AstNode, Origin};
use crate::uses::{Role, Thing};
pub(crate) use effect::first_param;
pub(crate) use history::functions;
pub(crate) use pipe::type_of;
use scope::Scope;
use segment::Segments;
pub use sms::text_messages;
use step_name::StepNames;
use template::Body;
pub(crate) use words::plain;
pub(crate) use workflow::subject_of;

/// Checks everything that is declared.
pub(crate) fn check(declared: &Declarations, project: &Parsed, report: &mut Report) -> Hir {
    Checker {
        declared,
        project,
        report,
        used_actions: IndexMap::new(),
        used_templates: BTreeSet::new(),
        used_segments: BTreeSet::new(),
        missing_settings: BTreeSet::new(),
        segments: BTreeMap::new(),
        bodies: BTreeMap::new(),
        segments_checked: BTreeMap::new(),
        segments_open: Vec::new(),
        results: BTreeMap::new(),
        starts: Vec::new(),
        numbers: Numbers::default(),
    }
    .program()
}

/// Everything that the checks share.
struct Checker<'a> {
    declared: &'a Declarations,
    project: &'a Parsed,
    report: &'a mut Report,
    /// Actions that some workflow uses, each with its first use.
    used_actions: IndexMap<Arc<str>, Span>,
    used_templates: BTreeSet<Arc<str>>,
    used_segments: BTreeSet<Arc<str>>,
    /// Settings that were reported as missing.
    missing_settings: BTreeSet<String>,
    /// Messages that were taken apart, by where they stand: a template is looked at
    /// once for each step that sends it.
    segments: BTreeMap<(FileId, u32), Rc<Segments>>,
    /// Bodies of templates that were rendered, by name.
    bodies: BTreeMap<Arc<str>, Rc<Body>>,
    /// What is true of the members of each segment that was checked; none after a mistake.
    segments_checked: BTreeMap<Arc<str>, Option<Rc<Expr>>>,
    /// Segments whose check has begun, each in the one before.
    segments_open: Vec<Arc<str>>,
    /// What the answer of an action gives, by the action's name.
    results: BTreeMap<Arc<str>, Rc<Vec<FieldDecl>>>,
    /// Workflows that others start, each with the place of its name.
    starts: Vec<(Arc<str>, Span)>,
    numbers: Numbers,
}

/// Numbers and names given so far in a workflow, an action or a segment.
#[derive(Debug, Default)]
struct Numbers {
    /// Variables of loops.
    vars: u32,
    /// Waits for an event.
    waits: u32,
    /// Names given by `let`.
    lets: u32,
    step_names: StepNames,
    /// The workflow or action that is checked.
    whose: Option<Arc<str>>,
    /// Names given so far, each with its place and that of whoever had it first.
    given: Vec<Given>,
}

/// A name that was given by `as`, `let`, `for` or a test.
#[derive(Debug)]
struct Given {
    name: Arc<str>,
    span: Span,
}

/// To how many events a name may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    /// To one.
    Once,
    /// To all that can start a workflow.
    Several,
}

/// Where an expression stands, and what it can see.
#[derive(Clone, Copy)]
struct Cx<'s> {
    scope: &'s Scope,
    origin: Origin,
}

impl Cx<'_> {
    fn span(self, node: &impl AstNode) -> Span {
        node.span(self.origin)
    }
}

impl Checker<'_> {
    /// Begins a workflow or action: numbers and names count from the start.
    fn begin(&mut self) {
        self.numbers = Numbers::default();
    }

    /// The same for one that has a name.
    fn begin_named(&mut self, name: &Arc<str>) {
        self.begin();
        self.numbers.whose = Some(name.clone());
    }

    /// Notes that the name at `span` stands for something that has a value from here on. A name
    /// that is `given` to several events is one.
    fn name_given(&mut self, name: &Arc<str>, span: Span, times: Times) {
        let same = || self.numbers.given.iter().find(|it| it.name == *name).map(|it| it.span);
        let first = if times == Times::Several { same() } else { None }.unwrap_or(span);
        self.numbers.given.push(Given { name: name.clone(), span: first });
        self.report.note(span, Thing::Alias { span: first, name: name.clone() }, Role::Declares);
    }

    /// Notes a use of a name that was given.
    fn given_used(&mut self, name: &str, span: Span) {
        if let Some(given) = self.numbers.given.iter().rev().find(|it| *it.name == *name) {
            let thing = Thing::Alias { span: given.span, name: given.name.clone() };
            self.report.used(span, thing);
        }
    }

    /// Notes a use of a field of the events that may be at hand.
    fn field_used(&mut self, events: &[Arc<str>], name: &str, span: Span) {
        for event in events {
            let declared = self.declared.events.get(event).and_then(|it| it.fields.get(name));
            if let Some(field) = declared {
                let thing = Thing::Field { event: event.clone(), name: field.name.clone() };
                self.report.used(span, thing);
            }
        }
    }

    /// Notes a use of an attribute of an entity.
    fn attribute_used(&mut self, entity: &str, name: &str, span: Span) {
        let Some((entity, declared)) = self.declared.entities.get_key_value(entity) else { return };
        if let Some(field) = declared.attributes.get(name) {
            let thing = Thing::Attribute { entity: entity.clone(), name: field.name.clone() };
            self.report.used(span, thing);
        }
    }

    fn new_var(&mut self) -> VarId {
        self.numbers.vars += 1;
        VarId(self.numbers.vars - 1)
    }

    fn new_wait(&mut self) -> WaitId {
        self.numbers.waits += 1;
        WaitId(self.numbers.waits - 1)
    }

    fn new_let(&mut self) -> LetId {
        self.numbers.lets += 1;
        LetId(self.numbers.lets - 1)
    }

    /// Reports an error that needs no more than a sentence and a next step.
    fn say(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.report.push(Diagnostic::error(code, span, message).help(help));
    }

    /// The same where a value was wanted: there is none.
    fn error<T>(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.say(code, span, message, help);
        None
    }

    /// Whether the parser found a mistake inside `span`: what is missing there, or
    /// looks wrong, may be its consequence.
    fn misread(&self, span: Span) -> bool {
        let inside =
            |it: &Diagnostic| span.start <= it.primary.span.start && it.primary.span.start <= span.end;
        let file = self.project.files().nth(span.file.0 as usize);
        file.is_some_and(|file| match &file.content {
            Content::Rules { errors, .. } => errors.iter().any(inside),
            Content::Settings | Content::Template => false,
        })
    }

    /// The words at `span` as the reader wrote them.
    fn source(&self, span: Span) -> &str {
        let file = self.project.files().nth(span.file.0 as usize);
        file.and_then(|it| it.text.get(span.range())).unwrap_or_default()
    }

    /// What stands inside the quotes at `span`, if it is a text in quotes.
    fn inside_quotes(&self, span: Span) -> Span {
        let source = self.source(span);
        let signs = source.len() - source.trim_matches(['"', '\'']).len();
        let one_side = u32::try_from(signs / 2).unwrap_or(0);
        Span { start: span.start + one_side, end: span.end - one_side, ..span }
    }

    /// The words at `span` on one line, cut short if they are many.
    fn quote(&self, span: Span) -> String {
        words::short(self.source(span), 48)
    }
}

/// An expression of a type; it may be missing as `presence` says.
fn typed(kind: ExprKind, ty: Type, presence: Presence, span: Span) -> Expr {
    Expr { kind, ty: Ty { ty, presence }, span }
}

/// The weaker of two presences.
fn either(a: Presence, b: Presence) -> Presence {
    match (a, b) {
        (Presence::Required, Presence::Required) => Presence::Required,
        _ => Presence::Optional,
    }
}
