//! Effects: a `do` of an action, its arguments and what stands in for those left out.
//!
//! It must not know how an action's request is made.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Constant, FieldDecl, Kind, Presence, Scalar, Type};

use super::expression::constant;
use super::scope::{Bound, BoundField};
use super::{Checker, Cx, typed};
use crate::codes;
use crate::declare::{Action, Param, ParamKind, Understood};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Act, EventScope, Expr, ExprKind, LetId, Ty};
use crate::nearest::{list_names, nearest};
use crate::shape;
use crate::syntax::ast::{self, AstNode as _};
use crate::uses::Thing;

/// Built-in acts, which are no actions but may be meant by a misspelt one.
const BUILT_IN: [&str; 11] =
    ["set", "emit", "task", "note", "assign", "create", "update", "delete", "start", "stop", "unsubscribe"];

/// The label that every effect has: when to send it at the earliest.
const AT: &str = "at";

/// The values written for the parameters of an action.
type Written = IndexMap<Arc<str>, (Option<ast::Expr>, Span)>;

impl<'a> Checker<'a> {
    /// An effect; `at` gets when it is sent at the earliest.
    pub(super) fn effect(
        &mut self,
        cx: Cx<'_>,
        effect: &ast::EffectAct,
        at: &mut Option<Expr>,
    ) -> Option<Act> {
        let dotted = effect.name()?;
        let (name, span) = (dotted.text(), cx.span(&dotted));
        let declared = self.declared;
        let Some((name, action)) = declared.actions.get_key_value(&*name) else {
            self.unknown_action(&name, span);
            return None;
        };
        self.report.used(span, Thing::Action(name.clone()));
        self.used_actions.entry(name.clone()).or_insert(span);
        if self.misread(cx.span(effect)) {
            return None;
        }
        let (mut written, mut labels) = self.written(cx, effect, name, action);
        if let Some((moment, _)) = written.shift_remove(AT) {
            *at = moment.and_then(|it| self.expr(cx, &it)).and_then(|it| self.as_moment(it, "`at`"));
            labels = labels.filter(|()| at.is_some());
        }
        let mut arguments = Vec::new();
        for param in action.params.values() {
            let role = format!("`{}` of `{name}`", param.name);
            let argument = match written.get(&param.name) {
                Some((value, _)) => value.as_ref().and_then(|it| self.argument(cx, it, param, &role)),
                // A misspelt label may be the one that is missing.
                None if action.understood == Understood::Partly || labels.is_none() => None,
                None => self.left_out_argument(cx, name, action, param, span),
            };
            arguments.push(argument);
        }
        let arguments = arguments.into_iter().collect::<Option<_>>();
        labels.and(arguments).map(|arguments| Act::Effect { action: name.clone(), arguments })
    }

