//! `onward doctor`: is everything there that rules need to run?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use onward_bytecode::{Op, Program, Verified};
use onward_runtime::dispatch::{MailServer, Security};
use onward_runtime::store;
use serde_json::{Value, json};

use super::Format;
use super::check::summary;
use crate::client::{Connection, block};
use crate::failure::{Exit, Outcome, with_causes};
use crate::project::Files;
use crate::{json, screen, secrets};

/// A server's clock may be off by so much: it is within the time that an answer takes.
const SKEW: i64 = 5;
/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Check the project, its secrets, the mail server, the store and the server
///
/// Nothing is sent and nothing is changed, except that a store given by --store is opened as `onward serve` would,
/// which brings its tables up to date.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Look at this store, too: sqlite:FILE or postgres://…
    #[arg(long, env = "ONWARD_STORE", hide_env_values = true, value_name = "ADDRESS")]
    store: Option<String>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Doubtful,
    Bad,
}

/// What was found about one thing.
#[derive(Debug)]
struct Finding {
    about: &'static str,
    health: Health,
    what: String,
    help: String,
}

impl Finding {
    fn good(about: &'static str, what: impl Into<String>) -> Self {
        Self { about, health: Health::Good, what: what.into(), help: String::new() }
    }

    fn doubtful(about: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { about, health: Health::Doubtful, what: what.into(), help: help.into() }
    }

    fn bad(about: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { about, health: Health::Bad, what: what.into(), help: help.into() }
    }
}

impl Doctor {
    pub(super) fn run(self) -> Outcome {
        let mut findings = Vec::new();
        let program = project(&self.path, &mut findings);
        block(async {
            if let Some(program) = &program {
                findings.push(needed_secrets(program.program()));
            }
            findings.push(mail(program.as_ref().map(Verified::program)).await);
            if let Some(address) = &self.store {
                findings.push(look_into(address).await);
            }
            server(&self.connection, &mut findings).await;
            Ok(())
        })?;
        self.show(&findings);
        let bad = findings.iter().any(|finding| finding.health == Health::Bad);
        Ok(if bad { Exit::Problems } else { Exit::Fine })
    }

    fn show(&self, findings: &[Finding]) {
        if self.format.json {
            let all: Vec<_> = findings.iter().map(as_json).collect();
            screen::json(&json!({ "findings": all }));
            return;
        }
        for finding in findings {
            let mark = match finding.health {
                Health::Good => screen::green("✓"),
                Health::Doubtful => screen::yellow("!"),
                Health::Bad => screen::red("✗"),
            };
            screen::line(format!("{mark} {:<8} {}", finding.about, screen::tame(&finding.what)));
            if !finding.help.is_empty() {
                screen::line(format!("  {:<8} {}", "", screen::dim(&finding.help)));
            }
        }
    }
}

fn as_json(finding: &Finding) -> Value {
    let health = match finding.health {
        Health::Good => "good",
        Health::Doubtful => "doubtful",
        Health::Bad => "bad",
    };
    json!({ "about": finding.about, "health": health, "what": finding.what, "help": finding.help })
}

fn project(path: &Path, findings: &mut Vec<Finding>) -> Option<Verified> {
    let files = match Files::read(path) {
        Ok(files) => files,
        Err(failure) => {
            findings.push(Finding::doubtful("project", failure.message, failure.help));
            return None;
        }
    };
    let compiled = match files.compile() {
        Ok(compiled) => compiled,
        Err(failure) => {
            findings.push(Finding::bad("project", failure.message, failure.help));
            return None;
        }
    };
    let told = anstream::adapter::strip_str(&summary(&files, &compiled)).to_string();
    findings.push(match &compiled.program {
        Some(_) => Finding::good("project", told),
        None => {
            Finding::bad("project", told, format!("`onward check {}` shows what and where", path.display()))
        }
    });
    compiled.program
}

/// Names of the secrets that a program reads.
fn secret_names(program: &Program) -> BTreeSet<&str> {
    let smtp = program
        .project
        .smtp
        .iter()
        .flat_map(|smtp| [&smtp.username, &smtp.password])
        .flatten()
        .map(|name| &**name);
    let code = program.functions.iter().flat_map(|function| {
        let reads = function.code.iter().filter(|word| word.op() == Some(Op::Secret));
        reads.filter_map(|word| function.names.get(usize::from(word.k()))).map(|name| &*name.name)
    });
    smtp.chain(code).collect()
}

fn needed_secrets(program: &Program) -> Finding {
    let needed = secret_names(program);
    let missing: Vec<_> =
        needed.iter().filter(|name| secrets::from_environment(name).is_none()).copied().collect();
    match (needed.len(), missing.len()) {
        (0, _) => Finding::good("secrets", "none are needed"),
        (n, 0) => Finding::good(
            "secrets",
            format!("{} set: {}", n, needed.into_iter().collect::<Vec<_>>().join(", ")),
        ),
        _ => Finding::doubtful(
            "secrets",
            format!("not set here: {}", missing.join(", ")),
            "the environment of the server is what counts; set them there",
        ),
    }
}

