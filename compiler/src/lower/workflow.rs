//! Workflows: triggers, exits, and what a run keeps while it rests.
//!
//! It must not know how a step or an expression is coded.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    CaptureCall, Enrolment, EventDecl, Exit, FunctionId, Live, ResumePoint, Trigger, TriggerKind, WorkflowDecl,
};

use super::Functions;
use super::body::{Body, Rest};
use super::code::Code;
use super::expression::function;
use super::index;
use super::limit::Lowering;
use super::liveness::{Registers, live};
use super::source::{Source, Sources, collect};
use crate::hir::{self, Act, EventScope, Expr, Step, StepKind, WaitId, Workflow};

/// Lowers a workflow. `actions` are the names of the program's actions, sorted.
///
/// # Errors
/// Code that does not fit the machine.
pub(super) fn lower(
    workflow: &Workflow,
    events: &IndexMap<Arc<str>, EventDecl>,
    actions: &[Arc<str>],
    functions: &mut Functions,
) -> Lowering<WorkflowDecl> {
    let mut triggers = triggers(workflow, functions)?;
    let kept = Kept::of(workflow);
    let mut code = Code::with_fixed(functions, workflow.name.clone(), kept.sources)?;
    let exits = exits(workflow, &mut code)?;

    let mut body = Body::new(code, actions, kept.beyond);
    let entries = body.entries(workflow, events, &kept.unset)?;
    for (trigger, entry) in triggers.iter_mut().zip(entries) {
        trigger.entry = entry;
    }
    body.run(workflow)?;

    let points = points(&body, &exits);
    let Body { code, sites, waits, .. } = body;
    let body = code.finish(None);
    Ok(WorkflowDecl {
        name: workflow.name.clone(),
        title: workflow.title.clone(),
        docs: workflow.docs.clone(),
        subject: workflow.subject.clone(),
        triggers,
        stage: workflow.stage,
        entry: None,
        enrolment: match &workflow.enrolment {
            hir::Enrolment::EveryTime => Enrolment::EveryTime,
            hir::Enrolment::Once => Enrolment::Once,
            hir::Enrolment::OncePer(value) => {
                Enrolment::OncePer(function(functions, format!("{}.once per", workflow.name), [], value)?)
            }
            hir::Enrolment::AtMostOncePer(length) => Enrolment::AtMostOncePer(*length),
        },
        goal: None,
        holdout: workflow.holdout,
        window: None,
        topic: workflow.topic.clone(),
        max_age: workflow.max_age,
        overlap: workflow.overlap,
        exits,
        body,
        sites,
        points,
        waits,
    })
}

/// `welcome.where`, `welcome.where 2`: the name of the workflow's function of this sort and place.
pub(super) fn numbered(workflow: &str, sort: &str, place: usize) -> String {
    match place {
        0 => format!("{workflow}.{sort}"),
        place => format!("{workflow}.{sort} {}", place + 1),
    }
}

fn triggers(workflow: &Workflow, functions: &mut Functions) -> Lowering<Vec<Trigger>> {
    let mut triggers = Vec::new();
    for (place, trigger) in workflow.triggers.iter().enumerate() {
        let mut given = |sort: &str, expr: &Option<Expr>| -> Lowering<Option<FunctionId>> {
            let name = numbered(&workflow.name, sort, place);
            expr.as_ref().map(|expr| function(functions, name, [], expr)).transpose()
        };
        let kind = match &trigger.kind {
            hir::TriggerKind::Event(event) => TriggerKind::Event(event.clone()),
            hir::TriggerKind::Created => TriggerKind::Created,
            hir::TriggerKind::Changed => TriggerKind::Changed,
            hir::TriggerKind::Deleted => TriggerKind::Deleted,
            hir::TriggerKind::Moved { attribute, from, to } => TriggerKind::Moved {
                attribute: attribute.name.clone(),
                from: given("from", from)?,
                to: given("to", to)?,
            },
            _ => TriggerKind::Changed,
        };
        let condition = given("where", &trigger.condition)?;
        let index = trigger.condition.as_ref().and_then(|condition| index::key(&trigger.kind, condition));
        triggers.push(Trigger { kind, index, condition, entry: 0 });
    }
    Ok(triggers)
}

fn exits(workflow: &Workflow, code: &mut Code) -> Lowering<Vec<Exit>> {
    let mut exits = Vec::new();
    for (place, exit) in workflow.exits.iter().enumerate() {
        let name = numbered(&workflow.name, "exit", place);
        exits.push(match exit {
            hir::Exit::When(condition) => Exit::When(capture(code, name, condition, Whose::Run)?),
            hir::Exit::On { event, condition, .. } => Exit::On {
                event: event.clone(),
                condition: condition
                    .as_ref()
                    .map(|condition| capture(code, name, condition, Whose::Event))
                    .transpose()?,
            },
        });
    }
    Ok(exits)
}

/// Whose contact and whole event a condition means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of the event that started the run.
    Run,
    /// Those of the event at hand.
    Event,
}

/// A condition as a function of the registers that it reads.
pub(super) fn capture(
    code: &mut Code,
    name: String,
    condition: &Expr,
    whose: Whose,
) -> Lowering<CaptureCall> {
    let mut params = Vec::new();
    let mut registers = Vec::new();
    for source in outside(condition, whose).into_keys() {
        if let Some(slot) = code.env.get(&source) {
            registers.push(slot.register);
            params.push((source, slot.ty.clone()));
        }
    }
    let function = function(code.functions, name, params, condition)?;
    Ok(CaptureCall { function, registers })
}