    pub(super) fn unknown_action(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let known = || self.declared.actions.keys().map(|it| &**it).chain(BUILT_IN);
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_ACTION, span, format!("there is no action `{name}`"));
        self.report.push(match nearest(name, known()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if self.declared.templates.contains_key(name) => diagnostic
                .help(format!("`{name}` is a template: send it by `do email {name}`"))
                .replace(span, format!("email {name}"), Applicability::Unsure),
            None => diagnostic.help(format!(
                "there are {}; declare another by `action {name}(…) {{ … }}`",
                list_names(known(), 12)
            )),
        });
    }

    /// What is written for each parameter; nothing in the second place after a mistake.
    fn written(
        &mut self,
        cx: Cx<'_>,
        effect: &ast::EffectAct,
        name: &str,
        action: &Action,
    ) -> (Written, Option<()>) {
        let mut written = Written::new();
        let mut whole = Some(());
        if let Some(first) = effect.first() {
            let span = cx.span(&first);
            match first_param(action) {
                Some(param) => {
                    written.insert(param.name.clone(), (Some(first), span));
                }
                None if action.understood == Understood::Partly => whole = None,
                None => {
                    whole = self.error(
                        codes::UNKNOWN_LABEL,
                        span,
                        format!("`{name}` takes no values"),
                        "remove it",
                    )
                }
            }
        }
        for argument in effect.arguments() {
            let Some(label) = argument.name() else { continue };
            let (text, span) = (label.text(), cx.span(&label));
            let own = action.params.get(&*text).map(|it| it.name.clone());
            if let (Some((action, _)), Some(own)) = (self.declared.actions.get_key_value(name), &own) {
                let thing = Thing::Param { action: action.clone(), name: own.clone() };
                self.report.used(span, thing);
            }
            let Some(param) = own.or_else(|| (text == AT).then(|| AT.into())) else {
                if action.understood == Understood::Whole {
                    self.unknown_label(name, action, &text, span);
                }
                // Its value may have a mistake of its own, but not one of type.
                whole = None;
                continue;
            };
            if let Some((_, first)) = written.get(&param) {
                let first = *first;
                self.report.push(
                    Diagnostic::error(
                        codes::ARGUMENT_TWICE,
                        span,
                        format!("`{text}` of `{name}` is said already"),
                    )
                    .also(first, "here first")
                    .help("remove one of them"),
                );
                whole = None;
                continue;
            }
            written.insert(param, (argument.value(), span));
        }
        (written, whole)
    }

    /// What the answer of an action gives, under the number of the `let` that names it; none
    /// after a mistake.
    pub(super) fn result_of(&mut self, name: &str, id: LetId, span: Span) -> Option<Bound> {
        let declared = self.declared;
        let (name, action) = declared.actions.get_key_value(name)?;
        if action.understood == Understood::Partly {
            return None;
        }
        let fields = self.fields_of_result(name, action)?;
        if fields.is_empty() {
            let message = format!("`{name}` gives nothing that could have a name");
            self.report.push(
                Diagnostic::error(codes::NO_MESSAGE, span, message)
                    .also(action.span, "declared here")
                    .help("leave out the `let`, or say in the action what its answer gives: `result { id: body.id }`"),
            );
            return None;
        }
        let mut bound = Bound::of_many(EventScope::Result(id), &[], Presence::Optional);
        bound.events.push(name.clone());
        for field in fields.iter() {
            let ty = Ty { ty: field.ty.clone(), presence: Presence::Optional };
            bound.fields.insert(field.name.clone(), BoundField::Known(ty));
        }
        Some(bound)
    }

    /// The members of an action's `result`.
    pub(super) fn fields_of_result(
        &mut self,
        name: &Arc<str>,
        action: &Action,
    ) -> Option<Rc<Vec<FieldDecl>>> {
        if let Some(known) = self.results.get(name) {
            return Some(known.clone());
        }
        let outer = std::mem::take(&mut self.numbers);
        let checked = self.action(name, action);
        self.numbers = outer;
        let fields = Rc::new(checked?.result.into_iter().map(|(field, _)| field).collect::<Vec<_>>());
        self.results.insert(name.clone(), fields.clone());
        Some(fields)
    }

    fn unknown_label(&mut self, name: &str, action: &Action, label: &str, span: Span) {
        let known = || action.params.keys().map(|it| &**it);
        let diagnostic = Diagnostic::error(codes::UNKNOWN_LABEL, span, format!("`{name}` has no `{label}`"));
        self.report.push(match nearest(label, known()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if action.params.is_empty() => diagnostic.help("it takes no values: remove this one"),
            None => diagnostic.help(format!("it takes {}", list_names(known(), 8))),
        });
    }

    fn left_out_argument(
        &mut self,
        cx: Cx<'_>,
        name: &str,
        action: &Action,
        param: &Param,
        span: Span,
    ) -> Option<Expr> {
        let kind = param.kind.as_ref()?;
        if let Some(default) = &param.default {
            return self.default_argument(cx, name, action, param, default, span);
        }
        if param.presence == Presence::Optional {
            return Some(typed(ExprKind::Missing, kind.ty(), Presence::Optional, span));
        }
        let is_first = first_param(action).is_some_and(|it| it.name == param.name);
        let help = match (is_first, kind) {
            (true, ParamKind::Template) => format!("name a template: `do {name} welcome`"),
            (true, ParamKind::Team) => format!("name a team: `do {name} sales …`"),
            (true, _) => format!("write it right after the name: `do {name} …`"),
            (false, _) => format!("add `{} …`", param.name),
        };
        let message = format!("`{name}` wants its `{}`", param.name);
        self.error(codes::MISSING_ARGUMENT, span, message, help)
    }

    /// The default of a parameter, as this `do` sees it.
    fn default_argument(
        &mut self,
        cx: Cx<'_>,
        name: &str,
        action: &Action,
        param: &Param,
        default: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let mark = self.report.mark();
        let there = Cx { origin: action.origin, ..cx };
        let role = format!("`{}` of `{name}`", param.name);
        let value = self.argument(there, default, param, &role);
        let said = self.report.take_since(mark);
        let words = self.quote(default.span(action.origin));
        match value {
            Some(mut value) if said.is_empty() => {
                value.span = span;
                Some(value)
            }
            _ => {
                let broken_setting = said.iter().find(|it| it.code == codes::UNKNOWN_SETTING);
                if let Some(setting) = broken_setting {
                    // One setting that is missing is one mistake, however often it is needed.
                    if !self.missing_settings.insert(words.clone()) {
                        return None;
                    }
                    let message = format!("`{name}` needs `{words}`, and {}", setting.message);
                    let help = setting.help.clone().unwrap_or_default();
                    return self.error(codes::UNKNOWN_SETTING, span, message, help);
                }
                let message = format!("`{name}` does not know its `{}` here", param.name);
                let help = format!(
                    "it is `{words}` unless you say otherwise, which does not fit here: add `{} …`{}",
                    param.name,
                    self.recipient_example(cx, param)
                );
                self.error(codes::NO_RECIPIENT, span, message, help)
            }
        }
    }

    /// For a workflow about accounts: whom it could send to.
    fn recipient_example(&self, cx: Cx<'_>, param: &Param) -> String {
        let subject = cx.scope.subject.as_deref().unwrap_or_default();
        let attributes = self.declared.entities.get(subject).map(|it| &it.attributes);
        let contact = attributes
            .into_iter()
            .flat_map(|it| it.values())
            .find(|it| matches!(&it.ty, Some(Type::One(Scalar::Entity(kind))) if **kind == *"contact"));
        match contact {
            Some(contact) => format!(", for example `{} {subject}.{}.email`", param.name, contact.name),
            None => String::new(),
        }
    }

    pub(super) fn argument(
        &mut self,
        cx: Cx<'_>,
        value: &ast::Expr,
        param: &Param,
        role: &str,
    ) -> Option<Expr> {
        match param.kind.as_ref()? {
            ParamKind::Template => self.template_argument(cx, value, role),
            ParamKind::Sender => self.sender_argument(cx, value, role),
            ParamKind::Team => self.team_argument(cx, value, role),
            ParamKind::Value(Type::One(Scalar::Url)) => self.url_argument(cx, value, role),
            ParamKind::Value(ty) => {
                if *ty == Type::One(Scalar::Text)
                    && let Some((name, span)) = one_name(cx, value)
                    && let Some(text) = self.text_template(cx, &name, span)
                {
                    return text;
                }
                if *ty == Type::One(Scalar::Text) {
                    self.template_as_text(cx, value);
                }
                self.value_of(cx, value, ty, role)
            }
        }
    }

    /// A text with holes where a URL is wanted: what fills a hole cannot change where
    /// it leads.
    fn url_argument(&mut self, cx: Cx<'_>, value: &ast::Expr, role: &str) -> Option<Expr> {
        let url = Type::One(Scalar::Url);
        if let ast::Expr::String(string) = value
            && let Some(literal) = string.literal()
        {
            let found = self.url(cx, &literal)?;
            if matches!(found.kind, ExprKind::Message(_)) {
                return Some(Expr { ty: crate::hir::Ty { ty: url, ..found.ty }, ..found });
            }
            return self.fit(found, &url, role);
        }
        self.value_of(cx, value, &url, role)
    }

    fn template_argument(&mut self, cx: Cx<'_>, value: &ast::Expr, role: &str) -> Option<Expr> {
        let span = cx.span(value);
        if self.quoted_template(cx, value) {
            return None;
        }
        if let Some((name, span)) = one_name(cx, value) {
            let declared = self.declared;
            if let Some(template) = declared.templates.get(&*name) {
                self.report.used(span, Thing::Template(template.name.clone()));
                return self.email_template(cx, template, span);
            }
            if let Some(Type::One(Scalar::Json)) =
                cx.scope.params.get(&*name).and_then(|it| it.as_ref()).map(|it| it.ty.clone())
            {
                return self.expr(cx, value);
            }
            self.unknown_template(&name, span);
            return None;
        }
        let message = format!("{role} wants the name of a template, and `{}` is none", self.quote(span));
        let help = "write the message apart: `template NAME email { subject \"…\" text \"…\" }`, or as a file `templates/NAME.md`";
        self.error(codes::WRONG_TYPE, span, message, help)
    }

    /// Says that a template's name stands in quotes, if `value` is one.
    pub(super) fn quoted_template(&mut self, cx: Cx<'_>, value: &ast::Expr) -> bool {
        let Some((text, span)) = plain_literal(cx, value) else { return false };
        let templates = &self.declared.templates;
        let near = nearest(&text, templates.keys().map(|it| &**it));
        let (name, applicability) = match near {
            _ if templates.contains_key(&*text) => (text.clone(), Applicability::Safe),
            Some(near) => (near.to_owned(), Applicability::Unsure),
            None => return false,
        };
        let message = format!("the name of a template stands without quotes, and `\"{text}\"` is a text");
        self.report.push(
            Diagnostic::error(codes::QUOTED_NAME, span, message).help(format!("write `{name}`")).replace(
                span,
                name,
                applicability,
            ),
        );
        true
    }

    /// Warns of a text that is the name of a template: it would be sent as it is.
    fn template_as_text(&mut self, cx: Cx<'_>, value: &ast::Expr) {
        let Some((text, span)) = plain_literal(cx, value) else { return };
        let Some(template) = self.declared.templates.get(&*text) else { return };
        // That nobody sends it has this one reason.
        self.used_templates.insert(template.name.clone());
        let message = format!("this sends the word \"{text}\", not the template of that name");
        let diagnostic = Diagnostic::warning(codes::QUOTED_TEMPLATE, span, message);
        let diagnostic = diagnostic.also(template.span, "declared here");
        self.report.push(if &*template.channel == "email" {
            diagnostic.help(format!("to send the template, write `do email {text}`"))
        } else {
            diagnostic.help("leave out the quotes to send the template").replace(
                span,
                text,
                Applicability::Unsure,
            )
        });
    }

    pub(super) fn unknown_template(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_TEMPLATE, span, format!("there is no template `{name}`"));
        self.report.push(match nearest(name, self.declared.templates.keys().map(|it| &**it)) {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .replace(span, near, Applicability::Unsure),
            None => diagnostic.help(format!(
                "write it as a file, `templates/{name}.md`, or declare it: `template {name} email {{ subject \"…\" text \"…\" }}`"
            )),
        });
    }

    fn sender_argument(&mut self, cx: Cx<'_>, value: &ast::Expr, role: &str) -> Option<Expr> {
        let text =
            |text: &Arc<str>, span: Span| Some(constant(Constant::Text(text.clone()), Scalar::Text, span));
        if let Some((name, span)) = one_name(cx, value)
            && !cx.scope.params.contains_key(&*name)
        {
            let declared = self.declared;
            if let Some((name, sender)) = declared.senders.get_key_value(&*name) {
                self.report.used(span, Thing::Sender(name.clone()));
                return text(sender.address.as_ref()?, span);
            }
            if self.declared.stray.contains(&name) {
                return None;
            }
            let message = format!("there is no sender `{name}`");
            let diagnostic = Diagnostic::error(codes::UNKNOWN_SENDER, span, message);
            self.report.push(match nearest(&name, declared.senders.keys().map(|it| &**it)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).replace(
                    span,
                    near,
                    Applicability::Unsure,
                ),
                None => diagnostic.help(format!("declare it: `sender {name} = \"Acme <{name}@acme.com>\"`")),
            });
            return None;
        }
        let value = self.expr(cx, value)?;
        if let ExprKind::Constant(Constant::Text(address)) = &value.kind
            && !shape::is_sender(address)
        {
            let message = format!("`{address}` is not a sender");
            return self.error(
                codes::BAD_TEXT,
                value.span,
                message,
                "write it as `\"Acme <hello@acme.com>\"`",
            );
        }
        let email_or_param = matches!(value.ty.ty, Type::One(Scalar::Email))
            || matches!(value.kind, ExprKind::Param(_) | ExprKind::Constant(_));
        if email_or_param && value.ty.ty.kind() == Kind::Text {
            return Some(value);
        }
        self.misfit(&value, &Type::One(Scalar::Email), role)
    }

    fn team_argument(&mut self, cx: Cx<'_>, value: &ast::Expr, role: &str) -> Option<Expr> {
        if let Some((name, span)) = one_name(cx, value)
            && !cx.scope.params.contains_key(&*name)
        {
            if self.declared.teams.contains_key(&*name) {
                return Some(self.team(&name, span));
            }
            let mark = self.report.mark();
            let found = self.expr(cx, value);
            let said = self.report.take_since(mark);
            if found.is_none() && said.iter().any(|it| it.code == codes::UNKNOWN_NAME) {
                self.unknown_team(&name, span);
                return None;
            }
            said.into_iter().for_each(|it| self.report.push(it));
            return self.fit(found?, &Type::List(Scalar::Email), role);
        }
        self.value_of(cx, value, &Type::List(Scalar::Email), role)
    }
}

/// The parameter that takes the value without a label: the first that has to be given,
/// so that `sms(to: phone = contact.phone, text: text)` is done by `do sms "…"`.
pub(crate) fn first_param(action: &Action) -> Option<&Param> {
    let must = |it: &&Param| it.default.is_none() && it.presence == Presence::Required;
    action.params.values().find(must).or_else(|| action.params.values().next())
}

/// The text in quotes that `value` is, if there is nothing else in it.
fn plain_literal(cx: Cx<'_>, value: &ast::Expr) -> Option<(String, Span)> {
    let ast::Expr::String(string) = value else { return None };
    let literal = string.literal()?;
    Some((literal.contents().to_owned(), literal.span(cx.origin)))
}

/// The one word that `value` is, if it is one.
pub(super) fn one_name(cx: Cx<'_>, value: &ast::Expr) -> Option<(String, Span)> {
    let ast::Expr::Path(path) = value else { return None };
    let names: Vec<ast::Name> = path.names().collect();
    match names.as_slice() {
        [name] => Some((name.text(), cx.span(name))),
        _ => None,
    }
}
