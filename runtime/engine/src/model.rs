//! What the engine reads and writes: facts in, transitions out.
//!
//! The store keeps these values; the engine alone decides them. It must not know
//! how or where they are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{Timestamp, civil};
use onward_bytecode::{EntityId, Hash, OnFailure, Type};
use serde::{Deserialize, Serialize};
use serde_json::Map;

/// JSON members by name, as a fact carries them.
pub type Fields = Map<String, serde_json::Value>;

/// Something that happened, as the event store keeps it. The same id twice is one fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Unique: the sender's id, or one derived from the fact's cause.
    pub id: Arc<str>,
    /// Whom it concerns; decides the shard.
    pub subject: EntityId,
    /// What happened.
    pub kind: FactKind,
    /// When it happened, by its sender's clock.
    pub at: Timestamp,
    /// Whether it may start workflows and send.
    pub origin: Origin,
}

/// Whether a fact may start anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It happened now: workflows start.
    Live,
    /// It is history: state is kept, nothing starts, nothing is sent.
    Backfill,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactKind {
    /// An event.
    Event {
        /// Its name.
        name: Arc<str>,
        /// Its fields.
        fields: Fields,
        /// The contact that it is about, if the subject is another entity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<EntityId>,
        /// Attributes of the subject that came with it; `null` takes one away.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        attributes: Fields,
    },
    /// Attributes of the subject; `null` takes one away.
    Attributes {
        /// The attributes.
        attributes: Fields,
    },
    /// The subject is gone.
    Deleted,
    /// An effect came to its end.
    Outcome {
        /// Key of the intent.
        intent: Arc<str>,
        /// The run that rests on it.
        run: Arc<str>,
        /// How it ended.
        outcome: Outcome,
    },
    /// A workflow is to start for the subject, by `do start`.
    Start {
        /// The workflow.
        workflow: Arc<str>,
    },
    /// An entity that the subject refers to has changed: conditions that read through it are looked at again.
    Touched {
        /// The entity that changed.
        by: EntityId,
        /// Whether it has changed, or asks to be told of a change that is under way.
        #[serde(default)]
        touch: Touch,
    },
    /// The subject, a team, is asked whose turn it is; the answer is an outcome for the run.
    Turn {
        /// Key of what the run rests on.
        intent: Arc<str>,
        /// The run.
        run: Arc<str>,
        /// Its subject.
        of: EntityId,
    },
    /// An operator's order about a run.
    Order {
        /// The run.
        run: Arc<str>,
        /// The order.
        order: Order,
    },
    /// The subject turned out to be `into`: what is kept of it moves there.
    MergedInto {
        /// The entity that stays.
        into: EntityId,
    },
    /// What another entity, now merged into the subject, leaves to it.
    Inherited {
        /// The entity that is gone.
        from: EntityId,
        /// Its attributes; the subject's own win.
        attributes: Fields,
        /// Its unfinished runs.
        runs: Vec<Run>,
        /// Workflows that it had entered once.
        enrolments: Vec<Enrolled>,
        /// When it took each of these keys last, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken: Vec<Timestamp>,
        /// What was watched about it.
        #[serde(default)]
        watch: Box<Watch>,
    },
}

/// Why one entity touches another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Touch {
    /// The other refers to it, and it has changed.
    #[default]
    Changed,
    /// It refers to the other since just now, and wants to be touched in return: a change of the
    /// other that was under way did not know of it.
    Asks,
}

/// How an effect ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The provider took it.
    Accepted {
        /// The members that the action's `result` names.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        result: Fields,
        /// The provider's word: `250 queued as 1A2B`, `201`.
        detail: Arc<str>,
    },
    /// A person dropped it, or consent or a policy forbade it: it is not sent, the run goes on.
    Dropped {
        /// Why.
        detail: Arc<str>,
    },
    /// It was refused for good or all attempts failed, and the step says `on failure`.
    Failed {
        /// Why.
        detail: Arc<str>,
        /// Whether the run goes on.
        then: OnFailure,
    },
}

