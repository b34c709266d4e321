//! What is known of the words at a place, in Markdown.

pub(crate) mod time;

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use onward_bytecode::Presence;
use onward_compiler::diagnostic::{FileId, Span};
use onward_compiler::names::{self as declared, Declared, Member, Names};
use onward_compiler::syntax::ast::{ActionItem, AstNode as _, Decl};
use onward_compiler::syntax::kind::SyntaxKind;
use onward_compiler::uses::Thing;

use super::complete::words;
use super::{holes, names};
use crate::snapshot::{File, Project, Sort, catalogue};

/// So many lines of a message are shown.
const LINES: usize = 6;

/// What is known of some words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hover {
    pub(crate) range: Range<usize>,
    pub(crate) markdown: String,
}

/// What is known of the words at a byte. `now` is when times that depend on it are worked out.
pub(crate) fn at(project: &Project, file: &File, offset: usize, now: Timestamp) -> Option<Hover> {
    if file.sort() == Sort::Rules
        && let Some(hover) = time::at(project, file, offset, now)
    {
        return Some(hover);
    }
    of_name(project, file, offset).or_else(|| of_word(file, offset))
}

fn of_name(project: &Project, file: &File, offset: usize) -> Option<Hover> {
    let found = names::at(project, file, offset);
    let range = found.first()?.span.range();
    let mut told: Vec<String> = found.iter().filter_map(|it| thing(project, &it.thing)).collect();
    told.dedup();
    // A word that many events share is said of a few.
    let more = told.len().saturating_sub(3);
    told.truncate(3);
    if more > 0 {
        told.push(format!("… and {more} more"));
    }
    (!told.is_empty()).then(|| Hover { range, markdown: told.join("\n\n---\n\n") })
}

/// What a keyword does.
fn of_word(file: &File, offset: usize) -> Option<Hover> {
    if file.sort() != Sort::Rules {
        return None;
    }
    let root = file.parse().syntax();
    let at = u32::try_from(offset).ok().filter(|it| rowan::TextSize::from(*it) <= root.text_range().end())?;
    let token = root.token_at_offset(at.into()).find(|it| it.kind() == SyntaxKind::WORD)?;
    let docs = words::explained(token.text())?;
    let range = token.text_range();
    Some(Hover {
        range: range.start().into()..range.end().into(),
        markdown: format!("**{}** — {docs}", token.text()),
    })
}

/// A thing, its type in plain words, its documentation and where it comes from.
pub(crate) fn thing(project: &Project, thing: &Thing) -> Option<String> {
    let all = &project.checked().declared;
    let (title, docs, span) = match thing {
        Thing::Event(name) => {
            let event = all.events.get(name)?;
            let fields = members(&event.fields);
            (
                format!("event {name} about {}{fields}", event.about),
                event.declared.docs.clone(),
                Some(event.declared.span),
            )
        }
        Thing::Entity(name) => {
            let entity = all.entities.get(name)?;
            (
                format!("entity {name}{}", members(&entity.attributes)),
                entity.docs.clone(),
                entity.spans.first().copied(),
            )
        }
        Thing::Field { .. } | Thing::Attribute { .. } | Thing::Param { .. } => {
            return of_member(project, all, thing);
        }
        Thing::Action(name) => return action(project, all, name),
        Thing::Template(name) => return template(project, all, name),
        Thing::Segment(name) => {
            let segment = all.segments.get(name)?;
            let condition = source(project, segment.declared.span)
                .unwrap_or_else(|| format!("segment {name} of {}", segment.kind));
            (condition, segment.declared.docs.clone(), Some(segment.declared.span))
        }
        Thing::Workflow(name) => {
            let workflow = all.workflows.get(name)?;
            let mut title = format!("workflow {name}");
            if !workflow.title.is_empty() {
                let _ = write!(title, " \"{}\"", workflow.title);
            }
            if let Some(subject) = &workflow.subject {
                let _ = write!(title, " for {subject}");
            }
            (title, workflow.declared.docs.clone(), Some(workflow.declared.span))
        }
        Thing::Sender(name) => simple(project, all.senders.get(name)?),
        Thing::Team(name) => simple(project, all.teams.get(name)?),
        Thing::Source(name) => {
            let it = all.sources.get(name)?;
            (format!("source {name}"), it.docs.clone(), Some(it.span))
        }
        Thing::Topic(name) => {
            let it = all.topics.get(name)?;
            (format!("topic {name}"), it.docs.clone(), Some(it.span))
        }
        Thing::Channel(name) => {
            (format!("channel {name}"), Arc::from("A way by which messages reach people."), None)
        }
        Thing::Label { workflow, name } => (
            format!("{name}:"),
            format!("A step of `{workflow}`. A run that waits here can follow a new version.").into(),
            None,
        ),
        Thing::Alias { span, name } => return Some(alias(project, *span, name)),
        Thing::Setting(path) => {
            let value = setting(project, path).unwrap_or_default();
            (format!("config.{path} = {value}"), "A setting of `onward.toml`.".into(), None)
        }
        Thing::Secret(name) => (
            format!("secret.{name}"),
            format!("Comes from the server's environment: `{name}`. It is never in a file.").into(),
            None,
        ),
        Thing::Pipe(name) => {
            let (_, said) = declared::pipes().find(|(it, _)| **it == **name)?;
            (said, "".into(), None)
        }
        Thing::Function(name) => {
            let (_, example) = declared::calls().find(|(it, _)| **it == **name)?;
            (example.to_owned(), words::function(name).into(), None)
        }
    };
    Some(told(&title, &docs, span.map(|it| origin(project, it)).as_deref()))
}

