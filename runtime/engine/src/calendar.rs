//! When dates and schedules come round: in whose zone, the caller says.
//!
//! It must not know rules or entities, and has no clock: now comes in.

use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{Every, Length};

use crate::civil;

/// Whole days that a time of day may lie off another's in any two zones.
const FARTHEST_ZONE: i64 = 14 * 3600;
const NEAREST_ZONE: i64 = -12 * 3600;

/// A date of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    /// A day of the calendar.
    Date(Date),
    /// A moment.
    Moment(Timestamp),
}

impl Day {
    fn date(self, zone: &TimeZone) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Moment(at) => zone.to_datetime(at).date(),
        }
    }
}

/// The moment that is `offset` from a day, at `clock` in `zone`. Without a time of day it is the
/// moment's own, or the start of the date.
#[must_use]
pub fn due(day: Day, offset: Length, clock: Option<Time>, zone: &TimeZone) -> Option<Timestamp> {
    let Some(clock) = clock else {
        return Some(match day {
            Day::Moment(at) => civil::shift(at, offset, zone)?.at,
            Day::Date(date) => {
                let moved = civil::shift_date(date, Length { millis: 0, ..offset })?;
                let elapsed = Length { millis: offset.millis, ..Length::default() };
                civil::shift(civil::start_of(moved, zone)?.at, elapsed, zone)?.at
            }
        });
    };
    Some(civil::at(civil::shift_date(day.date(zone), offset)?, clock, zone)?.at)
}

/// The first moment after `after` at which a day comes round by the year, `offset` from it. Not
/// before the day itself; 29 February falls on 28 February in other years.
#[must_use]
pub fn yearly_after(
    after: Timestamp,
    day: Day,
    offset: Length,
    clock: Option<Time>,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let first = day.date(zone).year();
    let here = zone.to_datetime(after).year();
    // An offset may be longer than a year.
    let years = i64::from(offset.months / 12) + i64::from(offset.days / 365) + 2;
    let from = i64::from(here) - years.abs().max(2);
    let until = i64::from(here) + years.abs().max(2) + 1;
    let from = from.max(i64::from(first));
    (from..=until.max(from)).find_map(|year| {
        yearly(i16::try_from(year).ok()?, day, offset, clock, zone).filter(|due| *due > after)
    })
}

/// The moment in (or, by its offset, near) a year at which a day comes round.
fn yearly(year: i16, day: Day, offset: Length, clock: Option<Time>, zone: &TimeZone) -> Option<Timestamp> {
    let there = match day {
        Day::Date(date) => Day::Date(in_year(date, year)?),
        Day::Moment(at) if clock.is_some() => Day::Date(in_year(zone.to_datetime(at).date(), year)?),
        Day::Moment(at) => {
            let wall = zone.to_datetime(at);
            let moved = in_year(wall.date(), year)?.to_datetime(wall.time());
            // In its own year it is the very moment, also where a clock shows it twice.
            Day::Moment(if moved == wall { at } else { civil::resolve(moved, zone)? })
        }
    };
    due(there, offset, clock, zone)
}

/// A date in another year: 29 February as 28 February if that year has none.
#[must_use]
pub fn in_year(day: Date, year: i16) -> Option<Date> {
    Date::new(year, day.month(), day.day()).ok().or_else(|| Date::new(year, day.month(), 28).ok())
}

/// The first moment after `after` of a schedule in `zone`.
#[must_use]
pub fn next(every: Every, clock: Option<Time>, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let clock = clock.unwrap_or(Time::midnight());
    let today = zone.to_datetime(after).date();
    let on = |day: Date| Some(civil::at(day, clock, zone)?.at).filter(|at| *at > after);
    match every {
        Every::Weekdays(days) => (-1..=8).find_map(|ahead: i64| {
            let day = today.checked_add(ahead.days()).ok()?;
            let number = u8::try_from(day.weekday().to_monday_one_offset()).ok()?;
            on(day).filter(|_| days.has(number))
        }),
        Every::Days(step) => {
            let step = i64::from(step);
            let gone = i64::from((today - MONDAY).get_days());
            let first = gone.checked_div_euclid(step)?;
            (first - 1..=first + 2).find_map(|n| on(MONDAY.checked_add((n * step).days()).ok()?))
        }
        Every::Months(step) => {
            let step = i64::from(step);
            let gone = (i64::from(today.year()) - 1970) * 12 + i64::from(today.month()) - 1;
            let first = gone.checked_div_euclid(step)?;
            (first - 1..=first + 2).find_map(|n| on(first_of_month(n * step)?))
        }
        Every::Millis(step) => {
            let step = i64::try_from(step).ok()?;
            let gone = after.as_millisecond().checked_div_euclid(step)?;
            Timestamp::from_millisecond(gone.checked_add(1)?.checked_mul(step)?).ok()
        }
    }
}

/// Schedules of so many days count from here.
const MONDAY: Date = date(1970, 1, 5);

/// The first day of the month that is so many after January 1970.
fn first_of_month(months: i64) -> Option<Date> {
    let year = i16::try_from(1970 + months.div_euclid(12)).ok()?;
    Date::new(year, i8::try_from(months.rem_euclid(12) + 1).ok()?, 1).ok()
}

/// The moment at which the same day's `clock` comes in another zone: `due` was made from that day
/// in `before`, which is found from `due` itself if nobody knows.
#[must_use]
pub fn moved(due: Timestamp, clock: Time, before: Option<&TimeZone>, zone: &TimeZone) -> Option<Timestamp> {
    let day = match before {
        Some(before) => day_of(due, clock, before)?,
        None => day_of(due, clock, zone).or_else(|| likely_day(due, clock))?,
    };
    Some(civil::at(day, clock, zone)?.at)
}

