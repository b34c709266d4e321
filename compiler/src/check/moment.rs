//! Moments and durations: what a `wait` waits for, and when a task is due.
//!
//! It must not know clocks: a moment is an expression.

use jiff::civil;
use onward_bytecode::{Constant, Scalar, Type};

use super::expression::{constant, start_of};
use super::fixed::{length_of, minus};
use super::{Checker, Cx, either, typed, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Arithmetic, Expr, ExprKind};
use crate::syntax::ast;

impl Checker<'_> {
    /// `friday at 09:00`, `09:00`, a date, a moment.
    pub(super) fn moment(&mut self, cx: Cx<'_>, moment: &ast::Moment) -> Option<Expr> {
        let span = cx.span(moment);
        let clock = match moment.at() {
            Some(at) => Some(self.value_of(cx, &at, &Type::One(Scalar::Clock), "`at`")?),
            None => None,
        };
        if let Some(weekday) = moment.weekday() {
            let number = weekday.day()? as u8 + 1;
            let clock = clock.unwrap_or_else(|| midnight(span));
            let presence = clock.ty.presence;
            let kind = ExprKind::NextWeekday(number, Box::new(clock));
            return Some(typed(kind, Type::One(Scalar::Time), presence, span));
        }
        let value = self.expr(cx, &moment.value()?)?;
        self.not_past(&value, span)?;
        match clock {
            Some(clock) => self.day_at(value, clock, span),
            None => self.as_moment(value, "`until`"),
        }
    }

    /// Refuses a moment that has always passed when it is waited for: `3 days ago`.
    fn not_past(&mut self, value: &Expr, span: Span) -> Option<()> {
        let ExprKind::Arithmetic(op, now, length) = &value.kind else { return Some(()) };
        let far = match op {
            Arithmetic::Add => length_of(length),
            Arithmetic::Subtract => length_of(length).and_then(minus),
            Arithmetic::Multiply | Arithmetic::Divide => None,
        };
        if !matches!(now.kind, ExprKind::Now) || far.is_none_or(|it| it.nominal_millis() > 0) {
            return Some(());
        }
        let source = self.quote(value.span);
        let message = format!("`{source}` has passed whenever this step is reached");
        let help = "wait for a moment that comes: `wait 3 days`, or `wait until contact.trial_ends - 3 days`";
        self.error(codes::NO_TIME, span, message, help)
    }

    fn day_at(&mut self, day: Expr, clock: Expr, span: Span) -> Option<Expr> {
        let day = match day.ty.ty {
            Type::One(Scalar::Date | Scalar::Time) => day,
            Type::One(Scalar::Json) => super::convert::read_as(day, &Type::One(Scalar::Date)),
            _ => return self.misfit(&day, &Type::One(Scalar::Date), "what stands before `at`"),
        };
        let presence = either(day.ty.presence, clock.ty.presence);
        let kind = ExprKind::At(Box::new(day), Box::new(clock));
        Some(typed(kind, Type::One(Scalar::Time), presence, span))
    }

    /// A moment, the start of a date, or the next time that the clock shows a time.
    pub(super) fn as_moment(&mut self, value: Expr, role: &str) -> Option<Expr> {
        let time = Type::One(Scalar::Time);
        match value.ty.ty {
            Type::One(Scalar::Time) => Some(value),
            Type::One(Scalar::Date) => Some(start_of(value)),
            Type::One(Scalar::Json) => Some(super::convert::read_as(value, &time)),
            Type::One(Scalar::Clock) => {
                let (presence, span) = (value.ty.presence, value.span);
                Some(typed(ExprKind::NextClock(Box::new(value)), time, presence, span))
            }
            Type::One(Scalar::Duration) => {
                let source = self.quote(value.span);
                let message = format!("{role} wants a date or a moment, and `{source}` is a duration");
                let help = format!("leave out `until`, or count from something: `now + {source}`");
                self.error(codes::WRONG_TYPE, value.span, message, help)
            }
            _ => self.misfit(&value, &time, role),
        }
    }

    /// A duration that is longer than nothing.
    pub(super) fn length(&mut self, cx: Cx<'_>, expr: &ast::Expr, role: &str) -> Option<Expr> {
        let value = self.expr(cx, expr)?;
        if let (ExprKind::Constant(Constant::Number(_)), ast::Expr::Number(_)) = (&value.kind, expr) {
            return self.no_unit(&value, role);
        }
        if let Type::One(Scalar::Time | Scalar::Date | Scalar::Clock) = value.ty.ty {
            let source = self.quote(value.span);
            let message = format!("{role} wants a duration, and `{source}` is {}", words::what(&value));
            self.report.push(
                Diagnostic::error(codes::WRONG_TYPE, value.span, message)
                    .help(format!("to wait for a moment, write `wait until {source}`"))
                    .replace(value.span, format!("until {source}"), Applicability::Unsure),
            );
            return None;
        }
        let value = self.fit(value, &Type::One(Scalar::Duration), role)?;
        self.longer_than_nothing(value, role)
    }

    fn no_unit(&mut self, value: &Expr, role: &str) -> Option<Expr> {
        let source = self.quote(value.span);
        let message = format!("{role} does not say `{source}` of what");
        let mut diagnostic = Diagnostic::error(crate::syntax::codes::NO_UNIT, value.span, message)
            .help(format!("write `{source} days`, `{source}h` or `{source} minutes`"));
        for unit in ["days", "hours", "minutes"] {
            diagnostic = diagnostic.replace(value.span, format!("{source} {unit}"), Applicability::Unsure);
        }
        self.report.push(diagnostic);
        None
    }

    pub(super) fn longer_than_nothing(&mut self, value: Expr, role: &str) -> Option<Expr> {
        if let Some(length) = length_of(&value)
            && length.nominal_millis() <= 0
        {
            let source = self.quote(value.span);
            let message = format!("{role} is `{source}`, which is no time at all");
            return self.error(
                codes::NO_TIME,
                value.span,
                message,
                "write a duration longer than nothing, or remove it",
            );
        }
        Some(value)
    }
}

fn midnight(span: Span) -> Expr {
    constant(Constant::Clock(civil::Time::midnight()), Scalar::Clock, span)
}
