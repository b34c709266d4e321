//! Effects over HTTP: what each answer of a provider means.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use onward_runtime::store::{Claiming, EffectFilter, EffectState, Parking, Unvetted};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::bed::{Bed, Road};
use crate::receiver::{Receiver, Reply};

/// Rules that call a provider once for each order; `items` are the action's own.
fn rules(url: &str, items: &str) -> String {
    format!(
        r#"
action call(number: number) {{
  post "{url}/orders/{{{{number}}}}"
  json {{ number: number }}
  {items}
}}
workflow orders {{
  on order_placed
  while running parallel
  do call number
}}
"#
    )
}

async fn bed(receiver: &Receiver, items: &str) -> Bed {
    Bed::start(&rules(&receiver.url(), items), Road::Sent(None)).await
}

/// How one call ends, as `(state, parked, detail)`.
async fn outcome(reply: Reply, items: &str) -> (String, Value, String) {
    let receiver = Receiver::start([reply]).await;
    let bed = bed(&receiver, items).await;
    bed.order(1).await;
    assert_eq!(receiver.asked().len(), 1);
    let effect = bed.run().await["intents"][0].clone();
    let text = |name: &str| effect[name].as_str().unwrap_or_default().to_owned();
    (text("state"), effect["parked"].clone(), text("detail"))
}

