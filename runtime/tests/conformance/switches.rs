//! What a person holds up, references that are given by keys, and what has come in.

use onward_engine::model::Transition;
use onward_runtime::store::{Switch, Unvetted};
use serde_json::json;

use super::*;

pub(crate) async fn what_is_paused_is_not_due(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let runs = vec![new_run(run("r1", "ana"))];
    node.commit("ana", Transition { runs, ..Transition::default() }).await.unwrap();
    node.intend("ana", vec![intent("i1", "ana"), Intent { workflow: "other".into(), ..intent("i2", "ana") }])
        .await;
    bed.store.switch("welcome", Some(Switch::Paused), "lea", after(1)).await.unwrap();
    bed.store.switch("welcome", Some(Switch::Paused), "ben", after(2)).await.unwrap();
    let switches = bed.store.switches().await.unwrap();
    let held = &switches["welcome"];
    assert_eq!((held.switch, held.at, &*held.by), (Switch::Paused, after(1), "lea"), "the first one counts");

    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    assert_eq!(claimed_keys(&claims), ["i2"]);
    assert!(bed.store.due(after(5)).await.unwrap().is_empty());
    assert_eq!(bed.store.next_due().await.unwrap(), None);
    assert!(bed.store.pending("n1", after(7200)).await.unwrap().is_empty());
    assert!(bed.store.read(&node.lease("ana"), 10, after(7200)).await.unwrap().timers.is_empty());

    bed.store.switch("welcome", Some(Switch::Disabled), "lea", after(3)).await.unwrap();
    assert_eq!(bed.store.next_due().await.unwrap(), Some(noon()), "runs under way go on");
    bed.store.switch("welcome", None, "lea", after(4)).await.unwrap();
    assert!(bed.store.switches().await.unwrap().is_empty());
    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    assert_eq!(claimed_keys(&claims), ["i1"], "nothing is lost");
    let timers = bed.store.read(&node.lease("ana"), 10, after(7200)).await.unwrap().timers;
    assert_eq!(timers.iter().map(rung).collect::<Vec<_>>(), ["r1"]);
}

pub(crate) async fn a_reference_by_keys_becomes_an_id(bed: &Bed) {
    let ana = || keys(&[(Namespace::Email, "Ana@example.com"), (Namespace::Other, "shop:7")]);
    let attributes = |id: &str, who: Who, refers| NewFact {
        id: id.into(),
        who,
        contact: None,
        kind: FactKind::Attributes { attributes: fields(json!({"a": 1})) },
        refers,
        at: noon(),
        origin: Origin::Live,
    };
    let order = Who { kind: "order".into(), ..keys(&[(Namespace::Other, "shop:1")]) };
    let facts =
        vec![attributes("o1", order, vec![("contact".into(), ana())]), attributes("c1", ana(), Vec::new())];
    bed.store.accept(facts).await.unwrap();
    let found = bed.store.find("contact", "ana@example.com").await.unwrap().unwrap();
    assert_eq!(bed.store.find("contact", "shop:7").await.unwrap().unwrap().id, found.id);
    let mut node = Node::start(bed, "n1").await;
    let taken = node.take_all(2).await;
    let order = taken.iter().find(|filed| &*filed.fact.id == "o1").unwrap();
    let FactKind::Attributes { attributes } = &order.fact.kind else { panic!("{order:?}") };
    assert_eq!(attributes, &fields(json!({"a": 1, "contact": &*found.id.id})));
}

pub(crate) async fn what_has_come_is_counted_and_shown(bed: &Bed) {
    assert_eq!(bed.store.seen(noon()).await.unwrap(), Default::default());
    let early = NewFact { at: after(-86_400), ..event("e3", "ben") };
    bed.store.accept(vec![event("e1", "ana"), event("e2", "ana"), early]).await.unwrap();
    let seen = bed.store.seen(after(-60)).await.unwrap();
    let [count] = seen.events.as_slice() else { panic!("{seen:?}") };
    assert_eq!((&*count.about, count.count, count.subjects), ("contact", 3, 2));
    assert_eq!((count.recent, count.recent_subjects, count.last), (2, 1, noon()));
    assert_eq!(seen.samples.len(), 3);
    assert!(seen.samples.iter().all(|sample| sample.event.is_some()), "{seen:?}");
}
