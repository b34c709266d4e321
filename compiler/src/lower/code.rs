//! One function while it is being written: its registers, tables and words.
//!
//! Registers from 0 on are fixed: they hold the function's arguments, or what a
//! workflow keeps. Above them a stack of temporaries, each alive for the part of
//! one expression or step.
//!
//! It must not know expressions or steps.

use std::sync::Arc;

use indexmap::IndexSet;
use onward_bytecode::{
    Constant, Function, FunctionId, HistoryRef, Instruction, Kind, NameRef, Op, SpanAt, Type,
};

use super::Functions;
use super::limit::{Limit, Lowering, REGISTERS, WORDS};
use super::source::{Env, Slot, Source};
use crate::diagnostic::Span;

/// A function while it is being written.
pub(super) struct Code<'a> {
    /// Where finished functions go.
    pub(super) functions: &'a mut Functions,
    /// Its name, for people.
    pub(super) name: Arc<str>,
    /// Where it finds what comes from outside.
    pub(super) env: Env,
    /// How many loops it stands in.
    pub(super) depth: usize,
    params: Vec<Kind>,
    next: u16,
    high: u16,
    constants: IndexSet<Constant>,
    names: Vec<NameRef>,
    blocks: Vec<FunctionId>,
    histories: Vec<HistoryRef>,
    words: Vec<Instruction>,
    spans: Vec<SpanAt>,
}

/// A jump whose target is not known yet.
#[must_use]
pub(super) struct Jump(usize);

impl<'a> Code<'a> {
    /// A function of these parameters.
    pub(super) fn with_params(
        functions: &'a mut Functions,
        name: impl Into<Arc<str>>,
        params: impl IntoIterator<Item = (Source, Type)>,
    ) -> Lowering<Self> {
        let mut code = Self::with_fixed(functions, name, params)?;
        let mut slots: Vec<_> = code.env.values().collect();
        slots.sort_by_key(|slot| slot.register);
        code.params = slots.iter().map(|slot| slot.ty.kind()).collect();
        Ok(code)
    }

    /// A function without parameters that sets these registers itself.
    pub(super) fn with_fixed(
        functions: &'a mut Functions,
        name: impl Into<Arc<str>>,
        fixed: impl IntoIterator<Item = (Source, Type)>,
    ) -> Lowering<Self> {
        let mut code = Self {
            functions,
            name: name.into(),
            env: Env::new(),
            depth: 0,
            params: Vec::new(),
            next: 0,
            high: 0,
            constants: IndexSet::new(),
            names: Vec::new(),
            blocks: Vec::new(),
            histories: Vec::new(),
            words: Vec::new(),
            spans: Vec::new(),
        };
        for (source, ty) in fixed {
            let register = code.temporary()?;
            code.env.insert(source, Slot { register, ty });
        }
        Ok(code)
    }

    /// A fresh register.
    pub(super) fn temporary(&mut self) -> Lowering<u8> {
        self.range(1)
    }

    /// The first of `count` fresh registers in a row.
    pub(super) fn range(&mut self, count: usize) -> Lowering<u8> {
        if count == 0 {
            return Ok(0);
        }
        let first = u8::try_from(self.next).map_err(|_| Limit::Registers)?;
        let end = usize::from(self.next) + count;
        if end > usize::from(REGISTERS) {
            return Err(Limit::Registers);
        }
        self.next = u16::try_from(end).map_err(|_| Limit::Registers)?;
        self.high = self.high.max(self.next);
        Ok(first)
    }

    /// How many registers are taken, for [`Self::release`].
    pub(super) fn mark(&self) -> u16 {
        self.next
    }

    /// Gives back the registers taken since `mark`.
    pub(super) fn release(&mut self, mark: u16) {
        self.next = mark;
    }

    /// The place of the next word.
    pub(super) fn here(&self) -> u32 {
        u32::try_from(self.words.len()).unwrap_or(u32::MAX)
    }

    /// The words so far.
    pub(super) fn words(&self) -> &[Instruction] {
        &self.words
    }

    /// Adds a word that comes from `span`.
    pub(super) fn emit(&mut self, span: Span, word: Instruction) -> Lowering<()> {
        if self.words.len() >= WORDS {
            return Err(Limit::Words);
        }
        let at = SpanAt { pc: self.here(), file: span.file.0, start: span.start, end: span.end };
        let same = |last: &SpanAt| (last.file, last.start, last.end) == (at.file, at.start, at.end);
        if !self.spans.last().is_some_and(same) {
            self.spans.push(at);
        }
        self.words.push(word);
        Ok(())
    }

