//! What starts a workflow, and the events that its clauses and waits name.
//!
//! It must not know steps.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use onward_bytecode::Presence;

use super::narrow::{Outcome, attribute_of_subject, facts, rebind};
use super::scope::{Bound, Running, Scope};
use super::{Checker, Cx, Times, words};
use crate::codes;
use crate::declare::{Author, Event, Field, unknown_entity};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{EventScope, Trigger, TriggerKind};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast::{self, Origin};
use crate::uses::Thing;

/// What a workflow is for.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// The kind of entity.
    pub(super) kind: Arc<str>,
    /// Where that is said.
    pub(super) named: Named,
}

/// Where a workflow says what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Nowhere: it is for contacts.
    Nowhere,
    /// After `for`.
    For,
    /// In a trigger, here.
    Here(Span),
}

/// What the triggers of a workflow leave to its steps.
#[derive(Default)]
pub(super) struct Started<'a> {
    pub(super) triggers: Vec<Trigger>,
    /// The events among them.
    events: Vec<(Arc<str>, &'a Event)>,
    /// The name that each trigger gave its event.
    aliases: Vec<Option<Arc<str>>>,
    /// What each trigger's condition proved.
    facts: Vec<BTreeSet<String>>,
    /// Whether a trigger was not understood: its event is unknown then.
    broken: bool,
    /// Names of such events.
    unknown: Vec<Arc<str>>,
    /// Whether a trigger's condition was not understood.
    vague: bool,
}

impl Started<'_> {
    /// What steps can see.
    pub(super) fn scope(&self, subject: &Arc<str>) -> Scope {
        let mut scope = self.scope_of(subject, EventScope::Trigger);
        scope.running = Running::Yes;
        let proved = self.facts.iter().map(|it| rebind(it, EventScope::Current, EventScope::Trigger));
        scope.facts = proved.reduce(|a, b| &a & &b).unwrap_or_default();
        scope
    }

    /// What a clause about the match itself can see.
    pub(super) fn scope_of_match(&self, subject: &Arc<str>) -> Scope {
        let mut scope = self.scope_of(subject, EventScope::Current);
        scope.facts = self.facts.iter().cloned().reduce(|a, b| &a & &b).unwrap_or_default();
        scope
    }

    /// The triggers; none if there was a mistake in one, for then nobody knows what starts
    /// the workflow.
    pub(super) fn into_triggers(self) -> Vec<Trigger> {
        if self.broken || self.vague { Vec::new() } else { self.triggers }
    }

    /// Adds a trigger without an event; none after a mistake in it.
    pub(super) fn add_entity_trigger(&mut self, trigger: Option<Trigger>) {
        match trigger {
            Some(trigger) => self.add(trigger),
            None => self.broken = true,
        }
    }

    fn add(&mut self, trigger: Trigger) {
        let mut proved = trigger.condition.as_ref().map(|it| facts(it, Outcome::Holds)).unwrap_or_default();
        proved.extend(set_by(&trigger.kind));
        self.facts.push(proved);
        self.triggers.push(trigger);
    }

    fn scope_of(&self, subject: &Arc<str>, of: EventScope) -> Scope {
        let mut scope = Scope::of_subject(subject.clone());
        let all_events = self.events.len() == self.triggers.len() && !self.broken;
        let presence = if all_events { Presence::Required } else { Presence::Optional };
        if !self.events.is_empty() || self.broken {
            let mut bound = Bound::of_many(of, &self.events, presence);
            if self.broken {
                bound.understood = crate::declare::Understood::Partly;
            }
            let bound = Rc::new(bound);
            if let Some(Some(alias)) = self.aliases.first()
                && self.aliases.iter().all(|it| it.as_ref() == Some(alias))
            {
                scope.aliases.push((alias.clone(), bound.clone()));
            }
            scope.aliases.extend(self.unknown.iter().map(|name| (name.clone(), bound.clone())));
            scope.event = Some(bound);
        }
        let about_contacts = self.events.iter().all(|(_, event)| &*event.about == "contact");
        if &**subject != "contact" && all_events && about_contacts && !self.events.is_empty() {
            scope.contact = Some(Presence::Required);
        }
        scope
    }
}

/// The key of the attribute that must be there for a trigger to fire.
fn set_by(kind: &TriggerKind) -> Option<String> {
    match kind {
        TriggerKind::Date { attribute, .. }
        | TriggerKind::Unchanged { attribute, .. }
        | TriggerKind::Crossed { attribute, .. }
        | TriggerKind::Gains { attribute, .. }
        | TriggerKind::Moved { attribute, to: Some(_), .. } => Some(attribute_of_subject(&attribute.name)),
        _ => None,
    }
}

