//! A corpus with every construct, and random sentences of the grammar.

mod wide;

/// Numbers that look random and are the same on every machine (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn often(&mut self) -> bool {
        self.below(3) == 0
    }
}

/// Short files, which together have every construct.
pub(crate) fn corpus() -> impl Iterator<Item = &'static str> {
    CORPUS.split("\n----\n")
}

const CORPUS: &str = include_str!("corpus.txt");

/// A random file of the grammar.
pub(crate) fn sentence(random: &mut Random) -> String {
    let mut words = Words { random, out: String::new(), depth: 0 };
    words.file();
    words.out
}

struct Words<'r> {
    random: &'r mut Random,
    out: String,
    depth: usize,
}

/// Names that are words of the language elsewhere, and some that are not.
const NAMES: &[&str] = &[
    "a", "status", "purchase", "_x1", "größe", "text", "type", "body", "header", "result", "list", "ordered",
    "source", "from", "to", "at", "as", "up", "for", "due", "group", "created", "changes", "default", "tag",
    "task", "note", "add", "once", "starts", "ends", "days", "friday", "time", "missing", "true", "now",
    "today", "false",
];
/// Names that are safe where a value may follow: they begin nothing else.
const LABELS: &[&str] = &["text", "from", "to", "subject", "data", "größe", "type"];
const ANY_NAMES: &[&str] = &["do", "where", "in", "and", "set", "x", "status", "on", "ago", "not"];
const STRINGS: &[&str] =
    &["\"\"", "\"a\"", "\"a \\\" b\"", "\"Hi {{ x | default \"y\" }}\"", "\"{% if a = \"b\" %}c{% end %}\""];
const SPACES: &[&str] =
    &[" ", " ", " ", "  ", "\n", "\n  ", " # remark\n", "\n\n", "\t", "\u{a0}", "\n## docs\n"];

