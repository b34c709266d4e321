//! `onward parked`: what could not be done and waits for a person.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Format;
use super::runs::subject;
use crate::client::{Body, Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::table::{Cell, Table};
use crate::{json, moment, screen};

/// List, retry or drop what waits for a person
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Parked {
    #[command(subcommand)]
    order: Option<Order>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// List what is parked and why
    List(List),
    /// Try again
    Retry(Change),
    /// Give up: nothing is sent, the run goes on
    Drop(Change),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Args)]
struct Change {
    /// Keys, as `onward parked` lists them
    #[arg(required_unless_present_any = ["all", "workflow", "action"], conflicts_with_all = ["all", "workflow", "action"])]
    keys: Vec<String>,
    /// Everything that is parked
    #[arg(long)]
    all: bool,
    /// Everything parked in this workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Everything parked of this action, such as `email`
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Parked {
    pub(super) fn run(self) -> Outcome {
        match self.order {
            None => self.list.run(),
            Some(Order::List(list)) => list.run(),
            Some(Order::Retry(change)) => change.run("/v1/parked/retry", "will be tried again"),
            Some(Order::Drop(change)) => change.run("/v1/parked/drop", "dropped"),
        }
    }
}

impl List {
    fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let answer = block(async { client.get("/v1/parked", &()).await })?;
        if self.format.json {
            screen::json(&answer);
        } else {
            show(json::list(&answer, "parked"));
        }
        Ok(Exit::Fine)
    }
}

fn show(parked: &[Value]) {
    if parked.is_empty() {
        screen::line("nothing is parked");
        return;
    }
    let mut table = Table::new(&["key", "since", "workflow", "step", "for", "tries", "reason"]);
    for item in parked {
        table.row(vec![
            Cell::painted(key(item), |key| screen::cyan(key)),
            Cell::dim(moment::show_text(json::text(item, "at"))),
            Cell::plain(json::text(item, "workflow")),
            Cell::plain(json::text(item, "step")),
            Cell::plain(subject(json::member(item, "subject"))),
            Cell::plain(json::member(item, "attempts").to_string()),
            Cell::painted(json::text(item, "reason"), |reason| screen::red(reason)),
        ]);
    }
    table.show();
    screen::aside(screen::dim("`onward parked retry KEY` tries again, `onward parked drop KEY` gives up"));
}

fn key(item: &Value) -> &str {
    json::member(item, "key").as_str().or_else(|| json::member(item, "run").as_str()).unwrap_or_default()
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
            return Err(Failure::refused(
                "nothing is parked under that key",
                "`onward parked` lists the keys",
            ));
        }
        screen::line(format!("{changed} {done}"));
        Ok(Exit::Fine)
    }
}
