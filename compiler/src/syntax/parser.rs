//! The parser: recursive descent over tokens, straight into the tree.
//!
//! Every function takes what belongs to its rule and leaves the rest to its caller. What is
//! missing is reported and passed over; what does not belong is put into `ERROR` nodes up to
//! the next word that begins something. One mistake gives one message: see [`Parser::report`].
//! It must not know what a name refers to.

mod act;
mod action;
mod clause;
mod declaration;
mod expression;
mod literal;
mod policy;
mod recover;
mod source;
mod step;
mod task;
mod test;
mod trigger;
mod workflow;

use std::cell::Cell;
use std::ops::Range;

use rowan::{Checkpoint, GreenNodeBuilder};

use crate::diagnostic::{Applicability, Code, Diagnostic, Edit, Fix, Span};
use crate::syntax::ast::Origin;
use crate::syntax::kind::SyntaxKind::{self, *};
use crate::syntax::lexer::{Token, is_wide, lex};
use crate::syntax::{Parse, codes, words};

/// How often a parser may look ahead without moving on: a loop that does not end, found early.
const FUEL: u32 = 10_000;

/// A token that the parser sees.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// Its place among all tokens.
    index: usize,
    token: Token,
    /// Whether it is the first on its line.
    leads: bool,
    /// How far its line is indented, in bytes.
    indent: usize,
    line: usize,
}

/// What the parser is in, where that changes what words mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// The items of an action, some of which begin with a word and `{`.
    Action,
    /// The items of a source, one of which begins as the declaration of an event does. With
    /// how far the source's line is indented.
    Source(usize),
    Other,
}

/// What a comma between two digits does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comma {
    /// It separates two items.
    Separates,
    /// Nothing: it was meant for a decimal point.
    Nothing,
}

/// Whether a file has as many `{` as `}`: if so, where they stand is not doubted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Braces {
    TooManyClosed,
    TooManyOpened,
    Balanced,
}

impl Braces {
    fn of(tokens: &[Token]) -> Self {
        let count = |kind| tokens.iter().filter(|it| it.kind == kind).count();
        match count(R_BRACE).cmp(&count(L_BRACE)) {
            std::cmp::Ordering::Greater => Self::TooManyClosed,
            std::cmp::Ordering::Less => Self::TooManyOpened,
            std::cmp::Ordering::Equal => Self::Balanced,
        }
    }
}

/// The state of a parse.
pub(super) struct Parser<'t> {
    origin: Origin,
    text: &'t str,
    tokens: Vec<Token>,
    /// The tokens without trivia.
    seen: Vec<Seen>,
    /// The next of [`Self::seen`].
    at: usize,
    /// The next of [`Self::tokens`] that is not in the tree.
    done: usize,
    tree: GreenNodeBuilder<'static>,
    /// What the lexer said.
    slips: Vec<Diagnostic>,
    diagnostics: Vec<Diagnostic>,
    /// The lines with a text that is not closed: what else seems wrong there follows from it.
    broken: Vec<Range<usize>>,
    /// The value of [`Self::at`] at the last report; none if all is as if nothing had been.
    reported: Option<usize>,
    /// After nesting beyond the limit nothing more is said about the declaration.
    quiet: bool,
    depth: usize,
    braces: Braces,
    within: Within,
    comma: Comma,
    /// Which message speaks of a `then` whose steps have no braces.
    worded: Option<usize>,
    /// A block whose `}` is not indented as its `{`: the likely culprit if braces do not match.
    crooked: Option<(usize, usize)>,
    looks: Cell<usize>,
    fuel: Cell<u32>,
}

/// How far ahead a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    Here,
    Next,
    Third,
    Fourth,
    Fifth,
}

