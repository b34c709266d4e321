//! Code for texts with holes.
//!
//! It must not know where the text goes.

use std::sync::Arc;

use onward_bytecode::{Constant, Kind, Op, Pipe, Scalar, Type};

use super::code::Code;
use super::fold;
use super::limit::{DEPTH, Limit, Lowering};
use super::source::{Slot, Source, Sources, collect_parts};
use crate::diagnostic::Span;
use crate::hir::{Expr, ExprKind, Part, VarId};

/// Texts joined in one go, so that a long message needs few registers.
const GROUP: usize = 16;

/// A part of a message, with neighbouring constant texts in one.
enum Piece<'a> {
    Text(String),
    Part(&'a Part),
}

impl Code<'_> {
    /// Puts the text that `parts` make into `dst`.
    pub(super) fn message(&mut self, span: Span, parts: &[Part], dst: u8) -> Lowering<()> {
        let mark = self.mark();
        let pieces = pieces(parts);
        match pieces.as_slice() {
            [] => self.load(span, dst, Constant::Text("".into()))?,
            [piece] => self.piece(span, piece, dst)?,
            pieces => self.joined(span, pieces, dst)?,
        }
        self.release(mark);
        Ok(())
    }

    fn joined(&mut self, span: Span, pieces: &[Piece], dst: u8) -> Lowering<()> {
        let room = pieces.len().min(GROUP);
        let first = self.range(room)?;
        let mut filled: u8 = 0;
        for piece in pieces {
            if usize::from(filled) == room {
                self.abc(span, Op::Join, first, first, filled)?;
                filled = 1;
            }
            self.piece(span, piece, first.saturating_add(filled))?;
            filled += 1;
        }
        self.abc(span, Op::Join, dst, first, filled)
    }

    fn piece(&mut self, span: Span, piece: &Piece, dst: u8) -> Lowering<()> {
        match piece {
            Piece::Text(text) => self.load(span, dst, Constant::Text(text.as_str().into())),
            Piece::Part(Part::Text(text)) => self.load(span, dst, Constant::Text(text.clone())),
            Piece::Part(Part::Value(expr)) => self.shown(expr, dst),
            Piece::Part(Part::Escaped(expr)) => {
                self.shown(expr, dst)?;
                if is_safe(expr) {
                    return Ok(());
                }
                self.abc(expr.span, Op::Escape, dst, dst, 0)
            }
            Piece::Part(Part::If(branches, otherwise)) => self.branches(span, branches, otherwise, dst),
            Piece::Part(Part::For(var, list, parts)) => self.each(span, *var, list, parts, dst),
        }
    }

    /// A value as a person reads it.
    fn shown(&mut self, expr: &Expr, dst: u8) -> Lowering<()> {
        if let ExprKind::Message(parts) = &expr.kind {
            return self.message(expr.span, parts, dst);
        }
        let mark = self.mark();
        let value = self.operand(expr)?;
        self.abc(expr.span, Op::Text, dst, value, 0)?;
        self.release(mark);
        Ok(())
    }

    fn branches(
        &mut self,
        span: Span,
        branches: &[(Expr, Vec<Part>)],
        otherwise: &[Part],
        dst: u8,
    ) -> Lowering<()> {
        let mut done = Vec::new();
        for (condition, parts) in branches {
            let mark = self.mark();
            let holds = self.operand(condition)?;
            let next = self.jump(condition.span, Op::JumpIfNot, holds)?;
            self.release(mark);
            self.message(span, parts, dst)?;
            done.push(self.jump(condition.span, Op::Jump, 0)?);
            self.land(next)?;
        }
        self.message(span, otherwise, dst)?;
        done.into_iter().try_for_each(|jump| self.land(jump))
    }

    /// A loop: a function of the item and of what else its text reads.
    fn each(&mut self, span: Span, var: VarId, list: &Expr, parts: &[Part], dst: u8) -> Lowering<()> {
        let depth = self.depth + 1;
        if depth > DEPTH {
            return Err(Limit::Depth);
        }
        let captured = self.captured(var, parts);
        let item = (Source::Var(var), item_type(&list.ty.ty));
        let others = captured.iter().map(|(source, slot)| (source.clone(), slot.ty.clone()));
        let name = format!("{}.each", self.name);
        let mut block = Code::with_params(self.functions, name, std::iter::once(item).chain(others))?;
        block.depth = depth;
        let text = block.temporary()?;
        block.message(span, parts, text)?;
        block.abc(span, Op::Return, text, 0, 0)?;
        let id = block.finish(Some(Kind::Text));
        let block = self.block(id)?;

        let mark = self.mark();
        let first = self.range(1 + captured.len())?;
        self.put(list, first)?;
        if !matches!(list.ty.ty, Type::List(_)) {
            let ty = self.type_c(&Type::List(Scalar::Json))?;
            self.abc(list.span, Op::Convert, first, first, ty)?;
        }
        for ((_, slot), register) in captured.iter().zip(first.saturating_add(1)..=u8::MAX) {
            self.abc(span, Op::Copy, register, slot.register, 0)?;
        }
        self.abc(span, Op::Each, dst, first, block)?;
        self.release(mark);
        Ok(())
    }

    /// What the text of a loop reads of this function's registers.
    fn captured(&self, var: VarId, parts: &[Part]) -> Vec<(Source, Slot)> {
        let mut sources = Sources::new();
        collect_parts(parts, &mut sources);
        sources.remove(&Source::Var(var));
        sources
            .into_keys()
            .filter_map(|source| self.env.get(&source).cloned().map(|slot| (source, slot)))
            .collect()
    }
}

fn pieces(parts: &[Part]) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece> = Vec::new();
    for part in parts {
        match (text_of(part), pieces.last_mut()) {
            (Some(text), _) if text.is_empty() => {}
            (Some(text), Some(Piece::Text(before))) => before.push_str(&text),
            (Some(text), _) => pieces.push(Piece::Text(text.to_string())),
            (None, _) => pieces.push(Piece::Part(part)),
        }
    }
    pieces
}

/// The text of a part that is known: text as it is, or a literal text.
fn text_of(part: &Part) -> Option<Arc<str>> {
    match part {
        Part::Text(text) => Some(text.clone()),
        Part::Value(expr) => match fold::constant(expr)? {
            Constant::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn item_type(list: &Type) -> Type {
    match list {
        Type::List(scalar) => Type::One(scalar.clone()),
        Type::One(_) => Type::One(Scalar::Json),
    }
}

/// Whether the value is marked as HTML already.
fn is_safe(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Pipe(Pipe::Safe, ..))
}
