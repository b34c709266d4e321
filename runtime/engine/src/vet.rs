//! What is checked again in the transaction that claims a message: whether its run still
//! wants it, whether its receiver does, and whether this is the time.
//!
//! It must not know stores or dispatchers. It changes nothing: the caller does what the
//! verdict says.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{Cap, EntityId, Exit, Opt, Policy, Program, Scalar, Type, Value, Window, WorkflowDecl};

use crate::apply::{Needs, Unmet};
use crate::civil;
use crate::model::{Intent, Run, RunState, SentMessage, Snapshot};
use crate::program::{Loaded, Programs};
use crate::vm::{self, Fault, World};
use crate::window::{Stretch, TRANSACTIONAL, next_allowed};

/// Stands in `unsubscribed` for every topic.
const ALL: &str = "all";

/// What becomes of an intent that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is sent.
    Send,
    /// It is looked at again then.
    Later {
        /// When.
        until: Timestamp,
        /// Why, in words.
        reason: Arc<str>,
    },
    /// It is not sent, and the run goes on.
    Never {
        /// Why, in words.
        reason: Arc<str>,
    },
    /// It is not sent, and the run ends: its subject is to be looked at again, by a
    /// [`crate::model::FactKind::Touched`].
    Exit {
        /// Why, in words.
        reason: Arc<str>,
    },
}

/// What becomes of an intent that is due. `sent` are the messages to the same subject that
/// went out before, at least as far back as the longest cap looks.
///
/// # Errors
///
/// [`Unmet`] if the programs or the snapshot lack something that it needs.
pub fn vet(
    programs: &Programs,
    snapshot: &Snapshot,
    intent: &Intent,
    sent: &[SentMessage],
    now: Timestamp,
) -> Result<Verdict, Unmet> {
    let pinned = programs.pinned.get(&intent.program);
    let live = programs.live.as_ref();
    let loaded = pinned.or_else(|| live.filter(|live| live.hash() == intent.program));
    let loaded = loaded.ok_or(Unmet::NeedsProgram(intent.program))?;
    let Some(workflow) = loaded.workflow(&intent.workflow) else { return Ok(Verdict::Send) };
    let vetting = Vetting { loaded, live: live.unwrap_or(loaded), workflow, snapshot, intent, now };
    if let Some(verdict) = vetting.exits()? {
        return Ok(verdict);
    }
    let Some(channel) = &intent.channel else { return Ok(Verdict::Send) };
    vetting.message(channel, sent)
}

/// The person whom a message is for: the subject, or the contact that it belongs to.
fn person(snapshot: &Snapshot, subject: &EntityId) -> Result<EntityId, Unmet> {
    if *subject.kind == *"contact" {
        return Ok(subject.clone());
    }
    let world = World::new(&snapshot.entities, Timestamp::UNIX_EPOCH);
    let contact = Type::One(Scalar::Entity("contact".into()));
    Ok(match met(world.attribute(subject, "contact", &contact))? {
        Some(Value::Entity(contact)) => contact,
        _ => subject.clone(),
    })
}

/// An intent under examination.
struct Vetting<'a> {
    loaded: &'a Loaded,
    live: &'a Loaded,
    workflow: &'a WorkflowDecl,
    snapshot: &'a Snapshot,
    intent: &'a Intent,
    now: Timestamp,
}

/// What code gave, or what it lacks. Code that cannot be run gives nothing.
fn met<T>(done: Result<T, Fault>) -> Result<Option<T>, Unmet> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(Fault::Needs(id)) => {
            Err(Unmet::Needs(Needs { entities: BTreeSet::from([id]), ..Needs::default() }))
        }
        Err(Fault::Asks(question)) => {
            Err(Unmet::Needs(Needs { questions: BTreeSet::from([question]), ..Needs::default() }))
        }
        Err(_) => Ok(None),
    }
}

