//! The proof of declarations: names, types, actions. It must not know code.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::{Place, request_functions, signature};
use crate::{
    ActionDecl, ArtifactError, FieldDecl, Kind, Program, Scalar, StatusRange, Transport, Type, Unsure,
};

type Proof = Result<(), ArtifactError>;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Proves the declarations but workflows.
pub(super) fn check(program: &Program) -> Proof {
    let place = Place::new("the project");
    place.ensure(TimeZone::get(&program.project.timezone).is_ok(), "its time zone is none")?;
    place.unique(program.events.iter().map(|event| &*event.name))?;
    place.unique(program.entities.iter().map(|entity| &*entity.name))?;
    place.unique(program.teams.iter().map(|team| &*team.name))?;
    place.unique(program.actions.iter().map(|action| &*action.name))?;
    place.unique(program.workflows.iter().map(|workflow| &*workflow.name))?;
    for built_in in ["contact", "account"] {
        place.ensure(is_entity(program, built_in), "a built-in entity is not declared")?;
    }
    for event in &program.events {
        let place = Place::new(format!("event `{}`", event.name));
        place.ensure(is_entity(program, &event.about), "it is about an entity that is not declared")?;
        fields(program, &event.fields, &place)?;
    }
    for entity in &program.entities {
        fields(program, &entity.attributes, &Place::new(format!("entity `{}`", entity.name)))?;
    }
    program.actions.iter().try_for_each(|decl| action(program, decl))
}

/// Whether an entity of this name is declared.
pub(super) fn is_entity(program: &Program, name: &str) -> bool {
    program.entities.iter().any(|entity| &*entity.name == name)
}

fn fields(program: &Program, fields: &[FieldDecl], place: &Place) -> Proof {
    place.unique(fields.iter().map(|field| &*field.name))?;
    fields.iter().try_for_each(|field| type_is_sane(program, &field.ty, place))
}

/// A set has members, all different; a reference is to a declared entity.
pub(super) fn type_is_sane(program: &Program, ty: &Type, place: &Place) -> Proof {
    let (Type::One(scalar) | Type::List(scalar)) = ty;
    match scalar {
        Scalar::OneOf(set) | Scalar::Ordered(set) => {
            let distinct: BTreeSet<_> = set.iter().collect();
            place.ensure(
                !set.is_empty() && distinct.len() == set.len(),
                "a set of texts is empty or repeats one",
            )
        }
        Scalar::Entity(kind) => {
            place.ensure(is_entity(program, kind), "a type is an entity that is not declared")
        }
        _ => Ok(()),
    }
}

fn action(program: &Program, decl: &ActionDecl) -> Proof {
    let place = Place::new(format!("action `{}`", decl.name));
    fields(program, &decl.params, &place)?;
    let params: Vec<Kind> = decl.params.iter().map(|param| param.ty.kind()).collect();
    for (function, kind) in request_functions(decl) {
        signature(program, function, &params, kind, &place)?;
    }
    place.unique(decl.result.iter().map(|(field, _)| &*field.name))?;
    for (field, function) in &decl.result {
        type_is_sane(program, &field.ty, &place)?;
        signature(program, *function, &[Kind::Json], Some(field.ty.kind()), &place)?;
    }
    if let Unsure::RetryWithKey(header) = &decl.unsure {
        place.ensure(is_header(header), "the header of its key has no valid name")?;
    }
    let Transport::Http { method, headers, expect, retry, timeout, .. } = &decl.transport else {
        return Ok(());
    };
    place.ensure(METHODS.contains(&&**method), "its method is none of HTTP")?;
    place.ensure(headers.iter().all(|(name, _)| is_header(name)), "a header has no valid name")?;
    place.ensure(expect.iter().chain(retry).all(is_status), "a status is none of HTTP")?;
    place.ensure(timeout.nominal_millis() > 0, "its timeout is no time at all")
}

/// A token (RFC 9110, 5.6.2).
fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_status(range: &StatusRange) -> bool {
    100 <= range.first && range.first <= range.last && range.last <= 599
}
