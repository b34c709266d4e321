//! What is watched about entities, what they refer to, and what is counted.

use onward_engine::model::{
    Change, Counted, Edges, EntityChange, Membership, Reference, Tally, Transition, Watch,
};
use onward_runtime::store::{Counter, Relation, StoreError};
use serde_json::json;

use super::*;

fn change(subject: &str, change: Change) -> EntityChange {
    EntityChange { id: contact(subject), at: noon(), change }
}

fn entities(changes: Vec<EntityChange>) -> Transition {
    Transition { entities: changes, ..Transition::default() }
}

fn set(subject: &str, attributes: serde_json::Value) -> EntityChange {
    change(subject, Change::Set(fields(attributes)))
}

pub(crate) fn watch(alarm: Timestamp) -> Watch {
    let membership = Membership { definition: u64::MAX, inside: true, since: noon() };
    Watch {
        segments: BTreeMap::from([("trials".into(), membership)]),
        alarms: BTreeMap::from([("segment trials".into(), alarm)]),
        changed: BTreeMap::from([("plan".into(), 1_772_366_400)]),
        goals: Vec::new(),
    }
}

pub(crate) async fn alarms_ring_when_they_are_due(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let alarm: Timestamp = "2026-03-01T13:00:00.000000001Z".parse().unwrap();
    let watched = vec![set("ana", json!({"plan": "pro"})), change("ana", Change::Watch(watch(alarm)))];
    node.commit("ana", entities(watched)).await.unwrap();
    let snapshot = bed.store.load(&needs([contact("ana")].into()), None).await.unwrap();
    assert_eq!(snapshot.entities[&contact("ana")].as_ref().unwrap().watch, watch(alarm), "kept exactly");
    assert!(bed.store.next_due().await.unwrap().is_some_and(|due| due >= alarm));

    let runs = vec![new_run(run("r1", "ana"))];
    node.commit("ana", Transition { runs, ..Transition::default() }).await.unwrap();
    let lease = node.lease("ana");
    let due = async |seconds, limit| {
        let timers = bed.store.read(&lease, limit, after(seconds)).await.unwrap().timers;
        timers.iter().map(rung).collect::<Vec<_>>()
    };
    assert!(due(3599, 10).await.is_empty());
    assert!(bed.store.pending("n1", after(3599)).await.unwrap().is_empty());
    assert_eq!(due(3600, 10).await, ["r1"], "not a nanosecond early");
    assert_eq!(due(3601, 10).await, ["r1", "wake ana"]);
    assert_eq!(due(3601, 1).await, ["r1"]);
    assert_eq!(bed.store.pending("n1", after(3601)).await.unwrap(), [lease.shard]);
    let batch = bed.store.read(&lease, 10, after(3601)).await.unwrap();
    assert!(batch.snapshot.entities[&contact("ana")].is_some());

    // Other attributes leave it alone; no alarm left, nothing rings.
    node.commit("ana", entities(vec![set("ana", json!({"plan": "free"}))])).await.unwrap();
    assert_eq!(due(3601, 10).await, ["r1", "wake ana"]);
    node.commit("ana", entities(vec![change("ana", Change::Watch(Watch::default()))])).await.unwrap();
    assert_eq!(due(3601, 10).await, ["r1"]);
}

pub(crate) async fn what_is_buried_is_kept_for_its_runs(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let known = async || {
        let snapshot = bed.store.load(&needs([contact("ana")].into()), None).await.unwrap();
        snapshot.entities[&contact("ana")].clone()
    };
    node.commit("ana", entities(vec![set("ana", json!({"plan": "pro"}))])).await.unwrap();
    node.commit("ana", entities(vec![change("ana", Change::Bury)])).await.unwrap();
    let buried = known().await.unwrap();
    assert_eq!((buried.deleted, buried.attributes), (Some(noon()), fields(json!({"plan": "pro"}))));
    node.commit("ana", entities(vec![change("ana", Change::Delete), set("ana", json!({"a": 1}))]))
        .await
        .unwrap();
    let back = known().await.unwrap();
    assert_eq!((back.deleted, back.attributes), (None, fields(json!({"a": 1}))));
    node.commit("ana", entities(vec![change("ana", Change::Bury), change("ana", Change::Delete)]))
        .await
        .unwrap();
    assert!(known().await.is_none());
}

fn refers(by: &str, to: Option<&str>) -> Commit {
    let mut commit = Commit::new(Default::default(), noon());
    commit.add(entities(vec![set(by, json!({"x": 1}))]));
    let relation = Relation { of: contact(by), attribute: "account".into() };
    commit.relations.insert(relation, to.map(|to| EntityId::new("account", to)));
    commit
}

