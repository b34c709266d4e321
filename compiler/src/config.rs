//! `onward.toml`: what belongs to a project but is no rule.
//!
//! `[project]`, `[email]`, `[sources]` and `[frequency]` are Onward's own; every other table holds settings
//! that rules read as `config.TABLE.KEY`. It must not know the environment: a user
//! name or password is the name of a secret.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use onward_bytecode::{Constant, Project, Smtp, Tls};
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, FileId, Span};
use crate::nearest::{list_names, nearest};
use crate::report::Report;
use crate::shape;

/// What `onward.toml` says.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Name and defaults of the project.
    pub(crate) project: Project,
    /// The catalogue's sources that the project uses, each with its place.
    pub(crate) sources: Vec<(Arc<str>, Span)>,
    /// Other settings by their path, `twilio.from`.
    pub(crate) settings: BTreeMap<String, Constant>,
    /// Where the name of each setting stands.
    pub(crate) places: BTreeMap<String, Span>,
    /// About how often an event comes to one contact in thirty days.
    pub(crate) frequency: BTreeMap<String, u32>,
}

impl Default for Config {
    fn default() -> Self {
        let project = Project { name: "project".into(), timezone: "UTC".into(), sender: None, smtp: None };
        let (settings, places, frequency) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { project, sources: Vec::new(), settings, places, frequency }
    }
}

/// Reads the text of `onward.toml`.
pub(crate) fn read(file: FileId, text: &str, report: &mut Report) -> Config {
    let mut reader = Reader { file, report, config: Config::default() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let message = format!("this is not TOML: {}", error.message());
        let help = "a line of settings is `name = \"value\"`, a heading is `[name]`";
        reader.error(codes::BROKEN_SETTINGS, &span, message, help);
    }
    for (key, value) in root.get_ref() {
        reader.table(key, value);
    }
    reader.config
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Setting<'a> = Spanned<DeValue<'a>>;

struct Reader<'a> {
    file: FileId,
    report: &'a mut Report,
    config: Config,
}

