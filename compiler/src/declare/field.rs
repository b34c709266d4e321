//! Fields, parameters and the types that are written for them.
//!
//! It must not know whose fields they are.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Presence, Scalar, Type};

use super::{Author, Field, Fields, Param, ParamKind};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::nearest::nearest;
use crate::plain::plain_text;
use crate::report::Report;
use crate::syntax::ast::{self, AstNode as _, Origin, StringLit, TypeExpr};
use crate::uses::Thing;

/// The names of types that are no entities.
const SCALARS: [(&str, Scalar); 12] = [
    ("text", Scalar::Text),
    ("number", Scalar::Number),
    ("bool", Scalar::Bool),
    ("date", Scalar::Date),
    ("time", Scalar::Time),
    ("clock", Scalar::Clock),
    ("duration", Scalar::Duration),
    ("email", Scalar::Email),
    ("phone", Scalar::Phone),
    ("url", Scalar::Url),
    ("timezone", Scalar::Timezone),
    ("json", Scalar::Json),
];

/// What people call a type elsewhere, and its name here.
const ELSEWHERE: [(&str, &str); 18] = [
    ("string", "text"),
    ("str", "text"),
    ("varchar", "text"),
    ("int", "number"),
    ("integer", "number"),
    ("float", "number"),
    ("decimal", "number"),
    ("money", "number"),
    ("boolean", "bool"),
    ("datetime", "time"),
    ("timestamp", "time"),
    ("moment", "time"),
    ("interval", "duration"),
    ("uri", "url"),
    ("link", "url"),
    ("object", "json"),
    ("any", "json"),
    ("tz", "timezone"),
];

/// Whether `name` is the name of a type that is no entity.
pub(super) fn is_scalar(name: &str) -> bool {
    SCALARS.iter().any(|(it, _)| *it == name)
}

/// Reads types; knows which entities there are.
pub(super) struct TypeReader<'a> {
    pub(super) entities: &'a [Arc<str>],
    pub(super) report: &'a mut Report,
    pub(super) origin: Origin,
}

/// A type as read, and whether a `?` stood behind it.
struct Read {
    kind: Option<ParamKind>,
    presence: Presence,
}

