//! Values as a person reads them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use onward_bytecode::{Length, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;

/// A value as a person in `zone` reads it; a missing one is no text.
pub(super) fn show(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Missing => String::new(),
        Value::Bool(v) => yes_no(*v),
        Value::Number(v) => number(*v),
        Value::Text(v) => v.to_string(),
        Value::Date(v) => date(*v),
        Value::Time(v) => moment(*v, zone),
        Value::Clock(v) => clock(*v),
        Value::Duration(v) => length(*v),
        Value::List(items) => join(items, ", ", zone),
        Value::Entity(id) => id.id.to_string(),
        Value::Json(json) => show_json(json),
    }
}

/// The texts of values, with `between` between them.
pub(super) fn join(items: &[Value], between: &str, zone: &TimeZone) -> String {
    let texts: Vec<String> = items.iter().map(|item| show(item, zone)).collect();
    texts.join(between)
}

/// Scalars as themselves, a list of them joined, anything else as JSON.
fn show_json(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::Bool(v) => yes_no(*v),
        Json::String(text) => text.clone(),
        Json::Array(items) if !items.iter().any(|item| item.is_array() || item.is_object()) => {
            items.iter().map(show_json).collect::<Vec<_>>().join(", ")
        }
        Json::Number(_) | Json::Array(_) | Json::Object(_) => json.to_string(),
    }
}

fn yes_no(v: bool) -> String {
    if v { "yes" } else { "no" }.to_owned()
}

/// Without zeros at the end.
pub(super) fn number(v: Decimal) -> String {
    v.normalize().to_string()
}

fn date(v: civil::Date) -> String {
    v.strftime("%-d %B %Y").to_string()
}

fn moment(v: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(v).strftime("%-d %B %Y, %H:%M").to_string()
}

fn clock(v: civil::Time) -> String {
    v.strftime(if v.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}

/// `2 days 3 hours`.
fn length(v: Length) -> String {
    let seconds = v.millis / 1000;
    let parts = [
        (i64::from(v.months / 12), "year"),
        (i64::from(v.months % 12), "month"),
        (i64::from(v.days), "day"),
        (seconds / 3600, "hour"),
        (seconds % 3600 / 60, "minute"),
        (seconds % 60, "second"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n != 0)
        .map(|(n, unit)| format!("{n} {unit}{}", if n.abs() == 1 { "" } else { "s" }))
        .collect();
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}

/// Escapes what means something in HTML text and attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use onward_bytecode::EntityId;
    use serde_json::json;

    use super::*;

    fn shown(value: Value) -> String {
        show(&value, &TimeZone::get("America/New_York").unwrap())
    }

    #[test]
    fn values_read_well() {
        assert_eq!(shown(Value::Missing), "");
        assert_eq!(shown(Value::Bool(true)), "yes");
        assert_eq!(shown(Value::Number("12.500".parse().unwrap())), "12.5");
        assert_eq!(shown(Value::Number("100".parse().unwrap())), "100");
        assert_eq!(shown(Value::Date("2026-03-08".parse().unwrap())), "8 March 2026");
        assert_eq!(shown(Value::Time("2026-03-08T13:00:00Z".parse().unwrap())), "8 March 2026, 09:00");
        assert_eq!(shown(Value::Clock("09:00:00".parse().unwrap())), "09:00");
        assert_eq!(shown(Value::Clock("09:00:05".parse().unwrap())), "09:00:05");
        assert_eq!(shown(Value::Entity(EntityId::new("contact", "ana"))), "ana");
        assert_eq!(shown(Value::List([Value::text("a"), Value::Bool(false)].into())), "a, no");
    }

    #[test]
    fn lengths_read_well() {
        let shown = |months, days, millis| shown(Value::Duration(Length { months, days, millis }));
        assert_eq!(shown(0, 2, 3 * 3_600_000), "2 days 3 hours");
        assert_eq!(shown(13, 0, 0), "1 year 1 month");
        assert_eq!(shown(0, 0, 61_000), "1 minute 1 second");
        assert_eq!(shown(0, 0, 0), "0 seconds");
    }

    #[test]
    fn json_reads_well() {
        let shown = |json: Json| shown(Value::Json(json.into()));
        assert_eq!(shown(json!("x")), "x");
        assert_eq!(shown(json!(1.5)), "1.5");
        assert_eq!(shown(json!(["a", 1, true])), "a, 1, yes");
        assert_eq!(shown(json!({"a": [1]})), "{\"a\":[1]}");
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(
            escape("<a href=\"x\">Tom & 'Jo'</a>"),
            "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jo&#39;&lt;/a&gt;"
        );
    }
}
