//! Who works on which shard.

use std::sync::atomic::{AtomicUsize, Ordering};

use onward_engine::model::{RunChange, Transition};
use onward_runtime::store::StoreError;

use super::*;

pub(crate) async fn nodes_share_the_shards(bed: &Bed) {
    let mut one = Node::start(bed, "n1").await;
    assert_eq!(one.leases.len(), 8);
    let mut two = Node::start(bed, "n2").await;
    assert_eq!(two.leases.len(), 0, "nothing is free yet");
    one.renew(TTL).await;
    two.renew(TTL).await;
    assert_eq!((one.leases.len(), two.leases.len()), (4, 4));
    let mut three = Node::start(bed, "n3").await;
    for node in [&mut one, &mut two, &mut three] {
        node.renew(TTL).await;
    }
    let counts = [one.leases.len(), two.leases.len(), three.leases.len()];
    assert_eq!(counts.iter().sum::<usize>(), 8);
    assert!(counts.iter().all(|count| (2..=3).contains(count)), "{counts:?}");
    let nodes = bed.store.counts().await.unwrap().nodes;
    assert_eq!(nodes.values().sum::<u64>(), 8);
    assert_eq!(nodes.len(), 3);

    bed.store.leave("n3").await.unwrap();
    one.renew(TTL).await;
    two.renew(TTL).await;
    assert_eq!((one.leases.len(), two.leases.len()), (4, 4));
}

pub(crate) async fn a_lost_node_is_replaced(bed: &Bed) {
    let mut lost = Node::start(bed, "n1").await;
    lost.renew(Duration::from_millis(1)).await;
    let before = lost.lease("ana");
    let mut other = Node::start(bed, "n2").await;
    eventually("taking over", async || {
        other.renew(TTL).await;
        (other.leases.len() == 8).then_some(())
    })
    .await;
    let now = other.lease("ana");
    assert!(now.epoch > before.epoch);
    assert_eq!(now.cursor, before.cursor);
}

pub(crate) async fn an_old_lease_commits_nothing(bed: &Bed) {
    let mut lost = Node::start(bed, "n1").await;
    lost.renew(Duration::from_millis(1)).await;
    let mut other = Node::start(bed, "n2").await;
    eventually("taking over", async || {
        other.renew(TTL).await;
        (other.leases.len() == 8).then_some(())
    })
    .await;
    let made = Transition { runs: vec![new_run(run("r1", "ana"))], ..Transition::default() };
    let error = lost.commit("ana", made.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    assert!(bed.store.run("r1").await.unwrap().is_none());
    // Nor does it if it got the shard back: the epoch is another.
    let old = lost.lease("ana");
    bed.store.leave("n2").await.unwrap();
    lost.renew(TTL).await;
    let error = bed.store.commit(&old, Commit::new(old.cursor, noon())).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
    lost.commit("ana", made).await.unwrap();
}

pub(crate) async fn a_batch_is_not_committed_twice(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    bed.store.accept(vec![event("e1", "ana")]).await.unwrap();
    let lease = node.lease("ana");
    let batch = eventually("the fact", async || {
        let batch = bed.store.read(&lease, 10, noon()).await.unwrap();
        (!batch.facts.is_empty()).then_some(batch)
    })
    .await;
    bed.store.commit(&lease, Commit::new(batch.cursor, noon())).await.unwrap();
    // As if the answer had been lost on the way.
    let error = bed.store.commit(&lease, Commit::new(batch.cursor, noon())).await.unwrap_err();
    assert!(matches!(error, StoreError::LeaseLost { .. }), "{error}");
}

/// Works on all that a node can get; each fact enters its subject once.
async fn work(store: Arc<dyn Store>, name: &'static str, ttl: Duration, done: Arc<AtomicUsize>, all: usize) {
    while done.load(Ordering::SeqCst) < all {
        for lease in store.lease(name, ttl).await.unwrap() {
            let batch = store.read(&lease, 20, noon()).await.unwrap();
            let entered =
                |filed: &Filed| Enrolled { key: filed.fact.id.clone(), ..enrolled(&filed.fact.subject.id) };
            let enrolments: Vec<_> = batch.facts.iter().map(entered).map(enrolling).collect();
            let count = enrolments.len();
            let mut commit = Commit::new(batch.cursor, noon());
            commit.add(Transition { enrolments, ..Transition::default() });
            match store.commit(&lease, commit).await {
                Ok(()) => done.fetch_add(count, Ordering::SeqCst),
                Err(StoreError::LeaseLost { .. }) => 0,
                Err(error) => panic!("a fact was worked on twice: {error}"),
            };
        }
    }
}

pub(crate) async fn every_fact_is_worked_on_once(bed: &Bed) {
    let done = Arc::new(AtomicUsize::new(0));
    let mut nodes = tokio::task::JoinSet::new();
    // Some leases run out while their node is at work.
    for (name, millis) in [("n1", 2), ("n2", 4), ("n3", 1000)] {
        nodes.spawn(work(bed.store.clone(), name, Duration::from_millis(millis), done.clone(), 600));
    }
    for batch in 0..30 {
        let facts = (0..20).map(|n| event(&format!("e{batch}-{n}"), &format!("c{}", n % 7))).collect();
        bed.store.accept(facts).await.unwrap();
    }
    tokio::time::timeout(Duration::from_secs(60), nodes.join_all()).await.unwrap();
    assert_eq!(done.load(Ordering::SeqCst), 600);
    assert_eq!(bed.store.counts().await.unwrap().unread, 0);
}

pub(crate) async fn only_shards_with_work_are_pending(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    assert!(bed.store.pending("n1", noon()).await.unwrap().is_empty());
    bed.store.accept(vec![event("e1", "ana")]).await.unwrap();
    let shard = node.lease("ana").shard;
    eventually("the shard is pending", async || {
        (bed.store.pending("n1", noon()).await.unwrap() == [shard]).then_some(())
    })
    .await;
    assert!(bed.store.pending("n2", noon()).await.unwrap().is_empty());
    node.take_all(1).await;
    assert!(bed.store.pending("n1", noon()).await.unwrap().is_empty());

    assert_eq!(bed.store.next_due().await.unwrap(), None);
    let runs: Vec<RunChange> = vec![new_run(run("r1", "ana"))];
    node.commit("ana", Transition { runs, ..Transition::default() }).await.unwrap();
    assert!(bed.store.pending("n1", after(3599)).await.unwrap().is_empty());
    assert_eq!(bed.store.pending("n1", after(3600)).await.unwrap(), [shard]);
    assert_eq!(bed.store.next_due().await.unwrap(), Some(after(3600)));
    node.intend("ana", vec![intent("i1", "ana")]).await;
    assert_eq!(bed.store.next_due().await.unwrap(), Some(noon()));
}

pub(crate) async fn the_number_of_shards_is_fixed(bed: &Bed) {
    let other = Options { shards: Some(16), ..options() };
    let error = if bed.is_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db").display().to_string();
        drop(store::open(&path, &options()).await.unwrap());
        store::open(&path, &other).await.err().unwrap()
    } else {
        store::open(&bed.address, &other).await.err().unwrap()
    };
    assert_eq!(
        error.to_string(),
        "the store was created with 8 shards, not 16; leave the setting out or use 8"
    );
}
