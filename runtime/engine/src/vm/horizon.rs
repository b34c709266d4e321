//! Until when a value holds: code runs once, and each comparison that is met and
//! moves with time says when it would come out differently.
//!
//! What such a value runs into without being compared (a pipe, a text) is looked at
//! again at the next minute, or at the next day if it moves by days only. Until the
//! first of all these moments the same words run with the same results.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{FunctionId, Instruction, Op, Pipe, Scalar, Type, Value};

use super::chain::{Chain, Link, moment};
use super::exec::{Operands, Run};
use super::flip::{Comparison, Test, next_day};
use super::{Fault, compare};

const MINUTE: i64 = 60_000;
/// So far each clock change is looked at.
const NEAR: i64 = 10 * 366 * 86_400_000;
/// What would change later than this never does.
const FAR: i64 = 100 * 366 * 86_400_000;

/// What is known of a call's horizon so far.
#[derive(Debug)]
pub(super) struct Horizon {
    /// The last whole millisecond that has begun.
    now: i64,
    /// For each call under way, registers that move.
    frames: Vec<BTreeMap<u8, Link>>,
    /// What was given back last, if it moves.
    given: Option<Link>,
    /// The first moment at which something may come out differently.
    first: Option<i64>,
}

impl Horizon {
    pub(super) fn new(now: Timestamp) -> Self {
        let now = now.as_nanosecond().div_euclid(1_000_000);
        Self { now: i64::try_from(now).unwrap_or(i64::MAX), frames: Vec::new(), given: None, first: None }
    }

    /// A function is called with these.
    pub(super) fn enter(&mut self, arguments: BTreeMap<u8, Link>) {
        self.given = None;
        self.frames.push(arguments);
    }

    /// It gives this register back.
    pub(super) fn leave(&mut self, register: u8) {
        self.given = self.frames.pop().and_then(|mut frame| frame.remove(&register));
    }

    fn of(&self, register: u8) -> Option<Link> {
        self.frames.last()?.get(&register).cloned()
    }

    fn set(&mut self, register: u8, link: Option<Link>) {
        let Some(frame) = self.frames.last_mut() else { return };
        match link {
            Some(link) => frame.insert(register, link),
            None => frame.remove(&register),
        };
    }

    /// Something may come out differently then.
    fn note(&mut self, at: i64) {
        let at = at.max(self.now + 1);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }

    /// An event of the future is met then.
    pub(super) fn note_at(&mut self, at: Timestamp) {
        let millis =
            at.as_nanosecond().div_euclid(1_000_000) + i128::from(at.subsec_nanosecond() % 1_000_000 != 0);
        self.note(i64::try_from(millis).unwrap_or(i64::MAX));
    }

    /// A comparison was met that says `now`.
    pub(super) fn meet(&mut self, comparison: &Comparison, now: bool, zone: &TimeZone) {
        let start = self.now + 1;
        let last = self.first.map_or(i64::MAX, |first| first - 1);
        let near = (self.now + NEAR).min(last);
        if let Some(at) = comparison.flip(now, start, near, zone) {
            self.note(at);
        } else if near < last && comparison.holds(near + 1, self.now + FAR, zone) != Some(now) {
            self.note(near + 1);
        }
    }

    /// Something that moves runs into what cannot be computed for other moments.
    fn lose(&mut self, link: &Link, zone: &TimeZone) {
        if link.is_daily() {
            self.meet_day(Link::new(Chain::Today), zone);
        } else {
            self.note((self.now.div_euclid(MINUTE) + 1) * MINUTE);
        }
    }

    /// It matters which day that is.
    fn meet_day(&mut self, day: Link, zone: &TimeZone) {
        if let Some(at) = next_day(day, self.now + 1, self.now + NEAR, zone) {
            self.note(at);
        }
    }
}

