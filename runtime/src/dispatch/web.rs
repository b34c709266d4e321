//! Carries HTTP requests, and says of each whether it arrived.
//!
//! No redirect is followed: a call with somebody's data and credentials goes where
//! the rule sends it, or nowhere.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Length, StatusRange, Transport, Unsure};
use onward_engine::vm::request::{Credentials, Http, OAuth, Payload, multipart};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::Value as Json;

use super::courier::{Call, Delivery};
use super::token::{NoToken, Tokens};
use super::{retry_after, sign};

/// How long a connection may take to be made at most; half of the action's time if that is shorter,
/// so that what never connected is told apart from what was not answered.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it may take at least.
const SHORTEST_CONNECT: Duration = Duration::from_millis(500);
/// The longest time that an action may wait for an answer.
const LONGEST: Duration = Duration::from_secs(120);
/// So much of an answer is read.
const ANSWER: usize = 64 << 10;
/// So much of a refusal's text is kept.
const QUOTE: usize = 300;
/// `draft-ietf-httpapi-idempotency-key-header`.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Talks HTTP to providers.
pub(super) struct Web {
    /// By the time that a connection may take, which belongs to a client and not to a request.
    clients: Mutex<BTreeMap<Duration, Client>>,
    tokens: Tokens,
}

impl Web {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let usual = BTreeMap::from([(CONNECT, client(CONNECT)?)]);
        Ok(Self { clients: Mutex::new(usual), tokens: Tokens::default() })
    }

    fn client(&self, connect: Duration) -> Result<Client, reqwest::Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&connect) {
            return Ok(client.clone());
        }
        let client = client(connect)?;
        clients.insert(connect, client.clone());
        Ok(client)
    }

    pub(super) async fn send(&self, http: &Http, call: &Call<'_>) -> Delivery {
        let patience = patience(http.timeout);
        let client = match self.client((patience / 2).clamp(SHORTEST_CONNECT, CONNECT)) {
            Ok(client) => client,
            Err(error) => {
                return Delivery::failed(format!("no HTTP client can be made: {}", innermost(&error)));
            }
        };
        let Some(Credentials::OAuth(oauth)) = &http.auth else {
            return match ask(&client, http, None, call).await {
                Ok(response) => judge(response, call.action, call.now).await,
                Err(delivery) => delivery,
            };
        };
        self.send_with_token(&client, http, oauth, call).await
    }

    /// With a token that the provider does not accept it is tried once more, with a new one.
    async fn send_with_token(
        &self,
        client: &Client,
        http: &Http,
        oauth: &OAuth,
        call: &Call<'_>,
    ) -> Delivery {
        let mut last = Delivery::failed("no token was accepted");
        for _ in 0..2 {
            let token = match self.tokens.get(client, oauth).await {
                Ok(token) => token,
                Err(NoToken::Refused(why)) => return Delivery::refused(why),
                Err(NoToken::Failed(why)) => return Delivery::failed(why),
            };
            let response = match ask(client, http, Some(&token), call).await {
                Ok(response) => response,
                Err(delivery) => return delivery,
            };
            let refused = response.status() == StatusCode::UNAUTHORIZED;
            last = judge(response, call.action, call.now).await;
            if !refused {
                break;
            }
            self.tokens.drop_token(oauth, &token).await;
        }
        last
    }
}

/// The provider's answer, or what it means that none came.
async fn ask(
    client: &Client,
    http: &Http,
    token: Option<&str>,
    call: &Call<'_>,
) -> Result<Response, Delivery> {
    let request = request(client, http, token, call).map_err(Delivery::refused)?;
    let request = request.timeout(patience(http.timeout)).build();
    match request {
        Ok(request) => client.execute(request).await,
        Err(error) => Err(error),
    }
    .map_err(|error| lost(&error))
}

