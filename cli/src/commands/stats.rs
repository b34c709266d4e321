//! `onward stats`: how workflows do.

use clap::Args;
use serde_json::Value;

use super::Format;
use super::runs::encode;
use crate::client::{Connection, block};
use crate::failure::{Exit, Outcome};
use crate::table::{Cell, Paint, Table};
use crate::{json, screen};

/// States of runs, in the order of their lives.
const STATES: [&str; 5] = ["waiting", "acting", "queued", "parked", "finished"];

/// Show how many entered, reached the goal, were held out or took which branch
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// Show this workflow in full
    workflow: Option<String>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Stats {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let path = match &self.workflow {
            Some(name) => format!("/v1/stats/{}", encode(name)),
            None => "/v1/stats".to_owned(),
        };
        let answer = block(async { client.get(&path, &()).await })?;
        match (self.format.json, &self.workflow) {
            (true, _) => screen::json(&answer),
            (false, Some(_)) => one(&answer),
            (false, None) => all(json::list(&answer, "workflows")),
        }
        Ok(Exit::Fine)
    }
}

fn all(workflows: &[Value]) {
    if workflows.is_empty() {
        screen::line("no workflows");
        return;
    }
    let mut table = Table::new(&[
        "workflow", "state", "entered", "goal", "rate", "held out", "rate", "going on", "parked", "finished",
    ]);
    for workflow in workflows {
        let (runs, held_out) = (json::member(workflow, "runs"), json::member(workflow, "held_out"));
        let going_on =
            json::count(runs, "waiting") + json::count(runs, "acting") + json::count(runs, "queued");
        let parked = json::count(runs, "parked");
        let state = json::text(workflow, "state");
        table.row(vec![
            Cell::painted(json::text(workflow, "workflow"), |name| screen::cyan(name)),
            Cell::painted(state, paint(state)),
            number(json::count(workflow, "entered")),
            goal(workflow, json::count(workflow, "goals").to_string()),
            goal(workflow, percent(json::member(workflow, "rate"))),
            if held_out.is_null() { Cell::dim("") } else { number(json::count(held_out, "entered")) },
            goal(
                workflow,
                if held_out.is_null() { String::new() } else { percent(json::member(held_out, "rate")) },
            ),
            number(going_on),
            Cell::painted(
                parked.to_string(),
                if parked > 0 { |text| screen::red(text) } else { str::to_owned },
            ),
            number(json::count(runs, "finished")),
        ]);
    }
    table.show();
}

fn paint(state: &str) -> Paint {
    match state {
        "live" => |text| screen::green(text),
        "paused" | "disabled" => |text| screen::yellow(text),
        _ => |text| screen::dim(text),
    }
}

fn number(number: u64) -> Cell {
    Cell::plain(number.to_string())
}

/// Nothing where there is no goal.
fn goal(workflow: &Value, text: String) -> Cell {
    if json::member(workflow, "goal").is_null() { Cell::dim("") } else { Cell::plain(text) }
}

fn percent(rate: &Value) -> String {
    rate.as_f64().map_or_else(|| "–".to_owned(), |rate| format!("{:.1} %", rate * 100.0))
}

fn one(workflow: &Value) {
    let (state, title) = (json::text(workflow, "state"), json::text(workflow, "title"));
    let name = screen::bold(json::text(workflow, "workflow"));
    let title =
        if title.is_empty() { String::new() } else { format!(" {}", screen::dim(screen::tame(title))) };
    screen::line(format!("{name}{title} {}", paint(state)(state)));
    let switched = json::member(workflow, "switched");
    if !switched.is_null() {
        let (at, by) = (crate::moment::show_text(json::text(switched, "at")), json::text(switched, "by"));
        screen::line(screen::dim(screen::tame(&format!("{state} since {at} by {by}"))));
    }
    let aim = json::member(workflow, "goal");
    if !aim.is_null() {
        let (event, within) = (json::text(aim, "event"), json::text(aim, "within"));
        screen::line(screen::dim(screen::tame(&format!("goal: {event} within {within}"))));
    }
    screen::line("");
    let mut table = Table::new(&["group", "entered", "share", "goal", "rate"]);
    row(&mut table, workflow, "all", workflow);
    let held_out = json::member(workflow, "held_out");
    if !held_out.is_null() {
        row(&mut table, workflow, "held out", held_out);
    }
    for split in json::list(workflow, "splits") {
        for branch in json::list(split, "branches") {
            let name = format!("{}/{}", json::text(split, "name"), json::text(branch, "name"));
            row(&mut table, workflow, &name, branch);
        }
    }
    table.show();
    let runs = json::member(workflow, "runs");
    let states: Vec<String> = STATES
        .iter()
        .filter(|state| json::count(runs, state) > 0)
        .map(|state| format!("{} {state}", json::count(runs, state)))
        .collect();
    screen::line("");
    screen::line(if states.is_empty() {
        "no runs".to_owned()
    } else {
        format!("runs: {}", states.join(", "))
    });
}

fn row(table: &mut Table, workflow: &Value, name: &str, group: &Value) {
    let share = json::member(group, "share");
    table.row(vec![
        Cell::painted(name, |name| screen::cyan(name)),
        number(json::count(group, "entered")),
        if share.is_null() { Cell::dim("") } else { Cell::plain(percent(share)) },
        goal(workflow, json::count(group, "goals").to_string()),
        goal(workflow, percent(json::member(group, "rate"))),
    ]);
}