fn simple(project: &Project, it: &Declared) -> (String, Arc<str>, Option<Span>) {
    (source(project, it.span).unwrap_or_default(), it.docs.clone(), Some(it.span))
}

fn told(title: &str, docs: &str, origin: Option<&str>) -> String {
    let mut text = format!("```onward\n{title}\n```");
    if !docs.is_empty() {
        let _ = write!(text, "\n\n{docs}");
    }
    if let Some(origin) = origin {
        let _ = write!(text, "\n\n*{origin}*");
    }
    text
}

/// The fields of a declaration, the first of them.
fn members(members: &indexmap::IndexMap<Arc<str>, Member>) -> String {
    if members.is_empty() {
        return String::new();
    }
    let mut text = String::from(" {\n");
    for (name, member) in members.iter().take(12) {
        let takes = member.takes.as_ref().map_or_else(|| "?".to_owned(), |it| it.words());
        let _ = writeln!(text, "  {name}: {takes}");
    }
    if members.len() > 12 {
        let _ = writeln!(text, "  … {} more", members.len() - 12);
    }
    text.push('}');
    text
}

fn of_member(project: &Project, all: &Names, thing: &Thing) -> Option<String> {
    let member = names::member(all, thing)?;
    let (owner, name, whose) = match thing {
        Thing::Field { event, name } => (event, name, "event"),
        Thing::Attribute { entity, name } => (entity, name, "entity"),
        Thing::Param { action, name } => (action, name, "action"),
        _ => return None,
    };
    let takes = member.takes.as_ref().map_or_else(|| "?".to_owned(), |it| it.words());
    let mut docs = member.docs.to_string();
    if let Some(default) = &member.default {
        let _ = write!(docs, "{}`{default}` unless something else is said.", gap(&docs));
    } else if member.presence == Presence::Optional {
        let left = if matches!(thing, Thing::Param { .. }) { "May be left out." } else { "May be missing." };
        let _ = write!(docs, "{}{left}", gap(&docs));
    }
    let origin =
        format!("{} of the {whose} `{owner}`, {}", capital(names::noun(thing)), origin(project, member.span));
    Some(told(&format!("{owner}.{name}: {takes}"), &docs, Some(&origin)))
}

fn gap(text: &str) -> &'static str {
    if text.is_empty() { "" } else { "\n\n" }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An action with its request.
fn action(project: &Project, all: &Names, name: &str) -> Option<String> {
    let action = all.actions.get(name)?;
    let mut title = format!("action {name}(");
    let one_line = action.params.len() < 2;
    for (param, member) in &action.params {
        let takes = member.takes.as_ref().map_or_else(|| "?".to_owned(), |it| it.words());
        let optional =
            if member.presence == Presence::Optional && member.default.is_none() { "?" } else { "" };
        let default = member.default.as_ref().map(|it| format!(" = {it}")).unwrap_or_default();
        let first = if action.first.as_ref() == Some(param) { "  # right after the name" } else { "" };
        let _ = match one_line {
            true => write!(title, "{param}: {takes}{optional}{default}"),
            false => write!(title, "\n  {param}: {takes}{optional}{default},{first}"),
        };
    }
    title.push_str(if one_line { ")" } else { "\n)" });
    let mut docs = action.declared.docs.to_string();
    if let Some(request) = request(project, action.declared.span) {
        let _ = write!(docs, "{}{request}", gap(&docs));
    }
    Some(told(&title, &docs, Some(&origin(project, action.declared.span))))
}

