//! The equality that finds a trigger without trying its condition.
//!
//! It must not know how the engine keeps its index.

use onward_bytecode::{Constant, IndexKey, KeySource};

use super::fold;
use crate::hir::{Compare, EventScope, Expr, ExprKind, TriggerKind};

/// An equality that `condition` implies: of a field of the event rather than of
/// the subject, and the first of those.
pub(super) fn key(kind: &TriggerKind, condition: &Expr) -> Option<IndexKey> {
    let mut keys = Vec::new();
    gather(condition, &mut keys);
    let of_event = matches!(kind, TriggerKind::Event(_));
    let mut found = None;
    for key in keys {
        match key.source {
            KeySource::Event if of_event => return Some(key),
            KeySource::Subject if found.is_none() => found = Some(key),
            KeySource::Event | KeySource::Subject => {}
        }
    }
    found
}

/// Equalities that must all hold, first to last.
fn gather(condition: &Expr, keys: &mut Vec<IndexKey>) {
    match &condition.kind {
        ExprKind::And(a, b) => {
            gather(a, keys);
            gather(b, keys);
        }
        ExprKind::Compare(Compare::Equal, a, b) => {
            keys.extend(equality(a, b).or_else(|| equality(b, a)));
        }
        _ => keys.extend(looked_at(condition, Constant::Bool(true))),
    }
}

fn equality(read: &Expr, value: &Expr) -> Option<IndexKey> {
    let value = match fold::constant(value)? {
        Constant::Number(number) => Constant::Number(number.normalize()),
        value @ (Constant::Text(_) | Constant::Bool(_)) => value,
        _ => return None,
    };
    looked_at(read, value)
}

fn looked_at(read: &Expr, value: Constant) -> Option<IndexKey> {
    let (source, name) = match &read.kind {
        ExprKind::Field { of: EventScope::Current, name } => (KeySource::Event, name),
        ExprKind::Attribute(entity, name) if matches!(entity.kind, ExprKind::Subject) => {
            (KeySource::Subject, name)
        }
        _ => return None,
    };
    Some(IndexKey { source, name: name.clone(), value })
}
