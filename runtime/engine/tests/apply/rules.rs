//! What rules mean, told by programs assembled by hand.

use onward_bytecode::{EntityId, Overlap, SiteKind};
use onward_engine::Needs;
use onward_engine::model::{FactKind, Finish, Order, Origin, Outcome, RunState, What};
use serde_json::json;

use crate::build::{Arg, Build, Cond};
use crate::town::{Town, contact, fields};

const EMAIL: Arg = Arg::Attribute("email");

fn town(build: Build) -> Town {
    let mut town = Town::new(build.load());
    town.attributes("ana", json!({"email": "ana@example.com"}));
    town
}

/// `on signup … do email welcome … wait 2 days … do email tips`
fn series() -> Build {
    Build::new().rule("series", |r| {
        r.on("signup");
        r.exit_when(Cond::Attribute("status", "customer"));
        r.email("welcome", EMAIL);
        r.wait("wait 2 days", 2, 0);
        r.email("tips", EMAIL);
    })
}

#[test]
fn a_series_goes_its_way() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    assert_eq!(town.sent(), ["welcome"]);
    assert!(matches!(town.running()[0].state, RunState::Acting { .. }));
    town.accept();
    assert_eq!(town.told(What::Waiting), ["waits until 2026-03-04 13:00 Europe/Berlin"]);
    town.until("2026-03-04T11:59:59Z");
    assert_eq!(town.sent(), ["welcome"]);
    town.until("2026-03-04T12:00:00Z");
    assert_eq!(town.sent(), ["welcome", "tips"]);
    assert_eq!(town.ended(), [(Finish::Completed, "all steps are done".to_owned())]);
    assert_eq!(town.told(What::Matched), ["matched `on signup` (event f2)"]);
    assert_eq!(town.told(What::Intended)[0], r#"email to "ana@example.com""#);
}

#[test]
fn exit_when_holds_in_the_middle_of_a_wait() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    town.accept();
    town.attributes("ana", json!({"status": "customer"}));
    assert_eq!(town.ended(), [(Finish::Exited, "exit when `series.exit`".to_owned())]);
    town.until("2026-04-01T00:00:00Z");
    assert_eq!(town.sent(), ["welcome"]);
}

#[test]
fn an_exit_takes_back_what_is_not_sent() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    town.attributes("ana", json!({"status": "customer"}));
    assert_eq!(town.store.cancelled.len(), 1);
    assert!(town.outstanding().is_empty());
    // The provider was faster: its answer changes nothing.
    let intent = town.store.intents.values().next().cloned().unwrap();
    let timeline = town.store.timeline.len();
    town.settle(&intent, Outcome::Accepted { result: Default::default(), detail: "late".into() });
    assert_eq!(town.store.timeline.len(), timeline);
}

#[test]
fn whoever_is_a_customer_already_does_not_start() {
    let mut town = town(series());
    town.attributes("ana", json!({"status": "customer"}));
    town.event("ana", "signup", json!({}));
    assert!(town.runs().is_empty());
    assert_eq!(
        town.told(What::Ignored),
        ["matched `on signup` (event f3); no run starts: exit when `series.exit` holds already"]
    );
}

#[test]
fn attributes_that_come_with_an_event_count_for_it() {
    let mut town = town(series());
    town.event_with("ana", "signup", json!({}), json!({"status": "customer"}));
    assert!(town.runs().is_empty());
}

#[test]
fn exit_on_an_event_with_a_condition_on_both_events() {
    let mut town = town(Build::new().rule("cart", |r| {
        r.on("signup");
        r.keep("plan");
        r.exit_on("purchase", Some(Cond::SameAsKept("plan")));
        r.wait("wait 1 day", 1, 0);
        r.email("nudge", EMAIL);
    }));
    town.event("ana", "signup", json!({"plan": "pro"}));
    town.event("ana", "purchase", json!({"plan": "mini"}));
    assert_eq!(town.running().len(), 1);
    town.event("ana", "purchase", json!({"plan": "pro"}));
    assert_eq!(
        town.ended(),
        [(Finish::Exited, "`exit on purchase` where `cart.exit` (event f4)".to_owned())]
    );
}

