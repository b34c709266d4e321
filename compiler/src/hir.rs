//! The checked program: every name resolved, every type known, every message
//! taken apart. The checker makes it; lowering and the oracle evaluator read it.
//!
//! It must not know syntax trees.

mod walk;

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::civil::Time;
use onward_bytecode::{
    Cap, Constant, Direction, Encoding, EntityDecl, EventDecl, Every, FieldDecl, HashKind, Length, OnFailure,
    Overlap, Pipe, Presence, Project, Rhythm, Stage, StatusRange, TeamDecl, TopicDecl, Type, Unsure,
    Weekdays,
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
    /// Segments by name.
    pub segments: IndexMap<Arc<str>, Segment>,
    /// What holds above all workflows.
    pub policy: Policy,
    /// Sources of facts by name.
    pub sources: IndexMap<Arc<str>, Source>,
    /// Workflows by name.
    pub workflows: IndexMap<Arc<str>, Workflow>,
    /// Tests, file by file in source order. They are no part of what is deployed.
    pub tests: Vec<Test>,
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
    /// The result of the action with this number: in the steps after it. Kept in the run.
    Result(LetId),
    /// The past event that a history function's `where` looks at.
    Past,
}

/// Number of a `let` in its workflow, in source order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetId(pub u32);

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
    /// An entity that a test names.
    Actor(ActorId),
    /// The entity that `let x = do create …` made. Kept in the run.
    Created(LetId),
    /// A question about past events.
    History(Box<History>),
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

/// A question about the past events of an entity.
#[derive(Debug, Clone)]
pub struct History {
    /// The event.
    pub event: Arc<str>,
    /// Whose events: the subject, or an entity of it.
    pub entity: Expr,
    /// What must hold for one to count; its fields are [`EventScope::Past`].
    pub condition: Option<Expr>,
    /// Since when.
    pub span: onward_bytecode::Span,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked of past events.
#[derive(Debug, Clone)]
pub enum Ask {
    /// How many.
    Count,
    /// Whether there is any.
    Did,
    /// The sum of a number field.
    Sum(Arc<str>),
    /// A field of the latest, of the expression's type; `time` is when it happened.
    Latest(Arc<str>),
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
    /// The channel by which it reaches its subject, if it does.
    pub channel: Option<Arc<str>>,
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
    /// What must hold besides; reads [`ExprKind::Param`] `body`.
    pub proof: Option<Expr>,
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
    /// A token that is fetched by OAuth.
    OAuth(Box<OAuth>),
}

/// How a token is fetched. All are texts.
#[derive(Debug, Clone)]
pub struct OAuth {
    /// The token endpoint.
    pub url: Expr,
    /// The client's id.
    pub client: Expr,
    /// The client's secret.
    pub secret: Expr,
    /// The refresh token; without it the client's credentials are the grant.
    pub refresh: Option<Expr>,
    /// The scope.
    pub scope: Option<Expr>,
}

/// What a request sends.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A form.
    Form(Vec<(Arc<str>, Expr)>),
    /// A form of several parts.
    Multipart(Vec<(Arc<str>, Expr)>),
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
    /// Whether it runs.
    pub stage: Stage,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// How often.
    pub enrolment: Enrolment,
    /// A second match.
    pub overlap: Overlap,
    /// What ends it early.
    pub exits: Vec<Exit>,
    /// What it is for.
    pub goal: Option<Goal>,
    /// How many of 10,000 subjects are held out.
    pub holdout: Option<u16>,
    /// When its messages may go out.
    pub window: Option<Window>,
    /// The consent topic of its messages.
    pub topic: Option<Arc<str>>,
    /// A fact that is older starts nothing.
    pub max_age: Option<Length>,
    /// What it does.
    pub steps: Vec<Step>,
    /// The name it is declared by.
    pub span: Span,
}

/// How often a workflow may start for one subject.
#[derive(Debug, Clone)]
pub enum Enrolment {
    /// Each time.
    EveryTime,
    /// Once, ever.
    Once,
    /// Once for each value of this; fields are [`EventScope::Current`].
    OncePer(Expr),
    /// Once in any such length of time.
    AtMostOncePer(Length),
}

