//! Effects that wait for a person, and those that have failed.

use onward_bytecode::OnFailure;
use onward_engine::model::{Draft, Outcome, Transition};
use onward_runtime::store::{EffectFilter, EffectState, Settle, Settled, Settlement, StoreError};
use serde_json::json;

use super::*;

fn draft(key: &str) -> Intent {
    Intent { draft: Some(Draft { person: Some("lea@acme.com".into()) }), ..intent(key, "ana") }
}

fn only(key: &str) -> EffectFilter {
    EffectFilter { keys: vec![key.into()], ..EffectFilter::default() }
}

async fn state(bed: &Bed, key: &str) -> EffectState {
    bed.store.effects(&only(key)).await.unwrap()[0].state
}

pub(crate) async fn a_draft_waits_for_its_person(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.intend("ana", vec![draft("d1"), draft("d2"), draft("d3")]).await;
    assert!(bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims.is_empty());
    assert_eq!(bed.store.next_due().await.unwrap(), None);
    let waiting = EffectFilter { state: Some(EffectState::Draft), ..EffectFilter::default() };
    let listed = bed.store.effects(&waiting).await.unwrap();
    assert_eq!(
        listed.iter().map(|effect| effect.intent.clone()).collect::<Vec<_>>(),
        ["d1", "d2", "d3"].map(draft)
    );

    let arguments = vec![json!({"to": "ben@example.com"})];
    bed.store.edit_draft("d1", &arguments).await.unwrap();
    assert_eq!(bed.store.approve_drafts(&only("d1"), after(1)).await.unwrap(), ["d1"]);
    assert!(bed.store.approve_drafts(&only("d1"), after(1)).await.unwrap().is_empty(), "once");
    let error = bed.store.edit_draft("d1", &arguments).await.unwrap_err();
    assert!(matches!(error, StoreError::NoDraft { .. }), "{error}");
    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    assert_eq!((claimed_keys(&claims), &claims[0].intent.arguments), (vec!["d1"], &arguments));

    assert_eq!(bed.store.discard_drafts(&only("d2"), "not now", after(2)).await.unwrap(), ["d2"]);
    assert_eq!(state(bed, "d2").await, EffectState::Dropped);
    let taken = node.take_all(1).await;
    let FactKind::Outcome { outcome, .. } = &taken[0].fact.kind else { panic!("{taken:?}") };
    assert_eq!(outcome, &Outcome::Dropped { detail: "not now".into() });

    let cancelled = vec!["d3".into()];
    node.commit("ana", Transition { cancelled, ..Transition::default() }).await.unwrap();
    assert_eq!(state(bed, "d3").await, EffectState::Cancelled);
}

pub(crate) async fn what_has_failed_is_told(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.intend("ana", vec![Intent { failure: OnFailure::Stop, ..intent("i1", "ana") }]).await;
    let claim = bed.store.claim(&claiming("n1", 1), &Unvetted).await.unwrap().claims.remove(0);
    assert_eq!(claim.intent.failure, OnFailure::Stop);
    let settlement = Settlement::Failed { detail: "550 unknown user".into() };
    let settles = vec![Settle { claim, settlement }];
    assert_eq!(bed.store.settle(settles, after(5)).await.unwrap(), [Settled::Done]);
    let taken = node.take_all(1).await;
    let FactKind::Outcome { outcome, .. } = &taken[0].fact.kind else { panic!("{taken:?}") };
    assert_eq!(outcome, &Outcome::Failed { detail: "550 unknown user".into(), then: OnFailure::Stop });
    let effect = &bed.store.effects(&only("i1")).await.unwrap()[0];
    assert_eq!((effect.state, effect.ended), (EffectState::Failed, Some(after(5))));
    assert!(
        bed.store.timeline_last(&Default::default(), 10).await.unwrap().is_empty(),
        "its run tells of it"
    );
}
