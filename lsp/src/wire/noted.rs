//! What a client tells without wanting an answer.

use std::path::PathBuf;

use serde_json::Value;
use tower_lsp_server::ls_types as lsp;

use super::{params, place};
use crate::documents::Edit;
use crate::projects::path_of;

/// What a client has told.
#[derive(Debug)]
pub(crate) enum Noted {
    Initialized,
    Opened {
        uri: String,
        text: String,
        version: i32,
    },
    Changed {
        uri: String,
        edits: Vec<Edit>,
        version: i32,
    },
    Closed {
        uri: String,
    },
    OnDisk {
        paths: Vec<PathBuf>,
    },
    Folders {
        added: Vec<PathBuf>,
        removed: Vec<PathBuf>,
    },
    /// Its settings are others now: these, or it must be asked.
    Settings(Value),
    Nothing,
}

/// What a notification says; none if nobody listens to it or it cannot be read.
pub(crate) fn noted(method: &str, value: Value) -> Option<Noted> {
    Some(match method {
        "initialized" => Noted::Initialized,
        "textDocument/didOpen" => {
            let it: lsp::DidOpenTextDocumentParams = params(value).ok()?;
            let document = it.text_document;
            Noted::Opened {
                uri: document.uri.as_str().into(),
                text: document.text,
                version: document.version,
            }
        }
        "textDocument/didChange" => changed(params(value).ok()?),
        "textDocument/didClose" => {
            let it: lsp::DidCloseTextDocumentParams = params(value).ok()?;
            Noted::Closed { uri: it.text_document.uri.as_str().into() }
        }
        "workspace/didChangeWatchedFiles" => {
            let it: lsp::DidChangeWatchedFilesParams = params(value).ok()?;
            Noted::OnDisk { paths: it.changes.iter().filter_map(|it| path_of(it.uri.as_str())).collect() }
        }
        "textDocument/didSave" => {
            let it: lsp::DidSaveTextDocumentParams = params(value).ok()?;
            Noted::OnDisk { paths: path_of(it.text_document.uri.as_str()).into_iter().collect() }
        }
        "workspace/didCreateFiles" | "workspace/didDeleteFiles" => {
            let it: lsp::CreateFilesParams = params(value).ok()?;
            Noted::OnDisk { paths: it.files.iter().filter_map(|it| path_of(&it.uri)).collect() }
        }
        "workspace/didRenameFiles" => {
            let it: lsp::RenameFilesParams = params(value).ok()?;
            let both = it.files.iter().flat_map(|it| [&it.old_uri, &it.new_uri]);
            Noted::OnDisk { paths: both.filter_map(|it| path_of(it)).collect() }
        }
        "workspace/didChangeWorkspaceFolders" => {
            let it: lsp::DidChangeWorkspaceFoldersParams = params(value).ok()?;
            let paths = |folders: Vec<lsp::WorkspaceFolder>| {
                folders.iter().filter_map(|it| path_of(it.uri.as_str())).collect()
            };
            Noted::Folders { added: paths(it.event.added), removed: paths(it.event.removed) }
        }
        "workspace/didChangeConfiguration" => Noted::Settings(value.get("settings").cloned()?),
        _ => Noted::Nothing,
    })
}

fn changed(it: lsp::DidChangeTextDocumentParams) -> Noted {
    let edits = it.content_changes.into_iter().map(|change| Edit {
        range: change.range.map(|range| (place(range.start), place(range.end))),
        text: change.text,
    });
    Noted::Changed {
        uri: it.text_document.uri.as_str().into(),
        edits: edits.collect(),
        version: it.text_document.version,
    }
}
