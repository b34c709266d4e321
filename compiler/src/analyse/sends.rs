//! Two workflows that send to the same person within a day.

use std::collections::{BTreeMap, BTreeSet};

use onward_bytecode::{Length, Stage};

use super::Analysis;
use super::solve::{Cases, both, cases, is_never, model, possible};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Act, EventScope, Expr, ExprKind, Step, StepKind, Trigger, TriggerKind, Workflow};

/// A day, in milliseconds.
const DAY: i128 = 86_400_000;

/// With so many workflows that the same fact starts is each compared.
const MOST: usize = 100;

/// A workflow that sends.
struct Sender<'h> {
    workflow: &'h Workflow,
    /// Its messages at known times.
    sends: Vec<Send>,
    /// When each of its triggers starts it.
    starts: Vec<Cases>,
}

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
    /// Warns of each workflow that one fact starts together with another, and that both send
    /// within a day.
    pub(super) fn double_sends(&mut self) {
        let hir = self.hir;
        let senders: Vec<Sender<'_>> =
            hir.workflows.values().filter(|it| is_marketing(it)).filter_map(|it| self.sender(it)).collect();
        let mut before: BTreeMap<(&str, &str), Vec<&Sender<'_>>> = BTreeMap::new();
        for second in &senders {
            let facts: BTreeSet<_> =
                second.workflow.triggers.iter().filter_map(|it| fact(&it.kind)).collect();
            let others = facts.iter().flat_map(|it| before.get(it).into_iter().flatten().take(MOST));
            let met = others.filter(|it| it.workflow.subject == second.workflow.subject).find_map(|first| {
                let near = near(first, second)?;
                Some((*first, near, meet(first, second)?))
            });
            if let Some((first, near, together)) = met {
                self.tell_double(first, second, near, &together);
            }
            facts.into_iter().for_each(|it| before.entry(it).or_default().push(second));
        }
    }

    /// What a workflow sends at known times, and when it starts; none if it sends nothing so.
    fn sender<'h>(&self, workflow: &'h Workflow) -> Option<Sender<'h>> {
        let mut sends = self.sends(workflow);
        sends.retain(|it| it.latest.is_some());
        let starts = workflow.triggers.iter().map(started).collect();
        (!sends.is_empty()).then_some(Sender { workflow, sends, starts })
    }

    fn tell_double(
        &mut self,
        first: &Sender<'_>,
        second: &Sender<'_>,
        (a, b): (&Send, &Send),
        together: &Cases,
    ) {
        let message = format!(
            "one person can get two messages within a day: {} from `{}` and {} from `{}`",
            a.what, first.workflow.name, b.what, second.workflow.name
        );
        let who = possible(together).and_then(|it| it.into_iter().next()).map(|it| model(&it, self.words));
        let who = who.filter(|it| !it.is_empty()).map(|it| format!("for example with {}", it.join(" and ")));
        self.report.push(
            Diagnostic::warning(codes::TWO_SENDS, b.span, message)
                .label(who.unwrap_or_default())
                .also(a.span, format!("`{}` sends here", first.workflow.name))
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

    /// Whether a message goes to whom the workflow runs for, and not to a colleague.
    fn reaches_subject(&self, action: &str, arguments: &[Expr]) -> bool {
        let Some(action) = self.hir.actions.get(action).filter(|it| it.channel.is_some()) else {
            return false;
        };
        let to = action.params.iter().position(|it| &*it.name == "to").and_then(|place| arguments.get(place));
        to.is_none_or(|to| to.any(&|it| matches!(it.kind, ExprKind::Subject | ExprKind::Contact)))
    }

    fn step_at(&self, step: &Step, at: Elapsed, found: &mut Vec<Send>) -> Elapsed {
        match &step.kind {
            StepKind::Do { act: Act::Effect { action, arguments }, how, .. } => {
                if self.reaches_subject(action, arguments) {
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

fn is_marketing(workflow: &Workflow) -> bool {
    workflow.stage == Stage::Live && workflow.topic.as_deref() != Some("transactional")
}

/// The first messages of two workflows that go out within a day.
fn near<'s>(first: &'s Sender<'_>, second: &'s Sender<'_>) -> Option<(&'s Send, &'s Send)> {
    first.sends.iter().find_map(|a| second.sends.iter().find(|b| within_a_day(a, b)).map(|b| (a, b)))
}

/// The sort of fact that a trigger waits for, if two workflows can wait for the same one.
fn fact(kind: &TriggerKind) -> Option<(&'static str, &str)> {
    match kind {
        TriggerKind::Event(name) => Some(("event", name)),
        TriggerKind::Enters(segment) => Some(("enters", segment)),
        TriggerKind::Leaves(segment) => Some(("leaves", segment)),
        TriggerKind::Created => Some(("created", "")),
        TriggerKind::Deleted => Some(("deleted", "")),
        TriggerKind::Moved { attribute, .. } => Some(("moved", &attribute.name)),
        _ => None,
    }
}

/// The cases in which one fact starts both, if there are any.
fn meet(first: &Sender<'_>, second: &Sender<'_>) -> Option<Cases> {
    let triggers = |it: &Sender<'_>| it.workflow.triggers.len();
    (0..triggers(first)).flat_map(|a| (0..triggers(second)).map(move |b| (a, b))).find_map(|(a, b)| {
        let kinds = (&first.workflow.triggers.get(a)?.kind, &second.workflow.triggers.get(b)?.kind);
        let together = same_fact(kinds.0, kinds.1).then(|| both_start(first, a, second, b))??;
        (!is_never(&together)).then_some(together)
    })
}

fn both_start(first: &Sender<'_>, a: usize, second: &Sender<'_>, b: usize) -> Option<Cases> {
    Some(both(first.starts.get(a)?, second.starts.get(b)?))
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

/// The cases in which a trigger starts a run.
fn started(trigger: &Trigger) -> Cases {
    match &trigger.condition {
        Some(condition) => cases(condition, true, EventScope::Trigger),
        None => Some(vec![Vec::new()]),
    }
}
