//! Every row of the trigger table.

use onward_bytecode::EntityId;
use onward_engine::model::{FactKind, Finish, Input, Origin, RunState, What};
use serde_json::{Value as Json, json};

use crate::stories::{EVENING, compile, town};
use crate::town::{Town, contact, fields, time};

/// Things that are sold, with a contact each.
const SALES: &str = r#"
entity opportunity {
  contact: contact
  stage: "new" | "talks" | "won" | "lost"
  value: number
  closes: date
}
entity account { health: ordered "bad" < "poor" < "good", vip: bool }
entity contact { score: number, birthday: date, renews: date, last_seen: time }
"#;

fn sales(rules: &str) -> Town {
    town(&format!("{SALES}{rules}"))
}

fn opportunity(id: &str) -> EntityId {
    EntityId::new("opportunity", id)
}

fn account(id: &str) -> EntityId {
    EntityId::new("account", id)
}

fn set(town: &mut Town, id: &EntityId, attributes: Json) {
    town.fact(id, FactKind::Attributes { attributes: fields(attributes) }, Origin::Live);
}

fn noted(town: &Town) -> Vec<String> {
    town.told(What::Noted)
}

/// When notes were written, in UTC.
fn when(town: &Town) -> Vec<String> {
    let notes = town.store.timeline.iter().filter(|entry| entry.what == What::Noted);
    notes.map(|entry| entry.at.to_string()).collect()
}

#[test]
fn an_entitys_life() {
    let mut town = sales(
        r#"
        workflow born { on opportunity created  do note "created {{opportunity.stage}}" }
        workflow moved { on opportunity changes  do note "changed" }
        workflow gone { on opportunity deleted  do note "was {{opportunity.stage}} of {{opportunity.contact.first_name}}" }
        "#,
    );
    let deal = opportunity("o1");
    set(&mut town, &deal, json!({"stage": "new", "contact": "ana"}));
    set(&mut town, &deal, json!({"stage": "talks"}));
    set(&mut town, &deal, json!({"stage": "talks"}));
    town.fact(&deal, FactKind::Deleted, Origin::Live);
    assert_eq!(noted(&town), ["created new", "changed", "was talks of Ana"]);
    assert!(!town.store.entities.contains_key(&deal));
    town.fact(&deal, FactKind::Deleted, Origin::Live);
    assert_eq!(noted(&town).len(), 3);
}

#[test]
fn what_is_deleted_is_kept_for_its_last_runs_only() {
    let mut town = sales(
        r#"
        workflow bye for contact {
          on contact deleted
          wait 1 day
          do email tips
          do note "bye {{contact.first_name}}"
        }
        workflow other for contact { on signup  wait 30 days  do note "other" }
        "#,
    );
    let ana = contact("ana");
    town.event("ana", "signup", json!({}));
    town.fact(&ana, FactKind::Deleted, Origin::Live);
    assert_eq!(town.ended(), [(Finish::Orphaned, "contact ana was deleted".to_owned())]);
    assert!(town.store.entities[&ana].deleted.is_some());
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(town.sent(), ["email tips"]);
    assert_eq!(noted(&town), ["bye Ana"]);
    assert!(!town.store.entities.contains_key(&ana));
}

#[test]
fn a_fact_about_what_was_deleted_begins_anew() {
    let mut town = sales(
        r#"
        workflow bye for contact { on contact deleted  wait 2 days  do note "bye" }
        workflow hello for contact { on contact created  do note "hello {{contact.first_name | default "you"}}" }
        "#,
    );
    town.fact(&contact("ana"), FactKind::Deleted, Origin::Live);
    town.event("ana", "signup", json!({}));
    assert_eq!(noted(&town), ["hello Ana", "hello you"]);
    assert!(town.store.entities[&contact("ana")].deleted.is_none());
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(noted(&town)[2], "bye");
    assert!(town.store.entities.contains_key(&contact("ana")));
}

#[test]
fn an_attribute_moves() {
    let mut town = sales(
        r#"
        workflow any { on contact.status changes  do note "any" }
        workflow to { on contact.status changes to "customer"  do note "to customer" }
        workflow from { on contact.status changes from "trial"  do note "from trial" }
        workflow both { on contact.status changes from "trial" to "customer"  do note "both" }
        "#,
    );
    town.attributes("ana", json!({"status": "lost"}));
    town.attributes("ana", json!({"status": "trial"}));
    town.attributes("ana", json!({"status": "customer"}));
    let mut noted = noted(&town);
    noted[2..].sort();
    assert_eq!(noted, ["any", "any", "any", "both", "from trial", "to customer"]);
}

