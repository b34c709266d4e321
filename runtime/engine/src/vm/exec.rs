//! Runs words, one after another. It must not know what a workflow wants done:
//! such a word is handed back.

use std::collections::BTreeMap;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use onward_bytecode::{
    Constant, Function, FunctionId, Given, Instruction, Kind, NameRef, Op, Pipe, Program, Scalar, Type, Value,
};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use super::chain::Link;
use super::fuel::{self, Fuel};
use super::horizon::Horizon;
use super::{Fault, World, arithmetic, compare, pipe, text};
use crate::civil::{self, Moment};

/// Registers of a function.
pub(super) type Registers = Vec<Value>;

/// Where code goes on.
pub(super) enum Flow {
    /// At this word.
    To(usize),
    /// Nowhere: it gives a value.
    Gives(Value),
    /// A workflow wants something done.
    Asks(Op, Instruction),
}

/// One call, or one stretch of a workflow's body.
pub(super) struct Run<'a> {
    pub(super) program: &'a Program,
    pub(super) world: &'a World<'a>,
    pub(super) fuel: Fuel,
    pub(super) zone: Option<TimeZone>,
    pub(super) walls: BTreeMap<Timestamp, DateTime>,
    /// Until when what comes out holds, if that is asked.
    pub(super) horizon: Option<Horizon>,
}

const NO_CODE: Fault = Fault::Damaged("code");

impl<'a> Run<'a> {
    pub(super) fn new(program: &'a Program, world: &'a World<'a>) -> Self {
        Self { program, world, fuel: Fuel::full(), zone: None, walls: BTreeMap::new(), horizon: None }
    }

    /// A call that also finds out until when its value holds.
    pub(super) fn watching(program: &'a Program, world: &'a World<'a>) -> Self {
        Self { horizon: Some(Horizon::new(world.now)), ..Self::new(program, world) }
    }

    /// Calls a function that gives a value. Arguments of another kind are missing.
    pub(super) fn call(&mut self, id: FunctionId, args: &[Value]) -> Result<Value, Fault> {
        self.call_moving(id, args, BTreeMap::new())
    }

    /// The same with arguments of which some move with time.
    pub(super) fn call_moving(
        &mut self,
        id: FunctionId,
        args: &[Value],
        moving: BTreeMap<u8, Link>,
    ) -> Result<Value, Fault> {
        let function = self.program.functions.get(id.0 as usize).ok_or(Fault::Damaged("function"))?;
        let mut registers = vec![Value::Missing; usize::from(function.registers)];
        for ((slot, kind), arg) in registers.iter_mut().zip(&function.params).zip(args) {
            if compare::kind(arg) == Some(*kind) {
                *slot = arg.clone();
            }
        }
        if let Some(horizon) = &mut self.horizon {
            horizon.enter(moving);
        }
        let (_, Flow::Gives(value)) = self.run(function, &mut registers, 0)? else { return Err(NO_CODE) };
        if let Some(trace) = self.world.trace.filter(|_| function.result == Some(Kind::Bool)) {
            trace.decided(id, value == Value::Bool(true));
        }
        Ok(value)
    }

    /// Runs until a value is given or something is asked for; says at which word.
    pub(super) fn run(
        &mut self,
        function: &Function,
        registers: &mut Registers,
        mut pc: usize,
    ) -> Result<(usize, Flow), Fault> {
        loop {
            let word = *function.code.get(pc).ok_or(NO_CODE)?;
            self.fuel.burn(1)?;
            match self.step(function, registers, pc, word)? {
                Flow::To(next) => pc = next,
                flow => return Ok((pc, flow)),
            }
        }
    }

    /// The wall-clock time that this call made a moment from.
    pub(super) fn wall(&self, at: Timestamp) -> Option<DateTime> {
        self.walls.get(&at).copied()
    }

    /// The subject's zone.
    pub(super) fn zone(&mut self) -> Result<&TimeZone, Fault> {
        match &mut self.zone {
            Some(zone) => Ok(zone),
            slot => Ok(slot.insert(self.world.zone(self.program)?)),
        }
    }

