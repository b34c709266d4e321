//! Clauses: how often, what ends a run, what it is for, when its messages go out.
//!
//! Triggers are in [`super::trigger`]. It must not know steps.

use std::rc::Rc;
use std::sync::Arc;

use onward_bytecode::{Length, Overlap, Stage, Type};

use super::fixed::WindowParts;
use super::scope::{Bound, Scope};
use super::trigger::{Started, Subject, flip};
use super::{Checker, Cx};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Enrolment, EventScope, Exit, Expr, ExprKind, Goal, Window};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast::{self, AstNode as _, Clause, Origin};
use crate::uses::Thing;

/// The topic of messages that somebody waits for; no policy declares it.
const TRANSACTIONAL: &str = "transactional";

/// A clause that may stand once. Its value is none after a mistake.
type Slot<T> = Option<(Option<T>, Span)>;

/// What the clauses of a workflow say, but for its triggers.
#[derive(Default)]
pub(super) struct Clauses {
    pub(super) exits: Vec<Exit>,
    stage: Slot<Stage>,
    enrolment: Slot<Enrolment>,
    overlap: Slot<Overlap>,
    goal: Slot<Goal>,
    holdout: Slot<u16>,
    window: Slot<Window>,
    topic: Slot<Arc<str>>,
    max_age: Slot<Length>,
}

impl Clauses {
    pub(super) fn stage(&self) -> Stage {
        if self.stage.is_some() { Stage::Draft } else { Stage::Live }
    }

    pub(super) fn enrolment(&mut self) -> Enrolment {
        taken(&mut self.enrolment).unwrap_or(Enrolment::EveryTime)
    }

    pub(super) fn overlap(&mut self) -> Overlap {
        taken(&mut self.overlap).unwrap_or(Overlap::Ignore)
    }

    pub(super) fn goal(&mut self) -> Option<Goal> {
        taken(&mut self.goal)
    }

    pub(super) fn holdout(&mut self) -> Option<u16> {
        taken(&mut self.holdout)
    }

    pub(super) fn window(&mut self) -> Option<Window> {
        taken(&mut self.window)
    }

    pub(super) fn topic(&mut self) -> Option<Arc<str>> {
        taken(&mut self.topic)
    }

    pub(super) fn max_age(&mut self) -> Option<Length> {
        taken(&mut self.max_age)
    }
}

fn taken<T>(slot: &mut Slot<T>) -> Option<T> {
    slot.take().and_then(|(value, _)| value)
}

/// What clauses can see.
pub(super) struct Seen<'s> {
    /// In `exit when`: what steps see.
    pub(super) run: &'s Scope,
    /// In `once per`: the match itself.
    pub(super) matched: &'s Scope,
    pub(super) subject: &'s Arc<str>,
    pub(super) origin: Origin,
}

