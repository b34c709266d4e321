//! Conditions: what is true or false, and what never changes.
//!
//! It must not know which clause or step a condition belongs to.

use onward_bytecode::{Constant, Kind, Scalar, Type};

use super::expression::truth;
use super::narrow::{Outcome, facts, key};
use super::{Checker, Cx, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Compare, Expr, ExprKind, Part};
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_> {
    /// A condition of a clause, step or tag: true or false, and not always the same.
    pub(super) fn condition(&mut self, cx: Cx<'_>, expr: &ast::Expr) -> Option<Expr> {
        let condition = self.truth(cx, expr)?;
        self.not_constant(&condition)?;
        Some(condition)
    }

    /// A value that is true or false.
    pub(super) fn truth(&mut self, cx: Cx<'_>, expr: &ast::Expr) -> Option<Expr> {
        let value = self.expr(cx, expr)?;
        match &value.ty.ty {
            Type::One(Scalar::Bool) => Some(value),
            Type::One(Scalar::Json) => Some(super::convert::read_as(value, &Type::One(Scalar::Bool))),
            _ => self.no_truth(&value),
        }
    }

    fn no_truth(&mut self, value: &Expr) -> Option<Expr> {
        let source = self.quote(value.span);
        let message = format!("a condition is true or false, and `{source}` is {}", words::what(value));
        let diagnostic = Diagnostic::error(codes::NOT_A_CONDITION, value.span, message);
        let readable = key(value).is_some();
        self.report.push(match (&value.kind, readable) {
            (_, true) => diagnostic
                .help(format!(
                    "compare it, as in `{source} = …`, or ask whether it is there: `{source} is set`"
                ))
                .replace(value.span, format!("{source} is set"), Applicability::Unsure),
            _ => diagnostic.help("compare it with something: `a = b`, `a > b`, `a contains b`"),
        });
        None
    }

    pub(super) fn logic(
        &mut self,
        cx: Cx<'_>,
        binary: &ast::BinaryExpr,
        op: BinaryOp,
        span: Span,
    ) -> Option<Expr> {
        let left = binary.left().and_then(|it| self.truth(cx, &it));
        let before = if op == BinaryOp::And { Outcome::Holds } else { Outcome::Fails };
        let known = left.as_ref().map(|it| facts(it, before)).unwrap_or_default();
        let scope = cx.scope.knowing(known);
        let cx = Cx { scope: &scope, ..cx };
        let right = binary.right().and_then(|it| self.truth(cx, &it));
        let (left, right) = (Box::new(left?), Box::new(right?));
        Some(truth(
            if op == BinaryOp::And { ExprKind::And(left, right) } else { ExprKind::Or(left, right) },
            span,
        ))
    }

    /// Refuses conditions, and parts of conditions, that turn out the same every time.
    fn not_constant(&mut self, condition: &Expr) -> Option<()> {
        match &condition.kind {
            ExprKind::And(a, b) => {
                let both = (self.not_constant(a), self.not_constant(b));
                both.0.and(both.1)?;
                self.no_contradiction(condition)
            }
            ExprKind::Or(a, b) => {
                let both = (self.not_constant(a), self.not_constant(b));
                both.0.and(both.1)
            }
            ExprKind::Not(inner) => self.not_constant(inner),
            ExprKind::Compare(_, a, b) if key(a).is_some() && key(a) == key(b) => {
                let message = "both sides of this comparison are the same value";
                let help = "give one of the events a name by `as` and compare with `NAME.FIELD`";
                self.error(codes::CONSTANT_CONDITION, condition.span, message, help)
            }
            _ if self.is_constant(condition) => {
                let outcome = match &condition.kind {
                    ExprKind::Constant(Constant::Bool(true)) => "always holds",
                    ExprKind::Constant(Constant::Bool(false)) => "never holds",
                    _ => "turns out the same every time",
                };
                let message = format!("this condition {outcome}");
                let help = "name something that differs from one contact to the next, or remove it";
                self.error(codes::CONSTANT_CONDITION, condition.span, message, help)
            }
            _ => Some(()),
        }
    }

    /// Whether `expr` reads nothing that could change. A setting could: it is there to be.
    fn is_constant(&self, expr: &Expr) -> bool {
        let is_constant = |it: &Expr| self.is_constant(it);
        match &expr.kind {
            ExprKind::Constant(_) => !self.source(expr.span).starts_with("config"),
            ExprKind::Missing => true,
            ExprKind::List(items) => items.iter().all(is_constant),
            ExprKind::Object(entries) => entries.iter().all(|(_, it)| is_constant(it)),
            ExprKind::Not(a)
            | ExprKind::IsSet(a)
            | ExprKind::Negate(a)
            | ExprKind::Convert(a)
            | ExprKind::Attribute(a, _)
            | ExprKind::Member(a, _) => is_constant(a),
            ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::Arithmetic(_, a, b)
            | ExprKind::Default(a, b) => is_constant(a) && is_constant(b),
            ExprKind::Pipe(_, a, args) => is_constant(a) && args.iter().all(is_constant),
            ExprKind::Message(parts) => parts.iter().all(|it| matches!(it, Part::Text(_))),
            // These depend on the clock or on the subject's zone.
            ExprKind::At(..)
            | ExprKind::NextClock(_)
            | ExprKind::NextWeekday(..)
            | ExprKind::StartOf(_)
            | ExprKind::Now
            | ExprKind::Today => false,
            ExprKind::Subject
            | ExprKind::Actor(_)
            | ExprKind::Created(_)
            | ExprKind::History(_)
            | ExprKind::Contact
            | ExprKind::Event
            | ExprKind::Field { .. }
            | ExprKind::Param(_)
            | ExprKind::Var(_)
            | ExprKind::Secret(_) => false,
        }
    }

    /// Refuses `a = "x" and a = "y"`.
    fn no_contradiction(&mut self, condition: &Expr) -> Option<()> {
        let mut equalities = Vec::new();
        gather(condition, &mut equalities);
        for (at, (name, value, span)) in equalities.iter().enumerate() {
            let before = equalities.iter().take(at).find(|(other, ..)| other == name);
            if let Some((_, first, first_span)) = before
                && first != value
            {
                let message = format!("this never holds: `{}` says otherwise", self.quote(*first_span));
                self.report.push(
                    Diagnostic::error(codes::CONSTANT_CONDITION, *span, message)
                        .also(*first_span, "which has to hold too")
                        .help("write `or` if one of them is enough, or `in [\"…\", \"…\"]`"),
                );
                return None;
            }
        }
        Some(())
    }
}

/// The equalities with a constant that all have to hold.
fn gather<'e>(condition: &'e Expr, found: &mut Vec<(String, &'e Constant, Span)>) {
    match &condition.kind {
        ExprKind::And(a, b) => {
            gather(a, found);
            gather(b, found);
        }
        ExprKind::Compare(Compare::Equal, a, b) => {
            let sides = [(a, b), (b, a)];
            let fixed = sides.into_iter().find_map(|(value, fixed)| match (&fixed.kind, key(value)) {
                (ExprKind::Constant(constant), Some(name)) => Some((name, constant, condition.span)),
                _ => None,
            });
            found.extend(fixed);
        }
        _ => {}
    }
}

/// Whether a scalar is text to the machine.
pub(super) fn is_text(scalar: &Scalar) -> bool {
    scalar.kind() == Kind::Text
}
