//! Comparisons: which values go together, and in which order.
//!
//! It must not know where a comparison stands.

use onward_bytecode::{Constant, Presence, Scalar, Type};

use super::condition::is_text;
use super::convert::{bare_literal, is_part_of, read_as};
use super::expression::{start_of, truth};
use super::{Checker, Cx, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Compare, Expr, ExprKind};
use crate::shape;
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_> {
    pub(super) fn comparison(
        &mut self,
        cx: Cx<'_>,
        binary: &ast::BinaryExpr,
        op: BinaryOp,
        span: Span,
    ) -> Option<Expr> {
        let (left, right) = (binary.left(), binary.right());
        if matches!(op, BinaryOp::In | BinaryOp::NotIn)
            && let Some(group) = &right
        {
            let left = left.and_then(|it| self.expr(cx, &it));
            return self.within(cx, op, left, group, span);
        }
        let (left, right) = self.sides(cx, left, right);
        let (left, right) = (left?, right?);
        if self.misread(span) {
            return None;
        }
        match op {
            BinaryOp::Eq => self.equal(Compare::Equal, left, right, span),
            BinaryOp::Ne => self.equal(Compare::NotEqual, left, right, span),
            BinaryOp::Lt => self.order(Compare::Less, left, right, span),
            BinaryOp::Le => self.order(Compare::LessOrEqual, left, right, span),
            BinaryOp::Gt => self.order(Compare::Greater, left, right, span),
            BinaryOp::Ge => self.order(Compare::GreaterOrEqual, left, right, span),
            BinaryOp::Contains => self.contains(left, right, span),
            BinaryOp::StartsWith => self.texts(Compare::StartsWith, "`starts with`", left, right, span),
            BinaryOp::EndsWith => self.texts(Compare::EndsWith, "`ends with`", left, right, span),
            BinaryOp::Matches => self.texts(Compare::Matches, "`matches`", left, right, span),
            BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::In
            | BinaryOp::NotIn => None,
        }
    }

    /// `left in group`, `left not in group`: a list, or a segment.
    fn within(
        &mut self,
        cx: Cx<'_>,
        op: BinaryOp,
        left: Option<Expr>,
        group: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let Some(left) = left else {
            // The list may have a mistake of its own, but a word there may be a segment.
            if !matches!(group, ast::Expr::Path(_)) {
                self.expr(cx, group);
            }
            return None;
        };
        let value = (op == BinaryOp::NotIn).then(|| left.clone());
        let inside = if self.asks_for_segment(cx, &left, group) {
            self.is_member(cx, left, group, span)?
        } else {
            let text = matches!(&left.ty.ty, Type::One(ty) if is_text(ty));
            if let (true, ast::Expr::Path(path)) = (text, group)
                && self.quote_instead(cx, path)
            {
                return None;
            }
            let group = self.expr(cx, group)?;
            if self.misread(span) || self.quoted_segment(&left, &group) {
                return None;
            }
            self.is_in(left, group, span)?
        };
        let Some(value) = value else { return Some(inside) };
        let outside = truth(ExprKind::Not(Box::new(inside)), span);
        if value.ty.presence == Presence::Required {
            return Some(outside);
        }
        // A comparison with a missing value is false, also this one.
        let there = truth(ExprKind::IsSet(Box::new(value)), span);
        Some(truth(ExprKind::And(Box::new(there), Box::new(outside)), span))
    }

    pub(super) fn between(&mut self, cx: Cx<'_>, between: &ast::BetweenExpr, span: Span) -> Option<Expr> {
        let value = between.value().and_then(|it| self.expr(cx, &it));
        let low = between.low().and_then(|it| self.expr(cx, &it));
        let high = between.high().and_then(|it| self.expr(cx, &it));
        let (value, low, high) = (value?, low?, high?);
        let from = self.order(Compare::GreaterOrEqual, value.clone(), low, span)?;
        let to = self.order(Compare::LessOrEqual, value, high, span)?;
        if let (Some(low), Some(high)) = (number_bound(&from), number_bound(&to))
            && low > high
        {
            let message = format!("nothing lies between {low} and {high}");
            return self.error(codes::CONSTANT_CONDITION, span, message, "write the smaller one first");
        }
        Some(truth(ExprKind::And(Box::new(from), Box::new(to)), span))
    }

    /// Both sides of a comparison. A word that names nothing beside a text was most
    /// likely meant as a text, so the error offers to quote it.
    fn sides(
        &mut self,
        cx: Cx<'_>,
        left: Option<ast::Expr>,
        right: Option<ast::Expr>,
    ) -> (Option<Expr>, Option<Expr>) {
        let (Some(left), Some(right)) = (left, right) else { return (None, None) };
        let first = self.expr(cx, &left);
        let text =
            |it: &Option<Expr>| matches!(it, Some(it) if matches!(&it.ty.ty, Type::One(ty) if is_text(ty)));
        if text(&first)
            && let ast::Expr::Path(path) = &right
            && self.quote_instead(cx, path)
        {
            return (None, None);
        }
        (first, self.expr(cx, &right))
    }

    fn equal(&mut self, op: Compare, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let (left, right) = self.meet(left, right, span)?;
        if let (Type::List(_), _) | (_, Type::List(_)) = (&left.ty.ty, &right.ty.ty) {
            let list = if matches!(left.ty.ty, Type::List(_)) { &left } else { &right };
            let message = format!("`{}` is a list, which `=` cannot compare", self.quote(list.span));
            let help = format!("ask for one item: `{} contains …`", self.quote(list.span));
            return self.error(codes::NOT_COMPARABLE, span, message, help);
        }
        Some(truth(ExprKind::Compare(op, Box::new(left), Box::new(right)), span))
    }

    fn order(&mut self, op: Compare, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let (left, right) = self.meet(left, right, span)?;
        let graded = |it: &Expr| matches!(it.ty.ty, Type::One(Scalar::Ordered(_)));
        let plain = matches!(
            left.ty.ty,
            Type::One(Scalar::Number | Scalar::Date | Scalar::Time | Scalar::Clock | Scalar::Duration)
        );
        let fixed = |it: &Expr| matches!(it.kind, ExprKind::Constant(_));
        match (graded(&left), graded(&right)) {
            _ if plain => {}
            (true, true) if fixed(&left) && !fixed(&right) => {
                return Some(truth(ExprKind::Compare(mirror(op), Box::new(right), Box::new(left)), span));
            }
            (true, true) if left.ty.ty == right.ty.ty => {}
            (true, _) => {}
            (false, true) => {
                return Some(truth(ExprKind::Compare(mirror(op), Box::new(right), Box::new(left)), span));
            }
            (false, false) => {
                let message =
                    format!("`{}` is {}, which has no order", self.quote(left.span), words::what(&left));
                let help = match left.ty.ty {
                    Type::One(ref ty) if is_text(ty) => {
                        "declare it as `ordered \"low\" < \"high\"` to compare its grades, or use `=`"
                    }
                    _ => "use `=` or `!=`",
                };
                return self.error(codes::NO_ORDER, span, message, help);
            }
        }
        Some(truth(ExprKind::Compare(op, Box::new(left), Box::new(right)), span))
    }

    /// Brings both sides to one type.
    fn meet(&mut self, left: Expr, right: Expr, span: Span) -> Option<(Expr, Expr)> {
        use Scalar::{Date, Entity, Json, Time};
        let (a, b) = (left.ty.ty.clone(), right.ty.ty.clone());
        match (&a, &b) {
            _ if a == b => Some((left, right)),
            (Type::One(Json), _) => Some((read_as(left, &b), right)),
            (_, Type::One(Json)) => Some((left, read_as(right, &a))),
            (Type::One(Date), Type::One(Time)) => Some((start_of(left), right)),
            (Type::One(Time), Type::One(Date)) => Some((left, start_of(right))),
            (Type::One(x), Type::One(y)) if is_text(x) && is_text(y) => self.meet_texts(left, right, span),
            (Type::One(Entity(_)), Type::One(Entity(_))) => self.not_comparable(&left, &right, span),
            (Type::One(_), Type::One(_)) => {
                if spells(&right, &a) {
                    let right = self.fit(right, &a, "this")?;
                    Some((left, right))
                } else if spells(&left, &b) {
                    let left = self.fit(left, &b, "this")?;
                    Some((left, right))
                } else {
                    self.not_comparable(&left, &right, span)
                }
            }
            (Type::List(_), _) | (_, Type::List(_)) => Some((left, right)),
        }
    }

    fn meet_texts(&mut self, left: Expr, right: Expr, span: Span) -> Option<(Expr, Expr)> {
        let (a, b) = (left.ty.ty.clone(), right.ty.ty.clone());
        let literal =
            |it: &Expr| matches!(it.kind, ExprKind::Constant(_)) && it.ty.ty == Type::One(Scalar::Text);
        if literal(&right) {
            let role = format!("`{}`", self.quote(left.span));
            return Some((left, self.fit(right, &a, &role)?));
        }
        if literal(&left) {
            let role = format!("`{}`", self.quote(right.span));
            return Some((self.fit(left, &b, &role)?, right));
        }
        if let (
            Type::One(x @ (Scalar::OneOf(_) | Scalar::Ordered(_))),
            Type::One(Scalar::OneOf(y) | Scalar::Ordered(y)),
        ) = (&a, &b)
            && !y.iter().any(|it| is_part_of(&Scalar::OneOf(vec![it.clone()]), x))
        {
            return self.not_comparable(&left, &right, span);
        }
        Some((left, right))
    }

    fn not_comparable<T>(&mut self, left: &Expr, right: &Expr, span: Span) -> Option<T> {
        let message = format!(
            "`{}` is {} and cannot be compared with {}",
            self.quote(left.span),
            words::what(left),
            words::what(right)
        );
        let diagnostic = Diagnostic::error(codes::NOT_COMPARABLE, span, message)
            .also(left.span, format!("this is {}", words::what(left)))
            .also(right.span, format!("this is {}", words::what(right)));
        let diagnostic = self.help_compare(diagnostic, left, right);
        self.report.push(diagnostic);
        None
    }

    fn help_compare(&self, diagnostic: Diagnostic, left: &Expr, right: &Expr) -> Diagnostic {
        for (value, other) in [(right, left), (left, right)] {
            let (ExprKind::Constant(constant), Type::One(ty)) = (&value.kind, &other.ty.ty) else { continue };
            match constant {
                Constant::Text(text) if bare_literal(text, ty) => {
                    return diagnostic.help("leave out the quotes").replace(
                        value.span,
                        &**text,
                        Applicability::Safe,
                    );
                }
                Constant::Number(_) | Constant::Bool(_) | Constant::Date(_) | Constant::Clock(_)
                    if is_text(ty) && shape::spelled(&self.quote(value.span), ty).is_some() =>
                {
                    let source = self.quote(value.span);
                    return diagnostic.help("put it in quotes").replace(
                        value.span,
                        format!("\"{source}\""),
                        Applicability::Safe,
                    );
                }
                Constant::Number(_) if *ty == Scalar::Duration => {
                    let source = self.quote(value.span);
                    return diagnostic.help(format!(
                        "say of what: `{source} seconds`, `{source} minutes`, `{source} days`"
                    ));
                }
                _ => {}
            }
        }
        if let (Type::One(Scalar::Date | Scalar::Time), Type::One(Scalar::Duration)) =
            (&left.ty.ty, &right.ty.ty)
        {
            let source = self.quote(right.span);
            return diagnostic
                .help(format!("compare it with a moment: `{source} ago`, or `now + {source}`"))
                .replace(right.span, format!("{source} ago"), Applicability::Unsure);
        }
        if let (Type::One(Scalar::Number), _) | (_, Type::One(Scalar::Number)) = (&left.ty.ty, &right.ty.ty) {
            return diagnostic.help("compare a number with a number, as in `… > 100`");
        }
        diagnostic.help("compare values of one type")
    }

    fn is_in(&mut self, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let Type::One(item) = left.ty.ty.clone() else {
            let message = format!("`in` looks for one value, and `{}` is a list", self.quote(left.span));
            let help = format!("turn it round: `{} contains …`", self.quote(left.span));
            return self.error(codes::NOT_COMPARABLE, left.span, message, help);
        };
        let role = format!("`{}`", self.quote(left.span));
        let (left, right) = match (right.ty.ty.clone(), right.kind) {
            (Type::List(_), ExprKind::List(items)) => {
                let mut fitted = Vec::new();
                for value in items {
                    let value_span = value.span;
                    if let Some((_, value)) = self.meet(left.clone(), value, value_span) {
                        fitted.push(value);
                    }
                }
                let kind = ExprKind::List(fitted);
                (left, super::typed(kind, Type::List(item), Presence::Required, right.span))
            }
            (Type::One(Scalar::Json), kind) => (left, read_as(Expr { kind, ..right }, &Type::List(item))),
            (Type::List(of), kind) => {
                let right = Expr { kind, ..right };
                if is_text(&of) && is_text(&item) {
                    (left, right)
                } else {
                    (self.fit(left, &Type::One(of), &role)?, right)
                }
            }
            (Type::One(other), kind) => {
                let right = Expr { kind, ..right };
                let source = self.quote(right.span);
                let message = format!("`in` wants a list, and `{source}` is {}", words::what(&right));
                let diagnostic = Diagnostic::error(codes::NOT_COMPARABLE, right.span, message);
                self.report.push(match right.kind {
                    ExprKind::Constant(_) => diagnostic.help("put it in brackets").replace(
                        right.span,
                        format!("[{source}]"),
                        Applicability::Safe,
                    ),
                    _ if is_text(&other) => diagnostic.help(format!(
                        "to look into a text, write `{source} contains {}`",
                        self.quote(left.span)
                    )),
                    _ => diagnostic.help("write a list: `[a, b]`"),
                });
                return None;
            }
        };
        Some(truth(ExprKind::Compare(Compare::In, Box::new(left), Box::new(right)), span))
    }

    fn contains(&mut self, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let (left, right) = match left.ty.ty.clone() {
            Type::List(item) => {
                let role = format!("an item of `{}`", self.quote(left.span));
                let both_text = matches!(&right.ty.ty, Type::One(it) if is_text(it)) && is_text(&item);
                let literal = matches!(right.kind, ExprKind::Constant(_));
                let right =
                    if both_text && !literal { right } else { self.fit(right, &Type::One(item), &role)? };
                (left, right)
            }
            Type::One(Scalar::Json) => {
                let Type::One(item) = right.ty.ty.clone() else {
                    return self.misfit(&right, &Type::One(Scalar::Text), "`contains`");
                };
                (read_as(left, &Type::List(item)), right)
            }
            Type::One(scalar) if is_text(&scalar) => {
                let right = self.fit(right, &Type::One(Scalar::Text), "`contains`")?;
                (left, right)
            }
            _ => {
                let message = format!(
                    "`contains` looks into a text or a list, and `{}` is {}",
                    self.quote(left.span),
                    words::what(&left)
                );
                return self.error(codes::NOT_COMPARABLE, left.span, message, "use `=` to compare it");
            }
        };
        Some(truth(ExprKind::Compare(Compare::Contains, Box::new(left), Box::new(right)), span))
    }

    fn texts(&mut self, op: Compare, name: &str, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let text = Type::One(Scalar::Text);
        let left = self.fit(left, &text, name);
        let right = self.fit(right, &text, name);
        Some(truth(ExprKind::Compare(op, Box::new(left?), Box::new(right?)), span))
    }
}

/// Whether a literal text spells a value of `ty`, which is no text.
fn spells(value: &Expr, ty: &Type) -> bool {
    let ExprKind::Constant(Constant::Text(text)) = &value.kind else { return false };
    matches!(ty, Type::One(scalar) if shape::spelled(text, scalar).is_some())
}

/// The number that a comparison has on its right.
fn number_bound(comparison: &Expr) -> Option<rust_decimal::Decimal> {
    match &comparison.kind {
        ExprKind::Compare(_, _, bound) => match &bound.kind {
            ExprKind::Constant(Constant::Number(number)) => Some(*number),
            _ => None,
        },
        _ => None,
    }
}

/// The comparison that says the same with its sides changed.
fn mirror(op: Compare) -> Compare {
    match op {
        Compare::Less => Compare::Greater,
        Compare::LessOrEqual => Compare::GreaterOrEqual,
        Compare::Greater => Compare::Less,
        Compare::GreaterOrEqual => Compare::LessOrEqual,
        other => other,
    }
}
