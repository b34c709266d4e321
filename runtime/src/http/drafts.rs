//! Messages that wait for a person: looked at, changed, let go or given up.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use onward_bytecode::{ActionDecl, Presence, Value as Typed};
use onward_engine::model::{Intent, Snapshot};
use serde_json::{Map, Value, json};

use super::Api;
use super::answer::{Answer, Problem};
use super::parked::Which;
use super::request::{BODY, Params, bytes, object};
use super::runs::{names, subject_json};
use crate::ingest::nearest;
use crate::store::{Effect, EffectFilter, EffectState};

/// The member of a message that is derived from its text.
const HTML: &str = "html";
const TEXT: &str = "text";

pub(super) async fn list(State(api): State<Arc<Api>>, mut params: Params) -> Answer {
    let which = Which { keys: Vec::new(), workflow: params.take("workflow"), action: params.take("action") };
    params.end("`workflow` and `action`")?;
    let filter = EffectFilter { state: Some(EffectState::Draft), ..which.filter() };
    let drafts = api.store.effects(&filter).await?;
    let known = names(&api, drafts.iter().map(|draft| &draft.intent.subject)).await?;
    let mut shown = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        let action = action(&api, &draft.intent).await?;
        shown.push(draft_json(&draft.intent, action.as_ref(), &known));
    }
    Ok(Json(json!({ "drafts": shown })))
}

pub(super) async fn one(State(api): State<Arc<Api>>, Path(key): Path<String>) -> Answer {
    let draft = find(&api, &key).await?;
    shown(&api, &draft.intent).await
}

pub(super) async fn edit(
    State(api): State<Arc<Api>>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let mut members = object(&bytes(&headers, body, BODY).await?)?;
    let changes = match members.remove("arguments") {
        Some(Value::Object(changes)) => changes,
        Some(_) => return Err(Problem::bad("wrong_type", "`arguments`: expected an object").at("arguments")),
        None => {
            let problem = Problem::bad("missing", "`arguments` is missing: what is to be changed");
            return Err(problem.at("arguments").help("such as `{\"arguments\": {\"subject\": \"Hello\"}}`"));
        }
    };
    if let Some(name) = members.keys().next() {
        return Err(Problem::bad("unknown_member", format!("there is no member `{name}`"))
            .at(name)
            .help("there is `arguments`"));
    }
    let mut draft = find(&api, &key).await?;
    let action = action(&api, &draft.intent).await?.ok_or_else(|| {
        let message = format!("its program has no action `{}` any more", draft.intent.action);
        Problem::new(StatusCode::CONFLICT, "no_action", message)
    })?;
    change(&action, &mut draft.intent.arguments, changes)?;
    api.store.edit_draft(&key, &draft.intent.arguments).await?;
    shown(&api, &draft.intent).await
}

pub(super) async fn approve(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let which = Which::read(&bytes(&headers, body, BODY).await?)?;
    let changed = api.store.approve_drafts(&which.filter(), api.clock.now()).await?;
    api.signals.intents();
    Ok(Json(json!({ "changed": changed.len(), "keys": changed })))
}

pub(super) async fn discard(State(api): State<Arc<Api>>, headers: HeaderMap, body: Body) -> Answer {
    let which = Which::read(&bytes(&headers, body, BODY).await?)?;
    let changed = api.store.discard_drafts(&which.filter(), "discarded by a person", api.clock.now()).await?;
    api.signals.facts();
    Ok(Json(json!({ "changed": changed.len(), "keys": changed })))
}

async fn find(api: &Api, key: &str) -> Result<Effect, Problem> {
    let filter = EffectFilter { keys: vec![key.into()], ..EffectFilter::default() };
    let found = api.store.effects(&filter).await?.into_iter().next();
    let none = |message: String| {
        Err(Problem::new(StatusCode::NOT_FOUND, "no_draft", message).help("`onward drafts` lists them"))
    };
    match found {
        Some(effect) if effect.state == EffectState::Draft => Ok(effect),
        Some(effect) => {
            let state = serde_json::to_value(effect.state).unwrap_or_default();
            let state = state.as_str().unwrap_or("decided").to_owned();
            none(format!("`{key}` does not wait for a person any more: it is {state}"))
        }
        None => none(format!("there is no draft `{key}`")),
    }
}

/// The action of an intent, in the intent's own program.
async fn action(api: &Api, intent: &Intent) -> Result<Option<ActionDecl>, Problem> {
    let program = match api.library.load(&*api.store, intent.program).await {
        Ok(program) => program,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a draft's program cannot be read");
            return Ok(None);
        }
    };
    Ok(program.program().actions.iter().find(|action| action.name == intent.action).cloned())
}

