//! Carries mail by SMTP (RFC 5321), and says of each mail whether it arrived.
//!
//! What breaks before the mail's text is sent certainly did not arrive; what breaks
//! after that may have. A mail's Message-ID is made of its effect's key, so that it
//! is the same on each attempt.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::{Address, Message};
use onward_engine::vm::request::Mail;
use serde_json::Value as Json;

use super::courier::{Call, Delivery};
use super::mail_server::{MailServer, Security};

/// Until the server asks for the mail's text.
const ENVELOPE: Duration = Duration::from_secs(20);
/// Until the server has taken the mail's text.
const TEXT: Duration = Duration::from_secs(40);
/// The longest that a mail can be out.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
/// So long a connection is kept for the next mail; servers keep theirs for minutes.
const IDLE: Duration = Duration::from_secs(30);
/// So many unused connections to one server are kept.
const KEPT: usize = 8;

/// Talks SMTP to mail servers, and keeps connections for the next mail.
#[derive(Default)]
pub(super) struct Post {
    idle: Mutex<BTreeMap<MailServer, Vec<Idle>>>,
}

struct Idle {
    line: AsyncSmtpConnection,
    since: Instant,
}

/// A mail ready to be sent.
struct Letter {
    from: Address,
    to: Vec<Address>,
    bytes: Vec<u8>,
}

/// Why the server did not ask for the mail's text.
enum Stop {
    /// The server said no.
    Refused(String),
    /// It may work later.
    Failed(String),
    /// A kept connection was closed by then.
    Stale,
}

impl Post {
    pub(super) async fn send(&self, server: &MailServer, mail: &Mail, call: &Call<'_>) -> Delivery {
        let letter = match letter(mail, call) {
            Ok(letter) => letter,
            Err(why) => return Delivery::refused(why),
        };
        let opened = match tokio::time::timeout(ENVELOPE, self.open(server, &letter)).await {
            Ok(opened) => opened,
            Err(_) => Err(Stop::Failed(format!("{server} did not answer in time"))),
        };
        match opened {
            Ok(line) => self.hand_over(server, line, &letter.bytes).await,
            Err(Stop::Refused(detail)) => Delivery::refused(detail),
            Err(Stop::Failed(detail)) => Delivery::failed(detail),
            Err(Stop::Stale) => Delivery::failed(format!("{server} closed the connection")),
        }
    }

    /// A connection on which the server waits for the letter's text.
    async fn open(&self, server: &MailServer, letter: &Letter) -> Result<AsyncSmtpConnection, Stop> {
        while let Some(mut line) = self.kept(server) {
            match envelope(&mut line, letter).await {
                Ok(()) => return Ok(line),
                Err(Stop::Stale) => {}
                Err(stop) => {
                    line.abort().await;
                    return Err(stop);
                }
            }
        }
        let mut line = connect(server).await?;
        match envelope(&mut line, letter).await {
            Ok(()) => Ok(line),
            Err(stop) => {
                line.abort().await;
                Err(stop)
            }
        }
    }

    async fn hand_over(&self, server: &MailServer, mut line: AsyncSmtpConnection, bytes: &[u8]) -> Delivery {
        match tokio::time::timeout(TEXT, line.message(bytes)).await {
            Ok(Ok(response)) => {
                let words: Vec<&str> = response.message().collect();
                let detail = format!("{} {}", response.code(), words.join(" "));
                self.keep(server, line);
                Delivery::Accepted { detail: one_line(&detail), body: Json::Null }
            }
            Ok(Err(error)) if error.is_permanent() => Delivery::refused(said(&error)),
            Ok(Err(error)) if error.is_transient() => Delivery::failed(said(&error)),
            Ok(Err(error)) => Delivery::unsure(format!(
                "the connection broke after the mail's text was sent: {}",
                said(&error)
            )),
            Err(_) => Delivery::unsure("the mail's text was sent, and no answer came in time"),
        }
    }

    fn kept(&self, server: &MailServer) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.get_mut(server)?;
        lines.retain(|kept| kept.since.elapsed() < IDLE);
        lines.pop().map(|kept| kept.line)
    }

    fn keep(&self, server: &MailServer, line: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = idle.entry(server.clone()).or_default();
        if lines.len() < KEPT {
            lines.push(Idle { line, since: Instant::now() });
        }
    }
}

