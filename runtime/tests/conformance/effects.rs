//! Intents: claimed, settled, parked, cancelled.

use std::collections::BTreeSet;

use onward_engine::model::{Outcome, Transition, What};
use onward_runtime::store::{
    EffectFilter, EffectState, Parking, Settle, Settled, Settlement, StoreError, TimelineFilter,
};
use serde_json::json;

use super::*;

fn accepted(claim: &Claim) -> Settle {
    let settlement =
        Settlement::Accepted { result: fields(json!({"id": "m1"})), detail: "250 queued".into() };
    Settle { claim: claim.clone(), settlement }
}

fn parked(claim: &Claim, why: Parking) -> Settle {
    Settle { claim: claim.clone(), settlement: Settlement::Parked { why, detail: "550 unknown user".into() } }
}

async fn settle(bed: &Bed, settle: Settle) -> Settled {
    bed.store.settle(vec![settle], after(5)).await.unwrap()[0]
}

async fn claim_one(bed: &Bed, key: &str) -> Claim {
    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    assert_eq!(claimed_keys(&claims), [key]);
    claims[0].clone()
}

async fn state(bed: &Bed, key: &str) -> EffectState {
    let filter = EffectFilter { keys: vec![key.into()], ..EffectFilter::default() };
    bed.store.effects(&filter).await.unwrap()[0].state
}

/// What the timeline tells, once it has as many lines.
async fn told(bed: &Bed, count: usize) -> Vec<What> {
    eventually("the timeline tells", async || {
        let lines = bed.store.timeline_last(&TimelineFilter::default(), 100).await.unwrap();
        (lines.len() == count).then(|| lines.iter().map(|line| line.entry.what).collect())
    })
    .await
}

pub(crate) async fn eight_dispatchers_claim_each_intent_once(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    for subject in 0..8 {
        let subject = format!("c{subject}");
        let intents = (0..50).map(|n| intent(&format!("{subject}-{n}"), &subject)).collect();
        node.intend(&subject, intents).await;
    }
    let mut dispatchers = tokio::task::JoinSet::new();
    for number in 0..8 {
        let store = bed.store.clone();
        dispatchers.spawn(async move {
            let mut keys = Vec::new();
            loop {
                let claims =
                    store.claim(&claiming(&format!("n{number}"), 7), &Unvetted).await.unwrap().claims;
                if claims.is_empty() {
                    return keys;
                }
                assert!(claims.len() <= 7 && claims.iter().all(|claim| claim.attempt == 1));
                keys.extend(claims.into_iter().map(|claim| claim.intent.key.to_string()));
            }
        });
    }
    let keys: Vec<_> = dispatchers.join_all().await.into_iter().flatten().collect();
    assert_eq!(keys.len(), 400);
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>().len(), 400);
}

pub(crate) async fn actions_have_limits(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let of =
        |action: &str, n: i32| Intent { action: action.into(), ..intent(&format!("{action}{n}"), "ana") };
    let intents = ["sms", "email", "slack"].into_iter().flat_map(|action| (0..5).map(move |n| of(action, n)));
    node.intend("ana", intents.collect()).await;
    let per_action = BTreeMap::from([("email".into(), 2), ("sms".into(), 0)]);
    let limited = Claiming { per_action, ..claiming("n1", 20) };
    let claims = bed.store.claim(&limited, &Unvetted).await.unwrap().claims;
    let count = |action: &str| claims.iter().filter(|claim| &*claim.intent.action == action).count();
    assert_eq!((count("email"), count("sms"), count("slack")), (2, 0, 5));
    assert_eq!(bed.store.claim(&claiming("n1", 4), &Unvetted).await.unwrap().claims.len(), 4);
}

pub(crate) async fn what_is_not_due_is_not_claimed(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let later = Intent { due: after(100), ..intent("later", "ana") };
    node.intend("ana", vec![later, intent("now", "ana")]).await;
    claim_one(bed, "now").await;
    let then = Claiming { now: after(100), ..claiming("n1", 10) };
    let claims = bed.store.claim(&then, &Unvetted).await.unwrap().claims;
    assert_eq!(claimed_keys(&claims), ["later"]);
    assert_eq!(claims[0].intent, Intent { due: after(100), ..intent("later", "ana") });
}