/// What an operator may order about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// End it.
    Stop,
    /// Try again what parked it.
    Retry,
}

/// An entity, as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Which.
    pub id: EntityId,
    /// Its attributes, as they came; the program's types are applied on reading.
    pub attributes: Fields,
    /// When it appeared.
    pub created: Timestamp,
    /// When it was deleted, if only its last runs still look at it.
    pub deleted: Option<Timestamp>,
    /// What is watched about it.
    pub watch: Watch,
}

impl Entity {
    /// One that has just appeared.
    #[must_use]
    pub fn new(id: EntityId, attributes: Fields, created: Timestamp) -> Self {
        Self { id, attributes, created, deleted: None, watch: Watch::default() }
    }
}

/// What is watched about an entity: kept and committed with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watch {
    /// Segments that it is known to be in or out of, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<Arc<str>, Membership>,
    /// When to look again, and at what. The names are the engine's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alarms: BTreeMap<Arc<str>, Timestamp>,
    /// When each attribute last changed, in seconds since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<Arc<str>, i64>,
    /// Goals that may still be reached: of workflows that it entered or was held out of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<Aim>,
}

impl Watch {
    /// The first moment to look again.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        self.alarms.values().min().copied()
    }
}

/// What is known of an entity and a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The segment's definition for which it is known.
    pub definition: u64,
    /// Whether the entity is in it.
    pub inside: bool,
    /// Since when.
    pub since: Timestamp,
}

/// A goal that may still be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// The workflow.
    pub workflow: Arc<str>,
    /// How it counts: see [`Tally::group`].
    pub groups: Vec<Arc<str>>,
    /// The run, if one was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Arc<str>>,
    /// Since when: what happened before does not count.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// One person's way through one workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Derived from the fact that started it and the workflow.
    pub id: Arc<str>,
    /// The workflow.
    pub workflow: Arc<str>,
    /// The program that it is pinned to.
    pub program: Hash,
    /// For whom.
    pub subject: EntityId,
    /// Id of the fact that started it.
    pub cause: Arc<str>,
    /// When it started.
    pub started: Timestamp,
    /// Counts its changes, from 1; an update names the version that it expects.
    pub version: u64,
    /// Counts the effects that it has asked for: the occurrence in their keys.
    pub effects: u32,
    /// Where it is.
    pub state: RunState,
}

/// Where a run is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// It waits for a moment, an event, or whichever comes first.
    Waiting {
        /// Where it goes on.
        rest: Rest,
        /// When, at the latest.
        until: Timestamp,
        /// The same as wall-clock time, if the wait follows the calendar: computed again when the subject's zone changes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        civil: Option<civil::DateTime>,
        /// Place in the workflow's `waits`, if an event ends the wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait: Option<u16>,
    },
    /// It waits for the outcome of an effect.
    Acting {
        /// Where it goes on.
        rest: Rest,
        /// Key of the intent.
        intent: Arc<str>,
    },
    /// It cannot go on until a person helps.
    Parked {
        /// The point of the step that could not be done, with what is kept there: `exit` is checked against it.
        rest: Rest,
        /// Why.
        reason: Arc<str>,
        /// From where the step is tried again. Without it the run goes on at `rest`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<Box<Again>>,
    },
    /// It starts when the run before it has ended.
    Queued {
        /// Place in the workflow's `triggers`; `u16::MAX` if another workflow started it.
        trigger: u16,
        /// The fields of the event that matched.
        fields: Fields,
        /// When that event happened.
        at: Timestamp,
        /// The contact that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<EntityId>,
    },
    /// It has ended.
    Finished {
        /// How.
        how: Finish,
        /// Why.
        reason: Arc<str>,
        /// When.
        at: Timestamp,
    },
}

/// What is kept of a run that rests: never a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    /// Name of the resume point in the run's program.
    pub point: Arc<str>,
    /// The point's live values, in its order, as JSON.
    pub values: Vec<serde_json::Value>,
}

