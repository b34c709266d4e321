//! Rules in a simulated world, from their text to what people get.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::EntityId;
use onward_engine::model::{Fields, What};
use onward_engine::simulate::{Behaviour, Coverage, Simulation, State};
use onward_engine::{Loaded, Programs};
use serde_json::{Value as Json, json};

const DECLARATIONS: &str = r#"
event form_submitted about contact { form: text }
event purchase about contact { amount: number }
entity contact { status: text, last_seen: time, trial_ends: date }
template welcome email { subject "Welcome" text "Hi {{contact.first_name | default "there"}}" }
template tips email { subject "Tips" text "Here are some." }
"#;

fn loaded(rules: &str) -> Arc<Loaded> {
    let text = format!("{DECLARATIONS}\n{rules}");
    let compiled = onward_compiler::project::compile([("rules.onward", text.as_str())]);
    Arc::new(Loaded::new(compiled.artifact.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn fields(json: Json) -> Fields {
    json.as_object().cloned().unwrap()
}

fn ana() -> EntityId {
    EntityId::new("contact", "ana")
}

/// Ana in New York, on the Saturday before the clocks go forward.
fn world(rules: &str) -> Simulation {
    world_of(Programs::only(loaded(rules)))
}

fn world_of(programs: Programs) -> Simulation {
    let mut world = Simulation::new(programs, at("2026-03-07T20:00:00-05:00"));
    let attributes = json!({"email": "ana@example.com", "phone": "+14155550123", "status": "trial", "timezone": "America/New_York"});
    world.attributes(&ana(), fields(attributes)).unwrap();
    world
}

fn submit(world: &mut Simulation) {
    world.event(&ana(), "form_submitted", fields(json!({"form": "signup"})), None).unwrap();
}

fn set(world: &mut Simulation, attributes: Json) {
    world.attributes(&ana(), fields(attributes)).unwrap();
}

/// Subjects of the mails that went out, and when.
fn mails(world: &Simulation) -> Vec<(String, Timestamp)> {
    let sent = world.effects().filter(|effect| effect.state == State::Sent);
    sent.map(|effect| {
        (effect.argument("message").unwrap()["subject"].as_str().unwrap().to_owned(), effect.at)
    })
    .collect()
}

fn states(world: &Simulation) -> Vec<&'static str> {
    world.runs().map(|run| world.state_of(run)).collect()
}

const SERIES: &str = r#"
workflow trial_welcome {
  on form_submitted where form = "signup" and contact.status = "trial"
  once
  exit when contact.status = "customer"

  do email welcome
  wait until 09:00
  do email tips
}
"#;

#[test]
fn a_series_goes_on_by_the_clock_on_the_wall() {
    let mut world = world(SERIES);
    submit(&mut world);
    assert_eq!(mails(&world), [("Welcome".to_owned(), at("2026-03-07T20:00:00-05:00"))]);
    assert_eq!((states(&world), world.due()), (vec!["waiting"], Some(at("2026-03-08T09:00:00-04:00"))));
    world.advance(at("2026-04-07T20:00:00-04:00")).unwrap();
    assert_eq!(mails(&world)[1..], [("Tips".to_owned(), at("2026-03-08T09:00:00-04:00"))]);
    assert_eq!((states(&world), world.due()), (vec!["completed"], None));
    submit(&mut world);
    assert_eq!(states(&world).len(), 1, "once");
    let request = world.request(world.effects().next().unwrap()).unwrap();
    assert!(format!("{request:?}").contains("Hi there"), "{request:?}");
}

#[test]
fn an_exit_ends_a_wait_at_once() {
    let mut world = world(SERIES);
    submit(&mut world);
    set(&mut world, json!({"status": "customer"}));
    assert_eq!(states(&world), ["exited"]);
    world.advance(at("2026-04-07T20:00:00-04:00")).unwrap();
    assert_eq!(mails(&world).len(), 1);
}

#[test]
fn quiet_hours_hold_messages_back_and_caps_defer_them() {
    let mut world = world(
        r#"
        policy { quiet hours for email from 21:00 to 08:00  at most 1 email per 1 day }
        workflow a { on form_submitted every time do email welcome do email tips }
        "#,
    );
    submit(&mut world);
    assert_eq!(mails(&world).len(), 1);
    world.advance(at("2026-03-08T19:59:00-04:00")).unwrap();
    assert_eq!(mails(&world).len(), 1, "{:?}", world.timeline());
    world.advance(at("2026-03-10T19:59:00-04:00")).unwrap();
    assert_eq!(mails(&world)[1].1, at("2026-03-08T20:00:00-04:00"));
    world.advance(at("2026-03-10T22:00:00-04:00")).unwrap();
    submit(&mut world);
    world.advance(at("2026-03-12T22:00:00-04:00")).unwrap();
    assert_eq!(mails(&world)[2].1, at("2026-03-11T08:00:00-04:00"));
}

#[test]
fn who_does_not_want_it_gets_nothing_and_the_run_goes_on() {
    let mut world = world("workflow a { on form_submitted do email welcome do note \"done\" }");
    set(&mut world, json!({"unsubscribed": ["all"]}));
    submit(&mut world);
    assert_eq!((mails(&world).len(), states(&world)), (0, vec!["completed"]));
    assert!(world.timeline().iter().any(|entry| entry.what == What::Noted));
}

#[test]
fn drafts_wait_for_a_person() {
    let rules = "workflow a { on form_submitted every time do email welcome as draft do note \"done\" }";
    let mut world = world(rules);
    submit(&mut world);
    assert_eq!((mails(&world).len(), states(&world)), (0, vec!["acting"]));
    assert!(!world.approve("sms").unwrap());
    assert!(world.approve("email").unwrap());
    assert_eq!((mails(&world).len(), states(&world)), (1, vec!["completed"]));
    submit(&mut world);
    assert!(world.discard("email").unwrap());
    assert_eq!((mails(&world).len(), states(&world)), (1, vec!["completed", "completed"]));
}

#[test]
fn providers_do_as_they_are_told() {
    let rules = |failure: &str| {
        format!("workflow a {{ on form_submitted do email welcome {failure} do note \"on\" }}")
    };
    for (failure, behaviour, state) in [
        ("", Behaviour::Refuse("no such box".into()), "parked"),
        ("on failure continue", Behaviour::Refuse("no such box".into()), "completed"),
        ("on failure stop", Behaviour::Fail("503".into()), "stopped"),
        ("on failure continue", Behaviour::Lose("timed out".into()), "parked"),
    ] {
        let mut world = world(&rules(failure));
        world.provider("email", behaviour.clone());
        submit(&mut world);
        assert_eq!(states(&world), [state], "{failure} {behaviour:?}");
    }
}

#[test]
fn a_segment_is_entered_when_time_says_so() {
    let mut world = world(
        r#"
        segment sleepy of contact where last_seen < 14 days ago
        workflow wake { on contact enters sleepy every time do email welcome }
        "#,
    );
    set(&mut world, json!({"last_seen": "2026-03-01T12:00:00-05:00"}));
    world.advance(at("2026-04-30T12:00:00-04:00")).unwrap();
    assert_eq!(mails(&world), [("Welcome".to_owned(), at("2026-03-15T12:00:00.001-04:00"))]);
    set(&mut world, json!({"last_seen": "2026-04-30T12:00:00-04:00"}));
    world.advance(at("2026-06-30T12:00:00-04:00")).unwrap();
    assert_eq!(mails(&world)[1].1, at("2026-05-14T12:00:00.001-04:00"));
}

#[test]
fn the_past_is_asked() {
    let mut world = world(
        r#"
        workflow loyal {
          on purchase where count(purchase in last 30 days) >= 3 and sum(purchase.amount in last 30 days) > 100
          every time
          do email welcome
        }
        "#,
    );
    for (day, amount) in [(8, 20), (9, 90), (20, 1)] {
        world.advance(at(&format!("2026-03-{day:02}T12:00:00Z"))).unwrap();
        world.event(&ana(), "purchase", fields(json!({"amount": amount})), None).unwrap();
    }
    assert_eq!(mails(&world).len(), 1);
    world.advance(at("2026-04-15T12:00:00Z")).unwrap();
    world.event(&ana(), "purchase", fields(json!({"amount": 500})), None).unwrap();
    assert_eq!(mails(&world).len(), 1);
}

#[test]
fn keys_name_the_same_person() {
    let mut world = world(SERIES);
    let device = world.named("contact", &[("anonymous_id", "d1")]).unwrap().unwrap();
    world.attributes(&device, fields(json!({"email": "ben@example.com", "status": "trial"}))).unwrap();
    world.event(&device, "form_submitted", fields(json!({"form": "signup"})), None).unwrap();
    let ben = world.named("contact", &[("id", "ben"), ("anonymous_id", "d1")]).unwrap().unwrap();
    assert_eq!(&*ben.id, "ben");
    assert_eq!(world.entity(&ben).unwrap().attributes["email"], json!("ben@example.com"));
    world.advance(at("2026-04-07T20:00:00-04:00")).unwrap();
    assert_eq!(mails(&world).len(), 2, "his run went with him");
}

#[test]
fn coverage_knows_which_way_runs_went() {
    let rules = r#"
        workflow a {
          on form_submitted where form = "signup"
          every time
          if contact.status = "trial" { do email welcome } else { do email tips }
          wait for purchase up to 3 days { do note "bought" } else { do note "did not" }
        }
    "#;
    let loaded = loaded(rules);
    let coverage = Arc::new(Coverage::of(loaded.program()));
    let mut world = world_of(Programs { trace: Some(coverage.clone()), ..Programs::only(loaded) });
    submit(&mut world);
    let uncovered = |coverage: &Coverage| -> Vec<String> {
        coverage.steps().filter(|(_, _, visits)| !visits.any()).map(|(_, step, _)| step.to_string()).collect()
    };
    assert_eq!(uncovered(&coverage).len(), 3, "{:?}", uncovered(&coverage));
    world.advance(at("2026-04-07T20:00:00-04:00")).unwrap();
    assert_eq!(uncovered(&coverage).len(), 2, "{:?}", uncovered(&coverage));
    set(&mut world, json!({"status": "lost"}));
    submit(&mut world);
    world.event(&ana(), "purchase", Fields::new(), None).unwrap();
    assert_eq!(uncovered(&coverage), Vec::<String>::new());
    let conditions: Vec<_> = coverage.conditions().map(|(_, outcomes)| outcomes).collect();
    assert!(conditions.iter().any(|outcomes| outcomes.yes == 2), "{conditions:?}");
}

#[test]
fn the_same_facts_give_the_same_world() {
    let told = || {
        let mut world = world(SERIES);
        submit(&mut world);
        world.advance(at("2026-04-07T20:00:00-04:00")).unwrap();
        (world.timeline().to_vec(), world.log().to_vec(), world.tallies().clone())
    };
    assert_eq!(told(), told());
}
