//! Until when a condition holds, against stepping through time.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{Ask, HistoryRef, Length, Span};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::model::Question;
use crate::vm::chain::RANGES;
use crate::vm::watch;

const ZONES: [&str; 10] = [
    "UTC",
    "America/New_York",
    "America/Havana",
    "Europe/Berlin",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];

fn length(months: i32, days: i32, millis: i64) -> Length {
    Length { months, days, millis }
}

/// A condition of one of these shapes about a moment, a date and two lengths.
#[derive(Debug, Clone)]
struct Shaped {
    shape: usize,
    test: Op,
    turned: bool,
    moment: Timestamp,
    length: Length,
    further: Length,
}

const SHAPES: usize = 12;

impl Shaped {
    fn write(&self, asm: &mut Asm, zone: &TimeZone) {
        let date = zone.to_datetime(self.moment).date();
        let clock = zone.to_datetime(self.moment).time();
        let moving = match self.shape {
            // now - length
            0 | 1 => {
                asm.abc(Op::Now, 0, 0, 0).constant(1, Constant::Duration(self.length));
                asm.abc(if self.shape == 0 { Op::Sub } else { Op::Add }, 2, 0, 1);
                2
            }
            // now - length + further
            2 => {
                asm.abc(Op::Now, 0, 0, 0).constant(1, Constant::Duration(self.length)).abc(Op::Sub, 2, 0, 1);
                asm.constant(1, Constant::Duration(self.further)).abc(Op::Add, 2, 2, 1);
                2
            }
            // today
            3 => {
                asm.abc(Op::Today, 2, 0, 0);
                2
            }
            // today + length
            4 => {
                asm.abc(Op::Today, 0, 0, 0).constant(1, Constant::Duration(self.length)).abc(
                    Op::Add,
                    2,
                    0,
                    1,
                );
                2
            }
            // start of today, moved
            5 => {
                asm.abc(Op::Today, 0, 0, 0).abc(Op::StartOf, 0, 0, 0);
                asm.constant(1, Constant::Duration(self.length)).abc(Op::Sub, 2, 0, 1);
                2
            }
            // today at a time of day
            6 => {
                asm.abc(Op::Today, 0, 0, 0).clock(1, "02:30:00").abc(Op::At, 2, 0, 1);
                2
            }
            // moment - now, against a length
            7 => {
                asm.abc(Op::Now, 0, 0, 0).constant(1, Constant::Time(self.moment)).abc(Op::Sub, 2, 1, 0);
                2
            }
            // the next time of day
            8 => {
                asm.clock(1, "02:30:00").abc(Op::NextClock, 2, 1, 0);
                2
            }
            // the next Sunday
            9 => {
                asm.clock(1, "02:30:00").abc(Op::NextWeekday, 2, 7, 1);
                2
            }
            // date - today, against a length
            10 => {
                asm.abc(Op::Today, 0, 0, 0).constant(1, Constant::Date(date)).abc(Op::Sub, 2, 1, 0);
                2
            }
            // the time of day now
            _ => {
                let name = asm.name("clock", one(Scalar::Clock));
                asm.abc(Op::Now, 0, 0, 0).abc(Op::Convert, 2, 0, name);
                2
            }
        };
        match self.shape {
            3 | 4 => asm.constant(3, Constant::Date(date)),
            7 => asm.constant(
                3,
                Constant::Duration(length(
                    0,
                    0,
                    self.further.millis + i64::from(self.further.days) * 86_400_000,
                )),
            ),
            10 => asm.constant(3, Constant::Duration(length(0, self.further.days, 0))),
            11 => asm.constant(3, Constant::Clock(clock)),
            _ => asm.constant(3, Constant::Time(self.moment)),
        };
        let (b, c) = if self.turned { (3, moving) } else { (moving, 3) };
        asm.abc(self.test, 4, b, c).abc(Op::Return, 4, 0, 0);
    }
}