impl Reader<'_> {
    fn table(&mut self, key: &Key<'_>, value: &Setting<'_>) {
        let name: &str = key.get_ref();
        match value.get_ref() {
            DeValue::Table(table) => match name {
                "project" => table.iter().for_each(|(key, value)| self.project(key, value)),
                "email" => self.email(table, key.span()),
                "sources" => table.iter().for_each(|(key, value)| self.sources(key, value)),
                "frequency" => table.iter().for_each(|(key, value)| self.frequency(key, value)),
                _ => self.settings(name, table),
            },
            _ => {
                let message = format!("`{name}` stands under no heading");
                let help = "put it under `[project]`, or under a heading of your own that rules read as `config.HEADING.NAME`";
                self.error(codes::UNKNOWN_KEY, &key.span(), message, help);
            }
        }
    }

    fn project(&mut self, key: &Key<'_>, value: &Setting<'_>) {
        let name: &str = key.get_ref();
        match name {
            "name" => {
                if let Some(text) = self.text(name, value) {
                    self.config.project.name = text;
                }
            }
            "timezone" => {
                let Some(text) = self.text(name, value) else { return };
                if shape::is_timezone(&text) {
                    self.config.project.timezone = text;
                } else {
                    let message = format!("`{text}` is not the name of a time zone");
                    self.wrong(value, message, "use a name such as `Europe/Berlin` or `America/New_York`");
                }
            }
            "sender" => {
                let Some(text) = self.text(name, value) else { return };
                if shape::is_sender(&text) {
                    self.config.project.sender = Some(text);
                } else {
                    let message = format!("`{text}` is not a sender");
                    self.wrong(value, message, "write it as `Acme <hello@acme.com>`");
                }
            }
            _ => self.unknown_key(key, "[project]", &["name", "timezone", "sender"]),
        }
    }

    fn email(&mut self, table: &DeTable<'_>, heading: Range<usize>) {
        let (mut host, mut port, mut tls) = (None, None, None);
        let (mut username, mut password) = (None, None);
        for (key, value) in table {
            let name: &str = key.get_ref();
            match name {
                "host" => host = self.text(name, value),
                "port" => port = self.port(value),
                "tls" => tls = self.tls(value),
                "username" => username = self.secret(name, value),
                "password" => password = self.secret(name, value),
                _ => {
                    self.unknown_key(key, "[email]", &["host", "port", "tls", "username", "password"]);
                }
            }
        }
        let Some(host) = host else {
            if !table.iter().any(|(key, _)| key.get_ref() == "host") {
                let message = "`[email]` does not say which server sends the mail";
                self.error(codes::WRONG_SETTING, &heading, message, "add `host = \"smtp.example.com\"`");
            }
            return;
        };
        let tls = tls.unwrap_or(Tls::Starttls);
        let port = port.unwrap_or(match tls {
            Tls::None => 25,
            Tls::Starttls => 587,
            Tls::Implicit => 465,
        });
        self.config.project.smtp = Some(Smtp { host, port, tls, username, password });
    }

    fn frequency(&mut self, key: &Key<'_>, value: &Setting<'_>) {
        let times = value.get_ref().as_integer().and_then(|it| it.as_str().parse::<u32>().ok());
        match times {
            Some(times) => {
                self.config.frequency.insert(key.get_ref().to_string(), times);
            }
            None => {
                let message = format!("`{}` wants a whole number", key.get_ref());
                self.wrong(value, message, "write how often the event comes to one contact in thirty days");
            }
        }
    }

    /// `use = ["shopify", "stripe"]`
    fn sources(&mut self, key: &Key<'_>, value: &Setting<'_>) {
        let name: &str = key.get_ref();
        if name != "use" {
            return self.unknown_key(key, "[sources]", &["use"]);
        }
        let DeValue::Array(names) = value.get_ref() else {
            return self.wrong(
                value,
                "`use` wants a list of names",
                "write `use = [\"shopify\", \"stripe\"]`",
            );
        };
        for item in names {
            let Some(name) = self.text("use", item) else { continue };
            let span = self.span(&item.span());
            if self.config.sources.iter().any(|(it, _)| *it == name) {
                self.wrong(item, format!("`{name}` stands here twice"), "remove one of them");
                continue;
            }
            self.config.sources.push((name, span));
        }
    }

    fn port(&mut self, value: &Setting<'_>) -> Option<u16> {
        let number = value.get_ref().as_integer().and_then(|it| it.as_str().parse::<u16>().ok());
        if number.is_none_or(|it| it == 0) {
            self.wrong(value, "`port` is a whole number from 1 to 65535", "587 is usual for mail");
            return None;
        }
        number
    }

    fn tls(&mut self, value: &Setting<'_>) -> Option<Tls> {
        let tls = match value.get_ref().as_str() {
            Some("none") => Tls::None,
            Some("starttls") => Tls::Starttls,
            Some("implicit") => Tls::Implicit,
            _ => {
                let message = "`tls` is \"none\", \"starttls\" or \"implicit\"";
                self.wrong(value, message, "\"starttls\" goes with port 587, \"implicit\" with port 465");
                return None;
            }
        };
        Some(tls)
    }

    /// The name in `"secret.NAME"`.
    fn secret(&mut self, name: &str, value: &Setting<'_>) -> Option<Arc<str>> {
        let text = self.text(name, value)?;
        let secret = text.strip_prefix("secret.").filter(|it| shape::is_word(it));
        if secret.is_none() {
            let message = format!("`{name}` does not belong into a file");
            let help = format!(
                "write `{name} = \"secret.SMTP_{}\"` and set SMTP_{} in the environment",
                name.to_uppercase(),
                name.to_uppercase()
            );
            self.wrong(value, message, help);
        }
        secret.map(Arc::from)
    }

    fn settings(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = format!("{path}.{}", key.get_ref());
            if let DeValue::Table(inner) = value.get_ref() {
                self.settings(&path, inner);
                continue;
            }
            match constant(value.get_ref()) {
                Some(constant) => {
                    self.config.places.insert(path.clone(), self.span(&key.span()));
                    self.config.settings.insert(path, constant);
                }
                None => {
                    let message = format!("`{path}` is neither a text nor a number, `true` or `false`");
                    self.wrong(value, message, "rules read only such settings");
                }
            }
        }
    }

    fn text(&mut self, name: &str, value: &Setting<'_>) -> Option<Arc<str>> {
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.into()),
            _ => {
                self.wrong(value, format!("`{name}` wants a text"), format!("write `{name} = \"…\"`"));
                None
            }
        }
    }

    fn unknown_key(&mut self, key: &Key<'_>, heading: &str, known: &[&str]) {
        let name: &str = key.get_ref();
        let span = self.span(&key.span());
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_KEY, span, format!("`{heading}` has no setting `{name}`"))
                .help(format!("it has {}", list_names(known.iter().copied(), known.len())));
        if let Some(near) = nearest(name, known.iter().copied()) {
            diagnostic =
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure);
        }
        self.report.push(diagnostic);
    }

    fn wrong(&mut self, value: &Setting<'_>, message: impl Into<String>, help: impl Into<String>) {
        self.error(codes::WRONG_SETTING, &value.span(), message, help);
    }

    fn error(
        &mut self,
        code: crate::diagnostic::Code,
        range: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.span(range);
        self.report.push(Diagnostic::error(code, span, message).help(help));
    }

    fn span(&self, range: &Range<usize>) -> Span {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span::new(self.file, at(range.start)..at(range.end))
    }
}

/// The value of a setting, as rules see it.
fn constant(value: &DeValue<'_>) -> Option<Constant> {
    match value {
        DeValue::String(text) => Some(Constant::Text(Arc::from(text.as_ref()))),
        DeValue::Boolean(value) => Some(Constant::Bool(*value)),
        DeValue::Integer(number) if number.radix() == 10 => {
            Decimal::from_str_exact(number.as_str()).ok().map(Constant::Number)
        }
        DeValue::Float(number) => Decimal::from_str_exact(number.as_str()).ok().map(Constant::Number),
        _ => None,
    }
}
