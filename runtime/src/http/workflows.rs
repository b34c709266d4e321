//! `POST /v1/workflows/NAME/pause`, `resume` and `disable`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;

use super::Api;
use super::answer::{Answer, Problem};
use super::request::Params;
use super::stats::{no_workflow, state};
use crate::store::Switch;

pub(super) async fn pause(api: State<Arc<Api>>, name: Path<String>, params: Params) -> Answer {
    turn(api, name, params, Some(Switch::Paused)).await
}

pub(super) async fn resume(api: State<Arc<Api>>, name: Path<String>, params: Params) -> Answer {
    turn(api, name, params, None).await
}

pub(super) async fn disable(api: State<Arc<Api>>, name: Path<String>, params: Params) -> Answer {
    turn(api, name, params, Some(Switch::Disabled)).await
}

async fn turn(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    mut params: Params,
    to: Option<Switch>,
) -> Answer {
    let by = params.take("by").unwrap_or_else(|| "api".to_owned());
    params.end("`by`")?;
    let live = api.library.live();
    let workflow = live.as_ref().and_then(|live| live.workflow(&name));
    let before = api.store.switches().await?.remove(name.as_str());
    if workflow.is_none() && before.is_none() && api.store.tallies(Some(&name)).await?.is_empty() {
        return Err(no_workflow(&api, &name));
    }
    let now = api.clock.now();
    api.store.switch(&name, to, &by, now).await?;
    api.library.refresh(&*api.store).await.map_err(unrefreshed)?;
    api.signals.facts();
    api.signals.intents();
    let after = api.store.switches().await?.remove(name.as_str());
    Ok(Json(json!({
        "workflow": name,
        "state": state(workflow, after.as_ref()),
        "before": state(workflow, before.as_ref()),
    })))
}

fn unrefreshed(error: crate::programs::LibraryError) -> Problem {
    crate::programs::DeployError::Library(error).into()
}
