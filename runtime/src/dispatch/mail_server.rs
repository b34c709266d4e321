//! Where mail goes: host, port, security, login.

use std::fmt;
use std::str::FromStr;

use onward_bytecode::{Smtp, Tls};
use reqwest::Url;

use crate::secrets::Secrets;

/// A mail server with what is needed to use it. Its login is never shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailServer {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: Security,
    /// User name and password.
    pub login: Option<(String, String)>,
}

/// How a mail connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Security {
    /// Not at all.
    None,
    /// By STARTTLS, which must succeed (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// Why a text is no mail server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{problem}; write it like `smtp://user:password@mail.example.com:587?tls=starttls`, `smtps://mail.example.com` or `smtp://127.0.0.1:1025`"
)]
pub struct BadMailServer {
    problem: String,
}

/// Why a project's mail server cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unready {
    #[error("no mail server is set; name one in onward.toml under `[email]`, or by ONWARD_SMTP_URL")]
    Unset,
    #[error("the secret `{0}` of the mail server is not set; set it in the server's environment")]
    NoSecret(String),
}

impl MailServer {
    /// The mail server of a project.
    pub(super) fn of(smtp: Option<&Smtp>, secrets: &Secrets) -> Result<Self, Unready> {
        let smtp = smtp.ok_or(Unready::Unset)?;
        let secret = |name: &str| secrets.get(name).ok_or_else(|| Unready::NoSecret(name.to_owned()));
        let login = match (&smtp.username, &smtp.password) {
            (None, None) => None,
            (username, password) => {
                let username = username.as_deref().map(secret).transpose()?;
                let password = password.as_deref().map(secret).transpose()?;
                Some((username.unwrap_or_default(), password.unwrap_or_default()))
            }
        };
        Ok(Self { host: smtp.host.to_string(), port: smtp.port, tls: smtp.tls.into(), login })
    }
}

impl From<Tls> for Security {
    fn from(tls: Tls) -> Self {
        match tls {
            Tls::None => Self::None,
            Tls::Starttls => Self::Starttls,
            Tls::Implicit => Self::Implicit,
        }
    }
}

impl FromStr for MailServer {
    type Err = BadMailServer;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |problem: &str| BadMailServer { problem: problem.to_owned() };
        let url = Url::parse(text).map_err(|_| bad("this is not the address of a mail server"))?;
        let host =
            url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("the host is missing"))?;
        let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let tls = match (url.scheme(), asked.as_deref()) {
            ("smtps", None | Some("implicit")) => Security::Implicit,
            ("smtp", None | Some("none")) => Security::None,
            ("smtp", Some("starttls" | "required")) => Security::Starttls,
            ("smtp", Some("implicit")) => Security::Implicit,
            ("smtp" | "smtps", Some(_)) => return Err(bad("`tls` is `none`, `starttls` or `implicit`")),
            _ => return Err(bad("it does not start with `smtp://` or `smtps://`")),
        };
        let port = url.port().unwrap_or(match tls {
            Security::None => 25,
            Security::Starttls => 587,
            Security::Implicit => 465,
        });
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some((decoded(user), decoded(password.unwrap_or_default()))),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port, tls, login })
    }
}

/// Percent-decoded (RFC 3986, section 2.1).
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let pair = (byte == b'%').then(|| Some((digit(ahead.next()?)?, digit(ahead.next()?)?))).flatten();
        match pair {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = ahead;
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let server: MailServer =
            "smtp://ana%40example.com:p%2Fw%25@mail.example.com?tls=starttls".parse().unwrap();
        assert_eq!(
            (server.host.as_str(), server.port, server.tls),
            ("mail.example.com", 587, Security::Starttls)
        );
        assert_eq!(server.login, Some(("ana@example.com".to_owned(), "p/w%".to_owned())));
        let plain: MailServer = "smtp://127.0.0.1:1025".parse().unwrap();
        assert_eq!((plain.port, plain.tls, plain.login), (1025, Security::None, None));
        let implicit: MailServer = "smtps://mail.example.com".parse().unwrap();
        assert_eq!((implicit.port, implicit.tls), (465, Security::Implicit));
        for wrong in ["", "mail.example.com", "http://mail.example.com", "smtp://", "smtp://a?tls=maybe"] {
            assert!(wrong.parse::<MailServer>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let server: MailServer = "smtp://ana:hunter2@mail.example.com".parse().unwrap();
        assert_eq!(format!("{server:?} {server}"), "mail.example.com:25 mail.example.com:25");
    }
}
