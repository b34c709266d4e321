//! Workflows that a person holds up, and how they do.

use serde_json::json;

use crate::bed::Bed;

const RULES: &str = r#"
workflow orders {
  on order_placed
  while running parallel
  goal order_placed where event.number = 99 within 10 days
  wait 1 day
  do webhook "https://example.com/hook" send event
}
workflow told {
  on order_placed
  while running parallel
  split {
    50% a { do webhook "https://example.com/a" send event }
    50% b { do webhook "https://example.com/b" send event }
  }
}
"#;

const DAY: i64 = 86_400;

async fn order(bed: &Bed, contact: &str, number: u32) {
    let event = json!({"event": "order_placed", "contact": contact, "data": {"number": number}});
    assert_eq!(bed.post("/v1/events", &event).await.body["accepted"], 1);
    bed.server.until_idle().await.unwrap();
}

async fn turn(bed: &Bed, workflow: &str, order: &str) -> String {
    let answer = bed.post(&format!("/v1/workflows/{workflow}/{order}"), &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["state"].as_str().unwrap().to_owned()
}

/// How many requests went to the address that ends so.
fn sent(bed: &Bed, end: &str) -> usize {
    let caught = serde_json::to_value(bed.outbox.after(0)).unwrap();
    caught
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it.to_string().contains(&format!("example.com/{end}")))
        .count()
}

#[tokio::test]
async fn pausing_a_workflow_loses_nobody() {
    let bed = Bed::dev(RULES).await;
    order(&bed, "before", 1).await;
    assert_eq!(turn(&bed, "orders", "pause").await, "paused");
    order(&bed, "meanwhile", 2).await;
    bed.pass(5 * DAY).await;
    assert_eq!(sent(&bed, "hook"), 0, "no wait ends");
    assert_eq!(sent(&bed, "a") + sent(&bed, "b"), 2, "others go on");
    let runs = bed.get("/v1/runs?workflow=orders&state=waiting").await.body;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2, "new matches enrol: {runs}");
    let stats = bed.get("/v1/stats/orders").await.body;
    assert_eq!((&stats["state"], &stats["entered"]), (&json!("paused"), &json!(2)), "{stats}");
    assert_eq!(turn(&bed, "orders", "resume").await, "live");
    bed.server.until_idle().await.unwrap();
    assert_eq!(sent(&bed, "hook"), 2, "everybody gets it");
}

#[tokio::test]
async fn what_is_paused_sends_nothing() {
    let bed = Bed::dev(RULES).await;
    turn(&bed, "told", "pause").await;
    order(&bed, "ana", 1).await;
    bed.pass(DAY / 2).await;
    assert_eq!(sent(&bed, "a") + sent(&bed, "b"), 0);
    turn(&bed, "told", "resume").await;
    bed.server.until_idle().await.unwrap();
    assert_eq!(sent(&bed, "a") + sent(&bed, "b"), 1);
}

#[tokio::test]
async fn what_is_disabled_starts_nothing_and_goes_on() {
    let bed = Bed::dev(RULES).await;
    order(&bed, "before", 1).await;
    assert_eq!(turn(&bed, "orders", "disable").await, "disabled");
    order(&bed, "after", 2).await;
    bed.pass(2 * DAY).await;
    assert_eq!(sent(&bed, "hook"), 1);
    let logs = bed.get("/v1/logs?workflow=orders").await.body.to_string();
    assert!(logs.contains("no run starts: it is disabled"), "{logs}");
    turn(&bed, "orders", "resume").await;
    order(&bed, "later", 3).await;
    bed.pass(2 * DAY).await;
    assert_eq!(sent(&bed, "hook"), 2);
    let answer = bed.post("/v1/workflows/ordrs/pause", &json!({})).await;
    assert_eq!((answer.status, &answer.body["error"]["help"]), (404, &json!("did you mean `orders`?")));
}

#[tokio::test]
async fn goals_and_branches_are_counted() {
    let bed = Bed::dev(RULES).await;
    for number in 0..20 {
        order(&bed, &format!("c{number}"), number).await;
    }
    order(&bed, "c0", 99).await;
    let stats = bed.get("/v1/stats/orders").await.body;
    assert_eq!((&stats["entered"], &stats["goals"]), (&json!(21), &json!(1)), "{stats}");
    assert_eq!(stats["rate"], json!(0.0476));
    let told = bed.get("/v1/stats/told").await.body;
    let branches = told["splits"][0]["branches"].as_array().unwrap();
    assert_eq!(branches.len(), 2, "{told}");
    let counts: u64 = branches.iter().map(|branch| branch["entered"].as_u64().unwrap()).sum();
    assert_eq!(counts, 21, "{told}");
    let all = bed.get("/v1/stats").await.body;
    assert_eq!(all["workflows"][0]["workflow"], "orders");
    assert_eq!(bed.get("/v1/stats/none").await.status, 404);
}
