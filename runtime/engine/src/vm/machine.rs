//! Runs the body of a workflow from one request to the next.

use std::sync::Arc;

use jiff::{Timestamp, civil};
use onward_bytecode::{
    CaptureCall, Function, Instruction, Length, Op, Program, Scalar, SiteKind, Type, Value, WorkflowDecl,
};

use super::exec::{Flow, Registers, Run};
use super::{Fault, Passage, World, share};
use crate::model::{Again, Finish, Held, Occurrence, Rest};

/// What a workflow's body wants done. Numbers are places in the workflow's tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Yield {
    /// A step is to be done. At an effect's the run rests; after another's the machine goes on.
    Do {
        /// Place in `sites`.
        site: u16,
        /// Its arguments.
        args: Vec<Value>,
    },
    /// A step was not done because its condition is false.
    Skip {
        /// Place in `sites`.
        site: u16,
    },
    /// A branch was taken.
    Took {
        /// Place in `sites`.
        site: u16,
        /// Whether its condition holds.
        yes: bool,
    },
    /// The run rests until a moment; it is parked if there is none.
    Wait {
        /// Place in `points`.
        point: u16,
        /// The moment.
        until: Option<Timestamp>,
        /// The wall-clock time that the moment was made from, if it follows the subject's zone.
        civil: Option<civil::DateTime>,
    },
    /// The run rests for a length of time; it is parked if there is none.
    WaitFor {
        /// Place in `points`.
        point: u16,
        /// How long.
        length: Option<Length>,
    },
    /// The run rests until an event comes, at most for a length of time; it is parked if there is none.
    WaitEvent {
        /// Place in `waits`.
        wait: u16,
        /// How long.
        length: Option<Length>,
    },
    /// The run ends: [`Finish::Completed`] or [`Finish::Stopped`].
    End {
        /// How.
        how: Finish,
    },
}

/// A workflow's body on its way. It is never stored: [`Machine::rest`] and
/// [`Machine::again`] say what is.
#[derive(Debug, Clone)]
pub struct Machine<'p> {
    program: &'p Program,
    workflow: &'p WorkflowDecl,
    body: &'p Function,
    here: Stand,
    /// Where the stretch of code began that asked last.
    before: Stand,
    /// The register that the last request began with.
    asked: u8,
    /// The step after whose rest the body goes on, until it does.
    woke: Option<(Arc<str>, Passage)>,
}

/// A word that is next, and what the registers hold.
#[derive(Debug, Clone)]
struct Stand {
    pc: usize,
    registers: Registers,
}

impl<'p> Machine<'p> {
    /// A run that starts where a trigger's `entry` says.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the program has no such body.
    pub fn start(program: &'p Program, workflow: &'p WorkflowDecl, entry: u32) -> Result<Self, Fault> {
        let body = program.functions.get(workflow.body.0 as usize).ok_or(Fault::Damaged("body"))?;
        let here = Stand { pc: entry as usize, registers: vec![Value::Missing; usize::from(body.registers)] };
        Ok(Self { program, workflow, body, before: here.clone(), here, asked: 0, woke: None })
    }

    /// A run that goes on after its rest: the moment or the event has come, or the effect's outcome.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the workflow has no such point.
    pub fn resume(program: &'p Program, workflow: &'p WorkflowDecl, rest: &Rest) -> Result<Self, Fault> {
        let place = workflow.points.iter().position(|point| point.name == rest.point);
        let (place, point) = place
            .and_then(|place| Some((place, workflow.points.get(place)?)))
            .ok_or(Fault::Damaged("resume point"))?;
        let mut machine = Self::start(program, workflow, point.pc)?;
        if workflow.waits.iter().any(|wait| usize::from(wait.point) == place) {
            machine.woke = Some((point.name.clone(), Passage::Came));
        }
        for (live, json) in point.live.iter().zip(&rest.values) {
            machine.put(live.register, Value::read(json, &live.ty));
        }
        Ok(machine)
    }

    /// A run whose wait for an event has lasted long enough.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the workflow has no such wait.
    pub fn resume_otherwise(
        program: &'p Program,
        workflow: &'p WorkflowDecl,
        wait: u16,
        rest: &Rest,
    ) -> Result<Self, Fault> {
        let wait = workflow.waits.get(usize::from(wait)).ok_or(Fault::Damaged("wait"))?;
        let mut machine = Self::resume(program, workflow, rest)?;
        machine.here.pc = wait.otherwise as usize;
        machine.woke = Some((rest.point.clone(), Passage::Late));
        Ok(machine)
    }

