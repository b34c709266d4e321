//! Decides whom the keys of a fact name, from what is known of those keys.
//!
//! It reads and writes nothing: a store fills a [`Directory`], asks it fact by
//! fact, and keeps what it added.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::EntityId;
use onward_engine::model::{Fact, FactKind};

use super::rows::{clean, word};
use super::shard::digest;
use super::types::{IdentityKey, Namespace, NewFact, Who};
use super::{Result, StoreError};

/// Letters of a derived id: RFC 4648 base 32, in lower case.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const DERIVED: &str = "c_";
const DERIVED_LETTERS: usize = 20;

/// A key in its kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: Arc<str>,
    pub(super) key: IdentityKey,
}

/// What keys name, and what the facts asked about so far have added to it.
#[derive(Debug, Default)]
pub(super) struct Directory {
    known: BTreeMap<Key, Arc<str>>,
    added: BTreeMap<Key, Arc<str>>,
    merged: BTreeMap<EntityId, EntityId>,
}

impl Directory {
    /// What is known of the keys that were looked up. Keys that are not here are free.
    pub(super) fn new(known: BTreeMap<Key, Arc<str>>) -> Self {
        Self { known, ..Self::default() }
    }

    /// Keys that are new, with the id of the entity that they name.
    pub(super) fn added(&self) -> &BTreeMap<Key, Arc<str>> {
        &self.added
    }

    /// Entities that turned out to be another one.
    pub(super) fn merged(&self) -> &BTreeMap<EntityId, EntityId> {
        &self.merged
    }

    /// The entity that a key names.
    pub(super) fn entity(&self, key: &Key) -> Option<EntityId> {
        Some(EntityId::new(key.kind.clone(), self.known.get(key)?.clone()))
    }

    /// Whether nothing was added.
    pub(super) fn is_unchanged(&self) -> bool {
        self.added.is_empty() && self.merged.is_empty()
    }

    /// The fact with its subject, after the facts that tell of merges it brought about.
    pub(super) fn file(&mut self, new: &NewFact) -> Result<Vec<Fact>> {
        let nobody = || StoreError::Nobody { id: new.id.to_string() };
        let mut merges = Vec::new();
        let subject = self.resolve(&new.who, &mut merges).ok_or_else(nobody)?;
        let mut kind = new.kind.clone();
        if let (Some(who), FactKind::Event { contact, .. }) = (&new.contact, &mut kind) {
            *contact = Some(self.resolve(who, &mut merges).ok_or_else(nobody)?);
        }
        for (name, who) in &new.refers {
            let whom = self.resolve(who, &mut merges).ok_or_else(nobody)?;
            if let FactKind::Event { fields, .. } | FactKind::Attributes { attributes: fields } = &mut kind {
                fields.insert(name.to_string(), whom.id.to_string().into());
            }
        }
        let mut facts: Vec<Fact> = merges.into_iter().map(|merge| self.merge_fact(merge, new)).collect();
        facts.push(Fact { id: new.id.clone(), subject, kind, at: new.at, origin: new.origin });
        Ok(facts)
    }

    fn merge_fact(&self, from: EntityId, cause: &NewFact) -> Fact {
        let into = self.merged.get(&from).unwrap_or(&from).clone();
        Fact {
            id: merge_id(&from),
            kind: FactKind::MergedInto { into },
            subject: from,
            at: cause.at,
            origin: cause.origin,
        }
    }

    fn resolve(&mut self, who: &Who, merges: &mut Vec<EntityId>) -> Option<EntityId> {
        let first = who.keys.first()?;
        let mut keys: Vec<&IdentityKey> = who.keys.iter().collect();
        keys.sort_by_key(|key| key.namespace);
        let own = keys.iter().find(|key| key.namespace == Namespace::Id);
        let own = own.map(|key| self.named(&who.kind, key).unwrap_or_else(|| key.value.clone()));
        keys.retain(|key| key.namespace != Namespace::Id);
        let found: Vec<Arc<str>> = keys.iter().filter_map(|key| self.named(&who.kind, key)).collect();
        let survivor = own
            .or_else(|| found.iter().find(|id| !is_derived(id)).cloned())
            .or_else(|| found.first().cloned())
            .unwrap_or_else(|| derived(&who.kind, first));
        for key in keys {
            match self.named(&who.kind, key) {
                None => self.add(&who.kind, key, &survivor),
                Some(other) if other != survivor && is_derived(&other) => {
                    merges.extend(self.merge(&who.kind, &other, &survivor));
                }
                Some(_) => {}
            }
        }
        Some(EntityId::new(who.kind.clone(), survivor))
    }

    fn named(&self, kind: &Arc<str>, key: &IdentityKey) -> Option<Arc<str>> {
        self.known.get(&Key { kind: kind.clone(), key: key.clone() }).cloned()
    }

    fn add(&mut self, kind: &Arc<str>, key: &IdentityKey, id: &Arc<str>) {
        let key = Key { kind: kind.clone(), key: key.clone() };
        self.added.insert(key.clone(), id.clone());
        self.known.insert(key, id.clone());
    }

