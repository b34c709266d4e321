//! Two servers on one Postgres: one is stopped past its lease and goes on later.
//! Nothing is sent twice, nothing is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::{KEY, Receivers, Server, client, free_port, project, within};
use onward_runtime::cluster::Cluster;
use serde_json::{Value, json};

const EVENTS: u32 = 600;
const BATCH: u32 = 10;

fn event(number: u32) -> Value {
    json!({
        "id": format!("order-{number}"),
        "event": "order_placed",
        "contact": {"id": format!("c{}", number % 90), "email": format!("c{}@example.com", number % 90)},
        "data": {"number": number, "amount": 20},
    })
}

async fn send(server: &Server, from: u32) {
    let batch: Vec<_> = (from..from + BATCH).map(event).collect();
    let sent = client().post(server.url("/v1/events")).bearer_auth(KEY).json(&batch).send().await;
    assert!(sent.expect("the server answers").status().is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_replaced_and_comes_back() {
    let cluster = Cluster::start().expect("a Postgres of our own");
    let store = cluster.database("takeover").await.expect("a database");
    let folder = tempfile::tempdir().expect("a folder");
    let receivers = Receivers::start(false);
    let server =
        |port| Server { store: store.clone(), port, smtp: receivers.smtp, folder: folder.path().to_owned() };
    let (steady, frozen) = (server(free_port()), server(free_port()));
    let _steady_process = steady.start().await;
    let frozen_process = frozen.start().await;
    steady.deploy(&project("crash", &receivers, folder.path()));

    for from in (0..EVENTS / 3).step_by(BATCH as usize) {
        send(if from % 20 == 0 { &steady } else { &frozen }, from).await;
    }
    frozen_process.signal("STOP");
    for from in (EVENTS / 3..EVENTS).step_by(BATCH as usize) {
        send(&steady, from).await;
    }
    // The other server takes over and finishes.
    steady.until_idle(Duration::from_secs(90)).await;
    frozen_process.signal("CONT");
    // What the stopped server still had in hand comes out now, if anything does.
    within(Duration::from_secs(60), "the stopped server takes part again", async || {
        steady.get("/v1/stats").await["nodes"].as_array().is_some_and(|nodes| {
            nodes.len() == 2 && nodes.iter().all(|node| node["shards"].as_u64() > Some(0))
        })
    })
    .await;
    frozen.until_idle(Duration::from_secs(90)).await;

    let seen = receivers.seen().await;
    let thanked: BTreeSet<&str> = seen.mails.values().map(|mail| mail.subject.as_str()).collect();
    let lost: Vec<u32> = (0..EVENTS).filter(|n| !thanked.contains(format!("Order {n}").as_str())).collect();
    if let Some(n) = lost.first() {
        let runs = steady.get(&format!("/v1/runs?workflow=order_thanks&contact=c{}", n % 90)).await;
        let parked = steady.get("/v1/parked").await;
        let stats = steady.get("/v1/stats").await;
        let mut told = String::new();
        for run in runs["runs"].as_array().into_iter().flatten() {
            let id = run["id"].as_str().unwrap_or_default();
            told += &format!("{:#}\n", steady.get(&format!("/v1/runs/{id}")).await);
        }
        panic!("orders {lost:?} are not thanked for; {stats:#} {parked:#} {told}");
    }
    assert_eq!(seen.mails.len(), EVENTS as usize + 90, "a key for each mail, and no second one");
    assert_eq!(seen.hooks.len(), EVENTS as usize, "a key for each webhook, and no second one");
}
