//! Rules with one thing wrong on purpose: whether any test notices.

use onward_bytecode::SourceFile;
use onward_compiler::diagnostic::Span;
use onward_compiler::hir::{Exit, Expr, ExprKind, Hir, Step, StepKind, Workflow};
use serde::Serialize;

use super::{Bench, Choice};

/// A change on purpose, and who noticed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Mutant {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// What was changed, as an order: `negate …`, `drop …`.
    pub(crate) change: String,
    /// The tests that failed.
    pub(crate) noticed_by: Vec<String>,
}

/// Where to change something: the workflow, and which of its conditions or steps.
#[derive(Debug, Clone, Copy)]
enum Change {
    Negate(usize),
    Drop(usize),
}

/// Negates each condition and drops each step, one at a time, and plays the tests. `told` is
/// called after each with how many there are.
pub(crate) fn all(
    hir: &Hir,
    sources: &[SourceFile],
    root: &std::path::Path,
    choice: &Choice,
    mut told: impl FnMut(usize, usize),
) -> Vec<Mutant> {
    let changes: Vec<(String, Change, Span)> = hir.workflows.values().flat_map(changes).collect();
    let mut mutants = Vec::new();
    for (done, (workflow, change, span)) in changes.iter().enumerate() {
        let mut changed = hir.clone();
        if let Some(workflow) = changed.workflows.get_mut(workflow.as_str()) {
            apply(workflow, *change);
        }
        // What cannot be compiled needs no test to be noticed.
        if let Ok(bench) = Bench::of(&changed, sources, root) {
            let outcomes = bench.play(choice, None);
            let failed = outcomes.into_iter().filter(|it| it.trouble.is_some());
            mutants.push(mutant(sources, *span, *change, failed.map(|it| it.name.to_string()).collect()));
        }
        told(done + 1, changes.len());
    }
    mutants
}

fn mutant(sources: &[SourceFile], span: Span, change: Change, noticed_by: Vec<String>) -> Mutant {
    let source = sources.get(span.file.0 as usize);
    let text = source.map(|it| &*it.text).unwrap_or_default();
    let line = text.get(..span.range().start).unwrap_or_default().matches('\n').count() + 1;
    let words = text.get(span.range()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let verb = match change {
        Change::Negate(_) => "negate",
        Change::Drop(_) => "drop",
    };
    let file = source.map(|it| it.path.to_string()).unwrap_or_default();
    Mutant { file, line, change: format!("{verb} `{words}`"), noticed_by }
}

/// Everything that can be changed in a workflow.
fn changes(workflow: &Workflow) -> Vec<(String, Change, Span)> {
    let mut copy = workflow.clone();
    let mut found = Vec::new();
    let mut number = 0;
    conditions(&mut copy, &mut |condition| {
        found.push((workflow.name.to_string(), Change::Negate(number), condition.span));
        number += 1;
    });
    let mut spans = Vec::new();
    droppable(&workflow.steps, &mut spans);
    let drops = spans.into_iter().enumerate();
    found.extend(drops.map(|(place, span)| (workflow.name.to_string(), Change::Drop(place), span)));
    found
}

fn apply(workflow: &mut Workflow, change: Change) {
    let mut number = 0;
    match change {
        Change::Negate(wanted) => conditions(workflow, &mut |condition| {
            if number == wanted {
                let inner = condition.clone();
                condition.kind = ExprKind::Not(Box::new(inner));
            }
            number += 1;
        }),
        Change::Drop(wanted) => {
            drop_step(&mut workflow.steps, wanted, &mut number);
        }
    }
}

/// Every condition of a workflow, always in the same order.
fn conditions(workflow: &mut Workflow, look: &mut dyn FnMut(&mut Expr)) {
    workflow.triggers.iter_mut().filter_map(|it| it.condition.as_mut()).for_each(&mut *look);
    for exit in &mut workflow.exits {
        match exit {
            Exit::When(condition) => look(condition),
            Exit::On { condition, .. } => condition.iter_mut().for_each(&mut *look),
        }
    }
    in_steps(&mut workflow.steps, look);
}

fn in_steps(steps: &mut [Step], look: &mut dyn FnMut(&mut Expr)) {
    for step in steps {
        match &mut step.kind {
            StepKind::Do { condition, .. } => condition.iter_mut().for_each(&mut *look),
            StepKind::WaitEvent { condition, then, otherwise, .. } => {
                condition.iter_mut().for_each(&mut *look);
                in_steps(then, look);
                in_steps(otherwise, look);
            }
            StepKind::If { branches, otherwise } => {
                for (_, condition, steps) in branches {
                    look(condition);
                    in_steps(steps, look);
                }
                in_steps(otherwise, look);
            }
            StepKind::Split { arms } => arms.iter_mut().for_each(|(_, _, steps)| in_steps(steps, look)),
            StepKind::Repeat { until, steps, .. } => {
                until.iter_mut().for_each(&mut *look);
                in_steps(steps, look);
            }
            StepKind::WaitFor(_) | StepKind::WaitUntil(_) | StepKind::Stop => {}
        }
    }
}

/// Whether a step can be left out; what it gives may be read by later ones.
fn can_go(step: &Step) -> bool {
    match &step.kind {
        StepKind::Do { bind, .. } => bind.is_none(),
        StepKind::WaitFor(_) | StepKind::WaitUntil(_) | StepKind::Stop => true,
        _ => false,
    }
}

fn inner(step: &Step) -> Vec<&[Step]> {
    match &step.kind {
        StepKind::WaitEvent { then, otherwise, .. } => vec![then, otherwise],
        StepKind::If { branches, otherwise } => {
            branches.iter().map(|(_, _, steps)| &**steps).chain([&**otherwise]).collect()
        }
        StepKind::Split { arms } => arms.iter().map(|(_, _, steps)| &**steps).collect(),
        StepKind::Repeat { steps, .. } => vec![steps],
        _ => Vec::new(),
    }
}

fn droppable(steps: &[Step], found: &mut Vec<Span>) {
    for step in steps {
        if can_go(step) {
            found.push(step.span);
        }
        inner(step).into_iter().for_each(|steps| droppable(steps, found));
    }
}

/// Takes out the droppable step with this number. Whether it was here.
fn drop_step(steps: &mut Vec<Step>, wanted: usize, number: &mut usize) -> bool {
    let mut place = 0;
    while let Some(step) = steps.get_mut(place) {
        if can_go(step) {
            if *number == wanted {
                steps.remove(place);
                return true;
            }
            *number += 1;
        }
        let lists: Vec<&mut Vec<Step>> = match &mut step.kind {
            StepKind::WaitEvent { then, otherwise, .. } => vec![then, otherwise],
            StepKind::If { branches, otherwise } => {
                branches.iter_mut().map(|(_, _, steps)| steps).chain([otherwise]).collect()
            }
            StepKind::Split { arms } => arms.iter_mut().map(|(_, _, steps)| steps).collect(),
            StepKind::Repeat { steps, .. } => vec![steps],
            _ => Vec::new(),
        };
        for list in lists {
            if drop_step(list, wanted, number) {
                return true;
            }
        }
        place += 1;
    }
    false
}
