//! The checked program: every name resolved, every type known, every message
//! taken apart. The checker makes it; lowering and the oracle evaluator read it.
//!
//! It must not know syntax trees.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{
    Constant, Enrolment, EntityDecl, EventDecl, FieldDecl, Overlap, Pipe, Presence, Project, StatusRange,
    TeamDecl, Type, Unsure,
};

use crate::diagnostic::Span;

/// A checked program.
#[derive(Debug, Clone)]
pub struct Hir {
    /// Name and defaults.
    pub project: Project,
    /// Events by name.
    pub events: IndexMap<Arc<str>, EventDecl>,
    /// Entities by name.
    pub entities: IndexMap<Arc<str>, EntityDecl>,
    /// Teams by name.
    pub teams: IndexMap<Arc<str>, TeamDecl>,
    /// Actions by name: only those that some workflow uses.
    pub actions: IndexMap<Arc<str>, Action>,
    /// Workflows by name.
    pub workflows: IndexMap<Arc<str>, Workflow>,
}

/// The type of an expression, and whether its value may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ty {
    /// The type.
    pub ty: Type,
    /// Whether the value may be missing.
    pub presence: Presence,
}

/// A typed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// Which event a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventScope {
    /// The event at hand: in conditions of triggers, of `exit on`, of `wait for`.
    Current,
    /// The event that started the run: in steps and in `exit when`. Kept in the run.
    Trigger,
    /// The event that ended the wait with this number: in the steps after it. Kept in the run.
    Wait(WaitId),
}

/// Number of a `wait for` in its workflow, in source order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitId(pub u32);

/// A variable of a `{% for %}`, numbered in its workflow or action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);

/// What an expression is.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A literal.
    Constant(Constant),
    /// No value.
    Missing,
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ a: b }`: JSON
    Object(Vec<(Arc<str>, Expr)>),
    /// The run's subject.
    Subject,
    /// The contact that the event at hand is about.
    Contact,
    /// The whole event at hand, as JSON.
    Event,
    /// A field of an event.
    Field {
        /// Of which.
        of: EventScope,
        /// Its name.
        name: Arc<str>,
    },
    /// A parameter of an action.
    Param(Arc<str>),
    /// A variable of a loop.
    Var(VarId),
    /// An attribute of an entity.
    Attribute(Box<Expr>, Arc<str>),
    /// A member of JSON, read as the expression's type.
    Member(Box<Expr>, Arc<str>),
    /// A secret.
    Secret(Arc<str>),
    /// Now.
    Now,
    /// Today in the subject's zone.
    Today,
    /// `not a`
    Not(Box<Expr>),
    /// `a and b`, the second only if the first holds
    And(Box<Expr>, Box<Expr>),
    /// `a or b`, the second only if the first does not hold
    Or(Box<Expr>, Box<Expr>),
    /// `a is set`
    IsSet(Box<Expr>),
    /// `a op b`
    Compare(Compare, Box<Expr>, Box<Expr>),
    /// `a op b`
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    /// `-a`
    Negate(Box<Expr>),
    /// `date at clock`: a moment
    At(Box<Expr>, Box<Expr>),
    /// The next moment at this time of day.
    NextClock(Box<Expr>),
    /// The next such weekday (1 Monday … 7 Sunday) at this time of day.
    NextWeekday(u8, Box<Expr>),
    /// The start of a date, a moment.
    StartOf(Box<Expr>),
    /// `a | default b`
    Default(Box<Expr>, Box<Expr>),
    /// `a | pipe args`; arguments that were left out are filled in
    Pipe(Pipe, Box<Expr>, Vec<Expr>),
    /// The value read as the expression's type.
    Convert(Box<Expr>),
    /// A text with holes.
    Message(Vec<Part>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`; of texts of an ordered set by their place in the left side's type
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `starts with`
    StartsWith,
    /// `ends with`
    EndsWith,
    /// `matches`
    Matches,
}

/// Arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// A part of a message.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text as it is.
    Text(Arc<str>),
    /// A value as a person reads it.
    Value(Expr),
    /// A value as a person reads it, escaped for HTML.
    Escaped(Expr),
    /// `{% if %}`: branches and what stands if none holds.
    If(Vec<(Expr, Vec<Part>)>, Vec<Part>),
    /// `{% for var in list %}`
    For(VarId, Box<Expr>, Vec<Part>),
}

/// An action together with its request.
#[derive(Debug, Clone)]
pub struct Action {
    /// Its name.
    pub name: Arc<str>,
    /// Its parameters.
    pub params: Vec<FieldDecl>,
    /// What it does.
    pub request: Request,
    /// What the answer gives: read from [`ExprKind::Param`] `body`.
    pub result: Vec<(FieldDecl, Expr)>,
    /// What to do when nobody knows whether it arrived.
    pub unsure: Unsure,
    /// Its documentation.
    pub docs: Arc<str>,
}

