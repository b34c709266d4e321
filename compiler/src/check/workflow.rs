//! A workflow: what it is for, its clauses, then its steps.
//!
//! It must not know single clauses or steps.

use std::sync::Arc;

use super::Checker;
use super::clause::{Clauses, Seen, is_trigger};
use super::trigger::{Named, Subject, entity_of};
use crate::codes;
use crate::declare::{self, Declarations, Understood};
use crate::diagnostic::Diagnostic;
use crate::hir::Workflow;
use crate::nearest::nearest;
use crate::plain::plain_text;
use crate::syntax::ast::{self, AstNode as _, Clause, Origin, Step};
use crate::uses::{Role, Thing};

impl<'a> Checker<'a> {
    pub(super) fn workflow(&mut self, workflow: &'a declare::Workflow) -> Option<Workflow> {
        self.begin_named(&workflow.name);
        let (syntax, origin) = (&workflow.syntax, workflow.origin);
        let subject = self.subject(syntax, origin)?;
        let started = self.triggers(syntax, origin, &subject);
        self.same_trigger_twice(syntax, origin);
        let subject = subject.kind;
        let mut scope = started.scope(&subject);
        let matched = started.scope_of_match(&subject);
        let mut clauses = Clauses::default();
        let seen = Seen { run: &scope, matched: &matched, subject: &subject, origin };
        for clause in syntax.clauses() {
            self.clause(&clause, &seen, &mut clauses);
        }
        self.note_labels(syntax.steps(), origin);
        let (steps, _) = self.steps(&mut scope, origin, syntax.steps());
        self.wants_trigger_and_steps(workflow);
        let title = syntax.title().and_then(|it| plain_text(&it, origin, "a title", self.report));
        Some(Workflow {
            name: workflow.name.clone(),
            title: title.unwrap_or_else(|| "".into()),
            docs: syntax.docs().unwrap_or_default().into(),
            subject,
            stage: clauses.stage(),
            triggers: started.into_triggers(),
            enrolment: clauses.enrolment(),
            overlap: clauses.overlap(),
            goal: clauses.goal(),
            holdout: clauses.holdout(),
            window: clauses.window(),
            topic: clauses.topic(),
            max_age: clauses.max_age(),
            exits: clauses.exits,
            steps,
            span: workflow.span,
        })
    }

    /// What a workflow is for: what stands after `for`, else the entity that a trigger
    /// names, else a contact. None if that cannot be known after a mistake.
    fn subject(&mut self, syntax: &ast::WorkflowDecl, origin: Origin) -> Option<Subject> {
        if let Some(name) = syntax.subject() {
            let text = name.text();
            if let Some((kind, _)) = self.declared.entities.get_key_value(&*text) {
                self.report.used(name.span(origin), Thing::Entity(kind.clone()));
                return Some(Subject { kind: kind.clone(), named: Named::For });
            }
            self.unknown_entity(&text, name.span(origin));
            return None;
        }
        let named: Vec<ast::Name> = syntax.clauses().filter_map(|it| named_by(&it)).collect();
        let known = named.iter().find_map(|name| {
            let (kind, _) = self.declared.entities.get_key_value(&*name.text())?;
            Some(Subject { kind: kind.clone(), named: Named::Here(name.span(origin)) })
        });
        // A misspelt entity is reported where it stands; the rest is checked for what was meant.
        let meant = named.first().and_then(|name| {
            let near = nearest(&name.text(), self.declared.entities.keys().map(|it| &**it))?;
            Some(Subject { kind: near.into(), named: Named::Here(name.span(origin)) })
        });
        Some(known.or(meant).unwrap_or_else(|| Subject { kind: "contact".into(), named: Named::Nowhere }))
    }

    fn wants_trigger_and_steps(&mut self, workflow: &declare::Workflow) {
        if workflow.understood == Understood::Partly {
            return;
        }
        let (syntax, span, name) = (&workflow.syntax, workflow.span, &workflow.name);
        if !syntax.clauses().any(|it| is_trigger(&it)) && !self.started_by_others(name) {
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

    /// Notes the labels of all steps, so that no step without one gets such a name.
    fn note_labels(&mut self, steps: impl Iterator<Item = Step>, origin: Origin) {
        for step in steps {
            if let Some(label) = step.label() {
                self.note_label(&label, origin);
            }
            for block in blocks(&step) {
                self.note_labels(block.steps(), origin);
            }
        }
    }

    fn note_label(&mut self, label: &ast::Name, origin: Origin) {
        let span = label.span(origin);
        if let Some(workflow) = self.numbers.whose.clone() {
            self.report.note(span, Thing::Label { workflow, name: label.text().into() }, Role::Declares);
        }
        if let Some(first) = self.numbers.step_names.label(&label.text().into(), span) {
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

/// The kind of entity that a workflow is for, as far as its words say.
pub(crate) fn subject_of(declared: &Declarations, workflow: &declare::Workflow) -> Option<Arc<str>> {
    let entities = &declared.entities;
    if let Some(name) = workflow.syntax.subject() {
        return entities.get_key_value(&*name.text()).map(|(kind, _)| kind.clone());
    }
    let mut named = workflow.syntax.clauses().filter_map(|it| named_by(&it)).peekable();
    if named.peek().is_none() {
        return Some("contact".into());
    }
    named.find_map(|name| entities.get_key_value(&*name.text()).map(|(kind, _)| kind.clone()))
}

/// The entity that a clause names as what the workflow is for.
fn named_by(clause: &Clause) -> Option<ast::Name> {
    match clause {
        Clause::On(on) => entity_of(&on.trigger()?),
        Clause::Schedule(schedule) => schedule.entity(),
        _ => None,
    }
}

/// The blocks of steps in a step.
fn blocks(step: &Step) -> Vec<ast::Block> {
    match step {
        Step::If(it) => it.arms().filter_map(|arm| arm.block()).chain(it.otherwise()).collect(),
        Step::WaitFor(it) => it.block().into_iter().chain(it.otherwise()).collect(),
        Step::Split(it) => it.arms().filter_map(|arm| arm.block()).collect(),
        Step::Repeat(it) => it.block().into_iter().collect(),
        Step::Do(_) | Step::Let(_) | Step::Wait(_) | Step::WaitUntil(_) | Step::Stop(_) => Vec::new(),
    }
}