#[test]
fn values_cross_bounds() {
    let mut town = sales(
        r#"
        workflow w1 { on account.health drops to "poor"  do note "drops to poor" }
        workflow w2 { on account.health drops  do note "drops" }
        workflow w3 { on account.health rises above "bad"  do note "rises above bad" }
        workflow w4 { on contact.score rises above 80  do note "above 80" }
        workflow w5 { on contact.score rises to 80  do note "to 80" }
        workflow w6 { on contact.score drops below 10  do note "below 10" }
        "#,
    );
    let acme = account("acme");
    // A first value has come from nowhere.
    set(&mut town, &acme, json!({"health": "bad"}));
    assert_eq!(noted(&town), [""; 0]);
    set(&mut town, &acme, json!({"health": "good"}));
    assert_eq!(noted(&town), ["rises above bad"]);
    set(&mut town, &acme, json!({"health": "bad"}));
    assert_eq!(noted(&town)[1..], ["drops to poor", "drops"]);
    set(&mut town, &acme, json!({"health": "poor"}));
    set(&mut town, &acme, json!({"health": "good"}));
    assert_eq!(noted(&town)[3..], ["rises above bad"]);
    town.attributes("ana", json!({"score": 10}));
    town.attributes("ana", json!({"score": 80}));
    assert_eq!(noted(&town)[4..], ["to 80"]);
    town.attributes("ana", json!({"score": 81}));
    assert_eq!(noted(&town)[5..], ["above 80"]);
    town.attributes("ana", json!({"score": 95}));
    town.attributes("ana", json!({"score": 9}));
    assert_eq!(noted(&town)[6..], ["below 10"]);
    town.attributes("ana", json!({"score": 3}));
    town.attributes("ana", json!({"score": null}));
    assert_eq!(noted(&town).len(), 7);
}

#[test]
fn lists_gain_and_lose() {
    let mut town = sales(
        r#"
        workflow gained { on contact.tags gains "vip"  do note "vip" }
        workflow lost { on contact.tags loses "vip"  do note "no vip" }
        "#,
    );
    town.attributes("ana", json!({"tags": ["a"]}));
    town.attributes("ana", json!({"tags": ["a", "vip"]}));
    town.attributes("ana", json!({"tags": ["vip", "b"]}));
    town.attributes("ana", json!({"tags": null}));
    assert_eq!(noted(&town), ["vip", "no vip"]);
}

#[test]
fn a_segments_edges_by_attributes_and_by_time() {
    let mut town = sales(
        r#"
        segment quiet of contact where status = "trial" and last_seen < 14 days ago
        workflow enters_it { on contact enters quiet  do note "in" }
        workflow leaves_it { on contact leaves quiet  do note "out" }
        "#,
    );
    town.attributes("ana", json!({"status": "trial", "last_seen": EVENING}));
    assert_eq!(noted(&town), [""; 0]);
    town.until("2026-03-21T23:59:00Z");
    assert_eq!(noted(&town), [""; 0]);
    // 14 days later on the wall clock of New York, an hour earlier in UTC.
    town.until("2026-03-22T00:01:00Z");
    assert_eq!(noted(&town), ["in"]);
    assert!(when(&town)[0].starts_with("2026-03-22T00:00:00"), "{:?}", when(&town));
    town.attributes("ana", json!({"last_seen": "2026-03-22T01:00:00Z"}));
    assert_eq!(noted(&town)[1..], ["out"]);
    town.until("2026-06-22T00:01:00Z");
    assert_eq!(noted(&town)[2..], ["in"]);
    assert!(town.store.entities[&contact("ana")].watch.alarms.is_empty());
}

#[test]
fn whoever_appears_inside_a_segment_enters_it() {
    let mut town = sales(
        r#"
        segment trials of contact where status = "trial"
        workflow enters_it { on contact enters trials  do note "in" }
        "#,
    );
    town.attributes("bo", json!({"status": "trial"}));
    assert_eq!(noted(&town), ["in"]);
    let kind = FactKind::Attributes { attributes: fields(json!({"status": "trial"})) };
    town.fact(&contact("cy"), kind, Origin::Backfill);
    assert_eq!(noted(&town).len(), 1);
    assert!(town.store.entities[&contact("cy")].watch.segments["trials"].inside);
}

