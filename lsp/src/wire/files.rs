//! Files that exist nowhere but here: the catalogue, as `onward:/std/crm.onward`.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Error;

use super::{Area, Client};
use crate::snapshot::{Snapshot, catalogue};

pub(super) const AREA: Area = Area {
    // The second is LSP 3.18's.
    answers: &[("onward/source", source), ("workspace/textDocumentContent", source)],
    promises: |_| json!({ "workspace": { "textDocumentContent": { "schemes": ["onward"] } } }),
};

/// `{ uri }` → `{ text }`
fn source(_: &Snapshot, _: &Client, value: Value) -> Result<Value, Error> {
    let uri = value.get("uri").and_then(Value::as_str).unwrap_or_default();
    match catalogue().iter().find(|it| *it.uri == *uri) {
        Some(file) => Ok(json!({ "text": &*file.text })),
        None => Err(Error::invalid_params(format!("there is no `{uri}`"))),
    }
}
