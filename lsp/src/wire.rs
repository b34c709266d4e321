//! The protocol: what messages mean, and how plain values are told.

pub(crate) mod diagnostics;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use crate::documents::Edit;
use crate::position::{Encoding, Lines, Place};
use crate::projects::path_of;
use crate::snapshot::{File, Snapshot};

/// What is known of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    /// What it can do.
    pub(crate) can: lsp::ClientCapabilities,
}

impl Client {
    /// Whether it asks for diagnostics itself.
    pub(crate) fn pulls(&self) -> bool {
        self.can.text_document.as_ref().is_some_and(|it| it.diagnostic.is_some())
    }
}

/// What a client has told.
#[derive(Debug)]
pub(crate) enum Noted {
    Initialized,
    Opened { uri: String, text: String, version: i32 },
    Changed { uri: String, edits: Vec<Edit>, version: i32 },
    Closed { uri: String },
    OnDisk { paths: Vec<PathBuf> },
    Folders { added: Vec<PathBuf>, removed: Vec<PathBuf> },
    Nothing,
}

/// Answers a request from a snapshot.
pub(crate) type Handler = fn(&Snapshot, &Client, Value) -> Result<Value, Error>;

/// Who answers a method.
pub(crate) fn handler(method: &str) -> Option<Handler> {
    Some(match method {
        "textDocument/diagnostic" => diagnostics::document,
        "workspace/diagnostic" => diagnostics::workspace,
        _ => return None,
    })
}

/// Reads a request's parameters.
pub(crate) fn params<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::invalid_params(error.to_string()))
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
        "textDocument/didChange" => {
            let it: lsp::DidChangeTextDocumentParams = params(value).ok()?;
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
        _ => Noted::Nothing,
    })
}

/// Reads `initialize`: the client, and the workspace's folders.
pub(crate) fn initialize(value: Value) -> Result<(Client, Vec<PathBuf>), Error> {
    let it: lsp::InitializeParams = params(value)?;
    let offered = it.capabilities.general.as_ref().and_then(|it| it.position_encodings.as_ref());
    let offers = |wanted: &lsp::PositionEncodingKind| offered.is_some_and(|it| it.contains(wanted));
    let encoding = if offers(&lsp::PositionEncodingKind::UTF8) {
        Encoding::Utf8
    } else if offers(&lsp::PositionEncodingKind::UTF32) && !offers(&lsp::PositionEncodingKind::UTF16) {
        Encoding::Utf32
    } else {
        Encoding::Utf16
    };
    let folders = it.workspace_folders.unwrap_or_default();
    let mut folders: Vec<PathBuf> = folders.iter().filter_map(|it| path_of(it.uri.as_str())).collect();
    #[expect(deprecated, reason = "clients without workspace folders name the root so")]
    if let (true, Some(root)) = (folders.is_empty(), &it.root_uri) {
        folders.extend(path_of(root.as_str()));
    }
    Ok((Client { encoding, can: it.capabilities }, folders))
}

/// What the server can do.
pub(crate) fn capabilities(client: &Client) -> Value {
    let encoding = match client.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
        Encoding::Utf32 => "utf-32",
    };
    json!({
        "serverInfo": { "name": "onward", "version": env!("CARGO_PKG_VERSION") },
        "capabilities": {
            "positionEncoding": encoding,
            "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
            "diagnosticProvider": {
                "identifier": "onward",
                "interFileDependencies": true,
                "workspaceDiagnostics": true,
            },
            "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
        },
    })
}

/// What the client is asked to tell besides.
pub(crate) fn registrations(client: &Client) -> Vec<(&'static str, Value)> {
    let watches = client
        .can
        .workspace
        .as_ref()
        .and_then(|it| it.did_change_watched_files.as_ref())
        .and_then(|it| it.dynamic_registration)
        .unwrap_or_default();
    if !watches {
        return Vec::new();
    }
    let globs = ["**/*.onward", "**/onward.toml", "**/templates/*.{md,html}"];
    let watchers: Vec<Value> = globs.iter().map(|it| json!({ "globPattern": it })).collect();
    let registration = json!({
        "id": "files",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": { "watchers": watchers },
    });
    vec![("client/registerCapability", json!({ "registrations": [registration] }))]
}

/// A place as the protocol writes it.
pub(crate) fn place(position: lsp::Position) -> Place {
    Place { line: position.line, unit: position.character }
}

/// A stretch of bytes as the protocol writes it.
pub(crate) fn range(
    text: &str,
    lines: &Lines,
    bytes: std::ops::Range<usize>,
    encoding: Encoding,
) -> lsp::Range {
    let at = |offset| {
        let place = lines.place(text, offset, encoding);
        lsp::Position { line: place.line, character: place.unit }
    };
    lsp::Range { start: at(bytes.start), end: at(bytes.end) }
}

/// A stretch of a file as the protocol writes it.
pub(crate) fn range_in(file: &File, bytes: std::ops::Range<usize>, encoding: Encoding) -> lsp::Range {
    range(&file.text, file.lines(), bytes, encoding)
}
