//! Which texts are email addresses, phone numbers, URLs, time zones, senders.
//!
//! The same rules hold for a literal in a rule file and for a value that arrives
//! in an event, so they are the machine's. It must not know where the text stands.

use onward_bytecode::Scalar;

/// Whether `text` is a value of `scalar`, a flavour of text.
pub(crate) fn fits(text: &str, scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Email => is_email(text),
        Scalar::Phone => is_phone(text),
        Scalar::Url => is_url(text),
        Scalar::Timezone => is_timezone(text),
        Scalar::OneOf(texts) | Scalar::Ordered(texts) => texts.iter().any(|it| **it == *text),
        _ => true,
    }
}

/// Whether `text` is an email address: one `@`, a domain with a dot, no spaces.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | ',' | ';' | '"');
    let label = |it: &str| {
        !it.is_empty() && !it.starts_with('-') && it.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !local.is_empty()
        && !local.contains('@')
        && text.chars().all(plain)
        && (domain == "localhost" || domain.contains('.'))
        && domain.split('.').all(label)
}

/// Whether `text` is a phone number with its country: `+` and 7 to 15 digits (E.164),
/// with spaces, dashes and parentheses as people write them.
fn is_phone(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    plain.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit())
    })
}

/// Whether `text` is an absolute `http` or `https` URL.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|it| it.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether `text` is the name of a time zone (IANA).
pub(crate) fn is_timezone(text: &str) -> bool {
    jiff::tz::TimeZone::get(text).is_ok()
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
