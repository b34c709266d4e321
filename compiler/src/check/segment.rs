//! The segments of a message in one row: texts, holes and tags.
//!
//! It must not know what is in the holes.

use std::sync::Arc;

use crate::report::Report;
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
    For(Option<String>, Option<ast::Expr>, Origin),
    /// `{% end %}`
    End,
}

/// The segments of a message, of which every block is closed.
#[derive(Debug, Clone)]
pub(super) struct Segments(Vec<Segment>);

impl Segments {
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
    pub(super) fn append(&mut self, other: Self) -> usize {
        let first = self.0.len();
        self.0.extend(other.0);
        first
    }
}

impl Segments {
    pub(super) fn of_literal(literal: &StringLit, origin: Origin, report: &mut Report) -> Option<Self> {
        let offset = literal.contents_range().start();
        of_raw(literal.contents(), Origin { offset: origin.offset + u32::from(offset), ..origin }, report)
    }

    pub(super) fn of_file(file: &TemplateFile, report: &mut Report) -> Option<Self> {
        of_raw(&file.text, Origin { file: file.file, offset: file.offset }, report)
    }
}

fn of_raw(text: &str, origin: Origin, report: &mut Report) -> Option<Segments> {
    let mut found = Vec::new();
    let mut rest = text;
    let before = report.mark();
    while let Some(at) = rest.find('{').filter(|_| rest.contains("{{") || rest.contains("{%")) {
        let at = [rest.find("{{"), rest.find("{%")].into_iter().flatten().min().unwrap_or(at);
        let (head, tail) = rest.split_at(at);
        found.push(Segment::Text(head.to_owned()));
        let tag = tail.starts_with("{%");
        let close = if tag { "%}" } else { "}}" };
        let Some((inside, after)) = tail.get(2..)?.split_once(close) else { break };
        let start = u32::try_from(text.len() - tail.len() + 2).ok()?;
        let mut parse = |skip: usize| {
            let body = inside.get(skip..).unwrap_or_default();
            let at = origin.offset + start + u32::try_from(skip).unwrap_or(0);
            let parsed = crate::syntax::parse_expression(origin.file, body, at);
            parsed.diagnostics().iter().for_each(|it| report.push(it.clone()));
            (parsed.expression(), parsed.origin())
        };
        let trimmed = inside.trim();
        let lead = inside.len() - inside.trim_start().len();
        found.push(if !tag {
            let (e, o) = parse(0);
            Segment::Hole(e, o)
        } else if trimmed.starts_with("if ") {
            let (e, o) = parse(lead + 3);
            Segment::If(e, o)
        } else if trimmed.starts_with("else if ") {
            let (e, o) = parse(lead + 8);
            Segment::ElseIf(e, o)
        } else if trimmed == "else" {
            Segment::Else
        } else if let Some(it) = trimmed.strip_prefix("for ") {
            let (name, _) = it.split_once(" in ")?;
            let (e, o) = parse(lead + 4 + name.len() + 4);
            Segment::For(Some(name.to_owned()), e, o)
        } else {
            Segment::End
        });
        rest = after;
    }
    found.push(Segment::Text(rest.to_owned()));
    (report.mark() == before).then_some(Segments(found))
}
