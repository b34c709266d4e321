//! What to select next, when a selection grows: word, value, step, block, declaration, file.

use std::ops::Range;

use onward_compiler::syntax::Parse;
use onward_compiler::syntax::ast::StringLit;
use onward_compiler::syntax::kind::SyntaxToken;

use super::holes::{self, Hole};
use crate::snapshot::{File, Sort};

/// The stretches around a byte, each inside the next.
pub(crate) fn around(file: &File, offset: usize) -> Vec<Range<usize>> {
    let mut found = match file.sort() {
        Sort::Rules => in_tree(file.parse(), offset),
        Sort::Markdown | Sort::Html => in_template(file, offset),
        Sort::Settings => Vec::new(),
    };
    found.push(0..file.text.len());
    found.dedup();
    found
}

fn in_tree(parse: &Parse, offset: usize) -> Vec<Range<usize>> {
    let origin = parse.origin();
    let inside = u32::try_from(offset.saturating_sub(origin.offset as usize)).unwrap_or(u32::MAX);
    let root = parse.syntax();
    if root.text_range().end() < inside.into() {
        return Vec::new();
    }
    // Between two tokens, the word is meant.
    let tokens = root.token_at_offset(inside.into());
    let Some(token) = tokens.max_by_key(|it| !it.kind().is_trivia()) else { return Vec::new() };
    let span = |range| origin.span(range).range();
    let mut found = Vec::new();
    if let Some(literal) = StringLit::cast(token.clone()) {
        found.extend(in_literal(origin, &literal, offset));
    }
    if !token.kind().is_trivia() || token.text().starts_with('#') {
        found.push(span(token.text_range()));
    }
    found.extend(ancestors(&token).map(span));
    found.dedup();
    found
}

fn ancestors(token: &SyntaxToken) -> impl Iterator<Item = rowan::TextRange> {
    token.parent_ancestors().map(|it| it.text_range()).filter(|it| !it.is_empty())
}

fn in_literal(
    origin: onward_compiler::syntax::ast::Origin,
    literal: &StringLit,
    offset: usize,
) -> Vec<Range<usize>> {
    let contents = origin.span(literal.contents_range()).range();
    if !(contents.start..=contents.end).contains(&offset) {
        return Vec::new();
    }
    let mut found = in_holes(&holes::in_literal(origin, literal), offset);
    found.push(contents);
    found
}

fn in_template(file: &File, offset: usize) -> Vec<Range<usize>> {
    let mut found = in_holes(&holes::in_template(file), offset);
    let layout = holes::layout(&file.text);
    for (key, value) in &layout.settings {
        if (key.start..=value.end).contains(&offset) {
            found.extend([value.clone()].into_iter().filter(|it| (it.start..=it.end).contains(&offset)));
            found.push(key.start..value.end);
        }
    }
    let part = if layout.front.contains(&offset) { layout.front } else { layout.body };
    found.push(part);
    found
}

fn in_holes(holes: &[Hole], offset: usize) -> Vec<Range<usize>> {
    let Some(hole) = holes.iter().find(|it| (it.range.start..=it.range.end).contains(&offset)) else {
        return Vec::new();
    };
    let mut found = hole.value.as_ref().map(|it| in_tree(it, offset)).unwrap_or_default();
    found.push(hole.range.clone());
    found
}
