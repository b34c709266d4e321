//! Types and source in the words of a reader.
//!
//! It must not know diagnostics.

use onward_bytecode::{Scalar, Type};

use crate::hir::{Expr, ExprKind};

/// `text` on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` on one line and at most `most` characters long.
pub(super) fn short(text: &str, most: usize) -> String {
    let line = one_line(text);
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// A type as part of a sentence: "a number".
pub(crate) fn plain(ty: &Type) -> String {
    match ty {
        Type::One(scalar) => one(scalar),
        Type::List(scalar) => format!("a list of {}", many(scalar)),
    }
}

fn one(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text => "text".into(),
        Scalar::Number => "a number".into(),
        Scalar::Bool => "true or false".into(),
        Scalar::Date => "a date".into(),
        Scalar::Time => "a moment".into(),
        Scalar::Clock => "a time of day".into(),
        Scalar::Duration => "a duration".into(),
        Scalar::Email => "an email address".into(),
        Scalar::Phone => "a phone number".into(),
        Scalar::Url => "a URL".into(),
        Scalar::Timezone => "a time zone".into(),
        Scalar::Json => "JSON".into(),
        Scalar::OneOf(texts) | Scalar::Ordered(texts) => {
            let shown: Vec<String> = texts.iter().take(4).map(|it| format!("\"{it}\"")).collect();
            let more = if texts.len() > shown.len() { ", …" } else { "" };
            format!("one of {}{more}", shown.join(", "))
        }
        Scalar::Entity(kind) => entity(kind),
    }
}

fn many(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text | Scalar::OneOf(_) | Scalar::Ordered(_) => "texts".into(),
        Scalar::Number => "numbers".into(),
        Scalar::Bool => "truth values".into(),
        Scalar::Date => "dates".into(),
        Scalar::Time => "moments".into(),
        Scalar::Clock => "times of day".into(),
        Scalar::Duration => "durations".into(),
        Scalar::Email => "email addresses".into(),
        Scalar::Phone => "phone numbers".into(),
        Scalar::Url => "URLs".into(),
        Scalar::Timezone => "time zones".into(),
        Scalar::Json => "JSON".into(),
        Scalar::Entity(kind) => entities(kind),
    }
}

/// An entity as part of a sentence: "an account".
pub(super) fn entity(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

/// Several entities as part of a sentence: "opportunities".
pub(super) fn entities(kind: &str) -> String {
    let before_y = kind.strip_suffix('y').filter(|it| !it.ends_with(['a', 'e', 'i', 'o', 'u']));
    match before_y {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with(['s', 'x', 'z']) || kind.ends_with("ch") => format!("{kind}es"),
        None => format!("{kind}s"),
    }
}

/// What an expression is, as part of a sentence: "the text", "a number".
pub(super) fn what(expr: &Expr) -> String {
    match (&expr.kind, &expr.ty.ty) {
        (ExprKind::Constant(_), Type::One(Scalar::Text)) => "a text".into(),
        (_, ty) => plain(ty),
    }
}
