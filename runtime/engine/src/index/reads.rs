//! What code reads, as far as its words tell: so that a condition is looked at again
//! only when something changes that it may depend on.
//!
//! It may say too much, never too little. It must not run code.

use std::collections::BTreeSet;
use std::sync::Arc;

use onward_bytecode::{Function, FunctionId, Op, Program, Scalar, Type};

/// What some code may read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    /// Attributes, whosever they are.
    pub(crate) attributes: BTreeSet<Arc<str>>,
    /// Past events.
    pub(crate) events: BTreeSet<Arc<str>>,
    /// What else.
    pub(crate) senses: BTreeSet<Sense>,
}

/// What code may depend on besides attributes and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sense {
    /// The time: its value may be another one later.
    Time,
    /// An entity as a whole.
    Whole,
}

impl Reads {
    /// What these functions may read, with those that they call.
    pub(crate) fn of(program: &Program, functions: impl IntoIterator<Item = FunctionId>) -> Self {
        let mut reads = Self::default();
        let mut seen = BTreeSet::new();
        let mut left: Vec<FunctionId> = functions.into_iter().collect();
        while let Some(id) = left.pop() {
            let Some(function) = program.functions.get(id.0 as usize).filter(|_| seen.insert(id)) else {
                continue;
            };
            reads.add(function);
            left.extend(&function.blocks);
            left.extend(function.histories.iter().filter_map(|history| history.condition));
        }
        reads
    }

    fn add(&mut self, function: &Function) {
        for history in &function.histories {
            self.events.insert(history.event.clone());
            // What is dated ahead counts when its time comes.
            self.senses.insert(Sense::Time);
        }
        for word in &function.code {
            let name = |place: u8| function.names.get(usize::from(place));
            match word.op() {
                Some(Op::Attr) => self.attributes.extend(name(word.c()).map(|name| name.name.clone())),
                Some(Op::Convert) if name(word.c()).is_some_and(|name| is_json(&name.ty)) => {
                    self.senses.insert(Sense::Whole);
                }
                Some(Op::Now | Op::Today | Op::NextClock | Op::NextWeekday) => {
                    self.senses.insert(Sense::Time);
                }
                _ => {}
            }
        }
    }

    /// Whether the value may be another one later.
    pub(crate) fn is_timed(&self) -> bool {
        self.senses.contains(&Sense::Time)
    }

    /// Whether it may depend on any attribute.
    pub(crate) fn is_whole(&self) -> bool {
        self.senses.contains(&Sense::Whole)
    }
}

fn is_json(ty: &Type) -> bool {
    matches!(ty, Type::One(Scalar::Json) | Type::List(Scalar::Json))
}
