//! Formatting of a file, of a part of it, and while somebody types.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::{Area, Client, bytes, params, spot, text_edits};
use crate::features::layout;
use crate::snapshot::Snapshot;

pub(super) const AREA: Area = Area {
    answers: &[
        ("textDocument/formatting", whole),
        ("textDocument/rangeFormatting", part),
        ("textDocument/onTypeFormatting", typed),
    ],
    promises: |_| {
        json!({
            "documentFormattingProvider": true,
            "documentRangeFormattingProvider": true,
            "documentOnTypeFormattingProvider": {
                "firstTriggerCharacter": "}",
                "moreTriggerCharacter": ["\n"],
            },
        })
    },
};

fn whole(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentFormattingParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    Ok(text_edits(file, &layout::whole(file), snapshot.encoding).into())
}

fn part(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentRangeFormattingParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let wanted = bytes(file, it.range, snapshot.encoding);
    Ok(text_edits(file, &layout::part(file, wanted), snapshot.encoding).into())
}

fn typed(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentOnTypeFormattingParams = params(value)?;
    let Some(spot) = spot(snapshot, &it.text_document_position) else { return Ok(Value::Null) };
    let edits = layout::after(spot.file, spot.offset, &it.ch);
    Ok(text_edits(spot.file, &edits, snapshot.encoding).into())
}
