//! Past events, found by whose they are and what they are called.

use onward_engine::model::{Occurrence, Question};
use serde_json::json;

use super::*;

fn named(id: &str, subject: &str, name: &str, more: serde_json::Value) -> NewFact {
    let kind =
        FactKind::Event { name: name.into(), fields: fields(more), contact: None, attributes: Fields::new() };
    NewFact { kind, ..event(id, subject) }
}

fn question(subject: &str, name: &str) -> Question {
    Question { entity: contact(subject), event: name.into() }
}

async fn past(bed: &Bed, subject: &str, name: &str) -> Vec<Occurrence> {
    let asked = question(subject, name);
    let questions = [asked.clone()].into();
    let mut snapshot = bed.store.load(&Needs { questions, ..Needs::default() }, None).await.unwrap();
    snapshot.history.remove(&asked).unwrap()
}

async fn ids_of(bed: &Bed, subject: &str, name: &str) -> Vec<String> {
    past(bed, subject, name).await.into_iter().map(|occurrence| occurrence.id.to_string()).collect()
}

pub(crate) async fn past_events_are_found_by_name(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let late = NewFact { at: after(-86_400), ..named("p2", "ana", "purchase", json!({"amount": 12.5})) };
    let facts = vec![
        named("p1", "ana", "purchase", json!({})),
        late,
        named("v1", "ana", "visit", json!({})),
        named("p3", "ben", "purchase", json!({})),
        NewFact { origin: Origin::Backfill, ..named("p4", "ana", "purchase", json!({})) },
    ];
    bed.store.accept(facts).await.unwrap();
    assert!(ids_of(bed, "ana", "purchase").await.is_empty(), "only what was worked out");
    node.take_all(5).await;
    assert_eq!(ids_of(bed, "ana", "purchase").await, ["p1", "p2", "p4"], "in the order of the log");
    assert_eq!(ids_of(bed, "ben", "purchase").await, ["p3"]);
    assert!(ids_of(bed, "ana", "refund").await.is_empty());
    let late = &past(bed, "ana", "purchase").await[1];
    assert_eq!((late.at, &late.fields), (after(-86_400), &fields(json!({"amount": 12.5}))));
    assert_eq!(late.contact, Some(contact("ana")));

    bed.store.accept(vec![named("p5", "ana", "purchase", json!({}))]).await.unwrap();
    assert_eq!(ids_of(bed, "ana", "purchase").await.len(), 3);
}

pub(crate) async fn what_a_device_did_counts_for_its_contact(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let device = || keys(&[(Namespace::Anonymous, "d1")]);
    bed.store.accept(vec![event_of("e1", device()), event_of("e2", device())]).await.unwrap();
    node.take_all(2).await;
    let both = keys(&[(Namespace::Id, "ana"), (Namespace::Anonymous, "d1")]);
    bed.store.accept(vec![event_of("e3", both)]).await.unwrap();
    // The event and the fact that tells of the merge.
    node.take_all(2).await;
    assert_eq!(ids_of(bed, "ana", "signed_up").await, ["e1", "e2", "e3"]);
    bed.store.accept(vec![event_of("e4", device())]).await.unwrap();
    node.take_all(1).await;
    assert_eq!(ids_of(bed, "ana", "signed_up").await, ["e1", "e2", "e3", "e4"], "each counts once");
}
