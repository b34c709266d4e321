//! Moments and durations as people write and read them on the command line.

use jiff::{SignedDuration, Span, Timestamp, ToSpan as _};

use crate::failure::Failure;

/// A moment as listings show it: UTC, to the second.
pub(crate) fn show(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The same, of a server's RFC 3339 text; anything else as it is.
pub(crate) fn show_text(text: &str) -> String {
    text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), show)
}

/// How long from `now` until `at`: `in 2d 3h`, `5m ago`.
pub(crate) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.duration_since(now).as_secs();
    let (size, future) = (seconds.unsigned_abs(), seconds >= 0);
    let parts = [(size / 86_400, "d"), (size / 3_600 % 24, "h"), (size / 60 % 60, "m"), (size % 60, "s")];
    let words: Vec<String> = parts
        .iter()
        .skip_while(|(n, _)| *n == 0)
        .take(2)
        .filter(|(n, _)| *n > 0)
        .map(|(n, u)| format!("{n}{u}"))
        .collect();
    match (words.is_empty(), future) {
        (true, _) => "now".to_owned(),
        (false, true) => format!("in {}", words.join(" ")),
        (false, false) => format!("{} ago", words.join(" ")),
    }
}

/// Reads `2d`, `90m`, `1 day 2 hours`: the units of the language, days counted as 24 hours.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let wrong =
        || format!("`{text}` is no duration; write a number and a unit, such as `2d`, `24h`, `90m` or `30s`");
    let mut rest = text.trim();
    let mut total = Span::new();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at_checked(digits).ok_or_else(wrong)?;
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let tail = tail.trim_start();
        let end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end).ok_or_else(wrong)?;
        let part = unit_span(unit, number).ok_or_else(wrong)?;
        total = total.checked_add(part).map_err(|_| wrong())?;
        rest = tail.trim_start();
    }
    total.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())
}

fn unit_span(unit: &str, number: i64) -> Option<Span> {
    // Hours at the most, so that adding spans never needs a calendar.
    let hours = |each: i64| number.checked_mul(each).and_then(|n| Span::new().try_hours(n).ok());
    match unit {
        "s" | "sec" | "second" | "seconds" => 0.seconds().try_seconds(number).ok(),
        "m" | "min" | "minute" | "minutes" => 0.minutes().try_minutes(number).ok(),
        "h" | "hour" | "hours" => hours(1),
        "d" | "day" | "days" => hours(24),
        "w" | "week" | "weeks" => hours(24 * 7),
        _ => None,
    }
}

/// A duration argument, for clap.
pub(crate) fn duration_argument(text: &str) -> Result<SignedDuration, String> {
    duration(text)
}

/// A moment argument, for clap: RFC 3339, or a date and time of day in UTC.
pub(crate) fn moment_argument(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no moment; write it like `2026-03-02T09:00:00Z`");
    text.parse().or_else(|_| {
        let civil: jiff::civil::DateTime = text.parse().map_err(|_| wrong())?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
    })
}

/// A factor of time, for clap: `1000x` or `1000`.
pub(crate) fn speed_argument(text: &str) -> Result<f64, String> {
    let number: f64 = text
        .strip_suffix(['x', 'X'])
        .unwrap_or(text)
        .parse()
        .map_err(|_| format!("`{text}` is no speed; write it like `1000x`"))?;
    if number.is_finite() && number > 0.0 && number <= 1e8 {
        Ok(number)
    } else {
        Err(format!("`{text}` is no speed that a clock can have; take one from above 0 to 100000000x"))
    }
}

/// Adds a duration to a moment, to the end of time at most.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Result<Timestamp, Failure> {
    at.checked_add(by)
        .map_err(|_| Failure::usage("the clock cannot go that far", "jump by a shorter duration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_rules_write_them() {
        for (text, seconds) in [
            ("2d", 172_800),
            ("24h", 86_400),
            ("1 day 2 hours", 93_600),
            ("1d2h", 93_600),
            ("90m", 5_400),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for text in ["", "2", "d", "2 dogs", "-1d", "99999999999999999999d", "1..d", "９d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn distances_have_two_units() {
        let now = Timestamp::UNIX_EPOCH;
        let at = |seconds| now + SignedDuration::from_secs(seconds);
        assert_eq!(distance(at(93_600), now), "in 1d 2h");
        assert_eq!(distance(at(-65), now), "1m 5s ago");
        assert_eq!(distance(now, now), "now");
        assert_eq!(distance(at(86_400), now), "in 1d");
    }

    #[test]
    fn speeds_are_positive() {
        assert_eq!(speed_argument("1000x"), Ok(1000.0));
        assert!(speed_argument("0").is_err());
        assert!(speed_argument("nanx").is_err());
    }
}
