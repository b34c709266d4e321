//! `segment` and `policy` declarations.

use super::*;

impl Parser<'_> {
    pub(super) fn segment(&mut self) {
        self.take_word();
        let before = self.at;
        self.name_anywhere("a name for the segment");
        if self.failed_since(before) && !self.is_word("of") || !self.expect_word("of") {
            return self.end_of_line_declaration();
        }
        if self.name("the name of an entity") {
            if self.is_word("where") {
                self.condition();
            } else {
                let diagnostic = self.expected(codes::NO_WORD, "`where` and a condition");
                self.report(diagnostic.help("as `segment trials of contact where status = \"trial\"`"));
            }
        }
        self.end_of_line_declaration();
    }

    pub(super) fn policy(&mut self) {
        self.take_word();
        let opened = self.open();
        while !self.block_ends(opened) {
            let before = self.at;
            self.rule();
            if self.failed_since(before) {
                self.skip(|p| p.at > before && p.leads() && (p.at_rule() || p.outdented(before)));
            }
            if self.at == before && !self.block_ends(opened) {
                self.node(ERROR, Self::take);
            }
        }
        self.close(opened);
    }

    fn at_rule(&self) -> bool {
        self.is_any(words::POLICY_RULES)
    }

    fn rule(&mut self) {
        match self.word() {
            Some("quiet") => self.node(QUIET_RULE, Self::quiet),
            Some("at") => self.node(CAP_RULE, Self::cap),
            Some("topic") => self.node(TOPIC_RULE, Self::topic_rule),
            Some(word) if let Some(meant) = words::nearest(word, words::POLICY_RULES.iter().copied()) => {
                self.misspelt(codes::NO_PART, word, meant);
                self.reported = Some(self.at);
            }
            _ => {
                let message = format!("{} is no rule of a policy", self.found());
                let diagnostic = Diagnostic::error(codes::NO_PART, self.span(), message).help(
                    "a policy has `quiet hours from 21:00 to 08:00`, `at most 3 email per 7 days`, `topic news opt in`",
                );
                self.report(diagnostic);
            }
        }
    }

    fn quiet(&mut self) {
        self.take_word();
        let before = self.at;
        if !self.expect_word("hours") {
            return;
        }
        if self.eat_word("for") {
            self.node(CHANNELS, Self::channels);
        }
        let bounds =
            [("from", FROM, "when the quiet begins, as `21:00`,"), ("to", TO, "when it ends, as `08:00`,")];
        for (word, kind, what) in bounds {
            if self.failed_since(before) {
                return;
            }
            self.node(kind, |p| {
                if p.expect_word(word) {
                    p.piped(what);
                }
            });
        }
        if !self.failed_since(before) {
            self.days_and_zone();
        }
    }

    /// `email, sms`
    fn channels(&mut self) {
        while self.name("the name of a channel, as `email`,") && self.eat(COMMA) {
            self.one_of(COMMA);
        }
    }

    fn cap(&mut self) {
        self.take_word();
        let before = self.at;
        if !self.expect_word("most") {
            return;
        }
        if self.is(NUMBER) {
            self.node(NUMBER_EXPR, Self::take);
        } else {
            return self.missing(codes::NO_VALUE, "how many, as `3`,");
        }
        self.node(CHANNELS, Self::channels);
        if !self.failed_since(before) {
            self.per();
        }
    }

    fn topic_rule(&mut self) {
        self.take_word();
        if !self.name("a name for the topic") || !self.expect_word("opt") {
            return;
        }
        let before = self.at;
        self.one_of_words(&["in", "out"]);
        if !self.failed_since(before) && self.kind().is_string() {
            self.take();
        }
    }
}
