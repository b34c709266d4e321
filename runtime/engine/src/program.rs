//! Programs as the engine holds them: verified, with what can be computed once.
//!
//! It must not know subjects or runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use onward_bytecode::{Debug, Hash, Program, Verified, WorkflowDecl};

use crate::index::Index;

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

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }
}

impl Programs {
    /// `live` as the only program.
    #[must_use]
    pub fn only(live: Arc<Loaded>) -> Self {
        Self { pinned: BTreeMap::from([(live.hash(), live.clone())]), live: Some(live) }
    }
}
