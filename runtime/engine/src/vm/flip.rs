//! Finds the first moment at which a comparison with a moving value changes.
//!
//! Stretches of time about which the bounds of both sides say enough are left out
//! whole; others are cut where the values would meet if time ran evenly. It counts
//! in whole milliseconds.

use jiff::tz::TimeZone;
use onward_bytecode::Value;

use super::chain::{Chain, Link, Range, moment};
use super::compare;

/// What is asked of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Same,
    Unlike,
    Less,
    LessOrSame,
}

/// A comparison of which one side moves.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) test: Test,
    pub(super) left: Link,
    pub(super) right: Link,
}

/// A search gives up after this many stretches and answers how far it came.
const PATIENCE: u32 = 1_000;

const DAY: i64 = 86_400_000;

/// Values that are further apart than this meet within `SHY` of when evenly running time says.
const APART: i64 = 12 * DAY;

/// Cuts that do not follow from the values are not made further ahead.
const NEARBY: i64 = 38 * DAY;

/// Clock changes and the ends of months move a meeting by less than this.
const SHY: i64 = 5 * DAY;

impl Comparison {
    /// The first millisecond from `a` to `b` at which it is not `now` any more, or may not be.
    pub(super) fn flip(&self, now: bool, a: i64, b: i64, zone: &TimeZone) -> Option<i64> {
        let mut stretches = vec![(a, b)];
        let mut cuts = 0_u32;
        for _ in 0..PATIENCE {
            let (a, b) = stretches.pop()?;
            match self.holds(a, b, zone) {
                _ if a > b => {}
                Some(then) if then == now => {}
                None if a < b && self.holds(a, a, zone) == Some(now) => {
                    // Now and then a cut is in the middle, however badly the values meet.
                    let met = (cuts % 4 != 3).then(|| self.meeting(a, zone)).filter(|met| *met < b);
                    let cut = met.unwrap_or(a + ((b - a) / 2).min(NEARBY));
                    cuts += 1;
                    stretches.push((cut + 1, b));
                    stretches.push((a + 1, cut));
                }
                _ => return Some(a),
            }
        }
        stretches.pop().map(|(a, _)| a)
    }

    /// Whether it holds from `a` to `b` throughout; `None` if that is not so simple.
    pub(super) fn holds(&self, a: i64, b: i64, zone: &TimeZone) -> Option<bool> {
        match (self.left.range(a, b, zone), self.right.range(a, b, zone)) {
            (Some(left), Some(right)) => decide(self.test, &left, &right),
            // Beyond the years that can be counted nothing compares.
            _ => (a == b).then_some(false),
        }
    }

    /// The last moment before both sides meet, if time ran evenly; some days earlier if they are far apart.
    fn meeting(&self, at: i64, zone: &TimeZone) -> i64 {
        let gap = self.gap(at, zone);
        let gap = if gap > APART { gap - SHY } else { gap };
        if self.left.is_daily() && self.right.is_daily() {
            // What moves by days moves at midnight.
            let days = (gap.max(1) - 1) / DAY + 1;
            return (at - since_midnight(at, zone) + days * DAY - 1).max(at);
        }
        at.saturating_add(gap.max(1) - 1)
    }

    /// How many milliseconds lie between both sides at a moment.
    fn gap(&self, at: i64, zone: &TimeZone) -> i64 {
        let ranges = self.left.range(at, at, zone).zip(self.right.range(at, at, zone));
        ranges.and_then(|(left, right)| distance(&left.low, &right.low)).unwrap_or(0)
    }
}

fn since_midnight(at: i64, zone: &TimeZone) -> i64 {
    let clock = moment(at).map(|at| zone.to_datetime(at).time());
    clock.map_or(0, |clock| {
        let seconds =
            i64::from(clock.hour()) * 3600 + i64::from(clock.minute()) * 60 + i64::from(clock.second());
        seconds * 1000 + i64::from(clock.millisecond())
    })
}

fn distance(left: &Value, right: &Value) -> Option<i64> {
    let nanos = |a: i128, b: i128| i64::try_from((a - b).unsigned_abs().div_ceil(1_000_000)).ok();
    match (left, right) {
        (Value::Time(a), Value::Time(b)) => nanos(a.as_nanosecond(), b.as_nanosecond()),
        (Value::Date(a), Value::Date(b)) => {
            let days = a.duration_until(*b).as_hours().abs() / 24;
            days.checked_mul(DAY)
        }
        (Value::Clock(a), Value::Clock(b)) => nanos(a.duration_until(*b).as_nanos(), 0),
        (Value::Duration(a), Value::Duration(b)) => {
            i64::try_from((a.nominal_millis() - b.nominal_millis()).abs()).ok()
        }
        _ => None,
    }
}

/// What a test says of any two values of these ranges.
fn decide(test: Test, left: &Range, right: &Range) -> Option<bool> {
    let order = |a: &Value, b: &Value| compare::order(a, b);
    match test {
        Test::Unlike => decide(Test::Same, left, right).map(|same| !same),
        Test::Less => decide(Test::LessOrSame, right, left).map(|not| !not),
        Test::LessOrSame if order(&left.high, &right.low)?.is_le() => Some(true),
        Test::LessOrSame => order(&left.low, &right.high)?.is_gt().then_some(false),
        Test::Same if order(&left.high, &right.low)?.is_lt() || order(&right.high, &left.low)?.is_lt() => {
            Some(false)
        }
        Test::Same => {
            let single = order(&left.low, &left.high)?.is_eq() && order(&right.low, &right.high)?.is_eq();
            single.then_some(true)
        }
    }
}

/// The first millisecond from `a` to `b` on another day of the subject's zone.
pub(super) fn next_day(chain: Link, a: i64, b: i64, zone: &TimeZone) -> Option<i64> {
    let today = chain.range(a - 1, a - 1, zone)?.low;
    Comparison { test: Test::Same, left: chain, right: Link::new(Chain::Fixed(today)) }.flip(true, a, b, zone)
}
