//! Steps and blocks, and what a `do` does.

use super::recover::Opened;
use super::*;

/// What may follow a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Else,
    Steps,
}

impl Parser<'_> {
    /// Whether a step begins here: its word, or its label.
    pub(super) fn at_step(&self) -> bool {
        self.is_any(words::STEPS) || self.at_label() && words::STEPS.contains(&self.text_of(Ahead::Third))
    }

    fn at_label(&self) -> bool {
        self.is(IDENT)
            && self.kind_of(Ahead::Next) == COLON
            && !words::RESERVED.contains(&self.text_of(Ahead::Here))
    }

    /// `{ … }` around steps.
    fn block(&mut self, after: After) {
        self.deeper(|p| {
            p.node(BLOCK, |p| {
                let opened = p.open();
                p.steps(opened, after);
                if after == After::Else && p.is_word("else") && matches!(opened, Opened::At(_)) {
                    p.missing_brace();
                } else {
                    p.close(opened);
                }
            });
            Some(())
        });
    }

    fn missing_brace(&mut self) {
        let message = format!("expected `}}` before {}", self.found());
        let span = self.span();
        let at = Span { end: span.start, ..span };
        self.report(Diagnostic::error(codes::NO_WORD, span, message).replace(
            at,
            "} ",
            Applicability::Unsure,
        ));
        self.reported = None;
    }

    fn steps(&mut self, opened: Opened, after: After) {
        while !(self.block_ends(opened) || after == After::Else && self.is_word("else")) {
            let before = self.at;
            if self.is_any(words::CLAUSES) {
                self.late_clause();
                self.node(ERROR, Self::clause);
            } else {
                self.step_or_error();
            }
            self.recover_body(before);
        }
    }

    /// A step, or a message about what stands in its place.
    pub(super) fn step_or_error(&mut self) {
        if self.at_step() || self.at_label() {
            let mark = self.mark();
            if self.at_label() {
                self.node(LABEL, |p| {
                    p.any_name("a name");
                    p.take();
                });
            }
            return self.step(mark);
        }
        let mark = self.mark();
        self.no_step(mark);
    }

    /// The step whose label, if any, came after `mark`.
    fn step(&mut self, mark: Checkpoint) {
        match self.word() {
            Some("do") => self.do_step(mark),
            Some("wait") => self.wait(mark),
            Some("if") => self.if_step(mark),
            Some("stop") => {
                self.take_word();
                self.wrap(mark, STOP_STEP);
            }
            _ => self.no_step(mark),
        }
    }

    /// Something that is no step: says what it looks like and, if that is clear, reads it so.
    fn no_step(&mut self, mark: Checkpoint) {
        let word = self.word().unwrap_or_default();
        if words::LATER_STEPS.contains(&word) {
            return self.later_step(mark);
        }
        if word == "else" {
            return self.stray_else();
        }
        let later = words::LATER_STEPS.iter().chain(words::STEPS).copied();
        match words::nearest(word, later)
            .filter(|_| !words::ACTS.contains(&word) && !words::RESERVED.contains(&word))
        {
            Some(meant) if words::STEPS.contains(&meant) => self.misspelt_step(mark, word, meant),
            _ if self.looks_like_act() => self.act_without_do(mark, word),
            _ => {
                let message = format!("expected a step, found {}", self.found());
                let diagnostic = Diagnostic::error(codes::NO_STEP, self.span(), message)
                    .help("a step starts with `do`, `wait`, `if` or `stop`");
                self.report(diagnostic);
            }
        }
    }

    fn misspelt_step(&mut self, mark: Checkpoint, word: &str, meant: &str) {
        let span = self.span();
        let diagnostic = Diagnostic::error(codes::NO_STEP, span, format!("`{word}` begins no step"))
            .help(format!("did you mean `{meant}`?"))
            .replace(span, meant, Applicability::Unsure);
        self.report(diagnostic);
        match meant {
            "do" => self.do_step(mark),
            "wait" => self.wait(mark),
            "if" => self.if_step(mark),
            _ => {
                self.take_word();
                self.wrap(mark, STOP_STEP);
            }
        }
    }

    fn looks_like_act(&self) -> bool {
        let first =
            self.leads() || self.previous().is_some_and(|it| matches!(it.token.kind, L_BRACE | COLON));
        if self.is_any(words::ACTS) {
            return first;
        }
        let Some(next) = self.seen(Ahead::Next).filter(|it| !it.leads) else { return false };
        self.is_name() && matches!(next.token.kind, IDENT | STRING | BLOCK_STRING | DOT)
    }

    fn act_without_do(&mut self, mark: Checkpoint, word: &str) {
        let applicability =
            if words::ACTS.contains(&word) { Applicability::Safe } else { Applicability::Unsure };
        let span = self.span();
        let diagnostic =
            Diagnostic::error(codes::NO_DO, span, format!("an action needs `do` before `{word}`"))
                .help(format!("write `do {word}`"))
                .replace(span, format!("do {word}"), applicability);
        self.report(diagnostic);
        // Of any other word it is not sure that it is an action at all.
        if applicability == Applicability::Safe {
            self.do_rest(mark);
        }
    }

    fn stray_else(&mut self) {
        let diagnostic = Diagnostic::error(codes::NO_STEP, self.span(), "this `else` belongs to nothing")
            .help("`else` follows the `}` of an `if` or of a `wait for`");
        self.report(diagnostic);
        self.node(ERROR, |p| {
            p.take_word();
            if p.is_word("if") {
                p.arm();
            } else {
                p.block(After::Steps);
            }
        });
    }

    fn later_step(&mut self, mark: Checkpoint) {
        self.not_in_version(1);
        // `let r = do …`: the step itself is one of this version.
        if self.is_word("let")
            && self.kind_of(Ahead::Third) == EQ
            && self.word_of(Ahead::Fourth) == Some("do")
        {
            self.node(ERROR, |p| p.take_words(3));
            return self.do_step(mark);
        }
        let first = self.at;
        self.node(ERROR, |p| {
            p.take();
            p.skip(|p| p.is(L_BRACE) || p.begins_line_of_body());
            p.braces();
        });
        self.forget_slips(first, |_| true);
    }

    fn do_step(&mut self, mark: Checkpoint) {
        self.take_word();
        self.do_rest(mark);
    }

    fn do_rest(&mut self, mark: Checkpoint) {
        let before = self.at;
        self.act();
        if !self.failed_since(before) || self.is_word("where") {
            self.condition();
        }
        if self.is_words("as", "draft") || self.is_words("on", "failure") {
            self.not_in_version(2);
            self.skip_form(|p| p.at_step() || p.begins_line_of_body());
        }
        self.wrap(mark, DO_STEP);
    }

    fn act(&mut self) {
        let mark = self.mark();
        let dotted = self.kind_of(Ahead::Next) == DOT;
        match self.word() {
            Some("set") if !dotted => self.node(SET_ACT, Self::set),
            Some("add") if !dotted => self.node(ADD_TAG_ACT, Self::tag),
            Some("remove") if !dotted => self.node(REMOVE_TAG_ACT, Self::tag),
            Some("emit") if !dotted => self.node(EMIT_ACT, Self::emit),
            Some("task") if !dotted => self.node(TASK_ACT, Self::task),
            Some("note") if !dotted => self.node(NOTE_ACT, |p| {
                p.take_word();
                p.expression("the text of the note");
            }),
            Some("stop") if self.later_stop() => {
                self.not_in_version(2);
                self.skip_form(|p| p.at_step() || p.begins_line_of_body());
            }
            _ => self.effect(mark),
        }
    }

    /// `do stop WORKFLOW`
    fn later_stop(&self) -> bool {
        self.seen(Ahead::Next).is_some_and(|it| it.token.kind == IDENT && !it.leads)
    }

    fn set(&mut self) {
        self.take_word();
        if self.is_name() && !self.at_declaration_line() {
            self.node(PATH_EXPR, Self::path);
        } else {
            self.missing(codes::NO_NAME, "what to set, as `contact.status`,");
            return;
        }
        if self.expect(EQ, "=") {
            self.expression("the new value");
        }
    }

    fn tag(&mut self) {
        self.take_word();
        if self.expect_word("tag") {
            self.expression("the tag");
        }
    }

    fn emit(&mut self) {
        self.take_word();
        if self.name("the name of an event") && self.is(L_BRACE) {
            self.object();
        }
    }

    fn effect(&mut self, mark: Checkpoint) {
        if !self.is_name() || self.at_declaration_line() || self.kind_of(Ahead::Next) == COLON {
            let diagnostic = self.expected(codes::NO_NAME, "an action").help("as `do email welcome`");
            self.report(diagnostic);
            return;
        }
        self.dotted();
        let first = self.at;
        if self.starts_value() {
            self.expression("a value");
        }
        if self.label_taken_for_value(first) {
            self.node(ARGUMENT, |p| p.expression("a value"));
        }
        let start = self.at;
        while self.argument(start) {}
        self.wrap(mark, EFFECT_ACT);
    }

    /// `a.b.c`
    pub(super) fn dotted(&mut self) {
        self.node(DOTTED, |p| {
            p.name("a name");
            while p.eat(DOT) {
                if !p.any_name("a name") {
                    break;
                }
            }
        });
    }

    /// Whether the first value, at `first`, is one word and was meant as the label of what
    /// follows: `to contact.phone`.
    fn label_taken_for_value(&mut self, first: usize) -> bool {
        let one_word = self.at == first + 1 && self.previous().is_some_and(|it| it.token.kind == IDENT);
        if !one_word || self.leads() || !self.is_argument_label() || self.kind_of(Ahead::Next) != DOT {
            return false;
        }
        let span = self.span_from(first);
        let label = self.text.get(span.range_in(self.origin.offset)).unwrap_or_default();
        let diagnostic =
            Diagnostic::error(codes::NO_LABEL, span, format!("`{label}` is read as the first value"))
                .help("the first value of an action goes without a label, all others with one")
                .replace(span, "", Applicability::Unsure);
        self.report(diagnostic);
        self.reported = None;
        true
    }

    /// One `label value`; false if there is none, or if the next was not understood.
    fn argument(&mut self, start: usize) -> bool {
        if self.at > start && self.failed_since(start) {
            return false;
        }
        if self.is(COMMA) && self.kind_of(Ahead::Next) == IDENT {
            self.needless_comma();
        }
        if self.is_argument_label() {
            self.node(ARGUMENT, |p| {
                p.any_name("a label");
                let what = "a value";
                p.expression(what);
            });
            return true;
        }
        self.starts_plain_value() && !self.leads() && self.value_without_label()
    }

    fn needless_comma(&mut self) {
        let span = self.span();
        let diagnostic = Diagnostic::error(codes::NEEDLESS_SIGN, span, "no `,` is needed here")
            .help("each argument starts with its label, so nothing needs to separate them")
            .replace(span, "", Applicability::Safe);
        self.report(diagnostic);
        self.node(ERROR, Self::take);
        self.reported = None;
    }

    fn value_without_label(&mut self) -> bool {
        let message = format!("expected a label before {}", self.found());
        let diagnostic = Diagnostic::error(codes::NO_LABEL, self.span(), message).help(
            "only the first value of an action goes without a label, as in `do sms contact.phone text \"…\"`",
        );
        self.report(diagnostic);
        while self.starts_plain_value() && !self.leads() {
            if self.node(ARGUMENT, |p| p.expression("a value")).is_none() {
                break;
            }
        }
        self.reported = None;
        true
    }

    /// Whether the next word is a label of an argument.
    fn is_argument_label(&self) -> bool {
        let Some(word) = self.word() else { return false };
        let kept = ["once", "every", "exit", "while", "as"].contains(&word)
            || words::RESERVED.contains(&word)
            || words::LATER_STEPS.contains(&word)
            || self.is_words("on", "failure")
            || self.is_words("starts", "with")
            || self.is_words("ends", "with");
        !kept && !self.begins_other()
    }

    /// Whether a first value begins here.
    fn starts_value(&self) -> bool {
        if self.kind() != IDENT {
            return self.starts_plain_value() || matches!(self.kind(), MINUS | BANG);
        }
        let Some(word) = self.word() else { return false };
        let kept = words::CLAUSES.contains(&word)
            || words::STEPS.contains(&word)
            || words::LATER_STEPS.contains(&word)
            || ["where", "else", "as"].contains(&word);
        !kept && !self.begins_other()
    }

    fn starts_plain_value(&self) -> bool {
        match self.kind() {
            STRING | BLOCK_STRING | NUMBER | NUMBER_UNIT | DATE | TIME | L_BRACKET | L_PAREN => true,
            L_BRACE => !self.opens_block(),
            _ => false,
        }
    }

    /// Whether the next words are the beginning of something else, which its writer has not
    /// set off as it should be: a built-in act without `do`, a declaration in a block.
    fn begins_other(&self) -> bool {
        match self.word() {
            Some("set" | "emit") => true,
            Some("add" | "remove") => self.word_of(Ahead::Next) == Some("tag"),
            Some("sender" | "team") => self.kind_of(Ahead::Next) == IDENT && self.kind_of(Ahead::Third) == EQ,
            _ => self.at_declaration_line(),
        }
    }

    fn wait(&mut self, mark: Checkpoint) {
        self.take_word();
        if self.eat_word("for") {
            self.wait_for();
            self.wrap(mark, WAIT_FOR_STEP);
        } else if self.eat_word("until") {
            self.node(MOMENT, Self::moment);
            self.wrap(mark, WAIT_UNTIL_STEP);
        } else {
            self.duration_value("how long to wait, as `2 days`,");
            self.wrap(mark, WAIT_STEP);
        }
    }

    fn wait_for(&mut self) {
        if self.is_words("up", "to") && matches!(self.kind_of(Ahead::Third), NUMBER | NUMBER_UNIT) {
            self.missing(codes::NO_NAME, "the name of an event");
        } else if !self.name("the name of an event") {
            return;
        }
        self.alias();
        let before = self.at;
        self.condition();
        if self.failed_since(before) && !self.is_word("up") {
            return;
        }
        if let Some(word) = self.word().filter(|it| ["upto", "within"].contains(it)) {
            self.node(UP_TO, |p| {
                p.misspelt(codes::NO_WORD, word, "up to");
                p.duration("how long to wait at most, as `3 days`,");
            });
        } else if !self.is_word("up") && self.word().is_none_or(|it| words::nearest(it, ["up"]).is_none()) {
            let diagnostic = self.expected(codes::NO_WORD, "`up to` and how long to wait at most");
            self.report(diagnostic.help("as `wait for purchase up to 3 days`"));
        } else {
            self.node(UP_TO, |p| {
                if p.expect_word("up") && p.expect_word("to") {
                    p.duration("how long to wait at most, as `3 days`,");
                }
            });
        }
        if self.is(L_BRACE) {
            self.block(After::Else);
        }
        self.otherwise();
    }

    /// `else { … }`
    fn otherwise(&mut self) {
        if self.is_word("else") {
            self.node(ELSE, |p| {
                p.take_word();
                p.block(After::Steps);
            });
        }
    }

    fn moment(&mut self) {
        let weekday = self.word().is_some_and(|word| crate::syntax::ast::Weekday::read(word).is_some());
        if weekday && self.kind_of(Ahead::Next) != DOT {
            self.node(WEEKDAY, Self::take_word);
        } else {
            self.expression("a date, a time or a day of the week");
        }
        if self.is_word("at") {
            self.node(AT, |p| {
                p.take_word();
                p.expression("a time, as `09:00`,");
            });
        }
    }

    fn if_step(&mut self, mark: Checkpoint) {
        self.arm();
        loop {
            let alternative = self.word().filter(|it| ["elif", "elsif", "elseif"].contains(it));
            if let Some(word) = alternative {
                self.foreign_else_if(word);
            } else if self.is_words("else", "if") {
                self.take_word();
                self.arm();
            } else {
                break;
            }
        }
        self.otherwise();
        self.wrap(mark, IF_STEP);
    }

    fn foreign_else_if(&mut self, word: &str) {
        let span = self.span();
        let diagnostic =
            Diagnostic::error(codes::FOREIGN_SIGN, span, format!("write `else if` instead of `{word}`"))
                .replace(span, "else if", Applicability::Safe);
        self.report(diagnostic);
        self.arm();
    }

    /// `if CONDITION { … }`; the next word is `if` or was meant so.
    fn arm(&mut self) {
        self.node(IF_ARM, |p| {
            p.take_word();
            let before = p.at;
            p.expression("a condition");
            if p.failed_since(before) && !p.is(L_BRACE) {
                p.skip(|p| p.is(L_BRACE) || p.leads());
            }
            p.block(After::Else);
        });
    }
}