pub(crate) async fn an_accepted_effect_is_a_fact(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana")]).await;
    let claim = claim_one(bed, "i1").await;
    assert_eq!(settle(bed, accepted(&claim)).await, Settled::Done);
    assert_eq!(settle(bed, accepted(&claim)).await, Settled::Stale, "once");
    let taken = node.take_all(1).await;
    let outcome = Outcome::Accepted { result: fields(json!({"id": "m1"})), detail: "250 queued".into() };
    let kind = FactKind::Outcome { intent: "i1".into(), run: "run-ana".into(), outcome };
    assert_eq!((&taken[0].fact.subject, &taken[0].fact.kind), (&contact("ana"), &kind));
    let effect = &bed.store.effects(&EffectFilter::default()).await.unwrap()[0];
    assert_eq!((effect.state, effect.ended), (EffectState::Accepted, Some(after(5))));
    assert_eq!(told(bed, 1).await, [What::Sent]);
}

pub(crate) async fn a_retried_effect_waits(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana")]).await;
    let claim = claim_one(bed, "i1").await;
    let settlement = Settlement::Retry { due: after(300), detail: "429".into() };
    assert_eq!(settle(bed, Settle { claim, settlement }).await, Settled::Done);
    assert!(bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims.is_empty());
    assert_eq!(bed.store.next_due().await.unwrap(), Some(after(300)));
    let then = Claiming { now: after(300), ..claiming("n2", 10) };
    assert_eq!(bed.store.claim(&then, &Unvetted).await.unwrap().claims[0].attempt, 2);
}

pub(crate) async fn a_stale_settlement_is_ignored(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana"), intent("i2", "ana")]).await;
    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    let settlement = Settlement::Retry { due: noon(), detail: "again".into() };
    let first = claims.iter().find(|claim| &*claim.intent.key == "i1").unwrap();
    settle(bed, Settle { claim: first.clone(), settlement }).await;
    claim_one(bed, "i1").await;
    // The first attempt's answer comes late; the other one's is fine.
    let settles = claims.iter().map(accepted).collect();
    let settled = bed.store.settle(settles, after(5)).await.unwrap();
    let by_key: BTreeMap<_, _> = claimed_keys(&claims).into_iter().zip(settled).collect();
    assert_eq!(by_key, BTreeMap::from([("i1", Settled::Stale), ("i2", Settled::Done)]));
    assert_eq!(ids(&node.take_all(1).await), ["outcome/i2"]);
    assert_eq!(state(bed, "i1").await, EffectState::Claimed);
}

pub(crate) async fn a_lost_claim_is_taken_over(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana"), intent("i2", "ana")]).await;
    let short = Claiming { lease: Duration::from_millis(1), ..claiming("n1", 1) };
    let lost = bed.store.claim(&short, &Unvetted).await.unwrap().claims;
    bed.store.claim(&claiming("n1", 1), &Unvetted).await.unwrap();
    let taken = eventually("the lease runs out", async || {
        let taken = bed.store.expired("n2", TTL, 10).await.unwrap();
        (!taken.is_empty()).then_some(taken)
    })
    .await;
    assert_eq!(taken, lost);
    assert!(bed.store.expired("n3", TTL, 10).await.unwrap().is_empty(), "one takes it");
    assert!(bed.store.claim(&claiming("n3", 10), &Unvetted).await.unwrap().claims.is_empty());
    assert_eq!(settle(bed, parked(&taken[0], Parking::Unsure)).await, Settled::Done);
    assert_eq!(settle(bed, accepted(&lost[0])).await, Settled::Stale);
}

pub(crate) async fn a_cancelled_intent_is_not_claimed(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana"), intent("i2", "ana")]).await;
    let cancelled = vec!["i1".into(), "unknown".into()];
    node.commit("ana", Transition { cancelled, ..Transition::default() }).await.unwrap();
    claim_one(bed, "i2").await;
    let cancelled = vec!["i2".into()];
    node.commit("ana", Transition { cancelled, ..Transition::default() }).await.unwrap();
    assert_eq!(state(bed, "i1").await, EffectState::Cancelled);
    assert_eq!(state(bed, "i2").await, EffectState::Claimed, "too late");
}