/// Where a step that could not be done begins. It is tried again in the same program,
/// so that code's own places may stand here; a run that rests never needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Again {
    /// The word of the body.
    pub pc: u32,
    /// What the registers hold, those without a value left out.
    pub registers: Vec<Held>,
    /// The event at hand, if the run has not rested since it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Occurrence>,
}

/// What one register holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// The register.
    pub register: u8,
    /// The type as which `value` is read.
    pub ty: Type,
    /// The value.
    pub value: serde_json::Value,
}

/// An event at hand: what code reads of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Id of its fact.
    pub id: Arc<str>,
    /// Its name; empty if an attribute's change started the run.
    pub name: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// Its fields.
    pub fields: Fields,
    /// The contact that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<EntityId>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// All steps done.
    Completed,
    /// A `stop` step, or an operator.
    Stopped,
    /// An `exit` clause.
    Exited,
    /// A newer match took its place (`while running restart`).
    Replaced,
    /// Its subject was deleted.
    Orphaned,
    /// Its subject was merged into another, which goes on with it.
    Moved,
}

/// That a subject has entered a workflow: the unique key behind `once`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Enrolled {
    /// The workflow.
    pub workflow: Arc<str>,
    /// The subject.
    pub subject: EntityId,
    /// What it is unique by besides: empty for `once` and `at most once per`, the value of `once per`.
    pub key: Arc<str>,
}

/// A new or renewed key of `once`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolling {
    /// The key.
    pub key: Enrolled,
    /// When.
    pub at: Timestamp,
    /// When it was taken before, as the store must hold it; `None` for a new key. Anything else is a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
}

/// One to be added to a count that tells how a workflow does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tally {
    /// The workflow.
    pub workflow: Arc<str>,
    /// Among whom: `all` who started, `held out`, or a branch, as `split/branch`.
    pub group: Arc<str>,
    /// What.
    pub what: Counted,
}

/// What a tally counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// It was entered.
    Entered,
    /// The goal was reached in time.
    Goal,
}

/// An effect to be done, committed together with its run's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Hash of run, step and occurrence: the idempotency key.
    pub key: Arc<str>,
    /// The run that rests on it.
    pub run: Arc<str>,
    /// Its workflow.
    pub workflow: Arc<str>,
    /// Name of its step.
    pub step: Arc<str>,
    /// For whom.
    pub subject: EntityId,
    /// The program whose action it is.
    pub program: Hash,
    /// The action.
    pub action: Arc<str>,
    /// The action's arguments, in order, as JSON.
    pub arguments: Vec<serde_json::Value>,
    /// When to do it, at the earliest.
    pub due: Timestamp,
    /// The action's channel, if it speaks to the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Arc<str>>,
    /// Held for a person: it is not due before one approves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// What a failure does.
    #[serde(default)]
    pub failure: OnFailure,
}

/// That an effect is held for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// For whom, if anyone in particular.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Arc<str>>,
}

/// A message that went out to an entity, or is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// By which channel.
    pub channel: Arc<str>,
    /// When it was claimed.
    pub at: Timestamp,
}

/// A line of a run's or a subject's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// For whom.
    pub subject: EntityId,
    /// In which workflow.
    pub workflow: Arc<str>,
    /// In which run, if one was started.
    pub run: Option<Arc<str>>,
    /// At which step.
    pub step: Option<Arc<str>>,
    /// What happened.
    pub what: What,
    /// In words: `waits until 2026-03-08 09:00 America/New_York`.
    pub detail: Arc<str>,
}

