//! Which texts are email addresses, phone numbers, URLs, time zones, dates, senders.
//!
//! The same rules hold for a literal in a rule file and for a value that arrives in
//! an event: they are the machine's. It must not know where the text stands.

use onward_bytecode::{Constant, Scalar, Type, Value};
use serde_json::Value as Json;

/// What `text` spells as a `scalar`; none if nothing.
pub(crate) fn spelled(text: &str, scalar: &Scalar) -> Option<Constant> {
    match scalar {
        Scalar::Text
        | Scalar::Email
        | Scalar::Phone
        | Scalar::Url
        | Scalar::Timezone
        | Scalar::OneOf(_)
        | Scalar::Ordered(_)
        | Scalar::Date
        | Scalar::Clock => {}
        // A date alone is a moment only in somebody's zone.
        Scalar::Time if text.contains(['T', 't']) => {}
        _ => return None,
    }
    match Value::from_json(&Json::from(text), &Type::One(scalar.clone())).ok()? {
        Value::Text(text) => Some(Constant::Text(text)),
        Value::Date(date) => Some(Constant::Date(date)),
        Value::Time(time) => Some(Constant::Time(time)),
        Value::Clock(clock) => Some(Constant::Clock(clock)),
        _ => None,
    }
}

/// Whether `text` is an email address.
pub(crate) fn is_email(text: &str) -> bool {
    spelled(text, &Scalar::Email).is_some()
}

/// Whether `text` is the name of a time zone (IANA).
pub(crate) fn is_timezone(text: &str) -> bool {
    spelled(text, &Scalar::Timezone).is_some()
}

/// Whether `text` is `name@example.com` or `Name <name@example.com>`.
pub(crate) fn is_sender(text: &str) -> bool {
    match text.trim().split_once('<') {
        None => is_email(text.trim()),
        Some((name, rest)) => {
            !name.contains(['\n', '\r', '@']) && rest.strip_suffix('>').is_some_and(is_email)
        }
    }
}

/// Whether `text` can be the name of a thing.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
