//! When messages may go out: send windows and quiet hours, on a clock on the wall.
//!
//! It must not know runs or intents, and has no clock: the moment comes in.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{Program, Value, Weekdays, Window, WorkflowDecl};

use crate::civil;
use crate::vm::{self, Fault, World};

/// How many days ahead a moment is looked for: two weeks, so that a window on one weekday is
/// found also if quiet hours, or a day that a zone left out, take it once.
const DAYS: i64 = 15;

/// A stretch of each of some days, in a zone.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// From this time of day.
    pub from: Time,
    /// Until before this one; on the next day if it is not later than `from`.
    pub to: Time,
    /// On these days; a stretch over midnight belongs to the day on which it begins.
    pub days: Weekdays,
    /// The zone.
    pub zone: TimeZone,
}

impl Stretch {
    /// Its first and its last moment on a day, the latter not included.
    fn on(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let number = u8::try_from(day.weekday().to_monday_one_offset()).ok()?;
        if !self.days.has(number) {
            return None;
        }
        let last = if self.to > self.from { day } else { day.tomorrow().ok()? };
        let (from, to) =
            (civil::at(day, self.from, &self.zone)?.at, civil::at(last, self.to, &self.zone)?.at);
        // A clock change may have left nothing of it.
        (from < to).then_some((from, to))
    }

    /// Its stretches from the one that may have begun yesterday on, in order.
    fn around(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = self.zone.to_datetime(at).date();
        (-2..=DAYS).filter_map(move |ahead| self.on(today.checked_add(ahead.days()).ok()?))
    }

    /// Its end, if the moment lies in it.
    fn end(&self, at: Timestamp) -> Option<Timestamp> {
        self.around(at).find(|(from, to)| *from <= at && at < *to).map(|(_, to)| to)
    }

    /// The first moment in it, not before `at`.
    fn first(&self, at: Timestamp) -> Option<Timestamp> {
        self.around(at).find(|(_, to)| at < *to).map(|(from, _)| from.max(at))
    }
}

/// The topic that quiet hours, caps and consent do not hold for.
pub const TRANSACTIONAL: &str = "transactional";

/// The first moment from `from` on at which a message of a workflow may go out by a channel to
/// the world's subject: `send between` holds always, quiet hours unless it is transactional.
///
/// # Errors
///
/// A [`Fault`]: what the windows' zones read was not looked up.
pub fn allowed(
    program: &Program,
    workflow: &WorkflowDecl,
    channel: &str,
    world: &World<'_>,
    from: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    let windows = workflow.window.iter().map(|window| stretch(program, window, world));
    let windows = windows.collect::<Result<Vec<_>, _>>()?;
    let exempt = workflow.topic.as_deref() == Some(TRANSACTIONAL);
    let quiet = program.policy.quiet.iter().filter(|quiet| {
        !exempt && (quiet.channels.is_empty() || quiet.channels.iter().any(|name| **name == *channel))
    });
    let quiet = quiet.map(|quiet| stretch(program, &quiet.window, world));
    Ok(next_allowed(&windows, &quiet.collect::<Result<Vec<_>, _>>()?, from))
}

fn stretch(program: &Program, window: &Window, world: &World<'_>) -> Result<Stretch, Fault> {
    let named = match window.zone {
        Some(function) => vm::call(program, function, &[], world)?,
        None => Value::Missing,
    };
    let zone = match named {
        Value::Text(name) => TimeZone::get(&name).ok(),
        _ => None,
    };
    let zone = zone.map_or_else(|| world.zone(program), Ok)?;
    Ok(Stretch { from: window.from, to: window.to, days: window.days, zone })
}

/// The first moment from `from` on that lies in all `windows` and in no `quiet` hours. `None` if
/// there is none within two weeks.
#[must_use]
pub fn next_allowed(windows: &[Stretch], quiet: &[Stretch], from: Timestamp) -> Option<Timestamp> {
    let horizon = from.checked_add((DAYS * 24).hours()).ok()?;
    let mut at = from;
    while at < horizon {
        let mut later = at;
        for window in windows {
            later = later.max(window.first(at)?);
        }
        for hours in quiet {
            later = later.max(hours.end(later).unwrap_or(later));
        }
        if later == at {
            return Some(at);
        }
        at = later;
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn stretch(from: i8, to: i8, days: Weekdays, zone: &str) -> Stretch {
        let zone = TimeZone::get(zone).unwrap();
        Stretch { from: time(from, 0, 0, 0), to: time(to, 0, 0, 0), days, zone }
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_on_weekdays() {
        let windows = [stretch(9, 18, Weekdays::WORK, "America/New_York")];
        let next = |text| next_allowed(&windows, &[], moment(text)).unwrap();
        // Saturday evening, the night before the clocks go forward.
        assert_eq!(next("2026-03-07T20:00:00-05:00"), moment("2026-03-09T09:00:00-04:00"));
        assert_eq!(next("2026-03-09T10:30:00-04:00"), moment("2026-03-09T10:30:00-04:00"));
        assert_eq!(next("2026-03-09T18:00:00-04:00"), moment("2026-03-10T09:00:00-04:00"));
        assert_eq!(next("2026-03-13T18:00:00-04:00"), moment("2026-03-16T09:00:00-04:00"));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let friday = [stretch(22, 2, Weekdays(1 << 4), "Europe/Berlin")];
        let next = |text| next_allowed(&friday, &[], moment(text)).unwrap();
        assert_eq!(next("2026-03-14T01:30:00+01:00"), moment("2026-03-14T01:30:00+01:00"));
        assert_eq!(next("2026-03-14T02:00:00+01:00"), moment("2026-03-20T22:00:00+01:00"));
        assert_eq!(next("2026-03-13T01:30:00+01:00"), moment("2026-03-13T22:00:00+01:00"));
    }

    #[test]
    fn quiet_hours_push_on_and_meet_windows() {
        let quiet = [stretch(21, 8, Weekdays::ALL, "Asia/Tokyo")];
        let next = |windows: &[Stretch], text| next_allowed(windows, &quiet, moment(text));
        assert_eq!(next(&[], "2026-03-10T23:00:00+09:00"), Some(moment("2026-03-11T08:00:00+09:00")));
        assert_eq!(next(&[], "2026-03-10T08:00:00+09:00"), Some(moment("2026-03-10T08:00:00+09:00")));
        let early = [stretch(6, 9, Weekdays::ALL, "Asia/Tokyo")];
        assert_eq!(next(&early, "2026-03-10T06:00:00+09:00"), Some(moment("2026-03-10T08:00:00+09:00")));
        let never = [stretch(22, 23, Weekdays::ALL, "Asia/Tokyo")];
        assert_eq!(next(&never, "2026-03-10T06:00:00+09:00"), None);
        assert_eq!(next(&[stretch(9, 10, Weekdays(0), "Asia/Tokyo")], "2026-03-10T06:00:00+09:00"), None);
    }
}
