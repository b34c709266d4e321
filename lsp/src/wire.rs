//! The protocol: what messages mean, and how plain values are told.
//!
//! Each [`Area`] is a file: its requests, and what it promises in the capabilities.

pub(crate) mod act;
mod complete;
pub(crate) mod diagnostics;
mod files;
mod hints;
mod layout;
mod names;
mod noted;
mod settings;
mod shape;
mod tokens;

use std::ops::Range;
use std::path::PathBuf;

use onward_compiler::diagnostic::Span;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use crate::features::{Change, Edit};
use crate::position::{Encoding, Lines, Place};
use crate::projects::path_of;
use crate::snapshot::{File, Project, Snapshot, Spot};

pub(crate) use noted::{Noted, noted};
pub(crate) use settings::{Settings, asked as settings_request};
pub(crate) use tokens::Told;

/// Answers a request from a snapshot.
pub(crate) type Handler = fn(&Snapshot, &Client, Value) -> Result<Value, Error>;

/// Requests that belong together.
pub(crate) struct Area {
    /// Methods and who answers them.
    pub(crate) answers: &'static [(&'static str, Handler)],
    /// What is promised of it: members of the server's capabilities.
    pub(crate) promises: fn(&Client) -> Value,
}

/// Everything that is answered.
const AREAS: &[Area] = &[
    diagnostics::AREA,
    tokens::AREA,
    shape::AREA,
    layout::AREA,
    act::AREA,
    files::AREA,
    names::AREA,
    complete::AREA,
    hints::AREA,
];

/// Who answers a method.
pub(crate) fn handler(method: &str) -> Option<Handler> {
    let mut all = AREAS.iter().flat_map(|area| area.answers);
    all.find(|(name, _)| *name == method).map(|(_, handler)| *handler)
}

/// What is known of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    /// Its capabilities.
    can: Value,
}

impl Client {
    /// Whether the capability at this JSON pointer is there and not `false`.
    pub(crate) fn can(&self, pointer: &str) -> bool {
        !matches!(self.can.pointer(pointer), None | Some(Value::Null | Value::Bool(false)))
    }

    /// Whether the list of names at this JSON pointer holds `name`.
    pub(crate) fn knows(&self, pointer: &str, name: &str) -> bool {
        let names = self.can.pointer(pointer).and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|it| it == name))
    }

    /// Whether it shows this part of a diagnostic, of a pushed or a pulled one.
    pub(crate) fn can_show(&self, part: &str) -> bool {
        let places = ["publishDiagnostics", "diagnostic"];
        places.iter().any(|it| self.can(&format!("/textDocument/{it}/{part}")))
    }

    /// Whether it asks for diagnostics itself.
    pub(crate) fn pulls(&self) -> bool {
        self.can("/textDocument/diagnostic")
    }
}

/// Reads a request's parameters.
pub(crate) fn params<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::invalid_params(error.to_string()))
}

/// Reads `initialize`: the client, and the workspace's folders.
pub(crate) fn initialize(value: Value) -> Result<(Client, Vec<PathBuf>), Error> {
    let can = value.get("capabilities").cloned().unwrap_or_default();
    let it: Hello = params(value)?;
    let mut client = Client { encoding: Encoding::Utf16, can };
    let offers = |kind: &str| client.knows("/general/positionEncodings", kind);
    if offers("utf-8") {
        client.encoding = Encoding::Utf8;
    } else if offers("utf-32") && !offers("utf-16") {
        client.encoding = Encoding::Utf32;
    }
    let folders = it.workspace_folders.unwrap_or_default();
    let mut folders: Vec<PathBuf> = folders.iter().filter_map(|it| path_of(&it.uri)).collect();
    if folders.is_empty() {
        // Clients without workspace folders name the root so (LSP 3.17, `InitializeParams`).
        let root = it.root_uri.as_deref().and_then(path_of);
        folders.extend(root.or(it.root_path.map(PathBuf::from)));
    }
    Ok((client, folders))
}

/// What matters of `InitializeParams`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hello {
    #[serde(default)]
    workspace_folders: Option<Vec<Folder>>,
    #[serde(default)]
    root_uri: Option<String>,
    #[serde(default)]
    root_path: Option<String>,
}

#[derive(serde::Deserialize)]
struct Folder {
    uri: String,
}

/// What the server can do.
pub(crate) fn capabilities(client: &Client) -> Value {
    let encoding = match client.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
        Encoding::Utf32 => "utf-32",
    };
    let mut all = json!({
        "positionEncoding": encoding,
        "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
        "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
    });
    for area in AREAS {
        merge(&mut all, (area.promises)(client));
    }
    json!({ "serverInfo": { "name": "onward", "version": env!("CARGO_PKG_VERSION") }, "capabilities": all })
}

