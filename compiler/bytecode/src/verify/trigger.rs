//! The proof of what starts a workflow. It must not know its body.

use super::declarations::Known;
use super::watched::{lasts, weekdays};
use super::{Place, signature};
use crate::{
    ArtifactError, Bound, Every, FieldDecl, FunctionId, Kind, Scalar, Trigger, TriggerKind, Type,
    WorkflowDecl,
};

type Proof = Result<(), ArtifactError>;

/// Triggers of one workflow.
pub(super) struct Triggers<'a> {
    pub(super) known: &'a Known<'a>,
    pub(super) workflow: &'a WorkflowDecl,
    pub(super) place: &'a Place,
}

/// The functions that a trigger runs.
pub(super) fn functions(trigger: &Trigger) -> Vec<FunctionId> {
    let of_kind = match trigger.kind {
        TriggerKind::Moved { from, to, .. } => [from, to],
        TriggerKind::Crossed { bound: Bound::To(value) | Bound::Past(value), .. } => [Some(value), None],
        TriggerKind::Gains { item, .. } | TriggerKind::Loses { item, .. } => [Some(item), None],
        _ => [None, None],
    };
    of_kind.into_iter().chain([trigger.condition]).flatten().collect()
}

impl Triggers<'_> {
    /// Proves one of them.
    pub(super) fn check(&self, trigger: &Trigger) -> Proof {
        self.kind(&trigger.kind)?;
        match trigger.condition {
            Some(condition) => self.value(condition, Some(Kind::Bool)),
            None => Ok(()),
        }
    }

    fn kind(&self, kind: &TriggerKind) -> Proof {
        match kind {
            TriggerKind::Event(name) => {
                let known = self.known.events.contains_key(&**name);
                self.place.ensure(known, &format!("the event `{name}` is not declared"))
            }
            TriggerKind::Created | TriggerKind::Changed | TriggerKind::Deleted => Ok(()),
            TriggerKind::Moved { attribute, from, to } => {
                let declared = self.known.attribute(&self.workflow.subject, attribute);
                let kind = declared.map(|attribute| attribute.ty.kind());
                [from, to].into_iter().flatten().try_for_each(|value| self.value(*value, kind))
            }
            TriggerKind::Crossed { attribute, bound, .. } => {
                let attribute = self.attribute(attribute)?;
                let goes = matches!(attribute.ty, Type::One(Scalar::Number | Scalar::Ordered(_)));
                self.place.ensure(goes, "it waits for something to rise or drop that cannot")?;
                match bound {
                    Bound::Any => Ok(()),
                    Bound::To(value) | Bound::Past(value) => self.value(*value, Some(attribute.ty.kind())),
                }
            }
            TriggerKind::Gains { attribute, item } | TriggerKind::Loses { attribute, item } => {
                match &self.attribute(attribute)?.ty {
                    Type::List(scalar) => self.value(*item, Some(scalar.kind())),
                    Type::One(_) => Err(self.place.unsound("it waits for an item of what is no list")),
                }
            }
            TriggerKind::Enters(segment) | TriggerKind::Leaves(segment) => self.segment(*segment),
            TriggerKind::Unchanged { attribute, length } => {
                self.attribute(attribute)?;
                lasts(*length, self.place)
            }
            TriggerKind::Date(date) => {
                let ty = &self.attribute(&date.attribute)?.ty;
                let is_date = matches!(ty, Type::One(Scalar::Date | Scalar::Time));
                self.place.ensure(is_date, "it waits for a date that is none")
            }
            TriggerKind::Schedule(schedule) => {
                let some = match schedule.every {
                    Every::Weekdays(days) => {
                        return self.scheduled(schedule.segment, weekdays(days, self.place));
                    }
                    Every::Days(count) | Every::Months(count) => count > 0,
                    Every::Millis(count) => count > 0,
                };
                self.scheduled(schedule.segment, self.place.ensure(some, "its schedule never moves on"))
            }
        }
    }

    fn scheduled(&self, segment: Option<u32>, days: Proof) -> Proof {
        days?;
        segment.map_or(Ok(()), |segment| self.segment(segment))
    }

    fn attribute(&self, name: &str) -> Result<&FieldDecl, ArtifactError> {
        let declared = self.known.attribute(&self.workflow.subject, name);
        declared.ok_or_else(|| self.place.unsound(format!("its subject has no `{name}`")))
    }

    fn value(&self, function: FunctionId, kind: Option<Kind>) -> Proof {
        signature(self.known.program, function, &[], kind, self.place).map(|_| ())
    }

    /// A segment of the subject's kind.
    fn segment(&self, place: u32) -> Proof {
        let segment = self.known.program.segments.get(place as usize);
        self.place.ensure(
            segment.is_some_and(|segment| segment.kind == self.workflow.subject),
            "it speaks about a segment that is not there, or not of its subjects",
        )
    }
}