pub(crate) async fn an_intent_is_cancelled_or_claimed(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let keys: Vec<_> = (0..100).map(|n| format!("i{n}")).collect();
    node.intend("ana", keys.iter().map(|key| intent(key, "ana")).collect()).await;
    let store = bed.store.clone();
    let dispatcher = tokio::spawn(async move {
        let mut claims = Vec::new();
        for _ in 0..20 {
            claims.extend(store.claim(&claiming("n1", 5), &Unvetted).await.unwrap().claims);
        }
        claims
    });
    for some in keys.chunks(10) {
        let cancelled = some.iter().map(|key| key.as_str().into()).collect();
        node.commit("ana", Transition { cancelled, ..Transition::default() }).await.unwrap();
    }
    let claims = dispatcher.await.unwrap();
    let claimed: BTreeSet<_> = claimed_keys(&claims).into_iter().collect();
    for effect in bed.store.effects(&EffectFilter::default()).await.unwrap() {
        let state =
            if claimed.contains(&*effect.intent.key) { EffectState::Claimed } else { EffectState::Cancelled };
        assert_eq!(effect.state, state, "{}", effect.intent.key);
    }
}

pub(crate) async fn a_moved_runs_intent_is_cancelled(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let elsewhere = (0..).map(|n| format!("d{n}")).find(|id| node.lease(id) != node.lease("ana")).unwrap();
    node.intend(&elsewhere, vec![intent("i1", &elsewhere)]).await;
    node.commit("ana", Transition { cancelled: vec!["i1".into()], ..Transition::default() }).await.unwrap();
    assert_eq!(state(bed, "i1").await, EffectState::Cancelled);
}

pub(crate) async fn parked_effects_are_listed_and_tried_again(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let sms = Intent { action: "sms".into(), ..intent("i2", "ana") };
    node.intend("ana", vec![intent("i1", "ana"), sms, intent("i3", "ana")]).await;
    let claims = bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims;
    let why = |claim: &Claim| if &*claim.intent.key == "i3" { Parking::Unsure } else { Parking::Refused };
    let settles = claims.iter().map(|claim| parked(claim, why(claim))).collect();
    bed.store.settle(settles, after(5)).await.unwrap();

    let all = EffectFilter { state: Some(EffectState::Parked), ..EffectFilter::default() };
    let listed = bed.store.effects(&all).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!((listed[0].parked, &*listed[0].detail), (Some(Parking::Refused), "550 unknown user"));
    let unsure = EffectFilter { parked: Some(Parking::Unsure), ..EffectFilter::default() };
    assert_eq!(bed.store.retry_parked(&unsure, after(9)).await.unwrap(), ["i3"]);
    assert!(bed.store.retry_parked(&unsure, after(9)).await.unwrap().is_empty());
    let sms = EffectFilter { action: Some("sms".into()), ..EffectFilter::default() };
    assert_eq!(bed.store.retry_parked(&sms, after(9)).await.unwrap(), ["i2"]);
    assert_eq!(bed.store.effects(&EffectFilter { limit: 1, ..all }).await.unwrap().len(), 1);

    let then = Claiming { now: after(9), ..claiming("n2", 10) };
    let claims = bed.store.claim(&then, &Unvetted).await.unwrap().claims;
    assert!(claims.len() == 2 && claims.iter().all(|claim| claim.attempt == 2), "{claims:?}");
    assert_eq!(told(bed, 5).await[3..], [What::Ordered, What::Ordered]);
}

pub(crate) async fn parked_effects_are_dropped(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana"), intent("i2", "ana")]).await;
    for claim in bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims {
        settle(bed, parked(&claim, Parking::Exhausted)).await;
    }
    let one = EffectFilter { keys: vec!["i1".into()], ..EffectFilter::default() };
    assert_eq!(bed.store.drop_parked(&one, "wrong address", after(9)).await.unwrap(), ["i1"]);
    assert!(bed.store.drop_parked(&one, "wrong address", after(9)).await.unwrap().is_empty());
    let taken = node.take_all(1).await;
    let FactKind::Outcome { outcome, .. } = &taken[0].fact.kind else { panic!("{taken:?}") };
    assert_eq!(outcome, &Outcome::Dropped { detail: "wrong address".into() });
    assert_eq!(state(bed, "i1").await, EffectState::Dropped);
    assert_eq!(state(bed, "i2").await, EffectState::Parked);
}

pub(crate) async fn an_effect_has_one_key(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    node.intend("ana", vec![intent("i1", "ana")]).await;
    let again = Transition { intents: vec![intent("i1", "ana")], ..Transition::default() };
    let error = node.commit("ana", again).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
}
