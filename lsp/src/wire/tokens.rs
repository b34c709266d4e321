//! Semantic tokens as the protocol writes them: five numbers each, relative to the one before
//! (LSP 3.17, `textDocument/semanticTokens`).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::{Area, Client, bytes, params};
use crate::features::tokens::{self, Class, Token};
use crate::position::{Encoding, Place};
use crate::snapshot::{File, Snapshot};

pub(super) const AREA: Area = Area {
    answers: &[
        ("textDocument/semanticTokens/full", full),
        ("textDocument/semanticTokens/full/delta", delta),
        ("textDocument/semanticTokens/range", range),
    ],
    promises: |_| {
        let types: Vec<&str> = Class::ALL.iter().map(|it| it.name()).collect();
        json!({ "semanticTokensProvider": {
            "legend": { "tokenTypes": types, "tokenModifiers": tokens::MODIFIERS },
            "full": { "delta": true },
            "range": true,
        } })
    },
};

/// How many answers of each file are remembered: a client asks from its last one.
const REMEMBERED: usize = 4;

/// Answers by file: the id and the numbers of each, the latest last.
type Answers = BTreeMap<Arc<str>, Vec<(String, Vec<u32>)>>;

/// What clients were told, from which the next answer says the difference.
#[derive(Debug, Default)]
pub(crate) struct Told {
    answers: Mutex<Answers>,
}

impl Told {
    /// Remembers an answer; gives the one of the id `before`, if it is known.
    fn remember(&self, uri: &Arc<str>, id: &str, data: &[u32], before: Option<&str>) -> Option<Vec<u32>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.entry(uri.clone()).or_default();
        let before = before.and_then(|id| known.iter().find(|(it, _)| it == id));
        let before = before.map(|(_, data)| data.clone());
        known.retain(|(it, _)| it != id);
        known.push((id.to_owned(), data.to_vec()));
        let extra = known.len().saturating_sub(REMEMBERED);
        known.drain(..extra);
        before
    }
}

fn full(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::SemanticTokensParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let data = numbers(file, &tokens::of(file), snapshot.encoding);
    let id = result_id(&data);
    snapshot.told.remember(&file.uri, &id, &data, None);
    Ok(json!({ "resultId": id, "data": data }))
}

/// What has changed since an answer that is still known; else all of it.
fn delta(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::SemanticTokensDeltaParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let data = numbers(file, &tokens::of(file), snapshot.encoding);
    let id = result_id(&data);
    match snapshot.told.remember(&file.uri, &id, &data, Some(&it.previous_result_id)) {
        Some(before) => Ok(json!({ "resultId": id, "edits": edits(&before, &data) })),
        None => Ok(json!({ "resultId": id, "data": data })),
    }
}

fn range(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::SemanticTokensRangeParams = params(value)?;
    let Some((_, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let wanted = bytes(file, it.range, snapshot.encoding);
    Ok(json!({ "data": numbers(file, &tokens::within(file, wanted), snapshot.encoding) }))
}

/// Five numbers a token; one of several lines is several tokens.
fn numbers(file: &File, tokens: &[Token], encoding: Encoding) -> Vec<u32> {
    let mut out = Vec::with_capacity(tokens.len() * 5);
    let mut last = Place { line: 0, unit: 0 };
    let (text, lines) = (&*file.text, file.lines());
    for token in tokens {
        for piece in pieces(text, token.range.clone()) {
            let start = lines.place(text, piece.start, encoding);
            let length = encoding.length(text.get(piece).unwrap_or_default());
            let line = start.line.saturating_sub(last.line);
            let unit = if line == 0 { start.unit.saturating_sub(last.unit) } else { start.unit };
            out.extend([line, unit, length, token.class as u32, token.modifiers]);
            last = start;
        }
    }
    out
}

/// The parts of a stretch that lie on one line each, without the signs that end lines.
fn pieces(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let whole = text.get(range.clone()).unwrap_or_default();
    let mut at = range.start;
    let mut found = Vec::new();
    for line in whole.split_inclusive('\n') {
        let length = line.trim_end_matches(['\n', '\r']).len();
        if length > 0 {
            found.push(at..at + length);
        }
        at += line.len();
    }
    found
}

/// One replacement of whole tokens: what lies between the beginning and the end that both share.
fn edits(before: &[u32], now: &[u32]) -> Value {
    if before == now {
        return json!([]);
    }
    let start = before.chunks(5).zip(now.chunks(5)).take_while(|(a, b)| a == b).count() * 5;
    let (old, new) = (before.get(start..).unwrap_or_default(), now.get(start..).unwrap_or_default());
    let end = old.rchunks(5).zip(new.rchunks(5)).take_while(|(a, b)| a == b).count() * 5;
    let data = new.get(..new.len() - end).unwrap_or_default();
    json!([{ "start": start, "deleteCount": old.len() - end, "data": data }])
}

/// The same for the same tokens (FNV-1a, 64 bit).
fn result_id(data: &[u32]) -> String {
    let hash = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, number| {
        (hash ^ u64::from(*number)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