/// What a timeline's line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A trigger matched and a run started.
    Matched,
    /// A trigger matched and no run started, because of a clause.
    Ignored,
    /// A trigger matched and the subject is held out.
    HeldOut,
    /// A trigger matched and waits for its turn.
    Queued,
    /// The run waits.
    Waiting,
    /// The run goes on after a wait.
    Resumed,
    /// A branch was taken.
    Branched,
    /// An effect's intent was recorded.
    Intended,
    /// The provider took it.
    Sent,
    /// The message waits for a person.
    Drafted,
    /// The message may not go out yet: quiet hours, a cap, a window.
    Deferred,
    /// The message could not be sent, and the run goes on or ends.
    Failed,
    /// The provider will be asked again.
    Retrying,
    /// A step was not done, because of its condition or a missing recipient.
    Skipped,
    /// A built-in action changed something.
    Changed,
    /// A note.
    Noted,
    /// The workflow's goal was reached.
    Reached,
    /// It cannot go on until a person helps.
    Parked,
    /// A person helped.
    Ordered,
    /// The run ended.
    Finished,
}

/// A change to an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityChange {
    /// Which.
    pub id: EntityId,
    /// When: the time of its creation, if it was not there.
    pub at: Timestamp,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of an entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// These attributes are set; `null` takes one away. It is created if it was not there.
    Set(Fields),
    /// It is gone, with all that is kept of it.
    Delete,
    /// It is gone for all but its last runs, which still read its attributes.
    Bury,
    /// What is watched about it.
    Watch(Watch),
}

/// A change to a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChange {
    /// The version that the store must hold; `None` for a new run.
    pub expected: Option<u64>,
    /// The run as it is now.
    pub run: Run,
}

/// Everything that one input changes; committed whole or not at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transition {
    /// Entities.
    pub entities: Vec<EntityChange>,
    /// Runs, each at most once.
    pub runs: Vec<RunChange>,
    /// New and renewed keys of `once`.
    pub enrolments: Vec<Enrolling>,
    /// What to count.
    pub tallies: Vec<Tally>,
    /// Effects to be done.
    pub intents: Vec<Intent>,
    /// Keys of intents that are not to be done any more, if they have not been claimed.
    pub cancelled: Vec<Arc<str>>,
    /// Facts that follow, for this subject or another.
    pub facts: Vec<Fact>,
    /// What to tell people.
    pub timeline: Vec<Entry>,
}

/// What is known of the entities that an input concerns.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Entities that were looked up; `None` if there is none.
    pub entities: BTreeMap<EntityId, Option<Entity>>,
    /// Unfinished runs of each subject that was looked up, the first started first, then by id.
    pub runs: BTreeMap<EntityId, Vec<Run>>,
    /// Keys of `once` of each subject that was looked up, and when each was taken last.
    pub enrolments: BTreeMap<Enrolled, Timestamp>,
    /// Past events that were looked up: of an entity, by name, in the order of their places in the log.
    pub history: BTreeMap<Question, Vec<Occurrence>>,
    /// Entities that were looked up by what they refer to.
    pub referrers: BTreeMap<Reference, Vec<EntityId>>,
}

/// Events of an entity with this name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Whose.
    pub entity: EntityId,
    /// The event.
    pub event: Arc<str>,
}

/// Entities of `kind` whose `attribute` is `target`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The entity that is referred to.
    pub target: EntityId,
    /// The kind of those that refer to it.
    pub kind: Arc<str>,
    /// By which attribute.
    pub attribute: Arc<str>,
}

/// What to apply.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A fact.
    Fact(&'a Fact),
    /// The moment has come that this run of this subject waits for.
    Timer {
        /// Whose run.
        subject: &'a EntityId,
        /// The run.
        run: &'a str,
    },
    /// The moment has come to look again at what is watched about this entity: the first of its alarms.
    Wake {
        /// Which.
        subject: &'a EntityId,
    },
    /// A program is new, and nothing has been watched for it about this entity yet.
    Fill {
        /// Which.
        subject: &'a EntityId,
        /// Whether segments that it turns out to be in are entered, or have been all along.
        edges: Edges,
    },
}

/// What filling in does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edges {
    /// It fires nothing.
    Silent,
    /// Who is in a new segment enters it.
    Fire,
}
