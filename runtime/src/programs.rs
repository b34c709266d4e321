//! The programs that a node has at hand: the live one, and those that runs are pinned to.
//!
//! It must not know rules' text: what comes in is an artifact, and it is verified.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use onward_bytecode::{Artifact, ArtifactError, Hash, Program, Stage, TriggerKind, Verified};
use onward_engine::model::Edges;
use onward_engine::{Loaded, Programs};

use crate::store::{Deployment, Store, StoreError, Switch, Switched};

/// Programs by hash, read from the store once.
#[derive(Debug)]
pub(crate) struct Library {
    shelf: RwLock<Arc<Shelf>>,
}

/// What is at hand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    /// As the engine wants them.
    pub(crate) programs: Programs,
    /// What made the live program live.
    pub(crate) deployment: Option<Deployment>,
}

/// Why a program cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LibraryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("program {hash} in the store cannot be used")]
    Unusable {
        hash: Hash,
        #[source]
        source: ArtifactError,
    },
}

/// A program that was made live.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) program: Arc<Loaded>,
    pub(crate) previous: Option<Hash>,
    /// How entities are filled in because of it, if it watches something new about them.
    pub(crate) fill: Option<Edges>,
}

impl Library {
    pub(crate) fn new() -> Self {
        Self { shelf: RwLock::default() }
    }

    /// What is at hand now.
    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The live program.
    pub(crate) fn live(&self) -> Option<Arc<Loaded>> {
        self.shelf().programs.live.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Shelf)) {
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut shelf));
    }

    /// Looks whether another program is live by now. Answers whether it is.
    pub(crate) async fn refresh(&self, store: &dyn Store) -> Result<Change, LibraryError> {
        let deployment = store.live().await?;
        self.obey(store.switches().await?);
        if deployment == self.shelf().deployment {
            return Ok(Change::Same);
        }
        let live = match &deployment {
            Some(deployment) => Some(self.load(store, deployment.hash).await?),
            None => None,
        };
        let mut needed = store.pinned().await?;
        for hash in &needed {
            if let Err(error) = self.load(store, *hash).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "runs are pinned to a program that cannot be read"
                );
            }
        }
        needed.extend(live.iter().map(|live| live.hash()));
        self.put_up(live, deployment, &needed);
        Ok(Change::Other)
    }

    /// Workflows that are disabled start nothing from now on.
    fn obey(&self, switches: BTreeMap<Arc<str>, Switched>) {
        let disabled = switches.into_iter().filter(|(_, it)| it.switch == Switch::Disabled);
        let disabled: BTreeSet<Arc<str>> = disabled.map(|(workflow, _)| workflow).collect();
        if disabled != self.shelf().programs.disabled {
            self.change(|shelf| shelf.programs.disabled = disabled);
        }
    }

    fn put_up(&self, live: Option<Arc<Loaded>>, deployment: Option<Deployment>, needed: &BTreeSet<Hash>) {
        self.change(|shelf| {
            shelf.programs.pinned.retain(|hash, _| needed.contains(hash));
            shelf.programs.pinned.extend(live.iter().map(|live| (live.hash(), live.clone())));
            shelf.programs.live = live;
            shelf.deployment = deployment;
        });
    }

    /// The program of this name.
    pub(crate) async fn load(&self, store: &dyn Store, hash: Hash) -> Result<Arc<Loaded>, LibraryError> {
        if let Some(loaded) = self.shelf().programs.pinned.get(&hash) {
            return Ok(loaded.clone());
        }
        let bytes = store.program(hash).await?.ok_or(StoreError::NoProgram { hash })?;
        let verified = verify(bytes).await.map_err(|source| LibraryError::Unusable { hash, source })?;
        let loaded = Arc::new(Loaded::new(verified));
        self.change(|shelf| {
            shelf.programs.pinned.insert(hash, loaded.clone());
        });
        Ok(loaded)
    }

    /// Verifies an artifact, keeps it and makes it live. If it is live already, nothing changes.
    pub(crate) async fn deploy(
        &self,
        store: &dyn Store,
        bytes: Vec<u8>,
        by: &str,
        at: Timestamp,
        edges: Edges,
    ) -> Result<Deployed, DeployError> {
        let verified = verify(bytes.clone()).await?;
        let program = Arc::new(Loaded::new(verified));
        let previous = store.live().await?.map(|deployment| deployment.hash);
        let mut fill = None;
        if previous != Some(program.hash()) {
            store.put_program(program.hash(), &bytes).await?;
            fill = self.watches_more(store, previous, &program).await.then_some(edges);
            store.deploy(program.hash(), by, at, fill).await?;
        }
        self.change(|shelf| {
            shelf.programs.pinned.insert(program.hash(), program.clone());
        });
        self.refresh(store).await?;
        Ok(Deployed { program, previous, fill })
    }
}

impl Library {
    /// Whether a program watches something about entities that the one before it did not.
    async fn watches_more(&self, store: &dyn Store, before: Option<Hash>, program: &Loaded) -> bool {
        let before = match before {
            Some(hash) => self.load(store, hash).await.ok().map(|before| watched(before.program())),
            None => None,
        };
        !watched(program.program()).is_subset(&before.unwrap_or_default())
    }
}

/// What a program watches about entities without a fact about them: segments, what comes with time, and
/// the references through which it reads.
fn watched(program: &Program) -> BTreeSet<String> {
    let segments = program.segments.iter().map(|it| format!("{} {} {}", it.kind, it.name, it.definition));
    let follows = program.follows.iter().map(|it| format!("{} {} {}", it.kind, it.attribute, it.target));
    let live = program.workflows.iter().filter(|workflow| workflow.stage == Stage::Live);
    let timed = live.flat_map(|workflow| {
        let kinds = workflow.triggers.iter().map(|trigger| &trigger.kind).enumerate();
        let timed = kinds.filter(|(_, kind)| {
            matches!(kind, TriggerKind::Unchanged { .. } | TriggerKind::Date(_) | TriggerKind::Schedule(_))
        });
        timed.map(|(number, kind)| format!("{} {} {number} {kind:?}", workflow.name, workflow.subject))
    });
    segments.chain(follows).chain(timed).collect()
}

/// Whether another program is live than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The same one.
    Same,
    /// Another one.
    Other,
}

/// Why bytes were not deployed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeployError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error(transparent)]
    Library(#[from] LibraryError),
}

impl From<StoreError> for DeployError {
    fn from(error: StoreError) -> Self {
        Self::Library(error.into())
    }
}

/// Large programs take a while: off the threads that serve requests.
async fn verify(bytes: Vec<u8>) -> Result<Verified, ArtifactError> {
    match tokio::task::spawn_blocking(move || Artifact::decode(&bytes)).await {
        Ok(verified) => verified,
        Err(_) => Err(ArtifactError::Damaged("program")),
    }
}
