//! Filling in what a new program watches about entities that were there before it.

use onward_engine::model::{Change, Edges, EntityChange, Transition};
use onward_runtime::store::{FillProgress, Filled, StoreError};
use serde_json::json;

use super::*;

async fn some_entities(bed: &Bed, count: usize) {
    let node = Node::start(bed, "n1").await;
    for n in 0..count {
        let change = Change::Set(fields(json!({"n": n})));
        let entities = vec![EntityChange { id: contact(&format!("c{n:02}")), at: noon(), change }];
        node.commit(&format!("c{n:02}"), Transition { entities, ..Transition::default() }).await.unwrap();
    }
    bed.store.put_program(program(), b"one").await.unwrap();
}

/// Fills a shard in; stops after so many parts. Answers whom.
async fn fill(bed: &Bed, lease: &Lease, parts: usize) -> Vec<String> {
    let mut filled = Vec::new();
    for _ in 0..parts {
        let Some(part) = bed.store.fill(lease, 3).await.unwrap() else { break };
        assert_eq!(part.snapshot.entities.len(), part.entities.len());
        let mut commit = Commit::new(lease.cursor, noon());
        let up_to = part.entities.last().filter(|_| part.entities.len() == 3).cloned();
        let count = part.entities.len() as u64;
        commit.filled = Some(Filled { deployment: part.deployment, up_to, count });
        bed.store.commit(lease, commit).await.unwrap();
        filled.extend(part.entities.iter().map(|id| id.id.to_string()));
    }
    filled
}

pub(crate) async fn each_entity_is_filled_in_once(bed: &Bed) {
    some_entities(bed, 40).await;
    let node = Node::start(bed, "n1").await;
    assert!(bed.store.filling("n1").await.unwrap().is_empty());
    assert!(bed.store.fills().await.unwrap().is_empty());
    let deployment = bed.store.deploy(program(), "ana", noon(), Some(Edges::Fire)).await.unwrap().number;
    assert_eq!(bed.store.filling("n1").await.unwrap().len(), 8);
    let progress = |done| vec![FillProgress { deployment, edges: Edges::Fire, done, total: 40 }];
    assert_eq!(bed.store.fills().await.unwrap(), progress(0));
    let mut filled = Vec::new();
    for lease in node.leases.values() {
        filled.extend(fill(bed, lease, 1).await);
    }
    assert_eq!(bed.store.fills().await.unwrap(), progress(filled.len() as u64));
    for lease in node.leases.values() {
        filled.extend(fill(bed, lease, 100).await);
        assert!(bed.store.fill(lease, 3).await.unwrap().is_none());
    }
    filled.sort();
    assert_eq!(filled, (0..40).map(|n| format!("c{n:02}")).collect::<Vec<_>>());
    assert_eq!(bed.store.fills().await.unwrap(), progress(40));
    assert!(bed.store.filling("n1").await.unwrap().is_empty());
}

pub(crate) async fn a_new_deployment_begins_anew(bed: &Bed) {
    some_entities(bed, 20).await;
    let node = Node::start(bed, "n1").await;
    bed.store.deploy(program(), "ana", noon(), Some(Edges::Silent)).await.unwrap();
    let lease = node.lease("c00");
    let part = bed.store.fill(&lease, 3).await.unwrap().unwrap();
    bed.store.deploy(program(), "ana", noon(), None).await.unwrap();
    assert!(!fill(bed, &lease, 1).await.is_empty(), "one that watches nothing new changes nothing");
    bed.store.deploy(program(), "ana", noon(), Some(Edges::Fire)).await.unwrap();
    let mut commit = Commit::new(lease.cursor, noon());
    commit.filled = Some(Filled { deployment: part.deployment, up_to: None, count: 3 });
    let error = bed.store.commit(&lease, commit).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    let anew = bed.store.fill(&lease, 3).await.unwrap().unwrap();
    assert_eq!((anew.edges, anew.entities), (Edges::Fire, part.entities));
}

pub(crate) async fn another_node_goes_on_where_it_was(bed: &Bed) {
    some_entities(bed, 40).await;
    let node = Node::start(bed, "n1").await;
    bed.store.deploy(program(), "ana", noon(), Some(Edges::Silent)).await.unwrap();
    let mut filled = Vec::new();
    for lease in node.leases.values() {
        filled.extend(fill(bed, lease, 1).await);
        // Read and never committed, as by a server that is killed.
        bed.store.fill(lease, 3).await.unwrap();
    }
    bed.store.leave("n1").await.unwrap();
    let next = Node::start(bed, "n2").await;
    for lease in next.leases.values() {
        filled.extend(fill(bed, lease, 100).await);
    }
    let lost = bed.store.fill(&node.lease("c00"), 3).await.unwrap();
    assert!(lost.is_none());
    filled.sort();
    assert_eq!(filled, (0..40).map(|n| format!("c{n:02}")).collect::<Vec<_>>(), "each once");
}
