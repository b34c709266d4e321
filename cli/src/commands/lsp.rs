//! `onward lsp`: what the compiler knows, in every editor.

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure, Outcome, reason};

/// Serve an editor over standard input and output (the Language Server Protocol)
#[derive(Debug, Args)]
pub(crate) struct Lsp {
    /// Write what the editor says into this file
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Take what an editor once said from such a file, instead of standard input
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Accepted because many editors pass it; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    pub(super) fn run(self) -> Outcome {
        let served = match (&self.record, &self.replay) {
            (Some(file), _) => onward_lsp::record(file),
            (None, Some(file)) => onward_lsp::replay(file),
            (None, None) => onward_lsp::serve(),
        };
        let ended = served.map_err(|error| match self.record.or(self.replay) {
            Some(file) => Failure::file("use", &file, &error),
            None => Failure::unreachable(
                format!("cannot serve an editor: {}", reason(&error)),
                "check that standard input and output are open",
            ),
        })?;
        Ok(match ended {
            onward_lsp::Ended::Orderly => Exit::Fine,
            onward_lsp::Ended::Abruptly => Exit::Problems,
        })
    }
}
