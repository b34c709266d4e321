//! What can be said of a checked program before it runs: conditions that can never or must
//! always hold, branches and steps that are never reached, rules that set each other off,
//! messages that come too close together.
//!
//! It reads the typed program only. It must not know syntax trees or bytecode's code.

mod branch;
mod claim;
mod cycle;
mod link;
mod often;
mod place;
mod sends;
mod solve;

use std::collections::BTreeMap;

use crate::config;
use crate::diagnostic::{FileId, Span};
use crate::hir::{Hir, Step, StepKind};
use crate::links::Link;
use crate::report::Report;

/// Everything that the analyses share.
pub(crate) struct Analysis<'a> {
    hir: &'a Hir,
    /// About how often an event comes to one contact in thirty days.
    frequency: &'a BTreeMap<String, u32>,
    /// The source's words at a place.
    words: &'a dyn Fn(Span) -> String,
    report: &'a mut Report,
}

/// How often events of the catalogue come.
const FREQUENCY: &str = include_str!("../std/frequency.toml");

/// Looks at a whole program. `frequency` is how often events come by what the project has seen.
pub(crate) fn analyse(
    hir: &Hir,
    frequency: &BTreeMap<String, u32>,
    words: &dyn Fn(Span) -> String,
    report: &mut Report,
) {
    let mut often = config::read(FileId(0), FREQUENCY, &mut Report::default()).frequency;
    often.extend(frequency.clone());
    let mut analysis = Analysis { hir, frequency: &often, words, report };
    analysis.conditions();
    analysis.cycles();
    analysis.double_sends();
    analysis.frequent_sends();
}

/// Which workflow may set off which.
pub(crate) fn links(hir: &Hir) -> Vec<Link> {
    let (frequency, words) = (BTreeMap::new(), |_: Span| String::new());
    let mut report = Report::default();
    let analysis = Analysis { hir, frequency: &frequency, words: &words, report: &mut report };
    let mut found = Vec::new();
    for workflow in hir.workflows.values() {
        for deed in link::deeds(workflow) {
            let heard = hir.workflows.values().filter(|it| analysis.may_start(&deed.what, it));
            found.extend(heard.map(|other| Link {
                from: workflow.name.clone(),
                to: other.name.clone(),
                deed: deed.what.words(),
                span: deed.span,
            }));
        }
    }
    found
}

/// The lists of steps inside a step.
fn inner(step: &Step) -> Vec<&[Step]> {
    match &step.kind {
        StepKind::WaitEvent { then, otherwise, .. } => vec![then, otherwise],
        StepKind::If { branches, otherwise } => {
            branches.iter().map(|(_, _, steps)| &**steps).chain([&**otherwise]).collect()
        }
        StepKind::Split { arms } => arms.iter().map(|(_, _, steps)| &**steps).collect(),
        StepKind::Repeat { steps, .. } => vec![steps],
        StepKind::Do { .. } | StepKind::WaitFor(_) | StepKind::WaitUntil(_) | StepKind::Stop => Vec::new(),
    }
}

/// All steps, inner ones after the one that they stand in.
fn all<'s>(steps: &'s [Step], found: &mut Vec<&'s Step>) {
    for step in steps {
        found.push(step);
        for steps in inner(step) {
            all(steps, found);
        }
    }
}
