//! Sums of numbers, dates and lengths of time. What is out of range is missing.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, civil::Date};
use onward_bytecode::{Length, Value};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::civil::{self, Moment};

/// `a + b` of anything but texts and moments.
pub(super) fn add(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_add(*b).map(Value::Number),
        (Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
        (Value::Date(a), Value::Duration(b)) => civil::shift_date(*a, *b).map(Value::Date),
        _ => None,
    }
}

/// `a - b` of anything but a moment and a length.
pub(super) fn subtract(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_sub(*b).map(Value::Number),
        (Value::Duration(a), Value::Duration(b)) => a.checked_add(b.checked_neg()?).map(Value::Duration),
        (Value::Date(a), Value::Duration(b)) => civil::shift_date(*a, b.checked_neg()?).map(Value::Date),
        (Value::Date(a), Value::Date(b)) => days_between(*b, *a).map(Value::Duration),
        (Value::Time(a), Value::Time(b)) => time_between(*b, *a).map(Value::Duration),
        _ => None,
    }
}

/// A moment moved by a length.
pub(super) fn shift(from: &Value, length: &Value, zone: &TimeZone) -> Option<Moment> {
    match (from, length) {
        (Value::Time(from), Value::Duration(length)) => civil::shift(*from, *length, zone),
        _ => None,
    }
}

fn days_between(from: Date, to: Date) -> Option<Length> {
    let days = from.until((Unit::Day, to)).ok()?.get_days();
    Some(Length { months: 0, days, millis: 0 })
}

fn time_between(from: Timestamp, to: Timestamp) -> Option<Length> {
    let millis = to.as_millisecond().checked_sub(from.as_millisecond())?;
    Some(Length { months: 0, days: 0, millis })
}

/// `a * b`.
pub(super) fn multiply(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_mul(*b).map(Value::Number),
        (Value::Duration(a), Value::Number(b)) => stretch(*a, *b).map(Value::Duration),
        _ => None,
    }
}

/// A length so many times. Months must come out whole; parts of a day become elapsed time.
fn stretch(length: Length, times: Decimal) -> Option<Length> {
    let months = Decimal::from(length.months).checked_mul(times)?;
    let days = Decimal::from(length.days).checked_mul(times)?;
    let rest = days.fract().checked_mul(Decimal::from(86_400_000))?;
    let millis = Decimal::from(length.millis).checked_mul(times)?.checked_add(rest)?;
    if !months.fract().is_zero() {
        return None;
    }
    Some(Length { months: months.to_i32()?, days: days.trunc().to_i32()?, millis: millis.round().to_i64()? })
}

/// `a / b`; by zero is nothing.
pub(super) fn divide(a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.checked_div(*b).map(Value::Number),
        _ => None,
    }
}

/// `-a`.
pub(super) fn negate(a: &Value) -> Option<Value> {
    match a {
        Value::Number(a) => Some(Value::Number(-*a)),
        Value::Duration(a) => a.checked_neg().map(Value::Duration),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn length(months: i32, days: i32, millis: i64) -> Value {
        Value::Duration(Length { months, days, millis })
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(add(&number("0.1"), &number("0.2")), Some(number("0.3")));
        assert_eq!(multiply(&number("19.90"), &number("3")), Some(number("59.7")));
        assert_eq!(divide(&number("1"), &number("0")), None);
        assert_eq!(divide(&number("1"), &number("8")), Some(number("0.125")));
        assert_eq!(add(&Value::Number(Decimal::MAX), &Value::Number(Decimal::MAX)), None);
    }

    #[test]
    fn lengths_stretch() {
        assert_eq!(multiply(&length(1, 1, 1000), &number("2")), Some(length(2, 2, 2000)));
        assert_eq!(multiply(&length(0, 1, 0), &number("1.5")), Some(length(0, 1, 43_200_000)));
        assert_eq!(multiply(&length(1, 0, 0), &number("1.5")), None);
        assert_eq!(multiply(&length(0, 0, i64::MAX), &number("2")), None);
    }

    #[test]
    fn dates_differ_by_days() {
        let date = |text: &str| Value::Date(text.parse().unwrap());
        assert_eq!(subtract(&date("2026-03-01"), &date("2026-02-01")), Some(length(0, 28, 0)));
        assert_eq!(subtract(&date("2026-03-01"), &length(1, 0, 0)), Some(date("2026-02-01")));
        assert_eq!(add(&date("2026-01-31"), &length(1, 0, 0)), Some(date("2026-02-28")));
        assert_eq!(add(&date("9999-12-31"), &length(0, 1, 0)), None);
    }
}
