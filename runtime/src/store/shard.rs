//! Where things live: a subject's shard, and names derived from keys.
//!
//! Both are part of what is stored: they never change.

use onward_bytecode::EntityId;

/// One of a fixed number of parts that subjects are spread over.
pub type Shard = u16;

/// The shard of an entity among `shards`. A key `a/b` lives where `a` lives, whatever the kinds
/// of both: the task `ana/task-1` where the contact `ana` does, whose run creates it.
#[must_use]
pub fn shard_of(entity: &EntityId, shards: u16) -> Shard {
    let root = entity.id.split('/').next().unwrap_or_default();
    hashed(&[root], shards)
}

/// The shard of a fact's id: the same id is one row, whomever it concerns.
pub(super) fn shard_of_fact_id(id: &str, shards: u16) -> Shard {
    hashed(&[id], shards)
}

/// The shard of a key that names an entity.
pub(super) fn shard_of_key(kind: &str, namespace: &str, value: &str, shards: u16) -> Shard {
    hashed(&[kind, namespace, value], shards)
}

/// What stands for an entity where a store can lock numbers only.
pub(super) fn lock_number(entity: &EntityId) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *digest(&[&entity.kind, &entity.id]).as_bytes();
    i64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn hashed(parts: &[&str], shards: u16) -> Shard {
    let digest = digest(parts);
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    let number = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    let shard = number.checked_rem(u64::from(shards)).unwrap_or_default();
    Shard::try_from(shard).unwrap_or_default()
}

/// Hash of the parts, each with its length, so that no two lists are alike.
pub(super) fn digest(parts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lives_where_its_root_lives() {
        let root = shard_of(&EntityId::new("account", "acme"), 256);
        assert_eq!(root, shard_of(&EntityId::new("account", "acme/eu/1"), 256));
        assert_eq!(root, shard_of(&EntityId::new("task", "acme/task-1"), 256));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }

    #[test]
    fn shards_are_used_evenly() {
        let mut counts = [0_u32; 16];
        for n in 0..16_000 {
            counts[usize::from(shard_of(&EntityId::new("contact", format!("u{n}")), 16))] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
