//! Values that move with time, as sums over now that can be computed again for any
//! moment, and for whole stretches of moments at once.
//!
//! Of a stretch a chain gives bounds: nothing in it is less than `low` or more than
//! `high`. They are exact where the calendar runs evenly, and may be too wide where a
//! clock changes, a month ends or the stretch is long, never too narrow.

use std::rc::Rc;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{Length, Value};
use rust_decimal::Decimal;

use super::{arithmetic, compare};
use crate::civil;

#[cfg(test)]
std::thread_local! {
    /// How often a part of a chain was computed.
    pub(super) static RANGES: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// A value that moves with time. At most one part of it does.
#[derive(Debug)]
pub(super) enum Chain {
    /// Now, a moment.
    Now,
    /// Today, a date.
    Today,
    /// What does not move.
    Fixed(Value),
    /// A moment or a date moved by a length.
    Shift(Link, Length),
    /// A moment's date.
    DateOf(Link),
    /// A moment's time of day.
    ClockOf(Link),
    /// The moment of a date's or a moment's day at a time of day.
    At(Link, Time),
    /// The next moment at a time of day.
    NextClock(Time),
    /// The next moment on a weekday at a time of day.
    NextWeekday(Weekday, Time),
    /// From the second to the first, of moments or dates.
    Difference(Link, Link),
    /// A length and one that does not move.
    Total(Link, Length),
    /// A length so many times.
    Scaled(Link, Decimal),
}

/// A part of a chain.
pub(super) type Link = Rc<Chain>;

/// What a chain is during a stretch of time: nothing less than `low`, nothing more than `high`.
#[derive(Debug, Clone)]
pub(super) struct Range {
    pub(super) low: Value,
    pub(super) high: Value,
}

/// In longer stretches clock changes are not looked for: bounds are wider there.
const EXACT: i64 = 40 * 86_400;

/// No zone was ever further from itself than this: some moved over the date line.
const WIDEST: i64 = 26;

impl Chain {
    /// What it is from `a` to `b`, in milliseconds since 1970. `None` if that cannot be
    /// said; of a single moment, if it has no value then.
    pub(super) fn range(&self, a: i64, b: i64, zone: &TimeZone) -> Option<Range> {
        #[cfg(test)]
        RANGES.with(|count| count.set(count.get() + 1));
        match self {
            Self::Now => times(moment(a)?, moment(b)?),
            Self::Today => dates(days(&times(moment(a)?, moment(b)?)?, zone)?),
            Self::Fixed(value) => (!value.is_missing()).then(|| exact(value.clone())),
            Self::Shift(link, length) => shifted(&link.range(a, b, zone)?, *length, zone),
            Self::DateOf(link) => dates(days(&link.range(a, b, zone)?, zone)?),
            Self::ClockOf(link) => clocks(&link.range(a, b, zone)?, zone),
            Self::At(link, clock) => {
                let (first, last) = days(&link.range(a, b, zone)?, zone)?;
                times(civil::at(first, *clock, zone)?.at, civil::at(last, *clock, zone)?.at)
            }
            Self::NextClock(clock) => times(
                civil::next_clock(moment(a)?, *clock, zone)?.at,
                civil::next_clock(moment(b)?, *clock, zone)?.at,
            ),
            Self::NextWeekday(day, clock) => times(
                civil::next_weekday(moment(a)?, *day, *clock, zone)?.at,
                civil::next_weekday(moment(b)?, *day, *clock, zone)?.at,
            ),
            Self::Difference(to, from) => {
                let (to, from) = (to.range(a, b, zone)?, from.range(a, b, zone)?);
                let low = arithmetic::subtract(&to.low, &from.high)?;
                Some(Range { low, high: arithmetic::subtract(&to.high, &from.low)? })
            }
            Self::Total(link, length) => {
                let Range { low, high } = link.range(a, b, zone)?;
                let more = Value::Duration(*length);
                Some(Range { low: arithmetic::add(&low, &more)?, high: arithmetic::add(&high, &more)? })
            }
            Self::Scaled(link, times) => {
                let Range { low, high } = link.range(a, b, zone)?;
                let times = Value::Number(*times);
                between(arithmetic::multiply(&low, &times)?, arithmetic::multiply(&high, &times)?)
            }
        }
    }

    /// Whether it moves at most from one day to the next.
    pub(super) fn is_daily(&self) -> bool {
        match self {
            Self::Today | Self::Fixed(_) | Self::DateOf(_) | Self::At(..) => true,
            Self::Now | Self::ClockOf(_) | Self::NextClock(_) | Self::NextWeekday(..) => false,
            Self::Shift(link, _) | Self::Total(link, _) | Self::Scaled(link, _) => link.is_daily(),
            Self::Difference(to, from) => to.is_daily() && from.is_daily(),
        }
    }
}

/// The moment so many milliseconds after 1970 began.
pub(super) fn moment(millis: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis).ok()
}