    /// All that names `from` names `into` now. Answers `from`, unless it was merged before.
    fn merge(&mut self, kind: &Arc<str>, from: &Arc<str>, into: &Arc<str>) -> Option<EntityId> {
        for names in [&mut self.known, &mut self.added] {
            for (key, id) in names.iter_mut() {
                if key.kind == *kind && id == from {
                    *id = into.clone();
                }
            }
        }
        let from = EntityId::new(kind.clone(), from.clone());
        let into = EntityId::new(kind.clone(), into.clone());
        self.merged.insert(from.clone(), into).is_none().then_some(from)
    }
}

/// The keys that have to be looked up for these facts. An id needs it only if it was
/// made here: that entity may have been merged.
pub(super) fn keys_of(facts: &[NewFact]) -> BTreeSet<Key> {
    let unsettled = |key: &&IdentityKey| key.namespace != Namespace::Id || is_derived(&key.value);
    let whos = facts.iter().flat_map(NewFact::whos);
    whos.flat_map(|who| {
        let keys = who.keys.iter().filter(unsettled);
        keys.map(|key| Key { kind: who.kind.clone(), key: key.clone() })
    })
    .collect()
}

/// The keys that `value` may be, the most trusted sort first.
pub(super) fn any_key(kind: &str, value: &str) -> BTreeSet<Key> {
    let sorts = [Namespace::Email, Namespace::Phone, Namespace::Other, Namespace::Anonymous];
    let key = |sort| Key { kind: kind.into(), key: IdentityKey::new(sort, clean(value)) };
    sorts.into_iter().map(key).collect()
}

/// Id of the one fact that says that `from` was merged.
pub(super) fn merge_id(from: &EntityId) -> Arc<str> {
    format!("merge/{}/{}", from.kind, from.id).into()
}

/// The id of an entity that is known by a key only.
fn derived(kind: &str, key: &IdentityKey) -> Arc<str> {
    let namespace = word(&key.namespace);
    let digest = digest(&[kind, &namespace, &key.value]);
    let mut id = String::from(DERIVED);
    for byte in digest.as_bytes().iter().take(DERIVED_LETTERS) {
        let letter = LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a');
        id.push(char::from(letter));
    }
    id.into()
}

/// Whether an id was made here, not by a sender.
fn is_derived(id: &str) -> bool {
    let Some(letters) = id.strip_prefix(DERIVED) else { return false };
    letters.len() == DERIVED_LETTERS && letters.bytes().all(|letter| LETTERS.contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(keys: &[(Namespace, &str)]) -> Who {
        let keys = keys.iter().map(|(namespace, value)| IdentityKey::new(*namespace, *value)).collect();
        Who { kind: "contact".into(), keys }
    }

    fn ask(directory: &mut Directory, keys: &[(Namespace, &str)]) -> (String, Vec<String>) {
        let mut merges = Vec::new();
        let id = directory.resolve(&who(keys), &mut merges).unwrap();
        (id.id.to_string(), merges.iter().map(|from| from.id.to_string()).collect())
    }

    use Namespace::{Anonymous, Email, Id};

    #[test]
    fn a_new_key_makes_a_derived_entity() {
        let mut directory = Directory::default();
        let (id, _) = ask(&mut directory, &[(Anonymous, "a1")]);
        assert!(is_derived(&id), "{id}");
        assert_eq!(ask(&mut directory, &[(Anonymous, "a1")]).0, id);
    }

    #[test]
    fn an_id_takes_over_what_was_known_by_a_device() {
        let mut directory = Directory::default();
        let (anonymous, _) = ask(&mut directory, &[(Anonymous, "a1"), (Email, "Ana@Example.com")]);
        let (ana, merges) = ask(&mut directory, &[(Id, "ana"), (Anonymous, "a1")]);
        assert_eq!((ana.as_str(), merges), ("ana", vec![anonymous]));
        assert_eq!(ask(&mut directory, &[(Email, "ana@example.com")]).0, "ana");
    }

    #[test]
    fn two_senders_ids_are_never_one() {
        let mut directory = Directory::default();
        ask(&mut directory, &[(Id, "ana"), (Email, "shared@example.com")]);
        let (ben, merges) = ask(&mut directory, &[(Id, "ben"), (Email, "shared@example.com")]);
        assert_eq!((ben.as_str(), merges.len()), ("ben", 0));
        assert_eq!(ask(&mut directory, &[(Email, "shared@example.com")]).0, "ana");
    }

    #[test]
    fn an_email_is_trusted_more_than_a_device() {
        let mut directory = Directory::default();
        ask(&mut directory, &[(Id, "ana"), (Anonymous, "a1")]);
        ask(&mut directory, &[(Id, "ben"), (Email, "ben@example.com")]);
        let (whom, merges) = ask(&mut directory, &[(Anonymous, "a1"), (Email, "ben@example.com")]);
        assert_eq!((whom.as_str(), merges.len()), ("ben", 0));
    }

    #[test]
    fn kinds_do_not_share_keys() {
        let mut directory = Directory::default();
        ask(&mut directory, &[(Id, "ana"), (Email, "x@example.com")]);
        let account = Who { kind: "account".into(), ..who(&[(Email, "x@example.com")]) };
        assert_ne!(&*directory.resolve(&account, &mut Vec::new()).unwrap().id, "ana");
    }
}
