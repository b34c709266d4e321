//! Texts that take no values: names, addresses, members of sets.
//!
//! It must not know what the text is for beyond what to call it.

use std::sync::Arc;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::report::Report;
use crate::syntax::ast::{Origin, StringLit};

/// The text of `literal`, which may have no holes; `role` is what it is.
pub(crate) fn plain_text(
    literal: &StringLit,
    origin: Origin,
    role: &str,
    report: &mut Report,
) -> Option<Arc<str>> {
    let contents = literal.contents();
    if contents.contains("{{") || contents.contains("{%") {
        let message = format!("{role} has no holes");
        report.push(
            Diagnostic::error(codes::WRONG_TYPE, literal.span(origin), message).help("write the text itself"),
        );
        return None;
    }
    Some(contents.replace("\\n", "\n").replace("\\\"", "\"").into())
}
