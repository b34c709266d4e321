//! What stands above declarations: a test can be run, a name is used so often.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use onward_compiler::diagnostic::Span;
use onward_compiler::uses::{Role, Thing};

use super::outline::{self, ItemSort};
use super::{holes, names};
use crate::snapshot::{File, Project};

/// Something above a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lens {
    pub(crate) range: Range<usize>,
    pub(crate) what: What,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A test can be run.
    Run(String),
    /// A name is used at these places.
    Used(Vec<Span>),
    /// A workflow is declared here.
    Workflow(Arc<str>),
}

/// The lenses of a file.
pub(crate) fn of(project: &Project, file: &File) -> Vec<Lens> {
    let mut found: Vec<Lens> = tests(file).collect();
    let Some(number) = project.number(&file.path) else { return found };
    let mut declared: BTreeMap<&Thing, Span> = BTreeMap::new();
    for it in names::in_file(project, number) {
        if it.role == Role::Declares && is_shown(&it.thing) {
            declared.entry(&it.thing).or_insert(it.span);
        }
    }
    let mut used: BTreeMap<&Thing, BTreeSet<Span>> = BTreeMap::new();
    for it in &project.checked().uses {
        if it.role == Role::Names && declared.contains_key(&it.thing) {
            used.entry(&it.thing).or_default().insert(it.span);
        }
    }
    for (thing, span) in declared {
        let range = if holes::is_template(file) { 0..0 } else { span.range() };
        if let Thing::Workflow(name) = thing {
            found.push(Lens { range: range.clone(), what: What::Workflow(name.clone()) });
        }
        let places = used.remove(thing).map(|it| it.into_iter().collect()).unwrap_or_default();
        found.push(Lens { range, what: What::Used(places) });
    }
    found.sort_by_key(|it| it.range.start);
    found
}

fn tests(file: &File) -> impl Iterator<Item = Lens> {
    let items = outline::of(file).into_iter().filter(|it| it.sort == ItemSort::Test);
    items.map(|it| Lens { range: it.selection, what: What::Run(it.name) })
}

/// Whether the uses of such a thing are counted above it.
fn is_shown(thing: &Thing) -> bool {
    matches!(
        thing,
        Thing::Event(_)
            | Thing::Entity(_)
            | Thing::Template(_)
            | Thing::Sender(_)
            | Thing::Team(_)
            | Thing::Action(_)
            | Thing::Segment(_)
            | Thing::Workflow(_)
            | Thing::Topic(_)
    )
}
