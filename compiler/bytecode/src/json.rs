//! Values from JSON and back.
//!
//! `from_json` is for what comes in from outside: it says what it expected. `read`
//! is for what code reads: what does not fit is missing, and what plainly means
//! the same fits (the text `12.5` as a number). It must not know where JSON comes from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::{EntityId, Length, Scalar, Type, Value};

/// JSON that is not of the type it should have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, got {got}")]
pub struct Misfit {
    /// What should have come: `a number`.
    pub expected: String,
    /// What came: `the text "abc"`.
    pub got: String,
}

/// How far JSON is bent to fit a type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Not at all.
    Strict,
    /// As far as its meaning stays the same.
    Lenient,
}

impl Value {
    /// Reads JSON as `ty`; `null` is [`Value::Missing`].
    ///
    /// # Errors
    ///
    /// If it is not of that type.
    pub fn from_json(json: &Json, ty: &Type) -> Result<Self, Misfit> {
        match (ty, json) {
            (_, Json::Null) => Ok(Self::Missing),
            (Type::One(scalar), _) => one(json, scalar, Fit::Strict).ok_or_else(|| misfit(json, ty)),
            (Type::List(scalar), Json::Array(items)) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| strict_item(item, scalar)).collect();
                Ok(Self::List(items?.into()))
            }
            (Type::List(_), _) => Err(misfit(json, ty)),
        }
    }

    /// Reads JSON as `ty`; what does not fit is [`Value::Missing`]. Items of a list
    /// that do not fit are left out, and one item is a list of one.
    #[must_use]
    pub fn read(json: &Json, ty: &Type) -> Self {
        match (ty, json) {
            (_, Json::Null) => Self::Missing,
            (Type::One(scalar), _) => one(json, scalar, Fit::Lenient).unwrap_or(Self::Missing),
            (Type::List(scalar), Json::Array(items)) => {
                Self::List(items.iter().filter_map(|item| one(item, scalar, Fit::Lenient)).collect())
            }
            (Type::List(scalar), _) => match one(json, scalar, Fit::Lenient) {
                Some(item) => Self::List(Arc::new([item])),
                None => Self::Missing,
            },
        }
    }

    /// As JSON; [`Value::Missing`] is `null`. Reading it as its own type gives it back.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Missing => Json::Null,
            Self::Bool(v) => Json::Bool(*v),
            Self::Number(v) => number_to_json(*v),
            Self::Text(v) => Json::String(v.to_string()),
            Self::Date(v) => Json::String(v.to_string()),
            Self::Time(v) => Json::String(v.to_string()),
            Self::Clock(v) => Json::String(clock_text(*v)),
            Self::Duration(v) => Json::String(v.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Entity(id) => Json::String(id.id.to_string()),
            Self::Json(json) => (**json).clone(),
        }
    }
}

/// An item of a list; `null` is none.
fn strict_item(item: &Json, scalar: &Scalar) -> Result<Value, Misfit> {
    one(item, scalar, Fit::Strict).ok_or_else(|| misfit(item, &Type::One(scalar.clone())))
}

fn one(json: &Json, scalar: &Scalar, fit: Fit) -> Option<Value> {
    match scalar {
        _ if json.is_null() => None,
        Scalar::Json => Some(Value::Json(Arc::new(json.clone()))),
        Scalar::Bool => bool_from(json, fit).map(Value::Bool),
        Scalar::Number => number_from(json, fit).map(Value::Number),
        _ => text_from(json, fit).and_then(|text| flavour(&text, scalar)),
    }
}

fn bool_from(json: &Json, fit: Fit) -> Option<bool> {
    match (json, fit) {
        (Json::Bool(v), _) => Some(*v),
        (Json::String(text), Fit::Lenient) => text.parse().ok(),
        _ => None,
    }
}

/// A number is exact: as JSON writes it, or a text where JSON's readers would round.
fn number_from(json: &Json, fit: Fit) -> Option<Decimal> {
    match json {
        Json::Number(number) => {
            let text = number.to_string();
            Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
        }
        Json::String(text) => {
            let number = Decimal::from_str_exact(text.trim()).ok()?;
            (fit == Fit::Lenient || number_to_json(number) == *json).then_some(number)
        }
        _ => None,
    }
}

fn number_to_json(number: Decimal) -> Json {
    let number = number.normalize();
    let text = number.to_string();
    if let Ok(whole) = i64::from_str(&text) {
        return Json::from(whole);
    }
    let float = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    match float.map(Json::Number) {
        Some(json) if number_from(&json, Fit::Strict) == Some(number) => json,
        _ => Json::String(text),
    }
}

/// The text of a JSON string; leniently also of a number or a truth value.
fn text_from(json: &Json, fit: Fit) -> Option<Arc<str>> {
    match (json, fit) {
        (Json::String(text), _) => Some(text.as_str().into()),
        (Json::Number(number), Fit::Lenient) => Some(number.to_string().into()),
        (Json::Bool(v), Fit::Lenient) => Some(v.to_string().into()),
        _ => None,
    }
}

