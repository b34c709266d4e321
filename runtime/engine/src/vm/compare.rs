//! Comparing values, and looking into texts and lists. What does not compare is
//! neither equal nor less.

use std::cmp::Ordering;

use onward_bytecode::{Kind, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::Fault;
use super::fuel::Fuel;

/// The kind of a value that is there.
pub(super) fn kind(value: &Value) -> Option<Kind> {
    Some(match value {
        Value::Missing => return None,
        Value::Bool(_) => Kind::Bool,
        Value::Number(_) => Kind::Number,
        Value::Text(_) => Kind::Text,
        Value::Date(_) => Kind::Date,
        Value::Time(_) => Kind::Time,
        Value::Clock(_) => Kind::Clock,
        Value::Duration(_) => Kind::Duration,
        Value::List(_) => Kind::List,
        Value::Entity(_) => Kind::Entity,
        Value::Json(_) => Kind::Json,
    })
}

/// Whether both are there and the same. Lengths of time are compared with a day
/// as 24 hours and a month as 30 days.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Missing, _) | (_, Value::Missing) => false,
        (Value::Duration(a), Value::Duration(b)) => a.nominal_millis() == b.nominal_millis(),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        (Value::Json(a), Value::Json(b)) => same_json(a, b),
        (Value::Json(json), other) | (other, Value::Json(json)) => same_json(json, &other.to_json()),
        _ => a == b,
    }
}

/// JSON is the same if it says the same: `1` and `1.0` do.
fn same_json(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => match (decimal(a), decimal(b)) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        },
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same_json(a, b)))
        }
        _ => a == b,
    }
}

fn decimal(number: &serde_json::Number) -> Option<Decimal> {
    let text = number.to_string();
    Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// How two values that have an order stand to each other.
pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Clock(a), Value::Clock(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.nominal_millis().cmp(&b.nominal_millis())),
        _ => None,
    }
}

/// Whether a list holds a value.
pub(super) fn holds(list: &Value, item: &Value) -> bool {
    matches!(list, Value::List(items) if items.iter().any(|i| same(i, item)))
}

/// Whether a text holds another, case ignored, or a list a value.
pub(super) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Text(whole), Value::Text(part)) => whole.to_lowercase().contains(&part.to_lowercase()),
        _ => holds(whole, part),
    }
}

/// Whether `text` fits `glob`: `*` is any run, `?` any one character, case ignored.
/// After a mismatch only the last `*` takes one more, so the work is at most the
/// product of the lengths, and is paid for.
pub(super) fn fits(text: &str, glob: &str, fuel: &mut Fuel) -> Result<bool, Fault> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let glob: Vec<char> = glob.to_lowercase().chars().collect();
    let (mut at, mut want, mut steps) = (0, 0, 0_usize);
    // Where the last `*` is, and where what it takes ends.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(at) {
        steps += 1;
        if steps.is_multiple_of(16) {
            fuel.burn(1)?;
        }
        match glob.get(want) {
            Some('*') => {
                star = Some((want, at));
                want += 1;
            }
            Some(w) if *w == '?' || w == c => {
                at += 1;
                want += 1;
            }
            _ => match &mut star {
                None => return Ok(false),
                Some((place, end)) => {
                    *end += 1;
                    at = *end;
                    want = *place + 1;
                }
            },
        }
    }
    Ok(glob.iter().skip(want).all(|w| *w == '*'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(text: &str, glob: &str) -> bool {
        fits(text, glob, &mut Fuel::full()).unwrap()
    }

    #[test]
    fn globs() {
        for (text, pattern) in [
            ("", ""),
            ("", "*"),
            ("ana@acme.com", "*@acme.com"),
            ("ANA@acme.com", "ana@*"),
            ("glub", "gl?b"),
            ("abcbc", "a*bc"),
            ("Straße", "stra?e"),
            ("a*b", "a*b"),
        ] {
            assert!(glob(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("", "?"), ("a", ""), ("glb", "gl?b"), ("abcbd", "a*bc"), ("aa", "a")] {
            assert!(!glob(text, pattern), "{text} {pattern}");
        }
    }

    #[test]
    fn a_nasty_glob_is_cheap() {
        let text = "a".repeat(2_000);
        assert!(!glob(&text, &"a*".repeat(500).replace("a*a*", "a*a*b")));
        let (text, pattern) = ("a".repeat(10_000), format!("*{}b", "a".repeat(5_000)));
        assert_eq!(fits(&text, &pattern, &mut Fuel::of(1_000)), Err(Fault::OutOfFuel));
    }

    /// The obvious way, exponential.
    fn slow(text: &[char], glob: &[char]) -> bool {
        match (glob.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                slow(text, rest) || text.split_first().is_some_and(|(_, text)| slow(text, glob))
            }
            (Some((g, glob)), Some((t, text))) => (*g == '?' || g == t) && slow(text, glob),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn fits_as_the_obvious_way_does(text in "[ab]{0,8}", pattern in "[ab*?]{0,8}") {
            let chars = |t: &str| t.chars().collect::<Vec<_>>();
            prop_assert_eq!(glob(&text, &pattern), slow(&chars(&text), &chars(&pattern)));
        }
    }

    #[test]
    fn json_is_the_same_if_it_says_the_same() {
        let json = |text: &str| Value::Json(serde_json::from_str::<Json>(text).unwrap().into());
        assert!(same(&json("{\"a\": [1, 2]}"), &json("{\"a\": [1.0, 2]}")));
        assert!(same(&json("\"x\""), &Value::text("x")));
        assert!(!same(&json("1"), &json("\"1\"")));
        assert!(!same(&Value::Missing, &Value::Missing));
    }
}
