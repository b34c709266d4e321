//! What rules mean, told by rules as people write them.

use std::sync::Arc;

use onward_bytecode::{Artifact, Debug, EntityId};
use onward_compiler::diagnostic::Severity;
use onward_compiler::lower::lower;
use onward_compiler::project::Project;
use onward_engine::Loaded;
use onward_engine::model::{FactKind, Finish, Order, Origin, RunState, What};
use serde_json::{Value as Json, json};

use crate::town::{Town, contact, fields, time};

/// What every story has.
const WORLD: &str = r#"
event signup { form: text, plan: text, email: email }
event purchase { amount: number, order: text }
event ping { count: number }
event pong { count: number }
event invoice_due about account { amount: number }

entity contact { status: "trial" | "customer" | "lost", trial_ends: time }

template welcome email { subject "Welcome, {{contact.first_name | default "friend"}}" text "Good to have you." }
template tips email { subject "Tips" text "Try this." }
team sales = ["lea@acme.com", "max@acme.com"]
"#;

pub(crate) fn compile(rules: &str) -> Arc<Loaded> {
    let settings = "[project]\nname = \"acme\"\ntimezone = \"America/New_York\"\n";
    let files = [
        ("rules.onward".to_owned(), format!("{WORLD}{rules}")),
        ("onward.toml".to_owned(), settings.to_owned()),
    ];
    let checked = Project::read(files).parse().check();
    let Some(hir) = &checked.hir else {
        let errors = checked.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        panic!("{:?}", errors.map(|d| (&d.message, &d.primary)).collect::<Vec<_>>())
    };
    let lowered = lower(hir).expect("it fits the machine");
    let debug = Debug { sources: checked.sources, spans: lowered.spans };
    let artifact = Artifact { program: lowered.program, debug };
    Arc::new(Loaded::new(artifact.verify().expect("the compiler makes sound programs")))
}

/// Saturday evening in New York, the night before the clocks go forward.
pub(crate) const EVENING: &str = "2026-03-08T01:00:00Z";

pub(crate) fn town(rules: &str) -> Town {
    let mut town = Town::new(compile(rules));
    town.now = time(EVENING);
    town.attributes("ana", json!({"email": "ana@example.com", "first_name": "Ana"}));
    town
}

