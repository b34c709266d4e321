//! The plain types that go in and out of a store.
//!
//! They know nothing of SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::{EntityId, Hash};
use onward_engine::model::{
    Edges, Entity, Entry, Fact, FactKind, Fields, Intent, Origin, Run, Snapshot, Tally,
};
use serde::{Deserialize, Serialize};

use super::Shard;

/// A fact as it comes in, its subject named by keys.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFact {
    /// Unique: the sender's id, or one made by ingestion.
    pub id: Arc<str>,
    /// Whom it concerns.
    pub who: Who,
    /// The contact that an event is about, if its subject is another entity; fills
    /// in the event's `contact`.
    pub contact: Option<Who>,
    /// What happened.
    pub kind: FactKind,
    /// Attributes of it, or fields of an event, that refer to others: they become those others' ids.
    pub refers: Vec<(Arc<str>, Who)>,
    /// When, by its sender's clock.
    pub at: Timestamp,
    /// Whether it may start workflows and send.
    pub origin: Origin,
}

impl NewFact {
    /// Everybody that it names.
    pub(super) fn whos(&self) -> impl Iterator<Item = &Who> {
        let refers = self.refers.iter().map(|(_, who)| who);
        std::iter::once(&self.who).chain(&self.contact).chain(refers)
    }
}

/// How a sender names an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// `contact`, `account`, or a declared entity.
    pub kind: Arc<str>,
    /// At least one key. A new entity is named after the first of them, or is
    /// what [`Namespace::Id`] says.
    pub keys: Vec<IdentityKey>,
}

impl Who {
    /// The entity of `kind` with this id.
    pub fn id(kind: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Self {
        Self { kind: kind.into(), keys: vec![IdentityKey::new(Namespace::Id, id)] }
    }
}

/// One key of an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityKey {
    /// What sort of key.
    pub namespace: Namespace,
    /// The key. Emails are compared in lower case.
    pub value: Arc<str>,
}

impl IdentityKey {
    /// The key `value`, as it is compared.
    pub fn new(namespace: Namespace, value: impl Into<Arc<str>>) -> Self {
        let value = value.into();
        let value = match namespace {
            Namespace::Email => value.trim().to_lowercase().into(),
            _ => value,
        };
        Self { namespace, value }
    }
}

/// What sort of key names an entity. The order is the order of trust: if two keys
/// name two entities, the earlier sort says whom an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Namespace {
    /// The sender's own id: it is the entity's id.
    Id,
    /// An email address.
    Email,
    /// A phone number in E.164.
    Phone,
    /// Another system's key, its name included: `stripe:cus_1`.
    Other,
    /// A device's or a browser's id.
    Anonymous,
}

/// What became of a fact that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is kept.
    Accepted {
        /// Its id.
        id: Arc<str>,
        /// The entity that its keys name.
        subject: EntityId,
    },
    /// A fact with this id was there already.
    Duplicate {
        /// Its id.
        id: Arc<str>,
    },
}

/// A place in the log of facts or in the timeline. Never skipped: readers see a
/// place only when nothing can come before it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The transaction.
    pub tx: i64,
    /// The place in it.
    pub seq: i64,
}

/// The right to work on a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The shard.
    pub shard: Shard,
    /// The node that holds it.
    pub node: Arc<str>,
    /// Counts the takings of this shard; an older one commits nothing.
    pub epoch: i64,
    /// Up to where facts were worked on.
    pub cursor: Position,
}

/// What a worker gets to do.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Facts, in order.
    pub facts: Vec<Filed>,
    /// Runs and entities whose moment has come, the earliest first.
    pub timers: Vec<Due>,
    /// What is known of the subjects of both.
    pub snapshot: Snapshot,
    /// Where the cursor is after these facts.
    pub cursor: Position,
}

/// A fact in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    /// Its place.
    pub position: Position,
    /// The fact.
    pub fact: Fact,
    /// If the subject was merged away before this fact: who has it now. Do not
    /// apply the fact then, give it to [`super::Commit::hand_over`].
    pub moved: Option<EntityId>,
}

/// Something whose moment has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The moment, at or just after what was asked for.
    pub at: Timestamp,
    /// Whom it concerns.
    pub subject: EntityId,
    /// What is to be looked at.
    pub what: Ring,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ring {
    /// This run of the subject waits for the moment.
    Timer(Arc<str>),
    /// The first alarm of what is watched about the subject.
    Wake,
}

