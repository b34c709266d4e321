//! What a condition claims about one value, and whether several claims can be true together.
//!
//! It must not know conditions.

use std::cmp::Ordering;

use onward_bytecode::{Constant, Scalar, Type};
use rust_decimal::Decimal;

use crate::diagnostic::Span;

/// A claim about one value.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// Which value: its key.
    pub(super) place: String,
    /// Its type.
    pub(super) ty: Type,
    /// Its words, for messages.
    pub(super) shown: Span,
    /// Where it is claimed.
    pub(super) span: Span,
    /// What is claimed.
    pub(super) says: Says,
}

/// What is claimed of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Says {
    /// It is missing.
    Missing,
    /// It is set.
    Set,
    /// It is one of these.
    In(Vec<Constant>),
    /// It is set and none of these.
    NotIn(Vec<Constant>),
    /// It is set and on this side of a bound.
    Side(Side, Constant),
    /// A condition that is not looked into holds, or does not.
    Opaque(bool),
}

/// A side of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Below,
    UpTo,
    From,
    Above,
}

impl Side {
    /// The values that are not on this side.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Below => Self::From,
            Self::UpTo => Self::Above,
            Self::From => Self::Below,
            Self::Above => Self::UpTo,
        }
    }

    /// The side on which `a` is of `b` if `b` is on this side of `a`.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Below => Self::Above,
            Self::UpTo => Self::From,
            Self::From => Self::UpTo,
            Self::Above => Self::Below,
        }
    }

    fn has(self, order: Ordering) -> bool {
        match self {
            Self::Below => order.is_lt(),
            Self::UpTo => order.is_le(),
            Self::From => order.is_ge(),
            Self::Above => order.is_gt(),
        }
    }
}

/// A value that fits all claims about one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Example {
    /// Any value, or none.
    Anything,
    /// None.
    Missing,
    /// This one.
    Value(Constant),
    /// One that is set.
    Something,
}

/// A value that fits all of `claims`, which are about one place; none if there is none.
pub(super) fn example(claims: &[&Claim]) -> Option<Example> {
    let opaque = |wanted| claims.iter().any(|it| it.says == Says::Opaque(wanted));
    if opaque(true) && opaque(false) {
        return None;
    }
    let missing = claims.iter().any(|it| it.says == Says::Missing);
    let set = claims.iter().any(|it| !matches!(it.says, Says::Missing | Says::Opaque(_)));
    match (missing, set) {
        (true, true) => None,
        (true, false) => Some(Example::Missing),
        (false, false) => Some(Example::Anything),
        (false, true) => value(claims),
    }
}

fn value(claims: &[&Claim]) -> Option<Example> {
    let finite = claims.first().and_then(|it| domain(&it.ty));
    let listed = claims.iter().find_map(|it| match &it.says {
        Says::In(values) => Some(values.clone()),
        _ => None,
    });
    if let Some(candidates) = listed.or(finite) {
        let fit = candidates.into_iter().find(|value| claims.iter().all(|it| admits(&it.says, value)));
        return fit.map(Example::Value);
    }
    between(claims)
}

/// All values of a type, if they can be listed.
pub(super) fn domain(ty: &Type) -> Option<Vec<Constant>> {
    match ty {
        Type::One(Scalar::OneOf(texts) | Scalar::Ordered(texts)) => {
            Some(texts.iter().cloned().map(Constant::Text).collect())
        }
        Type::One(Scalar::Bool) => Some(vec![Constant::Bool(true), Constant::Bool(false)]),
        _ => None,
    }
}

fn admits(says: &Says, value: &Constant) -> bool {
    match says {
        Says::Missing => false,
        Says::Set | Says::Opaque(_) => true,
        Says::In(values) => values.iter().any(|it| same(it, value)),
        Says::NotIn(values) => !values.iter().any(|it| same(it, value)),
        Says::Side(side, bound) => compare(value, bound).is_none_or(|order| side.has(order)),
    }
}

/// A value of an endless type that is on all sides that are claimed.
fn between(claims: &[&Claim]) -> Option<Example> {
    let bounds = claims.iter().filter_map(|it| match &it.says {
        Says::Side(side, bound) => Some((*side, bound)),
        _ => None,
    });
    let bounds: Vec<(Side, &Constant)> = bounds.collect();
    let fits = |value: &Constant| claims.iter().all(|it| admits(&it.says, value));
    for (low, from) in &bounds {
        for (high, to) in &bounds {
            let opposed = matches!(low, Side::From | Side::Above) && matches!(high, Side::Below | Side::UpTo);
            let order = compare(from, to);
            let touching = *low == Side::From && *high == Side::UpTo;
            if opposed && (order == Some(Ordering::Greater) || order == Some(Ordering::Equal) && !touching) {
                return None;
            }
            if opposed && order == Some(Ordering::Equal) && !fits(from) {
                return None;
            }
        }
    }
    let tried = bounds.iter().flat_map(|(_, bound)| around(bound, &bounds));
    Some(tried.into_iter().find(fits).map_or(Example::Something, Example::Value))
}

/// Values near a bound, and half-way to the others.
fn around(bound: &Constant, others: &[(Side, &Constant)]) -> Vec<Constant> {
    let Constant::Number(number) = bound else { return vec![bound.clone()] };
    let halves = others.iter().filter_map(|(_, other)| match other {
        Constant::Number(other) => Some((number + other) / Decimal::TWO),
        _ => None,
    });
    [*number, number + Decimal::ONE, number - Decimal::ONE]
        .into_iter()
        .chain(halves)
        .map(|it| Constant::Number(it.normalize()))
        .collect()
}

fn same(a: &Constant, b: &Constant) -> bool {
    a == b || compare(a, b) == Some(Ordering::Equal)
}

/// The order of two values of one sort.
fn compare(a: &Constant, b: &Constant) -> Option<Ordering> {
    match (a, b) {
        (Constant::Number(a), Constant::Number(b)) => Some(a.cmp(b)),
        (Constant::Date(a), Constant::Date(b)) => Some(a.cmp(b)),
        (Constant::Time(a), Constant::Time(b)) => Some(a.cmp(b)),
        (Constant::Clock(a), Constant::Clock(b)) => Some(a.cmp(b)),
        (Constant::Duration(a), Constant::Duration(b)) => Some(a.nominal_millis().cmp(&b.nominal_millis())),
        _ => None,
    }
}
