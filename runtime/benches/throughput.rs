//! Events accepted and workflows finished per second, on SQLite and on Postgres, beside raw
//! multi-row inserts of the same events into a bare table of the same store, in the same run.
//!
//!     cargo bench -p onward-runtime --bench throughput
//!
//! `ROWS` and `ROUNDS` in the environment make it shorter; `STORES=sqlite` or `postgres` measures one.
//!
//! One process holds the server and its clients, so that they share this machine's cores. Effects
//! go to an outbox in memory that takes them at once: providers cost nothing here.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use onward_runtime::cluster::Cluster;
use onward_runtime::store::postgres::PostgresStore;
use onward_runtime::store::sqlite::SqliteStore;
use onward_runtime::store::{self, Store};
use onward_runtime::{Options, Outbox, Running, Server};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, SqliteConnection};

const RULES: &str = r#"
event signed_up {
  form: text
  email: email
  status: text
  plan: text
  score: number
}

template welcome email {
  subject "Welcome to {{event.plan | default "Acme"}}"
  text "Good to see you."
}

workflow welcome {
  on signed_up where event.status = "trial"

  do email welcome to event.email
  do set contact.plan = "trial"
  do webhook "https://crm.example/trials" send event
}

entity contact {
  plan: text
}
"#;

/// Events a round.
static ROWS: LazyLock<usize> = LazyLock::new(|| setting("ROWS", 20_000));

fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}

/// One of the two stores, as the bench uses it.
#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "Postgres",
        }
    }
}

/// The `n`th event of a round.
fn event(round: &str, n: usize, status: &str) -> Value {
    json!({
        "id": format!("{round}-{n}"),
        "event": "signed_up",
        "contact": {"id": format!("{round}-c{n}")},
        "data": {
            "form": "signup",
            "email": format!("c{n}@example.com"),
            "status": status,
            "plan": "starter",
            "score": n % 100,
        },
    })
}

