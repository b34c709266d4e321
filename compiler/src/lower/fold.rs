//! Values that are known before a program runs: `-5`, `2 + 3`, `not true`.
//!
//! Only what every machine computes alike and exactly is folded; the rest is
//! left to the machine. It must not know registers.

use onward_bytecode::{Constant, Length};

use crate::hir::{Arithmetic, Expr, ExprKind, Part};

/// The value of `expr` if it is known.
pub(super) fn constant(expr: &Expr) -> Option<Constant> {
    match &expr.kind {
        ExprKind::Constant(constant) => Some(constant.clone()),
        ExprKind::Not(a) => match constant(a)? {
            Constant::Bool(a) => Some(Constant::Bool(!a)),
            _ => None,
        },
        ExprKind::Negate(a) => negate(&constant(a)?),
        ExprKind::Arithmetic(op, a, b) => arithmetic(*op, &constant(a)?, &constant(b)?),
        ExprKind::Message(parts) => message(parts),
        _ => None,
    }
}

fn negate(constant: &Constant) -> Option<Constant> {
    match constant {
        Constant::Number(number) => Some(Constant::Number(-*number)),
        Constant::Duration(length) => Some(Constant::Duration(Length {
            months: length.months.checked_neg()?,
            days: length.days.checked_neg()?,
            millis: length.millis.checked_neg()?,
        })),
        _ => None,
    }
}

/// Division is left to the machine, which says how many digits are kept.
fn arithmetic(op: Arithmetic, a: &Constant, b: &Constant) -> Option<Constant> {
    let (Constant::Number(a), Constant::Number(b)) = (a, b) else { return None };
    match op {
        Arithmetic::Add => a.checked_add(*b),
        Arithmetic::Subtract => a.checked_sub(*b),
        Arithmetic::Multiply => a.checked_mul(*b),
        Arithmetic::Divide => None,
    }
    .map(Constant::Number)
}

fn message(parts: &[Part]) -> Option<Constant> {
    match parts {
        [] => Some(Constant::Text("".into())),
        [Part::Text(text)] => Some(Constant::Text(text.clone())),
        _ => None,
    }
}
