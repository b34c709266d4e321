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
            if self.at_clause() {
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
            Some(word) if words::STEPS.contains(&word) => self.step_as(word, mark),
            _ => self.no_step(mark),
        }
    }

    /// The step that the next word, read as `word`, begins.
    fn step_as(&mut self, word: &str, mark: Checkpoint) {
        match word {
            "do" => self.do_step(mark),
            "wait" => self.wait(mark),
            "if" => self.if_step(mark),
            "let" => self.let_step(mark),
            "split" => self.split(mark),
            "repeat" => self.repeat(mark),
            _ => {
                self.take_word();
                self.wrap(mark, STOP_STEP);
            }
        }
    }

    /// Something that is no step: says what it looks like and, if that is clear, reads it so.
    fn no_step(&mut self, mark: Checkpoint) {
        let word = self.word().unwrap_or_default();
        if word == "else" {
            return self.stray_else();
        }
        if word == "end" && self.seen(Ahead::Next).is_none_or(|it| it.leads || it.token.kind == R_BRACE) {
            return self.stray_end();
        }
        match words::nearest(word, words::STEPS.iter().copied())
            .filter(|_| !words::ACTS.contains(&word) && !words::RESERVED.contains(&word))
        {
            Some(meant) => self.misspelt_step(mark, word, meant),
            _ if self.word_of(Ahead::Next) == Some("do") && self.is_name() => self.late_do(word),
            _ if self.looks_like_act() => self.act_without_do(mark, word),
            _ => {
                let message = format!("expected a step, found {}", self.found());
                let diagnostic = Diagnostic::error(codes::NO_STEP, self.span(), message)
                    .help("a step starts with `do`, `wait`, `if`, `split`, `repeat`, `let` or `stop`");
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
        self.step_as(meant, mark);
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

    /// `note do "…"`
    fn late_do(&mut self, word: &str) {
        let first = self.at;
        let act = self.span();
        let message = format!("`do` must come before `{word}`");
        let end = self.seen(Ahead::Next).map_or(act.end, |it| self.span_at(it.token.start, it.token.end).end);
        let span = Span { end, ..act };
        self.report(Diagnostic::error(codes::NO_DO, span, message).replace(
            span,
            format!("do {word}"),
            Applicability::Unsure,
        ));
        self.node(ERROR, |p| {
            p.take();
            p.take();
            p.skip(|p| p.outdented(first) || p.begins_line_of_body());
        });
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

    /// `end` on a line of its own.
    fn stray_end(&mut self) {
        let span = self.span();
        let diagnostic = Diagnostic::error(codes::FOREIGN_SIGN, span, "write `}` instead of `end`")
            .help("what stands between `{` and `}` needs no `end`")
            .replace(span, "", Applicability::Unsure);
        self.report(diagnostic);
        self.node(ERROR, Self::take);
        self.reported = None;
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

    fn do_step(&mut self, mark: Checkpoint) {
        self.take_word();
        self.do_rest(mark);
    }

    fn do_rest(&mut self, mark: Checkpoint) {
        let before = self.at;
        self.act();
        let mut told = Vec::new();
        while !self.failed_since(before) || self.is_word("where") {
            let Some(part) = self.do_part_ahead() else { break };
            if told.contains(&part) {
                self.said_twice();
            }
            told.push(part);
            self.do_part(part);
        }
        self.wrap(mark, DO_STEP);
    }

    fn do_part_ahead(&self) -> Option<SyntaxKind> {
        match self.word() {
            Some("where") => Some(WHERE),
            Some("as") => Some(AS_DRAFT),
            Some("on") if self.word_of(Ahead::Next) == Some("failure") => Some(ON_FAILURE),
            _ => None,
        }
    }

    /// `where CONDITION`, `as draft for PERSON`, `on failure park`
    fn do_part(&mut self, part: SyntaxKind) {
        match part {
            AS_DRAFT => self.node(AS_DRAFT, |p| {
                p.take_word();
                if p.expect_word("draft") && p.eat_word("for") {
                    p.expression("who is to approve it");
                }
            }),
            ON_FAILURE => self.node(ON_FAILURE, |p| {
                p.take_words(2);
                p.one_of_words(&["continue", "stop", "park"]);
            }),
            _ => self.condition(),
        }
    }

    fn said_twice(&mut self) {
        let message = format!("{} is said twice in this step", self.found());
        let diagnostic = Diagnostic::error(codes::SAID_TWICE, self.span(), message)
            .help("join two conditions with `and`; of anything else, keep one");
        self.report(diagnostic);
        self.reported = None;
    }

    /// Takes one of `choices`, or something like it; or says that it is missing.
    pub(super) fn one_of_words(&mut self, choices: &[&str]) {
        match self.word() {
            Some(word) if choices.contains(&word) => self.take_word(),
            Some(word) if let Some(meant) = words::nearest(word, choices.iter().copied()) => {
                self.misspelt(codes::NO_WORD, word, meant);
            }
            _ => self.missing(codes::NO_WORD, &alternatives(choices)),
        }
    }

    /// `let NAME = do ACT`
    fn let_step(&mut self, mark: Checkpoint) {
        self.take_word();
        let before = self.at;
        self.name("a name for the result");
        if !self.failed_since(before) || self.is(EQ) {
            self.expect(EQ, "=");
        }
        if self.is_word("do") {
            let inner = self.mark();
            self.do_step(inner);
        } else if !self.failed_since(before) {
            let diagnostic =
                self.expected(codes::NO_WORD, "`do` and an action").help("as `let sent = do email welcome`");
            self.report(diagnostic);
        }
        self.wrap(mark, LET_STEP);
    }

    /// `split { 50% NAME { … } … }`
    fn split(&mut self, mark: Checkpoint) {
        self.take_word();
        self.deeper(|p| {
            let opened = p.open();
            while !(p.block_ends(opened) || p.at_step() && p.leads()) {
                let before = p.at;
                p.split_arm();
                if p.failed_since(before) {
                    p.skip(|p| p.is(NUMBER) && p.kind_of(Ahead::Next) == PERCENT || p.outdented(before));
                }
                if p.at == before && !p.block_ends(opened) {
                    p.node(ERROR, Self::take);
                }
            }
            p.close(opened);
            Some(())
        });
        self.wrap(mark, SPLIT_STEP);
    }

    fn split_arm(&mut self) {
        if !self.is(NUMBER) {
            let diagnostic = self
                .expected(codes::NO_PART, "a share of the runs, as `50%`,")
                .help("as `50% short { do email welcome }`");
            self.report(diagnostic);
            return;
        }
        self.node(SPLIT_ARM, |p| {
            p.percentage();
            p.name("a name for this way");
            p.block(After::Steps);
        });
    }

    /// `50%`
    pub(super) fn percentage(&mut self) {
        self.decimal_comma();
        self.node(NUMBER_EXPR, Self::take);
        if self.eat(PERCENT) {
            return;
        }
        let at = self.end_of_previous();
        let diagnostic = self.expected(codes::NO_WORD, "`%`");
        if let Some(word) = self.word().filter(|it| ["percent", "pct"].contains(it)) {
            let span = self.span();
            let message = format!("write `%` instead of `{word}`");
            self.report(Diagnostic::error(codes::FOREIGN_SIGN, span, message).replace(
                span,
                "%",
                Applicability::Safe,
            ));
            self.node(ERROR, Self::take);
        } else {
            self.report(diagnostic.replace(at, "%", Applicability::Unsure));
        }
        self.reported = None;
    }

    /// `repeat up to NUMBER times every DURATION until CONDITION { … }`
    fn repeat(&mut self, mark: Checkpoint) {
        self.take_word();
        let before = self.at;
        self.repeat_head();
        if self.failed_since(before) && !self.is(L_BRACE) {
            self.skip(|p| p.is(L_BRACE) || p.leads());
        }
        self.block(After::Steps);
        self.wrap(mark, REPEAT_STEP);
    }

    fn repeat_head(&mut self) {
        let before = self.at;
        if !(self.expect_word("up") && self.expect_word("to")) {
            return;
        }
        if self.is(NUMBER) {
            self.node(NUMBER_EXPR, Self::take);
            self.expect_word("times");
        } else {
            self.missing(codes::NO_VALUE, "how often at most, as `3 times`,");
        }
        if !self.failed_since(before) && self.is_word("every") {
            self.node(PACE, |p| {
                p.take_word();
                p.duration("how long to wait between two rounds, as `2 days`,");
            });
        }
        if !self.failed_since(before) && self.is_word("until") {
            self.node(UNTIL, |p| {
                p.take_word();
                p.expression("a condition");
            });
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
            let worded = self.worded.is_some() && self.kind_of(Ahead::Next) != L_BRACE;
            self.node(ELSE, |p| {
                if worded {
                    return p.worded_block();
                }
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
        self.worded = None;
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
            if p.is_word("then") {
                return p.then();
            }
            if p.failed_since(before) && !p.is(L_BRACE) {
                p.skip(|p| p.is(L_BRACE) || p.leads());
            }
            p.block(After::Else);
        });
    }

    /// `then` before the steps, in place of their brace or beside it.
    fn then(&mut self) {
        let span = self.span();
        if self.kind_of(Ahead::Next) == L_BRACE {
            let diagnostic = Diagnostic::error(codes::FOREIGN_SIGN, span, "no `then` is needed here")
                .help("the steps stand between `{` and `}`")
                .replace(span, "", Applicability::Safe);
            self.report(diagnostic);
            self.node(ERROR, Self::take);
            self.reported = None;
            return self.block(After::Else);
        }
        let told = self.report(
            Diagnostic::error(codes::FOREIGN_SIGN, span, "write `{` instead of `then`")
                .help("the steps of an `if` stand between `{` and `}`: `if a = 1 { do email welcome }`"),
        );
        self.worded = self.diagnostics.len().checked_sub(1).filter(|_| told);
        self.instead_of(span, "{");
        self.worded_block();
    }

    /// Steps between `then` or `else` and `else` or `end`.
    fn worded_block(&mut self) {
        self.node(BLOCK, |p| {
            p.node(ERROR, Self::take);
            p.reported = None;
            while !(matches!(p.kind(), END | R_BRACE) || p.at_declaration_line()) {
                if p.is_word("end") || p.is_word("else") {
                    break;
                }
                let before = p.at;
                p.step_or_error();
                p.recover_body(before);
            }
            if p.is_word("end") {
                p.instead_of(p.span(), "}");
                p.worded = None;
                p.node(ERROR, Self::take);
            } else if p.is_word("else") {
                p.instead_of(p.span(), "} else {");
            } else {
                p.eat(R_BRACE);
            }
        });
    }

    /// Adds to the fix of the message about `then` what else must change.
    fn instead_of(&mut self, span: Span, text: &str) {
        let Some(told) = self.worded.and_then(|at| self.diagnostics.get_mut(at)) else { return };
        let edit = Edit { span, text: text.to_owned() };
        match told.fixes.first_mut() {
            Some(fix) => fix.edits.push(edit),
            None => told.fixes.push(Fix {
                title: "write braces".to_owned(),
                applicability: Applicability::Unsure,
                edits: vec![edit],
            }),
        }
    }
}

/// `choices` for a message: "`a`, `b` or `c`".
pub(super) fn alternatives(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|it| format!("`{it}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