/// What an action does. Expressions read [`ExprKind::Param`] and [`ExprKind::Secret`] only.
#[derive(Debug, Clone)]
pub enum Request {
    /// An HTTP request.
    Http(Box<Http>),
    /// A mail.
    Smtp(Box<Smtp>),
}

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct Http {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: Arc<str>,
    /// Text; values in it are percent-encoded already.
    pub url: Expr,
    /// User and password, or a token.
    pub auth: Option<Auth>,
    /// Further headers.
    pub headers: Vec<(Arc<str>, Expr)>,
    /// What is sent.
    pub body: Body,
    /// Key of a Standard Webhooks signature.
    pub sign: Option<Expr>,
    /// Statuses that mean accepted.
    pub expect: Vec<StatusRange>,
    /// Statuses that mean try again.
    pub retry: Vec<StatusRange>,
    /// How long to wait for an answer.
    pub timeout: onward_bytecode::Length,
}

/// HTTP authentication.
#[derive(Debug, Clone)]
pub enum Auth {
    /// User and password.
    Basic(Expr, Expr),
    /// A token.
    Bearer(Expr),
}

/// What a request sends.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A form.
    Form(Vec<(Arc<str>, Expr)>),
    /// JSON.
    Json(Expr),
    /// Text.
    Text(Expr),
}

/// A mail.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// List of texts.
    pub to: Expr,
    /// Text or missing.
    pub from: Expr,
    /// Text.
    pub subject: Expr,
    /// Text.
    pub text: Expr,
    /// Text or missing.
    pub html: Expr,
    /// Text or missing.
    pub reply_to: Option<Expr>,
}

/// A workflow.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Its name.
    pub name: Arc<str>,
    /// Its title, or empty.
    pub title: Arc<str>,
    /// Its documentation.
    pub docs: Arc<str>,
    /// Kind of its subject.
    pub subject: Arc<str>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// How often.
    pub enrolment: Enrolment,
    /// A second match.
    pub overlap: Overlap,
    /// What ends it early.
    pub exits: Vec<Exit>,
    /// What it does.
    pub steps: Vec<Step>,
    /// The name it is declared by.
    pub span: Span,
}

/// What starts a workflow.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// What must happen.
    pub kind: TriggerKind,
    /// What must hold; fields are [`EventScope::Current`].
    pub condition: Option<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// What must happen.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a program has few, and each is read once")]
pub enum TriggerKind {
    /// An event.
    Event(Arc<str>),
    /// The subject's first appearance.
    Created,
    /// Any change of the subject.
    Changed,
    /// A change of one attribute.
    Moved {
        /// The attribute.
        attribute: FieldDecl,
        /// The value before.
        from: Option<Expr>,
        /// The value now.
        to: Option<Expr>,
    },
}

/// What ends a run early.
#[derive(Debug, Clone)]
pub enum Exit {
    /// This holds; fields are [`EventScope::Trigger`].
    When(Expr),
    /// This event; fields of it are [`EventScope::Current`].
    On {
        /// The event.
        event: Arc<str>,
        /// What must hold.
        condition: Option<Expr>,
        /// Where it stands.
        span: Span,
    },
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its label, or a name made from its words (`email welcome`, `wait 2 days`), unique in the workflow.
    pub name: Arc<str>,
    /// What it does.
    pub kind: StepKind,
    /// Where it stands.
    pub span: Span,
}

/// What a step does.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a program has few, and each is read once")]
pub enum StepKind {
    /// An action.
    Do {
        /// It.
        act: Act,
        /// Only if this holds.
        condition: Option<Expr>,
    },
    /// A wait for a duration.
    WaitFor(Expr),
    /// A wait until a moment.
    WaitUntil(Expr),
    /// A wait for an event.
    WaitEvent {
        /// Its number.
        id: WaitId,
        /// The event.
        event: Arc<str>,
        /// What must hold; fields of the event are [`EventScope::Current`], of the trigger [`EventScope::Trigger`].
        condition: Option<Expr>,
        /// At most this long.
        up_to: Expr,
        /// If it came.
        then: Vec<Step>,
        /// If it did not.
        otherwise: Vec<Step>,
    },
    /// A branch.
    If {
        /// Conditions and their steps, first to last; a name for each, unique in the workflow.
        branches: Vec<(Arc<str>, Expr, Vec<Step>)>,
        /// If none holds.
        otherwise: Vec<Step>,
    },
    /// The run ends.
    Stop,
}

/// An action of a `do`. Every argument is converted to the type that is wanted.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a program has few, and each is read once")]
pub enum Act {
    /// An effect, with an argument for each parameter.
    Effect {
        /// The action's name.
        action: Arc<str>,
        /// Its arguments, in the order of its parameters.
        arguments: Vec<Expr>,
    },
    /// Sets an attribute.
    Set {
        /// Of this entity.
        entity: Expr,
        /// The attribute.
        attribute: FieldDecl,
        /// The value.
        value: Expr,
    },
    /// Adds a tag.
    AddTag(Expr),
    /// Removes a tag.
    RemoveTag(Expr),
    /// Records an event.
    Emit {
        /// The event.
        event: Arc<str>,
        /// Its fields.
        fields: Vec<(Arc<str>, Expr)>,
    },
    /// Creates a task.
    Task {
        /// Text.
        title: Expr,
        /// Sort, or empty.
        sort: Arc<str>,
        /// Moment.
        due: Option<Expr>,
        /// Moment.
        remind: Option<Expr>,
        /// Team that the owner must belong to.
        group: Option<Arc<str>>,
        /// Text.
        assignee: Option<Expr>,
        /// Text.
        notes: Option<Expr>,
    },
    /// Writes a note.
    Note(Expr),
}
