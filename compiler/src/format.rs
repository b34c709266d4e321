//! The formatter: one way to lay out a rule file.
//!
//! It works on the tree, changes nothing but space between tokens, and checks that on every
//! run. Declarations with mistakes stay as they are. It must not know what anything means.

mod gap;
mod printer;

use std::fmt;
use std::ops::Range;

use crate::diagnostic::{Edit, FileId, Span};
use crate::syntax::ast::Origin;
use crate::syntax::kind::{SyntaxKind, SyntaxNode};
use crate::syntax::lexer::lex;
use crate::syntax::parse;

/// Columns that a line should not exceed where it can be broken.
const WIDTH: usize = 100;

/// Columns beyond which a list or an object is broken wherever it stands: that the words
/// before it do not matter keeps a second run from deciding otherwise.
const WIDE: usize = 76;

/// A rule file in its one layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formatted {
    /// The new text.
    pub text: String,
    /// The parts of the old text that were left as they are, because of mistakes in them.
    pub left: Vec<Span>,
}

/// The new text would not have meant the same: a defect of the formatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsound;

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("formatting would have changed more than the layout, so the file was left as it is; please report this file")
    }
}

impl std::error::Error for Unsound {}

/// Lays out `text` anew.
///
/// # Errors
///
/// If the result would differ in more than its layout.
pub fn format(file: FileId, text: &str) -> Result<Formatted, Unsound> {
    let parse = parse(file, text);
    let origin = Origin::from(file);
    let mistakes: Vec<Span> = parse.diagnostics().iter().map(|it| it.primary.span).collect();
    let is_broken = |node: &SyntaxNode| {
        let span = origin.span(node.text_range());
        let touched = mistakes.iter().any(|it| it.start <= span.end && it.end >= span.start);
        touched || node.descendants_with_tokens().any(|it| it.kind() == SyntaxKind::ERROR)
    };
    let root = parse.syntax();
    let broken: Vec<SyntaxNode> = root.children().filter(is_broken).collect();
    let formatted = printer::print(&root, &broken);
    if !same_but_for_layout(text, &formatted) {
        return Err(Unsound);
    }
    let left = broken.iter().map(|it| origin.span(it.text_range())).collect();
    Ok(Formatted { text: formatted, left })
}

/// What to change so that the lines that `range` touches lie as in the one layout: only space
/// between words, never a word.
///
/// # Errors
///
/// If the result would differ in more than its layout.
pub fn format_range(file: FileId, text: &str, range: Range<usize>) -> Result<Vec<Edit>, Unsound> {
    let start =
        text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let end =
        text.get(range.end..).and_then(|after| after.find('\n')).map_or(text.len(), |it| range.end + it);
    let formatted = format(file, text)?.text;
    let (old, new) = (gaps(text), gaps(&formatted));
    let pairs = old.into_iter().zip(new).filter(|(old, _)| old.start <= end && old.end >= start);
    let edits = pairs.filter_map(|(old, new)| {
        let (before, after) = (text.get(old.clone())?, formatted.get(new)?);
        let place = |it| u32::try_from(it).unwrap_or(u32::MAX);
        let span = Span::new(file, place(old.start)..place(old.end));
        (before != after).then(|| Edit { span, text: after.to_owned() })
    });
    Ok(edits.collect())
}

/// Where the space before each word and comment lies, and that at the end.
fn gaps(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut end = 0;
    for token in lex(FileId(0).into(), text).tokens {
        if token.kind == SyntaxKind::WHITESPACE {
            continue;
        }
        found.push(end..token.start);
        // Space behind a comment is layout.
        let word = text.get(token.start..token.end).unwrap_or_default();
        end = token.start + word.trim_end().len();
    }
    found.push(end..text.len());
    found
}

/// Whether both texts have the same tokens and the same comments in the same order.
fn same_but_for_layout(before: &str, after: &str) -> bool {
    words(before) == words(after)
}

fn words(text: &str) -> Vec<(SyntaxKind, &str)> {
    let tokens = lex(FileId(0).into(), text).tokens;
    let kept = tokens.into_iter().filter(|it| it.kind != SyntaxKind::WHITESPACE);
    // Space behind a comment is layout.
    kept.map(|it| (it.kind, text.get(it.start..it.end).unwrap_or_default().trim_end())).collect()
}
