//! Messages: texts with holes, in which conditions and loops stand.
//!
//! It must not know how a message is split, nor how Markdown is rendered.

use std::sync::Arc;

use onward_bytecode::{Constant, Pipe, Presence, Scalar, Type};

use super::condition::is_text;
use super::expression::constant;
use super::narrow::{Outcome, facts, key, proved};
use super::scope::{Place, Scope};
use super::segment::{Segment, Segments};
use super::{Checker, Cx, Times, typed, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix, Span};
use crate::hir::{Expr, ExprKind, Part, Ty};
use crate::message::Item;
use crate::syntax::ast::{self, Origin, StringLit};
use crate::template::html::{Spot, spot};
use crate::template::marks::Piece;

/// How a value is written into a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Text,
    /// As it is, but as a part of a URL inside one: the text that goes with HTML.
    Plain,
    /// Escaped for HTML.
    Html,
    /// As a part of a URL, but whole if nothing stands before it.
    Url,
}

/// A walk through the pieces of a message.
pub(super) struct Walk<'m> {
    segments: &'m Segments,
    pieces: std::iter::Peekable<std::slice::Iter<'m, Piece>>,
    form: Form,
    /// What was written so far, with a letter for each value.
    before: String,
}

impl<'m> Walk<'m> {
    pub(super) fn new(segments: &'m Segments, pieces: &'m [Piece], form: Form) -> Self {
        Self { segments, pieces: pieces.iter().peekable(), form, before: String::new() }
    }

    /// The tag that comes next, if the next piece is one that ends a block.
    fn at_end_of_block(&mut self) -> bool {
        match self.pieces.peek() {
            Some(Piece::Mark(number)) => {
                matches!(self.segments.get(*number), Some(Segment::ElseIf(..) | Segment::Else | Segment::End))
            }
            Some(Piece::Text(_)) => false,
            None => true,
        }
    }

    fn next_segment(&mut self) -> Option<&'m Segment> {
        match self.pieces.next()? {
            Piece::Mark(number) => self.segments.get(*number),
            Piece::Text(_) => None,
        }
    }
}

