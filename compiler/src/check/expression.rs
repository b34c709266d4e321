//! The types of expressions.
//!
//! It must not know what an expression is for: whoever wants a value of a type
//! says so to [`super::convert`].

use std::sync::Arc;

use onward_bytecode::{Constant, Presence, Scalar, Type};

use super::{Checker, Cx, either, typed, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Arithmetic, Expr, ExprKind};
use crate::syntax::ast::{self, BinaryOp, PrefixOp};

impl Checker<'_> {
    /// The value of `expr`.
    pub(super) fn expr(&mut self, cx: Cx<'_>, expr: &ast::Expr) -> Option<Expr> {
        let span = cx.span(expr);
        match expr {
            ast::Expr::Binary(binary) => self.binary(cx, binary, span),
            ast::Expr::Between(between) => self.between(cx, between, span),
            ast::Expr::Is(is) => self.is_set(cx, is, span),
            ast::Expr::Prefix(prefix) => self.prefix(cx, prefix, span),
            ast::Expr::Pipe(pipe) => self.pipe(cx, pipe, span),
            ast::Expr::Ago(ago) => self.ago(cx, ago, span),
            ast::Expr::Field(field) => {
                let names: Vec<_> = field.names().collect();
                let value = field.value()?;
                if let ast::Expr::Call(call) = &value {
                    return self.call_with_field(cx, call, &names, span);
                }
                let base = self.expr(cx, &value)?;
                self.members(cx, base, &names)
            }
            ast::Expr::Path(path) => self.path(cx, path),
            ast::Expr::Call(call) => self.call(cx, call, span),
            ast::Expr::Request(part) => self.request_part(cx, part, span),
            ast::Expr::Paren(paren) => self.expr(cx, &paren.value()?),
            ast::Expr::List(list) => self.list(cx, list, span),
            ast::Expr::Object(object) => self.object(cx, object, span),
            ast::Expr::String(string) => self.text(cx, &string.literal()?),
            ast::Expr::Number(number) => self.number(number, span),
            ast::Expr::Duration(duration) => self.duration(cx, duration),
            ast::Expr::Date(date) => self.date(&date.text(), span),
            ast::Expr::DateTime(moment) => self.date_time(moment, span),
            ast::Expr::Time(time) => self.clock(&time.text(), span),
            ast::Expr::Bool(bool) => Some(constant(Constant::Bool(bool.value()), Scalar::Bool, span)),
            ast::Expr::Now(_) => {
                Some(typed(ExprKind::Now, Type::One(Scalar::Time), Presence::Required, span))
            }
            ast::Expr::Today(_) => {
                Some(typed(ExprKind::Today, Type::One(Scalar::Date), Presence::Required, span))
            }
        }
    }

    fn binary(&mut self, cx: Cx<'_>, binary: &ast::BinaryExpr, span: Span) -> Option<Expr> {
        let op = binary.op()?;
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(cx, binary, op, span),
            BinaryOp::Add => self.arithmetic(cx, binary, Arithmetic::Add, span),
            BinaryOp::Subtract => self.arithmetic(cx, binary, Arithmetic::Subtract, span),
            BinaryOp::Multiply => self.arithmetic(cx, binary, Arithmetic::Multiply, span),
            BinaryOp::Divide => self.arithmetic(cx, binary, Arithmetic::Divide, span),
            _ => self.comparison(cx, binary, op, span),
        }
    }

    fn prefix(&mut self, cx: Cx<'_>, prefix: &ast::PrefixExpr, span: Span) -> Option<Expr> {
        let value = prefix.value()?;
        match prefix.op()? {
            PrefixOp::Not => {
                let inner = self.truth(cx, &value)?;
                Some(truth(ExprKind::Not(Box::new(inner)), span))
            }
            PrefixOp::Negate => {
                let inner = self.expr(cx, &value)?;
                self.negate(inner, span)
            }
        }
    }

    fn negate(&mut self, inner: Expr, span: Span) -> Option<Expr> {
        let (ty, presence) = (inner.ty.ty.clone(), inner.ty.presence);
        match (&inner.kind, &ty) {
            (ExprKind::Constant(Constant::Number(number)), _) => {
                Some(constant(Constant::Number(-*number), Scalar::Number, span))
            }
            (ExprKind::Constant(Constant::Duration(length)), _) => {
                let negative = super::fixed::minus(*length)?;
                Some(constant(Constant::Duration(negative), Scalar::Duration, span))
            }
            (_, Type::One(Scalar::Number | Scalar::Duration)) => {
                Some(typed(ExprKind::Negate(Box::new(inner)), ty, presence, span))
            }
            _ => {
                let message = format!(
                    "`-` wants a number, and `{}` is {}",
                    self.quote(inner.span),
                    words::what(&inner)
                );
                self.error(
                    codes::WRONG_OPERAND,
                    inner.span,
                    message,
                    "only a number or a duration can be negative",
                )
            }
        }
    }

    fn ago(&mut self, cx: Cx<'_>, ago: &ast::AgoExpr, span: Span) -> Option<Expr> {
        let value = ago.value()?;
        let length = self.value_of(cx, &value, &Type::One(Scalar::Duration), "`ago`")?;
        let now = typed(ExprKind::Now, Type::One(Scalar::Time), Presence::Required, span);
        let presence = length.ty.presence;
        let kind = ExprKind::Arithmetic(Arithmetic::Subtract, Box::new(now), Box::new(length));
        Some(typed(kind, Type::One(Scalar::Time), presence, span))
    }

    fn list(&mut self, cx: Cx<'_>, list: &ast::ListExpr, span: Span) -> Option<Expr> {
        let items: Vec<Option<Expr>> = list.items().map(|item| self.expr(cx, &item)).collect();
        let mut items: Vec<Expr> = items.into_iter().collect::<Option<_>>()?;
        let Some(first) = items.first() else {
            let ty = Type::List(Scalar::Text);
            return Some(typed(ExprKind::List(items), ty, Presence::Required, span));
        };
        let Type::One(scalar) = first.ty.ty.clone() else {
            let at = first.span;
            return self.error(
                codes::BAD_TYPE,
                at,
                "a list cannot hold lists",
                "write one list of all values",
            );
        };
        let first_span = first.span;
        for item in items.iter_mut().skip(1) {
            let same = matches!(&item.ty.ty, Type::One(it) if it.kind() == scalar.kind());
            if !same {
                let message = format!(
                    "the values of a list are of one type, and `{}` is {}",
                    self.quote(item.span),
                    words::what(item)
                );
                let label = format!("this is {}", words::plain(&Type::One(scalar)));
                self.report.push(
                    Diagnostic::error(codes::MIXED_LIST, item.span, message)
                        .also(first_span, label)
                        .help("write all of them as texts, or all as numbers"),
                );
                return None;
            }
        }
        let alike = items.iter().all(|item| item.ty.ty == Type::One(scalar.clone()));
        let scalar =
            if alike || scalar.kind() != onward_bytecode::Kind::Text { scalar } else { Scalar::Text };
        Some(typed(ExprKind::List(items), Type::List(scalar), Presence::Required, span))
    }

    fn object(&mut self, cx: Cx<'_>, object: &ast::ObjectExpr, span: Span) -> Option<Expr> {
        let entries = self.entries(cx, object)?;
        Some(typed(ExprKind::Object(entries), Type::One(Scalar::Json), Presence::Required, span))
    }

    /// The entries of an object, each key once.
    pub(super) fn entries(&mut self, cx: Cx<'_>, object: &ast::ObjectExpr) -> Option<Vec<(Arc<str>, Expr)>> {
        let mut entries: Vec<(Arc<str>, Expr)> = Vec::new();
        let mut whole = true;
        for (key, _, value) in self.keys(cx, object) {
            match value.and_then(|value| self.expr(cx, &value)) {
                Some(value) => entries.push((key, value)),
                None => whole = false,
            }
        }
        whole.then_some(entries)
    }

    /// The keys of an object with the values behind them; a key that stands twice is
    /// reported and left out.
    pub(super) fn keys(
        &mut self,
        cx: Cx<'_>,
        object: &ast::ObjectExpr,
    ) -> Vec<(Arc<str>, Span, Option<ast::Expr>)> {
        let mut found: Vec<(Arc<str>, Span, Option<ast::Expr>)> = Vec::new();
        for entry in object.entries() {
            let Some(key) = entry.key() else { continue };
            let span = cx.origin.span(key.range());
            let text: Arc<str> = match &key {
                ast::Key::Name(name) => name.text().into(),
                ast::Key::Text(literal) => {
                    let Some(text) = crate::plain::plain_text(literal, cx.origin, "a key", self.report)
                    else {
                        continue;
                    };
                    text
                }
            };
            if let Some((_, first, _)) = found.iter().find(|(it, ..)| *it == text) {
                self.report.push(
                    Diagnostic::error(codes::FIELD_TWICE, span, format!("`{text}` stands here twice"))
                        .also(*first, "here first")
                        .help("remove one of them"),
                );
                continue;
            }
            found.push((text, span, entry.value()));
        }
        found
    }

    fn is_set(&mut self, cx: Cx<'_>, is: &ast::IsExpr, span: Span) -> Option<Expr> {
        let value = self.expr(cx, &is.value()?)?;
        let presence = is.presence()?;
        if let ExprKind::Field { of, name } = &value.kind
            && value.ty.presence == Presence::Required
            && !cx.scope.facts.contains(&super::narrow::field_key(*of, name))
        {
            let never = match presence {
                ast::Presence::Set => "so this always holds",
                ast::Presence::Missing => "so this never holds",
            };
            self.report.push(
                Diagnostic::warning(codes::ALWAYS_SET, span, format!("`{name}` is never missing, {never}"))
                    .help(format!(
                        "remove the condition, or declare `{name}` with a `?` if it may be missing"
                    )),
            );
        }
        let set = truth(ExprKind::IsSet(Box::new(value)), span);
        Some(match presence {
            ast::Presence::Set => set,
            ast::Presence::Missing => truth(ExprKind::Not(Box::new(set)), span),
        })
    }

    fn arithmetic(
        &mut self,
        cx: Cx<'_>,
        binary: &ast::BinaryExpr,
        op: Arithmetic,
        span: Span,
    ) -> Option<Expr> {
        let left = binary.left().map(|it| self.expr(cx, &it));
        let right = binary.right().map(|it| self.expr(cx, &it));
        let (left, right) = (left??, right??);
        self.calculate(op, left, right, span)
    }

    /// `left op right`, if that makes sense.
    pub(super) fn calculate(&mut self, op: Arithmetic, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        use Arithmetic::{Add, Divide, Multiply, Subtract};
        use Scalar::{Date, Duration, Number, Text, Time};
        let (Type::One(a), Type::One(b)) = (&left.ty.ty, &right.ty.ty) else {
            return self.cannot_calculate(op, &left, &right, span);
        };
        let text = |it: &Scalar| it.kind() == onward_bytecode::Kind::Text;
        let result = match (op, a, b) {
            (_, Number, Number) => Number,
            (Add | Subtract, Duration, Duration) => Duration,
            (Multiply, Duration, Number) => Duration,
            (Multiply, Number, Duration) => return self.calculate(op, right, left, span),
            (Add, Duration, Date | Time) => return self.calculate(op, right, left, span),
            (Add | Subtract, Time, Duration) => Time,
            (Subtract, Date, Date) | (Subtract, Time, Time) => Duration,
            (Subtract, Date, Time) => return self.calculate(op, start_of(left), right, span),
            (Subtract, Time, Date) => return self.calculate(op, left, start_of(right), span),
            (Add | Subtract, Date, Duration) if is_whole_days(&right) => Date,
            (Add | Subtract, Date, Duration) => return self.calculate(op, start_of(left), right, span),
            (Add, a, b) if text(a) && text(b) => Text,
            (_, Scalar::Json, Number) => {
                let left = super::convert::read_as(left, &Type::One(Number));
                return self.calculate(op, left, right, span);
            }
            (_, Number, Scalar::Json) => {
                let right = super::convert::read_as(right, &Type::One(Number));
                return self.calculate(op, left, right, span);
            }
            _ => return self.cannot_calculate(op, &left, &right, span),
        };
        let presence = match op {
            Divide => Presence::Optional,
            _ => either(left.ty.presence, right.ty.presence),
        };
        if op == Divide && matches!(&right.kind, ExprKind::Constant(Constant::Number(it)) if it.is_zero()) {
            let at = right.span;
            return self.error(
                codes::WRONG_OPERAND,
                at,
                "nothing can be divided by zero",
                "divide by another number",
            );
        }
        let kind = ExprKind::Arithmetic(op, Box::new(left), Box::new(right));
        Some(typed(kind, Type::One(result), presence, span))
    }

    fn cannot_calculate(&mut self, op: Arithmetic, left: &Expr, right: &Expr, span: Span) -> Option<Expr> {
        let sign = match op {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
        };
        let message =
            format!("`{sign}` does not work between {} and {}", words::what(left), words::what(right));
        let mut diagnostic = Diagnostic::error(codes::WRONG_OPERAND, span, message)
            .also(left.span, format!("this is {}", words::what(left)))
            .also(right.span, format!("this is {}", words::what(right)));
        let number = |it: &Expr| it.ty.ty == Type::One(Scalar::Number);
        let moment =
            |it: &Expr| matches!(it.ty.ty, Type::One(Scalar::Date | Scalar::Time | Scalar::Duration));
        diagnostic = if moment(left) && number(right) && matches!(op, Arithmetic::Add | Arithmetic::Subtract)
        {
            let days = format!("{} days", self.quote(right.span));
            let literal = matches!(right.kind, ExprKind::Constant(_));
            let fixed = if literal {
                diagnostic.clone().replace(right.span, &*days, Applicability::Unsure)
            } else {
                diagnostic
            };
            fixed.help(format!("say of what: `{days}`"))
        } else if op == Arithmetic::Add {
            diagnostic.help("to join texts and other values, write a text with holes: `\"{{ a }} {{ b }}\"`")
        } else {
            diagnostic.help("numbers go with numbers; a date or moment with a duration such as `2 days`")
        };
        self.report.push(diagnostic);
        None
    }
}

/// Whether a length is made of days and months only, as far as the text says.
fn is_whole_days(length: &Expr) -> bool {
    matches!(&length.kind, ExprKind::Constant(Constant::Duration(length)) if length.millis == 0)
}

/// A constant of a type.
pub(super) fn constant(constant: Constant, scalar: Scalar, span: Span) -> Expr {
    typed(ExprKind::Constant(constant), Type::One(scalar), Presence::Required, span)
}

/// A truth value.
pub(super) fn truth(kind: ExprKind, span: Span) -> Expr {
    typed(kind, Type::One(Scalar::Bool), Presence::Required, span)
}

/// The moment at which a date begins.
pub(super) fn start_of(date: Expr) -> Expr {
    let (presence, span) = (date.ty.presence, date.span);
    typed(ExprKind::StartOf(Box::new(date)), Type::One(Scalar::Time), presence, span)
}
