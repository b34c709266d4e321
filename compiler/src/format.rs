//! The formatter: one way to lay out a rule file.
//!
//! It works on the tree, changes nothing but space between tokens, and checks that on every
//! run. Declarations with mistakes stay as they are. It must not know what anything means.

mod gap;
mod printer;

use std::fmt;

use crate::diagnostic::{FileId, Span};
use crate::syntax::ast::Origin;
use crate::syntax::kind::{SyntaxKind, SyntaxNode};
use crate::syntax::lexer::lex;
use crate::syntax::parse;

/// Columns that a line should not exceed where it can be broken.
const WIDTH: usize = 100;

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
