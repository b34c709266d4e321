//! Holes and tags in messages: where they are, and what stands in them, in rule files and in
//! templates alike.

use std::ops::Range;

use onward_compiler::diagnostic::FileId;
use onward_compiler::message::{self, SegmentKind};
use onward_compiler::syntax::Parse;
use onward_compiler::syntax::ast::{Origin, StringLit};

use crate::snapshot::{File, Sort};

/// Something in a message that is not text.
#[derive(Debug, Clone)]
pub(crate) struct Hole {
    /// With its signs.
    pub(crate) range: Range<usize>,
    pub(crate) what: What,
    /// The expression in it, if any; its origin says where it stands.
    pub(crate) value: Option<Parse>,
}

/// Which sort of hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// `{{ value }}`
    Value,
    /// `{% if condition %}`
    If,
    /// `{% else if condition %}`, `{% else %}`
    Else,
    /// `{% for name in list %}`, with where the name stands.
    For(String, Range<usize>),
    /// `{% end %}`
    End,
}

/// A template's file: where its parts stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Front matter with its fences; empty if there is none.
    pub(crate) front: Range<usize>,
    /// Keys and values of front matter.
    pub(crate) settings: Vec<(Range<usize>, Range<usize>)>,
    /// The message.
    pub(crate) body: Range<usize>,
}

/// The holes of a text in quotes that stands in a tree with this origin.
pub(crate) fn in_literal(origin: Origin, literal: &StringLit) -> Vec<Hole> {
    let text = literal.contents();
    if !(text.contains("{{") || text.contains("{%")) {
        return Vec::new();
    }
    of(message::of_literal(origin, literal))
}

/// The holes of a template.
pub(crate) fn in_template(file: &File) -> Vec<Hole> {
    let layout = layout(&file.text);
    let values = layout.settings.iter().map(|(_, value)| value.clone());
    let parts = values.chain([layout.body.clone()]);
    parts.flat_map(|part| in_part(&file.text, part)).collect()
}

fn in_part(text: &str, part: Range<usize>) -> Vec<Hole> {
    let offset = u32::try_from(part.start).unwrap_or(u32::MAX);
    of(message::of_file(FileId(0), text.get(part).unwrap_or_default(), offset))
}

fn of(message: message::Message) -> Vec<Hole> {
    let holes = message.segments.into_iter().filter_map(|segment| {
        let (what, value) = match segment.kind {
            SegmentKind::Text(_) => return None,
            SegmentKind::Hole(value) => (What::Value, Some(value)),
            SegmentKind::If(value) => (What::If, Some(value)),
            SegmentKind::ElseIf(value) => (What::Else, Some(value)),
            SegmentKind::Else => (What::Else, None),
            SegmentKind::For(item, list) => (What::For(item.name, item.span.range()), Some(list)),
            SegmentKind::End => (What::End, None),
        };
        Some(Hole { range: segment.span.range(), what, value })
    });
    // An `end` that is missing has no place.
    holes.filter(|it| !it.range.is_empty()).collect()
}

/// Whether a file is a template.
pub(crate) fn is_template(file: &File) -> bool {
    matches!(file.sort(), Sort::Markdown | Sort::Html)
}

/// Where the parts of a template's file stand.
pub(crate) fn layout(text: &str) -> Layout {
    let is_fence = |line: &str| line.trim_start_matches('\u{feff}').trim_end() == "---";
    let whole = Layout { front: 0..0, settings: Vec::new(), body: 0..text.len() };
    let mut lines = lines(text);
    if !lines.next().is_some_and(|(_, line)| is_fence(line)) {
        return whole;
    }
    let mut settings = Vec::new();
    for (at, line) in lines {
        if is_fence(line) {
            let end = at + line.len();
            return Layout { front: 0..end, settings, body: end..text.len() };
        }
        settings.extend(setting(at, line));
    }
    Layout { front: 0..text.len(), settings, body: text.len()..text.len() }
}

/// `key: value`
fn setting(at: usize, line: &str) -> Option<(Range<usize>, Range<usize>)> {
    let text = line.trim();
    if text.starts_with('#') {
        return None;
    }
    let indent = line.len() - line.trim_start().len();
    let (key, value) = text.split_once([':', '='])?;
    let key_range = at + indent..at + indent + key.trim_end().len();
    let start = at + indent + key.len() + 1 + (value.len() - value.trim_start().len());
    Some((key_range, start..start + value.trim().len()))
}

/// Lines with their ends, each with its offset.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}
