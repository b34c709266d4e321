//! Expressions, from the loosest operator to the tightest.
//!
//! Each function returns the height of the tree that it built, or `None` if there was nothing
//! to take, which has been reported.

use super::recover::DEPTH;
use super::*;

/// How high the tree of an expression may grow: operators in a row nest to the left.
const HEIGHT: usize = 300;

/// The height of a tree.
type Height = usize;

impl Parser<'_> {
    /// Parses an expression, which is called `what` if it is missing.
    pub(super) fn expression(&mut self, what: &str) -> Option<Height> {
        self.deeper(|p| p.or(what))
    }

    fn or(&mut self, what: &str) -> Option<Height> {
        self.row(what, "a condition", |p| p.is_word("or") || p.is(OR_OR), Self::and)
    }

    fn and(&mut self, what: &str) -> Option<Height> {
        self.row(what, "a condition", |p| p.is_word("and") || p.is(AND_AND), Self::not)
    }

    /// Operands with operators between them.
    fn row(
        &mut self,
        what: &str,
        next: &str,
        operator: impl Fn(&Self) -> bool,
        operand: impl Fn(&mut Self, &str) -> Option<Height>,
    ) -> Option<Height> {
        let mark = self.mark();
        let mut height = operand(self, what)?;
        while operator(self) {
            self.take_word();
            let right = operand(self, next).unwrap_or_default();
            height = self.grow(mark, BINARY_EXPR, height.max(right))?;
        }
        Some(height)
    }

    /// Wraps what came after `mark`, which is `height` high, into a node one higher.
    fn grow(&mut self, mark: Checkpoint, kind: SyntaxKind, height: Height) -> Option<Height> {
        self.wrap(mark, kind);
        if height >= HEIGHT {
            self.too_deep();
            return None;
        }
        Some(height + 1)
    }

    fn not(&mut self, what: &str) -> Option<Height> {
        if !(self.is_word("not") || self.is(BANG)) {
            return self.comparison(what);
        }
        let mark = self.mark();
        self.take_word();
        let height = self.deeper(|p| p.not("a condition")).unwrap_or_default();
        self.grow(mark, PREFIX_EXPR, height)
    }

    fn comparison(&mut self, what: &str) -> Option<Height> {
        let mark = self.mark();
        let left = self.piped(what)?;
        let mut height = self.compared(mark, left)?;
        while height > left && self.at_comparison() {
            self.chained();
            height = self.compared(mark, height)?;
        }
        Some(height)
    }

    /// The rest of a comparison whose left side, `left` high, came after `mark`.
    pub(super) fn compared(&mut self, mark: Checkpoint, left: Height) -> Option<Height> {
        match self.kind() {
            EQ | NE | LT | LE | GT | GE => self.compare(mark, left, 1),
            IDENT if self.at_not_in() => self.compare(mark, left, 2),
            IDENT if self.at_window() => Some(left),
            IDENT if self.is_word("in") || self.is_word("contains") || self.is_word("matches") => {
                self.compare(mark, left, 1)
            }
            IDENT if self.is_words("starts", "with") || self.is_words("ends", "with") => {
                self.compare(mark, left, 2)
            }
            IDENT if self.is_word("between") => self.between(mark, left),
            IDENT if self.is_word("is") => self.presence(mark, left),
            IDENT if self.is_word("not") && !self.leads() => self.not_without_in(mark, left),
            _ => Some(left),
        }
    }

    pub(super) fn at_comparison(&self) -> bool {
        matches!(self.kind(), EQ | NE | LT | LE | GT | GE)
            || self.is_any(&["in", "contains", "matches", "between", "is"]) && !self.at_window()
            || self.is_words("starts", "with")
            || self.is_words("ends", "with")
            || self.at_not_in()
    }

    fn compare(&mut self, mark: Checkpoint, left: Height, words: usize) -> Option<Height> {
        self.take_words(words);
        let right = self.piped("a value").unwrap_or_default();
        self.grow(mark, BINARY_EXPR, left.max(right))
    }

    fn between(&mut self, mark: Checkpoint, left: Height) -> Option<Height> {
        self.take_word();
        let low = self.piped("the lower bound");
        let high =
            if low.is_some() && self.expect_word("and") { self.piped("the upper bound") } else { None };
        self.grow(mark, BETWEEN_EXPR, left.max(low.unwrap_or_default()).max(high.unwrap_or_default()))
    }

    fn not_without_in(&mut self, mark: Checkpoint, left: Height) -> Option<Height> {
        self.take_word();
        self.missing(codes::NO_WORD, "`in`");
        if self.is_any(&["contains", "matches", "between", "starts", "ends"]) {
            self.take_word();
        }
        self.reported = None;
        let right = if self.starts_item() || self.is(L_BRACKET) { self.piped("a value") } else { None };
        self.grow(mark, BINARY_EXPR, left.max(right.unwrap_or_default()))
    }

    fn chained(&mut self) {
        let sign = self.found();
        let diagnostic = Diagnostic::error(
            codes::CHAINED,
            self.span(),
            format!("{sign} cannot follow another comparison"),
        )
        .help("compare twice and join with `and`, or write `between … and …`");
        self.report(diagnostic);
        self.reported = None;
    }

    /// `is set`, `is not set`, `is missing`
    fn presence(&mut self, mark: Checkpoint, left: Height) -> Option<Height> {
        let start = self.at;
        self.take_word();
        let negated = self.eat_word("not");
        match self.word() {
            Some("set") => self.take_word(),
            Some("missing") if !negated => self.take_word(),
            Some("missing" | "null" | "nil" | "empty" | "blank" | "defined") => {
                self.foreign_presence(start, negated);
            }
            _ => return self.is_as_equals(mark, left, start, negated),
        }
        self.grow(mark, IS_EXPR, left)
    }

    fn foreign_presence(&mut self, start: usize, negated: bool) {
        let absent = !self.is_word("defined");
        self.take_word();
        let meant = if absent == negated { "is set" } else { "is missing" };
        let span = self.span_from(start);
        let words = self.text.get(span.range_in(self.origin.offset)).unwrap_or_default();
        let diagnostic =
            Diagnostic::error(codes::NO_PRESENCE, span, format!("write `{meant}` instead of `{words}`"))
                .replace(span, meant, Applicability::Safe);
        self.report(diagnostic);
        self.reported = None;
    }

    /// `is "paid"`: what other languages write for `=`.
    fn is_as_equals(
        &mut self,
        mark: Checkpoint,
        left: Height,
        start: usize,
        negated: bool,
    ) -> Option<Height> {
        let span = self.span_from(start);
        let sign = if negated { "!=" } else { "=" };
        let value = !self.leads() && (self.is_name() || self.kind().is_string() || self.is(NUMBER));
        let mut diagnostic = self.expected(codes::NO_PRESENCE, "`set`, `not set` or `missing`");
        if value {
            diagnostic =
                Diagnostic::error(codes::NO_PRESENCE, span, format!("values are compared by `{sign}`"))
                    .help("`is` only asks whether a value is there: `is set`, `is not set`, `is missing`")
                    .replace(span, sign, Applicability::Safe);
        }
        self.report(diagnostic);
        if !value {
            return self.grow(mark, IS_EXPR, left);
        }
        self.reported = None;
        let right = self.piped("a value").unwrap_or_default();
        self.grow(mark, BINARY_EXPR, left.max(right))
    }

    pub(super) fn piped(&mut self, what: &str) -> Option<Height> {
        let mark = self.mark();
        let mut height = self.sum(what)?;
        while self.is(BAR) {
            self.take();
            let argument = self.pipe();
            height = self.grow(mark, PIPE_EXPR, height.max(argument))?;
        }
        Some(height)
    }

    /// What follows `|`: the height of the highest argument.
    fn pipe(&mut self) -> Height {
        if self.kind().is_string() {
            let diagnostic = Diagnostic::error(
                codes::NO_NAME,
                self.span(),
                format!("expected the name of a pipe, found {}", self.found()),
            )
            .help("to allow several values, write `in [\"a\", \"b\"]`");
            self.report(diagnostic);
            self.node(ERROR, Self::take);
            return 0;
        }
        let default = self.is_word("default");
        if self.is_word("split") {
            // The pipe, though a step begins with the same word elsewhere.
            self.node(NAME, Self::take);
        } else if !self.name("the name of a pipe, as `upper`,") {
            return 0;
        }
        if default {
            return self.unary("a value").unwrap_or_default();
        }
        // Before `:` a text is the next key of an object.
        while matches!(self.kind(), STRING | BLOCK_STRING | NUMBER | NUMBER_UNIT)
            && self.kind_of(Ahead::Next) != COLON
        {
            self.literal();
        }
        1
    }

    fn sum(&mut self, what: &str) -> Option<Height> {
        self.row(what, "a value", |p| matches!(p.kind(), PLUS | MINUS), Self::product)
    }

    fn product(&mut self, what: &str) -> Option<Height> {
        self.row(what, "a value", |p| matches!(p.kind(), STAR | SLASH), Self::unary)
    }

    pub(super) fn unary(&mut self, what: &str) -> Option<Height> {
        if !self.is(MINUS) {
            return self.postfix(what);
        }
        let mark = self.mark();
        self.take();
        let height = self.deeper(|p| p.unary("a value")).unwrap_or_default();
        self.grow(mark, PREFIX_EXPR, height)
    }

    fn postfix(&mut self, what: &str) -> Option<Height> {
        let mark = self.mark();
        let mut height = self.primary(what)?;
        if self.is(DOT) {
            self.names();
            height = self.grow(mark, FIELD_EXPR, height)?;
        }
        if self.eat_word("ago") {
            height = self.grow(mark, AGO_EXPR, height)?;
        }
        Some(height)
    }

    fn primary(&mut self, what: &str) -> Option<Height> {
        match self.kind() {
            STRING | BLOCK_STRING | NUMBER | NUMBER_UNIT | DATE | TIME => self.literal(),
            L_PAREN => return self.deeper(Self::paren),
            L_BRACKET => return self.deeper(Self::list),
            L_BRACE if !self.opens_block() => return self.object(),
            IDENT if self.is_name() && !self.at_declaration_line() && !self.at_clause_pair() => {
                return self.named();
            }
            _ => {
                self.missing(codes::NO_VALUE, what);
                return None;
            }
        }
        Some(1)
    }

    /// Whether the next `{` opens a block of steps, so that a value is missing before it.
    pub(super) fn opens_block(&self) -> bool {
        self.word_of(Ahead::Next).is_some_and(|word| words::STEPS.contains(&word))
    }

    /// Whether the next two words begin a clause, so that a value is missing before them.
    pub(super) fn at_clause_pair(&self) -> bool {
        let pairs = [("exit", "when"), ("exit", "on"), ("every", "time"), ("while", "running")];
        pairs.iter().any(|(first, second)| self.is_words(first, second))
    }

    fn named(&mut self) -> Option<Height> {
        let mark = self.mark();
        if self.kind_of(Ahead::Next) == L_PAREN {
            self.node(NAME, Self::take);
            return self.deeper(|p| p.call(mark));
        }
        match self.text_of(Ahead::Here) {
            "true" | "false" => self.node(BOOL_EXPR, Self::take_word),
            "now" => self.node(NOW_EXPR, Self::take_word),
            "today" => self.node(TODAY_EXPR, Self::take_word),
            "header" | "query" if self.at_request_part() => self.node(REQUEST_EXPR, |p| {
                p.take_word();
                p.take();
            }),
            _ => self.node(PATH_EXPR, Self::path),
        }
        if self.is(L_PAREN) {
            self.dotted_call();
        }
        Some(1)
    }

    /// Whether a text follows the word, which is not the next key of an object.
    fn at_request_part(&self) -> bool {
        self.kind_of(Ahead::Next) == STRING && self.kind_of(Ahead::Third) != COLON
    }

    /// `a.b(`
    fn dotted_call(&mut self) {
        let place = self.at;
        let diagnostic = Diagnostic::error(
            codes::NO_VALUE,
            self.span(),
            "brackets follow the one word that names a function",
        )
        .help("as `count(purchase in last 30 days)`; change values with pipes, as `| upper`");
        self.report(diagnostic);
        self.node(ERROR, |p| {
            p.brackets();
        });
        self.forget_slips(place, |_| true);
        self.reported = None;
    }

    /// `NAME.NAME`
    pub(super) fn path(&mut self) {
        self.name("a name");
        self.names();
    }

    /// `.NAME.NAME`
    fn names(&mut self) {
        while self.eat(DOT) {
            if !self.any_name("a name") {
                break;
            }
        }
    }

    /// `NAME(VALUE where CONDITION in last DURATION, …)`, whose name came after `mark`.
    fn call(&mut self, mark: Checkpoint) -> Option<Height> {
        let place = self.at;
        self.take();
        let outer = std::mem::replace(&mut self.comma, Comma::Separates);
        let mut height = 0;
        while !matches!(self.kind(), R_PAREN | R_BRACKET | R_BRACE | END) {
            let before = self.at;
            let Some(argument) = self.expression("a value") else { break };
            height = height.max(argument);
            if before == place + 1 {
                self.call_filter();
            }
            if self.failed_since(before) || !self.eat(COMMA) {
                break;
            }
            self.one_of(COMMA);
        }
        self.comma = outer;
        self.close_bracket(place, R_PAREN, "`,` or `)`");
        self.grow(mark, CALL_EXPR, height)
    }

    /// `where CONDITION in last DURATION`, both optional.
    fn call_filter(&mut self) {
        let before = self.at;
        self.condition();
        if !self.failed_since(before) && self.at_window() {
            self.node(LAST, |p| {
                p.take_words(2);
                p.duration("how far back to look, as `30 days`,");
            });
        }
    }

    /// `in last`: the window of a call, and never a comparison.
    fn at_window(&self) -> bool {
        self.is_words("in", "last") && self.kind_of(Ahead::Third) != DOT
    }

    fn at_not_in(&self) -> bool {
        self.is_words("not", "in")
            && !(self.word_of(Ahead::Third) == Some("last") && self.kind_of(Ahead::Fourth) != DOT)
    }

    fn paren(&mut self) -> Option<Height> {
        let mark = self.mark();
        let place = self.at;
        self.take();
        let outer = std::mem::replace(&mut self.comma, Comma::Nothing);
        let height = self.expression("a value").unwrap_or_default();
        self.comma = outer;
        self.close_bracket(place, R_PAREN, "`)`");
        self.grow(mark, PAREN_EXPR, height)
    }

    fn list(&mut self) -> Option<Height> {
        let mark = self.mark();
        let place = self.at;
        self.take();
        let outer = std::mem::replace(&mut self.comma, Comma::Separates);
        let mut height = 0;
        while !matches!(self.kind(), R_BRACKET | R_BRACE | R_PAREN | END) {
            let before = self.at;
            let Some(item) = self.expression("a value") else { break };
            height = height.max(item);
            if self.eat(COMMA) {
                self.one_of(COMMA);
                continue;
            }
            if self.is(R_BRACKET) {
                break;
            }
            if self.failed_since(before) || self.leads() || !self.starts_item() {
                break;
            }
            self.missing_comma();
        }
        self.comma = outer;
        self.close_bracket(place, R_BRACKET, "`,` or `]`");
        self.grow(mark, LIST_EXPR, height)
    }

    fn starts_item(&self) -> bool {
        self.is_name() || matches!(self.kind(), STRING | NUMBER | NUMBER_UNIT | DATE | TIME)
    }

    /// Says that a comma is missing, and goes on as if it were there.
    pub(super) fn missing_comma(&mut self) {
        let at = self.end_of_previous();
        let diagnostic = self.expected(codes::NO_WORD, "`,`").replace(at, ",", Applicability::Unsure);
        self.report(diagnostic);
        self.reported = None;
    }

    /// Takes the closing bracket for the one at `place`; passes over what stands before it.
    pub(super) fn close_bracket(&mut self, place: usize, kind: SyntaxKind, what: &str) {
        if self.eat(kind) {
            return;
        }
        if self.leads() || matches!(self.kind(), L_BRACE | R_BRACE) || self.at_step() {
            return self.never_closed(place);
        }
        self.missing(codes::NO_WORD, what);
        self.skip(|p| p.is(kind) || p.is(L_BRACE) || p.leads() || p.at_step());
        self.eat(kind);
    }

    pub(super) fn object(&mut self) -> Option<Height> {
        self.deeper(|p| {
            let mark = p.mark();
            let place = p.at;
            p.take();
            p.one_of(L_BRACE);
            let outer = std::mem::replace(&mut p.comma, Comma::Nothing);
            let height = p.entries(place);
            p.comma = outer;
            p.grow(mark, OBJECT_EXPR, height)
        })
    }

    /// Whether the name of an entry and `:` follow.
    pub(super) fn at_entry(&self) -> bool {
        (self.is(IDENT) || self.kind().is_string()) && self.kind_of(Ahead::Next) == COLON
    }

    /// An object whose `{` is missing.
    pub(super) fn object_without_brace(&mut self) {
        self.missing(codes::NO_WORD, "`{`");
        if self.at_entry() {
            self.reported = None;
            let place = self.at;
            self.node(OBJECT_EXPR, |p| p.entries(place));
        }
    }

    /// What stands between the `{` at `place`, which has been taken, and its `}`.
    fn entries(&mut self, place: usize) -> Height {
        let mut height = 0;
        while self.is(IDENT) && !self.at_declaration_line() || self.kind().is_string() {
            let before = self.at;
            if self.kind_of(Ahead::Next) != COLON && !self.entry_without_colon() {
                break;
            }
            height = height.max(self.node(ENTRY, Self::entry));
            if self.failed_since(before) {
                self.skip(|p| p.kind_of(Ahead::Next) == COLON || p.leads() || p.is(COMMA));
                self.eat(COMMA);
            }
        }
        self.close_object(place);
        height
    }

    /// Takes the `}` of an object, or says what is wrong before it.
    fn close_object(&mut self, place: usize) {
        if self.is(R_BRACE) {
            return self.take();
        }
        let ends = self.at_step()
            || self.begins_line_of_body()
            || self.at_declaration_line()
            || self.outdented(place);
        if self.leads() && ends || self.is(END) {
            return self.never_closed(place);
        }
        let diagnostic = self.expected(codes::NO_FIELD, "a name and `:`, or `}`");
        self.report(diagnostic);
        self.skip(|p| p.leads() && (p.at_step() || p.begins_line_of_body()));
        self.eat(R_BRACE);
    }

    /// Whether a name and a value follow, with something other than `:` or nothing between them.
    fn entry_without_colon(&self) -> bool {
        let Some(next) = self.seen(Ahead::Next).filter(|it| !it.leads) else { return false };
        self.is_name() && matches!(next.token.kind, EQ | STRING | NUMBER | NUMBER_UNIT)
    }

    fn entry(&mut self) -> Height {
        if self.is(IDENT) {
            self.any_name("a name");
        } else {
            self.take();
        }
        if self.is(EQ) {
            let span = self.span();
            let diagnostic = Diagnostic::error(codes::NO_WORD, span, "write `:` instead of `=`")
                .help("inside `{ }` a value follows its name and `:`")
                .replace(span, ":", Applicability::Safe);
            self.report(diagnostic);
            self.reported = None;
            self.take();
        } else if !self.eat(COLON) {
            let at = self.end_of_previous();
            let diagnostic = self.expected(codes::NO_WORD, "`:`").replace(at, ":", Applicability::Unsure);
            self.report(diagnostic);
            self.reported = None;
        }
        self.one_of(COLON);
        let height = self.expression("a value").unwrap_or_default();
        if self.eat(COMMA) {
            self.one_of(COMMA);
        }
        height
    }
}

impl Span {
    /// The bytes of a tree that starts at `offset`.
    pub(super) fn range_in(self, offset: u32) -> std::ops::Range<usize> {
        (self.start.saturating_sub(offset)) as usize..(self.end.saturating_sub(offset)) as usize
    }
}

const _: () = assert!(DEPTH < HEIGHT, "what may be nested may also be that high");
