//! `start` and `stop`: what a `do` does to runs of other workflows.
//!
//! It must not know steps.

use std::sync::Arc;

use indexmap::IndexMap;

use super::workflow::subject_of;
use super::{Checker, Cx, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Act, Workflow};
use crate::nearest::nearest;
use crate::syntax::ast::{self, AstNode as _};
use crate::uses::Thing;

impl Checker<'_> {
    pub(super) fn start(&mut self, cx: Cx<'_>, start: &ast::StartAct) -> Option<Act> {
        let name = start.workflow()?;
        let workflow = self.workflow_named(cx, &name)?;
        self.starts.push((workflow.clone(), cx.span(&name)));
        Some(Act::Start(workflow))
    }

    pub(super) fn stop_runs(&mut self, cx: Cx<'_>, stop: &ast::StopAct) -> Option<Act> {
        self.workflow_named(cx, &stop.workflow()?).map(Act::StopRuns)
    }

    /// The workflow of this name, if it is for the same kind of entity.
    fn workflow_named(&mut self, cx: Cx<'_>, name: &ast::Name) -> Option<Arc<str>> {
        let (text, span) = (name.text(), cx.span(name));
        let declared = self.declared;
        let place = declared.workflow_names.get(&*text);
        let Some(workflow) = place.and_then(|it| declared.workflows.get(*it)) else {
            self.unknown_workflow(&text, span);
            return None;
        };
        self.report.used(span, Thing::Workflow(workflow.name.clone()));
        let (own, other) = (cx.scope.subject.clone()?, subject_of(declared, workflow)?);
        if own == other {
            return Some(workflow.name.clone());
        }
        let message = format!(
            "`{text}` is for {}, and this workflow is for {}",
            words::entity(&other),
            words::entity(&own)
        );
        self.report.push(
            Diagnostic::error(codes::WRONG_SUBJECT, span, message).also(workflow.span, "declared here").help(
                format!("emit an event on which it starts, or name a workflow for {}", words::entity(&own)),
            ),
        );
        None
    }

    fn unknown_workflow(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let known = self.declared.workflow_names.keys().map(|it| &**it);
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_WORKFLOW, span, format!("there is no workflow `{name}`"));
        self.report.push(match nearest(name, known) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("declare it: `workflow {name} {{ … }}`")),
        });
    }

    /// Refuses to start workflows that read the event that starts them: there is none then.
    pub(super) fn starts_without_event(&mut self, workflows: &IndexMap<Arc<str>, Workflow>) {
        for (name, span) in std::mem::take(&mut self.starts) {
            let Some(needs) = workflows.get(&name).and_then(Workflow::needs_event) else { continue };
            let message = format!("`{name}` reads the event that starts it, and here there is none");
            self.report.push(
                Diagnostic::error(codes::NEEDS_EVENT, span, message)
                    .also(needs, "read here")
                    .help("let it read attributes of the subject, or emit its event instead: `do emit …`"),
            );
        }
    }

    /// Whether some workflow starts `name`.
    pub(super) fn started_by_others(&self, name: &str) -> bool {
        let mut starts = self.declared.workflows.iter().flat_map(|it| it.syntax.syntax().descendants());
        starts.any(|node| {
            let started = ast::StartAct::cast(node).and_then(|it| it.workflow());
            // One that is misspelt may mean it.
            let meant =
                |it: &str| !self.declared.workflow_names.contains_key(it) && nearest(it, [name]).is_some();
            started.is_some_and(|it| it.text() == name || meant(&it.text()))
        })
    }
}
