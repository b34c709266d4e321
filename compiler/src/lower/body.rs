//! The body of a workflow: entries for its triggers, then its steps.
//!
//! It must not know how long what it keeps is needed.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{EventDecl, Hold, OnFailure, Op, Scalar, Site, SiteKind, Type, WaitSite};

use super::code::{Code, Jump};
use super::limit::{Limit, Lowering};
use super::source::{Slot, Source};
use super::workflow::{Whose, capture, numbered};
use crate::diagnostic::Span;
use crate::hir::{Act, EventScope, Expr, Step, StepKind, TriggerKind, WaitId, Workflow};

/// A workflow's body while it is being written.
pub(super) struct Body<'a> {
    /// Its code.
    pub(super) code: Code<'a>,
    /// What it does.
    pub(super) sites: Vec<Site>,
    /// Where it rests.
    pub(super) rests: Vec<Rest>,
    /// Its waits for events.
    pub(super) waits: Vec<WaitSite>,
    /// Names of the waits for events.
    wait_names: IndexMap<WaitId, Arc<str>>,
    /// Fields of waits that are read also when the time was up.
    beyond: BTreeSet<Source>,
    actions: &'a [Arc<str>],
    workflow: Arc<str>,
}

/// A place where a run rests.
pub(super) struct Rest {
    /// Its step's name.
    pub(super) name: Arc<str>,
    /// Where the run goes on.
    pub(super) pc: u32,
}

/// Whether the word after some steps is ever reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoesOn,
    Ends,
}

/// How a run that starts comes by a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Load {
    Field,
    Contact,
    Event,
    Missing,
}

impl<'a> Body<'a> {
    /// An empty body. `actions` are the names of the program's actions, in order;
    /// `beyond`, fields of waits that are read also when the time was up.
    pub(super) fn new(code: Code<'a>, actions: &'a [Arc<str>], beyond: BTreeSet<Source>) -> Self {
        let workflow = code.name.clone();
        Self {
            code,
            sites: Vec::new(),
            rests: Vec::new(),
            waits: Vec::new(),
            wait_names: IndexMap::new(),
            beyond,
            actions,
            workflow,
        }
    }

    /// What a source is called among the values that a run keeps.
    pub(super) fn title(&self, source: &Source) -> Arc<str> {
        match source {
            Source::Field(EventScope::Wait(id), name) => match self.wait_names.get(id) {
                Some(wait) => format!("{wait}.{name}").into(),
                None => name.clone(),
            },
            Source::Field(_, name) => format!("event.{name}").into(),
            Source::Contact => "event.contact".into(),
            Source::Event => "event".into(),
            Source::Param(name) => name.clone(),
            Source::Var(var) => format!("item {}", var.0).into(),
        }
    }

    /// The code that loads what is kept of the event which starts a run: where
    /// each trigger enters. Triggers that load alike share an entry.
    pub(super) fn entries(
        &mut self,
        workflow: &Workflow,
        events: &IndexMap<Arc<str>, EventDecl>,
        unset: &BTreeSet<Source>,
    ) -> Lowering<Vec<u32>> {
        let plans: Vec<Vec<Load>> =
            workflow.triggers.iter().map(|trigger| self.plan(&trigger.kind, events)).collect();
        let mut entries: IndexMap<&[Load], u32> = IndexMap::new();
        let mut starts: Vec<Jump> = Vec::new();
        for (plan, trigger) in plans.iter().zip(&workflow.triggers) {
            if entries.contains_key(plan.as_slice()) {
                continue;
            }
            if !entries.is_empty() {
                starts.push(self.code.jump(trigger.span, Op::Jump, 0)?);
            }
            entries.insert(plan, self.code.here());
            self.load(plan, trigger.span)?;
        }
        starts.into_iter().try_for_each(|start| self.code.land(start))?;
        for source in unset {
            if let Some(Slot { register, ty }) = self.code.env.get(source).cloned() {
                self.code.missing(workflow.span, register, &ty)?;
            }
        }
        Ok(plans.iter().map(|plan| entries.get(plan.as_slice()).copied().unwrap_or_default()).collect())
    }

