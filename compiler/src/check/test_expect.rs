//! What a test expects: messages, runs, tasks, events, conditions.
//!
//! It must not know what makes a message come.

use std::sync::Arc;

use onward_bytecode::{Constant, Scalar, Type};
use rust_decimal::prelude::ToPrimitive as _;

use super::effect::{first_param, one_name};
use super::expression::constant;
use super::source::keep;
use super::test::{Owner, Stage};
use super::{Checker, Cx};
use crate::codes;
use crate::declare::{Action, Param, ParamKind, Workflow};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::hir::{Count, Expectation, ExprKind, Feature, Held, Match};
use crate::nearest::{list_names, nearest};
use crate::syntax::ast::{self, AstNode as _, PartOp};
use crate::uses::Thing;

/// The parts of a mail that is made from a template.
const MAIL_PARTS: [&str; 4] = ["subject", "body", "text", "html"];

impl Checker<'_> {
    pub(super) fn expectation(&mut self, stage: &Stage, expect: &ast::ExpectStmt) -> Option<Expectation> {
        let scope = stage.scope();
        let cx = Cx { scope: &scope, origin: stage.origin };
        let count = self.count(cx, &expect.count())?;
        match expect.expectation()? {
            ast::Expectation::Run(it) => self.run_expectation(stage, count, &it),
            ast::Expectation::Task(it) => {
                let title = it.title().map(|it| self.task_feature(cx, "title", &it, Match::Equal));
                let mut parts = Some(Vec::new());
                if let Some(title) = title {
                    keep(&mut parts, title);
                }
                for part in it.parts() {
                    let feature = self.expected_part(stage, cx, &part);
                    keep(&mut parts, feature);
                }
                Some(Expectation::Task { count, parts: parts? })
            }
            ast::Expectation::Event(it) => self.event_expectation(stage, count, &it),
            ast::Expectation::Draft(it) => {
                let (action, parts) =
                    self.effect_expectation(stage, cx, it.action(), it.first(), it.parts())?;
                Some(Expectation::Effect { count, action, held: Held::Draft, parts })
            }
            ast::Expectation::Effect(it) => {
                let (action, parts) =
                    self.effect_expectation(stage, cx, it.action(), it.first(), it.parts())?;
                Some(Expectation::Effect { count, action, held: Held::Sent, parts })
            }
            ast::Expectation::Value(it) => {
                let condition = self.truth(cx, &it.comparison()?)?;
                if count == Count::Some {
                    return Some(Expectation::That(condition));
                }
                let help =
                    "leave out what stands before it, and ask for the opposite by `!=` or `is missing`";
                self.error(codes::BAD_EXPECTATION, condition.span, "a condition holds or does not", help)
            }
        }
    }

    fn count(&mut self, cx: Cx<'_>, count: &ast::Count) -> Option<Count> {
        match count {
            ast::Count::Some => Some(Count::Some),
            ast::Count::No(_) => Some(Count::None),
            ast::Count::Exactly(number) => {
                let span = cx.span(number);
                let value = self.number(number, span)?;
                let whole = match value.kind {
                    ExprKind::Constant(Constant::Number(it)) if it.fract().is_zero() => it.to_u32(),
                    _ => None,
                };
                match whole {
                    Some(0) => Some(Count::None),
                    Some(count) => Some(Count::Exactly(count)),
                    None => {
                        let message = format!("`{}` is not how often something happens", self.quote(span));
                        self.error(codes::BAD_EXPECTATION, span, message, "write a whole number, or `no`")
                    }
                }
            }
        }
    }

    fn run_expectation(
        &mut self,
        stage: &Stage,
        count: Count,
        run: &ast::RunExpectation,
    ) -> Option<Expectation> {
        let actor = run.subject().map(|it| self.actor(stage, &it).map(|(actor, _)| actor));
        let name = run.workflow()?;
        let (text, span) = (name.text(), name.span(stage.origin));
        let declared = self.declared;
        let Some(found) = declared.workflows.iter().find(|it| *it.name == *text) else {
            self.unknown_run(&text, span);
            return None;
        };
        self.report.used(span, Thing::Workflow(found.name.clone()));
        let step = run.step().map(|it| self.step_of(stage, found, &it));
        Some(Expectation::Run {
            count,
            workflow: found.name.clone(),
            actor: super::trigger::flip(actor)?,
            state: run.state().map(|it| it.text().into()),
            step: super::trigger::flip(step)?,
        })
    }

    fn unknown_run(&mut self, name: &str, span: Span) {
        let declared = self.declared;
        if declared.stray.contains(name) {
            return;
        }
        let known = || declared.workflows.iter().map(|it| &*it.name);
        let message = format!("there is no workflow `{name}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_WORKFLOW, span, message);
        self.report.push(match nearest(name, known()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("there are {}", list_names(known(), 8))),
        });
    }

    /// The label of a step of `workflow`.
    fn step_of(&mut self, stage: &Stage, workflow: &Workflow, name: &ast::Name) -> Option<Arc<str>> {
        let (text, span) = (name.text(), name.span(stage.origin));
        let labels: Vec<String> = workflow
            .syntax
            .syntax()
            .descendants()
            .filter_map(ast::Label::cast)
            .filter_map(|it| it.name())
            .map(|it| it.text())
            .collect();
        if labels.contains(&text) {
            let (workflow, name): (_, Arc<str>) = (workflow.name.clone(), text.into());
            self.report.used(span, Thing::Label { workflow, name: name.clone() });
            return Some(name);
        }
        let message = format!("no step of this workflow has the label `{text}`");
        let diagnostic = Diagnostic::error(codes::UNKNOWN_STEP, span, message);
        self.report.push(match nearest(&text, labels.iter().map(String::as_str)) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None if labels.is_empty() => diagnostic.help(format!("give the step that label: `{text}: do …`")),
            None => diagnostic.help(format!("it has {}", list_names(labels.iter().map(String::as_str), 8))),
        });
        None
    }

    fn event_expectation(
        &mut self,
        stage: &Stage,
        count: Count,
        expect: &ast::EventExpectation,
    ) -> Option<Expectation> {
        let actor = expect.subject().map(|it| self.actor(stage, &it).map(|(actor, _)| actor));
        let name = expect.event()?;
        let declared = self.declared;
        let span = name.span(stage.origin);
        let Some((name, event)) = declared.events.get_key_value(&*name.text()) else {
            self.unknown_event(&name.text(), span);
            return None;
        };
        self.report.used(span, Thing::Event(name.clone()));
        let fields = self.typed_fields(
            stage,
            expect.fields(),
            Owner::Event(name),
            &event.fields,
            |checker, key, at| {
                checker.no_field(name, key, at, event.fields.keys());
            },
        );
        let actor = super::trigger::flip(actor)?;
        Some(Expectation::Event { count, event: name.clone(), actor, fields: fields? })
    }

    fn effect_expectation(
        &mut self,
        stage: &Stage,
        cx: Cx<'_>,
        action: Option<ast::Dotted>,
        first: Option<ast::Expr>,
        written: impl Iterator<Item = ast::Part>,
    ) -> Option<(Arc<str>, Vec<Feature>)> {
        let dotted = action?;
        let name = self.action_named(cx, &dotted)?;
        let declared = self.declared;
        let action = declared.actions.get(&name)?;
        let mut parts = Some(Vec::new());
        if let Some(first) = first {
            let feature = match first_param(action) {
                Some(param) => self.first_feature(cx, &name, param, &first),
                None => self.error(
                    codes::UNKNOWN_LABEL,
                    cx.span(&first),
                    format!("`{name}` takes no values"),
                    "remove it",
                ),
            };
            keep(&mut parts, feature);
        }
        for part in written {
            let feature = self.effect_part(stage, cx, &name, action, &part);
            keep(&mut parts, feature);
        }
        Some((name, parts?))
    }

    /// The value without a label: a template's name where the action takes one.
    fn first_feature(&mut self, cx: Cx<'_>, name: &str, param: &Param, value: &ast::Expr) -> Option<Feature> {
        let role = format!("`{}` of `{name}`", param.name);
        match param.kind.as_ref()? {
            ParamKind::Template => self.template_feature(cx, value, &role),
            _ => self.param_feature(cx, param, value, Match::Equal, &role),
        }
    }

    /// The name of a template.
    fn template_feature(&mut self, cx: Cx<'_>, value: &ast::Expr, role: &str) -> Option<Feature> {
        let span = cx.span(value);
        let Some((name, span)) = one_name(cx, value) else {
            let message = format!("{role} wants the name of a template, and `{}` is none", self.quote(span));
            return self.error(
                codes::WRONG_TYPE,
                span,
                message,
                "to look into the mail, write `subject contains \"…\"`",
            );
        };
        let Some((name, _)) = self.declared.templates.get_key_value(&*name) else {
            self.unknown_template(&name, span);
            return None;
        };
        self.report.used(span, Thing::Template(name.clone()));
        let value = constant(Constant::Text(name.clone()), Scalar::Text, span);
        Some(Feature { name: "template".into(), how: Match::Equal, value })
    }

    fn effect_part(
        &mut self,
        stage: &Stage,
        cx: Cx<'_>,
        action: &str,
        declared: &Action,
        part: &ast::Part,
    ) -> Option<Feature> {
        let label = part.name()?;
        let (text, span) = (label.text(), cx.span(&label));
        let how = how(part.op());
        let value = part.value()?;
        let mail = declared.params.values().any(|it| it.kind == Some(ParamKind::Template));
        let role = format!("`{text}` of `{action}`");
        match text.as_str() {
            "at" => return self.moment_feature(cx, "at", &value, how, span),
            "for" => return self.actor_feature(stage, cx, &value),
            "template" if mail => return self.template_feature(cx, &value, &role),
            it if mail && MAIL_PARTS.contains(&it) && !declared.params.contains_key(it) => {
                let value = self.value_of(cx, &value, &Type::One(Scalar::Text), &role)?;
                return Some(Feature { name: text.into(), how, value });
            }
            _ => {}
        }
        let param = declared.params.get(&*text).or_else(|| {
            // Whatever the action calls it, a message has a body.
            declared.params.get("text").filter(|_| text == "body")
        });
        match param {
            Some(param) => {
                if let Some((action, _)) = self.declared.actions.get_key_value(action) {
                    let thing = Thing::Param { action: action.clone(), name: param.name.clone() };
                    self.report.used(span, thing);
                }
                self.param_feature(cx, param, &value, how, &role)
            }
            None => {
                let own: &[&str] =
                    if mail { &["at", "for", "template", "subject", "body"] } else { &["at", "for"] };
                let known = declared.params.keys().map(|it| &**it).chain(own.iter().copied());
                self.unknown_part(&format!("`{action}`"), &text, span, known);
                None
            }
        }
    }

    fn param_feature(
        &mut self,
        cx: Cx<'_>,
        param: &Param,
        value: &ast::Expr,
        how: Match,
        role: &str,
    ) -> Option<Feature> {
        let kind = param.kind.as_ref()?;
        let name = param.name.clone();
        if how == Match::Contains {
            let text = match kind.ty() {
                Type::List(item) => Type::One(item),
                Type::One(_) => Type::One(Scalar::Text),
            };
            let value = self.value_of(cx, value, &text, role)?;
            return Some(Feature { name, how, value });
        }
        if *kind == ParamKind::Template {
            return self.template_feature(cx, value, role);
        }
        if let Some((template, span)) = one_name(cx, value)
            && self.declared.templates.contains_key(&*template)
            && !cx.scope.actors.contains_key(&*template)
        {
            let message = format!("`{template}` is a template, and what it says depends on whom it goes to");
            let help = format!("write what the message holds: `{name} contains \"…\"`");
            return self.error(codes::NOT_A_VALUE, span, message, help);
        }
        let value = self.argument(cx, value, param, role)?;
        Some(Feature { name, how, value })
    }

    fn moment_feature(
        &mut self,
        cx: Cx<'_>,
        name: &str,
        value: &ast::Expr,
        how: Match,
        span: Span,
    ) -> Option<Feature> {
        let value = self.expr(cx, value)?;
        let value = self.as_moment(value, &format!("`{name}`"))?;
        if how == Match::Contains {
            let message = format!("`{name}` is a moment and contains nothing");
            return self.error(codes::BAD_EXPECTATION, span, message, "leave out `contains`");
        }
        Some(Feature { name: name.into(), how, value })
    }

    /// `for ana`
    fn actor_feature(&mut self, stage: &Stage, cx: Cx<'_>, value: &ast::Expr) -> Option<Feature> {
        if let ast::Expr::Path(path) = value
            && let [name] = path.names().collect::<Vec<_>>().as_slice()
        {
            self.actor(stage, name)?;
            let value = self.expr(cx, value)?;
            return Some(Feature { name: "for".into(), how: Match::Equal, value });
        }
        let span = cx.span(value);
        let message = format!("`for` wants somebody of this test, and `{}` is nobody", self.quote(span));
        self.error(codes::UNKNOWN_ACTOR, span, message, "write the name that the test gave: `for ana`")
    }

    fn expected_part(&mut self, stage: &Stage, cx: Cx<'_>, part: &ast::Part) -> Option<Feature> {
        let label = part.name()?;
        let (text, span) = (label.text(), cx.span(&label));
        let value = part.value()?;
        let how = how(part.op());
        match text.as_str() {
            "at" => self.moment_feature(cx, "at", &value, how, span),
            "for" => self.actor_feature(stage, cx, &value),
            _ => {
                let attributes = &self.declared.entities.get("task")?.attributes;
                if !attributes.contains_key(&*text) {
                    let known: Vec<Arc<str>> = attributes.keys().cloned().collect();
                    let known = known.iter().map(|it| &**it).chain(["at", "for"]);
                    self.unknown_part("a task", &text, span, known);
                    return None;
                }
                self.attribute_used("task", &text, span);
                self.task_feature(cx, &text, &value, how)
            }
        }
    }

    fn task_feature(&mut self, cx: Cx<'_>, name: &str, value: &ast::Expr, how: Match) -> Option<Feature> {
        let ty = self.declared.entities.get("task")?.attributes.get(name)?.ty.clone()?;
        let role = format!("`{name}` of a task");
        let value = match (&ty, how) {
            (_, Match::Contains) => self.value_of(cx, value, &Type::One(Scalar::Text), &role)?,
            (Type::One(Scalar::Time), _) => {
                let value = self.expr(cx, value)?;
                self.as_moment(value, &role)?
            }
            _ => self.value_of(cx, value, &ty, &role)?,
        };
        Some(Feature { name: name.into(), how, value })
    }

    fn unknown_part<'n>(
        &mut self,
        of: &str,
        name: &str,
        span: Span,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        let diagnostic = Diagnostic::error(codes::UNKNOWN_LABEL, span, format!("{of} has no `{name}`"));
        self.report.push(match nearest(name, known.clone()) {
            Some(near) => {
                diagnostic.help(format!("did you mean `{near}`?")).replace(span, near, Applicability::Unsure)
            }
            None => diagnostic.help(format!("it has {}", list_names(known, 12))),
        });
    }
}

fn how(op: PartOp) -> Match {
    match op {
        PartOp::Is => Match::Equal,
        PartOp::Contains => Match::Contains,
    }
}
