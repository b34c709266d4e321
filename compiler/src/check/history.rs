//! Questions about the past: `count(call_missed in last 24h)`, `latest(purchase).amount`.
//!
//! It must not know where a question stands, only whether a run is going on there.

use std::rc::Rc;
use std::sync::Arc;

use onward_bytecode::{Constant, Presence, Scalar, Span as Since, Type};

use super::effect::one_name;
use super::expression::{constant, truth};
use super::scope::{Bound, BoundField, Place, Running, Scope};
use super::{Checker, Cx, typed, words};
use crate::codes;
use crate::declare::Event;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Ask, Compare, EventScope, Expr, ExprKind, History};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast;
use crate::uses::Thing;

/// The functions, each with how it is used.
const FUNCTIONS: [(&str, &str); 6] = [
    ("count", "count(purchase in last 30 days)"),
    ("did", "did(purchase where amount > 50)"),
    ("sum", "sum(purchase.amount in last 90 days)"),
    ("latest", "latest(purchase).amount"),
    ("opened", "opened(welcome)"),
    ("clicked", "clicked(welcome)"),
];

/// The functions, each with how it is used.
pub(crate) fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    FUNCTIONS.into_iter()
}

/// What other languages call a function, and its name here.
const ELSEWHERE: [(&str, &str); 9] = [
    ("exists", "did"),
    ("any", "did"),
    ("has", "did"),
    ("has_done", "did"),
    ("number_of", "count"),
    ("times", "count"),
    ("total", "sum"),
    ("last", "latest"),
    ("newest", "latest"),
];

/// The events of the past that a question is about.
struct Past<'e> {
    name: Arc<str>,
    event: &'e Event,
    /// Whose they are.
    entity: Expr,
}

impl<'a> Checker<'a> {
    /// A call that stands without a `.` behind it.
    pub(super) fn call(&mut self, cx: Cx<'_>, call: &ast::CallExpr, span: Span) -> Option<Expr> {
        let (name, at) = self.function(cx, call)?;
        match &*name {
            "opened" => self.mail_seen(cx, call, "email_opened", span),
            "clicked" => self.mail_seen(cx, call, "email_clicked", span),
            "latest" => {
                let (past, field) = self.past(cx, call, &name)?;
                let example = past.event.fields.keys().next().map_or("time", |it| it);
                if let Some(field) = field {
                    return self.field_inside(&past, &field, span);
                }
                let source = self.quote(span);
                let message = format!("`{source}` is a whole event, which is no value");
                self.error(
                    codes::WRONG_CALL,
                    at,
                    message,
                    format!("say which part of it, as in `{source}.{example}`"),
                )
            }
            "sum" => self.sum(cx, call, span),
            _ => {
                let (past, field) = self.past(cx, call, &name)?;
                if let Some(field) = field {
                    let message = format!("`{name}` counts events, and `{}` is a field of one", field.text());
                    let help = format!("name the event alone: `{name}({} …)`", past.name);
                    return self.error(codes::WRONG_CALL, cx.span(&field), message, help);
                }
                let (condition, since) = self.which(cx, call, &past)?;
                let (ask, ty) = match &*name {
                    "count" => (Ask::Count, Scalar::Number),
                    _ => (Ask::Did, Scalar::Bool),
                };
                Some(question(past, condition, since, ask, (Type::One(ty), Presence::Required), span))
            }
        }
    }

    /// `latest(purchase).amount`, and what follows it.
    pub(super) fn call_with_field(
        &mut self,
        cx: Cx<'_>,
        call: &ast::CallExpr,
        names: &[ast::Name],
        span: Span,
    ) -> Option<Expr> {
        let (function, _) = self.function(cx, call)?;
        let call_span = cx.span(call);
        if &*function != "latest" {
            let value = self.call(cx, call, call_span)?;
            return self.members(cx, value, names);
        }
        let (name, rest) = names.split_first()?;
        let (past, field) = self.past(cx, call, &function)?;
        if let Some(field) = field {
            return self.field_inside(&past, &field, span);
        }
        let (condition, since) = self.which(cx, call, &past)?;
        let (field, ty) = self.past_field(cx, &past, name)?;
        let question_span = Span { end: cx.span(name).end, ..call_span };
        let ask = Ask::Latest(field);
        let value = question(past, condition, since, ask, (ty, Presence::Optional), question_span);
        let value = super::name::known(cx, value);
        self.members(cx, value, rest)
    }