    /// How each value of the starting event is come by, in the order of [`Self::of_start`].
    fn plan(&self, kind: &TriggerKind, events: &IndexMap<Arc<str>, EventDecl>) -> Vec<Load> {
        let event = match kind {
            TriggerKind::Event(name) => events.get(name),
            _ => None,
        };
        let load = |source: &Source| match (source, event) {
            (Source::Contact, _) => Load::Contact,
            (Source::Event, Some(_)) => Load::Event,
            (Source::Field(_, name), Some(event)) if event.fields.iter().any(|field| field.name == *name) => {
                Load::Field
            }
            _ => Load::Missing,
        };
        self.of_start().iter().map(|(source, _)| load(source)).collect()
    }

    /// What is kept of the event that starts a run.
    fn of_start(&self) -> Vec<(Source, Slot)> {
        let of_start = |source: &Source| !matches!(source, Source::Field(EventScope::Wait(_), _));
        let kept = self.code.env.iter().filter(|(source, _)| of_start(source));
        kept.map(|(source, slot)| (source.clone(), slot.clone())).collect()
    }

    fn load(&mut self, plan: &[Load], span: Span) -> Lowering<()> {
        for (load, (source, slot)) in plan.iter().zip(self.of_start()) {
            match (load, &source) {
                (Load::Contact, _) => self.code.abc(span, Op::Contact, slot.register, 0, 0)?,
                (Load::Event, _) => self.code.abc(span, Op::Event, slot.register, 0, 0)?,
                (Load::Field, Source::Field(_, name)) => {
                    let k = self.code.name_k(name, &slot.ty)?;
                    self.code.ak(span, Op::Field, slot.register, k)?;
                }
                (Load::Field | Load::Missing, _) => self.code.missing(span, slot.register, &slot.ty)?,
            }
        }
        Ok(())
    }

    /// The steps, and the end.
    pub(super) fn run(&mut self, workflow: &Workflow) -> Lowering<()> {
        match self.steps(&workflow.steps)? {
            Flow::Ends => Ok(()),
            Flow::GoesOn => {
                let span = workflow.steps.last().map_or(workflow.span, |step| step.span);
                self.code.abc(span, Op::End, 0, 0, 0)
            }
        }
    }

    /// Steps after one that never goes on are left out: nobody gets there.
    fn steps(&mut self, steps: &[Step]) -> Lowering<Flow> {
        for step in steps {
            let mark = self.code.mark();
            let flow = self.step(step)?;
            self.code.release(mark);
            if flow == Flow::Ends {
                return Ok(Flow::Ends);
            }
        }
        Ok(Flow::GoesOn)
    }

    fn step(&mut self, step: &Step) -> Lowering<Flow> {
        match &step.kind {
            StepKind::Do { act, condition, .. } => self.act(step, act, condition.as_ref())?,
            StepKind::WaitFor(length) => self.wait(step, Op::WaitFor, length)?,
            StepKind::WaitUntil(moment) => self.wait(step, Op::Wait, moment)?,
            StepKind::WaitEvent { .. } => return self.wait_event(step),
            StepKind::If { branches, otherwise } => return self.branches(branches, otherwise),
            StepKind::Stop => {
                self.code.abc(step.span, Op::End, 1, 0, 0)?;
                return Ok(Flow::Ends);
            }
            StepKind::Split { .. } | StepKind::Repeat { .. } => {}
        }
        Ok(Flow::GoesOn)
    }

    fn site(&mut self, name: &Arc<str>, kind: SiteKind) -> Lowering<u16> {
        let place = u16::try_from(self.sites.len()).map_err(|_| Limit::Words)?;
        self.sites.push(Site { name: name.clone(), kind });
        Ok(place)
    }

    /// A place to rest at; the run goes on behind the next word.
    fn rest(&mut self, name: &Arc<str>) -> Lowering<u16> {
        let place = u16::try_from(self.rests.len()).map_err(|_| Limit::Words)?;
        self.rests.push(Rest { name: name.clone(), pc: 0 });
        Ok(place)
    }

    /// The run goes on here after it rested at the place.
    fn goes_on(&mut self, place: u16) {
        let here = self.code.here();
        if let Some(rest) = self.rests.get_mut(usize::from(place)) {
            rest.pc = here;
        }
    }

