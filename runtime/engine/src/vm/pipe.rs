//! What each pipe does. A pipe gives nothing for nothing, and for what it cannot do.

use std::collections::BTreeMap;

use base64::Engine;
use jiff::Timestamp;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use onward_bytecode::{Given, Pipe, Value};
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::Fault;
use super::fuel::{bounded, list, text};
use super::text::{escape, join, number, show};

/// Values of `name` in `name=value` pairs between commas.
fn items<'t>(t: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let pairs = t.split(',').filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(known, _)| known.trim() == name).map(|(_, value)| value.trim())
}

/// Names and values of an object, one after another, by name.
fn pairs(json: &serde_json::Value, zone: &TimeZone) -> Result<Option<Value>, Fault> {
    let Some(members) = json.as_object() else { return Ok(None) };
    let members: BTreeMap<&String, &serde_json::Value> = members.iter().collect();
    let texts = members.into_iter().flat_map(|(name, value)| {
        [Value::text(name.as_str()), Value::text(show(&Value::Json(value.clone().into()), zone))]
    });
    list(texts.collect()).map(Some)
}

/// The moment so many seconds after 1970 began.
fn unix(seconds: Decimal) -> Option<Timestamp> {
    let nanos = seconds.checked_mul(Decimal::from(1_000_000_000))?.floor().to_i128()?;
    Timestamp::from_nanosecond(nanos).ok()
}

/// The arguments of a pipe, with what stands for those that were left out.
struct Args<'a> {
    pipe: Pipe,
    given: &'a [Value],
}

impl Args<'_> {
    fn default(&self, place: usize) -> Option<Given> {
        self.pipe.signature().args.get(place).map(|arg| arg.given)
    }

    fn text(&self, place: usize) -> Option<&str> {
        match (self.given.get(place), self.default(place)) {
            (Some(Value::Text(text)), _) => Some(text),
            (_, Some(Given::ElseText(text))) => Some(text),
            _ => None,
        }
    }

    fn number(&self, place: usize) -> Option<Decimal> {
        match (self.given.get(place), self.default(place)) {
            (Some(Value::Number(number)), _) => Some(*number),
            (_, Some(Given::ElseNumber(number))) => Some(number.into()),
            _ => None,
        }
    }
}

/// Applies a pipe. `zone` is that of the subject.
pub(super) fn apply(pipe: Pipe, value: &Value, given: &[Value], zone: &TimeZone) -> Result<Value, Fault> {
    let args = Args { pipe, given };
    let made = match (pipe, value) {
        (_, Value::Missing) => None,
        (Pipe::Json, any) => Some(text(any.to_json().to_string())?),
        (Pipe::Number, any) => decimal(any).map(|n| Value::text(grouped(n, args.number(0)))),
        (Pipe::Date | Pipe::Time, any) => time(any, args.text(0), zone).map(text).transpose()?,
        (Pipe::Size, Value::List(items)) => Some(count(items.len())),
        (Pipe::Join, Value::List(items)) => {
            args.text(0).map(|between| joined(items, between, zone)).transpose()?
        }
        (Pipe::First, Value::List(items)) => items.first().map(|item| Value::text(show(item, zone))),
        (Pipe::Last, Value::List(items)) => items.last().map(|item| Value::text(show(item, zone))),
        (Pipe::Pairs, Value::Json(json)) => pairs(json, zone)?,
        (Pipe::Unix, any) => decimal(any).and_then(unix).map(Value::Time),
        (_, Value::Number(n)) => of_number(pipe, *n, &args),
        (_, Value::Text(t)) => of_text(pipe, t, &args)?,
        _ => None,
    };
    Ok(made.unwrap_or(Value::Missing))
}

