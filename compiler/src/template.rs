//! Templates: messages that are written apart from the steps that send them.
//!
//! A template is a declaration in a rule file, or a file in `templates/` with front
//! matter. It must not know who is sent what: holes are kept as places.

mod front;
pub(crate) mod html;
pub(crate) mod markdown;
pub(crate) mod marks;
pub(crate) mod mjml;
mod plain;

pub(crate) use front::read;

use crate::codes;
use crate::declare::{Template, Understood};
use crate::diagnostic::{Applicability, Diagnostic, FileId, Span};
use crate::nearest::{list_names, nearest};
use crate::report::Report;

/// A stretch of a template's file.
#[derive(Debug, Clone)]
pub(crate) struct TemplateFile {
    pub(crate) file: FileId,
    /// Offset of its first byte.
    pub(crate) offset: u32,
    pub(crate) text: String,
}

/// What a mail may have.
const MAIL: [&str; 8] = ["subject", "markdown", "html", "mjml", "text", "from", "reply_to", "preheader"];
/// What the body of a mail is made from: one of these.
pub(crate) const BODIES: [&str; 3] = ["markdown", "html", "mjml"];
/// What a short message may have.
const SHORT: [&str; 1] = ["text"];
/// How a message travels.
const CHANNELS: [&str; 3] = ["email", "sms", "text"];

/// Refuses a template with parts that its channel does not have, or without those it needs.
pub(crate) fn check_parts(template: &Template, channel: Option<Span>, report: &mut Report) {
    if !CHANNELS.contains(&&*template.channel) {
        let span = channel.unwrap_or(template.span);
        report.push(unknown_channel(&template.channel, span));
        return;
    }
    let mail = &*template.channel == "email";
    let known: &[&str] = if mail { &MAIL } else { &SHORT };
    let mut whole = template.understood == Understood::Whole;
    for (name, part) in &template.parts {
        if !known.contains(&&**name) {
            report.push(unknown_part(name, &template.channel, part.span, known));
            whole = false;
        }
    }
    let has = |name: &str| template.parts.contains_key(name);
    let mut bodies = BODIES.iter().filter_map(|it| template.parts.get_key_value(*it));
    if let (Some((first, made)), Some((_, other))) = (bodies.next(), bodies.next()) {
        let message = "a template has one of `markdown`, `html` and `mjml`";
        report.push(
            Diagnostic::error(codes::TEMPLATE_PART, other.span, message)
                .also(made.span, format!("`{first}` makes the HTML already"))
                .help("remove one of them"),
        );
    }
    if !whole {
        return;
    }
    let body = BODIES.iter().any(|it| has(it)) || has("text");
    let missing = match (mail, has("subject"), body) {
        (true, false, _) => Some(("a subject", "subject \"…\"")),
        (true, true, false) => Some(("a text", "markdown \"\"\"…\"\"\"")),
        (false, _, false) => Some(("a text", "text \"…\"")),
        _ => None,
    };
    if let Some((what, example)) = missing {
        let message = format!("the template `{}` has not got {what}", template.name);
        report.push(
            Diagnostic::error(codes::TEMPLATE_PART, template.span, message).help(format!("add `{example}`")),
        );
    }
}

fn unknown_channel(channel: &str, span: Span) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(codes::TEMPLATE_PART, span, format!("there are no templates for `{channel}`"));
    match nearest(channel, CHANNELS) {
        Some(near) => {
            diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
        }
        None => diagnostic.help(format!("a template is for {}", list_names(CHANNELS, 3))),
    }
}

fn unknown_part(name: &str, channel: &str, span: Span, known: &[&str]) -> Diagnostic {
    let message = format!("a template for `{channel}` has no `{name}`");
    let diagnostic = Diagnostic::error(codes::TEMPLATE_PART, span, message);
    match nearest(name, known.iter().copied()) {
        Some(near) => {
            diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
        }
        None => diagnostic.help(format!("it has {}", list_names(known.iter().copied(), known.len()))),
    }
}
