//! Lengths of time as text: ISO 8601 durations, such as `P1DT2H`.
//!
//! Read and written are years, months, weeks, days, hours, minutes and seconds
//! with up to three decimals. A part may have a sign of its own, as in
//! `P1M-2D` (the extension of ISO 8601-2:2019, section 4.4.1.9).

use std::fmt;
use std::str::FromStr;

use crate::Length;

/// A text is no length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as `P1DT2H`")]
pub struct LengthError;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

impl Length {
    /// The sum, unless it is out of range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_add(other.months)?,
            days: self.days.checked_add(other.days)?,
            millis: self.millis.checked_add(other.millis)?,
        })
    }

    /// The same length the other way, unless it is out of range.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        Some(Self {
            months: self.months.checked_neg()?,
            days: self.days.checked_neg()?,
            millis: self.millis.checked_neg()?,
        })
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        if self.months != 0 {
            write!(f, "{}M", self.months)?;
        }
        if self.days != 0 {
            write!(f, "{}D", self.days)?;
        }
        if self.millis == 0 {
            return if self.is_civil() { Ok(()) } else { f.write_str("T0S") };
        }
        f.write_str("T")?;
        let (hours, minutes) = (self.millis / HOUR, self.millis % HOUR / MINUTE);
        if hours != 0 {
            write!(f, "{hours}H")?;
        }
        if minutes != 0 {
            write!(f, "{minutes}M")?;
        }
        seconds(f, self.millis % MINUTE)
    }
}

fn seconds(f: &mut fmt::Formatter<'_>, millis: i64) -> fmt::Result {
    if millis == 0 {
        return Ok(());
    }
    let sign = if millis < 0 { "-" } else { "" };
    let (whole, part) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
    if part == 0 {
        return write!(f, "{sign}{whole}S");
    }
    let part = format!("{part:03}");
    write!(f, "{sign}{whole}.{}S", part.trim_end_matches('0'))
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let (back, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let parts = text.strip_prefix('P').ok_or(LengthError)?;
        let (date, time) = match parts.split_once('T') {
            Some((_, "")) => return Err(LengthError),
            Some((date, time)) => (date, time),
            None if parts.is_empty() => return Err(LengthError),
            None => (parts, ""),
        };
        let mut length = Self::default();
        read(date, "YMWD", &mut |unit, whole, millis| civil(&mut length, unit, whole, millis))?;
        read(time, "HMS", &mut |unit, whole, millis| elapsed(&mut length, unit, whole, millis))?;
        if back { length.checked_neg().ok_or(LengthError) } else { Ok(length) }
    }
}

/// Adds a part of the date; only whole ones.
fn civil(length: &mut Length, unit: char, whole: i64, millis: i64) -> Option<()> {
    let whole = i32::try_from(whole).ok().filter(|_| millis == 0)?;
    let (months, days) = match unit {
        'Y' => (whole.checked_mul(12)?, 0),
        'M' => (whole, 0),
        'W' => (0, whole.checked_mul(7)?),
        _ => (0, whole),
    };
    *length = length.checked_add(Length { months, days, millis: 0 })?;
    Some(())
}

/// Adds a part of the time; only seconds have decimals.
fn elapsed(length: &mut Length, unit: char, whole: i64, millis: i64) -> Option<()> {
    let size = match unit {
        'H' => HOUR,
        'M' => MINUTE,
        _ => SECOND,
    };
    if unit != 'S' && millis != 0 {
        return None;
    }
    let millis = whole.checked_mul(size)?.checked_add(millis)?;
    *length = length.checked_add(Length { months: 0, days: 0, millis })?;
    Some(())
}

/// Reads numbers, each followed by its unit, in the order of `units`.
fn read(
    mut text: &str,
    units: &str,
    add: &mut dyn FnMut(char, i64, i64) -> Option<()>,
) -> Result<(), LengthError> {
    let mut units = units.chars();
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_uppercase()).ok_or(LengthError)?;
        let (number, rest) = text.split_at_checked(end).ok_or(LengthError)?;
        let unit = rest.chars().next().filter(|unit| units.any(|u| u == *unit)).ok_or(LengthError)?;
        let (whole, millis) = decimal(number).ok_or(LengthError)?;
        add(unit, whole, millis).ok_or(LengthError)?;
        text = rest.strip_prefix(unit).ok_or(LengthError)?;
    }
    Ok(())
}

/// `-1.5` as `(-1, -500)`.
fn decimal(text: &str) -> Option<(i64, i64)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > 3 {
        return None;
    }
    let millis: i64 = format!("{part:0<3}").parse().ok()?;
    Some((whole.parse::<i64>().ok()? * sign, millis * sign))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length(months: i32, days: i32, millis: i64) -> Length {
        Length { months, days, millis }
    }

    #[test]
    fn reads_what_others_write() {
        for (text, expected) in [
            ("P1DT2H", length(0, 1, 2 * HOUR)),
            ("P2W", length(0, 14, 0)),
            ("P1Y2M", length(14, 0, 0)),
            ("PT0S", length(0, 0, 0)),
            ("PT0.5S", length(0, 0, 500)),
            ("PT1M", length(0, 0, MINUTE)),
            ("-P1D", length(0, -1, 0)),
            ("P1M-2D", length(1, -2, 0)),
            ("PT36H", length(0, 0, 36 * HOUR)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "P",
            "PT",
            "1D",
            "P1",
            "P1H",
            "PT1D",
            "P1D1M",
            "P1.5D",
            "PT1.5H",
            "P--1D",
            "P1DT",
            "PT1.2345S",
            "P99999999999D",
            "PT9223372036854775807H",
            "P1D ",
            "p1d",
        ] {
            assert_eq!(text.parse::<Length>(), Err(LengthError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(months in any::<i32>(), days in any::<i32>(), millis in any::<i64>()) {
            let length = length(months, days, millis);
            prop_assert_eq!(length.to_string().parse(), Ok(length));
        }

        #[test]
        fn never_panics(text in "-?P?[-0-9.TYMWDHS]{0,40}") {
            let _ = text.parse::<Length>();
        }
    }
}
