//! A compiled program: its declarations and the code of its workflows.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Constant, Function, FunctionId, Kind, Length, Type};

/// The name of an artifact: BLAKE3 of all its bytes but the debug section.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = blake3::HexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(*blake3::Hash::from_hex(text)?.as_bytes()))
    }
}

/// Everything that a server needs to run a project's rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Its name and defaults.
    pub project: Project,
    /// Events, by name.
    pub events: Vec<EventDecl>,
    /// Entities, by name; `contact` and `account` are always there.
    pub entities: Vec<EntityDecl>,
    /// Teams, by name.
    pub teams: Vec<TeamDecl>,
    /// Actions that are effects, by name.
    pub actions: Vec<ActionDecl>,
    /// Workflows, by name.
    pub workflows: Vec<WorkflowDecl>,
    /// All code. A function calls only functions before it.
    pub functions: Vec<Function>,
}

/// What `onward.toml` says, as far as a server needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its name.
    pub name: Arc<str>,
    /// The zone of whoever has none of their own: an IANA name.
    pub timezone: Arc<str>,
    /// Sender of mails that name none, as `Name <address>`.
    pub sender: Option<Arc<str>>,
    /// How mail leaves, by default; a server's own settings come first.
    pub smtp: Option<Smtp>,
}

/// A mail server. A user name or password is the name of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Smtp {
    /// Host name.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: Tls,
    /// Name of the secret that holds the user name.
    pub username: Option<Arc<str>>,
    /// Name of the secret that holds the password.
    pub password: Option<Arc<str>>,
}

/// How a mail connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Not at all.
    None,
    /// By STARTTLS, which must succeed (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// A declared field of an event or attribute of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// Whether it may be missing.
    pub presence: Presence,
    /// Its `##` documentation.
    pub docs: Arc<str>,
}

/// Whether a value must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It must be.
    Required,
    /// It may be missing.
    Optional,
}

/// A declared event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Kind of the entity that it is about.
    pub about: Arc<str>,
    /// Its fields, by name.
    pub fields: Vec<FieldDecl>,
    /// Its `##` documentation.
    pub docs: Arc<str>,
}

/// A declared entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Its attributes, by name.
    pub attributes: Vec<FieldDecl>,
    /// Its `##` documentation.
    pub docs: Arc<str>,
}

/// A declared team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Its members' addresses.
    pub members: Vec<Arc<str>>,
}

/// How a `do` becomes a call. Its functions take the action's arguments and
/// are run by the dispatcher, which has the secrets; nothing they make is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionDecl {
    /// Its dotted name.
    pub name: Arc<str>,
    /// Its arguments, in the order in which an intent keeps them.
    pub params: Vec<FieldDecl>,
    /// Where the call goes.
    pub transport: Transport,
    /// Members that the answer gives the rule, each read by a function of one JSON argument, the body.
    pub result: Vec<(FieldDecl, FunctionId)>,
    /// What to do when nobody knows whether the call arrived.
    pub unsure: Unsure,
    /// Its `##` documentation.
    pub docs: Arc<str>,
}

/// Where a call goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Transport {
    /// An HTTP request.
    Http {
        /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        method: Arc<str>,
        /// The URL.
        url: FunctionId,
        /// Who we are.
        auth: Option<Auth>,
        /// Further headers: name and value.
        headers: Vec<(Arc<str>, FunctionId)>,
        /// What is sent.
        body: Body,
        /// Secret key of a Standard Webhooks signature (standardwebhooks.com).
        sign: Option<FunctionId>,
        /// Statuses that mean accepted; 2xx if none is named.
        expect: Vec<StatusRange>,
        /// Statuses that mean try again; 408, 429 and 5xx if none is named.
        retry: Vec<StatusRange>,
        /// How long to wait for an answer.
        timeout: Length,
    },
    /// A mail, by the server's mail connection. Each field is a text, `to` a list of texts.
    Smtp {
        /// Recipients.
        to: FunctionId,
        /// Sender; Missing means the project's.
        from: FunctionId,
        /// Subject.
        subject: FunctionId,
        /// Plain text.
        text: FunctionId,
        /// HTML; Missing means none.
        html: FunctionId,
        /// Where answers go; Missing means the sender.
        reply_to: Option<FunctionId>,
    },
}

/// HTTP authentication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth {
    /// User name and password (RFC 7617).
    Basic(FunctionId, FunctionId),
    /// A token (RFC 6750).
    Bearer(FunctionId),
}

/// An HTTP request's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// None.
    Empty,
    /// `application/x-www-form-urlencoded`: names and values; Missing ones are left out.
    Form(Vec<(Arc<str>, FunctionId)>),
    /// `application/json`.
    Json(FunctionId),
    /// `text/plain`.
    Text(FunctionId),
}

/// Statuses from `first` to `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRange {
    /// The first.
    pub first: u16,
    /// The last, itself included.
    pub last: u16,
}

/// What to do when nobody knows whether a call arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsure {
    /// Keep it for a person.
    Park,
    /// Send again; the receiver may see it twice.
    Retry,
    /// Send again with the same key in this header, which the receiver honours.
    RetryWithKey(Arc<str>),
}

/// A function together with the workflow's registers that it is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureCall {
    /// The function.
    pub function: FunctionId,
    /// Registers of the workflow, in the order of the function's parameters.
    pub registers: Vec<u8>,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Its title for people, or empty.
    pub title: Arc<str>,
    /// Its `##` documentation.
    pub docs: Arc<str>,
    /// Kind of entity that it runs for.
    pub subject: Arc<str>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// How often it may start for one subject.
    pub enrolment: Enrolment,
    /// What a second match does while a run goes on.
    pub overlap: Overlap,
    /// What ends a run early.
    pub exits: Vec<Exit>,
    /// Its body; no parameters, no result.
    pub body: FunctionId,
    /// Steps that the body does.
    pub sites: Vec<Site>,
    /// Places where a run can rest.
    pub points: Vec<ResumePoint>,
    /// Waits for an event.
    pub waits: Vec<WaitSite>,
}

