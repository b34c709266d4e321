//! Acts: what a `do` does.

use super::*;

impl Parser<'_> {
    pub(super) fn act(&mut self) {
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
            Some("assign") if !dotted => self.node(ASSIGN_ACT, Self::assign),
            Some("create") if !dotted => self.node(CREATE_ACT, Self::create),
            Some("update") if !dotted => self.node(UPDATE_ACT, Self::update),
            Some("delete") if !dotted => self.node(DELETE_ACT, |p| {
                p.take_word();
                p.target("what to delete, as `opportunity`,");
            }),
            Some("start") if !dotted => self.node(START_ACT, Self::workflow_act),
            Some("stop") if self.names_workflow() => self.node(STOP_ACT, Self::workflow_act),
            Some("grant" | "revoke") if !dotted => self.node(ACCESS_ACT, Self::access),
            Some("unsubscribe") if !dotted => self.node(UNSUBSCRIBE_ACT, |p| {
                p.take_word();
                if p.eat_word("from") {
                    p.name("the name of a topic");
                }
            }),
            _ => self.effect(mark),
        }
    }

    /// Whether a workflow's name follows `stop`, so that it is no step of its own.
    fn names_workflow(&self) -> bool {
        self.word_of(Ahead::Next).is_some_and(|word| !words::RESERVED.contains(&word))
    }

    fn workflow_act(&mut self) {
        self.take_word();
        self.name("the name of a workflow");
    }

    /// `a.b.c`, of what an act changes.
    fn target(&mut self, what: &str) -> bool {
        let there = self.is_name() && !self.at_declaration_line();
        if there {
            self.node(PATH_EXPR, Self::path);
        } else {
            self.missing(codes::NO_NAME, what);
        }
        there
    }

    fn assign(&mut self) {
        self.take_word();
        let before = self.at;
        if !self.target("whose attribute to set, as `account`,") || self.failed_since(before) {
            return;
        }
        if !self.name("the attribute, as `owner`,") {
            return;
        }
        let from = self.is_word("from");
        if from && self.word_of(Ahead::Next).is_some_and(|word| !words::RESERVED.contains(&word)) {
            self.node(IN_TURN, |p| {
                p.take_word();
                if p.name("the name of a team") && p.expect_word("in") {
                    p.expect_word("turn");
                }
            });
        } else {
            self.expression("who or what it is to be");
        }
    }

    fn create(&mut self) {
        self.take_word();
        if self.name_anywhere("the name of an entity") {
            self.fields_object();
        }
    }

    fn update(&mut self) {
        self.take_word();
        let before = self.at;
        if self.target("what to update, as `opportunity`,") && !self.failed_since(before) {
            self.fields_object();
        }
    }

    /// The `{ … }` with the attributes of an entity.
    fn fields_object(&mut self) {
        if self.is(L_BRACE) {
            self.object();
        } else {
            self.object_without_brace();
        }
    }

    fn access(&mut self) {
        self.take_word();
        if self.expect_word("access") && self.expect_word("to") {
            self.expression("what they get access to");
        }
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
}
