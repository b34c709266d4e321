//! Signs of other languages and of word processors: what was meant, and the message.

use super::{Applicability, Diagnostic, Raw, SyntaxKind, codes};
use crate::diagnostic::Span;

/// What `text` was meant to be, and what to say about it.
pub(super) fn slip(raw: Raw, text: &str, span: Span) -> (SyntaxKind, Diagnostic) {
    match raw {
        Raw::SlashComment => (SyntaxKind::COMMENT, comment(text, span)),
        Raw::ShortTime => (SyntaxKind::TIME, short_time(text, span)),
        Raw::Foreign if text == ";" => (SyntaxKind::SEMICOLON, semicolon(span)),
        Raw::Foreign => foreign(text, span),
        _ => wide(raw, text, span),
    }
}

fn comment(text: &str, span: Span) -> Diagnostic {
    let signs = Span { end: span.start + 2, ..span };
    let rest = text.strip_prefix("//").unwrap_or_default();
    let message = if rest.is_empty() {
        "a comment starts with `#`"
    } else {
        "a comment starts with `#`, not with `//`"
    };
    Diagnostic::error(codes::FOREIGN_SIGN, signs, message).replace(signs, "#", Applicability::Safe)
}

fn short_time(text: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::SHORT_HOUR, span, format!("the hour of `{text}` needs two digits"))
        .help(format!("write `0{text}`"))
        .replace(span, format!("0{text}"), Applicability::Safe)
}

fn semicolon(span: Span) -> Diagnostic {
    Diagnostic::error(codes::NEEDLESS_SIGN, span, "no `;` is needed here")
        .help("each step starts with its own word, so nothing needs to separate them")
        .replace(span, "", Applicability::Safe)
}

fn foreign(text: &str, span: Span) -> (SyntaxKind, Diagnostic) {
    let (kind, meant) = match text {
        "==" | "===" => (SyntaxKind::EQ, "="),
        "!==" | "<>" | "≠" => (SyntaxKind::NE, "!="),
        "≤" | "=<" => (SyntaxKind::LE, "<="),
        "≥" | "=>" => (SyntaxKind::GE, ">="),
        "&&" => (SyntaxKind::AND_AND, "and"),
        "||" => (SyntaxKind::OR_OR, "or"),
        "!" => (SyntaxKind::BANG, "not"),
        "×" => (SyntaxKind::STAR, "*"),
        "÷" => (SyntaxKind::SLASH, "/"),
        _ => (SyntaxKind::MINUS, "-"),
    };
    // `a||b` and `!a` need the space that the signs did not.
    let replacement = match kind {
        SyntaxKind::AND_AND | SyntaxKind::OR_OR => format!(" {meant} "),
        SyntaxKind::BANG => format!("{meant} "),
        _ => meant.to_owned(),
    };
    let message = format!("write `{meant}` instead of `{text}`");
    (
        kind,
        Diagnostic::error(codes::FOREIGN_SIGN, span, message).replace(span, replacement, Applicability::Safe),
    )
}

fn wide(raw: Raw, text: &str, span: Span) -> (SyntaxKind, Diagnostic) {
    let narrow: String = text.chars().map(narrow).collect();
    if narrow == ";" {
        return (SyntaxKind::SEMICOLON, semicolon(span));
    }
    let diagnostic =
        Diagnostic::error(codes::FULL_WIDTH, span, format!("`{text}` is written in full-width characters"))
            .help(format!("write `{narrow}`"))
            .replace(span, narrow.clone(), Applicability::Safe);
    let kind = match raw {
        Raw::WideNumber => SyntaxKind::NUMBER,
        Raw::WideWord => SyntaxKind::IDENT,
        _ => narrow.chars().next().map_or(SyntaxKind::ERROR, sign),
    };
    (kind, diagnostic)
}

/// The plain character for a full-width one: they lie in the same order.
pub(super) fn narrow(wide: char) -> char {
    let code = u32::from(wide);
    code.checked_sub(0xFEE0).filter(|it| (0x21..0x7F).contains(it)).and_then(char::from_u32).unwrap_or(wide)
}

fn sign(narrow: char) -> SyntaxKind {
    match narrow {
        '{' => SyntaxKind::L_BRACE,
        '}' => SyntaxKind::R_BRACE,
        '(' => SyntaxKind::L_PAREN,
        ')' => SyntaxKind::R_PAREN,
        '[' => SyntaxKind::L_BRACKET,
        ']' => SyntaxKind::R_BRACKET,
        ',' => SyntaxKind::COMMA,
        ':' => SyntaxKind::COLON,
        '.' => SyntaxKind::DOT,
        '|' => SyntaxKind::BAR,
        '?' => SyntaxKind::QUESTION,
        '=' => SyntaxKind::EQ,
        '<' => SyntaxKind::LT,
        '>' => SyntaxKind::GT,
        '+' => SyntaxKind::PLUS,
        '-' => SyntaxKind::MINUS,
        '*' => SyntaxKind::STAR,
        '/' => SyntaxKind::SLASH,
        '%' => SyntaxKind::PERCENT,
        '!' => SyntaxKind::BANG,
        ';' => SyntaxKind::SEMICOLON,
        _ => SyntaxKind::ERROR,
    }
}

/// The message about characters that begin nothing.
pub(super) fn strange(text: &str) -> String {
    match text.chars().next() {
        Some(only) if text.chars().count() == 1 && only.is_control() => {
            format!("an invisible character (U+{:04X}) stands here", u32::from(only))
        }
        Some(_) => format!("`{text}` does not belong to the language"),
        None => String::new(),
    }
}