pub(crate) async fn referrers_are_found(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let asked = Reference {
        target: EntityId::new("account", "acme"),
        kind: "contact".into(),
        attribute: "account".into(),
    };
    let commit = async |subject: &str, commit: Commit| {
        let lease = node.lease(subject);
        bed.store.commit(&lease, Commit { cursor: lease.cursor, ..commit }).await.unwrap();
    };
    let found = async || {
        let references = [asked.clone()].into();
        let snapshot = bed.store.load(&Needs { references, ..Needs::default() }, None).await.unwrap();
        snapshot.referrers[&asked].iter().map(|id| id.id.to_string()).collect::<Vec<_>>()
    };
    assert!(found().await.is_empty());
    // They live in different shards.
    for (by, to) in [("ana", "acme"), ("ben", "acme"), ("cleo", "other"), ("dora", "acme"), ("eve", "acme")] {
        commit(by, refers(by, Some(to))).await;
    }
    assert_eq!(found().await, ["ana", "ben", "dora", "eve"]);
    commit("ben", refers("ben", Some("other"))).await;
    commit("dora", refers("dora", None)).await;
    node.commit("eve", entities(vec![change("eve", Change::Bury)])).await.unwrap();
    assert_eq!(found().await, ["ana"]);
    node.commit("ana", entities(vec![change("ana", Change::Delete)])).await.unwrap();
    node.commit("ana", entities(vec![set("ana", json!({}))])).await.unwrap();
    assert!(found().await.is_empty(), "what came back refers to nothing");
}

pub(crate) async fn a_key_of_once_is_renewed_as_expected(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let renew = async |at, before| {
        let enrolments = vec![Enrolling { key: enrolled("ana"), at, before }];
        node.commit("ana", Transition { enrolments, ..Transition::default() }).await
    };
    renew(noon(), None).await.unwrap();
    renew(after(60), Some(noon())).await.unwrap();
    for before in [None, Some(noon())] {
        let error = renew(after(90), before).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    }
    // Twice in one batch.
    let enrolments = [(after(90), after(60)), (after(120), after(90))].map(|(at, before)| Enrolling {
        key: enrolled("ana"),
        at,
        before: Some(before),
    });
    node.commit("ana", Transition { enrolments: enrolments.into(), ..Transition::default() }).await.unwrap();
    let snapshot = bed.store.load(&needs([contact("ana")].into()), None).await.unwrap();
    assert_eq!(snapshot.enrolments, BTreeMap::from([(enrolled("ana"), after(120))]));
}

pub(crate) async fn tallies_add_up_over_shards(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let tally =
        |workflow: &str, group: &str, what| Tally { workflow: workflow.into(), group: group.into(), what };
    let all = tally("welcome", "all", Counted::Entered);
    for n in 0..20 {
        let mut tallies = vec![all.clone(), tally("other", "held out", Counted::Entered)];
        if n % 4 == 0 {
            tallies.extend([tally("welcome", "all", Counted::Goal), all.clone()]);
        }
        let transition = Transition { tallies, ..Transition::default() };
        node.commit(&format!("c{n}"), transition).await.unwrap();
    }
    let counters = bed.store.tallies(Some("welcome")).await.unwrap();
    let goal = tally("welcome", "all", Counted::Goal);
    assert_eq!(counters, [Counter { tally: all, count: 25 }, Counter { tally: goal, count: 5 }]);
    assert_eq!(bed.store.tallies(None).await.unwrap().len(), 3);
}

pub(crate) async fn what_was_accepted_is_seen_across_shards(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    node.commit("ana", entities(vec![set("ana", json!({"plan": "free", "city": "Oslo"}))])).await.unwrap();
    let attributes = |id: &str, at, attributes| NewFact {
        kind: FactKind::Attributes { attributes: fields(attributes) },
        refers: Vec::new(),
        at,
        ..event(id, "ana")
    };
    let facts = vec![
        attributes("a1", noon(), json!({"plan": "pro"})),
        attributes("a2", noon(), json!({"city": null})),
        NewFact { who: Who::id("contact", "ben"), ..attributes("a3", after(5), json!({"plan": "new"})) },
    ];
    bed.store.accept(facts).await.unwrap();
    let known = async |own| {
        let asked = needs([contact("ana"), contact("ben")].into());
        let snapshot = bed.store.load(&asked, own).await.unwrap();
        let of = |id| snapshot.entities[&contact(id)].clone().map(|entity| entity.attributes);
        (of("ana"), of("ben"))
    };
    let pro = Some(fields(json!({"plan": "pro"})));
    assert_eq!(known(None).await, (pro.clone(), Some(fields(json!({"plan": "new"})))));
    // Its own worker applies the facts itself.
    let own = Some(node.lease("ana").shard);
    assert_eq!(known(own).await.0, Some(fields(json!({"plan": "free", "city": "Oslo"}))));
    node.take_all(3).await;
    assert_eq!(known(None).await.1, None, "what was worked out is what was committed");
    bed.store.accept(vec![NewFact { kind: FactKind::Deleted, ..event("a4", "ana") }]).await.unwrap();
    assert_eq!(known(None).await.0, None);
}

pub(crate) async fn a_deployment_says_how_it_is_filled_in(bed: &Bed) {
    let store = &bed.store;
    store.put_program(program(), b"one").await.unwrap();
    for fill in [None, Some(Edges::Silent), Some(Edges::Fire)] {
        assert_eq!(store.deploy(program(), "ana", noon(), fill).await.unwrap().fill, fill);
        assert_eq!(store.live().await.unwrap().unwrap().fill, fill);
    }
}
