//! Civil time over the whole time zone database: random moments from a seeded generator, half of
//! them near a clock change.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test stops at what it does not expect"
)]

use jiff::civil::{Date, DateTime, Time, Weekday, date, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{Every, Length, Weekdays};
use onward_engine::calendar::{self, Day};
use onward_engine::civil;
use onward_engine::window::{Stretch, next_allowed};

/// Moments looked at in each zone.
const MOMENTS: usize = 12;

/// A generator of numbers (xorshift64*), the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: i64) -> i64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        i64::try_from(number).unwrap() % below
    }

    fn small(&mut self, below: i64) -> i8 {
        i8::try_from(self.roll(below)).unwrap()
    }

    fn clock(&mut self) -> Time {
        time(self.small(24), self.small(4) * 15, 0, 0)
    }

    /// From 1985 to 2040.
    fn moment(&mut self, zone: &TimeZone) -> Timestamp {
        let at = Timestamp::from_second(473_385_600 + self.roll(1_735_689_600)).unwrap();
        let change = zone.following(at).next().filter(|_| self.roll(2) == 0);
        change.map_or(at, |change| change.timestamp() + (self.roll(172_800) - 86_400).seconds())
    }
}

/// All zones, each with moments.
fn everywhere(seed: u64, mut check: impl FnMut(&str, &TimeZone, Timestamp, &mut Dice)) {
    let mut dice = Dice(seed);
    let mut zones = 0;
    for name in jiff::tz::db().available() {
        let zone = TimeZone::get(name.as_str()).unwrap();
        zones += 1;
        for _ in 0..MOMENTS {
            let at = dice.moment(&zone);
            check(name.as_str(), &zone, at, &mut dice);
        }
    }
    assert!(zones > 400, "the whole database: {zones}");
}

/// The clock shows `wall` for the first time, or has just jumped over it.
fn comes(at: Timestamp, wall: DateTime, zone: &TimeZone) -> bool {
    let shown = zone.to_datetime(at);
    if shown == wall {
        // The first of two: the change that is last, if it turned the clock back, did not repeat it.
        let change = zone.preceding(at + 1.nanosecond()).next();
        let repeated = change.is_some_and(|change| {
            let before = change.timestamp() - 1.nanosecond();
            let back = zone.to_datetime(before) > zone.to_datetime(change.timestamp());
            back && wall <= zone.to_datetime(before) && zone.to_datetime(change.timestamp()) <= wall
        });
        return !repeated;
    }
    zone.to_datetime(at - 1.nanosecond()) < wall && wall < shown
}

fn days(days: i32) -> Length {
    Length { days, ..Length::default() }
}

#[test]
fn a_time_of_day_is_the_next_that_comes() {
    everywhere(1, |name, zone, now, dice| {
        let clock = dice.clock();
        let found = civil::next_clock(now, clock, zone).unwrap();
        let wall = found.wall.unwrap();
        assert!(found.at > now && wall.time() == clock, "{name} {now} {clock}");
        assert!(comes(found.at, wall, zone), "{name} {now} {clock}: {}", found.at);
        let before = civil::at(wall.date().yesterday().unwrap(), clock, zone).unwrap().at;
        assert!(before <= now, "{name} {now} {clock}: {before} is earlier");
    });
}

#[test]
fn a_weekday_is_the_next_of_its_name() {
    everywhere(2, |name, zone, now, dice| {
        let (clock, day) = (dice.clock(), Weekday::from_monday_one_offset(1 + dice.small(7)).unwrap());
        let found = civil::next_weekday(now, day, clock, zone).unwrap();
        let wall = found.wall.unwrap();
        assert!(found.at > now && wall.weekday() == day && wall.time() == clock, "{name} {now}");
        assert!(comes(found.at, wall, zone), "{name} {now} {day:?} {clock}: {}", found.at);
        let week = civil::at(wall.date() - 7.days(), clock, zone).unwrap().at;
        assert!(week <= now, "{name} {now} {day:?} {clock}");
        let set = Weekdays(1 << (day.to_monday_one_offset() - 1));
        assert_eq!(
            calendar::next(Every::Weekdays(set), Some(clock), now, zone),
            Some(found.at),
            "{name} {now}"
        );
    });
}

#[test]
fn a_day_is_the_same_clock_and_a_month_ends_where_it_ends() {
    everywhere(3, |name, zone, now, dice| {
        let here = zone.to_datetime(now);
        let tomorrow = civil::shift(now, days(1), zone).unwrap();
        assert_eq!(tomorrow.wall, Some(here + 1.day()), "{name} {now}");
        assert!(comes(tomorrow.at, here + 1.day(), zone), "{name} {now}");
        let months = i32::from(dice.small(30)) + 1;
        let later = civil::shift(now, Length { months, ..Length::default() }, zone).unwrap();
        let wall = later.wall.unwrap();
        let month = here.date().first_of_month() + i64::from(months).months();
        assert_eq!((wall.year(), wall.month()), (month.year(), month.month()), "{name} {now}");
        assert_eq!(wall.day(), here.day().min(month.days_in_month()), "{name} {now}");
        let elapsed = Length { millis: 86_400_000, ..Length::default() };
        assert_eq!(civil::shift(now, elapsed, zone).unwrap().at, now + 24.hours(), "{name} {now}");
    });
}

