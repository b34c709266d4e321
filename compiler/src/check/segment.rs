//! The segments of a message in one row: texts, holes and tags.
//!
//! It must not know what is in the holes.

use std::rc::Rc;
use std::sync::Arc;

use super::Checker;
use crate::diagnostic::FileId;
use crate::message::{self, Item, Message, SegmentKind};
use crate::report::Report;
use crate::syntax::Parse;
use crate::syntax::ast::{self, Origin, StringLit};
use crate::template::TemplateFile;
use crate::template::marks::{Marks, Piece};

/// A segment of a message. Whatever is missing after a mistake is none.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// Text as it is.
    Text(String),
    /// `{{ value }}`
    Hole(Option<ast::Expr>, Origin),
    /// `{% if condition %}`
    If(Option<ast::Expr>, Origin),
    /// `{% else if condition %}`
    ElseIf(Option<ast::Expr>, Origin),
    /// `{% else %}`
    Else,
    /// `{% for name in list %}`
    For(Option<Item>, Option<ast::Expr>, Origin),
    /// `{% end %}`
    End,
}

impl Checker<'_> {
    /// The segments of a text in quotes.
    pub(super) fn segments_of_literal(&mut self, literal: &StringLit, origin: Origin) -> Rc<Segments> {
        let span = literal.span(origin);
        self.segments_at((span.file, span.start), || message::of_literal(origin, literal))
    }

    /// The segments of a stretch of a template's file.
    pub(super) fn segments_of_file(&mut self, file: &TemplateFile) -> Rc<Segments> {
        self.segments_at((file.file, file.offset), || message::of_file(file.file, &file.text, file.offset))
    }

    fn segments_at(&mut self, place: (FileId, u32), split: impl FnOnce() -> Message) -> Rc<Segments> {
        if let Some(known) = self.segments.get(&place) {
            return known.clone();
        }
        let segments = Rc::new(Segments::of(split(), self.report));
        self.segments.insert(place, segments.clone());
        segments
    }
}

impl From<SegmentKind> for Segment {
    fn from(kind: SegmentKind) -> Self {
        match kind {
            SegmentKind::Text(text) => Self::Text(text),
            SegmentKind::Hole(value) => Self::Hole(understood(&value), value.origin()),
            SegmentKind::If(condition) => Self::If(understood(&condition), condition.origin()),
            SegmentKind::ElseIf(condition) => Self::ElseIf(understood(&condition), condition.origin()),
            SegmentKind::Else => Self::Else,
            SegmentKind::For(item, list) => {
                Self::For(Some(item).filter(|it| !it.name.is_empty()), understood(&list), list.origin())
            }
            SegmentKind::End => Self::End,
        }
    }
}

/// An expression in which the parser found no mistake.
fn understood(parse: &Parse) -> Option<ast::Expr> {
    if parse.diagnostics().is_empty() { parse.expression() } else { None }
}

/// The segments of a message, of which every block is closed.
#[derive(Debug, Clone)]
pub(super) struct Segments(Vec<Segment>);

impl Segments {
    fn of(message: Message, report: &mut Report) -> Self {
        for diagnostic in message.diagnostics {
            report.push(diagnostic);
        }
        Self(message.segments.into_iter().map(|it| Segment::from(it.kind)).collect())
    }

    pub(super) fn get(&self, number: usize) -> Option<&Segment> {
        self.0.get(number)
    }

    /// The text, if there are neither holes nor tags.
    pub(super) fn plain(&self) -> Option<Arc<str>> {
        let texts: Option<Vec<&str>> = self
            .0
            .iter()
            .map(|it| match it {
                Segment::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        texts.map(|it| it.concat().into())
    }

    /// All of them in their order.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        (0..self.0.len()).map(Piece::Mark).collect()
    }

    /// All of the text between holes and tags.
    pub(super) fn source(&self) -> String {
        let texts = self.0.iter().filter_map(|it| match it {
            Segment::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The text with marks for holes and tags.
    pub(super) fn marked(&self, marks: &Marks) -> String {
        self.marked_from(0, marks)
    }

    /// The same, beginning with segment `first`.
    pub(super) fn marked_from(&self, first: usize, marks: &Marks) -> String {
        let marked = self.0.iter().enumerate().skip(first).map(|(number, segment)| match segment {
            Segment::Text(text) => text.clone(),
            Segment::Hole(..) => marks.hole(number),
            _ => marks.tag(number),
        });
        marked.collect()
    }

    /// Adds the segments of `other`; gives the number of the first of them.
    pub(super) fn append(&mut self, other: &Self) -> usize {
        let first = self.0.len();
        self.0.extend(other.0.iter().cloned());
        first
    }
}
