//! Code for steps that stand in others: branches, splits, repeats.
//!
//! It must not know what the steps in them do.

use std::sync::Arc;

use onward_bytecode::{Constant, Length, Op, SiteKind};

use super::body::{Body, Flow, either};
use super::limit::Lowering;
use crate::hir::{Expr, Step};

/// All shares of a split together.
const WHOLE: u32 = 10_000;

/// The same steps again.
pub(super) struct Rounds<'h> {
    /// At most so often.
    pub(super) times: u16,
    /// How long between the rounds.
    pub(super) every: Option<Length>,
    /// Before each round: not if this holds.
    pub(super) until: Option<&'h Expr>,
    /// The steps of a round.
    pub(super) steps: &'h [Step],
}

impl Body<'_> {
    /// An `if`: each branch that is looked at says whether it was taken.
    pub(super) fn branches(
        &mut self,
        branches: &[(Arc<str>, Expr, Vec<Step>)],
        otherwise: &[Step],
    ) -> Lowering<Flow> {
        let mut flow = Flow::Ends;
        let mut ends = Vec::new();
        let last = branches.len().saturating_sub(1);
        for (i, (name, condition, steps)) in branches.iter().enumerate() {
            let mark = self.code.mark();
            let holds = self.code.operand(condition)?;
            let site = self.site(&self.in_round(name), SiteKind::Branch)?;
            self.code.ak(condition.span, Op::Took, holds, site)?;
            let next = self.code.jump(condition.span, Op::JumpIfNot, holds)?;
            self.code.release(mark);
            let went = self.steps(steps)?;
            let falls_to_end = i == last && otherwise.is_empty();
            if went == Flow::GoesOn && !falls_to_end {
                ends.push(self.code.jump(condition.span, Op::Jump, 0)?);
            }
            flow = either(flow, went);
            self.code.land(next)?;
        }
        flow = either(flow, self.steps(otherwise)?);
        ends.into_iter().try_for_each(|end| self.code.land(end))?;
        Ok(flow)
    }

    /// A split: the subject's number falls into the share of one arm.
    pub(super) fn split(&mut self, step: &Step, arms: &[(u16, Arc<str>, Vec<Step>)]) -> Lowering<Flow> {
        let mark = self.code.mark();
        let (number, bound, took) = (self.code.temporary()?, self.code.temporary()?, self.code.temporary()?);
        let site = self.site(&self.in_round(&step.name), SiteKind::Split)?;
        self.code.ak(step.span, Op::Split, number, site)?;
        let mut flow = Flow::Ends;
        let mut ends = Vec::new();
        let mut share: u32 = 0;
        for (part, name, steps) in arms {
            share = share.saturating_add(u32::from(*part));
            let arm = self.site(&self.in_round(name), SiteKind::Arm { split: step.name.clone() })?;
            if share < WHOLE {
                self.code.load(step.span, bound, Constant::Number(share.into()))?;
                self.code.abc(step.span, Op::Lt, took, number, bound)?;
            } else {
                self.code.load(step.span, took, Constant::Bool(true))?;
            }
            self.code.ak(step.span, Op::Took, took, arm)?;
            let next =
                if share < WHOLE { Some(self.code.jump(step.span, Op::JumpIfNot, took)?) } else { None };
            let went = self.steps(steps)?;
            flow = either(flow, went);
            let Some(next) = next else {
                ends.into_iter().try_for_each(|end| self.code.land(end))?;
                self.code.release(mark);
                return Ok(flow);
            };
            if went == Flow::GoesOn {
                ends.push(self.code.jump(step.span, Op::Jump, 0)?);
            }
            self.code.land(next)?;
        }
        // The shares are less than the whole: the rest goes on.
        ends.into_iter().try_for_each(|end| self.code.land(end))?;
        self.code.release(mark);
        Ok(Flow::GoesOn)
    }

    /// A repeat, written out round by round: a run only goes forward.
    pub(super) fn repeat(&mut self, step: &Step, rounds: Rounds<'_>) -> Lowering<Flow> {
        let mut ends = Vec::new();
        let mut flow = Flow::GoesOn;
        for round in 1..=rounds.times {
            let before = self.code.here();
            self.rounds.push(round);
            if let Some(length) = rounds.every.filter(|_| round > 1) {
                self.pause(step, length)?;
            }
            if let Some(until) = rounds.until {
                ends.push(self.ends_early(step, until)?);
            }
            flow = self.steps(rounds.steps)?;
            self.rounds.pop();
            // Nobody gets to a next round, or it would be as empty as this one.
            if flow == Flow::Ends || self.code.here() == before {
                break;
            }
        }
        if !ends.is_empty() {
            flow = Flow::GoesOn;
        }
        ends.into_iter().try_for_each(|end| self.code.land(end))?;
        Ok(flow)
    }

    /// The wait between two rounds.
    fn pause(&mut self, step: &Step, length: Length) -> Lowering<()> {
        let mark = self.code.mark();
        let register = self.code.temporary()?;
        self.code.load(step.span, register, Constant::Duration(length))?;
        let point = self.rest(&self.in_round(&step.name))?;
        self.code.ak(step.span, Op::WaitFor, register, point)?;
        self.code.release(mark);
        self.goes_on(point);
        Ok(())
    }

    /// The check before a round: a jump behind the repeat.
    fn ends_early(&mut self, step: &Step, until: &Expr) -> Lowering<super::code::Jump> {
        let mark = self.code.mark();
        let holds = self.code.operand(until)?;
        let site = self.site(&self.in_round(&step.name), SiteKind::Until)?;
        self.code.ak(until.span, Op::Took, holds, site)?;
        let end = self.code.jump(until.span, Op::JumpIf, holds)?;
        self.code.release(mark);
        Ok(end)
    }
}