/// The next entities of a shard for which nothing has been watched yet since a deployment.
#[derive(Debug, Clone)]
pub struct FillPart {
    /// The deployment.
    pub deployment: u64,
    /// Whether segments that they turn out to be in are entered.
    pub edges: Edges,
    /// The entities, in the order of their keys; none if all are done.
    pub entities: Vec<EntityId>,
    /// What is known of them.
    pub snapshot: Snapshot,
}

/// How far a shard is filled in once a batch is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The deployment. Another one's by now is a conflict.
    pub deployment: u64,
    /// Up to which entity; none if all are done.
    pub up_to: Option<EntityId>,
    /// How many more.
    pub count: u64,
}

/// How far the entities that were there are watched for a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FillProgress {
    /// The deployment's number.
    pub deployment: u64,
    /// Whether segments that they turn out to be in are entered.
    pub edges: Edges,
    /// So many are done.
    pub done: u64,
    /// So many there are in all, as far as is known.
    pub total: u64,
}

/// What to claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claiming {
    /// For which node.
    pub node: Arc<str>,
    /// Only what is due by now.
    pub now: Timestamp,
    /// How long the claim holds, by the store's own clock.
    pub lease: Duration,
    /// How many in all.
    pub limit: u32,
    /// How many of one action at most; others up to `limit`. 0 leaves it out.
    pub per_action: BTreeMap<Arc<str>, u32>,
    /// Vetting is told of messages that were claimed after this moment; none if nothing is capped.
    pub since: Option<Timestamp>,
}

/// What came of claiming.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claimed {
    /// What the caller has for itself now.
    pub claims: Vec<Claim>,
    /// Programs that vetting lacked: give them to it, then claim again.
    pub programs: BTreeSet<Hash>,
    /// How many were deferred, dropped or cancelled instead.
    pub decided: usize,
}

/// What came of writing outcomes and claiming.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exchanged {
    /// What became of each settlement, in their order.
    pub settled: Vec<Settled>,
    /// What was claimed.
    pub claimed: Claimed,
}

/// An intent that one dispatcher has for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its shard.
    pub shard: Shard,
    /// What to do.
    pub intent: Intent,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// How a claimed intent went.
#[derive(Debug, Clone, PartialEq)]
pub struct Settle {
    /// The claim.
    pub claim: Claim,
    /// How it went.
    pub settlement: Settlement,
}

/// How a claimed intent went.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// The provider took it.
    Accepted {
        /// The members that the action's `result` names.
        result: Fields,
        /// The provider's word.
        detail: Arc<str>,
    },
    /// It is to be tried again.
    Retry {
        /// When.
        due: Timestamp,
        /// Why.
        detail: Arc<str>,
    },
    /// A person has to decide.
    Parked {
        /// The sort of trouble.
        why: Parking,
        /// In words.
        detail: Arc<str>,
    },
    /// It is given up, and its step says what then.
    Failed {
        /// Why.
        detail: Arc<str>,
    },
}

/// Why an intent is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Parking {
    /// The provider said no.
    Refused,
    /// All attempts failed.
    Exhausted,
    /// The provider may have done it.
    Unsure,
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is written.
    Done,
    /// The claim was another's by then; nothing was written.
    Stale,
}

/// Where an intent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectState {
    /// It waits for a person to look at it and approve it.
    Draft,
    /// It waits for its time and a dispatcher.
    Ready,
    /// A dispatcher is at it.
    Claimed,
    /// The provider took it.
    Accepted,
    /// A person has to decide.
    Parked,
    /// It was given up, and its run went on or ended as its step says.
    Failed,
    /// A person gave it up, or consent or a policy forbade it.
    Dropped,
    /// Its run did not want it any more.
    Cancelled,
}

/// An intent with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// What was to be done.
    pub intent: Intent,
    /// Where it is.
    pub state: EffectState,
    /// How often it was claimed.
    pub attempt: u32,
    /// Why it is parked.
    pub parked: Option<Parking>,
    /// The last word about it.
    pub detail: Arc<str>,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
}

/// Which effects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EffectFilter {
    /// In this state.
    pub state: Option<EffectState>,
    /// These keys only, unless empty.
    pub keys: Vec<Arc<str>>,
    /// Of this workflow.
    pub workflow: Option<Arc<str>>,
    /// Of this action.
    pub action: Option<Arc<str>>,
    /// Parked for this reason.
    pub parked: Option<Parking>,
    /// How many at most; 0 for no limit.
    pub limit: u32,
}

/// A program made live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Counts deployments from 1.
    pub number: u64,
    /// The program.
    #[serde(serialize_with = "as_text")]
    pub hash: Hash,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Arc<str>,
    /// How the entities that were there are filled in, if something new is watched.
    pub fill: Option<Edges>,
}