/// A verified program whose only function is a condition.
fn condition(write: impl FnOnce(&mut Asm)) -> Verified {
    let mut asm = Asm::new("condition", &[], Some(Kind::Bool));
    write(&mut asm);
    verified(program(vec![asm.0]))
}

struct Watched {
    scene: Scene,
    program: Verified,
    history: BTreeMap<Question, Vec<Occurrence>>,
}

impl Watched {
    fn new(zone: &str, program: Verified) -> Self {
        let mut scene = Scene::new();
        scene.put(scene.subject.clone(), json!({ "timezone": zone }));
        Self { scene, program, history: BTreeMap::new() }
    }

    fn at(&self, now: Timestamp) -> (Value, Option<Timestamp>) {
        let world = World { now, history: &self.history, ..self.scene.world() };
        let found = watch(self.program.program(), FunctionId(0), &[], &world).unwrap();
        assert_eq!(self.value(now), found.0);
        found
    }

    fn value(&self, now: Timestamp) -> Value {
        let world = World { now, history: &self.history, ..self.scene.world() };
        call(self.program.program(), FunctionId(0), &[], &world).unwrap()
    }

    /// From `now` on, looks again whenever it is told to: the first moment when the value is another,
    /// and how often it looked.
    fn flip(&self, now: Timestamp, until: Timestamp) -> (Option<Timestamp>, usize) {
        let (value, mut next) = self.at(now);
        for looks in 1..200 {
            match next {
                Some(at) if at <= until => {
                    let (then, later) = self.at(at);
                    if then != value {
                        return (Some(at), looks);
                    }
                    next = later;
                }
                _ => return (None, looks),
            }
        }
        panic!("it looks again and again");
    }
}

fn moments() -> impl Strategy<Value = Timestamp> {
    // Many lie near the clock changes of 2011 (when Samoa left out a day) and of 2026, to the minute.
    let near = prop::sample::select(vec![
        "2026-03-08T07:00:00Z",
        "2026-03-29T01:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-24T21:00:00Z",
        "2026-03-01T05:00:00Z",
        "2011-12-30T10:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-01-31T12:00:00Z",
    ]);
    (near, -5_000_i64..5_000, 0_i64..60).prop_map(|(near, minutes, seconds)| {
        near.parse::<Timestamp>().unwrap()
            + minutes.minutes()
            + if seconds < 40 { 0.seconds() } else { seconds.seconds() }
    })
}

fn lengths() -> impl Strategy<Value = Length> {
    (-2_i32..3, -40_i32..40, -90_i64..90, 0_u8..6).prop_map(|(months, days, minutes, kind)| {
        let millis = minutes * 60_000;
        match kind {
            0 => length(0, 0, millis * 37),
            1 => length(0, days, 0),
            2 => length(months, 0, 0),
            3 => length(0, days, millis),
            4 => length(months, days, millis),
            _ => length(0, 0, 0),
        }
    })
}

prop_compose! {
    fn questions()(
        shape in 0..SHAPES,
        test in prop::sample::select(&[Op::Lt, Op::Le, Op::Eq, Op::Ne][..]),
        turned in any::<bool>(),
        moment in moments(),
        length in lengths(),
        further in lengths(),
    ) -> Shaped {
        Shaped { shape, test, turned, moment, length, further }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Nothing changes before the moment that is found, and it does change then.
    #[test]
    fn a_condition_holds_until_it_says(
        question in questions(),
        zone in prop::sample::select(&ZONES[..]),
        ahead in -3_000_i64..3_000,
    ) {
        let tz = TimeZone::get(zone).unwrap();
        let watched = Watched::new(zone, condition(|asm| question.write(asm, &tz)));
        let now = question.moment + ahead.minutes();
        let until = now + (8 * 24).hours();
        let (flip, looks) = watched.flip(now, until);
        let value = watched.value(now);
        let mut at = now;
        while at < flip.unwrap_or(until) {
            prop_assert_eq!(&watched.value(at), &value, "at {}, found {:?}", at, flip);
            at += 9.minutes();
        }
        if let Some(flip) = flip {
            prop_assert_eq!(&watched.value(flip - 1.milliseconds()), &value, "just before {}", flip);
        }
        prop_assert!(looks <= 3, "looked {looks} times");
    }
}

/// How many values are computed to find out until when conditions hold: on average, and at most.
#[test]
fn finding_out_is_cheap() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut sum, mut most) = (0, 0);
    for number in 0..600 {
        let question = questions().new_tree(&mut runner).unwrap().current();
        let zone = ZONES[number % ZONES.len()];
        let tz = TimeZone::get(zone).unwrap();
        let watched = Watched::new(zone, condition(|asm| question.write(asm, &tz)));
        let ahead = (-90_i64 * 24..90 * 24).new_tree(&mut runner).unwrap().current();
        let now = question.moment + ahead.hours();
        RANGES.set(0);
        watched.at(now);
        let count = RANGES.get();
        most = most.max(count);
        sum += count;
    }
    eprintln!("{} on average, {most} at most", sum / 600);
    assert!(sum / 600 < 100, "{} on average", sum / 600);
    assert!(most < 10_000, "{most} at most");
}

