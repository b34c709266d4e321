//! What names stand for.
//!
//! First variables of loops and parameters, then names given by `as`, `event`,
//! `secret`, `config`, the subject, and last a bare name: a field of the event at
//! hand or an attribute of the subject. It must not know where an expression stands.

use std::sync::Arc;

use onward_bytecode::{Constant, Presence, Scalar, Type};

use super::expression::constant;
use super::narrow::{ANYTHING, key};
use super::scope::{Bound, BoundField, Place};
use super::{Checker, Cx, typed, words};
use crate::codes;
use crate::declare::{Fields, Understood};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{EventScope, Expr, ExprKind};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast;
use crate::uses::Thing;

/// What other languages call a truth value, and its name here.
const CONSTANTS: [(&str, &str); 8] = [
    ("yes", "true"),
    ("True", "true"),
    ("TRUE", "true"),
    ("on", "true"),
    ("no", "false"),
    ("False", "false"),
    ("FALSE", "false"),
    ("off", "false"),
];

/// What the first name of a path stands for.
enum Meaning {
    /// A value.
    Value(Expr),
    /// An event: its fields follow.
    Event(std::rc::Rc<Bound>),
    /// Secrets: the name of one follows.
    Secret,
    /// Settings: a path follows.
    Config,
    /// Nothing, and that was said.
    Error,
    /// Nothing.
    Unknown,
}

