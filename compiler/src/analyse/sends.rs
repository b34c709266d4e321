//! Two workflows that send to the same person within a day.

use onward_bytecode::{Length, Stage};

use super::Analysis;
use super::solve::{Cases, both, cases, is_never, model, possible};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Act, EventScope, Expr, ExprKind, Step, StepKind, Trigger, TriggerKind, Workflow};

/// A day, in milliseconds.
const DAY: i128 = 86_400_000;

/// A message, and how long after the start it goes out.
struct Send {
    what: String,
    span: Span,
    /// At the earliest, in milliseconds.
    earliest: i128,
    /// At the latest; none if nobody knows.
    latest: Option<i128>,
}

/// How long after the start steps are done.
#[derive(Clone, Copy)]
struct Elapsed {
    earliest: i128,
    latest: Option<i128>,
}

impl Elapsed {
    fn later(self, least: i128, most: Option<i128>) -> Self {
        let latest = self.latest.zip(most).map(|(latest, most)| latest + most);
        Self { earliest: self.earliest + least, latest }
    }

    fn either(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.min(other.earliest),
            latest: self.latest.zip(other.latest).map(|(a, b)| a.max(b)),
        }
    }
}

impl Analysis<'_> {
    /// Warns of each pair of workflows that one fact starts and that both send within a day.
    pub(super) fn double_sends(&mut self) {
        let hir = self.hir;
        let workflows: Vec<&Workflow> = hir.workflows.values().filter(|it| self.is_marketing(it)).collect();
        for (at, first) in workflows.iter().enumerate() {
            for second in workflows.iter().skip(at + 1) {
                if first.subject == second.subject
                    && let Some(together) = meet(first, second)
                {
                    self.compare(first, second, &together);
                }
            }
        }
    }

    fn is_marketing(&self, workflow: &Workflow) -> bool {
        workflow.stage == Stage::Live && workflow.topic.as_deref() != Some("transactional")
    }

    fn compare(&mut self, first: &Workflow, second: &Workflow, together: &Cases) {
        let (mine, theirs) = (self.sends(first), self.sends(second));
        let near = mine.iter().find_map(|a| theirs.iter().find(|b| within_a_day(a, b)).map(|b| (a, b)));
        let Some((a, b)) = near else { return };
        let message = format!(
            "one person can get two messages within a day: {} from `{}` and {} from `{}`",
            a.what, first.name, b.what, second.name
        );
        let who = possible(together).and_then(|it| it.into_iter().next()).map(|it| model(&it, self.words));
        let who = who.filter(|it| !it.is_empty()).map(|it| format!("for example with {}", it.join(" and ")));
        self.report.push(
            Diagnostic::warning(codes::TWO_SENDS, b.span, message)
                .label(who.unwrap_or_default())
                .also(a.span, format!("`{}` sends here", first.name))
                .help("let one of them `wait`, make their conditions exclude each other, or cap messages in the `policy`"),
        );
    }

    /// The messages of a workflow to its subject.
    pub(super) fn sends_of(&self, workflow: &Workflow) -> Option<(String, Span)> {
        self.sends(workflow).into_iter().next().map(|it| (it.what, it.span))
    }

    fn sends(&self, workflow: &Workflow) -> Vec<Send> {
        let mut found = Vec::new();
        self.walk(&workflow.steps, Elapsed { earliest: 0, latest: Some(0) }, &mut found);
        found
    }

    fn walk(&self, steps: &[Step], mut at: Elapsed, found: &mut Vec<Send>) -> Elapsed {
        for step in steps {
            at = self.step_at(step, at, found);
        }
        at
    }

    fn step_at(&self, step: &Step, at: Elapsed, found: &mut Vec<Send>) -> Elapsed {
        match &step.kind {
            StepKind::Do { act: Act::Effect { action, .. }, how, .. } => {
                let channel = self.hir.actions.get(action).and_then(|it| it.channel.as_ref());
                if channel.is_some() {
                    let latest = at.latest.filter(|_| how.at.is_none() && how.draft.is_none());
                    let what = format!("`{}`", step.name);
                    found.push(Send { what, span: step.span, earliest: at.earliest, latest });
                }
                at
            }
            StepKind::Do { .. } | StepKind::Stop => at,
            StepKind::WaitFor(length) => match constant(length) {
                Some(length) => at.later(length, Some(length)),
                None => at.later(0, None),
            },
            StepKind::WaitUntil(_) => at.later(0, None),
            StepKind::WaitEvent { up_to, then, otherwise, .. } => {
                let most = constant(up_to);
                let came = self.walk(then, at.later(0, most), found);
                let not = self.walk(otherwise, at.later(most.unwrap_or(0), most), found);
                came.either(not)
            }
            StepKind::If { branches, otherwise } => {
                let other = self.walk(otherwise, at, found);
                branches.iter().fold(other, |all, (_, _, steps)| all.either(self.walk(steps, at, found)))
            }
            StepKind::Split { arms } => {
                arms.iter().fold(at, |all, (_, _, steps)| all.either(self.walk(steps, at, found)))
            }
            StepKind::Repeat { times, every, steps, .. } => {
                let once = self.walk(steps, at, found);
                let pause = every.map_or(0, Length::nominal_millis);
                let round = once.latest.zip(at.latest).map(|(after, before)| after - before + pause);
                let rest = round.map(|round| round * (i128::from(*times) - 1));
                Elapsed { earliest: at.earliest, latest: once.latest.zip(rest).map(|(a, b)| a + b) }
            }
        }
    }
}