/// Reads a text as a scalar type that JSON has no form of its own for.
fn flavour(text: &Arc<str>, scalar: &Scalar) -> Option<Value> {
    let same = |fits: bool| fits.then(|| Value::Text(text.clone()));
    match scalar {
        Scalar::Text => same(true),
        Scalar::Email => same(is_email(text)),
        Scalar::Phone => phone(text).map(Value::text),
        Scalar::Url => same(is_url(text)),
        Scalar::Timezone => same(TimeZone::get(text).is_ok()),
        Scalar::OneOf(set) | Scalar::Ordered(set) => same(set.contains(text)),
        Scalar::Entity(kind) => {
            (!text.is_empty()).then(|| Value::Entity(EntityId::new(kind.clone(), text.clone())))
        }
        Scalar::Date => date(text).map(Value::Date),
        Scalar::Time => moment(text).map(Value::Time),
        Scalar::Clock => clock(text).map(Value::Clock),
        Scalar::Duration => text.parse::<Length>().ok().map(Value::Duration),
        Scalar::Number | Scalar::Bool | Scalar::Json => None,
    }
}

/// `2026-03-08`.
fn date(text: &str) -> Option<civil::Date> {
    if text.len() == "YYYY-MM-DD".len() { text.parse().ok() } else { None }
}

/// `2026-03-08T09:00:00-05:00` (RFC 3339), or a date: its start in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    if let Some(day) = date(text) {
        return day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    if text.contains('[') { None } else { text.parse().ok() }
}

/// `09:00` or `09:00:30`.
fn clock(text: &str) -> Option<civil::Time> {
    let shape = |b: (usize, u8)| if b.0 % 3 == 2 { b.1 == b':' } else { b.1.is_ascii_digit() };
    if !matches!(text.len(), 5 | 8) || !text.bytes().enumerate().all(shape) {
        return None;
    }
    let mut parts = text.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    civil::Time::new(hour, minute, parts.next().unwrap_or(Some(0))?, 0).ok()
}

fn clock_text(clock: civil::Time) -> String {
    if clock.second() == 0 {
        format!("{:02}:{:02}", clock.hour(), clock.minute())
    } else {
        format!("{:02}:{:02}:{:02}", clock.hour(), clock.minute(), clock.second())
    }
}

/// One `@`, something before it, a dotted name of letters, digits and hyphens after
/// it, no white space or control characters, at most 254 bytes (RFC 5321, 4.5.3.1).
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\\\"[]@".contains(c);
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(plain)
        && domain.contains('.')
        && is_host(domain)
}

/// Labels of letters, digits and inner hyphens, between dots (RFC 1123, 2.1; letters of any script).
fn is_host(name: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// E.164: `+` and 7 to 15 digits, the first not 0; spaces, dots, dashes and parentheses are taken out.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !" -.()\u{a0}".contains(*c)).collect();
    let number = digits.strip_prefix('+')?;
    let fits = (7..=15).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && !number.starts_with('0');
    fits.then_some(digits)
}

/// `http` or `https`, a host, no white space or control characters.
fn is_url(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn misfit(json: &Json, ty: &Type) -> Misfit {
    Misfit { expected: expected(ty), got: got(json) }
}

fn expected(ty: &Type) -> String {
    let Type::One(scalar) = ty else { return format!("a {ty}") };
    match scalar {
        Scalar::Text => "a text".to_owned(),
        Scalar::Number => "a number".to_owned(),
        Scalar::Bool => "`true` or `false`".to_owned(),
        Scalar::Date => "a date such as `2026-03-08`".to_owned(),
        Scalar::Time => "a time such as `2026-03-08T09:00:00Z`".to_owned(),
        Scalar::Clock => "a time of day such as `09:00`".to_owned(),
        Scalar::Duration => "a duration such as `P1DT2H`".to_owned(),
        Scalar::Email => "an email address".to_owned(),
        Scalar::Phone => "a phone number such as `+14155550123`".to_owned(),
        Scalar::Url => "a url that starts with `https://` or `http://`".to_owned(),
        Scalar::Timezone => "a time zone such as `Europe/Berlin`".to_owned(),
        Scalar::Json => "any JSON but `null`".to_owned(),
        Scalar::OneOf(set) | Scalar::Ordered(set) => {
            let set: Vec<String> = set.iter().map(|text| format!("`{text}`")).collect();
            match set.split_last() {
                Some((last, [])) => last.clone(),
                Some((last, rest)) => format!("one of {} or {last}", rest.join(", ")),
                None => "nothing".to_owned(),
            }
        }
        Scalar::Entity(kind) => format!("the id of a {kind}, a text"),
    }
}

fn got(json: &Json) -> String {
    match json {
        Json::Null => "`null`".to_owned(),
        Json::Bool(v) => format!("`{v}`"),
        Json::Number(v) => format!("the number `{v}`"),
        Json::String(text) => format!("the text `{}`", Shortened(text)),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    }
}

/// At most 60 characters of a text that somebody sent.
struct Shortened<'a>(&'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(60) {
            Some((end, _)) => write!(f, "{}…", self.0.get(..end).unwrap_or_default()),
            None => f.write_str(self.0),
        }
    }
}
