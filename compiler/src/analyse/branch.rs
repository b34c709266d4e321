//! Conditions that can never or must always hold, and what is never reached because of them.
//!
//! What a trigger, a branch or an earlier condition has settled is known at the steps
//! behind it, until the run rests or changes something; what it says of an event stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Analysis;
use super::claim::Claim;
use super::place::is_fixed;
use super::solve::{Case, Cases, Conflict, both, cases, conflict, either, is_never, model, possible};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Act, EventScope, Exit, Expr, ExprKind, Hir, SourceItem, Step, StepKind, Trigger, Workflow};

impl Analysis<'_> {
    /// Looks at every condition of the program.
    pub(super) fn conditions(&mut self) {
        let hir = self.hir;
        for segment in hir.segments.values() {
            self.alone(&segment.predicate, EventScope::Current);
        }
        for source in hir.sources.values() {
            self.source(&source.items);
        }
        let called = called(hir);
        for workflow in hir.workflows.values() {
            self.workflow(workflow, called.contains(&workflow.name));
        }
    }

    fn source(&mut self, items: &[SourceItem]) {
        for item in items {
            match item {
                SourceItem::When { condition, then, otherwise } => {
                    self.alone(condition, EventScope::Current);
                    self.source(then);
                    self.source(otherwise);
                }
                SourceItem::Each { items, .. } => self.source(items),
                SourceItem::Entity { .. } | SourceItem::Event { .. } | SourceItem::Answer(_) => {}
            }
        }
    }

    /// Looks at a workflow; if it is `called` by others, it starts without a trigger too.
    fn workflow(&mut self, workflow: &Workflow, called: bool) {
        let triggers = workflow.triggers.iter().filter_map(|it| it.condition.as_ref());
        let goal = workflow.goal.iter().filter_map(|it| it.condition.as_ref());
        for condition in triggers.chain(goal) {
            self.alone(condition, EventScope::Trigger);
        }
        let mut start: Cases = Some(Vec::new());
        for trigger in &workflow.triggers {
            start = either(start, started(trigger));
        }
        // Without triggers, after a mistake too, nobody knows who starts it.
        let start = if called || workflow.triggers.is_empty() { None } else { possible(&start) };
        for exit in &workflow.exits {
            self.exit(exit, &start);
        }
        self.steps(&workflow.steps, start);
    }

    fn exit(&mut self, exit: &Exit, start: &Cases) {
        match exit {
            Exit::When(condition) => {
                let stays = cases(condition, false, EventScope::Trigger);
                if self.alone(condition, EventScope::Trigger)
                    && is_never(&both(start, &stays))
                    && start.as_ref().is_some_and(|it| !it.is_empty())
                {
                    let message = "every run ends before its first step: this holds for whoever starts it";
                    self.report.push(
                        Diagnostic::error(codes::ENDS_AT_ONCE, condition.span, message)
                            .help("change the trigger's condition, or ask here for what comes true later"),
                    );
                }
            }
            Exit::On { condition, .. } => {
                if let Some(condition) = condition {
                    self.alone(condition, EventScope::Current);
                }
            }
        }
    }

    /// Looks at steps where one of `known` holds. Answers what is known behind them.
    fn steps(&mut self, steps: &[Step], mut known: Cases) -> Cases {
        for step in steps {
            known = self.step(step, known);
        }
        known
    }

    fn step(&mut self, step: &Step, known: Cases) -> Cases {
        match &step.kind {
            StepKind::Do { condition, .. } => {
                if let Some(condition) = condition {
                    self.here(condition, &known);
                }
                lasting(&known)
            }
            StepKind::WaitFor(_) | StepKind::WaitUntil(_) => lasting(&known),
            StepKind::WaitEvent { condition, then, otherwise, .. } => {
                if let Some(condition) = condition {
                    self.alone(condition, EventScope::Current);
                }
                self.steps(then, lasting(&known));
                self.steps(otherwise, lasting(&known));
                lasting(&known)
            }
            StepKind::If { branches, otherwise } => self.branches(branches, otherwise, known),
            StepKind::Split { arms } => {
                for (_, _, steps) in arms {
                    self.steps(steps, known.clone());
                }
                lasting(&known)
            }
            StepKind::Repeat { until, steps, .. } => {
                if let Some(until) = until {
                    self.alone(until, EventScope::Trigger);
                }
                self.steps(steps, lasting(&known));
                lasting(&known)
            }
            StepKind::Stop => known,
        }
    }

    fn branches(
        &mut self,
        branches: &[(std::sync::Arc<str>, Expr, Vec<Step>)],
        otherwise: &[Step],
        known: Cases,
    ) -> Cases {
        let mut left = known.clone();
        for (place, (_, condition, steps)) in branches.iter().enumerate() {
            let holds = cases(condition, true, EventScope::Trigger);
            let taken = possible(&both(&left, &holds));
            let sound = if place == 0 {
                self.here(condition, &known)
            } else {
                self.alone(condition, EventScope::Trigger)
                    && self.reached(condition, &known, &left, branches.get(..place).unwrap_or_default())
            };
            self.steps(steps, if sound { taken } else { None });
            left = possible(&both(&left, &cases(condition, false, EventScope::Trigger)));
        }
        if let (Some(first), true) = (otherwise.first(), left.as_ref().is_some_and(Vec::is_empty)) {
            self.never_else(first.span, branches);
        }
        self.steps(otherwise, left);
        lasting(&known)
    }

    fn never_else(&mut self, span: Span, branches: &[(std::sync::Arc<str>, Expr, Vec<Step>)]) {
        let mut diagnostic = Diagnostic::error(
            codes::SHADOWED,
            span,
            "this step is never reached: some branch above always holds",
        )
        .help("remove the `else`, or change a condition above it");
        for (_, condition, _) in branches {
            diagnostic = diagnostic.also(condition.span, "holds for one part of those who come here");
        }
        self.report.push(diagnostic);
    }

    /// Whether a later branch is ever taken, and not always; says so if it is not.
    fn reached(
        &mut self,
        condition: &Expr,
        known: &Cases,
        left: &Cases,
        earlier: &[(std::sync::Arc<str>, Expr, Vec<Step>)],
    ) -> bool {
        let holds = cases(condition, true, EventScope::Trigger);
        if is_never(&both(known, &holds)) {
            return self.against_known(condition, known, &holds);
        }
        if !is_never(&both(left, &holds)) {
            return true;
        }
        let message = "this branch is never taken: a branch above takes everybody for whom it holds";
        let mut diagnostic = Diagnostic::error(codes::SHADOWED, condition.span, message)
            .help("put the narrower condition first, or remove this branch");
        for (_, above, _) in earlier {
            diagnostic = diagnostic.also(above.span, "is asked first");
        }
        if let Some(example) = self.example(&holds) {
            diagnostic = diagnostic.label(format!("{example} went there already"));
        }
        self.report.push(diagnostic);
        false
    }

    /// Looks at a condition where one of `known` holds. Whether it can turn out either way.
    fn here(&mut self, condition: &Expr, known: &Cases) -> bool {
        if !self.alone(condition, EventScope::Trigger) {
            return false;
        }
        let holds = cases(condition, true, EventScope::Trigger);
        if is_never(&both(known, &holds)) {
            return self.against_known(condition, known, &holds);
        }
        let fails = cases(condition, false, EventScope::Trigger);
        if known.as_ref().is_some_and(|it| !it.is_empty()) && is_never(&both(known, &fails)) {
            let mut diagnostic =
                Diagnostic::error(codes::CONSTANT_CONDITION, condition.span, "this always holds here")
                    .help("remove the condition");
            if let Some(conflict) = clash(known, &fails) {
                diagnostic = diagnostic.also(conflict.first.span, "who comes here has passed this");
            }
            self.report.push(diagnostic);
            return false;
        }
        true
    }

    fn against_known(&mut self, condition: &Expr, known: &Cases, holds: &Cases) -> bool {
        if known.as_ref().is_none_or(Vec::is_empty) {
            return true;
        }
        let Some(conflict) = clash(known, holds) else { return true };
        let name = (self.words)(conflict.first.shown);
        let message = format!("this never holds here: `{name}` was asked before, and says otherwise");
        self.report.push(
            Diagnostic::error(codes::CONSTANT_CONDITION, condition.span, message)
                .also(conflict.first.span, "who comes here has passed this")
                .help("change one of the two conditions, or remove what can never happen"),
        );
        false
    }

    /// Looks at a condition by itself. Whether it can turn out either way.
    fn alone(&mut self, condition: &Expr, scope: EventScope) -> bool {
        let holds = cases(condition, true, scope);
        if is_never(&holds) {
            self.never(condition, &holds);
            return false;
        }
        let fails = cases(condition, false, scope);
        if is_never(&fails) {
            let message = "this condition always holds";
            let mut diagnostic = Diagnostic::error(codes::CONSTANT_CONDITION, condition.span, message)
                .help("remove it, or write `and` where each part has to hold");
            if let Some(conflict) = fails.iter().flatten().find_map(conflict) {
                let [first, second] = [conflict.first.span, conflict.second.span].map(|it| (self.words)(it));
                diagnostic = diagnostic.label(format!("one of `{}` and `{}` is always true", first, second));
            }
            self.report.push(diagnostic);
            return false;
        }
        self.parts(condition, scope)
    }

    /// Looks at the alternatives of a condition that can hold as a whole.
    fn parts(&mut self, condition: &Expr, scope: EventScope) -> bool {
        let ExprKind::Or(a, b) = &condition.kind else { return true };
        [a, b].into_iter().all(|part| {
            let holds = cases(part, true, scope);
            if is_never(&holds) {
                self.never(part, &holds);
                return false;
            }
            self.parts(part, scope)
        })
    }

    fn never(&mut self, condition: &Expr, holds: &Cases) {
        let message = "this condition never holds";
        let help = "write `or` if one part is enough, or change a value";
        let mut diagnostic = Diagnostic::error(codes::CONSTANT_CONDITION, condition.span, message).help(help);
        if let Some(conflict) = holds.iter().flatten().find_map(conflict) {
            let name = (self.words)(conflict.first.shown);
            diagnostic = Diagnostic::error(
                codes::CONSTANT_CONDITION,
                conflict.second.span,
                format!("this never holds together with what is asked of `{name}` before"),
            )
            .also(conflict.first.span, "which has to hold too")
            .help(help);
        }
        self.report.push(diagnostic);
    }

    fn example(&self, cases: &Cases) -> Option<String> {
        let case = possible(cases)?.into_iter().next()?;
        let values = model(&case, self.words);
        (!values.is_empty()).then(|| format!("somebody with {}", values.join(" and ")))
    }
}

/// The cases in which a trigger starts a run.
fn started(trigger: &Trigger) -> Cases {
    match &trigger.condition {
        Some(condition) => cases(condition, true, EventScope::Trigger),
        None => Some(vec![Vec::new()]),
    }
}

/// The first conflict between what is known and what is asked.
fn clash(known: &Cases, asked: &Cases) -> Option<Conflict> {
    both(known, asked)?.iter().find_map(conflict)
}

/// What stays true while a run rests or changes something.
fn lasting(known: &Cases) -> Cases {
    let stays = |case: &Case| case.iter().filter(|it: &&Claim| is_fixed(&it.place)).cloned().collect();
    known.as_ref().map(|it| it.iter().map(stays).collect())
}

/// The workflows that others start.
fn called(hir: &Hir) -> BTreeSet<Arc<str>> {
    let mut found = BTreeSet::new();
    for step in hir.workflows.values().flat_map(|it| &it.steps) {
        step.walk(&mut |step| {
            if let StepKind::Do { act: Act::Start(workflow), .. } = &step.kind {
                found.insert(workflow.clone());
            }
        });
    }
    found
}
