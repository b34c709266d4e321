//! Facts in, and facts that follow.

use onward_engine::model::Transition;
use onward_runtime::store::{Receipt, StoreError, shard_of};
use serde_json::json;

use super::*;

pub(crate) async fn the_same_id_twice_is_one_fact(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let receipts = bed.store.accept(vec![event("e1", "ana"), event("e1", "ben")]).await.unwrap();
    let accepted = Receipt::Accepted { id: "e1".into(), subject: contact("ana") };
    let duplicate = Receipt::Duplicate { id: "e1".into() };
    assert_eq!(receipts, [accepted, duplicate.clone()]);
    // Wherever its subject lives.
    let mut again: Vec<_> = ["ana", "ben", "cleo", "dora"].map(|subject| event("e1", subject)).into();
    again.push(event_of("e1", keys(&[(Namespace::Email, "ana@example.com")])));
    for fact in again {
        assert_eq!(bed.store.accept(vec![fact]).await.unwrap()[0], duplicate);
    }
    assert_eq!(ids(&node.take_all(1).await), ["e1"]);
    assert!(bed.store.find("contact", "ana@example.com").await.unwrap().is_none());
}

pub(crate) async fn the_same_id_at_once_is_one_fact(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let all = |order: bool| {
        let mut facts: Vec<_> = (0..50).map(|n| event(&format!("e{n}"), &format!("c{n}"))).collect();
        if order {
            facts.reverse();
        }
        facts
    };
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..8 {
        let (store, facts) = (bed.store.clone(), all(sender % 2 == 0));
        senders.spawn(async move { store.accept(facts).await.unwrap() });
    }
    let receipts: Vec<_> = senders.join_all().await.into_iter().flatten().collect();
    assert_eq!(receipts.len(), 400);
    let accepted = receipts.iter().filter(|receipt| matches!(receipt, Receipt::Accepted { .. })).count();
    assert_eq!(accepted, 50);
    node.take_all(50).await;
}

pub(crate) async fn facts_are_read_in_order_and_once(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    for batch in 0..5 {
        let facts = (0..4).map(|n| event(&format!("e{batch}{n}"), "ana")).collect();
        bed.store.accept(facts).await.unwrap();
    }
    let lease = node.lease("ana");
    let first = eventually("the first facts", async || {
        let batch = bed.store.read(&lease, 7, noon()).await.unwrap();
        (batch.facts.len() == 7).then_some(batch)
    })
    .await;
    assert_eq!(ids(&first.facts), ["e00", "e01", "e02", "e03", "e10", "e11", "e12"]);
    assert!(first.facts.is_sorted_by_key(|filed| filed.position));
    bed.store.commit(&lease, Commit::new(first.cursor, noon())).await.unwrap();
    node.renew(TTL).await;
    let rest = node.take_all(13).await;
    assert_eq!(ids(&rest).first(), Some(&"e13"));
    assert!(rest.is_sorted_by_key(|filed| filed.fact.id.clone()));
    assert!(node.take().await.is_empty());
}

pub(crate) async fn facts_live_in_their_subjects_shard(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let facts = (0..200).map(|n| event(&format!("e{n}"), &format!("c{n}"))).collect();
    bed.store.accept(facts).await.unwrap();
    let read = eventually("200 facts in their shards", async || {
        let mut read = 0;
        for lease in node.leases.values() {
            let batch = bed.store.read(lease, 1000, noon()).await.unwrap();
            assert!(batch.facts.iter().all(|filed| shard_of(&filed.fact.subject, SHARDS) == lease.shard));
            assert!(batch.facts.len() < 60, "shards are used evenly");
            read += batch.facts.len();
        }
        (read == 200).then_some(read)
    });
    read.await;
}

pub(crate) async fn a_fact_that_names_nobody_is_refused(bed: &Bed) {
    let nobody = event_of("e2", keys(&[]));
    let error = bed.store.accept(vec![event("e1", "ana"), nobody]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Nobody { id } if id == "e2"), "{error}");
    assert_eq!(bed.store.counts().await.unwrap().facts, 0);
}

pub(crate) async fn facts_are_kept_as_they_came(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let mut sent = event("e1", "ana");
    sent.origin = Origin::Backfill;
    sent.at = "2026-03-01T12:00:00.123456Z".parse().unwrap();
    sent.kind = FactKind::Event {
        name: "order \"placed\" 🛒".into(),
        fields: fields(json!({"amount": 12.5, "big": 9007199254740993_i64, "list": [1, null, {"a": "é"}]})),
        contact: Some(contact("ben")),
        attributes: fields(json!({"plan": null})),
    };
    bed.store.accept(vec![sent.clone()]).await.unwrap();
    let taken = node.take_all(1).await;
    let fact = &taken[0].fact;
    assert_eq!((&fact.kind, fact.at, fact.origin), (&sent.kind, sent.at, sent.origin));

    // Postgres keeps no NUL: it is replaced, not refused, so that nothing gets stuck.
    let mut odd = event("e\0", "a\0na");
    odd.kind = FactKind::Attributes { attributes: fields(json!({"na\0me": "x\0y"})) };
    bed.store.accept(vec![odd]).await.unwrap();
    let taken = node.take_all(1).await;
    let attributes = fields(json!({"na\u{fffd}me": "x\u{fffd}y"}));
    assert_eq!(taken[0].fact.kind, FactKind::Attributes { attributes });
}

pub(crate) async fn facts_for_other_shards_arrive_once(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let facts: Vec<_> = (0..20).map(|n| follows(&format!("e1/to/c{n}"), &format!("c{n}"))).collect();
    let transition = Transition { facts, ..Transition::default() };
    // The same batch worked on twice, as after a lost lease.
    node.commit("ana", transition.clone()).await.unwrap();
    node.commit("ana", transition).await.unwrap();
    node.take_all(20).await;
    assert!(node.take().await.is_empty());
}

pub(crate) async fn accepted_facts_outlive_the_process(bed: &Bed) {
    if bed.is_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let address = folder.path().join("store.db").display().to_string();
        let store = store::open(&address, &options()).await.unwrap();
        store.accept(vec![event("e1", "ana")]).await.unwrap();
        drop(store);
        let store = store::open(&address, &Options::default()).await.unwrap();
        assert_eq!(store.shards(), SHARDS);
        assert_eq!(store.counts().await.unwrap().unread, 1);
    } else {
        bed.store.accept(vec![event("e1", "ana")]).await.unwrap();
        let again = store::open(&bed.address, &Options::default()).await.unwrap();
        assert_eq!((again.shards(), again.counts().await.unwrap().unread), (SHARDS, 1));
    }
}
