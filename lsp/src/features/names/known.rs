//! What a file declares, read off its tree alone: what completion offers while a rule is being
//! written, without waiting for the checker.

use std::ops::Range;
use std::sync::Arc;

use onward_bytecode::Kind;
use onward_compiler::names::name_of_file;
use onward_compiler::syntax::ast::{
    self, Act, ActionItem, AstNode, Clause, Decl, PolicyRule, Step, Trigger, TypeExpr,
};

use crate::features::holes;
use crate::features::outline::step_blocks;
use crate::snapshot::{File, Project, Sort, catalogue};

/// What a file declares.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) declared: Vec<Declared>,
    pub(crate) workflows: Vec<Workflow>,
    /// Settings by their path, and their values as they are written.
    pub(crate) settings: Vec<(String, String)>,
    /// Secrets that are named somewhere in it.
    pub(crate) secrets: Vec<String>,
}

/// Something with a name that can be offered.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) sort: DeclaredSort,
    pub(crate) name: String,
    pub(crate) docs: String,
    /// Of an event whom it is about, of a segment its kind, of a template its channel.
    pub(crate) of: String,
    pub(crate) members: Vec<Member>,
    pub(crate) range: Range<usize>,
}

/// Which sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeclaredSort {
    Event,
    Entity,
    Template,
    Sender,
    Team,
    Action,
    Segment,
    Source,
    Topic,
}

/// A field, attribute or parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) holds: Holds,
    pub(crate) docs: String,
    pub(crate) default: Option<String>,
    /// Whether it may be left out.
    pub(crate) optional: bool,
}

/// What a member holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    /// One of these texts.
    OneOf(Vec<String>),
    /// An entity.
    Entity(String),
    Template,
    Sender,
    Team,
    /// A value of another sort.
    Value(Option<Kind>),
}

/// A workflow.
#[derive(Debug)]
pub(crate) struct Workflow {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) docs: String,
    pub(crate) range: Range<usize>,
    pub(crate) scope: Scope,
    /// Labels of its steps.
    pub(crate) labels: Vec<String>,
    /// First values of its effects: the templates that it sends are among them.
    pub(crate) sent: Vec<String>,
}

/// What names can mean in a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) subject: String,
    /// Events whose fields can be named, and by what name.
    pub(crate) events: Vec<(String, Option<String>)>,
    /// Other names and the entity that each stands for; none of an action's result.
    pub(crate) given: Vec<(String, Option<String>)>,
}

/// What the files of a project declare, and the catalogue.
pub(crate) struct World<'s> {
    files: Vec<&'s Arc<File>>,
}

impl<'s> World<'s> {
    pub(crate) fn of(project: &'s Project) -> Self {
        Self { files: project.files().iter().chain(catalogue()).collect() }
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &'s Known> {
        self.files.iter().map(|it| it.known())
    }

