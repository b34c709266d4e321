//! Whatever comes in whatever order: what is watched stays right, and a batch gives what single
//! inputs give. What the town checks with each input counts here: the same twice gives the same,
//! a snapshot follows as a store does, and nobody is woken twice for one alarm.

use onward_bytecode::EntityId;
use onward_engine::Loaded;
use onward_engine::model::{Edges, FactKind, Input, Origin, Outcome, Snapshot};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::{Arc, LazyLock};

use crate::stories::compile;
use crate::town::{Town, contact, fields};

static RULES: LazyLock<Arc<Loaded>> = LazyLock::new(|| {
    compile(
        r#"
        entity account { health: ordered "bad" < "poor" < "good" }
        entity contact { score: number, birthday: date, renews: date, last_seen: time, tags: list of text }
        policy { quiet hours from 21:00 to 08:00 }
        segment quiet of contact where status = "trial" and last_seen < 3 days ago
        segment buyers of contact where count(purchase in last 2 days) >= 1
        segment risky of contact where account.health = "bad"
        workflow w1 { on contact enters quiet  do note "quiet" }
        workflow w2 { on contact leaves quiet  at most once per 2 days  do emit ping { count: 1 } }
        workflow w3 { on contact enters buyers  goal purchase within 2 days  holdout 30%  do email tips }
        workflow w4 { on contact enters risky  exit when contact.last_seen < 2 days ago  wait 9 days }
        workflow w5 { on 1 day before contact.renews at 09:00  do email tips on failure continue }
        workflow w6 { on contact.birthday every year at 09:00  do note "cake" }
        workflow w7 { every 1 day at 08:00 for contact in quiet  do note "daily" }
        workflow w8 { on contact.status unchanged for 2 days  do add tag "stale" }
        workflow w9 { on contact.tags gains "stale"  do set contact.status = "trial" }
        workflow w10 { on contact deleted  wait 1 day  do note "bye" }
        workflow w11 { on account.health drops to "bad"  do note "bad" }
        workflow w12 { on signup  while running queue  do assign contact owner from sales in turn  do email welcome }
        workflow w13 { on ping  do start w4b }
        workflow w4b { on pong  once per contact.status  exit when did(purchase)  wait until 09:00  do delete contact }
        "#,
    )
});

#[derive(Debug, Clone)]
enum Deed {
    Event(&'static str, &'static str, Json),
    Attributes(&'static str, Json, Origin),
    Account(&'static str, Json),
    Pass(i64),
    Settle(usize, bool),
    Merge(&'static str, &'static str),
    Delete(EntityId),
    Wake(&'static str),
    Fill(&'static str, Edges),
}

fn who() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just("ana"), 2 => Just("bo"), 1 => Just("cy")]
}

fn attributes() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!({"status": "trial", "email": "a@example.com"})),
        Just(json!({"status": "customer"})),
        Just(json!({"last_seen": "2026-03-03T00:00:00Z"})),
        Just(json!({"last_seen": null, "status": "trial"})),
        Just(json!({"account": "acme", "renews": "2026-03-09"})),
        Just(json!({"account": "other", "birthday": "2000-03-08"})),
        Just(json!({"timezone": "Asia/Tokyo", "tags": []})),
        Just(json!({"timezone": null})),
    ]
}

