//! The proof of what is looked at without a run: segments, the policy, references.
//! It must not know code.

use super::declarations::Known;
use super::{Place, signature};
use crate::{ArtifactError, FunctionId, Kind, Length, Program, Weekdays, Window};

type Proof = Result<(), ArtifactError>;

/// Proves segments, the policy and the references that are followed.
pub(super) fn check(known: &Known<'_>) -> Proof {
    for segment in &known.program.segments {
        let place = Place::new(format!("segment `{}`", segment.name));
        place.ensure(known.entities.contains_key(&*segment.kind), "its members are not declared")?;
        signature(known.program, segment.predicate, &[], Some(Kind::Bool), &place)?;
    }
    policy(known)?;
    let place = Place::new("a reference that is followed");
    for follow in &known.program.follows {
        let declared = |kind: &str| known.entities.contains_key(kind);
        let both = declared(&follow.kind) && declared(&follow.target);
        place.ensure(both, "it is from or to an entity that is not declared")?;
    }
    place.ensure(known.program.follows.is_sorted_by(|a, b| a < b), "they are not in order")
}

/// The functions of segments and of the policy.
pub(super) fn functions(program: &Program) -> Vec<FunctionId> {
    let predicates = program.segments.iter().map(|segment| segment.predicate);
    let zones = program.policy.quiet.iter().filter_map(|quiet| quiet.window.zone);
    predicates.chain(zones).collect()
}

fn policy(known: &Known<'_>) -> Proof {
    let place = Place::new("the policy");
    let policy = &known.program.policy;
    for quiet in &policy.quiet {
        window(known, &quiet.window, &place)?;
    }
    for cap in &policy.caps {
        place.ensure(cap.count > 0, "a cap lets nothing through, ever")?;
        lasts(cap.per, &place)?;
    }
    let topics = place.unique(policy.topics.iter().map(|topic| &*topic.name))?;
    place.ensure(!topics.contains("all") && !topics.contains("transactional"), "a topic has a reserved name")
}

/// A window opens on some day.
pub(super) fn window(known: &Known<'_>, window: &Window, place: &Place) -> Proof {
    weekdays(window.days, place)?;
    match window.zone {
        Some(zone) => signature(known.program, zone, &[], Some(Kind::Text), place).map(|_| ()),
        None => Ok(()),
    }
}

/// Some days of the seven.
pub(super) fn weekdays(days: Weekdays, place: &Place) -> Proof {
    place.ensure(days.0 != 0 && days.0 & !Weekdays::ALL.0 == 0, "it names no day of the week")
}

/// A length that goes forward.
pub(super) fn lasts(length: Length, place: &Place) -> Proof {
    let forward = length.months >= 0 && length.days >= 0 && length.millis >= 0;
    place.ensure(forward && length.nominal_millis() > 0, "a length is no time at all")
}