    /// `latest(purchase.amount)` for `latest(purchase).amount`.
    fn field_inside(&mut self, past: &Past<'_>, field: &ast::Name, span: Span) -> Option<Expr> {
        let help = format!("write `latest({}).{}`", past.name, field.text());
        self.error(codes::WRONG_CALL, span, "the field of the latest event stands behind the brackets", help)
    }

    /// The name of the function that is called, if there is one of this name and it can be asked here.
    fn function(&mut self, cx: Cx<'_>, call: &ast::CallExpr) -> Option<(String, Span)> {
        let name = call.name()?;
        let (text, span) = (name.text(), cx.span(&name));
        if !FUNCTIONS.iter().any(|(it, _)| *it == text) {
            self.unknown_function(&text, span);
            return None;
        }
        self.report.used(span, Thing::Function(text.as_str().into()));
        if cx.scope.place == Place::Workflow && cx.scope.subject.is_some() {
            let nested = cx.scope.event.as_ref().is_some_and(|it| it.of == EventScope::Past);
            if !nested {
                return Some((text, span));
            }
            let message = format!("`{text}(…)` cannot stand inside another question about the past");
            let help = "ask both beside each other: `did(…) and count(…) > 2`";
            return self.error(codes::WRONG_CALL, span, message, help);
        }
        let message = format!("`{text}(…)` asks about somebody's past, and here is nobody");
        let help = "ask in a workflow or a segment, and give an action the answer as a parameter";
        self.error(codes::WRONG_CALL, span, message, help)
    }