#[tokio::test]
async fn a_call_that_is_taken_ends_its_run() {
    let receiver = Receiver::start([Reply::json(r#"{"id": "o-1"}"#)]).await;
    let bed = bed(&receiver, "bearer auth secret.TOKEN\n header \"X-Shop\" \"acme\"").await;
    bed.order(7).await;
    let asked = &receiver.asked()[0];
    assert!(asked.head.starts_with("POST /orders/7 HTTP/1.1\r\n"), "{}", asked.head);
    assert_eq!(asked.body, r#"{"number":7}"#);
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(asked.header("x-shop"), Some("acme"));
    let run = bed.run().await;
    assert_eq!(asked.header("idempotency-key"), run["intents"][0]["key"].as_str());
    assert_eq!((&run["state"], &run["intents"][0]["state"]), (&json!("completed"), &json!("accepted")));
    assert!(!run.to_string().contains("t0ken"), "no secret is stored");
    bed.server.stop().await.unwrap();
}

/// A status, items of the action, and what becomes of the effect: its state and why it is parked.
const STATUSES: [(u16, &str, &str, Option<&str>); 14] = [
    (200, "", "accepted", None),
    (204, "", "accepted", None),
    (400, "", "parked", Some("refused")),
    (404, "", "parked", Some("refused")),
    (401, "", "parked", Some("refused")),
    (408, "", "ready", None),
    (429, "", "ready", None),
    (500, "", "ready", None),
    (503, "", "ready", None),
    (200, "expect 201", "parked", Some("refused")),
    (201, "expect 201", "accepted", None),
    (404, "expect 2xx, 404", "accepted", None),
    (500, "retry on 429", "parked", Some("refused")),
    (409, "retry on 409", "ready", None),
];

#[tokio::test]
async fn each_status_has_its_meaning() {
    let mut rules = String::new();
    for (number, (status, items, ..)) in STATUSES.iter().enumerate() {
        let receiver = Receiver::start([Reply::status(*status)]).await;
        let url = receiver.url();
        rules += &format!(
            "action call{number}() {{ post \"{url}\" {items} }}\n\
             workflow w{number} {{ on order_placed where number = {number} do call{number} }}\n"
        );
    }
    let bed = Bed::start(&rules, Road::Sent(None)).await;
    for (number, (status, items, state, parked)) in (0..).zip(STATUSES) {
        bed.order(number).await;
        let runs = bed.get(&format!("/v1/runs?workflow=w{number}")).await.body;
        let run = bed.get(&format!("/v1/runs/{}", runs["runs"][0]["id"].as_str().unwrap())).await.body;
        let effect = &run["intents"][0];
        assert_eq!(
            (&effect["state"], &effect["parked"]),
            (&json!(state), &json!(parked)),
            "{status} {items}: {run}"
        );
        assert!(effect["detail"].as_str().unwrap().starts_with(&status.to_string()), "{effect}");
    }
}

#[tokio::test]
async fn a_refusal_is_quoted() {
    let body = "{\"error\":\n \"no such list\"}".to_owned();
    let (_, _, detail) = outcome(Reply::Status(422, "", body), "").await;
    assert_eq!(detail, r#"422: {"error": "no such list"}"#);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = "location: http://elsewhere.example/\r\n";
    let (state, parked, detail) = outcome(Reply::Status(307, elsewhere, String::new()), "").await;
    assert_eq!((state.as_str(), parked), ("parked", json!("refused")));
    assert_eq!(
        detail,
        "307: the provider redirects to elsewhere.example, and redirects are not followed; use the new address in the rule"
    );
}

#[tokio::test]
async fn a_broken_connection_is_unsure() {
    let (state, parked, detail) = outcome(Reply::Close, "").await;
    assert_eq!((state.as_str(), parked), ("parked", json!("unsure")), "{detail}");
    let (state, ..) = outcome(Reply::Close, "when unsure retry").await;
    assert_eq!(state, "ready");
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let bed = Bed::start(&rules("http://127.0.0.1:1", ""), Road::Sent(None)).await;
    bed.order(1).await;
    let run = bed.run().await;
    assert_eq!(run["intents"][0]["state"], "ready", "{run}");
    assert_eq!(run["intents"][0]["detail"], "no connection: connection refused");
    // It is tried as often as is reasonable, then a person is asked.
    bed.pass(4 * 24 * 3600).await;
    let run = bed.run().await;
    assert_eq!(
        (&run["intents"][0]["state"], &run["intents"][0]["parked"]),
        (&json!("parked"), &json!("exhausted"))
    );
    assert_eq!(run["intents"][0]["attempts"], 12);
}

#[tokio::test]
async fn a_provider_says_when_to_come_back() {
    for (header, seconds) in
        [("retry-after: 90\r\n", 90), ("retry-after: Fri, 06 Mar 2026 12:02:00 GMT\r\n", 120)]
    {
        let receiver = Receiver::start([Reply::Status(503, header, String::new())]).await;
        let bed = bed(&receiver, "").await;
        bed.order(1).await;
        bed.pass(seconds - 1).await;
        assert_eq!(receiver.asked().len(), 1, "{header}");
        bed.pass(1).await;
        assert_eq!(receiver.asked().len(), 2, "{header}");
        let run = bed.run().await;
        assert_eq!((&run["state"], &run["intents"][0]["attempts"]), (&json!("completed"), &json!(2)));
        let keys: Vec<_> =
            receiver.asked().iter().map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect();
        assert_eq!(keys[0], keys[1]);
    }
}

#[tokio::test]
async fn the_named_header_carries_the_key() {
    let receiver = Receiver::start([Reply::Close]).await;
    let bed = bed(&receiver, "when unsure retry with idempotency key header \"X-Once\"").await;
    bed.order(1).await;
    bed.pass(60).await;
    let asked = receiver.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].header("x-once").is_some());
    assert_eq!(asked[0].header("x-once"), asked[1].header("x-once"));
    assert_eq!(asked[0].header("x-once"), asked[0].header("idempotency-key"));
}

#[tokio::test]
async fn webhooks_are_signed() {
    let receiver = Receiver::start([]).await;
    let bed = bed(&receiver, "sign webhook with secret.WEBHOOK_SECRET").await;
    bed.order(1).await;
    let asked = &receiver.asked()[0];
    assert_eq!(asked.header("webhook-id"), asked.header("idempotency-key"));
    assert_eq!(asked.header("webhook-timestamp"), Some("1772798400"));
    assert!(asked.header("webhook-signature").unwrap().starts_with("v1,"));
}

#[tokio::test]
async fn a_missing_secret_waits_for_a_person() {
    let receiver = Receiver::start([]).await;
    let bed = bed(&receiver, "bearer auth secret.NOWHERE").await;
    bed.order(1).await;
    assert!(receiver.asked().is_empty());
    let parked = bed.get("/v1/parked").await.body;
    let reason = parked["parked"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("`NOWHERE` is not set"), "{reason}");
}

#[tokio::test]
async fn a_slow_provider_delays_nobody_else() {
    let hold = Arc::new(Semaphore::new(0));
    let slow = Receiver::start(std::iter::repeat_n(Reply::Hold(hold.clone()), 20)).await;
    let fast = Receiver::start([]).await;
    let rules = format!(
        r#"
action slow(number: number) {{ post "{}" json number }}
action fast(number: number) {{ post "{}" json number }}
workflow slowly {{ on order_placed while running parallel do slow number }}
workflow quickly {{ on order_placed while running parallel do fast number }}
"#,
        slow.url(),
        fast.url()
    );
    let bed = Bed::start(&rules, Road::Sent(None)).await;
    let orders: Vec<Value> = (0..20)
        .map(|n| json!({"event": "order_placed", "contact": format!("c{n}"), "data": {"number": n}}))
        .collect();
    assert_eq!(bed.post("/v1/events", &Value::from(orders)).await.status, 200);
    within(|| fast.asked().len() == 20 && slow.asked().len() == 16).await;
    assert_eq!((fast.asked().len(), slow.asked().len()), (20, 16), "the slow one has 16 places");
    hold.add_permits(20);
    bed.server.until_idle().await.unwrap();
    assert_eq!(slow.asked().len(), 20);
}

#[tokio::test]
async fn a_broken_provider_is_left_alone() {
    let receiver = Receiver::start(std::iter::repeat_n(Reply::status(500), 5)).await;
    let bed = bed(&receiver, "").await;
    for number in 0..5 {
        bed.order(number).await;
    }
    assert_eq!(receiver.asked().len(), 5);
    bed.order(5).await;
    assert_eq!(receiver.asked().len(), 5, "nobody asks while the breaker is open");
    bed.pass(5).await;
    assert!(receiver.asked().len() > 5, "it is asked again");
    bed.pass(60).await;
    let runs = bed.get("/v1/runs?state=finished").await.body;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 6, "{runs}");
}

#[tokio::test]
async fn a_stop_waits_for_what_is_out() {
    let hold = Arc::new(Semaphore::new(0));
    let receiver = Receiver::start([Reply::Hold(hold.clone())]).await;
    let bed = bed(&receiver, "").await;
    let event = json!({"event": "order_placed", "contact": "ana", "data": {"number": 1}});
    assert_eq!(bed.post("/v1/events", &event).await.status, 200);
    within(|| receiver.asked().len() == 1).await;
    let (stopped, ()) = tokio::join!(bed.server.stop(), async { hold.add_permits(1) });
    stopped.unwrap();
    let accepted = EffectFilter { state: Some(EffectState::Accepted), ..EffectFilter::default() };
    assert_eq!(bed.server.store().effects(&accepted).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_lost_process_had_in_hand_is_unsure() {
    for (items, state, parked) in
        [("", EffectState::Parked, Some(Parking::Unsure)), ("when unsure retry", EffectState::Ready, None)]
    {
        let bed = Bed::start(&rules("http://127.0.0.1:1", items), Road::Held).await;
        let event = json!({"event": "order_placed", "contact": "ana", "data": {"number": 1}});
        assert_eq!(bed.post("/v1/events", &event).await.status, 200);
        let store = bed.server.store();
        let claiming = Claiming {
            node: "lost".into(),
            now: bed.server.clock().now(),
            lease: Duration::from_millis(1),
            limit: 1,
            per_action: BTreeMap::new(),
            since: None,
        };
        let mut claimed = Vec::new();
        while claimed.is_empty() {
            claimed = store.claim(&claiming, &Unvetted).await.unwrap().claims;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let effect = loop {
            let effect = store.effects(&EffectFilter::default()).await.unwrap().remove(0);
            if effect.state != EffectState::Claimed {
                break effect;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!((effect.state, effect.parked), (state, parked), "{items}");
        assert_eq!(&*effect.detail, "the server ended before the answer came");
    }
}

/// Waits a little until this holds.
async fn within(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it did not happen");
}
