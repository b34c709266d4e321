//! Whatever comes in whatever order: what is kept stays sound.

use onward_bytecode::{EntityId, Overlap, SiteKind};
use onward_engine::model::{FactKind, Input, Order, Origin, Outcome, RunState, Snapshot, What};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::build::{Arg, Build, Cond};
use crate::town::{Town, contact, fields};

const EMAIL: Arg = Arg::Attribute("email");

/// Rules that get in each other's way.
fn rules() -> Build {
    Build::new()
        .rule("series", |r| {
            r.on("signup");
            r.keep("plan");
            r.exit_when(Cond::Attribute("status", "customer"));
            r.email("welcome", EMAIL);
            r.wait("wait 1 day", 1, 0);
            r.when(Cond::Kept("plan", "pro"), |r| r.emit("click", Arg::Kept("plan")));
            r.email("tips", EMAIL);
        })
        .rule("once", |r| {
            r.on_where("signup", Cond::Field("plan", "pro"));
            r.created();
            r.once();
            r.wait_until("wait until trial_ends", "trial_ends");
            r.email("only", EMAIL);
        })
        .rule("queue", |r| {
            r.on("click");
            r.keep("plan");
            r.overlap(Overlap::Queue);
            r.exit_on("signup", Some(Cond::SameAsKept("plan")));
            r.wait_for("purchase", None, 2, |r| r.set("status", Arg::Text("customer")), |_| {});
            r.email("bye", EMAIL);
        })
        .rule("restart", |r| {
            r.on("a");
            r.overlap(Overlap::Restart);
            r.wait("wait 5h", 0, 5);
            r.set("status", Arg::Text("trial"));
            r.task("Call", None);
        })
        .rule("parallel", |r| {
            r.moved("status", None, Some("trial"));
            r.changed();
            r.overlap(Overlap::Parallel);
            r.tag(SiteKind::Gain { attribute: "tags".into() }, "moved");
            r.wait("wait 3h", 0, 3);
            r.email("moved", EMAIL);
        })
        .rule("account", |r| {
            r.subject("account");
            r.on("purchase");
            r.keep("plan");
            r.exit_when(Cond::Attribute("status", "lost"));
            r.wait("wait 1 day", 1, 0);
            r.set("status", Arg::Kept("plan"));
        })
        .rule("spread", |r| {
            r.on("b");
            r.set_account("status", Arg::Text("lost"));
        })
}

/// Something that may come.
#[derive(Debug, Clone)]
enum Deed {
    Event(&'static str, &'static str, Json),
    Attributes(&'static str, Json),
    History(&'static str, Json),
    Pass(i64),
    Accept(usize),
    Drop(usize),
    Order(usize, Order),
    Stale(usize),
    Merge(&'static str, &'static str),
    Delete(&'static str),
}

fn who() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("ana"), 2 => Just("bo"), 1 => Just("cy")]
}

fn attributes() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!({"email": "a@example.com"})),
        Just(json!({"email": null})),
        Just(json!({"status": "trial"})),
        Just(json!({"status": "customer"})),
        Just(json!({"account": "acme", "score": 3})),
        Just(json!({"timezone": "Asia/Tokyo"})),
        Just(json!({"timezone": "America/New_York", "trial_ends": "2026-03-08T07:00:00Z"})),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let event = prop_oneof![Just("signup"), Just("purchase"), Just("click"), Just("a"), Just("b")];
    let plan = prop_oneof![Just(json!({"plan": "pro"})), Just(json!({"plan": "mini"})), Just(json!({}))];
    prop_oneof![
        8 => (who(), event, plan).prop_map(|(who, event, plan)| Deed::Event(who, event, plan)),
        4 => (who(), attributes()).prop_map(|(who, json)| Deed::Attributes(who, json)),
        1 => (who(), attributes()).prop_map(|(who, json)| Deed::History(who, json)),
        5 => (1i64..60).prop_map(Deed::Pass),
        4 => any::<usize>().prop_map(Deed::Accept),
        1 => any::<usize>().prop_map(Deed::Drop),
        1 => any::<usize>().prop_map(|i| Deed::Order(i, Order::Stop)),
        2 => any::<usize>().prop_map(|i| Deed::Order(i, Order::Retry)),
        1 => any::<usize>().prop_map(Deed::Stale),
        1 => (who(), who()).prop_map(|(from, into)| Deed::Merge(from, into)),
        1 => who().prop_map(Deed::Delete),
    ]
}

