//! Steps, one after the other: what each can see, and which can never run.
//!
//! It must not know what a `do` does.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::narrow::{Outcome, facts, proved, rebind};
use super::scope::{Bound, Scope};
use super::{Checker, Cx};
use crate::codes;
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{EventScope, Expr, How, Step, StepKind};
use crate::syntax::ast::{self, AstNode as _, Origin};

/// Whether a run goes on after some steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    GoesOn,
    Ends,
}

impl Checker<'_> {
    /// Checks `steps`; `scope` learns what they prove for what follows.
    pub(super) fn steps(
        &mut self,
        scope: &mut Scope,
        origin: Origin,
        steps: impl Iterator<Item = ast::Step>,
    ) -> (Vec<Step>, Flow) {
        let mut checked = Vec::new();
        let mut ended: Option<Span> = None;
        let mut flow = Flow::GoesOn;
        for step in steps {
            let span = step.span(origin);
            if let Some(end) = ended.take() {
                self.report.push(
                    Diagnostic::error(codes::UNREACHABLE, span, "this step can never run")
                        .also(end, "every run has ended after this")
                        .help("move it up, or remove it"),
                );
            }
            let name = self.step_name(&step, origin);
            let (kind, after) = self.step(scope, origin, &step, &name);
            if after == Flow::Ends && flow == Flow::GoesOn {
                ended = Some(self.head(&step, origin));
                flow = Flow::Ends;
            }
            checked.extend(kind.map(|kind| Step { name, kind, span }));
        }
        (checked, flow)
    }

    /// The first word of a step.
    fn head(&self, step: &ast::Step, origin: Origin) -> Span {
        match step.keyword() {
            Some(word) => origin.span(word.text_range()),
            None => step.span(origin),
        }
    }

    /// A step's label, or its own words.
    fn step_name(&mut self, step: &ast::Step, origin: Origin) -> Arc<str> {
        if let Some(label) = step.label() {
            return label.text().into();
        }
        let end = match step {
            ast::Step::Do(it) => it.act().map(|act| self.act_words(&act, origin)),
            ast::Step::If(it) => {
                let condition = it.arms().next().and_then(|arm| arm.condition());
                Some(format!("if {}", condition.map(|it| self.quote(it.span(origin))).unwrap_or_default()))
            }
            ast::Step::WaitFor(it) => {
                Some(format!("wait for {}", it.event().map(|it| it.text()).unwrap_or_default()))
            }
            _ => None,
        };
        let words = end.unwrap_or_else(|| self.quote(step.span(origin)));
        self.step_names.unique(&words)
    }

    fn step(
        &mut self,
        scope: &mut Scope,
        origin: Origin,
        step: &ast::Step,
        name: &Arc<str>,
    ) -> (Option<StepKind>, Flow) {
        let cx = Cx { scope, origin };
        match step {
            ast::Step::Do(step) => (self.do_step(cx, step), Flow::GoesOn),
            ast::Step::Wait(wait) => {
                let length = wait.duration().and_then(|it| self.length(cx, &it, "`wait`"));
                (length.map(StepKind::WaitFor), Flow::GoesOn)
            }
            ast::Step::WaitUntil(wait) => {
                let moment = wait.moment().and_then(|it| self.moment(cx, &it));
                (moment.map(StepKind::WaitUntil), Flow::GoesOn)
            }
            ast::Step::WaitFor(wait) => self.wait_for(cx, wait),
            ast::Step::If(branch) => self.branch(scope, origin, branch, name),
            ast::Step::Stop(_) => (Some(StepKind::Stop), Flow::Ends),
            _ => (None, Flow::GoesOn),
        }
    }

    fn do_step(&mut self, cx: Cx<'_>, step: &ast::DoStep) -> Option<StepKind> {
        let condition = step.condition().map(|it| self.condition(cx, &it));
        let known = condition.as_ref().map(|it| proved(it.as_ref())).unwrap_or_default();
        let scope = cx.scope.knowing(known);
        let act = step.act().and_then(|act| self.act(Cx { scope: &scope, ..cx }, &act));
        let condition = super::trigger::flip(condition)?;
        Some(StepKind::Do { act: act?, condition, bind: None, how: How::default() })
    }

    fn wait_for(&mut self, cx: Cx<'_>, wait: &ast::WaitForStep) -> (Option<StepKind>, Flow) {
        let id = self.new_wait();
        let up_to = wait.up_to().and_then(|it| self.duration(cx, &it));
        let up_to = up_to.and_then(|it| self.longer_than_nothing(it, "`up to`"));
        let subject = cx.scope.subject.clone();
        let found = wait.event().zip(subject).and_then(|(it, of)| self.event_named(&it, cx.origin, &of));
        let alias = self.alias(wait.alias(), cx.origin, cx.scope);
        let mut condition = Some(None);
        let mut then_scope = cx.scope.clone();
        if let Some((name, event)) = &found {
            let bound = Rc::new(Bound::one(EventScope::Current, name, event));
            let scope = self.with_event(cx.scope, &bound, alias.clone(), event);
            let written = wait.condition();
            let checked = written.map(|it| self.condition(Cx { scope: &scope, ..cx }, &it));
            condition = super::trigger::flip(checked);
            let came = Rc::new(Bound::one(EventScope::Wait(id), name, event));
            then_scope = cx.scope.naming(alias, &came);
            if let Some(Some(condition)) = &condition {
                let proved = facts(condition, Outcome::Holds);
                then_scope.facts.extend(rebind(&proved, EventScope::Current, EventScope::Wait(id)));
            }
        } else if let Some(alias) = alias {
            // What the event has is unknown: whatever is read of it is no mistake.
            let mut unknown = Bound::of_many(EventScope::Wait(id), &[], onward_bytecode::Presence::Optional);
            unknown.understood = crate::declare::Understood::Partly;
            then_scope = cx.scope.naming(Some(alias), &Rc::new(unknown));
        }
        let (then, came) = self.block(&then_scope, cx.origin, wait.block());
        let (otherwise, not) = self.block(cx.scope, cx.origin, wait.otherwise());
        let flow = if (came, not) == (Flow::Ends, Flow::Ends) { Flow::Ends } else { Flow::GoesOn };
        let kind = found.map(|it| it.0).zip(up_to).zip(condition).map(|((event, up_to), condition)| {
            StepKind::WaitEvent { id, event, condition, up_to, then, otherwise }
        });
        (kind, flow)
    }

    fn block(&mut self, scope: &Scope, origin: Origin, block: Option<ast::Block>) -> (Vec<Step>, Flow) {
        match block {
            Some(block) => self.steps(&mut scope.clone(), origin, block.steps()),
            None => (Vec::new(), Flow::GoesOn),
        }
    }

    fn branch(
        &mut self,
        scope: &mut Scope,
        origin: Origin,
        branch: &ast::IfStep,
        name: &Arc<str>,
    ) -> (Option<StepKind>, Flow) {
        let mut branches: Vec<(Arc<str>, Expr, Vec<Step>)> = Vec::new();
        let mut whole = true;
        // What is known where no condition so far has held, and after each way that goes on.
        let mut rest = scope.clone();
        let mut after: Vec<BTreeSet<String>> = Vec::new();
        for (at, arm) in branch.arms().enumerate() {
            let written = arm.condition();
            let condition = written.as_ref().and_then(|it| self.condition(Cx { scope: &rest, origin }, it));
            let mut inner = rest.knowing(proved(condition.as_ref()));
            let block = arm.block();
            let (steps, flow) = match block {
                Some(block) => self.steps(&mut inner, origin, block.steps()),
                None => (Vec::new(), Flow::GoesOn),
            };
            if flow == Flow::GoesOn {
                after.push(inner.facts);
            }
            if let Some(condition) = &condition {
                rest.facts.extend(facts(condition, Outcome::Fails));
            }
            let arm_name = if at == 0 {
                name.clone()
            } else {
                let words = written.map(|it| self.quote(it.span(origin))).unwrap_or_default();
                self.step_names.unique(&format!("else if {words}"))
            };
            match condition {
                Some(condition) => branches.push((arm_name, condition, steps)),
                None => whole = false,
            }
        }
        let (otherwise, flow) = match branch.otherwise() {
            Some(block) => self.steps(&mut rest, origin, block.steps()),
            None => (Vec::new(), Flow::GoesOn),
        };
        if flow == Flow::GoesOn {
            after.push(rest.facts);
        }
        let flow = if after.is_empty() { Flow::Ends } else { Flow::GoesOn };
        if let Some(known) = after.into_iter().reduce(|a, b| &a & &b) {
            scope.facts = known;
        }
        (whole.then_some(StepKind::If { branches, otherwise }), flow)
    }
}
