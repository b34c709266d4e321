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
    let moved = wall.checked_add(months(length)?).ok()?.checked_add(days(length)?).ok()?;
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
    let elapsed = Span::new().try_days(length.millis.div_euclid(DAY)).ok()?;
    from.checked_add(months(length)?).ok()?.checked_add(days(length)?).ok()?.checked_add(elapsed).ok()
}

// One span has one sign; a length may have months ahead and days back.
fn months(length: Length) -> Option<Span> {
    Span::new().try_months(length.months).ok()
}

fn days(length: Length) -> Option<Span> {
    Span::new().try_days(length.days).ok()
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

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 24] = [
        "UTC",
        "America/New_York",
        "America/Los_Angeles",
        "America/Sao_Paulo",
        "America/St_Johns",
        "America/Havana",
        "America/Caracas",
        "Europe/London",
        "Europe/Dublin",
        "Europe/Berlin",
        "Asia/Tokyo",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Asia/Beirut",
        "Asia/Gaza",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Australia/Adelaide",
        "Pacific/Apia",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "Antarctica/Troll",
    ];

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn only_days(days: i32) -> Length {
        Length { months: 0, days, millis: 0 }
    }

    fn at(found: Option<Moment>) -> Timestamp {
        found.unwrap().at
    }

    #[test]
    fn a_skipped_time_is_the_next_that_exists() {
        let new_york = zone("America/New_York");
        let resolve = |wall: DateTime, zone: &TimeZone| resolve(wall, zone).unwrap();
        assert_eq!(resolve(date(2026, 3, 8).at(2, 30, 0, 0), &new_york), moment("2026-03-08T03:00:00-04:00"));
        assert_eq!(resolve(date(2026, 3, 8).at(2, 0, 0, 0), &new_york), moment("2026-03-08T03:00:00-04:00"));
        assert_eq!(
            resolve(date(2026, 3, 8).at(1, 59, 59, 0), &new_york),
            moment("2026-03-08T01:59:59-05:00")
        );
        // Half an hour is skipped.
        let lord_howe = zone("Australia/Lord_Howe");
        assert_eq!(
            resolve(date(2026, 10, 4).at(2, 10, 0, 0), &lord_howe),
            moment("2026-10-04T02:30:00+11:00")
        );
        // A whole day is skipped.
        let apia = zone("Pacific/Apia");
        assert_eq!(resolve(date(2011, 12, 30).at(9, 0, 0, 0), &apia), moment("2011-12-31T00:00:00+14:00"));
        // Midnight is skipped.
        let havana = zone("America/Havana");
        assert_eq!(at(start_of(date(2026, 3, 8), &havana)), moment("2026-03-08T01:00:00-04:00"));
    }

    #[test]
    fn a_doubled_time_is_the_first() {
        let new_york = zone("America/New_York");
        let wall = date(2026, 11, 1).at(1, 30, 0, 0);
        assert_eq!(resolve(wall, &new_york), Some(moment("2026-11-01T01:30:00-04:00")));
        // A clock that shows it for the second time goes on to tomorrow.
        let second = moment("2026-11-01T01:30:00-05:00");
        assert_eq!(at(next_clock(second, time(1, 30, 0, 0), &new_york)), moment("2026-11-02T01:30:00-05:00"));
        let stays = Length { months: 1, days: -30, millis: 0 };
        assert_eq!(at(shift(second, stays, &new_york)), second);
    }

    #[test]
    fn a_day_is_not_24_hours() {
        let new_york = zone("America/New_York");
        let saturday = moment("2026-03-07T20:00:00-05:00");
        assert_eq!(at(shift(saturday, only_days(1), &new_york)), moment("2026-03-08T20:00:00-04:00"));
        let day = Length { months: 0, days: 0, millis: 24 * 3_600_000 };
        assert_eq!(
            shift(saturday, day, &new_york),
            Some(Moment { at: moment("2026-03-08T21:00:00-04:00"), wall: None })
        );
        assert_eq!(
            at(next_clock(saturday, time(9, 0, 0, 0), &new_york)),
            moment("2026-03-08T09:00:00-04:00")
        );
    }

    #[test]
    fn months_end_where_the_month_ends() {
        let length = Length { months: 1, days: 0, millis: 0 };
        let tokyo = zone("Asia/Tokyo");
        assert_eq!(
            at(shift(moment("2026-01-31T09:00:00+09:00"), length, &tokyo)),
            moment("2026-02-28T09:00:00+09:00")
        );
        assert_eq!(
            at(shift(moment("2028-02-29T09:00:00+09:00"), Length { months: 12, ..length }, &tokyo)),
            moment("2029-02-28T09:00:00+09:00")
        );
    }

    #[test]
    fn weekdays() {
        let tokyo = zone("Asia/Tokyo");
        let seven = time(7, 0, 0, 0);
        // In Tokyo it is Monday, 07:30.
        let now = moment("2026-03-08T22:30:00Z");
        assert_eq!(
            at(next_weekday(now, Weekday::Monday, seven, &tokyo)),
            moment("2026-03-16T07:00:00+09:00")
        );
        let now = moment("2026-03-08T21:30:00Z");
        assert_eq!(
            at(next_weekday(now, Weekday::Monday, seven, &tokyo)),
            moment("2026-03-09T07:00:00+09:00")
        );
        let now = moment("2026-03-08T22:00:00Z");
        assert_eq!(
            at(next_weekday(now, Weekday::Monday, seven, &tokyo)),
            moment("2026-03-16T07:00:00+09:00")
        );
        let angeles = zone("America/Los_Angeles");
        let now = moment("2026-03-07T20:00:00-08:00");
        assert_eq!(
            at(next_weekday(now, Weekday::Friday, time(18, 0, 0, 0), &angeles)),
            moment("2026-03-13T18:00:00-07:00")
        );
    }

    #[test]
    fn beyond_the_years_there_is_nothing() {
        let far = Timestamp::MAX;
        assert_eq!(shift(far, only_days(1), &TimeZone::UTC), None);
        assert_eq!(shift(far, only_days(i32::MAX), &TimeZone::UTC), None);
        assert_eq!(shift(far, Length { months: i32::MIN, days: 0, millis: i64::MIN }, &TimeZone::UTC), None);
        assert_eq!(shift_date(Date::MAX, only_days(1)), None);
        assert_eq!(next_clock(far, Time::midnight(), &TimeZone::UTC), None);
        assert_eq!(next_weekday(far, Weekday::Monday, Time::midnight(), &TimeZone::UTC), None);
        assert_eq!(resolve(DateTime::MAX, &zone("America/New_York")), None);
    }

    prop_compose! {
        /// A moment from 1995 to 2045, a third of them within a day of a clock change.
        fn moments()(name in prop::sample::select(&ZONES[..]), second in 788_918_400_i64..2_366_841_600, near in 0_i64..3, off in -86_400_i64..86_400)
            -> (&'static str, Timestamp) {
            let at = Timestamp::from_second(second).unwrap();
            let zone = zone(name);
            let change = zone.following(at).next().filter(|_| near == 0);
            (name, change.map_or(at, |change| change.timestamp() + off.seconds()))
        }
    }

    prop_compose! {
        fn clocks()(minute in 0_i8..60, hour in 0_i8..24, second in prop::sample::select(&[0_i8, 0, 0, 59][..])) -> Time {
            time(hour, minute, second, 0)
        }
    }

    /// The clock shows `wall`, or has just jumped over it.
    fn shows(at: Timestamp, wall: DateTime, zone: &TimeZone) -> bool {
        let before = zone.to_datetime(at - 1.nanosecond());
        zone.to_datetime(at) == wall || (before < wall && wall < zone.to_datetime(at))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn resolve_is_right((name, near) in moments(), clock in clocks()) {
            let zone = zone(name);
            let wall = zone.to_datetime(near).date().to_datetime(clock);
            let at = resolve(wall, &zone).unwrap();
            prop_assert!(shows(at, wall, &zone));
            if zone.to_datetime(at) == wall {
                prop_assert_eq!(at, zone.to_timestamp(wall).unwrap());
            }
        }

        #[test]
        fn the_next_clock_is_after_now_and_the_first((name, now) in moments(), clock in clocks()) {
            let zone = zone(name);
            let found = next_clock(now, clock, &zone).unwrap();
            let wall = found.wall.unwrap();
            prop_assert!(found.at > now);
            prop_assert_eq!(wall.time(), clock);
            prop_assert!(shows(found.at, wall, &zone));
            let before = at_wall(wall.date().yesterday().unwrap(), clock, &zone);
            prop_assert!(before <= now);
        }

        #[test]
        fn the_next_weekday_is_within_eight_days((name, now) in moments(), clock in clocks(), day in 1_i8..=7) {
            let zone = zone(name);
            let weekday = Weekday::from_monday_one_offset(day).unwrap();
            let found = next_weekday(now, weekday, clock, &zone).unwrap();
            let wall = found.wall.unwrap();
            prop_assert!(found.at > now);
            prop_assert_eq!((wall.time(), wall.weekday()), (clock, weekday));
            prop_assert!(shows(found.at, wall, &zone));
            prop_assert!(at_wall(wall.date() - 7.days(), clock, &zone) <= now);
        }

        #[test]
        fn civil_lengths_move_the_wall_clock((name, now) in moments(), months in 0_i32..30, days in 0_i32..60, millis in 0_i64..200_000_000) {
            let zone = zone(name);
            let found = shift(now, Length { months, days, millis: 0 }, &zone).unwrap();
            prop_assert!(found.at >= now);
            let wall = zone.to_datetime(now) + months.months() + days.days();
            if months + days > 0 {
                prop_assert_eq!(found.wall, Some(wall));
                prop_assert!(shows(found.at, wall, &zone));
            }
            let later = shift(now, Length { months, days, millis }, &zone).unwrap();
            prop_assert_eq!(later.at, found.at + millis.milliseconds());
        }

        #[test]
        fn never_panics(at in any::<i64>(), months in any::<i32>(), days in any::<i32>(), millis in any::<i64>(), n in 0_usize..24) {
            let zone = zone(ZONES[n]);
            let (first, last) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
            let now = Timestamp::from_millisecond(at.clamp(first, last - 1000)).unwrap();
            let length = Length { months, days, millis };
            let _ = shift(now, length, &zone);
            let _ = shift_date(zone.to_datetime(now).date(), length);
            let _ = next_clock(now, Time::MAX, &zone);
            let _ = next_weekday(now, Weekday::Sunday, Time::MIN, &zone);
        }
    }

    fn at_wall(date: Date, clock: Time, zone: &TimeZone) -> Timestamp {
        resolve(date.to_datetime(clock), zone).unwrap()
    }
}