    /// A moment that was made, remembering what it was made from.
    pub(super) fn moment(&mut self, moment: Option<Moment>) -> Value {
        let Some(moment) = moment else { return Value::Missing };
        if let Some(wall) = moment.wall {
            self.walls.insert(moment.at, wall);
        }
        Value::Time(moment.at)
    }

    fn step(
        &mut self,
        function: &Function,
        registers: &mut Registers,
        pc: usize,
        word: Instruction,
    ) -> Result<Flow, Fault> {
        let op = word.op().ok_or(NO_CODE)?;
        let holds = |register: u8| matches!(registers.get(usize::from(register)), Some(Value::Bool(true)));
        let target = pc + 1 + usize::from(word.k());
        let to = |jumps: bool| Ok(Flow::To(if jumps { target } else { pc + 1 }));
        match op {
            Op::Jump => return to(true),
            Op::JumpIf => return to(holds(word.a())),
            Op::JumpIfNot => return to(!holds(word.a())),
            Op::Return => {
                if let Some(horizon) = &mut self.horizon {
                    horizon.leave(word.a());
                }
                return Ok(Flow::Gives(value(registers, word.a()).clone()));
            }
            Op::Do | Op::Split | Op::Skip | Op::Took | Op::Wait | Op::WaitFor | Op::WaitEvent | Op::End => {
                return Ok(Flow::Asks(op, word));
            }
            _ => {}
        }
        let operands = Operands { function, registers, word };
        let made = operands.compute(self, op)?;
        self.observe(op, &operands, &made)?;
        if let Some(slot) = registers.get_mut(usize::from(word.a())) {
            *slot = made;
        }
        Ok(Flow::To(pc + 1))
    }
}

static MISSING: Value = Value::Missing;

fn value(registers: &[Value], register: u8) -> &Value {
    registers.get(usize::from(register)).unwrap_or(&MISSING)
}

/// What a word works on.
pub(super) struct Operands<'r> {
    pub(super) function: &'r Function,
    registers: &'r [Value],
    pub(super) word: Instruction,
}

