//! Tests: what happens, line by line. What is expected is in [`super::test_expect`].
//!
//! A test names entities of its own and sees nothing else. It must not know how tests are run.

use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{Constant, FieldDecl, Presence, Scalar, Type};

use super::scope::Scope;
use super::source::keep;
use super::{Checker, Cx, Times, words};
use crate::codes;
use crate::declare::{self, Fields, Understood};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{self, ActorId, Answer, TestKind, TestStep};
use crate::nearest::{list_names, nearest};
use crate::plain::plain_text;
use crate::syntax::ast::{self, AstNode as _, Origin, TestStmt, Trouble, Verdict};
use crate::uses::Thing;

/// Entities by the names that a test gives them: their numbers and kinds.
type Actors = IndexMap<Arc<str>, (ActorId, Arc<str>)>;

/// Whose fields stand in braces.
#[derive(Clone, Copy)]
pub(super) enum Owner<'n> {
    /// Those of an event.
    Event(&'n Arc<str>),
    /// Those of a kind of entity.
    Entity(&'n Arc<str>),
}

/// A test while it is gone through.
pub(super) struct Stage {
    pub(super) origin: Origin,
    pub(super) actors: Rc<Actors>,
    /// Names that stand for nothing after a mistake.
    broken: Vec<String>,
}

impl Stage {
    /// What an expression sees.
    pub(super) fn scope(&self) -> Scope {
        Scope::of_test(self.actors.clone())
    }
}

impl Checker<'_> {
    /// Every test that has no mistake.
    pub(super) fn tests(&mut self) -> Vec<hir::Test> {
        let declared = self.declared;
        declared.tests.iter().filter_map(|(name, test)| self.test(name, test)).collect()
    }

    fn test(&mut self, name: &Arc<str>, test: &declare::Test) -> Option<hir::Test> {
        self.begin();
        let mut stage = Stage { origin: test.origin, actors: Rc::default(), broken: Vec::new() };
        let mut steps = Some(Vec::new());
        let mut expects = false;
        for statement in test.syntax.statements() {
            expects |= matches!(statement, TestStmt::Expect(_));
            let span = statement.span(test.origin);
            let kind = self.statement(&mut stage, &statement);
            keep(&mut steps, kind.map(|kind| TestStep { kind, span }));
        }
        if !expects && test.understood == Understood::Whole {
            self.report.push(
                Diagnostic::warning(
                    codes::ASSERTS_NOTHING,
                    test.span,
                    "this test expects nothing, so it never fails",
                )
                .help("say what should have happened: `expect email welcome`, `expect run of … exited`"),
            );
        }
        Some(hir::Test { name: name.clone(), steps: steps?, span: test.span })
    }

    fn statement(&mut self, stage: &mut Stage, statement: &TestStmt) -> Option<TestKind> {
        let scope = stage.scope();
        let cx = Cx { scope: &scope, origin: stage.origin };
        match statement {
            TestStmt::At(it) => {
                let moment = it.moment().and_then(|it| self.expr(cx, &it));
                let moment = moment.and_then(|it| self.as_moment(it, "`at`"));
                let zone = it
                    .zone()
                    .map(|it| self.value_of(cx, &it, &Type::One(Scalar::Timezone), "what stands after `in`"));
                Some(TestKind::At(moment?, super::trigger::flip(zone)?))
            }
            TestStmt::After(it) => {
                let length = self.duration(cx, &it.duration()?)?;
                match self.longer_than_nothing(length, "`after`")?.kind {
                    hir::ExprKind::Constant(Constant::Duration(length)) => Some(TestKind::After(length)),
                    _ => None,
                }
            }
            TestStmt::Events(it) => {
                let file = it.file()?;
                let path = plain_text(&file, cx.origin, "the name of a file", self.report)?;
                Some(TestKind::Events { path, span: file.span(cx.origin) })
            }
            TestStmt::Fact(it) => self.fact(stage, it),
            TestStmt::Set(it) => self.set_by_test(stage, it),
            TestStmt::Delete(it) => self.actor(stage, &it.name()?).map(|(actor, _)| TestKind::Delete(actor)),
            TestStmt::Answer(it) => self.answer_by_test(cx, it),
            TestStmt::Refuse(it) => {
                let action = it.action().and_then(|it| self.action_named(cx, &it));
                let reason = match it.reason() {
                    Some(reason) => plain_text(&reason, cx.origin, "a reason", self.report)?,
                    None => "the test says so".into(),
                };
                let answer = match it.trouble()? {
                    Trouble::Refuse => Answer::Refuse(reason),
                    Trouble::Fail => Answer::Fail(reason),
                    Trouble::Lose => Answer::Lose(reason),
                };
                Some(TestKind::Provider { action: action?, answer })
            }
            TestStmt::Accept(it) => {
                let action = self.action_named(cx, &it.action()?)?;
                Some(TestKind::Provider { action, answer: Answer::Accept(Vec::new()) })
            }
            TestStmt::Decide(it) => {
                let action = self.action_named(cx, &it.action()?)?;
                Some(match it.verdict()? {
                    Verdict::Approve => TestKind::Approve(action),
                    Verdict::Discard => TestKind::Discard(action),
                })
            }
            TestStmt::Expect(it) => self.expectation(stage, it).map(TestKind::Expect),
        }
    }

    /// `contact ana { … }` or `ana form_submitted { … }`.
    fn fact(&mut self, stage: &mut Stage, fact: &ast::FactStmt) -> Option<TestKind> {
        let first = fact.first()?;
        let text = first.text();
        if stage.actors.contains_key(&*text) {
            return self.happening(stage, fact);
        }
        if let Some((kind, _)) = self.declared.entities.get_key_value(&*text) {
            self.report.used(first.span(stage.origin), Thing::Entity(kind.clone()));
            let kind = kind.clone();
            return self.appearance(stage, fact, &kind);
        }
        let span = first.span(stage.origin);
        if let Some(second) = fact.second() {
            // Who it was to be is unknown from here on.
            stage.broken.push(second.text());
        }
        if stage.broken.contains(&text) || self.declared.stray.contains(&text) {
            return None;
        }
        let events = fact.second().is_some_and(|it| self.declared.events.contains_key(&*it.text()));
        let mut known: Vec<Arc<str>> = stage.actors.keys().cloned().collect();
        if !events {
            known.extend(self.declared.entities.keys().cloned());
        }
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_ACTOR, span, format!("nobody in this test is called `{text}`"));
        self.report.push(match nearest(&text, known.iter().map(|it| &**it)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("name somebody first: `contact {text} {{ email: \"…\" }}`")),
        });
        None
    }

    fn appearance(&mut self, stage: &mut Stage, fact: &ast::FactStmt, kind: &Arc<str>) -> Option<TestKind> {
        let name = fact.second()?;
        let (text, span): (Arc<str>, Span) = (name.text().into(), name.span(stage.origin));
        let entity = self.declared.entities.get(kind)?;
        let fields = self.typed_fields(
            stage,
            fact.fields(),
            Owner::Entity(kind),
            &entity.attributes,
            |checker, key, at| {
                checker.no_attribute(kind, key, at);
            },
        );
        if self.declared.entities.contains_key(&text)
            || matches!(&*text, "now" | "today" | "config" | "secret")
        {
            stage.broken.push(text.to_string());
            let message = format!("`{text}` already has a meaning of its own");
            return self.error(codes::NAME_TAKEN, span, message, format!("give the {kind} another name"));
        }
        if stage.actors.contains_key(&text) {
            let message = format!("there already is `{text}`");
            return self.error(codes::DECLARED_TWICE, span, message, format!("give the {kind} another name"));
        }
        self.name_given(&text, span, Times::Once);
        let actor = ActorId(u32::try_from(stage.actors.len()).ok()?);
        Rc::make_mut(&mut stage.actors).insert(text.clone(), (actor, kind.clone()));
        Some(TestKind::Entity { actor, name: text, kind: kind.clone(), fields: fields? })
    }

    fn happening(&mut self, stage: &Stage, fact: &ast::FactStmt) -> Option<TestKind> {
        let (actor, kind) = self.actor(stage, &fact.first()?)?;
        let name = fact.second()?;
        let (text, span) = (name.text(), name.span(stage.origin));
        let declared = self.declared;
        let Some((name, event)) = declared.events.get_key_value(&*text) else {
            self.unknown_event(&text, span);
            return None;
        };
        self.report.used(span, Thing::Event(name.clone()));
        if event.about != kind {
            let message = format!(
                "`{name}` is about {}, and `{}` is {}",
                words::entity(&event.about),
                fact.first()?.text(),
                words::entity(&kind)
            );
            self.say(
                codes::WRONG_SUBJECT,
                span,
                message,
                format!("let it happen to {}", words::entity(&event.about)),
            );
        }
        let given: Vec<Arc<str>> = self.written_keys(fact.fields());
        let fields =
            self.typed_fields(stage, fact.fields(), Owner::Event(name), &event.fields, |checker, key, at| {
                checker.no_field(name, key, at, event.fields.keys());
            });
        let whole = self.has_required_fields(name, event, fields.is_some(), &given, span);
        whole.and(fields).map(|fields| TestKind::Event { actor, event: name.clone(), fields })
    }

    fn written_keys(&self, object: Option<ast::ObjectExpr>) -> Vec<Arc<str>> {
        let keys = object.into_iter().flat_map(|it| it.entries().collect::<Vec<_>>());
        keys.filter_map(|it| match it.key()? {
            ast::Key::Name(name) => Some(name.text().into()),
            ast::Key::Text(text) => Some(text.contents().into()),
        })
        .collect()
    }

    /// The entries of `object` as `fields` declare them.
    pub(super) fn typed_fields(
        &mut self,
        stage: &Stage,
        object: Option<ast::ObjectExpr>,
        owner: Owner<'_>,
        fields: &Fields,
        unknown: impl Fn(&mut Self, &str, Span),
    ) -> Option<Vec<(FieldDecl, hir::Expr)>> {
        let scope = stage.scope();
        let cx = Cx { scope: &scope, origin: stage.origin };
        let mut found = Some(Vec::new());
        for (key, at, value) in object.map(|it| self.keys(cx, &it)).unwrap_or_default() {
            match owner {
                Owner::Event(event) => self.field_used(std::slice::from_ref(event), &key, at),
                Owner::Entity(kind) => self.attribute_used(kind, &key, at),
            }
            let Some(field) = fields.get(&key) else {
                unknown(self, &key, at);
                found = None;
                continue;
            };
            let value = value.zip(field.ty.clone()).and_then(|(value, ty)| {
                let value = self.value_of(cx, &value, &ty, &format!("`{key}`"))?;
                Some((field_decl(field, ty), value))
            });
            keep(&mut found, value);
        }
        found
    }

    fn set_by_test(&mut self, stage: &Stage, set: &ast::SetStmt) -> Option<TestKind> {
        let scope = stage.scope();
        let cx = Cx { scope: &scope, origin: stage.origin };
        let (actor, kind) = self.actor(stage, &set.name()?)?;
        let name = set.attribute()?;
        let declared = self.declared;
        self.attribute_used(&kind, &name.text(), name.span(stage.origin));
        let Some(field) = declared.entities.get(&kind)?.attributes.get(&*name.text()) else {
            self.no_attribute(&kind, &name.text(), name.span(stage.origin));
            return None;
        };
        let ty = field.ty.clone()?;
        let value = self.value_of(cx, &set.value()?, &ty, &format!("`{}`", field.name))?;
        Some(TestKind::Set { actor, attribute: field_decl(field, ty), value })
    }

    /// The entity that `name` stands for in this test.
    pub(super) fn actor(&mut self, stage: &Stage, name: &ast::Name) -> Option<(ActorId, Arc<str>)> {
        let text = name.text();
        if let Some(found) = stage.actors.get(&*text) {
            self.given_used(&text, name.span(stage.origin));
            return Some(found.clone());
        }
        if stage.broken.contains(&text) || self.declared.stray.contains(&text) {
            return None;
        }
        let span = name.span(stage.origin);
        let message = format!("nobody in this test is called `{text}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_ACTOR, span, message);
        self.report.push(match nearest(&text, stage.actors.keys().map(|it| &**it)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("name somebody first: `contact {text} {{ email: \"…\" }}`")),
        });
        None
    }

    /// `answer ACTION { … }`: members of the action's result.
    fn answer_by_test(&mut self, cx: Cx<'_>, answer: &ast::AnswerStmt) -> Option<TestKind> {
        let action = self.action_named(cx, &answer.action()?)?;
        let known = self.fields_of_result(&action, self.declared.actions.get(&action)?)?;
        let mut members = Some(Vec::new());
        for (key, at, value) in answer.result().map(|it| self.keys(cx, &it)).unwrap_or_default() {
            let Some(field) = known.iter().find(|it| it.name == key) else {
                self.no_result(&action, &key, at, &known);
                members = None;
                continue;
            };
            let value = value.and_then(|it| self.value_of(cx, &it, &field.ty, &format!("`{key}`")));
            keep(&mut members, value.map(|it| (key, it)));
        }
        Some(TestKind::Provider { action, answer: Answer::Accept(members?) })
    }

    fn no_result(&mut self, action: &str, key: &str, at: Span, known: &[FieldDecl]) {
        let names = || known.iter().map(|it| &*it.name);
        let message = format!("the result of `{action}` has no `{key}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, at, message);
        self.report.push(match nearest(key, names()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(at, near, Applicability::Unsure)
            }
            None if known.is_empty() => diagnostic.help("it has none: write `accept`, or declare a `result`"),
            None => diagnostic.help(format!("it has {}", list_names(names(), 8))),
        });
    }

    /// The action that `name` names.
    pub(super) fn action_named(&mut self, cx: Cx<'_>, name: &ast::Dotted) -> Option<Arc<str>> {
        let text = name.text();
        match self.declared.actions.get_key_value(&*text) {
            Some((action, _)) => {
                self.report.used(cx.span(name), Thing::Action(action.clone()));
                Some(action.clone())
            }
            None => {
                self.unknown_action(&text, cx.span(name));
                None
            }
        }
    }
}

fn field_decl(field: &declare::Field, ty: Type) -> FieldDecl {
    FieldDecl { name: field.name.clone(), ty, presence: Presence::Optional, docs: field.docs.clone() }
}
