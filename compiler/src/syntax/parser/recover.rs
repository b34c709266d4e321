//! How the parser finds its feet again, and how often it speaks.

use super::*;

/// A `{` that has been taken, or should have been there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Opened {
    /// The token's place.
    At(usize),
    /// It is missing: what belongs inside is indented deeper than this.
    Missing(usize),
}

impl Parser<'_> {
    /// Reports a mistake at the next token, unless it follows from one that is reported.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> bool {
        let known = self.quiet || self.is(ERROR) || self.reported == Some(self.at) || self.at_broken_line();
        self.reported = Some(self.at);
        if !known {
            self.diagnostics.push(diagnostic);
        }
        !known
    }

    /// Whether a text that is not closed has swallowed what seems to be missing here.
    fn at_broken_line(&self) -> bool {
        let here = self.seen(Ahead::Here).filter(|it| !it.leads).or(self.previous());
        here.is_some_and(|it| self.is_broken(it.token))
            || self.seen(Ahead::Here).is_some_and(|it| self.is_broken(it.token))
    }

    fn is_broken(&self, token: Token) -> bool {
        // Sorted, and few: a file with many of them has other troubles.
        let after = self.broken.partition_point(|line| line.end < token.start);
        self.broken.get(after).is_some_and(|line| line.contains(&token.start))
    }

    /// Whether something has been reported at or after the token at `from`.
    pub(super) fn failed_since(&self, from: usize) -> bool {
        self.reported.is_some_and(|at| at >= from)
    }

    /// Whether the next token begins a line that is indented no deeper than the one of the
    /// token at `from`: lines that belong to what began there are.
    pub(super) fn outdented(&self, from: usize) -> bool {
        let base = self.seen.get(from).map_or(0, |it| it.indent);
        self.at > from && self.seen(Ahead::Here).is_some_and(|it| it.leads && it.indent <= base)
    }

    /// Puts tokens into an `ERROR` node up to one that `stop` wants; braces are kept in pairs.
    pub(super) fn skip(&mut self, stop: impl Fn(&Self) -> bool) {
        let first = self.at;
        if self.ends_skip() || stop(self) {
            return;
        }
        self.node(ERROR, |p| {
            while !(p.ends_skip() || p.at > first && stop(p)) {
                if !p.braces() && !p.brackets() {
                    p.take();
                }
            }
        });
        self.forget_slips(first, |code| code == codes::CHARACTER);
    }

    fn ends_skip(&self) -> bool {
        matches!(self.kind(), END | R_BRACE) || self.at_declaration_line()
    }

    /// Takes `{ … }` with all that is inside; if it is never closed, up to the next declaration
    /// that is indented no deeper.
    pub(super) fn braces(&mut self) -> bool {
        if !self.is(L_BRACE) {
            return false;
        }
        let indent = self.seen(Ahead::Here).map_or(0, |it| it.indent);
        let mut depth = 0_usize;
        loop {
            match self.kind() {
                L_BRACE => depth += 1,
                R_BRACE => depth -= 1,
                _ => {}
            }
            self.take();
            let outside =
                self.at_declaration_line() && self.seen(Ahead::Here).is_some_and(|it| it.indent <= indent);
            if depth == 0 || self.is(END) || outside {
                return true;
            }
        }
    }

    /// Takes `( … )` or `[ … ]` with all that is inside, as far as it is on one line.
    pub(super) fn brackets(&mut self) -> bool {
        if !matches!(self.kind(), L_PAREN | L_BRACKET) {
            return false;
        }
        let mut depth = 0_usize;
        loop {
            match self.kind() {
                L_PAREN | L_BRACKET => depth += 1,
                R_PAREN | R_BRACKET => depth -= 1,
                _ => {}
            }
            self.take();
            if depth == 0 || self.leads() || matches!(self.kind(), L_BRACE | R_BRACE) {
                return true;
            }
        }
    }

    /// Drops what the lexer said about the tokens from `first` on that have been passed over:
    /// the parser has spoken of them. Not if the lexer alone has.
    pub(super) fn forget_slips(&mut self, first: usize, which: impl Fn(Code) -> bool) {
        let span = self.span_from(first);
        let spoke = self.diagnostics.last().is_some_and(|it| it.primary.span.end <= span.end);
        let silent = self.seen.get(first).is_some_and(|it| it.token.kind == ERROR);
        if spoke && !silent {
            self.slips.retain(|it| {
                !(which(it.code) && it.primary.span.start >= span.start && it.primary.span.end <= span.end)
            });
        }
    }

    /// Counts one level of nesting around `body`; beyond the limit passes over it all.
    pub(super) fn deeper<R>(&mut self, body: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        if self.depth >= DEPTH {
            self.too_deep();
            return None;
        }
        self.depth += 1;
        let result = body(self);
        self.depth -= 1;
        result
    }

    pub(super) fn too_deep(&mut self) {
        let diagnostic = Diagnostic::error(codes::TOO_DEEP, self.span(), "this is nested too deeply").help(
            format!("at most {DEPTH} levels are allowed; write a list with `in [..]`, or several workflows"),
        );
        self.report(diagnostic);
        self.quiet = true;
        // Everything up to the next declaration: whatever closes the levels is of no use.
        self.node(ERROR, |p| {
            while !p.is(END) && !p.at_declaration_line() {
                p.take();
            }
        });
    }

    /// Whether a declaration starts here, whatever is still open: seen by its first words at
    /// the start of a line. No such words are right in any other place.
    pub(super) fn at_declaration_line(&self) -> bool {
        self.is(IDENT) && self.leads() && self.at_declaration()
    }

    fn at_declaration(&self) -> bool {
        let Some(word) = self.word() else { return false };
        // `json event` and, on the next line, `form { … }`.
        if self.within == Within::Action && self.is_item(Ahead::Next) {
            return false;
        }
        if self.within_source() && word == "event" && self.word_of(Ahead::Third) != Some("about") {
            return false;
        }
        let named = self.word_of(Ahead::Next).is_some_and(|name| !words::RESERVED.contains(&name));
        let third = self.kind_of(Ahead::Third);
        match word {
            "event" => named && (third == L_BRACE || self.word_of(Ahead::Third) == Some("about")),
            "entity" | "source" => named && third == L_BRACE,
            "template" => named && third == IDENT && self.kind_of(Ahead::Fourth) == L_BRACE,
            "sender" | "team" => named && third == EQ,
            "action" => named && matches!(third, L_PAREN | DOT),
            "workflow" => named && (matches!(third, L_BRACE | STRING) || self.at_subject()),
            "segment" => named && self.word_of(Ahead::Third) == Some("of"),
            "policy" => self.kind_of(Ahead::Next) == L_BRACE,
            "test" => self.kind_of(Ahead::Next) == STRING && third == L_BRACE,
            _ => false,
        }
    }

    /// Whether `event NAME {` is an item of a source here: not if a brace is missing and the
    /// line is indented no deeper than the source.
    fn within_source(&self) -> bool {
        let Within::Source(indent) = self.within else { return false };
        self.braces != Braces::TooManyOpened || self.seen(Ahead::Here).is_some_and(|it| it.indent > indent)
    }

    fn is_item(&self, ahead: Ahead) -> bool {
        self.word_of(ahead).is_some_and(|word| words::ITEMS.contains(&word))
    }

    /// `… … for NAME {`
    fn at_subject(&self) -> bool {
        self.word_of(Ahead::Third) == Some("for")
            && self.kind_of(Ahead::Fourth) == IDENT
            && self.kind_of(Ahead::Fifth) == L_BRACE
    }

    // Braces.

    /// Takes the `{` of a block; if it is missing, says so and looks for it on the same line.
    pub(super) fn open(&mut self) -> Opened {
        let indent = self.previous().map_or(0, |it| it.indent);
        if !self.is(L_BRACE) {
            self.missing(codes::NO_WORD, "`{`");
            let line = self.at;
            self.skip(|p| p.is(L_BRACE) || p.leads() || p.at_step());
            // The end of the line is not where a brace could be.
            if !self.is(L_BRACE) || (self.leads() && self.at > line) {
                return Opened::Missing(indent);
            }
        }
        let place = self.at;
        self.take();
        self.one_of(L_BRACE);
        Opened::At(place)
    }

    /// Reports a sign that stands here although the same was there before it.
    pub(super) fn one_of(&mut self, kind: SyntaxKind) {
        if !self.is(kind) {
            return;
        }
        let sign = self.text_of(Ahead::Here);
        let span = self.span();
        let diagnostic = Diagnostic::error(
            codes::NEEDLESS_SIGN,
            span,
            format!("one `{sign}` is enough here"),
        )
        .replace(span, "", Applicability::Unsure);
        self.report(diagnostic);
        self.node(ERROR, Self::take);
        self.reported = None;
    }

    /// Whether nothing more can belong to the block: its end, or what cannot be inside.
    pub(super) fn block_ends(&mut self, opened: Opened) -> bool {
        while self.at_stray_brace(opened) {
            self.stray_brace();
        }
        if matches!(self.kind(), END | R_BRACE) || self.at_declaration_line() {
            return true;
        }
        match opened {
            Opened::At(_) => false,
            Opened::Missing(indent) => {
                self.seen(Ahead::Here).is_some_and(|it| it.leads && it.indent <= indent)
            }
        }
    }

    /// Whether the next `}` is not meant to close the block: there are too many, this one is not
    /// indented as the block's end would be, and on the next line the block goes on.
    fn at_stray_brace(&self, opened: Opened) -> bool {
        if self.braces != Braces::TooManyClosed {
            return false;
        }
        let Opened::At(place) = opened else { return false };
        let (Some(open), Some(here), Some(next)) =
            (self.seen.get(place), self.seen(Ahead::Here), self.seen(Ahead::Next))
        else {
            return false;
        };
        let misplaced = if here.leads { here.indent > open.indent } else { here.line > open.line };
        let goes_on = next.leads && next.indent > open.indent && next.token.kind != R_BRACE;
        here.token.kind == R_BRACE && misplaced && goes_on
    }

    fn stray_brace(&mut self) {
        let line = self.seen(Ahead::Here).map_or(0, |it| it.line);
        let first = self.seen.iter().take(self.at).rev().take_while(|it| it.line == line).last();
        let start = first.map(|it| self.span_at(it.token.start, it.token.end).start);
        // What is wrong on this line has been said.
        let told = self
            .diagnostics
            .last()
            .is_some_and(|it| start.is_some_and(|start| it.primary.span.start >= start));
        if told {
            self.node(ERROR, Self::take);
        } else {
            self.never_opened();
        }
    }

    /// Takes the `}` of a block, or says which `{` is never closed.
    pub(super) fn close(&mut self, opened: Opened) {
        match opened {
            Opened::Missing(indent) => {
                if self.is(R_BRACE)
                    && self.seen(Ahead::Here).is_some_and(|it| !it.leads || it.indent == indent)
                {
                    self.take();
                }
            }
            Opened::At(place) if self.is(R_BRACE) => {
                self.note_crooked(place);
                self.take();
            }
            Opened::At(place) => self.never_closed(place),
        }
    }

    fn note_crooked(&mut self, place: usize) {
        let (Some(open), Some(close)) = (self.seen.get(place), self.seen.get(self.at)) else { return };
        if close.leads && open.indent != close.indent && self.crooked.is_none() {
            self.crooked = Some((place, self.at));
        }
    }

    /// Reports the bracket at `place`; or the one inside it that took its closing one.
    pub(super) fn never_closed(&mut self, place: usize) {
        let culprit = self.crooked.filter(|(open, _)| *open > place);
        let blamed = culprit.map_or(place, |(open, _)| open);
        let Some(token) = self.seen.get(blamed).map(|it| it.token) else { return };
        if self.is_broken(token) {
            self.reported = Some(self.at);
            return;
        }
        let sign = self.slice(token).to_owned();
        let span = self.span_at(token.start, token.end);
        let mut diagnostic =
            Diagnostic::error(codes::UNCLOSED, span, format!("this `{sign}` is never closed"));
        let closing = match sign.as_str() {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        if let Some(close) = culprit.and_then(|(_, close)| self.seen.get(close)).map(|it| it.token) {
            let span = self.span_at(close.start, close.end);
            diagnostic = diagnostic.also(span, "this closes it, but is indented for another");
        }
        self.report(diagnostic.help(format!("add a `{closing}` where it should end")));
    }

    /// Reports a closing bracket that closes nothing, and takes it.
    pub(super) fn never_opened(&mut self) {
        let sign = self.text_of(Ahead::Here);
        let span = self.span();
        let diagnostic =
            match self.crooked.take().and_then(|(_, close)| self.seen.get(close)).map(|it| it.token) {
                Some(close) => self.closed_early(close),
                None => Diagnostic::error(codes::UNOPENED, span, format!("this `{sign}` closes nothing"))
                    .replace(span, "", Applicability::Unsure),
            };
        self.report(diagnostic);
        self.node(ERROR, Self::take);
    }

    fn closed_early(&self, close: Token) -> Diagnostic {
        let span = self.span_at(close.start, close.end);
        Diagnostic::error(codes::UNOPENED, span, "this `}` closes too much")
            .help("by its indentation it does not belong to the `{` that it closes")
            .replace(span, "", Applicability::Unsure)
    }
}

/// How many levels of brackets and blocks may lie within each other.
pub(super) const DEPTH: usize = 100;