impl<'t> Parser<'t> {
    pub(super) fn new(origin: Origin, text: &'t str) -> Self {
        let lexed = lex(origin, text);
        Self {
            origin,
            text,
            seen: significant(text, &lexed.tokens),
            broken: broken_lines(origin, text, &lexed.diagnostics),
            braces: Braces::of(&lexed.tokens),
            tokens: lexed.tokens,
            at: 0,
            done: 0,
            tree: GreenNodeBuilder::new(),
            slips: lexed.diagnostics,
            diagnostics: Vec::new(),
            reported: None,
            quiet: false,
            depth: 0,
            within: Within::Other,
            comma: Comma::Nothing,
            worded: None,
            crooked: None,
            looks: Cell::new(0),
            fuel: Cell::new(FUEL),
        }
    }

    /// Parses an expression that stands alone.
    pub(super) fn hole(mut self) -> Parse {
        self.tree.start_node(HOLE.into());
        self.expression("a value");
        if self.kind() != END {
            let found = self.found();
            let diagnostic = Diagnostic::error(
                codes::AFTER_EXPRESSION,
                self.span(),
                format!("nothing may follow the value, but {found} does"),
            )
            .help("a hole holds one value; join texts with `+`, change them with `|`");
            self.report(diagnostic);
            self.skip(|_| false);
        }
        self.finish()
    }

    fn finish(mut self) -> Parse {
        self.trivia(self.tokens.len());
        self.tree.finish_node();
        self.diagnostics.append(&mut self.slips);
        self.diagnostics.sort_by_key(|it| (it.primary.span.start, it.primary.span.end));
        Parse {
            origin: self.origin,
            green: self.tree.finish(),
            diagnostics: self.diagnostics,
            looks: self.looks.get(),
        }
    }

    // Looking.

    fn seen(&self, ahead: Ahead) -> Option<&Seen> {
        self.looks.set(self.looks.get() + 1);
        self.fuel.set(self.fuel.get().saturating_sub(1));
        debug_assert!(self.fuel.get() > 0, "the parser does not move on at token {}", self.at);
        self.seen.get(self.at + ahead as usize)
    }

    fn kind_of(&self, ahead: Ahead) -> SyntaxKind {
        self.seen(ahead).map_or(END, |it| it.token.kind)
    }

    fn kind(&self) -> SyntaxKind {
        self.kind_of(Ahead::Here)
    }

    fn is(&self, kind: SyntaxKind) -> bool {
        self.kind() == kind
    }

