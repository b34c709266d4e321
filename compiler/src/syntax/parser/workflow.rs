//! Workflows: their heads, clauses and triggers.

use super::recover::Opened;
use super::*;

/// Whether clauses may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Clauses,
    Steps,
    /// They may not, and their writer has been told.
    Told,
}

impl Parser<'_> {
    pub(super) fn workflow(&mut self) {
        self.take_word();
        self.new_name("a name for the workflow");
        if self.is(STRING) {
            self.take();
        }
        if self.is_word("for") {
            self.node(SUBJECT, |p| {
                p.take_word();
                p.name("the name of an entity");
            });
        }
        let opened = self.open();
        self.body(opened);
        self.close(opened);
    }

    /// Clauses, then steps, up to the end of the block.
    pub(super) fn body(&mut self, opened: Opened) {
        let mut part = Part::Clauses;
        while !self.body_ends(opened) {
            let before = self.at;
            if self.at_clause() || part == Part::Clauses && self.is_any(words::SOFT_CLAUSES) {
                if part == Part::Steps {
                    self.late_clause();
                    part = Part::Told;
                }
                self.clause();
            } else if part == Part::Clauses && self.misspelt_clause() {
            } else {
                if self.at_step() {
                    part = part.max(Part::Steps);
                }
                self.step_or_error();
            }
            self.recover_body(before);
        }
    }

    fn body_ends(&mut self, opened: Opened) -> bool {
        match opened {
            // A bare file has no braces and ends with the text.
            Opened::Missing(usize::MAX) => matches!(self.kind(), END | R_BRACE) || self.at_declaration_line(),
            _ => self.block_ends(opened),
        }
    }

    /// After a mistake, passes over the rest of a clause or step. Always moves on.
    pub(super) fn recover_body(&mut self, before: usize) {
        if self.failed_since(before) {
            self.skip(|p| p.at_step() || p.begins_line_of_body() || p.outdented(before));
        }
        if self.at == before && !matches!(self.kind(), END | R_BRACE) && !self.at_declaration_line() {
            self.node(ERROR, Self::take);
        }
    }

    /// Whether a clause or a step begins with this line.
    pub(super) fn begins_line_of_body(&self) -> bool {
        self.leads() && (self.at_clause() || self.at_step())
    }

    /// Reports a clause after a step; the caller parses it.
    pub(super) fn late_clause(&mut self) {
        let message = format!("{} must come before the first step", self.found());
        let diagnostic = Diagnostic::error(codes::LATE_CLAUSE, self.span(), message)
            .help("what starts and ends a workflow stands at its beginning, before `do`, `wait` and `if`");
        self.report(diagnostic);
    }

    /// A word like one that begins a clause.
    fn misspelt_clause(&mut self) -> bool {
        let Some(word) = self.word() else { return false };
        let known = words::CLAUSES.iter().chain(&["draft", "goal", "holdout", "topic"]).chain(words::STEPS);
        let Some(meant) = words::nearest(word, known.copied()).filter(|it| !words::STEPS.contains(it)) else {
            return false;
        };
        if words::STEPS.contains(&word) || words::ACTS.contains(&word) {
            return false;
        }
        let span = self.span();
        let diagnostic =
            Diagnostic::error(codes::NO_CLAUSE, span, format!("`{word}` begins no clause and no step"))
                .help(format!("did you mean `{meant}`?"))
                .replace(span, meant, Applicability::Unsure);
        self.report(diagnostic);
        self.clause_as(meant);
        true
    }
}
