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
                self.name("the name of a segment");
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
        match self.word() {
            Some("drops" | "rises") => {
                self.take_word();
                if self.is_any(&["to", "above", "below"]) {
                    self.operand(BOUND);
                }
                CROSSING_TRIGGER
            }
            Some("gains" | "loses") => {
                self.take_word();
                self.unary("what the list gains or loses");
                LIST_TRIGGER
            }
            Some("unchanged") => {
                self.take_word();
                if self.expect_word("for") {
                    self.duration("how long nothing happened, as `14 days`,");
                }
                STALE_TRIGGER
            }
            Some("every") => {
                self.take_word();
                if self.expect_word("year") {
                    self.time_of_day();
                }
                YEARLY_TRIGGER
            }
            Some("at") if self.word_of(Ahead::Next) != Some("most") => {
                self.time_of_day();
                DATE_TRIGGER
            }
            _ => {
                self.change();
                ATTRIBUTE_TRIGGER
            }
        }
    }

    /// `changes from … to …`
    fn change(&mut self) {
        if !self.is_word("changes") {
            return self.no_change();
        }
        self.take_word();
        let before = self.at;
        if self.is_word("from") {
            self.operand(FROM);
        }
        if !self.failed_since(before) && self.is_word("to") {
            self.operand(TO);
        }
    }

    fn no_change(&mut self) {
        let meant =
            self.word().and_then(|word| words::nearest(word, words::ATTRIBUTE_TRIGGERS.iter().copied()));
        if let (Some(word), Some(meant)) = (self.word(), meant.filter(|it| it.len() > 2)) {
            self.misspelt(codes::NO_WORD, word, meant);
            // What follows belongs to it, but was meant for another word.
            self.reported = Some(self.at);
            return;
        }
        let what = "what happens to the attribute";
        let help =
            format!("as {}", alternatives(&["changes", "drops to", "gains", "unchanged for", "every year"]));
        let diagnostic = self.expected(codes::NO_WORD, what).help(help);
        self.report(diagnostic);
    }

    /// The next word and the value after it.
    fn operand(&mut self, kind: SyntaxKind) {
        self.node(kind, |p| {
            p.take_word();
            p.unary("a value");
        });
    }
}