async fn shown(api: &Api, intent: &Intent) -> Answer {
    let known = names(api, [&intent.subject]).await?;
    let action = action(api, intent).await?;
    let mut shown = draft_json(intent, action.as_ref(), &known);
    if let (Value::Object(members), Some(action)) = (&mut shown, &action) {
        let param = |(param, value): (&onward_bytecode::FieldDecl, &Value)| {
            json!({
                "name": &*param.name, "type": param.ty.to_string(),
                "optional": param.presence == Presence::Optional, "value": value, "docs": &*param.docs,
            })
        };
        let params = action.params.iter().zip(&intent.arguments).map(param).collect();
        members.insert("parameters".to_owned(), Value::Array(params));
    }
    Ok(Json(shown))
}

fn draft_json(intent: &Intent, action: Option<&ActionDecl>, known: &Snapshot) -> Value {
    let arguments: Map<String, Value> = match action {
        Some(action) => {
            let named = action.params.iter().zip(&intent.arguments);
            named.map(|(param, value)| (param.name.to_string(), value.clone())).collect()
        }
        None => intent
            .arguments
            .iter()
            .zip(1..)
            .map(|(value, number)| (format!("{number}"), value.clone()))
            .collect(),
    };
    json!({
        "key": &*intent.key, "run": &*intent.run, "workflow": &*intent.workflow, "step": &*intent.step,
        "subject": subject_json(&intent.subject, known), "action": &*intent.action,
        "channel": intent.channel.as_deref(), "due": intent.due.to_string(), "arguments": arguments,
        "person": intent.draft.as_ref().and_then(|draft| draft.person.as_deref()),
    })
}

/// Where a change goes: a parameter, or a part of a message.
struct Place {
    param: usize,
    member: Option<String>,
}

/// Changes arguments, each as its parameter wants it.
fn change(action: &ActionDecl, arguments: &mut [Value], changes: Map<String, Value>) -> Result<(), Problem> {
    let (mut texts, mut htmls) = (Vec::new(), Vec::new());
    for (name, value) in changes {
        let Place { param, member } = place(action, arguments, &name)?;
        let (Some(decl), Some(argument)) = (action.params.get(param), arguments.get_mut(param)) else {
            return Err(unknown(action, arguments, &name));
        };
        let Some(member) = member else {
            *argument = typed(decl, &name, &value)?;
            continue;
        };
        match member.as_str() {
            TEXT => texts.push(param),
            HTML => htmls.push(param),
            _ => {}
        }
        put(argument, member, &name, value)?;
    }
    // The HTML was made of the text that was there before: the mail goes out as plain text.
    for param in texts.into_iter().filter(|param| !htmls.contains(param)) {
        if let Some(Value::Object(members)) = arguments.get_mut(param) {
            members.remove(HTML);
        }
    }
    Ok(())
}

fn typed(decl: &onward_bytecode::FieldDecl, name: &str, value: &Value) -> Result<Value, Problem> {
    match Typed::from_json(value, &decl.ty) {
        Ok(Typed::Missing) if decl.presence == Presence::Required => {
            let message = format!("`{name}` cannot be left out: it is {}", decl.ty);
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "missing", message).at(name))
        }
        Ok(typed) => Ok(typed.to_json()),
        Err(misfit) => {
            let message = format!("`{name}`: expected {}, got {}", misfit.expected, misfit.got);
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_type", message).at(name))
        }
    }
}

/// Writes a part of a message: a text, or nothing where nothing was.
fn put(message: &mut Value, member: String, name: &str, value: Value) -> Result<(), Problem> {
    let Value::Object(members) = message else {
        return Err(Problem::bad("wrong_type", format!("`{name}` has no parts")).at(name));
    };
    let fits = value.is_string() || (value.is_null() && member != TEXT && member != "subject");
    if !fits {
        let message = format!("`{name}`: expected a text");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_type", message).at(name));
    }
    if value.is_null() {
        members.remove(&member);
    } else {
        members.insert(member, value);
    }
    Ok(())
}

/// `to`, `message.subject`, or `subject` alone if one message has it.
fn place(action: &ActionDecl, arguments: &[Value], name: &str) -> Result<Place, Problem> {
    if let Some(param) = action.params.iter().position(|param| &*param.name == name) {
        return Ok(Place { param, member: None });
    }
    let has = |param: usize, member: &str| {
        arguments.get(param).is_some_and(|argument| argument.get(member).is_some())
    };
    if let Some((first, member)) = name.split_once('.')
        && let Some(param) = action.params.iter().position(|param| &*param.name == first)
        && has(param, member)
    {
        return Ok(Place { param, member: Some(member.to_owned()) });
    }
    let mut owners = (0..arguments.len()).filter(|param| has(*param, name));
    match (owners.next(), owners.next()) {
        (Some(param), None) => Ok(Place { param, member: Some(name.to_owned()) }),
        _ => Err(unknown(action, arguments, name)),
    }
}

fn unknown(action: &ActionDecl, arguments: &[Value], name: &str) -> Problem {
    let members = arguments.iter().filter_map(Value::as_object).flat_map(Map::keys).map(String::as_str);
    let known: Vec<&str> = action.params.iter().map(|param| &*param.name).chain(members).collect();
    let problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "unknown_argument",
        format!("`{}` has no argument `{name}`", action.name),
    )
    .at(name);
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("it has `{}`", known.join("`, `"))),
    }
}
