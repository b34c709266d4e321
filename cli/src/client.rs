//! The other end of the HTTP API: how commands talk to a server.
//!
//! It must not know what the answers mean; commands read them.

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::json;

/// Which server, and who we are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Connection {
    /// The server's address
    #[arg(long, env = "ONWARD_URL", default_value = "http://127.0.0.1:4700", value_name = "URL")]
    pub(crate) url: String,
    /// One of the server's API keys
    #[arg(long, env = "ONWARD_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// A server that can be asked.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    url: String,
    key: Option<String>,
    http: reqwest::Client,
}

/// What a request carries.
pub(crate) enum Body {
    /// A JSON value.
    Json(Value),
    /// Lines of JSON.
    Lines(String),
    /// An artifact.
    Bytes(Vec<u8>),
}

/// An answer: its status, and its JSON if it is some.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON; null if the body was none.
    pub(crate) body: Value,
}

impl Connection {
    /// Makes a client; talks to nobody yet.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.url, self.key.clone())
    }
}

impl Client {
    /// A client of the server at `url`.
    pub(crate) fn new(url: &str, key: Option<String>) -> Result<Self, Failure> {
        let url = url.trim_end_matches('/');
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(Failure::usage(
                format!("`{url}` is not the address of a server"),
                "write it like `http://127.0.0.1:4700` or `https://onward.example.com`",
            ));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(120))
            .user_agent(concat!("onward/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::unreachable(format!("cannot make an HTTP client: {error}"), ""))?;
        Ok(Self { url: url.to_owned(), key, http })
    }

    /// The server's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `GET path?query`; what is `None` in the query is left out.
    pub(crate) async fn get<Q: Serialize + Sync + ?Sized>(
        &self,
        path: &str,
        query: &Q,
    ) -> Result<Value, Failure> {
        let request = self.http.get(format!("{}{path}", self.url)).query(query);
        self.accepted(self.send(request).await?)
    }

    /// `POST path`; any answer but success is a failure.
    pub(crate) async fn post(&self, path: &str, body: Body) -> Result<Value, Failure> {
        self.accepted(self.answer(path, body).await?)
    }

    /// `PATCH path`; any answer but success is a failure.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.http.patch(format!("{}{path}", self.url)).json(body);
        self.accepted(self.send(request).await?)
    }

    /// `POST path`; what the server refuses by 422 is an answer too.
    pub(crate) async fn answer(&self, path: &str, body: Body) -> Result<Answer, Failure> {
        let request = self.http.post(format!("{}{path}", self.url));
        self.send(match body {
            Body::Json(value) => request.json(&value),
            Body::Lines(lines) => request.header("content-type", "application/x-ndjson").body(lines),
            Body::Bytes(bytes) => request.header("content-type", "application/octet-stream").body(bytes),
        })
        .await
    }

    /// What the server says the time is, in the header of an answer to `GET path`.
    pub(crate) async fn date(&self, path: &str) -> Result<Option<String>, Failure> {
        let response =
            self.http.get(format!("{}{path}", self.url)).send().await.map_err(|error| self.lost(&error))?;
        Ok(response.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned))
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.lost(&error))?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(|error| self.lost(&error))?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    fn lost(&self, error: &reqwest::Error) -> Failure {
        if error.is_builder() {
            let help = "write the address like `http://127.0.0.1:4700` or `https://onward.example.com`";
            return Failure::usage(format!("`{}` is not the address of a server", self.url), help);
        }
        Failure::unreachable(
            format!("cannot reach the server at {}: {}", self.url, innermost(error)),
            "start one with `onward serve`, or name another by --url or ONWARD_URL",
        )
    }

    fn accepted(&self, answer: Answer) -> Result<Value, Failure> {
        if (200..300).contains(&answer.status) { Ok(answer.body) } else { Err(self.refusal(&answer)) }
    }

    /// What an answer that is no success says, as a failure.
    pub(crate) fn refusal(&self, answer: &Answer) -> Failure {
        let error = json::member(&answer.body, "error");
        let said = json::member(error, "message").as_str().map(str::to_owned);
        let help = json::text(error, "help").to_owned();
        match answer.status {
            401 | 403 => Failure::refused(
                said.unwrap_or_else(|| format!("the server at {} does not know this key", self.url)),
                "give one of the server's ONWARD_API_KEYS by --key or ONWARD_KEY",
            ),
            404 if said.is_none() => Failure::refused(
                format!("the server at {} does not know this request", self.url),
                "is it an Onward server of this version?",
            ),
            500.. => Failure::unreachable(
                format!("the server failed: {}", said.unwrap_or_else(|| format!("status {}", answer.status))),
                if help.is_empty() { "look at the server's log".to_owned() } else { help },
            ),
            status => {
                Failure::refused(said.unwrap_or_else(|| format!("the server refused: status {status}")), help)
            }
        }
    }
}

/// The last cause of an error, which is the one that says something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// Runs a command that talks to others.
pub(crate) fn block<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Failure::unreachable(format!("cannot start threads: {error}"), "is the machine out of memory?")
    })?;
    runtime.block_on(work)
}
