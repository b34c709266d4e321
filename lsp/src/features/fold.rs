//! What can be folded away: blocks, lists, long texts, runs of comments, front matter.

use std::ops::Range;

use onward_compiler::syntax::kind::SyntaxKind::{self, *};
use rowan::NodeOrToken;

use super::holes::{self, What};
use crate::snapshot::{File, Sort};

/// Something that can be folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fold {
    /// From where it opens to where it closes.
    pub(crate) range: Range<usize>,
    pub(crate) sort: FoldSort,
}

/// Which sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FoldSort {
    Code,
    Comment,
}

/// Everything in a file that can be folded, outer ones first.
pub(crate) fn of(file: &File) -> Vec<Fold> {
    match file.sort() {
        Sort::Rules => rules(file),
        Sort::Markdown | Sort::Html => template(file),
        Sort::Settings => Vec::new(),
    }
}

fn rules(file: &File) -> Vec<Fold> {
    let mut found = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut comments: Option<Range<usize>> = None;
    let tokens = file.parse().syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    for token in tokens {
        let (start, end) = (usize::from(token.text_range().start()), usize::from(token.text_range().end()));
        match token.kind() {
            L_BRACE | L_BRACKET | L_PAREN => open.push(start),
            R_BRACE | R_BRACKET | R_PAREN => {
                let from = open.pop();
                found.extend(from.map(|from| Fold { range: from..end, sort: FoldSort::Code }));
            }
            BLOCK_STRING => found.push(Fold { range: start..end, sort: FoldSort::Code }),
            _ => {}
        }
        let ends_run = !is_comment(token.kind()) && (token.kind() != WHITESPACE || blank_line(token.text()));
        match &mut comments {
            Some(run) if is_comment(token.kind()) => run.end = end,
            None if is_comment(token.kind()) => comments = Some(start..end),
            Some(_) if ends_run => found.extend(comments.take().map(comment)),
            _ => {}
        }
    }
    found.extend(comments.map(comment));
    found.sort_by_key(|it| (it.range.start, std::cmp::Reverse(it.range.end)));
    found
}

fn comment(range: Range<usize>) -> Fold {
    Fold { range, sort: FoldSort::Comment }
}

fn is_comment(kind: SyntaxKind) -> bool {
    matches!(kind, COMMENT | DOC)
}

fn blank_line(space: &str) -> bool {
    space.matches('\n').count() > 1
}

fn template(file: &File) -> Vec<Fold> {
    let mut found = Vec::new();
    let front = holes::layout(&file.text).front;
    if !front.is_empty() {
        found.push(Fold { range: front, sort: FoldSort::Code });
    }
    let mut open: Vec<usize> = Vec::new();
    for hole in holes::in_template(file) {
        match hole.what {
            What::If | What::For(..) => open.push(hole.range.start),
            What::Else => {
                let from = open.pop();
                found.extend(from.map(|from| Fold { range: from..hole.range.start, sort: FoldSort::Code }));
                open.push(hole.range.start);
            }
            What::End => {
                let from = open.pop();
                found.extend(from.map(|from| Fold { range: from..hole.range.end, sort: FoldSort::Code }));
            }
            What::Value => {}
        }
    }
    found
}