/// The entity that a trigger names.
pub(super) fn entity_of(trigger: &ast::Trigger) -> Option<ast::Name> {
    match trigger {
        ast::Trigger::Event(_) => None,
        ast::Trigger::Created(it) => it.name(),
        ast::Trigger::Changes(it) => it.name(),
        ast::Trigger::Deleted(it) => it.name(),
        ast::Trigger::Attribute(it) => it.entity(),
        ast::Trigger::Segment(it) => it.entity(),
        ast::Trigger::Crossing(it) => it.entity(),
        ast::Trigger::List(it) => it.entity(),
        ast::Trigger::Stale(it) => it.entity(),
        ast::Trigger::Yearly(it) => it.entity(),
        ast::Trigger::Date(it) => it.entity(),
        ast::Trigger::Offset(it) => it.entity(),
    }
}

impl<'a> Checker<'a> {
    pub(super) fn trigger(
        &mut self,
        clause: &ast::OnClause,
        origin: Origin,
        subject: &Subject,
        started: &mut Started<'a>,
    ) {
        use ast::AstNode as _;
        let span = clause.span(origin);
        let Some(trigger) = clause.trigger() else {
            started.broken = true;
            return;
        };
        let mut scope = Scope::of_subject(subject.kind.clone());
        let kind = match &trigger {
            ast::Trigger::Event(event) => {
                let found = event.name().and_then(|name| self.event_named(&name, origin, &subject.kind));
                let Some((name, event)) = found else {
                    started.broken = true;
                    // The condition may have mistakes of its own, but which names it
                    // can use is unknown.
                    started.unknown.extend(self.alias(clause.alias(), origin, &scope));
                    return;
                };
                let bound = Rc::new(Bound::one(EventScope::Current, &name, event));
                let alias = self.alias(clause.alias(), origin, &scope);
                scope = self.with_event(&scope, &bound, alias.clone(), event);
                started.events.push((name.clone(), event));
                started.aliases.push(alias);
                Some(TriggerKind::Event(name))
            }
            other => {
                self.no_alias(clause, origin);
                self.entity_trigger(other, origin, subject)
            }
        };
        scope.facts.extend(kind.as_ref().and_then(set_by));
        let cx = Cx { scope: &scope, origin };
        let condition = match clause.condition() {
            None => Some(None),
            Some(condition) => self.condition(cx, &condition).map(Some),
        };
        let found = kind.zip(condition).map(|(kind, condition)| Trigger { kind, condition, span });
        if !matches!(trigger, ast::Trigger::Event(_)) {
            started.add_entity_trigger(found);
            return;
        }
        started.vague |= found.is_none();
        // Also after a mistake: keeps the count of triggers and events equal.
        let kind = TriggerKind::Changed;
        started.add(found.unwrap_or(Trigger { kind, condition: None, span }));
    }

    /// `scope` with an event at hand.
    pub(super) fn with_event(
        &self,
        scope: &Scope,
        bound: &Rc<Bound>,
        alias: Option<Arc<str>>,
        event: &Event,
    ) -> Scope {
        let mut scope = scope.at(bound).naming(alias, bound);
        let other_subject = scope.subject.as_ref().is_some_and(|it| **it != *"contact");
        scope.contact = (other_subject && &*event.about == "contact").then_some(Presence::Required);
        scope
    }

    /// The event that `name` names, if a workflow for `subject` can see it: events about
    /// a contact also reach its account.
    pub(super) fn event_named(
        &mut self,
        name: &ast::Name,
        origin: Origin,
        subject: &Arc<str>,
    ) -> Option<(Arc<str>, &'a Event)> {
        let (name_of, event) = self.any_event(name, origin)?;
        let reaches = event.about == *subject || (&**subject == "account" && &*event.about == "contact");
        self.about(name, origin, (&name_of, event), subject, reaches)?;
        Some((name_of, event))
    }

    /// The event that `name` names, if it is about `subject` itself.
    pub(super) fn own_event_named(
        &mut self,
        name: &ast::Name,
        origin: Origin,
        subject: &Arc<str>,
    ) -> Option<(Arc<str>, &'a Event)> {
        let (name_of, event) = self.any_event(name, origin)?;
        self.about(name, origin, (&name_of, event), subject, event.about == *subject)?;
        Some((name_of, event))
    }

    fn any_event(&mut self, name: &ast::Name, origin: Origin) -> Option<(Arc<str>, &'a Event)> {
        use ast::AstNode as _;
        let declared = self.declared;
        match declared.events.get_key_value(&*name.text()) {
            Some((event, declared)) => {
                self.report.used(name.span(origin), Thing::Event(event.clone()));
                Some((event.clone(), declared))
            }
            None => {
                self.unknown_event(&name.text(), name.span(origin));
                None
            }
        }
    }

