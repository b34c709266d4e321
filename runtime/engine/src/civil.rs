//! Civil time: what `1 day`, `at 09:00` and `monday` mean on a clock on the wall.
//!
//! A time that a clock change skips becomes the next that exists, one that occurs
//! twice is the first. It must not know rules or runs, and has no clock: now comes in.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp, ToSpan};
use onward_bytecode::Length;

/// A moment, and the wall-clock time that it was made from, if it follows the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The moment.
    pub at: Timestamp,
    /// The wall-clock time that was asked for.
    pub wall: Option<DateTime>,
}

/// The moment when a clock in `zone` shows `wall`: the first of two, or the next time
/// that exists. `None` beyond the years that can be counted.
#[must_use]
pub fn resolve(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(wall).ok()
        }
        // Read with the offset before the gap, the skipped time lies behind the clock
        // change, with the offset after it before; the change itself is between.
        AmbiguousOffset::Gap { before, after } => {
            let early = after.to_timestamp(wall).ok()?;
            let late = before.to_timestamp(wall).ok()?;
            let change = zone.following(early).next().map(|change| change.timestamp());
            Some(change.filter(|change| *change <= late).unwrap_or(late))
        }
    }
}

/// `from` moved by `length`: months first (clamped to the month's end), then days, both
/// on the wall clock of `zone`, then elapsed time.
#[must_use]
pub fn shift(from: Timestamp, length: Length, zone: &TimeZone) -> Option<Moment> {
    let elapsed = Span::new().try_milliseconds(length.millis).ok()?;
    if !length.is_civil() {
        return Some(Moment { at: from.checked_add(elapsed).ok()?, wall: None });
    }
    let wall = zone.to_datetime(from);
    let moved = wall.checked_add(civil_span(length)?).ok()?;
    // A wall clock that does not move (`P1M-31D`) still shows the same moment, also in a fold.
    let at = if moved == wall { from } else { resolve(moved, zone)? };
    if length.millis == 0 {
        return Some(Moment { at, wall: Some(moved) });
    }
    let at = at.checked_add(elapsed).ok()?;
    Some(Moment { at, wall: Some(zone.to_datetime(at)) })
}

/// A date moved by `length`. Elapsed time counts in whole days of 24 hours.
#[must_use]
pub fn shift_date(from: Date, length: Length) -> Option<Date> {
    const DAY: i64 = 86_400_000;
    let days = Span::new().try_days(length.millis.div_euclid(DAY)).ok()?;
    from.checked_add(civil_span(length)?).ok()?.checked_add(days).ok()
}

fn civil_span(length: Length) -> Option<Span> {
    Span::new().try_months(length.months).ok()?.try_days(length.days).ok()
}

/// The moment of `date` at `clock` in `zone`.
#[must_use]
pub fn at(date: Date, clock: Time, zone: &TimeZone) -> Option<Moment> {
    let wall = date.to_datetime(clock);
    Some(Moment { at: resolve(wall, zone)?, wall: Some(wall) })
}

/// The next moment after `now` when a clock in `zone` shows `clock`.
#[must_use]
pub fn next_clock(now: Timestamp, clock: Time, zone: &TimeZone) -> Option<Moment> {
    first_after(now, zone.to_datetime(now).date(), 1, clock, zone)
}

/// The next moment after `now` on `weekday` when a clock in `zone` shows `clock`.
#[must_use]
pub fn next_weekday(now: Timestamp, weekday: Weekday, clock: Time, zone: &TimeZone) -> Option<Moment> {
    let today = zone.to_datetime(now).date();
    let ahead = i64::from(today.weekday().until(weekday));
    first_after(now, today.checked_add(ahead.days()).ok()?, 7, clock, zone)
}

/// The first moment after `now` at `clock` of `date` or every `step` days later. More
/// than one step is needed only where a zone left out a whole day.
fn first_after(now: Timestamp, date: Date, step: i64, clock: Time, zone: &TimeZone) -> Option<Moment> {
    (0..=3).find_map(|n| {
        let date = date.checked_add((n * step).days()).ok()?;
        at(date, clock, zone).filter(|moment| moment.at > now)
    })
}

/// The first moment of `date` in `zone`.
#[must_use]
pub fn start_of(date: Date, zone: &TimeZone) -> Option<Moment> {
    at(date, Time::midnight(), zone)
}
