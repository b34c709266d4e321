//! Segment's tracking API, with bodies as its clients send them.

use serde_json::{Value, json};

use crate::bed::{Bed, KEY};

const RULES: &str = r#"
workflow forms {
  on form_submitted
  while running parallel
  do webhook "https://a.example" send { form: form, who: contact.first_name | default "nobody" }
}
"#;

async fn call(bed: &Bed, path: &str, body: &Value) -> u16 {
    let answer = bed
        .send(|client, url| {
            client.post(format!("{url}{path}")).basic_auth(KEY, Some("")).body(body.to_string())
        })
        .await;
    assert_eq!(answer.body["success"], json!(true), "{path}: {answer:?}");
    answer.status
}

fn message(kind: &str, more: Value) -> Value {
    let mut message = json!({
        "type": kind,
        "messageId": format!("node-next-{kind}"),
        "timestamp": "2026-03-06T11:59:58.000Z",
        "integrations": {},
        "context": {"library": {"name": "@segment/analytics-node", "version": "2.1.3"}, "timezone": "Europe/Madrid"},
        "_metadata": {"nodeVersion": "20"},
    });
    for (name, value) in more.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

#[tokio::test]
async fn each_call_is_understood() {
    let bed = Bed::dev(RULES).await;
    let identify = message(
        "identify",
        json!({"userId": "u-1", "traits": {"email": "ana@example.com", "firstName": "Ana", "score": "high"}}),
    );
    assert_eq!(call(&bed, "/v1/identify", &identify).await, 200);
    let group = message("group", json!({"userId": "u-1", "groupId": "acme", "traits": {"name": "Acme"}}));
    assert_eq!(call(&bed, "/v1/group", &group).await, 200);
    let track = message(
        "track",
        json!({"userId": "u-1", "event": "Form Submitted", "properties": {"form": "contact"}}),
    );
    assert_eq!(call(&bed, "/v1/track", &track).await, 200);
    assert_eq!(call(&bed, "/v1/track", &track).await, 200, "the same message again");
    for kind in ["page", "screen"] {
        let view = message(kind, json!({"anonymousId": "a-1", "name": "Home", "properties": {"path": "/"}}));
        assert_eq!(call(&bed, &format!("/v1/{kind}"), &view).await, 200);
    }
    bed.server.until_idle().await.unwrap();
    let contact = bed.server.store().find("contact", "ana@example.com").await.unwrap().unwrap();
    let attributes = Value::Object(contact.entity.unwrap().attributes);
    assert_eq!(
        attributes,
        json!({"email": "ana@example.com", "first_name": "Ana", "timezone": "Europe/Madrid", "account": "acme"})
    );
    assert_eq!(bed.outbox.after(0).len(), 1, "one message is one event");
}

#[tokio::test]
async fn a_batch_keeps_its_good_messages() {
    let bed = Bed::dev(RULES).await;
    let batch = json!({
        "batch": [
            message("track", json!({"messageId": "m1", "anonymousId": "anon-7", "event": "Form Submitted", "properties": {"form": "newsletter"}})),
            message("track", json!({"messageId": "m2", "event": "Form Submitted"})),
            message("alias", json!({"messageId": "m3", "userId": "u-2", "previousId": "anon-7"})),
            message("identify", json!({"messageId": "m4", "userId": "u-2", "traits": {"firstName": "Bob"}})),
        ],
        "writeKey": KEY,
        "sentAt": "2026-03-06T12:00:00.000Z",
    });
    // The key is in the body alone.
    let answer = bed.send(|client, url| client.post(format!("{url}/v1/batch")).body(batch.to_string())).await;
    assert_eq!((answer.status, &answer.body["success"]), (200, &json!(true)));
    assert_eq!(
        (&answer.body["refused"][0]["index"], &answer.body["refused"][0]["error"]["code"]),
        (&json!(1), &json!("nobody"))
    );
    bed.server.until_idle().await.unwrap();
    let found = bed.server.store().find("contact", "anon-7").await.unwrap().unwrap();
    assert_eq!(&*found.id.id, "u-2", "the visitor turned out to be Bob");
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused() {
    let bed = Bed::dev(RULES).await;
    let track = message("track", json!({"userId": "u-1", "event": "x"}));
    let status = async |path: &str, key: Option<&str>, body: String| {
        bed.send(|client, url| {
            let request = client.post(format!("{url}{path}")).body(body);
            match key {
                Some(key) => request.basic_auth(key, Some("")),
                None => request,
            }
        })
        .await
        .status
    };
    assert_eq!(status("/v1/track", None, track.to_string()).await, 401);
    assert_eq!(status("/v1/track", Some("wrong"), track.to_string()).await, 401);
    assert_eq!(status("/v1/batch", None, json!({"batch": [], "writeKey": "wrong"}).to_string()).await, 401);
    assert_eq!(status("/v1/track", Some(KEY), "{".to_owned()).await, 400);
    assert_eq!(status("/v1/track", Some(KEY), "[]".to_owned()).await, 400);
    assert_eq!(status("/v1/batch", Some(KEY), "{}".to_owned()).await, 400);
    assert_eq!(status("/v1/identify", Some(KEY), "{}".to_owned()).await, 400);
    assert_eq!(status("/v1/import", Some(KEY), json!({"batch": []}).to_string()).await, 200);
}
