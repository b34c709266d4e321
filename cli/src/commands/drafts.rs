//! `onward drafts`: messages that wait for a person to look at them.

use std::path::Path;
use std::process::Command;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::Format;
use super::runs::{encode, subject};
use crate::client::{Body, Client, Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::table::{Cell, Table};
use crate::{json, moment, screen};

/// What is above a value in an editor.
const MARK: &str = "--- ";
/// It is made of the message's text, unless somebody writes it.
const HTML: &str = "html";

/// List, show, change, approve or discard messages that wait for a person
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Drafts {
    #[command(subcommand)]
    order: Option<Order>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// List what waits
    List(List),
    /// Show one message as it would go out
    Show(Show),
    /// Change it, in $EDITOR or by --set
    Edit(Edit),
    /// Let it go out, when quiet hours and the like allow
    Approve(Change),
    /// Give it up: nothing is sent, the run goes on
    Discard(Change),
}

#[derive(Debug, Args)]
struct List {
    /// Only of this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only of this action, such as `email`
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct Show {
    /// Its key, as `onward drafts` lists it
    #[arg(value_name = "KEY")]
    draft: String,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct Edit {
    /// Its key, as `onward drafts` lists it
    #[arg(value_name = "KEY")]
    draft: String,
    /// Set this argument, or this part of the message; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct Change {
    /// Keys, as `onward drafts` lists them
    #[arg(required_unless_present_any = ["all", "workflow", "action"], conflicts_with_all = ["all", "workflow", "action"])]
    keys: Vec<String>,
    /// Everything that waits
    #[arg(long)]
    all: bool,
    /// Everything that waits in this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Everything that waits of this action, such as `email`
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Drafts {
    pub(super) fn run(self) -> Outcome {
        match self.order {
            None => self.list.run(),
            Some(Order::List(list)) => list.run(),
            Some(Order::Show(show)) => show.run(),
            Some(Order::Edit(edit)) => edit.run(),
            Some(Order::Approve(change)) => change.run("/v1/drafts/approve", "approved"),
            Some(Order::Discard(change)) => change.run("/v1/drafts/discard", "discarded"),
        }
    }
}

impl List {
    fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let query = [("workflow", self.workflow), ("action", self.action)];
        let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let answer = block(async { client.get("/v1/drafts", &query).await })?;
        if self.format.json {
            screen::json(&answer);
        } else {
            show(json::list(&answer, "drafts"));
        }
        Ok(Exit::Fine)
    }
}

fn show(drafts: &[Value]) {
    if drafts.is_empty() {
        screen::line("no drafts");
        return;
    }
    let mut table = Table::new(&["key", "due", "workflow", "step", "to", "by", "says"]);
    for draft in drafts {
        table.row(vec![
            Cell::painted(json::text(draft, "key"), |key| screen::cyan(key)),
            Cell::dim(moment::show_text(json::text(draft, "due"))),
            Cell::plain(json::text(draft, "workflow")),
            Cell::plain(json::text(draft, "step")),
            Cell::plain(subject(json::member(draft, "subject"))),
            Cell::plain(json::text(draft, "action")),
            Cell::plain(says(json::member(draft, "arguments"))),
        ]);
    }
    table.show();
    screen::aside(screen::dim(
        "`onward drafts show KEY` shows one, `edit KEY` changes it, `approve KEY` sends it, `discard KEY` gives it up",
    ));
}

/// The first thing that a message says.
fn says(arguments: &Value) -> String {
    let members = || arguments.as_object().into_iter().flatten();
    let part = |name: &'static str| {
        let inner = members().find_map(move |(_, value)| json::member(value, name).as_str());
        json::member(arguments, name).as_str().or(inner).map(str::to_owned)
    };
    part("subject").or_else(|| part("text")).or_else(|| part("body")).unwrap_or_default()
}

impl Show {
    fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let draft = block(fetch(&client, &self.draft))?;
        if self.format.json {
            screen::json(&draft);
        } else {
            show_one(&draft);
        }
        Ok(Exit::Fine)
    }
}

async fn fetch(client: &Client, key: &str) -> Result<Value, Failure> {
    client.get(&format!("/v1/drafts/{}", encode(key)), &()).await
}

fn show_one(draft: &Value) {
    screen::line(format!(
        "{} {} to {}, not before {}",
        screen::cyan(json::text(draft, "key")),
        screen::bold(json::text(draft, "action")),
        screen::tame(&subject(json::member(draft, "subject"))),
        moment::show_text(json::text(draft, "due")),
    ));
    screen::line(screen::dim(format!("{}, {}", json::text(draft, "workflow"), json::text(draft, "step"))));
    for part in parts(draft) {
        screen::line("");
        screen::line(screen::dim(part.name));
        screen::line(screen::tame(&part.text));
    }
}

/// A value that can be changed.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    /// `to`, `message.subject`.
    name: String,
    /// As a person writes it: a text as it is, anything else as JSON.
    text: String,
    /// Whether it is a text.
    is_text: bool,
}