    /// Adds a word of three operands.
    pub(super) fn abc(&mut self, span: Span, op: Op, a: u8, b: u8, c: u8) -> Lowering<()> {
        self.emit(span, Instruction::abc(op, a, b, c))
    }

    /// Adds a word of an operand and a 16-bit number.
    pub(super) fn ak(&mut self, span: Span, op: Op, a: u8, k: u16) -> Lowering<()> {
        self.emit(span, Instruction::ak(op, a, k))
    }

    /// Adds a jump; [`Self::land`] says where to.
    pub(super) fn jump(&mut self, span: Span, op: Op, a: u8) -> Lowering<Jump> {
        let at = self.words.len();
        self.ak(span, op, a, 0)?;
        Ok(Jump(at))
    }

    /// Lets the jump go to the next word.
    pub(super) fn land(&mut self, jump: Jump) -> Lowering<()> {
        let distance = self.words.len().saturating_sub(jump.0 + 1);
        let distance = u16::try_from(distance).map_err(|_| Limit::Words)?;
        if let Some(word) = self.words.get_mut(jump.0)
            && let Some(op) = word.op()
        {
            *word = Instruction::ak(op, word.a(), distance);
        }
        Ok(())
    }

    /// Loads a constant.
    pub(super) fn load(&mut self, span: Span, dst: u8, constant: Constant) -> Lowering<()> {
        let constant = canonical(constant);
        let (place, _) = self.constants.insert_full(constant);
        let k = u16::try_from(place).map_err(|_| Limit::Words)?;
        self.ak(span, Op::Const, dst, k)
    }

    /// Sets a register to no value of this type.
    pub(super) fn missing(&mut self, span: Span, dst: u8, ty: &Type) -> Lowering<()> {
        self.abc(span, Op::Missing, dst, ty.kind() as u8, 0)
    }

    /// The place of a name in the table, as a 16-bit operand.
    pub(super) fn name_k(&mut self, name: &Arc<str>, ty: &Type) -> Lowering<u16> {
        let name = NameRef { name: name.clone(), ty: ty.clone() };
        let place = match self.names.iter().position(|known| *known == name) {
            Some(place) => place,
            None => {
                self.names.push(name);
                self.names.len() - 1
            }
        };
        u16::try_from(place).map_err(|_| Limit::Names)
    }

    /// The place of a name in the table, as an operand of a byte.
    pub(super) fn name_c(&mut self, name: &Arc<str>, ty: &Type) -> Lowering<u8> {
        let place = self.name_k(name, ty)?;
        u8::try_from(place).map_err(|_| Limit::Names)
    }

    /// The place of a type in the table of names: it has no name of its own.
    pub(super) fn type_c(&mut self, ty: &Type) -> Lowering<u8> {
        self.name_c(&Arc::from(""), ty)
    }

    /// The place of a function that this one calls.
    pub(super) fn block(&mut self, id: FunctionId) -> Lowering<u8> {
        self.blocks.push(id);
        u8::try_from(self.blocks.len() - 1).map_err(|_| Limit::Loops)
    }

    /// The place of a question about the past.
    pub(super) fn question(&mut self, history: HistoryRef) -> Lowering<u8> {
        let place = match self.histories.iter().position(|known| *known == history) {
            Some(place) => place,
            None => {
                self.histories.push(history);
                self.histories.len() - 1
            }
        };
        u8::try_from(place).map_err(|_| Limit::Questions)
    }

    /// The finished function.
    pub(super) fn finish(self, result: Option<Kind>) -> FunctionId {
        let function = Function {
            name: self.name,
            params: self.params,
            result,
            registers: self.high,
            constants: self.constants.into_iter().collect(),
            names: self.names,
            blocks: self.blocks,
            histories: self.histories,
            code: self.words,
        };
        self.functions.push(function, self.spans)
    }
}

/// Equal numbers have equal bytes: `1.50` is `1.5`.
fn canonical(constant: Constant) -> Constant {
    match constant {
        Constant::Number(number) => Constant::Number(number.normalize()),
        other => other,
    }
}
