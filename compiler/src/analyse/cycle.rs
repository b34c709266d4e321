//! Rules that set each other off.

use std::collections::BTreeSet;

use super::Analysis;
use super::link::{Deed, What, deeds};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hir::{Enrolment, Workflow};
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
        let mut told = BTreeSet::new();
        for start in 0..workflows.len() {
            if told.contains(&start) {
                continue;
            }
            if let Some(ring) = ring(start, &edges) {
                told.extend(ring.iter().map(|it| it.from));
                self.tell(&workflows, &ring);
            }
        }
    }

    fn edges(&self, workflows: &[&Workflow]) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (from, workflow) in workflows.iter().enumerate() {
            for deed in deeds(workflow) {
                for (to, other) in workflows.iter().enumerate() {
                    if self.may_start(&deed.what, other) {
                        edges.push(Edge { from, to, deed: deed.clone() });
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
fn ring(start: usize, edges: &[Edge]) -> Option<Vec<Edge>> {
    let mut seen = BTreeSet::new();
    let mut ways: Vec<Vec<Edge>> =
        edges.iter().filter(|edge| edge.from == start).map(|edge| vec![edge.clone()]).collect();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let Some(last) = way.last() else { continue };
            if last.to == start {
                return Some(way);
            }
            if !seen.insert(last.to) {
                continue;
            }
            for edge in edges.iter().filter(|edge| edge.from == last.to) {
                longer.push(way.iter().cloned().chain([edge.clone()]).collect());
            }
        }
        ways = longer;
    }
    None
}
