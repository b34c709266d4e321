//! The oracle: what an expression means, computed the plain way, from the tree.
//!
//! It shares nothing with the machine but the values and how they are read from JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use onward_bytecode::{Constant, EntityId, Length, Pipe, Scalar, Span as Window, Type, Value};
use onward_compiler::hir::{Arithmetic, Ask, Compare, EventScope, Expr, ExprKind, History, Part, VarId};
use onward_engine::model::{Occurrence, Question};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value as Json, json};

use crate::generate::Scene;

/// What an expression is computed in.
pub(crate) struct Oracle<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) project_zone: TimeZone,
    vars: BTreeMap<VarId, Value>,
    /// The past event that a condition looks at.
    past: Option<&'a Occurrence>,
}

use Value::Missing;

impl<'a> Oracle<'a> {
    pub(crate) fn new(scene: &'a Scene, project_zone: TimeZone) -> Self {
        Self { scene, project_zone, vars: BTreeMap::new(), past: None }
    }

    pub(crate) fn value(&mut self, expr: &Expr) -> Value {
        let ty = &expr.ty.ty;
        match &expr.kind {
            ExprKind::Constant(constant) => constant_value(constant),
            ExprKind::Missing => Missing,
            ExprKind::List(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            ExprKind::Object(members) => self.object(members),
            ExprKind::Subject => Value::Entity(self.scene.subject.clone()),
            // The subject is a contact in every scene.
            ExprKind::Contact => {
                let contact = self.scene.event.contact.as_ref();
                Value::Entity(contact.unwrap_or(&self.scene.subject).clone())
            }
            ExprKind::Event => self.event(),
            ExprKind::Field { of: EventScope::Past, name } => {
                let field = self.past.and_then(|past| past.fields.get(&**name));
                field.map_or(Missing, |it| Value::read(it, ty))
            }
            ExprKind::History(history) => self.history(history, ty),
            ExprKind::Field { name, .. } => {
                self.scene.event.fields.get(&**name).map_or(Missing, |it| Value::read(it, ty))
            }
            ExprKind::Var(var) => self.vars.get(var).cloned().unwrap_or(Missing),
            ExprKind::Param(_) | ExprKind::Secret(_) => unreachable!("only actions have these"),
            ExprKind::Actor(_) | ExprKind::Created(_) => {
                unreachable!("the scenes have none of these")
            }
            ExprKind::Attribute(entity, name) => match self.value(entity) {
                Value::Entity(id) => self.attribute(&id, name, ty),
                _ => Missing,
            },
            ExprKind::Member(json, name) => match self.value(json) {
                Value::Json(json) => json.get(&**name).map_or(Missing, |member| Value::read(member, ty)),
                _ => Missing,
            },
            ExprKind::Now => Value::Time(self.scene.now),
            ExprKind::Today => Value::Date(self.zone().to_datetime(self.scene.now).date()),
            ExprKind::Not(a) => Value::Bool(!self.holds(a)),
            ExprKind::And(a, b) => Value::Bool(self.holds(a) && self.holds(b)),
            ExprKind::Or(a, b) => Value::Bool(self.holds(a) || self.holds(b)),
            ExprKind::IsSet(a) => Value::Bool(self.value(a) != Missing),
            ExprKind::Compare(op, a, b) => {
                let (left, right) = (self.value(a), self.value(b));
                Value::Bool(compare(*op, &left, &right, &a.ty.ty))
            }
            ExprKind::Arithmetic(op, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                self.arithmetic(*op, &a, &b).unwrap_or(Missing)
            }
            ExprKind::Negate(a) => match self.value(a) {
                Value::Number(a) => Value::Number(-a),
                Value::Duration(a) => negated(a).map_or(Missing, Value::Duration),
                _ => Missing,
            },
            ExprKind::At(day, clock) => self.at(day, clock).map_or(Missing, Value::Time),
            ExprKind::NextClock(clock) => self.next(clock, None).map_or(Missing, Value::Time),
            ExprKind::NextWeekday(day, clock) => self.next(clock, Some(*day)).map_or(Missing, Value::Time),
            ExprKind::StartOf(date) => match self.value(date) {
                Value::Date(date) => moment(date.to_datetime(civil::Time::midnight()), &self.zone())
                    .map_or(Missing, Value::Time),
                _ => Missing,
            },
            ExprKind::Default(a, b) => match self.value(a) {
                Missing => self.value(b),
                a => a,
            },
            ExprKind::Pipe(pipe, input, arguments) => {
                let input = self.value(input);
                let arguments: Vec<Value> = arguments.iter().map(|it| self.value(it)).collect();
                piped(*pipe, &input, &arguments).unwrap_or(Missing)
            }
            ExprKind::Convert(a) => match self.value(a) {
                Value::List(items) => {
                    let there = items.iter().filter(|it| **it != Missing).map(Value::to_json).collect();
                    Value::read(&Json::Array(there), ty)
                }
                a => Value::read(&a.to_json(), ty),
            },
            ExprKind::Message(parts) => Value::text(self.message(parts)),
        }
    }

    /// Whether a condition holds; one without a value does not.
    fn holds(&mut self, expr: &Expr) -> bool {
        self.value(expr) == Value::Bool(true)
    }

    fn object(&mut self, members: &[(Arc<str>, Expr)]) -> Value {
        let mut object = serde_json::Map::new();
        for (name, value) in members {
            let value = self.value(value);
            if value != Missing {
                object.insert(name.to_string(), value.to_json());
            }
        }
        Value::Json(Arc::new(Json::Object(object)))
    }

    fn event(&self) -> Value {
        let event = &self.scene.event;
        let mut object = event.fields.clone();
        object.insert("id".into(), json!(event.id));
        object.insert("event".into(), json!(event.name));
        object.insert("time".into(), json!(event.at.to_string()));
        Value::Json(Arc::new(Json::Object(object)))
    }

    fn attribute(&self, id: &EntityId, name: &str, ty: &Type) -> Value {
        let entity = self.scene.entities.get(id).and_then(Option::as_ref);
        entity.and_then(|it| it.attributes.get(name)).map_or(Missing, |it| Value::read(it, ty))
    }

    /// The answer to a question about the past.
    fn history(&mut self, history: &History, ty: &Type) -> Value {
        let scene = self.scene;
        let events = match self.value(&history.entity) {
            Value::Entity(entity) => scene.history.get(&Question { entity, event: history.event.clone() }),
            _ => None,
        };
        let start = match history.span {
            Window::Ever => None,
            Window::Run => scene.run_started,
            Window::Last(length) => negated(length).and_then(|back| later(scene.now, back, &self.zone())),
        };
        let mut counted: Vec<&Occurrence> = Vec::new();
        for event in events.into_iter().flatten() {
            self.past = Some(event);
            let holds = history.condition.as_ref().is_none_or(|condition| self.holds(condition));
            if holds && event.at <= scene.now && start.is_none_or(|start| event.at >= start) {
                counted.push(event);
            }
        }
        self.past = None;
        match &history.ask {
            Ask::Count => Value::Number(counted.len().into()),
            Ask::Did => Value::Bool(!counted.is_empty()),
            Ask::Sum(name) => {
                let number = Type::One(Scalar::Number);
                let mut sum = Decimal::ZERO;
                for event in counted {
                    if let Some(Value::Number(more)) =
                        event.fields.get(&**name).map(|it| Value::read(it, &number))
                    {
                        let Some(more) = sum.checked_add(more) else { return Missing };
                        sum = more;
                    }
                }
                Value::Number(sum)
            }
            Ask::Latest(name) => match counted.into_iter().reduce(|a, b| if b.at >= a.at { b } else { a }) {
                Some(event) if &**name == "time" => Value::Time(event.at),
                Some(event) => event.fields.get(&**name).map_or(Missing, |it| Value::read(it, ty)),
                None => Missing,
            },
        }
    }

    /// The subject's zone, or else its account's, or else the project's.
    fn zone(&self) -> TimeZone {
        let timezone = Type::One(Scalar::Timezone);
        let named = |id: &EntityId| match self.attribute(id, "timezone", &timezone) {
            Value::Text(name) => TimeZone::get(&name).ok(),
            _ => None,
        };
        let subject = &self.scene.subject;
        let account = match self.attribute(subject, "account", &Type::One(Scalar::Entity("account".into()))) {
            Value::Entity(account) => named(&account),
            _ => None,
        };
        named(subject).or(account).unwrap_or_else(|| self.project_zone.clone())
    }

    fn arithmetic(&self, op: Arithmetic, a: &Value, b: &Value) -> Option<Value> {
        use Value::{Date, Duration, Number, Text, Time};
        Some(match (op, a, b) {
            (Arithmetic::Add, Number(a), Number(b)) => Number(a.checked_add(*b)?),
            (Arithmetic::Subtract, Number(a), Number(b)) => Number(a.checked_sub(*b)?),
            (Arithmetic::Multiply, Number(a), Number(b)) => Number(a.checked_mul(*b)?),
            (Arithmetic::Divide, Number(a), Number(b)) => Number(a.checked_div(*b)?),
            (Arithmetic::Add, Text(a), Text(b)) => Value::text(format!("{a}{b}")),
            (Arithmetic::Add, Duration(a), Duration(b)) => Duration(sum(*a, *b)?),
            (Arithmetic::Subtract, Duration(a), Duration(b)) => Duration(sum(*a, negated(*b)?)?),
            (Arithmetic::Multiply, Duration(a), Number(b)) => Duration(times(*a, *b)?),
            (Arithmetic::Add, Date(a), Duration(b)) => Date(later_date(*a, *b)?),
            (Arithmetic::Subtract, Date(a), Duration(b)) => Date(later_date(*a, negated(*b)?)?),
            (Arithmetic::Add, Time(a), Duration(b)) => Time(later(*a, *b, &self.zone())?),
            (Arithmetic::Subtract, Time(a), Duration(b)) => Time(later(*a, negated(*b)?, &self.zone())?),
            (Arithmetic::Subtract, Date(a), Date(b)) => {
                let days = b.until(*a).ok()?.get_days();
                Duration(Length { days, ..Length::default() })
            }
            (Arithmetic::Subtract, Time(a), Time(b)) => {
                let millis = a.as_millisecond() - b.as_millisecond();
                Duration(Length { millis, ..Length::default() })
            }
            _ => return None,
        })
    }

    fn at(&mut self, day: &Expr, clock: &Expr) -> Option<Timestamp> {
        let zone = self.zone();
        let date = match self.value(day) {
            Value::Date(date) => date,
            Value::Time(time) => zone.to_datetime(time).date(),
            _ => return None,
        };
        let Value::Clock(clock) = self.value(clock) else { return None };
        moment(date.to_datetime(clock), &zone)
    }

    /// The first moment after now at this time of day, on this weekday if any.
    fn next(&mut self, clock: &Expr, weekday: Option<u8>) -> Option<Timestamp> {
        let Value::Clock(clock) = self.value(clock) else { return None };
        let zone = self.zone();
        let now = self.scene.now;
        let today = zone.to_datetime(now).date();
        let days = std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(15);
        let fits = |day: &civil::Date| {
            weekday.is_none_or(|it| i8::try_from(it).unwrap() == day.weekday().to_monday_one_offset())
        };
        days.filter(fits).filter_map(|day| moment(day.to_datetime(clock), &zone)).find(|at| *at > now)
    }

    fn message(&mut self, parts: &[Part]) -> String {
        parts.iter().map(|part| self.part(part)).collect()
    }

    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Text(text) => text.to_string(),
            Part::Value(expr) => shown(&self.value(expr)),
            Part::Escaped(expr) => {
                let text = shown(&self.value(expr));
                if matches!(expr.kind, ExprKind::Pipe(Pipe::Safe, ..)) { text } else { escaped(&text) }
            }
            Part::If(branches, otherwise) => {
                for (condition, parts) in branches {
                    if self.holds(condition) {
                        return self.message(parts);
                    }
                }
                self.message(otherwise)
            }
            Part::For(var, list, parts) => {
                let Value::List(items) = self.value(list) else { return String::new() };
                let mut text = String::new();
                for item in items.iter() {
                    self.vars.insert(*var, item.clone());
                    text.push_str(&self.message(parts));
                }
                text
            }
        }
    }
}

