//! Goes through all files and notes what each declares.
//!
//! It must not know what happens to a declaration later.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Kind, Presence, Type};

use super::catalogue;
use super::field::{TypeReader, is_scalar, twice};
use super::{
    Action, Author, Declarations, Entity, Event, Field, Fields, Part, PartText, Sender, Team, Template,
    Understood, Workflow, name_of_file,
};
use crate::check::plain;
use crate::codes;
use crate::config;
use crate::diagnostic::{Diagnostic, Span};
use crate::nearest::{list_names, nearest};
use crate::plain::plain_text;
use crate::project::Parsed;
use crate::report::Report;
use crate::shape;
use crate::source::{Content, Source};
use crate::syntax::ast::{self, AstNode as _, Decl, Origin};
use crate::syntax::kind::SyntaxKind;
use crate::template;
use crate::uses::Thing;

/// Collects what all files of `project` declare, and the catalogue.
pub(crate) fn collect(project: &Parsed, report: &mut Report) -> Declarations {
    let std = catalogue::declared();
    let kinds: Vec<Arc<str>> = std.entities.keys().cloned().collect();
    let declared = collect_rules(project.own(), &kinds, report);
    let first = u32::try_from(project.own().len()).unwrap_or(u32::MAX);
    let mut collector = Collector { declared, report, entities: kinds };
    collector.catalogue(&std, first);
    collector.declared
}

/// Collects what `sources` declare; there are `entities` besides.
pub(super) fn collect_rules(sources: &[Source], entities: &[Arc<str>], report: &mut Report) -> Declarations {
    let mut collector = Collector { declared: Declarations::default(), report, entities: Vec::new() };
    let rules: Vec<_> = sources.iter().filter_map(rules).collect();
    collector.entity_names(&rules);
    collector.also(entities);
    for source in sources {
        collector.settings_and_templates(source);
    }
    for (source, file, errors) in &rules {
        collector.stray(file);
        for declaration in file.declarations() {
            let understood = understood(declaration.span(source.id), errors);
            collector.declaration(&declaration, source, understood);
        }
    }
    collector.declared
}

type Rules<'a> = (&'a Source, &'a ast::File, &'a [Diagnostic]);

fn rules(source: &Source) -> Option<Rules<'_>> {
    match &source.content {
        Content::Rules { file, errors } => file.as_ref().map(|file| (source, file, errors.as_slice())),
        Content::Settings | Content::Template => None,
    }
}

/// Whether the parser found nothing to complain about inside `span`.
fn understood(span: Span, errors: &[Diagnostic]) -> Understood {
    let inside = |it: &Diagnostic| it.primary.span.start <= span.end && it.primary.span.end >= span.start;
    if errors.iter().any(inside) { Understood::Partly } else { Understood::Whole }
}

pub(super) struct Collector<'a> {
    pub(super) declared: Declarations,
    pub(super) report: &'a mut Report,
    entities: Vec<Arc<str>>,
}

