//! Values that a source takes out of a request, and the keys by which it names somebody.
//!
//! What comes from outside has no type: it is read as what is wanted, and is missing if it does
//! not fit. What the rule itself writes has one, and is checked. It must not know the request.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Presence, Scalar, Type};

use super::source::{Named, keep};
use super::{Checker, Cx, words};
use crate::codes;
use crate::declare::{Event, Understood};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Expr, ExprKind};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast::{self, AstNode as _};
use crate::uses::Thing;

/// Keys that mean the same whoever sends them; any other word is a provider's name.
const KEYS: [&str; 4] = ["id", "email", "phone", "anonymous_id"];

impl Checker<'_> {
    /// The value of `expr` read as a `want`.
    pub(super) fn taken(&mut self, cx: Cx<'_>, expr: &ast::Expr, want: &Type, role: &str) -> Option<Expr> {
        let value = self.expr(cx, expr)?;
        self.take(value, want, role)
    }

    fn take(&mut self, value: Expr, want: &Type, role: &str) -> Option<Expr> {
        let written = matches!(&value.kind, ExprKind::Constant(_) | ExprKind::List(_));
        let outside =
            matches!(&value.ty.ty, Type::One(Scalar::Text | Scalar::Json) | Type::List(Scalar::Json));
        match want {
            Type::One(Scalar::Text) if value.ty.ty == Type::One(Scalar::Number) => {
                Some(super::convert::read_as(value, want))
            }
            _ if outside && !written => Some(super::convert::read_as(value, want)),
            _ => self.fit(value, want, role),
        }
    }

    /// The value of an attribute or field of type `want`; one that refers to an entity may
    /// name one of those that stand before.
    pub(super) fn source_field(
        &mut self,
        cx: Cx<'_>,
        named: &[Named],
        expr: &ast::Expr,
        want: &Type,
        role: &str,
    ) -> Option<Expr> {
        let Type::One(Scalar::Entity(kind)) = want else { return self.taken(cx, expr, want, role) };
        let span = cx.span(expr);
        if let ast::Expr::Path(path) = expr
            && let [name] = path.names().collect::<Vec<_>>().as_slice()
            && !cx.scope.vars.iter().any(|(it, ..)| **it == *name.text())
            && let Some(before) = named.iter().rev().find(|it| *it.kind == *name.text())
        {
            if before.kind == *kind {
                self.report.used(span, Thing::Entity(kind.clone()));
                return Some(Expr { span, ..before.keys.clone() });
            }
            let (wanted, is) = (words::entity(kind), words::entity(&before.kind));
            let message = format!("{role} refers to {wanted}, and `{}` is {is}", before.kind);
            return self.error(codes::WRONG_TYPE, span, message, format!("name {wanted} instead"));
        }
        let value = self.expr(cx, expr)?;
        match (&value.kind, &value.ty.ty) {
            (ExprKind::Object(_), _) => Some(value),
            (_, Type::One(Scalar::Text)) => Some(value),
            (_, Type::One(Scalar::Json)) => Some(super::convert::read_as(value, &Type::One(Scalar::Text))),
            _ => {
                let message = format!(
                    "{role} refers to {}, and `{}` is {}",
                    words::entity(kind),
                    self.quote(span),
                    words::what(&value)
                );
                let help =
                    format!("give its id, or say first which it is, `{kind} by …`, and name it: `{kind}`");
                self.error(codes::WRONG_TYPE, span, message, help)
            }
        }
    }

    /// The keys that name an entity.
    pub(super) fn keys_of(
        &mut self,
        cx: Cx<'_>,
        kind: &str,
        identify: &ast::IdentifyItem,
        at: Span,
    ) -> Option<Vec<(Arc<str>, Expr)>> {
        let mut keys = Some(Vec::new());
        let mut seen: IndexMap<Arc<str>, Span> = IndexMap::new();
        for identity in identify.identities() {
            let Some(name) = identity.attribute() else {
                keys = None;
                continue;
            };
            let (text, span): (Arc<str>, Span) = (name.text().into(), name.span(cx.origin));
            let known = self.is_key(kind, &text, span);
            let role = format!("`{text}`");
            let want = Type::One(match &*text {
                "email" => Scalar::Email,
                "phone" => Scalar::Phone,
                _ => Scalar::Text,
            });
            let value = identity.value().and_then(|it| self.taken(cx, &it, &want, &role));
            if let Some(first) = seen.insert(text.clone(), span) {
                self.report.push(
                    Diagnostic::error(codes::FIELD_TWICE, span, format!("`{text}` stands here twice"))
                        .also(first, "here first")
                        .help("write the one to use if it is there: `a | default b`"),
                );
                keys = None;
            }
            keep(&mut keys, known.and(value).map(|it| (text, it)));
        }
        if seen.is_empty() && keys.is_some() && !self.misread(identify.span(cx.origin)) {
            let message = format!("nothing says which {kind} it is");
            return self.error(codes::BAD_KEY, at, message, format!("write `{kind} by id body.id`"));
        }
        keys
    }

    /// Whether an entity can be named by `key`.
    fn is_key(&mut self, kind: &str, key: &str, span: Span) -> Option<()> {
        if kind != "contact" && matches!(key, "email" | "phone" | "anonymous_id") {
            let message = format!("only a contact is found by `{key}`");
            let help = format!("name the {kind} by the provider's own key: `{kind} by id body.id`");
            return self.error(codes::BAD_KEY, span, message, help);
        }
        if KEYS.contains(&key) {
            return Some(());
        }
        if let Some(near) = nearest(key, KEYS).filter(|it| it.len() > 2) {
            self.report.push(
                Diagnostic::error(codes::BAD_KEY, span, format!("there is no key `{key}`"))
                    .help(format!("did you mean `{near}`?"))
                    .replace(span, near, Applicability::Unsure),
            );
            return None;
        }
        Some(())
    }

    /// Refuses an event without a field that it always has.
    pub(super) fn has_required_fields(
        &mut self,
        name: &str,
        event: &Event,
        whole: bool,
        given: &[Arc<str>],
        span: Span,
    ) -> Option<()> {
        let must =
            |it: &&crate::declare::Field| it.presence == Presence::Required && !given.contains(&it.name);
        let missing: Vec<&str> = event.fields.values().filter(must).map(|it| &*it.name).collect();
        if !whole || missing.is_empty() || event.understood == Understood::Partly {
            return whole.then_some(());
        }
        let message = format!("`{name}` always has {}", list_names(missing.iter().copied(), 4));
        self.report.push(
            Diagnostic::error(codes::MISSING_ARGUMENT, span, message)
                .also(event.span, "declared here")
                .help(format!("add it: `{} …`", missing.join(": …, ") + ":")),
        );
        None
    }

    /// A text that must come from the environment: a key, a password, a token.
    pub(super) fn kept_secret(&mut self, cx: Cx<'_>, expr: &ast::Expr, role: &str) -> Option<Expr> {
        let value = self.value_of(cx, expr, &Type::One(Scalar::Text), role)?;
        if !value.any(&|it| matches!(it.kind, ExprKind::Secret(_))) {
            let written = matches!(value.kind, ExprKind::Constant(_));
            let message = if written {
                format!("{role} does not belong into a file")
            } else {
                format!("{role} is no secret: `{}`", self.quote(value.span))
            };
            let help = "name a secret, `secret.NAME`, and set it in the environment of the server";
            return self.error(codes::BAD_VERIFY, value.span, message, help);
        }
        Some(value)
    }
}