fn client(connect: Duration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("onward/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn request(
    client: &Client,
    http: &Http,
    token: Option<&str>,
    call: &Call<'_>,
) -> Result<RequestBuilder, String> {
    let method =
        Method::from_bytes(http.method.as_bytes()).map_err(|_| format!("`{}` is no method", http.method))?;
    let url = Url::parse(&http.url).map_err(|error| format!("its url cannot be used: {error}"))?;
    let (body, kind) = body(&http.body)?;
    let mut request = client.request(method, url).headers(headers(http, call, kind, &body)?);
    request = match &http.auth {
        Some(Credentials::Basic(user, password)) => request.basic_auth(user, Some(password)),
        Some(Credentials::Bearer(token)) => request.bearer_auth(token),
        Some(Credentials::OAuth(_)) | None => request,
    };
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if !matches!(http.body, Payload::Empty) {
        request = request.body(body);
    }
    Ok(request)
}

/// How long a call may take.
pub(super) fn patience(timeout: Length) -> Duration {
    let millis = timeout.nominal_millis().clamp(1, LONGEST.as_millis() as i128);
    Duration::from_millis(u64::try_from(millis).unwrap_or(1))
}

fn body(payload: &Payload) -> Result<(Vec<u8>, Option<Cow<'static, str>>), String> {
    match payload {
        Payload::Empty => Ok((Vec::new(), None)),
        Payload::Text(text) => Ok((text.as_bytes().to_vec(), Some("text/plain; charset=utf-8".into()))),
        Payload::Json(json) => serde_json::to_vec(json)
            .map(|bytes| (bytes, Some("application/json".into())))
            .map_err(|error| format!("its body cannot be written: {error}")),
        Payload::Multipart(pairs) => {
            let (kind, bytes) = multipart(pairs);
            Ok((bytes, Some(kind.into())))
        }
        Payload::Form(pairs) => {
            // A URL's query is written as a form is (URL Standard, section 5.2).
            let mut url = Url::parse("http://form").map_err(|error| error.to_string())?;
            url.query_pairs_mut().extend_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)));
            let form = url.query().unwrap_or_default();
            Ok((form.as_bytes().to_vec(), Some("application/x-www-form-urlencoded".into())))
        }
    }
}

fn headers(
    http: &Http,
    call: &Call<'_>,
    kind: Option<Cow<'static, str>>,
    body: &[u8],
) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, value("content-type", &kind)?);
    }
    let key = &*call.intent.key;
    headers.insert(IDEMPOTENCY_KEY, value("idempotency-key", key)?);
    for (name, text) in &http.headers {
        headers.insert(header_name(name)?, value(name, text)?);
    }
    if let Unsure::RetryWithKey(name) = &call.action.unsure {
        headers.insert(header_name(name)?, value(name, key)?);
    }
    if let Some(secret) = &http.sign {
        for (name, text) in sign::headers(secret, key, call.now, body).map_err(|error| error.to_string())? {
            headers.insert(HeaderName::from_static(name), value(name, &text)?);
        }
    }
    Ok(headers)
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))
}

/// Its text is not quoted: it may be a secret.
fn value(name: &str, text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| format!("the value of header `{name}` has characters that no header may have"))
}

/// What the provider's answer means.
async fn judge(mut response: Response, action: &ActionDecl, now: Timestamp) -> Delivery {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok());
    let retry_after = asked.and_then(|header| retry_after::read(header, now));
    let target = response.headers().get(LOCATION).and_then(|header| header.to_str().ok()).map(host_of);
    let answer = read(&mut response).await;
    match meaning(status, action) {
        Meaning::Accepted => {
            let body = serde_json::from_slice(&answer.bytes).unwrap_or(Json::Null);
            let cut = match answer.end {
                End::Whole => "",
                End::Cut => "; the rest of the answer was not read",
                End::Broken => "; the answer broke off",
            };
            Delivery::Accepted { detail: format!("{}{cut}", status.as_u16()), body }
        }
        Meaning::Again => Delivery::Failed { detail: said(status, &answer.bytes), retry_after },
        Meaning::Redirect => {
            let to = target.map(|host| format!(" to {host}")).unwrap_or_default();
            Delivery::refused(format!(
                "{}: the provider redirects{to}, and redirects are not followed; use the new address in the rule",
                status.as_u16()
            ))
        }
        Meaning::Refused => Delivery::refused(said(status, &answer.bytes)),
    }
}

enum Meaning {
    Accepted,
    Again,
    Redirect,
    Refused,
}

fn meaning(status: StatusCode, action: &ActionDecl) -> Meaning {
    let Transport::Http { expect, retry, .. } = &action.transport else { return Meaning::Refused };
    let accepted = if expect.is_empty() { status.is_success() } else { within(status, expect) };
    let again = if retry.is_empty() {
        status.is_server_error()
            || status == StatusCode::REQUEST_TIMEOUT
            || status == StatusCode::TOO_MANY_REQUESTS
    } else {
        within(status, retry)
    };
    match () {
        () if accepted => Meaning::Accepted,
        () if again => Meaning::Again,
        () if status.is_redirection() => Meaning::Redirect,
        () => Meaning::Refused,
    }
}