impl Collector<'_> {
    /// Notes the names of all entities: types may name them before their declaration.
    fn entity_names(&mut self, rules: &[Rules<'_>]) {
        for (_, file, _) in rules {
            for declaration in file.declarations() {
                let Decl::Entity(entity) = declaration else { continue };
                let Some(name) = entity.name() else { continue };
                let name: Arc<str> = name.text().into();
                if !self.entities.contains(&name) {
                    self.entities.push(name);
                }
            }
        }
    }

    /// Notes names of entities that are declared elsewhere.
    fn also(&mut self, names: &[Arc<str>]) {
        for name in names {
            if !self.entities.contains(name) {
                self.entities.push(name.clone());
            }
        }
    }

    fn settings_and_templates(&mut self, source: &Source) {
        match source.content {
            Content::Settings => {
                self.declared.config = config::read(source.id, &source.text, self.report);
            }
            Content::Template => {
                let found = template::read(source, self.report);
                self.template(found);
            }
            Content::Rules { .. } => {}
        }
    }

    /// Notes the words that the parser could not place in any declaration.
    fn stray(&mut self, file: &ast::File) {
        let errors = file.syntax().children().filter(|node| node.kind() == SyntaxKind::ERROR);
        for error in errors {
            for word in error.text().to_string().split(|c: char| !c.is_alphanumeric() && c != '_') {
                self.declared.stray.insert(word.to_owned());
            }
        }
    }

    fn declaration(&mut self, declaration: &Decl, source: &Source, understood: Understood) {
        let origin = Origin::from(source.id);
        match declaration {
            Decl::Event(it) => self.event(it, origin, source.author, understood),
            Decl::Entity(it) => self.entity(it, origin, source.author, understood),
            Decl::Template(it) => self.quoted_template(it, origin, source.author, understood),
            Decl::Sender(it) => self.sender(it, origin, source.author),
            Decl::Team(it) => self.team(it, origin, source.author),
            Decl::Workflow(it) => self.workflow(it, source, understood),
            Decl::Action(it) => self.action(it, origin, source.author, understood),
            Decl::Segment(it) => self.segment(it, origin, source.author, understood),
            Decl::Policy(it) => self.policy(it, origin),
            Decl::Source(it) => self.source(it, origin, source.author, understood),
            Decl::Test(it) => self.test(it, origin, understood),
        }
    }

    fn types(&mut self, origin: Origin) -> TypeReader<'_> {
        TypeReader { entities: &self.entities, report: self.report, origin }
    }

    fn event(&mut self, event: &ast::EventDecl, origin: Origin, author: Author, understood: Understood) {
        let fields = self.types(origin).fields(event.fields(), author, Presence::Required);
        let about = match event.about() {
            Some(name) => self.known_entity(&name, origin),
            None => "contact".into(),
        };
        let Some(name) = event.name() else { return };
        let span = name.span(origin);
        let docs = event.docs().unwrap_or_default().into();
        let name: Arc<str> = name.text().into();
        if let Some(first) = self.declared.events.get(&name)
            && !self.takes_place("event", &name, span, author, (first.span, first.author))
        {
            if author == Author::User {
                self.declared.events.entry(name).and_modify(|it| it.understood = Understood::Partly);
            }
            return;
        }
        self.declared.events.insert(name, Event { about, fields, docs, span, author, understood });
    }

    pub(super) fn known_entity(&mut self, name: &ast::Name, origin: Origin) -> Arc<str> {
        let text = name.text();
        if let Some(known) = self.entities.iter().find(|it| ***it == *text) {
            self.report.used(name.span(origin), Thing::Entity(known.clone()));
            return known.clone();
        }
        let span = name.span(origin);
        self.report.push(unknown_entity(&text, span, self.entities.iter().map(|it| &**it)));
        text.into()
    }

    fn entity(&mut self, entity: &ast::EntityDecl, origin: Origin, author: Author, understood: Understood) {
        let attributes = self.types(origin).fields(entity.fields(), author, Presence::Optional);
        let Some(name) = entity.name() else { return };
        let text: Arc<str> = name.text().into();
        if is_scalar(&text)
            || matches!(&*text, "template" | "sender" | "team" | "list" | "event" | "secret" | "config")
        {
            self.report.push(
                Diagnostic::error(
                    codes::NAME_TAKEN,
                    name.span(origin),
                    format!("`{text}` already has a meaning of its own"),
                )
                .help("give the entity another name"),
            );
            return;
        }
        let docs: Arc<str> = entity.docs().unwrap_or_default().into();
        let parts = (attributes, docs, vec![name.span(origin)]);
        self.add_entity(text, parts, author, understood);
    }

    /// Adds a declaration of an entity to those before: its attributes, documentation and places.
    pub(super) fn add_entity(
        &mut self,
        name: Arc<str>,
        (attributes, docs, spans): (Fields, Arc<str>, Vec<Span>),
        author: Author,
        understood: Understood,
    ) {
        let found = self.declared.entities.entry(name).or_insert_with(|| Entity {
            attributes: Fields::new(),
            docs: docs.clone(),
            spans: Vec::new(),
            understood,
        });
        found.spans.extend(spans);
        if author == Author::User && !docs.is_empty() {
            found.docs = docs;
        }
        if understood == Understood::Partly {
            found.understood = understood;
        }
        for (name, attribute) in attributes {
            let merged = match found.attributes.get(&name) {
                None => attribute,
                Some(first) => match merge(first, attribute) {
                    Ok(merged) => merged,
                    Err(conflict) => {
                        self.report.push(conflict.diagnostic);
                        conflict.kept
                    }
                },
            };
            found.attributes.insert(name, merged);
        }
    }

    fn quoted_template(
        &mut self,
        template: &ast::TemplateDecl,
        origin: Origin,
        author: Author,
        understood: Understood,
    ) {
        let mut parts: IndexMap<Arc<str>, Part> = IndexMap::new();
        for part in template.parts() {
            let (Some(name), Some(text)) = (part.name(), part.text()) else { continue };
            let span = name.span(origin);
            let name: Arc<str> = name.text().into();
            if let Some(first) = parts.get(&name) {
                self.report.push(twice(&name, span, first.span));
                continue;
            }
            parts.insert(name, Part { span, text: PartText::Quoted(text, origin) });
        }
        let Some(name) = template.name() else { return };
        let span = name.span(origin);
        let channel = template.channel();
        let channel_span = channel.as_ref().map(|it| it.span(origin));
        let found = Template {
            name: name.text().into(),
            channel: channel.map_or_else(|| "email".into(), |it| it.text().into()),
            parts,
            span,
            author,
            understood,
        };
        template::check_parts(&found, channel_span, self.report);
        self.template(found);
    }

    fn template(&mut self, template: Template) {
        if let Some(first) = self.declared.templates.get(&template.name)
            && !self.takes_place(
                "template",
                &template.name,
                template.span,
                template.author,
                (first.span, first.author),
            )
        {
            return;
        }
        self.declared.templates.insert(template.name.clone(), template);
    }

    fn sender(&mut self, sender: &ast::SenderDecl, origin: Origin, author: Author) {
        let Some(name) = sender.name() else { return };
        let span = name.span(origin);
        let name: Arc<str> = name.text().into();
        let mut address = None;
        if let Some(text) = sender.address() {
            let at = text.span(origin);
            address = plain_text(&text, origin, "a sender", self.report);
            if let Some(wrong) = address.take_if(|it| !shape::is_sender(it)) {
                self.report.push(
                    Diagnostic::error(codes::BAD_TEXT, at, format!("`{wrong}` is not a sender"))
                        .help("write it as `\"Acme <hello@acme.com>\"`"),
                );
            }
        }
        if let Some(first) = self.declared.senders.get(&name)
            && !self.takes_place("sender", &name, span, author, (first.span, first.author))
        {
            return;
        }
        self.declared.senders.insert(name, Sender { address, span, author });
    }

    fn team(&mut self, team: &ast::TeamDecl, origin: Origin, author: Author) {
        let Some(name) = team.name() else { return };
        let span = name.span(origin);
        let name: Arc<str> = name.text().into();
        let mut members: Vec<Arc<str>> = Vec::new();
        for member in team.members() {
            let at = member.span(origin);
            let Some(address) = plain_text(&member, origin, "a member of a team", self.report) else {
                continue;
            };
            if !shape::is_email(&address) {
                self.report.push(
                    Diagnostic::error(codes::BAD_TEXT, at, format!("`{address}` is not an email address"))
                        .help("a team is a list of addresses like `\"ana@acme.com\"`"),
                );
            } else if members.contains(&address) {
                self.report.push(
                    Diagnostic::error(codes::BAD_SET, at, format!("`{address}` is in this team twice"))
                        .help("remove one of them"),
                );
            } else {
                members.push(address);
            }
        }
        if let Some(first) = self.declared.teams.get(&name)
            && !self.takes_place("team", &name, span, author, (first.span, first.author))
        {
            // Which of the two is meant is unknown: whoever is in one may be in the team.
            self.declared.teams.entry(name).and_modify(|it| it.members.extend(members));
            return;
        }
        self.declared.teams.insert(name, Team { members, span, author });
    }

    fn workflow(&mut self, workflow: &ast::WorkflowDecl, source: &Source, understood: Understood) {
        let origin = Origin::from(source.id);
        let (name, span): (Arc<str>, Span) = match workflow.name() {
            Some(name) => (name.text().into(), name.span(origin)),
            None if workflow.is_bare() => {
                let first =
                    workflow.clauses().next().map_or_else(|| workflow.span(origin), |it| it.span(origin));
                (name_of_file(&source.path).into(), first)
            }
            None => return,
        };
        let place = self.declared.workflows.len();
        let first = self.declared.workflow_names.get(&name).and_then(|it| self.declared.workflows.get(*it));
        match first.map(|it| it.span) {
            Some(first) => self.report.push(declared_twice("workflow", &name, span, first)),
            None => {
                self.declared.workflow_names.insert(name.clone(), place);
            }
        }
        let syntax = workflow.clone();
        self.declared.workflows.push(Workflow { name, syntax, origin, span, understood });
    }

    fn action(&mut self, action: &ast::ActionDecl, origin: Origin, author: Author, understood: Understood) {
        let params = self.types(origin).params(action.params());
        for item in action.items() {
            if let ast::ActionItem::Channel(channel) = item {
                let channel = channel.name().map(|it| (Arc::from(it.text()), it.span(origin)));
                if let Some((name, span)) = channel {
                    self.declared.channels.entry(name).or_insert(span);
                }
            }
        }
        let Some(name) = action.name() else { return };
        let span = name.span(origin);
        let name: Arc<str> = name.text().into();
        if let Some(first) = self.declared.actions.get(&name)
            && !self.takes_place("action", &name, span, author, (first.span, first.author))
        {
            if author == Author::User {
                self.declared.actions.entry(name).and_modify(|it| it.understood = Understood::Partly);
            }
            return;
        }
        let docs = action.docs().unwrap_or_default().into();
        let syntax = action.clone();
        self.declared.actions.insert(name, Action { params, syntax, origin, docs, span, author, understood });
    }

    /// Whether a second declaration takes the place of the first: a project's own
    /// replaces one of the catalogue, whichever is read first.
    pub(super) fn takes_place(
        &mut self,
        sort: &str,
        name: &str,
        span: Span,
        author: Author,
        first: (Span, Author),
    ) -> bool {
        match (first.1, author) {
            (Author::Std, Author::User) => true,
            (Author::User, Author::Std) => false,
            _ => {
                self.report.push(declared_twice(sort, name, span, first.0));
                false
            }
        }
    }
}

