//! Alarms: moments at which an entity is looked at again, without anything happening to it.
//!
//! `segment NAME`: who is in it may change. `trigger WORKFLOW NUMBER`: a date, a schedule or the
//! end of a time without change is due. `exit RUN`: an `exit when` may hold.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use onward_bytecode::{
    DateTrigger, EntityId, Every, Exit, Rhythm, Schedule, Trigger, TriggerKind, Value, WorkflowDecl,
};

use super::Met;
use super::id::Cause;
use super::start::Happened;
use super::turn::{Changed, Firing, Turn};
use super::watch::{Scope, Stirred, Unknown, known, set_alarm};
use crate::calendar::{self, Day};
use crate::civil;
use crate::index::{self, TriggerAt};
use crate::model::{Edges, Finish, Run, Snapshot, Transition, Watch};
use crate::program::{Loaded, Programs};

/// What alarms of an entity that are due change.
pub(super) fn wake(
    programs: &Programs,
    snapshot: &Snapshot,
    subject: &EntityId,
    now: Timestamp,
) -> Met<Transition> {
    let mut turn = Turn::new(programs, snapshot, Cause::of_alarm(subject, "", now), now);
    let watch = turn.watch_of(subject)?.unwrap_or_default();
    let mut due: Vec<_> = watch.alarms.iter().filter(|(_, at)| **at <= now).collect();
    due.sort_by_key(|(name, at)| (**at, (*name).clone()));
    for (name, at) in due {
        turn.cause = Cause::of_alarm(subject, name, *at);
        turn.next_wave();
        turn.ring_alarm(subject, name, *at)?;
        turn.react_to_all()?;
    }
    turn.settle()?;
    Ok(turn.finish())
}

/// What is watched about an entity for a program that is new.
pub(super) fn fill(
    programs: &Programs,
    snapshot: &Snapshot,
    subject: &EntityId,
    edges: Edges,
    now: Timestamp,
) -> Met<Transition> {
    let cause = programs.live.as_ref().map_or_else(String::new, |live| live.hash().to_string());
    let mut turn =
        Turn::new(programs, snapshot, Cause::of_alarm(subject, &format!("fill {cause}"), now), now);
    turn.fill(subject, edges)?;
    turn.settle()?;
    Ok(turn.finish())
}

