//! The play: events go in, messages come out, the server dies and comes back.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::count::Verdict;
use super::server::{Fast, Server};
use super::{mail, tell, web};
use crate::client::{Body, Client};
use crate::commands::{deploy, emit, runs};
use crate::dev::story::Story;
use crate::events::Line;
use crate::failure::{Exit, Failure};
use crate::message::{Content, Message};
use crate::{json, moment, screen};

/// The server is killed when so many messages have arrived.
const KILLS: [usize; 2] = [2, 9];
/// Lines of a message that are shown.
const LINES: usize = 4;
/// How often the stage looks around.
const TICK: Duration = Duration::from_millis(40);
/// How long the end may take after the story: leases, retries.
const ENCORE: Duration = Duration::from_secs(15);

/// What listens for messages.
pub(super) struct Ears {
    /// Address of the mail server.
    mail: String,
    /// Address of the HTTP receiver.
    pub(super) web: String,
    mails: UnboundedReceiver<mail::Caught>,
    hooks: UnboundedReceiver<web::Caught>,
}

impl Ears {
    /// Starts both receivers.
    pub(super) async fn open() -> Result<Self, Failure> {
        let deaf = |error: std::io::Error| {
            Failure::unreachable(format!("cannot listen on this machine: {error}"), "")
        };
        let (send, mails) = unbounded_channel();
        let mail = format!("smtp://{}", mail::listen(send).await.map_err(deaf)?);
        let (send, hooks) = unbounded_channel();
        let web = format!("http://{}", web::listen(send).await.map_err(deaf)?);
        Ok(Self { mail, web, mails, hooks })
    }
}