    /// A run that tries once more what could not be done.
    ///
    /// # Errors
    ///
    /// [`Fault::Damaged`] if the program has no such body.
    pub fn retry(program: &'p Program, workflow: &'p WorkflowDecl, again: &Again) -> Result<Self, Fault> {
        let mut machine = Self::start(program, workflow, again.pc)?;
        for held in &again.registers {
            machine.put(held.register, Value::read(&held.value, &held.ty));
        }
        Ok(machine)
    }

    fn put(&mut self, register: u8, value: Value) {
        if let Some(slot) = self.here.registers.get_mut(usize::from(register)) {
            *slot = value;
        }
    }

    /// Runs until the body wants something. After a fault, the same can be tried again.
    ///
    /// # Errors
    ///
    /// A [`Fault`].
    pub fn next(&mut self, world: &World<'_>) -> Result<Yield, Fault> {
        let mut run = Run::new(self.program, world);
        let Stand { mut pc, mut registers } = self.here.clone();
        let (pc, op, word) = loop {
            let (at, flow) = run.run(self.body, &mut registers, pc)?;
            match flow {
                Flow::Asks(Op::Split, word) => {
                    let share = self.share(world, word.k())?;
                    if let Some(slot) = registers.get_mut(usize::from(word.a())) {
                        *slot = share;
                    }
                    pc = at + 1;
                }
                Flow::Asks(op, word) => break (at, op, word),
                _ => return Err(Fault::Damaged("body")),
            }
        };
        let asked = self.asked(op, word, &registers, &run)?;
        self.tell(world, &asked);
        let pc = self.after(op, word, pc);
        self.asked = word.a();
        self.before = std::mem::replace(&mut self.here, Stand { pc, registers });
        Ok(asked)
    }

    /// Which share of a split the subject belongs to.
    fn share(&self, world: &World<'_>, site: u16) -> Result<Value, Fault> {
        let site = self.workflow.sites.get(usize::from(site)).ok_or(Fault::Damaged("step"))?;
        let (kind, id) = world.subject.map_or(("", ""), |subject| (&*subject.kind, &*subject.id));
        Ok(Value::Number(share(&[&self.workflow.name, &site.name, kind, id]).into()))
    }

    /// Leaves what the step made that the body asked for last, where the body looks for it.
    pub fn leave(&mut self, made: Value) {
        self.put(self.asked, made);
    }

    /// Tells which way the body went.
    fn tell(&mut self, world: &World<'_>, asked: &Yield) {
        let Some(trace) = world.trace else { return };
        if let Some((step, how)) = self.woke.take() {
            trace.passed(&self.workflow.name, &step, how);
        }
        let site = |site: u16| self.workflow.sites.get(usize::from(site)).map(|site| &site.name);
        let point = |point: u16| self.workflow.points.get(usize::from(point)).map(|point| &point.name);
        let (step, how) = match asked {
            Yield::Do { site: place, .. } => (site(*place), Passage::Done),
            Yield::Skip { site: place } => (site(*place), Passage::Skipped),
            Yield::Took { site: place, yes: true } => (site(*place), Passage::Taken),
            Yield::Took { site: place, .. } => (site(*place), Passage::Passed),
            Yield::Wait { point: place, .. } | Yield::WaitFor { point: place, .. } => {
                (point(*place), Passage::Done)
            }
            Yield::WaitEvent { wait, .. } => {
                let wait = self.workflow.waits.get(usize::from(*wait));
                (wait.and_then(|wait| point(wait.point)), Passage::Done)
            }
            Yield::End { .. } => return,
        };
        if let Some(step) = step {
            trace.passed(&self.workflow.name, step, how);
        }
    }

    fn asked(&self, op: Op, word: Instruction, registers: &Registers, run: &Run<'_>) -> Result<Yield, Fault> {
        let given = registers.get(usize::from(word.a())).cloned().unwrap_or(Value::Missing);
        let k = word.k();
        let length = if let Value::Duration(length) = given { Some(length) } else { None };
        Ok(match op {
            Op::Do => Yield::Do { site: k, args: self.arguments(word, registers)? },
            Op::Skip => Yield::Skip { site: k },
            Op::Took => Yield::Took { site: k, yes: given == Value::Bool(true) },
            Op::Wait => {
                let until = if let Value::Time(at) = given { Some(at) } else { None };
                Yield::Wait { point: k, until, civil: until.and_then(|at| run.wall(at)) }
            }
            Op::WaitFor => Yield::WaitFor { point: k, length },
            Op::WaitEvent => Yield::WaitEvent { wait: k, length },
            _ => Yield::End { how: if word.a() == 0 { Finish::Completed } else { Finish::Stopped } },
        })
    }

