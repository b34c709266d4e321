//! How long 1,000 tests of thirty virtual days each take in a simulated world, beside the
//! time that compiling their rules takes once.
//!
//!     cargo bench -p onward-engine --bench simulate

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a benchmark measures time, and stops at surprises"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{Timestamp, ToSpan};
use onward_bytecode::{EntityId, Verified};
use onward_engine::model::Fields;
use onward_engine::simulate::{Coverage, Simulation, State};
use onward_engine::{Loaded, Programs};
use serde_json::{Value as Json, json};

const TESTS: usize = 1_000;
const ROUNDS: usize = 5;

const RULES: &str = r#"
event form_submitted about contact { form: text }
event purchase about contact { amount: number }
entity contact { status: text, last_seen: time, trial_ends: date }

template welcome email { subject "Welcome" text "Hi {{contact.first_name | default "there"}}" }
template tips email { subject "Tips" text "Here are some." }
template miss_you email { subject "We miss you" text "Come back." }

segment sleepy of contact where last_seen < 14 days ago

policy { quiet hours for email from 21:00 to 08:00  at most 3 email per 7 days }

workflow trial_welcome {
  on form_submitted where form = "signup" and contact.status = "trial"
  once
  exit when contact.status = "customer"

  do email welcome
  wait 2 days
  if count(purchase in last 30 days) > 0 { stop }
  do email tips
  wait for purchase up to 10 days { do note "bought" } else { do email tips }
}

workflow trial_ends {
  on 3 days before contact.trial_ends at 09:00
  do email tips
}

workflow wake {
  on contact enters sleepy
  at most once per 30 days
  send between 09:00 and 18:00 on weekdays
  do email miss_you
}
"#;

fn compiled() -> Verified {
    let compiled = onward_compiler::project::compile([("rules.onward", RULES)]);
    compiled.artifact.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn fields(json: Json) -> Fields {
    json.as_object().cloned().unwrap()
}

/// One test: somebody tries, buys now and then, and is not seen any more. How many mails went out.
fn test(programs: &Programs, number: usize) -> usize {
    let start: Timestamp = "2026-03-02T15:00:00Z".parse().unwrap();
    let mut world = Simulation::new(programs.clone(), start);
    let ana = EntityId::new("contact", "ana");
    let attributes = json!({
        "email": "ana@example.com", "status": "trial", "timezone": "America/New_York",
        "trial_ends": "2026-03-16", "last_seen": "2026-03-02T15:00:00Z",
    });
    world.attributes(&ana, fields(attributes)).unwrap();
    world.event(&ana, "form_submitted", fields(json!({"form": "signup"})), None).unwrap();
    world.advance(start + (5 * 24).hours()).unwrap();
    if number.is_multiple_of(3) {
        world.event(&ana, "purchase", fields(json!({"amount": 20})), None).unwrap();
        world.attributes(&ana, fields(json!({"status": "customer"}))).unwrap();
    }
    world.advance(start + (30 * 24).hours()).unwrap();
    world.effects().filter(|effect| effect.state == State::Sent).count()
}

fn best(mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(once).min().unwrap_or_default()
}

fn main() {
    let compiling = best(|| drop(compiled()));
    let loaded = Arc::new(Loaded::new(compiled()));
    let coverage = Arc::new(Coverage::of(loaded.program()));
    let programs = Programs { trace: Some(coverage.clone()), ..Programs::only(loaded) };
    let mut mails = 0;
    let testing = best(|| mails = (0..TESTS).map(|number| test(&programs, number)).sum());
    assert!(mails > TESTS * 3, "only {mails} mails went out");
    let covered = coverage.steps().filter(|(_, _, visits)| visits.any()).count();
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("compiling the rules once   {:>8.1} ms", millis(compiling));
    println!(
        "{TESTS} tests of thirty days {:>8.1} ms   {:.1} times compiling; {mails} mails, {covered} steps covered",
        millis(testing),
        testing.as_secs_f64() / compiling.as_secs_f64(),
    );
}
