//! Diagnostics as the protocol writes them: pushed after changes, or pulled.

use std::collections::BTreeMap;
use std::sync::Arc;

use onward_compiler::diagnostic::{Diagnostic, FileId, Severity};
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::{Client, params, range};
use crate::outgoing::Outgoing;
use crate::position::{Encoding, Lines};
use crate::snapshot::{File, Project, Snapshot};

/// Where the pages of codes are.
const PAGES: &str = "https://onward.example/errors/";

/// Diagnostics of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    version: Option<i32>,
    items: Vec<Value>,
}

/// What clients were told last, by URI.
#[derive(Debug, Default)]
pub(crate) struct Published {
    told: BTreeMap<Arc<str>, Found>,
}

impl Published {
    /// Tells what is not as it was told last.
    pub(crate) fn tell(&mut self, found: BTreeMap<Arc<str>, Found>, client: &Client, outgoing: &Outgoing) {
        if client.pulls() {
            let refreshes = client.can.workspace.as_ref().and_then(|it| it.diagnostics.as_ref());
            let same = |a: &BTreeMap<Arc<str>, Found>, b: &BTreeMap<Arc<str>, Found>| {
                a.iter().map(|(uri, it)| (uri, &it.items)).eq(b.iter().map(|(uri, it)| (uri, &it.items)))
            };
            if refreshes.and_then(|it| it.refresh_support).unwrap_or_default() && !same(&found, &self.told) {
                outgoing.ask("workspace/diagnostic/refresh", Value::Null);
            }
            self.told = found;
            return;
        }
        let gone = self.told.keys().filter(|uri| !found.contains_key(*uri));
        for uri in gone {
            outgoing.tell("textDocument/publishDiagnostics", json!({ "uri": &**uri, "diagnostics": [] }));
        }
        for (uri, now) in &found {
            let before = self.told.get(uri);
            let quiet = before.is_none() && now.items.is_empty() && now.version.is_none();
            if before == Some(now) || quiet {
                continue;
            }
            let mut message = json!({ "uri": &**uri, "diagnostics": &now.items });
            if let (Some(version), Some(message)) = (now.version, message.as_object_mut()) {
                message.insert("version".into(), version.into());
            }
            outgoing.tell("textDocument/publishDiagnostics", message);
        }
        self.told = found;
    }
}

/// The diagnostics of every file.
pub(crate) fn all(snapshot: &Snapshot) -> BTreeMap<Arc<str>, Found> {
    let mut all = BTreeMap::new();
    for project in &snapshot.projects {
        for file in project.files() {
            all.insert(file.uri.clone(), found(snapshot, project, file));
        }
    }
    all
}

fn found(snapshot: &Snapshot, project: &Project, file: &File) -> Found {
    let items = project.diagnostics(&file.path).map(|it| written(it, project, snapshot.encoding));
    Found { version: snapshot.documents.get(&file.uri).map(|it| it.version), items: items.collect() }
}

/// `textDocument/diagnostic`
pub(super) fn document(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentDiagnosticParams = params(value)?;
    let items = match snapshot.file(it.text_document.uri.as_str()) {
        Some((project, file)) => found(snapshot, project, file).items,
        None => Vec::new(),
    };
    Ok(report(items, it.previous_result_id.as_deref()))
}

/// `workspace/diagnostic`
pub(super) fn workspace(snapshot: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::WorkspaceDiagnosticParams = params(value)?;
    let before: BTreeMap<&str, &str> =
        it.previous_result_ids.iter().map(|it| (it.uri.as_str(), it.value.as_str())).collect();
    let reports = all(snapshot).into_iter().map(|(uri, found)| {
        let mut report = report(found.items, before.get(&*uri).copied());
        if let Some(report) = report.as_object_mut() {
            report.insert("uri".into(), Value::from(&*uri));
            report.insert("version".into(), found.version.map_or(Value::Null, Value::from));
        }
        report
    });
    Ok(json!({ "items": reports.collect::<Vec<_>>() }))
}

/// A report; one that is the same as the client has is not sent again.
fn report(items: Vec<Value>, before: Option<&str>) -> Value {
    let id = result_id(&items);
    if before == Some(&*id) {
        return json!({ "kind": "unchanged", "resultId": id });
    }
    json!({ "kind": "full", "resultId": id, "items": items })
}

/// The same for the same diagnostics, in every process (FNV-1a, 64 bit).
fn result_id(items: &[Value]) -> String {
    let text = items.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn written(diagnostic: &Diagnostic, project: &Project, encoding: Encoding) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => 1,
        Severity::Warning => 2,
    };
    let mut message = diagnostic.message.clone();
    for more in [Some(&diagnostic.primary.text).filter(|it| !it.is_empty()), diagnostic.help.as_ref()] {
        if let Some(more) = more {
            message.push('\n');
            message.push_str(more);
        }
    }
    let related = diagnostic.secondary.iter().filter_map(|label| {
        let (uri, range) = location(project, label.span.file, label.span.range(), encoding)?;
        Some(json!({ "location": { "uri": uri, "range": range }, "message": label.text }))
    });
    let mut value = json!({
        "range": location(project, diagnostic.primary.span.file, diagnostic.primary.span.range(), encoding)
            .map(|(_, range)| range)
            .unwrap_or_default(),
        "severity": severity,
        "code": diagnostic.code.0,
        "codeDescription": { "href": format!("{PAGES}{}", diagnostic.code) },
        "source": "onward",
        "message": message,
        "relatedInformation": related.collect::<Vec<_>>(),
    });
    if let (false, Some(value)) = (diagnostic.fixes.is_empty(), value.as_object_mut()) {
        value.insert("data".into(), json!({ "fixes": diagnostic.fixes }));
    }
    value
}

/// A place in a file of the project, or in the catalogue.
fn location(
    project: &Project,
    file: FileId,
    bytes: std::ops::Range<usize>,
    encoding: Encoding,
) -> Option<(String, lsp::Range)> {
    if let Some(file) = project.numbered(file) {
        return Some((file.uri.to_string(), super::range_in(file, bytes, encoding)));
    }
    let source = project.checked().sources.get(file.0 as usize)?;
    Some((format!("onward:/{}", source.path), range(&source.text, &Lines::of(&source.text), bytes, encoding)))
}
