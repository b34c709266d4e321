//! Names that follow from their causes, so that doing something again names it the same.

use std::sync::Arc;

use blake3::Hasher;
use jiff::Timestamp;
use onward_bytecode::EntityId;

/// How many letters of a hash make a name: 104 bits.
const LENGTH: usize = 26;

/// How far a chain of facts that follow from one another may go.
pub(super) const LONGEST_CHAIN: u32 = 100;

/// Before the key of a question whose turn it is.
const TURN: &str = "turn/";

/// Stands in the id of a fact that tells of a change, before the name of that change.
const TOUCHED: &str = "/touched/";

/// What an input is known by, and how many facts led to it without a rest between.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) id: Arc<str>,
    pub(super) depth: u32,
}

impl Cause {
    /// A fact; one that was derived carries its depth in its id.
    pub(super) fn of_fact(id: &Arc<str>) -> Self {
        let depth = id
            .split_once('~')
            .filter(|(hash, _)| hash.len() == LENGTH)
            .and_then(|(_, rest)| rest.split('/').next())
            .and_then(|depth| depth.parse().ok());
        Self { id: id.clone(), depth: depth.unwrap_or(0) }
    }

    /// A run's timer. Its version tells one rest from the next.
    pub(super) fn of_timer(run: &str, version: u64) -> Self {
        Self { id: format!("timer/{run}/{version}").into(), depth: 0 }
    }

    /// An alarm of an entity that was set for this moment.
    pub(super) fn of_alarm(subject: &EntityId, alarm: &str, due: Timestamp) -> Self {
        Self { id: format!("alarm/{}/{}/{alarm}/{due}", subject.kind, subject.id).into(), depth: 0 }
    }

    /// The id of the fact that tells `to` of a change whose cause this is. One change touches
    /// nobody twice, however many ways lead there: what is passed on keeps the cause's name.
    pub(super) fn touched(&self, wave: u64, to: &EntityId) -> Option<Arc<str>> {
        let (depth, origin) = match self.id.split_once(TOUCHED) {
            Some((_, origin)) => (self.depth, origin.to_owned()),
            None => (self.depth + 1, name(&[&self.id, &wave.to_string()])),
        };
        let hash = name(&["touched", &origin, &to.kind, &to.id]);
        (depth <= LONGEST_CHAIN).then(|| format!("{hash}~{depth}{TOUCHED}{origin}").into())
    }

    /// The id of a fact that follows from these parts; none if the chain is too long.
    pub(super) fn derived(&self, parts: &[&str]) -> Option<Arc<str>> {
        let depth = self.depth + 1;
        (depth <= LONGEST_CHAIN).then(|| format!("{}~{depth}", name(parts)).into())
    }
}

/// The key of a run's question whose turn it is.
pub(super) fn turn_key(parts: &[&str]) -> String {
    format!("{TURN}{}", key(parts))
}

/// Whether a key is one of these: no intent.
pub(super) fn is_turn(key: &str) -> bool {
    key.starts_with(TURN)
}

/// A name made from parts.
pub(super) fn name(parts: &[&str]) -> String {
    key(parts).chars().take(LENGTH).collect()
}

/// A whole hash of parts, as hexadecimal text.
pub(super) fn key(parts: &[&str]) -> String {
    let mut hasher = Hasher::new();
    for part in parts {
        // The length before each part keeps `ab c` apart from `a bc`.
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_counts_its_chain() {
        let sent = Cause::of_fact(&"e1".into());
        let first = sent.derived(&["a"]).unwrap();
        let second = Cause::of_fact(&first).derived(&["a"]).unwrap();
        assert_eq!(Cause::of_fact(&second).depth, 2);
        assert_eq!(Cause::of_fact(&format!("{second}/moved/ana").into()).depth, 2);
        assert_eq!(Cause::of_fact(&"order~7".into()).depth, 0);
    }

    #[test]
    fn a_chain_ends() {
        let mut id: Arc<str> = "e1".into();
        let mut length = 0;
        while let Some(next) = Cause::of_fact(&id).derived(&["a"]) {
            id = next;
            length += 1;
        }
        assert_eq!(length, LONGEST_CHAIN);
    }

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(name(&["ab", "c"]), name(&["a", "bc"]));
        assert_eq!(name(&["a"]).len(), LENGTH);
    }
}
