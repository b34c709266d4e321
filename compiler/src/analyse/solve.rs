//! Conditions as alternatives of claims, and whether any alternative can be.
//!
//! It must not know where conditions stand.

use std::collections::BTreeMap;

use onward_bytecode::{Constant, Presence, Scalar, Type};

use super::claim::{Claim, Example, Says, Side, domain, example};
use super::place::{key, whole};
use crate::diagnostic::Span;
use crate::hir::{Compare, EventScope, Expr, ExprKind};

/// More alternatives than this are not looked at.
const MOST: usize = 256;

/// Claims that all hold.
pub(super) type Case = Vec<Claim>;

/// Alternatives of which one holds; `None` if there are too many to look at.
pub(super) type Cases = Option<Vec<Case>>;

/// Two claims that cannot both hold, the earlier first.
#[derive(Debug, Clone)]
pub(super) struct Conflict {
    pub(super) first: Claim,
    pub(super) second: Claim,
}

/// The alternatives in which `condition` turns out as `wanted`; the event at hand counts as `scope`.
pub(super) fn cases(condition: &Expr, wanted: bool, scope: EventScope) -> Cases {
    match (&condition.kind, wanted) {
        (ExprKind::Constant(Constant::Bool(value)), _) => {
            Some(if *value == wanted { vec![Vec::new()] } else { Vec::new() })
        }
        (ExprKind::Not(inner), _) => cases(inner, !wanted, scope),
        (ExprKind::And(a, b), true) | (ExprKind::Or(a, b), false) => {
            both(&cases(a, wanted, scope), &cases(b, wanted, scope))
        }
        // The second is looked at only if the first does not decide.
        (ExprKind::And(a, b), false) | (ExprKind::Or(a, b), true) => {
            either(cases(a, wanted, scope), both(&cases(a, !wanted, scope), &cases(b, wanted, scope)))
        }
        _ => Some(literal(condition, wanted, scope).into_iter().map(|claim| vec![claim]).collect()),
    }
}

/// Both hold.
pub(super) fn both(a: &Cases, b: &Cases) -> Cases {
    let (a, b) = (a.as_ref()?, b.as_ref()?);
    if a.len() * b.len() > MOST {
        return None;
    }
    Some(a.iter().flat_map(|a| b.iter().map(|b| a.iter().chain(b).cloned().collect())).collect())
}

/// One of them holds.
pub(super) fn either(a: Cases, b: Cases) -> Cases {
    let mut all = a?;
    all.extend(b?);
    (all.len() <= MOST).then_some(all)
}

/// The cases that can be.
pub(super) fn possible(cases: &Cases) -> Cases {
    Some(cases.as_ref()?.iter().filter(|case| conflict(case).is_none()).cloned().collect())
}

/// Whether none of the cases can be. Too many to look at may be.
pub(super) fn is_never(cases: &Cases) -> bool {
    possible(cases).is_some_and(|left| left.is_empty())
}

/// The first two claims that cannot both hold.
pub(super) fn conflict(case: &Case) -> Option<Conflict> {
    for (at, second) in case.iter().enumerate() {
        let before: Vec<&Claim> = case.iter().take(at).filter(|it| it.place == second.place).collect();
        let all: Vec<&Claim> = before.iter().copied().chain([second]).collect();
        if example(&all).is_some() {
            continue;
        }
        let alone = before.iter().find(|it| example(&[it, second]).is_none());
        let first = alone.or(before.last()).copied().unwrap_or(second);
        return Some(Conflict { first: first.clone(), second: second.clone() });
    }
    None
}

/// Values under which a case holds, by the words of each.
pub(super) fn model(case: &Case, words: &dyn Fn(Span) -> String) -> Vec<String> {
    let mut places: BTreeMap<&str, Vec<&Claim>> = BTreeMap::new();
    for claim in case {
        places.entry(&claim.place).or_default().push(claim);
    }
    let shown = places.values().filter_map(|claims| {
        let name = words(claims.first()?.shown);
        match example(claims)? {
            Example::Value(value) => Some(format!("`{name} = {}`", written(&value))),
            Example::Missing => Some(format!("`{name}` missing")),
            Example::Anything | Example::Something => None,
        }
    });
    shown.collect()
}

