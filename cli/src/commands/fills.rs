//! `onward fills`: how far the entities that were there are watched for the last deployment.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::Format;
use crate::client::{Client, Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::{json, screen};

/// How often a filling in is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Show how far the last deployment is filled in
///
/// A deployment that watches something new, such as a segment or a schedule, is worked out for all who are there
/// already, bit by bit beside the daily work.
#[derive(Debug, Args)]
pub(crate) struct Fills {
    /// Wait until it is done
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Fills {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let answer = block(async {
            if self.wait {
                follow(&client).await?;
            }
            client.get("/v1/fills", &()).await
        })?;
        if self.format.json {
            screen::json(&answer);
            return Ok(Exit::Fine);
        }
        let fills = json::list(&answer, "fills");
        if fills.is_empty() {
            screen::line("nothing had to be filled in");
        }
        for fill in fills {
            let (done, total) = (json::count(fill, "done"), json::count(fill, "total"));
            let edges = if json::text(fill, "edges") == "fire" { ", edges fire" } else { "" };
            let state = if done < total { screen::yellow("under way") } else { screen::green("done") };
            let number = json::count(fill, "deployment");
            screen::line(format!("deployment {number}: {state}, {done} of {total}{edges}"));
        }
        Ok(Exit::Fine)
    }
}

/// Shows how a filling in gets on, until it is done.
pub(crate) async fn follow(client: &Client) -> Result<(), Failure> {
    let bar = std::io::stderr().is_terminal().then(bar);
    loop {
        let answer = client.get("/v1/fills", &()).await?;
        let sum = |name| json::list(&answer, "fills").iter().map(|fill| json::count(fill, name)).sum();
        if let Some(bar) = &bar {
            bar.set_length(sum("total"));
            bar.set_position(sum("done"));
        }
        if json::member(&answer, "open") != &Value::Bool(true) {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(())
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("filling in {wide_bar} {human_pos} of {human_len}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