#[test]
fn a_birthday_comes_once_a_year() {
    everywhere(4, |name, zone, now, dice| {
        let born: Date = match dice.roll(3) {
            0 => date(1960 + i16::from(dice.small(20)) / 4 * 4, 2, 29),
            _ => date(1960 + i16::from(dice.small(20)), 1 + dice.small(12), 1 + dice.small(28)),
        };
        let clock = dice.clock();
        let due = calendar::yearly_after(now, Day::Date(born), days(0), Some(clock), zone).unwrap();
        assert!(due > now && due <= now + (367 * 24).hours(), "{name} {now} {born}: {due}");
        let day = [zone.to_datetime(due).date(), zone.to_datetime(due).date().yesterday().unwrap()];
        let day =
            day.into_iter().find(|day| civil::at(*day, clock, zone).is_some_and(|at| at.at == due)).unwrap();
        let expected = match (born.month(), born.day(), day.in_leap_year()) {
            (2, 29, false) => (2, 28),
            (month, day, _) => (month, day),
        };
        assert_eq!((day.month(), day.day()), expected, "{name} {now} {born}: {due}");
        let last = calendar::in_year(born, day.year() - 1).unwrap();
        assert!(
            civil::at(last, clock, zone).unwrap().at <= now,
            "{name} {now} {born}: last year's is left out"
        );
    });
}

#[test]
fn a_schedule_leaves_no_day_out() {
    everywhere(5, |name, zone, now, dice| {
        let clock = dice.clock();
        let first = calendar::next(Every::Days(1), Some(clock), now, zone).unwrap();
        assert_eq!(Some(first), civil::next_clock(now, clock, zone).map(|moment| moment.at), "{name} {now}");
        let step = u32::try_from(dice.roll(40) + 1).unwrap();
        let due = calendar::next(Every::Days(step), Some(clock), now, zone).unwrap();
        let again = calendar::next(Every::Days(step), Some(clock), due, zone).unwrap();
        let hours = i64::from(step) * 24;
        assert!(due > now && due <= now + (hours + 49).hours(), "{name} {now} {step}");
        assert!(
            again > due + (hours - 27).max(0).hours() && again <= due + (hours + 49).hours(),
            "{name} {now} {step}"
        );
    });
}

#[test]
fn a_window_opens_at_the_first_moment_in_it() {
    everywhere(6, |name, zone, now, dice| {
        let (from, to) = (dice.clock(), dice.clock());
        let set = Weekdays(u8::try_from(dice.roll(127) + 1).unwrap());
        let window = Stretch { from, to, days: set, zone: zone.clone() };
        let Some(at) = next_allowed(std::slice::from_ref(&window), &[], now) else {
            panic!("{name} {now} {from}-{to} {set:?}: there is no moment");
        };
        assert!(at >= now && at <= now + (24 * 16).hours(), "{name} {now}: {at}");
        // Once in it, nothing is put off; and as quiet hours the same stretch ends.
        assert_eq!(next_allowed(std::slice::from_ref(&window), &[], at), Some(at), "{name} {now}");
        if let Some(quiet) = next_allowed(&[], std::slice::from_ref(&window), at) {
            assert!(quiet > at, "{name} {now}: it is quiet at {at}");
        }
        let calm =
            zone.following(now - 72.hours()).next().is_none_or(|change| change.timestamp() > at + 72.hours());
        if calm {
            assert!(is_open(&window, zone.to_datetime(at)), "{name} {now} {from}-{to} {set:?}: {at}");
            let mut earlier = now;
            while earlier < at {
                assert!(!is_open(&window, zone.to_datetime(earlier)), "{name} {now} {from}-{to}: {earlier}");
                earlier += 45.minutes();
            }
        }
    });
}

/// Whether a clock on the wall shows a time in a window, told without moments.
fn is_open(window: &Stretch, wall: DateTime) -> bool {
    let has = |day: Date| window.days.has(u8::try_from(day.weekday().to_monday_one_offset()).unwrap());
    let (clock, today) = (wall.time(), wall.date());
    if window.from < window.to {
        return has(today) && window.from <= clock && clock < window.to;
    }
    has(today) && clock >= window.from || has(today.yesterday().unwrap()) && clock < window.to
}

#[test]
fn a_day_keeps_its_clock_in_another_zone() {
    let there = [TimeZone::get("Asia/Tokyo").unwrap(), TimeZone::get("America/New_York").unwrap()];
    everywhere(7, |name, zone, now, dice| {
        let clock = dice.clock();
        let due = civil::next_clock(now, clock, zone).unwrap();
        let day = due.wall.unwrap().date();
        for other in &there {
            let moved = calendar::moved(due.at, clock, Some(zone), other).unwrap();
            assert_eq!(Some(moved), civil::at(day, clock, other).map(|moment| moment.at), "{name} {now}");
        }
        assert_eq!(calendar::moved(due.at, clock, None, zone), Some(due.at), "{name} {now} stays");
    });
}