/// What an action asks of a provider.
fn request(project: &Project, span: Span) -> Option<String> {
    let Decl::Action(action) = declaration(project, span)? else { return None };
    let mut said = Vec::new();
    for item in action.items() {
        let text = item.syntax().text().to_string();
        match item {
            ActionItem::Request(_) => {
                let text = text.replacen(char::is_whitespace, " ", 1);
                let (method, url) = text.split_once(' ').unwrap_or((&text, ""));
                said.push(format!("Sends `{} {}`.", method.to_uppercase(), url.trim().trim_matches('"')));
            }
            ActionItem::Smtp(_) => said.push("Sends a mail by SMTP.".to_owned()),
            ActionItem::Expect(_) => {
                said.push(format!("Accepted with `{}`.", text.trim_start_matches("expect").trim()))
            }
            ActionItem::Retry(_) => said.push(format!(
                "Tried again on `{}`.",
                text.trim_start_matches("retry").trim().trim_start_matches("on").trim()
            )),
            ActionItem::Channel(it) => {
                said.extend(it.name().map(|it| format!("Reaches people by `{}`.", it.text())));
            }
            _ => {}
        }
    }
    (!said.is_empty()).then(|| said.join(" "))
}

/// A template: its subject and how it begins.
fn template(project: &Project, all: &Names, name: &str) -> Option<String> {
    let template = all.templates.get(name)?;
    let file = file_of(project, template.span.file)?;
    let (subject, body) = match declaration(project, template.span) {
        Some(Decl::Template(it)) => {
            let text = |wanted: &[&str]| {
                let mut parts = it
                    .parts()
                    .filter(|part| part.name().is_some_and(|it| wanted.contains(&it.text().as_str())));
                parts.find_map(|it| it.text()).map(|it| it.contents().to_owned())
            };
            (text(&["subject"]), text(&["markdown", "text", "html", "body"]).unwrap_or_default())
        }
        _ => {
            let layout = holes::layout(&file.text);
            let part = |range: &Range<usize>| file.text.get(range.clone()).unwrap_or_default();
            let subject = layout.settings.iter().find(|(key, _)| part(key) == "subject");
            let subject = subject.map(|(_, value)| part(value).trim_matches('"').to_owned());
            (subject, part(&layout.body).to_owned())
        }
    };
    let mut text = format!("```onward\ntemplate {name} {}\n```", template.channel);
    if let Some(subject) = subject {
        let _ = write!(text, "\n\n**{subject}**");
    }
    let first: Vec<&str> = body.lines().map(str::trim).filter(|it| !it.is_empty()).take(LINES).collect();
    if !first.is_empty() {
        let _ = write!(text, "\n\n> {}", first.join("\n> "));
    }
    let _ = write!(text, "\n\n*{}*", origin(project, template.span));
    Some(text)
}

fn alias(project: &Project, span: Span, name: &str) -> String {
    let title = match names::stands_for(project, span) {
        Some(Thing::Action(action)) => format!("{name}: the result of {action}"),
        Some(it) => format!("{name}: {} {}", names::noun(&it), it.name()),
        None => name.to_owned(),
    };
    told(&title, "", Some("A name given in this file."))
}

fn setting(project: &Project, path: &str) -> Option<String> {
    let settings = &project.file("onward.toml")?.known().settings;
    settings.iter().find(|(it, _)| it == path).map(|(_, value)| format!("\"{value}\""))
}

/// Where something is declared, in words.
pub(crate) fn origin(project: &Project, span: Span) -> String {
    match project.checked().sources.get(span.file.0 as usize) {
        Some(source) if project.file(&source.path).is_some() => format!("declared in `{}`", source.path),
        Some(source) => format!("from Onward's catalogue, `{}`", source.path),
        None => String::new(),
    }
}

/// The file that the compiler numbers so, also of the catalogue.
pub(crate) fn file_of(project: &Project, file: FileId) -> Option<&Arc<File>> {
    let path = &project.checked().sources.get(file.0 as usize)?.path;
    project.file(path).or_else(|| catalogue().iter().find(|it| it.path == *path))
}

/// The declaration around a place.
fn declaration(project: &Project, span: Span) -> Option<Decl> {
    let file = file_of(project, span.file)?;
    if file.sort() != Sort::Rules {
        return None;
    }
    let start = rowan::TextSize::from(span.start);
    file.parse().file()?.declarations().find(|it| it.syntax().text_range().contains(start))
}

/// The words of the declaration around a place, if they are few.
fn source(project: &Project, span: Span) -> Option<String> {
    let text = declaration(project, span)?.syntax().text().to_string();
    Some(text.lines().take(12).collect::<Vec<_>>().join("\n"))
}
