//! Code for questions about the past.
//!
//! A condition about past events is a function of what it reads besides them: there the
//! past event is the event at hand, so that even fields of the real event at hand are given to it.
//!
//! It must not know how the past is looked up.

use std::sync::Arc;

use onward_bytecode::{Ask, FunctionId, HistoryRef, NameRef, Op, Scalar, Type};

use super::code::Code;
use super::expression::function_of;
use super::limit::{DEPTH, Limit, Lowering};
use super::source::{Source, Sources, collect};
use crate::diagnostic::Span;
use crate::hir::{self, Expr, History};

impl Code<'_> {
    /// Puts the answer to a question about the past into `dst`.
    pub(super) fn history(&mut self, expr: &Expr, history: &History, dst: u8) -> Lowering<()> {
        let mut sources = Sources::new();
        history.condition.iter().for_each(|condition| collect(condition, &mut sources));
        let given: Vec<(Source, Type)> =
            sources.into_iter().filter(|(source, _)| self.can_give(source)).collect();
        let condition = history.condition.as_ref().map(|it| self.past(it, &given)).transpose()?;
        let question = HistoryRef {
            event: history.event.clone(),
            span: history.span,
            condition,
            ask: ask(&history.ask, &expr.ty.ty),
        };
        let place = self.question(question)?;
        let mark = self.mark();
        let first = self.range(1 + given.len())?;
        self.put(&history.entity, first)?;
        for ((source, ty), register) in given.iter().zip(first.saturating_add(1)..=u8::MAX) {
            self.give(expr.span, source, ty, register)?;
        }
        self.abc(expr.span, Op::History, dst, first, place)?;
        self.release(mark);
        Ok(())
    }

    /// The condition as a function of what it is given.
    fn past(&mut self, condition: &Expr, given: &[(Source, Type)]) -> Lowering<FunctionId> {
        let depth = self.depth + 1;
        if depth > DEPTH {
            return Err(Limit::Depth);
        }
        let name: Arc<str> = format!("{}.past", self.name).into();
        let mut code = Code::with_params(self.functions, name, given.iter().cloned())?;
        code.depth = depth;
        function_of(code, condition, &Type::One(Scalar::Bool))
    }

    /// Whether this function has the value, in a register or at hand.
    fn can_give(&self, source: &Source) -> bool {
        self.env.contains_key(source) || source.is_at_hand() || source.is_of_event()
    }

    fn give(&mut self, span: Span, source: &Source, ty: &Type, dst: u8) -> Lowering<()> {
        if let Some(slot) = self.env.get(source) {
            let register = slot.register;
            return self.abc(span, Op::Copy, dst, register, 0);
        }
        match source {
            Source::Field(_, name) => {
                let k = self.name_k(name, ty)?;
                self.ak(span, Op::Field, dst, k)
            }
            Source::Contact => self.abc(span, Op::Contact, dst, 0, 0),
            Source::Event => self.abc(span, Op::Event, dst, 0, 0),
            _ => self.missing(span, dst, ty),
        }
    }
}

fn ask(ask: &hir::Ask, ty: &Type) -> Ask {
    let field = |name: &Arc<str>, ty: Type| NameRef { name: name.clone(), ty };
    match ask {
        hir::Ask::Count => Ask::Count,
        hir::Ask::Did => Ask::Did,
        hir::Ask::Sum(name) => Ask::Sum(field(name, Type::One(Scalar::Number))),
        hir::Ask::Latest(name) => Ask::Latest(field(name, ty.clone())),
    }
}
