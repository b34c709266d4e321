//! Every clause and every step.

use onward_bytecode::{EntityId, OnFailure};
use onward_engine::model::{Counted, FactKind, Finish, Intent, Origin, Outcome, RunState, Tally, What};
use serde_json::{Value as Json, json};

use crate::stories::{EVENING, town};
use crate::town::{Town, contact, fields, time};

fn noted(town: &Town) -> Vec<String> {
    town.told(What::Noted)
}

fn tally(town: &Town, workflow: &str, group: &str, what: Counted) -> u32 {
    let tally = Tally { workflow: workflow.into(), group: group.into(), what };
    town.store.tallies.get(&tally).copied().unwrap_or(0)
}

fn late(town: &mut Town, who: &str, name: &str, at: &str) {
    let now = std::mem::replace(&mut town.now, time(at));
    // A fact carries its sender's clock.
    let kind = FactKind::Event {
        name: name.into(),
        fields: fields(json!({})),
        contact: None,
        attributes: fields(json!({})),
    };
    town.late(&contact(who), kind, now);
}

fn one(town: &Town) -> Intent {
    let outstanding = town.outstanding();
    assert_eq!(outstanding.len(), 1, "{outstanding:?}");
    outstanding[0].clone()
}

#[test]
fn a_draft_starts_nothing() {
    let mut town = town("workflow w { draft  on signup  do note \"no\" }");
    town.event("ana", "signup", json!({}));
    assert!(town.runs().is_empty() && town.store.timeline.is_empty());
}

#[test]
fn an_event_that_is_too_old_starts_nothing() {
    let mut town = town("workflow w { on signup  max age 72 hours  do note \"yes\" }");
    late(&mut town, "ana", "signup", "2026-03-04T12:00:00Z");
    assert_eq!(noted(&town), [""; 0]);
    assert!(town.told(What::Ignored)[0].contains("`max age`: it happened at 2026-03-04 07:00"));
    late(&mut town, "ana", "signup", "2026-03-06T12:00:00Z");
    assert_eq!(noted(&town), ["yes"]);
}

#[test]
fn once_per_value() {
    let mut town =
        town("workflow w { on purchase  once per order  do note \"{{event.order | default \"?\"}}\" }");
    for order in ["a", "b", "a"] {
        town.event("ana", "purchase", json!({"order": order}));
    }
    town.event("ana", "purchase", json!({}));
    town.event("bo", "purchase", json!({"order": "a"}));
    assert_eq!(noted(&town), ["a", "b", "a"]);
    let ignored = town.told(What::Ignored);
    assert!(ignored[0].ends_with("`once per`: it was entered before for \"a\""), "{ignored:?}");
    assert!(ignored[1].ends_with("`once per`: the value is missing"), "{ignored:?}");
}

#[test]
fn at_most_once_per_length() {
    let mut town = town("workflow w { on signup  at most once per 30 days  do note \"yes\" }");
    town.event("ana", "signup", json!({}));
    town.until("2026-04-06T23:00:00Z");
    town.event("ana", "signup", json!({}));
    assert_eq!(noted(&town).len(), 1);
    assert!(town.told(What::Ignored)[0].ends_with("not again before 2026-04-06 20:00 America/New_York"));
    town.until("2026-04-07T00:00:00Z");
    town.event("ana", "signup", json!({}));
    town.event("ana", "signup", json!({}));
    assert_eq!(noted(&town).len(), 2);
}

#[test]
fn a_share_is_held_out_and_measured_beside_the_others() {
    let mut town = town(
        r#"
        workflow w {
          on signup
          once
          goal purchase where amount > 10 within 14 days
          holdout 50%
          split { 50% short { do note "short" } 50% long { do note "long" } }
        }"#,
    );
    let people: Vec<String> = (0..60).map(|i| format!("p{i}")).collect();
    for who in &people {
        town.event(who, "signup", json!({}));
        town.event(who, "signup", json!({}));
    }
    for who in &people {
        town.event(who, "purchase", json!({"amount": 5}));
        town.event(who, "purchase", json!({"amount": 50}));
        town.event(who, "purchase", json!({"amount": 50}));
    }
    for what in [Counted::Entered, Counted::Goal] {
        let (all, out) = (tally(&town, "w", "all", what), tally(&town, "w", "held out", what));
        assert_eq!(all + out, 60, "{what:?}: {:?}", town.store.tallies);
        assert!((15..=45).contains(&out), "{out}");
        let branches: u32 = town
            .store
            .tallies
            .iter()
            .filter(|(t, _)| t.group.contains('/') && t.what == what)
            .map(|(_, n)| *n)
            .sum();
        assert_eq!(branches, all);
    }
    assert_eq!(noted(&town).len() as u32, tally(&town, "w", "all", Counted::Entered));
    assert_eq!(town.told(What::Reached).len(), 60);
    assert!(town.store.timeline.iter().all(|entry| entry.what != What::HeldOut || entry.run.is_none()));
    // Too late.
    town.event("late", "signup", json!({}));
    town.until("2026-03-22T00:00:01Z");
    town.event("late", "purchase", json!({"amount": 50}));
    assert_eq!(town.told(What::Reached).len(), 60);
}