/// What a condition reads of what the run keeps.
fn outside(condition: &Expr, whose: Whose) -> Sources {
    let mut sources = Sources::new();
    collect(condition, &mut sources);
    sources.retain(|source, _| whose == Whose::Run || !source.is_of_event());
    sources
}

/// Each place where a run rests, with what is needed when it goes on.
fn points(body: &Body, exits: &[Exit]) -> Vec<ResumePoint> {
    let live = live(body.code.words(), &body.waits);
    let mut always = Registers::default();
    for exit in exits {
        if let Exit::When(call) | Exit::On { condition: Some(call), .. } = exit {
            always.extend(call.registers.iter().copied());
        }
    }
    let after = |pc: u32| live.get(pc as usize).copied().unwrap_or_default();
    let point = |(place, rest): (usize, &Rest)| {
        let mut needed = always.union(after(rest.pc));
        for wait in body.waits.iter().filter(|wait| usize::from(wait.point) == place) {
            needed = needed.union(after(wait.otherwise));
            needed.extend(wait.condition.iter().flat_map(|call| call.registers.clone()));
        }
        ResumePoint { name: rest.name.clone(), pc: rest.pc, live: kept(body, needed) }
    };
    body.rests.iter().enumerate().map(point).collect()
}

/// The fixed registers among `needed`, by number.
fn kept(body: &Body, needed: Registers) -> Vec<Live> {
    let mut live: Vec<Live> = body
        .code
        .env
        .iter()
        .filter(|(_, slot)| needed.contains(slot.register))
        .map(|(source, slot)| Live { register: slot.register, name: body.title(source), ty: slot.ty.clone() })
        .collect();
    live.sort_by_key(|live| live.register);
    live
}

/// What a workflow's body keeps in fixed registers.
struct Kept {
    sources: Sources,
    /// Fields of waits that some step reads although a run may get there without that wait.
    unset: BTreeSet<Source>,
    /// Fields of waits that some step reads although a run may get there when the time is up.
    beyond: BTreeSet<Source>,
}

/// Waits behind a step.
#[derive(Debug, Clone, Default)]
struct Behind {
    /// Every run that gets there has been there.
    passed: BTreeSet<WaitId>,
    /// For every run that gets there, the event came.
    came: BTreeSet<WaitId>,
}

impl Kept {
    fn of(workflow: &Workflow) -> Self {
        let mut kept = Self { sources: Sources::new(), unset: BTreeSet::new(), beyond: BTreeSet::new() };
        let mut behind = Behind::default();
        for exit in &workflow.exits {
            match exit {
                hir::Exit::When(condition) => kept.expr(condition, Whose::Run, &behind),
                hir::Exit::On { condition, .. } => {
                    condition.iter().for_each(|condition| kept.expr(condition, Whose::Event, &behind));
                }
            }
        }
        kept.steps(&workflow.steps, &mut behind);
        kept
    }

    fn expr(&mut self, expr: &Expr, whose: Whose, behind: &Behind) {
        for (source, ty) in outside(expr, whose) {
            match &source {
                Source::Param(_) | Source::Var(_) => continue,
                Source::Field(EventScope::Wait(id), _) => {
                    if !behind.passed.contains(id) {
                        self.unset.insert(source.clone());
                    }
                    if !behind.came.contains(id) {
                        self.beyond.insert(source.clone());
                    }
                }
                Source::Field(..) | Source::Contact | Source::Event => {}
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
            StepKind::Do { act, condition, .. } => {
                condition.iter().for_each(|condition| self.expr(condition, Whose::Run, behind));
                arguments(act).for_each(|argument| self.expr(argument, Whose::Run, behind));
            }
            StepKind::WaitFor(length) => self.expr(length, Whose::Run, behind),
            StepKind::WaitUntil(moment) => self.expr(moment, Whose::Run, behind),
            StepKind::WaitEvent { id, condition, up_to, then, otherwise, .. } => {
                condition.iter().for_each(|condition| self.expr(condition, Whose::Event, behind));
                self.expr(up_to, Whose::Run, behind);
                behind.passed.insert(*id);
                let mut came = behind.clone();
                came.came.insert(*id);
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
            StepKind::Stop | StepKind::Split { .. } | StepKind::Repeat { .. } => {}
        }
    }
}

/// The expressions of an action, in the order in which they are computed.
fn arguments(act: &Act) -> Box<dyn Iterator<Item = &Expr> + '_> {
    match act {
        Act::Effect { arguments, .. } => Box::new(arguments.iter()),
        Act::Set { entity, value, .. } => Box::new([entity, value].into_iter()),
        Act::Gain { item: text, .. } | Act::Lose { item: text, .. } | Act::Note(text) => {
            Box::new(std::iter::once(text))
        }
        _ => Box::new(std::iter::empty()),
        Act::Emit { fields, .. } => Box::new(fields.iter().map(|(_, value)| value)),
        Act::Task { title, due, remind, assignee, notes, .. } => {
            Box::new(std::iter::once(title).chain([due, remind, assignee, notes].into_iter().flatten()))
        }
    }
}
