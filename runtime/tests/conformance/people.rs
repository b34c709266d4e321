//! What people ask a store.

use onward_engine::model::{Change, EntityChange, Entry, Order, Transition, What};
use onward_runtime::store::{EffectState, Position, RunFilter, RunStatus, StoreError, TimelineFilter};
use serde_json::json;

use super::*;

fn line(subject: &str, run: &str, detail: &str) -> Entry {
    Entry {
        at: noon(),
        subject: contact(subject),
        workflow: "welcome".into(),
        run: Some(run.into()),
        step: None,
        what: What::Waiting,
        detail: detail.into(),
    }
}

pub(crate) async fn deployments_are_counted(bed: &Bed) {
    let store = &bed.store;
    let other = Hash([8; 32]);
    assert_eq!(store.live().await.unwrap(), None);
    let error = store.deploy(program(), "ana", noon(), None).await.unwrap_err();
    assert!(matches!(error, StoreError::NoProgram { .. }), "{error}");
    store.put_program(program(), b"one").await.unwrap();
    store.put_program(program(), b"one").await.unwrap();
    store.put_program(other, b"two").await.unwrap();
    for (number, hash) in [(1, program()), (2, other), (3, program())] {
        let deployment = store.deploy(hash, "ana", after(number), None).await.unwrap();
        assert_eq!(store.live().await.unwrap().as_ref(), Some(&deployment));
        assert_eq!((deployment.hash, deployment.at, &*deployment.by), (hash, after(number), "ana"));
    }
    let history = store.deployments(2).await.unwrap();
    assert_eq!(history.iter().map(|deployment| deployment.hash).collect::<Vec<_>>(), [program(), other]);
    assert!(history[0].number > history[1].number);
    assert_eq!(store.program(other).await.unwrap().as_deref(), Some(b"two".as_slice()));
    assert_eq!(store.program(Hash([9; 32])).await.unwrap(), None);
}

pub(crate) async fn runs_are_listed_page_by_page(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    for n in 0..25 {
        let subject = format!("c{}", n % 5);
        // Some start at the same moment.
        let mut made = Run { started: after(n / 2), ..run(&format!("r{n:02}"), &subject) };
        if n % 3 == 0 {
            made.workflow = "trial".into();
        }
        if n % 5 == 0 {
            made.state = finished(Finish::Completed);
        }
        let runs = vec![new_run(made)];
        node.commit(&subject, Transition { runs, ..Transition::default() }).await.unwrap();
    }
    let mut listed = Vec::new();
    let mut filter = RunFilter { limit: 10, ..RunFilter::default() };
    loop {
        let page = bed.store.runs(&filter).await.unwrap();
        assert!(page.runs.len() <= 10);
        listed.extend(page.runs.into_iter().map(|run| run.id.to_string()));
        let Some(next) = page.next else { break };
        filter.after = Some(next);
    }
    let all: Vec<_> = (0..25).rev().map(|n| format!("r{n:02}")).collect();
    assert_eq!(listed, all);

    let count = async |filter: RunFilter| {
        let page = bed.store.runs(&RunFilter { limit: 100, ..filter }).await.unwrap();
        assert_eq!(page.next, None);
        page.runs.len()
    };
    assert_eq!(count(RunFilter { workflow: Some("trial".into()), ..RunFilter::default() }).await, 9);
    assert_eq!(count(RunFilter { status: Some(RunStatus::Finished), ..RunFilter::default() }).await, 5);
    let of_c0 = RunFilter { subject: Some(contact("c0")), ..RunFilter::default() };
    assert_eq!(count(of_c0.clone()).await, 5);
    assert_eq!(count(RunFilter { workflow: Some("trial".into()), ..of_c0 }).await, 2);
    assert_eq!(bed.store.pinned().await.unwrap(), [program()].into());
}

pub(crate) async fn a_run_tells_its_story(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let transition = Transition {
        runs: vec![new_run(run("run-ana", "ana"))],
        intents: vec![intent("i1", "ana")],
        timeline: vec![
            line("ana", "run-ana", "first"),
            line("ana", "another", "x"),
            line("ana", "run-ana", "second"),
        ],
        ..Transition::default()
    };
    node.commit("ana", transition).await.unwrap();
    let told = bed.store.run("run-ana").await.unwrap().unwrap();
    assert_eq!(told.run, run("run-ana", "ana"));
    assert_eq!(told.timeline, [line("ana", "run-ana", "first"), line("ana", "run-ana", "second")]);
    assert_eq!((told.effects.len(), told.effects[0].state), (1, EffectState::Ready));
    assert_eq!(bed.store.run("nothing").await.unwrap(), None);
}

