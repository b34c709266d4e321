//! `onward emit`: sends an event by hand, or a file of them.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::Format;
use crate::client::{Answer, Body, Client, Connection, block};
use crate::events::{self, Object};
use crate::failure::{Exit, Failure, Outcome};
use crate::{json, screen};

/// Send an event, or a file of events, to a server
///
/// A value that is JSON is taken as JSON (`amount=49.90`, `big=true`, `zip='"08001"'`); everything else is text.
/// `contact.first_name=Ana` sets an attribute of the contact, `account.name=Acme` one of the account.
#[derive(Debug, Args)]
pub(crate) struct Emit {
    /// The event's name
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    event: Option<String>,
    /// Whom it is about: an id, a mail address or a phone number with its `+`
    #[arg(long, value_name = "WHO", conflicts_with = "file")]
    contact: Option<String>,
    /// Which account it is about: an id
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    account: Option<String>,
    /// The event's own id: the same id twice is one event
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    id: Option<String>,
    /// When it happened, such as 2026-03-02T09:00:00Z; now, if left out
    #[arg(long, value_name = "TIME", conflicts_with = "file", value_parser = crate::moment::moment_argument)]
    time: Option<jiff::Timestamp>,
    /// The event's fields
    #[arg(value_name = "FIELD=VALUE", value_parser = events::assignment, conflicts_with = "file")]
    fields: Vec<(String, Value)>,
    /// Send the events of this file, one JSON object a line; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Emit {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let events = match &self.file {
            Some(path) => {
                let name = path.display().to_string();
                events::lines(&name, events::open(path)?)?
                    .into_iter()
                    .map(|line| Value::Object(line.event))
                    .collect()
            }
            None => vec![Value::Object(self.event())],
        };
        block(async {
            let (mut all, mut refused) = (Vec::new(), 0);
            for batch in events.chunks(500) {
                let answer = send(&client, batch).await?;
                refused += json::count(&answer, "refused");
                if !self.format.json {
                    batch.iter().zip(results(&answer)).for_each(|(event, result)| show(event, result));
                }
                all.extend_from_slice(results(&answer));
            }
            if self.format.json {
                screen::json(&json!({ "events": all, "refused": refused }));
            }
            Ok(if refused == 0 { Exit::Fine } else { Exit::Refused })
        })
    }

    fn event(&self) -> Object {
        let mut event = Object::new();
        event.insert("event".to_owned(), json!(self.event));
        if let Some(id) = &self.id {
            event.insert("id".to_owned(), json!(id));
        }
        if let Some(time) = self.time {
            event.insert("time".to_owned(), json!(time.to_string()));
        }
        if let Some(contact) = &self.contact {
            event.insert("contact".to_owned(), events::identity(contact));
        }
        if let Some(account) = &self.account {
            event.insert("account".to_owned(), json!(account));
        }
        for (field, value) in &self.fields {
            let whole = match field.split_once('.') {
                Some(("contact" | "account" | "data", _)) => field.clone(),
                _ => format!("data.{field}"),
            };
            events::put(&mut event, &whole, value.clone());
        }
        event
    }
}

/// Sends events; a batch of which all are refused is an answer, too.
pub(crate) async fn send(client: &Client, events: &[Value]) -> Result<Value, Failure> {
    let answer = client.answer("/v1/events", Body::Json(Value::from(events))).await?;
    verdict(client, answer)
}

/// The answer's verdict on each event, unless the request as a whole was refused.
pub(crate) fn verdict(client: &Client, answer: Answer) -> Result<Value, Failure> {
    let judged = json::member(&answer.body, "events").is_array();
    if judged && (answer.status == 200 || answer.status == 422) {
        Ok(answer.body)
    } else {
        Err(client.refusal(&answer))
    }
}

/// The verdicts of an answer, in the order of the events.
pub(crate) fn results(answer: &Value) -> &[Value] {
    json::list(answer, "events")
}

fn show(event: &Value, result: &Value) {
    let name = screen::bold(screen::tame(json::text(event, "event")));
    let id = screen::dim(screen::tame(json::text(result, "id")));
    match json::text(result, "status") {
        "accepted" => screen::line(format!("{} {name} {id}", screen::green("accepted "))),
        "duplicate" => screen::line(format!("{} {name} {id}", screen::yellow("duplicate"))),
        _ => screen::line(format!("{} {name} {}", screen::red("refused  "), screen::tame(&why(result)))),
    }
    warn(result);
}

/// Prints what is doubtful about an event that was taken.
pub(crate) fn warn(result: &Value) {
    if let Some(warning) = message(json::member(result, "warning")) {
        screen::aside(format!("{} {}", screen::yellow("warning:"), screen::tame(&warning)));
    }
}

/// Why an event was refused, with what to do about it.
pub(crate) fn why(result: &Value) -> String {
    let said = message(json::member(result, "error")).unwrap_or_default();
    match json::member(json::member(result, "error"), "help").as_str() {
        Some(help) => format!("{said}; {help}"),
        None => said,
    }
}

fn message(value: &Value) -> Option<String> {
    json::member(value, "message").as_str().or_else(|| value.as_str()).map(str::to_owned)
}
