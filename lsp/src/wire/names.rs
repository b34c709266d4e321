//! Names: where they are declared and used, renaming, call hierarchy, symbols of the workspace.

use jiff::Timestamp;
use onward_compiler::diagnostic::Span;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::shape::symbol_kind;
use super::{Area, Client, bytes, location, params, range_in, spot, workspace_edit};
use crate::features::calls::{self, Call, Caller, Way};
use crate::features::names::{self, Access, Declarations};
use crate::features::outline::ItemSort;
use crate::features::rename::{self, Files};
use crate::features::{Change, hints, hover, signature, symbols};
use crate::snapshot::{Project, Snapshot, Spot};

pub(super) const AREA: Area = Area {
    answers: &[
        ("textDocument/definition", definition),
        ("textDocument/declaration", definition),
        ("textDocument/typeDefinition", type_definition),
        ("textDocument/references", references),
        ("textDocument/documentHighlight", highlights),
        ("textDocument/prepareRename", prepare_rename),
        ("textDocument/rename", rename_name),
        ("workspace/willRenameFiles", will_rename),
        ("textDocument/hover", hover_at),
        ("textDocument/signatureHelp", signature_at),
        ("workspace/symbol", workspace_symbols),
        ("textDocument/prepareCallHierarchy", prepare_calls),
        ("callHierarchy/incomingCalls", incoming),
        ("callHierarchy/outgoingCalls", outgoing),
        ("textDocument/inlineValue", inline_values),
    ],
    promises: |client| {
        let filters = ["**/templates/*.{md,html}", "**/*.onward"];
        let filters: Vec<Value> =
            filters.iter().map(|glob| json!({ "scheme": "file", "pattern": { "glob": glob } })).collect();
        let prepares = client.can("/textDocument/rename/prepareSupport");
        json!({
            "definitionProvider": true,
            "declarationProvider": true,
            "typeDefinitionProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "renameProvider": if prepares { json!({ "prepareProvider": true }) } else { json!(true) },
            "hoverProvider": true,
            "signatureHelpProvider": { "triggerCharacters": [" ", "("], "retriggerCharacters": [" "] },
            "workspaceSymbolProvider": true,
            "callHierarchyProvider": true,
            "inlineValueProvider": true,
            "workspace": { "fileOperations": { "willRename": { "filters": filters } } },
        })
    },
};

/// A refusal that the client shows (LSP 3.17, `RequestFailed`).
fn refused(reason: String) -> Error {
    Error {
        code: tower_lsp_server::jsonrpc::ErrorCode::ServerError(-32803),
        message: reason.into(),
        data: None,
    }
}

fn locations(snapshot: &Snapshot, project: &Project, spans: &[Span]) -> Value {
    spans.iter().filter_map(|it| location(snapshot, project, *it)).collect::<Vec<_>>().into()
}

fn definition(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    Ok(locations(snapshot, project, &names::definitions(project, file, offset)))
}

fn type_definition(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    Ok(locations(snapshot, project, &names::types(project, file, offset)))
}

fn references(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::ReferenceParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it.text_document_position) else {
        return Ok(Value::Null);
    };
    let declarations =
        if it.context.include_declaration { Declarations::With } else { Declarations::Without };
    Ok(locations(snapshot, project, &names::references(project, file, offset, declarations)))
}