    /// Everything of a sort; what the project declares comes before what the catalogue does.
    pub(crate) fn all(&self, sort: DeclaredSort) -> impl Iterator<Item = &'s Declared> {
        self.files().flat_map(|it| &it.declared).filter(move |it| it.sort == sort)
    }

    pub(crate) fn get(&self, sort: DeclaredSort, name: &str) -> Option<&'s Declared> {
        self.all(sort).find(|it| it.name == name)
    }

    pub(crate) fn workflows(&self) -> impl Iterator<Item = &'s Workflow> {
        self.files().flat_map(|it| &it.workflows)
    }

    /// The attributes of an entity, of which each declaration may add some.
    pub(crate) fn attributes(&self, entity: &str) -> Vec<&'s Member> {
        let mut found: Vec<&Member> = Vec::new();
        for member in self.all(DeclaredSort::Entity).filter(|it| it.name == entity).flat_map(|it| &it.members)
        {
            if !found.iter().any(|it| it.name == member.name) {
                found.push(member);
            }
        }
        found
    }

    pub(crate) fn fields(&self, event: &str) -> &'s [Member] {
        self.get(DeclaredSort::Event, event).map(|it| it.members.as_slice()).unwrap_or_default()
    }

    /// What a path means.
    pub(crate) fn member(&self, scope: &Scope, path: &[&str]) -> Option<&'s Member> {
        let (last, before) = path.split_last()?;
        self.members(scope, before).into_iter().find(|it| it.name == *last)
    }

    /// What can stand behind a path, or alone if it is empty.
    pub(crate) fn members(&self, scope: &Scope, path: &[&str]) -> Vec<&'s Member> {
        let Some((first, rest)) = path.split_first() else {
            let fields = scope.events.iter().flat_map(|(event, _)| self.fields(event));
            return fields.chain(self.attributes(&scope.subject)).collect();
        };
        let mut found = self.behind(scope, first);
        for name in rest {
            found =
                found.into_iter().find(|it| it.name == *name).map(|it| self.inside(it)).unwrap_or_default();
        }
        found
    }

    fn behind(&self, scope: &Scope, first: &str) -> Vec<&'s Member> {
        let named = scope.events.iter().filter(|(event, alias)| alias.as_deref().unwrap_or(event) == first);
        let mut found: Vec<&Member> = named.flat_map(|(event, _)| self.fields(event)).collect();
        if first == "event" {
            found.extend(scope.events.iter().flat_map(|(event, _)| self.fields(event)));
        }
        if let Some((_, Some(kind))) = scope.given.iter().find(|(name, _)| name == first) {
            found.extend(self.attributes(kind));
        }
        if first == scope.subject || first == "contact" {
            found.extend(self.attributes(first));
        }
        if found.is_empty()
            && let Some(member) = self.members(scope, &[]).into_iter().find(|it| it.name == first)
        {
            found = self.inside(member);
        }
        found
    }

    fn inside(&self, member: &Member) -> Vec<&'s Member> {
        match &member.holds {
            Holds::Entity(kind) => self.attributes(kind),
            _ => Vec::new(),
        }
    }

    /// What names can mean in a template: in all workflows that send it together.
    pub(crate) fn template_scope(&self, template: &str) -> Scope {
        let mut scope = Scope { subject: "contact".into(), ..Scope::default() };
        for workflow in self.workflows().filter(|it| it.sent.iter().any(|it| it == template)) {
            scope.subject.clone_from(&workflow.scope.subject);
            scope.events.extend(workflow.scope.events.iter().cloned());
        }
        scope.events.sort();
        scope.events.dedup();
        scope
    }
}

impl Known {
    pub(crate) fn of(file: &File) -> Self {
        let mut known = Self { secrets: secrets(&file.text), ..Self::default() };
        match file.sort() {
            Sort::Rules => {
                let declarations = file.parse().file();
                for it in declarations.iter().flat_map(ast::File::declarations) {
                    known.declare(file, &it);
                }
            }
            Sort::Markdown | Sort::Html => known.declared.push(Declared {
                name: name_of_file(&file.path),
                of: "email".into(),
                ..named(DeclaredSort::Template, 0..0)
            }),
            Sort::Settings => known.settings = settings(&file.text),
        }
        known
    }

