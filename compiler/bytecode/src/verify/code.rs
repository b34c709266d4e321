//! The proof of one function: what each register holds at each word.
//!
//! Jumps go forward, so one pass sees every way to a word before the word itself.
//! A register has a kind if all ways agree on it; otherwise it cannot be used.

use std::collections::BTreeMap;

use super::rules;
use super::{Place, Uses};
use crate::{
    ArtifactError, Function, Instruction, Kind, NameRef, Op, Pipe, Program, ResumePoint, Scalar, SiteKind,
    Type, WaitSite, WorkflowDecl,
};

/// Kinds of the registers on the way to a word; `None` cannot be used.
type State = Vec<Option<Kind>>;

type Proof<T = ()> = Result<T, ArtifactError>;

/// What a function is for, as far as its code must fit it.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    /// It gives a value.
    Value(Kind),
    /// It is the body of this workflow.
    Body(&'a WorkflowDecl),
}

/// Where the word after this one gets its state from.
enum Next {
    /// From this one.
    On,
    /// Only from jumps.
    Off,
}

struct Walk<'a> {
    program: &'a Program,
    function: &'a Function,
    role: Role<'a>,
    uses: Uses,
    place: Place,
    /// Word that is looked at.
    pc: usize,
    state: State,
    /// States at words further on.
    ahead: BTreeMap<usize, State>,
}

/// Proves the code of a function whose tables are proven.
pub(super) fn function(
    program: &Program,
    id: usize,
    function: &Function,
    role: Role<'_>,
    uses: Uses,
) -> Proof {
    let place = Place::function(id, function);
    let blank: State = vec![None; usize::from(function.registers)];
    let mut walk = Walk { program, function, role, uses, place, pc: 0, state: blank, ahead: BTreeMap::new() };
    walk.enter()?;
    walk.run()
}