fn highlights(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    let written = names::highlights(project, file, offset).into_iter().map(|(place, access)| {
        // LSP 3.17, `DocumentHighlightKind`.
        let kind = if access == Access::Write { 3 } else { 2 };
        json!({ "range": range_in(file, place, snapshot.encoding), "kind": kind })
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn prepare_rename(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    let found = rename::prepare(project, file, offset).map_err(refused)?;
    Ok(found.map_or(
        Value::Null,
        |(place, name)| json!({ "range": range_in(file, place, snapshot.encoding), "placeholder": name }),
    ))
}

fn rename_name(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::RenameParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it.text_document_position) else {
        return Ok(Value::Null);
    };
    let moves = client.can("/workspace/workspaceEdit/documentChanges")
        && client.knows("/workspace/workspaceEdit/resourceOperations", "rename");
    let files = if moves { Files::Move } else { Files::Stay };
    let changes = rename::changes(project, file, offset, &it.new_name, files).map_err(refused)?;
    Ok(workspace_edit(snapshot, client, &changes).unwrap_or_default())
}

fn will_rename(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::RenameFilesParams = params(value)?;
    let mut changes: Vec<Change> = Vec::new();
    for moved in &it.files {
        if let Some((project, file)) = snapshot.file(&moved.old_uri) {
            changes.extend(rename::moved(project, file, &moved.new_uri));
        }
    }
    if changes.is_empty() {
        return Ok(Value::Null);
    }
    Ok(workspace_edit(snapshot, client, &changes).unwrap_or_default())
}

fn hover_at(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    let Some(found) = hover::at(project, file, offset, Timestamp::now()) else { return Ok(Value::Null) };
    let range = range_in(file, found.range, snapshot.encoding);
    Ok(
        json!({ "contents": markup(client, "/textDocument/hover/contentFormat", found.markdown), "range": range }),
    )
}

/// Text as the client shows it.
pub(super) fn markup(client: &Client, pointer: &str, markdown: String) -> Value {
    let kind = if client.knows(pointer, "markdown") { "markdown" } else { "plaintext" };
    json!({ "kind": kind, "value": markdown })
}

fn signature_at(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    let Some(found) = signature::at(project, file, offset) else { return Ok(Value::Null) };
    let formats = "/textDocument/signatureHelp/signatureInformation/documentationFormat";
    let parts = found.parts.iter().map(|(place, docs)| {
        let text = found.label.get(place.clone()).unwrap_or_default();
        json!({ "label": text, "documentation": markup(client, formats, docs.clone()) })
    });
    let signature = json!({
        "label": found.label,
        "documentation": markup(client, formats, found.docs.clone()),
        "parameters": parts.collect::<Vec<_>>(),
    });
    let mut told = json!({ "signatures": [signature], "activeSignature": 0 });
    if let (Some(active), Some(told)) = (found.active, told.as_object_mut()) {
        told.insert("activeParameter".into(), active.into());
    }
    Ok(told)
}

fn workspace_symbols(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::WorkspaceSymbolParams = params(value)?;
    let written = symbols::find(&snapshot.projects, &it.query).into_iter().map(|it| {
        let range = range_in(&it.file, it.range, snapshot.encoding);
        json!({
            "name": it.name,
            "kind": symbol_kind(it.sort),
            "containerName": it.container,
            "location": { "uri": &*it.file.uri, "range": range },
        })
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn caller(snapshot: &Snapshot, project: &Project, it: &Caller) -> Option<Value> {
    let file = snapshot.numbered(project, it.span.file)?;
    let range = range_in(file, it.span.range(), snapshot.encoding);
    Some(json!({
        "name": &*it.name,
        "kind": symbol_kind(ItemSort::Workflow),
        "detail": &*it.title,
        "uri": &*file.uri,
        "range": range,
        "selectionRange": range,
        "data": { "workflow": &*it.name },
    }))
}

fn prepare_calls(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    let found = calls::at(project, file, offset).and_then(|it| caller(snapshot, project, &it));
    Ok(found.map_or(Value::Null, |it| json!([it])))
}

fn incoming(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    other_ends(snapshot, &value, Way::In)
}

fn outgoing(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    other_ends(snapshot, &value, Way::Out)
}

fn other_ends(snapshot: &Snapshot, value: &Value, way: Way) -> Result<Value, Error> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let Some((project, _)) = snapshot.file(text("/item/uri")) else { return Ok(Value::Null) };
    let name = match text("/item/data/workflow") {
        "" => text("/item/name"),
        name => name,
    };
    let written = calls::of(project, name, way).into_iter().filter_map(|it: Call| {
        let mut other = caller(snapshot, project, &it.other)?;
        if let Some(other) = other.as_object_mut() {
            other.insert("detail".into(), it.deeds.join(", ").into());
        }
        let places = it.places.iter().filter_map(|span| {
            let file = snapshot.numbered(project, span.file)?;
            Some(range_in(file, span.range(), snapshot.encoding))
        });
        let end = if way == Way::In { "from" } else { "to" };
        Some(json!({ end: other, "fromRanges": places.collect::<Vec<_>>() }))
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn inline_values(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let uri = value.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default();
    let Some((project, file)) = snapshot.file(uri) else { return Ok(Value::Null) };
    let range: lsp::Range = params(value.get("range").cloned().unwrap_or_default())?;
    let range = bytes(file, range, snapshot.encoding);
    let written = hints::values(project, file, &range)
        .into_iter()
        .map(|it| json!({ "range": range_in(file, it.range, snapshot.encoding), "expression": it.path }));
    Ok(written.collect::<Vec<_>>().into())
}
