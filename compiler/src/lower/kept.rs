//! What a workflow's body keeps in fixed registers: what its steps and exits read of
//! the event that started the run, of events that it waited for, and of results.
//!
//! It must not know how a step is coded.

use std::collections::BTreeSet;

use super::source::{Maker, Source, Sources, outside};
use crate::hir::{Act, Exit, Expr, How, Step, StepKind, Workflow};

/// Whose contact and whole event a condition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of the event that started the run.
    Run,
    /// Those of the event at hand.
    Event,
}

/// What a workflow's body keeps.
pub(super) struct Kept {
    /// All of it.
    pub(super) sources: Sources,
    /// What some step reads although a run may get there without the step that makes it.
    pub(super) unset: BTreeSet<Source>,
    /// Fields of waits that some step reads although a run may get there when the time is up.
    pub(super) beyond: BTreeSet<Source>,
}

/// What lies behind a step.
#[derive(Debug, Clone, Default)]
struct Behind {
    /// Every run that gets there has been there.
    passed: BTreeSet<Maker>,
    /// For every run that gets there, the event of the wait came.
    came: BTreeSet<Maker>,
}

impl Kept {
    /// What the workflow's steps and exits read.
    pub(super) fn of(workflow: &Workflow) -> Self {
        let mut kept = Self { sources: Sources::new(), unset: BTreeSet::new(), beyond: BTreeSet::new() };
        let mut behind = Behind::default();
        for exit in &workflow.exits {
            match exit {
                Exit::When(condition) => kept.expr(condition, Whose::Run, &behind),
                Exit::On { condition, .. } => {
                    condition.iter().for_each(|condition| kept.expr(condition, Whose::Event, &behind));
                }
            }
        }
        kept.steps(&workflow.steps, &mut behind);
        kept
    }

    fn expr(&mut self, expr: &Expr, whose: Whose, behind: &Behind) {
        for (source, ty) in outside(expr, whose) {
            if matches!(source, Source::Param(_) | Source::Var(_)) {
                continue;
            }
            if let Some(maker) = source.maker() {
                if !behind.passed.contains(&maker) {
                    self.unset.insert(source.clone());
                }
                if matches!(maker, Maker::Wait(_)) && !behind.came.contains(&maker) {
                    self.beyond.insert(source.clone());
                }
            }
            self.sources.entry(source).or_insert(ty);
        }
    }

    fn steps(&mut self, steps: &[Step], behind: &mut Behind) {
        for step in steps {
            self.step(step, behind);
        }
    }

    fn step(&mut self, step: &Step, behind: &mut Behind) {
        match &step.kind {
            StepKind::Do { act, condition, bind, how } => {
                condition.iter().for_each(|condition| self.expr(condition, Whose::Run, behind));
                self.act(act, behind);
                self.how(how, behind);
                behind.passed.extend(bind.map(Maker::Let));
            }
            StepKind::WaitFor(length) => self.expr(length, Whose::Run, behind),
            StepKind::WaitUntil(moment) => self.expr(moment, Whose::Run, behind),
            StepKind::WaitEvent { id, condition, up_to, then, otherwise, .. } => {
                condition.iter().for_each(|condition| self.expr(condition, Whose::Event, behind));
                self.expr(up_to, Whose::Run, behind);
                behind.passed.insert(Maker::Wait(*id));
                let mut came = behind.clone();
                came.came.insert(Maker::Wait(*id));
                self.steps(then, &mut came);
                self.steps(otherwise, &mut behind.clone());
            }
            StepKind::If { branches, otherwise } => {
                for (_, condition, steps) in branches {
                    self.expr(condition, Whose::Run, behind);
                    self.steps(steps, &mut behind.clone());
                }
                self.steps(otherwise, &mut behind.clone());
            }
            StepKind::Split { arms } => {
                arms.iter().for_each(|(_, _, steps)| self.steps(steps, &mut behind.clone()));
            }
            StepKind::Repeat { until, steps, .. } => match until {
                // There may be no round at all.
                Some(until) => {
                    self.expr(until, Whose::Run, behind);
                    self.steps(steps, &mut behind.clone());
                }
                None => self.steps(steps, behind),
            },
            StepKind::Stop => {}
        }
    }

    fn how(&mut self, how: &How, behind: &Behind) {
        let person = how.draft.as_ref().and_then(|draft| draft.person.as_ref());
        person.into_iter().chain(&how.at).for_each(|it| self.expr(it, Whose::Run, behind));
    }

    fn act(&mut self, act: &Act, behind: &Behind) {
        let mut see = |expr: &Expr| self.expr(expr, Whose::Run, behind);
        match act {
            Act::Effect { arguments, .. } => arguments.iter().for_each(see),
            Act::Set { entity, value, .. } => [entity, value].into_iter().for_each(see),
            Act::Gain { item, .. } | Act::Lose { item, .. } => see(item),
            Act::All(acts) => acts.iter().for_each(|act| self.act(act, behind)),
            Act::AssignInTurn { entity, .. } | Act::Delete(entity) => see(entity),
            Act::Create { fields, .. } => fields.iter().for_each(|(_, value)| see(value)),
            Act::Update { entity, fields } => {
                see(entity);
                fields.iter().for_each(|(_, value)| see(value));
            }
            Act::Start(_) | Act::StopRuns(_) => {}
            Act::Emit { fields, .. } => fields.iter().for_each(|(_, value)| see(value)),
            Act::Task { title, due, remind, assignee, notes, .. } => {
                see(title);
                [due, remind, assignee, notes].into_iter().flatten().for_each(see);
            }
            Act::Note(text) => see(text),
        }
    }
}