pub(crate) async fn the_timeline_is_followed(bed: &Bed) {
    let node = Node::start(bed, "n1").await;
    let tell = async |subject: &str, detail: &str| {
        let timeline = vec![line(subject, &format!("run-{subject}"), detail)];
        node.commit(subject, Transition { timeline, ..Transition::default() }).await.unwrap();
    };
    for n in 0..20 {
        tell(&format!("c{n}"), &format!("line {n}")).await;
    }
    let (mut place, mut seen) = (Position::default(), Vec::new());
    eventually("20 lines", async || {
        let lines = bed.store.timeline_after(place, &TimelineFilter::default(), 7).await.unwrap();
        assert!(lines.len() <= 7);
        place = lines.last().map_or(place, |line| line.position);
        seen.extend(lines.into_iter().map(|line| line.entry.detail.to_string()));
        (seen.len() == 20).then_some(())
    })
    .await;
    assert_eq!(seen, (0..20).map(|n| format!("line {n}")).collect::<Vec<_>>());
    tell("c3", "one more").await;
    let lines = eventually("one more line", async || {
        let lines = bed.store.timeline_after(place, &TimelineFilter::default(), 7).await.unwrap();
        (!lines.is_empty()).then_some(lines)
    })
    .await;
    assert_eq!((lines.len(), &*lines[0].entry.detail), (1, "one more"));

    let details = async |filter: TimelineFilter| {
        let lines = bed.store.timeline_last(&filter, 2).await.unwrap();
        lines.iter().map(|line| line.entry.detail.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(details(TimelineFilter::default()).await, ["line 19", "one more"]);
    let c3 = TimelineFilter { subject: Some(contact("c3")), ..TimelineFilter::default() };
    assert_eq!(details(c3).await, ["line 3", "one more"]);
    let c4 = TimelineFilter { run: Some("run-c4".into()), ..TimelineFilter::default() };
    assert_eq!(details(c4).await, ["line 4"]);
    let none = TimelineFilter { workflow: Some("trial".into()), ..TimelineFilter::default() };
    assert!(details(none).await.is_empty());
}

pub(crate) async fn orders_are_facts(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    let error = bed.store.order("r1", Order::Stop, noon()).await.unwrap_err();
    assert!(matches!(error, StoreError::NoRun { .. }), "{error}");
    let first = run("r1", "ana");
    node.commit("ana", Transition { runs: vec![new_run(first.clone())], ..Transition::default() })
        .await
        .unwrap();
    bed.store.order("r1", Order::Stop, noon()).await.unwrap();
    bed.store.order("r1", Order::Stop, noon()).await.unwrap();
    let taken = node.take_all(1).await;
    let kind = FactKind::Order { run: "r1".into(), order: Order::Stop };
    assert_eq!((&taken[0].fact.subject, &taken[0].fact.kind), (&contact("ana"), &kind));
    let runs = vec![changed(&first, finished(Finish::Stopped))];
    node.commit("ana", Transition { runs, ..Transition::default() }).await.unwrap();
    let error = bed.store.order("r1", Order::Stop, noon()).await.unwrap_err();
    assert!(matches!(error, StoreError::NoRun { .. }), "{error}");
}

pub(crate) async fn everything_is_counted(bed: &Bed) {
    let mut node = Node::start(bed, "n1").await;
    bed.store.accept(vec![event("e1", "ana"), event("e2", "ben")]).await.unwrap();
    let change = Change::Set(fields(json!({"plan": "pro"})));
    let transition = Transition {
        entities: vec![EntityChange { id: contact("ana"), at: noon(), change }],
        runs: vec![new_run(run("r1", "ana"))],
        intents: vec![intent("i1", "ana")],
        ..Transition::default()
    };
    node.commit("ana", transition).await.unwrap();
    let counts = bed.store.counts().await.unwrap();
    assert_eq!((counts.facts, counts.unread), (2, 2));
    assert_eq!(counts.entities, BTreeMap::from([("contact".into(), 1)]));
    assert_eq!(counts.runs["welcome"], BTreeMap::from([(RunStatus::Waiting, 1)]));
    assert_eq!(counts.effects, BTreeMap::from([(EffectState::Ready, 1)]));
    assert_eq!(counts.nodes, BTreeMap::from([("n1".into(), 8)]));
    node.take_all(2).await;
    assert_eq!(bed.store.counts().await.unwrap().unread, 0);
}
