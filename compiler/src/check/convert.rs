//! Brings a value to the type that is wanted, or says why it cannot be.
//!
//! The few conversions that happen unasked are all here: a literal text to what it
//! spells, one value to a list of one, JSON to a declared type, anything to JSON.
//! It must not know who wants the value beyond what to call it.

use std::sync::Arc;

use onward_bytecode::{Constant, Kind, Presence, Scalar, Type};

use super::{Checker, Cx, typed, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic};
use crate::hir::{Expr, ExprKind};
use crate::nearest::nearest;
use crate::shape;
use crate::syntax::ast;

impl Checker<'_> {
    /// The value of `expr` as a `want`; `role` is what wants it, in a reader's words.
    pub(super) fn value_of(&mut self, cx: Cx<'_>, expr: &ast::Expr, want: &Type, role: &str) -> Option<Expr> {
        let value = self.expr(cx, expr)?;
        self.fit(value, want, role)
    }

    /// `value` as a `want`.
    pub(super) fn fit(&mut self, value: Expr, want: &Type, role: &str) -> Option<Expr> {
        if value.ty.ty == *want {
            return Some(value);
        }
        match (&value.ty.ty, want) {
            (Type::One(from), Type::One(to)) => {
                let from = from.clone();
                self.fit_one(value, &from, to, role)
            }
            (Type::One(Scalar::Json), Type::List(_)) => Some(read_as(value, want)),
            (Type::One(_), Type::List(item)) => {
                let one = self.fit(value, &Type::One(item.clone()), role)?;
                Some(list_of_one(one, want))
            }
            (Type::List(_), Type::List(item)) => self.fit_list(value, item, role),
            (Type::List(_), Type::One(Scalar::Json)) => Some(read_as(value, want)),
            (Type::List(_), Type::One(_)) => self.misfit(&value, want, role),
        }
    }

    fn fit_list(&mut self, value: Expr, item: &Scalar, role: &str) -> Option<Expr> {
        let want = Type::List(item.clone());
        let presence = value.ty.presence;
        match value.kind {
            ExprKind::List(items) => {
                let one = Type::One(item.clone());
                let items: Vec<Option<Expr>> = items.into_iter().map(|it| self.fit(it, &one, role)).collect();
                let items = items.into_iter().collect::<Option<_>>()?;
                Some(typed(ExprKind::List(items), want, presence, value.span))
            }
            _ => match &value.ty.ty {
                Type::List(from) if *item == Scalar::Text && from.kind() == Kind::Text => Some(value),
                Type::List(Scalar::Json) => Some(read_as(value, &want)),
                _ => self.misfit(&value, &want, role),
            },
        }
    }

    fn fit_one(&mut self, value: Expr, from: &Scalar, to: &Scalar, role: &str) -> Option<Expr> {
        let want = Type::One(to.clone());
        if *to == Scalar::Json || *from == Scalar::Json {
            return Some(read_as(value, &want));
        }
        if let ExprKind::Constant(Constant::Text(text)) = &value.kind
            && *from == Scalar::Text
        {
            let text = text.clone();
            return self.fit_text(value, &text, to, role);
        }
        if from.kind() == Kind::Text && to.kind() == Kind::Text && is_part_of(from, to) {
            return Some(value);
        }
        self.misfit(&value, &want, role)
    }

    /// A literal text as what it spells.
    fn fit_text(&mut self, value: Expr, text: &Arc<str>, to: &Scalar, role: &str) -> Option<Expr> {
        let ty = Type::One(to.clone());
        if *to == Scalar::Text {
            return Some(value);
        }
        if let Some(spelled) = shape::spelled(text, to) {
            return Some(typed(ExprKind::Constant(spelled), ty, Presence::Required, value.span));
        }
        match to {
            Scalar::OneOf(texts) | Scalar::Ordered(texts) => {
                self.not_in_set(&value, text, texts, role);
                None
            }
            _ if to.kind() == Kind::Text => {
                let message = format!("`{text}` is not {}", words::plain(&ty));
                self.error(codes::BAD_TEXT, value.span, message, example(to))
            }
            _ => self.misfit(&value, &ty, role),
        }
    }

    /// Says that `text` is none of `texts`.
    pub(super) fn not_in_set(&mut self, value: &Expr, text: &str, texts: &[Arc<str>], role: &str) {
        let one_of = Type::One(Scalar::OneOf(texts.to_vec()));
        let message = format!("{role} is never \"{text}\"");
        let mut diagnostic = Diagnostic::error(codes::NOT_IN_SET, value.span, message);
        diagnostic = match nearest(text, texts.iter().map(|it| &**it)) {
            Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")).replace(
                value.span,
                format!("\"{near}\""),
                Applicability::Unsure,
            ),
            None => diagnostic.help(format!("it is {}", words::plain(&one_of))),
        };
        self.report.push(diagnostic);
    }

    /// Says that `value` is no `want`.
    pub(super) fn misfit<T>(&mut self, value: &Expr, want: &Type, role: &str) -> Option<T> {
        let source = self.quote(value.span);
        let message =
            format!("{role} wants {}, and `{source}` is {}", words::plain(want), words::what(value));
        let diagnostic = Diagnostic::error(codes::WRONG_TYPE, value.span, message);
        let diagnostic = self.help_misfit(diagnostic, value, want);
        self.report.push(diagnostic);
        None
    }

    fn help_misfit(&self, diagnostic: Diagnostic, value: &Expr, want: &Type) -> Diagnostic {
        let source = self.quote(value.span);
        let span = value.span;
        match (&value.kind, &value.ty.ty, want) {
            (
                ExprKind::Constant(Constant::Text(text)),
                _,
                Type::One(to @ (Scalar::Number | Scalar::Bool | Scalar::Duration)),
            ) => {
                if bare_literal(text, to) {
                    diagnostic.help("leave out the quotes").replace(span, &**text, Applicability::Safe)
                } else {
                    diagnostic.help(example(to))
                }
            }
            (ExprKind::Constant(Constant::Number(_)), _, Type::One(Scalar::Duration)) => diagnostic
                .help(format!("say of what: `{source} days`, `{source}h`, `{source} minutes`"))
                .replace(span, format!("{source} days"), Applicability::Unsure),
            (ExprKind::Constant(_), _, Type::One(Scalar::Text)) => diagnostic
                .help("put it in quotes")
                .replace(span, format!("\"{source}\""), Applicability::Safe),
            (_, Type::One(Scalar::Number), Type::One(Scalar::Duration)) => {
                diagnostic.help(format!("say of what: `{source} * 1 day`"))
            }
            (_, Type::One(Scalar::Entity(kind)), Type::One(to)) if to.kind() == Kind::Text => {
                let wanted = self.declared.entities.get(kind).and_then(|entity| {
                    let fits = |ty: &Option<Type>| *ty == Some(want.clone());
                    entity.attributes.values().find(|it| fits(&it.ty)).map(|it| it.name.clone())
                });
                let name = wanted.unwrap_or_else(|| "name".into());
                diagnostic.help(format!("write which part of it, as in `{source}.{name}`"))
            }
            (_, Type::One(Scalar::Text), Type::One(to)) if to.kind() == Kind::Text => {
                diagnostic.help(format!("declare it as `{}` where it comes from", declared(to)))
            }
            (_, Type::List(_), Type::One(to)) if to.kind() == Kind::Text => diagnostic
                .help(format!("join its items, `{source} | join \", \"`, or take one, `{source} | first`")),
            (_, _, Type::One(Scalar::Text)) => diagnostic.help("put it into a text").replace(
                span,
                format!("\"{{{{ {source} }}}}\""),
                Applicability::Unsure,
            ),
            (_, _, Type::One(to)) => diagnostic.help(example(to)),
            (_, _, Type::List(item)) => diagnostic.help(format!(
                "a list is written `[a, b]`; each item is {}",
                words::plain(&Type::One(item.clone()))
            )),
        }
    }
}