/// The day whose `clock` in `zone` is `due`. A clock change may have pushed it into the next.
fn day_of(due: Timestamp, clock: Time, zone: &TimeZone) -> Option<Date> {
    let shown = zone.to_datetime(due).date();
    [Some(shown), shown.yesterday().ok()]
        .into_iter()
        .flatten()
        .find(|day| civil::at(*day, clock, zone).is_some_and(|moment| moment.at == due))
}

/// The day whose `clock` is `due` in some zone that there is, the nearest to UTC.
fn likely_day(due: Timestamp, clock: Time) -> Option<Date> {
    let shown = TimeZone::UTC.to_datetime(due).date();
    let days = [Some(shown), shown.yesterday().ok(), shown.tomorrow().ok()].into_iter().flatten();
    let off = |day: &Date| {
        let there = TimeZone::UTC.to_timestamp(day.to_datetime(clock)).ok()?;
        Some(there.as_second() - due.as_second())
    };
    let there = days.filter_map(|day| Some((off(&day)?, day)));
    let there = there.filter(|(off, _)| (NEAREST_ZONE..=FARTHEST_ZONE).contains(off));
    there.min_by_key(|(off, _)| off.abs()).map(|(_, day)| day)
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use onward_bytecode::Weekdays;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn days(days: i32) -> Length {
        Length { days, ..Length::default() }
    }

    const NINE: Option<Time> = Some(time(9, 0, 0, 0));

    #[test]
    fn a_date_has_its_time_of_day_where_the_subject_is() {
        let day = Day::Date(date(2026, 3, 11));
        let new_york = zone("America/New_York");
        assert_eq!(due(day, days(-3), NINE, &new_york), Some(moment("2026-03-08T09:00:00-04:00")));
        assert_eq!(due(day, days(-3), None, &new_york), Some(moment("2026-03-08T00:00:00-05:00")));
        let hours = Length { millis: -2 * 3_600_000, ..Length::default() };
        assert_eq!(due(day, hours, None, &new_york), Some(moment("2026-03-10T22:00:00-04:00")));
        let moment_of = Day::Moment(moment("2026-03-11T01:30:00Z"));
        assert_eq!(due(moment_of, days(-3), None, &new_york), Some(moment("2026-03-07T21:30:00-05:00")));
        assert_eq!(due(moment_of, days(1), NINE, &new_york), Some(moment("2026-03-11T09:00:00-04:00")));
    }

    #[test]
    fn a_birthday_on_29_february_falls_on_the_28th() {
        let born = Day::Date(date(2004, 2, 29));
        let tokyo = zone("Asia/Tokyo");
        let after = |text| yearly_after(moment(text), born, days(0), NINE, &tokyo);
        assert_eq!(after("2026-03-01T00:00:00Z"), Some(moment("2027-02-28T09:00:00+09:00")));
        assert_eq!(after("2027-02-28T00:00:00Z"), Some(moment("2028-02-29T09:00:00+09:00")));
        // On the day itself it does not come round before it has come.
        assert_eq!(after("1999-01-01T00:00:00Z"), Some(moment("2004-02-29T09:00:00+09:00")));
        let week =
            yearly_after(moment("2026-12-01T00:00:00Z"), Day::Date(date(2000, 1, 3)), days(-7), NINE, &tokyo);
        assert_eq!(week, Some(moment("2026-12-27T09:00:00+09:00")));
    }

    #[test]
    fn schedules() {
        let angeles = zone("America/Los_Angeles");
        let friday = Every::Weekdays(Weekdays(1 << 4));
        let six = Some(time(18, 0, 0, 0));
        assert_eq!(
            next(friday, six, moment("2026-03-07T12:00:00-08:00"), &angeles),
            Some(moment("2026-03-13T18:00:00-07:00"))
        );
        assert_eq!(
            next(friday, six, moment("2026-03-13T18:00:00-07:00"), &angeles),
            Some(moment("2026-03-20T18:00:00-07:00"))
        );
        let after = moment("2026-03-07T12:00:00-08:00");
        assert_eq!(next(Every::Days(1), NINE, after, &angeles), Some(moment("2026-03-08T09:00:00-07:00")));
        // 2026-03-09 is a Monday, and an even number of weeks from the first.
        assert_eq!(next(Every::Days(14), NINE, after, &angeles), Some(moment("2026-03-16T09:00:00-07:00")));
        assert_eq!(next(Every::Months(3), NINE, after, &angeles), Some(moment("2026-04-01T09:00:00-07:00")));
        let hours = Every::Millis(6 * 3_600_000);
        assert_eq!(next(hours, None, after, &angeles), Some(moment("2026-03-08T00:00:00Z")));
        assert_eq!(next(Every::Days(0), None, after, &angeles), None);
        assert_eq!(next(Every::Millis(0), None, after, &angeles), None);
        assert_eq!(next(Every::Weekdays(Weekdays(0)), None, after, &angeles), None);
    }

    #[test]
    fn a_day_moves_with_its_zone() {
        let (tokyo, new_york) = (zone("Asia/Tokyo"), zone("America/New_York"));
        let clock = time(9, 0, 0, 0);
        let there = moment("2026-03-11T09:00:00+09:00");
        let here = moment("2026-03-11T09:00:00-04:00");
        assert_eq!(moved(there, clock, Some(&tokyo), &new_york), Some(here));
        assert_eq!(moved(there, clock, None, &new_york), Some(here));
        assert_eq!(moved(here, clock, None, &tokyo), Some(there));
        assert_eq!(moved(here, clock, None, &new_york), Some(here));
    }
}