#[test]
fn the_first_story() {
    let mut town = town(
        r#"
        workflow trial_welcome "Welcome trial sign-ups" for contact {
          on signup where form = "trial" and contact.status = "trial"
          once
          exit when contact.status = "customer"

          do email welcome
          wait 2 days
          if contact.score > 10 {
            do email tips
          } else {
            do note "no interest: {{event.plan | default "no plan"}}"
          }
        }"#,
    );
    town.event("ana", "signup", json!({"form": "trial", "plan": "pro"}));
    assert!(town.runs().is_empty());
    town.event_with("ana", "signup", json!({"form": "trial", "plan": "pro"}), json!({"status": "trial"}));
    let intent = town.outstanding()[0].clone();
    assert_eq!(&*intent.action, "email");
    assert!(intent.arguments.iter().any(|argument| argument.to_string().contains("Welcome, Ana")));
    assert_eq!(town.told(What::Intended), [r#"email to ["ana@example.com"]"#]);
    town.accept();
    assert_eq!(town.told(What::Waiting), ["waits until 2026-03-09 20:00 America/New_York"]);
    town.until("2026-03-10T00:00:00Z");
    assert_eq!(town.told(What::Branched), ["`contact.score > 10` does not hold"]);
    assert_eq!(town.told(What::Noted), ["no interest: pro"]);
    assert_eq!(town.ended(), [(Finish::Completed, "all steps are done".to_owned())]);
    town.event("ana", "signup", json!({"form": "trial"}));
    assert_eq!(town.runs().len(), 1);
    assert!(town.told(What::Ignored)[0].ends_with("`once`: it was entered before"));
}

#[test]
fn an_exit_is_told_in_the_rules_words() {
    let mut town = town(
        r#"
        workflow series {
          on signup
          exit when contact.status = "customer"
          exit on purchase where amount > 50
          wait 30 days
          do email tips
        }"#,
    );
    town.event("ana", "signup", json!({}));
    town.event("ana", "purchase", json!({"amount": 20}));
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(town.running().len(), 1);
    town.attributes("ana", json!({"status": "customer"}));
    town.event_with("bo", "signup", json!({}), json!({"email": "bo@example.com"}));
    town.event("bo", "purchase", json!({"amount": 50.01}));
    assert_eq!(
        town.ended(),
        [
            (Finish::Exited, r#"exit when `contact.status = "customer"`"#.to_owned()),
            (Finish::Exited, "`exit on purchase` where `amount > 50` (event f6)".to_owned()),
        ]
    );
    assert!(town.sent().is_empty());
}

#[test]
fn a_morning_is_a_morning_across_the_clock_change() {
    let mut town = town(
        r#"
        workflow morning { on signup  wait until 09:00  do note "morning" }
        workflow day { on signup  wait 1 day  do note "a day" }
        workflow hours { on signup  wait 24h  do note "24 hours" }
        workflow friday { on signup  wait until friday at 18:00  do note "friday" }
        "#,
    );
    town.event("ana", "signup", json!({}));
    let mut waits = town.told(What::Waiting);
    waits.sort();
    assert_eq!(
        waits,
        [
            "waits until 2026-03-08 09:00 America/New_York",
            "waits until 2026-03-08 20:00 America/New_York",
            "waits until 2026-03-08 21:00 America/New_York",
            "waits until 2026-03-13 18:00 America/New_York",
        ]
    );
    town.until("2026-03-08T12:59:00Z");
    assert!(town.told(What::Noted).is_empty());
    town.until("2026-03-08T13:00:00Z");
    assert_eq!(town.told(What::Noted), ["morning"]);
    town.until("2026-03-09T00:30:00Z");
    assert_eq!(town.told(What::Noted), ["morning", "a day"]);
}

#[test]
fn a_skipped_hour_and_a_doubled_one() {
    let mut town = town(
        r#"
        workflow skipped { on signup  wait until 02:30  do note "skipped" }
        workflow doubled { on ping  wait until 01:30  do note "doubled" }
        "#,
    );
    town.event("ana", "signup", json!({}));
    assert_eq!(town.told(What::Waiting), ["waits until 2026-03-08 03:00 America/New_York"]);
    town.until("2026-10-31T22:00:00Z");
    town.event("ana", "ping", json!({"count": 1}));
    town.until("2026-11-01T05:29:59Z");
    assert_eq!(town.told(What::Noted), ["skipped"]);
    town.until("2026-11-01T05:30:00Z");
    assert_eq!(town.told(What::Noted), ["skipped", "doubled"]);
}

#[test]
fn an_exit_remembers_what_started_the_run() {
    let mut town = town(
        r#"
        workflow cart {
          on signup as s
          while running parallel
          exit on purchase as p where p.order = s.plan
          exit when s.form = contact.city
          wait 3 days
          do note "{{s.plan}} is left"
        }"#,
    );
    for order in ["one", "two", "three"] {
        town.event("ana", "signup", json!({"plan": order, "form": order}));
    }
    town.until("2026-03-09T00:00:00Z");
    town.event("ana", "purchase", json!({"order": "two"}));
    town.attributes("ana", json!({"city": "three"}));
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["one is left"]);
    let exits: Vec<_> = town.ended().into_iter().filter(|(how, _)| *how == Finish::Exited).collect();
    assert_eq!(exits.len(), 2);
}

#[test]
fn waits_by_the_clock_follow_the_subject() {
    let mut town = town(
        r#"
        workflow morning { on signup  wait until 09:00  do note "morning" }
        workflow trial { on signup  wait until contact.trial_ends - 3 days  do note "trial" }
        workflow hours { on signup  wait 24h  do note "24 hours" }
        "#,
    );
    town.event_with("ana", "signup", json!({}), json!({"trial_ends": "2026-03-20T12:00:00Z"}));
    let waits = town.told(What::Waiting).len();
    town.attributes("ana", json!({"timezone": "Asia/Tokyo"}));
    let moved = town.told(What::Waiting).split_off(waits);
    assert!(moved.contains(&"the time zone changed: waits until 2026-03-08 09:00 Asia/Tokyo".to_owned()));
    assert!(!moved.iter().any(|line| line.contains("2026-03-09")), "24 hours are 24 hours: {moved:?}");
}

#[test]
fn the_accounts_zone_stands_in_for_the_contacts() {
    let mut town = town("workflow morning { on signup  wait until 09:00 }");
    let acme = EntityId::new("account", "acme");
    let attributes = fields(json!({"timezone": "Europe/Berlin"}));
    town.fact(&acme, FactKind::Attributes { attributes }, Origin::Live);
    town.event_with("ana", "signup", json!({}), json!({"account": "acme"}));
    assert_eq!(town.told(What::Waiting), ["waits until 2026-03-08 09:00 Europe/Berlin"]);
}

#[test]
fn a_wait_for_an_event_gives_its_fields_to_later_steps() {
    let mut town = town(
        r#"
        workflow cart {
          on signup as s
          wait for purchase as p where amount > 10 up to 3 days {
            do email welcome
            do note "{{s.plan}} paid {{p.amount}}"
          } else {
            do email tips
          }
          stop
        }"#,
    );
    town.event("ana", "signup", json!({"plan": "pro"}));
    town.event("ana", "purchase", json!({"amount": 5}));
    assert!(matches!(town.running()[0].state, RunState::Waiting { .. }));
    town.event("ana", "purchase", json!({"amount": 12.50}));
    town.accept();
    assert_eq!(town.told(What::Noted), ["pro paid 12.5"]);
    assert_eq!(town.ended()[0].0, Finish::Stopped);
    town.event("ana", "signup", json!({}));
    town.until("2026-03-20T00:00:00Z");
    assert!(town.told(What::Resumed).contains(&"`purchase` did not come in time".to_owned()));
    assert_eq!(town.sent().len(), 2);
}

#[test]
fn a_step_with_a_condition_is_skipped_in_words() {
    let mut town =
        town(r#"workflow w { on signup  do email tips where contact.score > 5  do note "after" }"#);
    town.event("ana", "signup", json!({}));
    assert_eq!(town.told(What::Skipped), ["`contact.score > 5` does not hold"]);
    assert_eq!(town.told(What::Noted), ["after"]);
}

#[test]
fn overlap_forms() {
    for (clause, noted) in [
        ("", vec!["one"]),
        ("while running ignore", vec!["one"]),
        ("while running restart", vec!["two"]),
        ("while running queue", vec!["one", "two"]),
        ("while running parallel", vec!["one", "two"]),
    ] {
        let mut town = town(&format!(
            r#"workflow w {{ on signup {clause}  wait 2 days  do note "{{{{event.plan}}}}" }}"#
        ));
        town.event("ana", "signup", json!({"plan": "one"}));
        town.until("2026-03-09T00:00:00Z");
        town.event("ana", "signup", json!({"plan": "two"}));
        town.until("2026-04-01T00:00:00Z");
        assert_eq!(town.told(What::Noted), noted, "{clause}");
    }
}

#[test]
fn attributes_move() {
    let mut town = town(
        r#"
        workflow a { on contact.status changes from "trial" to "customer"  do note "won" }
        workflow b { on contact.status changes to "lost"  do note "lost" }
        workflow c { on contact changes where contact.score > 3  do note "score" }
        workflow d { on contact created  do note "new" }
        "#,
    );
    assert_eq!(town.told(What::Noted), ["new"]);
    town.attributes("ana", json!({"status": "customer"}));
    town.attributes("ana", json!({"status": "trial"}));
    town.attributes("ana", json!({"status": "customer"}));
    town.attributes("ana", json!({"status": "lost"}));
    town.attributes("ana", json!({"score": 4}));
    assert_eq!(town.told(What::Noted), ["new", "won", "lost", "score"]);
}

#[test]
fn accounts_have_workflows_of_their_contacts_events() {
    let mut town = town(
        r#"
        workflow care for account {
          on purchase where amount > 100
          exit on signup
          do set account.status = "active"
          wait 1 day
          do note "{{contact.first_name}} bought"
        }
        workflow dunning for account { on invoice_due  do note "due" }
        "#,
    );
    town.attributes("ana", json!({"account": "acme"}));
    town.event("ana", "purchase", json!({"amount": 50}));
    town.event("ana", "purchase", json!({"amount": 500}));
    let acme = EntityId::new("account", "acme");
    assert_eq!(town.attribute(&acme, "status"), json!("active"));
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["Ana bought"]);
    let kind = FactKind::Event {
        name: "invoice_due".into(),
        fields: fields(json!({"amount": 3})),
        contact: None,
        attributes: fields(json!({})),
    };
    town.fact(&acme, kind, Origin::Live);
    assert_eq!(town.told(What::Noted), ["Ana bought", "due"]);
    town.event("ana", "purchase", json!({"amount": 500}));
    town.event("ana", "signup", json!({}));
    assert!(town.running().is_empty());
}

#[test]
fn events_chain() {
    let mut town = town(
        r#"
        workflow a { on signup  do emit ping { count: 1 } }
        workflow b { on ping where count < 5  do emit pong { count: count + 1 } }
        workflow c { on pong  do note "{{count}}"  do emit ping { count: count } }
        "#,
    );
    town.event("ana", "signup", json!({}));
    assert_eq!(town.told(What::Noted), ["2", "3", "4", "5"]);
    assert!(town.running().is_empty());
}

#[test]
fn tasks_tags_and_references() {
    let mut town = town(
        r#"
        workflow w {
          on signup
          do add tag "lead"
          do set contact.account.status = "open"
          do task "Call {{contact.first_name}}" type call due in 30m remind 10m before for group sales notes "{{event.plan}}"
        }"#,
    );
    town.event_with(
        "ana",
        "signup",
        json!({"plan": "pro"}),
        json!({"account": "acme", "owner": "lea@acme.com"}),
    );
    let task = town.store.entities.values().find(|entity| &*entity.id.kind == "task").unwrap();
    assert_eq!(
        task.attributes,
        fields(json!({
            "title": "Call Ana", "type": "call", "status": "open", "contact": "ana", "notes": "pro",
            "due": "2026-03-08T01:30:00Z", "remind_at": "2026-03-08T01:20:00Z",
        }))
    );
    assert_eq!(town.attribute(&contact("ana"), "tags"), json!(["lead"]));
    assert_eq!(town.attribute(&EntityId::new("account", "acme"), "status"), json!("open"));
    assert!(
        town.told(What::Changed)
            .contains(&r#"task "Call Ana" created, due 2026-03-07 20:30 America/New_York"#.to_owned())
    );
}

#[test]
fn a_missing_date_never_means_now() {
    let mut town = town(r#"workflow w { on signup  wait until contact.trial_ends - 3 days  do email tips }"#);
    town.event("ana", "signup", json!({}));
    assert!(town.sent().is_empty());
    assert!(matches!(town.running()[0].state, RunState::Parked { .. }));
    town.attributes("ana", json!({"trial_ends": "2026-03-20T12:00:00Z"}));
    let run = town.running()[0].clone();
    town.order(&run, Order::Retry);
    town.until("2026-03-17T11:59:00Z");
    assert!(town.sent().is_empty());
    town.until("2026-03-17T12:00:00Z");
    assert_eq!(town.sent(), ["email tips"]);
}

#[test]
fn a_contact_without_an_address_is_parked() {
    let mut town = town("workflow w { on signup  do email welcome }");
    town.event("bo", "signup", json!({}));
    assert_eq!(town.told(What::Parked), ["`email` has no recipient: its `to` is missing"]);
    town.attributes("bo", json!({"email": "bo@example.com"}));
    let run = town.running()[0].clone();
    town.order(&run, Order::Retry);
    assert_eq!(town.sent(), ["email welcome"]);
}

#[test]
fn a_merge_goes_on_with_the_other() {
    let mut town = town(
        r#"workflow w { on signup  once  do email welcome  wait 1 day  do note "{{contact.first_name}}" }"#,
    );
    town.event_with("anon", "signup", json!({}), json!({"email": "a@example.com"}));
    town.fact(&contact("anon"), FactKind::MergedInto { into: contact("ana") }, Origin::Live);
    town.accept();
    town.until("2026-03-20T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["Ana"]);
    town.event("ana", "signup", json!({}));
    assert_eq!(town.sent(), ["email welcome"]);
    assert_eq!(town.attribute(&contact("anon"), "merged_into"), Json::from("ana"));
}