fn constant_value(constant: &Constant) -> Value {
    match constant.clone() {
        Constant::Bool(v) => Value::Bool(v),
        Constant::Number(v) => Value::Number(v),
        Constant::Text(v) => Value::Text(v),
        Constant::Date(v) => Value::Date(v),
        Constant::Time(v) => Value::Time(v),
        Constant::Clock(v) => Value::Clock(v),
        Constant::Duration(v) => Value::Duration(v),
    }
}

/// A comparison, false where a side has no value. `ty` is the left side's.
fn compare(op: Compare, a: &Value, b: &Value, ty: &Type) -> bool {
    use Value::{List, Text};
    if *a == Missing || *b == Missing {
        return false;
    }
    let place = |value: &Value| match (value, ty) {
        (Text(text), Type::One(Scalar::Ordered(set))) => set.iter().position(|it| it == text),
        _ => None,
    };
    let order = match (a, b, ty) {
        (_, _, Type::One(Scalar::Ordered(_))) => place(a).zip(place(b)).map(|(a, b)| a.cmp(&b)),
        (Value::Number(a), Value::Number(b), _) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b), _) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b), _) => Some(a.cmp(b)),
        (Value::Clock(a), Value::Clock(b), _) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b), _) => Some(nominal(*a).cmp(&nominal(*b))),
        _ => None,
    };
    match (op, a, b) {
        (Compare::Equal, ..) => equal(a, b),
        (Compare::NotEqual, ..) => !equal(a, b),
        (Compare::Less, ..) => order.is_some_and(|it| it.is_lt()),
        (Compare::LessOrEqual, ..) => order.is_some_and(|it| it.is_le()),
        (Compare::Greater, ..) => order.is_some_and(|it| it.is_gt()),
        (Compare::GreaterOrEqual, ..) => order.is_some_and(|it| it.is_ge()),
        (Compare::In, item, List(items)) | (Compare::Contains, List(items), item) => {
            items.iter().any(|it| equal(it, item))
        }
        (Compare::Contains, Text(a), Text(b)) => a.to_lowercase().contains(&b.to_lowercase()),
        (Compare::StartsWith, Text(a), Text(b)) => a.starts_with(&**b),
        (Compare::EndsWith, Text(a), Text(b)) => a.ends_with(&**b),
        (Compare::Matches, Text(a), Text(b)) => {
            let letters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
            fits(&letters(a), &letters(b))
        }
        _ => false,
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Duration(a), Value::Duration(b)) => nominal(*a) == nominal(*b),
        _ => *a != Missing && a == b,
    }
}