impl Checker<'_> {
    pub(super) fn path(&mut self, cx: Cx<'_>, path: &ast::PathExpr) -> Option<Expr> {
        let names: Vec<ast::Name> = path.names().collect();
        let (first, rest) = names.split_first()?;
        let span = cx.span(first);
        match self.meaning(cx, &first.text(), span) {
            Meaning::Value(value) => self.members(cx, value, rest),
            Meaning::Event(bound) => match rest.split_first() {
                None => self.whole_event(cx, &bound, span),
                Some((field, rest)) => {
                    let field_span = Span { start: span.start, ..cx.span(field) };
                    let value = self.field(cx, &bound, &first.text(), field, field_span)?;
                    self.members(cx, value, rest)
                }
            },
            Meaning::Secret => self.secret(cx, rest, cx.span(path)),
            Meaning::Config => self.setting(rest, cx.span(path)),
            Meaning::Error => None,
            Meaning::Unknown => {
                self.unknown_name(cx, &first.text(), span);
                None
            }
        }
    }

    /// Whether `path` is one word that stands for nothing; if so, says that a text
    /// stands in quotes.
    pub(super) fn quote_instead(&mut self, cx: Cx<'_>, path: &ast::PathExpr) -> bool {
        let names: Vec<ast::Name> = path.names().collect();
        let [name] = names.as_slice() else { return false };
        let (text, span) = (name.text(), cx.span(name));
        let mark = self.report.mark();
        let unknown = matches!(self.meaning(cx, &text, span), Meaning::Unknown);
        self.report.take_since(mark);
        if !unknown || self.candidates(cx).iter().any(|it| nearest(&text, [&**it]).is_some()) {
            return false;
        }
        if self.elsewhere(&text).is_some() || self.declared.stray.contains(&text) {
            return false;
        }
        self.report.push(
            Diagnostic::error(codes::UNKNOWN_NAME, span, format!("nothing here is called `{text}`"))
                .help("a text stands in quotes")
                .replace(span, format!("\"{text}\""), Applicability::Unsure),
        );
        true
    }

    /// Whether `name` stands for something here that has a value.
    pub(super) fn is_known(&mut self, cx: Cx<'_>, name: &str) -> bool {
        let mark = self.report.mark();
        let nowhere = Span { start: u32::MAX, end: u32::MAX, file: cx.origin.file };
        let known = !matches!(self.meaning(cx, name, nowhere), Meaning::Unknown);
        self.report.take_since(mark);
        known
    }

    fn meaning(&mut self, cx: Cx<'_>, name: &str, span: Span) -> Meaning {
        let scope = cx.scope;
        if let Some((_, var, ty)) = scope.vars.iter().rev().find(|(it, ..)| **it == *name) {
            self.given_used(name, span);
            let value = Expr { kind: ExprKind::Var(*var), ty: ty.clone(), span };
            return Meaning::Value(known(cx, value));
        }
        if let Some(param) = scope.params.get(name) {
            self.param_used(cx, name, span);
            return match param {
                Some(ty) => {
                    let kind = ExprKind::Param(name.into());
                    Meaning::Value(known(cx, Expr { kind, ty: ty.clone(), span }))
                }
                None => Meaning::Error,
            };
        }
        if let Some((actor, kind)) = scope.actors.get(name) {
            self.given_used(name, span);
            let ty = Type::One(Scalar::Entity(kind.clone()));
            return Meaning::Value(typed(ExprKind::Actor(*actor), ty, Presence::Required, span));
        }
        if let Some((_, bound)) = scope.aliases.iter().rev().find(|(it, _)| **it == *name) {
            match bound.of {
                // Its own name stands for it.
                EventScope::Past => self.event_used(bound, span),
                _ => self.given_used(name, span),
            }
            return Meaning::Event(bound.clone());
        }
        if let Some((_, value)) = scope.values.iter().rev().find(|(it, _)| **it == *name) {
            self.given_used(name, span);
            return match value {
                Some(value) => Meaning::Value(known(cx, Expr { span, ..value.clone() })),
                None => Meaning::Error,
            };
        }
        match name {
            "secret" => return Meaning::Secret,
            "config" => return Meaning::Config,
            _ if scope.place != Place::Workflow => return Meaning::Unknown,
            "event" => return self.event_here(cx, span),
            _ => {}
        }
        self.entity_or_bare(cx, name, span)
    }

    /// Notes a use of a parameter of the action that is checked.
    fn param_used(&mut self, cx: Cx<'_>, name: &str, span: Span) {
        let Some(action) = self.numbers.whose.clone().filter(|_| cx.scope.place == Place::Action) else {
            return;
        };
        let params = self.declared.actions.get(&action).map(|it| &it.params);
        if let Some(param) = params.and_then(|it| it.get(name)) {
            self.report.used(span, Thing::Param { action, name: param.name.clone() });
        }
    }

    /// Notes a use of an event by its name.
    fn event_used(&mut self, bound: &Bound, span: Span) {
        for event in &bound.events {
            self.report.used(span, Thing::Event(event.clone()));
        }
    }

    fn event_here(&mut self, cx: Cx<'_>, span: Span) -> Meaning {
        if let Some(bound) = &cx.scope.event {
            return Meaning::Event(bound.clone());
        }
        let message = "there is no event here";
        let help = "a workflow has one if it starts `on` an event; a change of an entity is none";
        self.say(codes::NO_EVENT_HERE, span, message, help);
        Meaning::Error
    }

    fn entity_or_bare(&mut self, cx: Cx<'_>, name: &str, span: Span) -> Meaning {
        let Some(subject) = cx.scope.subject.clone() else { return Meaning::Unknown };
        let entity = |kind: &str| Type::One(Scalar::Entity(kind.into()));
        if *subject == *name {
            self.report.used(span, Thing::Entity(subject.clone()));
            return Meaning::Value(typed(ExprKind::Subject, entity(name), Presence::Required, span));
        }
        let field = cx.scope.event.clone().filter(|bound| bound.fields.contains_key(name));
        let attribute = self.attributes(&subject).is_some_and(|it| it.contains_key(name));
        if name == "contact"
            && !attribute
            && let Some(presence) = cx.scope.contact
        {
            self.report.used(span, Thing::Entity("contact".into()));
            return Meaning::Value(known(cx, typed(ExprKind::Contact, entity(name), presence, span)));
        }
        match (field, attribute) {
            (Some(_), true) => {
                self.ambiguous(cx, name, &subject, span);
                Meaning::Error
            }
            (Some(bound), false) => {
                self.field_used(&bound.events, name, span);
                self.bound_field(cx, &bound, name, span)
            }
            (None, true) => {
                self.attribute_used(&subject, name, span);
                let base = typed(ExprKind::Subject, entity(&subject), Presence::Required, span);
                match self.attribute(cx, base, &subject, name, span) {
                    Some(value) => Meaning::Value(value),
                    None => Meaning::Error,
                }
            }
            (None, false) if self.declared.teams.contains_key(name) => Meaning::Value(self.team(name, span)),
            (None, false) if self.partly_known(cx, &subject) => Meaning::Error,
            (None, false) => Meaning::Unknown,
        }
    }

    /// The addresses of a team.
    pub(super) fn team(&mut self, name: &str, span: Span) -> Expr {
        let found = self.declared.teams.get_key_value(name);
        if let Some((name, _)) = found {
            self.report.used(span, Thing::Team(name.clone()));
        }
        let members = found.map(|(_, it)| it.members.as_slice()).unwrap_or_default();
        let address = |it: &Arc<str>| constant(Constant::Text(it.clone()), Scalar::Email, span);
        let members = members.iter().map(address).collect();
        typed(ExprKind::List(members), Type::List(Scalar::Email), Presence::Required, span)
    }

    /// Whether the name could be one that the parser did not understand.
    fn partly_known(&self, cx: Cx<'_>, subject: &str) -> bool {
        let event = cx.scope.event.as_ref().is_some_and(|it| it.understood == Understood::Partly);
        event || self.declared.entities.get(subject).is_some_and(|it| it.understood == Understood::Partly)
    }

    fn attributes(&self, entity: &str) -> Option<&Fields> {
        self.declared.entities.get(entity).map(|it| &it.attributes)
    }

    fn ambiguous(&mut self, cx: Cx<'_>, name: &str, subject: &str, span: Span) {
        let event = match &cx.scope.event {
            Some(bound) => self.event_word(cx, bound),
            None => "event".into(),
        };
        let (of_event, of_subject) = (format!("{event}.{name}"), format!("{subject}.{name}"));
        self.report.push(
            Diagnostic::error(
                codes::AMBIGUOUS_NAME,
                span,
                format!("both the event and the {subject} have `{name}`"),
            )
            .help(format!("write `{of_event}` or `{of_subject}`"))
            .replace(span, of_event, Applicability::Unsure)
            .replace(span, of_subject, Applicability::Unsure),
        );
    }

    /// The word for the event at hand.
    fn event_word(&self, cx: Cx<'_>, bound: &Bound) -> String {
        let alias = cx.scope.aliases.iter().rev().find(|(_, it)| it.of == bound.of);
        alias.map_or_else(|| "event".into(), |(name, _)| name.to_string())
    }

    /// A field of the event at hand, by its bare name.
    fn bound_field(&mut self, cx: Cx<'_>, bound: &Bound, name: &str, span: Span) -> Meaning {
        match self.read_field(cx, bound, name, span) {
            Some(value) => Meaning::Value(value),
            None => Meaning::Error,
        }
    }

    fn read_field(&mut self, cx: Cx<'_>, bound: &Bound, name: &str, span: Span) -> Option<Expr> {
        match bound.fields.get(name)? {
            BoundField::Known(ty) => {
                let kind = ExprKind::Field { of: bound.of, name: name.into() };
                Some(known(cx, Expr { kind, ty: ty.clone(), span }))
            }
            BoundField::Broken => None,
            BoundField::Disagrees((first, a), (second, b)) => {
                let message = format!(
                    "`{name}` is {} in `{first}` and {} in `{second}`",
                    words::plain(a),
                    words::plain(b)
                );
                let help = "either event can start this workflow; declare the field alike in both, or write two workflows";
                self.error(codes::FIELD_DISAGREES, span, message, help)
            }
        }
    }

    /// `event.field`.
    fn field(
        &mut self,
        cx: Cx<'_>,
        bound: &Bound,
        owner: &str,
        field: &ast::Name,
        span: Span,
    ) -> Option<Expr> {
        let name = field.text();
        if bound.fields.contains_key(&*name) {
            self.field_used(&bound.events, &name, cx.span(field));
            return self.read_field(cx, bound, &name, span);
        }
        if bound.understood == Understood::Partly {
            return None;
        }
        if let Some(value) = self.about_event(cx, bound, &name, span) {
            return Some(value);
        }
        let at = cx.span(field);
        let events = list_names(bound.events.iter().map(|it| &**it), 3);
        let message = format!("{events} has no field `{name}`");
        self.unknown_field(&name, at, message, bound.fields.keys().map(|it| &**it), owner);
        None
    }

    /// What every event has beside its fields: `event.id` and `event.time`.
    fn about_event(&self, cx: Cx<'_>, bound: &Bound, name: &str, span: Span) -> Option<Expr> {
        let scalar = match name {
            "id" => Scalar::Text,
            "time" => Scalar::Time,
            _ => return None,
        };
        let at_hand = is_at_hand(cx, bound);
        let event = typed(ExprKind::Event, Type::One(Scalar::Json), Presence::Required, span);
        let kind = ExprKind::Member(Box::new(event), name.into());
        at_hand.then(|| typed(kind, Type::One(scalar), Presence::Required, span))
    }

    pub(super) fn unknown_field<'n>(
        &mut self,
        name: &str,
        span: Span,
        message: String,
        known: impl Iterator<Item = &'n str> + Clone,
        owner: &str,
    ) {
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, span, message);
        self.report.push(match nearest(name, known.clone()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if known.clone().next().is_none() => {
                diagnostic.help(format!("`{owner}` has no fields; declare `{name}` where it is declared"))
            }
            None => diagnostic.help(format!("`{owner}` has {}", list_names(known, 8))),
        });
    }

    /// The whole of an event, as JSON.
    fn whole_event(&mut self, cx: Cx<'_>, bound: &Bound, span: Span) -> Option<Expr> {
        let at_hand = is_at_hand(cx, bound);
        let json = Type::One(Scalar::Json);
        if at_hand {
            return Some(typed(ExprKind::Event, json, Presence::Required, span));
        }
        let mut entries: Vec<(Arc<str>, Expr)> = Vec::new();
        for name in bound.fields.keys() {
            entries.push((name.clone(), self.read_field(cx, bound, name, span)?));
        }
        Some(typed(ExprKind::Object(entries), json, Presence::Required, span))
    }

    /// The parts of `base` that `names` name, one after the other.
    pub(super) fn members(&mut self, cx: Cx<'_>, base: Expr, names: &[ast::Name]) -> Option<Expr> {
        let mut value = base;
        for name in names {
            let at = cx.span(name);
            let span = Span { end: at.end, ..value.span };
            let text = name.text();
            value = match value.ty.ty.clone() {
                Type::One(Scalar::Json) => {
                    let kind = ExprKind::Member(Box::new(value), text.into());
                    known(cx, typed(kind, Type::One(Scalar::Json), Presence::Optional, span))
                }
                Type::One(Scalar::Entity(entity)) => {
                    if self.attributes(&entity)?.contains_key(&*text) {
                        self.attribute_used(&entity, &text, at);
                        self.attribute(cx, value, &entity, &text, span)?
                    } else if text == "id" {
                        id_of(value, span)
                    } else {
                        self.no_attribute(&entity, &text, at);
                        return None;
                    }
                }
                _ => {
                    let message = format!(
                        "`{}` is {} and has no part `{text}`",
                        self.quote(value.span),
                        words::what(&value)
                    );
                    return self.error(codes::NO_PARTS, at, message, format!("remove `.{text}`"));
                }
            };
        }
        Some(value)
    }

    pub(super) fn no_attribute(&mut self, entity: &str, name: &str, span: Span) {
        let Some(declared) = self.declared.entities.get(entity) else { return };
        if declared.understood == Understood::Partly {
            return;
        }
        let message =
            format!("{} has no attribute `{name}`", words::plain(&Type::One(Scalar::Entity(entity.into()))));
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, span, message);
        self.report.push(match nearest(name, declared.attributes.keys().map(|it| &**it)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic
                .help(format!("if it should have one, declare it: `entity {entity} {{ {name}: text }}`")),
        });
    }

    /// Attribute `name` of `base`, which `entity` has.
    fn attribute(&mut self, cx: Cx<'_>, base: Expr, entity: &str, name: &str, span: Span) -> Option<Expr> {
        let declared = self.attributes(entity)?.get(name)?;
        let ty = declared.ty.clone()?;
        let kind = ExprKind::Attribute(Box::new(base), declared.name.clone());
        Some(known(cx, typed(kind, ty, Presence::Optional, span)))
    }

    fn secret(&mut self, cx: Cx<'_>, rest: &[ast::Name], span: Span) -> Option<Expr> {
        let (message, help) = match cx.scope.place {
            Place::Action => return self.secret_named(cx, rest, span),
            Place::Workflow => (
                "a secret can be read in an action only",
                "name it in the `action` that needs it, so that it never gets into a message or a run",
            ),
            Place::Answer => (
                "what is read here is kept, and a secret never is",
                "a secret proves who sends, in `verify …`, or goes out with the request of an action",
            ),
            Place::Test => ("a test has no secrets", "providers are played by the test: `answer sms { … }`"),
        };
        self.error(codes::SECRET_OUTSIDE_ACTION, span, message, help)
    }

    fn secret_named(&mut self, cx: Cx<'_>, rest: &[ast::Name], span: Span) -> Option<Expr> {
        match rest {
            [name] => {
                self.report.used(cx.span(name), Thing::Secret(name.text().into()));
                let kind = ExprKind::Secret(name.text().into());
                Some(typed(kind, Type::One(Scalar::Text), Presence::Required, span))
            }
            [] => self.error(
                codes::UNKNOWN_NAME,
                span,
                "`secret` is no value",
                "name one, as in `secret.TWILIO_TOKEN`",
            ),
            [_, more, ..] => {
                let at = cx.span(more);
                let message = format!("a secret is text and has no part `{}`", more.text());
                self.error(codes::NO_PARTS, at, message, format!("remove `.{}`", more.text()))
            }
        }
    }

    fn setting(&mut self, rest: &[ast::Name], span: Span) -> Option<Expr> {
        if rest.is_empty() {
            let help = "a setting is read by its heading and name, as in `config.twilio.from`";
            return self.error(codes::UNKNOWN_SETTING, span, "`config` alone is no setting", help);
        }
        let path = rest.iter().map(ast::Name::text).collect::<Vec<_>>().join(".");
        if let Some(found) = self.declared.config.settings.get(&path) {
            self.report.used(span, Thing::Setting(path.as_str().into()));
            let scalar = match found {
                Constant::Number(_) => Scalar::Number,
                Constant::Bool(_) => Scalar::Bool,
                _ => Scalar::Text,
            };
            return Some(constant(found.clone(), scalar, span));
        }
        let known = self.declared.config.settings.keys().map(String::as_str);
        let message = format!("`onward.toml` has no setting `{path}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_SETTING, span, message);
        self.report.push(match nearest(&path, known) {
            Some(near) => diagnostic.help(format!("did you mean `config.{near}`?")).replace(
                span,
                format!("config.{near}"),
                Applicability::Unsure,
            ),
            None => diagnostic.help(match path.rsplit_once('.') {
                Some((table, key)) => format!("add `{key} = \"…\"` under `[{table}]` in `onward.toml`"),
                None => "a setting is read by its heading and name, as in `config.twilio.from`".to_owned(),
            }),
        });
        None
    }

    /// Every name that could stand first in a path here.
    fn candidates(&self, cx: Cx<'_>) -> Vec<Arc<str>> {
        let scope = cx.scope;
        let mut names: Vec<Arc<str>> = Vec::new();
        names.extend(scope.vars.iter().map(|(name, ..)| name.clone()));
        names.extend(scope.params.keys().cloned());
        names.extend(scope.actors.keys().cloned());
        names.extend(scope.aliases.iter().map(|(name, _)| name.clone()));
        names.extend(scope.values.iter().map(|(name, _)| name.clone()));
        names.extend(scope.event.iter().flat_map(|bound| bound.fields.keys().cloned()));
        if let Some(subject) = &scope.subject {
            names.extend(self.attributes(subject).into_iter().flat_map(|it| it.keys().cloned()));
            names.push(subject.clone());
        }
        if scope.event.is_some() {
            names.push("event".into());
        }
        match scope.place {
            Place::Action => names.extend(["secret".into(), "config".into()]),
            Place::Workflow | Place::Answer | Place::Test => names.push("config".into()),
        }
        names
    }

    /// What sort of thing that has no value is called `name`, and what to do with it.
    fn elsewhere(&self, name: &str) -> Option<(&'static str, String)> {
        let declared = self.declared;
        if declared.templates.contains_key(name) {
            Some(("a template", format!("send it: `do email {name}`")))
        } else if declared.senders.contains_key(name) {
            Some(("a sender", format!("say who sends: `do email … from {name}`")))
        } else if declared.events.contains_key(name) {
            Some(("an event", format!("wait for it, or name it by `on {name} as …`")))
        } else if declared.entities.contains_key(name) {
            Some((
                "an entity",
                "only the subject of the workflow, and what it refers to, can be read".to_owned(),
            ))
        } else if declared.actions.contains_key(name) {
            Some(("an action", format!("do it: `do {name} …`")))
        } else if let Some(segment) = declared.segments.get(name) {
            Some(("a segment", format!("ask who is in it: `{} in {name}`", segment.kind)))
        } else if declared.topics.contains_key(name) {
            Some(("a topic", format!("say what the messages are about: `topic {name}`")))
        } else if declared.workflow_names.contains_key(name) {
            Some(("a workflow", format!("start or stop it: `do start {name}`")))
        } else {
            None
        }
    }

    fn unknown_name(&mut self, cx: Cx<'_>, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        if cx.scope.place == Place::Action && matches!(name, "contact" | "account" | "event") {
            let message = format!("an action does not see any {name}");
            let help = format!("make it a parameter, whose default may read it: `value: text = {name}.…`");
            self.say(codes::UNKNOWN_NAME, span, message, help);
            return;
        }
        if let Some((_, meant)) = CONSTANTS.iter().find(|(it, _)| *it == name) {
            self.report.push(
                Diagnostic::error(codes::UNKNOWN_NAME, span, format!("nothing here is called `{name}`"))
                    .help(format!("did you mean `{meant}`?"))
                    .replace(span, *meant, Applicability::Unsure),
            );
            return;
        }
        if let Some((sort, help)) = self.elsewhere(name) {
            let message = format!("`{name}` is {sort} and has no value");
            self.say(codes::NOT_A_VALUE, span, message, help);
            return;
        }
        let known = self.candidates(cx);
        let message = format!("nothing here is called `{name}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, span, message);
        self.report.push(match nearest(name, known.iter().map(|it| &**it)) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .replace(span, near, Applicability::Unsure),
            None => diagnostic.help(match cx.scope.place {
                Place::Workflow => "a bare name is a field of the event or an attribute of the subject; a text stands in quotes",
                Place::Action => "an action sees its parameters, `secret.…` and `config.…`",
                Place::Answer => "here is what came: `body`, and in a source `headers`, `query`, `raw`, `url`, `method`; a text stands in quotes",
                Place::Test => "a test sees whom it names, `contact ana { … }`; a text stands in quotes",
            }),
        });
    }
}

/// Whether the whole of an event can be read: of a past one only its fields can.
fn is_at_hand(cx: Cx<'_>, bound: &Bound) -> bool {
    bound.of != EventScope::Past && cx.scope.event.as_ref().is_some_and(|it| it.of == bound.of)
}

/// The key of an entity, which its JSON holds.
fn id_of(entity: Expr, span: Span) -> Expr {
    let presence = entity.ty.presence;
    let json = super::convert::read_as(entity, &Type::One(Scalar::Json));
    let kind = ExprKind::Member(Box::new(json), "id".into());
    typed(kind, Type::One(Scalar::Text), presence, span)
}

/// `value`, sure to be there if that was proved.
pub(super) fn known(cx: Cx<'_>, mut value: Expr) -> Expr {
    let facts = &cx.scope.facts;
    if value.ty.presence == Presence::Optional
        && (facts.contains(ANYTHING) || key(&value).is_some_and(|key| facts.contains(&key)))
    {
        value.ty.presence = Presence::Required;
    }
    value
}
