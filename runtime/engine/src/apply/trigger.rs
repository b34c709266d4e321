//! A trigger has something to look at: whether it matches.
//!
//! It must not know what clauses say about a match.

use std::sync::Arc;

use onward_bytecode::{Bound, Direction, EntityId, FunctionId, Trigger, TriggerKind, Type, Value};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::look::Seen;
use super::start::{Happened, Match};
use super::turn::{Appeared, Changed, Edge, Moved, Turn};
use super::{Met, say};
use crate::index::{self, TriggerAt, measure};
use crate::model::Occurrence;
use crate::program::Loaded;
use crate::vm;

impl Turn<'_> {
    /// Starts what listens to an event.
    pub(super) fn match_event(&mut self, subject: &EntityId, event: &Occurrence) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let attributes = self.attributes(subject)?;
        let found = live.index().event(&event.name, &subject.kind, &event.fields, &attributes);
        self.try_all(&live, found, Happened { subject, event: Some(event), moved: None, at: event.at })
    }

    /// Starts what listens to a change.
    pub(super) fn match_change(&mut self, changed: &Changed) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let subject = &changed.subject;
        if self.is_buried(subject)? {
            return Ok(());
        }
        if changed.appeared == Appeared::Now {
            let attributes = self.attributes(subject)?;
            let found = live.index().created(&subject.kind, &attributes);
            let happened = Happened { subject, event: None, moved: None, at: changed.at };
            self.try_all(&live, found, happened)?;
            return self.match_attributes(&live, changed);
        }
        self.match_moves(changed)
    }

    /// Starts what listens to a change of what was there.
    pub(super) fn match_moves(&mut self, changed: &Changed) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let subject = &changed.subject;
        let attributes = self.attributes(subject)?;
        let found = live.index().changed(&subject.kind, &attributes);
        self.try_all(&live, found, Happened { subject, event: None, moved: None, at: changed.at })?;
        self.match_attributes(&live, changed)
    }

    fn match_attributes(&mut self, live: &Loaded, changed: &Changed) -> Met<()> {
        let subject = &changed.subject;
        let attributes = self.attributes(subject)?;
        for moved in &changed.attributes {
            let ty = index::attribute(live.program(), &subject.kind, &moved.name);
            let sides = (&moved.old, &moved.new);
            let found = live.index().moved(&subject.kind, (&moved.name, ty), sides, &attributes);
            let happened = Happened { subject, event: None, moved: Some(moved), at: changed.at };
            self.try_all(live, found, happened)?;
        }
        Ok(())
    }

    /// Starts what listens to a segment's edge.
    pub(super) fn match_edge(&mut self, edge: &Edge) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        let attributes = self.attributes(&edge.subject)?;
        let found = live.index().edge(edge.segment, edge.way, &attributes);
        self.wave = edge.wave;
        self.try_all(&live, found, Happened { subject: &edge.subject, event: None, moved: None, at: edge.at })
    }

    /// Looks at triggers one after another; of one workflow the first that matches counts.
    pub(super) fn try_all(
        &mut self,
        loaded: &Loaded,
        found: Vec<TriggerAt>,
        happened: Happened<'_>,
    ) -> Met<()> {
        for at in found {
            let Some((workflow, trigger)) = loaded.trigger(at) else { continue };
            let once = (self.wave, workflow.name.clone(), happened.subject.clone());
            if self.entered.contains(&once) || !self.matches(loaded, trigger, happened)? {
                continue;
            }
            self.entered.insert(once);
            let why = why(loaded, happened, &trigger.kind);
            let (entry, number) = (trigger.entry, at.trigger);
            self.enter(&Match { loaded, workflow, entry, number, happened, why })?;
        }
        Ok(())
    }

    fn matches(&mut self, loaded: &Loaded, trigger: &Trigger, happened: Happened<'_>) -> Met<bool> {
        let seen = Seen { event: happened.event, moved: sides(happened.moved), ..Seen::of(happened.subject) };
        if let Some(moved) = happened.moved {
            let ty = index::attribute(loaded.program(), &happened.subject.kind, &moved.name);
            let fits = match (&trigger.kind, ty) {
                (TriggerKind::Moved { from: None, to: None, .. }, _) => true,
                (kind, Some(ty)) => self.moves_so(loaded, kind, moved, ty, seen)?,
                (_, None) => false,
            };
            if !fits {
                return Ok(false);
            }
        }
        match trigger.condition {
            Some(condition) => self.holds(loaded, condition, &[], seen),
            None => Ok(true),
        }
    }

    /// Whether an attribute moved as a trigger wants it.
    fn moves_so(
        &mut self,
        loaded: &Loaded,
        kind: &TriggerKind,
        moved: &Moved,
        ty: &Type,
        seen: Seen<'_>,
    ) -> Met<bool> {
        let (old, new) = (Value::read(&moved.old, ty), Value::read(&moved.new, ty));
        match kind {
            TriggerKind::Moved { from, to, .. } => {
                for (wanted, side) in [(from, &old), (to, &new)] {
                    let Some(wanted) = wanted else { continue };
                    if side.is_missing() || self.wanted(loaded, *wanted, seen)? != *side {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            TriggerKind::Crossed { direction, bound, .. } => {
                let (Some(old), Some(new)) = (measure(&old, ty), measure(&new, ty)) else { return Ok(false) };
                // Downwards is upwards with the signs turned.
                let signed = |number: Decimal| if *direction == Direction::Up { number } else { -number };
                let (old, new) = (signed(old), signed(new));
                let (Bound::To(function) | Bound::Past(function)) = bound else { return Ok(old < new) };
                let wanted = self.wanted(loaded, *function, seen)?;
                let Some(limit) = measure(&wanted, ty).map(signed) else { return Ok(false) };
                Ok(match bound {
                    Bound::Past(_) => old <= limit && limit < new,
                    _ => old < limit && limit <= new,
                })
            }
            TriggerKind::Gains { item, .. } => {
                let item = self.wanted(loaded, *item, seen)?;
                Ok(!holds(&old, &item) && holds(&new, &item))
            }
            TriggerKind::Loses { item, .. } => {
                let item = self.wanted(loaded, *item, seen)?;
                Ok(holds(&old, &item) && !holds(&new, &item))
            }
            _ => Ok(true),
        }
    }

    /// The value that a trigger compares with; missing if it cannot be computed.
    fn wanted(&mut self, loaded: &Loaded, function: FunctionId, seen: Seen<'_>) -> Met<Value> {
        Ok(self.value(loaded, function, seen)?.unwrap_or(Value::Missing))
    }
}

/// Whether a list holds an item. No list holds none, and none holds what is missing.
fn holds(list: &Value, item: &Value) -> bool {
    matches!(list, Value::List(items) if !item.is_missing() && items.contains(item))
}

fn sides(moved: Option<&Moved>) -> Option<vm::Moved<'_>> {
    fn some(json: &Json) -> Option<&Json> {
        Some(json).filter(|json| !json.is_null())
    }
    moved.map(|moved| vm::Moved { before: some(&moved.old), after: some(&moved.new) })
}

/// What matched, in words.
fn why(loaded: &Loaded, happened: Happened<'_>, kind: &TriggerKind) -> String {
    let subject = &happened.subject.kind;
    let segment = |place: u32| {
        loaded.program().segments.get(place as usize).map_or_else(|| "".into(), |s| Arc::clone(&s.name))
    };
    let moved = || happened.moved.map_or_else(String::new, |moved| say::moved(happened.subject, moved));
    let (words, how) = match kind {
        TriggerKind::Event(name) => {
            let id = happened.event.map(|event| format!("event {}", event.id));
            return format!("matched `on {name}` ({})", id.unwrap_or_default());
        }
        TriggerKind::Created => (format!("on {subject} created"), String::new()),
        TriggerKind::Changed => (format!("on {subject} changes"), String::new()),
        TriggerKind::Deleted => (format!("on {subject} deleted"), String::new()),
        TriggerKind::Moved { attribute, .. } => (format!("on {subject}.{attribute} changes"), moved()),
        TriggerKind::Crossed { attribute, direction, .. } => {
            let way = if *direction == Direction::Up { "rises" } else { "drops" };
            (format!("on {subject}.{attribute} {way}"), moved())
        }
        TriggerKind::Gains { attribute, .. } => (format!("on {subject}.{attribute} gains"), moved()),
        TriggerKind::Loses { attribute, .. } => (format!("on {subject}.{attribute} loses"), moved()),
        TriggerKind::Enters(place) => (format!("on {subject} enters {}", segment(*place)), String::new()),
        TriggerKind::Leaves(place) => (format!("on {subject} leaves {}", segment(*place)), String::new()),
        TriggerKind::Unchanged { attribute, .. } => {
            (format!("on {subject}.{attribute} unchanged"), format!("due {}", happened.at))
        }
        TriggerKind::Date(date) => {
            (format!("on {subject}.{}", date.attribute), format!("due {}", happened.at))
        }
        TriggerKind::Schedule(_) => (format!("every … for {subject}"), format!("due {}", happened.at)),
    };
    if how.is_empty() { format!("matched `{words}`") } else { format!("matched `{words}`: {how}") }
}