#[test]
fn a_segment_of_past_events() {
    let mut town = sales(
        r#"
        segment buyers of contact where count(purchase in last 30 days) >= 2
        workflow enters_it { on contact enters buyers  do note "in" }
        workflow leaves_it { on contact leaves buyers  do note "out" }
        "#,
    );
    town.event("ana", "purchase", json!({"amount": 1}));
    town.until("2026-03-18T00:00:00Z");
    town.event("ana", "purchase", json!({"amount": 1}));
    assert_eq!(noted(&town), ["in"]);
    town.until("2026-05-18T00:00:00Z");
    assert_eq!(noted(&town), ["in", "out"]);
    assert!(when(&town)[1].starts_with("2026-04-07T00:00:00"), "{:?}", when(&town));
}

#[test]
fn an_edge_starts_what_changes_what_edges_depend_on() {
    let mut town = sales(
        r#"
        segment hot of contact where score > 50
        segment warm of contact where status = "trial"
        workflow a { on contact enters hot  do set contact.status = "trial" }
        workflow b { on contact enters warm  do note "warm" }
        "#,
    );
    town.attributes("ana", json!({"score": 60}));
    assert_eq!(noted(&town), ["warm"]);
}

#[test]
fn nothing_has_changed_for_so_long() {
    let mut town = sales(
        r#"
        workflow stale { on opportunity.stage unchanged for 14 days where stage = "talks"  do note "stale" }
        "#,
    );
    let deal = opportunity("o1");
    set(&mut town, &deal, json!({"stage": "new"}));
    town.until("2026-03-30T00:00:00Z");
    assert_eq!(noted(&town), [""; 0]);
    set(&mut town, &deal, json!({"stage": "talks"}));
    town.until("2026-04-05T00:00:00Z");
    set(&mut town, &deal, json!({"stage": "talks", "value": 3}));
    town.until("2026-12-01T00:00:00Z");
    // Once for each value that is kept.
    assert_eq!(
        (noted(&town), when(&town)),
        (vec!["stale".to_owned()], vec!["2026-04-13T00:00:00Z".to_owned()])
    );
    set(&mut town, &deal, json!({"stage": "lost"}));
    set(&mut town, &deal, json!({"stage": "talks"}));
    town.until("2026-12-20T00:00:00Z");
    assert_eq!(noted(&town).len(), 2);
}

#[test]
fn a_date_draws_near_and_passes() {
    let mut town = sales(
        r#"
        workflow before { on 3 days before contact.renews at 09:00  do note "before" }
        workflow on_it { on contact.renews at 08:00  do note "today" }
        workflow after { on 1 day after contact.renews at 10:00  do note "after" }
        "#,
    );
    town.attributes("ana", json!({"renews": "2026-03-12"}));
    town.until("2026-06-01T00:00:00Z");
    assert_eq!(noted(&town), ["before", "today", "after"]);
    assert_eq!(when(&town), ["2026-03-09T13:00:00Z", "2026-03-12T12:00:00Z", "2026-03-13T14:00:00Z"]);
    // Moved while it waits, it comes once.
    town.attributes("ana", json!({"renews": "2026-06-10"}));
    town.attributes("ana", json!({"renews": "2026-06-12"}));
    town.until("2026-08-01T00:00:00Z");
    assert_eq!(noted(&town).len(), 6);
    assert_eq!(when(&town)[3], "2026-06-09T13:00:00Z");
}

#[test]
fn a_missing_or_past_date_never_goes_out_at_once() {
    let mut town = sales(
        r#"
        workflow before { on 3 days before contact.renews at 09:00  do email tips }
        "#,
    );
    town.attributes("ana", json!({"renews": "2026-03-09"}));
    town.attributes("bo", json!({"email": "bo@example.com"}));
    town.attributes("cy", json!({"email": "cy@example.com", "renews": "2020-01-01"}));
    town.until("2027-06-01T00:00:00Z");
    assert!(town.sent().is_empty());
    town.attributes("cy", json!({"renews": "2027-07-01"}));
    town.attributes("cy", json!({"renews": null}));
    town.until("2027-08-01T00:00:00Z");
    assert!(town.sent().is_empty());
}

