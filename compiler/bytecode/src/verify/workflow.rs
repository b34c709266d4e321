//! The proof of a workflow's tables. It must not know its code.

use super::declarations::{Known, fields, type_is_sane};
use super::trigger::{self, Triggers};
use super::watched::{lasts, window};
use super::{Place, signature};
use crate::{
    ArtifactError, CaptureCall, Enrolment, EventDecl, Exit, Function, FunctionId, Kind, ResumePoint,
    SiteKind, WorkflowDecl,
};

type Proof = Result<(), ArtifactError>;

struct Tables<'a> {
    known: &'a Known<'a>,
    workflow: &'a WorkflowDecl,
    place: Place,
}

/// Proves the tables of a workflow.
pub(super) fn check(known: &Known<'_>, workflow: &WorkflowDecl) -> Proof {
    let place = Place::new(format!("workflow `{}`", workflow.name));
    let tables = Tables { known, workflow, place };
    let Some(body) = known.program.functions.get(workflow.body.0 as usize) else {
        return Err(tables.place.unsound("it has no body"));
    };
    tables.place.ensure(body.params.is_empty(), "its body takes arguments")?;
    tables.place.ensure(known.entities.contains_key(&*workflow.subject), "its subject is not declared")?;
    tables.triggers(body)?;
    tables.clauses()?;
    tables.sites()?;
    tables.points(body)?;
    tables.waits(body)?;
    tables.exits()
}

/// The functions that a workflow runs.
pub(super) fn functions(workflow: &WorkflowDecl) -> Vec<FunctionId> {
    let mut all = vec![workflow.body];
    all.extend(workflow.triggers.iter().flat_map(trigger::functions));
    if let Enrolment::OncePer(value) = workflow.enrolment {
        all.push(value);
    }
    all.extend(workflow.goal.as_ref().and_then(|goal| goal.condition));
    all.extend(workflow.window.as_ref().and_then(|window| window.zone));
    all.extend(workflow.waits.iter().filter_map(|wait| wait.condition.as_ref()).map(|call| call.function));
    all.extend(workflow.exits.iter().filter_map(condition).map(|call| call.function));
    all
}

fn condition(exit: &Exit) -> Option<&CaptureCall> {
    match exit {
        Exit::When(call) => Some(call),
        Exit::On { condition, .. } => condition.as_ref(),
    }
}

