//! What is checked again when a message is claimed.

use jiff::{Timestamp, ToSpan};
use onward_bytecode::Length;
use onward_engine::model::{Intent, SentMessage};
use onward_engine::vet::{Verdict, vet};
use onward_engine::{Needs, Unmet};
use serde_json::{Value as Json, json};

use crate::stories::town;
use crate::town::{Town, contact, time};

/// What becomes of a message, by a snapshot that is loaded as it is asked for.
fn judged(town: &Town, intent: &Intent, sent: &[SentMessage], now: Timestamp) -> Verdict {
    let mut needs = Needs::default();
    for _ in 0..20 {
        match vet(&town.programs, &town.load(&needs), intent, sent, now) {
            Ok(verdict) => return verdict,
            Err(Unmet::Needs(more)) => {
                needs.entities.extend(more.entities);
                needs.questions.extend(more.questions);
                needs.references.extend(more.references);
            }
            Err(unmet) => panic!("{unmet:?}"),
        }
    }
    panic!("it asks again and again");
}

/// Ana's mail of a workflow for `signup`, after she has got these attributes.
fn mail(policy: &str, clauses: &str, attributes: Json) -> (Town, Intent) {
    let rules = format!("{policy}\nworkflow w {{ on signup  {clauses}  do email welcome }}");
    let mut town = town(&rules);
    town.event("ana", "signup", json!({}));
    town.attributes("ana", attributes);
    let intent = town.outstanding().first().cloned().expect("a mail");
    (town, intent)
}

fn at(policy: &str, clauses: &str, attributes: Json, now: &str) -> Verdict {
    let (town, intent) = mail(policy, clauses, attributes);
    judged(&town, &intent, &[], time(now))
}

#[track_caller]
fn later(verdict: Verdict, moment: &str, why: &str) {
    let Verdict::Later { until, reason } = verdict else { panic!("{verdict:?}") };
    assert_eq!((until, &*reason), (time(moment), why));
}

#[track_caller]
fn never(verdict: Verdict, why: &str) {
    let Verdict::Never { reason } = verdict else { panic!("{verdict:?}") };
    assert!(reason.contains(why), "{reason}");
}

const NOON: &str = "2026-03-10T16:00:00Z";

#[test]
fn send_between_is_kept_also_by_what_is_transactional() {
    for clauses in ["send between 09:00 and 18:00", "topic transactional  send between 09:00 and 18:00"] {
        assert_eq!(at("", clauses, json!({}), NOON), Verdict::Send);
        // A dispatcher that was down comes too late for today.
        let night = at("", clauses, json!({}), "2026-03-10T23:00:00Z");
        later(night, "2026-03-11T13:00:00Z", "outside of `send between`");
    }
}

#[test]
fn quiet_hours_go_on_past_midnight() {
    let policy = "policy { quiet hours for email from 21:00 to 08:00 }";
    let verdict = |now| at(policy, "", json!({}), now);
    later(verdict("2026-03-11T02:00:00Z"), "2026-03-11T12:00:00Z", "quiet hours");
    later(verdict("2026-03-11T05:00:00Z"), "2026-03-11T12:00:00Z", "quiet hours");
    assert_eq!(verdict("2026-03-11T12:00:00Z"), Verdict::Send);
    assert_eq!(at(policy, "topic transactional", json!({}), "2026-03-11T05:00:00Z"), Verdict::Send);
}

#[test]
fn consent_is_asked_for_again() {
    never(at("", "", json!({"do_not_disturb": true}), NOON), "is not to be disturbed");
    never(at("", "", json!({"unsubscribed": ["all"]}), NOON), "has unsubscribed");
    assert_eq!(at("", "topic transactional", json!({"unsubscribed": ["all"]}), NOON), Verdict::Send);
}

#[test]
fn a_run_that_is_to_end_sends_nothing() {
    let (mut town, intent) = mail("", "exit when status = \"lost\"", json!({}));
    assert_eq!(judged(&town, &intent, &[], time(NOON)), Verdict::Send);
    // The change has been kept, and its run has not heard of it yet.
    let ana = town.store.entities.get_mut(&contact("ana")).unwrap();
    ana.attributes.insert("status".into(), json!("lost"));
    let verdict = judged(&town, &intent, &[], time(NOON));
    assert!(matches!(verdict, Verdict::Exit { .. }), "{verdict:?}");
}

#[test]
fn a_cap_slides() {
    let (mut town, intent) = mail("", "", json!({}));
    let live = town.programs.live.clone().unwrap();
    let mut program = live.program().clone();
    let per = Length { months: 0, days: 7, millis: 0 };
    program.policy.caps.push(onward_bytecode::Cap { count: 2, channels: vec!["email".into()], per });
    let artifact = onward_bytecode::Artifact { program, debug: onward_bytecode::Debug::default() };
    let capped = onward_engine::Loaded::new(artifact.verify().unwrap());
    town.deploy(std::sync::Arc::new(capped));
    let sent = |hours: &[i64]| -> Vec<SentMessage> {
        let message = |hours: &i64| SentMessage { channel: "email".into(), at: time(NOON) - hours.hours() };
        hours.iter().map(message).collect()
    };
    let verdict = |hours: &[i64]| judged(&town, &intent, &sent(hours), time(NOON));
    assert_eq!(verdict(&[30]), Verdict::Send);
    // The older of the last two leaves first: seven days later by the clock, the last was in winter time.
    later(verdict(&[30, 31]), "2026-03-16T09:00:00Z", "the cap of 2 email is reached");
    later(verdict(&[100, 2, 30]), "2026-03-16T10:00:00Z", "the cap of 2 email is reached");
    assert_eq!(verdict(&[30, 24 * 7 + 2]), Verdict::Send);
}