fn of_number(pipe: Pipe, n: Decimal, args: &Args<'_>) -> Option<Value> {
    match pipe {
        Pipe::Round => Some(Value::Number(round(n, places(args.number(0)?)))),
        Pipe::Floor => Some(Value::Number(n.floor())),
        Pipe::Ceil => Some(Value::Number(n.ceil())),
        Pipe::Pluralize => {
            let one = args.text(0)?;
            let word = match args.text(1) {
                _ if n == Decimal::ONE => one.to_owned(),
                Some(many) => many.to_owned(),
                None => format!("{one}s"),
            };
            Some(Value::text(format!("{} {word}", number(n))))
        }
        _ => None,
    }
}

fn of_text(pipe: Pipe, t: &str, args: &Args<'_>) -> Result<Option<Value>, Fault> {
    let made = match pipe {
        Pipe::Upper => t.to_uppercase(),
        Pipe::Lower => t.to_lowercase(),
        Pipe::Capitalize => capitalize(t),
        Pipe::Title => t.split_inclusive(char::is_whitespace).map(capitalize).collect(),
        Pipe::Trim => t.trim().to_owned(),
        Pipe::UrlEncode => url_encode(t),
        Pipe::Escape => escape(t),
        Pipe::Safe => t.to_owned(),
        Pipe::Base64 => base64::engine::general_purpose::STANDARD.encode(t),
        Pipe::Item => match args.text(0).and_then(|name| items(t, name).next()) {
            Some(item) => item.to_owned(),
            None => return Ok(None),
        },
        Pipe::Items => {
            return args.text(0).map(|name| list(items(t, name).map(Value::text).collect())).transpose();
        }
        Pipe::StripHtml => strip_html(t),
        Pipe::Size => return Ok(Some(count(t.chars().count()))),
        Pipe::Truncate => match (args.number(0), args.text(1)) {
            (Some(length), Some(ending)) => truncate(t, length, ending),
            _ => return Ok(None),
        },
        Pipe::Replace => match (args.text(0), args.text(1)) {
            (Some(from), Some(to)) => replace(t, from, to)?,
            _ => return Ok(None),
        },
        Pipe::Prepend | Pipe::Append => match args.text(0) {
            Some(part) if pipe == Pipe::Prepend => format!("{part}{t}"),
            Some(part) => format!("{t}{part}"),
            None => return Ok(None),
        },
        Pipe::Split => return args.text(0).map(|separator| split(t, separator)).transpose(),
        _ => return Ok(None),
    };
    text(made).map(Some)
}

fn count(n: usize) -> Value {
    Value::Number(Decimal::from(n))
}

fn capitalize(t: &str) -> String {
    let mut chars = t.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars.as_str().chars()).collect()).unwrap_or_default()
}

/// At most `length` characters, the ending among them.
fn truncate(t: &str, length: Decimal, ending: &str) -> String {
    let length = length.trunc().max(Decimal::ZERO).to_usize().unwrap_or(usize::MAX);
    if t.chars().nth(length).is_none() {
        return t.to_owned();
    }
    let kept = length.saturating_sub(ending.chars().count());
    t.chars().take(kept).chain(ending.chars()).take(length).collect()
}

fn replace(t: &str, from: &str, to: &str) -> Result<String, Fault> {
    if from.is_empty() {
        return Ok(t.to_owned());
    }
    bounded(t.matches(from).count().saturating_mul(to.len()))?;
    Ok(t.replace(from, to))
}

fn split(t: &str, separator: &str) -> Result<Value, Fault> {
    if separator.is_empty() || t.is_empty() {
        let whole = Some(t).filter(|t| !t.is_empty());
        return list(whole.into_iter().map(Value::text).collect());
    }
    list(t.split(separator).map(Value::text).collect())
}

fn joined(items: &[Value], between: &str, zone: &TimeZone) -> Result<Value, Fault> {
    bounded(items.len().saturating_mul(between.len()))?;
    text(join(items, between, zone))
}

