//! Programs as the engine holds them: verified, with what can be computed once.
//!
//! It must not know subjects or runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onward_bytecode::{Debug, Hash, Program, Trigger, Verified, WorkflowDecl};

use crate::index::{Index, TriggerAt};
use crate::vm::Trace;

/// A verified program with its match index.
#[derive(Debug, Clone)]
pub struct Loaded {
    verified: Verified,
    index: Index,
    workflows: BTreeMap<Arc<str>, usize>,
}

/// The programs that an input may need.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// The one that new runs start in.
    pub live: Option<Arc<Loaded>>,
    /// Those that unfinished runs are pinned to; the live one too.
    pub pinned: BTreeMap<Hash, Arc<Loaded>>,
    /// Who is told which way code goes, if anybody is.
    pub trace: Option<Arc<dyn Trace>>,
    /// Workflows that start nothing, because a person says so.
    pub disabled: BTreeSet<Arc<str>>,
}

impl Loaded {
    /// Makes a verified program ready for matching.
    #[must_use]
    pub fn new(verified: Verified) -> Self {
        let program = verified.program();
        let index = Index::of(program);
        let workflows = program.workflows.iter().enumerate().map(|(i, w)| (w.name.clone(), i)).collect();
        Self { verified, index, workflows }
    }

    /// Its declarations and code.
    #[must_use]
    pub fn program(&self) -> &Program {
        self.verified.program()
    }

    /// Its sources, as far as they came with it.
    #[must_use]
    pub fn debug(&self) -> &Debug {
        self.verified.debug()
    }

    /// Its name.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.verified.hash()
    }

    /// Its workflow of this name.
    #[must_use]
    pub fn workflow(&self, name: &str) -> Option<&WorkflowDecl> {
        self.program().workflows.get(*self.workflows.get(name)?)
    }

    /// The place of a workflow.
    pub(crate) fn place(&self, workflow: &str) -> Option<usize> {
        self.workflows.get(workflow).copied()
    }

    /// A trigger and its workflow.
    pub(crate) fn trigger(&self, at: TriggerAt) -> Option<(&WorkflowDecl, &Trigger)> {
        let workflow = self.program().workflows.get(at.workflow)?;
        Some((workflow, workflow.triggers.get(usize::from(at.trigger))?))
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }
}

impl Programs {
    /// `live` as the only program.
    #[must_use]
    pub fn only(live: Arc<Loaded>) -> Self {
        let pinned = BTreeMap::from([(live.hash(), live.clone())]);
        Self { live: Some(live), pinned, ..Self::default() }
    }
}