    fn declare(&mut self, file: &File, declaration: &Decl) {
        let docs = declaration.docs().unwrap_or_default();
        let range = range(declaration);
        let mut add = |sort, name: Option<String>, of: Option<ast::Name>, members: Vec<Member>| {
            let Some(name) = name else { return };
            let of = of.map(|it| it.text()).unwrap_or_default();
            self.declared.push(Declared {
                sort,
                name,
                docs: docs.clone(),
                of,
                members,
                range: range.clone(),
            });
        };
        let text = |name: Option<ast::Name>| name.map(|it| it.text());
        match declaration {
            Decl::Event(it) => {
                let members = it.fields().filter_map(|it| field(&it)).collect();
                add(DeclaredSort::Event, text(it.name()), it.about(), members);
            }
            Decl::Entity(it) => {
                let members = it.fields().filter_map(|it| field(&it)).collect();
                add(DeclaredSort::Entity, text(it.name()), None, members);
            }
            Decl::Template(it) => add(DeclaredSort::Template, text(it.name()), it.channel(), Vec::new()),
            Decl::Sender(it) => add(DeclaredSort::Sender, text(it.name()), None, Vec::new()),
            Decl::Team(it) => add(DeclaredSort::Team, text(it.name()), None, Vec::new()),
            Decl::Segment(it) => add(DeclaredSort::Segment, text(it.name()), it.entity(), Vec::new()),
            Decl::Source(it) => add(DeclaredSort::Source, text(it.name()), None, Vec::new()),
            Decl::Action(it) => {
                let members = it.params().filter_map(|it| param(&it)).collect();
                let channel = it.items().find_map(|it| match it {
                    ActionItem::Channel(it) => it.name(),
                    _ => None,
                });
                add(DeclaredSort::Action, it.name().map(|it| it.text()), channel, members);
            }
            Decl::Policy(it) => {
                for rule in it.rules() {
                    if let PolicyRule::Topic(rule) = rule {
                        add(DeclaredSort::Topic, text(rule.name()), None, Vec::new());
                    }
                }
            }
            Decl::Workflow(it) => self.workflows.push(workflow(file, it, docs)),
            Decl::Test(_) => {}
        }
    }
}

fn named(sort: DeclaredSort, range: Range<usize>) -> Declared {
    Declared { sort, name: String::new(), docs: String::new(), of: String::new(), members: Vec::new(), range }
}

fn range(node: &impl AstNode) -> Range<usize> {
    let range = node.syntax().text_range();
    range.start().into()..range.end().into()
}

fn field(field: &ast::Field) -> Option<Member> {
    let ty = field.ty();
    Some(Member {
        name: field.name()?.text(),
        optional: matches!(ty, Some(TypeExpr::Optional(_))),
        holds: ty.as_ref().map_or(Holds::Value(None), holds),
        ty: ty.map(|it| it.syntax().text().to_string()).unwrap_or_default(),
        docs: field.docs().unwrap_or_default(),
        default: None,
    })
}

fn param(param: &ast::Param) -> Option<Member> {
    let (ty, default) = (param.ty(), param.default().map(|it| it.syntax().text().to_string()));
    Some(Member {
        name: param.name()?.text(),
        optional: default.is_some() || matches!(ty, Some(TypeExpr::Optional(_))),
        holds: ty.as_ref().map_or(Holds::Value(None), holds),
        ty: ty.map(|it| it.syntax().text().to_string()).unwrap_or_default(),
        docs: param.docs().unwrap_or_default(),
        default,
    })
}

fn holds(ty: &TypeExpr) -> Holds {
    let texts = |members: &mut dyn Iterator<Item = ast::StringLit>| {
        Holds::OneOf(members.map(|it| it.contents().to_owned()).collect())
    };
    match ty {
        TypeExpr::Named(it) => match it.name().map(|it| it.text()).as_deref() {
            Some("text" | "email" | "phone" | "url" | "timezone") => Holds::Value(Some(Kind::Text)),
            Some("number") => Holds::Value(Some(Kind::Number)),
            Some("bool") => Holds::Value(Some(Kind::Bool)),
            Some("date") => Holds::Value(Some(Kind::Date)),
            Some("time") => Holds::Value(Some(Kind::Time)),
            Some("clock") => Holds::Value(Some(Kind::Clock)),
            Some("duration") => Holds::Value(Some(Kind::Duration)),
            Some("json") => Holds::Value(Some(Kind::Json)),
            Some("template") => Holds::Template,
            Some("sender") => Holds::Sender,
            Some("team") => Holds::Team,
            Some(entity) => Holds::Entity(entity.to_owned()),
            None => Holds::Value(None),
        },
        TypeExpr::List(_) => Holds::Value(Some(Kind::List)),
        TypeExpr::TextSet(it) => texts(&mut it.members()),
        TypeExpr::Ordered(it) => texts(&mut it.members()),
        TypeExpr::Optional(it) => it.inner().as_ref().map_or(Holds::Value(None), holds),
    }
}

