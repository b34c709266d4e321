//! Who is in which segment: kept as attributes, events and the time change.
//!
//! It must not know what starts at an edge.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use onward_bytecode::{EntityId, FunctionId, SegmentDecl, Value};

use super::Met;
use super::look::Seen;
use super::turn::{Appeared, Changed, Edge, Firing, Happening, Turn};
use crate::index::{Watched, Way};
use crate::model::{Membership, Watch};
use crate::program::Loaded;

/// That segments of an entity are to be looked at again.
#[derive(Debug, Clone)]
pub(super) struct Stirred {
    /// Which.
    pub(super) scope: Scope,
    /// With which occurrence.
    pub(super) wave: u64,
    /// When it happened.
    pub(super) at: Timestamp,
    /// What not knowing of a segment means.
    pub(super) unknown: Unknown,
}

/// Which segments are to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those that may depend on these.
    Touched { attributes: BTreeSet<std::sync::Arc<str>>, events: BTreeSet<std::sync::Arc<str>> },
    /// The one of this name.
    One(std::sync::Arc<str>),
    /// Those that nothing is known about.
    Unknown,
    /// All.
    All,
}

/// What it means that nothing is known about an entity and a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// Nobody has looked: who is inside has been all along.
    Unseen,
    /// The entity, or the segment, is new: who is inside enters it.
    Outside,
}

/// How an alarm for a segment is named.
pub(super) fn segment_alarm(name: &str) -> String {
    format!("segment {name}")
}

impl Stirred {
    /// By a change.
    pub(super) fn by(changed: &Changed, wave: u64, firing: Firing) -> Self {
        let attributes = changed.attributes.iter().map(|moved| moved.name.clone()).collect();
        match changed.appeared {
            Appeared::Now => {
                let unknown = if firing == Firing::Live { Unknown::Outside } else { Unknown::Unseen };
                Self { scope: Scope::All, wave, at: changed.at, unknown }
            }
            Appeared::Before => {
                let scope = Scope::Touched { attributes, events: BTreeSet::new() };
                Self { scope, wave, at: changed.at, unknown: Unknown::Unseen }
            }
        }
    }

    /// Adds another reason to look.
    fn join(&mut self, other: Self) {
        if other.unknown == Unknown::Outside {
            self.unknown = Unknown::Outside;
        }
        match (&mut self.scope, other.scope) {
            (
                Scope::Touched { attributes, events },
                Scope::Touched { attributes: more_attributes, events: more_events },
            ) => {
                attributes.extend(more_attributes);
                events.extend(more_events);
            }
            (scope, other) if *scope == other => {}
            (scope, _) => *scope = Scope::All,
        }
    }

    fn segments(&self, live: &Loaded, watched: &Watched, watch: &Watch) -> BTreeSet<u32> {
        let known = |place: &&u32| {
            live.program()
                .segments
                .get(**place as usize)
                .is_some_and(|segment| known(watch, segment).is_some())
        };
        match &self.scope {
            Scope::All => watched.segments.clone(),
            Scope::Unknown => watched.segments.iter().filter(|place| !known(place)).copied().collect(),
            Scope::One(name) => {
                let named = |place: &&u32| {
                    live.program().segments.get(**place as usize).is_some_and(|segment| segment.name == *name)
                };
                watched.segments.iter().filter(named).copied().collect()
            }
            Scope::Touched { attributes, events } => {
                let attributes = attributes.iter().flat_map(|name| watched.by_attribute(name));
                let events = events.iter().flat_map(|name| watched.by_event(name));
                attributes.chain(events).copied().collect()
            }
        }
    }
}