impl Run<'_> {
    /// Calls a function, and says until when its value holds.
    pub(super) fn watch(
        mut self,
        id: FunctionId,
        args: &[Value],
    ) -> Result<(Value, Option<Timestamp>), Fault> {
        let value = self.call(id, args)?;
        if let Some(given) = self.horizon.as_mut().and_then(|horizon| horizon.given.take()) {
            self.lose(&given)?;
        }
        let first = self.horizon.and_then(|horizon| horizon.first);
        Ok((value, first.and_then(moment)))
    }

    /// Registers from `first` on that move, as arguments from number `number` on.
    pub(super) fn moving(&self, first: u8, count: usize, number: u8) -> BTreeMap<u8, Link> {
        let Some(horizon) = &self.horizon else { return BTreeMap::new() };
        let registers = (first..=u8::MAX).zip(number..=u8::MAX).take(count);
        registers.filter_map(|(register, number)| Some((number, horizon.of(register)?))).collect()
    }

    /// Notes what a word made of what moves.
    pub(super) fn observe(&mut self, op: Op, word: &Operands<'_>, made: &Value) -> Result<(), Fault> {
        if self.horizon.is_none() {
            return Ok(());
        }
        let link = match op {
            Op::Now => Some(Link::new(Chain::Now)),
            Op::Today => Some(Link::new(Chain::Today)),
            Op::NextClock | Op::NextWeekday => self.next(op, word)?,
            Op::Copy => self.link(word.word.b()),
            Op::Default => self.link(if word.b().is_missing() { word.word.c() } else { word.word.b() }),
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::In | Op::Contains => {
                self.compared(op, word, made)?;
                None
            }
            // Whether something that moves is set does not move; histories and blocks note their own.
            Op::Const | Op::Missing | Op::Not | Op::IsSet | Op::History | Op::Each => None,
            _ => self.derived(op, word)?,
        };
        if let Some(horizon) = &mut self.horizon {
            horizon.set(word.word.a(), link.filter(|_| !made.is_missing()));
        }
        Ok(())
    }

    fn link(&self, register: u8) -> Option<Link> {
        self.horizon.as_ref()?.of(register)
    }

    fn next(&mut self, op: Op, word: &Operands<'_>) -> Result<Option<Link>, Fault> {
        let register = if op == Op::NextClock { word.word.b() } else { word.word.c() };
        let chain = match (op, word.clock(register)) {
            (Op::NextClock, Some(clock)) => Some(Chain::NextClock(clock)),
            (_, Some(clock)) => word.weekday().map(|day| Chain::NextWeekday(day, clock)),
            _ => None,
        };
        match self.link(register) {
            Some(moving) => {
                self.lose(&moving)?;
                Ok(None)
            }
            None => Ok(chain.map(Link::new)),
        }
    }

    /// A comparison: of one value that moves and one that does not, the moment is found.
    fn compared(&mut self, op: Op, word: &Operands<'_>, made: &Value) -> Result<(), Fault> {
        let (b, c) = (self.link(word.word.b()), self.link(word.word.c()));
        let (test, b, c) = match (op, b, c) {
            (_, None, None) => return Ok(()),
            // What is missing compares with nothing at any time.
            _ if word.b().is_missing() || word.c().is_missing() => return Ok(()),
            (_, Some(one), Some(other)) => {
                self.lose(&one)?;
                return self.lose(&other);
            }
            (Op::In, Some(link), None) => return self.held(&link, word.c()),
            (Op::Contains, None, Some(link)) => return self.held(&link, word.b()),
            (Op::Eq, b, c) => (Test::Same, b, c),
            (Op::Ne, b, c) => (Test::Unlike, b, c),
            (Op::Lt, b, c) => (Test::Less, b, c),
            (Op::Le, b, c) => (Test::LessOrSame, b, c),
            (_, Some(link), _) | (_, _, Some(link)) => return self.lose(&link),
        };
        if compare::order(word.b(), word.c()).is_none() {
            // Of two kinds only JSON can say the same.
            let json = matches!(word.b(), Value::Json(_)) || matches!(word.c(), Value::Json(_));
            return b.or(c).filter(|_| json).map_or(Ok(()), |link| self.lose(&link));
        }
        let fixed = |value: &Value| Link::new(Chain::Fixed(value.clone()));
        let (left, right) = (b.unwrap_or_else(|| fixed(word.b())), c.unwrap_or_else(|| fixed(word.c())));
        self.meet(&Comparison { test, left, right }, *made == Value::Bool(true))
    }

    /// Whether a list holds something that moves.
    fn held(&mut self, link: &Link, list: &Value) -> Result<(), Fault> {
        let Value::List(items) = list else { return self.lose(link) };
        let zone = self.zone()?.clone();
        let Some(horizon) = &mut self.horizon else { return Ok(()) };
        let moving = link.range(horizon.now, horizon.now, &zone);
        for item in items.iter() {
            if moving.as_ref().is_none_or(|moving| compare::order(&moving.low, item).is_none()) {
                if matches!(item, Value::Json(_)) {
                    horizon.lose(link, &zone);
                }
                continue;
            }
            let right = Rc::new(Chain::Fixed(item.clone()));
            let comparison = Comparison { test: Test::Same, left: link.clone(), right };
            let now = comparison.holds(horizon.now, horizon.now, &zone) == Some(true);
            horizon.meet(&comparison, now, &zone);
        }
        Ok(())
    }

    /// A comparison was met that says `now`.
    pub(super) fn meet(&mut self, comparison: &Comparison, now: bool) -> Result<(), Fault> {
        let zone = self.zone()?.clone();
        if let Some(horizon) = &mut self.horizon {
            horizon.meet(comparison, now, &zone);
        }
        Ok(())
    }

    fn lose(&mut self, link: &Link) -> Result<(), Fault> {
        let zone = self.zone()?.clone();
        if let Some(horizon) = &mut self.horizon {
            horizon.lose(link, &zone);
        }
        Ok(())
    }

    /// What a word makes of values that move: a chain, or something that has to be looked at again.
    fn derived(&mut self, op: Op, word: &Operands<'_>) -> Result<Option<Link>, Fault> {
        let moving: Vec<Link> = reads(op, word.word).filter_map(|register| self.link(register)).collect();
        let Some(first) = moving.first() else { return Ok(None) };
        if let [one] = &moving[..]
            && let Some(chain) = self.longer(op, word, one)
        {
            return Ok(Some(Link::new(chain)));
        }
        if let [one] = &moving[..]
            && op == Op::Pipe
            && word.pipe_of() == Some(Pipe::Date)
            && word.pipe_format().is_some_and(by_days)
        {
            let day = Link::new(Chain::DateOf(one.clone()));
            let zone = self.zone()?.clone();
            if let Some(horizon) = &mut self.horizon {
                horizon.meet_day(day, &zone);
            }
            return Ok(None);
        }
        let daily = moving.iter().find(|link| !link.is_daily()).unwrap_or(first).clone();
        self.lose(&daily)?;
        Ok(None)
    }

    /// A chain with one more part.
    fn longer(&self, op: Op, word: &Operands<'_>, one: &Link) -> Option<Chain> {
        let link = one.clone();
        let first = self.link(word.word.b()).is_some();
        let (b, c) = (word.b(), word.c());
        let fixed = |value: &Value| Link::new(Chain::Fixed(value.clone()));
        match (op, b, c) {
            (Op::Add, Value::Time(_) | Value::Date(_), Value::Duration(length)) if first => {
                Some(Chain::Shift(link, *length))
            }
            (Op::Sub, Value::Time(_) | Value::Date(_), Value::Duration(length)) if first => {
                Some(Chain::Shift(link, length.checked_neg()?))
            }
            (Op::Add, Value::Duration(_), Value::Duration(length)) if first => {
                Some(Chain::Total(link, *length))
            }
            (Op::Add, Value::Duration(length), Value::Duration(_)) => Some(Chain::Total(link, *length)),
            (Op::Sub, Value::Duration(_), Value::Duration(length)) if first => {
                Some(Chain::Total(link, length.checked_neg()?))
            }
            (Op::Sub, Value::Duration(length), Value::Duration(_)) => {
                Some(Chain::Total(Link::new(Chain::Scaled(link, (-1).into())), *length))
            }
            (Op::Sub, Value::Time(_), Value::Time(_)) | (Op::Sub, Value::Date(_), Value::Date(_))
                if first =>
            {
                Some(Chain::Difference(link, fixed(c)))
            }
            (Op::Sub, Value::Time(_), Value::Time(_)) | (Op::Sub, Value::Date(_), Value::Date(_)) => {
                Some(Chain::Difference(fixed(b), link))
            }
            (Op::Mul, Value::Duration(_), Value::Number(times)) if first => Some(Chain::Scaled(link, *times)),
            (Op::Neg, Value::Duration(_), _) => Some(Chain::Scaled(link, (-1).into())),
            (Op::At, _, Value::Clock(clock)) if first => Some(Chain::At(link, *clock)),
            (Op::StartOf, ..) => Some(Chain::At(link, jiff::civil::Time::MIN)),
            (Op::Convert, from, _) => match (from, word.convert_type()?) {
                (Value::Time(_), Type::One(Scalar::Date)) => Some(Chain::DateOf(link)),
                (Value::Time(_), Type::One(Scalar::Clock)) => Some(Chain::ClockOf(link)),
                (Value::Date(_), Type::One(Scalar::Time)) => Some(Chain::At(link, jiff::civil::Time::MIN)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The registers that a word reads, one after another.
fn reads(op: Op, word: Instruction) -> impl Iterator<Item = u8> {
    let (b, c) = (word.b(), word.c());
    let row = |first: u8, count: usize| (first..=u8::MAX).take(count);
    let arguments = Pipe::from_byte(b).map_or(0, |pipe| pipe.signature().args.len());
    match op {
        Op::Pipe => row(c, 1 + arguments).chain(row(0, 0)),
        Op::List | Op::Join => row(b, usize::from(c)).chain(row(0, 0)),
        Op::Object => row(b, 2 * usize::from(c)).chain(row(0, 0)),
        Op::Subject | Op::Contact | Op::Field | Op::Event | Op::Moved | Op::Secret => {
            row(0, 0).chain(row(0, 0))
        }
        Op::Attr | Op::Member | Op::Convert | Op::Grade | Op::Neg | Op::StartOf | Op::Text | Op::Escape => {
            row(b, 1).chain(row(0, 0))
        }
        _ => row(b, 1).chain(row(c, 1)),
    }
}

/// Whether a strftime format shows nothing that is smaller than a day.
fn by_days(format: &str) -> bool {
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter == '%' {
            let what = letters.by_ref().find(|c| !"-_0^#".contains(*c) && !c.is_ascii_digit());
            if !what.is_some_and(|c| "YymdeBbhAajuwUWVGgFDCqx%".contains(c)) {
                return false;
            }
        }
    }
    true
}
