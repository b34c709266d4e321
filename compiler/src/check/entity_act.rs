//! `create`, `update`, `delete` and `assign`: what a `do` does to entities as a whole.
//!
//! `set` is in [`super::act`]. It must not know steps.

use std::sync::Arc;

use onward_bytecode::{FieldDecl, Kind, Presence, Scalar, Type};

use super::{Checker, Cx, words};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::hir::{Act, Expr};
use crate::nearest::list_names;
use crate::syntax::ast;
use crate::uses::Thing;

impl Checker<'_> {
    pub(super) fn create(&mut self, cx: Cx<'_>, create: &ast::CreateAct) -> Option<Act> {
        let name = create.entity()?;
        let (text, span) = (name.text(), cx.span(&name));
        let declared = self.declared;
        let Some((kind, entity)) = declared.entities.get_key_value(&*text) else {
            self.unknown_entity(&text, span);
            return None;
        };
        self.report.used(span, Thing::Entity(kind.clone()));
        let object = create.fields();
        let fields = match &object {
            Some(object) => self.attributes_given(cx, kind, object)?,
            None => Vec::new(),
        };
        let given = |name: &str| fields.iter().any(|(field, _)| *field.name == *name);
        let missing: Vec<&str> = entity
            .attributes
            .values()
            .filter(|it| it.presence == Presence::Required && !given(&it.name))
            .map(|it| &*it.name)
            .collect();
        if !missing.is_empty() {
            let message =
                format!("{} always has {}", words::entity(kind), list_names(missing.iter().copied(), 4));
            let help = format!("add it: `create {kind} {{ {}: … }}`", missing.join(": …, "));
            return self.error(codes::MISSING_ARGUMENT, span, message, help);
        }
        Some(Act::Create { kind: kind.clone(), fields })
    }

    pub(super) fn update(&mut self, cx: Cx<'_>, update: &ast::UpdateAct) -> Option<Act> {
        let target = update.target().and_then(|it| self.entity_at(cx, &it, "update"));
        let object = update.fields()?;
        let Some((entity, kind)) = target else {
            // The values may have mistakes of their own.
            for (.., value) in self.keys(cx, &object) {
                value.and_then(|it| self.expr(cx, &it));
            }
            return None;
        };
        let fields = self.attributes_given(cx, &kind, &object)?;
        if fields.is_empty() {
            let span = cx.span(update);
            let help = format!("name what changes: `do update {} {{ status: … }}`", self.quote(entity.span));
            return self.error(codes::MISSING_ARGUMENT, span, "this `update` changes nothing", help);
        }
        Some(Act::Update { entity, fields })
    }

    pub(super) fn delete(&mut self, cx: Cx<'_>, delete: &ast::DeleteAct) -> Option<Act> {
        self.entity_at(cx, &delete.target()?, "delete").map(|(entity, _)| Act::Delete(entity))
    }

    pub(super) fn assign(&mut self, cx: Cx<'_>, assign: &ast::AssignAct) -> Option<Act> {
        let target = assign.target().and_then(|it| self.entity_at(cx, &it, "assign"));
        let attribute = match (&target, assign.attribute()) {
            (Some((_, kind)), Some(name)) => self.attribute_named(cx, kind, &name),
            _ => None,
        };
        if let Some(team) = assign.team() {
            let team = self.team_named(cx, &team);
            let (entity, attribute) = (target?.0, attribute?);
            let fits = matches!(&attribute.ty, Type::One(it @ (Scalar::Text | Scalar::Email)) if it.kind() == Kind::Text);
            if !fits {
                let span = assign.attribute().map_or_else(|| cx.span(assign), |it| cx.span(&it));
                let message = format!(
                    "a member of a team is an email address, and `{}` is {}",
                    attribute.name,
                    words::plain(&attribute.ty)
                );
                return self.error(codes::WRONG_TYPE, span, message, "declare it as `email` or `text`");
            }
            return Some(Act::AssignInTurn { entity, attribute, team: team? });
        }
        let written = assign.value()?;
        let Some(attribute) = attribute else {
            self.expr(cx, &written);
            return None;
        };
        let role = format!("`{}`", attribute.name);
        let value = self.attribute_value(cx, &written, &attribute, &role)?;
        Some(Act::Set { entity: target?.0, attribute, value })
    }

    /// The entity at `path`, and its kind.
    fn entity_at(&mut self, cx: Cx<'_>, path: &ast::PathExpr, verb: &str) -> Option<(Expr, Arc<str>)> {
        let value = self.path(cx, path)?;
        if let Type::One(Scalar::Entity(kind)) = &value.ty.ty {
            let kind = kind.clone();
            return Some((value, kind));
        }
        let message =
            format!("`{verb}` wants an entity, and `{}` is {}", self.quote(value.span), words::what(&value));
        let subject = cx.scope.subject.as_deref().unwrap_or("contact");
        let help = match verb {
            "assign" => format!("name the entity, then its attribute: `assign {subject} owner …`"),
            _ => format!("name one, as in `{verb} {subject}`; to change one attribute, write `set`"),
        };
        self.error(codes::NOT_SETTABLE, value.span, message, help)
    }

    fn attribute_named(&mut self, cx: Cx<'_>, kind: &Arc<str>, name: &ast::Name) -> Option<FieldDecl> {
        let declared = self.declared;
        self.attribute_used(kind, &name.text(), cx.span(name));
        let Some(attribute) = declared.entities.get(kind)?.attributes.get(&*name.text()) else {
            self.no_attribute(kind, &name.text(), cx.span(name));
            return None;
        };
        Some(FieldDecl {
            name: attribute.name.clone(),
            ty: attribute.ty.clone()?,
            presence: Presence::Optional,
            docs: attribute.docs.clone(),
        })
    }

    /// The attributes that are given in braces.
    fn attributes_given(
        &mut self,
        cx: Cx<'_>,
        kind: &Arc<str>,
        object: &ast::ObjectExpr,
    ) -> Option<Vec<(FieldDecl, Expr)>> {
        let declared = self.declared.entities.get(kind)?;
        let mut fields = Vec::new();
        let mut whole = true;
        for (key, span, value) in self.keys(cx, object) {
            self.attribute_used(kind, &key, span);
            let Some(attribute) = declared.attributes.get(&key) else {
                self.no_attribute(kind, &key, span);
                whole = false;
                continue;
            };
            let (Some(ty), Some(value)) = (attribute.ty.clone(), value) else {
                whole = false;
                continue;
            };
            let docs = attribute.docs.clone();
            let field = FieldDecl { name: key.clone(), ty, presence: Presence::Optional, docs };
            match self.attribute_value(cx, &value, &field, &format!("`{key}`")) {
                Some(value) => fields.push((field, value)),
                None => whole = false,
            }
        }
        whole.then_some(fields)
    }

    /// A value for an attribute.
    pub(super) fn attribute_value(
        &mut self,
        cx: Cx<'_>,
        written: &ast::Expr,
        attribute: &FieldDecl,
        role: &str,
    ) -> Option<Expr> {
        let value = self.expr(cx, written)?;
        // A list is set as a whole: one value would silently become a list of one.
        if matches!((&value.ty.ty, &attribute.ty), (Type::One(it), Type::List(_)) if *it != Scalar::Json) {
            return self.misfit(&value, &attribute.ty, role);
        }
        self.fit(value, &attribute.ty, role)
    }

    /// The team of this name.
    pub(super) fn team_named(&mut self, cx: Cx<'_>, name: &ast::Name) -> Option<Arc<str>> {
        let text = name.text();
        let declared = self.declared;
        let Some((team, members)) = declared.teams.get_key_value(&*text) else {
            self.unknown_team(&text, cx.span(name));
            return None;
        };
        self.report.used(cx.span(name), Thing::Team(team.clone()));
        if members.members.is_empty() {
            let message = format!("nobody is in `{team}`, so it is nobody's turn");
            self.report.push(
                Diagnostic::error(codes::BAD_SET, cx.span(name), message)
                    .also(members.span, "declared here")
                    .help("add the address of a member"),
            );
            return None;
        }
        Some(team.clone())
    }
}
