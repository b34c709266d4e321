//! From text to tree: tokens, the parser, and typed views of what it built.
//!
//! Parsing never fails: there is always a tree that holds every byte of the text,
//! and a list of mistakes. It must not know what a name refers to.

pub mod ast;
pub mod codes;
pub mod kind;
pub mod lexer;
mod parser;
pub(crate) mod words;

use rowan::GreenNode;

use crate::diagnostic::{Diagnostic, FileId};
use ast::{AstNode, Expr, File, Origin};
use kind::{SyntaxKind, SyntaxNode};
use parser::Parser;

/// A tree and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    origin: Origin,
    green: GreenNode,
    diagnostics: Vec<Diagnostic>,
    looks: usize,
}

/// Parses a whole file. Never fails; the tree's text is `text`.
#[must_use]
pub fn parse(file: FileId, text: &str) -> Parse {
    Parser::new(file.into(), text).file()
}

/// Parses an expression that stands alone, at `offset` bytes in `file`: a hole of a message.
#[must_use]
pub fn parse_expression(file: FileId, text: &str, offset: u32) -> Parse {
    Parser::new(Origin { file, offset }, text).hole()
}

/// Whether a word can be a name wherever one stands.
#[must_use]
pub fn is_name(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|it| it.is_alphabetic() || it == '_')
        && letters.all(|it| it.is_alphanumeric() || it == '_')
        && !words::RESERVED.contains(&word)
}

impl Parse {
    /// Where the tree's first byte lies: what turns its ranges into spans.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The root of the tree.
    #[must_use]
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }

    /// The file; none if this is an expression that stands alone.
    #[must_use]
    pub fn file(&self) -> Option<File> {
        File::cast(self.syntax())
    }

    /// The expression that stands alone; none if there is none, or if this is a file.
    #[must_use]
    pub fn expression(&self) -> Option<Expr> {
        let root = self.syntax();
        if root.kind() == SyntaxKind::HOLE { root.children().find_map(Expr::cast) } else { None }
    }

    /// What is wrong, in the order of the text.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How often the parser looked at a token: a measure of its work that is the same on
    /// every machine.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.looks
    }
}