/// The play while it goes on.
pub(super) struct Stage {
    ears: Ears,
    server: Server,
    client: Client,
    lines: Vec<Line>,
    story: Story,
    /// Events that were sent and not acknowledged: they are sent again.
    unsent: Vec<Value>,
    clock: Fast,
    length: SignedDuration,
    end: Timestamp,
    arrivals: Vec<Message>,
    verdict: Verdict,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Starts the server. The story begins on a Monday morning, so that it is the same each time.
    pub(super) async fn open(
        ears: Ears,
        lines: Vec<Line>,
        speed: f64,
        length: Duration,
    ) -> Result<Self, Failure> {
        let folder =
            tempfile::tempdir().map_err(|error| Failure::file("make", &std::env::temp_dir(), &error))?;
        let clock = Fast::new("2026-03-02T06:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH), speed);
        let mut server = Server::new(folder.path().to_owned(), ears.mail.clone(), clock)?;
        server.start().await?;
        tell(&format!(
            "onward serve at {}, mail at {}, webhooks at {}",
            server.client()?.url(),
            ears.mail,
            ears.web
        ));
        Ok(Self {
            client: server.client()?,
            ears,
            server,
            lines,
            story: Story::default(),
            unsent: Vec::new(),
            clock,
            length: SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX),
            end: Timestamp::MAX,
            arrivals: Vec::new(),
            verdict: Verdict::default(),
            _folder: folder,
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Deploys the program and tells the story to its end.
    pub(super) async fn play(&mut self, program: Vec<u8>) -> Result<(), Failure> {
        let answer = deploy::deploy(&self.client, program, deploy::Edges::Silent).await?;
        tell(&format!(
            "deployed {}; a day passes in a second\n",
            screen::count(deploy::workflows(&answer).len(), "workflow")
        ));
        self.story = Story::new(std::mem::take(&mut self.lines), self.now())?;
        self.end = moment::later(self.now(), self.length)?;
        let last = Instant::now() + self.clock.until(self.end) + ENCORE;
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                Some(mail) = self.ears.mails.recv() => self.arrived(read_mail(&mail, self.now())).await?,
                Some(hook) = self.ears.hooks.recv() => self.arrived(read_hook(hook, self.now())).await?,
                _ = tick.tick() => {
                    self.feed().await?;
                    self.help().await?;
                    if (self.now() >= self.end && self.is_idle().await?) || Instant::now() > last {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Sends what has come, again and again until it is acknowledged.
    async fn feed(&mut self) -> Result<(), Failure> {
        self.unsent.extend(self.story.due(self.now()));
        if self.unsent.is_empty() {
            return Ok(());
        }
        match emit::send(&self.client, &self.unsent).await {
            Ok(answer) => {
                self.verdict.acknowledge(&answer);
                for (event, result) in self.unsent.iter().zip(emit::results(&answer)) {
                    tell_event(event, result);
                }
                screen::line("");
                self.unsent.clear();
                Ok(())
            }
            Err(failure) if failure.exit == Exit::Unreachable => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn arrived(&mut self, message: Message) -> Result<(), Failure> {
        let again = self.arrivals.iter().any(|before| before.key == message.key);
        if again {
            tell(&format!("{} arrived again under the same key: a receiver knows it\n", name(&message)));
        } else {
            message.show(LINES);
        }
        self.arrivals.push(message);
        if !again && KILLS.contains(&self.arrivals.len()) {
            self.kill().await?;
        }
        Ok(())
    }

    async fn kill(&mut self) -> Result<(), Failure> {
        self.server.kill().await?;
        let begun = Instant::now();
        tell(&screen::red("killed the server (SIGKILL), in the middle of its work"));
        self.server.start().await?;
        self.verdict.kills += 1;
        tell(&format!("{} after {} ms\n", screen::green("started it again"), begun.elapsed().as_millis()));
        Ok(())
    }

    /// Does what a person would do about a message of which the server cannot know whether it arrived: looks.
    async fn help(&mut self) -> Result<(), Failure> {
        if self.verdict.kills == 0 {
            return Ok(());
        }
        let parked = self.client.get("/v1/parked", &()).await?;
        for item in json::list(&parked, "parked") {
            let Some(key) = json::member(item, "key").as_str() else { continue };
            let there = self.arrivals.iter().any(|arrival| arrival.key == key);
            let (path, what) = if there {
                ("/v1/parked/drop", "it is in the mailbox, so it is not sent again")
            } else {
                ("/v1/parked/retry", "it is not in the mailbox, so it is sent")
            };
            tell(&format!("parked: {} ({}); {what}\n", json::text(item, "step"), json::text(item, "reason")));
            self.client.post(path, Body::Json(json!({ "keys": [key] }))).await?;
            self.verdict.helped += 1;
        }
        Ok(())
    }

    async fn is_idle(&self) -> Result<bool, Failure> {
        let stats = self.client.get("/v1/stats", &()).await?;
        let (acting, _) = runs::fetch(&self.client, &state("acting"), 1).await?;
        Ok(json::count(&stats, "unread") == 0
            && acting.is_empty()
            && self.unsent.is_empty()
            && self.story.next().is_none())
    }

    /// Shows the runs that wait, and compares what the server says with what arrived.
    pub(super) async fn count(mut self) -> Result<Verdict, Failure> {
        let (all, _) = runs::fetch(&self.client, &runs::Filter::default(), 1_000).await?;
        tell(&format!("the story ends on {} UTC; the runs:\n", moment::show(self.now())));
        runs::show_runs(&all, self.now());
        for run in &all {
            let run =
                self.client.get(&format!("/v1/runs/{}", runs::encode(json::text(run, "id"))), &()).await?;
            self.verdict.effects(json::list(&run, "intents"));
        }
        self.server.kill().await?;
        self.verdict.compare(&self.arrivals);
        Ok(self.verdict)
    }
}

fn state(name: &str) -> runs::Filter {
    runs::Filter { state: Some(name.to_owned()), ..runs::Filter::default() }
}

fn tell_event(event: &Value, result: &Value) {
    let who = json::text(json::member(event, "contact"), "email");
    let status = json::text(result, "status");
    tell(&format!("event {} of {who}: {status}", screen::bold(json::text(event, "event"))));
}

fn name(message: &Message) -> String {
    match &message.content {
        Content::Mail { subject, .. } => format!("the mail `{subject}`"),
        Content::Request { method, url, .. } => format!("{method} {url}"),
    }
}

/// A mail as people see it.
fn read_mail(caught: &mail::Caught, now: Timestamp) -> Message {
    let parsed = mail_parser::MessageParser::default().parse(&caught.raw);
    let parsed = parsed.as_ref();
    let from = parsed.and_then(|mail| mail.from()).and_then(|from| from.first());
    let from = from.map(|from| match (from.name(), from.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (_, address) => address.unwrap_or_default().to_owned(),
    });
    let id = parsed.and_then(|mail| mail.message_id()).unwrap_or_default();
    let text = parsed.and_then(|mail| mail.body_text(0));
    let sent =
        parsed.and_then(|mail| mail.date()).and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    Message {
        at: sent.unwrap_or(now),
        workflow: String::new(),
        step: "mail".to_owned(),
        subject: String::new(),
        key: id.split('@').next().unwrap_or_default().to_owned(),
        content: Content::Mail {
            from: from.unwrap_or_else(|| caught.from.clone()),
            to: caught.to.clone(),
            subject: parsed.and_then(|mail| mail.subject()).unwrap_or_default().to_owned(),
            text: text.map(|text| text.replace("\r\n", "\n")).unwrap_or_default(),
        },
    }
}

/// A request as people see it.
fn read_hook(caught: web::Caught, now: Timestamp) -> Message {
    Message {
        at: now,
        workflow: String::new(),
        step: "webhook".to_owned(),
        subject: String::new(),
        key: caught.key,
        content: Content::Request {
            method: caught.method,
            url: caught.path,
            body: serde_json::from_str(&caught.body).unwrap_or(Value::from(caught.body)),
        },
    }
}