impl Turn<'_> {
    /// Lets one alarm ring, unless it has been put off or taken away meanwhile.
    fn ring_alarm(&mut self, subject: &EntityId, name: &str, due: Timestamp) -> Met<()> {
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        if watch.alarms.get(name) != Some(&due) {
            return Ok(());
        }
        watch.alarms.remove(name);
        self.keep_watch(subject, watch)?;
        match name.split_once(' ') {
            Some(("exit", run)) => self.ring_exit(subject, run),
            _ if self.is_buried(subject)? => Ok(()),
            Some(("segment", segment)) => {
                let scope = Scope::One(segment.into());
                self.stir(subject, Stirred { scope, wave: self.wave, at: due, unknown: Unknown::Unseen });
                Ok(())
            }
            Some(("trigger", trigger)) => self.ring_trigger(subject, trigger, due),
            _ => Ok(()),
        }
    }

    fn ring_exit(&mut self, subject: &EntityId, run: &str) -> Met<()> {
        self.timed.insert(subject.clone());
        let Some(run) = self.run_of(subject, run)? else { return Ok(()) };
        if let Some(reason) = self.exit_at_rest(&run)? {
            self.end(run, Finish::Exited, reason);
        }
        Ok(())
    }

    /// A trigger of a workflow is due, if it is still the one that the alarm was set for.
    fn ring_trigger(&mut self, subject: &EntityId, name: &str, due: Timestamp) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let Some((at, workflow, trigger)) = found(&live, name, subject) else { return Ok(()) };
        let just_before = due.checked_sub(1.nanosecond()).unwrap_or(due);
        let fits = self.next_due(&live, &trigger.kind, subject, just_before)? == Some(due);
        let next = match &trigger.kind {
            TriggerKind::Unchanged { .. } | TriggerKind::Date(DateTrigger { rhythm: Rhythm::Once, .. })
                if fits =>
            {
                None
            }
            kind => self.next_due(&live, kind, subject, self.now)?.filter(|next| *next > self.now),
        };
        if let Some(mut watch) = self.watch_of(subject)? {
            set_alarm(&mut watch, trigger_alarm(workflow, at.trigger), next);
            self.keep_watch(subject, watch)?;
        }
        if !fits {
            return Ok(());
        }
        self.try_all(&live, vec![at], Happened { subject, event: None, moved: None, at: due })
    }

    /// When a trigger is due: for what comes round, the first time after `after`.
    fn next_due(
        &mut self,
        live: &Loaded,
        kind: &TriggerKind,
        subject: &EntityId,
        after: Timestamp,
    ) -> Met<Option<Timestamp>> {
        let zone = self.zone(live, subject)?;
        match kind {
            TriggerKind::Date(date) => self.date_due(live, date, subject, after, &zone),
            TriggerKind::Schedule(schedule) => {
                let Some(watch) = self.watch_of(subject)? else { return Ok(None) };
                let armed = is_armed(live, schedule.segment, &watch);
                let next = calendar::next(schedule.every, schedule.clock, after, &zone);
                Ok(next.filter(|_| armed))
            }
            TriggerKind::Unchanged { attribute, length } => {
                let Some(entity) = self.entity(subject)? else { return Ok(None) };
                if !entity.attributes.contains_key(&**attribute) {
                    return Ok(None);
                }
                let changed = entity.watch.changed.get(attribute);
                let changed = changed.and_then(|second| Timestamp::from_second(*second).ok());
                let since = changed.unwrap_or(entity.created);
                Ok(civil::shift(since, *length, &zone).map(|moment| moment.at))
            }
            _ => Ok(None),
        }
    }

    fn date_due(
        &mut self,
        live: &Loaded,
        date: &DateTrigger,
        subject: &EntityId,
        after: Timestamp,
        zone: &TimeZone,
    ) -> Met<Option<Timestamp>> {
        let Some(ty) = index::attribute(live.program(), &subject.kind, &date.attribute) else {
            return Ok(None);
        };
        let value = self.attribute(subject, &date.attribute)?.map(|json| Value::read(json, ty));
        let day = match value {
            Some(Value::Date(date)) => Day::Date(date),
            Some(Value::Time(at)) => Day::Moment(at),
            _ => return Ok(None),
        };
        Ok(match date.rhythm {
            Rhythm::Once => calendar::due(day, date.offset, date.clock, zone),
            Rhythm::Yearly => calendar::yearly_after(after, day, date.offset, date.clock, zone),
        })
    }

    /// Sets the alarms of dates, and of times without change, that a change of attributes moves.
    pub(super) fn arm_dates(&mut self, changed: &Changed) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let subject = &changed.subject;
        let Some(watched) = live.index().watched(&subject.kind) else { return Ok(()) };
        if self.is_buried(subject)? {
            return Ok(());
        }
        for moved in &changed.attributes {
            for at in watched.dates.get(&moved.name).into_iter().flatten() {
                self.arm(&live, *at, subject)?;
            }
        }
        Ok(())
    }

    /// Sets the alarm of a trigger. A date that has passed is not made up for; a value that was
    /// kept long enough when it became known is told of at once.
    fn arm(&mut self, live: &Loaded, at: TriggerAt, subject: &EntityId) -> Met<()> {
        let Some((workflow, trigger)) = live.trigger(at) else { return Ok(()) };
        let stale = matches!(trigger.kind, TriggerKind::Unchanged { .. }) && self.firing == Firing::Live;
        let due = self.next_due(live, &trigger.kind, subject, self.now)?;
        let due = due.filter(|due| *due > self.now || stale);
        if let Some(mut watch) = self.watch_of(subject)? {
            set_alarm(&mut watch, trigger_alarm(workflow, at.trigger), due);
            self.keep_watch(subject, watch)?;
        }
        Ok(())
    }

    /// Sets the alarms of schedules for who is in their segment, and takes away the others'.
    pub(super) fn arm_schedules(
        &mut self,
        live: &Loaded,
        subject: &EntityId,
        schedules: Option<&Vec<TriggerAt>>,
        watch: &mut Watch,
    ) -> Met<()> {
        for at in schedules.into_iter().flatten() {
            let Some((workflow, trigger)) = live.trigger(*at) else { continue };
            let TriggerKind::Schedule(schedule) = &trigger.kind else { continue };
            let name = trigger_alarm(workflow, at.trigger);
            if !is_armed(live, schedule.segment, watch) {
                set_alarm(watch, name, None);
            } else if !watch.alarms.contains_key(name.as_str()) {
                let zone = self.zone(live, subject)?;
                set_alarm(watch, name, calendar::next(schedule.every, schedule.clock, self.now, &zone));
            }
        }
        Ok(())
    }

    /// The zone may be another one: alarms that follow the wall clock are moved with it. One that
    /// should have rung already there rings now; one that has rung does not ring again.
    pub(super) fn recompute_alarms(&mut self, subject: &EntityId, before: Option<&TimeZone>) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        for (name, due) in watch.alarms.clone() {
            let Some(found) = name.strip_prefix("trigger ").and_then(|name| found(&live, name, subject))
            else {
                continue;
            };
            let (at, workflow, trigger) = found;
            if let Some(due) = self.moved_due(&live, &trigger.kind, subject, due, before)? {
                set_alarm(&mut watch, trigger_alarm(workflow, at.trigger), Some(due));
            }
        }
        self.keep_watch(subject, watch)?;
        let at = self.now;
        self.stir(subject, Stirred { scope: Scope::All, wave: self.wave, at, unknown: Unknown::Unseen });
        self.timed.insert(subject.clone());
        Ok(())
    }

    fn moved_due(
        &mut self,
        live: &Loaded,
        kind: &TriggerKind,
        subject: &EntityId,
        due: Timestamp,
        before: Option<&TimeZone>,
    ) -> Met<Option<Timestamp>> {
        let clock = match kind {
            TriggerKind::Schedule(Schedule { every: Every::Millis(_), .. }) => return Ok(None),
            TriggerKind::Schedule(Schedule { clock, .. }) => clock.unwrap_or_default(),
            TriggerKind::Date(DateTrigger { rhythm: Rhythm::Yearly, clock: Some(clock), .. }) => *clock,
            TriggerKind::Date(DateTrigger { rhythm: Rhythm::Yearly, .. }) => {
                // Its own time of day moves by less than two days, and comes once a year.
                let near = due.checked_sub(48.hours()).unwrap_or(due);
                return self.next_due(live, kind, subject, near);
            }
            kind => return self.next_due(live, kind, subject, self.now),
        };
        let zone = self.zone(live, subject)?;
        Ok(calendar::moved(due, clock, before, &zone))
    }

    fn fill(&mut self, subject: &EntityId, edges: Edges) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        if self.is_buried(subject)? {
            return Ok(());
        }
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        let segments = &live.program().segments;
        watch.segments.retain(|name, _| segments.iter().any(|segment| segment.name == *name));
        watch.alarms.retain(|name, _| match name.split_once(' ') {
            Some(("trigger", name)) => found(&live, name, subject).is_some(),
            Some(("segment", name)) => segments.iter().any(|segment| *segment.name == *name),
            _ => true,
        });
        self.keep_watch(subject, watch)?;
        self.fill_dates(&live, subject)?;
        let unknown = match edges {
            Edges::Fire => Unknown::Outside,
            Edges::Silent => Unknown::Unseen,
        };
        let at = self.now;
        self.stir(subject, Stirred { scope: Scope::Unknown, wave: self.wave, at, unknown });
        self.timed.insert(subject.clone());
        Ok(())
    }

    /// Sets alarms of dates and schedules that have none, or one of another program.
    fn fill_dates(&mut self, live: &Loaded, subject: &EntityId) -> Met<()> {
        let Some(watched) = live.index().watched(&subject.kind) else { return Ok(()) };
        for at in watched.dates.values().chain(watched.schedules.values()).flatten() {
            let Some((workflow, trigger)) = live.trigger(*at) else { continue };
            let name = trigger_alarm(workflow, at.trigger);
            let Some(mut watch) = self.watch_of(subject)? else { continue };
            let set = watch.alarms.get(name.as_str()).copied();
            let before = set.and_then(|set| set.checked_sub(1.nanosecond()).ok());
            if let Some(before) = before
                && self.next_due(live, &trigger.kind, subject, before)? == set
            {
                continue;
            }
            let due = self.next_due(live, &trigger.kind, subject, self.now)?;
            set_alarm(&mut watch, name, due.filter(|due| *due > self.now));
            self.keep_watch(subject, watch)?;
        }
        Ok(())
    }

    /// Sets alarms for the moments at which an `exit when` could hold, and takes away those of runs
    /// that have ended.
    pub(super) fn set_exit_alarms(&mut self) -> Met<()> {
        for subject in std::mem::take(&mut self.timed) {
            let Some(mut watch) = self.watch_of(&subject)? else { continue };
            watch.alarms.retain(|name, _| !name.starts_with("exit "));
            for id in self.unfinished(&subject)? {
                let Some(run) = self.run(&id).cloned() else { continue };
                if let Some(moment) = self.exit_foreseen(&run)? {
                    watch.alarms.insert(format!("exit {id}").into(), moment);
                }
            }
            self.keep_watch(&subject, watch)?;
        }
        Ok(())
    }

    /// When an `exit when` of a run could hold: now, if it does.
    fn exit_foreseen(&mut self, run: &Run) -> Met<Option<Timestamp>> {
        let loaded = self.program(run.program)?;
        if !loaded.index().exits(&run.workflow).is_some_and(index::Reads::is_timed) {
            return Ok(None);
        }
        let Some(workflow) = loaded.workflow(&run.workflow) else { return Ok(None) };
        let mut first: Option<Timestamp> = None;
        for exit in &workflow.exits {
            let Exit::When(call) = exit else { continue };
            let found = self.foresight_at_rest(&loaded, workflow, run, call)?;
            let (holds, flip) = self.judged(found);
            let moment = if holds { Some(self.now) } else { flip };
            first = [first, moment].into_iter().flatten().min();
        }
        Ok(first)
    }
}

