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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(scalar: Scalar) -> Type {
        Type::One(scalar)
    }

    fn strict(json: Json, scalar: Scalar) -> Result<Value, String> {
        Value::from_json(&json, &one(scalar)).map_err(|misfit| misfit.to_string())
    }

    fn set(texts: &[&str]) -> Vec<Arc<str>> {
        texts.iter().map(|text| (*text).into()).collect()
    }

    #[test]
    fn what_comes_in_is_of_its_type() {
        assert_eq!(strict(json!("a"), Scalar::Text), Ok(Value::text("a")));
        assert_eq!(strict(json!(1.10), Scalar::Number), Ok(Value::Number("1.1".parse().unwrap())));
        assert_eq!(strict(json!(1e3), Scalar::Number), Ok(Value::Number(1000.into())));
        assert_eq!(strict(json!(null), Scalar::Number), Ok(Value::Missing));
        assert_eq!(strict(json!("+1 (415) 555-0123"), Scalar::Phone), Ok(Value::text("+14155550123")));
        assert_eq!(strict(json!("09:00"), Scalar::Clock), Ok(Value::Clock("09:00:00".parse().unwrap())));
        assert_eq!(
            strict(json!("P1DT2H"), Scalar::Duration),
            Ok(Value::Duration(Length { months: 0, days: 1, millis: 7_200_000 }))
        );
        let at = Value::Time("2026-03-08T14:00:00Z".parse().unwrap());
        assert_eq!(strict(json!("2026-03-08T09:00:00-05:00"), Scalar::Time), Ok(at));
        let at = Value::Time("2026-03-08T00:00:00Z".parse().unwrap());
        assert_eq!(strict(json!("2026-03-08"), Scalar::Time), Ok(at));
        assert_eq!(
            strict(json!("ana"), Scalar::Entity("contact".into())),
            Ok(Value::Entity(EntityId::new("contact", "ana")))
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_reason() {
        let refused = |json, scalar| strict(json, scalar).unwrap_err();
        assert_eq!(refused(json!("12"), Scalar::Number), "expected a number, got the text `12`");
        assert_eq!(refused(json!(12), Scalar::Text), "expected a text, got the number `12`");
        assert_eq!(refused(json!("true"), Scalar::Bool), "expected `true` or `false`, got the text `true`");
        assert_eq!(refused(json!({}), Scalar::Email), "expected an email address, got an object");
        assert_eq!(
            refused(json!("gold"), Scalar::OneOf(set(&["free", "pro", "team"]))),
            "expected one of `free`, `pro` or `team`, got the text `gold`"
        );
        assert_eq!(
            refused(json!("a".repeat(99)), Scalar::Date),
            format!("expected a date such as `2026-03-08`, got the text `{}…`", "a".repeat(60))
        );
        for (json, scalar) in [
            (json!("2026-02-30"), Scalar::Date),
            (json!("2026-03-08T09:00:00"), Scalar::Time),
            (json!(1_772_960_400), Scalar::Time),
            (json!("2026-03-08T09:00:00+00:00[UTC]"), Scalar::Time),
            (json!("9:00"), Scalar::Clock),
            (json!("24:00"), Scalar::Clock),
            (json!("09:00:"), Scalar::Clock),
            (json!("0415 5550123"), Scalar::Phone),
            (json!("+0415 5550123"), Scalar::Phone),
            (json!("+1 415 CALLME"), Scalar::Phone),
            (json!("ftp://acme.com"), Scalar::Url),
            (json!("https://"), Scalar::Url),
            (json!("https://acme.com/a b"), Scalar::Url),
            (json!("Mars/Base"), Scalar::Timezone),
            (json!(""), Scalar::Entity("contact".into())),
            (json!(1e40), Scalar::Number),
        ] {
            assert!(strict(json.clone(), scalar.clone()).is_err(), "{json} as {scalar}");
        }
    }

    #[test]
    fn email_addresses() {
        for text in ["ana@acme.com", "a.b+c@x-y.example", "ü@münchen.de"] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "",
            "ana",
            "@acme.com",
            "ana@",
            "ana@acme",
            "a b@acme.com",
            "a@b@c.com",
            "ana@-acme.com",
            "ana@acme..com",
            "<ana@acme.com>",
            "ana@acme.com\n",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn lists() {
        let ty = Type::List(Scalar::Number);
        let numbers = Value::List([Value::Number(1.into()), Value::Number(2.into())].into());
        assert_eq!(Value::from_json(&json!([1, 2]), &ty), Ok(numbers.clone()));
        assert_eq!(
            Value::from_json(&json!([1, "x"]), &ty).unwrap_err().to_string(),
            "expected a number, got the text `x`"
        );
        assert_eq!(
            Value::from_json(&json!(1), &ty).unwrap_err().to_string(),
            "expected a list of number, got the number `1`"
        );
        assert_eq!(Value::read(&json!([1, "x", null, "2"]), &ty), numbers);
        assert_eq!(Value::read(&json!(1), &ty), Value::List([Value::Number(1.into())].into()));
        assert_eq!(Value::read(&json!({}), &ty), Value::Missing);
    }

    #[test]
    fn code_reads_what_plainly_means_the_same() {
        let read = |json, scalar| Value::read(&json, &one(scalar));
        assert_eq!(read(json!(" 12.50 "), Scalar::Number), Value::Number("12.5".parse().unwrap()));
        assert_eq!(read(json!(12), Scalar::Text), Value::text("12"));
        assert_eq!(read(json!("true"), Scalar::Bool), Value::Bool(true));
        assert_eq!(read(json!("many"), Scalar::Number), Value::Missing);
        assert_eq!(read(json!("gold"), Scalar::Ordered(set(&["free", "pro"]))), Value::Missing);
        assert_eq!(read(json!([1]), Scalar::Text), Value::Missing);
    }

    #[test]
    fn a_number_that_json_would_round_is_a_text() {
        let exact: Decimal = "1234567890.12345678901".parse().unwrap();
        assert_eq!(Value::Number(exact).to_json(), json!("1234567890.12345678901"));
        assert_eq!(Value::Number("19.90".parse().unwrap()).to_json(), json!(19.9));
        assert_eq!(Value::Number("3.00".parse().unwrap()).to_json(), json!(3));
    }

    prop_compose! {
        fn decimals()(mantissa in any::<i64>(), more in any::<i32>(), scale in 0_u32..=28) -> Decimal {
            Decimal::from_i128_with_scale(i128::from(mantissa) * i128::from(more), scale)
        }
    }

    fn values() -> impl Strategy<Value = (Value, Scalar)> {
        let at = (-62_135_596_800_000_i64..253_402_207_200_000)
            .prop_map(|ms| Timestamp::from_millisecond(ms).unwrap());
        let date = (1_i16..9999, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| civil::date(y, m, d));
        let clock = (0_i8..24, 0_i8..60, 0_i8..60).prop_map(|(h, m, s)| civil::time(h, m, s, 0));
        prop_oneof![
            any::<bool>().prop_map(|v| (Value::Bool(v), Scalar::Bool)),
            decimals().prop_map(|v| (Value::Number(v), Scalar::Number)),
            any::<String>().prop_map(|v| (Value::text(v), Scalar::Text)),
            date.prop_map(|v| (Value::Date(v), Scalar::Date)),
            at.prop_map(|v| (Value::Time(v), Scalar::Time)),
            clock.prop_map(|v| (Value::Clock(v), Scalar::Clock)),
            (any::<i32>(), any::<i32>(), any::<i64>()).prop_map(|(months, days, millis)| (
                Value::Duration(Length { months, days, millis }),
                Scalar::Duration
            )),
            ".+".prop_map(|id| (
                Value::Entity(EntityId::new("contact", id)),
                Scalar::Entity("contact".into())
            )),
        ]
    }

    proptest! {
        #[test]
        fn a_value_survives_json((value, scalar) in values()) {
            let json = value.to_json();
            prop_assert_eq!(Value::from_json(&json, &one(scalar.clone())), Ok(value.clone()));
            // As a store keeps it.
            let json: Json = serde_json::from_str(&json.to_string()).unwrap();
            prop_assert_eq!(Value::read(&json, &one(scalar)), value);
        }
    }
}
