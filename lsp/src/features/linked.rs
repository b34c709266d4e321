//! Places that are one name, to be edited together: a step's label, the name that `let`, `as`
//! or `{% for %}` gives, and where they are used. Only where a file shows all of them.

use std::ops::Range;

use onward_compiler::syntax::ast::{Origin, StringLit};
use onward_compiler::syntax::kind::SyntaxKind::*;
use onward_compiler::syntax::kind::{SyntaxNode, SyntaxToken};
use rowan::NodeOrToken;

use super::holes::{self, What};
use crate::snapshot::{File, Sort};

/// The places of the name at a byte; none if it has no other, or if it is not sure which.
pub(crate) fn of(file: &File, offset: usize) -> Vec<Range<usize>> {
    let uses = match file.sort() {
        Sort::Rules => {
            let root = file.parse().syntax();
            let at = u32::try_from(offset).unwrap_or(u32::MAX);
            if root.text_range().end() < at.into() {
                return Vec::new();
            }
            let token = root.token_at_offset(at.into()).find(|it| !it.kind().is_trivia());
            let whole = token.and_then(|it| {
                it.parent_ancestors().find(|it| matches!(it.kind(), WORKFLOW_DECL | TEMPLATE_DECL))
            });
            let Some(whole) = whole else { return Vec::new() };
            let mut uses = Uses::default();
            uses.tree(&whole, file.parse().origin());
            uses
        }
        Sort::Markdown | Sort::Html => {
            let mut uses = Uses::default();
            uses.holes(holes::in_template(file));
            uses
        }
        Sort::Settings => return Vec::new(),
    };
    uses.linked(offset)
}

/// Names in a declaration.
#[derive(Default)]
struct Uses {
    /// Where a name is given.
    given: Vec<(String, Range<usize>)>,
    /// Where a value is named so.
    used: Vec<(String, Range<usize>)>,
}

impl Uses {
    fn linked(self, offset: usize) -> Vec<Range<usize>> {
        let touches = |it: &&(String, Range<usize>)| (it.1.start..=it.1.end).contains(&offset);
        let Some((name, _)) = self.given.iter().chain(&self.used).find(touches) else { return Vec::new() };
        // Given twice, it is not sure which one is meant.
        if self.given.iter().filter(|(it, _)| it == name).count() != 1 {
            return Vec::new();
        }
        let all = self.given.iter().chain(&self.used).filter(|(it, _)| it == name);
        let mut all: Vec<Range<usize>> = all.map(|(_, range)| range.clone()).collect();
        all.sort_by_key(|it| it.start);
        if all.len() > 1 { all } else { Vec::new() }
    }

    fn tree(&mut self, root: &SyntaxNode, origin: Origin) {
        for element in root.descendants_with_tokens() {
            let NodeOrToken::Token(token) = element else { continue };
            if let Some(literal) = StringLit::cast(token.clone()) {
                self.holes(holes::in_literal(origin, &literal));
            } else if token.kind() == IDENT {
                self.name(&token, origin);
            }
        }
    }

    fn holes(&mut self, holes: Vec<holes::Hole>) {
        for hole in holes {
            if let What::For(name, range) = hole.what {
                self.given.push((name, range));
            }
            if let Some(value) = hole.value {
                self.tree(&value.syntax(), value.origin());
            }
        }
    }

    fn name(&mut self, token: &SyntaxToken, origin: Origin) {
        let Some(node) = token.parent().filter(|it| it.kind() == NAME) else { return };
        let Some(parent) = node.parent() else { return };
        let found = (token.text().to_owned(), origin.span(token.text_range()).range());
        let is_first = || parent.first_child().as_ref() == Some(&node);
        match parent.kind() {
            LABEL | ALIAS | LET_STEP => self.given.push(found),
            PATH_EXPR if is_first() => self.used.push(found),
            _ => {}
        }
    }
}