/// What a workflow is for.
#[derive(Debug, Clone)]
pub struct Goal {
    /// The event.
    pub event: Arc<str>,
    /// What must hold; fields are [`EventScope::Current`].
    pub condition: Option<Expr>,
    /// Within this long.
    pub within: Length,
    /// Where it stands.
    pub span: Span,
}

/// When messages may go out.
#[derive(Debug, Clone)]
pub struct Window {
    /// From this time of day.
    pub from: Time,
    /// Until before this one.
    pub to: Time,
    /// On these days.
    pub days: Weekdays,
    /// In this zone, a text; None: the subject's.
    pub zone: Option<Expr>,
    /// Where it stands.
    pub span: Span,
}

/// A set of entities. Where a condition asks whether one is in it (`contact in trials`), the
/// predicate stands in its place, its subject replaced.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Its name.
    pub name: Arc<str>,
    /// The kind of its members.
    pub kind: Arc<str>,
    /// Who is in it; [`ExprKind::Subject`] is the candidate.
    pub predicate: Expr,
    /// Its documentation.
    pub docs: Arc<str>,
    /// The name it is declared by.
    pub span: Span,
}

/// What holds above all workflows.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// When nothing goes out, by these channels; empty means by any.
    pub quiet: Vec<(Vec<Arc<str>>, Window)>,
    /// How much goes out.
    pub caps: Vec<Cap>,
    /// What people can agree to or refuse.
    pub topics: Vec<TopicDecl>,
}

/// How a provider's webhook becomes facts. Expressions read [`ExprKind::Param`] `body`, `raw`,
/// `headers` (JSON, names in small letters), `query`, `url` and `method`, [`ExprKind::Var`] of a
/// `for each`, and [`ExprKind::Secret`].
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Where it listens.
    pub path: Arc<str>,
    /// What proves who sent it.
    pub verify: Vec<Verify>,
    /// The sender's id of the request; a text.
    pub id: Option<Expr>,
    /// When it happened; a moment.
    pub at: Option<Expr>,
    /// What it says.
    pub items: Vec<SourceItem>,
    /// Its documentation.
    pub docs: Arc<str>,
    /// The name it is declared by.
    pub span: Span,
}

/// What proves who sent a request.
#[derive(Debug, Clone)]
pub enum Verify {
    /// A keyed hash.
    Hmac(Box<Hmac>),
    /// User name and password.
    Basic(Expr, Expr),
    /// A token.
    Bearer(Expr),
    /// The secret, and what came.
    Token(Expr, Expr),
}

/// A keyed hash over a request.
#[derive(Debug, Clone)]
pub struct Hmac {
    /// The hash.
    pub hash: HashKind,
    /// What is signed, a text; None: the body as it came.
    pub signed: Option<Expr>,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The signature: a text or a list of texts.
    pub signature: Expr,
    /// What stands before each.
    pub prefix: Option<Arc<str>>,
    /// The keys: texts.
    pub keys: Vec<(Option<Encoding>, Expr)>,
    /// At most so far from now must this moment be.
    pub fresh: Option<(Length, Expr)>,
}

