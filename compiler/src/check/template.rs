//! What a template becomes where it is sent: a subject, a text and HTML, in the eyes
//! of the workflow that sends it.
//!
//! It must not know how Markdown is rendered.

use std::rc::Rc;
use std::sync::Arc;

use onward_bytecode::{Constant, Presence, Scalar, Type};

use super::expression::constant;
use super::message::{Form, Walk, message};
use super::scope::{Bound, Scope};
use super::segment::Segments;
use super::{Checker, Cx, typed};
use crate::codes;
use crate::declare::{Author, Part, PartText, Template, Understood};
use crate::diagnostic::{Diagnostic, Span};
use crate::hir::{EventScope, Expr, ExprKind};
use crate::shape;
use crate::template::marks::{Marks, Piece};
use crate::template::{BODIES, html, markdown, mjml};
use crate::uses::Thing;

/// The body of a mail in both of its forms.
#[derive(Debug)]
pub(super) struct Body {
    segments: Segments,
    html: Vec<Piece>,
    text: Vec<Piece>,
}

impl Checker<'_> {
    /// An email template as the JSON that an action gets: `template`, `subject`,
    /// `text`, and if there are any `html`, `from` and `reply_to`.
    pub(super) fn email_template(&mut self, cx: Cx<'_>, template: &Template, at: Span) -> Option<Expr> {
        self.used_templates.insert(template.name.clone());
        if &*template.channel != "email" {
            let message =
                format!("`{}` is a template for `{}`, not for a mail", template.name, template.channel);
            self.report.push(
                Diagnostic::error(codes::TEMPLATE_PART, at, message)
                    .also(template.span, "declared here")
                    .help(format!("declare it as `template {} email {{ … }}`", template.name)),
            );
            return None;
        }
        self.report.enter(at, "sent here");
        let parts = self.mail(cx.scope, template, at);
        self.report.leave();
        Some(typed(ExprKind::Object(parts?), Type::One(Scalar::Json), Presence::Required, at))
    }

    /// The text of a short template, if `name` is one and nothing else.
    pub(super) fn text_template(&mut self, cx: Cx<'_>, name: &str, at: Span) -> Option<Option<Expr>> {
        let declared = self.declared;
        let template = declared.templates.get(name).filter(|it| &*it.channel != "email")?;
        if cx.scope.params.contains_key(name) {
            return None;
        }
        self.used_templates.insert(template.name.clone());
        self.report.used(at, Thing::Template(template.name.clone()));
        let part = template.parts.get("text")?;
        self.report.enter(at, "sent here");
        let text = self.part(cx.scope, part, at);
        self.report.leave();
        Some(text)
    }

    /// Checks templates that nobody sends as far as that is possible: what event
    /// they would be sent after is unknown.
    pub(super) fn unused_templates(&mut self) {
        let declared = self.declared;
        // After a mistake, nobody knows whether it would be sent.
        let sure = !self.report.has_errors();
        for template in declared.templates.values() {
            if template.author == Author::Std || self.used_templates.contains(&template.name) {
                continue;
            }
            if sure && template.understood == Understood::Whole {
                let action = if &*template.channel == "email" { "email" } else { "sms" };
                let message = format!("nobody sends the template `{}`", template.name);
                self.report.push(
                    Diagnostic::warning(codes::UNUSED_TEMPLATE, template.span, message)
                        .help(format!("send it, `do {action} {}`, or remove it", template.name)),
                );
            }
            self.begin();
            let mut scope = Scope::of_subject("contact".into());
            let mut event = Bound::of_many(EventScope::Trigger, &[], Presence::Optional);
            event.understood = Understood::Partly;
            scope.event = Some(Rc::new(event));
            if &*template.channel == "email" {
                self.mail(&scope, template, template.span);
            } else if let Some(part) = template.parts.get("text") {
                self.part(&scope, part, template.span);
            }
        }
    }

    fn mail(&mut self, scope: &Scope, template: &Template, at: Span) -> Option<Vec<(Arc<str>, Expr)>> {
        // What was sent is known by its name: to tests, and to whoever asks `opened(…)`.
        let name = constant(Constant::Text(template.name.clone()), Scalar::Text, at);
        let subject = template.parts.get("subject").map(|it| self.part(scope, it, at));
        let body = self.body(scope, template, at);
        let from = template.parts.get("from").map(|it| self.template_sender(scope, it, at));
        let reply_to = template.parts.get("reply_to").map(|it| self.template_address(scope, it, at));
        let (text, html) = body?;
        let mut members: Vec<(Arc<str>, Expr)> =
            vec![("template".into(), name), ("subject".into(), subject??), ("text".into(), text)];
        members.extend(html.map(|it| ("html".into(), it)));
        if let Some(from) = from {
            members.push(("from".into(), from?));
        }
        if let Some(reply_to) = reply_to {
            members.push(("reply_to".into(), reply_to?));
        }
        Some(members)
    }

    /// The text and the HTML of a mail.
    fn body(&mut self, scope: &Scope, template: &Template, at: Span) -> Option<(Expr, Option<Expr>)> {
        let written = template.parts.get("text").map(|it| self.part(scope, it, at));
        let Some(body) = self.rendered_body(template) else {
            return Some((written??, None));
        };
        let html = self.rendered(scope, &body.segments, &body.html, Form::Html, at);
        let text = match written {
            Some(text) => text,
            None => self.rendered(scope, &body.segments, &body.text, Form::Plain, at),
        };
        Some((text?, Some(html?)))
    }

    /// The body that a template's Markdown or HTML makes, if it has any.
    fn rendered_body(&mut self, template: &Template) -> Option<Rc<Body>> {
        if let Some(known) = self.bodies.get(&template.name) {
            return Some(known.clone());
        }
        let sources = BODIES.into_iter();
        let (form, part) = sources.filter_map(|it| template.parts.get_key_value(it)).next()?;
        let preheader = template.parts.get("preheader").map(|part| self.segments_of(part));
        let mut segments = Segments::clone(&*self.segments_of(part));
        let before = preheader.as_ref().map(|it| it.source()).unwrap_or_default();
        let marks = Marks::new(&(before + &segments.source()));
        let marked = segments.marked(&marks);
        let (mut whole, plain) = match &**form {
            "markdown" => {
                (html::page(&markdown::to_html(&marked, &marks)), markdown::to_text(&marked, &marks))
            }
            "mjml" => {
                let whole = self.of_mjml(&mjml::to_html(&marked, &marks), part.span)?;
                let plain = html::to_text(&whole);
                (whole, plain)
            }
            _ => (marked.clone(), html::to_text(&marked)),
        };
        if let Some(preheader) = preheader {
            let first = segments.append(&preheader);
            whole = html::with_preheader(&html::escape(&segments.marked_from(first, &marks)), &whole);
        }
        let body = Rc::new(Body { html: marks.split(&whole), text: marks.split(&plain), segments });
        self.bodies.insert(template.name.clone(), body.clone());
        Some(body)
    }

    fn of_mjml(&mut self, made: &Result<String, String>, span: Span) -> Option<String> {
        match made {
            Ok(html) => Some(html.clone()),
            Err(why) => {
                let message = format!("this is not MJML: {why}");
                let help = "a mail in MJML is one `<mjml>` with an `<mj-body>`, and every element is closed";
                self.error(codes::TEMPLATE_PART, span, message, help)
            }
        }
    }

    fn rendered(
        &mut self,
        scope: &Scope,
        segments: &Segments,
        pieces: &[Piece],
        form: Form,
        at: Span,
    ) -> Option<Expr> {
        let parts = self.parts(scope, &mut Walk::new(segments, pieces, form))?;
        Some(message(parts, at))
    }

    fn part(&mut self, scope: &Scope, part: &Part, at: Span) -> Option<Expr> {
        let segments = self.segments_of(part);
        self.whole_message(scope, &segments, Form::Text, at)
    }

    fn segments_of(&mut self, part: &Part) -> Rc<Segments> {
        match &part.text {
            PartText::Quoted(literal, origin) => self.segments_of_literal(literal, *origin),
            PartText::File(file) => self.segments_of_file(file),
        }
    }

    /// `from`: the name of a sender, or an address.
    fn template_sender(&mut self, scope: &Scope, part: &Part, at: Span) -> Option<Expr> {
        let value = self.part(scope, part, at)?;
        let ExprKind::Constant(Constant::Text(text)) = &value.kind else { return Some(value) };
        let declared = self.declared;
        if let Some((name, sender)) = declared.senders.get_key_value(text) {
            self.report.used(self.inside_quotes(part_span(part)), Thing::Sender(name.clone()));
            let address = sender.address.clone()?;
            return Some(constant(Constant::Text(address), Scalar::Text, at));
        }
        if shape::is_sender(text) {
            return Some(value);
        }
        let message = format!("there is no sender `{text}`");
        let help = format!("declare it, `sender {text} = \"…\"`, or write an address");
        self.error(codes::UNKNOWN_SENDER, part_span(part), message, help)
    }

    /// `reply_to`: an address.
    fn template_address(&mut self, scope: &Scope, part: &Part, at: Span) -> Option<Expr> {
        let value = self.part(scope, part, at)?;
        match &value.kind {
            ExprKind::Constant(Constant::Text(text)) if !shape::is_email(text) => {
                let message = format!("`{text}` is not an email address");
                self.error(codes::BAD_TEXT, part_span(part), message, "write it as `name@example.com`")
            }
            _ => Some(value),
        }
    }
}

/// Where the text of a part stands.
fn part_span(part: &Part) -> Span {
    match &part.text {
        PartText::Quoted(literal, origin) => literal.span(*origin),
        PartText::File(file) => {
            let length = u32::try_from(file.text.len()).unwrap_or(u32::MAX);
            Span::new(file.file, file.offset..file.offset.saturating_add(length))
        }
    }
}
