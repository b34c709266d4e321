//! Makes the request of an action: plain data for the dispatcher, with its secrets
//! in it, never to be stored. It must not know how requests are sent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Auth, Body, FunctionId, Length, Program, Scalar, Transport, Type, Value};
use serde_json::Value as Json;

use super::{Fault, Secrets, World, call};
use crate::model::Fields;

/// Names and values, in order.
pub type Pairs = Vec<(Arc<str>, Arc<str>)>;

/// What an action asks a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// An HTTP request.
    Http(Http),
    /// A mail.
    Mail(Mail),
}

/// An HTTP request.
#[derive(Clone, PartialEq, Eq)]
pub struct Http {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: Arc<str>,
    /// An absolute `http` or `https` URL.
    pub url: Arc<str>,
    /// Who we are.
    pub auth: Option<Credentials>,
    /// Further headers, without line breaks.
    pub headers: Pairs,
    /// What is sent.
    pub body: Payload,
    /// Secret key of a Standard Webhooks signature (standardwebhooks.com).
    pub sign: Option<Arc<str>>,
    /// How long to wait for an answer.
    pub timeout: Length,
}

/// HTTP authentication.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User name and password (RFC 7617).
    Basic(Arc<str>, Arc<str>),
    /// A token (RFC 6750).
    Bearer(Arc<str>),
    /// A token that the dispatcher fetches first, and keeps in memory until it expires.
    OAuth(OAuth),
}

/// How a token is fetched (RFC 6749). Never stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OAuth {
    /// The token endpoint's URL.
    pub url: Arc<str>,
    /// The client's id.
    pub client: Arc<str>,
    /// The client's secret.
    pub secret: Arc<str>,
    /// The refresh token (section 6); without it the client's own credentials are the grant (section 4.4).
    pub refresh: Option<Arc<str>>,
    /// The scope that is asked for.
    pub scope: Option<Arc<str>>,
}

/// What an HTTP request sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Nothing.
    Empty,
    /// `application/x-www-form-urlencoded`, not yet encoded.
    Form(Pairs),
    /// `multipart/form-data` (RFC 7578), not yet encoded: see [`multipart`].
    Multipart(Pairs),
    /// `application/json`.
    Json(Json),
    /// `text/plain; charset=utf-8`.
    Text(Arc<str>),
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Recipients, at least one.
    pub to: Vec<Arc<str>>,
    /// Sender, as `Name <address>`: the project's if the mail names none.
    pub from: Option<Arc<str>>,
    /// Subject, one line.
    pub subject: Arc<str>,
    /// Plain text.
    pub text: Arc<str>,
    /// HTML.
    pub html: Option<Arc<str>>,
    /// Where answers go.
    pub reply_to: Option<Arc<str>>,
}

/// Why an action's request cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmade {
    /// Its code stopped: a secret is not set, for example.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A part that must be there is missing.
    #[error("its {0} is missing")]
    Missing(&'static str),
    /// The URL is not one that a server may call.
    #[error("its url does not start with `https://` or `http://` and a host")]
    Url,
    /// A header or subject has a line break or another control character in it.
    #[error("its {0} has a line break in it")]
    LineBreak(Box<str>),
}

/// Makes the request of `action` with the arguments that an intent keeps. `now`
/// is the intent's `due`, so that each attempt makes the same request.
///
/// # Errors
///
/// [`Unmade`], with a sentence for the person who has to help.
pub fn render(
    program: &Program,
    action: &ActionDecl,
    arguments: &[Json],
    now: Timestamp,
    secrets: &Secrets<'_>,
) -> Result<Request, Unmade> {
    let nothing = BTreeMap::new();
    let world = World { secrets: Some(secrets), ..World::new(&nothing, now) };
    let args =
        arguments.iter().zip(&action.params).map(|(json, param)| Value::read(json, &param.ty)).collect();
    let parts = Parts { program, world, args };
    match &action.transport {
        Transport::Http { method, url, auth, headers, body, sign, timeout, .. } => Ok(Request::Http(Http {
            method: method.clone(),
            url: parts.url(*url)?,
            auth: auth.as_ref().map(|auth| parts.auth(auth)).transpose()?,
            headers: parts.headers(headers)?,
            body: parts.body(body)?,
            sign: sign.map(|key| parts.must(key, "signing key")).transpose()?,
            timeout: *timeout,
        })),
        Transport::Smtp { to, from, subject, text, html, reply_to } => {
            let (text, html) = (parts.text(*text)?, parts.text(*html)?);
            if text.is_none() && html.is_none() {
                return Err(Unmade::Missing("text"));
            }
            Ok(Request::Mail(Mail {
                to: parts.recipients(*to)?,
                from: parts.text(*from)?.or_else(|| program.project.sender.clone()),
                subject: one_line(&parts.text(*subject)?.unwrap_or_default()),
                text: text.unwrap_or_default(),
                html,
                reply_to: reply_to.map(|to| parts.text(to)).transpose()?.flatten(),
            }))
        }
    }
}

/// Reads what the action's `result` names out of the provider's answer; what is missing is left out.
///
/// # Errors
///
/// A [`Fault`].
pub fn result(program: &Program, action: &ActionDecl, body: &Json, now: Timestamp) -> Result<Fields, Fault> {
    let nothing = BTreeMap::new();
    let world = World::new(&nothing, now);
    let body = [Value::read(body, &Type::One(Scalar::Json))];
    let mut fields = Fields::new();
    for (field, function) in &action.result {
        let value = call(program, *function, &body, &world)?;
        if !value.is_missing() {
            fields.insert(field.name.to_string(), value.to_json());
        }
    }
    Ok(fields)
}

