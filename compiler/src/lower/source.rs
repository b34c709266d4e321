//! What an expression reads from outside itself, and in which register a function
//! finds it.
//!
//! It must not know instructions.

use std::collections::BTreeMap;
use std::sync::Arc;

use onward_bytecode::Type;

use super::kept::Whose;
use crate::hir::{ActorId, EventScope, Expr, ExprKind, LetId, Part, VarId, WaitId};

/// Something that a function is given, or that a workflow keeps while it runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A field of the event that started the run, that ended a wait, or that is at hand.
    Field(EventScope, Arc<str>),
    /// The entity that a step made.
    Created(LetId),
    /// The contact that the event which started the run is about.
    Contact,
    /// The event that started the run, whole.
    Event,
    /// A parameter of an action, or a part of a request to a source.
    Param(Arc<str>),
    /// A request to a source, whole.
    Request,
    /// A variable of a loop.
    Var(VarId),
    /// An entity of a test.
    Actor(ActorId),
}

impl Source {
    /// What `expr` reads, if it is but a name for something from outside. Code reads a field
    /// of the event at hand where it stands, unless it is given another event to look at.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        match &expr.kind {
            ExprKind::Field { of: EventScope::Past, .. } => None,
            ExprKind::Field { of, name } => Some(Self::Field(*of, name.clone())),
            ExprKind::Created(id) => Some(Self::Created(*id)),
            ExprKind::Contact => Some(Self::Contact),
            ExprKind::Event => Some(Self::Event),
            ExprKind::Param(name) => Some(Self::Param(name.clone())),
            ExprKind::Var(var) => Some(Self::Var(*var)),
            ExprKind::Actor(actor) => Some(Self::Actor(*actor)),
            _ => None,
        }
    }

    /// Whether it belongs to the event at hand where conditions about that event are concerned.
    pub(super) fn is_of_event(&self) -> bool {
        matches!(self, Self::Contact | Self::Event)
    }

    /// Whether it is a field of the event at hand.
    pub(super) fn is_at_hand(&self) -> bool {
        matches!(self, Self::Field(EventScope::Current | EventScope::Past, _))
    }

    /// Whether it comes from what starts a run.
    pub(super) fn is_of_start(&self) -> bool {
        matches!(self, Self::Contact | Self::Event | Self::Field(EventScope::Trigger, _))
    }

    /// The step that makes it, if one does.
    pub(super) fn maker(&self) -> Option<Maker> {
        match self {
            Self::Field(EventScope::Wait(id), _) => Some(Maker::Wait(*id)),
            Self::Field(EventScope::Result(id), _) | Self::Created(id) => Some(Maker::Let(*id)),
            _ => None,
        }
    }
}

/// A step that makes values which later steps read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Maker {
    /// A wait for an event.
    Wait(WaitId),
    /// A step with a name for its result.
    Let(LetId),
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
    expr.walk(&mut |expr| {
        if let Some(source) = Source::of(expr) {
            sources.entry(source).or_insert_with(|| expr.ty.ty.clone());
        }
    });
}

/// What a condition reads of what the run keeps.
pub(super) fn outside(condition: &Expr, whose: Whose) -> Sources {
    let mut sources = Sources::new();
    collect(condition, &mut sources);
    sources.retain(|source, _| !source.is_at_hand() && (whose == Whose::Run || !source.is_of_event()));
    sources
}

/// Adds what `parts` read from outside to `sources`.
pub(super) fn collect_parts(parts: &[Part], sources: &mut Sources) {
    walk_parts(parts, &mut |expr| {
        if let Some(source) = Source::of(expr) {
            sources.entry(source).or_insert_with(|| expr.ty.ty.clone());
        }
    });
}

fn walk_parts(parts: &[Part], see: &mut dyn FnMut(&Expr)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(expr) | Part::Escaped(expr) => expr.walk(see),
            Part::If(branches, otherwise) => {
                for (condition, parts) in branches {
                    condition.walk(see);
                    walk_parts(parts, see);
                }
                walk_parts(otherwise, see);
            }
            Part::For(_, list, parts) => {
                list.walk(see);
                walk_parts(parts, see);
            }
        }
    }
}