    fn act(&mut self, step: &Step, act: &Act, condition: Option<&Expr>) -> Lowering<()> {
        let (kind, point) = self.kind(&step.name, act)?;
        let site = self.site(&step.name, kind)?;
        let mut end = None;
        if let Some(condition) = condition {
            let mark = self.code.mark();
            let holds = self.code.operand(condition)?;
            let todo = self.code.jump(condition.span, Op::JumpIf, holds)?;
            self.code.release(mark);
            self.code.ak(step.span, Op::Skip, 0, site)?;
            end = Some(self.code.jump(step.span, Op::Jump, 0)?);
            self.code.land(todo)?;
        }
        let first = self.arguments(step.span, act)?;
        self.code.ak(step.span, Op::Do, first, site)?;
        if let Some(point) = point {
            self.goes_on(point);
        }
        end.map_or(Ok(()), |end| self.code.land(end))
    }

    /// What the action is, and where a run rests for it.
    fn kind(&mut self, name: &Arc<str>, act: &Act) -> Lowering<(SiteKind, Option<u16>)> {
        let kind = match act {
            Act::Effect { action, .. } => {
                let place =
                    self.actions.binary_search(action).ok().and_then(|place| u32::try_from(place).ok());
                let point = self.rest(name)?;
                return Ok((SiteKind::Effect {
                        action: place.unwrap_or(u32::MAX),
                        point,
                        hold: Hold::Free,
                        failure: OnFailure::Park,
                    }, Some(point)));
            }
            Act::Set { attribute, .. } => {
                SiteKind::Set { attribute: attribute.name.clone(), ty: attribute.ty.clone() }
            }
            Act::Gain { attribute, .. } => SiteKind::Gain { attribute: attribute.clone() },
            Act::Lose { attribute, .. } => SiteKind::Lose { attribute: attribute.clone() },
            _ => SiteKind::Delete,
            Act::Emit { event, fields } => SiteKind::Emit {
                event: event.clone(),
                fields: fields.iter().map(|(name, _)| name.clone()).collect(),
            },
            Act::Task { sort, group, .. } => SiteKind::Task { sort: sort.clone(), group: group.clone() },
            Act::Note(_) => SiteKind::Note,
        };
        Ok((kind, None))
    }

    /// The arguments in a row of registers: the first of them.
    fn arguments(&mut self, span: Span, act: &Act) -> Lowering<u8> {
        match act {
            Act::Effect { arguments, .. } => {
                let first = self.code.range(arguments.len() + 2)?;
                let mut registers = first..=u8::MAX;
                for (value, register) in arguments.iter().zip(&mut registers) {
                    self.code.put(value, register)?;
                }
                for (scalar, register) in [Scalar::Text, Scalar::Time].into_iter().zip(registers) {
                    self.code.missing(span, register, &Type::One(scalar))?;
                }
                Ok(first)
            }
            Act::Set { entity, value, .. } => self.row([entity, value]),
            Act::Gain { item: text, .. } | Act::Lose { item: text, .. } | Act::Note(text) => self.row([text]),
            _ => self.row([]),
            Act::Emit { fields, .. } => self.row(fields.iter().map(|(_, value)| value)),
            Act::Task { title, due, remind, assignee, notes, .. } => {
                let first = self.code.range(5)?;
                self.code.put(title, first)?;
                let others = [
                    (due, Scalar::Time),
                    (remind, Scalar::Time),
                    (assignee, Scalar::Text),
                    (notes, Scalar::Text),
                ];
                for ((value, scalar), register) in others.into_iter().zip(first.saturating_add(1)..=u8::MAX) {
                    match value {
                        Some(value) => self.code.put(value, register)?,
                        None => self.code.missing(span, register, &Type::One(scalar))?,
                    }
                }
                Ok(first)
            }
        }
    }

