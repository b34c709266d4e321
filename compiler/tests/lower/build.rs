//! Builds checked programs by hand, in few words.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    Constant, EntityDecl, EventDecl, FieldDecl, Length, Overlap, Presence, Project, Scalar, Stage, Type,
    Unsure,
};
use onward_compiler::diagnostic::{FileId, Span};
use onward_compiler::hir::*;

pub(crate) fn span(start: u32) -> Span {
    Span { file: FileId(0), start, end: start + 1 }
}

pub(crate) fn one(scalar: Scalar) -> Type {
    Type::One(scalar)
}

pub(crate) fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty: Ty { ty, presence: Presence::Required }, span: span(0) }
}

pub(crate) fn text(text: &str) -> Expr {
    expr(ExprKind::Constant(Constant::Text(text.into())), one(Scalar::Text))
}

pub(crate) fn number(number: i64) -> Expr {
    expr(ExprKind::Constant(Constant::Number(number.into())), one(Scalar::Number))
}

pub(crate) fn days(days: i32) -> Expr {
    let length = Length { days, ..Length::default() };
    expr(ExprKind::Constant(Constant::Duration(length)), one(Scalar::Duration))
}

pub(crate) fn field_of(of: EventScope, name: &str, scalar: Scalar) -> Expr {
    expr(ExprKind::Field { of, name: name.into() }, one(scalar))
}

pub(crate) fn current(name: &str) -> Expr {
    field_of(EventScope::Current, name, Scalar::Text)
}

pub(crate) fn trigger_field(name: &str) -> Expr {
    field_of(EventScope::Trigger, name, Scalar::Text)
}

pub(crate) fn contact() -> Expr {
    expr(ExprKind::Subject, one(Scalar::Entity("contact".into())))
}

pub(crate) fn attribute(name: &str, scalar: Scalar) -> Expr {
    expr(ExprKind::Attribute(Box::new(contact()), name.into()), one(scalar))
}

pub(crate) fn compare(op: Compare, a: Expr, b: Expr) -> Expr {
    expr(ExprKind::Compare(op, Box::new(a), Box::new(b)), one(Scalar::Bool))
}

pub(crate) fn equal(a: Expr, b: Expr) -> Expr {
    compare(Compare::Equal, a, b)
}

pub(crate) fn and(a: Expr, b: Expr) -> Expr {
    expr(ExprKind::And(Box::new(a), Box::new(b)), one(Scalar::Bool))
}

pub(crate) fn message(parts: Vec<Part>) -> Expr {
    expr(ExprKind::Message(parts), one(Scalar::Text))
}

pub(crate) fn field(name: &str, scalar: Scalar) -> FieldDecl {
    FieldDecl { name: name.into(), ty: one(scalar), presence: Presence::Optional, docs: "".into() }
}

pub(crate) fn event(name: &str, fields: Vec<FieldDecl>) -> EventDecl {
    EventDecl { name: name.into(), about: "contact".into(), fields, docs: "".into() }
}

pub(crate) fn note(name: &str, text: Expr) -> Step {
    step(name, doing(Act::Note(text), None))
}

pub(crate) fn doing(act: Act, condition: Option<Expr>) -> StepKind {
    StepKind::Do { act, condition, bind: None, how: How::default() }
}

/// Calls the action `ping`.
pub(crate) fn ping(name: &str, argument: Expr) -> Step {
    let act = Act::Effect { action: "ping".into(), arguments: vec![argument] };
    step(name, doing(act, None))
}

pub(crate) fn step(name: &str, kind: StepKind) -> Step {
    Step { name: name.into(), kind, span: span(10) }
}

pub(crate) fn on(event: &str, condition: Option<Expr>) -> Trigger {
    Trigger { kind: TriggerKind::Event(event.into()), condition, span: span(5) }
}

pub(crate) fn workflow(triggers: Vec<Trigger>, exits: Vec<Exit>, steps: Vec<Step>) -> Workflow {
    Workflow {
        name: "w".into(),
        title: "".into(),
        docs: "".into(),
        subject: "contact".into(),
        stage: Stage::Live,
        triggers,
        enrolment: Enrolment::EveryTime,
        overlap: Overlap::Ignore,
        exits,
        goal: None,
        holdout: None,
        window: None,
        topic: None,
        max_age: None,
        steps,
        span: span(1),
    }
}

/// `action ping(text: text) { post "https://example.com/" json { text: text } }`
fn ping_action() -> Action {
    let param = expr(ExprKind::Param("text".into()), one(Scalar::Text));
    let http = Http {
        method: "POST".into(),
        url: text("https://example.com/"),
        auth: None,
        headers: Vec::new(),
        body: Body::Json(expr(ExprKind::Object(vec![("text".into(), param)]), one(Scalar::Json))),
        sign: None,
        expect: Vec::new(),
        proof: None,
        retry: Vec::new(),
        timeout: Length { millis: 10_000, ..Length::default() },
    };
    Action {
        name: "ping".into(),
        params: vec![field("text", Scalar::Text)],
        request: Request::Http(Box::new(http)),
        result: Vec::new(),
        unsure: Unsure::Park,
        channel: None,
        docs: "".into(),
    }
}

/// A program with events `signup {form, plan}` and `purchase {amount, item}`.
pub(crate) fn program(workflows: Vec<Workflow>) -> Hir {
    let events = [
        event("signup", vec![field("form", Scalar::Text), field("plan", Scalar::Text)]),
        event("purchase", vec![field("amount", Scalar::Number), field("item", Scalar::Text)]),
    ];
    let attributes = ["email", "first_name", "owner", "status"].map(|name| field(name, Scalar::Text));
    let entities = [
        EntityDecl { name: "contact".into(), attributes: attributes.to_vec(), docs: "".into() },
        EntityDecl { name: "account".into(), attributes: Vec::new(), docs: "".into() },
    ];
    Hir {
        project: Project { name: "test".into(), timezone: "UTC".into(), sender: None, smtp: None },
        events: events.into_iter().map(|event| (event.name.clone(), event)).collect(),
        entities: entities.into_iter().map(|entity| (entity.name.clone(), entity)).collect(),
        teams: IndexMap::new(),
        actions: IndexMap::from([(Arc::from("ping"), ping_action())]),
        segments: IndexMap::new(),
        policy: Policy::default(),
        sources: IndexMap::new(),
        workflows: workflows.into_iter().map(|workflow| (workflow.name.clone(), workflow)).collect(),
        tests: Vec::new(),
    }
}
