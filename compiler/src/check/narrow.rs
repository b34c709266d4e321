//! What a condition proves to be there.
//!
//! A value that can be read again has a key; a condition gives the set of keys
//! that are sure to be set when it holds, or when it does not. It must not know
//! where conditions stand.

use std::collections::BTreeSet;

use crate::hir::{EventScope, Expr, ExprKind};

/// How a condition turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Holds,
    Fails,
}

impl Outcome {
    fn other(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
        }
    }
}

/// The key that stands for everything: after a condition with a mistake in it,
/// nothing that it may have proved is held against what follows.
pub(super) const ANYTHING: &str = "*";

/// What `condition` proves when it holds; anything if there was a mistake in it.
pub(super) fn proved(condition: Option<&Expr>) -> BTreeSet<String> {
    match condition {
        Some(condition) => facts(condition, Outcome::Holds),
        None => BTreeSet::from([ANYTHING.to_owned()]),
    }
}

/// The key of a value that reads the same wherever it is read.
pub(super) fn key(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Subject => Some("subject".into()),
        ExprKind::Contact => Some("contact".into()),
        ExprKind::Field { of, name } => Some(field_key(*of, name)),
        ExprKind::Param(name) => Some(format!("param {name}")),
        ExprKind::Var(var) => Some(format!("var {}", var.0)),
        ExprKind::Attribute(base, name) | ExprKind::Member(base, name) => {
            key(base).map(|base| format!("{base}.{name}"))
        }
        ExprKind::Convert(inner) | ExprKind::StartOf(inner) => key(inner),
        ExprKind::Created(of) => Some(format!("created {}", of.0)),
        ExprKind::History(history) if history.condition.is_none() => {
            let whose = key(&history.entity)?;
            Some(format!("past {} {whose} {:?} {:?}", history.event, history.span, history.ask))
        }
        _ => None,
    }
}

/// The key of an attribute of the subject.
pub(super) fn attribute_of_subject(name: &str) -> String {
    format!("subject.{name}")
}

/// The key of a field of an event.
pub(super) fn field_key(of: EventScope, name: &str) -> String {
    format!("{of:?} {name}")
}

/// Keys of what is set when `condition` turns out as `outcome`.
pub(super) fn facts(condition: &Expr, outcome: Outcome) -> BTreeSet<String> {
    match (&condition.kind, outcome) {
        (ExprKind::IsSet(value), Outcome::Holds) => with_owners(value),
        (ExprKind::Not(inner), _) => facts(inner, outcome.other()),
        (ExprKind::And(a, b), Outcome::Holds) | (ExprKind::Or(a, b), Outcome::Fails) => {
            &facts(a, outcome) | &facts(b, outcome)
        }
        (ExprKind::And(a, b), Outcome::Fails) | (ExprKind::Or(a, b), Outcome::Holds) => {
            &facts(a, outcome) & &facts(b, outcome)
        }
        // A comparison with a missing value never holds.
        (ExprKind::Compare(_, a, b), Outcome::Holds) => &operand(a) | &operand(b),
        (ExprKind::Field { .. } | ExprKind::Attribute(..) | ExprKind::Member(..), Outcome::Holds) => {
            with_owners(condition)
        }
        _ => BTreeSet::new(),
    }
}

/// Keys of what must be set for `value` to be.
fn operand(value: &Expr) -> BTreeSet<String> {
    match &value.kind {
        ExprKind::Pipe(_, inner, _)
        | ExprKind::Convert(inner)
        | ExprKind::StartOf(inner)
        | ExprKind::Negate(inner) => operand(inner),
        ExprKind::Arithmetic(_, a, b) | ExprKind::At(a, b) => &operand(a) | &operand(b),
        _ => with_owners(value),
    }
}

/// The key of a value, and of what it is a part of.
fn with_owners(value: &Expr) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut at = value;
    loop {
        keys.extend(key(at));
        match &at.kind {
            ExprKind::Attribute(base, _) | ExprKind::Member(base, _) | ExprKind::Convert(base) => at = base,
            _ => return keys,
        }
    }
}

/// The same facts about fields of another event.
pub(super) fn rebind(facts: &BTreeSet<String>, from: EventScope, to: EventScope) -> BTreeSet<String> {
    let (from, to) = (format!("{from:?} "), format!("{to:?} "));
    facts
        .iter()
        .map(|fact| match fact.strip_prefix(&from) {
            Some(field) => format!("{to}{field}"),
            None => fact.clone(),
        })
        .collect()
}