/// Posts `ROWS` events, `size` a request, `flight` requests at once. Answers how long it took.
async fn post(
    server: &Running,
    round: &str,
    status: &str,
    rows: usize,
    size: usize,
    flight: usize,
) -> Duration {
    let url = format!("http://{}/v1/events", server.address());
    let client = reqwest::Client::new();
    let bodies: Vec<String> = (0..rows)
        .step_by(size)
        .map(|from| {
            Value::from_iter((from..rows.min(from + size)).map(|n| event(round, n, status))).to_string()
        })
        .collect();
    let (bodies, next) = (Arc::new(bodies), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..flight {
        let (client, url, bodies, next) = (client.clone(), url.clone(), bodies.clone(), next.clone());
        tasks.spawn(async move {
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let request = client.post(&url).header("content-type", "application/json").body(body.clone());
                let response = request.send().await.expect("the server answers");
                assert!(response.status().is_success(), "{}", response.text().await.unwrap_or_default());
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a client ends well");
    }
    start.elapsed()
}

/// Rows a second of plain multi-row inserts of the same events, 1,000 a transaction.
async fn raw_sqlite(folder: &Path, round: &str) -> f64 {
    let url = format!("sqlite:{}?mode=rwc", folder.join(format!("raw-{round}.db")).display());
    let mut db = SqliteConnection::connect(&url).await.expect("a database");
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 CREATE TABLE raw (id TEXT PRIMARY KEY, subject TEXT, name TEXT, body TEXT, at TEXT) STRICT";
    sqlx::raw_sql(setup).execute(&mut db).await.expect("a table");
    let rows: Vec<(String, String, String)> = rows(round);
    let start = Instant::now();
    for chunk in rows.chunks(1_000) {
        let mut tx = db.begin().await.expect("a transaction");
        for (id, subject, body) in chunk {
            sqlx::query("INSERT INTO raw VALUES (?, ?, 'signed_up', ?, '2026-01-01T00:00:00Z')")
                .bind(id)
                .bind(subject)
                .bind(body)
                .execute(&mut *tx)
                .await
                .expect("a row");
        }
        tx.commit().await.expect("a commit");
    }
    *ROWS as f64 / start.elapsed().as_secs_f64()
}

async fn raw_postgres(url: &str, round: &str) -> f64 {
    let mut db = PgConnection::connect(url).await.expect("a connection");
    let setup = "DROP TABLE IF EXISTS raw; \
                 CREATE TABLE raw (id text PRIMARY KEY, subject text, name text, body json, at timestamptz)";
    sqlx::raw_sql(setup).execute(&mut db).await.expect("a table");
    let rows = rows(round);
    let start = Instant::now();
    for chunk in rows.chunks(1_000) {
        let ids: Vec<&str> = chunk.iter().map(|row| row.0.as_str()).collect();
        let subjects: Vec<&str> = chunk.iter().map(|row| row.1.as_str()).collect();
        let bodies: Vec<&str> = chunk.iter().map(|row| row.2.as_str()).collect();
        let insert = "INSERT INTO raw SELECT id, subject, 'signed_up', body::json, now() \
                      FROM UNNEST($1::text[], $2::text[], $3::text[]) AS r (id, subject, body)";
        sqlx::query(insert).bind(ids).bind(subjects).bind(bodies).execute(&mut db).await.expect("rows");
    }
    *ROWS as f64 / start.elapsed().as_secs_f64()
}

fn rows(round: &str) -> Vec<(String, String, String)> {
    let row = |n| {
        let event = event(round, n, "trial");
        (format!("{round}-{n}"), format!("{round}-c{n}"), event["data"].to_string())
    };
    (0..*ROWS).map(row).collect()
}

/// A new store, and the address for raw inserts beside it.
async fn open(kind: Kind, folder: &Path, cluster: &Cluster, round: &str) -> (Arc<dyn Store>, String) {
    match kind {
        Kind::Sqlite => {
            let path = folder.join(format!("{round}.db"));
            let store = SqliteStore::open(&path, &store::Options::default()).await;
            (Arc::new(store.expect("a store")), String::new())
        }
        Kind::Postgres => {
            let url = cluster.database(&format!("bench_{round}")).await.expect("a database");
            let store = PostgresStore::open(&url, &store::Options::default()).await;
            (Arc::new(store.expect("a store")), url)
        }
    }
}

/// What one round measured, per second.
#[derive(Clone, Copy)]
struct Measured {
    raw: f64,
    bulk: f64,
    single: f64,
    finished: f64,
}

async fn measure(kind: Kind, folder: &Path, cluster: &Cluster, round: &str, artifact: Vec<u8>) -> Measured {
    let (store, url) = open(kind, folder, cluster, round).await;
    let raw = match kind {
        Kind::Sqlite => raw_sqlite(folder, round).await,
        Kind::Postgres => raw_postgres(&url, round).await,
    };
    let server = Server::start(Options::caught(store.clone(), Outbox::new())).await.expect("a server");
    server.deploy(artifact, "bench").await.expect("rules that run");

    let per_second = |rows: usize, took: Duration| rows as f64 / took.as_secs_f64();
    let bulk = per_second(*ROWS, post(&server, &format!("{round}b"), "other", *ROWS, 1_000, 4).await);
    server.until_idle().await.expect("the store answers");
    let single = per_second(*ROWS / 4, post(&server, &format!("{round}s"), "other", *ROWS / 4, 1, 64).await);
    server.until_idle().await.expect("the store answers");

    let start = Instant::now();
    post(&server, &format!("{round}w"), "trial", *ROWS, 1_000, 4).await;
    server.until_idle().await.expect("the store answers");
    let finished = per_second(*ROWS, start.elapsed());
    let counts = store.counts().await.expect("the store answers");
    let runs: u64 = counts.runs.values().flat_map(|by| by.values()).sum();
    assert_eq!(runs, *ROWS as u64, "each event is a run");
    assert_eq!(counts.effects.values().sum::<u64>(), 2 * *ROWS as u64, "and two effects");
    server.stop().await.expect("an orderly end");
    Measured { raw, bulk, single, finished }
}

fn median(of: &[Measured], what: impl Fn(&Measured) -> f64) -> f64 {
    let mut values: Vec<f64> = of.iter().map(what).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    onward_runtime::install_tls();
    let compiled = onward_compiler::project::compile([("rules.onward", RULES)]);
    let verified = compiled.artifact.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let artifact = verified.artifact().encode().expect("bytes");
    let folder = tempfile::tempdir().expect("a folder");
    let cluster = Cluster::start().expect("a Postgres");

    let (rows, times) = (*ROWS, setting("ROUNDS", 3));
    println!("{rows} events a round, median of {times}; in brackets: times the raw inserts of the same run");
    println!(
        "{:<10} {:>12} {:>20} {:>20} {:>20}",
        "", "raw rows/s", "accepted/s, 1,000", "accepted/s, 1", "workflows/s"
    );
    let only = std::env::var("STORES").unwrap_or_default().to_lowercase();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        if !only.is_empty() && kind.name().to_lowercase() != only {
            continue;
        }
        let mut rounds = Vec::new();
        for round in 0..times {
            rounds.push(measure(kind, folder.path(), &cluster, &format!("r{round}"), artifact.clone()).await);
        }
        let raw = median(&rounds, |m| m.raw);
        let cell = |value: f64| format!("{value:.0} ({:.3})", value / raw);
        println!(
            "{:<10} {:>12.0} {:>20} {:>20} {:>20}",
            kind.name(),
            raw,
            cell(median(&rounds, |m| m.bulk)),
            cell(median(&rounds, |m| m.single)),
            cell(median(&rounds, |m| m.finished)),
        );
    }
}