#[test]
fn a_birthday_comes_round() {
    let mut town = sales(r#"workflow cake { on contact.birthday every year at 09:00  do note "cake" }"#);
    town.attributes("ana", json!({"birthday": "2004-02-29", "timezone": "Asia/Tokyo"}));
    town.until("2029-01-01T00:00:00Z");
    assert_eq!(when(&town), ["2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"]);
}

#[test]
fn schedules_for_all_and_for_a_segment() {
    let mut town = sales(
        r#"
        segment trials of contact where status = "trial"
        workflow weekly { every monday at 07:00 for contact in trials  do note "weekly" }
        workflow daily { every 2 days at 08:00 for account  do note "daily" }
        "#,
    );
    set(&mut town, &account("acme"), json!({"vip": true}));
    town.attributes("ana", json!({"timezone": "Asia/Tokyo"}));
    town.until("2026-03-09T20:00:00Z");
    assert_eq!(noted(&town), ["daily"]);
    town.attributes("ana", json!({"status": "trial"}));
    town.until("2026-03-23T00:00:00Z");
    let weekly: Vec<_> = town.store.timeline.iter().filter(|entry| &*entry.workflow == "weekly").collect();
    // Monday in Tokyo is Sunday evening in UTC.
    let at: Vec<_> = weekly.iter().filter(|e| e.what == What::Noted).map(|e| e.at.to_string()).collect();
    assert_eq!(at, ["2026-03-15T22:00:00Z", "2026-03-22T22:00:00Z"]);
    town.attributes("ana", json!({"status": "lost"}));
    let before = noted(&town).iter().filter(|note| *note == "weekly").count();
    town.until("2026-04-23T00:00:00Z");
    assert_eq!(noted(&town).iter().filter(|note| *note == "weekly").count(), before);
}

#[test]
fn a_server_that_was_down_rings_once() {
    let mut town = sales(r#"workflow daily { every day at 08:00 for contact  do note "daily" }"#);
    town.now = time("2026-03-20T00:00:00Z");
    let ana = contact("ana");
    town.input(Input::Wake { subject: &ana }, &ana);
    town.input(Input::Wake { subject: &ana }, &ana);
    assert_eq!(noted(&town), ["daily"]);
    assert_eq!(town.store.entities[&ana].watch.wake(), Some(time("2026-03-20T08:00:00-04:00")));
}

#[test]
fn an_exit_by_time_ends_a_run_in_its_wait() {
    let mut town = sales(
        r#"
        workflow nudge for contact {
          on signup
          exit when contact.last_seen < 7 days ago
          exit when did(purchase where amount > 50 in last 30 days)
          wait 60 days
          do email tips
        }"#,
    );
    town.attributes("ana", json!({"last_seen": EVENING}));
    town.event("ana", "signup", json!({}));
    town.until("2026-03-10T00:00:00Z");
    assert_eq!(town.running().len(), 1);
    town.until("2026-03-30T00:00:00Z");
    let RunState::Finished { how, at, .. } = town.runs()[0].state.clone() else { panic!("it goes on") };
    assert_eq!((how, at.to_string().get(..19)), (Finish::Exited, Some("2026-03-15T00:00:00")));
    assert!(town.store.entities[&contact("ana")].watch.alarms.is_empty());
    town.attributes("bo", json!({"last_seen": "2030-03-10T00:00:00Z"}));
    town.event("bo", "signup", json!({}));
    town.event("bo", "purchase", json!({"amount": 51}));
    assert_eq!(town.ended().len(), 2);
}

#[test]
fn a_zone_change_moves_what_is_watched() {
    let mut town = sales(
        r#"
        workflow before { on 3 days before contact.renews at 09:00  do note "before" }
        workflow cake { on contact.birthday every year at 09:00  do note "cake" }
        "#,
    );
    set(&mut town, &account("acme"), json!({"timezone": "Asia/Tokyo"}));
    town.attributes("ana", json!({"renews": "2026-03-15", "birthday": "1990-03-12", "account": "acme"}));
    town.until("2026-03-11T20:00:00Z");
    // It is due in Tokyo at midnight UTC; in Berlin at eight.
    set(&mut town, &account("acme"), json!({"timezone": "Europe/Berlin"}));
    town.until("2026-03-12T09:00:00Z");
    assert_eq!(when(&town), ["2026-03-12T08:00:00Z", "2026-03-12T08:00:00Z"]);
    // Farther west the same day is still to come: what has rung does not ring again.
    town.attributes("ana", json!({"timezone": "America/Los_Angeles"}));
    town.until("2027-03-01T00:00:00Z");
    assert_eq!(noted(&town).len(), 2);
    town.until("2027-04-01T00:00:00Z");
    assert_eq!(when(&town)[2], "2027-03-12T17:00:00Z");
}

#[test]
fn conditions_follow_references() {
    let mut town = sales(
        r#"
        segment at_risk of opportunity where contact.account.health = "bad" and stage = "talks"
        workflow enters_it { on opportunity enters at_risk  do note "in" }
        workflow leaves_it { on opportunity leaves at_risk  do note "out" }
        workflow run for opportunity {
          on opportunity.stage changes to "talks"
          exit when opportunity.contact.status = "lost"
          wait 90 days
        }
        "#,
    );
    town.attributes("ana", json!({"account": "acme"}));
    set(&mut town, &opportunity("o1"), json!({"contact": "ana", "stage": "new"}));
    set(&mut town, &opportunity("o1"), json!({"stage": "talks"}));
    set(&mut town, &opportunity("o2"), json!({"contact": "bo", "stage": "talks"}));
    set(&mut town, &account("acme"), json!({"health": "bad"}));
    assert_eq!(noted(&town), ["in"]);
    town.attributes("ana", json!({"account": "other"}));
    assert_eq!(noted(&town), ["in", "out"]);
    town.attributes("ana", json!({"status": "lost"}));
    assert_eq!(town.ended().iter().filter(|(how, _)| *how == Finish::Exited).count(), 1);
    town.fact(&account("acme"), FactKind::Deleted, Origin::Live);
}

#[test]
fn a_merge_keeps_what_is_watched() {
    let mut town = sales(
        r#"
        segment buyers of contact where count(purchase) >= 2
        workflow enters_it { on contact enters buyers  do note "in" }
        workflow before { on 3 days before contact.renews at 09:00  do note "before" }
        "#,
    );
    town.attributes("bo", json!({"renews": "2026-04-15"}));
    town.event("ana", "purchase", json!({"amount": 1}));
    town.event("bo", "purchase", json!({"amount": 1}));
    assert_eq!(noted(&town), [""; 0]);
    town.fact(&contact("bo"), FactKind::MergedInto { into: contact("ana") }, Origin::Live);
    assert_eq!(noted(&town), ["in"]);
    assert!(town.store.entities[&contact("bo")].watch.alarms.is_empty());
    town.until("2026-05-01T00:00:00Z");
    assert_eq!(noted(&town), ["in", "before"]);
}

#[test]
fn filling_in_is_silent_unless_told() {
    let world = |rules: &str| compile(&format!("{SALES}{rules}"));
    let old = world("workflow none { on signup  do note \"none\" }");
    let mut town = Town::new(old);
    town.now = time(EVENING);
    town.attributes("ana", json!({"status": "trial", "renews": "2026-04-15"}));
    town.attributes("bo", json!({"status": "trial", "renews": "2020-04-15"}));
    let opportunity = opportunity("o1");
    set(&mut town, &opportunity, json!({"stage": "talks"}));
    town.deploy(world(
        r#"
        segment trials of contact where status = "trial"
        workflow enters_it { on contact enters trials  do note "in" }
        workflow before { on 3 days before contact.renews at 09:00  do note "before" }
        workflow stale { on opportunity.stage unchanged for 14 days  do note "stale" }
        workflow daily { every monday at 08:00 for contact in trials  do note "weekly" }
        "#,
    ));
    for (id, edges) in [
        (contact("ana"), onward_engine::model::Edges::Silent),
        (contact("bo"), onward_engine::model::Edges::Fire),
        (opportunity.clone(), onward_engine::model::Edges::Silent),
    ] {
        let first = town.input(Input::Fill { subject: &id, edges }, &id);
        assert!(!first.entities.is_empty());
        let again = town.input(Input::Fill { subject: &id, edges }, &id);
        assert_eq!(again, onward_engine::model::Transition::default(), "it is done already");
    }
    assert_eq!(noted(&town), ["in"]);
    town.until("2026-03-10T00:00:00Z");
    assert_eq!(noted(&town)[1..], ["weekly", "weekly"]);
    town.until("2026-03-23T00:00:00Z");
    assert_eq!(noted(&town).iter().filter(|note| *note == "stale").count(), 1);
    town.until("2026-04-14T00:00:00Z");
    assert_eq!(noted(&town).iter().filter(|note| *note == "before").count(), 1);
}

#[test]
fn a_segment_with_another_meaning_is_known_anew() {
    let world = |rules: &str| compile(&format!("{SALES}{rules}"));
    let rules = |status: &str| {
        format!(
            "segment some of contact where status = \"{status}\"
             workflow enters_it {{ on contact enters some  do note \"in\" }}"
        )
    };
    let mut town = Town::new(world(&rules("trial")));
    town.now = time(EVENING);
    town.attributes("ana", json!({"status": "trial"}));
    assert_eq!(noted(&town), ["in"]);
    town.deploy(world(&rules("customer")));
    // Nobody has looked since: that she is inside is no edge.
    town.attributes("ana", json!({"status": "customer"}));
    assert_eq!(noted(&town), ["in"]);
    town.attributes("ana", json!({"status": "lost"}));
    town.attributes("ana", json!({"status": "customer"}));
    assert_eq!(noted(&town), ["in", "in"]);
}
