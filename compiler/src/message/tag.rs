//! Tags: `{% if … %}`, `{% for … %}`, and what ends them.

use super::text::Piece;
use super::*;

impl<'t> Piece<'t> {
    /// Without space around it.
    fn trimmed(self) -> Self {
        let text = self.text.trim_start();
        Piece { text: text.trim_end(), start: self.start + self.text.len() - text.len() }
    }

    /// What follows the word `word`, if that is its first.
    fn after(self, word: &str) -> Option<Self> {
        let rest = self.text.strip_prefix(word)?;
        let ends = rest.chars().next().is_none_or(|next| !(next.is_alphanumeric() || next == '_'));
        ends.then(|| Piece { text: rest, start: self.start + word.len() }.trimmed())
    }
}

impl Splitter {
    /// The tag with `inside` between its signs, at `span`.
    pub(super) fn tag(&mut self, inside: Piece<'_>, span: Span) {
        let inside = self.without_dashes(inside).trimmed();
        if let Some(condition) = inside.after("if") {
            self.if_tag(condition, span);
        } else if let Some(rest) = inside.after("else") {
            self.else_tag(rest, span);
        } else if let Some(rest) = inside.after("for") {
            self.for_tag(rest, span);
        } else if inside.text == "end" {
            self.end(span);
        } else {
            self.unknown(inside, span);
        }
    }