#[test]
fn an_exit_reads_what_the_run_keeps() {
    let rule = |r: &mut crate::build::Rule| {
        r.on("signup");
        r.keep("plan");
        r.exit_when(Cond::Kept("plan", "free"));
        r.email("welcome", EMAIL);
    };
    let mut town = town(Build::new().rule("paid", rule));
    town.event("ana", "signup", json!({"plan": "free"}));
    assert_eq!(town.runs().len(), 0);
    town.event("ana", "signup", json!({"plan": "pro"}));
    assert_eq!(town.sent(), ["welcome"]);
}

#[test]
fn triggers_are_found_by_their_equalities() {
    let mut build = Build::new();
    for (rule, form) in [("one", "signup"), ("two", "contact"), ("three", "signup")] {
        build = build.rule(rule, |r| {
            r.on_where("signup", Cond::Field("form", form));
            r.email(rule, EMAIL);
        });
    }
    build = build.rule("four", |r| {
        r.on_where("signup", Cond::Attribute("status", "trial"));
        r.email("four", EMAIL);
    });
    let mut town = town(build);
    town.event("ana", "signup", json!({"form": "signup"}));
    assert_eq!(town.sent(), ["one", "three"]);
    town.accept();
    town.event_with("ana", "signup", json!({"form": "other"}), json!({"status": "trial"}));
    assert_eq!(town.outstanding().len(), 1);
}

#[test]
fn two_triggers_of_one_workflow_start_it_once() {
    let mut town = Town::new(
        Build::new()
            .rule("welcome", |r| {
                r.created();
                r.on("signup");
                r.overlap(Overlap::Parallel);
                r.email("welcome", Arg::Text("team@acme.com"));
            })
            .load(),
    );
    town.event("ana", "signup", json!({}));
    assert_eq!(town.sent(), ["welcome"]);
    assert_eq!(town.told(What::Matched), ["matched `on contact created`"]);
}

#[test]
fn attributes_have_triggers() {
    let build = Build::new()
        .rule("created", |r| {
            r.created();
            r.note(Arg::Text("created"));
        })
        .rule("changed", |r| {
            r.changed();
            r.note(Arg::Text("changed"));
        })
        .rule("won", |r| {
            r.moved("status", Some("trial"), Some("customer"));
            r.note(Arg::Text("won"));
        });
    let mut town = Town::new(build.load());
    town.attributes("ana", json!({"status": "trial"}));
    assert_eq!(town.told(What::Noted), ["created"]);
    town.attributes("ana", json!({"status": "trial"}));
    assert_eq!(town.told(What::Noted), ["created"]);
    town.attributes("ana", json!({"status": "customer"}));
    assert_eq!(town.told(What::Noted), ["created", "changed", "won"]);
    town.attributes("ana", json!({"status": "trial", "score": 1}));
    town.attributes("ana", json!({"score": 1.0}));
    assert_eq!(town.told(What::Noted), ["created", "changed", "won", "changed"]);
}

#[test]
fn once_is_once() {
    let mut town = town(Build::new().rule("welcome", |r| {
        r.on("signup");
        r.once();
        r.email("welcome", EMAIL);
    }));
    for _ in 0..3 {
        town.event("ana", "signup", json!({}));
        town.accept();
    }
    assert_eq!(town.sent(), ["welcome"]);
    assert_eq!(
        town.told(What::Ignored)[0],
        "matched `on signup` (event f4); no run starts: `once`: it was entered before"
    );
    town.event_with("bo", "signup", json!({}), json!({"email": "bo@example.com"}));
    assert_eq!(town.sent().len(), 2);
}