    fn text_of(&self, ahead: Ahead) -> &'t str {
        self.seen(ahead).map_or("", |it| self.slice(it.token))
    }

    fn slice(&self, token: Token) -> &'t str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    /// The word there, if it is one that may be a keyword: before `:` a word is a name.
    fn word_of(&self, ahead: Ahead) -> Option<&'t str> {
        let after = match ahead {
            Ahead::Here => Ahead::Next,
            Ahead::Next => Ahead::Third,
            Ahead::Third => Ahead::Fourth,
            Ahead::Fourth | Ahead::Fifth => Ahead::Fifth,
        };
        (self.kind_of(ahead) == IDENT && self.kind_of(after) != COLON).then(|| plain(self.text_of(ahead)))
    }

    fn word(&self) -> Option<&'t str> {
        self.word_of(Ahead::Here)
    }

    fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    fn is_words(&self, first: &str, second: &str) -> bool {
        self.is_word(first) && self.word_of(Ahead::Next) == Some(second)
    }

    fn is_any(&self, words: &[&str]) -> bool {
        self.word().is_some_and(|word| words.contains(&word))
    }

    /// Whether the next token is the first on its line.
    fn leads(&self) -> bool {
        self.seen(Ahead::Here).is_none_or(|it| it.leads)
    }

    /// Whether a name that stands alone is next.
    fn is_name(&self) -> bool {
        self.word().is_some_and(|word| !words::RESERVED.contains(&word))
    }

    fn span(&self) -> Span {
        match self.seen(Ahead::Here) {
            Some(it) => self.span_at(it.token.start, it.token.end),
            None => self.end_of_previous(),
        }
    }

    fn span_at(&self, start: usize, end: usize) -> Span {
        let at = |place| self.origin.offset.saturating_add(u32::try_from(place).unwrap_or(u32::MAX));
        Span::new(self.origin.file, at(start)..at(end))
    }

    fn previous(&self) -> Option<&Seen> {
        self.seen.get(self.at.checked_sub(1)?)
    }

    fn end_of_previous(&self) -> Span {
        let end = self.previous().map_or(0, |it| it.token.end);
        self.span_at(end, end)
    }

    /// From the token at `from` to the last one taken.
    fn span_from(&self, from: usize) -> Span {
        let start = self.seen.get(from).map_or(0, |it| it.token.start);
        self.span_at(start, self.previous().map_or(start, |it| it.token.end.max(start)))
    }

    // Taking.

    /// Puts the tokens before `index` into the tree.
    fn trivia(&mut self, index: usize) {
        while self.done < index {
            let Some(token) = self.tokens.get(self.done).copied() else { break };
            self.tree.token(token.kind.into(), self.slice(token));
            self.done += 1;
        }
    }

    fn take_as(&mut self, kind: impl FnOnce(SyntaxKind) -> SyntaxKind) {
        let Some(next) = self.seen.get(self.at).copied() else { return };
        self.trivia(next.index);
        self.tree.token(kind(next.token.kind).into(), self.slice(next.token));
        self.done = next.index + 1;
        self.at += 1;
        self.fuel.set(FUEL);
    }

    /// Takes the next token.
    fn take(&mut self) {
        self.take_as(|kind| kind);
    }

    /// Takes the next token as a keyword.
    fn take_word(&mut self) {
        self.take_as(|kind| if kind == IDENT { WORD } else { kind });
    }

    fn take_words(&mut self, count: usize) {
        for _ in 0..count {
            self.take_word();
        }
    }

    fn eat(&mut self, kind: SyntaxKind) -> bool {
        let there = self.is(kind);
        if there {
            self.take();
        }
        there
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let there = self.is_word(word);
        if there {
            self.take_word();
        }
        there
    }

    /// The place before the next token, for [`Self::wrap`].
    fn mark(&mut self) -> Checkpoint {
        let index = self.seen.get(self.at).map_or(self.done, |it| it.index);
        self.trivia(index);
        self.tree.checkpoint()
    }

    /// Puts all that came after `mark` into a node.
    fn wrap(&mut self, mark: Checkpoint, kind: SyntaxKind) {
        self.tree.start_node_at(mark, kind.into());
        self.tree.finish_node();
    }

    /// Puts what `body` takes into a node.
    fn node<R>(&mut self, kind: SyntaxKind, body: impl FnOnce(&mut Self) -> R) -> R {
        self.mark();
        self.tree.start_node(kind.into());
        let result = body(self);
        self.tree.finish_node();
        result
    }

    // Expecting.

    /// Takes a name that stands alone, or says that `what` is missing.
    fn name(&mut self, what: &str) -> bool {
        if self.at_declaration_line() {
            self.missing(codes::NO_NAME, what);
            return false;
        }
        self.name_anywhere(what)
    }

    /// Takes a name, even one that begins a line as a declaration would.
    fn name_anywhere(&mut self, what: &str) -> bool {
        if self.is_name() && !self.at_clause_pair() {
            self.node(NAME, Self::take);
            return true;
        }
        self.missing(codes::NO_NAME, what);
        false
    }

    /// Takes any word as a name: after `.`, before `:`.
    fn any_name(&mut self, what: &str) -> bool {
        if self.is(IDENT) {
            self.node(NAME, Self::take);
            return true;
        }
        self.missing(codes::NO_NAME, what);
        false
    }

    fn string(&mut self, what: &str) -> bool {
        let there = self.kind().is_string();
        if there {
            self.take();
        } else {
            self.missing(codes::NO_STRING, what);
        }
        there
    }

    /// Takes `kind`, or says that it is missing.
    fn expect(&mut self, kind: SyntaxKind, sign: &str) -> bool {
        let there = self.eat(kind);
        if !there {
            self.missing(codes::NO_WORD, &format!("`{sign}`"));
        }
        there
    }

    /// Takes `word`, or something like it; or says that it is missing.
    fn expect_word(&mut self, word: &str) -> bool {
        if self.eat_word(word) {
            return true;
        }
        let Some(found) = self.word().filter(|found| words::nearest(found, [word]).is_some()) else {
            self.missing(codes::NO_WORD, &format!("`{word}`"));
            return false;
        };
        self.misspelt(codes::NO_WORD, found, word);
        true
    }

    /// Reports `found`, takes it as the keyword `meant`, and goes on.
    fn misspelt(&mut self, code: Code, found: &str, meant: &str) {
        let span = self.span();
        let diagnostic = Diagnostic::error(code, span, format!("`{found}` has no meaning here"))
            .help(format!("did you mean `{meant}`?"))
            .replace(span, meant, Applicability::Unsure);
        self.report(diagnostic);
        self.take_word();
        self.reported = None;
    }

    /// Says that `what` is missing before the next token.
    fn missing(&mut self, code: Code, what: &str) {
        let diagnostic = self.expected(code, what);
        self.report(diagnostic);
    }

    /// What to say about `what` that is missing: on the token in its place, or, if that is on
    /// another line, at the end of the last one.
    fn expected(&self, code: Code, what: &str) -> Diagnostic {
        let wrapped = self.kind() == END || self.leads();
        match self.previous().filter(|_| wrapped) {
            Some(previous) => {
                let before = shorten(self.slice(previous.token));
                Diagnostic::error(code, self.end_of_previous(), format!("expected {what} after {before}"))
            }
            None => {
                let what = what.trim_end_matches(',');
                Diagnostic::error(code, self.span(), format!("expected {what}, found {}", self.found()))
            }
        }
    }

    /// The next token, for a message.
    fn found(&self) -> String {
        if self.kind() == END { "the end of the text".to_owned() } else { shorten(self.text_of(Ahead::Here)) }
    }
}