impl Words<'_> {
    fn put(&mut self, word: &str) {
        if !self.out.is_empty() {
            let space = self.random.pick(SPACES);
            self.out.push_str(space);
        }
        self.out.push_str(word);
    }

    fn puts(&mut self, words: &str) {
        for word in words.split(' ') {
            self.put(word);
        }
    }

    fn name(&mut self) {
        let name = self.random.pick(NAMES);
        self.put(name);
    }

    fn label(&mut self) {
        let name = self.random.pick(LABELS);
        self.put(name);
    }

    fn any_name(&mut self) {
        let name = self.random.pick(ANY_NAMES);
        self.put(name);
    }

    fn line_string(&mut self) {
        let string = self.random.pick(STRINGS);
        self.put(string);
    }

    fn string(&mut self) {
        if self.random.below(6) == 0 {
            self.put("\"\"\"\n  a \"b\" {{ c }}\n  \"\"\"")
        } else {
            self.line_string()
        }
    }

    /// `one` a few times.
    fn some(&mut self, most: usize, mut one: impl FnMut(&mut Self)) {
        for _ in 0..self.random.below(most + 1) {
            one(self);
        }
    }

    fn maybe(&mut self, one: impl FnOnce(&mut Self)) {
        if self.random.often() {
            one(self);
        }
    }

    fn file(&mut self) {
        if self.random.below(5) == 0 {
            match self.random.below(3) {
                0 => self.schedule(),
                _ => self.puts("on form_submitted"),
            }
            self.some(2, Self::clause);
            return self.some(4, Self::step);
        }
        self.some(3, Self::declaration);
    }

    fn declaration(&mut self) {
        match self.random.below(13) {
            8 => self.segment(),
            9 => self.policy(),
            10 => self.source(),
            11 | 12 => self.test(),
            0 => {
                self.put("event");
                self.name();
                self.maybe(|w| {
                    w.put("about");
                    w.name();
                });
                self.fields();
            }
            1 => {
                self.put("entity");
                self.name();
                self.fields();
            }
            2 => {
                self.put("template");
                self.name();
                self.name();
                self.put("{");
                self.some(3, |w| {
                    w.any_name();
                    w.string();
                });
                self.put("}");
            }
            3 => {
                self.put("sender");
                self.name();
                self.put("=");
                self.string();
            }
            4 => {
                self.put("team");
                self.name();
                self.puts("= [");
                self.some(2, |w| {
                    w.string();
                    w.put(",");
                });
                self.maybe(Self::string);
                self.put("]");
            }
            5 => self.action(),
            _ => self.workflow(),
        }
    }

    fn fields(&mut self) {
        self.put("{");
        self.some(3, |w| {
            w.any_name();
            w.put(":");
            w.ty();
            w.maybe(|w| w.put(","));
        });
        self.put("}");
    }

    fn ty(&mut self) {
        match self.random.below(5) {
            0 => {
                self.puts("list of");
                self.ty();
            }
            1 => {
                self.line_string();
                self.some(2, |w| {
                    w.put("|");
                    w.line_string();
                });
            }
            2 => {
                self.put("ordered");
                self.line_string();
                self.put("<");
                self.line_string();
            }
            _ => self.label(),
        }
        self.maybe(|w| w.put("?"));
    }

    fn dotted(&mut self) {
        self.put("crm");
        self.some(2, |w| {
            w.put(".");
            w.any_name();
        });
    }

    fn action(&mut self) {
        self.put("action");
        self.dotted();
        self.put("(");
        self.some(2, |w| {
            w.any_name();
            w.put(":");
            w.ty();
            w.maybe(|w| {
                w.put("=");
                w.expression();
            });
            w.put(",");
        });
        self.puts(") {");
        self.some(4, Self::item);
        self.put("}");
    }

    fn item(&mut self) {
        match self.random.below(17) {
            12 => {
                self.put("channel");
                self.name();
            }
            13 => {
                self.put("multipart");
                self.object();
            }
            14 => {
                self.puts("oauth client credentials \"https://x\" secret.A secret.B");
                self.maybe(|w| {
                    w.put("scope");
                    w.expression();
                });
            }
            15 => self.puts("oauth refresh token \"https://x\" secret.A secret.B secret.C scope \"x\""),
            16 => {
                self.puts("expect 200 where");
                self.expression();
            }
            0 => {
                let method = self.random.pick(&["get", "post", "put", "patch", "delete"]);
                self.put(method);
                self.string();
            }
            1 => {
                self.puts("basic auth secret.A");
                self.name();
            }
            2 => {
                self.puts("bearer auth");
                self.expression();
            }
            3 => {
                self.put("header");
                self.string();
                self.expression();
            }
            4 => {
                let word = self.random.pick(&["form", "smtp", "result"]);
                self.put(word);
                self.object();
            }
            5 => {
                let word = self.random.pick(&["json", "body", "timeout"]);
                self.put(word);
                self.expression();
            }
            6 => self.puts("expect 201 , 2xx"),
            7 => self.puts("retry on 429 , 5xx"),
            8 => self.puts("when unsure park"),
            9 => self.puts("when unsure retry with idempotency key header \"X\""),
            10 => self.puts("when unsure retry"),
            _ => {
                self.puts("sign webhook with");
                self.expression();
            }
        }
    }

    fn workflow(&mut self) {
        self.put("workflow");
        self.name();
        self.maybe(Self::line_string);
        self.maybe(|w| {
            w.put("for");
            w.name();
        });
        self.put("{");
        self.some(4, Self::clause);
        self.some(4, Self::step);
        self.put("}");
    }

    fn alias(&mut self) {
        self.maybe(|w| {
            w.put("as");
            w.name();
        });
    }

    fn condition(&mut self) {
        self.maybe(|w| {
            w.put("where");
            w.expression();
        });
    }

    fn clause(&mut self) {
        match self.random.below(20) {
            8 => self.put("draft"),
            9 => self.schedule(),
            10 => {
                self.puts("once per");
                self.expression();
            }
            11 => {
                self.puts("at most once per");
                self.duration();
            }
            12 => {
                self.put("goal");
                self.label();
                self.alias();
                self.condition();
                self.put("within");
                self.duration();
            }
            13 => self.puts("holdout 10 %"),
            14 => {
                self.puts("send between");
                self.piped();
                self.put("and");
                self.piped();
                self.days_and_zone();
            }
            15 => {
                self.put("topic");
                self.name();
            }
            16 => {
                self.puts("max age");
                self.duration();
            }
            17 | 18 => self.wide_trigger(),
            0 => self.put("once"),
            1 => self.puts("every time"),
            2 => {
                self.puts("exit when");
                self.expression();
            }
            3 => {
                self.puts("exit on");
                self.label();
                self.alias();
                self.condition();
            }
            4 => {
                let what = self.random.pick(&["ignore", "restart", "queue", "parallel"]);
                self.puts("while running");
                self.put(what);
            }
            5 => {
                let what = self.random.pick(&["created", "changes"]);
                self.puts("on contact");
                self.put(what);
                self.alias();
            }
            6 => {
                self.puts("on contact . in changes");
                self.maybe(|w| {
                    w.put("from");
                    w.operand();
                });
                self.maybe(|w| {
                    w.put("to");
                    w.operand();
                });
                self.condition();
            }
            _ => {
                self.put("on");
                self.label();
                self.alias();
                self.condition();
            }
        }
    }

    fn schedule(&mut self) {
        self.put("every");
        match self.random.below(4) {
            0 => self.put("day"),
            1 => self.put("weekday"),
            2 => self.puts("monday , friday"),
            _ => self.duration(),
        }
        self.at_time();
        self.put("for");
        self.name();
        self.maybe(|w| {
            w.put("in");
            w.name();
        });
        self.condition();
    }

    fn at_time(&mut self) {
        self.maybe(|w| {
            w.put("at");
            w.piped();
        });
    }

    fn wide_trigger(&mut self) {
        self.put("on");
        match self.random.below(9) {
            0 => self.puts("contact deleted"),
            1 => {
                let edge = self.random.pick(&["enters", "leaves"]);
                self.puts("contact");
                self.put(edge);
                self.label();
            }
            2 => {
                let way = self.random.pick(&["drops", "rises"]);
                self.puts("account . in");
                self.put(way);
                self.maybe(|w| {
                    let reach = w.random.pick(&["to", "above", "below"]);
                    w.put(reach);
                    w.operand();
                });
            }
            3 => {
                let way = self.random.pick(&["gains", "loses"]);
                self.puts("contact.tags");
                self.put(way);
                self.operand();
            }
            4 => {
                self.puts("deal.stage unchanged for");
                self.duration();
            }
            5 => {
                self.puts("contact . birthday every year");
                self.at_time();
            }
            6 => self.puts("contact.birthday at 09:00"),
            _ => {
                let side = self.random.pick(&["before", "after"]);
                self.duration();
                self.put(side);
                self.puts("contact . trial_ends");
                self.at_time();
            }
        }
        self.condition();
    }

    fn block(&mut self) {
        self.put("{");
        if self.depth < 3 {
            self.depth += 1;
            self.some(2, Self::step);
            self.depth -= 1;
        }
        self.put("}");
    }

    fn step(&mut self) {
        self.maybe(|w| {
            w.name();
            w.put(":");
        });
        match self.random.below(12) {
            8 => {
                self.put("let");
                self.name();
                self.puts("= do");
                self.act();
                self.do_parts();
            }
            9 => {
                self.puts("split {");
                self.some(2, |w| {
                    w.puts("50 %");
                    w.name();
                    w.block();
                });
                self.put("}");
            }
            10 => {
                self.puts("repeat up to 3 times");
                self.maybe(|w| {
                    w.put("every");
                    w.duration();
                });
                self.maybe(|w| {
                    w.put("until");
                    w.path();
                });
                self.block();
            }
            0 => self.put("stop"),
            1 => self.wait(),
            2 => {
                self.puts("wait until");
                if self.random.often() {
                    self.put("friday")
                } else {
                    self.expression()
                }
                self.maybe(|w| w.puts("at 09:00"));
            }
            3 => {
                self.puts("wait for");
                self.label();
                self.alias();
                self.condition();
                self.puts("up to");
                self.duration();
                self.maybe(Self::block);
                self.maybe(|w| {
                    w.put("else");
                    w.block();
                });
            }
            4 => {
                self.put("if");
                self.expression();
                self.block();
                self.some(1, |w| {
                    w.puts("else if");
                    w.expression();
                    w.block();
                });
                self.maybe(|w| {
                    w.put("else");
                    w.block();
                });
            }
            _ => {
                self.put("do");
                self.act();
                self.do_parts();
            }
        }
    }

    /// `where`, `as draft` and `on failure`, in any order.
    fn do_parts(&mut self) {
        let mut parts = [0, 1, 2];
        parts.rotate_left(self.random.below(3));
        if self.random.often() {
            parts.swap(0, 1);
        }
        for part in parts {
            match part {
                0 => self.condition(),
                1 => self.maybe(|w| {
                    w.puts("as draft");
                    w.maybe(|w| {
                        w.put("for");
                        w.piped();
                    });
                }),
                _ => self.maybe(|w| {
                    let mode = w.random.pick(&["continue", "stop", "park"]);
                    w.puts("on failure");
                    w.put(mode);
                }),
            }
        }
    }

    fn wait(&mut self) {
        self.put("wait");
        if self.random.often() { self.expression() } else { self.duration() }
    }

    fn act(&mut self) {
        match self.random.below(16) {
            8 => {
                self.puts("assign account owner");
                if self.random.often() {
                    self.put("from");
                    self.label();
                    self.puts("in turn");
                } else {
                    self.primary();
                }
            }
            9 => {
                self.put("create");
                self.name();
                self.object();
            }
            10 => {
                self.put("update");
                self.path();
                self.object();
            }
            11 => {
                self.put("delete");
                self.path();
            }
            12 => {
                let word = self.random.pick(&["start", "stop"]);
                self.put(word);
                self.label();
            }
            13 => {
                let word = self.random.pick(&["grant", "revoke"]);
                self.put(word);
                self.puts("access to");
                self.expression();
            }
            14 => {
                self.put("unsubscribe");
                self.maybe(|w| {
                    w.put("from");
                    w.name();
                });
            }
            0 => {
                self.put("set");
                self.path();
                self.put("=");
                self.expression();
            }
            1 => {
                let word = self.random.pick(&["add", "remove"]);
                self.put(word);
                self.put("tag");
                self.expression();
            }
            2 => {
                self.put("emit");
                self.name();
                self.maybe(Self::object);
            }
            3 => {
                self.put("note");
                self.expression();
            }
            4 => self.task(),
            _ => {
                self.dotted();
                self.maybe(|w| {
                    w.primary();
                    w.some(2, |w| {
                        w.label();
                        w.expression();
                    });
                });
            }
        }
    }

    fn task(&mut self) {
        self.put("task");
        self.string();
        self.some(3, |w| match w.random.below(7) {
            0 => {
                w.put("type");
                w.label();
            }
            1 => {
                w.puts("due in");
                w.duration();
            }
            2 => {
                w.put("due");
                w.expression();
            }
            3 => {
                w.put("remind");
                w.duration();
                w.put("before");
            }
            4 => {
                w.puts("for group");
                w.label();
            }
            5 => {
                w.puts("for contact.owner");
            }
            _ => {
                w.put("notes");
                w.expression();
            }
        });
    }

    fn duration(&mut self) {
        let duration =
            self.random.pick(&["2d", "24h", "30m", "2 days", "1 day 2 hours", "1d12h", "3 w", "1_0 months"]);
        self.puts(duration);
    }

    fn expression(&mut self) {
        if self.depth > 4 {
            return self.primary();
        }
        self.depth += 1;
        match self.random.below(14) {
            0 => self.joined("or"),
            1 => self.joined("and"),
            2 => {
                self.put("not");
                self.primary();
            }
            3..=6 => {
                self.primary();
                self.comparing();
            }
            7 => self.piped(),
            _ => self.sum(),
        }
        self.depth -= 1;
    }

    fn comparing(&mut self) {
        match self.random.below(4) {
            0 => {
                self.put("between");
                self.piped();
                self.put("and");
                self.piped();
            }
            1 => {
                let what = self.random.pick(&["is set", "is not set", "is missing"]);
                self.puts(what);
            }
            _ => {
                let sign = self.random.pick(&[
                    "=",
                    "!=",
                    "<",
                    "<=",
                    ">",
                    ">=",
                    "in",
                    "not in",
                    "contains",
                    "starts with",
                    "ends with",
                    "matches",
                ]);
                self.puts(sign);
                self.piped();
            }
        }
    }

    fn call(&mut self) {
        let name = self.random.pick(&["count", "did", "latest", "now"]);
        self.put(name);
        self.put("(");
        self.maybe(|w| {
            w.expression();
            w.condition();
            w.maybe(|w| {
                w.puts("in last");
                w.duration();
            });
            w.some(2, |w| {
                w.put(",");
                w.expression();
            });
            w.maybe(|w| w.put(","));
        });
        self.put(")");
        self.maybe(|w| w.puts(". amount"));
    }

    fn joined(&mut self, word: &str) {
        self.primary();
        self.some(2, |w| {
            w.put(word);
            w.primary();
        });
    }

    fn piped(&mut self) {
        self.sum();
        self.maybe(|w| {
            w.put("|");
            w.puts("default \"x\"");
        });
        self.maybe(|w| {
            w.put("|");
            let pipe = w.random.pick(&["truncate 20 \"…\"", "split \",\"", "upper"]);
            w.puts(pipe);
        });
    }

    fn operand(&mut self) {
        self.maybe(|w| w.put("-"));
        self.primary();
    }

    fn sum(&mut self) {
        self.operand();
        self.maybe(|w| {
            let sign = w.random.pick(&["+", "-", "*", "/"]);
            w.put(sign);
            w.primary();
        });
    }

    fn path(&mut self) {
        self.put("contact");
        self.some(2, |w| {
            w.put(".");
            w.any_name();
        });
    }

    fn primary(&mut self) {
        if self.depth > 6 {
            return self.path();
        }
        self.depth += 1;
        match self.random.below(14) {
            11 => self.call(),
            12 => {
                let what = self.random.pick(&["header \"X-A\"", "query \"a\""]);
                self.puts(what);
            }
            0 => self.string(),
            1 => self.puts("12.50"),
            2 => self.duration(),
            3 => self.puts("14 days ago"),
            4 => self.puts("2026-03-07 09:00:30"),
            5 => self.put("2026-03-07"),
            6 => self.put("09:00"),
            7 => {
                self.put("(");
                self.expression();
                self.puts(") . where");
            }
            8 => {
                self.put("[");
                self.some(2, |w| {
                    w.expression();
                    w.put(",");
                });
                self.put("]");
            }
            9 => self.object(),
            10 => self.put("now"),
            _ => self.path(),
        }
        self.depth -= 1;
    }

    fn object(&mut self) {
        self.put("{");
        if self.depth < 5 {
            self.depth += 1;
            self.some(2, |w| {
                if w.random.often() {
                    w.line_string()
                } else {
                    w.any_name()
                }
                w.put(":");
                w.expression();
                w.maybe(|w| w.put(","));
            });
            self.depth -= 1;
        }
        self.put("}");
    }
}
