//! Runs, timers, enrolments and entities.

use std::collections::BTreeSet;

use onward_engine::model::{Change, EntityChange, Transition};
use onward_runtime::store::{Receipt, StoreError};
use serde_json::json;
use sqlx::Connection;

use super::*;

fn made(run: Run) -> Transition {
    Transition { runs: vec![new_run(run)], ..Transition::default() }
}

fn set(subject: &str, attributes: serde_json::Value) -> EntityChange {
    EntityChange { id: contact(subject), at: noon(), change: Change::Set(fields(attributes)) }
}

async fn attributes(bed: &Bed, subject: &str) -> Option<Fields> {
    let snapshot = bed.store.load(&needs(BTreeSet::from([contact(subject)])), None).await.unwrap();
    snapshot.entities[&contact(subject)].clone().map(|entity| entity.attributes)
}

pub(crate) async fn a_run_that_changed_meanwhile_conflicts(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let first = run("r1", "ana");
    node.commit("ana", made(first.clone())).await.unwrap();
    let runs = vec![changed(&first, waiting(7200))];
    node.commit("ana", Transition { runs: runs.clone(), ..Transition::default() }).await.unwrap();
    let error = node.commit("ana", Transition { runs, ..Transition::default() }).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }) && error.is_passing(), "{error}");
    let kept = bed.store.run("r1").await.unwrap().unwrap().run;
    assert_eq!((kept.version, kept.state), (2, waiting(7200)));
    // A run that is not there at all is no better.
    let runs = vec![changed(&run("r2", "ana"), waiting(1))];
    let error = node.commit("ana", Transition { runs, ..Transition::default() }).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
}

pub(crate) async fn a_run_is_made_once(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    node.commit("ana", made(run("r1", "ana"))).await.unwrap();
    let error = node.commit("ana", made(run("r1", "ana"))).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
}