    /// `{%-` and `-%}` of other languages.
    fn without_dashes<'t>(&mut self, inside: Piece<'t>) -> Piece<'t> {
        let mut found = inside;
        if let Some(rest) = found.text.strip_prefix('-') {
            self.dash(self.span(found.start, 1), "{%", "{%-");
            found = Piece { text: rest, start: found.start + 1 };
        }
        if let Some(rest) = found.text.strip_suffix('-') {
            self.dash(self.span(found.start + rest.len(), 1), "%}", "-%}");
            found = Piece { text: rest, start: found.start };
        }
        found
    }

    fn dash(&mut self, span: Span, meant: &str, written: &str) {
        let message = format!("write `{meant}` instead of `{written}`");
        self.report(Diagnostic::error(codes::UNKNOWN_TAG, span, message).replace(
            span,
            "",
            Applicability::Safe,
        ));
    }

    fn if_tag(&mut self, condition: Piece<'_>, span: Span) {
        let condition = self.condition("if", condition, span);
        self.open("if", span, Otherwise::Possible, SegmentKind::If(condition));
    }

    fn condition(&mut self, word: &str, condition: Piece<'_>, span: Span) -> Parse {
        if !condition.text.is_empty() {
            return self.expression(condition);
        }
        let message = format!("expected a condition after `{word}`");
        self.report(
            Diagnostic::error(codes::BROKEN_TAG, span, message).help("as `{% if contact.plan = \"pro\" %}`"),
        );
        // The parser's message about the same is not needed.
        parse_expression(self.origin.file, "", self.span(condition.start, 0).start)
    }

    fn open(&mut self, what: &'static str, span: Span, otherwise: Otherwise, kind: SegmentKind) {
        if self.open.len() == DEPTH {
            let message = "these tags are nested too deeply";
            let help = format!("at most {DEPTH} may lie within each other");
            self.report(Diagnostic::error(codes::TOO_DEEP, span, message).help(help));
        }
        // Beyond the limit blocks still pair up, but are not kept.
        if self.open.len() < DEPTH {
            self.push(kind, span);
        }
        self.open.push(Open { what, span, otherwise });
    }

    fn is_kept(&self) -> bool {
        self.open.len() <= DEPTH
    }

    fn else_tag(&mut self, rest: Piece<'_>, span: Span) {
        let condition = rest.after("if");
        let possible = self.open.last().is_some_and(|it| it.otherwise == Otherwise::Possible);
        if !possible {
            let condition = if condition.is_some() { "else if" } else { "else" };
            return self.stray(condition, span);
        }
        let kind = match condition {
            Some(condition) => SegmentKind::ElseIf(self.condition("else if", condition, span)),
            None => {
                self.nothing_after("else", rest);
                self.open.last_mut().into_iter().for_each(|it| it.otherwise = Otherwise::Past);
                SegmentKind::Else
            }
        };
        if self.is_kept() {
            self.push(kind, span);
        }
    }

    fn nothing_after(&mut self, word: &str, rest: Piece<'_>) {
        if rest.text.is_empty() {
            return;
        }
        let span = self.span(rest.start, rest.text.len());
        let message = format!("nothing may follow `{word}`, but `{}` does", rest.text);
        self.report(
            Diagnostic::error(codes::BROKEN_TAG, span, message)
                .help("for another condition, write `{% else if … %}`"),
        );
    }

    fn stray(&mut self, word: &str, span: Span) {
        let message = match self.open.last().map(|it| it.otherwise) {
            Some(Otherwise::Past) => format!("`{word}` cannot follow `else`"),
            Some(Otherwise::Never) => format!("a `for` has no `{word}`"),
            _ => format!("this `{word}` belongs to no `if`"),
        };
        self.report(
            Diagnostic::error(codes::STRAY_TAG, span, message)
                .help("an `if` has any number of `else if`, then at most one `else`, then `end`"),
        );
    }

    fn for_tag(&mut self, rest: Piece<'_>, span: Span) {
        let name: String = rest.text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        let list =
            rest.text.get(name.len()..).map(|text| Piece { text, start: rest.start + name.len() }.trimmed());
        let list = list.and_then(|it| it.after("in")).filter(|it| !it.text.is_empty() && is_name(&name));
        let item = Item { span: self.span(rest.start, name.len()), name };
        let list = match list {
            Some(list) => self.expression(list),
            None => {
                let message = "expected a name, `in` and a list after `for`";
                self.report(
                    Diagnostic::error(codes::BROKEN_TAG, span, message)
                        .help("as `{% for item in order.items %}`"),
                );
                parse_expression(self.origin.file, "", self.span(rest.start, 0).start)
            }
        };
        self.open("for", span, Otherwise::Never, SegmentKind::For(item, list));
    }

    fn end(&mut self, span: Span) {
        if self.open.is_empty() {
            let message = "this `end` belongs to no `if` and no `for`";
            return self.report(Diagnostic::error(codes::STRAY_TAG, span, message).replace(
                span,
                "",
                Applicability::Unsure,
            ));
        }
        if self.is_kept() {
            self.push(SegmentKind::End, span);
        }
        self.open.pop();
    }

    /// A tag that does not exist: one of another language is read as what was meant.
    fn unknown(&mut self, inside: Piece<'_>, span: Span) {
        let place = self.span(inside.start, inside.text.len());
        let word: String = inside.text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        match (word.as_str(), inside.text) {
            (_, "endif" | "endfor" | "end if" | "end for") => {
                self.foreign(place, inside.text, "end");
                self.end(span);
            }
            (word @ ("elsif" | "elif" | "elseif"), _) => {
                self.foreign(self.span(inside.start, word.len()), word, "else if");
                let rest = inside.after(word).unwrap_or(inside);
                self.else_if(rest, span);
            }
            _ => self.no_such_tag(&word, place),
        }
    }

    fn else_if(&mut self, condition: Piece<'_>, span: Span) {
        let possible = self.open.last().is_some_and(|it| it.otherwise == Otherwise::Possible);
        if possible && self.is_kept() {
            let condition = self.condition("else if", condition, span);
            self.push(SegmentKind::ElseIf(condition), span);
        }
    }

    fn foreign(&mut self, span: Span, written: &str, meant: &str) {
        let message = format!("write `{meant}` instead of `{written}`");
        self.report(Diagnostic::error(codes::UNKNOWN_TAG, span, message).replace(
            span,
            meant,
            Applicability::Safe,
        ));
    }

    fn no_such_tag(&mut self, word: &str, span: Span) {
        let message = if word.is_empty() {
            "expected a word in this tag".to_owned()
        } else {
            format!("there is no tag `{word}`")
        };
        let help =
            "tags are `{% if … %}`, `{% else if … %}`, `{% else %}`, `{% for … in … %}` and `{% end %}`";
        self.report(Diagnostic::error(codes::UNKNOWN_TAG, span, message).help(help));
    }
}

fn is_name(word: &str) -> bool {
    word.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && !crate::syntax::words::RESERVED.contains(&word)
}
