//! Tokens that are fetched by OAuth 2.0 (RFC 6749): by a client's own credentials (section 4.4) or a refresh
//! token (section 6). Each is kept until it expires; one task fetches it, the others wait for it.
//!
//! It must not know actions or intents. Neither tokens nor secrets are ever told or written down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onward_engine::vm::request::OAuth;
use reqwest::{Client, Url};
use serde_json::Value as Json;

/// So much before it expires a token is fetched anew.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token is kept whose provider does not say how long it lasts (section 5.1).
const USUAL: Duration = Duration::from_secs(300);
/// How long a token endpoint may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// The tokens of one process, by a hash of the credentials that they are for.
#[derive(Default)]
pub(super) struct Tokens {
    slots: Mutex<BTreeMap<[u8; 32], Slot>>,
}

/// One credential's token. Whoever fetches it holds the lock.
type Slot = Arc<tokio::sync::Mutex<Held>>;

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// The refresh token that the provider gave in place of the one in the settings (section 6).
    refresh: Option<Arc<str>>,
}

#[derive(Clone)]
struct Token {
    text: Arc<str>,
    until: Instant,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoToken {
    /// The credentials are not accepted.
    Refused(String),
    /// It may work later.
    Failed(String),
}

impl Tokens {
    /// A token for these credentials: the one at hand, or a new one.
    pub(super) async fn get(&self, client: &Client, oauth: &OAuth) -> Result<Arc<str>, NoToken> {
        let slot = self.slot(oauth);
        let mut held = slot.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| Instant::now() < token.until) {
            return Ok(token.text.clone());
        }
        let refresh = held.refresh.clone().or_else(|| oauth.refresh.clone());
        let (token, refresh) = fetch(client, oauth, refresh.as_deref()).await?;
        let text = token.text.clone();
        held.token = Some(token);
        if refresh.is_some() {
            held.refresh = refresh;
        }
        Ok(text)
    }

    /// Forgets a token that a provider did not accept, unless there is another one by now.
    pub(super) async fn drop_token(&self, oauth: &OAuth, text: &str) {
        let slot = self.slot(oauth);
        let mut held = slot.lock().await;
        if held.token.as_ref().is_some_and(|token| *token.text == *text) {
            held.token = None;
        }
    }

    fn slot(&self, oauth: &OAuth) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(name(oauth)).or_default().clone()
    }
}

/// What stands for credentials.
fn name(oauth: &OAuth) -> [u8; 32] {
    let nothing: Arc<str> = "".into();
    let refresh = oauth.refresh.as_ref().unwrap_or(&nothing);
    let scope = oauth.scope.as_ref().unwrap_or(&nothing);
    let mut hasher = blake3::Hasher::new();
    for part in [&oauth.url, &oauth.client, &oauth.secret, refresh, scope] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Asks the token endpoint. The client names itself in the body (section 2.3.1): every provider reads that.
async fn fetch(
    client: &Client,
    oauth: &OAuth,
    refresh: Option<&str>,
) -> Result<(Token, Option<Arc<str>>), NoToken> {
    let url = Url::parse(&oauth.url)
        .map_err(|error| NoToken::Refused(format!("its token url cannot be used: {error}")))?;
    let mut form = match refresh {
        Some(refresh) => vec![("grant_type", "refresh_token"), ("refresh_token", refresh)],
        None => vec![("grant_type", "client_credentials")],
    };
    form.extend(oauth.scope.as_deref().map(|scope| ("scope", scope)));
    form.extend([("client_id", &*oauth.client), ("client_secret", &*oauth.secret)]);
    let asked = Instant::now();
    let request = client.post(url).timeout(PATIENCE).header("accept", "application/json");
    let answer = request.form(&form).send().await;
    // Neither the url nor the answer is quoted: they may hold secrets.
    let failed = |what: &str| NoToken::Failed(format!("no token could be fetched: {what}"));
    let response = answer.map_err(|_| failed("the token endpoint does not answer"))?;
    let status = response.status();
    let body: Json = match response.bytes().await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or(Json::Null),
        Err(_) => return Err(failed("the token endpoint's answer broke off")),
    };
    if status.is_client_error() && status.as_u16() != 429 {
        // Section 5.2: `invalid_client`, `invalid_grant`, and so on.
        let why = body.get("error").and_then(Json::as_str).unwrap_or("no reason is given");
        let why: String = why.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
        return Err(NoToken::Refused(format!("no token is given: {} {why}", status.as_u16())));
    }
    let text = body.get("access_token").and_then(Json::as_str).filter(|_| status.is_success());
    let text = text.ok_or_else(|| failed(&format!("the token endpoint answers {}", status.as_u16())))?;
    let lasts = body.get("expires_in").and_then(seconds).map_or(USUAL, Duration::from_secs);
    // One that lasts no longer than that is used for what is at hand.
    let until = asked + lasts.saturating_sub(EARLY);
    let renewed = body.get("refresh_token").and_then(Json::as_str).map(Arc::from);
    Ok((Token { text: text.into(), until }, renewed))
}

