//! Kills the server at random moments and counts what arrived: every acknowledged
//! event processed, every message once, every `once` kept, no run stuck.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::{KEY, Process, Receivers, Seen, Server, client, free_port, project, within};
use onward_runtime::cluster::Cluster;
use serde_json::json;

const EVENTS: u32 = 2_000;
const BATCH: u32 = 20;
const CONTACTS: u32 = 500;
const KILLS: u32 = 20;

/// Amount of an order: every tenth is too small to be thanked for.
fn amount(number: u32) -> u32 {
    if number.is_multiple_of(10) { 5 } else { number }
}

fn event(number: u32) -> serde_json::Value {
    let contact = number % CONTACTS;
    json!({
        "id": format!("order-{number}"),
        "event": "order_placed",
        "contact": {"id": format!("c{contact}"), "email": format!("c{contact}@example.com")},
        "data": {"number": number, "amount": amount(number)},
    })
}

/// Sends a batch again and again until it is acknowledged, as a careful client does.
async fn send(server: &Server, from: u32) {
    let batch: Vec<_> = (from..from + BATCH).map(event).collect();
    within(Duration::from_secs(90), "the batch is acknowledged", async || {
        let sent = client().post(server.url("/v1/events")).bearer_auth(KEY).json(&batch).send().await;
        match sent {
            Ok(response) => {
                assert!(
                    response.status().is_success() || response.status().is_server_error(),
                    "{response:?}"
                );
                response.status().is_success() && response.bytes().await.is_ok()
            }
            Err(_) => false,
        }
    })
    .await;
}

fn numbers<'a>(texts: impl Iterator<Item = &'a str>, before: &str) -> Vec<u32> {
    texts.filter_map(|text| text.strip_prefix(before)?.parse().ok()).collect()
}

fn assert_each_once(what: &str, mut found: Vec<u32>, wanted: &BTreeSet<u32>) {
    found.sort_unstable();
    let distinct: BTreeSet<u32> = found.iter().copied().collect();
    assert_eq!(found.len(), distinct.len(), "{what}: one order has two different keys");
    let lost: Vec<_> = wanted.difference(&distinct).collect();
    let strange: Vec<_> = distinct.difference(wanted).collect();
    assert!(lost.is_empty() && strange.is_empty(), "{what}: lost {lost:?}, never asked for {strange:?}");
}

fn check(seen: &Seen) {
    let thanked: BTreeSet<u32> = (0..EVENTS).filter(|n| amount(*n) > 10).collect();
    let subjects = || seen.mails.values().map(|mail| mail.subject.as_str());
    assert_each_once("thanks", numbers(subjects(), "Order "), &thanked);

    let bodies: Vec<serde_json::Value> =
        seen.hooks.values().map(|hook| serde_json::from_str(&hook.body).expect("a JSON body")).collect();
    let orders = bodies.iter().map(|body| body["number"].as_u64().expect("a number") as u32).collect();
    assert_each_once("webhooks", orders, &thanked);

    let welcomed: Vec<&str> = subjects().filter(|subject| subject.starts_with("Welcome ")).collect();
    let people: BTreeSet<&str> = welcomed.iter().copied().collect();
    assert_eq!(welcomed.len(), people.len(), "`once` was broken for somebody");
    assert_eq!(people.len(), CONTACTS as usize, "somebody was not welcomed");
}

/// Kills and restarts the server, at moments drawn from a fixed seed, until told that all is sent.
async fn torment(server: &Server, mut process: Process, sent: &std::sync::atomic::AtomicBool) -> Process {
    let mut random = fastrand::Rng::with_seed(20_261_122);
    let mut kills = 0;
    while kills < KILLS || !sent.load(std::sync::atomic::Ordering::Relaxed) {
        if kills < KILLS {
            tokio::time::sleep(Duration::from_millis(random.u64(20..400))).await;
            process.kill();
            kills += 1;
            process = server.start().await;
        } else {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    process
}

async fn survives(store: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let receivers = Receivers::start(true);
    let store = store.replace("{folder}", &folder.path().display().to_string());
    let server = Server { store, port: free_port(), smtp: receivers.smtp, folder: folder.path().to_owned() };
    let process = server.start().await;
    server.deploy(&project("crash", &receivers, folder.path()));

    let sent = std::sync::atomic::AtomicBool::new(false);
    let feed = async {
        for from in (0..EVENTS).step_by(BATCH as usize) {
            send(&server, from).await;
        }
        sent.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (process, ()) = tokio::join!(torment(&server, process, &sent), feed);

    server.until_idle(Duration::from_secs(120)).await;
    let parked = server.get("/v1/parked").await;
    assert_eq!(parked["parked"], json!([]), "nothing waits for a person");
    check(&receivers.seen().await);
    drop(process);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_on_sqlite() {
    survives("sqlite:{folder}/onward.db".to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_on_postgres() {
    let cluster = Cluster::start().expect("a Postgres of our own");
    survives(cluster.database("crash").await.expect("a database")).await;
}
