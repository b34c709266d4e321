//! The proof of declarations: names, types, actions. It must not know code.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::{Place, answer_functions, request_functions, signature};
use crate::{
    ActionDecl, ArtifactError, EntityDecl, EventDecl, FieldDecl, Kind, Program, Scalar, StatusRange,
    Transport, Type, Unsure,
};

type Proof = Result<(), ArtifactError>;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// What is declared, by name.
pub(super) struct Known<'p> {
    /// The program that declares it.
    pub(super) program: &'p Program,
    /// Its entities.
    pub(super) entities: BTreeMap<&'p str, &'p EntityDecl>,
    /// Its events.
    pub(super) events: BTreeMap<&'p str, &'p EventDecl>,
    /// Its teams.
    pub(super) teams: BTreeSet<&'p str>,
}

/// Proves the declarations but workflows.
pub(super) fn check(program: &Program) -> Result<Known<'_>, ArtifactError> {
    let place = Place::new("the project");
    place.ensure(TimeZone::get(&program.project.timezone).is_ok(), "its time zone is none")?;
    place.unique(program.actions.iter().map(|action| &*action.name))?;
    place.unique(program.workflows.iter().map(|workflow| &*workflow.name))?;
    place.unique(program.segments.iter().map(|segment| &*segment.name))?;
    place.unique(program.sources.iter().map(|source| &*source.name))?;
    place.unique(program.sources.iter().map(|source| &*source.path))?;
    place.unique(program.events.iter().map(|event| &*event.name))?;
    place.unique(program.entities.iter().map(|entity| &*entity.name))?;
    let known = Known {
        program,
        entities: program.entities.iter().map(|entity| (&*entity.name, entity)).collect(),
        events: program.events.iter().map(|event| (&*event.name, event)).collect(),
        teams: place.unique(program.teams.iter().map(|team| &*team.name))?,
    };
    for built_in in ["contact", "account"] {
        place.ensure(known.entities.contains_key(built_in), "a built-in entity is not declared")?;
    }
    for event in &program.events {
        let place = Place::new(format!("event `{}`", event.name));
        place.ensure(
            known.entities.contains_key(&*event.about),
            "it is about an entity that is not declared",
        )?;
        fields(&known, &event.fields, &place)?;
    }
    for entity in &program.entities {
        fields(&known, &entity.attributes, &Place::new(format!("entity `{}`", entity.name)))?;
    }
    program.actions.iter().try_for_each(|decl| action(&known, decl))?;
    Ok(known)
}

/// Names that are all different, and types that are some.
pub(super) fn fields(known: &Known<'_>, fields: &[FieldDecl], place: &Place) -> Proof {
    place.unique(fields.iter().map(|field| &*field.name))?;
    fields.iter().try_for_each(|field| type_is_sane(known, &field.ty, place))
}

impl<'p> Known<'p> {
    /// An attribute that is declared.
    pub(super) fn attribute(&self, kind: &str, name: &str) -> Option<&'p FieldDecl> {
        let entity = self.entities.get(kind)?;
        entity.attributes.iter().find(|attribute| *attribute.name == *name)
    }
}

/// A set has members, all different; a reference is to a declared entity.
pub(super) fn type_is_sane(known: &Known<'_>, ty: &Type, place: &Place) -> Proof {
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
            place.ensure(known.entities.contains_key(&**kind), "a type is an entity that is not declared")
        }
        _ => Ok(()),
    }
}

fn action(known: &Known<'_>, decl: &ActionDecl) -> Proof {
    let place = Place::new(format!("action `{}`", decl.name));
    fields(known, &decl.params, &place)?;
    let params: Vec<Kind> = decl.params.iter().map(|param| param.ty.kind()).collect();
    for (function, kind) in request_functions(decl) {
        signature(known.program, function, &params, kind, &place)?;
    }
    place.unique(decl.result.iter().map(|(field, _)| &*field.name))?;
    for (field, _) in &decl.result {
        type_is_sane(known, &field.ty, &place)?;
    }
    for (function, kind) in answer_functions(decl) {
        signature(known.program, function, &[Kind::Json], Some(kind), &place)?;
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