pub(super) fn declared_twice(sort: &str, name: &str, span: Span, first: Span) -> Diagnostic {
    let article = if sort.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    Diagnostic::error(codes::DECLARED_TWICE, span, format!("there already is {article} {sort} `{name}`"))
        .also(first, "here")
        .help("give one of them another name, or remove it")
}

/// The complaint about the name of an entity that there is not.
pub(crate) fn unknown_entity<'a>(
    text: &str,
    span: Span,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::UNKNOWN_ENTITY, span, format!("there is no entity `{text}`"));
    match nearest(text, known.clone()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).replace(
            span,
            near,
            crate::diagnostic::Applicability::Unsure,
        ),
        None => diagnostic.help(format!(
            "it can be {}; another is declared by `entity {text} {{ … }}`",
            list_names(known, 4)
        )),
    }
}

/// Two declarations of an attribute that do not go together.
struct Conflict {
    diagnostic: Diagnostic,
    /// The one that holds, so that uses of it are no mistakes.
    kept: Field,
}

/// The attribute that two declarations of it make: a project may narrow the type
/// of an attribute that the catalogue declares.
fn merge(first: &Field, second: Field) -> Result<Field, Box<Conflict>> {
    let (wide, narrow) = match (first.author, second.author) {
        (Author::Std, Author::User) => (first, &second),
        (Author::User, Author::Std) => (&second, first),
        _ => {
            let diagnostic = twice(&second.name, second.span, first.span);
            return Err(Box::new(Conflict { diagnostic, kept: first.clone() }));
        }
    };
    let (Some(wide_type), Some(narrow_type)) = (&wide.ty, &narrow.ty) else { return Ok(narrow.clone()) };
    if fits_within(narrow_type, wide_type) {
        let docs = if narrow.docs.is_empty() { wide.docs.clone() } else { narrow.docs.clone() };
        return Ok(Field { docs, ..narrow.clone() });
    }
    let (is, becomes) = (plain(wide_type), plain(narrow_type));
    let message = format!("`{}` is {is} already and cannot become {becomes}", narrow.name);
    let diagnostic = Diagnostic::error(codes::ATTRIBUTE_CONFLICT, narrow.span, message)
        .help(format!("give it a type that is {is} too, or another name"));
    Err(Box::new(Conflict { diagnostic, kept: wide.clone() }))
}

/// Whether every value of `narrow` is one of `wide` as far as the machine cares.
fn fits_within(narrow: &Type, wide: &Type) -> bool {
    match (narrow, wide) {
        (Type::One(narrow), Type::One(wide)) | (Type::List(narrow), Type::List(wide)) => {
            narrow == wide || (narrow.kind() == wide.kind() && narrow.kind() != Kind::Entity)
        }
        _ => false,
    }
}