/// A new connection, secured and logged in.
async fn connect(server: &MailServer) -> Result<AsyncSmtpConnection, Stop> {
    let failed = |error: smtp::Error| Stop::Failed(format!("no connection to {server}: {}", said(&error)));
    let hello = ClientId::default();
    let tls = match server.tls {
        Security::None => None,
        Security::Starttls | Security::Implicit => {
            Some(TlsParameters::new(server.host.clone()).map_err(failed)?)
        }
    };
    let at_once = if server.tls == Security::Implicit { tls.clone() } else { None };
    let address = (server.host.as_str(), server.port);
    let mut line = AsyncSmtpConnection::connect_tokio1(address, Some(ENVELOPE), &hello, at_once, None)
        .await
        .map_err(failed)?;
    if let (Security::Starttls, Some(tls)) = (server.tls, tls) {
        if !line.can_starttls() {
            line.abort().await;
            return Err(Stop::Refused(format!(
                "{server} does not offer STARTTLS, which its settings ask for"
            )));
        }
        line.starttls(tls, &hello).await.map_err(failed)?;
    }
    if let Some((user, password)) = &server.login {
        let credentials = Credentials::new(user.clone(), password.clone());
        if let Err(error) = line.auth(DEFAULT_MECHANISMS, &credentials).await {
            line.abort().await;
            let detail = format!("{server} does not accept the login: {}", said(&error));
            let refused = error.is_permanent() || error.is_client();
            return Err(if refused { Stop::Refused(detail) } else { Stop::Failed(detail) });
        }
    }
    Ok(line)
}

/// Tells the server who writes to whom, until it asks for the text.
async fn envelope(line: &mut AsyncSmtpConnection, letter: &Letter) -> Result<(), Stop> {
    let mut parameters = Vec::new();
    if !std::iter::once(&letter.from).chain(&letter.to).all(|address| address.to_string().is_ascii()) {
        if !line.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Stop::Refused(
                "an address is not ASCII, and the mail server cannot take such".to_owned(),
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !letter.bytes.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    line.command(MailFrom::new(Some(letter.from.clone()), parameters)).await.map_err(first_stop)?;
    for to in &letter.to {
        line.command(Rcpt::new(to.clone(), Vec::new()))
            .await
            .map_err(|error| stop(&error, &format!("{to}: ")))?;
    }
    line.command(Data).await.map_err(|error| stop(&error, ""))?;
    Ok(())
}

/// The first command on a kept connection finds out whether it is still there.
fn first_stop(error: smtp::Error) -> Stop {
    match error.status() {
        // 421: the server is closing the channel (RFC 5321, section 3.8).
        Some(code) if u16::from(code) != 421 => stop(&error, ""),
        _ => Stop::Stale,
    }
}

fn stop(error: &smtp::Error, whom: &str) -> Stop {
    let detail = format!("{whom}{}", said(error));
    if error.is_permanent() { Stop::Refused(detail) } else { Stop::Failed(detail) }
}

fn said(error: &smtp::Error) -> String {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => one_line(&format!("{code} {cause}")),
        None if cause.is_empty() => one_line(&error.to_string()),
        None => one_line(&cause),
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}

fn letter(mail: &Mail, call: &Call<'_>) -> Result<Letter, String> {
    let from = mail.from.as_deref().ok_or(
        "the mail has no sender; set `sender` in onward.toml under `[project]`, or `from` in the step",
    )?;
    let from = mailbox(from)?;
    let to: Vec<Mailbox> = mail.to.iter().map(|to| mailbox(to)).collect::<Result<_, _>>()?;
    if to.is_empty() {
        return Err("the mail has no recipient".to_owned());
    }
    let id = message_id(&call.intent.key, from.email.domain());
    let mut builder: MessageBuilder = Message::builder()
        .message_id(Some(id))
        .date(SystemTime::from(call.now))
        .from(from.clone())
        .subject(&*mail.subject);
    for mailbox in &to {
        builder = builder.to(mailbox.clone());
    }
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let (text, html) = (mail.text.to_string(), mail.html.as_deref().map(str::to_owned));
    let message = match html {
        Some(html) if text.trim().is_empty() => builder.singlepart(SinglePart::html(html)),
        Some(html) => builder.multipart(MultiPart::alternative_plain_html(text, html)),
        None => builder.singlepart(SinglePart::plain(text)),
    };
    let message = message.map_err(|error| format!("the mail cannot be written: {error}"))?;
    let to = to.into_iter().map(|mailbox| mailbox.email).collect();
    Ok(Letter { from: from.email, to, bytes: message.formatted() })
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    Mailbox::from_str(text.trim()).map_err(|_| format!("`{text}` is not an email address"))
}

/// `<key@domain>` (RFC 5322, section 3.6.4).
fn message_id(key: &str, domain: &str) -> String {
    let key: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    format!("<{key}@{domain}>")
}
