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
            if self.is_any(words::CLAUSES) {
                if part == Part::Steps {
                    self.late_clause();
                    part = Part::Told;
                }
                self.clause();
            } else if part == Part::Clauses && self.is_any(words::LATER_CLAUSES) {
                self.not_in_version(1);
                self.skip_form(Self::begins_line_of_body);
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
        self.leads() && (self.is_any(words::CLAUSES) || self.is_any(words::LATER_STEPS) || self.at_step())
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
        let known = words::CLAUSES.iter().chain(words::STEPS).copied();
        let Some(meant) = words::nearest(word, known).filter(|it| words::CLAUSES.contains(it)) else {
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

    pub(super) fn clause(&mut self) {
        if let Some(word) = self.word() {
            self.clause_as(word);
        }
    }

    fn clause_as(&mut self, word: &str) {
        match word {
            "on" => self.node(ON_CLAUSE, Self::on),
            "once" if self.word_of(Ahead::Next) == Some("per") => self.later_clause(2),
            "once" => self.node(ONCE_CLAUSE, Self::take_word),
            "every" if self.kind_of(Ahead::Next) == IDENT && self.every_like_time() => {
                self.node(EVERY_TIME_CLAUSE, |p| {
                    p.take_word();
                    p.expect_word("time");
                });
            }
            "every" => self.later_clause(2),
            "exit" => self.exit(),
            _ => self.node(WHILE_RUNNING_CLAUSE, Self::while_running),
        }
    }

    fn every_like_time(&self) -> bool {
        self.word_of(Ahead::Next).is_some_and(|word| words::nearest(word, ["time"]).is_some())
    }

    fn later_clause(&mut self, words: usize) {
        self.not_in_version(words);
        self.skip_form(Self::begins_line_of_body);
    }

    fn on(&mut self) {
        self.take_word();
        if !self.trigger() {
            return;
        }
        self.alias();
        self.condition();
    }

    /// `as NAME`
    pub(super) fn alias(&mut self) {
        if self.is_word("as") {
            self.node(ALIAS, |p| {
                p.take_word();
                p.name("a name");
            });
        }
    }

    /// `where CONDITION`
    pub(super) fn condition(&mut self) {
        if self.is_word("where") {
            self.node(WHERE, |p| {
                p.take_word();
                p.expression("a condition");
            });
        }
    }

    fn trigger(&mut self) -> bool {
        if matches!(self.kind(), NUMBER | NUMBER_UNIT) {
            // `3 days before …`, `3d before …`
            self.not_in_version(if self.is(NUMBER) { 3 } else { 2 });
            self.skip_form(Self::begins_line_of_body);
            return false;
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
        if self.is(DOT) {
            return self.attribute_trigger(mark);
        }
        match self.word() {
            Some("created") => self.entity_trigger(mark, CREATED_TRIGGER),
            Some("changes") => self.entity_trigger(mark, CHANGES_TRIGGER),
            _ => self.wrap(mark, EVENT_TRIGGER),
        }
        let later = self.is_any(words::LATER_TRIGGERS);
        if later {
            self.later_trigger();
        }
        !later
    }

    fn entity_trigger(&mut self, mark: Checkpoint, kind: SyntaxKind) {
        self.take_word();
        self.wrap(mark, kind);
    }

    fn attribute_trigger(&mut self, mark: Checkpoint) -> bool {
        self.take();
        let named = self.any_name("the name of an attribute");
        if self.is_any(words::LATER_TRIGGERS) || self.is_any(&["every"]) && !self.leads() {
            self.later_trigger();
            self.wrap(mark, ATTRIBUTE_TRIGGER);
            return false;
        }
        let complete = named && self.expect_word("changes");
        if complete {
            self.operand("from", FROM);
            self.operand("to", TO);
        }
        self.wrap(mark, ATTRIBUTE_TRIGGER);
        complete
    }

    fn operand(&mut self, word: &str, kind: SyntaxKind) {
        if self.is_word(word) {
            self.node(kind, |p| {
                p.take_word();
                p.unary("a value");
            });
        }
    }

    fn later_trigger(&mut self) {
        self.not_in_version(1);
        self.skip_form(Self::begins_line_of_body);
    }

    fn exit(&mut self) {
        match self.word_of(Ahead::Next) {
            Some("when") => self.node(EXIT_WHEN_CLAUSE, |p| {
                p.take_words(2);
                p.expression("a condition");
            }),
            Some("on") => self.node(EXIT_ON_CLAUSE, |p| {
                p.take_words(2);
                if p.name("the name of an event") {
                    p.alias();
                    p.condition();
                }
            }),
            _ => self.node(ERROR, |p| {
                p.take_word();
                p.missing(codes::NO_WORD, "`when` and a condition, or `on` and an event,");
            }),
        }
    }

    fn while_running(&mut self) {
        self.take_word();
        if !self.expect_word("running") {
            return;
        }
        const CHOICES: [&str; 4] = ["ignore", "restart", "queue", "parallel"];
        match self.word() {
            Some(word) if CHOICES.contains(&word) => self.take_word(),
            Some(word) if let Some(meant) = words::nearest(word, CHOICES) => {
                self.misspelt(codes::NO_WORD, word, meant);
            }
            _ => self.missing(codes::NO_WORD, "`ignore`, `restart`, `queue` or `parallel`"),
        }
    }
}