/// One thing that a source says.
#[derive(Debug, Clone)]
pub enum SourceItem {
    /// `when`
    When {
        /// What must hold.
        condition: Expr,
        /// If it does.
        then: Vec<SourceItem>,
        /// If it does not.
        otherwise: Vec<SourceItem>,
    },
    /// `for each`
    Each {
        /// The variable, JSON.
        var: VarId,
        /// The list.
        list: Expr,
        /// What each says.
        items: Vec<SourceItem>,
    },
    /// An entity.
    Entity {
        /// Its kind.
        kind: Arc<str>,
        /// Keys that name it, texts.
        keys: Vec<(Arc<str>, Expr)>,
        /// Its attributes.
        attributes: Vec<(Arc<str>, Expr)>,
    },
    /// An event.
    Event {
        /// Its name.
        event: Arc<str>,
        /// Its own id; a text.
        id: Option<Expr>,
        /// When it happened; a moment.
        at: Option<Expr>,
        /// Its fields.
        fields: Vec<(Arc<str>, Expr)>,
    },
    /// What the sender is answered.
    Answer(Expr),
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
pub enum TriggerKind {
    /// An event.
    Event(Arc<str>),
    /// The subject's first appearance.
    Created,
    /// Any change of the subject.
    Changed,
    /// The subject's end.
    Deleted,
    /// A change of one attribute.
    Moved {
        /// The attribute.
        attribute: FieldDecl,
        /// The value before.
        from: Option<Expr>,
        /// The value now.
        to: Option<Expr>,
    },
    /// A number or grade goes up or down.
    Crossed {
        /// The attribute.
        attribute: FieldDecl,
        /// Which way.
        direction: Direction,
        /// How far.
        bound: Bound,
    },
    /// A list gains an item.
    Gains {
        /// The attribute.
        attribute: FieldDecl,
        /// The item.
        item: Expr,
    },
    /// A list loses an item.
    Loses {
        /// The attribute.
        attribute: FieldDecl,
        /// The item.
        item: Expr,
    },
    /// The subject enters this segment.
    Enters(Arc<str>),
    /// The subject leaves this segment.
    Leaves(Arc<str>),
    /// An attribute has kept its value for so long.
    Unchanged {
        /// The attribute.
        attribute: FieldDecl,
        /// How long.
        length: Length,
    },
    /// An attribute's date comes.
    Date {
        /// The attribute.
        attribute: FieldDecl,
        /// Added to it; negative for `before`.
        offset: Length,
        /// The time of day.
        clock: Option<Time>,
        /// Whether it comes round.
        rhythm: Rhythm,
    },
    /// A schedule's time comes.
    Schedule {
        /// On which days.
        every: Every,
        /// The time of day.
        clock: Option<Time>,
        /// Only for who is in this segment.
        segment: Option<Arc<str>>,
    },
}

/// How far a value must go.
#[derive(Debug, Clone)]
pub enum Bound {
    /// Any way.
    Any,
    /// To this value or beyond it.
    To(Expr),
    /// Beyond this value.
    Past(Expr),
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
        /// What later steps call its result, if they do.
        bind: Option<LetId>,
        /// What holds for an effect besides.
        how: How,
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
    /// One of several ways, by a stable share of the subjects.
    Split {
        /// Share of 10,000, name of the branch (the arm's step name, unique in the workflow) and its steps.
        arms: Vec<(u16, Arc<str>, Vec<Step>)>,
    },
    /// The same steps again.
    Repeat {
        /// At most so often, from 1 to 100.
        times: u16,
        /// How long between the rounds.
        every: Option<Length>,
        /// Before each round: not if this holds.
        until: Option<Expr>,
        /// The steps of a round.
        steps: Vec<Step>,
    },
    /// The run ends.
    Stop,
}

/// What holds for an effect besides its arguments.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Held as a draft, for this person (a text) if one is named.
    pub draft: Option<Draft>,
    /// What a failure does.
    pub failure: OnFailure,
    /// When to send it at the earliest; a moment.
    pub at: Option<Expr>,
}

