//! A server of our own with an outbox, and a clock that can be moved.
//!
//! It must not know files or terminals: who uses it gives artifacts and orders.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use onward_bytecode::Verified;
use onward_runtime::{Caught, Clock, Message as Sent, Options, Outbox, Running, Secrets, Server, store};
use serde_json::{Value, json};

use super::story::Story;
use crate::client::Client;
use crate::commands::{deploy, emit, runs, serve};
use crate::events::Line;
use crate::failure::{Failure, with_causes};
use crate::message::{Content, Message};
use crate::{json, moment, screen};

/// Lines of a message that are shown.
const LINES: usize = 40;

/// How the clock goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Only when it is moved.
    Still,
    /// So many times as fast as time.
    Scaled(f64),
}

/// How messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printing {
    /// For people, at once.
    AsItComes,
    /// For people, ordered by time, subject and workflow: the same each time.
    InOrder,
    /// As lines of JSON, in that order.
    Json,
}

/// What a session needs to start.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Where it keeps its store.
    pub(crate) folder: PathBuf,
    /// What the clock shows at the start; otherwise it goes on from the last time.
    pub(crate) at: Option<Timestamp>,
    /// How the clock goes.
    pub(crate) pace: Pace,
    /// Where the HTTP API listens.
    pub(crate) listen: SocketAddr,
    /// How messages are printed.
    pub(crate) printing: Printing,
}

/// A running session.
pub(crate) struct Session {
    running: Running,
    client: Client,
    clock: Clock,
    outbox: Outbox,
    story: Story,
    printing: Printing,
    /// Number of the last message that was printed in order.
    printed: u64,
    /// File that keeps how far the clock is ahead.
    ahead: PathBuf,
}

impl Session {
    /// Opens the store and starts the server.
    pub(crate) async fn start(setup: Setup) -> Result<Self, Failure> {
        let ahead = setup.folder.join("clock");
        let start = match setup.at {
            Some(at) => at,
            None => moment::later(Timestamp::now(), kept(&ahead))?,
        };
        let clock = match setup.pace {
            Pace::Still => Clock::manual(start),
            Pace::Scaled(factor) => Clock::scaled(start, factor),
        };
        let address = format!("sqlite:{}", setup.folder.join("onward.db").display());
        let store = store::open(&address, &store::Options::default()).await.map_err(|error| {
            Failure::unreachable(
                format!("cannot open the store: {}", with_causes(&error)),
                "`--fresh` begins anew",
            )
        })?;
        let outbox = Outbox::new();
        let running = Server::start(Options {
            clock: clock.clone(),
            secrets: Secrets::new(placeholder),
            listen: setup.listen,
            ..Options::caught(store, outbox.clone())
        })
        .await
        .map_err(serve::not_started)?;
        let client = Client::new(&format!("http://{}", running.address()), None)?;
        let story = Story::default();
        let session =
            Self { running, client, clock, outbox, story, printing: setup.printing, printed: 0, ahead };
        if session.printing == Printing::AsItComes {
            session.print_as_it_comes();
        }
        Ok(session)
    }

    /// The address of the HTTP API.
    pub(crate) fn url(&self) -> &str {
        self.client.url()
    }

    /// What the clock shows.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Deploys a program over the HTTP API.
    pub(crate) async fn deploy(&mut self, program: &Verified) -> Result<(), Failure> {
        let begun = Instant::now();
        let answer = deploy::deploy(&self.client, deploy::encode(program)?, deploy::Edges::Silent).await?;
        let names = deploy::workflows(&answer);
        let took = begun.elapsed().as_millis();
        screen::aside(format!(
            "{} {} ({took} ms)",
            screen::green("deployed"),
            screen::count(names.len(), "workflow")
        ));
        Ok(())
    }

    /// Begins a story now.
    pub(crate) fn tell(&mut self, lines: Vec<Line>) -> Result<(), Failure> {
        self.story = Story::new(lines, self.clock.now())?;
        Ok(())
    }

    /// Sends the events that have come, and waits until they are worked on.
    pub(crate) async fn feed(&mut self) -> Result<(), Failure> {
        let due = self.story.due(self.clock.now());
        for batch in due.chunks(500) {
            let answer = emit::send(&self.client, batch).await?;
            let there = match json::count(&answer, "duplicates") {
                0 => String::new(),
                duplicates => format!(", {duplicates} there already"),
            };
            let accepted = json::count(&answer, "accepted");
            screen::aside(format!("{}: {accepted} accepted{there}", screen::count(batch.len(), "event")));
            for (event, result) in batch.iter().zip(emit::results(&answer)) {
                if json::text(result, "status") == "refused" {
                    screen::aside(format!("{} {}", screen::red("refused"), told(event, result)));
                }
                emit::warn(result);
            }
        }
        self.settle().await
    }

