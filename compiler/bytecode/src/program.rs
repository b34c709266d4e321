//! A compiled program: its declarations and the code of its workflows.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Time;
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
    /// Segments, by name.
    pub segments: Vec<SegmentDecl>,
    /// What holds above all workflows.
    pub policy: Policy,
    /// Sources of facts, by name.
    pub sources: Vec<SourceDecl>,
    /// Attributes that refer to other entities and through which some watched condition reads.
    pub follows: Vec<Follow>,
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
    /// The channel by which it reaches its subject, such as `email`: quiet hours, caps and consent
    /// hold for it. None: it speaks to a colleague or a machine.
    pub channel: Option<Arc<str>>,
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
        /// What must hold besides: a function of one JSON argument, the answer's body.
        proof: Option<FunctionId>,
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
    /// A token that is fetched by OAuth and kept until it expires.
    OAuth(OAuth),
}

/// How a token is fetched (RFC 6749). Each function gives a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuth {
    /// The token endpoint's URL.
    pub url: FunctionId,
    /// The client's id.
    pub client: FunctionId,
    /// The client's secret.
    pub secret: FunctionId,
    /// The refresh token (section 6); without it the client's own credentials are the grant (section 4.4).
    pub refresh: Option<FunctionId>,
    /// The scope that is asked for.
    pub scope: Option<FunctionId>,
}

/// An HTTP request's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// None.
    Empty,
    /// `application/x-www-form-urlencoded`: names and values; Missing ones are left out.
    Form(Vec<(Arc<str>, FunctionId)>),
    /// `multipart/form-data` (RFC 7578): names and values; Missing ones are left out.
    Multipart(Vec<(Arc<str>, FunctionId)>),
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
    /// Whether it runs at all.
    pub stage: Stage,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Where in the body a run starts that another workflow starts; none if the body needs an event.
    pub entry: Option<u32>,
    /// How often it may start for one subject.
    pub enrolment: Enrolment,
    /// What a second match does while a run goes on.
    pub overlap: Overlap,
    /// What ends a run early.
    pub exits: Vec<Exit>,
    /// What it is for, counted for all who entered and all who were held out.
    pub goal: Option<Goal>,
    /// How many of 10,000 subjects are held out, to measure the others against.
    pub holdout: Option<u16>,
    /// When its messages may go out.
    pub window: Option<Window>,
    /// The consent topic of its messages; `transactional` is exempt from caps, quiet hours and consent.
    pub topic: Option<Arc<str>>,
    /// A fact that was older when it was worked out starts nothing.
    pub max_age: Option<Length>,
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

/// What must happen for a trigger. All functions have no parameters and read the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerKind {
    /// An event of this name.
    Event(Arc<str>),
    /// The subject's first appearance.
    Created,
    /// A change of any attribute of the subject.
    Changed,
    /// The subject's end. Runs see what it was like.
    Deleted,
    /// A change of one attribute of the subject.
    Moved {
        /// The attribute.
        attribute: Arc<str>,
        /// The value that it must have had.
        from: Option<FunctionId>,
        /// The value that it must have now.
        to: Option<FunctionId>,
    },
    /// A number or a grade of an ordered set goes up or down.
    Crossed {
        /// The attribute.
        attribute: Arc<str>,
        /// Which way.
        direction: Direction,
        /// How far.
        bound: Bound,
    },
    /// A list gains an item.
    Gains {
        /// The attribute.
        attribute: Arc<str>,
        /// The item.
        item: FunctionId,
    },
    /// A list loses an item.
    Loses {
        /// The attribute.
        attribute: Arc<str>,
        /// The item.
        item: FunctionId,
    },
    /// The subject enters a segment, a place in [`Program::segments`].
    Enters(u32),
    /// The subject leaves a segment, a place in [`Program::segments`].
    Leaves(u32),
    /// An attribute that is set has kept its value for so long.
    Unchanged {
        /// The attribute.
        attribute: Arc<str>,
        /// How long.
        length: Length,
    },
    /// An attribute's date comes.
    Date(DateTrigger),
    /// A schedule's time comes, in the subject's zone.
    Schedule(Schedule),
}

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// `rises`
    Up,
    /// `drops`
    Down,
}