fn exact(value: Value) -> Range {
    Range { low: value.clone(), high: value }
}

fn times(low: Timestamp, high: Timestamp) -> Option<Range> {
    Some(Range { low: Value::Time(low), high: Value::Time(high) })
}

fn dates((low, high): (Date, Date)) -> Option<Range> {
    Some(Range { low: Value::Date(low), high: Value::Date(high) })
}

fn between(one: Value, other: Value) -> Option<Range> {
    let turned = compare::order(&one, &other)?.is_gt();
    Some(if turned { Range { low: other, high: one } } else { Range { low: one, high: other } })
}

/// The first and the last day of a stretch.
fn days(range: &Range, zone: &TimeZone) -> Option<(Date, Date)> {
    match (&range.low, &range.high) {
        (Value::Date(low), Value::Date(high)) => Some((*low, *high)),
        (Value::Time(low), Value::Time(high)) => {
            let (first, last) = walls(*low, *high, zone);
            Some((first.date(), last.date()))
        }
        _ => None,
    }
}

fn clocks(range: &Range, zone: &TimeZone) -> Option<Range> {
    let (Value::Time(low), Value::Time(high)) = (&range.low, &range.high) else { return None };
    let (first, last) = walls(*low, *high, zone);
    Some(if first.date() == last.date() {
        Range { low: Value::Clock(first.time()), high: Value::Clock(last.time()) }
    } else {
        Range { low: Value::Clock(Time::MIN), high: Value::Clock(Time::MAX) }
    })
}

fn shifted(range: &Range, length: Length, zone: &TimeZone) -> Option<Range> {
    match (&range.low, &range.high) {
        (Value::Date(low), Value::Date(high)) => {
            dates((civil::shift_date(*low, length)?, civil::shift_date(*high, length)?))
        }
        (Value::Time(low), Value::Time(high)) if low == high || !length.is_civil() => {
            times(civil::shift(*low, length, zone)?.at, civil::shift(*high, length, zone)?.at)
        }
        (Value::Time(low), Value::Time(high)) => moved(*low, *high, length, zone),
        _ => None,
    }
}

/// Moments moved along the calendar. A day more or less moves every wall-clock time alike;
/// months do so only within one day, since several days may end in the same one.
fn moved(low: Timestamp, high: Timestamp, length: Length, zone: &TimeZone) -> Option<Range> {
    let (mut first, mut last) = walls(low, high, zone);
    if length.months != 0 && first.date() != last.date() {
        first = first.date().to_datetime(Time::MIN);
        last = last.date().to_datetime(Time::MAX);
    }
    let civil = Length { millis: 0, ..length };
    let move_wall = |wall: DateTime| -> Option<Timestamp> {
        civil::resolve(civil::shift_date(wall.date(), civil)?.to_datetime(wall.time()), zone)
    };
    let (mut from, mut to) = (move_wall(first)?, move_wall(last)?);
    // `P1M-31D` may leave the wall clock where it is; the moment stays the same then.
    if stays(length) {
        (from, to) = (from.min(low), to.max(high));
    }
    let elapsed = length.millis.milliseconds();
    times(from.checked_add(elapsed).ok()?, to.checked_add(elapsed).ok()?)
}

/// Whether months one way and days the other may lead back to the same date.
fn stays(length: Length) -> bool {
    let (months, days) = (i64::from(length.months), i64::from(length.days));
    let opposed = months.signum() == -days.signum();
    opposed && (28 * months.abs()..=31 * months.abs()).contains(&days.abs())
}

/// The least and the greatest wall-clock time of a stretch, or bounds of them if it is long.
fn walls(low: Timestamp, high: Timestamp, zone: &TimeZone) -> (DateTime, DateTime) {
    let (start, end) = (zone.to_datetime(low), zone.to_datetime(high));
    if high.as_second().saturating_sub(low.as_second()) > EXACT {
        return (
            start.checked_sub(WIDEST.hours()).unwrap_or(DateTime::MIN),
            end.checked_add(WIDEST.hours()).unwrap_or(DateTime::MAX),
        );
    }
    let (mut first, mut last) = (start.min(end), start.max(end));
    if low == high {
        return (first, last);
    }
    let changes = zone.following(low).map(|change| change.timestamp());
    for at in changes.take_while(|at| *at <= high) {
        first = first.min(zone.to_datetime(at));
        let before = at.checked_sub(1.nanosecond()).unwrap_or(at);
        last = last.max(zone.to_datetime(before));
    }
    (first, last)
}
