//! What is shown between the lines: inlay hints and lenses.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::settings::Hints;
use super::{Area, Client, bytes, location, params, range_in};
use crate::features::hints::{self, Side};
use crate::features::hover::time;
use crate::features::lens::{self, What};
use crate::features::names::known;
use crate::live::{self, Live};
use crate::snapshot::Snapshot;

pub(super) const AREA: Area = Area {
    answers: &[("textDocument/inlayHint", inlay), ("textDocument/codeLens", lenses)],
    promises: |_| {
        json!({
            "inlayHintProvider": { "resolveProvider": false },
            "codeLensProvider": { "resolveProvider": false },
        })
    },
};

fn live(snapshot: &Snapshot) -> Option<Live> {
    let server = snapshot.settings.server.as_ref()?;
    live::known(&server.url, &server.key)
}

fn inlay(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::InlayHintParams = params(value)?;
    let Some((project, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    if snapshot.settings.hints == Hints::None {
        return Ok(json!([]));
    }
    let range = bytes(file, it.range, snapshot.encoding);
    let hints = hints::of(project, file, &range, Timestamp::now());
    let written = hints.into_iter().map(|hint| {
        let at = range_in(file, hint.at..hint.at, snapshot.encoding).start;
        json!({
            "position": at,
            "label": hint.text,
            "tooltip": hint.tip,
            "paddingLeft": hint.side == Side::After,
        })
    });
    Ok(written.collect::<Vec<_>>().into())
}

fn lenses(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::CodeLensParams = params(value)?;
    let Some((project, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    let live = live(snapshot);
    let zone = TimeZone::get(&known::zone(project)).unwrap_or(TimeZone::UTC);
    let mut written = Vec::new();
    for lens in lens::of(project, file) {
        let range = range_in(file, lens.range, snapshot.encoding);
        let command = match lens.what {
            What::Run(name) => json!({
                "title": "▶ run test",
                "command": "onward.test",
                "arguments": [{ "uri": &*file.uri, "name": name }],
            }),
            What::Used(places) => {
                let title = match places.len() {
                    0 => "not used".to_owned(),
                    1 => "used once".to_owned(),
                    times => format!("used {times} times"),
                };
                let places: Vec<Value> =
                    places.iter().filter_map(|it| location(snapshot, project, *it)).collect();
                json!({
                    "title": title,
                    "command": "onward.references",
                    "arguments": [&*file.uri, range.start, places],
                })
            }
            What::Workflow(name) => {
                let Some(said) = live.as_ref().and_then(|it| it.said(&name, |at| time::brief(at, &zone)))
                else {
                    continue;
                };
                json!({ "title": said, "command": "" })
            }
        };
        written.push(json!({ "range": range, "command": command }));
    }
    Ok(written.into())
}