fn pick<T: Clone>(all: &[T], number: usize) -> Option<T> {
    all.get(number.checked_rem(all.len())?).cloned()
}

fn act(town: &mut Town, deed: &Deed) {
    match deed {
        Deed::Event(who, event, plan) => town.event(who, event, plan.clone()),
        Deed::Attributes(who, json) => town.attributes(who, json.clone()),
        Deed::History(who, json) => {
            let kind = FactKind::Attributes { attributes: fields(json.clone()) };
            town.fact(&contact(who), kind, Origin::Backfill);
        }
        Deed::Pass(hours) => {
            let moment = town.now + jiff::SignedDuration::from_hours(*hours);
            town.until(&moment.to_string());
        }
        Deed::Accept(number) => {
            if let Some(intent) = pick(&town.outstanding(), *number) {
                let outcome = Outcome::Accepted { result: Default::default(), detail: "250 ok".into() };
                town.settle(&intent, outcome);
            }
        }
        Deed::Drop(number) => {
            if let Some(intent) = pick(&town.outstanding(), *number) {
                town.settle(&intent, Outcome::Dropped { detail: "no".into() });
            }
        }
        Deed::Order(number, order) => {
            let runs: Vec<_> = town.runs().into_iter().cloned().collect();
            if let Some(run) = pick(&runs, *number) {
                town.order(&run, *order);
            }
        }
        Deed::Stale(number) => {
            let runs: Vec<_> = town.runs().into_iter().cloned().collect();
            if let Some(run) = pick(&runs, *number) {
                town.input(Input::Timer { subject: &run.subject, run: &run.id }, &run.subject);
            }
        }
        Deed::Merge(from, into) => {
            let kind = FactKind::MergedInto { into: contact(into) };
            town.fact(&contact(from), kind, Origin::Live);
        }
        Deed::Delete(who) => town.fact(&contact(who), FactKind::Deleted, Origin::Live),
    }
}

fn check(town: &Town) {
    let running = town.running();
    for run in &running {
        let beside = running.iter().filter(|other| {
            other.subject == run.subject && other.workflow == run.workflow && other.id != run.id
        });
        match (&*run.workflow, &run.state) {
            (_, RunState::Queued { .. }) => {
                let first = beside.clone().any(|other| !matches!(other.state, RunState::Queued { .. }));
                assert!(first, "nobody lets {} start", run.id);
            }
            ("parallel", _) => {}
            ("queue", _) => {
                let under_way = beside.clone().find(|other| !matches!(other.state, RunState::Queued { .. }));
                assert!(under_way.is_none() || merged(town), "two of one queue are under way");
            }
            _ => assert_eq!(beside.count(), 0, "{} runs twice", run.workflow),
        }
        if let RunState::Acting { intent, .. } = &run.state {
            assert!(town.store.intents.contains_key(intent));
            assert!(!town.store.settled.contains(intent), "{} waits for what has come", run.id);
        }
    }
    let started = town.store.timeline.iter();
    let started: Vec<_> =
        started.filter(|entry| entry.what == What::Matched && &*entry.workflow == "once").collect();
    for entry in &started {
        let again = started.iter().filter(|other| other.subject == entry.subject).count();
        assert_eq!(again, 1, "`once` started twice for {}", entry.subject);
    }
}

fn merged(town: &Town) -> bool {
    town.store.facts.values().any(|fact| matches!(fact.kind, FactKind::Inherited { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_kept_stays_sound(deeds in prop::collection::vec(deed(), 1..60)) {
        let mut town = Town::new(rules().load());
        for deed in &deeds {
            act(&mut town, deed);
            check(&town);
        }
    }

    #[test]
    fn a_batch_gives_what_single_inputs_give(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut single = Town::new(rules().load());
        let mut batch = Town::new(rules().load());
        batch.batch = Some(Snapshot::default());
        for deed in &deeds {
            act(&mut single, deed);
            act(&mut batch, deed);
        }
        prop_assert_eq!(single.store, batch.store);
    }
}

#[test]
fn an_entity_is_never_said_to_be_merged_from_outside() {
    let mut town = Town::new(rules().load());
    town.attributes("ana", json!({"merged_into": "bo", "plan": "pro"}));
    town.event("ana", "signup", json!({}));
    assert_eq!(town.attribute(&contact("ana"), "merged_into"), Json::Null);
    assert!(town.store.entities.contains_key(&EntityId::new("contact", "ana")));
    assert_eq!(town.running()[0].subject, contact("ana"));
}