    fn row<'e>(&mut self, values: impl IntoIterator<Item = &'e Expr>) -> Lowering<u8> {
        let values: Vec<&Expr> = values.into_iter().collect();
        let first = self.code.range(values.len())?;
        for (value, register) in values.into_iter().zip(first..=u8::MAX) {
            self.code.put(value, register)?;
        }
        Ok(first)
    }

    fn wait(&mut self, step: &Step, op: Op, value: &Expr) -> Lowering<()> {
        let value = self.code.operand(value)?;
        let point = self.rest(&step.name)?;
        self.code.ak(step.span, op, value, point)?;
        self.goes_on(point);
        Ok(())
    }

    fn wait_event(&mut self, step: &Step) -> Lowering<Flow> {
        let StepKind::WaitEvent { id, event, condition, up_to, then, otherwise } = &step.kind else {
            return Ok(Flow::GoesOn);
        };
        let mark = self.code.mark();
        self.wait_names.insert(*id, step.name.clone());
        let name = numbered(&self.workflow, "wait", self.waits.len());
        let condition = condition
            .as_ref()
            .map(|condition| capture(&mut self.code, name, condition, Whose::Event))
            .transpose()?;
        let length = self.code.operand(up_to)?;
        let point = self.rest(&step.name)?;
        let place = self.waits.len();
        self.waits.push(WaitSite { event: event.clone(), condition, point, otherwise: 0 });
        let k = u16::try_from(place).map_err(|_| Limit::Words)?;
        self.code.ak(step.span, Op::WaitEvent, length, k)?;
        self.code.release(mark);

        self.goes_on(point);
        let fields = self.of_wait(*id);
        for (source, slot) in &fields {
            if let Source::Field(_, name) = source {
                let k = self.code.name_k(name, &slot.ty)?;
                self.code.ak(step.span, Op::Field, slot.register, k)?;
            }
        }
        let came = self.steps(then)?;
        let beyond: Vec<Slot> = fields
            .into_iter()
            .filter(|(source, _)| self.beyond.contains(source))
            .map(|(_, slot)| slot)
            .collect();
        let idle = otherwise.is_empty() && beyond.is_empty();
        let end = match came {
            Flow::GoesOn if !idle => Some(self.code.jump(step.span, Op::Jump, 0)?),
            Flow::GoesOn | Flow::Ends => None,
        };

        let here = self.code.here();
        if let Some(wait) = self.waits.get_mut(place) {
            wait.otherwise = here;
        }
        for slot in &beyond {
            self.code.missing(step.span, slot.register, &slot.ty)?;
        }
        let went = self.steps(otherwise)?;
        end.map_or(Ok(()), |end| self.code.land(end))?;
        Ok(either(came, went))
    }

    /// What is kept of the event that ends the wait.
    fn of_wait(&self, id: WaitId) -> Vec<(Source, Slot)> {
        let of_wait =
            |source: &Source| matches!(source, Source::Field(EventScope::Wait(wait), _) if *wait == id);
        let kept = self.code.env.iter().filter(|(source, _)| of_wait(source));
        kept.map(|(source, slot)| (source.clone(), slot.clone())).collect()
    }

    fn branches(&mut self, branches: &[(Arc<str>, Expr, Vec<Step>)], otherwise: &[Step]) -> Lowering<Flow> {
        let mut flow = Flow::Ends;
        let mut ends = Vec::new();
        let last = branches.len().saturating_sub(1);
        for (i, (name, condition, steps)) in branches.iter().enumerate() {
            let mark = self.code.mark();
            let holds = self.code.operand(condition)?;
            let site = self.site(name, SiteKind::Branch)?;
            self.code.ak(condition.span, Op::Took, holds, site)?;
            let next = self.code.jump(condition.span, Op::JumpIfNot, holds)?;
            self.code.release(mark);
            let went = self.steps(steps)?;
            let falls_to_end = i == last && otherwise.is_empty();
            if went == Flow::GoesOn && !falls_to_end {
                ends.push(self.code.jump(condition.span, Op::Jump, 0)?);
            }
            flow = either(flow, went);
            self.code.land(next)?;
        }
        flow = either(flow, self.steps(otherwise)?);
        ends.into_iter().try_for_each(|end| self.code.land(end))?;
        Ok(flow)
    }
}

/// Whether a run gets behind two ways.
fn either(a: Flow, b: Flow) -> Flow {
    if a == Flow::Ends && b == Flow::Ends { Flow::Ends } else { Flow::GoesOn }
}
