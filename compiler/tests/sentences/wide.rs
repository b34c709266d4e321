//! Random segments, policies, sources and tests.

use super::Words;

impl Words<'_> {
    pub(super) fn segment(&mut self) {
        self.put("segment");
        self.name();
        self.put("of");
        self.name();
        self.put("where");
        self.expression();
    }

    pub(super) fn policy(&mut self) {
        self.puts("policy {");
        self.some(3, |w| match w.random.below(3) {
            0 => {
                w.puts("quiet hours");
                w.maybe(|w| {
                    w.put("for");
                    w.channels();
                });
                w.put("from");
                w.piped();
                w.put("to");
                w.piped();
                w.days_and_zone();
            }
            1 => {
                w.puts("at most 3");
                w.channels();
                w.put("per");
                w.duration();
            }
            _ => {
                w.put("topic");
                w.name();
                let consent = w.random.pick(&["opt in", "opt out"]);
                w.puts(consent);
                w.maybe(Self::string);
            }
        });
        self.put("}");
    }

    fn channels(&mut self) {
        self.label();
        self.some(2, |w| {
            w.put(",");
            w.label();
        });
    }

    pub(super) fn days_and_zone(&mut self) {
        self.maybe(|w| {
            let days = w.random.pick(&["weekdays", "weekends", "monday", "friday , sunday"]);
            w.put("on");
            w.puts(days);
        });
        self.maybe(|w| {
            w.put("in");
            w.piped();
        });
    }

    pub(super) fn source(&mut self) {
        self.put("source");
        self.name();
        self.source_block();
    }

    fn source_block(&mut self) {
        self.put("{");
        if self.depth < 3 {
            self.depth += 1;
            self.some(3, Self::source_item);
            self.depth -= 1;
        }
        self.put("}");
    }

    fn source_item(&mut self) {
        match self.random.below(10) {
            0 => {
                self.put("path");
                self.string();
            }
            1 => {
                let word = self.random.pick(&["id", "time", "answer"]);
                self.put(word);
                self.expression();
            }
            2 => {
                self.put("when");
                self.condition_before_block();
                self.source_block();
                self.maybe(|w| {
                    w.put("else");
                    w.source_block();
                });
            }
            3 => {
                self.puts("for each");
                self.name();
                self.put("in");
                self.condition_before_block();
                self.source_block();
            }
            4 => self.puts("verify basic auth secret.A secret.B"),
            5 => {
                self.puts("verify bearer auth");
                self.expression();
            }
            6 => {
                self.puts("verify token");
                self.piped();
                self.put("in");
                self.piped();
            }
            7 => self.hmac(),
            8 => {
                self.puts("contact by");
                self.identity();
                self.some(2, |w| {
                    w.put(",");
                    w.identity();
                });
                self.maybe(Self::object);
            }
            _ => {
                self.put("event");
                self.label();
                self.maybe(|w| {
                    w.put("id");
                    w.expression();
                });
                self.maybe(|w| {
                    w.put("at");
                    w.expression();
                });
                self.maybe(Self::object);
            }
        }
    }

    /// An expression that does not begin with a brace.
    fn condition_before_block(&mut self) {
        self.path();
        self.maybe(|w| {
            w.put("=");
            w.primary();
        });
    }

    fn identity(&mut self) {
        self.any_name_but_reserved();
        self.path();
    }

    fn any_name_but_reserved(&mut self) {
        let name = self.random.pick(&["email", "phone", "id", "external_id"]);
        self.put(name);
    }

    fn hmac(&mut self) {
        self.puts("verify hmac sha256 of");
        self.piped();
        self.maybe(|w| w.puts("as base64"));
        self.put("in");
        self.piped();
        self.maybe(|w| w.puts("prefix \"sha256=\""));
        self.put("with");
        self.key();
        self.some(1, |w| {
            w.put(",");
            w.key();
        });
        self.maybe(|w| {
            w.put("within");
            w.duration();
            w.put("of");
            w.expression();
        });
    }

    fn key(&mut self) {
        self.maybe(|w| {
            let spelling = w.random.pick(&["base64", "hex"]);
            w.put(spelling);
        });
        let key = self.random.pick(&["secret.KEY", "\"k\"", "config . x . key"]);
        self.puts(key);
    }

    pub(super) fn test(&mut self) {
        self.put("test");
        self.line_string();
        self.put("{");
        let mut after_expectation = false;
        for _ in 0..self.random.below(6) {
            after_expectation = self.statement(after_expectation);
        }
        self.put("}");
    }

    /// Whether the next statement follows an expectation, whose end must be seen.
    fn statement(&mut self, after_expectation: bool) -> bool {
        match self.random.below(12) {
            0 => {
                self.puts("at 2026-03-07 20:00");
                self.maybe(|w| {
                    w.put("in");
                    w.piped();
                });
            }
            1 => {
                self.put("after");
                self.duration();
            }
            2 => {
                self.put("events");
                self.string();
            }
            3 => {
                self.puts("answer");
                self.dotted();
                self.object();
            }
            4 => {
                let word = self.random.pick(&["refuse", "fail", "lose"]);
                self.put(word);
                self.dotted();
                self.maybe(Self::string);
            }
            5 => {
                let word = self.random.pick(&["accept", "approve", "discard"]);
                self.put(word);
                self.dotted();
            }
            6 => self.puts("delete ana"),
            7 => {
                self.person();
                self.put(".");
                self.any_name();
                self.put("=");
                self.expression();
            }
            8 => {
                self.person();
                let what = self.random.pick(&["form_submitted", "purchase", "x"]);
                self.put(what);
                if after_expectation || self.random.often() {
                    self.object();
                }
            }
            _ => {
                self.expectation();
                return true;
            }
        }
        false
    }

    fn person(&mut self) {
        let name = self.random.pick(&["ana", "contact", "_x1", "größe"]);
        self.put(name);
    }

    fn expectation(&mut self) {
        self.put("expect");
        if self.random.below(5) == 0 {
            self.path();
            return self.comparing();
        }
        match self.random.below(4) {
            0 => self.put("no"),
            1 => self.put("2"),
            _ => {}
        }
        match self.random.below(5) {
            0 => {
                self.puts("run of w");
                self.maybe(|w| w.puts("for ana"));
                self.maybe(|w| {
                    let state = w.random.pick(&["running", "waiting", "held", "exited", "finished"]);
                    w.put(state);
                });
                self.maybe(|w| w.puts("at nudge"));
            }
            1 => {
                self.put("task");
                self.maybe(Self::string);
                self.parts();
            }
            2 => {
                self.puts("event churned");
                self.maybe(|w| w.puts("for ana"));
                self.maybe(Self::object);
            }
            3 => {
                self.puts("draft email");
                self.maybe(|w| w.put("welcome"));
                self.parts();
            }
            _ => {
                self.dotted();
                match self.random.below(3) {
                    0 => self.put("welcome"),
                    1 => self.string(),
                    _ => {}
                }
                self.parts();
            }
        }
    }

    fn parts(&mut self) {
        self.some(2, |w| match w.random.below(4) {
            0 => {
                let label = w.random.pick(&["to", "for", "due", "subject contains", "body contains"]);
                w.puts(label);
                w.piped();
            }
            1 => w.puts("sent at 2026-03-08 09:00"),
            2 => w.puts("priority 5"),
            _ => {
                w.puts("reason contains");
                w.piped();
            }
        });
    }
}
