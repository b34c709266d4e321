//! Several shards in one transaction, and outcomes with claims in one.

use onward_engine::model::{Change, EntityChange, Transition};
use onward_runtime::store::{EffectFilter, EffectState, Settle, Settled, Settlement, StoreError};
use serde_json::json;

use super::*;

/// What sets an attribute of a subject, in a batch of its own.
fn commit(lease: &Lease, subject: &str) -> Commit {
    let change = Change::Set(fields(json!({"plan": "pro"})));
    let entities = vec![EntityChange { id: contact(subject), at: noon(), change }];
    let mut commit = Commit::new(lease.cursor, noon());
    let runs = vec![new_run(run(&format!("run-{subject}"), subject))];
    let intents = vec![intent(&format!("i-{subject}"), subject)];
    commit.add(Transition { entities, runs, intents, ..Transition::default() });
    commit
}

/// Contacts, each in a shard of its own.
fn apart(count: usize) -> Vec<String> {
    let mut names: BTreeMap<Shard, String> = BTreeMap::new();
    for n in 0..100 {
        let name = format!("c{n}");
        names.entry(shard_of(&contact(&name), SHARDS)).or_insert(name);
    }
    names.into_values().take(count).collect()
}

pub(crate) async fn shards_are_read_together(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let names = apart(4);
    for name in &names {
        bed.store
            .accept(vec![event(&format!("{name}-1"), name), event(&format!("{name}-2"), name)])
            .await
            .unwrap();
    }
    node.commit(&names[3], Transition { runs: vec![new_run(run("r1", &names[3]))], ..Transition::default() })
        .await
        .unwrap();
    let leases: Vec<Lease> = names.iter().rev().map(|name| node.lease(name)).collect();
    let batches = eventually("all facts", async || {
        let batches = bed.store.read_all(&leases, 10, after(3600)).await.unwrap();
        (batches.iter().map(|batch| batch.facts.len()).sum::<usize>() == 8).then_some(batches)
    })
    .await;
    for (batch, name) in batches.iter().zip(names.iter().rev()) {
        let found: Vec<&str> = batch.facts.iter().map(|filed| &*filed.fact.id).collect();
        assert_eq!(
            found,
            [format!("{name}-1"), format!("{name}-2")],
            "in the order of the leases and of the log"
        );
        assert_eq!(batch.cursor, batch.facts[1].position);
        assert_eq!(batch.snapshot.entities.keys().collect::<Vec<_>>(), [&contact(name)], "each shard's own");
    }
    assert_eq!(batches[0].timers.iter().map(rung).collect::<Vec<_>>(), ["r1"]);
    assert_eq!(batches[0].snapshot.runs[&contact(&names[3])].len(), 1);
    let few = bed.store.read_all(&leases, 1, noon()).await.unwrap();
    assert!(few.iter().all(|batch| batch.facts.len() == 1), "so many of each");
}

pub(crate) async fn shards_are_committed_together_or_not_at_all(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let names = apart(3);
    let batches = |node: &Node| {
        let batch = |name: &String| (node.lease(name), commit(&node.lease(name), name));
        names.iter().map(batch).collect::<Vec<_>>()
    };
    let mut lost = batches(&node);
    lost[1].0.epoch -= 1;
    let error = bed.store.commit_all(lost).await.unwrap_err();
    let shard = node.lease(&names[1]).shard;
    assert!(matches!(error, StoreError::LeaseLost { shard: lost } if lost == shard), "{error}");
    // The same run twice: the second is in the way of all.
    node.commit(
        &names[2],
        Transition { runs: vec![new_run(run("run-x", &names[2]))], ..Transition::default() },
    )
    .await
    .unwrap();
    let mut twice = batches(&node);
    twice[2].1.add(Transition { runs: vec![new_run(run("run-x", &names[2]))], ..Transition::default() });
    let error = bed.store.commit_all(twice).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    let known = bed.store.load(&needs(names.iter().map(|name| contact(name)).collect()), None).await.unwrap();
    assert!(known.entities.values().all(Option::is_none), "nothing of it is kept");
    assert!(bed.store.effects(&EffectFilter::default()).await.unwrap().is_empty());

    bed.store.commit_all(batches(&node)).await.unwrap();
    let known = bed.store.load(&needs(names.iter().map(|name| contact(name)).collect()), None).await.unwrap();
    assert!(known.entities.values().all(Option::is_some));
    assert_eq!(known.runs.values().map(Vec::len).sum::<usize>(), 4);
    assert_eq!(bed.store.effects(&EffectFilter::default()).await.unwrap().len(), 3);
}

pub(crate) async fn outcomes_are_written_with_claims(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana"), intent("i2", "ana")]).await;
    let claimed = bed.store.claim(&claiming("n1", 1), &Unvetted).await.unwrap().claims;
    let settle = |claim: &Claim| {
        let settlement = Settlement::Accepted { result: fields(json!({})), detail: "250".into() };
        Settle { claim: claim.clone(), settlement }
    };
    let settles = [settle(&claimed[0])];
    let more = claiming("n1", 10);
    let exchanged = bed.store.exchange(&settles, after(5), Some((&more, &Unvetted))).await.unwrap();
    assert_eq!(exchanged.settled, [Settled::Done]);
    assert_eq!(exchanged.claimed.claims.len(), 1, "what is left");
    let first = &claimed[0].intent.key;
    assert_ne!(&exchanged.claimed.claims[0].intent.key, first);
    let outcome = node.take_all(1).await;
    assert_eq!(&*outcome[0].fact.id, format!("outcome/{first}"));
    // Once more, with nothing to claim.
    let exchanged = bed.store.exchange(&settles, after(6), Some((&more, &Unvetted))).await.unwrap();
    assert_eq!(exchanged.settled, [Settled::Stale]);
    assert!(exchanged.claimed.claims.is_empty());
    let accepted = EffectFilter { state: Some(EffectState::Accepted), ..EffectFilter::default() };
    assert_eq!(bed.store.effects(&accepted).await.unwrap().len(), 1);
}
