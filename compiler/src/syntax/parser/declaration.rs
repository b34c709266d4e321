//! Files, declarations, fields and types.

use super::recover::Opened;
use super::*;

impl Parser<'_> {
    /// Parses a whole file.
    pub(in crate::syntax) fn file(mut self) -> Parse {
        self.tree.start_node(FILE.into());
        if self.starts_bare() {
            self.bare();
        }
        while !self.is(END) {
            let before = self.at;
            self.quiet = false;
            self.declaration();
            if self.at == before {
                self.node(ERROR, Self::take);
            }
        }
        self.finish()
    }

    /// Whether the file is one workflow.
    fn starts_bare(&self) -> bool {
        self.at_clause() || self.is_any(words::STEPS)
    }

    fn bare(&mut self) {
        if !self.is_any(&["on", "every"]) {
            let found = self.found();
            let message = format!("expected `on` and what starts the workflow before {found}");
            let diagnostic = Diagnostic::error(codes::NO_TRIGGER, self.span(), message)
                .help("a file that is one workflow starts with `on`; in all others, steps stand in `workflow NAME { … }`");
            self.report(diagnostic);
        }
        self.node(WORKFLOW_DECL, |p| {
            while !p.is(END) && !p.at_declaration_line() {
                p.body(Opened::Missing(usize::MAX));
                if p.is(R_BRACE) {
                    p.never_opened();
                }
            }
        });
        if !self.is(END) {
            let diagnostic = Diagnostic::error(
                codes::DECLARATION_IN_BARE_FILE,
                self.span(),
                format!("{} cannot be declared in a file that is one workflow", self.found()),
            )
            .help("move it to a file of its own, or put the steps above into `workflow NAME { … }`");
            self.report(diagnostic);
        }
    }

    fn declaration(&mut self) {
        self.crooked = self.crooked.filter(|_| !self.is_any(words::DECLARATIONS));
        let Some(word) = self.word() else { return self.no_declaration() };
        if words::DECLARATIONS.contains(&word) {
            return self.declare(word);
        }
        if self.starts_bare() {
            return self.outside();
        }
        match words::nearest(word, words::DECLARATIONS.iter().copied()) {
            Some(meant) if self.goes_on_as(meant) => self.declare_misspelt(word, meant),
            _ => self.no_declaration(),
        }
    }

    /// Whether what follows the next word could follow `meant` in its place.
    fn goes_on_as(&self, meant: &str) -> bool {
        let wanted = match meant {
            "test" => STRING,
            "policy" => L_BRACE,
            _ => IDENT,
        };
        self.seen(Ahead::Next).is_some_and(|it| it.token.kind == wanted && !it.leads)
    }

    fn declare_misspelt(&mut self, word: &str, meant: &str) {
        let span = self.span();
        let diagnostic = Diagnostic::error(codes::NO_DECLARATION, span, format!("`{word}` declares nothing"))
            .help(format!("did you mean `{meant}`?"))
            .replace(span, meant, Applicability::Unsure);
        self.report(diagnostic);
        self.declare(meant);
    }

    /// Parses the declaration that the next word, read as `word`, begins.
    fn declare(&mut self, word: &str) {
        match word {
            "event" => self.node(EVENT_DECL, Self::event),
            "entity" => self.node(ENTITY_DECL, Self::entity),
            "template" => self.node(TEMPLATE_DECL, Self::template),
            "sender" => self.node(SENDER_DECL, Self::sender),
            "team" => self.node(TEAM_DECL, Self::team),
            "workflow" => self.node(WORKFLOW_DECL, Self::workflow),
            "segment" => self.node(SEGMENT_DECL, Self::segment),
            "policy" => self.node(POLICY_DECL, Self::policy),
            "source" => self.node(SOURCE_DECL, Self::source),
            "test" => self.node(TEST_DECL, Self::test),
            _ => self.node(ACTION_DECL, Self::action),
        }
    }

    /// A clause or a step outside of any workflow.
    fn outside(&mut self) {
        let diagnostic =
            match self.crooked.take().and_then(|(_, close)| self.seen.get(close)).map(|it| it.token) {
                Some(close) => Diagnostic::error(
                    codes::UNOPENED,
                    self.span_at(close.start, close.end),
                    "this `}` closes too much",
                )
                .help("what follows stands outside of any workflow"),
                None => Diagnostic::error(
                    codes::NO_DECLARATION,
                    self.span(),
                    format!("{} stands outside of any workflow", self.found()),
                )
                .help("put it into `workflow NAME { … }`; check that the `}` before it is not one too many"),
            };
        self.report(diagnostic);
        self.node(ERROR, |p| {
            p.body(Opened::Missing(usize::MAX));
            // Most likely the brace that was meant to end the workflow.
            p.eat(R_BRACE);
        });
    }

    fn no_declaration(&mut self) {
        if matches!(self.kind(), R_BRACE | R_PAREN | R_BRACKET) {
            return self.never_opened();
        }
        let diagnostic =
            Diagnostic::error(codes::NO_DECLARATION, self.span(), format!("expected a declaration, found {}", self.found()))
                .help("a declaration starts with `workflow`, `event`, `entity`, `segment`, `template`, `action`, `source`, `policy`, `sender`, `team` or `test`");
        self.report(diagnostic);
        self.skip_declaration();
    }

    /// Passes over what is no declaration, up to the first line that begins with one's word.
    fn skip_declaration(&mut self) {
        let first = self.at;
        self.node(ERROR, |p| {
            if !p.braces() {
                p.take();
            }
            p.skip(|p| p.leads() && p.is_any(words::DECLARATIONS));
            // Most likely the end of what was not understood.
            p.eat(R_BRACE);
        });
        self.forget_slips(first, |_| true);
    }

    fn event(&mut self) {
        self.take_word();
        self.new_name("a name for the event");
        if self.is_word("about") {
            self.node(ABOUT, |p| {
                p.take_word();
                p.name("the name of an entity");
            });
        }
        self.fields();
    }

    fn entity(&mut self) {
        self.take_word();
        self.new_name("a name for the entity");
        self.fields();
    }

    /// The name of what is declared; reports a second word.
    pub(super) fn new_name(&mut self, what: &str) {
        let first = self.at;
        if self.name_anywhere(what) {
            self.second_word(first);
        }
    }

    /// Reports words after the name that began at `first`.
    pub(super) fn second_word(&mut self, first: usize) {
        if !self.is_name() || self.leads() || self.is_any(&["about", "for", "of"]) {
            return;
        }
        while (self.is_name() || self.is(DOT)) && !self.leads() && !self.is_any(&["about", "for", "of"]) {
            self.node(ERROR, Self::take);
        }
        let span = self.span_from(first);
        let words = self.text.get(span.range_in(self.origin.offset)).unwrap_or_default();
        let one = words.split_whitespace().collect::<Vec<_>>().join("_").replace('.', "_");
        let message = format!("a name is one word, and `{words}` is not");
        let diagnostic = Diagnostic::error(codes::NO_NAME, span, message)
            .help(format!("write `{one}`"))
            .replace(span, one, Applicability::Unsure);
        self.report(diagnostic);
        self.reported = None;
    }

    fn fields(&mut self) {
        let opened = self.open();
        while !self.block_ends(opened) {
            let before = self.at;
            if self.is(IDENT) && self.kind_of(Ahead::Next) == COLON {
                self.node(FIELD, Self::field);
            } else {
                self.no_field("a field: its name, `:` and its type", |p| {
                    p.is(IDENT) && p.kind_of(Ahead::Next) == COLON
                });
            }
            self.recover_field(before);
        }
        self.close(opened);
    }

    fn field(&mut self) {
        self.any_name("a name");
        self.take();
        self.one_of(COLON);
        self.ty();
        self.eat(COMMA);
    }

    /// After a mistake, passes over the rest of a field.
    fn recover_field(&mut self, before: usize) {
        if self.failed_since(before) {
            self.skip(|p| p.is(IDENT) && p.kind_of(Ahead::Next) == COLON || p.leads());
        }
    }

    /// Reports something that is no field, and passes over it.
    pub(super) fn no_field(&mut self, what: &str, stop: impl Fn(&Self) -> bool) {
        // `name type`: only the colon is missing.
        if self.is(IDENT)
            && matches!(self.kind_of(Ahead::Next), IDENT | STRING)
            && !self.at_declaration_line()
        {
            return self.node(FIELD, Self::field_without_colon);
        }
        self.missing(codes::NO_FIELD, what);
        self.skip(stop);
    }

    fn field_without_colon(&mut self) {
        self.any_name("a name");
        let diagnostic = self.expected(codes::NO_WORD, "`:`");
        let at = self.end_of_previous();
        self.report(diagnostic.replace(at, ":", Applicability::Unsure));
        if !self.leads() {
            self.ty();
            self.eat(COMMA);
        }
    }

    fn template(&mut self) {
        self.take_word();
        self.name_anywhere("a name for the template");
        self.name("the channel of the template, as `email` or `sms`,");
        let opened = self.open();
        while !self.block_ends(opened) {
            let before = self.at;
            if self.is(IDENT) {
                self.node(TEMPLATE_PART, Self::template_part);
            } else {
                self.missing(codes::NO_FIELD, "a part of the template, as `subject \"…\"`,");
            }
            if self.failed_since(before) {
                self.skip(|p| p.is(IDENT) && (p.leads() || p.kind_of(Ahead::Next).is_string()));
            }
        }
        self.close(opened);
    }

    fn template_part(&mut self) {
        self.any_name("a name");
        // As in a field, which this is not.
        if self.is(COLON) {
            let span = self.span();
            let diagnostic = Diagnostic::error(codes::NEEDLESS_SIGN, span, "no `:` is needed here")
                .help("in a template, the text follows the name of the part")
                .replace(span, "", Applicability::Safe);
            self.report(diagnostic);
            self.node(ERROR, Self::take);
            self.reported = None;
        }
        self.string("a text in quotes");
    }

    fn sender(&mut self) {
        self.take_word();
        self.name("a name for the sender");
        if self.expect(EQ, "=") {
            self.string("an address in quotes, as `\"Acme <hello@acme.com>\"`,");
        }
        self.end_of_line_declaration();
    }

    fn team(&mut self) {
        self.take_word();
        self.name("a name for the team");
        if self.expect(EQ, "=") {
            self.team_members();
        }
        self.end_of_line_declaration();
    }

    fn team_members(&mut self) {
        let place = self.at;
        if !self.expect(L_BRACKET, "[") {
            return;
        }
        while self.kind().is_string() {
            self.take();
            if !self.eat(COMMA) && self.kind().is_string() {
                self.missing_comma();
            }
        }
        self.close_bracket(place, R_BRACKET, "`,` or `]`");
    }

    /// After a mistake in a declaration without a block, passes over the rest of it.
    pub(super) fn end_of_line_declaration(&mut self) {
        if self.failed_since(0) && self.reported == Some(self.at) {
            self.skip(|p| p.leads() && p.is(IDENT));
        }
    }

    /// Parses a type.
    pub(super) fn ty(&mut self) -> Option<()> {
        let mark = self.mark();
        match self.kind() {
            STRING => self.node(TEXT_SET_TYPE, |p| p.texts(BAR, "|")),
            IDENT if self.is_words("list", "of") => self.node(LIST_TYPE, |p| {
                p.take_words(2);
                p.deeper(Self::ty);
            }),
            IDENT if self.is_word("ordered") && self.kind_of(Ahead::Next) == STRING => {
                self.node(ORDERED_TYPE, Self::ordered);
            }
            IDENT if self.is_name() && !self.at_declaration_line() && self.kind_of(Ahead::Next) != COLON => {
                self.node(NAMED_TYPE, |p| p.name("a type"));
            }
            _ => {
                let diagnostic = self
                    .expected(codes::NO_TYPE, "a type")
                    .help("as `text`, `number`, `bool`, `date`, `time`, `\"a\" | \"b\"`, `list of text`, or the name of an entity");
                self.report(diagnostic);
                return None;
            }
        }
        if self.is(QUESTION) {
            self.take();
            self.wrap(mark, OPTIONAL_TYPE);
        }
        Some(())
    }

    fn ordered(&mut self) {
        self.take_word();
        self.texts(LT, "<");
    }

    /// `"a" | "b" | "c"`; of an ordered set two at least.
    fn texts(&mut self, sign: SyntaxKind, spelling: &str) {
        self.take();
        if sign == LT && !self.is(LT) {
            self.missing(codes::NO_WORD, &format!("`{spelling}` and the next higher value"));
        }
        while self.eat(sign) {
            if self.is(STRING) {
                self.take();
            } else {
                self.missing(codes::NO_STRING, "a text in quotes");
            }
        }
    }
}
