//! Steps, one after the other: what each can see, and which can never run.
//!
//! It must not know what a `do` does.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use onward_bytecode::{OnFailure, Presence, Scalar, Type};
use rust_decimal::Decimal;

use super::narrow::{Outcome, facts, proved, rebind};
use super::scope::{Bound, Scope};
use super::{Checker, Cx, typed};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Draft, EventScope, Expr, ExprKind, How, Step, StepKind};
use crate::syntax::ast::{self, AstNode as _, Origin};

/// The most rounds of a `repeat`.
const MOST_ROUNDS: u32 = 100;

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
            ast::Step::Let(it) => it.step().and_then(|it| it.act()).map(|act| self.act_words(&act, origin)),
            ast::Step::Split(it) => {
                let names: Vec<_> = it.arms().filter_map(|arm| arm.name()).map(|it| it.text()).collect();
                Some(format!("split {}", names.join(" or ")))
            }
            ast::Step::Repeat(it) => {
                let times = it.times().map(|it| self.quote(it.span(origin))).unwrap_or_default();
                Some(format!("repeat up to {times} times"))
            }
            ast::Step::Wait(_) | ast::Step::WaitUntil(_) | ast::Step::Stop(_) => None,
        };
        let words = end.unwrap_or_else(|| self.quote(step.span(origin)));
        self.numbers.step_names.unique(&words)
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
            ast::Step::Let(binding) => (self.let_step(scope, origin, binding), Flow::GoesOn),
            ast::Step::Split(split) => self.split(scope, origin, split),
            ast::Step::Repeat(repeat) => self.repeat(cx, repeat),
        }
    }

    fn do_step(&mut self, cx: Cx<'_>, step: &ast::DoStep) -> Option<StepKind> {
        let condition = step.condition().map(|it| self.condition(cx, &it));
        let known = condition.as_ref().map(|it| proved(it.as_ref())).unwrap_or_default();
        let scope = cx.scope.knowing(known);
        let cx = Cx { scope: &scope, ..cx };
        let written = step.act();
        let mut at = None;
        let act = written.as_ref().and_then(|act| self.act(cx, act, &mut at));
        let how = self.how(cx, step, written.as_ref());
        let condition = super::trigger::flip(condition)?;
        Some(StepKind::Do { act: act?, condition, bind: None, how: How { at, ..how? } })
    }

    /// `as draft` and `on failure`.
    fn how(&mut self, cx: Cx<'_>, step: &ast::DoStep, act: Option<&ast::Act>) -> Option<How> {
        let (draft, failure) = (step.draft(), step.on_failure());
        if !matches!(act, Some(ast::Act::Effect(_)) | None) {
            let parts = [
                draft.as_ref().map(|it| (cx.span(it), "nothing goes out here that could be a draft")),
                failure.as_ref().map(|it| (cx.span(it), "what Onward itself keeps does not fail")),
            ];
            let mut parts = parts.into_iter().flatten();
            if let Some((span, message)) = parts.next() {
                self.report.push(
                    Diagnostic::error(codes::NO_MESSAGE, span, message)
                        .help("remove it: only an action such as `do email …` has it")
                        .replace(span, "", Applicability::Unsure),
                );
                return None;
            }
        }
        let draft = match draft {
            Some(draft) => {
                let person = draft
                    .person()
                    .map(|it| self.value_of(cx, &it, &Type::One(Scalar::Text), "whoever looks at a draft"));
                Some(Draft { person: super::trigger::flip(person)? })
            }
            None => None,
        };
        let failure = match failure {
            Some(failure) => match failure.mode()? {
                ast::FailureMode::Continue => OnFailure::Continue,
                ast::FailureMode::Stop => OnFailure::Stop,
                ast::FailureMode::Park => OnFailure::Park,
            },
            None => OnFailure::default(),
        };
        Some(How { draft, failure, at: None })
    }

    /// `let NAME = do ACTION …`: later steps read what the action gave.
    fn let_step(&mut self, scope: &mut Scope, origin: Origin, binding: &ast::LetStep) -> Option<StepKind> {
        let id = self.new_let();
        let step = binding.step()?;
        let kind = self.do_step(Cx { scope, origin }, &step);
        let alias = self.alias(binding.name(), origin, scope);
        let span = binding.name().map_or_else(|| binding.span(origin), |it| it.span(origin));
        match step.act()? {
            ast::Act::Effect(effect) => {
                let action = effect.name().map(|it| it.text()).unwrap_or_default();
                let result = kind.as_ref().and_then(|_| self.result_of(&action, id, span));
                match (alias, result) {
                    (Some(alias), Some(result)) => scope.aliases.push((alias, Rc::new(result))),
                    (Some(alias), None) => scope.values.push((alias, None)),
                    (None, _) => {}
                }
            }
            ast::Act::Create(create) => {
                let text = create.entity().map(|it| it.text()).unwrap_or_default();
                let entity = self.declared.entities.get_key_value(&*text).map(|(kind, _)| kind.clone());
                let made = entity.map(|entity| {
                    // A condition may have left it out.
                    let presence =
                        if step.condition().is_some() { Presence::Optional } else { Presence::Required };
                    typed(ExprKind::Created(id), Type::One(Scalar::Entity(entity)), presence, span)
                });
                scope.values.extend(alias.map(|alias| (alias, made)));
            }
            _ => {
                let message = "this action gives nothing that could have a name";
                let help =
                    "leave out the `let`: only an action with a `result`, and `create`, give something";
                scope.values.extend(alias.map(|alias| (alias, None)));
                return self.error(codes::NO_MESSAGE, span, message, help);
            }
        }
        match kind? {
            StepKind::Do { act, condition, how, .. } => {
                Some(StepKind::Do { act, condition, bind: Some(id), how })
            }
            other => Some(other),
        }
    }

    fn split(&mut self, scope: &Scope, origin: Origin, split: &ast::SplitStep) -> (Option<StepKind>, Flow) {
        let mut arms = Vec::new();
        let mut whole = true;
        let mut sum = 0_u32;
        let mut names: Vec<(String, Span)> = Vec::new();
        let mut flow = Flow::Ends;
        for arm in split.arms() {
            let share = arm.percent().and_then(|it| self.share(&it, origin, "a branch"));
            let name = arm.name();
            if let Some(name) = &name {
                let (text, span) = (name.text(), name.span(origin));
                if let Some((_, first)) = names.iter().find(|(it, _)| *it == text) {
                    whole = false;
                    self.report.push(
                        Diagnostic::error(
                            codes::FIELD_TWICE,
                            span,
                            format!("two branches are called `{text}`"),
                        )
                        .also(*first, "here first")
                        .help("give one of them another name"),
                    );
                }
                names.push((text, span));
            }
            let step_name = name.map(|it| self.numbers.step_names.unique(&it.text()));
            let (steps, after) = self.block(scope, origin, arm.block());
            if after == Flow::GoesOn {
                flow = Flow::GoesOn;
            }
            match share.zip(step_name) {
                Some((share, name)) => {
                    sum += u32::from(share);
                    arms.push((share, name, steps));
                }
                None => whole = false,
            }
        }
        let span = split.span(origin);
        if whole && !self.misread(span) {
            whole = self.is_whole(split, origin, arms.len(), sum);
        }
        (whole.then_some(StepKind::Split { arms }), flow)
    }

    /// Whether the shares of a split make a whole.
    fn is_whole(&mut self, split: &ast::SplitStep, origin: Origin, arms: usize, sum: u32) -> bool {
        let span = self.head(&ast::Step::Split(split.clone()), origin);
        if arms < 2 {
            let help = "write two branches or more: `split { 50% short { … } 50% long { … } }`";
            self.say(codes::BAD_SHARE, span, "a split goes at least two ways", help);
            return false;
        }
        if sum != 10_000 {
            let percent = Decimal::from(sum) / Decimal::ONE_HUNDRED;
            let message = format!("these shares make {} %, not 100 %", percent.normalize());
            self.say(codes::BAD_SHARE, span, message, "change them so that everybody goes one way");
            return false;
        }
        true
    }

    fn repeat(&mut self, cx: Cx<'_>, repeat: &ast::RepeatStep) -> (Option<StepKind>, Flow) {
        let times = repeat.times().and_then(|it| self.whole_number(&it, cx.origin, MOST_ROUNDS, "`repeat`"));
        let every = super::trigger::flip(repeat.every().map(|it| self.fixed_length(cx, Some(it), "`every`")));
        let until = super::trigger::flip(repeat.until().map(|it| self.condition(cx, &it)));
        let (steps, after) = self.block(cx.scope, cx.origin, repeat.block());
        let flow = match (after, repeat.until()) {
            (Flow::Ends, None) => Flow::Ends,
            _ => Flow::GoesOn,
        };
        let times = times.and_then(|it| u16::try_from(it).ok());
        let kind = times.zip(every).zip(until).map(|((times, every), until)| StepKind::Repeat {
            times,
            every,
            until,
            steps,
        });
        (kind, flow)
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
                self.numbers.step_names.unique(&format!("else if {words}"))
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
