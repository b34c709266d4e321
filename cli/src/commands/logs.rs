//! `onward logs`: what happened, as it happens.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::Format;
use super::runs::{Subject, show_entries};
use crate::client::{Client, Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::{json, screen};

/// How often a followed log is asked for more.
const PAUSE: Duration = Duration::from_millis(500);

/// Show what happened: matched, waiting, sent, skipped, parked, finished
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Go on as more happens, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// How many of the newest lines to begin with
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

impl Logs {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        block(async {
            let mut log = Log { client: &client, after: None };
            let newest = log.last(self.limit).await?;
            self.show(&newest);
            if !self.follow {
                if newest.is_empty() && !self.format.json {
                    screen::line("nothing has happened yet");
                }
                return Ok(Exit::Fine);
            }
            loop {
                let page = log.next().await?;
                if page.is_empty() {
                    tokio::time::sleep(PAUSE).await;
                }
                self.show(&page);
            }
        })
    }

    fn show(&self, entries: &[Value]) {
        if self.format.json {
            entries.iter().for_each(screen::line);
        } else {
            show_entries(entries, Subject::Named);
        }
    }
}

/// A log and how far it was read.
struct Log<'a> {
    client: &'a Client,
    after: Option<String>,
}

impl Log<'_> {
    /// The newest lines.
    async fn last(&mut self, limit: u32) -> Result<Vec<Value>, Failure> {
        self.page(&[("last", "true"), ("limit", &limit.to_string())]).await
    }

    /// What came since the last time.
    async fn next(&mut self) -> Result<Vec<Value>, Failure> {
        match self.after.clone() {
            Some(after) => self.page(&[("after", after.as_str())]).await,
            None => self.page(&[]).await,
        }
    }

    async fn page(&mut self, query: &[(&str, &str)]) -> Result<Vec<Value>, Failure> {
        let mut answer = self.client.get("/v1/logs", query).await?;
        if let Some(next) = json::member(&answer, "next").as_str() {
            self.after = Some(next.to_owned());
        }
        Ok(json::take_list(&mut answer, "entries"))
    }
}