impl<'r> Operands<'r> {
    pub(super) fn b(&self) -> &'r Value {
        value(self.registers, self.word.b())
    }

    pub(super) fn c(&self) -> &'r Value {
        value(self.registers, self.word.c())
    }

    /// `count` registers from `first` on.
    pub(super) fn row(&self, first: u8, count: usize) -> &'r [Value] {
        let first = usize::from(first);
        self.registers.get(first..first + count).unwrap_or_default()
    }

    fn name(&self, place: usize) -> Result<&'r NameRef, Fault> {
        self.function.names.get(place).ok_or(Fault::Damaged("name"))
    }

    fn name_c(&self) -> Result<&'r NameRef, Fault> {
        self.name(usize::from(self.word.c()))
    }

    fn name_k(&self) -> Result<&'r NameRef, Fault> {
        self.name(usize::from(self.word.k()))
    }

    /// A register's time of day.
    pub(super) fn clock(&self, register: u8) -> Option<Time> {
        clock(value(self.registers, register))
    }

    /// The weekday that `b` numbers.
    pub(super) fn weekday(&self) -> Option<Weekday> {
        weekday(self.word.b())
    }

    /// The pipe that `b` numbers.
    pub(super) fn pipe_of(&self) -> Option<Pipe> {
        Pipe::from_byte(self.word.b())
    }

    /// The first argument of a pipe, or what stands for it: a format.
    pub(super) fn pipe_format(&self) -> Option<&'r str> {
        let given = self.word.c().checked_add(1).map(|register| value(self.registers, register));
        match (given, self.pipe_of()?.signature().args.first()?.given) {
            (Some(Value::Text(format)), _) => Some(format),
            (_, Given::ElseText(format)) => Some(format),
            _ => None,
        }
    }

    /// What a value is converted to.
    pub(super) fn convert_type(&self) -> Option<&'r Type> {
        self.function.names.get(usize::from(self.word.c())).map(|name| &name.ty)
    }

    /// The value that a word gives.
    fn compute(&self, run: &mut Run<'_>, op: Op) -> Result<Value, Fault> {
        match op {
            Op::Const | Op::Missing | Op::Copy | Op::Default => self.plain(op),
            Op::Subject | Op::Contact | Op::Field | Op::Event | Op::Moved | Op::Attr | Op::Secret => {
                let value = self.look(run, op)?;
                run.fuel.burn_value(&value)?;
                Ok(value)
            }
            Op::Member => {
                let name = self.name_c()?;
                let Value::Json(json) = self.b() else { return Ok(Value::Missing) };
                let value = json.get(&*name.name).map_or(Value::Missing, |json| Value::read(json, &name.ty));
                run.fuel.burn_value(&value)?;
                Ok(value)
            }
            Op::Convert => {
                run.fuel.burn_value(self.b())?;
                run.convert(self.b(), &self.name_c()?.ty)
            }
            Op::Not | Op::IsSet | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::In => self.test(run, op),
            Op::Contains | Op::StartsWith | Op::EndsWith | Op::Matches => self.search(run, op),
            Op::Grade => Ok(self.grade()?.unwrap_or(Value::Missing)),
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Neg => self.arithmetic(run, op),
            Op::Now | Op::Today | Op::At | Op::NextClock | Op::NextWeekday | Op::StartOf => {
                self.time(run, op)
            }
            Op::Pipe | Op::Text | Op::Escape | Op::Join => self.message(run, op),
            Op::List => fuel::list(self.row(self.word.b(), usize::from(self.word.c())).to_vec()),
            Op::Object => self.object(run),
            Op::Each => self.each(run),
            Op::History => self.history(run),
            Op::Jump | Op::JumpIf | Op::JumpIfNot | Op::Return => Err(NO_CODE),
            Op::Do | Op::Split | Op::Skip | Op::Took | Op::Wait | Op::WaitFor | Op::WaitEvent | Op::End => {
                Err(NO_CODE)
            }
        }
    }

    fn plain(&self, op: Op) -> Result<Value, Fault> {
        match op {
            Op::Const => {
                let constant: Option<&Constant> = self.function.constants.get(usize::from(self.word.k()));
                constant.map(Value::from).ok_or(Fault::Damaged("constant"))
            }
            Op::Copy => Ok(self.b().clone()),
            Op::Default if self.b().is_missing() => Ok(self.c().clone()),
            Op::Default => Ok(self.b().clone()),
            _ => Ok(Value::Missing),
        }
    }

    /// Reads the world.
    fn look(&self, run: &Run<'_>, op: Op) -> Result<Value, Fault> {
        let world = run.world;
        let entity = |id: Option<_>| id.map_or(Value::Missing, |id| Value::Entity(Clone::clone(id)));
        let read = |json: Option<&Json>, ty: &Type| json.map_or(Value::Missing, |json| Value::read(json, ty));
        match op {
            Op::Subject => Ok(entity(world.subject)),
            Op::Contact => {
                let subject = world.subject.filter(|id| &*id.kind == "contact");
                Ok(entity(world.event.and_then(|event| event.contact.as_ref()).or(subject)))
            }
            Op::Field => {
                let name = self.name_k()?;
                Ok(read(world.event.and_then(|event| event.fields.get(&*name.name)), &name.ty))
            }
            Op::Event => Ok(event(world)),
            Op::Moved => {
                let moved = world.moved.and_then(|m| if self.word.b() == 0 { m.before } else { m.after });
                Ok(read(moved, &self.name_c()?.ty))
            }
            Op::Attr => {
                let name = self.name_c()?;
                match self.b() {
                    Value::Entity(id) => world.attribute(id, &name.name, &name.ty),
                    _ => Ok(Value::Missing),
                }
            }
            _ => {
                let name = &self.name_k()?.name;
                let secret = world.secrets.and_then(|secrets| secrets(name));
                secret.map(Value::Text).ok_or_else(|| Fault::NoSecret((&**name).into()))
            }
        }
    }

    fn test(&self, run: &mut Run<'_>, op: Op) -> Result<Value, Fault> {
        let (b, c) = (self.b(), self.c());
        if !matches!(op, Op::Not | Op::IsSet) {
            run.fuel.burn_value(c)?;
        }
        Ok(Value::Bool(match op {
            Op::Not => *b != Value::Bool(true),
            Op::IsSet => !b.is_missing(),
            Op::Eq => compare::same(b, c),
            Op::Ne => !b.is_missing() && !c.is_missing() && !compare::same(b, c),
            Op::Lt => compare::order(b, c).is_some_and(|order| order.is_lt()),
            Op::Le => compare::order(b, c).is_some_and(|order| order.is_le()),
            _ => compare::holds(c, b),
        }))
    }

    fn search(&self, run: &mut Run<'_>, op: Op) -> Result<Value, Fault> {
        let (b, c) = (self.b(), self.c());
        run.fuel.burn_value(b)?;
        run.fuel.burn_value(c)?;
        Ok(Value::Bool(match (op, b, c) {
            (Op::Contains, b, c) => compare::contains(b, c),
            (Op::StartsWith, Value::Text(b), Value::Text(c)) => b.starts_with(&**c),
            (Op::EndsWith, Value::Text(b), Value::Text(c)) => b.ends_with(&**c),
            (Op::Matches, Value::Text(b), Value::Text(c)) => compare::fits(b, c, &mut run.fuel)?,
            _ => false,
        }))
    }

    /// Place of a text in an ordered set, the lowest 0.
    fn grade(&self) -> Result<Option<Value>, Fault> {
        let Type::One(Scalar::Ordered(set)) = &self.name_c()?.ty else { return Ok(None) };
        let Value::Text(text) = self.b() else { return Ok(None) };
        Ok(set.iter().position(|t| t == text).map(|place| Value::Number(Decimal::from(place))))
    }

    fn arithmetic(&self, run: &mut Run<'_>, op: Op) -> Result<Value, Fault> {
        let (b, c) = (self.b(), self.c());
        let made = match (op, b, c) {
            (Op::Add, Value::Text(b), Value::Text(c)) => {
                fuel::bounded(b.len() + c.len())?;
                run.fuel.burn_bytes(b.len() + c.len())?;
                Some(Value::text(format!("{b}{c}")))
            }
            (Op::Add, Value::Time(_), _) => return self.shift(run, b, c),
            (Op::Sub, Value::Time(_), Value::Duration(_)) => {
                return self.shift(run, b, &arithmetic::negate(c).unwrap_or(Value::Missing));
            }
            (Op::Add, ..) => arithmetic::add(b, c),
            (Op::Sub, ..) => arithmetic::subtract(b, c),
            (Op::Mul, ..) => arithmetic::multiply(b, c),
            (Op::Div, ..) => arithmetic::divide(b, c),
            _ => arithmetic::negate(b),
        };
        Ok(made.unwrap_or(Value::Missing))
    }

    fn shift(&self, run: &mut Run<'_>, from: &Value, length: &Value) -> Result<Value, Fault> {
        let moment = arithmetic::shift(from, length, run.zone()?);
        Ok(run.moment(moment))
    }

    fn time(&self, run: &mut Run<'_>, op: Op) -> Result<Value, Fault> {
        let now = run.world.now;
        if op == Op::Now {
            return Ok(Value::Time(now));
        }
        let zone = run.zone()?;
        let moment = match op {
            Op::Today => return Ok(Value::Date(zone.to_datetime(now).date())),
            Op::At => day(self.b(), zone)
                .zip(clock(self.c()))
                .and_then(|(date, clock)| civil::at(date, clock, zone)),
            Op::NextClock => clock(self.b()).and_then(|clock| civil::next_clock(now, clock, zone)),
            Op::NextWeekday => weekday(self.word.b())
                .zip(clock(self.c()))
                .and_then(|(weekday, clock)| civil::next_weekday(now, weekday, clock, zone)),
            _ => day(self.b(), zone).and_then(|date| civil::start_of(date, zone)),
        };
        Ok(run.moment(moment))
    }

    fn message(&self, run: &mut Run<'_>, op: Op) -> Result<Value, Fault> {
        match op {
            Op::Text => {
                run.fuel.burn_value(self.b())?;
                fuel::text(text::show(self.b(), run.zone_for(self.b())?))
            }
            Op::Escape => {
                run.fuel.burn_value(self.b())?;
                let Value::Text(plain) = self.b() else { return Ok(Value::Missing) };
                fuel::text(text::escape(plain))
            }
            Op::Join => {
                let row = self.row(self.word.b(), usize::from(self.word.c()));
                join(run, row)
            }
            _ => self.pipe(run),
        }
    }

    fn pipe(&self, run: &mut Run<'_>) -> Result<Value, Fault> {
        let pipe = self.pipe_of().ok_or(NO_CODE)?;
        let row = self.row(self.word.c(), 1 + pipe.signature().args.len());
        let (input, args) = row.split_first().ok_or(NO_CODE)?;
        run.fuel.burn_value(input)?;
        pipe::apply(pipe, input, args, run.zone_for(input)?)
    }

    fn object(&self, run: &mut Run<'_>) -> Result<Value, Fault> {
        let row = self.row(self.word.b(), 2 * usize::from(self.word.c()));
        let sizes: Result<Vec<usize>, Fault> = row.iter().map(fuel::size).collect();
        let size: usize = sizes?.iter().sum();
        fuel::bounded(size)?;
        run.fuel.burn_bytes(size)?;
        let mut members = Map::new();
        for pair in row.chunks_exact(2) {
            if let [Value::Text(key), value] = pair
                && !value.is_missing()
            {
                members.insert(key.to_string(), value.to_json());
            }
        }
        fuel::json(Json::Object(members))
    }

    fn each(&self, run: &mut Run<'_>) -> Result<Value, Fault> {
        let block =
            *self.function.blocks.get(usize::from(self.word.c())).ok_or(Fault::Damaged("function"))?;
        let Value::List(items) = self.b() else { return fuel::text(String::new()) };
        let params = run.params(block);
        let mut args = self.row(self.word.b(), params).to_vec();
        let moving = self.word.b().checked_add(1).map(|first| run.moving(first, params.saturating_sub(1), 1));
        let moving = moving.unwrap_or_default();
        let mut out = String::new();
        for item in items.iter() {
            if let Some(slot) = args.first_mut() {
                *slot = item.clone();
            }
            if let Value::Text(part) = run.call_moving(block, &args, moving.clone())? {
                fuel::bounded(out.len() + part.len())?;
                out.push_str(&part);
            }
        }
        fuel::text(out)
    }
}