impl<'a> Checker<'a> {
    /// Checks the clauses that start the workflow.
    pub(super) fn triggers(
        &mut self,
        syntax: &ast::WorkflowDecl,
        origin: Origin,
        subject: &Subject,
    ) -> Started<'a> {
        let mut started = Started::default();
        for clause in syntax.clauses() {
            match &clause {
                Clause::On(on) => self.trigger(on, origin, subject, &mut started),
                Clause::Schedule(schedule) => self.schedule(schedule, origin, subject, &mut started),
                _ => {}
            }
        }
        started
    }

    /// Checks one clause that is no trigger.
    pub(super) fn clause(&mut self, clause: &Clause, seen: &Seen<'_>, found: &mut Clauses) {
        let origin = seen.origin;
        let span = clause.span(origin);
        let bare = Scope::of_subject(seen.subject.clone());
        let cx = Cx { scope: &bare, origin };
        let often = "how often this may start is said already";
        match clause {
            Clause::On(_) | Clause::Schedule(_) => {}
            Clause::Once(it) => {
                let enrolment = match it.per() {
                    None => Some(Enrolment::Once),
                    Some(per) => {
                        self.once_per(Cx { scope: seen.matched, origin }, &per).map(Enrolment::OncePer)
                    }
                };
                self.put(&mut found.enrolment, enrolment, span, often);
            }
            Clause::EveryTime(_) => {
                self.put(&mut found.enrolment, Some(Enrolment::EveryTime), span, often);
            }
            Clause::AtMostOnce(it) => {
                let per = self.fixed_length(cx, it.per(), "`per`").map(Enrolment::AtMostOncePer);
                self.put(&mut found.enrolment, per, span, often);
            }
            Clause::WhileRunning(it) => {
                let overlap = it.overlap().map(|it| match it {
                    ast::Overlap::Ignore => Overlap::Ignore,
                    ast::Overlap::Restart => Overlap::Restart,
                    ast::Overlap::Queue => Overlap::Queue,
                    ast::Overlap::Parallel => Overlap::Parallel,
                });
                self.put(
                    &mut found.overlap,
                    overlap,
                    span,
                    "what happens while a run goes on is said already",
                );
            }
            Clause::Draft(_) => {
                self.put(&mut found.stage, Some(Stage::Draft), span, "that this is a draft is said already");
            }
            Clause::ExitWhen(it) => {
                let condition = it.condition();
                let cx = Cx { scope: seen.run, origin };
                found.exits.extend(condition.and_then(|it| self.condition(cx, &it)).map(Exit::When));
            }
            Clause::ExitOn(it) => found.exits.extend(self.exit_on(it, seen)),
            Clause::Goal(it) => {
                let goal = self.goal(cx, it);
                self.put(&mut found.goal, goal, span, "what this is for is said already");
            }
            Clause::Holdout(it) => {
                let share = it.percent().and_then(|it| self.holdout(&it, origin));
                self.put(&mut found.holdout, share, span, "how many are held out is said already");
            }
            Clause::SendBetween(it) => {
                let parts = WindowParts { from: it.from(), to: it.to(), days: it.days(), zone: it.zone() };
                let window = self.window(cx, &parts, span, "`send between`");
                self.put(&mut found.window, window, span, "when messages go out is said already");
            }
            Clause::Topic(it) => {
                let topic = it.name().and_then(|it| self.topic(&it, origin));
                self.put(&mut found.topic, topic, span, "what the messages are about is said already");
            }
            Clause::MaxAge(it) => {
                let age = self.fixed_length(cx, it.duration(), "`max age`");
                self.put(&mut found.max_age, age, span, "how old an event may be is said already");
            }
        }
    }

    /// Puts what a clause says into its slot; refuses it if the slot is taken.
    fn put<T>(&mut self, slot: &mut Slot<T>, value: Option<T>, span: Span, twice: &str) {
        match slot {
            Some((_, first)) => {
                let first = *first;
                self.report.push(clause_twice(span, first, twice));
            }
            None => *slot = Some((value, span)),
        }
    }

    /// Refuses the same trigger twice.
    pub(super) fn same_trigger_twice(&mut self, syntax: &ast::WorkflowDecl, origin: Origin) {
        let mut found: Vec<(String, Span)> = Vec::new();
        for clause in syntax.clauses().filter(is_trigger) {
            let span = clause.span(origin);
            let words = super::words::one_line(self.source(span));
            if let Some((_, first)) = found.iter().find(|(it, _)| *it == words) {
                self.report.push(clause_twice(span, *first, "this starts the workflow already"));
            }
            found.push((words, span));
        }
    }

    /// The value that `once per` counts apart.
    fn once_per(&mut self, cx: Cx<'_>, value: &ast::Expr) -> Option<Expr> {
        let found = self.expr(cx, value)?;
        if let Type::List(_) = found.ty.ty {
            let source = self.quote(found.span);
            let message = format!("`once per` wants one value, and `{source}` is a list");
            return self.error(
                codes::WRONG_TYPE,
                found.span,
                message,
                format!("take one item: `{source} | first`"),
            );
        }
        if let ExprKind::Constant(_) | ExprKind::Now = found.kind {
            let message =
                format!("`{}` is the same for every start, or never the same", self.quote(found.span));
            let help = "name what differs, as in `once per order`, or write `once`; for a length of time, `at most once per 30 days`";
            return self.error(codes::CONSTANT_CONDITION, found.span, message, help);
        }
        Some(found)
    }

    fn exit_on(&mut self, exit: &ast::ExitOnClause, seen: &Seen<'_>) -> Option<Exit> {
        let (scope, origin) = (seen.run, seen.origin);
        let (name, event) = self.event_named(&exit.event()?, origin, seen.subject)?;
        let bound = Bound::one(EventScope::Current, &name, event);
        let alias = self.alias(exit.alias(), origin, scope);
        let inner = self.with_event(scope, &Rc::new(bound), alias, event);
        let cx = Cx { scope: &inner, origin };
        let condition = flip(exit.condition().map(|it| self.condition(cx, &it)))?;
        Some(Exit::On { event: name, condition, span: exit.span(origin) })
    }

    fn goal(&mut self, cx: Cx<'_>, goal: &ast::GoalClause) -> Option<Goal> {
        let within = self.fixed_length(cx, goal.within(), "`within`");
        let subject = cx.scope.subject.clone()?;
        let (name, event) = self.event_named(&goal.event()?, cx.origin, &subject)?;
        let bound = Bound::one(EventScope::Current, &name, event);
        let alias = self.alias(goal.alias(), cx.origin, cx.scope);
        let inner = self.with_event(cx.scope, &Rc::new(bound), alias, event);
        let inner = Cx { scope: &inner, ..cx };
        let condition = flip(goal.condition().map(|it| self.condition(inner, &it)))?;
        Some(Goal { event: name, condition, within: within?, span: cx.span(goal) })
    }

    fn holdout(&mut self, percent: &ast::NumberExpr, origin: Origin) -> Option<u16> {
        let share = self.share(percent, origin, "`holdout`")?;
        if share < 10_000 {
            return Some(share);
        }
        let span = percent.span(origin);
        let message = "`holdout` leaves nobody who gets the messages";
        self.error(codes::BAD_SHARE, span, message, "hold out less than 100 %, or write `draft`")
    }

    /// The topic of this name.
    pub(super) fn topic(&mut self, name: &ast::Name, origin: Origin) -> Option<Arc<str>> {
        let (text, span) = (name.text(), name.span(origin));
        if text == TRANSACTIONAL {
            return Some(TRANSACTIONAL.into());
        }
        self.declared_topic(&text, span, Some(TRANSACTIONAL))
    }

    /// The topic of this name that a policy declares; `also` could be written too.
    pub(super) fn declared_topic(&mut self, text: &str, span: Span, also: Option<&str>) -> Option<Arc<str>> {
        let declared = self.declared;
        if let Some((name, _)) = declared.topics.get_key_value(text) {
            self.report.used(span, Thing::Topic(name.clone()));
            return Some(name.clone());
        }
        if declared.stray.contains(text) {
            return None;
        }
        let known = || declared.topics.keys().map(|it| &**it).chain(also);
        let diagnostic = Diagnostic::error(codes::UNKNOWN_TOPIC, span, format!("there is no topic `{text}`"));
        self.report.push(match nearest(text, known()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if known().next().is_some() => diagnostic.help(format!(
                "there are {}; another is declared by `policy {{ topic {text} opt out }}`",
                list_names(known(), 8)
            )),
            None => diagnostic.help(format!("declare it: `policy {{ topic {text} opt out }}`")),
        });
        None
    }
}

/// Whether a clause starts the workflow.
pub(super) fn is_trigger(clause: &Clause) -> bool {
    matches!(clause, Clause::On(_) | Clause::Schedule(_))
}

fn clause_twice(span: Span, first: Span, message: &str) -> Diagnostic {
    Diagnostic::error(codes::CLAUSE_CONFLICT, span, message)
        .also(first, "here first")
        .help("remove one of them")
}
