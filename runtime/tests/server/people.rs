//! What people ask a server: keys, runs, logs, parked effects, programs, the clock.

use std::time::Duration;

use onward_runtime::store::RunStatus;
use onward_runtime::{Options, Outbox, Server};
use serde_json::{Value, json};

use crate::bed::{Answer, Bed, EVENTS, KEY, compiled};

const SERIES: &str = r#"
template hello email { subject "Hello {{contact.first_name | default "there"}}" text "First" }
template tips email { subject "Tips" text "Second" }
workflow series {
  on order_placed
  once
  do email hello
  wait 2d
  do email tips
  wait for purchase up to 3 days {} else { do add tag "cold" }
}
"#;

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_key_is_needed() {
    let bed = Bed::dev("").await;
    for path in ["/v1/runs", "/v1/logs", "/v1/parked", "/v1/programs", "/v1/stats", "/v1/outbox", "/v1/clock"]
    {
        let none = bed.send(|client, url| client.get(format!("{url}{path}"))).await;
        assert_eq!(code(&none), (401, "no_key"), "{path}");
        let wrong = bed.send(|client, url| client.get(format!("{url}{path}")).bearer_auth("wrong")).await;
        assert_eq!(code(&wrong), (401, "wrong_key"), "{path}");
        let basic =
            bed.send(|client, url| client.get(format!("{url}{path}")).basic_auth(KEY, Some(""))).await;
        assert_eq!(basic.status, 200, "{path}: {basic:?}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(bed.send(|client, url| client.get(format!("{url}{path}"))).await.status, 200);
    }
    assert_eq!(code(&bed.get("/v1/nothing").await), (404, "unknown_path"));
    assert_eq!(code(&bed.get("/v1/events").await), (405, "wrong_method"));
    assert_eq!(code(&bed.get("/v1/runs?limt=1").await), (400, "unknown_parameter"));
    assert_eq!(code(&bed.get("/v1/runs?limit=0").await), (400, "limit"));
    assert_eq!(code(&bed.get("/v1/runs?after=x").await), (400, "after"));
    assert_eq!(code(&bed.get("/v1/logs?after=x").await), (400, "after"));
    assert_eq!(code(&bed.get("/v1/runs?state=asleep").await), (400, "state"));
    assert_eq!(code(&bed.get("/v1/runs/none").await), (404, "no_run"));
    assert_eq!(code(&bed.post("/v1/runs/none/stop", &json!({})).await), (404, "no_run"));
}

#[tokio::test]
async fn a_series_is_watched_in_a_moment() {
    let bed = Bed::dev(SERIES).await;
    bed.order(1).await;
    let run = bed.run().await;
    assert_eq!((&run["state"], &run["wake"]), (&json!("waiting"), &json!("2026-03-08T12:00:00Z")), "{run}");
    assert_eq!(run["subject"], json!({"kind": "contact", "id": "ana", "name": "Ana"}));
    let jump = bed.post("/v1/clock", &json!({"jump": "2 days"})).await;
    assert_eq!((jump.status, &jump.body["now"]), (200, &json!("2026-03-08T12:00:00Z")), "{jump:?}");
    let run = bed.run().await;
    assert_eq!((&run["state"], &run["detail"]), (&json!("waiting"), &json!("for purchase")), "{run}");
    bed.post("/v1/clock", &json!({"jump": "1w"})).await;
    assert_eq!(bed.run().await["state"], "completed");

    let messages = bed.get("/v1/outbox").await.body;
    let subjects: Vec<_> =
        messages["messages"].as_array().unwrap().iter().map(|m| m["subject"].clone()).collect();
    assert_eq!(subjects, ["Hello Ana", "Tips"]);
    let times: Vec<_> = messages["messages"].as_array().unwrap().iter().map(|m| m["at"].clone()).collect();
    assert_eq!(times, ["2026-03-06T12:00:00Z", "2026-03-08T12:00:00Z"]);
    assert_eq!(bed.get("/v1/outbox?after=1").await.body["messages"].as_array().unwrap().len(), 1);

    for (jump, expected) in
        [("2 dys", 400), ("-1d", 400), ("0s", 400), ("", 400), ("2020-01-01T00:00:00Z", 400)]
    {
        assert_eq!(bed.post("/v1/clock", &json!({"jump": jump})).await.status, expected, "{jump}");
    }
}

#[tokio::test]
async fn logs_go_on_where_they_ended() {
    let bed = Bed::dev(SERIES).await;
    bed.order(1).await;
    let first = bed.get("/v1/logs?limit=2").await.body;
    let rest = bed.get(&format!("/v1/logs?after={}", first["next"].as_str().unwrap())).await.body;
    let all = bed.get("/v1/logs").await.body;
    let entries = |body: &Value| body["entries"].as_array().unwrap().clone();
    assert_eq!([entries(&first), entries(&rest)].concat(), entries(&all));
    assert_eq!(entries(&all)[0]["what"], "matched", "{all}");
    assert_eq!(entries(&all)[0]["subject"]["name"], "Ana");
    let next = bed.get(&format!("/v1/logs?after={}", all["next"].as_str().unwrap())).await.body;
    assert_eq!((entries(&next).len(), &next["next"]), (0, &all["next"]));
    assert_eq!(
        entries(&bed.get("/v1/logs?last=1&limit=1").await.body),
        entries(&all)[entries(&all).len() - 1..]
    );
}

#[tokio::test]
async fn runs_are_listed_in_pages() {
    let bed = Bed::dev("workflow w { on order_placed while running parallel wait 1d }").await;
    for number in 0..5 {
        bed.order(number).await;
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = bed
            .get(&format!("/v1/runs?limit=2&workflow=w&contact=ana@example.com&state=waiting{after}"))
            .await;
        assert_eq!(page.status, 200, "{page:?}");
        seen.extend(page.body["runs"].as_array().unwrap().iter().map(|run| run["id"].to_string()));
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    assert_eq!(bed.get("/v1/runs?contact=nobody").await.body["runs"], json!([]));

    let id = bed.run().await["id"].as_str().unwrap().to_owned();
    assert_eq!(bed.post(&format!("/v1/runs/{id}/stop"), &json!({})).await.status, 200);
    bed.server.until_idle().await.unwrap();
    assert_eq!(bed.get(&format!("/v1/runs/{id}")).await.body["state"], "stopped");
}

#[tokio::test]
async fn parked_effects_are_tried_again_or_dropped() {
    let rules = r#"
action call(number: number) { post "https://a.example" bearer auth secret.NOWHERE json number }
workflow w { on order_placed while running parallel do call number }
"#;
    let bed = Bed::dev(rules).await;
    bed.order(1).await;
    bed.order(2).await;
    let parked = bed.get("/v1/parked").await.body["parked"].clone();
    assert_eq!(parked.as_array().unwrap().len(), 2);
    let item = &parked[0];
    assert_eq!(
        (&item["workflow"], &item["action"], &item["kind"]),
        (&json!("w"), &json!("call"), &json!("refused"))
    );
    let key = item["key"].as_str().unwrap();
    let retried = bed.post("/v1/parked/retry", &json!({"keys": [key, "unknown"]})).await;
    assert_eq!(retried.body["changed"], 1, "{retried:?}");
    bed.server.until_idle().await.unwrap();
    assert_eq!(bed.get("/v1/parked").await.body["parked"].as_array().unwrap().len(), 2, "it is parked again");
    assert_eq!(
        bed.post("/v1/parked/drop", &json!({"all": true, "action": "other"})).await.body["changed"],
        0
    );
    assert_eq!(bed.post("/v1/parked/drop", &json!({"all": true, "workflow": "w"})).await.body["changed"], 2);
    bed.server.until_idle().await.unwrap();
    assert_eq!(bed.get("/v1/parked").await.body["parked"], json!([]));
    assert_eq!(bed.run().await["state"], "completed", "its run goes on");
    for body in [
        json!({}),
        json!({"keys": []}),
        json!({"keys": [1]}),
        json!({"all": true, "keys": ["a"]}),
        json!({"al": true}),
    ] {
        assert_eq!(bed.post("/v1/parked/retry", &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn programs_are_verified_and_deployed_once() {
    let bed = Bed::dev("").await;
    let artifact = compiled(&format!("{EVENTS} workflow a {{ on order_placed do add tag \"x\" }}"));
    let deploy =
        async |bytes: Vec<u8>| bed.bytes("/v1/programs?by=ana", "application/octet-stream", bytes).await;
    assert_eq!(code(&deploy(b"ONWD nonsense".to_vec()).await), (422, "bad_program"));
    let first = deploy(artifact.clone()).await;
    assert_eq!(
        (first.status, &first.body["workflows"], &first.body["previous"]),
        (200, &json!(["a"]), &Value::Null)
    );
    let again = deploy(artifact).await;
    assert_eq!(again.body["previous"], again.body["hash"]);
    let programs = bed.get("/v1/programs").await.body;
    assert_eq!(programs["programs"].as_array().unwrap().len(), 1, "{programs}");
    assert_eq!(
        (&programs["programs"][0]["by"], &programs["programs"][0]["hash"]),
        (&json!("ana"), &first.body["hash"])
    );
    bed.order(1).await;
    assert_eq!(bed.run().await["state"], "completed", "it is live at once");
}

#[tokio::test]
async fn stopping_answers_no_more_and_loses_nothing() {
    let bed = Bed::dev(SERIES).await;
    bed.order(1).await;
    bed.server.stop().await.unwrap();
    bed.server.stop().await.unwrap();
    assert!(reqwest::get(format!("http://{}/healthz", bed.server.address())).await.is_err());
    let runs =
        bed.server.store().runs(&onward_runtime::store::RunFilter { limit: 10, ..Default::default() }).await;
    assert_eq!(runs.unwrap().runs.len(), 1);
}

#[tokio::test]
async fn a_program_is_live_on_every_node_at_once() {
    let bed = Bed::dev("").await;
    let node = async || {
        let options = Options::caught(bed.server.store().clone(), Outbox::new());
        let clock = bed.server.clock().clone();
        Server::start(Options { lease: Duration::from_millis(600), clock, ..options }).await.unwrap()
    };
    bed.server.stop().await.unwrap();
    let (one, two) = (node().await, node().await);
    let shares = async || one.store().counts().await.unwrap().nodes.into_values().collect::<Vec<_>>();
    while shares().await.len() < 2 || shares().await.contains(&0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let rules = format!("{EVENTS} workflow w {{ on order_placed do add tag \"x\" }}");
    one.deploy(compiled(&rules), "test").await.unwrap();
    let orders: Vec<Value> = (0..50)
        .map(|n| json!({"event": "order_placed", "contact": format!("c{n}"), "data": {"number": n}}))
        .collect();
    let sent =
        reqwest::Client::new().post(format!("http://{}/v1/events", two.address())).json(&orders).send();
    assert_eq!(sent.await.unwrap().status(), 200);
    one.until_idle().await.unwrap();
    two.until_idle().await.unwrap();
    let runs = one.store().counts().await.unwrap().runs;
    assert_eq!(runs["w"][&RunStatus::Finished], 50);
}
