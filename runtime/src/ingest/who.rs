//! Whom something from a stranger is about: an id or keys, and attributes beside them.

use std::sync::Arc;

use onward_bytecode::{Program, Scalar, Type, Value};
use onward_engine::model::Fields;
use serde_json::Value as Json;

use super::members::{Check, Members, check, key, wrong};
use super::refusal::{Refusal, article, nearest};
use crate::store::{IdentityKey, Namespace, Who};

/// An entity as a sender names it, with what the sender tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub(super) who: Who,
    pub(super) attributes: Fields,
}

/// Reads `"ana"` or `{"id": "ana", "email": …, attributes}` at `place`.
pub(super) fn named(
    json: Json,
    kind: &str,
    place: &str,
    program: Option<&Program>,
) -> Result<Named, Refusal> {
    match json {
        Json::String(id) => {
            key(&id, place)?;
            Ok(Named { who: Who::id(kind, id), attributes: Fields::new() })
        }
        Json::Object(members) => object(members, kind, place, program),
        other => {
            let help = match &other {
                Json::Number(number) => format!("write it as a text: `\"{number}\"`"),
                _ => format!("name the {kind} by its id, or by an object with `id` or `email`"),
            };
            Err(wrong(place, "an id or an object", &other).help(help))
        }
    }
}

fn object(members: Fields, kind: &str, place: &str, program: Option<&Program>) -> Result<Named, Refusal> {
    let mut members = Members::new(members, place);
    let id = members.text("id")?;
    let anonymous = members.text("anonymous_id")?;
    let attributes = members.rest();
    if let Some(entity) =
        program.and_then(|program| program.entities.iter().find(|entity| *entity.name == *kind))
    {
        check(&attributes, &entity.attributes, place, Check::Part)?;
    }
    let mut keys = Vec::new();
    keys.extend(id.map(|id| IdentityKey::new(Namespace::Id, id)));
    keys.extend(contact_keys(&attributes, kind, place)?);
    keys.extend(anonymous.map(|id| IdentityKey::new(Namespace::Anonymous, id)));
    if keys.is_empty() {
        let message = format!("`{place}` names nobody");
        let help = if kind == "contact" {
            "give an `id`, `email`, `phone` or `anonymous_id`".to_owned()
        } else {
            "give an `id`".to_owned()
        };
        return Err(Refusal::new("nobody", message).at(place).help(help));
    }
    Ok(Named { who: Who { kind: kind.into(), keys }, attributes })
}

/// A contact's address and number name it too.
pub(super) fn contact_keys(
    attributes: &Fields,
    kind: &str,
    place: &str,
) -> Result<Vec<IdentityKey>, Refusal> {
    let mut keys = Vec::new();
    if kind != "contact" {
        return Ok(keys);
    }
    for (name, namespace, scalar) in
        [("email", Namespace::Email, Scalar::Email), ("phone", Namespace::Phone, Scalar::Phone)]
    {
        if let Some(value) = attributes.get(name).filter(|value| !value.is_null()) {
            let path = format!("{place}.{name}");
            let ty = Type::One(scalar);
            super::members::typed(value, &ty, &path)?;
            if let Ok(Value::Text(text)) = Value::from_json(value, &ty) {
                keys.push(IdentityKey::new(namespace, text));
            }
        }
    }
    Ok(keys)
}

/// Refuses a kind of entity that nobody declared.
pub(super) fn declared(kind: &str, program: Option<&Program>, place: &str) -> Result<(), Refusal> {
    let names: Vec<&Arc<str>> =
        program.iter().flat_map(|program| &program.entities).map(|entity| &entity.name).collect();
    let known = || names.iter().map(|name| &***name).chain(["contact", "account"]);
    if known().any(|name| name == kind) {
        return Ok(());
    }
    let message = format!("no {} `{kind}` is declared", "entity");
    let refusal = Refusal::new("unknown_entity", message).at(place);
    Err(match nearest(kind, known()) {
        Some(near) => refusal.help(format!("did you mean `{near}`?")),
        None => refusal.help(format!("declare it: `entity {kind} {{ … }}`")),
    })
}

/// `names a contact`, for a sentence.
pub(super) fn missing(kind: &str, event: &str) -> Refusal {
    let message = format!("`{kind}` is missing: `{event}` is about {} {kind}", article(kind));
    Refusal::new("missing", message).at(kind).help(if kind == "contact" {
        "give an id, or an object with `id`, `email`, `phone` or `anonymous_id`".to_owned()
    } else {
        format!("give the id of the {kind}, or an object with `id`")
    })
}
