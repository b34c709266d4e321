//! Whom keys name, as the store decides it: an entity's own id first, then email, phone,
//! another system's key, a device.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::EntityId;

/// A key: kind, sort of key, value.
type Key = (Arc<str>, Arc<str>, Arc<str>);

/// Whom keys name.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    named: BTreeMap<Key, Arc<str>>,
    /// Entities that are known by keys only: they may turn out to be another.
    derived: BTreeSet<EntityId>,
}

/// Whom keys name, and who turned out to be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) entity: EntityId,
    pub(super) merged: Vec<EntityId>,
}

impl Directory {
    /// Whom these keys name, each a sort and a value. `None` without a key.
    pub(super) fn find(&mut self, kind: &str, keys: &[(&str, &str)]) -> Option<Found> {
        let kind: Arc<str> = kind.into();
        let mut keys: Vec<Key> = keys
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(sort, value)| {
                let value = if *sort == "email" { value.to_lowercase() } else { (*value).to_owned() };
                (kind.clone(), Arc::from(*sort), value.into())
            })
            .collect();
        let first = keys.first()?.clone();
        keys.sort_by_key(|(_, sort, _)| trust(sort));
        let own = keys.iter().find(|(_, sort, _)| **sort == *"id").map(|(.., id)| id.clone());
        keys.retain(|(_, sort, _)| **sort != *"id");
        let known: Vec<Arc<str>> = keys.iter().filter_map(|key| self.named.get(key).cloned()).collect();
        let is_derived = |id: &&Arc<str>| self.derived.contains(&EntityId::new(kind.clone(), (*id).clone()));
        let survivor = own
            .or_else(|| known.iter().find(|id| !is_derived(id)).cloned())
            .or_else(|| known.first().cloned());
        let survivor = survivor.unwrap_or_else(|| {
            let id: Arc<str> = format!("{}:{}", first.1, first.2).into();
            self.derived.insert(EntityId::new(kind.clone(), id.clone()));
            id
        });
        let entity = EntityId::new(kind.clone(), survivor.clone());
        let mut merged = Vec::new();
        for key in keys {
            match self.named.get(&key).cloned() {
                None => {
                    self.named.insert(key, survivor.clone());
                }
                Some(other) if other != survivor => {
                    let other = EntityId::new(kind.clone(), other);
                    if self.derived.remove(&other) {
                        self.rename(&other, &survivor);
                        merged.push(other);
                    }
                }
                Some(_) => {}
            }
        }
        Some(Found { entity, merged })
    }

    fn rename(&mut self, from: &EntityId, into: &Arc<str>) {
        for ((kind, ..), id) in &mut self.named {
            if *kind == from.kind && *id == from.id {
                *id = into.clone();
            }
        }
    }
}

/// The order of trust.
fn trust(sort: &str) -> u8 {
    match sort {
        "id" => 0,
        "email" => 1,
        "phone" => 2,
        "anonymous_id" => 4,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(directory: &mut Directory, keys: &[(&str, &str)]) -> (String, Vec<String>) {
        let found = directory.find("contact", keys).unwrap();
        (found.entity.id.to_string(), found.merged.iter().map(|id| id.id.to_string()).collect())
    }

    #[test]
    fn an_id_takes_over_what_was_known_by_a_device() {
        let mut directory = Directory::default();
        let (unknown, _) = find(&mut directory, &[("anonymous_id", "a1"), ("email", "Ana@Example.com")]);
        let (ana, merged) = find(&mut directory, &[("id", "ana"), ("anonymous_id", "a1")]);
        assert_eq!((ana.as_str(), merged), ("ana", vec![unknown]));
        assert_eq!(find(&mut directory, &[("email", "ana@example.com")]).0, "ana");
    }

    #[test]
    fn two_senders_ids_are_never_one() {
        let mut directory = Directory::default();
        find(&mut directory, &[("id", "ana"), ("email", "shared@example.com")]);
        let ben = find(&mut directory, &[("id", "ben"), ("email", "shared@example.com")]);
        assert_eq!(ben, ("ben".to_owned(), Vec::new()));
        assert_eq!(directory.find("contact", &[]), None);
    }
}
