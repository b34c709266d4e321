//! The shape of a file: folds, selections, symbols, links, names that are edited together, colours.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::{Area, Client, params, range_in, spot};
use crate::features::colour::{self, Colour};
use crate::features::fold::{self, FoldSort};
use crate::features::outline::{self, Item, ItemSort};
use crate::features::{link, linked, select};
use crate::position::Encoding;
use crate::snapshot::{File, Snapshot};

pub(super) const AREA: Area = Area {
    answers: &[
        ("textDocument/foldingRange", folds),
        ("textDocument/selectionRange", selections),
        ("textDocument/documentSymbol", symbols),
        ("textDocument/documentLink", links),
        ("textDocument/linkedEditingRange", linked_places),
        ("textDocument/documentColor", colours),
        ("textDocument/colorPresentation", presentations),
    ],
    promises: |_| {
        json!({
            "foldingRangeProvider": true,
            "selectionRangeProvider": true,
            "documentSymbolProvider": true,
            "documentLinkProvider": { "resolveProvider": false },
            "linkedEditingRangeProvider": true,
            "colorProvider": true,
        })
    },
};

fn folds(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::FoldingRangeParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let whole_lines = client.can("/textDocument/foldingRange/lineFoldingOnly");
    let written = fold::of(file).into_iter().filter_map(|fold| {
        let range = range_in(file, fold.range, snapshot.encoding);
        let (start, mut end) = (range.start, range.end);
        // The line that closes a block stays where it is.
        let closes = fold.sort == FoldSort::Code;
        if closes && whole_lines {
            end.line = end.line.saturating_sub(1);
        }
        let mut written = json!({ "startLine": start.line, "endLine": end.line });
        if let Some(written) = written.as_object_mut() {
            if !whole_lines {
                written.insert("startCharacter".into(), (start.character + u32::from(closes)).into());
                let closing = u32::from(closes);
                written.insert("endCharacter".into(), end.character.saturating_sub(closing).into());
            }
            if fold.sort == FoldSort::Comment {
                written.insert("kind".into(), "comment".into());
            }
        }
        (end.line > start.line).then_some(written)
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn selections(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::SelectionRangeParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let written = it.positions.iter().map(|position| {
        let offset = file.lines().offset(&file.text, super::place(*position), snapshot.encoding);
        let around = select::around(file, offset);
        around.into_iter().rev().fold(Value::Null, |parent, bytes| {
            let range = range_in(file, bytes, snapshot.encoding);
            if parent.is_null() {
                json!({ "range": range })
            } else {
                json!({ "range": range, "parent": parent })
            }
        })
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn symbols(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentSymbolParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let items = outline::of(file);
    if client.can("/textDocument/documentSymbol/hierarchicalDocumentSymbolSupport") {
        let written = items.iter().map(|it| symbol(file, it, snapshot.encoding));
        return Ok(written.collect::<Vec<_>>().into());
    }
    let mut flat = Vec::new();
    for item in &items {
        flatten(file, item, None, snapshot.encoding, &mut flat);
    }
    Ok(flat.into())
}

/// LSP 3.17, `SymbolKind`.
pub(crate) fn symbol_kind(sort: ItemSort) -> u32 {
    match sort {
        ItemSort::Event | ItemSort::Trigger => 24,
        ItemSort::Entity => 23,
        ItemSort::Field => 8,
        ItemSort::Template | ItemSort::Heading => 15,
        ItemSort::Part | ItemSort::Setting => 7,
        ItemSort::Sender | ItemSort::Policy => 14,
        ItemSort::Team => 18,
        ItemSort::Workflow => 5,
        ItemSort::Step => 20,
        ItemSort::Action => 12,
        ItemSort::Parameter => 13,
        ItemSort::Segment => 10,
        ItemSort::Source => 11,
        ItemSort::Test => 6,
    }
}

fn symbol(file: &File, item: &Item, encoding: Encoding) -> Value {
    let mut written = json!({
        "name": if item.name.is_empty() { "?" } else { &item.name },
        "kind": symbol_kind(item.sort),
        "range": range_in(file, item.range.clone(), encoding),
        "selectionRange": range_in(file, item.selection.clone(), encoding),
        "children": item.inner.iter().map(|it| symbol(file, it, encoding)).collect::<Vec<_>>(),
    });
    if let (false, Some(written)) = (item.detail.is_empty(), written.as_object_mut()) {
        written.insert("detail".into(), item.detail.clone().into());
    }
    written
}

fn flatten(file: &File, item: &Item, container: Option<&str>, encoding: Encoding, found: &mut Vec<Value>) {
    let location = json!({ "uri": &*file.uri, "range": range_in(file, item.range.clone(), encoding) });
    let mut written = json!({ "name": item.name, "kind": symbol_kind(item.sort), "location": location });
    if let (Some(container), Some(written)) = (container, written.as_object_mut()) {
        written.insert("containerName".into(), container.into());
    }
    found.push(written);
    for inner in &item.inner {
        flatten(file, inner, Some(&item.name), encoding, found);
    }
}

fn links(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentLinkParams = params(value)?;
    let Some((project, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let written = link::of(project, file).into_iter().map(
        |link| json!({ "range": range_in(file, link.range, snapshot.encoding), "target": &*link.target }),
    );
    Ok(written.collect::<Vec<_>>().into())
}

fn linked_places(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::LinkedEditingRangeParams = params(value)?;
    let Some(spot) = spot(snapshot, &it.text_document_position_params) else { return Ok(Value::Null) };
    let places = linked::of(spot.file, spot.offset);
    if places.is_empty() {
        return Ok(Value::Null);
    }
    let ranges = places.into_iter().map(|it| range_in(spot.file, it, snapshot.encoding));
    Ok(json!({ "ranges": ranges.collect::<Vec<_>>(), "wordPattern": r"[\p{XID_Start}_][\p{XID_Continue}]*" }))
}

fn colours(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentColorParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(json!([])) };
    let share = |part: u8| f64::from(part) / 255.0;
    let written = colour::of(file).into_iter().map(|(bytes, it)| {
        let (red, green, blue) = (share(it.red), share(it.green), share(it.blue));
        let colour = json!({ "red": red, "green": green, "blue": blue, "alpha": 1.0 });
        json!({ "range": range_in(file, bytes, snapshot.encoding), "color": colour })
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn presentations(_: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::ColorPresentationParams = params(value)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 255")]
    let part = |share: f32| (share.clamp(0.0, 1.0) * 255.0).round() as u8;
    let colour = Colour { red: part(it.color.red), green: part(it.color.green), blue: part(it.color.blue) };
    Ok(json!([{ "label": colour.hex() }, { "label": colour.rgb() }]))
}
