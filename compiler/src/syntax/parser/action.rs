//! `action` declarations: parameters, and the items that make a request.

use super::*;
use crate::syntax::ast::StatusCode;

impl Parser<'_> {
    pub(super) fn action(&mut self) {
        self.take_word();
        let first = self.at;
        if self.is_name() {
            self.dotted();
            self.second_word(first);
        } else {
            self.missing(codes::NO_NAME, "a name for the action");
        }
        self.params();
        let opened = self.open();
        self.within = Within::Action;
        while !self.block_ends(opened) {
            let before = self.at;
            self.item();
            if self.failed_since(before) {
                self.skip(|p| p.outdented(before));
            }
            if self.at == before && !self.block_ends(opened) {
                self.node(ERROR, Self::take);
            }
        }
        self.within = Within::Other;
        self.close(opened);
    }

    fn params(&mut self) {
        let place = self.at;
        if !self.expect(L_PAREN, "(") {
            return;
        }
        self.one_of(L_PAREN);
        while !matches!(self.kind(), R_PAREN | L_BRACE | R_BRACE | END) && !self.at_declaration_line() {
            let before = self.at;
            if self.is(IDENT) {
                self.node(PARAM, Self::param);
            } else {
                self.missing(codes::NO_FIELD, "a parameter: its name, `:` and its type");
            }
            if self.failed_since(before) {
                self.skip(|p| p.at > before && matches!(p.kind(), COMMA | R_PAREN | L_BRACE));
            }
            if self.eat(COMMA) {
                self.one_of(COMMA);
            } else if self.is(IDENT) && self.kind_of(Ahead::Next) == COLON {
                self.missing_comma();
            } else if self.leads() || self.is(L_BRACE) {
                break;
            } else if !self.is(R_PAREN) {
                self.missing(codes::NO_WORD, "`,` or `)`");
                self.skip(|p| matches!(p.kind(), COMMA | R_PAREN | L_BRACE) || p.leads());
                self.eat(COMMA);
            }
        }
        self.close_bracket(place, R_PAREN, "`,` or `)`");
    }

    fn param(&mut self) {
        self.any_name("a name");
        let colon = self.expect(COLON, ":");
        self.one_of(COLON);
        if colon && self.ty().is_some() && self.eat(EQ) {
            self.expression("a value for when none is given");
        }
    }

    fn item(&mut self) {
        let Some(word) = self.word() else { return self.no_item() };
        match word {
            "get" | "post" | "put" | "patch" | "delete" => self.node(REQUEST_ITEM, |p| {
                p.take_word();
                p.string("the address in quotes");
            }),
            "basic" => self.node(BASIC_AUTH_ITEM, Self::basic_auth),
            "bearer" => self.node(BEARER_AUTH_ITEM, |p| {
                p.take_word();
                if p.expect_word("auth") {
                    p.expression("the token");
                }
            }),
            "header" => self.node(HEADER_ITEM, |p| {
                p.take_word();
                if p.string("the name of the header in quotes") {
                    p.expression("the value of the header");
                }
            }),
            "form" => self.object_item(FORM_ITEM),
            "smtp" => self.object_item(SMTP_ITEM),
            "result" => self.object_item(RESULT_ITEM),
            "json" => self.value_item(JSON_ITEM),
            "body" => self.value_item(BODY_ITEM),
            "timeout" => self.node(TIMEOUT_ITEM, |p| {
                p.take_word();
                p.duration_value("how long to wait for an answer, as `10s`,");
            }),
            "sign" => self.node(SIGN_ITEM, Self::sign),
            "expect" => self.node(EXPECT_ITEM, |p| {
                p.take_word();
                p.statuses();
                p.condition();
            }),
            "channel" => self.node(CHANNEL_ITEM, |p| {
                p.take_word();
                p.name("the name of a channel, as `sms`,");
            }),
            "oauth" => self.oauth(),
            "multipart" => self.object_item(MULTIPART_ITEM),
            "retry" => self.node(RETRY_ITEM, |p| {
                p.take_word();
                if p.expect_word("on") {
                    p.statuses();
                }
            }),
            "when" => self.node(UNSURE_ITEM, Self::unsure),
            _ => self.no_item(),
        }
    }

    fn no_item(&mut self) {
        let diagnostic = Diagnostic::error(
            codes::NO_ITEM,
            self.span(),
            format!("{} is no part of an action", self.found()),
        );
        let meant = self.word().and_then(|word| words::nearest(word, words::ITEMS.iter().copied()));
        let diagnostic = match meant {
            Some(meant) => {
                let span = self.span();
                diagnostic.help(format!("did you mean `{meant}`?")).replace(
                    span,
                    meant,
                    Applicability::Unsure,
                )
            }
            None => diagnostic.help(
                "an action has `post \"…\"`, `json`, `form`, `header`, `expect`, `retry on`, `when unsure` …",
            ),
        };
        self.report(diagnostic);
    }

    fn object_item(&mut self, kind: SyntaxKind) {
        self.node(kind, |p| {
            p.take_word();
            if p.is(L_BRACE) {
                p.object();
            } else {
                p.object_without_brace();
            }
        });
    }

    fn value_item(&mut self, kind: SyntaxKind) {
        self.node(kind, |p| {
            p.take_word();
            if p.at_entry() {
                p.object_without_brace();
            } else {
                p.expression("a value");
            }
        });
    }

    fn oauth(&mut self) {
        let mark = self.mark();
        self.take_word();
        let refresh = self.is_word("refresh");
        let (kind, words, values): (_, _, &[&str]) = if refresh {
            (
                OAUTH_REFRESH_ITEM,
                ["refresh", "token"],
                &[TOKEN_URL, "the client's id", "the client's secret", "the refresh token"],
            )
        } else {
            (
                OAUTH_CLIENT_ITEM,
                ["client", "credentials"],
                &[TOKEN_URL, "the client's id", "the client's secret"],
            )
        };
        let before = self.at;
        if words.iter().all(|word| self.expect_word(word)) {
            for what in values {
                if self.failed_since(before) {
                    break;
                }
                self.expression(what);
            }
            if !self.failed_since(before) && self.is_word("scope") {
                self.node(SCOPE, |p| {
                    p.take_word();
                    p.expression("what the token is to allow");
                });
            }
        }
        self.wrap(mark, kind);
    }

    pub(super) fn basic_auth(&mut self) {
        self.take_word();
        let before = self.at;
        if self.expect_word("auth") {
            self.expression("the user's name");
            if !self.failed_since(before) {
                self.expression("the password");
            }
        }
    }

    fn sign(&mut self) {
        self.take_word();
        if self.expect_word("webhook") && self.expect_word("with") {
            self.expression("the secret");
        }
    }

    fn unsure(&mut self) {
        self.take_word();
        if !self.expect_word("unsure") {
            return;
        }
        if self.eat_word("park") {
            return;
        }
        if !self.eat_word("retry") {
            self.missing(codes::NO_WORD, "`park` or `retry`");
            return;
        }
        if self.eat_word("with") && ["idempotency", "key", "header"].iter().all(|word| self.expect_word(word))
        {
            self.string("the name of the header in quotes");
        }
    }

    fn statuses(&mut self) {
        loop {
            if !self.status() || !self.eat(COMMA) {
                break;
            }
        }
    }

    fn status(&mut self) -> bool {
        if !matches!(self.kind(), NUMBER | NUMBER_UNIT) {
            self.missing(codes::NO_STATUS, "a status, as `201` or `5xx`,");
            return false;
        }
        if StatusCode::read(self.text_of(Ahead::Here)).is_none() {
            let message = format!("{} is no status of HTTP", self.found());
            let diagnostic = Diagnostic::error(codes::NO_STATUS, self.span(), message)
                .help("a status has three digits, as `201`; `5xx` stands for all that start with 5");
            self.report(diagnostic);
        }
        self.node(STATUS, Self::take);
        true
    }
}

/// What stands first in `oauth`.
const TOKEN_URL: &str = "the address that gives tokens, in quotes,";
