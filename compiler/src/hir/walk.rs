//! Walks through expressions, acts and steps.
//!
//! It must not know what anybody looks for.

use super::{Act, EventScope, Exit, Expr, ExprKind, Part, Step, StepKind, TriggerKind, Workflow};
use crate::diagnostic::Span;

impl Expr {
    /// The expressions right inside this one, in source order.
    #[must_use]
    pub fn inner(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Constant(_)
            | ExprKind::Missing
            | ExprKind::Subject
            | ExprKind::Contact
            | ExprKind::Event
            | ExprKind::Field { .. }
            | ExprKind::Param(_)
            | ExprKind::Var(_)
            | ExprKind::Actor(_)
            | ExprKind::Created(_)
            | ExprKind::Secret(_)
            | ExprKind::Now
            | ExprKind::Today => Vec::new(),
            ExprKind::Attribute(a, _)
            | ExprKind::Member(a, _)
            | ExprKind::Not(a)
            | ExprKind::IsSet(a)
            | ExprKind::Negate(a)
            | ExprKind::NextClock(a)
            | ExprKind::NextWeekday(_, a)
            | ExprKind::StartOf(a)
            | ExprKind::Convert(a) => vec![a],
            ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::Arithmetic(_, a, b)
            | ExprKind::At(a, b)
            | ExprKind::Default(a, b) => vec![a, b],
            ExprKind::List(items) => items.iter().collect(),
            ExprKind::Object(entries) => entries.iter().map(|(_, value)| value).collect(),
            ExprKind::Pipe(_, value, arguments) => std::iter::once(&**value).chain(arguments).collect(),
            ExprKind::History(history) => {
                std::iter::once(&history.entity).chain(&history.condition).collect()
            }
            ExprKind::Message(parts) => {
                let mut found = Vec::new();
                inner_of_parts(parts, &mut found);
                found
            }
        }
    }

    /// The same, to change them.
    fn inner_mut(&mut self) -> Vec<&mut Self> {
        match &mut self.kind {
            ExprKind::Constant(_)
            | ExprKind::Missing
            | ExprKind::Subject
            | ExprKind::Contact
            | ExprKind::Event
            | ExprKind::Field { .. }
            | ExprKind::Param(_)
            | ExprKind::Var(_)
            | ExprKind::Actor(_)
            | ExprKind::Created(_)
            | ExprKind::Secret(_)
            | ExprKind::Now
            | ExprKind::Today => Vec::new(),
            ExprKind::Attribute(a, _)
            | ExprKind::Member(a, _)
            | ExprKind::Not(a)
            | ExprKind::IsSet(a)
            | ExprKind::Negate(a)
            | ExprKind::NextClock(a)
            | ExprKind::NextWeekday(_, a)
            | ExprKind::StartOf(a)
            | ExprKind::Convert(a) => vec![a],
            ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Compare(_, a, b)
            | ExprKind::Arithmetic(_, a, b)
            | ExprKind::At(a, b)
            | ExprKind::Default(a, b) => vec![a, b],
            ExprKind::List(items) => items.iter_mut().collect(),
            ExprKind::Object(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
            ExprKind::Pipe(_, value, arguments) => std::iter::once(&mut **value).chain(arguments).collect(),
            ExprKind::History(history) => {
                std::iter::once(&mut history.entity).chain(&mut history.condition).collect()
            }
            ExprKind::Message(parts) => {
                let mut found = Vec::new();
                inner_of_parts_mut(parts, &mut found);
                found
            }
        }
    }

    /// Shows `see` this expression and everything in it, the outermost first.
    pub fn walk<'e>(&'e self, see: &mut dyn FnMut(&'e Self)) {
        see(self);
        for inner in self.inner() {
            inner.walk(see);
        }
    }

    /// Lets `change` change this expression and everything in it, the innermost first.
    pub fn change(&mut self, change: &mut dyn FnMut(&mut Self)) {
        for inner in self.inner_mut() {
            inner.change(change);
        }
        change(self);
    }

    /// Whether `wanted` holds for this expression or anything in it.
    pub fn any(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self) || self.inner().into_iter().any(|it| it.any(wanted))
    }
}

fn inner_of_parts<'e>(parts: &'e [Part], found: &mut Vec<&'e Expr>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(value) | Part::Escaped(value) => found.push(value),
            Part::If(branches, otherwise) => {
                for (condition, parts) in branches {
                    found.push(condition);
                    inner_of_parts(parts, found);
                }
                inner_of_parts(otherwise, found);
            }
            Part::For(_, list, parts) => {
                found.push(list);
                inner_of_parts(parts, found);
            }
        }
    }
}

