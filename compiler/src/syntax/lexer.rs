//! From text to tokens.

/// Bytes of the quotes that end the text `literal`, which starts with its own.
pub(crate) fn closing_quotes(literal: &str) -> usize {
    if literal.starts_with("\"\"\"") {
        return if literal.len() >= 6 && literal.ends_with("\"\"\"") { 3 } else { 0 };
    }
    match literal.chars().next_back() {
        Some(last @ ('"' | '\'' | '“' | '”' | '‘' | '’')) if literal.chars().count() > 1 => {
            last.len_utf8()
        }
        _ => 0,
    }
}