impl Part {
    fn new(name: String, value: &Value, ty: &str) -> Self {
        let is_text = match value {
            Value::String(_) => true,
            Value::Null => !(ty.starts_with("list") || matches!(ty, "number" | "bool" | "json")),
            _ => false,
        };
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Self { name, text, is_text }
    }

    /// What somebody wrote, as a value.
    fn read(&self, text: &str) -> Value {
        if text.is_empty() {
            return Value::Null;
        }
        if self.is_text {
            return Value::from(text);
        }
        serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
    }
}

/// Everything in a draft that can be changed, the parts of messages one by one.
fn parts(draft: &Value) -> Vec<Part> {
    let mut parts = Vec::new();
    for param in json::list(draft, "parameters") {
        let (name, value, ty) =
            (json::text(param, "name"), json::member(param, "value"), json::text(param, "type"));
        match value {
            Value::Object(members) if members.contains_key("text") || members.contains_key("subject") => {
                let shown = members.iter().filter(|(member, _)| *member != HTML);
                parts.extend(
                    shown.map(|(member, value)| Part::new(format!("{name}.{member}"), value, "text")),
                );
            }
            value => parts.push(Part::new(name.to_owned(), value, ty)),
        }
    }
    parts
}

impl Edit {
    fn run(self) -> Outcome {
        let client = self.connection.client()?;
        block(async {
            let draft = fetch(&client, &self.draft).await?;
            let parts = parts(&draft);
            let changes =
                if self.set.is_empty() { self.by_editor(&parts)? } else { from_words(&self.set, &parts)? };
            if changes.is_empty() {
                screen::line("nothing has changed");
                return Ok(Exit::Fine);
            }
            let path = format!("/v1/drafts/{}", encode(&self.draft));
            let after = client.patch(&path, &json!({ "arguments": changes })).await?;
            if self.format.json {
                screen::json(&after);
            } else {
                show_one(&after);
            }
            Ok(Exit::Fine)
        })
    }

    fn by_editor(&self, parts: &[Part]) -> Result<Map<String, Value>, Failure> {
        let file =
            tempfile::Builder::new().prefix("onward-draft-").suffix(".md").tempfile().map_err(|error| {
                Failure::unreachable(format!("cannot make a file to edit: {error}"), "check the disk")
            })?;
        let path = file.path();
        std::fs::write(path, write(parts)).map_err(|error| Failure::file("write", path, &error))?;
        edit(path)?;
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        Ok(changed(&text, parts))
    }
}

/// Opens a file in the person's editor, and waits until it is closed.
fn edit(path: &Path) -> Result<(), Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).ok_or_else(|| {
        Failure::usage("no editor is set", "set EDITOR, or change single parts by --set subject=\"…\"")
    })?;
    // As other programs do: the setting may have arguments.
    let done = Command::new("sh").args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(path).status();
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(Failure::usage(format!("`{editor}` ended with {status}"), "nothing was changed; try again"))
        }
        Err(error) => Err(Failure::usage(format!("cannot run `{editor}`: {error}"), "set another EDITOR")),
    }
}

