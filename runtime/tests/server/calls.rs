//! Effects over HTTP: what each answer of a provider means.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

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

#[tokio::test]
async fn each_status_has_its_meaning() {
    let refused = json!("refused");
    for (status, items, state, parked) in [
        (200, "", "accepted", Value::Null),
        (204, "", "accepted", Value::Null),
        (400, "", "parked", refused.clone()),
        (404, "", "parked", refused.clone()),
        (401, "", "parked", refused.clone()),
        (408, "", "ready", Value::Null),
        (429, "", "ready", Value::Null),
        (500, "", "ready", Value::Null),
        (503, "", "ready", Value::Null),
        (200, "expect 201", "parked", refused.clone()),
        (201, "expect 201", "accepted", Value::Null),
        (404, "expect 2xx, 404", "accepted", Value::Null),
        (500, "retry on 429", "parked", refused.clone()),
        (409, "retry on 409", "ready", Value::Null),
    ] {
        let (got, why, detail) = outcome(Reply::status(status), items).await;
        assert_eq!((got.as_str(), &why), (state, &parked), "{status} {items}: {detail}");
        assert!(detail.starts_with(&status.to_string()), "{detail}");
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
async fn a_slow_answer_is_unsure() {
    let (state, parked, detail) = outcome(Reply::Hold(Arc::new(Notify::new())), "timeout 1s").await;
    assert_eq!((state.as_str(), parked), ("parked", json!("unsure")), "{detail}");
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
    assert_eq!((&run["intents"][0]["state"], &run["intents"][0]["parked"]), (&json!("parked"), &json!("exhausted")));
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
        let keys: Vec<_> = receiver.asked().iter().map(|asked| asked.header("idempotency-key").map(str::to_owned)).collect();
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
    let hold = Arc::new(Notify::new());
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
    for _ in 0..200 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        if fast.asked().len() == 20 && slow.asked().len() == 16 {
            break;
        }
    }
    assert_eq!((fast.asked().len(), slow.asked().len()), (20, 16), "the slow one has 16 places");
    for _ in 0..40 {
        hold.notify_one();
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
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