    fn unknown_function(&mut self, name: &str, span: Span) {
        let known = || FUNCTIONS.iter().map(|(it, _)| *it);
        let elsewhere = ELSEWHERE.iter().find(|(it, _)| *it == name).map(|(_, it)| *it);
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_FUNCTION, span, format!("there is no function `{name}`"));
        let found = elsewhere.or_else(|| nearest(name, known()));
        let usage = FUNCTIONS.iter().find(|(it, _)| Some(*it) == found).map(|(_, usage)| *usage);
        self.report.push(match (found, usage) {
            (Some(near), Some(usage)) => diagnostic
                .help(format!("did you mean `{near}`, as in `{usage}`?"))
                .replace(span, near, Applicability::Unsure),
            _ if onward_bytecode::Pipe::from_name(name).is_some() => {
                diagnostic.help(format!("`{name}` stands behind its value: `… | {name}`"))
            }
            _ => diagnostic.help(format!("there are {}", list_names(known(), 6))),
        });
    }

    /// The one value in the brackets.
    fn argument_of(&mut self, cx: Cx<'_>, call: &ast::CallExpr, name: &str) -> Option<ast::Expr> {
        let span = cx.span(call);
        let mut arguments = call.arguments();
        let usage = FUNCTIONS.iter().find(|(it, _)| *it == name).map_or("", |(_, usage)| *usage);
        let Some(first) = arguments.next() else {
            if self.misread(span) {
                return None;
            }
            let message = format!("`{name}` does not say of what");
            return self.error(codes::WRONG_CALL, span, message, format!("write it as in `{usage}`"));
        };
        if let Some(more) = arguments.next() {
            let at = cx.span(&more);
            let message = format!("`{name}` takes one thing, and `{}` is another", self.quote(at));
            return self.error(codes::WRONG_CALL, at, message, format!("write it as in `{usage}`"));
        }
        Some(first)
    }

    /// The events in the brackets, and the field behind their name.
    fn past(
        &mut self,
        cx: Cx<'_>,
        call: &ast::CallExpr,
        function: &str,
    ) -> Option<(Past<'a>, Option<ast::Name>)> {
        let argument = self.argument_of(cx, call, function)?;
        let span = cx.span(&argument);
        let ast::Expr::Path(path) = &argument else {
            let message = format!("`{function}` asks about events, and `{}` is none", self.quote(span));
            let usage = FUNCTIONS.iter().find(|(it, _)| *it == function).map_or("", |(_, usage)| *usage);
            return self.error(codes::WRONG_CALL, span, message, format!("name an event, as in `{usage}`"));
        };
        let mut names = path.names();
        let name = names.next()?;
        let (text, at) = (name.text(), cx.span(&name));
        let declared = self.declared;
        let Some((event_name, event)) = declared.events.get_key_value(&*text) else {
            self.unknown_event(&text, at);
            return None;
        };
        self.report.used(at, Thing::Event(event_name.clone()));
        let field = names.next();
        if let Some(more) = names.next() {
            let message = format!("`{}` is one part too many", more.text());
            let help = format!("name the event and one field of it, as in `{function}({event_name}.…)`");
            return self.error(codes::WRONG_CALL, cx.span(&more), message, help);
        }
        let entity = self.whose(cx, event_name, event, at)?;
        Some((Past { name: event_name.clone(), event, entity }, field))
    }

    /// Whose events are meant: the subject's, or those of the one entity of that kind that it
    /// refers to.
    fn whose(&mut self, cx: Cx<'_>, name: &str, event: &Event, span: Span) -> Option<Expr> {
        let subject = cx.scope.subject.clone()?;
        let entity = |kind: &Arc<str>| Type::One(Scalar::Entity(kind.clone()));
        let own = typed(ExprKind::Subject, entity(&subject), Presence::Required, span);
        let forwarded = &*subject == "account" && &*event.about == "contact";
        if event.about == subject || forwarded || !self.declared.entities.contains_key(&event.about) {
            return Some(own);
        }
        let attributes = &self.declared.entities.get(&subject)?.attributes;
        let mut of_kind = attributes.values().filter(|it| it.ty == Some(entity(&event.about)));
        let by_name = attributes.get(&event.about).filter(|it| it.ty == Some(entity(&event.about)));
        let found = by_name.or_else(|| of_kind.next().filter(|_| of_kind.next().is_none()));
        if let Some(found) = found {
            let kind = ExprKind::Attribute(Box::new(own), found.name.clone());
            return Some(typed(kind, entity(&event.about), Presence::Optional, span));
        }
        let message = format!(
            "`{name}` is about {}, and this asks about {}",
            words::entity(&event.about),
            words::entity(&subject)
        );
        self.report.push(
            Diagnostic::error(codes::WRONG_SUBJECT, span, message)
                .also(event.span, "declared here")
                .help(format!("ask about events of {}", words::entity(&subject))),
        );
        None
    }

    /// Which of the events count: the `where`, and the `in last`.
    fn which(&mut self, cx: Cx<'_>, call: &ast::CallExpr, past: &Past<'_>) -> Option<(Option<Expr>, Since)> {
        let condition = call.condition().map(|it| {
            let scope = past_scope(cx.scope, past);
            self.condition(Cx { scope: &scope, ..cx }, &it)
        });
        let since = match call.window() {
            Some(window) => self.fixed_length(cx, Some(window), "`in last`").map(Since::Last),
            None => Some(Since::Ever),
        };
        Some((super::trigger::flip(condition)?, since?))
    }

    fn sum(&mut self, cx: Cx<'_>, call: &ast::CallExpr, span: Span) -> Option<Expr> {
        let (past, field) = self.past(cx, call, "sum")?;
        let Some(field) = field else {
            let numbers: Vec<&str> = past
                .event
                .fields
                .values()
                .filter(|it| matches!(it.ty, Some(Type::One(Scalar::Number))))
                .map(|it| &*it.name)
                .collect();
            let at = call.arguments().next().map_or(span, |it| cx.span(&it));
            let message = format!("`sum` does not say which field of `{}` it adds up", past.name);
            let help = match numbers.first() {
                Some(field) => format!("name it: `sum({}.{field})`", past.name),
                None => format!(
                    "`{}` has no field that is a number; to count events, write `count({})`",
                    past.name, past.name
                ),
            };
            return self.error(codes::WRONG_CALL, at, message, help);
        };
        let (condition, since) = self.which(cx, call, &past)?;
        let (name, ty) = self.past_field(cx, &past, &field)?;
        if ty != Type::One(Scalar::Number) {
            let message = format!("`sum` adds numbers, and `{}.{name}` is {}", past.name, words::plain(&ty));
            let help = "declare the field as `number`, or count the events: `count(…)`";
            return self.error(codes::WRONG_CALL, cx.span(&field), message, help);
        }
        Some(question(past, condition, since, Ask::Sum(name), (ty, Presence::Required), span))
    }

    /// A field of a past event and its type; `time` is when it happened.
    fn past_field(&mut self, cx: Cx<'_>, past: &Past<'_>, field: &ast::Name) -> Option<(Arc<str>, Type)> {
        let (text, span) = (field.text(), cx.span(field));
        self.field_used(std::slice::from_ref(&past.name), &text, span);
        let bound = Bound::one(EventScope::Past, &past.name, past.event);
        match bound.fields.get(&*text) {
            Some(BoundField::Known(ty)) => Some((text.into(), ty.ty.clone())),
            Some(BoundField::Broken | BoundField::Disagrees(..)) => None,
            None if text == "time" => Some((text.into(), Type::One(Scalar::Time))),
            None if bound.understood == crate::declare::Understood::Partly => None,
            None => {
                let known = bound.fields.keys().map(|it| &**it).chain(["time"]);
                let message = format!("`{}` has no field `{text}`", past.name);
                self.unknown_field(&text, span, message, known, &past.name);
                None
            }
        }
    }

    /// `opened(welcome)`: whether somebody opened the mails of a template, since the run began
    /// where one goes on.
    fn mail_seen(&mut self, cx: Cx<'_>, call: &ast::CallExpr, event: &str, span: Span) -> Option<Expr> {
        let function = call.name()?.text();
        let argument = self.argument_of(cx, call, &function)?;
        if let Some(extra) = call.condition() {
            let at = cx.span(&extra);
            let message = format!("`{function}` asks about one template and takes no `where`");
            let help = format!("ask for the event: `did({event} where template = \"…\")`");
            return self.error(codes::WRONG_CALL, at, message, help);
        }
        let template = self.template_asked(cx, &argument, &function)?;
        let since = match call.window() {
            Some(window) => Since::Last(self.fixed_length(cx, Some(window), "`in last`")?),
            None if cx.scope.running == Running::Yes => Since::Run,
            None => Since::Ever,
        };
        let declared = self.declared;
        let (name, declared) = declared.events.get_key_value(event)?;
        let field = declared.fields.get("template").filter(|it| it.ty == Some(Type::One(Scalar::Text)));
        let Some(field) = field else {
            let message =
                format!("`{function}` needs to know the template, and `{event}` has no text `template`");
            self.report.push(
                Diagnostic::error(codes::WRONG_CALL, span, message)
                    .also(declared.span, "declared here")
                    .help(format!("declare it: `event {event} {{ template: text }}`")),
            );
            return None;
        };
        let entity = self.whose(cx, name, declared, span)?;
        let kind = ExprKind::Field { of: EventScope::Past, name: field.name.clone() };
        let left = typed(kind, Type::One(Scalar::Text), field.presence, span);
        let right = constant(Constant::Text(template), Scalar::Text, span);
        let condition = truth(ExprKind::Compare(Compare::Equal, Box::new(left), Box::new(right)), span);
        let past = Past { name: name.clone(), event: declared, entity };
        let ty = (Type::One(Scalar::Bool), Presence::Required);
        Some(question(past, Some(condition), since, Ask::Did, ty, span))
    }

    /// The template whose name is in the brackets.
    fn template_asked(&mut self, cx: Cx<'_>, argument: &ast::Expr, function: &str) -> Option<Arc<str>> {
        let span = cx.span(argument);
        if self.quoted_template(cx, argument) {
            return None;
        }
        let Some((name, at)) = one_name(cx, argument) else {
            let message =
                format!("`{function}` wants the name of a template, and `{}` is none", self.quote(span));
            return self.error(
                codes::WRONG_CALL,
                span,
                message,
                format!("write it as in `{function}(welcome)`"),
            );
        };
        let declared = self.declared;
        let Some((name, template)) = declared.templates.get_key_value(&*name) else {
            self.unknown_template(&name, at);
            return None;
        };
        self.report.used(at, Thing::Template(name.clone()));
        if &*template.channel != "email" {
            let message = format!(
                "`{name}` is a template for `{}`, and only mails are known to be read",
                template.channel
            );
            return self.error(codes::WRONG_CALL, at, message, "ask for a template for a mail");
        }
        Some(name.clone())
    }
}

/// What the `where` of a question can see: the past event, then the subject.
fn past_scope(scope: &Scope, past: &Past<'_>) -> Scope {
    let bound = Rc::new(Bound::one(EventScope::Past, &past.name, past.event));
    let mut inner = scope.at(&bound).naming(Some(past.name.clone()), &bound);
    inner.contact = None;
    inner
}

fn question(
    past: Past<'_>,
    condition: Option<Expr>,
    since: Since,
    ask: Ask,
    (ty, presence): (Type, Presence),
    span: Span,
) -> Expr {
    let history = History { event: past.name, entity: past.entity, condition, span: since, ask };
    typed(ExprKind::History(Box::new(history)), ty, presence, span)
}