impl Vetting<'_> {
    fn world<'w>(&'w self, subject: &'w EntityId) -> World<'w> {
        World {
            subject: Some(subject),
            history: &self.snapshot.history,
            ..World::new(&self.snapshot.entities, self.now)
        }
    }

    fn program(&self) -> &Program {
        self.loaded.program()
    }

    /// The policy that holds now, whichever program the run is pinned to.
    fn policy(&self) -> &Policy {
        &self.live.program().policy
    }

    fn run(&self) -> Result<Option<&Run>, Unmet> {
        let subject = &self.intent.subject;
        let Some(runs) = self.snapshot.runs.get(subject) else {
            return met(Err(Fault::Needs(subject.clone())));
        };
        Ok(runs.iter().find(|run| run.id == self.intent.run))
    }

    /// Whether the run should end instead.
    fn exits(&self) -> Result<Option<Verdict>, Unmet> {
        let when = |exit: &Exit| matches!(exit, Exit::When(_));
        if !self.workflow.exits.iter().any(when) {
            return Ok(None);
        }
        let Some(Run { state: RunState::Acting { rest, .. }, started, .. }) = self.run()? else {
            return Ok(Some(Verdict::Never { reason: "its run does not wait for it any more".into() }));
        };
        let world = World { run_started: Some(*started), ..self.world(&self.intent.subject) };
        for exit in &self.workflow.exits {
            if let Exit::When(call) = exit {
                let holds = vm::call_at_rest(self.program(), self.workflow, rest, call, &world);
                if met(holds)? == Some(Value::Bool(true)) {
                    return Ok(Some(Verdict::Exit { reason: "`exit when` holds".into() }));
                }
            }
        }
        Ok(None)
    }

    fn message(&self, channel: &Arc<str>, sent: &[SentMessage]) -> Result<Verdict, Unmet> {
        let person = person(self.snapshot, &self.intent.subject)?;
        let exempt = self.workflow.topic.as_deref() == Some(TRANSACTIONAL);
        if !exempt && let Some(reason) = self.refuses(&person)? {
            return Ok(Verdict::Never { reason: reason.into() });
        }
        let windows: Vec<Stretch> = match &self.workflow.window {
            Some(window) => vec![self.stretch(window, self.loaded, &self.intent.subject)?],
            None => Vec::new(),
        };
        let quiet = if exempt { Vec::new() } else { self.quiet(channel, &person)? };
        let allowed = |from| next_allowed(&windows, &quiet, from);
        let zone = self.zone(self.live, &person)?;
        let capped = if exempt { None } else { self.capped(channel, sent, &zone) };
        let (from, reason) = match capped {
            Some((until, reason)) => (until, reason),
            None if allowed(self.now) == Some(self.now) => return Ok(Verdict::Send),
            None => (self.now, self.hours(&quiet)),
        };
        // A policy that leaves no moment at all is looked at again now and then: it may change.
        let far = self.now.checked_add((14 * 24).hours()).unwrap_or(Timestamp::MAX);
        Ok(Verdict::Later { until: allowed(from).unwrap_or(far.max(from)), reason: reason.into() })
    }

    fn hours(&self, quiet: &[Stretch]) -> String {
        let outside = next_allowed(&[], quiet, self.now) == Some(self.now);
        if outside { "outside of `send between`" } else { "quiet hours" }.to_owned()
    }

    fn quiet(&self, channel: &Arc<str>, person: &EntityId) -> Result<Vec<Stretch>, Unmet> {
        let quiet = self.policy().quiet.iter().filter(|quiet| covers(&quiet.channels, channel));
        quiet.map(|quiet| self.stretch(&quiet.window, self.live, person)).collect()
    }

    fn zone(&self, loaded: &Loaded, subject: &EntityId) -> Result<TimeZone, Unmet> {
        Ok(met(self.world(subject).zone(loaded.program()))?.unwrap_or(TimeZone::UTC))
    }

    fn stretch(&self, window: &Window, loaded: &Loaded, subject: &EntityId) -> Result<Stretch, Unmet> {
        let named = match window.zone {
            Some(zone) => met(vm::call(loaded.program(), zone, &[], &self.world(subject)))?,
            None => None,
        };
        let named = match named {
            Some(Value::Text(name)) => TimeZone::get(&name).ok(),
            _ => None,
        };
        let zone = named.map_or_else(|| self.zone(loaded, subject), Ok)?;
        Ok(Stretch { from: window.from, to: window.to, days: window.days, zone })
    }

    /// When a cap lets the next message through, and which cap holds it back.
    fn capped(
        &self,
        channel: &Arc<str>,
        sent: &[SentMessage],
        zone: &TimeZone,
    ) -> Option<(Timestamp, String)> {
        let caps = self.policy().caps.iter().filter(|cap| covers(&cap.channels, channel));
        let held = caps.filter_map(|cap| Some((leaves(cap, sent, zone)?, cap)));
        let (until, cap) = held.filter(|(until, _)| *until > self.now).max_by_key(|(until, _)| *until)?;
        let what = match cap.channels.join(", ") {
            any if any.is_empty() => "messages".to_owned(),
            some => some,
        };
        Some((until, format!("the cap of {} {what} is reached", cap.count)))
    }

    /// Why the receiver does not want it.
    fn refuses(&self, person: &EntityId) -> Result<Option<String>, Unmet> {
        let world = self.world(person);
        let read = |name: &str, ty: &Type| met(world.attribute(person, name, ty));
        if read("do_not_disturb", &Type::One(Scalar::Bool))? == Some(Value::Bool(true)) {
            return Ok(Some(format!("{person} is not to be disturbed")));
        }
        let texts = Type::List(Scalar::Text);
        let out = read("unsubscribed", &texts)?;
        if holds(out.as_ref(), ALL) {
            return Ok(Some(format!("{person} has unsubscribed")));
        }
        let Some(topic) = &self.workflow.topic else { return Ok(None) };
        if holds(out.as_ref(), topic) {
            return Ok(Some(format!("{person} has unsubscribed from `{topic}`")));
        }
        let opt = self.policy().topics.iter().find(|decl| decl.name == *topic).map(|decl| decl.opt);
        if opt == Some(Opt::In) && !holds(read("subscriptions", &texts)?.as_ref(), topic) {
            return Ok(Some(format!("{person} has not subscribed to `{topic}`")));
        }
        Ok(None)
    }
}

/// Whether a rule for these channels is one for this: none means any.
fn covers(channels: &[Arc<str>], channel: &Arc<str>) -> bool {
    channels.is_empty() || channels.contains(channel)
}

fn holds(list: Option<&Value>, text: &str) -> bool {
    matches!(list, Some(Value::List(items)) if items.contains(&Value::text(text)))
}

/// When the oldest of the last `count` messages leaves the cap's stretch of time; none if there are fewer.
fn leaves(cap: &Cap, sent: &[SentMessage], zone: &TimeZone) -> Option<Timestamp> {
    let mut sent: Vec<Timestamp> = sent
        .iter()
        .filter(|message| covers(&cap.channels, &message.channel))
        .map(|message| message.at)
        .collect();
    sent.sort_unstable_by(|a, b| b.cmp(a));
    let last = cap.count.checked_sub(1).and_then(|place| sent.get(place as usize).copied());
    match (last, cap.count) {
        (Some(at), _) => Some(civil::shift(at, cap.per, zone)?.at),
        // No message at all is allowed.
        (None, 0) => Some(Timestamp::MAX),
        (None, _) => None,
    }
}