#[test]
fn what_is_missing_is_not_waited_for() {
    let watched = Watched::new(
        "America/New_York",
        condition(|asm| {
            asm.abc(Op::Now, 0, 0, 0).constant(1, Constant::Duration(length(0, 3, 0))).abc(Op::Sub, 0, 0, 1);
            asm.abc(Op::Missing, 1, 4, 0).abc(Op::Lt, 2, 1, 0).abc(Op::Return, 2, 0, 0);
        }),
    );
    RANGES.set(0);
    assert_eq!(watched.at("2026-03-07T20:00:00-05:00".parse().unwrap()), (Value::Bool(false), None));
    assert_eq!(RANGES.get(), 0);
}

/// A history of events, so many minutes ago.
fn history_watch(ask: Ask, span: Span, minutes: &[i64], now: Timestamp, zone: &str) -> Watched {
    let program = condition(|asm| {
        asm.0.histories.push(HistoryRef { event: "signup".into(), span, condition: None, ask: ask.clone() });
        asm.abc(Op::Subject, 0, 0, 0).abc(Op::History, 1, 0, 0);
        if ask == Ask::Count {
            asm.number(2, "2").abc(Op::Le, 1, 2, 1);
        }
        asm.abc(Op::Return, 1, 0, 0);
    });
    let mut watched = Watched::new(zone, program);
    let event = |(place, minutes): (usize, &i64)| Occurrence {
        id: format!("e{place}").into(),
        name: "signup".into(),
        at: now - minutes.minutes(),
        fields: Fields::new(),
        contact: None,
    };
    let events = minutes.iter().enumerate().map(event).collect();
    let question = Question { entity: watched.scene.subject.clone(), event: "signup".into() };
    watched.history.insert(question, events);
    watched
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The same of windows over past events, a month's end and events of the future among them.
    #[test]
    fn a_window_holds_until_it_says(
        now in moments(),
        zone in prop::sample::select(&ZONES[..]),
        minutes in prop::collection::vec(-3_000_i64..60_000, 0..5),
        days in 0_i32..35,
        months in 0_i32..2,
        did in any::<bool>(),
    ) {
        let span = Span::Last(length(months, days, 3_600_000));
        let ask = if did { Ask::Did } else { Ask::Count };
        let watched = history_watch(ask, span, &minutes, now, zone);
        let until = now + (10 * 24).hours();
        let (flip, looks) = watched.flip(now, until);
        let value = watched.value(now);
        let mut at = now;
        while at < flip.unwrap_or(until) {
            prop_assert_eq!(&watched.value(at), &value, "at {}, found {:?}", at, flip);
            at += 13.minutes();
        }
        if let Some(flip) = flip {
            prop_assert_eq!(&watched.value(flip - 1.milliseconds()), &value, "just before {}", flip);
        }
        prop_assert!(looks <= 12, "looked {looks} times");
    }
}