pub(crate) async fn a_workflow_is_entered_once(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let entered = Transition { enrolments: vec![enrolling(enrolled("ana"))], ..Transition::default() };
    node.commit("ana", entered.clone()).await.unwrap();
    let error = node.commit("ana", entered.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    let other = Enrolled { key: "order-7".into(), ..enrolled("ana") };
    node.commit("ana", Transition { enrolments: vec![enrolling(other.clone())], ..Transition::default() })
        .await
        .unwrap();
    let snapshot = bed.store.load(&needs(BTreeSet::from([contact("ana")])), None).await.unwrap();
    assert_eq!(snapshot.enrolments, BTreeMap::from([(enrolled("ana"), noon()), (other, noon())]));
}

pub(crate) async fn a_batch_is_committed_whole_or_not_at_all(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.commit("ana", Transition { enrolments: vec![enrolling(enrolled("ana"))], ..Transition::default() })
        .await
        .unwrap();
    let all = Transition {
        entities: vec![set("ana", json!({"plan": "pro"}))],
        runs: vec![new_run(run("r1", "ana"))],
        enrolments: vec![enrolling(enrolled("ana"))],
        intents: vec![intent("i1", "ana")],
        facts: vec![follows("f1", "ben")],
        ..Transition::default()
    };
    node.commit("ana", all).await.unwrap_err();
    assert!(bed.store.run("r1").await.unwrap().is_none());
    assert_eq!(attributes(bed, "ana").await, None);
    assert!(bed.store.claim(&claiming("n1", 10), &Unvetted).await.unwrap().claims.is_empty());
    assert!(node.take().await.is_empty());
}

pub(crate) async fn timers_ring_when_they_are_due(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let until: Timestamp = "2026-03-01T13:00:00.000000001Z".parse().unwrap();
    let state = RunState::Waiting { rest: rest(), until, civil: None, wait: Some(2) };
    node.commit("ana", made(Run { state: state.clone(), ..run("r1", "ana") })).await.unwrap();
    node.commit("ana", made(Run { state: waiting(60), ..run("r2", "ana") })).await.unwrap();
    let ended = Run { state: finished(Finish::Completed), ..run("r3", "ana") };
    node.commit("ana", made(ended)).await.unwrap();

    let lease = node.lease("ana");
    let due = async |seconds| {
        let timers = bed.store.read(&lease, 10, after(seconds)).await.unwrap().timers;
        timers.iter().map(rung).collect::<Vec<_>>()
    };
    assert!(due(59).await.is_empty());
    assert_eq!(due(60).await, ["r2"]);
    assert_eq!(due(3600).await, ["r2"], "not a nanosecond early");
    assert_eq!(due(3601).await, ["r2", "r1"]);
    assert_eq!(bed.store.read(&lease, 1, after(3601)).await.unwrap().timers.len(), 1);
    let batch = bed.store.read(&lease, 10, after(3601)).await.unwrap();
    assert_eq!(batch.snapshot.runs[&contact("ana")].len(), 2, "what has ended is not loaded");
    assert_eq!(bed.store.run("r1").await.unwrap().unwrap().run.state, state, "kept exactly");
}

pub(crate) async fn what_is_known_is_loaded(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let transition = Transition {
        entities: vec![set("ana", json!({"plan": "pro"}))],
        runs: vec![new_run(run("r1", "ana"))],
        enrolments: vec![enrolling(enrolled("ana"))],
        ..Transition::default()
    };
    node.commit("ana", transition).await.unwrap();
    let asked = BTreeSet::from([contact("ana"), contact("ben"), EntityId::new("account", "ana")]);
    let snapshot = bed.store.load(&needs(asked), None).await.unwrap();
    assert_eq!(snapshot.entities.len(), 3);
    let ana = snapshot.entities[&contact("ana")].clone().unwrap();
    assert_eq!((ana.created, ana.attributes), (noon(), fields(json!({"plan": "pro"}))));
    assert!(snapshot.entities[&contact("ben")].is_none());
    assert_eq!(snapshot.runs[&contact("ana")], [run("r1", "ana")]);
    assert!(snapshot.runs[&contact("ben")].is_empty());
    assert_eq!(snapshot.enrolments, BTreeMap::from([(enrolled("ana"), noon())]));

    bed.store.accept(vec![event("e1", "ana"), event("e2", "ben")]).await.unwrap();
    let lease = node.lease("ana");
    let batch = eventually("the fact", async || {
        let batch = bed.store.read(&lease, 10, noon()).await.unwrap();
        batch.facts.iter().any(|filed| &*filed.fact.id == "e1").then_some(batch)
    })
    .await;
    assert_eq!(batch.snapshot.runs[&contact("ana")], [run("r1", "ana")]);
    assert_eq!(batch.snapshot.enrolments, BTreeMap::from([(enrolled("ana"), noon())]));
    assert_eq!(bed.store.load(&needs(BTreeSet::new()), None).await.unwrap().entities.len(), 0);
}

pub(crate) async fn attributes_are_set_one_by_one(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let change = async |changes: Vec<serde_json::Value>| {
        let entities = changes.into_iter().map(|change| set("ana", change)).collect();
        node.commit("ana", Transition { entities, ..Transition::default() }).await.unwrap();
    };
    change(vec![json!({"plan": "free", "city": {"name": "Oslo", "zip": 1}}), json!({"none": null})]).await;
    assert_eq!(
        attributes(bed, "ana").await,
        Some(fields(json!({"plan": "free", "city": {"name": "Oslo", "zip": 1}})))
    );
    change(vec![json!({"plan": "pro", "city": {"name": "Rome"}}), json!({"score": 1.10})]).await;
    change(vec![json!({"score": null})]).await;
    assert_eq!(
        attributes(bed, "ana").await,
        Some(fields(json!({"plan": "pro", "city": {"name": "Rome"}}))),
        "an attribute is replaced whole"
    );
}

pub(crate) async fn what_was_deleted_comes_back_empty(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let delete = EntityChange { id: contact("ana"), at: noon(), change: Change::Delete };
    let commit = async |entities| {
        node.commit("ana", Transition { entities, ..Transition::default() }).await.unwrap();
    };
    commit(vec![set("ana", json!({"plan": "free"}))]).await;
    let back = EntityChange { at: after(60), ..set("ana", json!({"score": 1})) };
    commit(vec![delete.clone(), back]).await;
    assert_eq!(attributes(bed, "ana").await, Some(fields(json!({"score": 1}))));
    let snapshot = bed.store.load(&needs(BTreeSet::from([contact("ana")])), None).await.unwrap();
    assert_eq!(snapshot.entities[&contact("ana")].as_ref().unwrap().created, after(60));
    commit(vec![delete]).await;
    assert_eq!(attributes(bed, "ana").await, None);
}

pub(crate) async fn a_moved_run_goes_on_elsewhere(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    // The first lives in the same shard as `ana`, the second does not.
    let same = (0..).map(|n| format!("d{n}")).find(|id| node.lease(id) == node.lease("ana")).unwrap();
    let other = (0..).map(|n| format!("d{n}")).find(|id| node.lease(id) != node.lease("ana")).unwrap();
    for (id, from) in [("r1", same), ("r2", other)] {
        let there = run(id, &from);
        node.commit(&from, made(there.clone())).await.unwrap();
        let runs = vec![changed(&there, finished(Finish::Moved))];
        node.commit(&from, Transition { runs, ..Transition::default() }).await.unwrap();
        let here = Run { subject: contact("ana"), version: 3, ..there };
        node.commit("ana", made(here.clone())).await.unwrap();
        assert_eq!(bed.store.run(id).await.unwrap().unwrap().run, here);
        node.commit("ana", made(here)).await.unwrap_err();
    }
    let snapshot = bed.store.load(&needs(BTreeSet::from([contact("ana")])), None).await.unwrap();
    assert_eq!(snapshot.runs[&contact("ana")].len(), 2);
}

pub(crate) async fn a_finished_run_has_an_end(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let mut last = run("r1", "ana");
    node.commit("ana", made(last.clone())).await.unwrap();
    let states = [
        RunState::Acting { rest: rest(), intent: "i1".into() },
        RunState::Parked { rest: rest(), reason: "no address".into(), again: None },
        RunState::Queued { trigger: 1, fields: fields(json!({"a": 1})), at: noon(), contact: None },
        finished(Finish::Stopped),
    ];
    for state in states {
        let change = changed(&last, state);
        last = change.run.clone();
        node.commit("ana", Transition { runs: vec![change], ..Transition::default() }).await.unwrap();
        assert_eq!(bed.store.run("r1").await.unwrap().unwrap().run, last);
    }
    // The tables hold it too, whoever writes.
    for broken in [
        "UPDATE runs SET how = NULL",
        "UPDATE runs SET ended = NULL",
        "UPDATE runs SET rest = '{}'",
        "UPDATE runs SET state = 'acting'",
        "UPDATE runs SET state = 'asleep'",
    ] {
        let error = by_hand(bed, broken).await.unwrap_err();
        assert!(
            error.as_database_error().is_some_and(|error| error.is_check_violation()),
            "{broken}: {error}"
        );
    }
    let receipts = bed.store.accept(vec![event("e1", "ana")]).await.unwrap();
    assert!(matches!(receipts[..], [Receipt::Accepted { .. }]), "the store goes on");
}

async fn by_hand(bed: &Bed, sql: &'static str) -> Result<(), sqlx::Error> {
    if bed.is_sqlite() {
        let mut db = sqlx::SqliteConnection::connect(&bed.address).await?;
        sqlx::query(sql).execute(&mut db).await?;
    } else {
        let mut db = sqlx::PgConnection::connect(&bed.address).await?;
        sqlx::query(sql).execute(&mut db).await?;
    }
    Ok(())
}