fn write(parts: &[Part]) -> String {
    let head =
        "What stands below a line `--- name` is its value. Save and close; what you leave is left.\n\n";
    parts.iter().fold(head.to_owned(), |text, part| format!("{text}{MARK}{}\n{}\n\n", part.name, part.text))
}

/// What is different in an edited file.
fn changed(text: &str, parts: &[Part]) -> Map<String, Value> {
    let mut written: Vec<(&Part, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let named =
            line.strip_prefix(MARK).and_then(|name| parts.iter().find(|part| part.name == name.trim()));
        match (named, written.last_mut()) {
            (Some(part), _) => written.push((part, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    let mut changes = Map::new();
    for (part, lines) in written {
        let text = lines.join("\n");
        if text.trim() != part.text.trim() {
            changes.insert(part.name.clone(), part.read(text.trim()));
        }
    }
    changes
}

/// `subject=Hello` as a change.
fn from_words(words: &[String], parts: &[Part]) -> Result<Map<String, Value>, Failure> {
    let mut changes = Map::new();
    for word in words {
        let Some((name, text)) = word.split_once('=') else {
            return Err(Failure::usage(
                format!("`{word}` sets nothing"),
                "write it like `--set subject=\"Hello\"`",
            ));
        };
        let name = name.trim();
        let is_it = |part: &&Part| part.name == name || part.name.ends_with(&format!(".{name}"));
        let value = parts.iter().find(is_it).map_or_else(|| Value::from(text), |part| part.read(text));
        changes.insert(name.to_owned(), value);
    }
    Ok(changes)
}

impl Change {
    fn run(self, path: &str, done: &str) -> Outcome {
        let client = self.connection.client()?;
        let body = if self.keys.is_empty() {
            json!({ "all": true, "workflow": self.workflow, "action": self.action })
        } else {
            json!({ "keys": self.keys })
        };
        let answer = block(async { client.post(path, Body::Json(body)).await })?;
        if self.format.json {
            screen::json(&answer);
            return Ok(Exit::Fine);
        }
        let changed = json::count(&answer, "changed");
        if changed == 0 && !self.keys.is_empty() {
            return Err(Failure::refused("no draft waits under that key", "`onward drafts` lists the keys"));
        }
        screen::line(format!("{changed} {done}"));
        Ok(Exit::Fine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Value {
        json!({ "parameters": [
            { "name": "message", "type": "json",
                "value": { "subject": "Hi", "text": "Dear Ana,\n\n--- so long\n", "html": "<p>" } },
            { "name": "to", "type": "list of email", "value": ["ana@example.com"] },
            { "name": "reply_to", "type": "email", "value": null },
        ] })
    }

    #[test]
    fn what_is_left_in_the_editor_is_left() {
        let parts = parts(&draft());
        let text = write(&parts);
        assert!(!text.contains("<p>"), "{text}");
        assert_eq!(changed(&text, &parts), Map::new());
        let edited = text.replace("Dear", "Hello").replace("[\"ana@", "[\"ben@");
        assert_eq!(
            Value::Object(changed(&edited, &parts)),
            json!({ "message.text": "Hello Ana,\n\n--- so long", "to": ["ben@example.com"] })
        );
    }

    #[test]
    fn words_are_read_as_what_they_change() {
        let parts = parts(&draft());
        let words = ["subject=7", "to=[\"a@b.example\"]", "reply_to=c@d.example"].map(str::to_owned);
        assert_eq!(
            Value::Object(from_words(&words, &parts).unwrap()),
            json!({ "subject": "7", "to": ["a@b.example"], "reply_to": "c@d.example" })
        );
        assert!(from_words(&["subject".to_owned()], &parts).is_err());
    }
}
