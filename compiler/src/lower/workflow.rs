//! Workflows: triggers, exits, and what a run keeps while it rests.
//!
//! It must not know how a step or an expression is coded.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    Bound, DateTrigger, Enrolment, EventDecl, Exit, FunctionId, Goal, Live, ResumePoint, Schedule, Trigger,
    TriggerKind, Window, WorkflowDecl,
};

use super::Functions;
use super::body::{Body, Rest};
use super::code::Code;
use super::expression::{capture, function};
use super::index;
use super::kept::{Kept, Whose};
use super::limit::Lowering;
use super::liveness::{Registers, live};
use super::policy::window;
use crate::hir::{self, Expr, Workflow};

/// What a workflow may speak about.
pub(super) struct Known<'h> {
    /// The program's events.
    pub(super) events: &'h IndexMap<Arc<str>, EventDecl>,
    /// Names of its actions, in order.
    pub(super) actions: &'h [Arc<str>],
    /// Names of its segments, in order.
    pub(super) segments: &'h [Arc<str>],
}

/// Lowers a workflow.
///
/// # Errors
/// Code that does not fit the machine.
pub(super) fn lower(
    workflow: &Workflow,
    known: &Known<'_>,
    functions: &mut Functions,
) -> Lowering<WorkflowDecl> {
    let mut clauses = Clauses { workflow, known, functions };
    let mut triggers = clauses.triggers()?;
    let enrolment = clauses.enrolment()?;
    let goal = clauses.goal()?;
    let window = clauses.window()?;
    let kept = Kept::of(workflow);
    let mut code = Code::with_fixed(functions, workflow.name.clone(), kept.sources)?;
    let exits = exits(workflow, &mut code)?;

    let mut body = Body::new(code, known.actions, kept.beyond);
    let entries = body.entries(workflow, known.events, &kept.unset)?;
    for (trigger, entry) in triggers.iter_mut().zip(entries.triggers) {
        trigger.entry = entry;
    }
    body.run(workflow)?;

    let points = points(&body, &exits);
    let Body { code, sites, waits, .. } = body;
    Ok(WorkflowDecl {
        name: workflow.name.clone(),
        title: workflow.title.clone(),
        docs: workflow.docs.clone(),
        subject: workflow.subject.clone(),
        stage: workflow.stage,
        triggers,
        entry: entries.alone,
        enrolment,
        overlap: workflow.overlap,
        exits,
        goal,
        holdout: workflow.holdout,
        window,
        topic: workflow.topic.clone(),
        max_age: workflow.max_age,
        body: code.finish(None),
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

/// A workflow's clauses, which are functions of nothing.
struct Clauses<'a> {
    workflow: &'a Workflow,
    known: &'a Known<'a>,
    functions: &'a mut Functions,
}

impl Clauses<'_> {
    fn triggers(&mut self) -> Lowering<Vec<Trigger>> {
        let workflow = self.workflow;
        let mut triggers = Vec::new();
        for (place, trigger) in workflow.triggers.iter().enumerate() {
            let kind = self.kind(&trigger.kind, place)?;
            let condition = self.maybe("where", place, trigger.condition.as_ref())?;
            let index = trigger.condition.as_ref().and_then(|condition| index::key(&trigger.kind, condition));
            triggers.push(Trigger { kind, index, condition, entry: 0 });
        }
        Ok(triggers)
    }

    fn value(&mut self, sort: &str, place: usize, expr: &Expr) -> Lowering<FunctionId> {
        function(self.functions, numbered(&self.workflow.name, sort, place), [], expr)
    }

    fn maybe(&mut self, sort: &str, place: usize, expr: Option<&Expr>) -> Lowering<Option<FunctionId>> {
        expr.map(|expr| self.value(sort, place, expr)).transpose()
    }

    /// The place of a segment; the last place of all is nobody's.
    fn segment(&self, name: &Arc<str>) -> u32 {
        let place = self.known.segments.binary_search(name).ok();
        place.and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)
    }

    fn kind(&mut self, kind: &hir::TriggerKind, place: usize) -> Lowering<TriggerKind> {
        use hir::TriggerKind as K;
        Ok(match kind {
            K::Event(event) => TriggerKind::Event(event.clone()),
            K::Created => TriggerKind::Created,
            K::Changed => TriggerKind::Changed,
            K::Deleted => TriggerKind::Deleted,
            K::Moved { attribute, from, to } => TriggerKind::Moved {
                attribute: attribute.name.clone(),
                from: self.maybe("from", place, from.as_ref())?,
                to: self.maybe("to", place, to.as_ref())?,
            },
            K::Crossed { attribute, direction, bound } => TriggerKind::Crossed {
                attribute: attribute.name.clone(),
                direction: *direction,
                bound: match bound {
                    hir::Bound::Any => Bound::Any,
                    hir::Bound::To(value) => Bound::To(self.value("to", place, value)?),
                    hir::Bound::Past(value) => Bound::Past(self.value("to", place, value)?),
                },
            },
            K::Gains { attribute, item } => TriggerKind::Gains {
                attribute: attribute.name.clone(),
                item: self.value("item", place, item)?,
            },
            K::Loses { attribute, item } => TriggerKind::Loses {
                attribute: attribute.name.clone(),
                item: self.value("item", place, item)?,
            },
            K::Enters(segment) => TriggerKind::Enters(self.segment(segment)),
            K::Leaves(segment) => TriggerKind::Leaves(self.segment(segment)),
            K::Unchanged { attribute, length } => {
                TriggerKind::Unchanged { attribute: attribute.name.clone(), length: *length }
            }
            K::Date { attribute, offset, clock, rhythm } => TriggerKind::Date(DateTrigger {
                attribute: attribute.name.clone(),
                offset: *offset,
                clock: *clock,
                rhythm: *rhythm,
            }),
            K::Schedule { every, clock, segment } => TriggerKind::Schedule(Schedule {
                every: *every,
                clock: *clock,
                segment: segment.as_ref().map(|segment| self.segment(segment)),
            }),
        })
    }

    fn enrolment(&mut self) -> Lowering<Enrolment> {
        Ok(match &self.workflow.enrolment {
            hir::Enrolment::EveryTime => Enrolment::EveryTime,
            hir::Enrolment::Once => Enrolment::Once,
            hir::Enrolment::OncePer(value) => Enrolment::OncePer(self.value("once per", 0, value)?),
            hir::Enrolment::AtMostOncePer(length) => Enrolment::AtMostOncePer(*length),
        })
    }

    fn goal(&mut self) -> Lowering<Option<Goal>> {
        let Some(goal) = &self.workflow.goal else { return Ok(None) };
        let condition = self.maybe("goal", 0, goal.condition.as_ref())?;
        Ok(Some(Goal { event: goal.event.clone(), condition, within: goal.within }))
    }

    fn window(&mut self) -> Lowering<Option<Window>> {
        let name = || numbered(&self.workflow.name, "zone", 0);
        self.workflow.window.as_ref().map(|it| window(self.functions, name(), it)).transpose()
    }
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
