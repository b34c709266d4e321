//! Rules that set each other off.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::Analysis;
use super::link::{Deed, What, deeds};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hir::{Enrolment, TriggerKind, Workflow};
use onward_bytecode::Stage;

/// One workflow sets off another.
#[derive(Debug, Clone)]
struct Edge {
    from: usize,
    to: usize,
    deed: Deed,
}

impl Analysis<'_> {
    /// Warns of each ring of workflows that set each other off without end.
    pub(super) fn cycles(&mut self) {
        let hir = self.hir;
        let workflows: Vec<&Workflow> = hir.workflows.values().filter(|it| is_endless(it)).collect();
        let mut edges = self.edges(&workflows);
        while let Some(still) = without_settled(&edges) {
            edges = still;
        }
        let mut from: BTreeMap<usize, Vec<&Edge>> = BTreeMap::new();
        for edge in &edges {
            from.entry(edge.from).or_default().push(edge);
        }
        let mut told = BTreeSet::new();
        for start in 0..workflows.len() {
            if told.contains(&start) {
                continue;
            }
            if let Some(ring) = ring(start, &from) {
                told.extend(ring.iter().map(|it| it.from));
                self.tell(&workflows, &ring);
            }
        }
    }

    fn edges(&self, workflows: &[&Workflow]) -> Vec<Edge> {
        let ears = Ears::of(workflows);
        let mut edges = Vec::new();
        for (from, workflow) in workflows.iter().enumerate() {
            for deed in deeds(workflow) {
                for to in ears.of_deed(&deed.what) {
                    if workflows.get(*to).is_some_and(|it| self.may_start(&deed.what, it)) {
                        edges.push(Edge { from, to: *to, deed: deed.clone() });
                    }
                }
            }
        }
        edges
    }

    fn tell(&mut self, workflows: &[&Workflow], ring: &[Edge]) {
        let name = |place: usize| workflows.get(place).map_or("", |it| &*it.name);
        let links = ring.iter().map(|edge| {
            format!("`{}` {}, which starts `{}`", name(edge.from), edge.deed.what.words(), name(edge.to))
        });
        let told = links.collect::<Vec<_>>().join("; ");
        let Some(first) = ring.first() else { return };
        let message = match ring {
            [_] => "this workflow sets itself off again and again".to_owned(),
            _ => "these workflows set each other off again and again".to_owned(),
        };
        let mut diagnostic = Diagnostic::warning(codes::ENDLESS, first.deed.span, message)
            .label(told)
            .help("add `once` or `at most once per …` to one of them, or a condition that ends the ring");
        for edge in ring.iter().skip(1) {
            diagnostic = diagnostic.also(edge.deed.span, format!("`{}` goes on here", name(edge.from)));
        }
        self.report.push(diagnostic);
    }
}

/// Which workflows to ask whether something starts them.
struct Ears<'h> {
    /// By the events that they listen to.
    events: BTreeMap<&'h str, Vec<usize>>,
    /// By their names.
    names: BTreeMap<&'h str, Vec<usize>>,
    /// Those that listen to anything else.
    others: Vec<usize>,
}

impl<'h> Ears<'h> {
    fn of(workflows: &[&'h Workflow]) -> Self {
        let mut ears = Self { events: BTreeMap::new(), names: BTreeMap::new(), others: Vec::new() };
        for (place, workflow) in workflows.iter().enumerate() {
            ears.names.entry(&workflow.name).or_default().push(place);
            for trigger in &workflow.triggers {
                let list = match &trigger.kind {
                    TriggerKind::Event(event) => ears.events.entry(event).or_default(),
                    _ => &mut ears.others,
                };
                if list.last() != Some(&place) {
                    list.push(place);
                }
            }
        }
        ears
    }

    fn of_deed(&self, what: &What) -> &[usize] {
        match what {
            What::Emits(event) => self.events.get(&**event).map_or(&[], Vec::as_slice),
            What::Starts(name) => self.names.get(&**name).map_or(&[], Vec::as_slice),
            _ => &self.others,
        }
    }
}

/// Whether a workflow starts for one subject again and again.
fn is_endless(workflow: &Workflow) -> bool {
    workflow.stage == Stage::Live && matches!(workflow.enrolment, Enrolment::EveryTime)
}

/// The edges without those that fire once at most, because nothing in the program puts back
/// what they change; none if all stay.
fn without_settled(edges: &[Edge]) -> Option<Vec<Edge>> {
    let still: Vec<Edge> = edges.iter().filter(|edge| is_undone(&edge.deed.what, edges)).cloned().collect();
    (still.len() < edges.len()).then_some(still)
}

/// Whether some other deed puts back what this one changes, so that it can change it again.
fn is_undone(what: &What, edges: &[Edge]) -> bool {
    let others = || edges.iter().map(|edge| &edge.deed.what);
    match what {
        What::Sets(kind, name, Some(value)) => others().any(|other| {
            matches!(other, What::Sets(k, n, v) if k == kind && n == name && v.as_ref() != Some(value))
        }),
        What::Gains(kind, name, item) => {
            others().any(|other| matches!(other, What::Loses(k, n, i) if k == kind && n == name && meets(i, item)))
        }
        What::Loses(kind, name, item) => {
            others().any(|other| matches!(other, What::Gains(k, n, i) if k == kind && n == name && meets(i, item)))
        }
        // Each new entity has runs of its own, and a deleted one has none.
        What::Deletes(_) => false,
        What::Creates(_) | What::Emits(_) | What::Starts(_) | What::Sets(_, _, None) => true,
    }
}

fn meets<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
    a.is_none() || b.is_none() || a == b
}

/// The shortest way from a workflow back to itself.
fn ring(start: usize, edges: &BTreeMap<usize, Vec<&Edge>>) -> Option<Vec<Edge>> {
    // By which edge each workflow was come to first.
    let mut came: BTreeMap<usize, &Edge> = BTreeMap::new();
    let mut last = vec![start];
    while !last.is_empty() {
        let mut next = Vec::new();
        for edge in last.iter().flat_map(|it| edges.get(it).into_iter().flatten()) {
            if edge.to == start {
                return Some(way_back(start, edge, &came));
            }
            if let Entry::Vacant(new) = came.entry(edge.to) {
                new.insert(edge);
                next.push(edge.to);
            }
        }
        last = next;
    }
    None
}

/// The way from `start` that ends with `last`.
fn way_back(start: usize, last: &Edge, came: &BTreeMap<usize, &Edge>) -> Vec<Edge> {
    let mut way = vec![last.clone()];
    let mut at = last.from;
    while at != start {
        let Some(edge) = came.get(&at) else { break };
        way.push((*edge).clone());
        at = edge.from;
    }
    way.reverse();
    way
}
