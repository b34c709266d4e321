//! Clauses of a workflow that decide about a match: how often, how late, for whom, beside what.

use jiff::Timestamp;
use onward_bytecode::{Enrolment, EntityId, Overlap, Stage};

use super::goal::HELD_OUT;
use super::look::Seen;
use super::start::{Happened, Match};
use super::turn::Turn;
use super::{Met, say};
use crate::civil::shift;
use crate::model::{Enrolled, Entry, Fact, RunState, What};
use crate::vm;

/// At most this many runs start from one input: beyond it rules set each other off.
const MOST_STARTS: u32 = 1_000;

/// Stands for a trigger where another workflow starts a run.
pub(super) const BY_ANOTHER: u16 = u16::MAX;

/// Whether a workflow may be entered.
enum Admission {
    /// It may; this key is taken then.
    Granted(Option<Enrolled>),
    /// It may not.
    Refused(String),
}

impl Turn<'_> {
    /// Another workflow wants this one to start for the subject.
    pub(super) fn take_start(&mut self, fact: &Fact, name: &str) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let subject = &fact.subject;
        let found = live.workflow(name).filter(|workflow| workflow.subject == subject.kind);
        let Some((workflow, entry)) = found.and_then(|workflow| Some((workflow, workflow.entry?))) else {
            return Ok(());
        };
        let happened = Happened { subject, event: None, moved: None, at: fact.at };
        let (loaded, number, why) = (&*live, BY_ANOTHER, "started by another workflow".to_owned());
        let matched = Match { loaded, workflow, entry, number, happened, why };
        if workflow.stage == Stage::Draft {
            self.ignore(&matched, "`draft`: it starts nothing");
            return Ok(());
        }
        if self.is_buried(subject)? {
            return Ok(());
        }
        self.enter(&matched)
    }

    /// Starts a run for a match, as far as the workflow's clauses let it.
    pub(super) fn enter(&mut self, matched: &Match<'_>) -> Met<()> {
        if self.programs.disabled.contains(&matched.workflow.name) {
            self.ignore(matched, "it is disabled");
            return Ok(());
        }
        if let Some(reason) = self.too_old(matched)? {
            self.ignore(matched, &reason);
            return Ok(());
        }
        let key = match self.admission(matched)? {
            Admission::Granted(key) => key,
            Admission::Refused(reason) => {
                self.ignore(matched, &reason);
                return Ok(());
            }
        };
        if self.is_held_out(matched) {
            return self.hold_out(matched, key);
        }
        let subject = matched.happened.subject;
        let others = self.runs_of(subject, &matched.workflow.name)?;
        match (matched.workflow.overlap, others.as_slice()) {
            (Overlap::Ignore, [.., other]) => {
                let state =
                    if matches!(other.state, RunState::Parked { .. }) { "parked" } else { "under way" };
                let reason = format!("`while running ignore`: run {} is {state}", other.id);
                self.ignore(matched, &reason);
                return Ok(());
            }
            (Overlap::Queue, [.., other]) => {
                let detail = format!("{}; it starts when run {} has ended", matched.why, other.id);
                self.enrol_in(key);
                self.put_in_queue(matched, detail);
                return Ok(());
            }
            _ => {}
        }
        self.starts += 1;
        if self.starts > MOST_STARTS {
            if self.starts == MOST_STARTS + 1 {
                self.ignore(matched, "rules set each other off: more than 1,000 runs have started at once");
            }
            return Ok(());
        }
        self.begin(matched, key, others)
    }

    /// Why what happened is too long ago for `max age`.
    fn too_old(&mut self, matched: &Match<'_>) -> Met<Option<String>> {
        let Some(age) = matched.workflow.max_age else { return Ok(None) };
        let zone = self.zone(matched.loaded, matched.happened.subject)?;
        let last = shift(matched.happened.at, age, &zone).map_or(Timestamp::MAX, |moment| moment.at);
        let when = say::moment(matched.happened.at, &zone);
        Ok((last < self.now).then(|| format!("`max age`: it happened at {when}")))
    }

    /// Whether the workflow may be entered again.
    fn admission(&mut self, matched: &Match<'_>) -> Met<Admission> {
        let (workflow, subject) = (matched.workflow, matched.happened.subject);
        let key = |value: &str| Enrolled {
            workflow: workflow.name.clone(),
            subject: subject.clone(),
            key: value.into(),
        };
        Ok(match workflow.enrolment {
            Enrolment::EveryTime => Admission::Granted(None),
            Enrolment::Once => match self.taken(&key("")) {
                Some(_) => Admission::Refused("`once`: it was entered before".to_owned()),
                None => Admission::Granted(Some(key(""))),
            },
            Enrolment::OncePer(function) => {
                let seen = Seen::with(subject, matched.happened.event);
                let value = self.value(matched.loaded, function, seen)?;
                let Some(value) = value.ok().filter(|value| !value.is_missing()) else {
                    return Ok(Admission::Refused("`once per`: the value is missing".to_owned()));
                };
                let value = value.to_json();
                let key = key(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                match self.taken(&key) {
                    Some(_) => Admission::Refused(format!(
                        "`once per`: it was entered before for {}",
                        say::value(&value)
                    )),
                    None => Admission::Granted(Some(key)),
                }
            }
            Enrolment::AtMostOncePer(length) => {
                let zone = self.zone(matched.loaded, subject)?;
                let free = self.taken(&key("")).map(|before| shift(before, length, &zone));
                match free {
                    Some(Some(free)) if free.at <= self.now => Admission::Granted(Some(key(""))),
                    Some(Some(free)) => {
                        let when = say::moment(free.at, &zone);
                        Admission::Refused(format!("`at most once per`: not again before {when}"))
                    }
                    Some(None) => Admission::Refused("`at most once per`: it was entered before".to_owned()),
                    None => Admission::Granted(Some(key(""))),
                }
            }
        })
    }

    /// Whether the subject belongs to the share that is held out: always the same.
    fn is_held_out(&self, matched: &Match<'_>) -> bool {
        let EntityId { kind, id } = matched.happened.subject;
        let workflow = &matched.workflow.name;
        matched.workflow.holdout.is_some_and(|share| vm::share(&[workflow, kind, id]) < share)
    }

    fn hold_out(&mut self, matched: &Match<'_>, key: Option<Enrolled>) -> Met<()> {
        let subject = matched.happened.subject;
        self.enrol_in(key);
        self.tell(Entry {
            at: self.now,
            subject: subject.clone(),
            workflow: matched.workflow.name.clone(),
            run: None,
            step: None,
            what: What::HeldOut,
            detail: format!("{}; held out, to measure the others against", matched.why).into(),
        });
        let since = matched.happened.at.min(self.now);
        self.enter_group(matched.loaded, matched.workflow, subject, HELD_OUT, None, since)
    }

    pub(super) fn enrol_in(&mut self, key: Option<Enrolled>) {
        if let Some(key) = key {
            self.enrol(key, self.now);
        }
    }
}
