//! What the store has seen, and how far a deployment is filled in.

use serde_json::{Value, json};

use crate::bed::{Bed, EVENTS, compiled};

#[tokio::test]
async fn events_and_attributes_are_described_as_they_came() {
    let bed = Bed::dev("workflow w { on order_placed do set contact.score = 1 }").await;
    let event = |number: u32, contact: &str, data: Value| json!({"id": format!("e{number}"), "event": "cart_viewed", "contact": {"id": contact, "city": "Ulm"}, "data": data});
    let events = json!([
        event(1, "ana", json!({"total": 1.5, "seen": "2026-03-01", "tags": ["a"]})),
        event(2, "ana", json!({"total": 2})),
        event(3, "ben", json!({"total": 3, "seen": null})),
        {"event": "order_placed", "contact": "ana", "data": {"number": 1}},
        {"id": "old", "event": "cart_viewed", "contact": "cy", "time": "2025-01-01T00:00:00Z", "data": {"total": 9}},
    ]);
    assert_eq!(bed.post("/v1/events", &events).await.body["accepted"], 5);
    bed.server.until_idle().await.unwrap();
    let schema = bed.get("/v1/schema").await.body;
    let cart = &schema["events"][0];
    assert_eq!(cart["name"], "cart_viewed", "{schema}");
    assert_eq!((&cart["count"], &cart["subjects"], &cart["in_30_days"]), (&json!(4), &json!(3), &json!(3)));
    assert_eq!((&cart["per_contact_in_30_days"], &cart["declared"]), (&json!(1.5), &json!(false)));
    let field = |name: &str| {
        let fields = cart["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap().clone()
    };
    assert_eq!((&field("total")["type"], &field("total")["present"]), (&json!("number"), &json!(1.0)));
    assert_eq!((&field("seen")["type"], &field("seen")["present"]), (&json!("date"), &json!(0.25)));
    assert_eq!(field("tags")["type"], "list of text");
    assert_eq!(schema["events"][1]["declared"], true);
    let contact = schema["entities"].as_array().unwrap().iter().find(|it| it["name"] == "contact").unwrap();
    assert!(contact["attributes"].to_string().contains("\"name\":\"city\""), "{contact}");
}

#[tokio::test]
async fn a_new_segment_is_filled_in_and_fires_if_told_to() {
    let bed = Bed::dev("workflow w { on order_placed do set contact.score = 1 }").await;
    let people = json!([
        {"entity": "contact", "id": "ana", "attributes": {"score": 9}},
        {"entity": "contact", "id": "ben", "attributes": {"score": 1}},
    ]);
    assert_eq!(bed.post("/v1/entities", &people).await.body["accepted"], 2);
    bed.server.until_idle().await.unwrap();
    let rules = |name: &str| {
        format!(
            "{EVENTS}\nsegment {name} of contact where score > 5\nworkflow w_{name} {{ on contact enters {name} once do webhook \"https://example.com/{name}\" send {{ a: 1 }} }}"
        )
    };
    let deploy =
        async |path: &str, rules: &str| bed.bytes(path, "application/octet-stream", compiled(rules)).await;
    let answer = deploy("/v1/programs?edges=silent", &rules("quiet")).await;
    assert_eq!((answer.status, &answer.body["fill"]), (200, &json!("silent")), "{answer:?}");
    bed.server.until_idle().await.unwrap();
    assert!(bed.outbox.after(0).is_empty());
    let answer = deploy("/v1/programs?edges=fire", &rules("loud")).await;
    assert_eq!(answer.body["fill"], "fire", "{answer:?}");
    bed.server.until_idle().await.unwrap();
    assert_eq!(bed.outbox.after(0).len(), 1);
    let fills = bed.get("/v1/fills").await.body;
    assert_eq!((&fills["open"], &fills["fills"][0]["done"]), (&json!(false), &json!(2)), "{fills}");
    assert_eq!(deploy("/v1/programs?edges=some", &rules("x")).await.status, 400);
}