async fn mail(program: Option<&Program>) -> Finding {
    let named = match secrets::from_environment("ONWARD_SMTP_URL") {
        Some(url) => url.parse::<MailServer>().map(Some).map_err(|error| error.to_string()),
        None => Ok(program.and_then(|program| program.project.smtp.as_ref()).map(of_project)),
    };
    match named {
        Err(why) => Finding::bad("mail", format!("ONWARD_SMTP_URL: {why}"), ""),
        Ok(None) => Finding::doubtful(
            "mail",
            "no mail server is named",
            "set ONWARD_SMTP_URL for the server, or `[email] host` in onward.toml",
        ),
        Ok(Some(server)) => greet(&server).await,
    }
}

fn of_project(smtp: &onward_bytecode::Smtp) -> MailServer {
    let secret = |name: &Option<std::sync::Arc<str>>| name.as_deref().and_then(secrets::from_environment);
    let login = secret(&smtp.username).zip(secret(&smtp.password));
    MailServer { host: smtp.host.to_string(), port: smtp.port, tls: smtp.tls.into(), login }
}

/// Connects, secures the connection and logs in, as sending would.
async fn greet(server: &MailServer) -> Finding {
    let place = server.to_string();
    let tls = match (server.tls, TlsParameters::new(server.host.clone())) {
        (Security::None, _) => Tls::None,
        (_, Err(error)) => return Finding::bad("mail", format!("{place}: {error}"), "check the host's name"),
        (Security::Starttls, Ok(tls)) => Tls::Required(tls),
        (Security::Implicit, Ok(tls)) => Tls::Wrapper(tls),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
        .port(server.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    if let Some((user, password)) = server.login.clone() {
        builder = builder.credentials(Credentials::new(user, password));
    }
    match builder.build::<Tokio1Executor>().test_connection().await {
        Ok(true) => Finding::good("mail", format!("{place} answers")),
        Ok(false) => Finding::bad("mail", format!("{place} hangs up"), "is it a mail server?"),
        Err(error) => Finding::bad(
            "mail",
            format!("{place}: {}", with_causes(&error)),
            "check host, port, tls and login; is the port blocked?",
        ),
    }
}

async fn look_into(address: &str) -> Finding {
    match store::open(address, &store::Options::default()).await {
        // One process at a time has such a file, and it locks it.
        Err(store::StoreError::InUse { .. }) => Finding::good("store", "in use by a server"),
        Err(error) => Finding::bad(
            "store",
            with_causes(&error),
            "check the address, the file's folder, or the database's log",
        ),
        Ok(store) => match store.counts().await {
            Ok(_) => Finding::good(
                "store",
                format!("answers, {}", screen::count(usize::from(store.shards()), "shard")),
            ),
            Err(error) => Finding::bad("store", with_causes(&error), "look at the database's log"),
        },
    }
}

async fn server(connection: &Connection, findings: &mut Vec<Finding>) {
    let client = match connection.client() {
        Ok(client) => client,
        Err(failure) => return findings.push(Finding::bad("server", failure.message, failure.help)),
    };
    let asked = Timestamp::now();
    let date = match client.date("/readyz").await {
        Ok(date) => date,
        Err(failure) => return findings.push(Finding::doubtful("server", failure.message, failure.help)),
    };
    findings.push(match client.get("/v1/stats", &()).await {
        Ok(stats) => Finding::good("server", format!("{} answers; {}", client.url(), told(&stats))),
        Err(failure) => Finding::bad("server", failure.message, failure.help),
    });
    let theirs = date.and_then(|date| rfc2822::parse(&date).ok()).map(|zoned| zoned.timestamp());
    findings.push(match theirs.map(|theirs| theirs.duration_since(asked).as_secs()) {
        None => Finding::doubtful("clock", "the server does not tell its time", ""),
        Some(off) if off.abs() > SKEW => Finding::bad(
            "clock",
            format!("the server's is {} s {}", off.abs(), if off > 0 { "ahead" } else { "behind" }),
            "waits end by the server's clock: keep it right with NTP",
        ),
        Some(_) => Finding::good("clock", "the server's is right"),
    });
}

fn told(stats: &Value) -> String {
    let number = |name: &str| usize::try_from(json::count(stats, name)).unwrap_or(usize::MAX);
    let (facts, runs) = (number("unread"), number("unfinished_runs"));
    format!("{} to read, {} under way", screen::count(facts, "fact"), screen::count(runs, "run"))
}
