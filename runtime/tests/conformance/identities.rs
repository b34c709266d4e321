//! Which keys name which entity.

use std::collections::BTreeSet;

use onward_engine::model::{EntityChange, Transition};
use onward_runtime::store::Receipt;
use serde_json::json;

use super::*;
use Namespace::{Anonymous, Email, Id, Phone};

async fn subject(bed: &Bed, id: &str, named: &[(Namespace, &str)]) -> EntityId {
    let receipts = bed.store.accept(vec![event_of(id, keys(named))]).await.unwrap();
    let [Receipt::Accepted { subject, .. }] = &receipts[..] else { panic!("{receipts:?}") };
    subject.clone()
}

fn merges(facts: &[Filed]) -> Vec<(EntityId, EntityId)> {
    let merge = |filed: &Filed| match &filed.fact.kind {
        FactKind::MergedInto { into } => Some((filed.fact.subject.clone(), into.clone())),
        _ => None,
    };
    facts.iter().filter_map(merge).collect()
}

pub(crate) async fn emails_are_compared_without_case(bed: &Bed) {
    let ana = subject(bed, "e1", &[(Email, "Ana@Example.com")]).await;
    assert_eq!(subject(bed, "e2", &[(Email, " ana@example.COM ")]).await, ana);
    assert_ne!(subject(bed, "e3", &[(Email, "ben@example.com")]).await, ana);
}

pub(crate) async fn a_device_becomes_a_known_contact(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let device = subject(bed, "e1", &[(Anonymous, "d1"), (Phone, "+15550001")]).await;
    assert_eq!(subject(bed, "e2", &[(Anonymous, "d1")]).await, device);
    assert!(merges(&node.take_all(2).await).is_empty());

    assert_eq!(subject(bed, "e3", &[(Id, "ana"), (Anonymous, "d1")]).await, contact("ana"));
    assert_eq!(merges(&node.take_all(2).await), [(device.clone(), contact("ana"))]);
    // All that named the device names the contact.
    assert_eq!(subject(bed, "e4", &[(Phone, "+15550001")]).await, contact("ana"));
    assert_eq!(subject(bed, "e5", &[(Id, &device.id)]).await, contact("ana"));
    assert_eq!(subject(bed, "e6", &[(Id, "ana"), (Anonymous, "d1")]).await, contact("ana"));
    assert!(merges(&node.take_all(3).await).is_empty());
}

pub(crate) async fn two_known_contacts_stay_two(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    subject(bed, "e1", &[(Id, "ana"), (Email, "home@example.com"), (Anonymous, "d1")]).await;
    let ben = subject(bed, "e2", &[(Id, "ben"), (Email, "home@example.com"), (Anonymous, "d1")]).await;
    assert_eq!(ben, contact("ben"));
    assert_eq!(subject(bed, "e3", &[(Email, "home@example.com")]).await, contact("ana"));
    assert!(merges(&node.take_all(3).await).is_empty());
}

pub(crate) async fn a_new_key_at_once_makes_one_entity(bed: &Bed) {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..16 {
        let store = bed.store.clone();
        let email = (Email, "ana@example.com");
        let device = format!("d{sender}");
        let named = if sender % 2 == 0 { keys(&[email]) } else { keys(&[(Anonymous, &device), email]) };
        senders
            .spawn(async move { store.accept(vec![event_of(&format!("e{sender}"), named)]).await.unwrap() });
    }
    senders.join_all().await;
    let mut subjects = BTreeSet::new();
    for sender in 0..16 {
        let device = format!("d{sender}");
        let named: &[_] =
            if sender % 2 == 0 { &[(Email, "ana@example.com")] } else { &[(Anonymous, &device)] };
        subjects.insert(subject(bed, &format!("f{sender}"), named).await);
    }
    assert_eq!(subjects.len(), 1, "{subjects:?}");
}

pub(crate) async fn a_known_contact_at_once_merges_once(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let device = subject(bed, "e0", &[(Anonymous, "d1")]).await;
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..12 {
        let (store, id) = (bed.store.clone(), format!("e1{sender}"));
        let named = if sender % 3 == 0 {
            keys(&[(Anonymous, "d1")])
        } else {
            keys(&[(Id, "ana"), (Anonymous, "d1")])
        };
        senders.spawn(async move { store.accept(vec![event_of(&id, named)]).await.unwrap() });
    }
    senders.join_all().await;
    let taken = node.take_all(14).await;
    assert_eq!(merges(&taken), [(device.clone(), contact("ana"))]);
    // What was filed for the device after the merge is known to have moved.
    let merge = taken.iter().find(|filed| matches!(filed.fact.kind, FactKind::MergedInto { .. })).unwrap();
    for filed in taken.iter().filter(|filed| filed.fact.subject == device) {
        let late = filed.position > merge.position;
        assert_eq!(filed.moved, late.then(|| contact("ana")), "{filed:?}");
    }
}

pub(crate) async fn facts_for_a_merged_entity_are_handed_over(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let device = subject(bed, "e1", &[(Anonymous, "d1")]).await;
    subject(bed, "e2", &[(Id, "ana"), (Anonymous, "d1")]).await;
    node.take_all(3).await;
    // An outcome, say, of a run that the device had.
    let late = follows("late", &device.id);
    node.commit("ben", Transition { facts: vec![late.clone()], ..Transition::default() }).await.unwrap();
    let taken = node.take_all(1).await;
    assert_eq!(taken[0].moved, Some(contact("ana")));

    let lease = node.lease(&device.id);
    let mut commit = Commit::new(lease.cursor, noon());
    commit.hand_over(&late, &contact("ana"));
    bed.store.commit(&lease, commit).await.unwrap();
    let taken = node.take_all(1).await;
    assert_eq!((&taken[0].fact.subject, &taken[0].moved), (&contact("ana"), &None));
}

pub(crate) async fn an_events_contact_is_looked_up(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let ana = subject(bed, "e1", &[(Email, "ana@example.com")]).await;
    let mut of_account = event_of("e2", Who::id("account", "acme"));
    of_account.contact = Some(keys(&[(Email, "ana@example.com")]));
    bed.store.accept(vec![of_account]).await.unwrap();
    let taken = node.take_all(2).await;
    let filed = taken.iter().find(|filed| &*filed.fact.id == "e2").unwrap();
    assert_eq!(filed.fact.subject, EntityId::new("account", "acme"));
    let FactKind::Event { contact, .. } = &filed.fact.kind else { panic!("{filed:?}") };
    assert_eq!(contact, &Some(ana));
}

pub(crate) async fn any_key_finds_the_entity(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let device = subject(bed, "e1", &[(Anonymous, "d1")]).await;
    subject(bed, "e2", &[(Id, "ana"), (Email, "ana@example.com"), (Anonymous, "d1")]).await;
    let change = onward_engine::model::Change::Set(fields(json!({"plan": "pro"})));
    let entities = vec![EntityChange { id: contact("ana"), at: noon(), change }];
    node.commit("ana", Transition { entities, ..Transition::default() }).await.unwrap();
    for word in ["ana", "Ana@example.com", "d1", &device.id] {
        let found = bed.store.find("contact", word).await.unwrap().unwrap();
        assert_eq!(found.id, contact("ana"), "{word}");
        assert_eq!(found.entity.unwrap().attributes, fields(json!({"plan": "pro"})));
        assert_eq!(found.keys.len(), 2);
    }
    assert!(bed.store.find("contact", "nobody").await.unwrap().is_none());
    assert!(bed.store.find("account", "ana").await.unwrap().is_none());
}
