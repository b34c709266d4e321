//! Code actions and commands.

use onward_compiler::diagnostic::{Applicability, Span};
use onward_compiler::graph::Flow;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;
use tower_lsp_server::ls_types as lsp;

use super::{Area, Client, bytes, diagnostics, params, workspace_edit};
use crate::features::act::{self, ActionSort};
use crate::features::{Change, fix};
use crate::projects::path_of;
use crate::snapshot::{File, Project, Snapshot};

pub(super) const AREA: Area = Area {
    answers: &[("textDocument/codeAction", actions), ("workspace/executeCommand", command)],
    promises: |_| {
        json!({
            "codeActionProvider": { "codeActionKinds": KINDS },
            "executeCommandProvider": { "commands": [GRAPH, TEST] },
        })
    },
};

const FIX_ALL: &str = "source.fixAll";
const KINDS: [&str; 5] = ["quickfix", "refactor", "refactor.extract", "refactor.rewrite", FIX_ALL];

/// Draws workflows: `{ uri, workflow?, format?: "svg" | "mermaid" }` → `{ pictures: [{ name, text }] }`.
const GRAPH: &str = "onward.graph";
/// How the tests of a project are run, which the client does:
/// `{ uri, name? }` → `{ folder, arguments }`.
const TEST: &str = "onward.test";

/// The protocol's name of a sort.
fn kind(sort: ActionSort) -> &'static str {
    match sort {
        ActionSort::Fix => "quickfix",
        ActionSort::Extract => "refactor.extract",
        ActionSort::Rewrite => "refactor.rewrite",
        ActionSort::Other => "refactor",
    }
}

/// Whether actions of a kind are asked for: kinds are hierarchical.
fn wants(only: Option<&[lsp::CodeActionKind]>, kind: &str) -> bool {
    let Some(only) = only else { return kind != FIX_ALL };
    only.iter().any(|it| {
        let rest = kind.strip_prefix(it.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || it.as_str().is_empty())
    })
}

fn actions(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::CodeActionParams = params(value)?;
    let Some((project, file)) = snapshot.file(it.text_document.uri.as_str()) else { return Ok(Value::Null) };
    // The catalogue cannot be changed.
    if project.file(&file.path).is_none() {
        return Ok(json!([]));
    }
    let range = bytes(file, it.range, snapshot.encoding);
    let only = it.context.only.as_deref();
    let mut found = Vec::new();
    if wants(only, "quickfix") {
        found.extend(fixes(snapshot, client, project, file, range.clone()));
    }
    for action in act::at(project, file, range) {
        let kind = kind(action.sort);
        if let (true, Some(edit)) = (wants(only, kind), workspace_edit(snapshot, client, &action.changes)) {
            found.push(json!({ "title": action.title, "kind": kind, "edit": edit }));
        }
    }
    if wants(only, FIX_ALL) {
        let edits = fix::all(project, file);
        let change = Change::Edits(file.uri.clone(), edits.clone());
        if let (false, Some(edit)) = (edits.is_empty(), workspace_edit(snapshot, client, &[change])) {
            found
                .push(json!({ "title": "Apply every safe fix of this file", "kind": FIX_ALL, "edit": edit }));
        }
    }
    Ok(found.into())
}

/// Each fix of each mistake at a place.
fn fixes(
    snapshot: &Snapshot,
    client: &Client,
    project: &Project,
    file: &File,
    range: std::ops::Range<usize>,
) -> Vec<Value> {
    let mut found = Vec::new();
    for mistake in fix::mistakes(project, file, range) {
        let told = diagnostics::written(mistake, snapshot, client, project);
        for fix in &mistake.fixes {
            let changes = fix::changes(snapshot, project, fix).unwrap_or_default();
            let Some(edit) = workspace_edit(snapshot, client, &changes) else { continue };
            if changes.is_empty() {
                continue;
            }
            found.push(json!({
                "title": sentence(&fix.title),
                "kind": "quickfix",
                "diagnostics": [told],
                "isPreferred": fix.applicability == Applicability::Safe,
                "edit": edit,
            }));
        }
    }
    found
}

/// With a capital letter, as editors write their menus.
fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn command(snapshot: &Snapshot, client: &Client, value: Value) -> Result<Value, Error> {
    let it: lsp::ExecuteCommandParams = params(value)?;
    let first = it.arguments.into_iter().next().unwrap_or_default();
    match it.command.as_str() {
        GRAPH => graph(snapshot, client, params(first)?),
        TEST => test(snapshot, params(first)?),
        other => Err(Error::invalid_params(format!("there is no command `{other}`"))),
    }
}

#[derive(Deserialize)]
struct Graph {
    uri: String,
    workflow: Option<String>,
    #[serde(default)]
    format: Form,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    #[default]
    Svg,
    Mermaid,
}

fn graph(snapshot: &Snapshot, _: &Client, wanted: Graph) -> Result<Value, Error> {
    let found = snapshot.file(&wanted.uri);
    let (project, file) =
        found.ok_or_else(|| Error::invalid_params(format!("`{}` is not open", wanted.uri)))?;
    let checked = project.checked();
    let Some(hir) = &checked.hir else {
        return Err(Error::invalid_params("the project has errors; mend them first".to_owned()));
    };
    let words = |span: Span| {
        let source = checked.sources.get(span.file.0 as usize);
        source.and_then(|it| it.text.get(span.range())).unwrap_or_default().to_owned()
    };
    let number = project.number(&file.path);
    let drawn = hir.workflows.values().filter(|it| match &wanted.workflow {
        Some(name) => **name == *it.name,
        None => Some(it.span.file) == number,
    });
    let pictures = drawn.map(|workflow| {
        let flow = Flow::of(hir, workflow, &words);
        let text = match wanted.format {
            Form::Svg => flow.svg(),
            Form::Mermaid => flow.mermaid(),
        };
        json!({ "name": &*workflow.name, "text": text })
    });
    Ok(json!({ "pictures": pictures.collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
struct Test {
    uri: String,
    name: Option<String>,
}

fn test(snapshot: &Snapshot, wanted: Test) -> Result<Value, Error> {
    let found = snapshot.file(&wanted.uri);
    let (project, _) = found.ok_or_else(|| Error::invalid_params(format!("`{}` is not open", wanted.uri)))?;
    if path_of(&wanted.uri).is_none() {
        return Err(Error::invalid_params("the file has to be saved first".to_owned()));
    }
    let mut arguments = vec!["test".to_owned(), ".".to_owned()];
    if let Some(name) = wanted.name {
        arguments.extend(["--name".to_owned(), name]);
    }
    Ok(json!({ "folder": project.root, "arguments": arguments }))
}
