//! Diagnostics as the protocol writes them: pushed after changes, or pulled.

use std::collections::BTreeMap;
use std::sync::Arc;

use onward_compiler::codes;
use onward_compiler::diagnostic::{Code, Diagnostic, Severity};
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::{Area, Client, location, params};
use crate::outgoing::Outgoing;
use crate::snapshot::{File, Project, Snapshot};

pub(super) const AREA: Area = Area {
    answers: &[("textDocument/diagnostic", document), ("workspace/diagnostic", workspace)],
    promises: |_| {
        json!({ "diagnosticProvider": {
            "identifier": "onward",
            "interFileDependencies": true,
            "workspaceDiagnostics": true,
        } })
    },
};

/// Where the pages of codes are.
const PAGES: &str = "https://onward.example/";

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
            let same = |a: &BTreeMap<Arc<str>, Found>, b: &BTreeMap<Arc<str>, Found>| {
                a.iter().map(|(uri, it)| (uri, &it.items)).eq(b.iter().map(|(uri, it)| (uri, &it.items)))
            };
            if client.can("/workspace/diagnostics/refreshSupport") && !same(&found, &self.told) {
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
pub(crate) fn all(snapshot: &Snapshot, client: &Client) -> BTreeMap<Arc<str>, Found> {
    let mut all = BTreeMap::new();
    for project in &snapshot.projects {
        for file in project.files() {
            all.insert(file.uri.clone(), found(snapshot, client, project, file));
        }
    }
    all
}

fn found(snapshot: &Snapshot, client: &Client, project: &Project, file: &File) -> Found {
    let items = project.diagnostics(&file.path).iter().map(|it| written(it, snapshot, client, project));
    Found { version: snapshot.documents.get(&file.uri).map(|it| it.version), items: items.collect() }
}

/// `textDocument/diagnostic`
fn document(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::DocumentDiagnosticParams = params(value)?;
    let items = match snapshot.file(it.text_document.uri.as_str()) {
        Some((project, file)) => found(snapshot, client, project, file).items,
        None => Vec::new(),
    };
    Ok(report(items, it.previous_result_id.as_deref()))
}

/// `workspace/diagnostic`
fn workspace(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::WorkspaceDiagnosticParams = params(value)?;
    let before: BTreeMap<&str, &str> =
        it.previous_result_ids.iter().map(|it| (it.uri.as_str(), it.value.as_str())).collect();
    let reports = all(snapshot, client).into_iter().map(|(uri, found)| {
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

/// Codes of what is there for nothing: editors show it faded (LSP 3.17, `DiagnosticTag`).
const UNNECESSARY: [Code; 3] = [codes::UNUSED_TEMPLATE, codes::ALWAYS_SET, codes::UNREACHABLE];

/// `Diagnostic`
pub(super) fn written(
    diagnostic: &Diagnostic,
    snapshot: &Snapshot,
    client: &Client,
    project: &Project,
) -> Value {
    let severity = match diagnostic.severity {
        Severity::Error => 1,
        Severity::Warning => 2,
    };
    let mut message = diagnostic.message.clone();
    for more in [Some(&diagnostic.primary.text).filter(|it| !it.is_empty()), diagnostic.help.as_ref()]
        .into_iter()
        .flatten()
    {
        message.push('\n');
        message.push_str(more);
    }
    let place = location(snapshot, project, diagnostic.primary.span);
    let range = place.and_then(|it| it.get("range").cloned());
    let mut value = json!({
        "range": range.unwrap_or_else(|| json!(lsp::Range::default())),
        "severity": severity,
        "code": diagnostic.code.0,
        "source": "onward",
        "message": message,
        // What code actions are made of.
        "data": { "message": diagnostic.message, "fixes": diagnostic.fixes.len() },
    });
    let Some(members) = value.as_object_mut() else { return value };
    if client.can_show("codeDescriptionSupport") {
        members.insert("codeDescription".into(), json!({ "href": format!("{PAGES}{}", diagnostic.page()) }));
    }
    if client.can_show("relatedInformation") {
        let related = diagnostic.secondary.iter().filter_map(|label| {
            let place = location(snapshot, project, label.span)?;
            Some(json!({ "location": place, "message": label.text }))
        });
        members.insert("relatedInformation".into(), related.collect::<Vec<_>>().into());
    }
    if UNNECESSARY.contains(&diagnostic.code) && client.can_show("tagSupport") {
        members.insert("tags".into(), json!([1]));
    }
    value
}