/// How far a value must go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bound {
    /// Any way.
    Any,
    /// To this value or beyond it, from before it.
    To(FunctionId),
    /// Beyond this value (`above`, `below`), from it or before it.
    Past(FunctionId),
}

/// When a date of the subject is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTrigger {
    /// The attribute, a date or a moment.
    pub attribute: Arc<str>,
    /// Added to it; negative for `before`.
    pub offset: Length,
    /// The time of day in the subject's zone. None: of a moment its own, of a date its start.
    pub clock: Option<Time>,
    /// Whether it comes round.
    pub rhythm: Rhythm,
}

/// Whether a date comes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rhythm {
    /// It comes once.
    Once,
    /// It comes each year; 29 February falls on 28 February in other years.
    Yearly,
}

/// A schedule in the subject's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// On which days.
    pub every: Every,
    /// The time of day; midnight if none is given.
    pub clock: Option<Time>,
    /// Only for who is in this segment, a place in [`Program::segments`].
    pub segment: Option<u32>,
}

/// The days of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Every {
    /// These weekdays.
    Weekdays(Weekdays),
    /// Each so many days since Monday 1970-01-05.
    Days(u32),
    /// The first day of each so many months since January 1970.
    Months(u32),
    /// Each so many milliseconds since 1970-01-01T00:00Z; the schedule has no time of day.
    Millis(u64),
}

/// A set of weekdays: bit 0 is Monday, bit 6 Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weekdays(pub u8);

impl Weekdays {
    /// All seven.
    pub const ALL: Self = Self(0b111_1111);
    /// Monday to Friday.
    pub const WORK: Self = Self(0b001_1111);
    /// Saturday and Sunday.
    pub const END: Self = Self(0b110_0000);

    /// Whether it holds the weekday with this number (1 Monday … 7 Sunday).
    #[must_use]
    pub fn has(self, weekday: u8) -> bool {
        (1..=7).contains(&weekday) && self.0 & (1 << (weekday - 1)) != 0
    }
}

/// How often a workflow may start for one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Enrolment {
    /// Each time.
    EveryTime,
    /// Once, ever.
    Once,
    /// Once for each value of this function of no parameters; a Missing value starts nothing.
    OncePer(FunctionId),
    /// Once in any such length of time.
    AtMostOncePer(Length),
}

/// Whether a workflow runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It runs.
    Live,
    /// It is deployed and starts nothing.
    Draft,
}

/// What a workflow is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The event.
    pub event: Arc<str>,
    /// What must hold for it; a function of no parameters.
    pub condition: Option<FunctionId>,
    /// Within this long of entering.
    pub within: Length,
}

/// When messages may go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From this time of day.
    pub from: Time,
    /// Until before this one; on the next day if it is not later than `from`.
    pub to: Time,
    /// On these days; a window over midnight belongs to the day on which it begins.
    pub days: Weekdays,
    /// In this zone: a function of no parameters that gives its name. None or Missing: the subject's.
    pub zone: Option<FunctionId>,
}

/// A set of entities, kept as facts and time change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentDecl {
    /// Its name.
    pub name: Arc<str>,
    /// The kind of its members.
    pub kind: Arc<str>,
    /// Who is in it; a function of no parameters.
    pub predicate: FunctionId,
    /// Changes with the meaning of the predicate: knowledge of who is in it holds for one of these only.
    pub definition: u64,
    /// Its `##` documentation.
    pub docs: Arc<str>,
}

/// That conditions about entities of `kind` read through its attribute, so that they are to
/// be looked at again when the entity that it refers to changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Follow {
    /// Whose attribute.
    pub kind: Arc<str>,
    /// The attribute.
    pub attribute: Arc<str>,
    /// The kind of entity that it refers to.
    pub target: Arc<str>,
}

/// What holds above all workflows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// When nothing goes out.
    pub quiet: Vec<Quiet>,
    /// How much goes out.
    pub caps: Vec<Cap>,
    /// What people can agree to or refuse.
    pub topics: Vec<TopicDecl>,
}

