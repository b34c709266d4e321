//! Which workflow sets off which: what is shown to somebody who asks where a run comes from.
//!
//! It must not know how that is found out.

use std::sync::Arc;

use crate::analyse;
use crate::diagnostic::Span;
use crate::hir::Hir;

/// One workflow may set off another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The workflow that does something.
    pub from: Arc<str>,
    /// The workflow that may start by it.
    pub to: Arc<str>,
    /// What is done, in words: "emits `purchase`".
    pub deed: String,
    /// The step that does it.
    pub span: Span,
}

/// Every link of a program, in source order of the workflows that act.
#[must_use]
pub fn of(hir: &Hir) -> Vec<Link> {
    analyse::links(hir)
}
