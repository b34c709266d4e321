//! What is due when: one moment for each thing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;

/// Something that is due. Of what is due at the same moment the first comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// What is watched about an entity is to be looked at.
    Wake(EntityId),
    /// A run's wait is over.
    Timer(EntityId, Arc<str>),
    /// An effect is to be done. Those that were asked for first come first.
    Effect(u64, Arc<str>),
}

/// All that is due some time.
#[derive(Debug, Clone, Default)]
pub(super) struct Agenda {
    moments: BTreeMap<Due, Timestamp>,
    order: BTreeSet<(Timestamp, Due)>,
}

impl Agenda {
    /// Says when something is due, or that it is not.
    pub(super) fn set(&mut self, due: Due, at: Option<Timestamp>) {
        let before = match at {
            Some(at) => {
                self.order.insert((at, due.clone()));
                self.moments.insert(due.clone(), at)
            }
            None => self.moments.remove(&due),
        };
        if let Some(before) = before.filter(|before| Some(*before) != at) {
            self.order.remove(&(before, due));
        }
    }

    /// What is due first, and when.
    pub(super) fn first(&self) -> Option<(Timestamp, &Due)> {
        self.order.first().map(|(at, due)| (*at, due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_one_moment() {
        let at = |second| Timestamp::from_second(second).ok();
        let timer = |run: &str| Due::Timer(EntityId::new("contact", "ana"), run.into());
        let mut agenda = Agenda::default();
        agenda.set(timer("a"), at(5));
        agenda.set(timer("b"), at(4));
        agenda.set(timer("a"), at(3));
        assert_eq!(agenda.first(), Some((at(3).unwrap(), &timer("a"))));
        agenda.set(timer("a"), None);
        agenda.set(timer("b"), at(4));
        assert_eq!(agenda.first(), Some((at(4).unwrap(), &timer("b"))));
        agenda.set(timer("b"), None);
        assert_eq!(agenda.first(), None);
    }
}
