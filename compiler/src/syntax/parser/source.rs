//! `source` declarations: how a provider's request becomes events.

use super::recover::Opened;
use super::*;

impl Parser<'_> {
    pub(super) fn source(&mut self) {
        let indent = self.seen(Ahead::Here).map_or(0, |it| it.indent);
        self.take_word();
        self.new_name("a name for the source");
        let opened = self.open();
        self.within = Within::Source(indent);
        self.source_items(opened);
        self.within = Within::Other;
        self.close(opened);
    }

    fn source_items(&mut self, opened: Opened) {
        while !self.block_ends(opened) {
            let before = self.at;
            self.source_item();
            if self.failed_since(before) {
                self.skip(|p| p.at > before && p.leads() && (p.at_source_item() || p.outdented(before)));
            }
            if self.at == before && !self.block_ends(opened) {
                self.node(ERROR, Self::take);
            }
        }
    }

    fn at_source_item(&self) -> bool {
        self.is_any(words::SOURCE_ITEMS) || self.is_word_before("by")
    }

    fn is_word_before(&self, next: &str) -> bool {
        self.is_name() && self.word_of(Ahead::Next) == Some(next)
    }

    /// `{ … }` around items.
    fn source_block(&mut self) {
        self.deeper(|p| {
            p.node(SOURCE_BLOCK, |p| {
                let opened = p.open();
                p.source_items(opened);
                p.close(opened);
            });
            Some(())
        });
    }

    fn source_item(&mut self) {
        match self.word() {
            Some("path") => self.node(PATH_ITEM, |p| {
                p.take_word();
                p.string("the path in quotes, as `\"/in/shopify\"`,");
            }),
            Some("verify") => self.verify(),
            Some("id") => self.source_value(ID_ITEM, "what tells one request from all others"),
            Some("time") => self.source_value(TIME_ITEM, "when it happened"),
            Some("answer") => self.source_value(ANSWER_ITEM, "what the provider is to get back"),
            Some("when") => self.node(WHEN_ITEM, Self::source_when),
            Some("for") => self.node(EACH_ITEM, Self::source_each),
            Some("event") => self.node(EVENT_ITEM, Self::source_event),
            _ if self.is_word_before("by") => self.node(IDENTIFY_ITEM, Self::identify),
            _ => self.no_source_item(),
        }
    }

    fn no_source_item(&mut self) {
        let message = format!("{} is no part of a source", self.found());
        let diagnostic = Diagnostic::error(codes::NO_PART, self.span(), message);
        let meant = self.word().and_then(|word| words::nearest(word, words::SOURCE_ITEMS.iter().copied()));
        let diagnostic = match meant {
            Some(meant) => {
                let span = self.span();
                diagnostic.help(format!("did you mean `{meant}`?")).replace(span, meant, Applicability::Unsure)
            }
            None => diagnostic.help(
                "a source has `path \"…\"`, `verify`, `id`, `when … { }`, `contact by email …`, `event NAME { … }` …",
            ),
        };
        self.report(diagnostic);
    }

    fn source_value(&mut self, kind: SyntaxKind, what: &str) {
        self.node(kind, |p| {
            p.take_word();
            p.expression(what);
        });
    }

    fn verify(&mut self) {
        let mark = self.mark();
        self.take_word();
        let kind = match self.word() {
            Some("hmac") => {
                self.hmac();
                HMAC_ITEM
            }
            Some("basic") => {
                self.basic_auth();
                SOURCE_BASIC_ITEM
            }
            Some("bearer") => {
                self.take_word();
                if self.expect_word("auth") {
                    self.expression("the token");
                }
                SOURCE_BEARER_ITEM
            }
            Some("token") => {
                self.take_word();
                let before = self.at;
                self.piped("the token");
                if !self.failed_since(before) {
                    self.found_in("where the token stands, as `header \"X-Token\"`,");
                }
                TOKEN_ITEM
            }
            _ => {
                self.one_of_words(&["hmac", "basic", "bearer", "token"]);
                self.reported = Some(self.at);
                HMAC_ITEM
            }
        };
        self.wrap(mark, kind);
    }

    /// `in PLACE`
    fn found_in(&mut self, what: &str) {
        if !self.is_word("in") {
            return self.missing(codes::NO_WORD, &format!("`in` and {what}"));
        }
        self.node(FOUND_IN, |p| {
            p.take_word();
            p.piped(what);
        });
    }

    fn hmac(&mut self) {
        self.take_word();
        let before = self.at;
        if !self.name("the name of a hash, as `sha256`,") {
            return;
        }
        self.node(HMAC_OF, |p| {
            if p.expect_word("of") {
                p.piped("what is signed, as `body`,");
            }
        });
        if self.failed_since(before) {
            return;
        }
        if self.is_word("as") {
            self.node(ENCODING, |p| {
                p.take_word();
                p.name("`hex` or `base64`");
            });
        }
        self.found_in("where the signature stands, as `header \"X-Signature\"`,");
        if !self.failed_since(before) && self.is_word("prefix") {
            self.node(PREFIX, |p| {
                p.take_word();
                p.string("what stands before the signature, in quotes,");
            });
        }
        if self.failed_since(before) || !self.expect_word("with") {
            return;
        }
        self.keys();
        if !self.failed_since(before) && self.is_word("within") {
            self.node(TOLERANCE, |p| {
                p.take_word();
                if p.duration("how old a request may be, as `5 minutes`,") && p.expect_word("of") {
                    p.expression("when it was sent, as `header \"X-Timestamp\"`,");
                }
            });
        }
    }

    fn keys(&mut self) {
        loop {
            let before = self.at;
            self.node(KEY, |p| {
                if p.is_any(&["base64", "hex"]) && p.spells_key() {
                    p.take_word();
                }
                p.expression("the secret, as `secret.SHOP_KEY`,");
            });
            if self.failed_since(before) || !self.eat(COMMA) {
                break;
            }
            self.one_of(COMMA);
        }
    }

    /// Whether a value follows the word `base64` or `hex`, so that it is none itself.
    fn spells_key(&self) -> bool {
        match self.kind_of(Ahead::Next) {
            STRING | BLOCK_STRING => true,
            _ => self
                .word_of(Ahead::Next)
                .is_some_and(|word| word != "within" && !words::RESERVED.contains(&word)),
        }
    }

    fn source_when(&mut self) {
        self.take_word();
        let before = self.at;
        if self.is(L_BRACE) {
            self.missing(codes::NO_VALUE, "a condition");
        } else {
            self.expression("a condition");
        }
        if self.failed_since(before) && !self.is(L_BRACE) {
            self.skip(|p| p.is(L_BRACE) || p.leads());
        }
        self.source_block();
        if self.is_word("else") {
            self.node(SOURCE_ELSE, |p| {
                p.take_word();
                p.source_block();
            });
        }
    }

    fn source_each(&mut self) {
        self.take_word();
        let before = self.at;
        if self.expect_word("each") && self.name("a name for one of them") && self.expect_word("in") {
            if self.is(L_BRACE) {
                self.missing(codes::NO_VALUE, "a list");
            } else {
                self.expression("a list");
            }
        }
        if self.failed_since(before) && !self.is(L_BRACE) {
            self.skip(|p| p.is(L_BRACE) || p.leads());
        }
        self.source_block();
    }

    fn source_event(&mut self) {
        self.take_word();
        let before = self.at;
        if !self.name("the name of an event") {
            return;
        }
        if self.is_word("id") {
            self.source_value(EVENT_ID, "what tells the event from all others");
        }
        if !self.failed_since(before) && self.is_word("at") {
            self.source_value(AT, "when it happened");
        }
        if !self.failed_since(before) && self.is(L_BRACE) {
            self.object();
        }
    }

    /// `contact by email body.email, phone body.phone { … }`
    fn identify(&mut self) {
        let before = self.at;
        self.name("the name of an entity");
        self.take_word();
        loop {
            self.node(IDENTITY, |p| {
                if p.name("an attribute, as `email`,") {
                    p.expression("its value, as `body.email`,");
                }
            });
            if self.failed_since(before) || !self.eat(COMMA) {
                break;
            }
            self.one_of(COMMA);
        }
        if !self.failed_since(before) && self.is(L_BRACE) {
            self.object();
        }
    }
}
