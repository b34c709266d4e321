//! Lowering: from the checked program to bytecode.
//!
//! It must not know syntax trees, nor how a program is run. What comes in is
//! checked, so the only thing that can go wrong is that code does not fit the
//! machine.

use std::sync::Arc;

use onward_bytecode::{EntityDecl, EventDecl, FieldDecl, Function, FunctionId, Policy, Program, SpanAt, TeamDecl};

use crate::diagnostic::Diagnostic;
use crate::hir::Hir;

mod action;
mod body;
mod code;
mod expression;
mod fold;
mod index;
mod limit;
mod liveness;
mod message;
mod source;
mod workflow;

pub use limit::TOO_LARGE;

/// A program, and where its code comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Lowered {
    /// The program.
    pub program: Program,
    /// For each function, where its words come from. Files are numbered as in the
    /// checked program.
    pub spans: Vec<Vec<SpanAt>>,
}

/// The functions made so far. A function is added after those it calls.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    functions: Vec<Function>,
    spans: Vec<Vec<SpanAt>>,
}

impl Functions {
    fn push(&mut self, function: Function, spans: Vec<SpanAt>) -> FunctionId {
        let id = FunctionId(u32::try_from(self.functions.len()).unwrap_or(u32::MAX));
        self.functions.push(function);
        self.spans.push(spans);
        id
    }
}

/// Lowers a checked program. Declarations come out sorted by name, so that the
/// order of files and of declarations in them does not matter.
///
/// # Errors
/// What does not fit the machine: a workflow or an action that is too large.
pub fn lower(hir: &Hir) -> Result<Lowered, Vec<Diagnostic>> {
    let mut functions = Functions::default();
    let mut problems = Vec::new();

    let mut sorted: Vec<_> = hir.actions.values().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut actions = Vec::new();
    for action in sorted {
        match action::lower(action, &mut functions) {
            Ok(decl) => actions.push(decl),
            Err(problem) => problems.push(problem.limit.of_action(&action.name, problem.span)),
        }
    }
    let names: Vec<Arc<str>> = actions.iter().map(|action| action.name.clone()).collect();

    let mut sorted: Vec<_> = hir.workflows.values().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut workflows = Vec::new();
    for workflow in sorted {
        match workflow::lower(workflow, &hir.events, &names, &mut functions) {
            Ok(decl) => workflows.push(decl),
            Err(limit) => problems.push(limit.of_workflow(&workflow.name, workflow.span)),
        }
    }

    if !problems.is_empty() {
        return Err(problems);
    }
    let Functions { functions, spans } = functions;
    let program = Program {
        project: hir.project.clone(),
        events: events(hir),
        entities: entities(hir),
        teams: teams(hir),
        actions,
        segments: Vec::new(),
        policy: Policy::default(),
        sources: Vec::new(),
        follows: Vec::new(),
        workflows,
        functions,
    };
    Ok(Lowered { program, spans })
}

fn events(hir: &Hir) -> Vec<EventDecl> {
    let mut events: Vec<_> = hir
        .events
        .values()
        .map(|event| EventDecl { fields: by_name(&event.fields), ..event.clone() })
        .collect();
    events.sort_by(|a, b| a.name.cmp(&b.name));
    events
}

fn entities(hir: &Hir) -> Vec<EntityDecl> {
    let mut entities: Vec<_> = hir
        .entities
        .values()
        .map(|entity| EntityDecl { attributes: by_name(&entity.attributes), ..entity.clone() })
        .collect();
    entities.sort_by(|a, b| a.name.cmp(&b.name));
    entities
}

fn teams(hir: &Hir) -> Vec<TeamDecl> {
    let mut teams: Vec<_> = hir.teams.values().cloned().collect();
    teams.sort_by(|a, b| a.name.cmp(&b.name));
    teams
}

fn by_name(fields: &[FieldDecl]) -> Vec<FieldDecl> {
    let mut fields = fields.to_vec();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields
}
