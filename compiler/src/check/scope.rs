//! What an expression can see: the event at hand, the subject, names of events,
//! parameters, variables, and what is known to be there.
//!
//! It must not know how names are looked up.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Presence, Type};

use crate::declare::{Event, Understood};
use crate::hir::{ActorId, EventScope, Expr, Ty, VarId};

/// Entities that a test names, by name: their numbers and kinds.
pub(super) type Actors = Rc<IndexMap<Arc<str>, (ActorId, Arc<str>)>>;

/// Which sort of thing an expression belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A workflow: contacts and events can be read, secrets cannot.
    Workflow,
    /// An action, or what proves who sent a request: parameters and secrets can be read, nothing else.
    Action,
    /// What came from outside, a request or an answer: its parts can be read, and no secrets, for
    /// what is read there is kept.
    Answer,
    /// A test: whom it names can be read.
    Test,
}

/// Whether a run is going on where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Running {
    /// In steps and exits: `opened(…)` asks since its start.
    Yes,
    /// Elsewhere.
    No,
}

/// A field of the event or events that a name stands for.
#[derive(Debug, Clone)]
pub(super) enum BoundField {
    /// It has this type.
    Known(Ty),
    /// There was a mistake in its declaration.
    Broken,
    /// Two events declare it differently: their names and types.
    Disagrees((Arc<str>, Type), (Arc<str>, Type)),
}

/// What `event`, or a name given by `as`, stands for.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) of: EventScope,
    /// The events that it may be.
    pub(super) events: Vec<Arc<str>>,
    pub(super) fields: IndexMap<Arc<str>, BoundField>,
    pub(super) understood: Understood,
}

impl Bound {
    /// The event `name`.
    pub(super) fn one(of: EventScope, name: &Arc<str>, event: &Event) -> Self {
        Self::of_many(of, &[(name.clone(), event)], Presence::Required)
    }

    /// Any of `events`; `presence` is whether it is sure that there is one at all.
    pub(super) fn of_many(of: EventScope, events: &[(Arc<str>, &Event)], presence: Presence) -> Self {
        let mut fields: IndexMap<Arc<str>, (Arc<str>, BoundField, usize)> = IndexMap::new();
        for (event, declared) in events {
            for field in declared.fields.values() {
                let found = match &field.ty {
                    Some(ty) => BoundField::Known(Ty { ty: ty.clone(), presence: field.presence }),
                    None => BoundField::Broken,
                };
                match fields.get_mut(&field.name) {
                    None => {
                        fields.insert(field.name.clone(), (event.clone(), found, 1));
                    }
                    Some((first, joined, count)) => {
                        *joined = join((first, joined), (event, &found));
                        *count += 1;
                    }
                }
            }
        }
        let everywhere = |count: usize| count == events.len() && presence == Presence::Required;
        let fields = fields.into_iter().map(|(name, (_, field, count))| match field {
            BoundField::Known(ty) if !everywhere(count) => {
                (name, BoundField::Known(Ty { presence: Presence::Optional, ..ty }))
            }
            other => (name, other),
        });
        let partly = events.iter().any(|(_, event)| event.understood == Understood::Partly);
        Self {
            of,
            events: events.iter().map(|(name, _)| name.clone()).collect(),
            fields: fields.collect(),
            understood: if partly { Understood::Partly } else { Understood::Whole },
        }
    }
}

/// The field that two events have in common.
fn join(a: (&Arc<str>, &BoundField), b: (&Arc<str>, &BoundField)) -> BoundField {
    match (a.1, b.1) {
        (BoundField::Known(left), BoundField::Known(right)) if left.ty == right.ty => {
            let presence = super::either(left.presence, right.presence);
            BoundField::Known(Ty { ty: left.ty.clone(), presence })
        }
        (BoundField::Known(left), BoundField::Known(right)) => {
            BoundField::Disagrees((a.0.clone(), left.ty.clone()), (b.0.clone(), right.ty.clone()))
        }
        (BoundField::Disagrees(..), _) => a.1.clone(),
        _ => BoundField::Broken,
    }
}

/// What an expression can see.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) place: Place,
    /// Kind of the run's subject.
    pub(super) subject: Option<Arc<str>>,
    /// The event that `event` and bare names mean.
    pub(super) event: Option<Rc<Bound>>,
    /// Whether there is a contact besides the subject: the one that the event is about.
    pub(super) contact: Option<Presence>,
    /// Events by the names that `as` gave them, the innermost last.
    pub(super) aliases: Vec<(Arc<str>, Rc<Bound>)>,
    /// Parameters of an action; none of a type after a mistake in it.
    pub(super) params: Rc<IndexMap<Arc<str>, Option<Ty>>>,
    /// Entities that a test names: their numbers and kinds.
    pub(super) actors: Actors,
    /// Names that `let` gave to values, the innermost last; none after a mistake.
    pub(super) values: Vec<(Arc<str>, Option<Expr>)>,
    /// Whether a run is going on.
    pub(super) running: Running,
    /// Variables of loops, the innermost last.
    pub(super) vars: Vec<(Arc<str>, VarId, Ty)>,
    /// Keys of what is known to be there; see [`super::narrow`].
    pub(super) facts: BTreeSet<String>,
}

impl Scope {
    /// A scope that sees a subject and nothing else.
    pub(super) fn of_subject(subject: Arc<str>) -> Self {
        Self {
            place: Place::Workflow,
            subject: Some(subject),
            event: None,
            contact: None,
            aliases: Vec::new(),
            params: Rc::default(),
            actors: Rc::default(),
            values: Vec::new(),
            running: Running::No,
            vars: Vec::new(),
            facts: BTreeSet::new(),
        }
    }

    /// A scope that sees the parameters of an action.
    pub(super) fn of_action(params: IndexMap<Arc<str>, Option<Ty>>) -> Self {
        Self {
            place: Place::Action,
            subject: None,
            event: None,
            contact: None,
            aliases: Vec::new(),
            params: Rc::new(params),
            actors: Rc::default(),
            values: Vec::new(),
            running: Running::No,
            vars: Vec::new(),
            facts: BTreeSet::new(),
        }
    }

    /// A scope that sees the parts of what came from outside.
    pub(super) fn of_answer(parts: IndexMap<Arc<str>, Option<Ty>>) -> Self {
        Self { place: Place::Answer, ..Self::of_action(parts) }
    }

    /// A scope that sees whom a test names.
    pub(super) fn of_test(actors: Actors) -> Self {
        Self { place: Place::Test, actors, ..Self::of_action(IndexMap::new()) }
    }

    /// The same with more that is known to be there.
    pub(super) fn knowing(&self, facts: BTreeSet<String>) -> Self {
        let mut scope = self.clone();
        scope.facts.extend(facts);
        scope
    }

    /// The same with an event by another name.
    pub(super) fn naming(&self, alias: Option<Arc<str>>, bound: &Rc<Bound>) -> Self {
        let mut scope = self.clone();
        scope.aliases.extend(alias.map(|name| (name, bound.clone())));
        scope
    }

    /// The same with `bound` as the event at hand.
    pub(super) fn at(&self, bound: &Rc<Bound>) -> Self {
        Self { event: Some(bound.clone()), ..self.clone() }
    }
}
