//! Clauses: what a workflow says before its first step.

use super::*;
use crate::syntax::ast::Weekday;

impl Parser<'_> {
    pub(super) fn clause(&mut self) {
        if let Some(word) = self.word() {
            self.clause_as(word);
        }
    }

    pub(super) fn clause_as(&mut self, word: &str) {
        match word {
            "on" => self.node(ON_CLAUSE, Self::on),
            "once" => self.node(ONCE_CLAUSE, |p| {
                p.take_word();
                if p.is_word("per") {
                    p.node(PER, |p| {
                        p.take_word();
                        p.expression("what is counted apart, as `order.id`,");
                    });
                }
            }),
            "every" if self.kind_of(Ahead::Next) == IDENT && self.every_like_time() => {
                self.node(EVERY_TIME_CLAUSE, |p| {
                    p.take_word();
                    p.expect_word("time");
                });
            }
            "every" => self.node(SCHEDULE_CLAUSE, Self::schedule),
            "exit" => self.exit(),
            "draft" => self.node(DRAFT_CLAUSE, Self::take_word),
            "at" => self.node(AT_MOST_ONCE_CLAUSE, Self::at_most_once),
            "goal" => self.node(GOAL_CLAUSE, Self::goal),
            "holdout" => self.node(HOLDOUT_CLAUSE, |p| {
                p.take_word();
                if p.is(NUMBER) {
                    p.percentage();
                } else {
                    p.missing(codes::NO_VALUE, "how many are kept out, as `10%`,");
                }
            }),
            "send" => self.node(SEND_BETWEEN_CLAUSE, Self::send_between),
            "topic" => self.node(TOPIC_CLAUSE, |p| {
                p.take_word();
                p.name("the name of a topic");
            }),
            "max" => self.node(MAX_AGE_CLAUSE, |p| {
                p.take_word();
                if p.expect_word("age") {
                    p.duration("how old an event may be, as `72 hours`,");
                }
            }),
            _ => self.node(WHILE_RUNNING_CLAUSE, Self::while_running),
        }
    }

    fn every_like_time(&self) -> bool {
        self.word_of(Ahead::Next).is_some_and(|word| words::nearest(word, ["time"]).is_some())
    }

    /// Whether a clause begins here.
    pub(super) fn at_clause(&self) -> bool {
        let Some(word) = self.word() else { return false };
        let next = self.word_of(Ahead::Next);
        match word {
            "at" => next == Some("most"),
            "max" => next == Some("age"),
            "send" => next == Some("between"),
            "holdout" => self.kind_of(Ahead::Next) == NUMBER,
            "goal" | "topic" => next.is_some_and(|word| !words::RESERVED.contains(&word)),
            "draft" => !self.seen(Ahead::Next).is_some_and(|it| !it.leads && it.token.kind != IDENT),
            _ => words::CLAUSES.contains(&word),
        }
    }

    /// `every monday at 09:00 for contact in trials where CONDITION`
    fn schedule(&mut self) {
        self.take_word();
        let before = self.at;
        self.node(RHYTHM, Self::rhythm);
        if self.failed_since(before) {
            return;
        }
        self.time_of_day();
        if self.failed_since(before) {
            return;
        }
        if self.is_word("for") {
            self.node(FOR_EACH, |p| {
                p.take_word();
                p.name("the name of an entity");
            });
        } else {
            let diagnostic = self.expected(codes::NO_WORD, "`for` and for whom to start");
            self.report(diagnostic.help("as `every monday at 09:00 for contact in trials`"));
            return;
        }
        if !self.failed_since(before) && self.is_word("in") {
            self.node(IN_SEGMENT, |p| {
                p.take_word();
                p.name("the name of a segment");
            });
        }
        if !self.failed_since(before) {
            self.condition();
        }
    }

    fn rhythm(&mut self) {
        match self.word() {
            Some("day" | "weekday") => self.take_word(),
            Some(word) if Weekday::read(word).is_some() => self.weekdays(),
            Some(word) if let Some(meant) = near_rhythm(word) => {
                self.misspelt(codes::NO_WORD, word, meant);
            }
            _ if matches!(self.kind(), NUMBER | NUMBER_UNIT) => {
                self.duration("how often, as `2 weeks`,");
            }
            _ => {
                let what = "a day of the week, `day`, `weekday` or a length of time";
                self.missing(codes::NO_VALUE, what);
            }
        }
    }

    /// `monday, friday`
    fn weekdays(&mut self) {
        loop {
            match self.word() {
                Some(word) if Weekday::read(word).is_some() => self.node(WEEKDAY, Self::take_word),
                Some(word) if let Some(meant) = near_day(word) => self.misspelt(codes::NO_WORD, word, meant),
                _ => return self.missing(codes::NO_WORD, "a day of the week"),
            }
            if !self.eat(COMMA) {
                break;
            }
        }
    }

    /// `at TIME`; `at most` is a clause.
    pub(super) fn time_of_day(&mut self) {
        if self.is_word("at") && self.word_of(Ahead::Next) != Some("most") {
            self.node(AT, |p| {
                p.take_word();
                p.expression("a time, as `09:00`,");
            });
        }
    }

    fn at_most_once(&mut self) {
        self.take_word();
        if self.expect_word("most") && self.expect_word("once") {
            self.per();
        }
    }

    /// `per DURATION`
    pub(super) fn per(&mut self) {
        if !self.is_word("per") {
            self.expect_word("per");
            return;
        }
        self.node(PER, |p| {
            p.take_word();
            p.duration("in how long a time, as `30 days`,");
        });
    }

    fn goal(&mut self) {
        self.take_word();
        if !self.name("the name of an event") {
            return;
        }
        self.alias();
        let before = self.at;
        self.condition();
        if self.failed_since(before) && !self.is_word("within") {
            return;
        }
        if !self.is_word("within") && self.word().is_none_or(|it| words::nearest(it, ["within"]).is_none()) {
            let diagnostic = self.expected(codes::NO_WORD, "`within` and how long the goal may take");
            self.report(diagnostic.help("as `goal purchase within 14 days`"));
            return;
        }
        self.node(WITHIN, |p| {
            if p.expect_word("within") {
                p.duration("how long the goal may take, as `14 days`,");
            }
        });
    }

    fn send_between(&mut self) {
        self.take_word();
        let before = self.at;
        if !self.expect_word("between") {
            return;
        }
        self.piped("when sending may begin, as `09:00`,");
        if self.failed_since(before) || !self.expect_word("and") {
            return;
        }
        self.piped("when it must end, as `18:00`,");
        if !self.failed_since(before) {
            self.days_and_zone();
        }
    }

    /// `on DAYS in ZONE`, both optional.
    pub(super) fn days_and_zone(&mut self) {
        if self.is_word("on") && self.at_days() {
            self.node(DAYS, |p| {
                p.take_word();
                if p.is_any(&["weekdays", "weekends"]) { p.take_word() } else { p.weekdays() }
            });
        }
        if self.is_word("in") {
            self.node(ZONE, |p| {
                p.take_word();
                p.piped("a time zone, as `contact.timezone`,");
            });
        }
    }

    /// Whether days follow `on`, not what starts a workflow.
    fn at_days(&self) -> bool {
        self.word_of(Ahead::Next)
            .is_some_and(|word| ["weekdays", "weekends"].contains(&word) || Weekday::read(word).is_some())
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
        self.one_of_words(&["ignore", "restart", "queue", "parallel"]);
    }
}

/// The day of the week that was most likely meant.
fn near_day(word: &str) -> Option<&'static str> {
    words::nearest(word, Weekday::WORDS.iter().map(|(word, _)| *word))
}

fn near_rhythm(word: &str) -> Option<&'static str> {
    near_day(word).or_else(|| words::nearest(word, ["day", "weekday"]))
}
