//! `onward demo`: the whole road on one machine. A real server as a child process, a
//! mail server and an HTTP receiver beside it, a story of events, and two kills.
//!
//! It must not know the engine: it sees what any customer of the server sees.

mod count;
mod mail;
mod server;
mod stage;
mod web;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::client::block;
use crate::commands::compile::program;
use crate::events;
use crate::failure::{Exit, Failure, Outcome};
use crate::project::Files;
use crate::screen;

/// How much time of the story passes in a second.
const SPEED: f64 = 86_400.0;

/// Show a project at work: real mail, real webhooks, a server that is killed on the way
///
/// Starts `onward serve` with a store of its own, a mail server and an HTTP receiver, all on this machine; deploys
/// the project, sends its events.jsonl over the HTTP API, kills the server twice without warning, and counts at the end
/// whether each message arrived exactly once. A day of the story passes in a second. Nothing leaves the machine.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// A project's folder with an events.jsonl in it
    #[arg(default_value = "examples/form-follow-up")]
    path: PathBuf,
    /// How many days of the story to tell
    #[arg(long, default_value_t = 15, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60))]
    days: u32,
}

impl Demo {
    pub(crate) fn run(self) -> Outcome {
        let files = Files::read(&self.path).map_err(|mut failure| {
            failure.help =
                "run it in the folder of Onward's sources, or name a project that has an events.jsonl"
                    .to_owned();
            failure
        })?;
        let file = files.root.join("events.jsonl");
        let lines = events::lines(&file.display().to_string(), events::open(&file)?)?;
        block(async {
            let ears = stage::Ears::open().await?;
            let local = redirected(&files, &ears.web)?;
            let Some(program) = program(&local)? else { return Ok(Exit::Problems) };
            stays_here(program.program())?;
            let length = Duration::from_secs(u64::from(self.days) * 86_400);
            let mut stage = stage::Stage::open(ears, lines, SPEED, length).await?;
            stage.play(crate::commands::deploy::encode(&program)?).await?;
            let verdict = stage.count().await?;
            verdict.show();
            Ok(if verdict.holds() { Exit::Fine } else { Exit::Problems })
        })
    }
}

/// The project with every URL of its settings led to the receiver on this machine.
fn redirected(files: &Files, web: &str) -> Result<Files, Failure> {
    let mut files = files.clone();
    for (path, text) in &mut files.files {
        if path == "onward.toml" {
            let mut settings: toml::Table = toml::from_str(text).map_err(|error| {
                Failure::problems(
                    format!("`onward.toml` is not TOML: {}", error.message()),
                    "`onward check` shows where",
                )
            })?;
            for (name, table) in &mut settings {
                if name != "project" && name != "email" {
                    redirect(table, web);
                }
            }
            *text = settings.to_string();
        }
    }
    Ok(files)
}

fn redirect(value: &mut toml::Value, web: &str) {
    match value {
        toml::Value::String(url) if url.starts_with("http://") || url.starts_with("https://") => {
            web.clone_into(url)
        }
        toml::Value::Table(table) => table.iter_mut().for_each(|(_, value)| redirect(value, web)),
        _ => {}
    }
}

/// Refuses a program whose actions call a provider of their own.
fn stays_here(program: &onward_bytecode::Program) -> Result<(), Failure> {
    let away = program.actions.iter().find(|action| {
        let http = matches!(action.transport, onward_bytecode::Transport::Http { .. });
        http && !action.name.starts_with("webhook")
    });
    match away {
        None => Ok(()),
        Some(action) => Err(Failure::usage(
            format!("the demo calls nobody but this machine, and `{}` would call its provider", action.name),
            "`onward dev` shows such a project without sending anything",
        )),
    }
}

/// A line between messages that tells what the demo does.
fn tell(what: &str) {
    screen::line(format!("{} {what}", screen::cyan("──")));
}
