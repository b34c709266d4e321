//! What an expression reads from outside itself, and in which register a function
//! finds it.
//!
//! It must not know instructions.

use std::collections::BTreeMap;
use std::sync::Arc;

use onward_bytecode::Type;

use crate::hir::{EventScope, Expr, ExprKind, Part, VarId};

/// Something that a function is given, or that a workflow keeps while it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A field of the event that started the run, or that ended a wait.
    Field(EventScope, Arc<str>),
    /// The contact that the event which started the run is about.
    Contact,
    /// The event that started the run, whole.
    Event,
    /// A parameter of an action.
    Param(Arc<str>),
    /// A variable of a loop.
    Var(VarId),
}

impl Source {
    /// What `expr` reads, if it is but a name for something from outside.
    /// A field of the event at hand is not: code reads it where it stands.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Field { of: EventScope::Current, .. } => None,
            ExprKind::Field { of, name } => Some(Self::Field(*of, name.clone())),
            ExprKind::Contact => Some(Self::Contact),
            ExprKind::Event => Some(Self::Event),
            ExprKind::Param(name) => Some(Self::Param(name.clone())),
            ExprKind::Var(var) => Some(Self::Var(*var)),
            _ => None,
        }
    }

    /// Whether it belongs to the event at hand where conditions about that event are concerned.
    pub(super) fn is_of_event(&self) -> bool {
        matches!(self, Self::Contact | Self::Event)
    }
}

/// A register with a source's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// The register.
    pub(super) register: u8,
    /// The type of the value.
    pub(super) ty: Type,
}

/// Where a function finds its sources.
pub(super) type Env = BTreeMap<Source, Slot>;

/// Sources with the types they are read as.
pub(super) type Sources = BTreeMap<Source, Type>;

/// Adds what `expr` reads from outside to `sources`.
pub(super) fn collect(expr: &Expr, sources: &mut Sources) {
    walk(expr, &mut |expr| {
        if let Some(source) = Source::of(expr) {
            sources.entry(source).or_insert_with(|| expr.ty.ty.clone());
        }
    });
}

/// Adds what `parts` read from outside to `sources`.
pub(super) fn collect_parts(parts: &[Part], sources: &mut Sources) {
    walk_parts(parts, &mut |expr| {
        if let Some(source) = Source::of(expr) {
            sources.entry(source).or_insert_with(|| expr.ty.ty.clone());
        }
    });
}

/// Shows `see` the expression and everything in it.
fn walk(expr: &Expr, see: &mut dyn FnMut(&Expr)) {
    see(expr);
    match &expr.kind {
        ExprKind::Constant(_)
        | ExprKind::Missing
        | ExprKind::Subject
        | ExprKind::Actor(_)
        | ExprKind::Created(_)
        | ExprKind::History(_)
        | ExprKind::Contact
        | ExprKind::Event
        | ExprKind::Field { .. }
        | ExprKind::Param(_)
        | ExprKind::Var(_)
        | ExprKind::Secret(_)
        | ExprKind::Now
        | ExprKind::Today => {}
        ExprKind::Attribute(a, _)
        | ExprKind::Member(a, _)
        | ExprKind::Not(a)
        | ExprKind::IsSet(a)
        | ExprKind::Negate(a)
        | ExprKind::NextClock(a)
        | ExprKind::NextWeekday(_, a)
        | ExprKind::StartOf(a)
        | ExprKind::Convert(a) => walk(a, see),
        ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Compare(_, a, b)
        | ExprKind::Arithmetic(_, a, b)
        | ExprKind::At(a, b)
        | ExprKind::Default(a, b) => {
            walk(a, see);
            walk(b, see);
        }
        ExprKind::List(items) => items.iter().for_each(|item| walk(item, see)),
        ExprKind::Object(members) => members.iter().for_each(|(_, value)| walk(value, see)),
        ExprKind::Pipe(_, input, arguments) => {
            walk(input, see);
            arguments.iter().for_each(|argument| walk(argument, see));
        }
        ExprKind::Message(parts) => walk_parts(parts, see),
    }
}

fn walk_parts(parts: &[Part], see: &mut dyn FnMut(&Expr)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(expr) | Part::Escaped(expr) => walk(expr, see),
            Part::If(branches, otherwise) => {
                for (condition, parts) in branches {
                    walk(condition, see);
                    walk_parts(parts, see);
                }
                walk_parts(otherwise, see);
            }
            Part::For(_, list, parts) => {
                walk(list, see);
                walk_parts(parts, see);
            }
        }
    }
}
