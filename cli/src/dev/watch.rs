//! Tells when a source of the project was changed.

use std::path::Path;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::failure::Failure;
use crate::project;

/// Editors write a file in several steps; they are one change.
const QUIET: Duration = Duration::from_millis(80);

/// A watch over a project's folder. It ends when it is dropped.
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
    changed: UnboundedReceiver<()>,
}

impl Watch {
    /// Watches the sources below `root`.
    pub(crate) fn over(root: &Path) -> Result<Self, Failure> {
        let (send, changed) = unbounded_channel();
        let failure = |error: notify::Error| {
            Failure::unreachable(
                format!("cannot watch `{}`: {error}", root.display()),
                "raise the limit of watched files (fs.inotify.max_user_watches), or use --once",
            )
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let concerns = event.is_ok_and(|event| {
                !event.kind.is_access() && event.paths.iter().any(|path| project::is_source(path))
            });
            if concerns {
                // Nobody listens any more when the session ends.
                let _ = send.send(());
            }
        })
        .map_err(failure)?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(failure)?;
        Ok(Self { _watcher: watcher, changed })
    }

    /// Waits until something was changed and nothing more follows.
    pub(crate) async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        while let Ok(Some(())) = tokio::time::timeout(QUIET, self.changed.recv()).await {}
    }
}