fn overlapping(overlap: Overlap) -> Town {
    let mut town = town(Build::new().rule("follow", |r| {
        r.on("signup");
        r.keep("plan");
        r.overlap(overlap);
        r.wait("wait 1 day", 1, 0);
        r.note(Arg::Kept("plan"));
    }));
    town.event("ana", "signup", json!({"plan": "one"}));
    town.until("2026-03-02T18:00:00Z");
    town.event("ana", "signup", json!({"plan": "two"}));
    town
}

#[test]
fn while_running_ignore() {
    let mut town = overlapping(Overlap::Ignore);
    town.until("2026-04-01T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["one"]);
    assert_eq!(town.told(What::Ignored).len(), 1);
}

#[test]
fn while_running_restart() {
    let mut town = overlapping(Overlap::Restart);
    town.until("2026-04-01T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["two"]);
    assert_eq!(town.ended()[0].0, Finish::Replaced);
}

#[test]
fn while_running_parallel() {
    let mut town = overlapping(Overlap::Parallel);
    town.until("2026-04-01T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["one", "two"]);
}

#[test]
fn while_running_queue() {
    let mut town = overlapping(Overlap::Queue);
    assert_eq!(town.told(What::Queued).len(), 1);
    town.until("2026-03-03T11:00:00Z");
    town.event("ana", "signup", json!({"plan": "three"}));
    town.until("2026-03-03T12:00:00Z");
    assert_eq!(town.told(What::Noted), ["one"]);
    assert_eq!(town.running().len(), 2);
    town.until("2026-03-05T13:00:00Z");
    assert_eq!(town.told(What::Noted), ["one", "two", "three"]);
}

#[test]
fn stopping_a_run_lets_the_next_start() {
    let mut town = overlapping(Overlap::Queue);
    let first = town.running()[0].clone();
    town.order(&first, Order::Stop);
    assert_eq!(town.ended(), [(Finish::Stopped, "stopped by an operator".to_owned())]);
    town.until("2026-04-01T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["two"]);
}

fn waiting() -> Build {
    Build::new().rule("offer", |r| {
        r.on("signup");
        r.keep("plan");
        r.wait_for(
            "purchase",
            Some(Cond::SameAsKept("plan")),
            3,
            |r| {
                r.when(Cond::Field("form", "shop"), |r| r.note(Arg::Text("from the shop")));
                r.email("thanks", EMAIL);
            },
            |r| r.email("reminder", EMAIL),
        );
        r.email("goodbye", EMAIL);
    })
}

#[test]
fn a_wait_ends_with_its_event() {
    let mut town = town(waiting());
    town.event("ana", "signup", json!({"plan": "pro"}));
    assert_eq!(town.told(What::Waiting), ["waits for `purchase` until 2026-03-05 13:00 Europe/Berlin"]);
    town.event("ana", "purchase", json!({"plan": "mini"}));
    assert!(town.sent().is_empty());
    town.event("ana", "purchase", json!({"plan": "pro", "form": "shop"}));
    assert_eq!(town.told(What::Noted), ["from the shop"]);
    town.accept();
    assert_eq!(town.sent().len(), 2);
    assert!(town.sent().contains(&"thanks".to_owned()));
}

#[test]
fn a_wait_ends_when_the_time_is_up() {
    let mut town = town(waiting());
    town.event("ana", "signup", json!({"plan": "pro"}));
    town.until("2026-03-05T12:00:00Z");
    assert_eq!(town.told(What::Resumed), ["`purchase` did not come in time"]);
    assert!(town.sent().contains(&"reminder".to_owned()));
    assert!(!town.sent().contains(&"thanks".to_owned()));
}

#[test]
fn a_run_does_not_hear_the_event_that_starts_it() {
    let mut town = town(Build::new().rule("again", |r| {
        r.on("signup");
        r.exit_on("signup", None);
        r.wait_for("signup", None, 1, |r| r.note(Arg::Text("twice")), |_| {});
    }));
    town.event("ana", "signup", json!({}));
    assert!(matches!(town.running()[0].state, RunState::Waiting { .. }));
}

#[test]
fn a_stale_timer_is_harmless() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    let run = town.running()[0].clone();
    let ana = contact("ana");
    let input = onward_engine::model::Input::Timer { subject: &ana, run: &run.id };
    assert_eq!(town.input(input, &ana), Default::default());
    let unknown = onward_engine::model::Input::Timer { subject: &ana, run: "gone" };
    assert_eq!(town.input(unknown, &ana), Default::default());
}

#[test]
fn a_moment_in_the_past_does_not_wait() {
    let mut town = town(Build::new().rule("trial", |r| {
        r.on("signup");
        r.wait_until("wait until trial_ends", "trial_ends");
        r.email("over", EMAIL);
    }));
    town.event_with("ana", "signup", json!({}), json!({"trial_ends": "2026-03-01T00:00:00Z"}));
    assert_eq!(town.sent(), ["over"]);
    assert_eq!(town.told(What::Resumed), ["goes on at once: 2026-03-01 01:00 Europe/Berlin is past"]);
}

#[test]
fn a_missing_moment_parks_the_run_until_a_person_helps() {
    let mut town = town(Build::new().rule("trial", |r| {
        r.on("signup");
        r.note(Arg::Text("before"));
        r.wait_until("wait until trial_ends", "trial_ends");
        r.email("over", EMAIL);
    }));
    town.event("ana", "signup", json!({}));
    assert_eq!(town.told(What::Parked), ["there is no moment to wait until: the value is missing"]);
    let run = town.running()[0].clone();
    town.order(&run, Order::Retry);
    assert_eq!(town.told(What::Parked).len(), 2);
    town.attributes("ana", json!({"trial_ends": "2026-03-09T12:00:00Z"}));
    town.order(&run, Order::Retry);
    town.until("2026-03-10T00:00:00Z");
    assert_eq!(town.sent(), ["over"]);
    assert_eq!(town.told(What::Noted), ["before"]);
}

#[test]
fn a_missing_recipient_parks_the_run_with_its_event() {
    let mut town = Town::new(
        Build::new()
            .rule("welcome", |r| {
                r.on("signup");
                r.keep("plan");
                r.email("welcome", EMAIL);
                r.note(Arg::Kept("plan"));
            })
            .load(),
    );
    town.event("ana", "signup", json!({"plan": "pro"}));
    assert_eq!(town.told(What::Parked), ["`email` has no recipient: its `to` is missing"]);
    assert!(town.store.intents.is_empty());
    town.attributes("ana", json!({"email": "ana@example.com"}));
    let run = town.running()[0].clone();
    town.order(&run, Order::Retry);
    town.accept();
    assert_eq!(town.told(What::Noted), ["pro"]);
}

#[test]
fn an_exit_also_ends_a_parked_run() {
    let mut town = Town::new(series().load());
    town.event("ana", "signup", json!({}));
    assert!(matches!(town.running()[0].state, RunState::Parked { .. }));
    town.attributes("ana", json!({"status": "customer"}));
    assert_eq!(town.ended()[0].0, Finish::Exited);
}

#[test]
fn what_a_person_drops_is_skipped() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    let intent = town.outstanding()[0].clone();
    town.settle(&intent, Outcome::Dropped { detail: "bad address".into() });
    assert_eq!(town.told(What::Skipped), ["bad address"]);
    assert!(matches!(town.running()[0].state, RunState::Waiting { .. }));
}

#[test]
fn an_exit_is_checked_between_two_steps() {
    let mut town = town(Build::new().rule("series", |r| {
        r.on("signup");
        r.exit_when(Cond::Attribute("status", "customer"));
        r.set("status", Arg::Text("customer"));
        r.email("welcome", EMAIL);
    }));
    town.event("ana", "signup", json!({}));
    assert!(town.sent().is_empty());
    assert_eq!(town.ended()[0].0, Finish::Exited);
    assert_eq!(town.told(What::Changed), [r#"contact.status: none → "customer""#]);
}

#[test]
fn rules_react_to_what_rules_change() {
    let mut town = town(
        series()
            .rule("buy", |r| {
                r.on("purchase");
                r.set("status", Arg::Text("customer"));
            })
            .rule("thanks", |r| {
                r.moved("status", None, Some("customer"));
                r.note(Arg::Text("thanks"));
            }),
    );
    town.event("ana", "signup", json!({}));
    town.event("ana", "purchase", json!({}));
    assert_eq!(town.told(What::Noted), ["thanks"]);
    assert!(town.outstanding().is_empty());
    assert!(town.running().is_empty());
}

#[test]
fn rules_that_set_each_other_off_come_to_an_end() {
    let rule = |from: &'static str, to: &'static str| {
        move |r: &mut crate::build::Rule<'_>| {
            r.moved("status", None, Some(from));
            r.set("status", Arg::Text(to));
        }
    };
    let mut town = town(Build::new().rule("ping", rule("a", "b")).rule("pong", rule("b", "a")));
    town.attributes("ana", json!({"status": "a"}));
    assert_eq!(town.runs().len(), 1_000);
    assert!(town.told(What::Ignored)[0].contains("rules set each other off"));
    assert_eq!(town.told(What::Ignored).len(), 1);
}

#[test]
fn events_that_follow_from_each_other_come_to_an_end() {
    let mut town = town(
        Build::new()
            .rule("ping", |r| {
                r.on("a");
                r.emit("b", Arg::Text("x"));
            })
            .rule("pong", |r| {
                r.on("b");
                r.emit("a", Arg::Text("x"));
            }),
    );
    town.patience = 200;
    town.event("ana", "a", json!({}));
    assert_eq!(town.runs().len(), 101);
    assert!(town.told(What::Skipped)[0].contains("rules set each other off"));
}

#[test]
fn an_emitted_event_is_a_fact_of_its_own() {
    let mut town = town(
        Build::new()
            .rule("first", |r| {
                r.on("signup");
                r.keep("plan");
                r.emit("click", Arg::Kept("plan"));
            })
            .rule("second", |r| {
                r.on_where("click", Cond::Field("form", "pro"));
                r.email("hello", EMAIL);
            }),
    );
    town.event("ana", "signup", json!({"plan": "pro"}));
    assert_eq!(town.sent(), ["hello"]);
    town.event("ana", "signup", json!({}));
    let emitted = town.store.facts.values().filter_map(|fact| match &fact.kind {
        FactKind::Event { name, fields, .. } if &**name == "click" => Some(fields.len()),
        _ => None,
    });
    let mut emitted: Vec<_> = emitted.collect();
    emitted.sort_unstable();
    assert_eq!(emitted, [0, 1]);
}

#[test]
fn an_account_hears_of_its_contacts() {
    let mut town = town(
        Build::new()
            .rule("account_care", |r| {
                r.subject("account");
                r.on("purchase");
                r.exit_on("click", None);
                r.set("status", Arg::Text("active"));
                r.wait("wait 1 day", 1, 0);
            })
            .rule("own", |r| {
                r.on("purchase");
                r.note(Arg::Text("contact"));
            }),
    );
    town.event("ana", "purchase", json!({}));
    assert_eq!(town.runs().len(), 1, "she has no account yet");
    town.attributes("ana", json!({"account": "acme"}));
    town.event("ana", "purchase", json!({}));
    let acme = EntityId::new("account", "acme");
    assert_eq!(town.attribute(&acme, "status"), json!("active"));
    assert_eq!(town.running().len(), 1);
    assert_eq!(town.running()[0].subject, acme);
    town.event("ana", "click", json!({}));
    assert!(town.running().is_empty());
    town.event("ana", "signup", json!({}));
    let handed_over = town.store.facts.values().filter(|fact| fact.subject == acme).count();
    assert_eq!(handed_over, 2, "nobody listens to signup");
}

#[test]
fn another_entity_is_set_by_a_fact() {
    let mut town = town(Build::new().rule("spread", |r| {
        r.on("signup");
        r.set_account("status", Arg::Text("hot"));
    }));
    town.event("ana", "signup", json!({}));
    assert_eq!(
        town.told(What::Skipped),
        ["there is nothing whose `status` could be set: the reference is missing"]
    );
    town.attributes("ana", json!({"account": "acme"}));
    town.event("ana", "signup", json!({}));
    assert_eq!(town.attribute(&EntityId::new("account", "acme"), "status"), json!("hot"));
}

#[test]
fn tags_come_and_go() {
    let mut town = town(Build::new().rule("tags", |r| {
        r.on("signup");
        r.tag(SiteKind::Gain { attribute: "tags".into() }, "vip");
        r.tag(SiteKind::Gain { attribute: "tags".into() }, "new");
        r.tag(SiteKind::Gain { attribute: "tags".into() }, "vip");
        r.tag(SiteKind::Lose { attribute: "tags".into() }, "new");
    }));
    town.event("ana", "signup", json!({}));
    assert_eq!(town.attribute(&contact("ana"), "tags"), json!(["vip"]));
    assert_eq!(
        town.told(What::Changed),
        ["tag `vip` added", "tag `new` added", "tag `vip` is there already", "tag `new` removed"]
    );
}

#[test]
fn a_task_is_an_entity_that_rules_react_to() {
    let mut town = town(
        Build::new()
            .rule("call", |r| {
                r.on("signup");
                r.task("Call her", Some("sales"));
            })
            .rule("tasks", |r| {
                r.subject("task");
                r.created();
                r.set("status", Arg::Text("seen"));
            }),
    );
    town.event("ana", "signup", json!({}));
    town.event_with("ana", "signup", json!({}), json!({"owner": "max@acme.com"}));
    town.event_with("ana", "signup", json!({}), json!({"owner": "Lea@acme.com"}));
    assert_eq!(
        town.told(What::Skipped),
        [
            "the contact has no owner, and the task is for group `sales`",
            "the owner max@acme.com is not in group `sales`",
        ]
    );
    let tasks: Vec<_> = town.store.entities.values().filter(|e| &*e.id.kind == "task").collect();
    assert_eq!(tasks.len(), 1);
    assert!(tasks[0].id.id.starts_with("ana/task-"));
    assert_eq!(
        tasks[0].attributes,
        fields(json!({"title": "Call her", "type": "call", "status": "seen", "contact": "ana"}))
    );
}

#[test]
fn history_starts_nothing() {
    let mut town = Town::new(
        series()
            .rule("created", |r| {
                r.created();
                r.note(Arg::Text("created"));
            })
            .load(),
    );
    let kind = FactKind::Event {
        name: "signup".into(),
        fields: fields(json!({})),
        contact: None,
        attributes: fields(json!({"email": "ana@example.com"})),
    };
    town.fact(&contact("ana"), kind, Origin::Backfill);
    assert!(town.runs().is_empty());
    assert!(town.store.timeline.is_empty());
    assert_eq!(town.attribute(&contact("ana"), "email"), json!("ana@example.com"));
    town.event("ana", "signup", json!({}));
    town.accept();
    let kind = FactKind::Attributes { attributes: fields(json!({"status": "customer"})) };
    town.fact(&contact("ana"), kind, Origin::Backfill);
    assert_eq!(town.running().len(), 1, "history ends nothing either");
}

#[test]
fn civil_and_elapsed_days_differ_across_a_clock_change() {
    let mut town = town(
        Build::new()
            .rule("civil", |r| {
                r.on("signup");
                r.wait("wait 1 day", 1, 0);
                r.note(Arg::Text("1 day"));
            })
            .rule("elapsed", |r| {
                r.on("signup");
                r.wait("wait 24h", 0, 24);
                r.note(Arg::Text("24h"));
            }),
    );
    town.attributes("ana", json!({"timezone": "America/New_York"}));
    town.until("2026-03-08T01:00:00Z");
    town.event("ana", "signup", json!({}));
    assert_eq!(
        town.told(What::Waiting),
        ["waits until 2026-03-08 20:00 America/New_York", "waits until 2026-03-08 21:00 America/New_York",]
    );
    town.until("2026-03-09T00:00:00Z");
    assert_eq!(town.told(What::Noted), ["1 day"]);
    town.until("2026-03-09T01:00:00Z");
    assert_eq!(town.told(What::Noted), ["1 day", "24h"]);
}

#[test]
fn waits_follow_the_subject_into_another_zone() {
    let mut town = town(
        Build::new()
            .rule("civil", |r| {
                r.on("signup");
                r.wait("wait 2 days", 2, 0);
            })
            .rule("elapsed", |r| {
                r.on("signup");
                r.wait("wait 48h", 0, 48);
            }),
    );
    town.event("ana", "signup", json!({}));
    town.attributes("ana", json!({"timezone": "Asia/Tokyo"}));
    let waits = town.told(What::Waiting);
    assert_eq!(waits.last().unwrap(), "the time zone changed: waits until 2026-03-04 13:00 Asia/Tokyo");
    assert_eq!(waits.len(), 3);
    town.until("2026-03-04T04:00:00Z");
    assert_eq!(town.ended().len(), 1);
}

#[test]
fn a_deleted_subject_takes_its_runs_along() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    town.fact(&contact("ana"), FactKind::Deleted, Origin::Live);
    assert_eq!(town.ended(), [(Finish::Orphaned, "contact ana was deleted".to_owned())]);
    assert!(town.outstanding().is_empty());
    assert!(town.store.entities.is_empty());
}

#[test]
fn a_merge_moves_runs_attributes_and_keys() {
    let mut town = town(
        series()
            .rule("once", |r| {
                r.on("signup");
                r.once();
                r.note(Arg::Text("once"));
            })
            .rule("news", |r| {
                r.created();
                r.note(Arg::Text("created"));
            }),
    );
    town.event_with("anon", "signup", json!({}), json!({"email": "a@example.com", "plan": "pro"}));
    let created = town.told(What::Noted).len();
    town.fact(&contact("anon"), FactKind::MergedInto { into: contact("ana") }, Origin::Live);
    assert_eq!(town.ended().iter().filter(|(how, _)| *how == Finish::Moved).count(), 1);
    assert_eq!(town.running()[0].subject, contact("ana"));
    assert_eq!(town.attribute(&contact("ana"), "plan"), json!("pro"));
    assert_eq!(town.attribute(&contact("ana"), "email"), json!("ana@example.com"));
    assert_eq!(town.attribute(&contact("anon"), "email"), json!(null));
    // The provider answers for the old subject; the run goes on with the new one.
    town.accept();
    assert!(matches!(town.running()[0].state, RunState::Waiting { .. }));
    town.until("2026-03-05T00:00:00Z");
    assert_eq!(town.sent(), ["welcome", "tips"]);
    let tips = town.store.intents.values().find(|intent| &*intent.step == "tips").unwrap();
    assert_eq!(tips.arguments[0], json!("ana@example.com"));
    // What comes for the old subject is the new one's, and `once` was used up.
    town.event("anon", "signup", json!({}));
    assert_eq!(town.running()[0].subject, contact("ana"));
    assert_eq!(town.told(What::Noted).len(), created);
}

#[test]
fn a_merge_does_not_send_a_series_twice() {
    let mut town = town(series());
    town.event_with("anon", "signup", json!({}), json!({"email": "a@example.com"}));
    town.event("ana", "signup", json!({}));
    town.accept();
    town.fact(&contact("anon"), FactKind::MergedInto { into: contact("ana") }, Origin::Live);
    assert_eq!(town.running().len(), 1);
    town.until("2026-03-05T00:00:00Z");
    assert_eq!(town.sent(), ["welcome", "welcome", "tips"]);
}

#[test]
fn a_merge_in_a_circle_ends() {
    let mut town = town(series());
    town.attributes("bo", json!({"plan": "pro"}));
    for (from, into) in [("ana", "bo"), ("bo", "ana"), ("ana", "ana"), ("ana", "bo")] {
        town.fact(&contact(from), FactKind::MergedInto { into: contact(into) }, Origin::Live);
    }
    town.event("ana", "signup", json!({}));
    assert_eq!(town.running()[0].subject, contact("bo"));
}

#[test]
fn a_run_stays_with_the_program_that_it_started_in() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    town.accept();
    town.deploy(
        Build::new()
            .rule("series", |r| {
                r.on("signup");
                r.email("other", EMAIL);
            })
            .load(),
    );
    town.until("2026-03-05T00:00:00Z");
    assert_eq!(town.sent(), ["welcome", "tips"]);
    town.event("ana", "signup", json!({}));
    assert_eq!(town.sent().len(), 3);
}

#[test]
fn a_program_that_is_not_loaded_is_asked_for() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    town.accept();
    let pinned = town.programs.live.take().unwrap();
    town.programs.pinned.clear();
    let ana = contact("ana");
    let run = town.running()[0].clone();
    town.now = crate::town::time("2026-03-05T00:00:00Z");
    let wanted = Needs { entities: [ana.clone()].into(), ..Needs::default() };
    let snapshot = town.load(&wanted);
    let input = onward_engine::model::Input::Timer { subject: &ana, run: &run.id };
    let unmet = onward_engine::apply(&town.programs, &snapshot, input, town.now);
    assert_eq!(unmet, Err(onward_engine::Unmet::NeedsProgram(pinned.hash())));
}

