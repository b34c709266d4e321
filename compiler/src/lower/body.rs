//! The body of a workflow: entries for its triggers, then its steps.
//!
//! It must not know how long what it keeps is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{EventDecl, Op, Site, SiteKind, WaitSite};

use super::branch::Rounds;
use super::code::{Code, Jump};
use super::expression::capture;
use super::kept::Whose;
use super::limit::{Limit, Lowering};
use super::source::{Maker, Slot, Source};
use super::workflow::numbered;
use crate::diagnostic::Span;
use crate::hir::{EventScope, Expr, Step, StepKind, TriggerKind, Workflow};

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
    /// The rounds of the repeats around the step that is being written, the outermost first.
    pub(super) rounds: Vec<u16>,
    /// Names of steps that make values.
    makers: BTreeMap<Maker, Arc<str>>,
    /// Fields of waits that are read also when the time was up.
    beyond: BTreeSet<Source>,
    site_names: Names,
    rest_names: Names,
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
pub(super) enum Flow {
    GoesOn,
    Ends,
}

/// Where runs start.
pub(super) struct Entries {
    /// By each trigger.
    pub(super) triggers: Vec<u32>,
    /// By another workflow; none if the steps need an event.
    pub(super) alone: Option<u32>,
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
            rounds: Vec::new(),
            makers: BTreeMap::new(),
            beyond,
            site_names: Names::default(),
            rest_names: Names::default(),
            actions,
            workflow,
        }
    }

    /// What a source is called among the values that a run keeps.
    pub(super) fn title(&self, source: &Source) -> Arc<str> {
        let maker = source.maker().and_then(|maker| self.makers.get(&maker));
        match (source, maker) {
            (Source::Field(_, name), Some(step)) => format!("{step}.{name}").into(),
            (Source::Created(_), Some(step)) => step.clone(),
            (Source::Created(id), None) => format!("entity {}", id.0).into(),
            (Source::Field(EventScope::Trigger, name), _) => format!("event.{name}").into(),
            (Source::Field(_, name) | Source::Param(name), _) => name.clone(),
            (Source::Contact, _) => "event.contact".into(),
            (Source::Event, _) => "event".into(),
            (Source::Request, _) => "request".into(),
            (Source::Var(var), _) => format!("item {}", var.0).into(),
            (Source::Actor(actor), _) => format!("actor {}", actor.0).into(),
        }
    }

    /// The code that loads what is kept of the event which starts a run: where
    /// each trigger enters, and where a run that another workflow starts does.
    /// Those that load alike share an entry.
    pub(super) fn entries(
        &mut self,
        workflow: &Workflow,
        events: &IndexMap<Arc<str>, EventDecl>,
        unset: &BTreeSet<Source>,
    ) -> Lowering<Entries> {
        let of_trigger = |trigger: &crate::hir::Trigger| match &trigger.kind {
            TriggerKind::Event(name) => events.get(name),
            _ => None,
        };
        let mut plans: Vec<(Vec<Load>, Span)> =
            workflow.triggers.iter().map(|trigger| (self.plan(of_trigger(trigger)), trigger.span)).collect();
        let alone = workflow.needs_event().is_none();
        if alone {
            plans.push((self.plan(None), workflow.span));
        }
        let mut entries: IndexMap<&[Load], u32> = IndexMap::new();
        let mut starts: Vec<Jump> = Vec::new();
        for (plan, span) in &plans {
            if entries.contains_key(plan.as_slice()) {
                continue;
            }
            if !entries.is_empty() {
                starts.push(self.code.jump(*span, Op::Jump, 0)?);
            }
            entries.insert(plan, self.code.here());
            self.load(plan, *span)?;
        }
        starts.into_iter().try_for_each(|start| self.code.land(start))?;
        for source in unset {
            if let Some(Slot { register, ty }) = self.code.env.get(source).cloned() {
                self.code.missing(workflow.span, register, &ty)?;
            }
        }
        let mut places: Vec<u32> =
            plans.iter().map(|(plan, _)| entries.get(plan.as_slice()).copied().unwrap_or_default()).collect();
        let alone = if alone { places.pop() } else { None };
        Ok(Entries { triggers: places, alone })
    }

    /// How each value of the starting event is come by, in the order of [`Self::of_start`].
    fn plan(&self, event: Option<&EventDecl>) -> Vec<Load> {
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
        let kept = self.code.env.iter().filter(|(source, _)| source.is_of_start());
        kept.map(|(source, slot)| (source.clone(), slot.clone())).collect()
    }

    /// What is kept of what a step makes.
    pub(super) fn made_by(&self, maker: Maker) -> Vec<(Source, Slot)> {
        let kept = self.code.env.iter().filter(|(source, _)| source.maker() == Some(maker));
        kept.map(|(source, slot)| (source.clone(), slot.clone())).collect()
    }

    /// Says how the step is called that makes values.
    pub(super) fn name_maker(&mut self, maker: Maker, name: &Arc<str>) {
        self.makers.insert(maker, name.clone());
    }

    /// The place of an action in the program.
    pub(super) fn action(&self, name: &Arc<str>) -> u32 {
        let place = self.actions.binary_search(name).ok().and_then(|place| u32::try_from(place).ok());
        place.unwrap_or(u32::MAX)
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
    pub(super) fn steps(&mut self, steps: &[Step]) -> Lowering<Flow> {
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
            StepKind::Do { act, condition, bind, how } => {
                self.act(step, act, condition.as_ref(), *bind, how)?;
            }
            StepKind::WaitFor(length) => self.wait(step, Op::WaitFor, length)?,
            StepKind::WaitUntil(moment) => self.wait(step, Op::Wait, moment)?,
            StepKind::WaitEvent { .. } => return self.wait_event(step),
            StepKind::If { branches, otherwise } => return self.branches(branches, otherwise),
            StepKind::Split { arms } => return self.split(step, arms),
            StepKind::Repeat { times, every, until, steps } => {
                let rounds = Rounds { times: *times, every: *every, until: until.as_ref(), steps };
                return self.repeat(step, rounds);
            }
            StepKind::Stop => {
                self.code.abc(step.span, Op::End, 1, 0, 0)?;
                return Ok(Flow::Ends);
            }
        }
        Ok(Flow::GoesOn)
    }

    /// A step's name in the round that is being written: the first has the plain name.
    pub(super) fn in_round(&self, name: &Arc<str>) -> Arc<str> {
        if self.rounds.iter().all(|round| *round == 1) {
            return name.clone();
        }
        let rounds: Vec<String> = self.rounds.iter().map(u16::to_string).collect();
        format!("{name} (round {})", rounds.join(".")).into()
    }

    /// A step. Its name is made unique: what it is made from may be any text.
    pub(super) fn site(&mut self, name: &Arc<str>, kind: SiteKind) -> Lowering<u16> {
        let place = u16::try_from(self.sites.len()).map_err(|_| Limit::Words)?;
        let name = self.site_names.unique(name);
        self.sites.push(Site { name, kind });
        Ok(place)
    }

    /// A place to rest at; the run goes on behind the next word.
    pub(super) fn rest(&mut self, name: &Arc<str>) -> Lowering<u16> {
        let place = u16::try_from(self.rests.len()).map_err(|_| Limit::Words)?;
        let name = self.rest_names.unique(name);
        self.rests.push(Rest { name, pc: 0 });
        Ok(place)
    }

    /// The run goes on here after it rested at the place.
    pub(super) fn goes_on(&mut self, place: u16) {
        let here = self.code.here();
        if let Some(rest) = self.rests.get_mut(usize::from(place)) {
            rest.pc = here;
        }
    }

    fn wait(&mut self, step: &Step, op: Op, value: &Expr) -> Lowering<()> {
        let value = self.code.operand(value)?;
        let point = self.rest(&self.in_round(&step.name))?;
        self.code.ak(step.span, op, value, point)?;
        self.goes_on(point);
        Ok(())
    }

    fn wait_event(&mut self, step: &Step) -> Lowering<Flow> {
        let StepKind::WaitEvent { id, event, condition, up_to, then, otherwise } = &step.kind else {
            return Ok(Flow::GoesOn);
        };
        let mark = self.code.mark();
        let maker = Maker::Wait(*id);
        self.name_maker(maker, &step.name);
        let name = numbered(&self.workflow, "wait", self.waits.len());
        let condition = condition
            .as_ref()
            .map(|condition| capture(&mut self.code, name, condition, Whose::Event))
            .transpose()?;
        let length = self.code.operand(up_to)?;
        let point = self.rest(&self.in_round(&step.name))?;
        let place = self.waits.len();
        self.waits.push(WaitSite { event: event.clone(), condition, point, otherwise: 0 });
        let k = u16::try_from(place).map_err(|_| Limit::Words)?;
        self.code.ak(step.span, Op::WaitEvent, length, k)?;
        self.code.release(mark);

        self.goes_on(point);
        let fields = self.made_by(maker);
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
}

/// Whether a run gets behind two ways.
pub(super) fn either(a: Flow, b: Flow) -> Flow {
    if a == Flow::Ends && b == Flow::Ends { Flow::Ends } else { Flow::GoesOn }
}

/// Names that are taken, and how often each was asked for.
#[derive(Default)]
struct Names(BTreeMap<Arc<str>, u32>);

impl Names {
    /// The name, or one of `name 2`, `name 3` … that is free.
    fn unique(&mut self, name: &Arc<str>) -> Arc<str> {
        let mut free = name.clone();
        while let Some(asked) = self.0.get_mut(&free) {
            *asked += 1;
            free = format!("{name} {asked}").into();
            if !self.0.contains_key(&free) {
                break;
            }
            free = name.clone();
        }
        self.0.insert(free.clone(), 1);
        free
    }
}
