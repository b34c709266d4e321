//! `onward deploy`: checks and compiles a project, and makes a server run it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onward_bytecode::Verified;
use serde_json::Value;

use super::Format;
use super::compile::program;
use super::fills;
use crate::client::{Body, Client, Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::project::Files;
use crate::{json, screen};

/// Compile a project and deploy it on a server
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// What becomes of who is in a new segment already
    #[arg(long, value_name = "HOW", default_value = "silent")]
    edges: Edges,
    /// Return at once, also while what is new is worked out for who is there already
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

/// What filling in does at the edges of new segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Edges {
    /// They have been in it all along: nothing starts.
    Silent,
    /// They enter it now: workflows start for them.
    Fire,
}

impl Deploy {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let Some(program) = program(&Files::read(&self.path)?)? else { return Ok(Exit::Problems) };
        let artifact = encode(&program)?;
        block(async {
            let answer = deploy(&client, artifact, self.edges).await?;
            if self.format.json {
                screen::json(&answer);
            } else {
                show(&client, &answer);
            }
            if !json::member(&answer, "fill").is_null() && !self.detach {
                fills::follow(&client).await?;
                screen::aside(screen::dim("what is new is worked out for all who were there already"));
            }
            Ok(Exit::Fine)
        })
    }
}

/// The bytes of a program.
pub(crate) fn encode(program: &Verified) -> Result<Vec<u8>, Failure> {
    program.artifact().encode().map_err(|error| {
        Failure::problems(
            format!("the program cannot be written: {error}"),
            "split the project into smaller ones",
        )
    })
}

/// Sends an artifact; it runs when this returns.
pub(crate) async fn deploy(client: &Client, artifact: Vec<u8>, edges: Edges) -> Result<Value, Failure> {
    let edges = match edges {
        Edges::Silent => "silent",
        Edges::Fire => "fire",
    };
    client.post(&format!("/v1/programs?by=onward+deploy&edges={edges}"), Body::Bytes(artifact)).await
}

/// The names of the workflows in the answer to a deployment.
pub(crate) fn workflows(answer: &Value) -> Vec<&str> {
    let all = json::list(answer, "workflows");
    all.iter().map(|it| it.as_str().unwrap_or_else(|| json::text(it, "name"))).collect()
}

/// The beginning of a hash, enough to tell programs apart.
pub(crate) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn show(client: &Client, answer: &Value) {
    let (hash, names) = (json::text(answer, "hash"), workflows(answer));
    let count = screen::count(names.len(), "workflow");
    if json::text(answer, "previous") == hash {
        screen::line(format!(
            "{} {count}: {} runs on {} already",
            screen::green("unchanged"),
            short(hash),
            client.url()
        ));
        return;
    }
    screen::line(format!("{} {count} as {} on {}", screen::green("deployed"), short(hash), client.url()));
    names.iter().for_each(|name| screen::line(format!("  {name}")));
}