    fn arguments(&self, word: Instruction, registers: &Registers) -> Result<Vec<Value>, Fault> {
        let site = self.workflow.sites.get(usize::from(word.k())).ok_or(Fault::Damaged("step"))?;
        let first = usize::from(word.a());
        let count = site.kind.argument_kinds(&self.program.actions).len();
        let row = registers.get(first..first + count).ok_or(Fault::Damaged("register"))?;
        Ok(row.to_vec())
    }

    /// The word after one that asks: where a run that rests goes on, if nothing else is said.
    fn after(&self, op: Op, word: Instruction, pc: usize) -> usize {
        let place = usize::from(word.k());
        let point = match op {
            Op::Do => self.workflow.sites.get(place).and_then(|site| match site.kind {
                SiteKind::Effect { point, .. } | SiteKind::Turn { point, .. } => Some(point),
                _ => None,
            }),
            Op::Wait | Op::WaitFor => Some(word.k()),
            Op::WaitEvent => self.workflow.waits.get(place).map(|wait| wait.point),
            Op::End => return pc,
            _ => None,
        };
        let point = point.and_then(|point| self.workflow.points.get(usize::from(point)));
        point.map_or(pc + 1, |point| point.pc as usize)
    }

    /// What a condition would be given if it were asked now, between two steps.
    #[must_use]
    pub fn captured(&self, call: &CaptureCall) -> Vec<Value> {
        let held = |register: &u8| self.here.registers.get(usize::from(*register)).cloned();
        call.registers.iter().map(|register| held(register).unwrap_or(Value::Missing)).collect()
    }

    /// What is kept of the run at this place in `points`.
    #[must_use]
    pub fn rest(&self, point: u16) -> Rest {
        let Some(point) = self.workflow.points.get(usize::from(point)) else {
            return Rest { point: "".into(), values: Vec::new() };
        };
        let held = |register: u8| self.here.registers.get(usize::from(register)).map(Value::to_json);
        Rest {
            point: point.name.clone(),
            values: point.live.iter().map(|live| held(live.register).unwrap_or_default()).collect(),
        }
    }

    /// What is kept to try again what the body asked for last: its code from the
    /// request before that one on, so that what it reads is read again.
    #[must_use]
    pub fn again(&self, event: Option<&Occurrence>) -> Again {
        self.before.kept(event)
    }

    /// What is kept to try again after a fault: the code that failed, from its start. What the
    /// body asked for before has been done.
    #[must_use]
    pub fn failed(&self, event: Option<&Occurrence>) -> Again {
        self.here.kept(event)
    }
}

impl Stand {
    fn kept(&self, event: Option<&Occurrence>) -> Again {
        let held = |(register, value): (u8, &Value)| {
            let ty = type_of(value)?;
            Some(Held { register, ty, value: value.to_json() })
        };
        Again {
            pc: u32::try_from(self.pc).unwrap_or(u32::MAX),
            registers: (0..=u8::MAX).zip(&self.registers).filter_map(held).collect(),
            event: event.cloned(),
        }
    }
}

/// A type as which a value's JSON is read back; nothing for a missing one. A list of
/// several kinds comes back as JSON.
pub(super) fn type_of(value: &Value) -> Option<Type> {
    let Value::List(items) = value else { return scalar_of(value).map(Type::One) };
    let mut scalars = items.iter().map(|item| scalar_of(item).unwrap_or(Scalar::Json));
    let first = scalars.next().unwrap_or(Scalar::Json);
    Some(Type::List(if scalars.all(|scalar| scalar == first) { first } else { Scalar::Json }))
}

fn scalar_of(value: &Value) -> Option<Scalar> {
    Some(match value {
        Value::Missing => return None,
        Value::Bool(_) => Scalar::Bool,
        Value::Number(_) => Scalar::Number,
        Value::Text(_) => Scalar::Text,
        Value::Date(_) => Scalar::Date,
        Value::Time(_) => Scalar::Time,
        Value::Clock(_) => Scalar::Clock,
        Value::Duration(_) => Scalar::Duration,
        Value::List(_) | Value::Json(_) => Scalar::Json,
        Value::Entity(id) => Scalar::Entity(id.kind.clone()),
    })
}