fn next(write: impl FnOnce(&mut Asm)) -> Option<Timestamp> {
    Watched::new("America/New_York", condition(write)).at("2026-03-07T20:00:00-05:00".parse().unwrap()).1
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[test]
fn what_time_does_not_change_never_changes() {
    let quiet = next(|asm| {
        asm.text(0, "a").text(1, "b").abc(Op::Eq, 2, 0, 1).abc(Op::Return, 2, 0, 0);
    });
    assert_eq!(quiet, None);
    // Long past: it stays so.
    let past = next(|asm| {
        asm.abc(Op::Now, 0, 0, 0).constant(1, Constant::Duration(length(0, 14, 0))).abc(Op::Sub, 0, 0, 1);
        asm.constant(1, Constant::Time("2026-01-01T00:00:00Z".parse().unwrap()));
        asm.abc(Op::Lt, 2, 0, 1).abc(Op::Return, 2, 0, 0);
    });
    assert_eq!(past, None);
}

#[test]
fn only_comparisons_that_are_met_count() {
    let write = |first: &str| {
        let first = first.to_owned();
        move |asm: &mut Asm| {
            asm.text(0, "a").text(1, &first).abc(Op::Eq, 2, 0, 1).ak(Op::JumpIfNot, 2, 4);
            asm.abc(Op::Today, 0, 0, 0).constant(1, Constant::Date("2026-05-01".parse().unwrap()));
            asm.abc(Op::Eq, 2, 0, 1).abc(Op::Copy, 2, 2, 0).abc(Op::Return, 2, 0, 0);
        }
    };
    assert_eq!(next(write("b")), None);
    assert_eq!(next(write("a")), time("2026-05-01T00:00:00-04:00"));
}

#[test]
fn what_is_no_comparison_is_looked_at_again() {
    // The weekday of now: at midnight, which is an hour nearer that night.
    let weekday = |asm: &mut Asm| {
        asm.abc(Op::Now, 0, 0, 0).text(1, "%A").abc(Op::Pipe, 2, onward_bytecode::Pipe::Date as u8, 0);
        asm.text(3, "Sunday").abc(Op::Eq, 2, 2, 3).abc(Op::Return, 2, 0, 0);
    };
    assert_eq!(next(weekday), time("2026-03-08T00:00:00-05:00"));
    let minute = |asm: &mut Asm| {
        asm.abc(Op::Now, 0, 0, 0).text(1, "%H:%M").abc(Op::Pipe, 2, onward_bytecode::Pipe::Date as u8, 0);
        asm.text(3, "20:30").abc(Op::Eq, 2, 2, 3).abc(Op::Return, 2, 0, 0);
    };
    assert_eq!(next(minute), time("2026-03-07T20:01:00-05:00"));
}

#[test]
fn a_list_of_dates_is_looked_through() {
    let write = |asm: &mut Asm| {
        asm.constant(1, Constant::Date("2026-06-01".parse().unwrap()));
        asm.constant(2, Constant::Date("2026-04-01".parse().unwrap()));
        asm.abc(Op::Today, 0, 0, 0).abc(Op::List, 3, 1, 2).abc(Op::In, 4, 0, 3).abc(Op::Return, 4, 0, 0);
    };
    assert_eq!(next(write), time("2026-04-01T00:00:00-04:00"));
}

#[test]
fn far_flips_are_found_or_looked_for_again() {
    let year = |year: &str| {
        let date = format!("{year}-07-01").parse().unwrap();
        move |asm: &mut Asm| {
            asm.abc(Op::Today, 0, 0, 0).constant(1, Constant::Date(date)).abc(Op::Le, 2, 1, 0).abc(
                Op::Return,
                2,
                0,
                0,
            );
        }
    };
    assert_eq!(next(year("2034")), time("2034-07-01T00:00:00-04:00"));
    assert!(next(year("2050")).is_some_and(|at| at < time("2050-07-01T00:00:00-04:00").unwrap()));
}