/// Whether the provider's answer proves that it took what was sent. An action that asks for no proof is content.
///
/// # Errors
///
/// A [`Fault`].
pub fn proves(program: &Program, action: &ActionDecl, body: &Json, now: Timestamp) -> Result<bool, Fault> {
    let Transport::Http { proof: Some(proof), .. } = &action.transport else { return Ok(true) };
    let nothing = BTreeMap::new();
    let body = [Value::read(body, &Type::One(Scalar::Json))];
    Ok(call(program, *proof, &body, &World::new(&nothing, now))? == Value::Bool(true))
}

/// The content type and the bytes of a `multipart/form-data` body (RFC 7578). The same
/// parts always give the same bytes.
#[must_use]
pub fn multipart(parts: &[(Arc<str>, Arc<str>)]) -> (String, Vec<u8>) {
    let mut hasher = blake3::Hasher::new();
    for (name, value) in parts {
        hasher.update(name.as_bytes()).update(b"\0").update(value.as_bytes()).update(b"\0");
    }
    // It cannot stand in a part: that part would hold its own hash.
    let boundary = format!("onward-{:.32}", hasher.finalize().to_hex());
    let mut body = String::new();
    for (name, value) in parts {
        // Names are percent-encoded as browsers do (RFC 7578, 4.2; WHATWG HTML, 4.10.22.8).
        let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        body.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n"));
        body.push_str(value);
        body.push_str("\r\n");
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    (format!("multipart/form-data; boundary={boundary}"), body.into_bytes())
}

/// The parts of one request.
struct Parts<'a> {
    program: &'a Program,
    world: World<'a>,
    args: Vec<Value>,
}

impl Parts<'_> {
    fn value(&self, function: FunctionId) -> Result<Value, Fault> {
        call(self.program, function, &self.args, &self.world)
    }

    fn text(&self, function: FunctionId) -> Result<Option<Arc<str>>, Fault> {
        match self.value(function)? {
            Value::Text(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    fn must(&self, function: FunctionId, part: &'static str) -> Result<Arc<str>, Unmade> {
        self.text(function)?.ok_or(Unmade::Missing(part))
    }

    fn url(&self, function: FunctionId) -> Result<Arc<str>, Unmade> {
        let url = Json::from(self.must(function, "url")?.trim());
        match Value::read(&url, &Type::One(Scalar::Url)) {
            Value::Text(url) => Ok(url),
            _ => Err(Unmade::Url),
        }
    }

    fn auth(&self, auth: &Auth) -> Result<Credentials, Unmade> {
        Ok(match auth {
            Auth::Basic(user, password) => {
                Credentials::Basic(self.must(*user, "user name")?, self.must(*password, "password")?)
            }
            Auth::Bearer(token) => Credentials::Bearer(self.must(*token, "token")?),
            Auth::OAuth(oauth) => Credentials::OAuth(OAuth {
                url: self.url(oauth.url)?,
                client: self.must(oauth.client, "client id")?,
                secret: self.must(oauth.secret, "client secret")?,
                refresh: oauth.refresh.map(|it| self.must(it, "refresh token")).transpose()?,
                scope: oauth.scope.map(|it| self.text(it)).transpose()?.flatten(),
            }),
        })
    }

    /// Names and texts; those that are missing are left out.
    fn pairs(&self, pairs: &[(Arc<str>, FunctionId)]) -> Result<Pairs, Fault> {
        let pair = |(name, function): &(Arc<str>, FunctionId)| {
            Ok(self.text(*function)?.map(|text| (name.clone(), text)))
        };
        pairs.iter().map(pair).filter_map(Result::transpose).collect()
    }

    fn headers(&self, headers: &[(Arc<str>, FunctionId)]) -> Result<Pairs, Unmade> {
        let headers = self.pairs(headers)?;
        match headers.iter().find(|(_, value)| value.contains(char::is_control)) {
            Some((name, _)) => Err(Unmade::LineBreak(format!("header `{name}`").into())),
            None => Ok(headers),
        }
    }

    fn body(&self, body: &Body) -> Result<Payload, Unmade> {
        Ok(match body {
            Body::Empty => Payload::Empty,
            Body::Form(pairs) => Payload::Form(self.pairs(pairs)?),
            Body::Multipart(pairs) => Payload::Multipart(self.pairs(pairs)?),
            Body::Json(function) => match self.value(*function)? {
                Value::Missing => return Err(Unmade::Missing("body")),
                value => Payload::Json(value.to_json()),
            },
            Body::Text(function) => Payload::Text(self.must(*function, "body")?),
        })
    }

    fn recipients(&self, to: FunctionId) -> Result<Vec<Arc<str>>, Unmade> {
        let to = match self.value(to)? {
            Value::List(items) => items.to_vec(),
            _ => Vec::new(),
        };
        let address = |item| if let Value::Text(address) = item { Some(address) } else { None };
        let to: Vec<Arc<str>> = to.into_iter().filter_map(address).filter(|a| !a.trim().is_empty()).collect();
        if to.is_empty() { Err(Unmade::Missing("recipient")) } else { Ok(to) }
    }
}

/// A text with its white space, line breaks too, as single spaces.
fn one_line(text: &str) -> Arc<str> {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .into()
}

impl fmt::Debug for Http {
    /// Without what may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for OAuth {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}
