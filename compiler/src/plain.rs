//! Texts that take no values: names, addresses, members of sets.
//!
//! It must not know what the text is for beyond what to call it.

use std::sync::Arc;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::message::{self, SegmentKind};
use crate::report::Report;
use crate::syntax::ast::{Origin, StringLit};

/// The text of `literal`, which may have no holes; `role` is what it is.
pub(crate) fn plain_text(
    literal: &StringLit,
    origin: Origin,
    role: &str,
    report: &mut Report,
) -> Option<Arc<str>> {
    let message = message::of_literal(origin, literal);
    let hole = message.segments.iter().find(|it| !matches!(it.kind, SegmentKind::Text(_)));
    if let Some(hole) = hole {
        report.push(
            Diagnostic::error(codes::WRONG_TYPE, hole.span, format!("{role} is a fixed text"))
                .help("write it without holes"),
        );
        return None;
    }
    let whole = message.diagnostics.is_empty();
    message.diagnostics.into_iter().for_each(|it| report.push(it));
    let texts = message.segments.into_iter().filter_map(|it| match it.kind {
        SegmentKind::Text(text) => Some(text),
        _ => None,
    });
    whole.then(|| texts.collect::<String>().into())
}