#[test]
fn a_run_at_an_unknown_place_is_parked() {
    let mut town = town(series());
    town.event("ana", "signup", json!({}));
    town.accept();
    for run in town.store.runs.values_mut() {
        if let RunState::Waiting { rest, .. } = &mut run.state {
            rest.point = "elsewhere".into();
        }
    }
    town.until("2026-03-05T00:00:00Z");
    assert!(town.told(What::Parked)[0].starts_with("its next step cannot be computed"));
}

#[test]
fn a_step_that_cannot_be_computed_is_tried_again_alone() {
    let mut town = town(Build::new().rule("long", |r| {
        r.on("signup");
        r.keep("plan");
        r.tag(SiteKind::Gain { attribute: "tags".into() }, "vip");
        r.note_twice("plan");
    }));
    town.event("ana", "signup", json!({"plan": "x".repeat(600 << 10)}));
    assert_eq!(
        town.told(What::Parked),
        ["its next step cannot be computed: it makes a text of more than 1024 KiB"]
    );
    let run = town.running()[0].clone();
    town.order(&run, Order::Retry);
    assert_eq!(town.told(What::Parked).len(), 2);
    assert_eq!(town.told(What::Changed), ["tag `vip` added"]);
    assert!(town.told(What::Noted).is_empty());
}

#[test]
fn stop_ends_a_run() {
    let mut town = town(Build::new().rule("short", |r| {
        r.on("signup");
        r.when(Cond::Attribute("status", "vip"), |r| r.stop());
        r.email("welcome", EMAIL);
    }));
    town.event("ana", "signup", json!({}));
    assert_eq!(town.sent(), ["welcome"]);
    town.accept();
    town.event_with("ana", "signup", json!({}), json!({"status": "vip"}));
    assert_eq!(town.ended().iter().filter(|(how, _)| *how == Finish::Stopped).count(), 1);
    assert_eq!(
        town.told(What::Branched),
        ["its condition does not hold", "its condition holds: this branch is taken"]
    );
}