/// `text`, or the word that begins a form and is written in full-width characters here.
fn plain(text: &str) -> &str {
    if text.is_ascii() {
        return text;
    }
    let known = [words::STEPS, words::CLAUSES, words::DECLARATIONS].into_iter().flatten();
    known.copied().find(|word| is_wide(text, word)).unwrap_or(text)
}

/// A token's text in backticks; of a long one, its beginning.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(30).collect();
    if short.len() < text.len() { format!("`{short}…`") } else { format!("`{short}`") }
}

/// The lines of the texts that are not closed.
fn broken_lines(origin: Origin, text: &str, slips: &[Diagnostic]) -> Vec<Range<usize>> {
    let unclosed = slips.iter().filter(|it| it.code == codes::UNCLOSED_STRING);
    let lines = unclosed.map(|it| {
        let at = it.primary.span.start.saturating_sub(origin.offset) as usize;
        let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        let end =
            text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |newline| at + newline);
        start..end
    });
    lines.collect()
}

/// The tokens without trivia, and how they lie on their lines.
fn significant(text: &str, tokens: &[Token]) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut start = 0;
    let mut line = 0;
    let mut leads = true;
    let mut indent = 0;
    for (index, token) in tokens.iter().copied().enumerate() {
        if !token.kind.is_trivia() {
            if leads {
                indent = token.start - start;
            }
            seen.push(Seen { index, token, leads, indent, line });
            leads = false;
        }
        let spelling = text.get(token.start..token.end).unwrap_or_default();
        if let Some(last) = spelling.rfind('\n') {
            start = token.start + last + 1;
            line += spelling.matches('\n').count();
            leads = true;
        }
    }
    seen
}
