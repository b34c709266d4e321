//! A server to try things on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use onward_runtime::cluster::Cluster;
use onward_runtime::dispatch::{Limits, MailServer, Network};
use onward_runtime::store;
use onward_runtime::{Access, Clock, Options, Outbox, Running, Secrets, Server};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "key";

/// What is declared in every test.
pub(crate) const EVENTS: &str = r#"
event order_placed about contact {
  number: number
  plan: "free" | "pro"?
  at: time?
}
event deal_won about deal { value: number }
entity deal { stage: text }
entity contact { score: number }
"#;

/// A server with what it stands on.
pub(crate) struct Bed {
    pub(crate) server: Running,
    pub(crate) outbox: Outbox,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

/// Where requests go.
pub(crate) enum Road {
    /// Into the outbox.
    Caught,
    /// To providers; mail to this port.
    Sent(Option<u16>),
    /// Nowhere: this node leaves them to others.
    Held,
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Bed {
    /// A server of these rules that sends nothing.
    pub(crate) async fn dev(rules: &str) -> Self {
        Self::start(rules, Road::Caught).await
    }

    pub(crate) async fn start(rules: &str, road: Road) -> Self {
        onward_runtime::install_tls();
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&address(folder.path()).await, &store::Options::default()).await.unwrap();
        let outbox = Outbox::new();
        let secrets = Secrets::new(|name| match name {
            "WEBHOOK_SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            "TOKEN" => Some("t0ken".to_owned()),
            "SHOPIFY_SECRET" | "STRIPE_WEBHOOK_SECRET" | "TWILIO_TOKEN" => Some(format!("the {name}")),
            "RESEND_WEBHOOK_SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            "NEW_KEY" | "OLD_KEY" | "USER" | "PASSWORD" => Some(format!("the {name}")),
            _ => None,
        });
        let options = match road {
            Road::Caught => Options::caught(store, outbox.clone()),
            Road::Held => {
                let limits = Limits { http: 0, smtp: 0, ..Limits::default() };
                Options { limits, ..Options::caught(store, outbox.clone()) }
            }
            Road::Sent(port) => {
                let mail = port.map(|port| format!("smtp://127.0.0.1:{port}").parse::<MailServer>().unwrap());
                Options::new(store, Arc::new(Network::new(secrets.clone(), mail).unwrap()))
            }
        };
        let server = Server::start(Options {
            clock: Clock::manual(noon()),
            access: Access::Keys(vec!["other".to_owned(), KEY.to_owned()]),
            secrets,
            grace: Duration::from_secs(5),
            ..options
        })
        .await
        .unwrap();
        let bed = Self { server, outbox, client: reqwest::Client::new(), _folder: folder };
        if !rules.is_empty() {
            bed.server.deploy(compiled(&format!("{EVENTS}\n{rules}")), "test").await.unwrap();
        }
        bed
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    pub(crate) async fn send(
        &self,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> Answer {
        let request = request(&self.client, &self.url(""));
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status} is no JSON: {text}"));
        Answer { status, body }
    }

    /// An answer that need not be JSON: its status, its type and its text.
    pub(crate) async fn plain(
        &self,
        request: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> (u16, String, String) {
        let response = request(&self.client, &self.url("")).send().await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        (status, kind.unwrap_or_default(), response.text().await.unwrap())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.text(path, "application/json", &body.to_string()).await
    }

    pub(crate) async fn text(&self, path: &str, kind: &str, body: &str) -> Answer {
        self.bytes(path, kind, body.as_bytes().to_vec()).await
    }

    pub(crate) async fn bytes(&self, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        self.send(|client, url| {
            client.post(format!("{url}{path}")).bearer_auth(KEY).header("content-type", kind).body(body)
        })
        .await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(|client, url| client.patch(format!("{url}{path}")).bearer_auth(KEY).json(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(|client, url| client.get(format!("{url}{path}")).bearer_auth(KEY)).await
    }

    /// Sends an order of Ana's, and waits until it is worked out.
    pub(crate) async fn order(&self, number: u32) {
        let event = json!({"event": "order_placed", "contact": ana(), "data": {"number": number}});
        let answer = self.post("/v1/events", &event).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (200, &json!(1)), "{answer:?}");
        self.server.until_idle().await.unwrap();
    }

    /// The one run that there is.
    pub(crate) async fn run(&self) -> Value {
        let runs = self.get("/v1/runs").await.body;
        let id = runs["runs"][0]["id"].as_str().unwrap_or_else(|| panic!("no run: {runs}"));
        self.get(&format!("/v1/runs/{id}")).await.body
    }

    /// Moves the clock on, and waits until all that was due is done.
    pub(crate) async fn pass(&self, seconds: i64) {
        let target = self.server.clock().now() + jiff::SignedDuration::from_secs(seconds);
        self.server.jump(target).await.unwrap();
    }
}

/// A store of the test's own: SQLite, or Postgres if ONWARD_TEST_STORE says so.
async fn address(folder: &Path) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    if std::env::var("ONWARD_TEST_STORE").is_ok_and(|store| store == "postgres") {
        let name = format!("server_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        return Cluster::start().unwrap().database(&name).await.unwrap();
    }
    folder.join("onward.db").display().to_string()
}

pub(crate) fn ana() -> Value {
    json!({"id": "ana", "email": "ana@example.com", "first_name": "Ana"})
}

pub(crate) fn noon() -> Timestamp {
    "2026-03-06T12:00:00Z".parse().unwrap()
}

/// The bytes of a program.
pub(crate) fn compiled(rules: &str) -> Vec<u8> {
    compiled_with("", rules)
}

/// The bytes of a program, with more settings.
pub(crate) fn compiled_with(more: &str, rules: &str) -> Vec<u8> {
    let settings = "[project]\nname = \"test\"\ntimezone = \"UTC\"\nsender = \"Acme <hello@acme.example>\"\n";
    let settings = format!("{settings}{more}");
    let compiled =
        onward_compiler::project::compile([("onward.toml", settings.as_str()), ("rules.onward", rules)]);
    let Some(artifact) = &compiled.artifact else { panic!("{:#?}", compiled.diagnostics) };
    artifact.artifact().encode().unwrap()
}
