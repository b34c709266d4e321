//! Lowering: from the checked program to bytecode.
//!
//! It must not know syntax trees, nor how a program is run. What comes in is
//! checked, so the only thing that can go wrong is that code does not fit the
//! machine.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    ActionDecl, EntityDecl, EventDecl, FieldDecl, Function, FunctionId, Policy, Program, SegmentDecl, SpanAt,
};

use crate::diagnostic::Diagnostic;
use crate::hir::Hir;

mod act;
mod action;
mod body;
mod branch;
mod code;
mod expression;
mod fold;
mod follow;
mod history;
mod index;
mod ingest;
mod kept;
mod limit;
mod liveness;
mod message;
mod policy;
mod segment;
mod source;
mod test;
mod workflow;

pub use limit::TOO_LARGE;
pub use test::TestCall;

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
    let actions = each(sorted(&hir.actions), &mut problems, |action| {
        action::lower(action, &mut functions)
            .map_err(|part| Box::new(part.limit.of_action(&action.name, part.span)))
    });
    let segments = each(sorted(&hir.segments), &mut problems, |segment| {
        segment::lower(segment, &mut functions)
            .map_err(|limit| Box::new(limit.of_segment(&segment.name, segment.span)))
    });
    let policy = policy::lower(&hir.policy, &mut functions).unwrap_or_else(|(limit, span)| {
        problems.push(limit.of_policy(span));
        Policy::default()
    });
    let sources = each(sorted(&hir.sources), &mut problems, |source| {
        ingest::lower(source, &mut functions)
            .map_err(|(limit, span)| Box::new(limit.of_source(&source.name, span)))
    });
    let known = workflow::Known {
        events: &hir.events,
        actions: &actions.iter().map(|it: &ActionDecl| it.name.clone()).collect::<Vec<_>>(),
        segments: &segments.iter().map(|it: &SegmentDecl| it.name.clone()).collect::<Vec<_>>(),
    };
    let workflows = each(sorted(&hir.workflows), &mut problems, |workflow| {
        workflow::lower(workflow, &known, &mut functions)
            .map_err(|limit| Box::new(limit.of_workflow(&workflow.name, workflow.span)))
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let Functions { functions, spans } = functions;
    let program = Program {
        project: hir.project.clone(),
        events: events(hir),
        entities: entities(hir),
        teams: sorted(&hir.teams).into_iter().cloned().collect(),
        actions,
        segments,
        policy,
        sources,
        follows: follow::follows(hir),
        workflows,
        functions,
    };
    Ok(Lowered { program, spans })
}

/// What can be lowered; the rest are problems.
fn each<'h, T, D>(
    items: Vec<&'h T>,
    problems: &mut Vec<Diagnostic>,
    mut lower: impl FnMut(&'h T) -> Result<D, Box<Diagnostic>>,
) -> Vec<D> {
    let mut lowered = Vec::new();
    for item in items {
        match lower(item) {
            Ok(decl) => lowered.push(decl),
            Err(problem) => problems.push(*problem),
        }
    }
    lowered
}

/// Declarations by name.
fn sorted<T>(declared: &IndexMap<Arc<str>, T>) -> Vec<&T> {
    let mut all: Vec<_> = declared.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    all.into_iter().map(|(_, decl)| decl).collect()
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

fn by_name(fields: &[FieldDecl]) -> Vec<FieldDecl> {
    let mut fields = fields.to_vec();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields
}