    /// Waits until the story's next event is to be sent; forever if there is none.
    pub(crate) async fn next_event(&self) {
        match self.story.next() {
            Some(at) => self.clock.clone().sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// Moves the clock on, through everything that happens meanwhile.
    pub(crate) async fn jump(&mut self, by: SignedDuration) -> Result<(), Failure> {
        let target = moment::later(self.clock.now(), by)?;
        while let Some(at) = self.story.next().filter(|at| *at <= target) {
            self.move_to(at).await?;
            self.feed().await?;
        }
        self.move_to(target).await?;
        self.settle().await?;
        self.keep();
        screen::aside(format!("{} {} UTC", screen::cyan("clock"), moment::show(self.clock.now())));
        Ok(())
    }

    /// Goes on until the story has been told, if the clock goes by itself.
    pub(crate) async fn finish_story(&mut self) -> Result<(), Failure> {
        while let Some(at) = self.story.next() {
            if self.clock.real_until(at).is_none() {
                let left = self.story.due(Timestamp::MAX).len();
                screen::aside(screen::dim(format!(
                    "{} to come; `--jump` further to see",
                    screen::count(left, "event")
                )));
                break;
            }
            self.next_event().await;
            self.feed().await?;
        }
        self.settle().await
    }

    /// Prints who waits for what.
    pub(crate) async fn show_runs(&self) -> Result<(), Failure> {
        let (all, _) = runs::fetch(&self.client, &runs::Filter::default(), 1_000).await?;
        let open: Vec<Value> = all.into_iter().filter(|run| json::member(run, "ended").is_null()).collect();
        if self.printing == Printing::Json {
            screen::line(json!({ "runs": open }));
        } else if open.is_empty() {
            screen::line("no run waits");
        } else {
            runs::show_runs(&open, self.clock.now());
        }
        Ok(())
    }

    /// Ends the server in order.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.keep();
        self.running.stop().await.map_err(|error| stuck(&error))
    }

    async fn move_to(&self, target: Timestamp) -> Result<(), Failure> {
        self.running.jump(target).await.map_err(|error| stuck(&error))
    }

    /// Waits until nothing is left to do now, and prints what was caught.
    async fn settle(&mut self) -> Result<(), Failure> {
        self.running.until_idle().await.map_err(|error| stuck(&error))?;
        if self.printing != Printing::AsItComes {
            self.print_in_order();
        }
        Ok(())
    }

    fn print_in_order(&mut self) {
        let mut caught = self.outbox.after(self.printed);
        self.printed = caught.last().map_or(self.printed, |last| last.number);
        // Several people's runs go on side by side; this order is the same each time.
        caught.sort_by(|a, b| (a.at, &a.subject, &a.workflow).cmp(&(b.at, &b.subject, &b.workflow)));
        for caught in &caught {
            match self.printing {
                Printing::Json => screen::line(json!({ "message": message(caught) })),
                _ => message(caught).show(LINES),
            }
        }
    }

    fn print_as_it_comes(&self) {
        let outbox = self.outbox.clone();
        let mut caught = outbox.subscribe();
        tokio::spawn(async move {
            let mut last = 0;
            // Somebody far behind reads on from what was kept.
            while !matches!(caught.recv().await, Err(tokio::sync::broadcast::error::RecvError::Closed)) {
                for caught in outbox.after(last) {
                    last = caught.number;
                    message(&caught).show(LINES);
                }
            }
        });
    }

    /// Keeps how far the clock is ahead, so that it does not go back the next time.
    fn keep(&self) {
        let ahead = self.clock.now().duration_since(Timestamp::now());
        let _ = std::fs::write(&self.ahead, format!("{}\n", ahead.as_secs()));
    }
}

/// How far the clock was ahead the last time.
fn kept(file: &Path) -> SignedDuration {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    SignedDuration::from_secs(text.trim().parse().unwrap_or(0))
}

/// Nothing leaves this machine: a secret need not be known, and is never shown.
fn placeholder(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn told(event: &Value, result: &Value) -> String {
    let name = json::text(event, "event");
    screen::tame(&format!("{name}: {}", emit::why(result)))
}

/// A caught request as people see it.
fn message(caught: &Caught) -> Message {
    let content = match &caught.message {
        Sent::Mail { to, from, subject, text, .. } => Content::Mail {
            from: from.as_deref().unwrap_or("the project's sender").to_owned(),
            to: to.iter().map(ToString::to_string).collect(),
            subject: subject.to_string(),
            text: text.to_string(),
        },
        Sent::Http { method, url, body } => {
            Content::Request { method: method.to_string(), url: url.to_string(), body: body.clone() }
        }
    };
    Message {
        at: caught.at,
        workflow: caught.workflow.to_string(),
        step: caught.step.to_string(),
        subject: caught.subject.to_string(),
        key: caught.key.to_string(),
        content,
    }
}

fn stuck(error: &store::StoreError) -> Failure {
    Failure::unreachable(
        format!("the store failed: {}", with_causes(error)),
        "is the disk full? `--fresh` begins anew",
    )
}