fn account() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!({"health": "bad"})),
        Just(json!({"health": "good"})),
        Just(json!({"timezone": "America/New_York"})),
        Just(json!({"timezone": "Pacific/Auckland"})),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let event = prop_oneof![Just("signup"), Just("purchase"), Just("ping"), Just("pong")];
    let plan = prop_oneof![Just(json!({"plan": "pro"})), Just(json!({}))];
    let origin = prop_oneof![4 => Just(Origin::Live), 1 => Just(Origin::Backfill)];
    let edges = prop_oneof![Just(Edges::Silent), Just(Edges::Fire)];
    let account_id = || prop_oneof![2 => Just("acme"), 1 => Just("other")];
    prop_oneof![
        8 => (who(), event, plan).prop_map(|(who, event, plan)| Deed::Event(who, event, plan)),
        8 => (who(), attributes(), origin).prop_map(|(who, json, origin)| Deed::Attributes(who, json, origin)),
        3 => (account_id(), account()).prop_map(|(id, json)| Deed::Account(id, json)),
        6 => (1i64..72).prop_map(Deed::Pass),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(i, well)| Deed::Settle(i, well)),
        1 => (who(), who()).prop_map(|(from, into)| Deed::Merge(from, into)),
        1 => who().prop_map(|who| Deed::Delete(contact(who))),
        1 => account_id().prop_map(|id| Deed::Delete(EntityId::new("account", id))),
        1 => who().prop_map(Deed::Wake),
        2 => (who(), edges).prop_map(|(who, edges)| Deed::Fill(who, edges)),
    ]
}

fn act(town: &mut Town, deed: &Deed) {
    match deed {
        Deed::Event(who, event, plan) => town.event(who, event, plan.clone()),
        Deed::Attributes(who, json, origin) => {
            let kind = FactKind::Attributes { attributes: fields(json.clone()) };
            town.fact(&contact(who), kind, *origin);
        }
        Deed::Account(id, json) => {
            let kind = FactKind::Attributes { attributes: fields(json.clone()) };
            town.fact(&EntityId::new("account", *id), kind, Origin::Live);
        }
        Deed::Pass(hours) => {
            let moment = town.now + jiff::SignedDuration::from_hours(*hours);
            town.until(&moment.to_string());
        }
        Deed::Settle(number, well) => {
            let open = town.outstanding();
            let Some(intent) = open.get(number.checked_rem(open.len()).unwrap_or(0)) else { return };
            let outcome = if *well {
                Outcome::Accepted { result: fields(json!({})), detail: "250 ok".into() }
            } else {
                Outcome::Failed { detail: "550 no".into(), then: intent.failure }
            };
            town.settle(intent, outcome);
        }
        Deed::Merge(from, into) => {
            let kind = FactKind::MergedInto { into: contact(into) };
            town.fact(&contact(from), kind, Origin::Live);
        }
        Deed::Delete(id) => town.fact(id, FactKind::Deleted, Origin::Live),
        Deed::Wake(who) => {
            let who = contact(who);
            town.input(Input::Wake { subject: &who }, &who);
        }
        Deed::Fill(who, edges) => {
            let who = contact(who);
            town.input(Input::Fill { subject: &who, edges: *edges }, &who);
        }
    }
}

fn check(town: &Town) {
    for entity in town.store.entities.values() {
        let exits = entity.watch.alarms.keys().filter_map(|name| name.strip_prefix("exit "));
        for run in exits {
            let known = town.running().into_iter().find(|known| *known.id == *run);
            assert!(
                known.is_some_and(|known| known.subject == entity.id),
                "an alarm for a run that has ended"
            );
        }
        if entity.deleted.is_some() {
            assert!(
                town.running().iter().any(|run| run.subject == entity.id),
                "{} is kept for nobody",
                entity.id
            );
            assert!(entity.watch.segments.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn what_is_watched_stays_sound(deeds in prop::collection::vec(deed(), 1..25)) {
        let mut town = Town::new(RULES.clone());
        for deed in &deeds {
            act(&mut town, deed);
            check(&town);
        }
    }

    #[test]
    fn a_batch_watches_as_single_inputs_do(deeds in prop::collection::vec(deed(), 1..25)) {
        let mut single = Town::new(RULES.clone());
        let mut batch = Town::new(RULES.clone());
        batch.batch = Some(Snapshot::default());
        for deed in &deeds {
            act(&mut single, deed);
            act(&mut batch, deed);
        }
        prop_assert_eq!(single.store, batch.store);
    }
}