fn workflow(file: &File, workflow: &ast::WorkflowDecl, docs: String) -> Workflow {
    let mut found = Workflow {
        name: workflow.name().map_or_else(|| name_of_file(&file.path), |it| it.text()),
        title: workflow.title().map(|it| it.contents().to_owned()).unwrap_or_default(),
        docs,
        range: range(workflow),
        scope: scope(workflow),
        labels: Vec::new(),
        sent: Vec::new(),
    };
    found.steps(workflow.steps());
    found
}

/// What the clauses of a workflow give names to.
fn scope(workflow: &ast::WorkflowDecl) -> Scope {
    let mut scope = Scope::default();
    let mut of_trigger = None;
    let text = |name: Option<ast::Name>| name.map(|it| it.text());
    for clause in workflow.clauses() {
        match clause {
            Clause::On(it) => match it.trigger() {
                Some(Trigger::Event(trigger)) => {
                    scope.events.extend(text(trigger.name()).map(|event| (event, text(it.alias()))));
                }
                Some(trigger) => {
                    let names = trigger.syntax().children().find_map(ast::Name::cast);
                    of_trigger = of_trigger.or_else(|| text(names));
                }
                None => {}
            },
            Clause::Schedule(it) => of_trigger = of_trigger.or_else(|| text(it.entity())),
            _ => {}
        }
    }
    scope.subject = text(workflow.subject()).or(of_trigger).unwrap_or_else(|| "contact".into());
    scope
}

impl Workflow {
    fn steps(&mut self, steps: impl Iterator<Item = Step>) {
        for step in steps {
            self.labels.extend(step.label().map(|it| it.text()));
            match &step {
                Step::Do(it) => self.act(it.act()),
                Step::Let(it) => {
                    let act = it.step().and_then(|it| it.act());
                    let kind = match &act {
                        Some(Act::Create(it)) => it.entity().map(|it| it.text()),
                        _ => None,
                    };
                    self.scope.given.extend(it.name().map(|name| (name.text(), kind)));
                    self.act(act);
                }
                Step::WaitFor(it) => {
                    let alias = it.alias().map(|it| it.text());
                    // Without a name its fields belong to the trigger's.
                    if let (Some(event), Some(_)) = (it.event(), &alias) {
                        self.scope.events.push((event.text(), alias));
                    }
                }
                _ => {}
            }
            self.steps(step_blocks(&step));
        }
    }

    fn act(&mut self, act: Option<Act>) {
        if let Some(Act::Effect(it)) = act {
            self.sent.extend(it.first().map(|it| it.syntax().text().to_string()));
        }
    }
}

/// The names behind `secret.`.
fn secrets(text: &str) -> Vec<String> {
    let names = text
        .split("secret.")
        .skip(1)
        .map(|rest| rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect::<String>());
    let mut found: Vec<String> = names.filter(|it| !it.is_empty()).collect();
    found.sort();
    found.dedup();
    found
}

/// The settings of `onward.toml`, line by line, so that they are there while it is being written.
pub(crate) fn settings(text: &str) -> Vec<(String, String)> {
    let mut table = String::new();
    let mut found = Vec::new();
    for (_, line) in holes::lines(text) {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_end_matches(']').trim().to_owned();
        } else if let Some((key, value)) = line.split_once('=')
            && !line.starts_with('#')
        {
            found.push((format!("{table}.{}", key.trim()), value.trim().trim_matches('"').to_owned()));
        }
    }
    found
}

/// The project's time zone.
pub(crate) fn zone(project: &Project) -> String {
    let settings = project.file("onward.toml").map(|it| &it.known().settings);
    let zone = settings.into_iter().flatten().find(|(path, _)| path == "project.timezone");
    zone.map_or_else(|| "UTC".to_owned(), |(_, zone)| zone.clone())
}
