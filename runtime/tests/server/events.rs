//! Events and entities over HTTP: what is taken, and why the rest is not.

use serde_json::{Value, json};

use crate::bed::{Bed, KEY, ana};

fn event(id: &str) -> Value {
    json!({"id": id, "event": "order_placed", "contact": "ana", "data": {"number": 1}})
}

fn with(member: &str, value: Value) -> Value {
    let mut event = event("e1");
    event[member] = value;
    event
}

fn statuses(body: &Value) -> Vec<&str> {
    body["events"].as_array().unwrap().iter().map(|event| event["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_is_taken_once() {
    let bed = Bed::dev("").await;
    let first = bed.post("/v1/events", &event("e1")).await;
    assert_eq!(first.status, 200);
    assert_eq!((&first.body["accepted"], &first.body["events"][0]["id"]), (&json!(1), &json!("e1")));
    let again = bed.post("/v1/events", &json!([event("e1"), event("e2"), event("e2")])).await;
    assert_eq!(statuses(&again.body), ["duplicate", "accepted", "duplicate"]);
    assert_eq!((&again.body["accepted"], &again.body["duplicates"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn an_event_without_an_id_gets_one() {
    let bed = Bed::dev("").await;
    let event = json!({"event": "x", "contact": {"email": "ana@example.com"}});
    let answer = bed.post("/v1/events", &event).await;
    assert_eq!(answer.body["events"][0]["id"].as_str().unwrap().len(), 36, "{answer:?}");
    assert_eq!(answer.body["events"][0]["warning"], "`x` is kept, but no rules are deployed yet");
}

#[tokio::test]
async fn the_good_ones_of_a_batch_stay_in() {
    let bed = Bed::dev("workflow w { on order_placed do set contact.score = 1 }").await;
    let mut wrong = event("e2");
    wrong["data"] = json!({"number": "many"});
    let answer = bed.post("/v1/events", &json!([event("e1"), wrong, 7, event("e3")])).await;
    assert_eq!(
        (answer.status, statuses(&answer.body)),
        (200, vec!["accepted", "refused", "refused", "accepted"])
    );
    let refused = &answer.body["events"][1];
    assert_eq!(refused["id"], "e2");
    assert_eq!(refused["error"]["field"], "data.number");
    assert_eq!(refused["error"]["message"], "`data.number`: expected a number, got the text `many`");
    let all_wrong = bed.post("/v1/events", &json!([7])).await;
    assert_eq!((all_wrong.status, &all_wrong.body["refused"]), (422, &json!(1)));
}

#[tokio::test]
async fn lines_are_read_one_by_one() {
    let bed = Bed::dev("").await;
    let body = format!("{}\n\n{{\"event\": }}\r\n{}\n", event("e1"), event("e2"));
    let answer = bed.text("/v1/events", "application/x-ndjson; charset=utf-8", &body).await;
    assert_eq!(statuses(&answer.body), ["accepted", "refused", "accepted"]);
    assert_eq!(
        answer.body["events"][1]["error"]["message"],
        "this is not JSON: line 3, column 11: expected a value, got `}`"
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_with_its_place() {
    let bed = Bed::dev("workflow w { on order_placed do set contact.score = 1 }").await;
    let long = "x".repeat(70_000);
    let data = |name: &str, text: &str| {
        format!(r#"{{"event": "order_placed", "contact": "ana", "data": {{"number": 1, "{name}": {text}}}}}"#)
    };
    let plain = |value: Value| value.to_string();
    for (body, code, field) in [
        (data("a", r#""x\u0000y""#), "nul", "data.a"),
        (data("a", r#"["\ud83d"]"#), "half_character", "data.a[0]"),
        (data("a", "1e400"), "number", "data.a"),
        (data("a", "12345678901234567890123"), "number", "data.a"),
        (data("number", "2"), "twice", "data.number"),
        (
            data("a", &format!("{}1{}", "[".repeat(40), "]".repeat(40))),
            "too_deep",
            &format!("data.a{}", "[0]".repeat(30)),
        ),
        (data("a", &format!("\"{long}\"")), "event_too_large", ""),
        (data("plan", "\"gold\""), "wrong_type", "data.plan"),
        (data("at", "\"tomorrow\""), "wrong_type", "data.at"),
        (plain(with("data", json!({}))), "missing", "data.number"),
        (plain(with("data", json!({"number": null}))), "missing", "data.number"),
        (plain(with("data", json!([]))), "wrong_type", "data"),
        (plain(with("event", json!(""))), "empty", "event"),
        (plain(with("event", Value::Null)), "missing", "event"),
        (plain(with("event", json!(7))), "wrong_type", "event"),
        (plain(with("id", json!("x".repeat(600)))), "too_long", "id"),
        (plain(with("id", json!("a\nb"))), "control_character", "id"),
        (plain(with("id", json!(7))), "wrong_type", "id"),
        (plain(with("time", json!("yesterday"))), "wrong_type", "time"),
        (plain(with("time", json!(1_700_000_000))), "wrong_type", "time"),
        (plain(with("time", json!("-009000-01-01T00:00:00Z"))), "wrong_type", "time"),
        (plain(with("backfill", json!("yes"))), "wrong_type", "backfill"),
        (plain(with("contact", Value::Null)), "missing", "contact"),
        (plain(with("contact", json!(7))), "wrong_type", "contact"),
        (plain(with("contact", json!({"plan": "pro"}))), "nobody", "contact"),
        (
            plain(with("contact", json!({"id": "ana", "email": "not an address"}))),
            "wrong_type",
            "contact.email",
        ),
        (plain(with("contact", json!({"id": "ana", "score": "high"}))), "wrong_type", "contact.score"),
        (plain(with("properties", json!({}))), "unknown_member", "properties"),
        (plain(json!({"event": "deal_won", "contact": "ana", "data": {"value": 1}})), "missing", "deal"),
        (plain(json!("order_placed")), "wrong_type", ""),
    ] {
        let answer = bed.text("/v1/events", "application/json", &body).await;
        let error = &answer.body["events"][0]["error"];
        let short: String = body.chars().take(120).collect();
        assert_eq!((answer.status, error["code"].as_str()), (422, Some(code)), "{short}: {error}");
        assert_eq!(error["field"].as_str().unwrap_or_default(), field, "{short}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(!message.ends_with('.') && !message.is_empty(), "{message}");
        assert_eq!(answer.body["error"], *error, "the answer says it too");
    }
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_refused_whole() {
    let bed = Bed::dev("").await;
    let post = async |kind: &str, body: Vec<u8>| bed.bytes("/v1/events", kind, body).await;
    let json = "application/json";
    let code = |answer: &crate::bed::Answer| {
        (answer.status, answer.body["error"]["code"].as_str().unwrap().to_owned())
    };

    let answer = post(json, b"[{\"event\": \"a\",\n  }]".to_vec()).await;
    assert_eq!(code(&answer), (400, "not_json".to_owned()));
    assert_eq!(
        answer.body["error"]["message"],
        "this is not JSON: line 2, column 3: expected a name in quotes, got `}`"
    );
    assert_eq!(code(&post(json, b"{\"event\": \"\xff\"}".to_vec()).await), (400, "not_json".to_owned()));
    assert_eq!(code(&post(json, Vec::new()).await), (400, "not_json".to_owned()));
    assert_eq!(code(&post(json, b"[]".to_vec()).await), (400, "empty".to_owned()));
    assert_eq!(code(&post("application/x-ndjson", b"\n\n".to_vec()).await), (400, "empty".to_owned()));
    assert_eq!(code(&post(json, vec![b' '; (5 << 20) + 1]).await), (413, "body_too_large".to_owned()));
    let many = format!("[{}1]", "1,".repeat(10_000));
    assert_eq!(code(&post(json, many.into_bytes()).await), (413, "too_many_items".to_owned()));
    let deep = "[".repeat(1 << 20);
    assert_eq!(code(&post(json, deep.into_bytes()).await), (400, "not_json".to_owned()));
    let zipped = bed
        .send(|client, url| {
            client
                .post(format!("{url}/v1/events"))
                .bearer_auth(KEY)
                .header("content-encoding", "gzip")
                .body("x")
        })
        .await;
    assert_eq!(code(&zipped), (415, "encoding".to_owned()));
}

#[tokio::test]
async fn a_misspelt_event_is_taken_with_a_warning() {
    let bed = Bed::dev("workflow w { on order_placed do set contact.score = 1 }").await;
    let mut event = event("e1");
    event["event"] = json!("order_place");
    let answer = bed.post("/v1/events", &event).await;
    assert_eq!(answer.body["events"][0]["status"], "accepted");
    assert_eq!(
        answer.body["events"][0]["warning"],
        "no rule declares `order_place`; did you mean `order_placed`?"
    );
}

#[tokio::test]
async fn an_event_tells_of_its_account_and_deal_too() {
    let bed =
        Bed::dev("workflow w for deal { on deal_won do webhook \"https://a.example\" send event }").await;
    let event = json!({
        "event": "deal_won", "deal": {"id": "d1", "stage": "won"}, "contact": ana(),
        "account": {"id": "acme", "name": "Acme"}, "data": {"value": 10, "note": "kept"},
    });
    let answer = bed.post("/v1/events", &event).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    bed.server.until_idle().await.unwrap();
    let store = bed.server.store();
    let attribute = async |kind: &str, id: &str, name: &str| {
        let found = store.find(kind, id).await.unwrap().unwrap_or_else(|| panic!("no {kind}"));
        found.entity.unwrap().attributes[name].clone()
    };
    assert_eq!(attribute("deal", "d1", "stage").await, "won");
    assert_eq!(attribute("account", "acme", "name").await, "Acme");
    assert_eq!(attribute("contact", "ana", "account").await, "acme");
    assert_eq!(attribute("contact", "ana@example.com", "first_name").await, "Ana");
}

#[tokio::test]
async fn entities_are_set_and_deleted() {
    let bed = Bed::dev(
        "workflow w { on contact.score changes to 5 do webhook \"https://a.example\" send {ok: true} }",
    )
    .await;
    let set =
        json!({"entity": "contact", "id": "ana", "email": "ana@example.com", "attributes": {"score": 4}});
    assert_eq!(bed.post("/v1/entities", &set).await.body["accepted"], 1);
    let set = json!([{"entity": "contact", "email": "ana@example.com", "attributes": {"score": 5}}]);
    assert_eq!(bed.post("/v1/entities", &set).await.body["accepted"], 1);
    bed.server.until_idle().await.unwrap();
    assert_eq!(bed.outbox.after(0).len(), 1);
    let gone = json!({"entity": "contact", "id": "ana", "deleted": true});
    assert_eq!(bed.post("/v1/entities", &gone).await.status, 200);
    bed.server.until_idle().await.unwrap();
    let found = bed.server.store().find("contact", "ana").await.unwrap();
    assert!(found.is_none_or(|found| found.entity.is_none()));

    for (entity, code, field) in [
        (json!({"id": "ana"}), "missing", "entity"),
        (json!({"entity": "contcat", "id": "ana"}), "unknown_entity", "entity"),
        (json!({"entity": "contact"}), "nobody", "id"),
        (
            json!({"entity": "contact", "id": "ana", "attributes": {"score": "x"}}),
            "wrong_type",
            "attributes.score",
        ),
        (json!({"entity": "contact", "id": "ana", "attributes": {"id": "x"}}), "misplaced", "attributes.id"),
        (json!({"entity": "contact", "id": "ana", "attributes": 1}), "wrong_type", "attributes"),
        (json!({"entity": "contact", "id": "ana", "score": 1}), "unknown_member", "score"),
    ] {
        let answer = bed.post("/v1/entities", &entity).await;
        let error = &answer.body["entities"][0]["error"];
        assert_eq!(
            (answer.status, &error["code"], &error["field"]),
            (422, &json!(code), &json!(field)),
            "{error}"
        );
    }
}

#[tokio::test]
async fn many_at_once_are_all_taken() {
    let bed =
        Bed::dev("workflow w { on order_placed while running parallel do set contact.score = 1 }").await;
    let requests: Vec<Value> = (0..100).map(|n| event(&format!("e{}", n / 2))).collect();
    let sent = requests.iter().map(|event| bed.post("/v1/events", event));
    let mut accepted = 0;
    let mut pending: Vec<_> = sent.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        pending.retain_mut(|request| match request.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                assert_eq!(answer.status, 200);
                accepted += answer.body["accepted"].as_u64().unwrap();
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(accepted, 50, "each id is one event");
    bed.server.until_idle().await.unwrap();
    let stats = bed.get("/v1/stats").await.body;
    assert_eq!((&stats["unread"], &stats["unfinished_runs"]), (&json!(0), &json!(0)), "{stats}");
    assert_eq!(stats["runs"]["w"]["finished"], 50, "{stats}");
}