impl TypeReader<'_> {
    /// The fields of an event, or the attributes of an entity if `presence` is optional.
    pub(super) fn fields(
        &mut self,
        fields: impl Iterator<Item = ast::Field>,
        author: Author,
        presence: Presence,
    ) -> Fields {
        let mut found = Fields::new();
        for field in fields {
            let Some(name) = field.name() else { continue };
            let span = name.span(self.origin);
            let text: Arc<str> = name.text().into();
            let read = field.ty().map(|ty| self.field_type(&ty));
            if let Some(first) = found.get(&text) {
                self.report.push(twice(&text, span, first.span));
                continue;
            }
            // A field without a type that was understood could be left out, too.
            let (ty, mark) = read.unwrap_or((None, Presence::Optional));
            let presence = if presence == Presence::Optional { presence } else { mark };
            let docs = field.docs().unwrap_or_default().into();
            found.insert(text.clone(), Field { name: text, ty, presence, docs, span, author });
        }
        found
    }

    /// The parameters of an action.
    pub(super) fn params(&mut self, params: impl Iterator<Item = ast::Param>) -> IndexMap<Arc<str>, Param> {
        let mut found: IndexMap<Arc<str>, Param> = IndexMap::new();
        for param in params {
            let Some(name) = param.name() else { continue };
            let span = name.span(self.origin);
            let text: Arc<str> = name.text().into();
            let read = param.ty().map(|ty| self.read(&ty));
            if let Some(first) = found.get(&text) {
                self.report.push(twice(&text, span, first.span));
                continue;
            }
            let presence = read.as_ref().map_or(Presence::Required, |it| it.presence);
            found.insert(
                text.clone(),
                Param {
                    name: text,
                    kind: read.and_then(|it| it.kind),
                    presence,
                    default: param.default(),
                    docs: param.docs().unwrap_or_default().into(),
                    span,
                },
            );
        }
        found
    }

    fn field_type(&mut self, ty: &TypeExpr) -> (Option<Type>, Presence) {
        let read = self.read(ty);
        match read.kind {
            Some(ParamKind::Value(ty)) => (Some(ty), read.presence),
            None => (None, read.presence),
            Some(other) => {
                let span = ty.span(self.origin);
                let message = format!("a field cannot hold a {}", special(&other));
                self.report.push(
                    Diagnostic::error(codes::BAD_TYPE, span, message)
                        .help("only a parameter of an action takes one; a field holds its name as `text`"),
                );
                (None, read.presence)
            }
        }
    }

    fn read(&mut self, ty: &TypeExpr) -> Read {
        match ty {
            TypeExpr::Optional(optional) => {
                let kind = optional.inner().and_then(|inner| self.bare(&inner));
                Read { kind, presence: Presence::Optional }
            }
            // `list of text?`: the list may be missing, an item never is.
            TypeExpr::List(list) if matches!(list.item(), Some(TypeExpr::Optional(_))) => {
                let item = list.item().and_then(|item| match item {
                    TypeExpr::Optional(optional) => optional.inner(),
                    _ => None,
                });
                Read { kind: item.and_then(|item| self.list(&item)), presence: Presence::Optional }
            }
            other => Read { kind: self.bare(other), presence: Presence::Required },
        }
    }

    fn bare(&mut self, ty: &TypeExpr) -> Option<ParamKind> {
        match ty {
            TypeExpr::Named(named) => self.named(&named.name()?),
            TypeExpr::List(list) => self.list(&list.item()?),
            TypeExpr::TextSet(set) => {
                self.set(set.members()).map(|it| ParamKind::Value(Type::One(Scalar::OneOf(it))))
            }
            TypeExpr::Ordered(set) => self.ordered(set),
            TypeExpr::Optional(_) => {
                let span = ty.span(self.origin);
                let message = "one `?` already says that the value may be missing";
                self.report
                    .push(Diagnostic::error(codes::BAD_TYPE, span, message).help("remove the second `?`"));
                None
            }
        }
    }

    fn named(&mut self, name: &ast::Name) -> Option<ParamKind> {
        let text = name.text();
        if let Some((_, scalar)) = SCALARS.iter().find(|(it, _)| *it == text) {
            return Some(ParamKind::Value(Type::One(scalar.clone())));
        }
        match text.as_str() {
            "template" => return Some(ParamKind::Template),
            "sender" => return Some(ParamKind::Sender),
            "team" => return Some(ParamKind::Team),
            _ => {}
        }
        if let Some(entity) = self.entities.iter().find(|it| ***it == *text) {
            self.report.used(name.span(self.origin), Thing::Entity(entity.clone()));
            return Some(ParamKind::Value(Type::One(Scalar::Entity(entity.clone()))));
        }
        self.unknown(&text, name.span(self.origin));
        None
    }

    fn unknown(&mut self, text: &str, span: Span) {
        let known = SCALARS.iter().map(|(name, _)| *name).chain(self.entities.iter().map(|it| &**it));
        let elsewhere = ELSEWHERE.iter().find(|(it, _)| text.eq_ignore_ascii_case(it)).map(|(_, name)| *name);
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_TYPE, span, format!("there is no type `{text}`"));
        diagnostic = match elsewhere.or_else(|| nearest(text, known)) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .replace(span, near, Applicability::Unsure),
            None => diagnostic.help(
                "types are text, number, bool, date, time, duration, email, phone, url, timezone, json, `list of …`, a set like `\"a\" | \"b\"`, or an entity",
            ),
        };
        self.report.push(diagnostic);
    }

    fn list(&mut self, item: &TypeExpr) -> Option<ParamKind> {
        let span = item.span(self.origin);
        let mut refuse = |message: &str, help: &str| {
            self.report.push(Diagnostic::error(codes::BAD_TYPE, span, message).help(help));
            None
        };
        match item {
            TypeExpr::List(_) => refuse("a list cannot hold lists", "declare it as `json`"),
            TypeExpr::Optional(_) => refuse("an item of a list is never missing", "remove this `?`"),
            _ => match self.bare(item)? {
                ParamKind::Value(Type::One(scalar)) => Some(ParamKind::Value(Type::List(scalar))),
                ParamKind::Value(Type::List(_)) => None,
                other => {
                    let message = format!("there are no lists of a {}", special(&other));
                    self.report
                        .push(Diagnostic::error(codes::BAD_TYPE, span, message).help("take one at a time"));
                    None
                }
            },
        }
    }

    fn set(&mut self, members: impl Iterator<Item = StringLit>) -> Option<Vec<Arc<str>>> {
        let mut found: Vec<(Arc<str>, Span)> = Vec::new();
        let mut whole = true;
        for member in members {
            let span = member.span(self.origin);
            let text = plain_text(&member, self.origin, "a member of a set", self.report)?;
            if let Some((_, first)) = found.iter().find(|(it, _)| *it == text) {
                self.report.push(
                    Diagnostic::error(codes::BAD_SET, span, format!("`\"{text}\"` stands in this set twice"))
                        .also(*first, "here first")
                        .help("remove one of them"),
                );
                whole = false;
                continue;
            }
            found.push((text, span));
        }
        (whole && !found.is_empty()).then(|| found.into_iter().map(|(text, _)| text).collect())
    }

    fn ordered(&mut self, ordered: &ast::OrderedType) -> Option<ParamKind> {
        let set = self.set(ordered.members())?;
        if set.len() < 2 {
            let span = ordered.span(self.origin);
            self.report.push(
                Diagnostic::error(codes::BAD_SET, span, "an ordered set of one text has no order").help(
                    "name its grades from the lowest to the highest: `ordered \"bad\" < \"poor\" < \"good\"`",
                ),
            );
            return None;
        }
        Some(ParamKind::Value(Type::One(Scalar::Ordered(set))))
    }
}

/// What people call a parameter that takes no value.
fn special(kind: &ParamKind) -> &'static str {
    match kind {
        ParamKind::Template => "template",
        ParamKind::Sender => "sender",
        ParamKind::Team => "team",
        ParamKind::Value(_) => "value",
    }
}

/// The complaint that a field stands twice.
pub(super) fn twice(name: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(codes::FIELD_TWICE, span, format!("`{name}` is declared twice"))
        .also(first, "here first")
        .help("remove one of them, or give it another name")
}