/// `value` read as `want`; what does not fit is missing then.
pub(super) fn read_as(value: Expr, want: &Type) -> Expr {
    if value.ty.ty == *want {
        return value;
    }
    let sure = matches!(want, Type::One(Scalar::Json));
    let presence = if sure { value.ty.presence } else { Presence::Optional };
    let span = value.span;
    typed(ExprKind::Convert(Box::new(value)), want.clone(), presence, span)
}

fn list_of_one(one: Expr, want: &Type) -> Expr {
    let (presence, span) = (one.ty.presence, one.span);
    let kind = match one.kind {
        ExprKind::Constant(_) => ExprKind::List(vec![one]),
        _ => ExprKind::Convert(Box::new(one)),
    };
    typed(kind, want.clone(), presence, span)
}

/// Whether every text of `from` is one of `to` by their declarations.
pub(super) fn is_part_of(from: &Scalar, to: &Scalar) -> bool {
    match (from, to) {
        (_, Scalar::Text) => true,
        (Scalar::OneOf(from) | Scalar::Ordered(from), Scalar::OneOf(to) | Scalar::Ordered(to)) => {
            from.iter().all(|it| to.contains(it))
        }
        (Scalar::OneOf(from) | Scalar::Ordered(from), to) => {
            from.iter().all(|it| shape::spelled(it, to).is_some())
        }
        _ => from == to,
    }
}

/// Whether `text` would be a literal of `scalar` without its quotes.
pub(super) fn bare_literal(text: &str, scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Number => rust_decimal::Decimal::from_str_exact(text).is_ok(),
        Scalar::Bool => matches!(text, "true" | "false"),
        Scalar::Duration => {
            let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            unit.len() < text.len() && ast::Unit::read(unit).is_some()
        }
        _ => false,
    }
}

/// How the type is written in a declaration.
fn declared(scalar: &Scalar) -> String {
    scalar.to_string()
}

/// What such a value looks like.
fn example(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Text => "a text stands in quotes: `\"…\"`",
        Scalar::Number => "a number is written `12` or `3.5`",
        Scalar::Bool => "it is `true` or `false`",
        Scalar::Date => "a date is written `2026-03-07`",
        Scalar::Time => "a moment is written `2026-03-07 09:00`, or `now`",
        Scalar::Clock => "a time of day is written `09:00`",
        Scalar::Duration => "a duration is written `2 days` or `24h`",
        Scalar::Email => "an email address looks like `ana@example.com`",
        Scalar::Phone => "a phone number begins with the country's code, as in `+14155550123`",
        Scalar::Url => "a URL begins with `https://`",
        Scalar::Timezone => "a time zone is a name like `Europe/Berlin`",
        Scalar::Json => "JSON is written `{ name: value }`",
        Scalar::OneOf(_) | Scalar::Ordered(_) => "write one of the texts of the set",
        Scalar::Entity(kind) => return format!("write something that is {}", words::entity(kind)),
    }
    .to_owned()
}