/// All but the unreserved characters (RFC 3986, 2.3) as `%XX`.
fn url_encode(t: &str) -> String {
    let mut out = String::with_capacity(t.len());
    for byte in t.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Takes out tags and comments. A `<` that starts neither stays.
fn strip_html(t: &str) -> String {
    let mut out = String::with_capacity(t.len());
    let mut rest = t;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = match after_tag(tag) {
            Some(after) => after,
            None => {
                out.push('<');
                tag
            }
        };
    }
    out.push_str(rest);
    out
}

/// What follows a tag whose `<` is gone; nothing if it is none.
fn after_tag(tag: &str) -> Option<&str> {
    if let Some(comment) = tag.strip_prefix("!--") {
        return Some(comment.split_once("-->").map_or("", |(_, after)| after));
    }
    if !tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!' || c == '?') {
        return None;
    }
    let mut quote = None;
    let end = tag.char_indices().find(|(_, c)| match (quote, c) {
        (None, '"' | '\'') => {
            quote = Some(*c);
            false
        }
        (None, '>') => true,
        (Some(q), c) => {
            if q == *c {
                quote = None;
            }
            false
        }
        _ => false,
    });
    Some(end.and_then(|(end, _)| tag.get(end + 1..)).unwrap_or_default())
}

/// A number, or what says one.
fn decimal(value: &Value) -> Option<Decimal> {
    use onward_bytecode::{Scalar, Type};
    match Value::read(&value.to_json(), &Type::One(Scalar::Number)) {
        Value::Number(n) => Some(n),
        _ => None,
    }
}

fn places(n: Decimal) -> u32 {
    n.trunc().max(Decimal::ZERO).to_u32().unwrap_or(28).min(28)
}

