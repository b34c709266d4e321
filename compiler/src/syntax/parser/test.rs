//! `test` declarations.
//!
//! Newlines mean nothing here either: what a line expects ends where the next one must begin.

use super::*;

impl Parser<'_> {
    pub(super) fn test(&mut self) {
        self.take_word();
        self.string("what the test shows, in quotes,");
        let opened = self.open();
        while !self.block_ends(opened) {
            let before = self.at;
            self.statement();
            if self.failed_since(before) {
                self.skip(|p| p.at > before && p.leads() && (p.at_test_line() || p.outdented(before)));
            }
            if self.at == before && !self.block_ends(opened) {
                self.node(ERROR, Self::take);
            }
        }
        self.close(opened);
    }

    fn at_test_line(&self) -> bool {
        self.is_any(words::TEST_LINES) && self.kind_of(Ahead::Next) != DOT
    }

    fn is_test_line(&self, ahead: Ahead) -> bool {
        self.word_of(ahead).is_some_and(|word| words::TEST_LINES.contains(&word))
    }

    fn statement(&mut self) {
        match self.word().filter(|_| self.at_test_line()) {
            Some(word) => self.statement_as(word),
            _ if self.is_name() => self.fact(),
            _ => self.no_statement(),
        }
    }

    /// The line of a test that the next word, read as `word`, begins.
    fn statement_as(&mut self, word: &str) {
        match word {
            "at" => self.node(AT_STMT, Self::clock),
            "after" => self.node(AFTER_STMT, |p| {
                p.take_word();
                p.duration("how much time passes, as `2 days`,");
            }),
            "events" => self.node(EVENTS_STMT, |p| {
                p.take_word();
                p.string("a file of events, in quotes,");
            }),
            "answer" => self.node(ANSWER_STMT, Self::answer),
            "refuse" | "fail" | "lose" => self.node(REFUSE_STMT, |p| {
                p.action_named();
                if p.kind().is_string() {
                    p.take();
                }
            }),
            "accept" => self.node(ACCEPT_STMT, Self::action_named),
            "approve" | "discard" => self.node(DECIDE_STMT, Self::action_named),
            "delete" => self.node(DELETE_STMT, |p| {
                p.take_word();
                p.name("who or what is deleted");
            }),
            _ => self.node(EXPECT_STMT, Self::expectation),
        }
    }

    fn no_statement(&mut self) {
        let message = format!("{} begins no line of a test", self.found());
        let diagnostic = Diagnostic::error(codes::NO_PART, self.span(), message).help(
            "a test has `contact ana { … }`, `ana form_submitted { … }`, `after 1 day`, `expect email welcome` …",
        );
        self.report(diagnostic);
    }

    fn clock(&mut self) {
        self.take_word();
        let before = self.at;
        self.piped("a date and a time, as `2026-03-07 20:00`,");
        if !self.failed_since(before) && self.is_word("in") {
            self.node(ZONE, |p| {
                p.take_word();
                p.piped("a time zone, as `\"America/New_York\"`,");
            });
        }
    }

    /// The word and the name of an action.
    fn action_named(&mut self) {
        self.take_word();
        if self.is_name() {
            self.dotted();
        } else {
            self.missing(codes::NO_NAME, "the name of an action");
        }
    }

    fn answer(&mut self) {
        let before = self.at;
        self.action_named();
        if self.failed_since(before) {
            return;
        }
        if self.is(L_BRACE) {
            self.object();
        } else {
            self.object_without_brace();
        }
    }

    /// `ana.status = "customer"`, `contact ana { … }`, `ana form_submitted { … }`
    fn fact(&mut self) {
        let mark = self.mark();
        if self.kind_of(Ahead::Next) == DOT {
            self.node(NAME, Self::take);
            self.take();
            if self.any_name("the name of an attribute") && self.expect(EQ, "=") {
                self.expression("its new value");
            }
            return self.wrap(mark, SET_STMT);
        }
        if self.misspelt_statement() {
            return;
        }
        if self.is_any(words::DECLARATIONS) {
            return self.no_statement();
        }
        self.node(NAME, Self::take);
        if self.is_test_line(Ahead::Here) || !self.is_name() {
            self.missing(codes::NO_NAME, "an event, or a name for the new one,");
        } else {
            self.node(NAME, Self::take);
            if self.is(L_BRACE) {
                self.object();
            }
        }
        self.wrap(mark, FACT_STMT);
    }

    /// A word like one that begins a line, before something that cannot follow a name.
    fn misspelt_statement(&mut self) -> bool {
        let Some(word) = self.word() else { return false };
        let follows =
            self.is_name_at(Ahead::Next) && !self.is_test_line(Ahead::Next) && !self.cannot_end(Ahead::Third);
        let Some(meant) = words::nearest(word, words::TEST_LINES.iter().copied()) else { return false };
        if follows {
            return false;
        }
        let span = self.span();
        let diagnostic =
            Diagnostic::error(codes::NO_PART, span, format!("`{word}` begins no line of a test"))
                .help(format!("did you mean `{meant}`?"))
                .replace(span, meant, Applicability::Unsure);
        self.report(diagnostic);
        self.reported = None;
        self.statement_as(meant);
        true
    }

    /// Whether no line of a test can begin here, so that two names before it are none.
    fn cannot_end(&self, ahead: Ahead) -> bool {
        match self.kind_of(ahead) {
            L_BRACE | R_BRACE | END => false,
            IDENT => {
                !self.is_test_line(ahead)
                    && self.kind_of(Ahead::Fourth) != DOT
                    && (!self.is_name_at(Ahead::Fourth) || self.is_test_line(Ahead::Fourth))
            }
            _ => true,
        }
    }

    fn is_name_at(&self, ahead: Ahead) -> bool {
        self.word_of(ahead).is_some_and(|word| !words::RESERVED.contains(&word))
    }

    fn expectation(&mut self) {
        self.take_word();
        if self.compares_next() {
            return self.value_expectation();
        }
        let start = self.at;
        if self.is_word("no") && self.kind_of(Ahead::Next) == IDENT {
            self.take_word();
        } else if self.is(NUMBER) {
            self.node(NUMBER_EXPR, Self::take);
        }
        let dot = self.kind_of(Ahead::Next) == DOT;
        match self.word() {
            Some("run") if self.word_of(Ahead::Next) == Some("of") => {
                self.node(RUN_EXPECTATION, Self::run_expectation);
            }
            Some("task") if !dot => self.node(TASK_EXPECTATION, |p| {
                p.take_word();
                p.first_and_parts();
            }),
            Some("event") if self.is_name_at(Ahead::Next) => {
                self.node(EVENT_EXPECTATION, Self::event_expectation);
            }
            Some("draft") if self.is_name_at(Ahead::Next) && !self.is_test_line(Ahead::Next) => {
                self.node(DRAFT_EXPECTATION, |p| {
                    p.take_word();
                    p.dotted();
                    p.first_and_parts();
                });
            }
            _ if self.is_name() && !self.at_test_line() && self.at == start => self.value_expectation(),
            _ if self.is_name() && !self.at_test_line() => self.node(EFFECT_EXPECTATION, |p| {
                p.dotted();
                p.first_and_parts();
            }),
            _ => {
                let diagnostic = self
                    .expected(codes::NO_VALUE, "what is expected")
                    .help("as `expect email welcome`, `expect no task`, `expect ana.status = \"customer\"`");
                self.report(diagnostic);
            }
        }
    }

    /// Whether a comparison follows the next word, whatever that means elsewhere.
    fn compares_next(&self) -> bool {
        self.is_name()
            && (matches!(self.kind_of(Ahead::Next), EQ | NE | LT | LE | GT | GE)
                || self
                    .word_of(Ahead::Next)
                    .is_some_and(|it| ["in", "contains", "matches", "between", "is", "not"].contains(&it))
                || matches!(self.word_of(Ahead::Next), Some("starts" | "ends"))
                    && self.word_of(Ahead::Third) == Some("with"))
    }

    /// `email welcome …`, or `ana.status = "customer"`: decided by what follows the names.
    fn value_expectation(&mut self) {
        let mark = self.mark();
        self.path();
        if self.at_comparison() {
            self.wrap(mark, PATH_EXPR);
            self.compared(mark, 1);
            return self.wrap(mark, VALUE_EXPECTATION);
        }
        self.wrap(mark, DOTTED);
        self.first_and_parts();
        self.wrap(mark, EFFECT_EXPECTATION);
    }

    fn run_expectation(&mut self) {
        self.take_words(2);
        if !self.name("the name of a workflow") {
            return;
        }
        if self.is_word("for") {
            self.node(RUN_SUBJECT, |p| {
                p.take_word();
                p.name("whose run");
            });
        }
        if self.is_any(words::RUN_STATES) {
            self.node(RUN_STATE, Self::take_word);
        }
        if self.is_word("at") && self.at_step_name() {
            self.node(RUN_STEP, |p| {
                p.take_word();
                p.name("the label of a step");
            });
        }
    }

    /// Whether `at` is followed by a step's label, not by a moment.
    fn at_step_name(&self) -> bool {
        self.is_name_at(Ahead::Next)
            && !matches!(self.text_of(Ahead::Next), "now" | "today")
            && self.kind_of(Ahead::Third) != DOT
    }

    fn event_expectation(&mut self) {
        self.take_word();
        self.name("the name of an event");
        if self.is_word("for") {
            self.node(RUN_SUBJECT, |p| {
                p.take_word();
                p.name("whom the event is about");
            });
        }
        if self.is(L_BRACE) {
            self.object();
        }
    }

    /// The value without a label, if there is one, then `to …`, `subject contains …`
    fn first_and_parts(&mut self) {
        let before = self.at;
        if !self.at_label_part() && self.at_first_value() {
            self.piped("a value");
        }
        while !self.failed_since(before) && self.at_label_part() {
            self.node(PART, Self::part_of_expectation);
        }
    }

    fn part_of_expectation(&mut self) {
        if self.is_words("sent", "at") {
            self.take_word();
        }
        self.node(NAME, Self::take);
        self.eat_word("contains");
        self.piped("a value");
    }

    /// Whether a label with its value begins here: a known one, or any other word before
    /// `contains` or something that can only be a value. Two names in a row begin a line, and
    /// `test` the next test.
    fn at_label_part(&self) -> bool {
        let Some(word) = self.word().filter(|it| !words::RESERVED.contains(it)) else { return false };
        if self.is_test_line(Ahead::Here) || word == "test" {
            return false;
        }
        if words::PARTS.contains(&word) {
            return self.kind_of(Ahead::Next) != DOT;
        }
        self.is_words("sent", "at")
            || self.word_of(Ahead::Next) == Some("contains")
            || self.begins_literal(Ahead::Next)
    }

    fn begins_literal(&self, ahead: Ahead) -> bool {
        matches!(
            self.kind_of(ahead),
            STRING | BLOCK_STRING | NUMBER | NUMBER_UNIT | DATE | TIME | L_BRACKET | L_PAREN | MINUS
        ) || self.word_of(ahead).is_some_and(|word| ["true", "false", "now", "today"].contains(&word))
    }

    /// Whether the value without a label begins here, and not the next line: that has two
    /// names, or a name and a dot.
    fn at_first_value(&self) -> bool {
        if self.kind() != IDENT {
            return self.begins_literal(Ahead::Here) || self.is(L_BRACE);
        }
        if !self.is_name() || self.is_test_line(Ahead::Here) || self.is_word("test") {
            return false;
        }
        if self.kind_of(Ahead::Next) == DOT {
            return false;
        }
        let moment = self.text_of(Ahead::Next) == "sent" && self.word_of(Ahead::Third) == Some("at");
        let second = self.is_name_at(Ahead::Next)
            && !moment
            && !self.is_test_line(Ahead::Next)
            && !words::PARTS.contains(&self.text_of(Ahead::Next));
        let ends =
            matches!(self.kind_of(Ahead::Third), L_BRACE | R_BRACE | END) || self.is_test_line(Ahead::Third);
        !(second && ends)
    }
}