impl Run<'_> {
    /// The subject's zone if showing the value needs one: asking for it may mean looking up an account.
    fn zone_for(&mut self, value: &Value) -> Result<&TimeZone, Fault> {
        static UTC: TimeZone = TimeZone::UTC;
        let needed = match value {
            Value::Time(_) => true,
            Value::List(items) => items.iter().any(|item| compare::kind(item) == Some(Kind::Time)),
            _ => false,
        };
        if needed { self.zone() } else { Ok(&UTC) }
    }
}

fn join(run: &mut Run<'_>, row: &[Value]) -> Result<Value, Fault> {
    let parts =
        || row.iter().filter_map(|value| if let Value::Text(text) = value { Some(&**text) } else { None });
    let size = parts().map(str::len).sum();
    fuel::bounded(size)?;
    run.fuel.burn_bytes(size)?;
    fuel::text(parts().collect())
}

/// The event at hand; its fields beside its own members.
fn event(world: &World<'_>) -> Value {
    let Some(event) = world.event else { return Value::Missing };
    let mut members = Map::new();
    members.insert("id".to_owned(), Json::from(&*event.id));
    members.insert("event".to_owned(), Json::from(&*event.name));
    members.insert("time".to_owned(), Json::from(event.at.to_string()));
    members.extend(event.fields.iter().map(|(name, value)| (name.clone(), value.clone())));
    Value::Json(Json::Object(members).into())
}

fn day(value: &Value, zone: &TimeZone) -> Option<Date> {
    match value {
        Value::Date(date) => Some(*date),
        Value::Time(at) => Some(zone.to_datetime(*at).date()),
        _ => None,
    }
}

fn clock(value: &Value) -> Option<Time> {
    if let Value::Clock(clock) = value { Some(*clock) } else { None }
}

fn weekday(number: u8) -> Option<Weekday> {
    Weekday::from_monday_one_offset(i8::try_from(number).ok()?).ok()
}
