//! Messages that wait for a person.

use serde_json::{Value, json};

use crate::bed::Bed;

const RULES: &str = r#"
template thanks email {
  subject "Order {{number}}"
  text "We have it."
  html "<p>We have it.</p>"
}
workflow orders {
  on order_placed
  while running parallel
  do email thanks as draft
  do set contact.score = 7
}
"#;

async fn drafts(bed: &Bed) -> Vec<Value> {
    bed.get("/v1/drafts").await.body["drafts"].as_array().unwrap().clone()
}

/// The key of the one draft that there is.
async fn drafted(bed: &Bed) -> String {
    bed.order(1).await;
    assert!(bed.outbox.after(0).is_empty(), "it waits");
    let drafts = drafts(bed).await;
    assert_eq!(drafts.len(), 1, "{drafts:?}");
    drafts[0]["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_draft_is_shown_changed_and_approved() {
    let bed = Bed::dev(RULES).await;
    let key = drafted(&bed).await;
    let draft = bed.get(&format!("/v1/drafts/{key}")).await.body;
    assert_eq!((&draft["action"], &draft["workflow"]), (&json!("email"), &json!("orders")), "{draft}");
    let message = &draft["arguments"]["message"];
    assert_eq!((&message["subject"], &message["text"]), (&json!("Order 1"), &json!("We have it.")));
    assert_eq!(draft["parameters"][1]["name"], "to");

    let changes =
        json!({"arguments": {"subject": "Your order", "message.text": "Soon.", "to": ["ben@example.com"]}});
    let after = bed.patch(&format!("/v1/drafts/{key}"), &changes).await;
    assert_eq!(after.status, 200, "{after:?}");
    let message = &after.body["arguments"]["message"];
    assert_eq!((&message["subject"], &message["html"]), (&json!("Your order"), &Value::Null), "{message}");

    let approved = bed.post("/v1/drafts/approve", &json!({"keys": [key]})).await;
    assert_eq!(approved.body["changed"], 1, "{approved:?}");
    bed.server.until_idle().await.unwrap();
    let sent = serde_json::to_value(bed.outbox.after(0)).unwrap();
    assert_eq!(sent.as_array().map(Vec::len), Some(1), "{sent}");
    let text = sent.to_string();
    assert!(
        text.contains("Your order") && text.contains("ben@example.com") && text.contains("Soon."),
        "{text}"
    );
    let late = bed.patch(&format!("/v1/drafts/{key}"), &changes).await;
    assert_eq!(late.status, 404, "{late:?}");
    assert!(drafts(&bed).await.is_empty());
}

#[tokio::test]
async fn a_change_that_does_not_fit_says_where_and_why() {
    let bed = Bed::dev(RULES).await;
    let key = drafted(&bed).await;
    let path = format!("/v1/drafts/{key}");
    for (arguments, status, code, field) in [
        (json!({"to": "ben"}), 422, "wrong_type", "to"),
        (json!({"to": null}), 422, "missing", "to"),
        (json!({"reply_to": "nowhere"}), 422, "wrong_type", "reply_to"),
        (json!({"subject": 7}), 422, "wrong_type", "subject"),
        (json!({"subjct": "x"}), 422, "unknown_argument", "subjct"),
    ] {
        let answer = bed.patch(&path, &json!({ "arguments": arguments })).await;
        let error = &answer.body["error"];
        assert_eq!(
            (answer.status, &error["code"], &error["field"]),
            (status, &json!(code), &json!(field)),
            "{answer:?}"
        );
    }
    assert_eq!(bed.patch(&path, &json!({})).await.status, 400);
    assert_eq!(bed.patch("/v1/drafts/none", &json!({"arguments": {}})).await.status, 404);
    let draft = bed.get(&path).await.body;
    assert_eq!(draft["arguments"]["message"]["subject"], "Order 1", "nothing was changed");
}

#[tokio::test]
async fn a_draft_that_is_discarded_is_not_sent_and_the_run_goes_on() {
    let bed = Bed::dev(RULES).await;
    drafted(&bed).await;
    assert_eq!(bed.post("/v1/drafts/discard", &json!({})).await.status, 400);
    let discarded = bed.post("/v1/drafts/discard", &json!({"all": true, "workflow": "orders"})).await;
    assert_eq!(discarded.body["changed"], 1, "{discarded:?}");
    bed.server.until_idle().await.unwrap();
    assert!(bed.outbox.after(0).is_empty());
    let found = bed.server.store().find("contact", "ana").await.unwrap().unwrap();
    assert_eq!(found.entity.unwrap().attributes["score"], 7);
}
