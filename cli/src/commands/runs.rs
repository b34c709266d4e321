//! `onward runs`: who is where in which workflow, and how one run came to be there.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Format;
use crate::client::{Client, Connection, block};
use crate::failure::{Exit, Outcome};
use crate::table::{Cell, Paint, Table};
use crate::{json, moment, screen};

/// List runs, or show one run's whole timeline with reasons
#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Show this run
    id: Option<String>,
    #[command(flatten)]
    filter: Filter,
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

/// Which runs.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub(crate) struct Filter {
    /// Only of this workflow
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) workflow: Option<String>,
    /// Only of this contact: an id or a mail address
    #[arg(long, value_name = "WHO", conflicts_with = "id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
    /// Only in this state: waiting, acting, queued, parked, finished
    #[arg(long, value_name = "STATE", conflicts_with = "id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
}

#[derive(Serialize)]
struct Query<'a> {
    #[serde(flatten)]
    filter: &'a Filter,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl Runs {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        block(async {
            match &self.id {
                Some(id) => {
                    let run = client.get(&format!("/v1/runs/{}", encode(id)), &()).await?;
                    if self.format.json { screen::json(&run) } else { show_run(&run, Timestamp::now()) }
                }
                None => {
                    let (runs, more) = fetch(&client, &self.filter, self.limit).await?;
                    if self.format.json {
                        screen::json(&serde_json::json!({ "runs": runs, "more": more }));
                    } else {
                        show_runs(&runs, Timestamp::now());
                        if more {
                            screen::aside(screen::dim("there are more; ask for them with --limit"));
                        }
                    }
                }
            }
            Ok(Exit::Fine)
        })
    }
}

/// The first `limit` runs that fit the filter, and whether there are more.
pub(crate) async fn fetch(
    client: &Client,
    filter: &Filter,
    limit: u32,
) -> Result<(Vec<Value>, bool), crate::failure::Failure> {
    let mut runs = Vec::new();
    let mut after = None;
    loop {
        let missing = limit.saturating_sub(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        let query = Query { filter, limit: missing.min(500), after };
        let mut page = client.get("/v1/runs", &query).await?;
        runs.extend(json::take_list(&mut page, "runs"));
        after = json::member(&page, "next").as_str().map(str::to_owned);
        let full = runs.len() >= limit as usize;
        if after.is_none() || full {
            return Ok((runs, after.is_some()));
        }
    }
}

/// An id as a part of a path.
pub(crate) fn encode(id: &str) -> String {
    id.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Prints runs as a table; `now` is what distances are counted from.
pub(crate) fn show_runs(runs: &[Value], now: Timestamp) {
    if runs.is_empty() {
        screen::line("no runs");
        return;
    }
    let mut table = Table::new(&["run", "workflow", "for", "state", "where"]);
    for run in runs {
        table.row(vec![
            Cell::painted(json::text(run, "id"), |id| screen::cyan(id)),
            Cell::plain(json::text(run, "workflow")),
            Cell::plain(subject(json::member(run, "subject"))),
            Cell::painted(json::text(run, "state"), paint(json::text(run, "state"))),
            Cell::plain(place(run, now)),
        ]);
    }
    table.show();
}

fn place(run: &Value, now: Timestamp) -> String {
    let detail = json::text(run, "detail");
    match json::member(run, "wake").as_str().and_then(|wake| wake.parse::<Timestamp>().ok()) {
        Some(wake) => {
            format!(
                "{detail}{}{} ({})",
                if detail.is_empty() { "" } else { ", " },
                moment::show(wake),
                moment::distance(wake, now)
            )
        }
        None => detail.to_owned(),
    }
}

fn paint(state: &str) -> Paint {
    match state {
        "parked" => |text| screen::red(text),
        "waiting" | "acting" | "queued" => |text| screen::yellow(text),
        "completed" | "finished" => |text| screen::green(text),
        _ => |text| text.to_owned(),
    }
}

/// A subject by what people call it, else by its id.
pub(crate) fn subject(subject: &Value) -> String {
    match (json::member(subject, "name").as_str(), json::member(subject, "id").as_str()) {
        (Some(name), _) if !name.is_empty() => name.to_owned(),
        (_, Some(id)) => format!("{} {id}", json::text(subject, "kind")),
        _ => subject.as_str().unwrap_or_default().to_owned(),
    }
}

fn show_run(run: &Value, now: Timestamp) {
    screen::line(format!(
        "{} {} for {}",
        screen::cyan(json::text(run, "id")),
        screen::bold(json::text(run, "workflow")),
        screen::tame(&subject(json::member(run, "subject")))
    ));
    let state = json::text(run, "state");
    screen::line(format!("{} {}", paint(state)(state), screen::tame(&place(run, now))));
    screen::line("");
    show_entries(json::list(run, "timeline"), Subject::Known);
}

/// Whether lines of a timeline must say whom they are about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The reader knows.
    Known,
    /// Each line says it.
    Named,
}

/// Prints lines of a timeline.
pub(crate) fn show_entries(entries: &[Value], named: Subject) {
    let mut table = Table::new(&[]);
    for entry in entries {
        let what = json::text(entry, "what");
        let mut cells = vec![
            Cell::dim(moment::show_text(json::text(entry, "at"))),
            Cell::painted(what, paint_entry(what)),
        ];
        if named == Subject::Named {
            cells.push(Cell::plain(json::text(entry, "workflow")));
            cells.push(Cell::plain(subject(json::member(entry, "subject"))));
        }
        cells.push(Cell::plain(json::text(entry, "step")));
        cells.push(Cell::plain(json::text(entry, "detail")));
        table.row(cells);
    }
    table.show();
}

fn paint_entry(what: &str) -> Paint {
    match what {
        "sent" | "finished" => |text| screen::green(text),
        "parked" => |text| screen::red(text),
        "retrying" | "skipped" | "ignored" => |text| screen::yellow(text),
        _ => |text| screen::cyan(text),
    }
}