/// Whether a text fits a glob.
fn fits(text: &[char], glob: &[char]) -> bool {
    match (text, glob) {
        (_, ['*', rest @ ..]) => (0..=text.len()).any(|at| fits(&text[at..], rest)),
        ([_, text @ ..], ['?', rest @ ..]) => fits(text, rest),
        ([a, text @ ..], [b, rest @ ..]) => a == b && fits(text, rest),
        (text, []) => text.is_empty(),
        ([], _) => false,
    }
}

fn nominal(length: Length) -> i128 {
    let days = i128::from(length.months) * 30 + i128::from(length.days);
    days * 24 * 60 * 60 * 1000 + i128::from(length.millis)
}

fn negated(length: Length) -> Option<Length> {
    Some(Length {
        months: length.months.checked_neg()?,
        days: length.days.checked_neg()?,
        millis: length.millis.checked_neg()?,
    })
}

fn sum(a: Length, b: Length) -> Option<Length> {
    Some(Length {
        months: a.months.checked_add(b.months)?,
        days: a.days.checked_add(b.days)?,
        millis: a.millis.checked_add(b.millis)?,
    })
}

/// Months must come out whole; a part of a day is elapsed time.
fn times(length: Length, by: Decimal) -> Option<Length> {
    let part = |part: i64| Decimal::from(part).checked_mul(by);
    let months = part(length.months.into())?;
    let days = part(length.days.into())?;
    let day = Decimal::from(24 * 60 * 60 * 1000);
    let millis = part(length.millis)?.checked_add((days - days.trunc()).checked_mul(day)?)?;
    if months != months.trunc() {
        return None;
    }
    let millis = millis.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven);
    Some(Length { months: months.to_i32()?, days: days.trunc().to_i32()?, millis: millis.to_i64()? })
}