fn inner_of_parts_mut<'e>(parts: &'e mut [Part], found: &mut Vec<&'e mut Expr>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(value) | Part::Escaped(value) => found.push(value),
            Part::If(branches, otherwise) => {
                for (condition, parts) in branches {
                    found.push(condition);
                    inner_of_parts_mut(parts, found);
                }
                inner_of_parts_mut(otherwise, found);
            }
            Part::For(_, list, parts) => {
                found.push(list);
                inner_of_parts_mut(parts, found);
            }
        }
    }
}

impl Act {
    /// The expressions of the action, in the order in which they are computed.
    #[must_use]
    pub fn values(&self) -> Vec<&Expr> {
        match self {
            Self::Effect { arguments, .. } => arguments.iter().collect(),
            Self::Set { entity, value, .. } => vec![entity, value],
            Self::Gain { item, .. } | Self::Lose { item, .. } => vec![item],
            Self::All(acts) => acts.iter().flat_map(Self::values).collect(),
            Self::AssignInTurn { entity, .. } | Self::Delete(entity) => vec![entity],
            Self::Create { fields, .. } => fields.iter().map(|(_, value)| value).collect(),
            Self::Update { entity, fields } => {
                std::iter::once(entity).chain(fields.iter().map(|(_, value)| value)).collect()
            }
            Self::Start(_) | Self::StopRuns(_) => Vec::new(),
            Self::Emit { fields, .. } => fields.iter().map(|(_, value)| value).collect(),
            Self::Task { title, due, remind, assignee, notes, .. } => {
                std::iter::once(title).chain([due, remind, assignee, notes].into_iter().flatten()).collect()
            }
            Self::Note(text) => vec![text],
        }
    }
}

impl Step {
    /// The expressions of the step itself, without the steps in it and without the condition of a
    /// wait for an event, which is about that event.
    #[must_use]
    pub fn values(&self) -> Vec<&Expr> {
        match &self.kind {
            StepKind::Do { act, condition, how, .. } => {
                let person = how.draft.iter().filter_map(|it| it.person.as_ref());
                condition.iter().chain(act.values()).chain(person).chain(&how.at).collect()
            }
            StepKind::WaitFor(value) | StepKind::WaitUntil(value) => vec![value],
            StepKind::WaitEvent { up_to, .. } => vec![up_to],
            StepKind::If { branches, .. } => branches.iter().map(|(_, condition, _)| condition).collect(),
            StepKind::Repeat { until, .. } => until.iter().collect(),
            StepKind::Split { .. } | StepKind::Stop => Vec::new(),
        }
    }

    /// The blocks of steps in it.
    #[must_use]
    pub fn blocks(&self) -> Vec<&[Self]> {
        match &self.kind {
            StepKind::WaitEvent { then, otherwise, .. } => vec![then, otherwise],
            StepKind::If { branches, otherwise } => {
                branches.iter().map(|(.., steps)| &**steps).chain([&**otherwise]).collect()
            }
            StepKind::Split { arms } => arms.iter().map(|(.., steps)| &**steps).collect(),
            StepKind::Repeat { steps, .. } => vec![steps],
            StepKind::Do { .. } | StepKind::WaitFor(_) | StepKind::WaitUntil(_) | StepKind::Stop => {
                Vec::new()
            }
        }
    }

    /// Shows `see` this step and all steps in it, in source order.
    pub fn walk<'s>(&'s self, see: &mut dyn FnMut(&'s Self)) {
        see(self);
        for step in self.blocks().into_iter().flatten() {
            step.walk(see);
        }
    }
}

impl Workflow {
    /// Where a run needs the event that started it; none if it can start without one, as
    /// another workflow's `start` does.
    #[must_use]
    pub fn needs_event(&self) -> Option<Span> {
        if self.triggers.iter().any(|it| !matches!(it.kind, TriggerKind::Event(_))) {
            return None;
        }
        let mut found = None;
        let mut look = |value: &Expr, whole: &dyn Fn(&Expr) -> bool| {
            value.walk(&mut |it| {
                if found.is_none() && whole(it) {
                    found = Some(it.span);
                }
            });
        };
        for exit in &self.exits {
            match exit {
                Exit::When(condition) => look(condition, &of_trigger),
                Exit::On { condition: Some(condition), .. } => look(condition, &field_of_trigger),
                Exit::On { condition: None, .. } => {}
            }
        }
        for step in &self.steps {
            step.walk(&mut |step| {
                step.values().into_iter().for_each(|it| look(it, &of_trigger));
                if let StepKind::WaitEvent { condition: Some(condition), .. } = &step.kind {
                    look(condition, &field_of_trigger);
                }
            });
        }
        found
    }
}

fn field_of_trigger(value: &Expr) -> bool {
    matches!(value.kind, ExprKind::Field { of: EventScope::Trigger, .. })
}

fn of_trigger(value: &Expr) -> bool {
    field_of_trigger(value) || matches!(value.kind, ExprKind::Event | ExprKind::Contact)
}