impl Turn<'_> {
    /// Has segments of an entity looked at again when what happens now is done with.
    pub(super) fn stir(&mut self, subject: &EntityId, stirred: Stirred) {
        match self.stirred.get_mut(subject) {
            Some(known) => known.join(stirred),
            None => {
                self.stirred.insert(subject.clone(), stirred);
            }
        }
    }

    /// Looks at an entity's segments again: who crosses an edge, and when they could next.
    pub(super) fn look_again(&mut self, subject: &EntityId, stirred: &Stirred) -> Met<()> {
        let Some(live) = self.programs.live.clone() else { return Ok(()) };
        if self.is_buried(subject)? {
            return Ok(());
        }
        let Some(mut watch) = self.watch_of(subject)? else { return Ok(()) };
        forget_others(&live, &mut watch);
        let Some(watched) = live.index().watched(&subject.kind) else {
            return self.keep_watch(subject, watch);
        };
        for place in stirred.segments(&live, watched, &watch) {
            let Some(segment) = live.program().segments.get(place as usize) else { continue };
            let way = self.look_at(&live, segment, subject, stirred, &mut watch)?;
            if let Some(way) = way.filter(|_| self.firing == Firing::Live) {
                let (wave, at) = (stirred.wave, stirred.at);
                let edge = Edge { subject: subject.clone(), segment: place, way, wave, at };
                self.queue.push_back(Happening::Edge(edge));
            }
            let schedules = watched.schedules.get(&Some(place));
            self.arm_schedules(&live, subject, schedules, &mut watch)?;
        }
        if matches!(stirred.scope, Scope::All | Scope::Unknown) {
            self.arm_schedules(&live, subject, watched.schedules.get(&None), &mut watch)?;
        }
        self.keep_watch(subject, watch)
    }

    /// Looks at one segment. Answers whether its edge was crossed.
    fn look_at(
        &mut self,
        live: &Loaded,
        segment: &SegmentDecl,
        subject: &EntityId,
        stirred: &Stirred,
        watch: &mut Watch,
    ) -> Met<Option<Way>> {
        let (inside, flip) = self.foresee(live, segment.predicate, subject)?;
        set_alarm(watch, segment_alarm(&segment.name), flip);
        let before = known(watch, segment).map(|known| known.inside);
        let outside = stirred.unknown == Unknown::Outside;
        if before == Some(inside) {
            return Ok(None);
        }
        let since = match before {
            Some(_) => self.now,
            None => stirred.at.min(self.now),
        };
        watch
            .segments
            .insert(segment.name.clone(), Membership { definition: segment.definition, inside, since });
        Ok(match (before, inside) {
            (Some(false), true) => Some(Way::In),
            (Some(true), false) => Some(Way::Out),
            (None, true) if outside => Some(Way::In),
            _ => None,
        })
    }

    /// Whether a condition about an entity holds, and when it could be otherwise.
    fn foresee(
        &mut self,
        loaded: &Loaded,
        function: FunctionId,
        subject: &EntityId,
    ) -> Met<(bool, Option<Timestamp>)> {
        let found = self.foresight(loaded, function, Seen::of(subject))?;
        Ok(self.judged(found))
    }

    /// A foreseen value as a yes or no; one that cannot be computed is no. The moment lies ahead.
    pub(super) fn judged<F>(
        &self,
        found: Result<(Value, Option<Timestamp>), F>,
    ) -> (bool, Option<Timestamp>) {
        let Ok((value, flip)) = found else { return (false, None) };
        let soonest = self.now.checked_add(1.millisecond()).unwrap_or(Timestamp::MAX);
        (value == Value::Bool(true), flip.map(|flip| flip.max(soonest)))
    }
}

/// What is known of a segment as it is defined now.
pub(super) fn known<'w>(watch: &'w Watch, segment: &SegmentDecl) -> Option<&'w Membership> {
    watch.segments.get(&segment.name).filter(|known| known.definition == segment.definition)
}

/// Forgets segments that the live program does not have, or defines otherwise: nobody keeps them
/// right, and a later program may have them again.
fn forget_others(live: &Loaded, watch: &mut Watch) {
    let segments = &live.program().segments;
    let same = |name: &str, known: &Membership| {
        segments.iter().any(|segment| *segment.name == *name && segment.definition == known.definition)
    };
    watch.segments.retain(|name, known| same(name, known));
}

/// Sets an alarm, or takes it away.
pub(super) fn set_alarm(watch: &mut Watch, name: String, moment: Option<Timestamp>) {
    match moment {
        Some(moment) => {
            watch.alarms.insert(name.into(), moment);
        }
        None => {
            watch.alarms.remove(name.as_str());
        }
    }
}
