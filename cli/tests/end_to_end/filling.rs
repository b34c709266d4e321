//! A segment is deployed over contacts that are there already, and the server is killed again and again
//! while it works out who is inside. Everybody is looked at once, and an edge fires once or not at all.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::{KEY, Process, Receivers, Seen, Server, client, free_port, project, within};
use onward_bytecode::EntityId;
use onward_engine::Needs;
use onward_engine::model::Watch;
use onward_runtime::cluster::Cluster;
use onward_runtime::store;
use serde_json::{Value, json};

const CONTACTS: u32 = 3_000;
const BATCH: u32 = 500;
/// Every so many contacts one is a customer.
const CUSTOMERS: u32 = 10;
const KILLS: u32 = 3;

fn is_customer(number: u32) -> bool {
    number.is_multiple_of(CUSTOMERS)
}

fn contact(number: u32) -> Value {
    let status = if is_customer(number) { "customer" } else { "trial" };
    json!({"entity": "contact", "id": format!("c{number}"), "attributes": {"status": status}})
}

async fn import(server: &Server) {
    for from in (0..CONTACTS).step_by(BATCH as usize) {
        let batch: Vec<_> = (from..CONTACTS.min(from + BATCH)).map(contact).collect();
        let sent = client().post(server.url("/v1/entities")).bearer_auth(KEY).json(&batch).send().await;
        assert!(sent.expect("the server answers").status().is_success());
    }
    server.until_idle(Duration::from_secs(90)).await;
}

/// How many are done, in all deployments that are filled in; and whether that is all.
async fn filled(server: &Server) -> (u64, bool) {
    let fills = server.get("/v1/fills").await;
    let done = fills["fills"].as_array().into_iter().flatten().filter_map(|fill| fill["done"].as_u64());
    (done.sum(), fills["open"] == json!(false))
}

/// Kills and restarts the server while it fills in, then waits until it is through. Answers how often it
/// was killed with something done and something left.
async fn torment(server: &Server, mut process: Process) -> (Process, u32) {
    let mut midway = 0;
    for _ in 0..KILLS {
        let (before, over) = filled(server).await;
        if over {
            break;
        }
        within(Duration::from_secs(60), "some more is filled in", async || {
            let (done, over) = filled(server).await;
            over || done > before
        })
        .await;
        let (done, over) = filled(server).await;
        process.kill();
        midway += u32::from(done > 0 && !over);
        process = server.start().await;
    }
    within(Duration::from_secs(90), "everybody is looked at", async || filled(server).await.1).await;
    server.until_idle(Duration::from_secs(90)).await;
    (process, midway)
}

/// What is watched about each contact, out of the store itself: nobody else may have it open.
async fn watched(store: &str) -> Vec<Watch> {
    let store = store::open(store, &store::Options::default()).await.expect("the store can be opened");
    let entities = (0..CONTACTS).map(|number| EntityId::new("contact", format!("c{number}"))).collect();
    let needs = Needs { entities, ..Needs::default() };
    let known = store.load(&needs, None).await.expect("the store can be read");
    let watch = |number: u32| {
        let id = EntityId::new("contact", format!("c{number}"));
        known.entities[&id].as_ref().expect("the contact is known").watch.clone()
    };
    (0..CONTACTS).map(watch).collect()
}

fn assert_members(watched: &[Watch], segment: &str, inside: impl Fn(u32) -> bool) {
    let wrong = |(number, watch): (u32, &Watch)| {
        watch.segments.get(segment).map(|known| known.inside) != Some(inside(number))
    };
    let wrong: Vec<u32> = (0..).zip(watched).filter(|pair| wrong(*pair)).map(|(number, _)| number).collect();
    assert!(wrong.is_empty(), "{segment}: not known as they are: {wrong:?}");
}

/// Who was told about, once each.
fn told(seen: &Seen) -> BTreeSet<String> {
    let body = |body: &str| serde_json::from_str::<Value>(body).expect("a JSON body");
    let ids: Vec<String> = seen.hooks.values().map(|hook| body(&hook.body)["id"].to_string()).collect();
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(ids.len(), distinct.len(), "somebody entered twice");
    distinct
}

async fn survives(store: String) {
    let folder = tempfile::tempdir().expect("a folder");
    let receivers = Receivers::start(false);
    let store = store.replace("{folder}", &folder.path().display().to_string());
    let server = Server {
        store: store.clone(),
        port: free_port(),
        smtp: receivers.smtp,
        folder: folder.path().to_owned(),
    };
    let process = server.start().await;
    import(&server).await;

    server.deploy_with(&project("filling", &receivers, folder.path()), &["--detach"]);
    let (mut process, midway) = torment(&server, process).await;
    assert!(midway > 0, "it was never killed in the middle");
    assert!(told(&receivers.seen().await).is_empty(), "who was inside before has not entered");
    process.kill();
    assert_members(&watched(&store).await, "trials", |number| !is_customer(number));

    let process = server.start().await;
    let later = project("filling-later", &receivers, folder.path());
    server.deploy_with(&later, &["--detach", "--edges", "fire"]);
    let (mut process, midway) = torment(&server, process).await;
    assert!(midway > 0, "it was never killed in the middle");
    let parked = server.get("/v1/parked").await;
    process.kill();
    let watched = watched(&store).await;
    assert_members(&watched, "trials", |number| !is_customer(number));
    assert_members(&watched, "customers", is_customer);
    // A call that the kill cut off may have arrived, and waits for a person.
    let mut told = told(&receivers.seen().await);
    for intent in parked["parked"].as_array().into_iter().flatten() {
        told.insert(intent["subject"]["id"].to_string());
    }
    let wanted = (0..CONTACTS).filter(|number| is_customer(*number));
    let wanted: BTreeSet<String> = wanted.map(|number| json!(format!("c{number}")).to_string()).collect();
    assert_eq!(told, wanted, "each customer entered, and nobody else");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_looked_at_once_on_sqlite() {
    survives("sqlite:{folder}/onward.db".to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_looked_at_once_on_postgres() {
    let cluster = Cluster::start().expect("a Postgres of our own");
    survives(cluster.database("filling").await.expect("a database")).await;
}