fn within(status: StatusCode, ranges: &[StatusRange]) -> bool {
    ranges.iter().any(|range| (range.first..=range.last).contains(&status.as_u16()))
}

struct Answer {
    bytes: Vec<u8>,
    end: End,
}

enum End {
    Whole,
    Cut,
    Broken,
}

/// The status has come: whatever happens to the body, the call arrived.
async fn read(response: &mut Response) -> Answer {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return Answer { bytes, end: End::Whole },
            Err(_) => return Answer { bytes, end: End::Broken },
        }
        if bytes.len() > ANSWER {
            bytes.truncate(ANSWER);
            return Answer { bytes, end: End::Cut };
        }
    }
}

/// The status and the start of what the provider says, in one line.
fn said(status: StatusCode, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line: String = words.join(" ").chars().take(QUOTE).collect();
    if line.is_empty() { status.as_u16().to_string() } else { format!("{}: {line}", status.as_u16()) }
}

fn host_of(location: &str) -> String {
    Url::parse(location)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "another path".to_owned())
}

/// What it means that no answer came. The URL is not quoted: it may hold a secret.
fn lost(error: &reqwest::Error) -> Delivery {
    if error.is_connect() {
        return Delivery::failed(format!("no connection: {}", innermost(error)));
    }
    if error.is_builder() {
        return Delivery::refused(format!("the request cannot be made: {}", innermost(error)));
    }
    if error.is_timeout() {
        return Delivery::unsure("the request was sent, and no answer came in time");
    }
    Delivery::unsure(format!("the connection broke after the request was sent: {}", innermost(error)))
}

/// The last cause of an error, which is the one that says something.
fn innermost(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else { return "it is not well formed".to_owned() };
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use onward_bytecode::{Body, EntityId, FunctionId, Hash, Project};
    use onward_engine::model::Intent;
    use onward_engine::vm::request::Request;
    use tokio::net::TcpListener;

    use super::*;

    fn action(timeout: Length) -> ActionDecl {
        ActionDecl {
            name: "call".into(),
            params: Vec::new(),
            transport: Transport::Http {
                method: "POST".into(),
                url: FunctionId(0),
                auth: None,
                headers: Vec::new(),
                body: Body::Empty,
                sign: None,
                expect: Vec::new(),
                proof: None,
                retry: Vec::new(),
                timeout,
            },
            result: Vec::new(),
            unsure: Unsure::Park,
            channel: None,
            docs: "".into(),
        }
    }

    fn intent() -> Intent {
        Intent {
            key: "k".into(),
            run: "r".into(),
            workflow: "w".into(),
            step: "s".into(),
            subject: EntityId::new("contact", "ana"),
            program: Hash([0; 32]),
            action: "call".into(),
            arguments: Vec::new(),
            due: Timestamp::UNIX_EPOCH,
            channel: None,
            draft: None,
            failure: onward_bytecode::OnFailure::Park,
        }
    }

    async fn sent(url: String, millis: i64) -> Delivery {
        crate::install_tls();
        let timeout = Length { millis, ..Length::default() };
        let http = Http {
            method: "POST".into(),
            url: url.into(),
            auth: None,
            headers: Vec::new(),
            body: Payload::Empty,
            sign: None,
            timeout,
        };
        let project = Project { name: "p".into(), timezone: "UTC".into(), sender: None, smtp: None };
        let request = Request::Http(http.clone());
        let call = Call {
            request: &request,
            intent: &intent(),
            action: &action(timeout),
            project: &project,
            attempt: 1,
            now: Timestamp::UNIX_EPOCH,
        };
        Web::new().unwrap().send(&http, &call).await
    }

    #[tokio::test]
    async fn a_call_that_is_not_answered_may_have_arrived() {
        // Connections are made by the system, and nobody reads what comes.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        assert_eq!(sent(url, 20).await, Delivery::unsure("the request was sent, and no answer came in time"));
    }

    #[tokio::test]
    async fn what_never_connected_did_not_arrive() {
        for url in ["http://127.0.0.1:1", "http://no-such-host.invalid"] {
            let delivery = sent(url.to_owned(), 10_000).await;
            assert!(matches!(&delivery, Delivery::Failed { .. }), "{url}: {delivery:?}");
        }
    }

    #[test]
    fn patience_has_limits() {
        let wait = |millis| patience(Length { millis, ..Length::default() });
        assert_eq!(wait(30_000), Duration::from_secs(30));
        assert_eq!(wait(-5), Duration::from_millis(1));
        assert_eq!(patience(Length { days: 30, ..Length::default() }), LONGEST);
    }
}
