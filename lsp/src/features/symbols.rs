//! What is declared in the whole workspace, found by a few letters of its name.

use std::ops::Range;
use std::sync::Arc;

use super::outline::{self, Item, ItemSort};
use crate::snapshot::{File, Project};

/// So many are given at once.
const MOST: usize = 500;

/// Something that is declared.
#[derive(Debug, Clone)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) sort: ItemSort,
    /// What it is part of.
    pub(crate) container: Option<String>,
    pub(crate) file: Arc<File>,
    pub(crate) range: Range<usize>,
}

/// What is declared whose name has these letters in this order; those that begin with them first.
pub(crate) fn find(projects: &[Arc<Project>], query: &str) -> Vec<Symbol> {
    let mut found: Vec<(u8, Symbol)> = Vec::new();
    for file in projects.iter().flat_map(|it| it.files()) {
        for item in outline::of(file) {
            add(file, &item, None, query, &mut found);
        }
    }
    found.sort_by(|(a, first), (b, second)| (a, &first.name).cmp(&(b, &second.name)));
    found.truncate(MOST);
    found.into_iter().map(|(_, it)| it).collect()
}

fn add(file: &Arc<File>, item: &Item, container: Option<&str>, query: &str, found: &mut Vec<(u8, Symbol)>) {
    let is_named = !matches!(
        item.sort,
        ItemSort::Trigger | ItemSort::Setting | ItemSort::Heading | ItemSort::Part | ItemSort::Policy
    );
    if let (true, Some(rank)) = (is_named, rank(&item.name, query)) {
        found.push((
            rank,
            Symbol {
                name: item.name.clone(),
                sort: item.sort,
                container: container.map(str::to_owned),
                file: file.clone(),
                range: item.selection.clone(),
            },
        ));
    }
    for inner in &item.inner {
        add(file, inner, Some(&item.name), query, found);
    }
}

/// How well a name fits: lower is better; none if it does not.
pub(crate) fn rank(name: &str, query: &str) -> Option<u8> {
    let (name, query) = (name.to_lowercase(), query.to_lowercase());
    if name == query {
        return Some(0);
    }
    if name.starts_with(&query) {
        return Some(1);
    }
    if name.contains(&query) {
        return Some(2);
    }
    let mut letters = name.chars();
    query.chars().filter(|it| !it.is_whitespace()).all(|wanted| letters.any(|it| it == wanted)).then_some(3)
}
