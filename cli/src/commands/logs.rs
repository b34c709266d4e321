//! `onward logs`: what happened, as it happens.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::Format;
use super::runs::{Subject, show_entries};
use crate::client::{Client, Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::screen;

/// How often a followed log is asked for more.
const PAUSE: Duration = Duration::from_millis(500);

/// Show what happened: matched, waiting, sent, skipped, parked, finished
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Go on as more happens, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// How many of the newest lines to begin with
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
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
            let mut newest = Vec::new();
            loop {
                let page = log.page().await?;
                if page.is_empty() {
                    break;
                }
                newest.extend(page);
                let surplus = newest.len().saturating_sub(self.limit);
                newest.drain(..surplus);
            }
            self.show(&newest);
            while self.follow {
                tokio::time::sleep(PAUSE).await;
                self.show(&log.page().await?);
            }
            Ok(Exit::Fine)
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
    after: Option<Value>,
}

impl Log<'_> {
    /// What came since the last time.
    async fn page(&mut self) -> Result<Vec<Value>, Failure> {
        let mut query = vec![("limit", "500".to_owned())];
        if let Some(after) = &self.after {
            query.push(("after", after.as_str().map_or_else(|| after.to_string(), str::to_owned)));
        }
        let mut answer = self.client.get("/v1/logs", &query).await?;
        let next = answer["next"].take();
        if !next.is_null() {
            self.after = Some(next);
        }
        match answer["entries"].take() {
            Value::Array(entries) => Ok(entries),
            _ => Ok(Vec::new()),
        }
    }
}
