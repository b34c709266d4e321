//! What can be followed: addresses on the web, and the files of templates.

use std::ops::Range;
use std::sync::Arc;

use onward_compiler::syntax::ast::{Act, AstNode, DoStep, Expr, StringLit};
use onward_compiler::syntax::kind::SyntaxKind::*;
use rowan::NodeOrToken;

use super::holes;
use super::outline::stem;
use crate::snapshot::{File, Project, Sort};

/// Something that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) range: Range<usize>,
    /// An address, or a file as the client names it.
    pub(crate) target: Arc<str>,
}

/// Everything in a file that can be followed, in its order.
pub(crate) fn of(project: &Project, file: &File) -> Vec<Link> {
    match file.sort() {
        Sort::Rules => rules(project, file),
        Sort::Markdown | Sort::Html => {
            let holes: Vec<_> = holes::in_template(file).into_iter().map(|it| it.range).collect();
            addresses(&file.text, 0, &holes)
        }
        Sort::Settings => addresses(&file.text, 0, &[]),
    }
}

fn rules(project: &Project, file: &File) -> Vec<Link> {
    let (root, origin) = (file.parse().syntax(), file.parse().origin());
    let mut found = Vec::new();
    for element in root.descendants_with_tokens() {
        match element {
            NodeOrToken::Token(token) => {
                let start = usize::from(token.text_range().start());
                let holes = match StringLit::cast(token.clone()) {
                    Some(literal) => holes::in_literal(origin, &literal),
                    None if matches!(token.kind(), COMMENT | DOC) => Vec::new(),
                    None => continue,
                };
                let holes: Vec<_> = holes.into_iter().map(|it| it.range).collect();
                found.extend(addresses(token.text(), start, &holes));
            }
            NodeOrToken::Node(node) => {
                found.extend(DoStep::cast(node).and_then(|step| template(project, &step)));
            }
        }
    }
    found.sort_by_key(|it| it.range.start);
    found
}

/// `do email welcome`: the file of the template.
fn template(project: &Project, step: &DoStep) -> Option<Link> {
    let Some(Act::Effect(effect)) = step.act() else { return None };
    let Some(Expr::Path(path)) = effect.first() else { return None };
    let mut names = path.names();
    let (name, None) = (names.next()?, names.next()) else { return None };
    let text = name.text();
    let file = project.files().iter().find(|it| holes::is_template(it) && stem(&it.path) == text)?;
    let range = name.range();
    Some(Link { range: range.start().into()..range.end().into(), target: file.uri.clone() })
}

/// Addresses in a text that stands at `start`, without those that a hole makes.
fn addresses(text: &str, start: usize, holes: &[Range<usize>]) -> Vec<Link> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = next_address(text, from) {
        let rest = text.get(at..).unwrap_or_default();
        let ends = |letter: char| letter.is_whitespace() || "\"'<>`\\)]}".contains(letter);
        let length = rest.find(ends).unwrap_or(rest.len());
        let address = rest.get(..length).unwrap_or_default().trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let range = start + at..start + at + address.len();
        let whole = !holes.iter().any(|it| it.start < range.end + 1 && it.end > range.start);
        if whole && address.len() > "https://".len() {
            found.push(Link { range, target: address.into() });
        }
        from = at + length.max(1);
    }
    found
}

fn next_address(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let found = ["https://", "http://"].into_iter().filter_map(|it| rest.find(it)).min();
    found.map(|at| from + at)
}
