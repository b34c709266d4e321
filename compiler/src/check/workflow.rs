//! A workflow: its clauses, then its steps.
//!
//! It must not know single steps.

use std::sync::Arc;

use onward_bytecode::{Overlap, Stage};

use super::scope::Scope;
use super::trigger::Started;
use super::{Checker, Cx};
use crate::codes;
use crate::declare::{self, Understood};
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{Enrolment, EventScope, Exit, Workflow};
use crate::plain::plain_text;
use crate::syntax::ast::{self, AstNode as _, Clause, Origin};

/// Clauses that may stand once.
#[derive(Default)]
struct Clauses {
    enrolment: Option<(Enrolment, Span)>,
    overlap: Option<(Overlap, Span)>,
}

impl<'a> Checker<'a> {
    pub(super) fn workflow(&mut self, workflow: &'a declare::Workflow) -> Option<Workflow> {
        self.begin();
        let (syntax, origin) = (&workflow.syntax, workflow.origin);
        let subject = self.subject(syntax, origin)?;
        let mut started = Started::default();
        for clause in syntax.clauses() {
            if let Clause::On(on) = &clause {
                self.trigger(on, origin, &subject, &mut started);
            }
        }
        self.same_trigger_twice(syntax, origin);
        let mut scope = started.scope(&subject);
        let mut clauses = Clauses::default();
        let mut exits = Vec::new();
        for clause in syntax.clauses() {
            self.clause(&clause, origin, &mut clauses);
            exits.extend(self.exit(&clause, origin, &scope));
        }
        self.note_labels(syntax, origin);
        let (steps, _) = self.steps(&mut scope, origin, syntax.steps());
        self.wants_trigger_and_steps(workflow);
        let title = syntax.title().and_then(|it| plain_text(&it, origin, "a title", self.report));
        Some(Workflow {
            name: workflow.name.clone(),
            title: title.unwrap_or_else(|| "".into()),
            docs: syntax.docs().unwrap_or_default().into(),
            subject,
            stage: Stage::Live,
            triggers: started.triggers,
            enrolment: clauses.enrolment.map_or(Enrolment::EveryTime, |it| it.0),
            overlap: clauses.overlap.map_or(Overlap::Ignore, |it| it.0),
            exits,
            goal: None,
            holdout: None,
            window: None,
            topic: None,
            max_age: None,
            steps,
            span: workflow.span,
        })
    }

    fn subject(&mut self, syntax: &ast::WorkflowDecl, origin: Origin) -> Option<Arc<str>> {
        let Some(name) = syntax.subject() else { return Some("contact".into()) };
        let text = name.text();
        if let Some((name, _)) = self.declared.entities.get_key_value(&*text) {
            return Some(name.clone());
        }
        self.unknown_entity(&text, name.span(origin));
        None
    }

    fn wants_trigger_and_steps(&mut self, workflow: &declare::Workflow) {
        if workflow.understood == Understood::Partly {
            return;
        }
        let (syntax, span, name) = (&workflow.syntax, workflow.span, &workflow.name);
        if !syntax.clauses().any(|it| matches!(it, Clause::On(_))) {
            let message = format!("nothing starts `{name}`");
            let help =
                format!("begin with what has to happen: `on EVENT`, with {} for example", self.some_events());
            self.say(codes::NO_TRIGGER, span, message, help);
        }
        if syntax.steps().next().is_none() {
            let message = format!("`{name}` does nothing");
            self.say(codes::NO_STEPS, span, message, "add a step, such as `do email welcome`");
        }
    }

    fn same_trigger_twice(&mut self, syntax: &ast::WorkflowDecl, origin: Origin) {
        let mut found: Vec<(String, Span)> = Vec::new();
        for clause in syntax.clauses().filter(|it| matches!(it, Clause::On(_))) {
            let span = clause.span(origin);
            let words = self.quote(span);
            if let Some((_, first)) = found.iter().find(|(it, _)| *it == words) {
                self.report.push(clause_twice(span, *first, "this starts the workflow already"));
            }
            found.push((words, span));
        }
    }

    fn clause(&mut self, clause: &Clause, origin: Origin, found: &mut Clauses) {
        let span = clause.span(origin);
        match clause {
            Clause::Once(_) => self.enrolment(Enrolment::Once, span, found),
            Clause::EveryTime(_) => self.enrolment(Enrolment::EveryTime, span, found),
            Clause::WhileRunning(running) => {
                let Some(overlap) = running.overlap() else { return };
                let overlap = match overlap {
                    ast::Overlap::Ignore => Overlap::Ignore,
                    ast::Overlap::Restart => Overlap::Restart,
                    ast::Overlap::Queue => Overlap::Queue,
                    ast::Overlap::Parallel => Overlap::Parallel,
                };
                match &found.overlap {
                    Some((_, first)) => {
                        let first = *first;
                        let message = "what happens while a run goes on is said already";
                        self.report.push(clause_twice(span, first, message));
                    }
                    None => found.overlap = Some((overlap, span)),
                }
            }
            _ => {}
        }
    }

    fn enrolment(&mut self, enrolment: Enrolment, span: Span, found: &mut Clauses) {
        match &found.enrolment {
            Some((_, first)) => {
                let first = *first;
                self.report.push(clause_twice(span, first, "how often this may start is said already"));
            }
            None => found.enrolment = Some((enrolment, span)),
        }
    }

    fn exit(&mut self, clause: &Clause, origin: Origin, scope: &Scope) -> Option<Exit> {
        match clause {
            Clause::ExitWhen(exit) => {
                let condition = self.condition(Cx { scope, origin }, &exit.condition()?)?;
                Some(Exit::When(condition))
            }
            Clause::ExitOn(exit) => {
                let subject = scope.subject.clone()?;
                let (name, event) = self.event_named(&exit.event()?, origin, &subject)?;
                let bound = super::scope::Bound::one(EventScope::Current, &name, event);
                let alias = self.alias(exit.alias(), origin, scope);
                let inner = self.with_event(scope, &std::rc::Rc::new(bound), alias, event);
                let cx = Cx { scope: &inner, origin };
                let condition = super::trigger::flip(exit.condition().map(|it| self.condition(cx, &it)))?;
                Some(Exit::On { event: name, condition, span: exit.span(origin) })
            }
            _ => None,
        }
    }

    /// Notes the labels of all steps, so that no step without one gets such a name.
    fn note_labels(&mut self, syntax: &ast::WorkflowDecl, origin: Origin) {
        let steps = syntax.syntax().descendants().filter_map(ast::Step::cast);
        for label in steps.filter_map(|step| step.label()) {
            let span = label.span(origin);
            if let Some(first) = self.step_names.label(&label.text().into(), span) {
                self.report.push(
                    Diagnostic::error(
                        codes::LABEL_TWICE,
                        span,
                        format!("another step is called `{}` already", label.text()),
                    )
                    .also(first, "here")
                    .help("give one of them another name"),
                );
            }
        }
    }
}

fn clause_twice(span: Span, first: Span, message: &str) -> Diagnostic {
    Diagnostic::error(codes::CLAUSE_CONFLICT, span, message)
        .also(first, "here first")
        .help("remove one of them")
}
