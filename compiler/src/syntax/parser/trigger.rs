//! Triggers: what starts a workflow.

use super::step::alternatives;
use super::*;

impl Parser<'_> {
    /// What follows `on`; false if it was not understood.
    pub(super) fn trigger(&mut self) -> bool {
        let before = self.at;
        if matches!(self.kind(), NUMBER | NUMBER_UNIT) {
            self.node(OFFSET_TRIGGER, Self::offset);
            return !self.failed_since(before);
        }
        if !self.is_name() || self.at_declaration_line() || self.is_any(words::CLAUSES) {
            let diagnostic = self.expected(codes::NO_TRIGGER, "what starts the workflow").help(
                "the name of an event, or `contact created`, `contact changes`, `contact.status changes`",
            );
            self.report(diagnostic);
            return false;
        }
        let mark = self.mark();
        self.name("the name of an event");
        let kind = if self.is(DOT) { self.attribute_trigger() } else { self.entity_trigger() };
        self.wrap(mark, kind);
        !self.failed_since(before)
    }

    /// `3 days before contact.trial_ends at 09:00`
    fn offset(&mut self) {
        let before = self.at;
        self.duration("how long before or after the date");
        if self.failed_since(before) {
            return;
        }
        if !self.is_any(&["before", "after"]) {
            return self.one_of_words(&["before", "after"]);
        }
        self.take_word();
        if self.name("an entity with its date, as `contact.trial_ends`,") && self.expect(DOT, ".") {
            self.any_name("the name of a date");
        }
        if !self.failed_since(before) {
            self.time_of_day();
        }
    }

    fn entity_trigger(&mut self) -> SyntaxKind {
        let kind = match self.word() {
            Some("created") => CREATED_TRIGGER,
            Some("changes") => CHANGES_TRIGGER,
            Some("deleted") => DELETED_TRIGGER,
            Some("enters" | "leaves") => {
                self.take_word();
                if self.is_any(words::CLAUSES) {
                    self.missing(codes::NO_NAME, "the name of a segment");
                } else {
                    self.name("the name of a segment");
                }
                return SEGMENT_TRIGGER;
            }
            _ => return EVENT_TRIGGER,
        };
        self.take_word();
        kind
    }

    /// What follows `contact`, from the dot on.
    fn attribute_trigger(&mut self) -> SyntaxKind {
        self.take();
        if !self.any_name("the name of an attribute") {
            return ATTRIBUTE_TRIGGER;
        }
        if self.is_word("at") && self.word_of(Ahead::Next) != Some("most") {
            self.time_of_day();
            return DATE_TRIGGER;
        }
        // A date comes by itself.
        let over = self.at_clause()
            || self.at_step()
            || self.is_word("where")
            || matches!(self.kind(), R_BRACE | END);
        let yearly = self.is_word("every")
            && self.word_of(Ahead::Next).is_some_and(|it| matches!(it, "year" | "years" | "month" | "week"));
        if over && !yearly {
            return DATE_TRIGGER;
        }
        match self.word() {
            Some(word) if words::ATTRIBUTE_TRIGGERS.contains(&word) => {
                self.take_word();
                self.after_verb(word)
            }
            Some(word)
                if let Some(meant) = words::nearest(word, words::ATTRIBUTE_TRIGGERS.iter().copied()) =>
            {
                self.misspelt(codes::NO_WORD, word, meant);
                self.after_verb(meant)
            }
            _ => {
                let help = alternatives(&[
                    "changes",
                    "drops to",
                    "gains",
                    "unchanged for",
                    "every year",
                    "at 09:00",
                ]);
                let diagnostic = self.expected(codes::NO_WORD, "what happens to the attribute");
                self.report(diagnostic.help(format!("as {help}")));
                ATTRIBUTE_TRIGGER
            }
        }
    }

    /// What follows the word that says what happens to the attribute.
    fn after_verb(&mut self, verb: &str) -> SyntaxKind {
        match verb {
            "drops" | "rises" => {
                if self.is_any(&["to", "above", "below"]) {
                    self.operand(BOUND);
                }
                CROSSING_TRIGGER
            }
            "gains" | "loses" => {
                self.unary("what the list gains or loses");
                LIST_TRIGGER
            }
            "unchanged" => {
                if self.expect_word("for") {
                    self.duration("how long nothing happened, as `14 days`,");
                }
                STALE_TRIGGER
            }
            "every" => {
                if self.expect_word("year") {
                    self.time_of_day();
                }
                YEARLY_TRIGGER
            }
            _ => {
                self.change();
                ATTRIBUTE_TRIGGER
            }
        }
    }

    /// `from … to …`
    fn change(&mut self) {
        let before = self.at;
        if self.is_word("from") {
            self.operand(FROM);
        }
        if !self.failed_since(before) && self.is_word("to") {
            self.operand(TO);
        }
    }

    /// The next word and the value after it.
    fn operand(&mut self, kind: SyntaxKind) {
        self.node(kind, |p| {
            p.take_word();
            p.unary("a value");
        });
    }
}
