//! Formatting: the compiler's one layout, as edits of the space between words.

use std::ops::Range;

use onward_compiler::diagnostic::FileId;
use onward_compiler::format;
use onward_compiler::syntax::ast::Origin;
use onward_compiler::syntax::kind::SyntaxKind::*;
use onward_compiler::syntax::lexer::{Token, lex};

use super::Edit;
use crate::snapshot::{File, Sort};

/// What the formatter puts before an inner line, for each level.
const INDENT: &str = "  ";

/// Formats a file; nothing if it holds no rules.
pub(crate) fn whole(file: &File) -> Vec<Edit> {
    part(file, 0..file.text.len())
}

/// Formats the lines that a stretch touches.
pub(crate) fn part(file: &File, range: Range<usize>) -> Vec<Edit> {
    if file.sort() != Sort::Rules {
        return Vec::new();
    }
    let edits = format::format_range(FileId(0), &file.text, range).unwrap_or_default();
    edits.into_iter().map(|it| Edit::new(it.span.range(), it.text)).collect()
}

/// After `typed` was typed before `offset`.
pub(crate) fn after(file: &File, offset: usize, typed: &str) -> Vec<Edit> {
    if file.sort() != Sort::Rules {
        return Vec::new();
    }
    let tokens = lex(Origin::from(FileId(0)), &file.text).tokens;
    // In a text or a remark a sign is not what it looks like.
    let inside = |it: &Token| it.start < offset && offset < it.end && it.kind != WHITESPACE;
    if tokens.iter().any(inside) {
        return Vec::new();
    }
    match typed {
        "}" => closed(file, &tokens, offset),
        "\n" => indented(file, &tokens, offset).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Formats the block that ends at `offset`; indents the line if its block is not understood.
fn closed(file: &File, tokens: &[Token], offset: usize) -> Vec<Edit> {
    let Some(end) = tokens.iter().position(|it| it.end == offset && it.kind == R_BRACE) else {
        return Vec::new();
    };
    let mut depth = 0_usize;
    let open = tokens.iter().take(end + 1).rev().find(|it| {
        match it.kind {
            R_BRACE => depth += 1,
            L_BRACE => depth = depth.saturating_sub(1),
            _ => return false,
        }
        depth == 0
    });
    let Some(open) = open else { return Vec::new() };
    let edits = part(file, open.start..offset);
    // What follows the block is for the next key.
    let edits: Vec<Edit> = edits.into_iter().filter(|it| it.range.end < offset).collect();
    if edits.is_empty() { indented(file, tokens, offset).into_iter().collect() } else { edits }
}

/// Indents the line of `offset` by what is open before it.
fn indented(file: &File, tokens: &[Token], offset: usize) -> Option<Edit> {
    let before = file.text.get(..offset)?;
    let start = before.rfind('\n')? + 1;
    let line = file.text.get(start..)?.lines().next().unwrap_or_default();
    let space = line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut depth = 0_usize;
    for token in tokens.iter().take_while(|it| it.end <= start + space) {
        match token.kind {
            L_BRACE | L_BRACKET | L_PAREN => depth += 1,
            R_BRACE | R_BRACKET | R_PAREN => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if line.trim_start().starts_with(['}', ']', ')']) {
        depth = depth.saturating_sub(1);
    }
    let wanted = INDENT.repeat(depth);
    let there = line.get(..space)?;
    (there != wanted).then(|| Edit::new(start..start + space, wanted))
}
