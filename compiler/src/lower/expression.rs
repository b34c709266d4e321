//! Code for expressions.
//!
//! It must not know steps. Every operand that stands in a row of registers is a
//! temporary: only registers that are read alone may be fixed ones, which is what
//! the liveness of a workflow's registers rests on.

use std::sync::Arc;

use onward_bytecode::{CaptureCall, Constant, FunctionId, Op, Pipe, Scalar, Type};

use super::Functions;
use super::code::Code;
use super::fold;
use super::kept::Whose;
use super::limit::Lowering;
use super::source::{Slot, Source, outside};
use crate::hir::{Arithmetic, Compare, Expr, ExprKind};

/// Items of a list that `in` looks at in one go.
const IN_GROUP: usize = 64;

/// A function of these parameters that gives the value of `expr`.
pub(super) fn function(
    functions: &mut Functions,
    name: impl Into<Arc<str>>,
    params: impl IntoIterator<Item = (Source, Type)>,
    expr: &Expr,
) -> Lowering<FunctionId> {
    let mut code = Code::with_params(functions, name, params)?;
    let value = code.operand(expr)?;
    code.abc(expr.span, Op::Return, value, 0, 0)?;
    Ok(code.finish(Some(expr.ty.ty.kind())))
}

/// The same, its value read as `ty`.
pub(super) fn function_of(mut code: Code<'_>, expr: &Expr, ty: &Type) -> Lowering<FunctionId> {
    let mut value = code.operand(expr)?;
    if expr.ty.ty.kind() != ty.kind() {
        let read = code.temporary()?;
        let name = code.type_c(ty)?;
        code.abc(expr.span, Op::Convert, read, value, name)?;
        value = read;
    }
    code.abc(expr.span, Op::Return, value, 0, 0)?;
    Ok(code.finish(Some(ty.kind())))
}

/// A condition as a function of the registers that it reads.
pub(super) fn capture(
    code: &mut Code,
    name: String,
    condition: &Expr,
    whose: Whose,
) -> Lowering<CaptureCall> {
    let mut params = Vec::new();
    let mut registers = Vec::new();
    for source in outside(condition, whose).into_keys() {
        if let Some(slot) = code.env.get(&source) {
            registers.push(slot.register);
            params.push((source, slot.ty.clone()));
        }
    }
    let function = function(code.functions, name, params, condition)?;
    Ok(CaptureCall { function, registers })
}