/// What starts a workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// What must happen.
    pub kind: TriggerKind,
    /// An equality that `condition` implies, pulled out for the index.
    pub index: Option<IndexKey>,
    /// What must hold; a function of no parameters.
    pub condition: Option<FunctionId>,
    /// Where in the body a run starts.
    pub entry: u32,
}

/// An equality with a constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKey {
    /// Whose field.
    pub source: KeySource,
    /// The field or attribute.
    pub name: Arc<str>,
    /// Its value.
    pub value: Constant,
}

/// Whose field an [`IndexKey`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KeySource {
    /// The event's.
    Event,
    /// The subject's.
    Subject,
}

/// What must happen for a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerKind {
    /// An event of this name.
    Event(Arc<str>),
    /// The subject's first appearance.
    Created,
    /// A change of any attribute of the subject.
    Changed,
    /// A change of one attribute of the subject.
    Moved {
        /// The attribute.
        attribute: Arc<str>,
        /// The value that it must have had; a function of no parameters.
        from: Option<FunctionId>,
        /// The value that it must have now; a function of no parameters.
        to: Option<FunctionId>,
    },
}

/// How often a workflow may start for one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Enrolment {
    /// Each time.
    EveryTime,
    /// Once, ever.
    Once,
}

/// What a second match does while a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overlap {
    /// Nothing.
    Ignore,
    /// It ends the old run and starts a new one.
    Restart,
    /// It starts when the old run has ended.
    Queue,
    /// It starts beside the old run.
    Parallel,
}

/// What ends a run early.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// This holds.
    When(CaptureCall),
    /// This event comes, and the condition holds.
    On {
        /// The event.
        event: Arc<str>,
        /// The condition.
        condition: Option<CaptureCall>,
    },
}

/// A step of a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its label, or a name made from its words, unique in the workflow: `email welcome`.
    pub name: Arc<str>,
    /// What it does.
    pub kind: SiteKind,
}

/// What a step does with its arguments, which stand in registers from `r[a]` on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SiteKind {
    /// Records an intent of this action and rests at the point until its outcome.
    /// Arguments: the action's parameters, in order.
    Effect {
        /// Place in [`Program::actions`].
        action: u32,
        /// Place in [`WorkflowDecl::points`].
        point: u16,
    },
    /// Sets an attribute of an entity. Arguments: the entity, the value.
    Set {
        /// The attribute.
        attribute: Arc<str>,
        /// Its type.
        ty: Type,
    },
    /// Adds a text to the subject's `tags`. Argument: the text.
    AddTag,
    /// Removes a text from the subject's `tags`. Argument: the text.
    RemoveTag,
    /// Records an event about the subject. Arguments: the fields' values, in order; Missing ones are left out.
    Emit {
        /// The event.
        event: Arc<str>,
        /// Its fields.
        fields: Vec<Arc<str>>,
    },
    /// Creates an entity `task`. Arguments: title (text), due (moment), remind (moment), assignee (text), notes (text); each may be Missing.
    Task {
        /// Sort of task, such as `email`, or empty.
        sort: Arc<str>,
        /// Team that the subject's owner must belong to.
        group: Option<Arc<str>>,
    },
    /// Writes a note on the subject. Argument: the text.
    Note,
    /// A branch, for [`crate::Op::Took`]. No arguments.
    Branch,
}

impl SiteKind {
    /// The kinds that the arguments must have.
    #[must_use]
    pub fn argument_kinds(&self, actions: &[ActionDecl]) -> Vec<Option<Kind>> {
        match self {
            Self::Effect { action, .. } => actions
                .get(*action as usize)
                .map(|a| a.params.iter().map(|p| Some(p.ty.kind())).collect())
                .unwrap_or_default(),
            Self::Set { ty, .. } => vec![Some(Kind::Entity), Some(ty.kind())],
            Self::AddTag | Self::RemoveTag | Self::Note => vec![Some(Kind::Text)],
            Self::Emit { fields, .. } => vec![None; fields.len()],
            Self::Task { .. } => {
                vec![Some(Kind::Text), Some(Kind::Time), Some(Kind::Time), Some(Kind::Text), Some(Kind::Text)]
            }
            Self::Branch => Vec::new(),
        }
    }
}

/// A place where a run can rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The label of its step, or a name made from its words, unique in the workflow.
    pub name: Arc<str>,
    /// Where the body goes on.
    pub pc: u32,
    /// What is kept of the registers.
    pub live: Vec<Live>,
}

/// A register that is kept while a run rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The register.
    pub register: u8,
    /// What it holds: `event.plan`.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// A wait for an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitSite {
    /// The event.
    pub event: Arc<str>,
    /// What must hold for it.
    pub condition: Option<CaptureCall>,
    /// Where a run rests, and goes on when the event comes: a place in [`WorkflowDecl::points`].
    /// What it reads of the event it reads by `Field`, at once.
    pub point: u16,
    /// Where the body goes on when the time is up, with the same live values.
    pub otherwise: u32,
}

/// What explains a program: left out of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Debug {
    /// The sources.
    pub sources: Vec<SourceFile>,
    /// For each function, where its words come from, by ascending word.
    pub spans: Vec<Vec<SpanAt>>,
}

/// A source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path in the project.
    pub path: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// From word `pc` on, the code comes from these bytes of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanAt {
    /// First word.
    pub pc: u32,
    /// Place in [`Debug::sources`].
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}