/// That a message is held for a person.
#[derive(Debug, Clone)]
pub struct Draft {
    /// For whom; a text.
    pub person: Option<Expr>,
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
    /// Adds a text to a list attribute of the subject: `tags`, `access`, `unsubscribed`.
    Gain {
        /// The attribute.
        attribute: Arc<str>,
        /// The text.
        item: Expr,
    },
    /// Takes a text out of a list attribute of the subject.
    Lose {
        /// The attribute.
        attribute: Arc<str>,
        /// The text.
        item: Expr,
    },
    /// Several built-in actions, one after another: `unsubscribe`, `grant`.
    All(Vec<Act>),
    /// Sets an attribute to the team's member whose turn it is.
    AssignInTurn {
        /// Of this entity.
        entity: Expr,
        /// The attribute.
        attribute: FieldDecl,
        /// The team.
        team: Arc<str>,
    },
    /// Creates an entity.
    Create {
        /// Its kind.
        kind: Arc<str>,
        /// Its attributes.
        fields: Vec<(FieldDecl, Expr)>,
    },
    /// Sets attributes of an entity.
    Update {
        /// The entity.
        entity: Expr,
        /// Its attributes.
        fields: Vec<(FieldDecl, Expr)>,
    },
    /// Deletes an entity.
    Delete(Expr),
    /// Starts another workflow for the same subject.
    Start(Arc<str>),
    /// Ends the subject's runs of a workflow.
    StopRuns(Arc<str>),
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

/// A test.
#[derive(Debug, Clone)]
pub struct Test {
    /// What it shows.
    pub name: Arc<str>,
    /// What happens and what is expected, in order.
    pub steps: Vec<TestStep>,
    /// Its name's place.
    pub span: Span,
}

/// A line of a test.
#[derive(Debug, Clone)]
pub struct TestStep {
    /// What it does.
    pub kind: TestKind,
    /// Where it stands.
    pub span: Span,
}

/// Number of an entity that a test names, in order of appearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(pub u32);

/// What a line of a test does. Expressions read constants, [`ExprKind::Actor`], `now` and `today`.
#[derive(Debug, Clone)]
pub enum TestKind {
    /// The clock goes to this moment, written as a date and a time of day in the zone, or the project's.
    At(Expr, Option<Expr>),
    /// The clock goes on.
    After(Length),
    /// A recorded stretch of facts, one JSON event a line as `POST /v1/events` takes them.
    Events {
        /// Path beside the test's file.
        path: Arc<str>,
        /// The path's place.
        span: Span,
    },
    /// An entity appears.
    Entity {
        /// Its number.
        actor: ActorId,
        /// Its name in the test, which is its id.
        name: Arc<str>,
        /// Its kind.
        kind: Arc<str>,
        /// Its attributes.
        fields: Vec<(FieldDecl, Expr)>,
    },
    /// An event happens.
    Event {
        /// To whom.
        actor: ActorId,
        /// The event.
        event: Arc<str>,
        /// Its fields.
        fields: Vec<(FieldDecl, Expr)>,
    },
    /// An attribute is set from outside.
    Set {
        /// Whose.
        actor: ActorId,
        /// Which.
        attribute: FieldDecl,
        /// To what.
        value: Expr,
    },
    /// An entity is deleted.
    Delete(ActorId),
    /// How a provider behaves from now on.
    Provider {
        /// The action.
        action: Arc<str>,
        /// What it answers.
        answer: Answer,
    },
    /// The oldest held draft of an action is sent.
    Approve(Arc<str>),
    /// The oldest held draft of an action is given up.
    Discard(Arc<str>),
    /// What must be so now.
    Expect(Expectation),
}

/// How a provider behaves.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It accepts, with this result.
    Accept(Vec<(Arc<str>, Expr)>),
    /// It says no for good.
    Refuse(Arc<str>),
    /// Each attempt fails.
    Fail(Arc<str>),
    /// Nobody knows whether it arrived.
    Lose(Arc<str>),
}

/// What must be so.
#[derive(Debug, Clone)]
pub enum Expectation {
    /// Messages or calls since the last that an earlier line found.
    Effect {
        /// How many.
        count: Count,
        /// The action.
        action: Arc<str>,
        /// Held as drafts, rather than sent.
        held: Held,
        /// What each must be like.
        parts: Vec<Feature>,
    },
    /// Runs.
    Run {
        /// How many.
        count: Count,
        /// The workflow.
        workflow: Arc<str>,
        /// For whom.
        actor: Option<ActorId>,
        /// `waiting`, `acting`, `parked`, `queued`, `running` (any unfinished), `finished`, `completed`, `stopped`, `exited`, `replaced`, `held_out`.
        state: Option<Arc<str>>,
        /// At this step.
        step: Option<Arc<str>>,
    },
    /// Tasks.
    Task {
        /// How many.
        count: Count,
        /// What each must be like.
        parts: Vec<Feature>,
    },
    /// Events that rules emitted.
    Event {
        /// How many.
        count: Count,
        /// The event.
        event: Arc<str>,
        /// About whom.
        actor: Option<ActorId>,
        /// Its fields.
        fields: Vec<(FieldDecl, Expr)>,
    },
    /// A condition.
    That(Expr),
}

/// How many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// At least one.
    Some,
    /// None.
    None,
    /// Exactly so many.
    Exactly(u32),
}

/// Whether a message is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It was sent.
    Sent,
    /// It waits for a person.
    Draft,
}

/// What a message, task or call must be like.
#[derive(Debug, Clone)]
pub struct Feature {
    /// A parameter of the action, `template` (its first value, a template's name), `at` (when it went out), `for` (whose run), or an attribute of a task.
    pub name: Arc<str>,
    /// How it compares.
    pub how: Match,
    /// With what.
    pub value: Expr,
}

/// How a feature compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The same.
    Equal,
    /// A text that holds this one.
    Contains,
}
