//! What a `do` does to things that Onward itself keeps.
//!
//! Effects are in [`super::effect`]. It must not know steps.

use std::sync::Arc;

use onward_bytecode::{FieldDecl, Presence, Scalar, Type};

use super::{Checker, Cx, either, typed, words};
use crate::codes;
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Act, Arithmetic, Expr, ExprKind};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast::{self, AstNode as _, Origin, TaskPart};
use crate::uses::Thing;

impl Checker<'_> {
    /// What a `do` does; `at` gets when an effect is sent at the earliest.
    pub(super) fn act(&mut self, cx: Cx<'_>, act: &ast::Act, at: &mut Option<Expr>) -> Option<Act> {
        match act {
            ast::Act::Set(set) => self.set(cx, set),
            ast::Act::AddTag(add) => {
                let item = self.tag(cx, add.value(), cx.span(add))?;
                Some(Act::Gain { attribute: "tags".into(), item })
            }
            ast::Act::RemoveTag(remove) => {
                let item = self.tag(cx, remove.value(), cx.span(remove))?;
                Some(Act::Lose { attribute: "tags".into(), item })
            }
            ast::Act::Emit(emit) => self.emit(cx, emit),
            ast::Act::Task(task) => self.task(cx, task),
            ast::Act::Note(note) => {
                self.value_of(cx, &note.value()?, &Type::One(Scalar::Text), "`note`").map(Act::Note)
            }
            ast::Act::Assign(assign) => self.assign(cx, assign),
            ast::Act::Create(create) => self.create(cx, create),
            ast::Act::Update(update) => self.update(cx, update),
            ast::Act::Delete(delete) => self.delete(cx, delete),
            ast::Act::Start(start) => self.start(cx, start),
            ast::Act::Stop(stop) => self.stop_runs(cx, stop),
            ast::Act::Access(access) => self.access(cx, access),
            ast::Act::Unsubscribe(unsubscribe) => self.unsubscribe(cx, unsubscribe),
            ast::Act::Effect(effect) => self.effect(cx, effect, at),
        }
    }

    /// The words that name a step which does `act`.
    pub(super) fn act_words(&self, act: &ast::Act, origin: Origin) -> String {
        let value = |it: Option<ast::Expr>| {
            it.map(|it| self.quote(it.span(origin)).replace('"', "")).unwrap_or_default()
        };
        let words = match act {
            ast::Act::Set(set) => format!("set {}", set.target().map(|it| it.text()).unwrap_or_default()),
            ast::Act::AddTag(it) => format!("add tag {}", value(it.value())),
            ast::Act::RemoveTag(it) => format!("remove tag {}", value(it.value())),
            ast::Act::Emit(it) => format!("emit {}", it.event().map(|it| it.text()).unwrap_or_default()),
            ast::Act::Task(it) => format!("task {}", value(it.title())),
            ast::Act::Note(it) => format!("note {}", value(it.value())),
            ast::Act::Effect(it) => {
                format!("{} {}", it.name().map(|it| it.text()).unwrap_or_default(), value(it.first()))
            }
            ast::Act::Create(it) => {
                format!("create {}", it.entity().map(|it| it.text()).unwrap_or_default())
            }
            ast::Act::Update(it) => {
                format!("update {}", it.target().map(|it| it.text()).unwrap_or_default())
            }
            ast::Act::Assign(_)
            | ast::Act::Delete(_)
            | ast::Act::Start(_)
            | ast::Act::Stop(_)
            | ast::Act::Access(_)
            | ast::Act::Unsubscribe(_) => self.quote(act.span(origin)).replace('"', ""),
        };
        words.trim_end().to_owned()
    }

    fn set(&mut self, cx: Cx<'_>, set: &ast::SetAct) -> Option<Act> {
        let target = set.target().and_then(|it| self.target(cx, &it));
        let written = set.value()?;
        let Some((entity, attribute)) = target else {
            // The value may have a mistake of its own.
            self.expr(cx, &written);
            return None;
        };
        let role = format!("`{}`", attribute.name);
        let value = self.attribute_value(cx, &written, &attribute, &role)?;
        Some(Act::Set { entity, attribute, value })
    }

    /// The entity and the attribute that a `set` sets.
    fn target(&mut self, cx: Cx<'_>, path: &ast::PathExpr) -> Option<(Expr, FieldDecl)> {
        let span = cx.span(path);
        let value = self.path(cx, path)?;
        let not_settable = |checker: &mut Self, what: String, help: &str| {
            checker.error(codes::NOT_SETTABLE, span, what, help)
        };
        match value.kind {
            ExprKind::Attribute(entity, name) => {
                let Type::One(Scalar::Entity(kind)) = &entity.ty.ty else { return None };
                let declared = self.declared.entities.get(kind)?.attributes.get(&name)?;
                let attribute = FieldDecl {
                    name,
                    ty: declared.ty.clone()?,
                    presence: Presence::Optional,
                    docs: declared.docs.clone(),
                };
                Some((*entity, attribute))
            }
            ExprKind::Field { .. } | ExprKind::Event => not_settable(
                self,
                format!("`{}` belongs to an event, and what has happened does not change", self.quote(span)),
                "set an attribute, as in `set contact.status = …`",
            ),
            ExprKind::Subject | ExprKind::Contact => {
                let source = self.quote(span);
                let help = format!("name its attribute, as in `set {source}.status = …`");
                not_settable(self, format!("`{source}` is not one value"), &help)
            }
            _ => not_settable(
                self,
                format!("`{}` cannot be set", self.quote(span)),
                "only an attribute of an entity can, as in `set contact.status = …`",
            ),
        }
    }

    fn tag(&mut self, cx: Cx<'_>, value: Option<ast::Expr>, span: Span) -> Option<Expr> {
        let subject = cx.scope.subject.clone()?;
        let tags = self.declared.entities.get(&subject).and_then(|it| it.attributes.get("tags"));
        let has_tags = tags.is_some_and(|it| matches!(it.ty, Some(Type::List(Scalar::Text)) | None));
        if !has_tags {
            let message =
                format!("{} has no tags", words::plain(&Type::One(Scalar::Entity(subject.clone()))));
            let help = format!("declare them: `entity {subject} {{ tags: list of text }}`");
            return self.error(codes::NOT_SETTABLE, span, message, help);
        }
        let value = value?;
        if let ast::Expr::Path(path) = &value
            && self.quote_instead(cx, path)
        {
            return None;
        }
        self.value_of(cx, &value, &Type::One(Scalar::Text), "a tag")
    }

    fn emit(&mut self, cx: Cx<'_>, emit: &ast::EmitAct) -> Option<Act> {
        let subject = cx.scope.subject.clone()?;
        let name = emit.event()?;
        let found = self.own_event_named(&name, cx.origin, &subject);
        let written = emit.fields().map(|it| self.keys(cx, &it)).unwrap_or_default();
        let Some((event, declared)) = found else {
            for (.., value) in written {
                value.and_then(|it| self.expr(cx, &it));
            }
            return None;
        };
        let mut whole = true;
        let mut fields = Vec::new();
        for (key, span, value) in &written {
            self.field_used(std::slice::from_ref(&event), key, *span);
            let Some(field) = declared.fields.get(key) else {
                self.no_field(&event, key, *span, declared.fields.keys());
                whole = false;
                continue;
            };
            let (Some(ty), Some(value)) = (&field.ty, value) else {
                whole = false;
                continue;
            };
            match self.value_of(cx, value, ty, &format!("`{key}`")) {
                Some(value) => fields.push((key.clone(), value)),
                None => whole = false,
            }
        }
        let given = |name: &str| written.iter().any(|(key, ..)| **key == *name);
        let missing: Vec<&str> = declared
            .fields
            .values()
            .filter(|it| it.presence == Presence::Required && !given(&it.name))
            .map(|it| &*it.name)
            .collect();
        if whole && !missing.is_empty() {
            let span = cx.span(&name);
            let message = format!("`{event}` always has {}", list_names(missing.iter().copied(), 4));
            self.report.push(
                Diagnostic::error(codes::MISSING_ARGUMENT, span, message)
                    .also(declared.span, "declared here")
                    .help(format!("add it: `emit {event} {{ {}: … }}`", missing.join(": …, "))),
            );
            return None;
        }
        whole.then_some(Act::Emit { event, fields })
    }

    pub(super) fn no_field<'n>(
        &mut self,
        event: &str,
        name: &str,
        span: Span,
        known: impl Iterator<Item = &'n Arc<str>> + Clone,
    ) {
        let message = format!("`{event}` has no field `{name}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, span, message);
        self.report.push(match nearest(name, known.clone().map(|it| &**it)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if known.clone().next().is_none() => diagnostic.help("it has no fields: remove this one"),
            None => diagnostic.help(format!("it has {}", list_names(known.map(|it| &**it), 8))),
        });
    }

    fn task(&mut self, cx: Cx<'_>, task: &ast::TaskAct) -> Option<Act> {
        let text = Type::One(Scalar::Text);
        let title = task.title().map(|it| self.value_of(cx, &it, &text, "the title of a task"));
        let mut parts = TaskParts::default();
        for part in task.parts() {
            self.task_part(cx, &part, &mut parts);
        }
        if let (None, Some((_, span))) = (&parts.due, &parts.remind) {
            let span = *span;
            let message = "a reminder comes before the task is due, and this task is never due";
            self.say(codes::TASK_PART, span, message, "say when it is due: `due in 2h`");
            return None;
        }
        let remind = match (&parts.due, parts.remind) {
            (Some((Some(due), _)), Some((Some(before), span))) => {
                let presence = either(due.ty.presence, before.ty.presence);
                let kind =
                    ExprKind::Arithmetic(Arithmetic::Subtract, Box::new(due.clone()), Box::new(before));
                Some(typed(kind, Type::One(Scalar::Time), presence, span))
            }
            _ => None,
        };
        if parts.broken {
            return None;
        }
        Some(Act::Task {
            title: title??,
            sort: parts.sort.map_or_else(|| "".into(), |it| it.0),
            due: parts.due.and_then(|it| it.0),
            remind,
            group: parts.group.map(|it| it.0),
            assignee: parts.assignee.and_then(|it| it.0),
            notes: parts.notes.and_then(|it| it.0),
        })
    }

    fn task_part(&mut self, cx: Cx<'_>, part: &TaskPart, parts: &mut TaskParts) {
        let span = cx.span(part);
        let text = Type::One(Scalar::Text);
        let first = match part {
            TaskPart::Type(it) => {
                let name = it.name().map(|it| (it.text().into(), span));
                put(&mut parts.sort, name)
            }
            TaskPart::DueIn(it) => {
                let due =
                    it.duration().and_then(|it| self.duration(cx, &it)).map(|length| from_now(length, span));
                parts.broken |= due.is_none();
                put(&mut parts.due, Some((due, span)))
            }
            TaskPart::Due(it) => {
                let due = it.value().and_then(|it| self.expr(cx, &it));
                let due = due.and_then(|it| self.as_moment(it, "`due`"));
                parts.broken |= due.is_none();
                put(&mut parts.due, Some((due, span)))
            }
            TaskPart::Remind(it) => {
                let before = it.duration().and_then(|it| self.duration(cx, &it));
                let before = before.and_then(|it| self.longer_than_nothing(it, "`remind`"));
                parts.broken |= before.is_none();
                put(&mut parts.remind, Some((before, span)))
            }
            TaskPart::Group(it) => {
                let group = it.name().and_then(|it| self.group(cx, &it));
                parts.broken |= group.is_none();
                put(&mut parts.group, group.map(|it| (it, span)))
            }
            TaskPart::For(it) => {
                let email = Type::One(Scalar::Text);
                let value = it.value().and_then(|it| self.value_of(cx, &it, &email, "`for`"));
                parts.broken |= value.is_none();
                put(&mut parts.assignee, Some((value, span)))
            }
            TaskPart::Notes(it) => {
                let value = it.value().and_then(|it| self.value_of(cx, &it, &text, "`notes`"));
                parts.broken |= value.is_none();
                put(&mut parts.notes, Some((value, span)))
            }
        };
        if let Some(first) = first {
            parts.broken = true;
            self.report.push(
                Diagnostic::error(codes::TASK_PART, span, "this is said already")
                    .also(first, "here")
                    .help("remove one of them"),
            );
        }
    }

    /// The team that a task is for.
    fn group(&mut self, cx: Cx<'_>, name: &ast::Name) -> Option<Arc<str>> {
        let text = name.text();
        if let Some((team, _)) = self.declared.teams.get_key_value(&*text) {
            self.report.used(cx.span(name), Thing::Team(team.clone()));
            return Some(team.clone());
        }
        self.unknown_team(&text, cx.span(name));
        None
    }

    pub(super) fn unknown_team(&mut self, name: &str, span: Span) {
        if self.declared.stray.contains(name) {
            return;
        }
        let diagnostic = Diagnostic::error(codes::UNKNOWN_TEAM, span, format!("there is no team `{name}`"));
        self.report.push(match nearest(name, self.declared.teams.keys().map(|it| &**it)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("declare it: `team {name} = [\"ana@example.com\"]`")),
        });
    }
}

/// The optional parts of a task, each with its place. A value is none after a mistake.
#[derive(Default)]
struct TaskParts {
    sort: Option<(Arc<str>, Span)>,
    due: Option<(Option<Expr>, Span)>,
    remind: Option<(Option<Expr>, Span)>,
    group: Option<(Arc<str>, Span)>,
    assignee: Option<(Option<Expr>, Span)>,
    notes: Option<(Option<Expr>, Span)>,
    broken: bool,
}

/// Puts `value` into `slot`; gives the place of what stands there already.
fn put<T>(slot: &mut Option<(T, Span)>, value: Option<(T, Span)>) -> Option<Span> {
    match slot {
        Some((_, first)) => Some(*first),
        None => {
            *slot = value;
            None
        }
    }
}

fn from_now(length: Expr, span: Span) -> Expr {
    let time = Type::One(Scalar::Time);
    let now = typed(ExprKind::Now, time.clone(), Presence::Required, span);
    let presence = length.ty.presence;
    typed(ExprKind::Arithmetic(Arithmetic::Add, Box::new(now), Box::new(length)), time, presence, span)
}
