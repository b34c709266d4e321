//! What one workflow does that another listens to.
//!
//! It must not know what is made of it.

use std::sync::Arc;

use onward_bytecode::Constant;

use super::solve::written;
use super::{Analysis, all};
use crate::diagnostic::Span;
use crate::hir::{Act, Expr, ExprKind, StepKind, TriggerKind, Workflow};

/// Something that a workflow does to what rules listen to.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) what: What,
    pub(super) span: Span,
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// An event is recorded.
    Emits(Arc<str>),
    /// An attribute of an entity of this kind gets a value; a constant one if it is known.
    Sets(Arc<str>, Arc<str>, Option<Constant>),
    /// A list of the subject gains an item.
    Gains(Arc<str>, Arc<str>, Option<Constant>),
    /// A list of the subject loses an item.
    Loses(Arc<str>, Arc<str>, Option<Constant>),
    /// An entity of this kind appears.
    Creates(Arc<str>),
    /// An entity of this kind goes.
    Deletes(Arc<str>),
    /// A workflow is started.
    Starts(Arc<str>),
}

impl What {
    /// In words, as a part of a sentence that begins with the workflow's name.
    pub(super) fn words(&self) -> String {
        let to = |value: &Option<Constant>| {
            value.as_ref().map(|it| format!(" {}", written(it))).unwrap_or_default()
        };
        match self {
            Self::Emits(event) => format!("emits `{event}`"),
            Self::Sets(kind, attribute, Some(value)) => {
                format!("sets `{kind}.{attribute}` to {}", written(value))
            }
            Self::Sets(kind, attribute, None) => format!("sets `{kind}.{attribute}`"),
            Self::Gains(kind, attribute, item) => format!("adds{} to `{kind}.{attribute}`", to(item)),
            Self::Loses(kind, attribute, item) => format!("removes{} from `{kind}.{attribute}`", to(item)),
            Self::Creates(kind) => format!("creates `{kind}`"),
            Self::Deletes(kind) => format!("deletes `{kind}`"),
            Self::Starts(workflow) => format!("starts `{workflow}`"),
        }
    }
}

/// Everything that a workflow does.
pub(super) fn deeds(workflow: &Workflow) -> Vec<Deed> {
    let mut steps = Vec::new();
    all(&workflow.steps, &mut steps);
    let mut found = Vec::new();
    for step in steps {
        if let StepKind::Do { act, .. } = &step.kind {
            of_act(act, &workflow.subject, step.span, &mut found);
        }
    }
    found
}

fn of_act(act: &Act, subject: &Arc<str>, span: Span, found: &mut Vec<Deed>) {
    let mut add = |what| found.push(Deed { what, span });
    match act {
        Act::Set { entity, attribute, value } => {
            add(What::Sets(kind(entity, subject), attribute.name.clone(), constant(value)));
        }
        Act::Update { entity, fields } => {
            let kind = kind(entity, subject);
            fields.iter().for_each(|(field, value)| {
                add(What::Sets(kind.clone(), field.name.clone(), constant(value)))
            });
        }
        Act::AssignInTurn { entity, attribute, .. } => {
            add(What::Sets(kind(entity, subject), attribute.name.clone(), None));
        }
        Act::Gain { attribute, item } => add(What::Gains(subject.clone(), attribute.clone(), constant(item))),
        Act::Lose { attribute, item } => add(What::Loses(subject.clone(), attribute.clone(), constant(item))),
        Act::Emit { event, .. } => add(What::Emits(event.clone())),
        Act::Create { kind, .. } => add(What::Creates(kind.clone())),
        Act::Task { .. } => add(What::Creates("task".into())),
        Act::Note(_) => add(What::Creates("note".into())),
        Act::Delete(entity) => add(What::Deletes(kind(entity, subject))),
        Act::Start(workflow) => add(What::Starts(workflow.clone())),
        Act::All(acts) => acts.iter().for_each(|act| of_act(act, subject, span, found)),
        Act::Effect { .. } | Act::StopRuns(_) => {}
    }
}

/// The kind of an entity that an expression gives.
fn kind(entity: &Expr, subject: &Arc<str>) -> Arc<str> {
    match (&entity.kind, &entity.ty.ty) {
        (ExprKind::Subject, _) => subject.clone(),
        (_, onward_bytecode::Type::One(onward_bytecode::Scalar::Entity(kind))) => kind.clone(),
        _ => subject.clone(),
    }
}

fn constant(value: &Expr) -> Option<Constant> {
    match &value.kind {
        ExprKind::Constant(value) => Some(value.clone()),
        ExprKind::Convert(inner) => constant(inner),
        ExprKind::Message(parts) => match parts.as_slice() {
            [crate::hir::Part::Text(text)] => Some(Constant::Text(text.clone())),
            _ => None,
        },
        _ => None,
    }
}

impl Analysis<'_> {
    /// Whether what is done may start `workflow`.
    pub(super) fn may_start(&self, what: &What, workflow: &Workflow) -> bool {
        if let What::Starts(name) = what {
            return *name == workflow.name;
        }
        workflow.triggers.iter().any(|trigger| self.hears(what, &trigger.kind, &workflow.subject))
    }

    fn hears(&self, what: &What, trigger: &TriggerKind, subject: &Arc<str>) -> bool {
        let fits = |wanted: Option<&Expr>, value: &Option<Constant>| match (wanted.and_then(constant), value)
        {
            (Some(wanted), Some(value)) => wanted == *value,
            _ => true,
        };
        match (what, trigger) {
            (What::Emits(event), TriggerKind::Event(name)) => event == name,
            (What::Sets(kind, ..), TriggerKind::Changed) => kind == subject,
            (What::Gains(kind, ..) | What::Loses(kind, ..), TriggerKind::Changed) => kind == subject,
            (What::Sets(kind, name, value), TriggerKind::Moved { attribute, to, .. }) => {
                kind == subject && *name == attribute.name && fits(to.as_ref(), value)
            }
            (What::Sets(kind, name, _), TriggerKind::Crossed { attribute, .. }) => {
                kind == subject && *name == attribute.name
            }
            (What::Gains(kind, name, value), TriggerKind::Gains { attribute, item })
            | (What::Loses(kind, name, value), TriggerKind::Loses { attribute, item }) => {
                kind == subject && *name == attribute.name && fits(Some(item), value)
            }
            (What::Creates(kind), TriggerKind::Created) | (What::Deletes(kind), TriggerKind::Deleted) => {
                kind == subject
            }
            (
                What::Sets(kind, name, _) | What::Gains(kind, name, _) | What::Loses(kind, name, _),
                TriggerKind::Enters(segment) | TriggerKind::Leaves(segment),
            ) => {
                kind == subject && self.hir.segments.get(segment).is_some_and(|it| reads(&it.predicate, name))
            }
            _ => false,
        }
    }
}

/// Whether a condition reads an attribute of the subject.
fn reads(condition: &Expr, attribute: &str) -> bool {
    let mut found = false;
    visit(condition, &mut |it| {
        if let ExprKind::Attribute(base, name) = &it.kind {
            found |= **name == *attribute && matches!(base.kind, ExprKind::Subject);
        }
    });
    found
}

/// Looks at an expression and all that it is made of.
fn visit(expr: &Expr, look: &mut dyn FnMut(&Expr)) {
    look(expr);
    expr.inner().into_iter().for_each(|it| visit(it, look));
}