    /// Refuses an event about something else than `subject`, unless it `fits`.
    fn about(
        &mut self,
        name: &ast::Name,
        origin: Origin,
        (event, declared): (&Arc<str>, &Event),
        subject: &Arc<str>,
        fits: bool,
    ) -> Option<()> {
        use ast::AstNode as _;
        // That there is no such entity was said where the event is declared.
        if fits || !self.declared.entities.contains_key(&declared.about) {
            return Some(());
        }
        let about = &declared.about;
        let message = format!(
            "`{event}` is about {}, and this workflow is for {}",
            words::entity(about),
            words::entity(subject)
        );
        self.report.push(
            Diagnostic::error(codes::WRONG_SUBJECT, name.span(origin), message)
                .also(declared.span, "declared here")
                .help(format!(
                    "write `workflow NAME for {about} {{ … }}`, or declare the event `about {subject}`"
                )),
        );
        None
    }

    pub(super) fn unknown_event(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let known = || self.declared.events.keys().map(|it| &**it);
        let diagnostic = Diagnostic::error(codes::UNKNOWN_EVENT, span, format!("there is no event `{name}`"));
        let diagnostic = match nearest(name, known()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if self.declared.entities.contains_key(name) => diagnostic
                .help(format!("`{name}` is an entity: write `on {name} created` or `on {name} changes`")),
            None => diagnostic.help(format!("declare it: `event {name} {{ }}`")),
        };
        self.report.push(diagnostic);
    }

    /// The name after `as`, unless it means something else already.
    pub(super) fn alias(
        &mut self,
        alias: Option<ast::Name>,
        origin: Origin,
        scope: &Scope,
    ) -> Option<Arc<str>> {
        use ast::AstNode as _;
        let alias = alias?;
        let (text, span) = (alias.text(), alias.span(origin));
        let taken = if matches!(text.as_str(), "event" | "secret" | "config") {
            Some(format!("`{text}` already has a meaning of its own"))
        } else if self.means_entity(&text, scope) {
            Some(format!("`{text}` is an entity already"))
        } else if scope.aliases.iter().any(|(it, _)| **it == *text) {
            Some(format!("another event is called `{text}` already"))
        } else if scope.values.iter().any(|(it, _)| **it == *text) {
            Some(format!("something else is called `{text}` already"))
        } else {
            None
        };
        match taken {
            Some(message) => self.error(codes::NAME_TAKEN, span, message, "choose another name after `as`"),
            None => {
                let alias: Arc<str> = text.into();
                let times = if scope.running == Running::Yes { Times::Once } else { Times::Several };
                self.name_given(&alias, span, times);
                Some(alias)
            }
        }
    }

    /// Whether `name` is an entity that is read here, or one of the project. Other kinds of the
    /// catalogue give way, as it grows.
    fn means_entity(&self, name: &str, scope: &Scope) -> bool {
        let Some(entity) = self.declared.entities.get(name) else { return false };
        let own = |it: &Field| it.author == Author::User;
        let read = name == "contact" || scope.subject.as_deref() == Some(name);
        read || entity.attributes.values().any(own) || entity.attributes.is_empty()
    }

    fn no_alias(&mut self, clause: &ast::OnClause, origin: Origin) {
        use ast::AstNode as _;
        if let Some(alias) = clause.alias() {
            let help = "read the attributes of the entity itself, and remove the `as`";
            let span = alias.span(origin);
            self.say(codes::NO_EVENT_HERE, span, "there is no event here that could have a name", help);
        }
    }

    /// Whether `name` is the entity that the workflow is for.
    pub(super) fn subject_named(
        &mut self,
        name: Option<ast::Name>,
        origin: Origin,
        subject: &Subject,
    ) -> Option<()> {
        use ast::AstNode as _;
        let name = name?;
        let (text, span) = (name.text(), name.span(origin));
        let kind = &subject.kind;
        if let Some((kind, _)) = self.declared.entities.get_key_value(&*text) {
            self.report.used(span, Thing::Entity(kind.clone()));
        }
        if *text == **kind {
            return Some(());
        }
        if !self.declared.entities.contains_key(&*text) {
            self.unknown_entity(&text, span);
            return None;
        }
        let message =
            format!("this workflow is for {}, not for {}", words::entity(kind), words::entity(&text));
        let diagnostic = Diagnostic::error(codes::WRONG_SUBJECT, span, message);
        self.report.push(match subject.named {
            Named::Here(first) => diagnostic.also(first, "this makes it so").help(format!(
                "write a workflow for {} and one for {}",
                words::entity(kind),
                words::entity(&text)
            )),
            Named::Nowhere | Named::For => {
                diagnostic.help(format!("write `workflow NAME for {text} {{ … }}`"))
            }
        });
        None
    }

    pub(super) fn unknown_entity(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let known = self.declared.entities.keys().map(|it| &**it);
        self.report.push(unknown_entity(name, span, known));
    }

    /// Names of some known events, for help.
    pub(super) fn some_events(&self) -> String {
        list_names(self.declared.events.keys().map(|it| &**it), 4)
    }
}

/// A value that may be left out, unless it was a mistake.
pub(super) fn flip<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
    }
}