/// When nothing goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// By these channels; empty means by any.
    pub channels: Vec<Arc<str>>,
    /// When.
    pub window: Window,
}

/// How much goes out to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// By these channels together; empty means by any.
    pub channels: Vec<Arc<str>>,
    /// At most so many.
    pub count: u32,
    /// In any such length of time.
    pub per: Length,
}

/// What people can agree to or refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Who gets it.
    pub opt: Opt,
    /// Its title for people, or empty.
    pub title: Arc<str>,
}

/// Who gets messages of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opt {
    /// Who asked for it: the topic stands in the contact's `subscriptions`.
    In,
    /// Who has not refused it: neither the topic nor `all` stands in the contact's `unsubscribed`.
    Out,
}

/// How a provider's webhook becomes facts. Its functions take one JSON argument, the request
/// `{body, raw, headers, query, url, method}` (names of headers in small letters), and then one for
/// each `for each` around them. Those that prove who sent it may read secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDecl {
    /// Its name.
    pub name: Arc<str>,
    /// Where it listens: `/in/shopify`.
    pub path: Arc<str>,
    /// What proves who sent it; one of them must hold, unless there is none.
    pub verify: Vec<Verify>,
    /// The sender's id of the request: the same twice is one.
    pub id: Option<FunctionId>,
    /// When it happened; when it came, if Missing.
    pub at: Option<FunctionId>,
    /// What it says. Items stand in each other at most 16 deep.
    #[serde(with = "crate::nested")]
    pub items: Vec<SourceItem>,
    /// Its `##` documentation.
    pub docs: Arc<str>,
}

/// What proves who sent a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verify {
    /// A keyed hash (RFC 2104).
    Hmac(Hmac),
    /// User name and password (RFC 7617).
    Basic(FunctionId, FunctionId),
    /// A token (RFC 6750).
    Bearer(FunctionId),
    /// The first is the secret, the second what came.
    Token(FunctionId, FunctionId),
}

/// A keyed hash over a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hmac {
    /// The hash.
    pub hash: HashKind,
    /// What is signed; a text. Without it the body, byte for byte.
    pub signed: Option<FunctionId>,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The signature: a text, or a list of texts of which one must fit.
    pub signature: FunctionId,
    /// What stands before each; those without it do not count.
    pub prefix: Option<Arc<str>>,
    /// The keys, of which one must fit.
    pub keys: Vec<HmacKey>,
    /// At most so far from now must this moment be: against requests that are sent again.
    pub fresh: Option<(Length, FunctionId)>,
}

/// A key of a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HmacKey {
    /// How it is written; `None` means as it is.
    pub encoding: Option<Encoding>,
    /// The key.
    pub key: FunctionId,
}

/// A hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashKind {
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64 (RFC 4648, section 4), with or without padding.
    Base64,
}

/// One thing that a source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceItem {
    /// `when`
    When {
        /// What must hold.
        condition: FunctionId,
        /// If it does.
        then: Vec<SourceItem>,
        /// If it does not.
        otherwise: Vec<SourceItem>,
    },
    /// `for each`: its items' functions take each JSON item of the list as a further argument.
    Each {
        /// The list.
        list: FunctionId,
        /// What each says.
        items: Vec<SourceItem>,
    },
    /// An entity: whom the events after it in the same block are about.
    Entity {
        /// Its kind.
        kind: Arc<str>,
        /// Keys that name it: `id`, `email`, `phone`, `anonymous_id`, or another system's name.
        keys: Vec<(Arc<str>, FunctionId)>,
        /// Its attributes; Missing ones are left out.
        attributes: Vec<(Arc<str>, FunctionId)>,
    },
    /// An event.
    Event {
        /// Its name.
        event: Arc<str>,
        /// Its id, if it has one of its own; else made of the request's.
        id: Option<FunctionId>,
        /// When it happened, if not when the request says.
        at: Option<FunctionId>,
        /// Its fields; Missing ones are left out.
        fields: Vec<(Arc<str>, FunctionId)>,
    },
    /// What the sender is answered: a text as it is, else JSON.
    Answer(FunctionId),
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

