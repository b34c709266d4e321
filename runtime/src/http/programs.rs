//! Deploying: an artifact comes in, is verified, and is live.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use onward_bytecode::MAX_ARTIFACT;
use onward_engine::model::Edges;
use serde_json::{Value, json};

use super::Api;
use super::answer::{Answer, Problem};
use super::request::{Params, bytes};
use crate::programs::{DeployError, LibraryError};

pub(super) async fn deploy(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    mut params: Params,
    body: Body,
) -> Answer {
    let by = params.take("by").unwrap_or_else(|| "api".to_owned());
    let edges = match params.take("edges").as_deref() {
        None | Some("silent") => Edges::Silent,
        Some("fire") => Edges::Fire,
        Some(other) => {
            return Err(Problem::bad("edges", format!("`edges` is `{other}`"))
                .at("edges")
                .help("give `fire` or `silent`"));
        }
    };
    params.end("`by` and `edges`")?;
    let bytes = bytes(&headers, body, MAX_ARTIFACT).await?;
    let deployed = api.library.deploy(&*api.store, bytes.to_vec(), &by, api.clock.now(), edges).await?;
    api.signals.facts();
    api.signals.intents();
    let program = deployed.program.program();
    let workflows: Vec<&str> = program.workflows.iter().map(|workflow| &*workflow.name).collect();
    Ok(Json(json!({
        "hash": deployed.program.hash().to_string(),
        "workflows": workflows,
        "previous": deployed.previous.map(|hash| hash.to_string()),
        "fill": deployed.fill,
    })))
}

/// How far entities that were there are watched for the last deployment that watches something new.
pub(super) async fn fills(State(api): State<Arc<Api>>, params: Params) -> Answer {
    params.end("none")?;
    let fills = api.store.fills().await?;
    let open = fills.iter().any(|fill| fill.done < fill.total);
    Ok(Json(json!({ "fills": fills, "open": open })))
}

pub(super) async fn list(State(api): State<Arc<Api>>, mut params: Params) -> Answer {
    let limit = params.limit(20, 500)?;
    params.end("`limit`")?;
    let deployments = api.store.deployments(limit).await?;
    let programs: Vec<Value> = deployments
        .iter()
        .map(|it| json!({ "number": it.number, "hash": it.hash.to_string(), "at": it.at.to_string(), "by": &*it.by }))
        .collect();
    Ok(Json(json!({ "programs": programs })))
}

impl From<DeployError> for Problem {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Artifact(error) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_program", error.to_string())
            }
            DeployError::Library(LibraryError::Store(error)) => error.into(),
            DeployError::Library(error @ LibraryError::Unusable { .. }) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the live program cannot be used");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "program", error.to_string())
            }
        }
    }
}