/// How a person holds a workflow up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Runs start, but nothing is sent and no wait ends.
    Paused,
    /// Nothing starts; runs that are under way go on.
    Disabled,
}

/// That a workflow is held up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// How.
    pub switch: Switch,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: Arc<str>,
}

/// What has come in of late.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Events with how often they came, by name.
    pub events: Vec<EventCount>,
    /// Some of the newest facts of each event and of each kind of entity.
    pub samples: Vec<Sample>,
}

/// How often an event has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCount {
    /// The event.
    pub name: Arc<str>,
    /// The kind that it was about.
    pub about: Arc<str>,
    /// How often, as far back as was looked.
    pub count: u64,
    /// About how many.
    pub subjects: u64,
    /// How often since the moment that was asked for.
    pub recent: u64,
    /// About how many of those.
    pub recent_subjects: u64,
    /// When the last one happened.
    pub last: Timestamp,
}

/// What a fact said.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The kind of its subject.
    pub about: Arc<str>,
    /// The event with its fields, if it was one.
    pub event: Option<(Arc<str>, Fields)>,
    /// Attributes of its subject that came with it.
    pub attributes: Fields,
}

impl Sample {
    /// What a fact about an entity of kind `about` says.
    pub(super) fn of(about: &str, kind: FactKind) -> Option<Self> {
        let (event, attributes) = match kind {
            FactKind::Event { name, fields, attributes, .. } => (Some((name, fields)), attributes),
            FactKind::Attributes { attributes } => (None, attributes),
            _ => return None,
        };
        Some(Self { about: about.into(), event, attributes })
    }
}

/// One count of how a workflow does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What was counted.
    pub tally: Tally,
    /// How often.
    pub count: u64,
}

fn as_text<S: serde::Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hash)
}

/// A run's state without its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// It waits for a moment or an event.
    Waiting,
    /// It waits for the outcome of an effect.
    Acting,
    /// It cannot go on until a person helps.
    Parked,
    /// It waits for the run before it.
    Queued,
    /// It has ended.
    Finished,
}

/// Which runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFilter {
    /// Of this workflow.
    pub workflow: Option<Arc<str>>,
    /// Of this subject.
    pub subject: Option<EntityId>,
    /// In this state.
    pub status: Option<RunStatus>,
    /// Those after this one on the list: the last page's [`RunPage::next`].
    pub after: Option<RunPlace>,
    /// How many at most.
    pub limit: u32,
}

/// A place in the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlace {
    /// When the run there started.
    pub started: Timestamp,
    /// The run there.
    pub id: Arc<str>,
}

/// One page of runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunPage {
    /// The runs, the last started first.
    pub runs: Vec<Run>,
    /// Where the next page begins, if there is one.
    pub next: Option<RunPlace>,
}

impl RunPage {
    /// The page of `limit` runs at most; one more run than that tells that there is a next.
    pub(super) fn of(mut runs: Vec<Run>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = runs.len() > limit;
        runs.truncate(limit);
        let last = runs.last().filter(|_| more);
        let next = last.map(|run| RunPlace { started: run.started, id: run.id.clone() });
        Self { runs, next }
    }
}

/// A run with all that is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// Its timeline, oldest first.
    pub timeline: Vec<Entry>,
    /// Its effects, oldest first.
    pub effects: Vec<Effect>,
}

/// Which lines of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimelineFilter {
    /// Of this workflow.
    pub workflow: Option<Arc<str>>,
    /// Of this subject.
    pub subject: Option<EntityId>,
    /// Of this run.
    pub run: Option<Arc<str>>,
}

/// A line of the timeline with its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its place.
    pub position: Position,
    /// What it says.
    pub entry: Entry,
}

/// An entity with its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Which.
    pub id: EntityId,
    /// What is kept of it, if anything is yet.
    pub entity: Option<Entity>,
    /// The keys that name it besides its id.
    pub keys: Vec<IdentityKey>,
}

/// How much of everything there is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Facts that came in or followed.
    pub facts: u64,
    /// Facts that no worker has read yet.
    pub unread: u64,
    /// Entities of each kind.
    pub entities: BTreeMap<String, u64>,
    /// Runs of each workflow in each state.
    pub runs: BTreeMap<String, BTreeMap<RunStatus, u64>>,
    /// Effects in each state.
    pub effects: BTreeMap<EffectState, u64>,
    /// Live nodes, with the number of shards that each has leased.
    pub nodes: BTreeMap<String, u64>,
}