/// Adds the members of `more`, and those of their objects.
fn merge(whole: &mut Value, more: Value) {
    match (whole, more) {
        (Value::Object(whole), Value::Object(more)) => {
            for (name, value) in more {
                merge(whole.entry(name).or_insert(Value::Null), value);
            }
        }
        (whole, more) => *whole = more,
    }
}

/// What the client is asked to tell besides.
pub(crate) fn registrations(client: &Client) -> Vec<(&'static str, Value)> {
    let mut wanted: Vec<Value> = Vec::new();
    if client.can("/workspace/didChangeWatchedFiles/dynamicRegistration") {
        let globs = ["**/*.onward", "**/onward.toml", "**/templates/*.{md,html,mjml}"];
        let watchers: Vec<Value> = globs.iter().map(|it| json!({ "globPattern": it })).collect();
        wanted.push(json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        }));
    }
    if client.can("/workspace/didChangeConfiguration/dynamicRegistration") {
        wanted.push(json!({
            "id": "settings",
            "method": "workspace/didChangeConfiguration",
            "registerOptions": { "section": settings::SECTION },
        }));
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    vec![("client/registerCapability", json!({ "registrations": wanted }))]
}

/// A place as the protocol writes it.
pub(crate) fn place(position: lsp::Position) -> Place {
    Place { line: position.line, unit: position.character }
}

/// The file and the byte that a client means; none if it is none of ours.
pub(crate) fn spot<'s>(snapshot: &'s Snapshot, at: &lsp::TextDocumentPositionParams) -> Option<Spot<'s>> {
    let (project, file) = snapshot.file(at.text_document.uri.as_str())?;
    let offset = file.lines().offset(&file.text, place(at.position), snapshot.encoding);
    Some(Spot { project, file, offset })
}

/// The bytes that a client means.
pub(crate) fn bytes(file: &File, range: lsp::Range, encoding: Encoding) -> Range<usize> {
    let at = |position| file.lines().offset(&file.text, place(position), encoding);
    let (start, end) = (at(range.start), at(range.end));
    start.min(end)..end.max(start)
}

/// A stretch of bytes as the protocol writes it.
pub(crate) fn range(text: &str, lines: &Lines, bytes: Range<usize>, encoding: Encoding) -> lsp::Range {
    let at = |offset| {
        let place = lines.place(text, offset, encoding);
        lsp::Position { line: place.line, character: place.unit }
    };
    lsp::Range { start: at(bytes.start), end: at(bytes.end) }
}

/// A stretch of a file as the protocol writes it.
pub(crate) fn range_in(file: &File, bytes: Range<usize>, encoding: Encoding) -> lsp::Range {
    range(&file.text, file.lines(), bytes, encoding)
}

/// A place in a file of the project, or in the catalogue: `{ uri, range }`.
pub(crate) fn location(snapshot: &Snapshot, project: &Project, span: Span) -> Option<Value> {
    let file = snapshot.numbered(project, span.file)?;
    Some(json!({ "uri": &*file.uri, "range": range_in(file, span.range(), snapshot.encoding) }))
}

/// `TextEdit[]`
pub(crate) fn text_edits(file: &File, edits: &[Edit], encoding: Encoding) -> Vec<Value> {
    let written =
        |it: &Edit| json!({ "range": range_in(file, it.range.clone(), encoding), "newText": &it.text });
    edits.iter().map(written).collect()
}

/// `WorkspaceEdit`: with versions if the client knows them. None if something cannot be told to it.
pub(crate) fn workspace_edit(snapshot: &Snapshot, client: &Client, changes: &[Change]) -> Option<Value> {
    let edits_of = |uri: &str, edits: &[Edit]| {
        let (_, file) = snapshot.file(uri)?;
        Some(text_edits(file, edits, snapshot.encoding))
    };
    if !client.can("/workspace/workspaceEdit/documentChanges") {
        let mut plain = Map::new();
        for change in changes {
            let Change::Edits(uri, edits) = change else { return None };
            plain.insert(uri.to_string(), edits_of(uri, edits)?.into());
        }
        return Some(json!({ "changes": plain }));
    }
    let mut written = Vec::new();
    for change in changes {
        match change {
            Change::Edits(uri, edits) => {
                let version = snapshot.documents.get(uri).map(|it| it.version);
                let document = json!({ "uri": &**uri, "version": version });
                written.push(json!({ "textDocument": document, "edits": edits_of(uri, edits)? }));
            }
            Change::Move(old, new) => {
                if !client.knows("/workspace/workspaceEdit/resourceOperations", "rename") {
                    return None;
                }
                written.push(json!({ "kind": "rename", "oldUri": &**old, "newUri": &**new }));
            }
        }
    }
    Some(json!({ "documentChanges": written }))
}
