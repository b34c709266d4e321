//! References through which watched conditions read: when the entity at their other end
//! changes, the condition is to be looked at again.
//!
//! It must not know how a change finds who refers to what changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use onward_bytecode::{Follow, Scalar, Type};

use crate::hir::{Exit, Expr, ExprKind, Hir, TriggerKind};

/// All of them, in order.
pub(super) fn follows(hir: &Hir) -> Vec<Follow> {
    let mut follows = BTreeSet::new();
    for segment in hir.segments.values() {
        read(&segment.predicate, &mut follows);
    }
    for workflow in hir.workflows.values() {
        for exit in &workflow.exits {
            if let Exit::When(condition) = exit {
                read(condition, &mut follows);
            }
        }
        for trigger in &workflow.triggers {
            if is_watched(&trigger.kind) {
                trigger.condition.iter().for_each(|condition| read(condition, &mut follows));
            }
        }
    }
    follows.into_iter().collect()
}

/// Whether the trigger's condition is looked at when time passes, rather than when something happens.
fn is_watched(kind: &TriggerKind) -> bool {
    matches!(
        kind,
        TriggerKind::Enters(_)
            | TriggerKind::Leaves(_)
            | TriggerKind::Unchanged { .. }
            | TriggerKind::Date { .. }
            | TriggerKind::Schedule { .. }
    )
}

fn read(condition: &Expr, follows: &mut BTreeSet<Follow>) {
    condition.walk(&mut |expr| match &expr.kind {
        ExprKind::Attribute(entity, _) => through(entity, follows),
        ExprKind::History(history) => through(&history.entity, follows),
        // An entity as JSON: all its attributes.
        ExprKind::Convert(entity) if kind_of(expr).is_none() => through(entity, follows),
        _ => {}
    });
}

/// Something of this entity is read: if it is itself an attribute of another, that is followed.
fn through(entity: &Expr, follows: &mut BTreeSet<Follow>) {
    match &entity.kind {
        ExprKind::Attribute(owner, attribute) => {
            if let (Some(kind), Some(target)) = (kind_of(owner), kind_of(entity)) {
                follows.insert(Follow { kind, attribute: attribute.clone(), target });
            }
        }
        ExprKind::Default(a, b) => {
            through(a, follows);
            through(b, follows);
        }
        ExprKind::Convert(a) => through(a, follows),
        _ => {}
    }
}

fn kind_of(expr: &Expr) -> Option<Arc<str>> {
    match &expr.ty.ty {
        Type::One(Scalar::Entity(kind)) => Some(kind.clone()),
        _ => None,
    }
}