impl Tables<'_> {
    fn event(&self, name: &str) -> Result<&EventDecl, ArtifactError> {
        let event = self.known.events.get(name).copied();
        event.ok_or_else(|| self.place.unsound(format!("the event `{name}` is not declared")))
    }

    fn triggers(&self, body: &Function) -> Proof {
        let triggers = Triggers { known: self.known, workflow: self.workflow, place: &self.place };
        for trigger in &self.workflow.triggers {
            triggers.check(trigger)?;
            self.inside(trigger.entry, body)?;
        }
        // What the engine counts in 16 bits.
        self.place.ensure(self.workflow.triggers.len() <= 1 << 16, "it has too many triggers")?;
        self.workflow.entry.map_or(Ok(()), |entry| self.inside(entry, body))
    }

    /// What holds for the workflow besides what starts and ends it.
    fn clauses(&self) -> Proof {
        match self.workflow.enrolment {
            Enrolment::EveryTime | Enrolment::Once => {}
            Enrolment::OncePer(value) => {
                signature(self.known.program, value, &[], None, &self.place)?;
            }
            Enrolment::AtMostOncePer(length) => lasts(length, &self.place)?,
        }
        if let Some(goal) = &self.workflow.goal {
            self.event(&goal.event)?;
            lasts(goal.within, &self.place)?;
            if let Some(condition) = goal.condition {
                signature(self.known.program, condition, &[], Some(Kind::Bool), &self.place)?;
            }
        }
        let share = self.workflow.holdout.is_none_or(|share| share <= 10_000);
        self.place.ensure(share, "it holds out more than everybody")?;
        if let Some(hours) = &self.workflow.window {
            window(self.known, hours, &self.place)?;
        }
        let topic = self.workflow.topic.as_deref().filter(|topic| *topic != "transactional");
        let known = |topic: &str| self.known.program.policy.topics.iter().any(|it| *it.name == *topic);
        self.place.ensure(topic.is_none_or(known), "its topic is not declared")?;
        self.workflow.max_age.map_or(Ok(()), |length| lasts(length, &self.place))
    }

    fn inside(&self, pc: u32, body: &Function) -> Proof {
        self.place.ensure((pc as usize) < body.code.len(), "it goes on behind the end of its body")
    }

    fn sites(&self) -> Proof {
        self.place.unique(self.workflow.sites.iter().map(|site| &*site.name))?;
        self.workflow.sites.iter().try_for_each(|site| self.site(&site.kind))
    }

    fn site(&self, site: &SiteKind) -> Proof {
        match site {
            SiteKind::Effect { action, point, .. } => {
                let action = self.known.program.actions.get(*action as usize);
                self.place.ensure(action.is_some(), "a step does an action that is not there")?;
                self.point(*point).map(|_| ())
            }
            SiteKind::Set { ty, .. } => type_is_sane(self.known, ty, &self.place),
            SiteKind::Emit { event, fields } => {
                let declared = self.event(event)?.fields.iter().map(|field| &*field.name).collect();
                let given = self.place.unique(fields.iter().map(|field| &**field))?;
                self.place
                    .ensure(given.is_subset(&declared), "a step emits a field that its event does not have")
            }
            SiteKind::Task { group: Some(group), .. } => {
                let known = self.known.teams.contains(&**group);
                self.place.ensure(known, "a task is for a group that is not declared")
            }
            SiteKind::Turn { team, point } => {
                self.place
                    .ensure(self.known.teams.contains(&**team), "a turn is in a team that is not declared")?;
                self.point(*point).map(|_| ())
            }
            SiteKind::Create { kind, attributes } => {
                self.place.ensure(
                    self.known.entities.contains_key(&**kind),
                    "a step creates an entity that is not declared",
                )?;
                fields(self.known, attributes, &self.place)
            }
            SiteKind::Update { attributes } => fields(self.known, attributes, &self.place),
            SiteKind::Start { workflow } => {
                let other = self.sibling(workflow)?;
                self.place.ensure(other.entry.is_some(), "a step starts a workflow that needs an event")
            }
            SiteKind::StopRuns { workflow } => self.sibling(workflow).map(|_| ()),
            SiteKind::Task { group: None, .. }
            | SiteKind::Gain { .. }
            | SiteKind::Lose { .. }
            | SiteKind::Delete
            | SiteKind::Note
            | SiteKind::Branch
            | SiteKind::Arm { .. }
            | SiteKind::Split
            | SiteKind::Until => Ok(()),
        }
    }

    /// A workflow that can be about the same entity.
    fn sibling(&self, name: &str) -> Result<&WorkflowDecl, ArtifactError> {
        let other = self.known.program.workflows.iter().find(|other| *other.name == *name);
        other.filter(|other| other.subject == self.workflow.subject).ok_or_else(|| {
            self.place.unsound(format!("`{name}` is no workflow for the same sort of subject"))
        })
    }

    fn points(&self, body: &Function) -> Proof {
        // What the engine counts in 16 bits; and exits are asked at every point.
        self.place.ensure(self.workflow.points.len() <= 1 << 16, "it rests in too many places")?;
        self.place.ensure(self.workflow.exits.len() <= 256, "it has more than 256 exits")?;
        self.place.unique(self.workflow.points.iter().map(|point| &*point.name))?;
        for point in &self.workflow.points {
            self.inside(point.pc, body)?;
            self.place.ensure(point.live.len() <= 256, "it keeps more than it has registers")?;
            point.live.iter().try_for_each(|live| type_is_sane(self.known, &live.ty, &self.place))?;
        }
        Ok(())
    }

    fn point(&self, place: u16) -> Result<&ResumePoint, ArtifactError> {
        let point = self.workflow.points.get(usize::from(place));
        point.ok_or_else(|| self.place.unsound(format!("there is no resume point {place}")))
    }

    fn waits(&self, body: &Function) -> Proof {
        for wait in &self.workflow.waits {
            self.event(&wait.event)?;
            self.inside(wait.otherwise, body)?;
            let point = self.point(wait.point)?;
            if let Some(call) = &wait.condition {
                self.captured(call, point)?;
            }
        }
        Ok(())
    }

    /// An exit may be asked wherever a run rests, so what it reads is kept everywhere.
    fn exits(&self) -> Proof {
        for exit in &self.workflow.exits {
            if let Exit::On { event, .. } = exit {
                self.event(event)?;
            }
            let Some(call) = condition(exit) else { continue };
            self.condition(call)?;
            self.workflow.points.iter().try_for_each(|point| self.captured(call, point))?;
        }
        Ok(())
    }

    fn condition(&self, call: &CaptureCall) -> Result<&Function, ArtifactError> {
        let function = self.known.program.functions.get(call.function.0 as usize);
        let params = function.map_or(&[][..], |function| &function.params);
        self.place.ensure(params.len() == call.registers.len(), "a condition takes other arguments")?;
        signature(self.known.program, call.function, params, Some(Kind::Bool), &self.place)
    }

    /// Everything that the condition is given is kept at the point.
    fn captured(&self, call: &CaptureCall, point: &ResumePoint) -> Proof {
        let function = self.condition(call)?;
        for (register, kind) in call.registers.iter().zip(&function.params) {
            let live = point.live.iter().find(|live| live.register == *register);
            self.place.ensure(
                live.is_some_and(|live| live.ty.kind() == *kind),
                "a condition reads what is not kept while the run rests",
            )?;
        }
        Ok(())
    }
}
