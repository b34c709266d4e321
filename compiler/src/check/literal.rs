//! Literals: numbers, durations, dates and times of day.
//!
//! The parser knows their shape; whether there is such a day or so large a number
//! is found here. It must not know what they are for.

use onward_bytecode::{Constant, Length, Presence, Scalar, Type};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::expression::constant;
use super::{Checker, Cx, typed};
use crate::codes;
use crate::diagnostic::Span;
use crate::hir::{Expr, ExprKind};
use crate::shape;
use crate::syntax::ast::{self, AstNode as _, Unit};

/// The longest duration: a thousand years, in months, days and milliseconds.
const MOST: Length = Length { months: 12_000, days: 365_243, millis: 365_243 * 86_400_000 };

impl Checker<'_> {
    pub(super) fn number(&mut self, number: &ast::NumberExpr, span: Span) -> Option<Expr> {
        match Decimal::from_str_exact(&number.digits()) {
            Ok(value) => Some(constant(Constant::Number(value.normalize()), Scalar::Number, span)),
            Err(_) => self.error(
                codes::TOO_LARGE,
                span,
                format!("`{}` has too many digits", self.quote(span)),
                "a number has at most 28 digits",
            ),
        }
    }

    pub(super) fn duration(&mut self, cx: Cx<'_>, duration: &ast::DurationExpr) -> Option<Expr> {
        let span = cx.span(duration);
        let mut sum = Length::default();
        for part in duration.parts() {
            let length = self.duration_part(&part, cx.origin.span(part.range()))?;
            let Some(more) = add(sum, length) else { return self.too_long(span) };
            sum = more;
        }
        Some(constant(Constant::Duration(sum), Scalar::Duration, span))
    }

    fn duration_part(&mut self, part: &ast::DurationPart, span: Span) -> Option<Length> {
        let unit = part.unit()?;
        let Ok(number) = Decimal::from_str_exact(&part.digits()) else { return self.too_long(span) };
        let (months, days, millis) = match unit {
            Unit::Second => (0, 0, 1000),
            Unit::Minute => (0, 0, 60_000),
            Unit::Hour => (0, 0, 3_600_000),
            Unit::Day => (0, 1, 0),
            Unit::Week => (0, 7, 0),
            Unit::Month => (1, 0, 0),
            Unit::Year => (12, 0, 0),
        };
        let times = |factor: i64| number.checked_mul(Decimal::from(factor));
        let (Some(months), Some(days), Some(millis)) = (times(months), times(days), times(millis)) else {
            return self.too_long(span);
        };
        if !months.fract().is_zero() || !days.fract().is_zero() {
            let message = format!("`{}` does not end at the same time of day", self.quote(span));
            let help = "days, weeks, months and years are counted whole; write the rest in hours, as in `1 day 12 hours`";
            return self.error(codes::NO_SUCH_TIME, span, message, help);
        }
        let length = (months.to_i32(), days.to_i32(), millis.trunc().to_i64());
        let (Some(months), Some(days), Some(millis)) = length else { return self.too_long(span) };
        let length = Length { months, days, millis };
        if within(length) { Some(length) } else { self.too_long(span) }
    }

    fn too_long<T>(&mut self, span: Span) -> Option<T> {
        let message = format!("`{}` is longer than a thousand years", self.quote(span));
        self.error(codes::TOO_LARGE, span, message, "write a shorter duration")
    }

    pub(super) fn date(&mut self, text: &str, span: Span) -> Option<Expr> {
        let Some(date) = shape::spelled(text, &Scalar::Date) else {
            let message = format!("there is no day `{text}`");
            return self.error(
                codes::NO_SUCH_TIME,
                span,
                message,
                "a date is written year-month-day, as in `2026-03-07`",
            );
        };
        Some(constant(date, Scalar::Date, span))
    }

    pub(super) fn clock(&mut self, text: &str, span: Span) -> Option<Expr> {
        let padded = if text.find(':') == Some(1) { format!("0{text}") } else { text.to_owned() };
        let Some(clock) = shape::spelled(&padded, &Scalar::Clock) else {
            let message = format!("there is no time of day `{text}`");
            return self.error(codes::NO_SUCH_TIME, span, message, "times go from `00:00` to `23:59`");
        };
        Some(constant(clock, Scalar::Clock, span))
    }

    pub(super) fn date_time(&mut self, moment: &ast::DateTimeExpr, span: Span) -> Option<Expr> {
        let date = self.date(&moment.date_text(), span)?;
        let clock = self.clock(&moment.time_text(), span)?;
        let kind = ExprKind::At(Box::new(date), Box::new(clock));
        Some(typed(kind, Type::One(Scalar::Time), Presence::Required, span))
    }
}

fn add(a: Length, b: Length) -> Option<Length> {
    let sum = Length {
        months: a.months.checked_add(b.months)?,
        days: a.days.checked_add(b.days)?,
        millis: a.millis.checked_add(b.millis)?,
    };
    within(sum).then_some(sum)
}

fn within(length: Length) -> bool {
    length.months <= MOST.months && length.days <= MOST.days && length.millis <= MOST.millis
}