/// What is done when a provider refuses a message for good or all attempts fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It is kept for a person, and the run waits.
    #[default]
    Park,
    /// The run goes on.
    Continue,
    /// The run ends.
    Stop,
}

/// Whether a message is held for a person before it goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// It goes out.
    Free,
    /// It is held; the argument after the action's is for whom (text or Missing).
    Draft,
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
    /// Records an intent of this action and rests at the point until its outcome, whose result is
    /// then the event at hand. Arguments: the action's parameters, in order; for whom it is held
    /// (text, may be Missing); when to send it at the earliest (moment, may be Missing).
    Effect {
        /// Place in [`Program::actions`].
        action: u32,
        /// Place in [`WorkflowDecl::points`].
        point: u16,
        /// Whether a person looks at it first.
        hold: Hold,
        /// What a failure does.
        failure: OnFailure,
    },
    /// Rests at the point until a member's turn has been found; the result then holds `member` (text).
    /// No arguments.
    Turn {
        /// The team.
        team: Arc<str>,
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
    /// Adds a text to a list attribute of the subject. Argument: the text.
    Gain {
        /// The attribute: `tags`, `access`, `unsubscribed`.
        attribute: Arc<str>,
    },
    /// Takes a text out of a list attribute of the subject. Argument: the text.
    Lose {
        /// The attribute.
        attribute: Arc<str>,
    },
    /// Creates an entity, which `Do` leaves in `r[a]`. Arguments: the attributes' values, in order; Missing ones are left out.
    Create {
        /// Its kind.
        kind: Arc<str>,
        /// Its attributes.
        attributes: Vec<FieldDecl>,
    },
    /// Sets attributes of an entity. Arguments: the entity, the attributes' values; a Missing one takes it away.
    Update {
        /// The attributes.
        attributes: Vec<FieldDecl>,
    },
    /// Deletes an entity. Argument: it.
    Delete,
    /// Starts another workflow for the subject. No arguments.
    Start {
        /// The workflow.
        workflow: Arc<str>,
    },
    /// Ends the subject's runs of a workflow, this one's too if it is named. No arguments.
    StopRuns {
        /// The workflow.
        workflow: Arc<str>,
    },
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
    /// A branch of a split, for [`crate::Op::Took`]: who took it is counted. No arguments.
    Arm {
        /// The split's name.
        split: Arc<str>,
    },
    /// A split, for [`crate::Op::Split`]. No arguments.
    Split,
    /// A round of a repeat ends early, for [`crate::Op::Took`]. No arguments.
    Until,
}

impl SiteKind {
    /// The kinds that the arguments must have.
    #[must_use]
    pub fn argument_kinds(&self, actions: &[ActionDecl]) -> Vec<Option<Kind>> {
        match self {
            Self::Effect { action, .. } => actions
                .get(*action as usize)
                .map(|a| {
                    let params = a.params.iter().map(|p| Some(p.ty.kind()));
                    params.chain([Some(Kind::Text), Some(Kind::Time)]).collect()
                })
                .unwrap_or_default(),
            Self::Set { ty, .. } => vec![Some(Kind::Entity), Some(ty.kind())],
            Self::Gain { .. } | Self::Lose { .. } | Self::Note => vec![Some(Kind::Text)],
            Self::Emit { fields, .. } => vec![None; fields.len()],
            Self::Create { attributes, .. } => attributes.iter().map(|a| Some(a.ty.kind())).collect(),
            Self::Update { attributes } => std::iter::once(Kind::Entity)
                .chain(attributes.iter().map(|a| a.ty.kind()))
                .map(Some)
                .collect(),
            Self::Delete => vec![Some(Kind::Entity)],
            Self::Task { .. } => {
                vec![Some(Kind::Text), Some(Kind::Time), Some(Kind::Time), Some(Kind::Text), Some(Kind::Text)]
            }
            Self::Turn { .. }
            | Self::Start { .. }
            | Self::StopRuns { .. }
            | Self::Branch
            | Self::Arm { .. }
            | Self::Split
            | Self::Until => Vec::new(),
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