/// Some providers write the number as a text.
fn seconds(json: &Json) -> Option<u64> {
    let number = json.as_u64().or_else(|| json.as_str()?.parse().ok())?;
    Some(number.min(30 * 86_400))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::extract::State;
    use axum::http::StatusCode;
    use axum::routing::post;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    type Asked = Arc<(AtomicUsize, Mutex<Vec<String>>)>;

    async fn endpoint(State(asked): State<Asked>, body: String) -> (StatusCode, String) {
        let number = asked.0.fetch_add(1, Ordering::SeqCst);
        asked.1.lock().unwrap().push(body.clone());
        if body.contains("wrong") {
            return (StatusCode::UNAUTHORIZED, json!({"error": "invalid_client"}).to_string());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        let lasts = if body.contains("scope=short") { 1 } else { 3600 };
        let answer =
            json!({"access_token": format!("t{number}"), "expires_in": lasts, "refresh_token": "next"});
        (StatusCode::OK, answer.to_string())
    }

    async fn provider() -> (Asked, String) {
        crate::install_tls();
        let asked = Asked::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let app = Router::new().route("/token", post(endpoint)).with_state(asked.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (asked, url)
    }

    fn oauth(url: &str) -> OAuth {
        let (client, secret) = ("me".into(), "s3cret".into());
        OAuth { url: url.into(), client, secret, refresh: None, scope: None }
    }

    #[tokio::test]
    async fn one_token_serves_all_until_it_is_refused() {
        let (asked, url) = provider().await;
        let (tokens, client, oauth) = (Arc::new(Tokens::default()), Client::new(), oauth(&url));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (tokens, client, oauth) = (tokens.clone(), client.clone(), oauth.clone());
            tasks.spawn(async move { tokens.get(&client, &oauth).await.unwrap().to_string() });
        }
        assert_eq!(tasks.join_all().await, vec!["t0"; 8], "one fetches it");
        tokens.drop_token(&oauth, "t0").await;
        assert_eq!(&*tokens.get(&client, &oauth).await.unwrap(), "t1");
        tokens.drop_token(&oauth, "t0").await;
        assert_eq!(
            &*tokens.get(&client, &oauth).await.unwrap(),
            "t1",
            "an old refusal says nothing of a new token"
        );
        assert!(asked.1.lock().unwrap()[0].starts_with("grant_type=client_credentials"));
    }

    #[tokio::test]
    async fn a_refresh_token_is_followed() {
        let (asked, url) = provider().await;
        let oauth = OAuth { refresh: Some("first".into()), scope: Some("short".into()), ..oauth(&url) };
        let (tokens, client) = (Tokens::default(), Client::new());
        for _ in 0..2 {
            tokens.get(&client, &oauth).await.unwrap();
        }
        let asked = asked.1.lock().unwrap();
        assert!(asked[0].starts_with("grant_type=refresh_token&refresh_token=first"), "{asked:?}");
        assert!(asked[1].contains("refresh_token=next"), "what has expired is fetched anew: {asked:?}");
    }

    #[tokio::test]
    async fn wrong_credentials_are_told_without_them() {
        let (_, url) = provider().await;
        let oauth = OAuth { secret: "wrong".into(), ..oauth(&url) };
        let error = Tokens::default().get(&Client::new(), &oauth).await.unwrap_err();
        assert_eq!(error, NoToken::Refused("no token is given: 401 invalid_client".into()));
        let gone = OAuth { url: "http://127.0.0.1:1/token".into(), ..oauth };
        let error = Tokens::default().get(&Client::new(), &gone).await.unwrap_err();
        assert!(matches!(error, NoToken::Failed(_)), "{error:?}");
    }
}