/// A constant as it is written in a rule.
pub(super) fn written(value: &Constant) -> String {
    match value {
        Constant::Bool(value) => value.to_string(),
        Constant::Number(value) => value.to_string(),
        Constant::Text(value) => format!("{value:?}"),
        Constant::Date(value) => value.to_string(),
        Constant::Time(value) => value.to_string(),
        Constant::Clock(value) => value.strftime("%H:%M").to_string(),
        Constant::Duration(value) => value.to_string(),
    }
}

/// What a condition without parts claims if it turns out as `wanted`: one of these.
fn literal(condition: &Expr, wanted: bool, scope: EventScope) -> Vec<Claim> {
    let said = match &condition.kind {
        // What is always there is another warning's.
        ExprKind::IsSet(value) if value.ty.presence == Presence::Required => None,
        ExprKind::IsSet(value) => key(value, scope).map(|place| (value.as_ref(), place, Says::Set)),
        ExprKind::Compare(op, a, b) => comparison(*op, a, b, scope),
        _ => key(condition, scope)
            .filter(|_| condition.ty.ty == Type::One(Scalar::Bool))
            .map(|place| (condition, place, Says::In(vec![Constant::Bool(true)]))),
    };
    let Some((value, place, says)) = said else {
        return vec![Claim {
            place: whole(condition, scope),
            ty: Type::One(Scalar::Json),
            shown: condition.span,
            span: condition.span,
            says: Says::Opaque(wanted),
        }];
    };
    let claim = |says| Claim {
        place: place.clone(),
        ty: value.ty.ty.clone(),
        shown: value.span,
        span: condition.span,
        says,
    };
    if wanted {
        return vec![claim(says)];
    }
    // A comparison with a missing value does not hold.
    let missing = (value.ty.presence == Presence::Optional).then_some(Says::Missing);
    let opposite = match says {
        Says::Set => return missing.map(claim).into_iter().collect(),
        Says::In(values) => Says::NotIn(values),
        Says::NotIn(values) => Says::In(values),
        Says::Side(side, bound) => Says::Side(side.other(), bound),
        other @ (Says::Missing | Says::Opaque(_)) => other,
    };
    missing.into_iter().chain([opposite]).map(claim).collect()
}

/// What a comparison of a place with a constant claims.
fn comparison<'e>(
    op: Compare,
    a: &'e Expr,
    b: &'e Expr,
    scope: EventScope,
) -> Option<(&'e Expr, String, Says)> {
    if let (Some(place), Some(value)) = (key(a, scope), constant(b)) {
        return claimed(op, &a.ty.ty, value).map(|says| (a, place, says));
    }
    if let (Compare::In, Some(place), ExprKind::List(items)) = (op, key(a, scope), &b.kind) {
        let values: Option<Vec<Constant>> = items.iter().map(|it| constant(it).cloned()).collect();
        return values.map(|values| (a, place, Says::In(values)));
    }
    if let (Some(value), Some(place)) = (constant(a), key(b, scope)) {
        let says = match claimed(op, &b.ty.ty, value)? {
            Says::Side(side, bound) => Says::Side(side.mirrored(), bound),
            other => other,
        };
        // A grade's claim lists what is on the other side.
        return (!matches!(b.ty.ty, Type::One(Scalar::Ordered(_)))
            || matches!(op, Compare::Equal | Compare::NotEqual))
        .then_some((b, place, says));
    }
    None
}

fn constant(expr: &Expr) -> Option<&Constant> {
    match &expr.kind {
        ExprKind::Constant(value) => Some(value),
        ExprKind::Convert(inner) => constant(inner),
        _ => None,
    }
}

fn claimed(op: Compare, ty: &Type, value: &Constant) -> Option<Says> {
    let side = match op {
        Compare::Equal => return Some(Says::In(vec![value.clone()])),
        Compare::NotEqual => return Some(Says::NotIn(vec![value.clone()])),
        Compare::Less => Side::Below,
        Compare::LessOrEqual => Side::UpTo,
        Compare::Greater => Side::Above,
        Compare::GreaterOrEqual => Side::From,
        _ => return None,
    };
    let Type::One(Scalar::Ordered(_)) = ty else { return Some(Says::Side(side, value.clone())) };
    let grades = domain(ty)?;
    let bound = grades.iter().position(|it| it == value)?;
    let on_side = grades.into_iter().enumerate().filter(|(place, _)| match side {
        Side::Below => *place < bound,
        Side::UpTo => *place <= bound,
        Side::From => *place >= bound,
        Side::Above => *place > bound,
    });
    Some(Says::In(on_side.map(|(_, it)| it).collect()))
}
