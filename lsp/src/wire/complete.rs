//! Completion.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::names::markup;
use super::{Area, Client, params, range_in, spot};
use crate::features::complete::{self, Item, ItemSort};
use crate::features::symbols::rank;
use crate::snapshot::{Snapshot, Spot};

pub(super) const AREA: Area = Area {
    answers: &[("textDocument/completion", completion), ("completionItem/resolve", resolve)],
    promises: |_| {
        json!({
            "completionProvider": {
                "resolveProvider": true,
                "triggerCharacters": [".", "\"", "{", "|", " ", "=", "["],
            },
        })
    },
};

/// So many are told at once; who writes on gets others.
const MOST: usize = 400;

fn completion(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::TextDocumentPositionParams = params(value)?;
    let Some(Spot { project, file, offset }) = spot(snapshot, &it) else { return Ok(Value::Null) };
    let mut items = complete::at(project, file, offset);
    let whole = items.len();
    if whole > MOST {
        let written = items.first().and_then(|it| file.text.get(it.range.start..offset)).unwrap_or_default();
        items.retain(|it| rank(&it.label, written).is_some());
    }
    let many = whole > MOST;
    items.truncate(MOST);
    let snippets = client.can("/textDocument/completion/completionItem/snippetSupport");
    let written = items.iter().map(|it| {
        let range = range_in(file, it.range.clone(), snapshot.encoding);
        item(it, range, &file.uri, snippets)
    });
    Ok(json!({ "isIncomplete": many, "items": written.collect::<Vec<_>>() }))
}

fn item(it: &Item, range: lsp::Range, uri: &str, snippets: bool) -> Value {
    let is_snippet = it.insert.contains('$');
    let text = if is_snippet && !snippets { &it.label } else { &it.insert };
    json!({
        "label": it.label,
        "kind": kind(it.sort),
        "detail": it.detail,
        "sortText": format!("{:02}{}", it.rank, it.label),
        "filterText": it.label,
        "insertTextFormat": if is_snippet && snippets { 2 } else { 1 },
        "textEdit": { "range": range, "newText": text },
        "data": { "uri": uri, "sort": it.sort, "of": it.of, "label": it.label },
    })
}

/// LSP 3.17, `CompletionItemKind`.
fn kind(sort: ItemSort) -> u32 {
    match sort {
        ItemSort::Keyword => 14,
        ItemSort::Event => 23,
        ItemSort::Field | ItemSort::Attribute => 5,
        ItemSort::Entity => 22,
        ItemSort::Template => 17,
        ItemSort::Sender | ItemSort::Team => 21,
        ItemSort::Action | ItemSort::Pipe | ItemSort::Function => 3,
        ItemSort::Label => 10,
        ItemSort::Segment => 13,
        ItemSort::Workflow => 7,
        ItemSort::Source => 8,
        ItemSort::Topic | ItemSort::Channel | ItemSort::Value => 20,
        ItemSort::Unit => 11,
        ItemSort::Setting | ItemSort::Secret => 10,
        ItemSort::Type => 25,
        ItemSort::Name => 6,
        ItemSort::Step => 18,
    }
}

fn resolve(snapshot: &Snapshot, client: &Client, mut value: Value) -> Result<Value, Error> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let sort = value.pointer("/data/sort").cloned().unwrap_or_default();
    let Some((project, _)) = snapshot.file(text("/data/uri")) else { return Ok(value) };
    let Ok(sort) = serde_json::from_value::<ItemSort>(sort) else { return Ok(value) };
    let docs = complete::docs(project, sort, text("/data/of"), text("/data/label"));
    if let (Some(docs), Some(written)) = (docs, value.as_object_mut()) {
        let formats = "/textDocument/completion/completionItem/documentationFormat";
        written.insert("documentation".into(), markup(client, formats, docs));
    }
    Ok(value)
}
