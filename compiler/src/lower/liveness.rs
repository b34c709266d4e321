//! Which of a workflow's fixed registers are still needed at each word.
//!
//! Jumps go forward only, so one pass from the last word to the first is enough.
//! Temporaries are left out: none outlives a rest. An operand that names a row of
//! registers is a row of temporaries, so only single operands count.
//!
//! It must not know expressions or steps.

use onward_bytecode::{Instruction, Op, WaitSite};

/// A set of registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Registers {
    low: u128,
    high: u128,
}

impl Registers {
    pub(super) fn insert(&mut self, register: u8) {
        *self.half(register) |= bit(register);
    }

    pub(super) fn remove(&mut self, register: u8) {
        *self.half(register) &= !bit(register);
    }

    pub(super) fn contains(mut self, register: u8) -> bool {
        *self.half(register) & bit(register) != 0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self { low: self.low | other.low, high: self.high | other.high }
    }

    fn half(&mut self, register: u8) -> &mut u128 {
        if register < 128 { &mut self.low } else { &mut self.high }
    }
}

impl Extend<u8> for Registers {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, registers: I) {
        registers.into_iter().for_each(|register| self.insert(register));
    }
}

fn bit(register: u8) -> u128 {
    1 << (register % 128)
}

/// What is needed before each word, and after the last: nothing.
pub(super) fn live(words: &[Instruction], waits: &[WaitSite]) -> Vec<Registers> {
    let mut live = vec![Registers::default(); words.len() + 1];
    for (pc, word) in words.iter().enumerate().rev() {
        let Some(op) = word.op() else { continue };
        let wait = waits.get(usize::from(word.k())).filter(|_| op == Op::WaitEvent);
        let mut now = Registers::default();
        for next in successors(pc, op, *word, wait).into_iter().flatten() {
            now = now.union(live.get(next).copied().unwrap_or_default());
        }
        if writes(op) {
            now.remove(word.a());
        }
        now.extend(reads(op, *word).into_iter().flatten());
        now.extend(
            wait.and_then(|wait| wait.condition.as_ref()).into_iter().flat_map(|c| c.registers.clone()),
        );
        if let Some(at) = live.get_mut(pc) {
            *at = now;
        }
    }
    live
}

/// Where a run may go on after the word.
fn successors(pc: usize, op: Op, word: Instruction, wait: Option<&WaitSite>) -> [Option<usize>; 2] {
    let next = pc + 1;
    let target = next + usize::from(word.k());
    match op {
        Op::Return | Op::End => [None, None],
        Op::Jump => [Some(target), None],
        Op::JumpIf | Op::JumpIfNot => [Some(next), Some(target)],
        _ => [Some(next), wait.map(|wait| wait.otherwise as usize)],
    }
}

fn writes(op: Op) -> bool {
    !matches!(
        op,
        Op::Jump
            | Op::JumpIf
            | Op::JumpIfNot
            | Op::Return
            | Op::Do
            | Op::Skip
            | Op::Took
            | Op::Wait
            | Op::WaitFor
            | Op::WaitEvent
            | Op::End
    )
}

/// Registers that the word reads singly.
fn reads(op: Op, word: Instruction) -> [Option<u8>; 2] {
    match op {
        Op::Copy
        | Op::Attr
        | Op::Member
        | Op::Convert
        | Op::Not
        | Op::IsSet
        | Op::Grade
        | Op::Neg
        | Op::NextClock
        | Op::StartOf
        | Op::Text
        | Op::Escape => [Some(word.b()), None],
        Op::Eq
        | Op::Ne
        | Op::Lt
        | Op::Le
        | Op::In
        | Op::Contains
        | Op::StartsWith
        | Op::EndsWith
        | Op::Matches
        | Op::Add
        | Op::Sub
        | Op::Mul
        | Op::Div
        | Op::At
        | Op::Default => [Some(word.b()), Some(word.c())],
        Op::NextWeekday => [None, Some(word.c())],
        Op::JumpIf | Op::JumpIfNot | Op::Return | Op::Took | Op::Wait | Op::WaitFor | Op::WaitEvent => {
            [Some(word.a()), None]
        }
        Op::Const
        | Op::Missing
        | Op::Subject
        | Op::Contact
        | Op::Field
        | Op::Event
        | Op::Moved
        | Op::Secret
        | Op::Now
        | Op::Today
        | Op::Pipe
        | Op::Join
        | Op::List
        | Op::Object
        | Op::Each
        | Op::History
        | Op::Split
        | Op::Jump
        | Op::Do
        | Op::Skip
        | Op::End => [None, None],
    }
}