impl Checker<'_> {
    /// A text in quotes.
    pub(super) fn text(&mut self, cx: Cx<'_>, literal: &StringLit) -> Option<Expr> {
        self.quoted(cx, literal, Form::Text)
    }

    /// A text in quotes that is a URL: what stands in its holes cannot leave its place.
    pub(super) fn url(&mut self, cx: Cx<'_>, literal: &StringLit) -> Option<Expr> {
        self.quoted(cx, literal, Form::Url)
    }

    fn quoted(&mut self, cx: Cx<'_>, literal: &StringLit, form: Form) -> Option<Expr> {
        let span = literal.span(cx.origin);
        let segments = self.segments_of_literal(literal, cx.origin);
        if form == Form::Url
            && let Some(Segment::Text(start)) = segments.get(0)
            && !["https://", "http://"].iter().any(|it| start.starts_with(it))
        {
            let message = format!("`{}` is not a URL", self.quote(span).trim_matches('"'));
            return self.error(codes::BAD_TEXT, span, message, "a URL begins with `https://`");
        }
        self.whole_message(cx.scope, &segments, form, span)
    }

    /// A message of all of `segments`.
    pub(super) fn whole_message(
        &mut self,
        scope: &Scope,
        segments: &Segments,
        form: Form,
        span: Span,
    ) -> Option<Expr> {
        if let Some(text) = segments.plain() {
            return Some(constant(Constant::Text(text), Scalar::Text, span));
        }
        let pieces = segments.pieces();
        let parts = self.parts(scope, &mut Walk::new(segments, &pieces, form));
        Some(message(parts?, span))
    }

    /// The parts of a message up to the end of the block that the walk is in.
    pub(super) fn parts(&mut self, scope: &Scope, walk: &mut Walk<'_>) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        let mut whole = true;
        while !walk.at_end_of_block() {
            let part = match walk.pieces.next()? {
                Piece::Text(text) => {
                    walk.before.push_str(text);
                    Some(Part::Text(text.as_str().into()))
                }
                Piece::Mark(number) => match walk.segments.get(*number) {
                    Some(Segment::Text(text)) => {
                        walk.before.push_str(text);
                        Some(Part::Text(text.as_str().into()))
                    }
                    Some(Segment::Hole(expr, origin)) => {
                        let part = expr.as_ref().and_then(|expr| self.hole(scope, *origin, expr, walk));
                        walk.before.push('x');
                        part
                    }
                    Some(Segment::If(condition, origin)) => {
                        self.if_tag(scope, condition.as_ref(), *origin, walk)
                    }
                    Some(Segment::For(name, list, origin)) => {
                        self.for_tag(scope, name.as_ref(), list.as_ref(), *origin, walk)
                    }
                    Some(Segment::ElseIf(..) | Segment::Else | Segment::End) | None => None,
                },
            };
            match part {
                Some(part) => parts.push(part),
                None => whole = false,
            }
        }
        whole.then_some(parts)
    }

    fn hole(&mut self, scope: &Scope, origin: Origin, expr: &ast::Expr, walk: &Walk<'_>) -> Option<Part> {
        let value = self.expr(Cx { scope, origin }, expr)?;
        if let Type::One(Scalar::Entity(_)) = value.ty.ty {
            return self.misfit(&value, &Type::One(Scalar::Text), "a message");
        }
        self.may_be_missing(scope, &value);
        let part_of_url = match walk.form {
            Form::Text => return Some(Part::Value(value)),
            Form::Plain => in_url(&walk.before),
            Form::Url => !walk.before.is_empty(),
            Form::Html => spot(&walk.before) == Spot::UrlPart,
        };
        if part_of_url {
            return Some(Part::Value(url_encoded(value)));
        }
        Some(match (walk.form, &value.kind) {
            (Form::Html, ExprKind::Pipe(Pipe::Safe | Pipe::Escape, ..)) => Part::Value(value),
            (Form::Html, _) => Part::Escaped(value),
            _ => Part::Value(value),
        })
    }

    /// Warns of a value that may leave a gap in a message.
    fn may_be_missing(&mut self, scope: &Scope, value: &Expr) {
        if value.ty.presence == Presence::Required || scope.place != Place::Workflow {
            return;
        }
        let source = self.quote(value.span);
        let end = Span { start: value.span.end, ..value.span };
        let example = if matches!(value.ty.ty, Type::One(Scalar::Number)) { "0" } else { "\"…\"" };
        let mut diagnostic =
            Diagnostic::warning(codes::MAY_BE_MISSING, value.span, format!("`{source}` may be missing"));
        diagnostic = if key(value).is_some() {
            diagnostic.help(format!(
                "say what to write then, `{source} | default {example}`, or ask first, `{{% if {source} is set %}}`"
            ))
        } else {
            diagnostic.help(format!("say what to write then: add `| default {example}`"))
        };
        diagnostic.fixes.push(Fix {
            title: format!("add `| default {example}`"),
            applicability: Applicability::Unsure,
            edits: vec![Edit { span: end, text: format!(" | default {example}") }],
        });
        self.report.push(diagnostic);
    }

    fn if_tag(
        &mut self,
        scope: &Scope,
        condition: Option<&ast::Expr>,
        origin: Origin,
        walk: &mut Walk<'_>,
    ) -> Option<Part> {
        let mut branches = Vec::new();
        let mut whole = true;
        let mut rest = scope.clone();
        let mut next = Some((condition, origin));
        let mut otherwise = Vec::new();
        while let Some((condition, origin)) = next.take() {
            let condition = condition.and_then(|it| self.condition(Cx { scope: &rest, origin }, it));
            let parts = self.parts(&rest.knowing(proved(condition.as_ref())), walk);
            if let Some(condition) = &condition {
                rest.facts.extend(facts(condition, Outcome::Fails));
            }
            match condition.zip(parts) {
                Some(branch) => branches.push(branch),
                None => whole = false,
            }
            match walk.next_segment() {
                Some(Segment::ElseIf(condition, origin)) => next = Some((condition.as_ref(), *origin)),
                Some(Segment::Else) => {
                    match self.parts(&rest, walk) {
                        Some(parts) => otherwise = parts,
                        None => whole = false,
                    }
                    walk.next_segment();
                }
                _ => {}
            }
        }
        whole.then_some(Part::If(branches, otherwise))
    }

    fn for_tag(
        &mut self,
        scope: &Scope,
        name: Option<&Item>,
        list: Option<&ast::Expr>,
        origin: Origin,
        walk: &mut Walk<'_>,
    ) -> Option<Part> {
        let list = list.and_then(|it| self.expr(Cx { scope, origin }, it)).and_then(|it| self.items(it));
        let var = self.new_var();
        let mut inner = scope.clone();
        let before = self.numbers.given.len();
        if let Some(name) = name {
            let item = match list.as_ref().map(|it| &it.ty.ty) {
                Some(Type::List(scalar)) => scalar.clone(),
                // After a mistake anything can be read of it.
                _ => Scalar::Json,
            };
            let ty = Ty { ty: Type::One(item), presence: Presence::Required };
            let given: Arc<str> = name.name.as_str().into();
            self.name_given(&given, name.span, Times::Once);
            inner.vars.push((given, var, ty));
        }
        let parts = self.parts(&inner, walk);
        self.numbers.given.truncate(before);
        walk.next_segment();
        Some(Part::For(var, Box::new(list?), parts?))
    }

    /// The items that a `for` goes through.
    pub(super) fn items(&mut self, list: Expr) -> Option<Expr> {
        match list.ty.ty {
            Type::List(_) => Some(list),
            Type::One(Scalar::Json) => Some(super::convert::read_as(list, &Type::List(Scalar::Json))),
            Type::One(_) => {
                let source = self.quote(list.span);
                let message = format!("`for` goes through a list, and `{source}` is {}", words::what(&list));
                self.error(
                    codes::NOT_A_LIST,
                    list.span,
                    message,
                    "declare it as `list of …` where it comes from",
                )
            }
        }
    }
}

/// Whether what comes right after `before` goes on with a URL.
fn in_url(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '<' | '"')).next();
    word.is_some_and(|it| it.starts_with("https://") || it.starts_with("http://"))
}

/// A text made of parts.
pub(super) fn message(parts: Vec<Part>, span: Span) -> Expr {
    typed(ExprKind::Message(parts), Type::One(Scalar::Text), Presence::Required, span)
}

fn url_encoded(value: Expr) -> Expr {
    let (presence, span) = (value.ty.presence, value.span);
    if matches!(&value.kind, ExprKind::Pipe(Pipe::UrlEncode, ..)) {
        return value;
    }
    let text = match &value.ty.ty {
        Type::One(scalar) if is_text(scalar) => value,
        _ => message(vec![Part::Value(value)], span),
    };
    let kind = ExprKind::Pipe(Pipe::UrlEncode, Box::new(text), Vec::new());
    typed(kind, Type::One(Scalar::Text), presence, span)
}
