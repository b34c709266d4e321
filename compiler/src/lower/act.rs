//! Code for a `do`: its condition, its arguments, and what later steps read of its result.
//!
//! It must not know what the engine makes of a step.

use std::sync::Arc;

use onward_bytecode::{FieldDecl, Hold, Op, Scalar, SiteKind, Type};

use super::body::Body;
use super::limit::Lowering;
use super::source::{Maker, Slot, Source};
use crate::diagnostic::Span;
use crate::hir::{Act, Expr, How, LetId, Step};

/// A step that is done, and what it leaves.
struct Done<'n> {
    /// The step's name.
    name: &'n Arc<str>,
    /// Where it stands in the source.
    span: Span,
    /// Its result's number.
    bind: Option<LetId>,
}

impl Body<'_> {
    /// A `do`. If its condition does not hold, it is skipped and leaves nothing.
    pub(super) fn act(
        &mut self,
        step: &Step,
        act: &Act,
        condition: Option<&Expr>,
        bind: Option<LetId>,
        how: &How,
    ) -> Lowering<()> {
        let name = self.in_round(&step.name);
        let done = Done { name: &name, span: step.span, bind };
        if let Some(id) = bind {
            self.name_maker(Maker::Let(id), &step.name);
        }
        let acts = singly(act);
        let Some((first, others)) = acts.split_first() else { return Ok(()) };
        let (site, point) = self.declare(&name, first, how)?;
        let end = condition.map(|condition| self.unless(condition, &done, site)).transpose()?;
        self.once(first, &done, how, site, point)?;
        for (act, number) in others.iter().zip(2..) {
            let name: Arc<str> = format!("{name} (part {number})").into();
            let (site, point) = self.declare(&name, act, how)?;
            self.once(act, &Done { name: &name, ..done }, how, site, point)?;
        }
        end.map_or(Ok(()), |end| self.code.land(end))
    }

    /// What is done if the condition does not hold: a jump to where the run goes on.
    fn unless(&mut self, condition: &Expr, done: &Done<'_>, site: u16) -> Lowering<super::code::Jump> {
        let mark = self.code.mark();
        let holds = self.code.operand(condition)?;
        let todo = self.code.jump(condition.span, Op::JumpIf, holds)?;
        self.code.release(mark);
        self.code.ak(done.span, Op::Skip, 0, site)?;
        for (_, slot) in done.bind.map(|id| self.made_by(Maker::Let(id))).unwrap_or_default() {
            self.code.missing(done.span, slot.register, &slot.ty)?;
        }
        let end = self.code.jump(done.span, Op::Jump, 0)?;
        self.code.land(todo)?;
        Ok(end)
    }

    fn declare(&mut self, name: &Arc<str>, act: &Act, how: &How) -> Lowering<(u16, Option<u16>)> {
        let (kind, point) = self.kind(name, act, how)?;
        Ok((self.site(name, kind)?, point))
    }

    /// One action: its arguments, the step, and what it leaves.
    fn once(&mut self, act: &Act, done: &Done<'_>, how: &How, site: u16, point: Option<u16>) -> Lowering<()> {
        let mark = self.code.mark();
        let first = self.arguments(done.span, act, how)?;
        self.code.ak(done.span, Op::Do, first, site)?;
        if let Some(point) = point {
            self.goes_on(point);
        }
        self.leaves(done, first)?;
        self.code.release(mark);
        match act {
            Act::AssignInTurn { entity, attribute, .. } => self.assign(done, entity, attribute),
            _ => Ok(()),
        }
    }

    /// Keeps what later steps read of the result.
    fn leaves(&mut self, done: &Done<'_>, first: u8) -> Lowering<()> {
        for (source, Slot { register, ty }) in
            done.bind.map(|id| self.made_by(Maker::Let(id))).unwrap_or_default()
        {
            match source {
                Source::Field(_, name) => {
                    let k = self.code.name_k(&name, &ty)?;
                    self.code.ak(done.span, Op::Field, register, k)?;
                }
                _ => self.code.abc(done.span, Op::Copy, register, first, 0)?,
            }
        }
        Ok(())
    }

    /// After the turn has been found: the attribute becomes its member.
    fn assign(&mut self, done: &Done<'_>, entity: &Expr, attribute: &FieldDecl) -> Lowering<()> {
        let name: Arc<str> = format!("{} (set)", done.name).into();
        let kind = SiteKind::Set { attribute: attribute.name.clone(), ty: attribute.ty.clone() };
        let site = self.site(&name, kind)?;
        let mark = self.code.mark();
        let first = self.code.range(2)?;
        let k = self.code.name_k(&"member".into(), &attribute.ty)?;
        self.code.ak(done.span, Op::Field, first.saturating_add(1), k)?;
        self.code.put(entity, first)?;
        self.code.ak(done.span, Op::Do, first, site)?;
        self.code.release(mark);
        Ok(())
    }

    /// What the action is, and where a run rests for it.
    fn kind(&mut self, name: &Arc<str>, act: &Act, how: &How) -> Lowering<(SiteKind, Option<u16>)> {
        let declared = |fields: &[(FieldDecl, Expr)]| fields.iter().map(|(field, _)| field.clone()).collect();
        let kind = match act {
            Act::Effect { action, .. } => {
                let point = self.rest(name)?;
                let hold = if how.draft.is_some() { Hold::Draft } else { Hold::Free };
                let action = self.action(action);
                let kind = SiteKind::Effect { action, point, hold, failure: how.failure };
                return Ok((kind, Some(point)));
            }
            Act::AssignInTurn { team, .. } => {
                let point = self.rest(name)?;
                return Ok((SiteKind::Turn { team: team.clone(), point }, Some(point)));
            }
            Act::Set { attribute, .. } => {
                SiteKind::Set { attribute: attribute.name.clone(), ty: attribute.ty.clone() }
            }
            Act::Gain { attribute, .. } => SiteKind::Gain { attribute: attribute.clone() },
            Act::Lose { attribute, .. } => SiteKind::Lose { attribute: attribute.clone() },
            Act::Create { kind, fields } => {
                SiteKind::Create { kind: kind.clone(), attributes: declared(fields) }
            }
            Act::Update { fields, .. } => SiteKind::Update { attributes: declared(fields) },
            Act::Delete(_) => SiteKind::Delete,
            Act::Start(workflow) => SiteKind::Start { workflow: workflow.clone() },
            Act::StopRuns(workflow) => SiteKind::StopRuns { workflow: workflow.clone() },
            Act::Emit { event, fields } => SiteKind::Emit {
                event: event.clone(),
                fields: fields.iter().map(|(name, _)| name.clone()).collect(),
            },
            Act::Task { sort, group, .. } => SiteKind::Task { sort: sort.clone(), group: group.clone() },
            // Actions are taken apart before: there are none within one another.
            Act::Note(_) | Act::All(_) => SiteKind::Note,
        };
        Ok((kind, None))
    }

    /// The arguments in a row of registers: the first of them.
    fn arguments(&mut self, span: Span, act: &Act, how: &How) -> Lowering<u8> {
        match act {
            Act::Effect { arguments, .. } => {
                let person = how.draft.as_ref().and_then(|draft| draft.person.as_ref());
                let last = [(person, Scalar::Text), (how.at.as_ref(), Scalar::Time)];
                self.row_and(span, arguments.iter(), last)
            }
            Act::Set { entity, value, .. } => self.row(span, [entity, value]),
            Act::Gain { item, .. } | Act::Lose { item, .. } => self.row(span, [item]),
            Act::Note(text) => self.row(span, [text]),
            // The new entity is left in the first, even if there are no attributes.
            Act::Create { fields, .. } if fields.is_empty() => self.code.temporary(),
            Act::Create { fields, .. } => self.row(span, fields.iter().map(|(_, value)| value)),
            Act::Update { entity, fields } => {
                self.row(span, std::iter::once(entity).chain(fields.iter().map(|(_, value)| value)))
            }
            Act::Delete(entity) => self.row(span, [entity]),
            Act::Emit { fields, .. } => self.row(span, fields.iter().map(|(_, value)| value)),
            Act::Task { title, due, remind, assignee, notes, .. } => {
                let last = [
                    (due.as_ref(), Scalar::Time),
                    (remind.as_ref(), Scalar::Time),
                    (assignee.as_ref(), Scalar::Text),
                    (notes.as_ref(), Scalar::Text),
                ];
                self.row_and(span, [title], last)
            }
            Act::AssignInTurn { .. } | Act::Start(_) | Act::StopRuns(_) | Act::All(_) => Ok(0),
        }
    }

    fn row<'e>(&mut self, span: Span, values: impl IntoIterator<Item = &'e Expr>) -> Lowering<u8> {
        self.row_and(span, values, [])
    }

    /// Values in a row, and then some that may be missing.
    fn row_and<'e, const N: usize>(
        &mut self,
        span: Span,
        values: impl IntoIterator<Item = &'e Expr>,
        last: [(Option<&'e Expr>, Scalar); N],
    ) -> Lowering<u8> {
        let values: Vec<&Expr> = values.into_iter().collect();
        let first = self.code.range(values.len() + N)?;
        let mut registers = first..=u8::MAX;
        for (value, register) in values.into_iter().zip(&mut registers) {
            self.code.put(value, register)?;
        }
        for ((value, scalar), register) in last.into_iter().zip(registers) {
            match value {
                Some(value) => self.code.put(value, register)?,
                None => self.code.missing(span, register, &Type::One(scalar))?,
            }
        }
        Ok(first)
    }
}

/// The actions of a `do`, one after another.
fn singly(act: &Act) -> Vec<&Act> {
    match act {
        Act::All(acts) => acts.iter().flat_map(singly).collect(),
        act => vec![act],
    }
}