impl Walk<'_> {
    /// The states at which the function is entered.
    fn enter(&mut self) -> Proof {
        let blank = self.state.clone();
        let Role::Body(workflow) = self.role else {
            let mut state = blank;
            for (slot, kind) in state.iter_mut().zip(&self.function.params) {
                *slot = Some(*kind);
            }
            return self.meet(0, state);
        };
        for entry in workflow.triggers.iter().map(|trigger| trigger.entry).chain(workflow.entry) {
            self.meet(entry as usize, blank.clone())?;
        }
        for point in &workflow.points {
            self.meet(point.pc as usize, self.kept(point)?)?;
        }
        for wait in &workflow.waits {
            let state = self.kept(self.point(wait.point)?)?;
            self.meet(wait.otherwise as usize, state)?;
        }
        Ok(())
    }

    fn run(&mut self) -> Proof {
        let mut reached = false;
        for (pc, word) in self.function.code.iter().enumerate() {
            self.pc = pc;
            self.place.word = Some(pc);
            if let Some(state) = self.ahead.remove(&pc) {
                self.state = if reached { merge(&self.state, &state) } else { state };
                reached = true;
            }
            let op = word.op().ok_or_else(|| self.bad("there is no such instruction"))?;
            if reached {
                reached = matches!(self.word(op, *word)?, Next::On);
            }
        }
        if reached { Err(self.bad("the code does not end here")) } else { Ok(()) }
    }

    fn bad(&self, problem: impl Into<String>) -> ArtifactError {
        self.place.unsound(problem)
    }

    /// Notes that a way with this state leads to word `pc`.
    fn meet(&mut self, pc: usize, state: State) -> Proof {
        if pc >= self.function.code.len() {
            return Err(self.bad(format!("word {pc} is behind the end")));
        }
        let merged = match self.ahead.get(&pc) {
            Some(other) => merge(other, &state),
            None => state,
        };
        self.ahead.insert(pc, merged);
        Ok(())
    }

    fn jump(&mut self, word: Instruction) -> Proof {
        let target = self.pc + 1 + usize::from(word.k());
        self.meet(target, self.state.clone())
    }

    /// The kind of a register that is read.
    fn read(&self, register: u8) -> Proof<Kind> {
        match self.state.get(usize::from(register)) {
            Some(Some(kind)) => Ok(*kind),
            Some(None) => Err(self.bad(format!("r{register} holds nothing that can be used"))),
            None => Err(self.bad(format!("there is no r{register}"))),
        }
    }

    fn want(&self, register: u8, wanted: Kind) -> Proof {
        let kind = self.read(register)?;
        if kind == wanted {
            return Ok(());
        }
        Err(self.bad(format!("r{register} is of kind {}, not {}", kind.name(), wanted.name())))
    }

    fn write(&mut self, register: u8, kind: Kind) -> Proof<Next> {
        let Some(slot) = self.state.get_mut(usize::from(register)) else {
            return Err(self.bad(format!("there is no r{register}")));
        };
        *slot = Some(kind);
        Ok(Next::On)
    }

    /// The kinds of `count` registers from `first` on.
    fn row(&self, first: u8, count: usize) -> Proof<Vec<Kind>> {
        (0..count)
            .map(|i| match u8::try_from(usize::from(first) + i) {
                Ok(register) => self.read(register),
                Err(_) => Err(self.bad("the operands go on behind the last register")),
            })
            .collect()
    }

    /// Registers from `first` on hold these kinds; `None` is any.
    fn row_of(&self, first: u8, wanted: &[Option<Kind>]) -> Proof {
        let kinds = self.row(first, wanted.len())?;
        match kinds.iter().zip(wanted).position(|(kind, wanted)| wanted.is_some_and(|w| w != *kind)) {
            None => Ok(()),
            Some(i) => Err(self.bad(format!("operand {i} is of the wrong kind"))),
        }
    }

    fn name(&self, place: usize) -> Proof<&NameRef> {
        self.function.names.get(place).ok_or_else(|| self.bad(format!("there is no name {place}")))
    }

    fn word(&mut self, op: Op, word: Instruction) -> Proof<Next> {
        let (a, b, c, k) = (word.a(), word.b(), word.c(), usize::from(word.k()));
        match op {
            Op::Const => {
                let Some(constant) = self.function.constants.get(k) else {
                    return Err(self.bad(format!("there is no constant {k}")));
                };
                self.write(a, constant.kind())
            }
            Op::Missing => match Kind::from_byte(b) {
                Some(kind) => self.write(a, kind),
                None => Err(self.bad(format!("there is no kind {b}"))),
            },
            Op::Subject | Op::Contact | Op::Event | Op::Field | Op::Moved | Op::Attr | Op::Secret => {
                self.reads_world(op, word)
            }
            Op::Member => {
                self.want(b, Kind::Json)?;
                self.write(a, self.name(usize::from(c))?.ty.kind())
            }
            Op::Convert => self.convert(a, b, usize::from(c)),
            Op::Now => self.write(a, Kind::Time),
            Op::Today => self.write(a, Kind::Date),
            Op::Grade => self.grade(a, b, usize::from(c)),
            Op::NextWeekday => {
                if !(1..=7).contains(&b) {
                    return Err(self.bad(format!("there is no weekday {b}")));
                }
                self.want(c, Kind::Clock)?;
                self.write(a, Kind::Time)
            }
            Op::Pipe => self.pipe(a, b, c),
            Op::Join => {
                self.row_of(b, &vec![Some(Kind::Text); usize::from(c)])?;
                self.write(a, Kind::Text)
            }
            Op::List => {
                if self.row(b, usize::from(c))?.contains(&Kind::List) {
                    return Err(self.bad("a list cannot hold lists"));
                }
                self.write(a, Kind::List)
            }
            Op::Object => {
                let pair = [Some(Kind::Text), None];
                self.row_of(b, &pair.repeat(usize::from(c)))?;
                self.write(a, Kind::Json)
            }
            Op::Each => self.each(a, b, usize::from(c)),
            Op::History => self.history(a, b, usize::from(c)),
            Op::Jump => self.jump(word).map(|()| Next::Off),
            Op::JumpIf | Op::JumpIfNot => {
                self.want(a, Kind::Bool)?;
                self.jump(word).map(|()| Next::On)
            }
            Op::Return => self.returns(a),
            Op::Do | Op::Split | Op::Skip | Op::Took | Op::Wait | Op::WaitFor | Op::WaitEvent | Op::End => {
                self.asks(op, word)
            }
            _ if rules::has_two(op) => {
                let (left, right) = (self.read(b)?, self.read(c)?);
                let kind = rules::two(op, left, right)
                    .ok_or_else(|| self.misuse(op, &format!("{} and {}", left.name(), right.name())))?;
                self.write(a, kind)
            }
            _ => {
                let operand = self.read(b)?;
                let kind = rules::one(op, operand).ok_or_else(|| self.misuse(op, operand.name()))?;
                self.write(a, kind)
            }
        }
    }

    fn misuse(&self, op: Op, kinds: &str) -> ArtifactError {
        self.bad(format!("`{}` does not take {kinds}", op.name()))
    }

    /// Operations that read more than registers: which functions may depends on who runs them.
    fn reads_world(&mut self, op: Op, word: Instruction) -> Proof<Next> {
        let (a, c, k) = (word.a(), usize::from(word.c()), usize::from(word.k()));
        if op == Op::Secret {
            if !self.uses.may_read_secrets() {
                return Err(
                    self.bad("only the request of an action, or what proves a request, may read a secret")
                );
            }
            if self.name(k)?.ty.kind() != Kind::Text {
                return Err(self.bad("a secret is a text"));
            }
            return self.write(a, Kind::Text);
        }
        if !self.uses.may_read_entities() {
            return Err(self.bad("an action may read nothing but its arguments"));
        }
        match op {
            Op::Subject | Op::Contact => self.write(a, Kind::Entity),
            Op::Event => self.write(a, Kind::Json),
            Op::Field => self.write(a, self.name(k)?.ty.kind()),
            Op::Moved if word.b() > 1 => Err(self.bad("an attribute has a value before and one after")),
            Op::Moved => self.write(a, self.name(c)?.ty.kind()),
            _ => {
                self.want(word.b(), Kind::Entity)?;
                self.write(a, self.name(c)?.ty.kind())
            }
        }
    }

    fn convert(&mut self, a: u8, b: u8, name: usize) -> Proof<Next> {
        let from = self.read(b)?;
        let to = self.name(name)?.ty.kind();
        if from == Kind::Entity && matches!(to, Kind::Json | Kind::List) && !self.uses.may_read_entities() {
            return Err(self.bad("an action may read nothing but its arguments"));
        }
        self.write(a, to)
    }

    fn grade(&mut self, a: u8, b: u8, name: usize) -> Proof<Next> {
        self.want(b, Kind::Text)?;
        if !matches!(self.name(name)?.ty, Type::One(Scalar::Ordered(_))) {
            return Err(self.bad("the set is not an ordered one"));
        }
        self.write(a, Kind::Number)
    }

    fn pipe(&mut self, a: u8, pipe: u8, first: u8) -> Proof<Next> {
        let Some(pipe) = Pipe::from_byte(pipe) else {
            return Err(self.bad(format!("there is no pipe {pipe}")));
        };
        let signature = pipe.signature();
        let input = self.read(first)?;
        if !signature.input.contains(&input) {
            return Err(self.bad(format!("`{}` does not take {}", pipe.name(), input.name())));
        }
        let mut wanted = vec![None];
        wanted.extend(signature.args.iter().map(|arg| Some(arg.kind)));
        self.row_of(first, &wanted)?;
        self.write(a, signature.result)
    }

    fn each(&mut self, a: u8, b: u8, block: usize) -> Proof<Next> {
        self.want(b, Kind::List)?;
        let block = self.function.blocks.get(block).and_then(|id| self.program.functions.get(id.0 as usize));
        let Some(block) = block else {
            return Err(self.bad("there is no such block"));
        };
        let Some((_, others)) = block.params.split_first() else {
            return Err(self.bad("the block does not take an item"));
        };
        if block.result != Some(Kind::Text) {
            return Err(self.bad("the block does not give a text"));
        }
        let mut wanted = vec![None];
        wanted.extend(others.iter().map(|kind| Some(*kind)));
        self.row_of(b, &wanted)?;
        self.write(a, Kind::Text)
    }

    fn history(&mut self, a: u8, b: u8, place: usize) -> Proof<Next> {
        if !self.uses.may_read_entities() {
            return Err(self.bad("an action may read nothing but its arguments"));
        }
        let Some(history) = self.function.histories.get(place) else {
            return Err(self.bad(format!("there is no question {place} about the past")));
        };
        let condition = history.condition.and_then(|id| self.program.functions.get(id.0 as usize));
        let mut wanted = vec![Some(Kind::Entity)];
        wanted.extend(condition.iter().flat_map(|condition| &condition.params).map(|kind| Some(*kind)));
        self.row_of(b, &wanted)?;
        self.write(a, history.ask.kind())
    }

    fn returns(&self, a: u8) -> Proof<Next> {
        match self.role {
            Role::Value(kind) => self.want(a, kind).map(|()| Next::Off),
            Role::Body(_) => Err(self.bad("the body of a workflow ends with `end`")),
        }
    }

    /// Operations of a workflow's body.
    fn asks(&mut self, op: Op, word: Instruction) -> Proof<Next> {
        let Role::Body(workflow) = self.role else {
            return Err(self.bad(format!("`{}` stands outside of a workflow's body", op.name())));
        };
        match op {
            Op::Do => self.does(workflow, word),
            Op::Skip => match self.site(workflow, word.k())? {
                SiteKind::Branch | SiteKind::Arm { .. } | SiteKind::Split | SiteKind::Until => {
                    Err(self.bad("the step is of another sort"))
                }
                _ => Ok(Next::On),
            },
            Op::Took => match self.site(workflow, word.k())? {
                SiteKind::Branch | SiteKind::Arm { .. } | SiteKind::Until => {
                    self.want(word.a(), Kind::Bool)?;
                    Ok(Next::On)
                }
                _ => Err(self.bad("the step is of another sort")),
            },
            Op::Split => match self.site(workflow, word.k())? {
                SiteKind::Split => self.write(word.a(), Kind::Number),
                _ => Err(self.bad("the step is of another sort")),
            },
            Op::Wait => {
                self.want(word.a(), Kind::Time)?;
                self.rests(self.point(word.k())?)
            }
            Op::WaitFor => {
                self.want(word.a(), Kind::Duration)?;
                self.rests(self.point(word.k())?)
            }
            Op::WaitEvent => {
                self.want(word.a(), Kind::Duration)?;
                let wait = workflow.waits.get(usize::from(word.k()));
                self.waits(wait.ok_or_else(|| self.bad("there is no such wait"))?)
            }
            _ if word.a() > 1 => Err(self.bad("a run ends in one of two ways")),
            _ => Ok(Next::Off),
        }
    }

    fn does(&mut self, workflow: &WorkflowDecl, word: Instruction) -> Proof<Next> {
        let site = self.site(workflow, word.k())?;
        self.row_of(word.a(), &site.argument_kinds(&self.program.actions))?;
        match site {
            SiteKind::Branch | SiteKind::Arm { .. } | SiteKind::Split | SiteKind::Until => {
                Err(self.bad("a branch is nothing that can be done"))
            }
            SiteKind::Effect { point, .. } | SiteKind::Turn { point, .. } => self.rests(self.point(*point)?),
            SiteKind::Create { .. } => self.write(word.a(), Kind::Entity),
            _ => Ok(Next::On),
        }
    }

    fn site<'w>(&self, workflow: &'w WorkflowDecl, place: u16) -> Proof<&'w SiteKind> {
        let site = workflow.sites.get(usize::from(place));
        site.map(|site| &site.kind).ok_or_else(|| self.bad(format!("there is no step {place}")))
    }

    fn waits(&self, wait: &WaitSite) -> Proof<Next> {
        if wait.otherwise as usize <= self.pc {
            return Err(self.bad("the run would go back after this wait"));
        }
        self.rests(self.point(wait.point)?)
    }

    /// The run may rest here: what is kept is there, and it goes on further down.
    fn rests(&self, point: &ResumePoint) -> Proof<Next> {
        if point.pc as usize <= self.pc {
            return Err(self.bad("the run would go back after this rest"));
        }
        for live in &point.live {
            self.want(live.register, live.ty.kind())?;
        }
        Ok(Next::Off)
    }

    fn point(&self, place: u16) -> Proof<&ResumePoint> {
        let Role::Body(workflow) = self.role else {
            return Err(self.bad("there is nowhere to rest"));
        };
        workflow
            .points
            .get(usize::from(place))
            .ok_or_else(|| self.bad(format!("there is no resume point {place}")))
    }

    /// The registers when a run goes on at a point.
    fn kept(&self, point: &ResumePoint) -> Proof<State> {
        let mut state = vec![None; usize::from(self.function.registers)];
        for live in &point.live {
            match state.get_mut(usize::from(live.register)) {
                Some(slot @ None) => *slot = Some(live.ty.kind()),
                Some(Some(_)) => return Err(self.bad(format!("r{} is kept twice", live.register))),
                None => return Err(self.bad(format!("there is no r{}", live.register))),
            }
        }
        Ok(state)
    }
}

/// What is known of the registers on both ways.
fn merge(a: &State, b: &State) -> State {
    a.iter().zip(b).map(|(a, b)| if a == b { *a } else { None }).collect()
}
