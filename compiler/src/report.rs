//! Where the checker puts what it has to say.
//!
//! One mistake gives one message: the same code at the same words is kept once,
//! however often a template or an action is looked at. It must not know what the
//! mistakes are.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Label, Severity, Span};
use crate::uses::{Role, Thing, Use};

/// Diagnostics, in the order found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
    seen: BTreeSet<(Code, Span)>,
    /// What to point at beside each new diagnostic: the places that led here.
    because: Vec<Label>,
    /// Where names stand, and what for.
    uses: Vec<Use>,
}

impl Report {
    /// Adds `diagnostic` unless the same is there.
    pub(crate) fn push(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.secondary.extend(self.because.iter().cloned());
        if self.seen.insert((diagnostic.code, diagnostic.primary.span)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Runs `look` so that what it reports also points at `span`.
    pub(crate) fn enter(&mut self, span: Span, text: impl Into<String>) {
        self.because.push(Label { span, text: text.into() });
    }

    /// Ends what [`Self::enter`] began.
    pub(crate) fn leave(&mut self) {
        self.because.pop();
    }

    /// Where the report stands now.
    pub(crate) fn mark(&self) -> usize {
        self.diagnostics.len()
    }

    /// Takes back what was reported since `mark`.
    pub(crate) fn take_since(&mut self, mark: usize) -> Vec<Diagnostic> {
        let taken = self.diagnostics.split_off(mark.min(self.diagnostics.len()));
        for diagnostic in &taken {
            self.seen.remove(&(diagnostic.code, diagnostic.primary.span));
        }
        taken
    }

    /// Notes what the name at `span` stands for.
    pub(crate) fn used(&mut self, span: Span, thing: Thing) {
        self.note(span, thing, Role::Names);
    }

    /// Notes that the name at `span` is declared there, or used.
    pub(crate) fn note(&mut self, span: Span, thing: Thing, role: Role) {
        // A name that is only tried out stands nowhere.
        if span.start < span.end {
            self.uses.push(Use { span, thing, role });
        }
    }

    /// What all names stand for, by place.
    pub(crate) fn take_uses(&mut self) -> Vec<Use> {
        let mut uses = std::mem::take(&mut self.uses);
        uses.sort_unstable();
        uses.dedup();
        uses
    }

    /// Whether there is any error.
    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|it| it.severity == Severity::Error)
    }

    /// All of them, by place.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|it| (it.primary.span, it.code));
        self.diagnostics
    }
}
