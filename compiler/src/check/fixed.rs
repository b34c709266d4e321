//! Values that must be known when a project is compiled: times of day, lengths,
//! shares, counts, days of the week, windows of time.
//!
//! It must not know which clause wants them.

use jiff::civil::Time;
use onward_bytecode::{Constant, Length, Scalar, Type, Weekdays};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Checker, Cx};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Arithmetic, Expr, ExprKind, Window};
use crate::syntax::ast::{self, AstNode as _, DaySet, Origin};

/// What a window of time is made of.
pub(super) struct WindowParts {
    pub(super) from: Option<ast::Expr>,
    pub(super) to: Option<ast::Expr>,
    pub(super) days: Option<ast::Days>,
    pub(super) zone: Option<ast::Expr>,
}

impl Checker<'_> {
    /// A time of day that never changes.
    pub(super) fn fixed_clock(&mut self, cx: Cx<'_>, value: &ast::Expr, role: &str) -> Option<Time> {
        let value = self.value_of(cx, value, &Type::One(Scalar::Clock), role)?;
        match value.kind {
            ExprKind::Constant(Constant::Clock(clock)) => Some(clock),
            _ => {
                let message = format!(
                    "{role} wants a time of day that is always the same, and `{}` may change",
                    self.quote(value.span)
                );
                self.error(codes::NOT_FIXED, value.span, message, "write it out, as in `09:00`")
            }
        }
    }

    /// A length of time, longer than nothing.
    pub(super) fn fixed_length(
        &mut self,
        cx: Cx<'_>,
        value: Option<ast::DurationExpr>,
        role: &str,
    ) -> Option<Length> {
        let value = self.duration(cx, &value?)?;
        let value = self.longer_than_nothing(value, role)?;
        match value.kind {
            ExprKind::Constant(Constant::Duration(length)) => Some(length),
            _ => None,
        }
    }

    /// A share of 10,000: a percentage of more than nothing and not more than all.
    pub(super) fn share(&mut self, number: &ast::NumberExpr, origin: Origin, role: &str) -> Option<u16> {
        let span = number.span(origin);
        let percent = self.decimal(number, span)?;
        let share = percent.checked_mul(Decimal::ONE_HUNDRED)?;
        let whole = share.fract().is_zero().then(|| share.to_u16()).flatten();
        if let Some(share) = whole.filter(|it| (1..=10_000).contains(it)) {
            return Some(share);
        }
        let message = format!("{role} cannot be {percent} %");
        let help = if share.fract().is_zero() {
            "a share is more than 0 % and at most 100 %"
        } else {
            "a share has at most two digits after its point"
        };
        self.error(codes::BAD_SHARE, span, message, help)
    }

    fn decimal(&mut self, number: &ast::NumberExpr, span: Span) -> Option<Decimal> {
        match self.number(number, span)?.kind {
            ExprKind::Constant(Constant::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// A whole number from 1 to `most`.
    pub(super) fn whole_number(
        &mut self,
        number: &ast::NumberExpr,
        origin: Origin,
        most: u32,
        role: &str,
    ) -> Option<u32> {
        let span = number.span(origin);
        let written = self.decimal(number, span)?;
        let whole = written.fract().is_zero().then(|| written.to_u32()).flatten();
        if let Some(count) = whole.filter(|it| (1..=most).contains(it)) {
            return Some(count);
        }
        let message = format!("{role} cannot be `{}`", self.quote(span));
        self.error(codes::BAD_COUNT, span, message, format!("write a whole number from 1 to {most}"))
    }

    /// The days of the week that are named.
    pub(super) fn days(&mut self, days: &ast::Days, origin: Origin) -> Option<Weekdays> {
        match days.set() {
            DaySet::Weekdays => Some(Weekdays::WORK),
            DaySet::Weekends => Some(Weekdays::END),
            DaySet::Some(names) => self.weekdays(&names, origin),
        }
    }

    /// A set of days, each named once.
    pub(super) fn weekdays(&mut self, names: &[ast::WeekdayName], origin: Origin) -> Option<Weekdays> {
        let mut set = 0_u8;
        let mut first: [Option<Span>; 7] = [None; 7];
        let mut whole = true;
        for name in names {
            let (day, span) = (name.day()?, name.span(origin));
            let seen = first.get_mut(day as usize)?;
            if let Some(before) = *seen {
                whole = false;
                let message = format!("`{}` stands here twice", self.quote(span));
                self.report.push(
                    Diagnostic::error(codes::BAD_SET, span, message)
                        .also(before, "here first")
                        .help("remove one of them"),
                );
            }
            *seen = Some(span);
            set |= 1 << day as u8;
        }
        (whole && set != 0).then_some(Weekdays(set))
    }

    /// A window of time; `role` is whose it is.
    pub(super) fn window(
        &mut self,
        cx: Cx<'_>,
        parts: &WindowParts,
        span: Span,
        role: &str,
    ) -> Option<Window> {
        let from = parts.from.as_ref().and_then(|it| self.fixed_clock(cx, it, role));
        let to = parts.to.as_ref().and_then(|it| self.fixed_clock(cx, it, role));
        let days = parts.days.as_ref().map(|it| self.days(it, cx.origin));
        let zone = parts.zone.as_ref().map(|it| self.zone(cx, it));
        let days = super::trigger::flip(days)?.unwrap_or(Weekdays::ALL);
        let zone = super::trigger::flip(zone)?;
        let (from, to) = (from?, to?);
        if from == to {
            let message = format!("{role} ends when it begins");
            let help =
                "write two times of day that differ; one that ends before it begins goes on over midnight";
            return self.error(codes::NO_TIME, span, message, help);
        }
        Some(Window { from, to, days, zone, span })
    }

    /// The name of a time zone.
    fn zone(&mut self, cx: Cx<'_>, zone: &ast::Expr) -> Option<Expr> {
        let value = self.expr(cx, zone)?;
        if let ExprKind::Constant(Constant::Text(text)) = &value.kind
            && !crate::shape::is_timezone(text)
        {
            let message = format!("`{text}` is not the name of a time zone");
            let help = "use a name such as `\"Europe/Berlin\"`, or an attribute such as `contact.timezone`";
            return self.error(codes::BAD_TEXT, value.span, message, help);
        }
        self.fit(value, &Type::One(Scalar::Timezone), "`in`")
    }
}

/// The length that `value` is, if it is made of fixed ones.
pub(super) fn length_of(value: &Expr) -> Option<Length> {
    match &value.kind {
        ExprKind::Constant(Constant::Duration(length)) => Some(*length),
        ExprKind::Negate(inner) => minus(length_of(inner)?),
        ExprKind::Arithmetic(op @ (Arithmetic::Add | Arithmetic::Subtract), a, b) => {
            let (a, b) = (length_of(a)?, length_of(b)?);
            plus(a, if *op == Arithmetic::Add { b } else { minus(b)? })
        }
        _ => None,
    }
}

/// `length` the other way.
pub(super) fn minus(length: Length) -> Option<Length> {
    Some(Length {
        months: length.months.checked_neg()?,
        days: length.days.checked_neg()?,
        millis: length.millis.checked_neg()?,
    })
}

fn plus(a: Length, b: Length) -> Option<Length> {
    Some(Length {
        months: a.months.checked_add(b.months)?,
        days: a.days.checked_add(b.days)?,
        millis: a.millis.checked_add(b.millis)?,
    })
}