impl Code<'_> {
    /// The register that holds `expr` already.
    pub(super) fn slot(&self, expr: &Expr) -> Option<&Slot> {
        self.env.get(&Source::of(expr)?)
    }

    /// A register with the value of `expr`: its own, or a fresh one.
    pub(super) fn operand(&mut self, expr: &Expr) -> Lowering<u8> {
        if let Some(slot) = self.slot(expr) {
            return Ok(slot.register);
        }
        let register = self.temporary()?;
        self.put(expr, register)?;
        Ok(register)
    }

    /// A register with the value of `expr`: its own, or `dst`.
    fn operand_in(&mut self, expr: &Expr, dst: u8) -> Lowering<u8> {
        if let Some(slot) = self.slot(expr) {
            return Ok(slot.register);
        }
        self.put(expr, dst)?;
        Ok(dst)
    }

    /// Puts the value of `expr` into `dst`, which no part of it reads.
    pub(super) fn put(&mut self, expr: &Expr, dst: u8) -> Lowering<()> {
        let mark = self.mark();
        self.value(expr, dst)?;
        self.release(mark);
        Ok(())
    }

    fn value(&mut self, expr: &Expr, dst: u8) -> Lowering<()> {
        let span = expr.span;
        let ty = &expr.ty.ty;
        if let Some(constant) = fold::constant(expr) {
            return self.load(span, dst, constant);
        }
        if let Some(register) = self.slot(expr).map(|slot| slot.register) {
            return self.abc(span, Op::Copy, dst, register, 0);
        }
        match &expr.kind {
            ExprKind::Constant(constant) => self.load(span, dst, constant.clone()),
            // A variable, a parameter or a made entity always has a register, or it would not have been checked.
            ExprKind::Missing
            | ExprKind::Param(_)
            | ExprKind::Var(_)
            | ExprKind::Actor(_)
            | ExprKind::Created(_) => self.missing(span, dst, ty),
            ExprKind::List(items) => self.list(expr, items, dst),
            ExprKind::Object(members) => self.object(expr, members, dst),
            ExprKind::Subject => self.abc(span, Op::Subject, dst, 0, 0),
            ExprKind::Contact => self.abc(span, Op::Contact, dst, 0, 0),
            ExprKind::Event => self.abc(span, Op::Event, dst, 0, 0),
            ExprKind::Now => self.abc(span, Op::Now, dst, 0, 0),
            ExprKind::Today => self.abc(span, Op::Today, dst, 0, 0),
            ExprKind::Field { name, .. } => {
                let k = self.name_k(name, ty)?;
                self.ak(span, Op::Field, dst, k)
            }
            ExprKind::Secret(name) => {
                let k = self.name_k(name, ty)?;
                self.ak(span, Op::Secret, dst, k)
            }
            ExprKind::Attribute(entity, name) => self.named(expr, Op::Attr, entity, name, dst),
            ExprKind::Member(json, name) => self.named(expr, Op::Member, json, name, dst),
            ExprKind::Convert(a) => self.named(expr, Op::Convert, a, &Arc::from(""), dst),
            ExprKind::Not(a) => self.unary(expr, Op::Not, a, dst),
            ExprKind::IsSet(a) => self.unary(expr, Op::IsSet, a, dst),
            ExprKind::Negate(a) => self.unary(expr, Op::Neg, a, dst),
            ExprKind::NextClock(a) => self.unary(expr, Op::NextClock, a, dst),
            ExprKind::StartOf(a) => self.unary(expr, Op::StartOf, a, dst),
            ExprKind::NextWeekday(day, clock) => {
                let clock = self.operand_in(clock, dst)?;
                self.abc(span, Op::NextWeekday, dst, *day, clock)
            }
            ExprKind::And(a, b) => self.either(expr, Op::JumpIfNot, a, b, dst),
            ExprKind::Or(a, b) => self.either(expr, Op::JumpIf, a, b, dst),
            ExprKind::Compare(compare, a, b) => self.compare(expr, *compare, a, b, dst),
            ExprKind::Arithmetic(op, a, b) => self.binary(expr, arithmetic(*op), a, b, dst),
            ExprKind::At(a, b) => self.binary(expr, Op::At, a, b, dst),
            ExprKind::Default(a, b) => self.binary(expr, Op::Default, a, b, dst),
            ExprKind::Pipe(pipe, input, arguments) => self.pipe(expr, *pipe, input, arguments, dst),
            ExprKind::Message(parts) => self.message(span, parts, dst),
            ExprKind::History(history) => self.history(expr, history, dst),
        }
    }

    fn unary(&mut self, expr: &Expr, op: Op, a: &Expr, dst: u8) -> Lowering<()> {
        let a = self.operand_in(a, dst)?;
        self.abc(expr.span, op, dst, a, 0)
    }

    fn binary(&mut self, expr: &Expr, op: Op, a: &Expr, b: &Expr, dst: u8) -> Lowering<()> {
        let a = self.operand_in(a, dst)?;
        let b = self.operand(b)?;
        self.abc(expr.span, op, dst, a, b)
    }

    /// An operation of one operand and a name with the expression's type.
    fn named(&mut self, expr: &Expr, op: Op, a: &Expr, name: &Arc<str>, dst: u8) -> Lowering<()> {
        let a = self.operand_in(a, dst)?;
        let name = self.name_c(name, &expr.ty.ty)?;
        self.abc(expr.span, op, dst, a, name)
    }

    /// `a and b`, `a or b`: `past` jumps over the second if the first decides.
    fn either(&mut self, expr: &Expr, past: Op, a: &Expr, b: &Expr, dst: u8) -> Lowering<()> {
        self.truth(a, dst)?;
        let decided = self.jump(expr.span, past, dst)?;
        self.truth(b, dst)?;
        self.land(decided)
    }

    /// Puts `true` or `false` into `dst`, `false` where `expr` has no value.
    fn truth(&mut self, expr: &Expr, dst: u8) -> Lowering<()> {
        self.put(expr, dst)?;
        if !is_definite(expr) {
            self.abc(expr.span, Op::Not, dst, dst, 0)?;
            self.abc(expr.span, Op::Not, dst, dst, 0)?;
        }
        Ok(())
    }

    fn compare(&mut self, expr: &Expr, compare: Compare, a: &Expr, b: &Expr, dst: u8) -> Lowering<()> {
        match compare {
            Compare::Equal => self.binary(expr, Op::Eq, a, b, dst),
            Compare::NotEqual => self.binary(expr, Op::Ne, a, b, dst),
            Compare::Contains => self.binary(expr, Op::Contains, a, b, dst),
            Compare::StartsWith => self.binary(expr, Op::StartsWith, a, b, dst),
            Compare::EndsWith => self.binary(expr, Op::EndsWith, a, b, dst),
            Compare::Matches => self.binary(expr, Op::Matches, a, b, dst),
            Compare::In => self.within(expr, a, b, dst),
            Compare::Less | Compare::LessOrEqual | Compare::Greater | Compare::GreaterOrEqual => {
                let (left, right) = self.ordered(a, b, dst)?;
                match compare {
                    Compare::Less => self.abc(expr.span, Op::Lt, dst, left, right),
                    Compare::LessOrEqual => self.abc(expr.span, Op::Le, dst, left, right),
                    Compare::Greater => self.abc(expr.span, Op::Lt, dst, right, left),
                    _ => self.abc(expr.span, Op::Le, dst, right, left),
                }
            }
        }
    }

    /// Both sides of an ordering; texts of an ordered set as their places in it.
    fn ordered(&mut self, a: &Expr, b: &Expr, dst: u8) -> Lowering<(u8, u8)> {
        let Some(set) = graded(a).or_else(|| graded(b)) else {
            return Ok((self.operand_in(a, dst)?, self.operand(b)?));
        };
        let set = self.type_c(set)?;
        let left = self.operand_in(a, dst)?;
        self.abc(a.span, Op::Grade, dst, left, set)?;
        let right = self.temporary()?;
        let text = self.operand_in(b, right)?;
        self.abc(b.span, Op::Grade, right, text, set)?;
        Ok((dst, right))
    }

    /// `a in b`. A long list that is written out is looked through in groups.
    fn within(&mut self, expr: &Expr, a: &Expr, b: &Expr, dst: u8) -> Lowering<()> {
        let groups: Vec<&[Expr]> = match &b.kind {
            ExprKind::List(items) if items.len() > IN_GROUP => items.chunks(IN_GROUP).collect(),
            _ => return self.binary(expr, Op::In, a, b, dst),
        };
        let a = self.operand(a)?;
        let list = self.temporary()?;
        let last = groups.len() - 1;
        let mut found = Vec::new();
        for (i, group) in groups.into_iter().enumerate() {
            self.row(b, Op::List, group, list)?;
            self.abc(expr.span, Op::In, dst, a, list)?;
            if i < last {
                found.push(self.jump(expr.span, Op::JumpIf, dst)?);
            }
        }
        found.into_iter().try_for_each(|jump| self.land(jump))
    }

    fn list(&mut self, expr: &Expr, items: &[Expr], dst: u8) -> Lowering<()> {
        self.row(expr, Op::List, items, dst)?;
        if matches!(expr.ty.ty, Type::List(_)) {
            return Ok(());
        }
        let ty = self.type_c(&expr.ty.ty)?;
        self.abc(expr.span, Op::Convert, dst, dst, ty)
    }

    /// An operation on values in a row.
    fn row(&mut self, expr: &Expr, op: Op, items: &[Expr], dst: u8) -> Lowering<()> {
        let mark = self.mark();
        let first = self.range(items.len())?;
        for (item, register) in items.iter().zip(first..=u8::MAX) {
            self.put(item, register)?;
        }
        // As many as there are registers at most.
        let count = u8::try_from(items.len()).unwrap_or(u8::MAX);
        self.abc(expr.span, op, dst, first, count)?;
        self.release(mark);
        Ok(())
    }

    fn object(&mut self, expr: &Expr, members: &[(Arc<str>, Expr)], dst: u8) -> Lowering<()> {
        let first = self.range(members.len() * 2)?;
        for ((key, value), register) in members.iter().zip((first..=u8::MAX).step_by(2)) {
            self.load(value.span, register, Constant::Text(key.clone()))?;
            self.put(value, register.saturating_add(1))?;
        }
        let count = u8::try_from(members.len()).unwrap_or(u8::MAX);
        self.abc(expr.span, Op::Object, dst, first, count)
    }

    fn pipe(&mut self, expr: &Expr, pipe: Pipe, input: &Expr, arguments: &[Expr], dst: u8) -> Lowering<()> {
        if pipe == Pipe::Safe {
            return self.value(input, dst);
        }
        let first = self.range(1 + arguments.len())?;
        for (value, register) in std::iter::once(input).chain(arguments).zip(first..=u8::MAX) {
            self.put(value, register)?;
        }
        self.abc(expr.span, Op::Pipe, dst, pipe as u8, first)
    }
}

fn arithmetic(op: Arithmetic) -> Op {
    match op {
        Arithmetic::Add => Op::Add,
        Arithmetic::Subtract => Op::Sub,
        Arithmetic::Multiply => Op::Mul,
        Arithmetic::Divide => Op::Div,
    }
}

/// The ordered set that `expr` is of.
fn graded(expr: &Expr) -> Option<&Type> {
    matches!(expr.ty.ty, Type::One(Scalar::Ordered(_))).then_some(&expr.ty.ty)
}

/// Whether code for `expr` always gives `true` or `false`.
fn is_definite(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Constant(_)
        | ExprKind::Not(_)
        | ExprKind::And(..)
        | ExprKind::Or(..)
        | ExprKind::IsSet(_)
        | ExprKind::Compare(..) => true,
        ExprKind::Default(_, b) => is_definite(b),
        _ => false,
    }
}