#[test]
fn messages_wait_for_their_window_and_for_quiet_hours() {
    let mut town = town(
        r#"
        policy { quiet hours for email from 21:00 to 08:00 }
        workflow window { on signup  send between 09:00 and 18:00 on weekdays  do email welcome }
        workflow quiet { on ping  do email tips }
        workflow exempt { on pong  topic transactional  do email tips }
        "#,
    );
    // Saturday, 20:00 in New York, the night before the clocks go forward.
    town.event("ana", "signup", json!({}));
    assert_eq!(one(&town).due, time("2026-03-09T13:00:00Z"));
    assert_eq!(
        town.told(What::Intended),
        [r#"email to ["ana@example.com"], not before 2026-03-09 09:00 America/New_York"#]
    );
    town.until("2026-03-08T03:00:00Z");
    town.event("ana", "ping", json!({}));
    town.event("ana", "pong", json!({}));
    let mut due: Vec<_> = town.outstanding().iter().map(|intent| intent.due).collect();
    due.sort();
    assert_eq!(due, [town.now, time("2026-03-08T12:00:00Z"), time("2026-03-09T13:00:00Z")]);
}

#[test]
fn a_message_is_held_for_a_person() {
    let mut town = town(
        r#"
        workflow w { on signup  do email welcome as draft for "lea@acme.com"  do note "on" }
        "#,
    );
    town.event("ana", "signup", json!({}));
    let intent = one(&town);
    assert_eq!(intent.draft.as_ref().and_then(|draft| draft.person.as_deref()), Some("lea@acme.com"));
    assert_eq!(town.told(What::Drafted), [r#"email to ["ana@example.com"], held for lea@acme.com"#]);
    town.accept();
    assert_eq!(noted(&town), [""; 0]);
    town.settle(&intent, Outcome::Dropped { detail: "discarded by lea".into() });
    assert_eq!(noted(&town), ["on"]);
}

#[test]
fn a_failure_does_what_the_step_says() {
    let mut town = town(
        r#"
        workflow goes { on signup  do email welcome on failure continue  do note "on" }
        workflow stops { on ping  do email welcome on failure stop  do note "no" }
        "#,
    );
    let failed = |then| Outcome::Failed { detail: "550 no such user".into(), then };
    town.event("ana", "signup", json!({}));
    let intent = one(&town);
    assert_eq!(intent.failure, OnFailure::Continue);
    town.settle(&intent, failed(OnFailure::Continue));
    assert_eq!((noted(&town), town.told(What::Failed)), (vec!["on".into()], vec!["550 no such user".into()]));
    town.event("ana", "ping", json!({}));
    let intent = one(&town);
    assert_eq!(intent.failure, OnFailure::Stop);
    town.settle(&intent, failed(OnFailure::Stop));
    let stopped = (Finish::Stopped, "`on failure stop`: 550 no such user".to_owned());
    assert!(town.ended().contains(&stopped));
    assert!(town.store.cancelled.is_empty());
}

#[test]
fn an_actions_result_is_at_hand() {
    let mut town = town(
        r#"
        action call(to: email = contact.email) {
          post "https://calls.example"
          json { to: to }
          result { sid: body.sid }
        }
        workflow w {
          on signup
          let r = do call
          wait 1 day
          do note "sid {{r.sid | default "none"}}"
        }"#,
    );
    town.event("ana", "signup", json!({}));
    let intent = one(&town);
    town.settle(&intent, Outcome::Accepted { result: fields(json!({"sid": "CA1"})), detail: "201".into() });
    town.until("2026-03-10T00:00:00Z");
    assert_eq!(noted(&town), ["sid CA1"]);
    town.event("ana", "signup", json!({}));
    let intent = one(&town);
    town.settle(&intent, Outcome::Dropped { detail: "no".into() });
    town.until("2026-03-12T00:00:00Z");
    assert_eq!(noted(&town), ["sid CA1", "sid none"]);
}

#[test]
fn members_take_turns() {
    let mut town =
        town("workflow w { on signup  do assign contact owner from sales in turn  do note \"assigned\" }");
    for who in ["ana", "bo", "cy"] {
        town.event(who, "signup", json!({}));
    }
    let owner = |who| town.attribute(&contact(who), "owner");
    assert_eq!(
        [owner("ana"), owner("bo"), owner("cy")],
        [json!("lea@acme.com"), json!("max@acme.com"), json!("lea@acme.com")]
    );
    assert_eq!(noted(&town).len(), 3);
    assert_eq!(town.attribute(&EntityId::new("team", "sales"), "turn"), json!(3));
}

#[test]
fn entities_are_created_updated_and_deleted() {
    let mut town = town(
        r#"
        entity opportunity { contact: contact, stage: "new" | "talks" | "lost", value: number }
        workflow create { on signup  do create opportunity { contact: contact, stage: "new", value: 3 } }
        workflow update for opportunity { on opportunity created  wait 1 day  do update opportunity { stage: "talks", value: 5 } }
        workflow delete for opportunity { on opportunity.stage changes to "talks"  wait 1 day  do delete opportunity  wait 5 days }
        workflow gone for opportunity { on opportunity deleted  do note "{{opportunity.stage}} {{opportunity.value}}" }
        workflow follow { on ping  do update contact { status: "lost" } }
        "#,
    );
    town.event("ana", "signup", json!({}));
    let of = |town: &Town| town.store.entities.keys().find(|id| &*id.kind == "opportunity").cloned();
    let deal = of(&town).unwrap();
    assert!(deal.id.starts_with("ana/"));
    assert_eq!(town.attribute(&deal, "contact"), json!("ana"));
    town.until("2026-03-09T00:00:00Z");
    assert_eq!((town.attribute(&deal, "stage"), town.attribute(&deal, "value")), (json!("talks"), json!(5)));
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(noted(&town), ["talks 5"]);
    assert_eq!(of(&town), None);
    assert!(town.ended().iter().any(|(how, _)| *how == Finish::Orphaned));
    town.event("ana", "ping", json!({}));
    assert_eq!(town.attribute(&contact("ana"), "status"), json!("lost"));
}

#[test]
fn workflows_start_and_stop_each_other() {
    let mut town = town(
        r#"
        workflow first { on signup  do start second  do start second }
        workflow second { on ping  once  exit when contact.status = "lost"  do note "second"  wait 3 days  do note "no" }
        workflow third { on pong  do stop second  do note "third"  do stop third  do note "no" }
        "#,
    );
    town.event("ana", "signup", json!({}));
    assert_eq!(noted(&town), ["second"]);
    assert!(town.told(What::Ignored)[0].ends_with("`once`: it was entered before"));
    town.event("ana", "pong", json!({}));
    assert_eq!(noted(&town), ["second", "third"]);
    town.until("2026-04-01T00:00:00Z");
    assert_eq!(noted(&town).len(), 2);
    assert_eq!(town.ended().iter().filter(|(how, _)| *how == Finish::Stopped).count(), 2);
    town.event_with("bo", "signup", json!({}), json!({"status": "lost"}));
    assert_eq!(noted(&town).len(), 2);
}

#[test]
fn a_started_workflow_waits_in_its_queue() {
    let mut town = town(
        r#"
        workflow first { on signup  do start second }
        workflow second { on ping  while running queue  wait 1 day  do note "done" }
        "#,
    );
    town.event("ana", "ping", json!({}));
    town.event("ana", "signup", json!({}));
    assert!(town.running().iter().any(|run| matches!(run.state, RunState::Queued { .. })));
    town.until("2026-03-09T00:00:00Z");
    assert_eq!(noted(&town).len(), 1);
    town.until("2026-03-10T00:00:00Z");
    assert_eq!(noted(&town).len(), 2);
}

#[test]
fn access_and_consent_are_lists() {
    let mut town = town(
        r#"
        policy { topic news opt in "News" }
        workflow a { on signup  do grant access to "course"  do unsubscribe from news }
        workflow b { on ping  do revoke access to "course"  do unsubscribe }
        workflow c { on access_granted  do note "granted {{event.to}}" }
        workflow d { on access_revoked  do note "revoked {{event.to}}" }
        "#,
    );
    let ana = contact("ana");
    town.attributes("ana", json!({"subscriptions": ["news", "other"]}));
    town.event("ana", "signup", json!({}));
    assert_eq!(town.attribute(&ana, "access"), json!(["course"]));
    assert_eq!(town.attribute(&ana, "subscriptions"), json!(["other"]));
    assert_eq!(town.attribute(&ana, "unsubscribed"), json!(["news"]));
    town.event("ana", "ping", json!({}));
    assert_eq!(town.attribute(&ana, "access"), json!([]));
    assert_eq!(town.attribute(&ana, "unsubscribed"), json!(["news", "all"]));
    assert_eq!(noted(&town), ["granted course", "revoked course"]);
}

#[test]
fn a_repeat_ends_early() {
    let mut town = town(
        r#"
        workflow w {
          on signup
          repeat up to 3 times every 2 days until did(purchase) { do note "nudge" }
          do note "done"
        }"#,
    );
    town.event("ana", "signup", json!({}));
    town.until("2026-03-11T00:00:00Z");
    town.event("ana", "purchase", json!({}));
    town.until("2026-04-01T00:00:00Z");
    town.event("bo", "signup", json!({}));
    town.until("2026-06-01T00:00:00Z");
    let notes = |who: &str| -> Vec<String> {
        let lines = town.store.timeline.iter().filter(|e| e.what == What::Noted && *e.subject.id == *who);
        lines.map(|entry| entry.detail.to_string()).collect()
    };
    assert_eq!(notes("ana"), ["nudge", "nudge", "done"]);
    assert_eq!(notes("bo"), ["nudge", "nudge", "nudge", "done"]);
}

#[test]
fn history_counts_what_came_late_where_it_belongs() {
    let mut town = town(
        r#"
        workflow w {
          on ping
          do note "{{count(purchase)}} {{count(purchase in last 2 days)}} {{sum(purchase.amount) }} {{latest(purchase).amount | default 0}}"
        }"#,
    );
    town.event("ana", "ping", json!({}));
    town.event("ana", "purchase", json!({"amount": 5}));
    town.now = time("2026-03-12T00:00:00Z");
    let now = std::mem::replace(&mut town.now, time("2026-03-07T00:00:00Z"));
    let kind = FactKind::Event {
        name: "purchase".into(),
        fields: fields(json!({"amount": 7})),
        contact: None,
        attributes: fields(json!({})),
    };
    town.late(&contact("ana"), kind, now);
    town.event("ana", "ping", json!({}));
    town.event("ana", "purchase", json!({"amount": 1.5}));
    town.event("ana", "ping", json!({}));
    assert_eq!(noted(&town), ["0 0 0 0", "2 0 12 5", "3 1 13.5 1.5"]);
}

#[test]
fn an_accounts_history_holds_what_was_handed_over() {
    let mut town = town(
        r#"
        workflow w for account { on invoice_due  do note "{{count(purchase)}}" }
        "#,
    );
    town.attributes("ana", json!({"account": "acme"}));
    town.attributes("bo", json!({"account": "acme"}));
    town.event("ana", "purchase", json!({"amount": 5}));
    town.event("bo", "purchase", json!({"amount": 5}));
    let kind = FactKind::Event {
        name: "invoice_due".into(),
        fields: fields(json!({})),
        contact: None,
        attributes: fields(json!({})),
    };
    town.fact(&EntityId::new("account", "acme"), kind, Origin::Live);
    assert_eq!(noted(&town), ["2"]);
}

#[test]
fn who_was_merged_counts_once() {
    let mut town = town(
        r#"workflow w { on signup  at most once per 30 days  goal purchase within 14 days  wait 5 days  do note "done" }"#,
    );
    town.event("bo", "signup", json!({}));
    town.fact(&contact("bo"), FactKind::MergedInto { into: contact("ana") }, Origin::Live);
    town.event("ana", "signup", json!({}));
    assert_eq!(town.running().len(), 1);
    town.event("ana", "purchase", json!({}));
    assert_eq!(tally(&town, "w", "all", Counted::Goal), 1);
    town.until("2026-03-13T00:00:00Z");
    town.event("ana", "signup", json!({}));
    assert_eq!(town.running().len(), 0, "the key came along with its time");
}

#[test]
fn known_defects_of_other_tools() {
    let mut town = town(
        r#"
        workflow morning { on signup  wait until 09:00  do note "morning" }
        workflow monday { on ping  wait until monday at 07:00  do note "monday" }
        workflow friday { on pong  wait until friday at 18:00  do note "friday" }
        "#,
    );
    let waits = |town: &Town| -> Json {
        let until = town.running().last().map(|run| match &run.state {
            RunState::Waiting { until, .. } => until.to_string(),
            state => panic!("{state:?}"),
        });
        json!(until)
    };
    assert_eq!(town.now, time(EVENING));
    town.event("ana", "signup", json!({}));
    assert_eq!(waits(&town), json!("2026-03-08T13:00:00Z"));
    town.attributes("ana", json!({"timezone": "Asia/Tokyo"}));
    assert_eq!(waits(&town), json!("2026-03-08T00:00:00Z").clone(), "the clock that she waits for is hers");
    town.until("2026-03-08T02:00:00Z");
    town.event("ana", "ping", json!({}));
    assert_eq!(waits(&town), json!("2026-03-08T22:00:00Z"));
    town.until("2026-03-08T23:00:00Z");
    town.attributes("ana", json!({"timezone": "America/Los_Angeles"}));
    town.event("ana", "pong", json!({}));
    assert_eq!(waits(&town), json!("2026-03-14T01:00:00Z"));
}