/// Whether two messages are sure to go out within a day if both do.
fn within_a_day(a: &Send, b: &Send) -> bool {
    let (Some(a_latest), Some(b_latest)) = (a.latest, b.latest) else { return false };
    (a_latest - b.earliest).max(b_latest - a.earliest) < DAY
}

fn constant(length: &Expr) -> Option<i128> {
    match &length.kind {
        ExprKind::Constant(onward_bytecode::Constant::Duration(length)) => Some(length.nominal_millis()),
        _ => None,
    }
}

/// The cases in which one fact starts both, if there are any.
fn meet(first: &Workflow, second: &Workflow) -> Option<Cases> {
    first.triggers.iter().find_map(|a| {
        let others = second.triggers.iter().filter(|b| same_fact(&a.kind, &b.kind));
        others.map(|b| together(a, b)).find(|cases| !is_never(cases))
    })
}

fn same_fact(a: &TriggerKind, b: &TriggerKind) -> bool {
    match (a, b) {
        (TriggerKind::Event(a), TriggerKind::Event(b))
        | (TriggerKind::Enters(a), TriggerKind::Enters(b))
        | (TriggerKind::Leaves(a), TriggerKind::Leaves(b)) => a == b,
        (TriggerKind::Created, TriggerKind::Created) | (TriggerKind::Deleted, TriggerKind::Deleted) => true,
        (
            TriggerKind::Moved { attribute: a, to: x, from: f },
            TriggerKind::Moved { attribute: b, to: y, from: g },
        ) => a.name == b.name && agree(x.as_ref(), y.as_ref()) && agree(f.as_ref(), g.as_ref()),
        _ => false,
    }
}

/// Whether two wanted values may be the same.
fn agree(a: Option<&Expr>, b: Option<&Expr>) -> bool {
    let constant = |it: Option<&Expr>| match it.map(|it| &it.kind) {
        Some(ExprKind::Constant(value)) => Some(value.clone()),
        _ => None,
    };
    match (constant(a), constant(b)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    }
}

fn together(a: &Trigger, b: &Trigger) -> Cases {
    let asked = |it: &Trigger| match &it.condition {
        Some(condition) => cases(condition, true, EventScope::Trigger),
        None => Some(vec![Vec::new()]),
    };
    both(&asked(a), &asked(b))
}