/// How the alarm of a trigger is named.
fn trigger_alarm(workflow: &WorkflowDecl, number: u16) -> String {
    format!("trigger {} {number}", workflow.name)
}

/// The trigger that an alarm's name means in the live program.
fn found<'l>(
    live: &'l Loaded,
    name: &str,
    subject: &EntityId,
) -> Option<(TriggerAt, &'l WorkflowDecl, &'l Trigger)> {
    let (workflow, number) = name.rsplit_once(' ')?;
    let at = TriggerAt { workflow: live.place(workflow)?, trigger: number.parse().ok()? };
    let (workflow, trigger) = live.trigger(at)?;
    let timed = matches!(
        trigger.kind,
        TriggerKind::Date(_) | TriggerKind::Schedule(_) | TriggerKind::Unchanged { .. }
    );
    let runs = workflow.stage == onward_bytecode::Stage::Live && workflow.subject == subject.kind;
    (timed && runs).then_some((at, workflow, trigger))
}

/// Whether a schedule is for this entity: it is in the segment, if there is one.
fn is_armed(live: &Loaded, segment: Option<u32>, watch: &Watch) -> bool {
    let Some(segment) = segment else { return true };
    let segment = live.program().segments.get(segment as usize);
    segment.and_then(|segment| known(watch, segment)).is_some_and(|known| known.inside)
}