/// A date some time later: months, days, and whole days of elapsed time.
fn later_date(date: civil::Date, length: Length) -> Option<civil::Date> {
    let days = length.millis.div_euclid(86_400_000);
    let months = Span::new().try_months(length.months).ok()?;
    let date = date.checked_add(months).ok()?;
    let date = date.checked_add(Span::new().try_days(length.days).ok()?).ok()?;
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// A moment some time later: months and days on the wall clock, then elapsed time.
fn later(time: Timestamp, length: Length, zone: &TimeZone) -> Option<Timestamp> {
    let mut at = time;
    if length.months != 0 || length.days != 0 {
        let wall = zone.to_datetime(time);
        let date = later_date(wall.date(), Length { millis: 0, ..length })?;
        if date != wall.date() {
            at = moment(date.to_datetime(wall.time()), zone)?;
        }
    }
    at.checked_add(SignedDuration::from_millis(length.millis)).ok()
}

/// When a clock in `zone` shows `wall` first; if it never does, the next time that exists.
fn moment(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let near = TimeZone::UTC.to_timestamp(wall).ok()?;
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    let from = near.checked_sub(hours(36)).ok()?;
    let to = near.checked_add(hours(36)).ok()?;
    // The wall clock runs evenly between two changes.
    let mut edges = vec![from];
    edges.extend(zone.following(from).map(|it| it.timestamp()).take_while(|it| *it < to));
    for start in edges {
        let shown = zone.to_datetime(start);
        if shown >= wall {
            return Some(start);
        }
        let at = start.checked_add(shown.duration_until(wall)).ok()?;
        if zone.to_datetime(at) == wall {
            return Some(at);
        }
    }
    None
}

/// A value as a person reads it.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        _ => String::new(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn piped(pipe: Pipe, input: &Value, arguments: &[Value]) -> Option<Value> {
    use Value::{List, Number, Text};
    let text = |place: usize| match arguments.get(place) {
        Some(Text(text)) => Some(text.clone()),
        _ => None,
    };
    let count = |place: usize| match arguments.get(place) {
        Some(Number(number)) => number.to_usize(),
        _ => None,
    };
    Some(match (pipe, input) {
        (Pipe::Upper, Text(it)) => Value::text(it.to_uppercase()),
        (Pipe::Lower, Text(it)) => Value::text(it.to_lowercase()),
        (Pipe::Capitalize, Text(it)) => {
            let mut letters = it.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            Value::text(first + letters.as_str())
        }
        (Pipe::Trim, Text(it)) => Value::text(it.trim()),
        (Pipe::Truncate, Text(it)) => Value::text(truncated(it, count(0)?, &text(1)?)),
        (Pipe::Replace, Text(it)) if text(0)?.is_empty() => Text(it.clone()),
        (Pipe::Replace, Text(it)) => Value::text(it.replace(&*text(0)?, &text(1)?)),
        (Pipe::Prepend, Text(it)) => Value::text(format!("{}{it}", text(0)?)),
        (Pipe::Append, Text(it)) => Value::text(format!("{it}{}", text(0)?)),
        (Pipe::UrlEncode, Text(it)) => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            let code =
                |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
            Value::text(it.bytes().map(code).collect::<String>())
        }
        (Pipe::Escape, Text(it)) => Value::text(escaped(it)),
        (Pipe::Safe, Text(it)) => Text(it.clone()),
        (Pipe::Split, Text(it)) => {
            let separator = text(0)?;
            match (it.is_empty(), separator.is_empty()) {
                (true, _) => List([].into()),
                (_, true) => List([input.clone()].into()),
                _ => List(it.split(&*separator).map(Value::text).collect()),
            }
        }
        (Pipe::Item, Text(it)) => Value::text(*named(it, &text(0)?).first()?),
        (Pipe::Items, Text(it)) => List(named(it, &text(0)?).into_iter().map(Value::text).collect()),
        (Pipe::Pairs, Value::Json(json)) => {
            let mut names: Vec<&String> = json.as_object()?.keys().collect();
            names.sort();
            List(
                names
                    .into_iter()
                    .flat_map(|name| [Value::text(&**name), Value::text(shown_json(&json[name]))])
                    .collect(),
            )
        }
        (Pipe::Unix, Number(_) | Text(_)) => {
            let Number(seconds) = Value::read(&input.to_json(), &Type::One(Scalar::Number)) else {
                return None;
            };
            let nanos = (seconds.checked_mul(Decimal::from(1_000_000_000))?).floor().to_i128()?;
            Value::Time(Timestamp::from_nanosecond(nanos).ok()?)
        }
        (Pipe::Base64, Text(it)) => Value::text(base64(it.as_bytes())),
        (Pipe::Join, List(items)) => Value::text(items.iter().map(shown).collect::<Vec<_>>().join(&text(0)?)),
        (Pipe::First, List(items)) => Value::text(shown(items.first()?)),
        (Pipe::Last, List(items)) => Value::text(shown(items.last()?)),
        (Pipe::Size, List(items)) => Number(items.len().into()),
        (Pipe::Size, Text(it)) => Number(it.chars().count().into()),
        (Pipe::Round, Number(it)) => {
            let digits = u32::try_from(count(0)?).ok()?;
            Number(it.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero))
        }
        (Pipe::Floor, Number(it)) => Number(it.floor()),
        (Pipe::Ceil, Number(it)) => Number(it.ceil()),
        _ => return None,
    })
}

/// Values of `name` in `name=value` pairs between commas.
fn named<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for pair in text.split(',') {
        if let Some((key, value)) = pair.split_once('=')
            && key.trim() == name
        {
            found.push(value.trim());
        }
    }
    found
}

fn shown_json(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(items) if items.iter().all(|it| !it.is_array() && !it.is_object()) => {
            items.iter().map(shown_json).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Six bits at a time, in groups of four letters.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits =
            (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * place) & 63]);
            out.push(if place <= group.len() { letter } else { '=' });
        }
    }
    out
}

/// At most `length` characters, the ending included.
fn truncated(text: &str, length: usize, ending: &str) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let kept = length.saturating_sub(ending.chars().count());
    text.chars().take(kept).chain(ending.chars()).take(length).collect()
}