/// Half away from zero.
fn round(n: Decimal, places: u32) -> Decimal {
    n.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// `1,234.50`.
fn grouped(n: Decimal, decimals: Option<Decimal>) -> String {
    let written = match decimals {
        Some(decimals) => {
            let places = places(decimals);
            format!("{:.*}", places as usize, round(n, places))
        }
        None => number(n),
    };
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written.as_str()),
    };
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let mut out = sign.to_owned();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// A date, moment or time of day by a strftime format (jiff's `fmt::strtime`).
fn time(value: &Value, format: Option<&str>, zone: &TimeZone) -> Option<String> {
    let parts = match value {
        Value::Date(date) => BrokenDownTime::from(*date),
        Value::Clock(clock) => BrokenDownTime::from(*clock),
        Value::Time(at) => BrokenDownTime::from(&at.to_zoned(zone.clone())),
        _ => return None,
    };
    strtime::format(format?, parts).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply_to(pipe: Pipe, value: Value, given: &[Value]) -> Value {
        apply(pipe, &value, given, &TimeZone::get("America/New_York").unwrap()).unwrap()
    }

    fn texts(pipe: Pipe, value: &str, given: &[Value]) -> String {
        match apply_to(pipe, Value::text(value), given) {
            Value::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn n(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    fn t(text: &str) -> Value {
        Value::text(text)
    }

    #[test]
    fn letters() {
        assert_eq!(texts(Pipe::Upper, "straße", &[]), "STRASSE");
        assert_eq!(texts(Pipe::Lower, "ÀB", &[]), "àb");
        assert_eq!(texts(Pipe::Capitalize, "ärger im büro", &[]), "Ärger im büro");
        assert_eq!(texts(Pipe::Title, "ana  maría", &[]), "Ana  María");
        assert_eq!(texts(Pipe::Trim, " \u{a0}x ", &[]), "x");
        assert_eq!(texts(Pipe::Prepend, "b", &[t("a")]), "ab");
        assert_eq!(texts(Pipe::Append, "b", &[t("a")]), "ba");
        assert_eq!(texts(Pipe::Replace, "a-b-c", &[t("-"), t("+")]), "a+b+c");
        assert_eq!(texts(Pipe::Replace, "abc", &[t(""), t("+")]), "abc");
    }

    #[test]
    fn truncate_counts_characters_and_the_ending() {
        assert_eq!(texts(Pipe::Truncate, "äöüß", &[n("4"), Value::Missing]), "äöüß");
        assert_eq!(texts(Pipe::Truncate, "äöüßx", &[n("4"), Value::Missing]), "äöü…");
        assert_eq!(texts(Pipe::Truncate, "abcdef", &[n("5"), t("...")]), "ab...");
        assert_eq!(texts(Pipe::Truncate, "abcdef", &[n("2"), t("...")]), "..");
        assert_eq!(texts(Pipe::Truncate, "abcdef", &[n("-1"), Value::Missing]), "");
        assert_eq!(apply_to(Pipe::Truncate, t("abc"), &[Value::Missing, Value::Missing]), Value::Missing);
    }

    #[test]
    fn html() {
        assert_eq!(
            texts(Pipe::StripHtml, "<p class=\"a>b\">Hi <b>you</b><!-- no --> &amp; 1 < 2</p>", &[]),
            "Hi you &amp; 1 < 2"
        );
        assert_eq!(texts(Pipe::StripHtml, "a<b", &[]), "a");
        assert_eq!(texts(Pipe::Escape, "<b>", &[]), "&lt;b&gt;");
        assert_eq!(texts(Pipe::Safe, "<b>", &[]), "<b>");
        assert_eq!(texts(Pipe::UrlEncode, "a b&ü~", &[]), "a%20b%26%C3%BC~");
    }

    #[test]
    fn numbers() {
        let number = |value: Value, decimals: Value| apply_to(Pipe::Number, value, &[decimals]);
        assert_eq!(number(n("1234567.5"), Value::Missing), t("1,234,567.5"));
        assert_eq!(number(n("-1234.565"), n("2")), t("-1,234.57"));
        assert_eq!(number(n("999"), n("2")), t("999.00"));
        assert_eq!(number(t("1234.5"), n("0")), t("1,235"));
        assert_eq!(number(t("many"), n("0")), Value::Missing);
        assert_eq!(number(Value::Json(json!(1000).into()), Value::Missing), t("1,000"));
        assert_eq!(apply_to(Pipe::Round, n("2.5"), &[Value::Missing]), n("3"));
        assert_eq!(apply_to(Pipe::Round, n("-2.5"), &[Value::Missing]), n("-3"));
        assert_eq!(apply_to(Pipe::Round, n("2.345"), &[n("2")]), n("2.35"));
        assert_eq!(apply_to(Pipe::Floor, n("-2.5"), &[]), n("-3"));
        assert_eq!(apply_to(Pipe::Ceil, n("2.1"), &[]), n("3"));
        assert_eq!(apply_to(Pipe::Pluralize, n("1.0"), &[t("day"), Value::Missing]), t("1 day"));
        assert_eq!(apply_to(Pipe::Pluralize, n("2"), &[t("day"), Value::Missing]), t("2 days"));
        assert_eq!(apply_to(Pipe::Pluralize, n("0"), &[t("person"), t("people")]), t("0 people"));
    }

    #[test]
    fn times() {
        let at = Value::Time("2026-03-08T13:05:00Z".parse().unwrap());
        assert_eq!(apply_to(Pipe::Date, at.clone(), &[Value::Missing]), t("8 March 2026"));
        assert_eq!(
            apply_to(Pipe::Date, at.clone(), &[t("%A %Y-%m-%d %H:%M %Z")]),
            t("Sunday 2026-03-08 09:05 EDT")
        );
        assert_eq!(apply_to(Pipe::Time, at, &[Value::Missing]), t("09:05"));
        let date = Value::Date("2026-03-08".parse().unwrap());
        assert_eq!(apply_to(Pipe::Date, date.clone(), &[t("%d/%m/%y")]), t("08/03/26"));
        assert_eq!(apply_to(Pipe::Date, date, &[t("%Q!")]), Value::Missing);
        assert_eq!(
            apply_to(Pipe::Time, Value::Clock("09:05:00".parse().unwrap()), &[t("%-I:%M %p")]),
            t("9:05 AM")
        );
    }

    #[test]
    fn lists() {
        let list = Value::List([t("a"), n("2.50"), Value::Bool(true)].into());
        assert_eq!(apply_to(Pipe::Join, list.clone(), &[Value::Missing]), t("a, 2.5, yes"));
        assert_eq!(apply_to(Pipe::Join, list.clone(), &[t("/")]), t("a/2.5/yes"));
        assert_eq!(apply_to(Pipe::Size, list.clone(), &[]), n("3"));
        assert_eq!(apply_to(Pipe::Size, t("äö"), &[]), n("2"));
        assert_eq!(apply_to(Pipe::First, list.clone(), &[]), t("a"));
        assert_eq!(apply_to(Pipe::Last, list.clone(), &[]), t("yes"));
        assert_eq!(apply_to(Pipe::First, Value::List([].into()), &[]), Value::Missing);
        assert_eq!(apply_to(Pipe::Split, t("a,b"), &[t(",")]), Value::List([t("a"), t("b")].into()));
        assert_eq!(apply_to(Pipe::Split, t(""), &[t(",")]), Value::List([].into()));
        assert_eq!(apply_to(Pipe::Json, list, &[]), t("[\"a\",2.5,true]"));
    }

    #[test]
    fn what_signatures_are_made_of() {
        let header = "t=1492774577, v1=5257a8, v0=6ffbb5,v1=77aa";
        assert_eq!(texts(Pipe::Item, header, &[t("v1")]), "5257a8");
        assert_eq!(apply_to(Pipe::Item, t(header), &[t("v2")]), Value::Missing);
        assert_eq!(
            apply_to(Pipe::Items, t(header), &[t("v1")]),
            Value::List([t("5257a8"), t("77aa")].into())
        );
        assert_eq!(apply_to(Pipe::Items, t(""), &[t("v1")]), Value::List([].into()));
        let form = Value::Json(json!({"To": "+1", "From": "+2", "Body": "a b", "Count": 1}).into());
        let pairs = apply_to(Pipe::Pairs, form, &[]);
        assert_eq!(apply_to(Pipe::Join, pairs, &[t("")]), t("Bodya bCount1From+2To+1"));
        assert_eq!(apply_to(Pipe::Pairs, Value::Json(json!([1]).into()), &[]), Value::Missing);
        assert_eq!(texts(Pipe::Base64, "user:pässword", &[]), "dXNlcjpww6Rzc3dvcmQ=");
    }

    #[test]
    fn seconds_since_1970() {
        let at = |text: &str| Value::Time(text.parse().unwrap());
        assert_eq!(apply_to(Pipe::Unix, n("1492774577"), &[]), at("2017-04-21T11:36:17Z"));
        assert_eq!(apply_to(Pipe::Unix, t("1492774577.25"), &[]), at("2017-04-21T11:36:17.25Z"));
        assert_eq!(apply_to(Pipe::Unix, n("-1"), &[]), at("1969-12-31T23:59:59Z"));
        assert_eq!(apply_to(Pipe::Unix, t("soon"), &[]), Value::Missing);
        assert_eq!(apply_to(Pipe::Unix, n("79228162514264337593543950335"), &[]), Value::Missing);
    }

    #[test]
    fn nothing_gives_nothing_and_too_much_is_refused() {
        for pipe in Pipe::ALL {
            assert_eq!(apply_to(*pipe, Value::Missing, &[]), Value::Missing, "{}", pipe.name());
        }
        let long = t(&"a".repeat(2_000));
        let replaced = apply(Pipe::Replace, &long, &[t("a"), long.clone()], &TimeZone::UTC);
        assert_eq!(replaced, Err(Fault::TooLarge));
    }
}
