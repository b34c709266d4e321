//! Dispatch: claims effects that are due, asks providers, and writes how it went.
//!
//! Each action has its own lane, so that a slow provider delays nobody else. It must
//! not know rules: what a call says is made by the engine, out of the program that the
//! run is pinned to, with the secrets that only this module has.

mod breaker;
mod courier;
mod gate;
mod lanes;
mod mail_server;
mod network;
mod post;
mod retry_after;
mod sign;
mod token;
mod verdict;
mod web;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Auth, Hash, Transport};
use onward_engine::Loaded;
use onward_engine::model::Fields;
use onward_engine::vm::request;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use self::courier::{Call, Courier, Delivery};
pub use self::lanes::{Limit, Limits};
pub use self::mail_server::{BadMailServer, MailServer, Security};
pub use self::network::{Network, NetworkError};

use self::breaker::Health;
use self::gate::Gate;
use self::lanes::Lanes;
use self::verdict::Attempt;
use crate::clock::Clock;
use crate::programs::Library;
use crate::secrets::Secrets;
use crate::signals::{Signals, Stage};
use crate::store::{Claim, Claimed, Claiming, Settle, Settled, Settlement, Store};

/// How often a node looks for effects that others asked for.
const POLL: Duration = Duration::from_millis(100);
/// How often it looks for claims that lost processes left behind.
const SWEEP: Duration = Duration::from_secs(1);
/// How long it waits after the store failed.
const PAUSE: Duration = Duration::from_millis(500);
/// So long it waits for what is quick, to write it together.
const LINGER: Duration = Duration::from_millis(1);
/// So many are claimed in one go.
const CLAIMED: u32 = 512;
/// So many outcomes are written in one go.
const SETTLED: usize = 512;
/// Added to the longest call for the length of a claim: making the request and writing the outcome.
const MARGIN: Duration = Duration::from_secs(10);

/// Sends the effects of one node.
pub(crate) struct Dispatch {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) library: Arc<Library>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) node: Arc<str>,
    pub(crate) secrets: Secrets,
    pub(crate) courier: Arc<dyn Courier>,
    lanes: Lanes,
    /// Claims that are being fetched, called or settled.
    busy: AtomicUsize,
}

/// What a dispatcher is made of.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) library: Arc<Library>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) node: Arc<str>,
    pub(crate) secrets: Secrets,
    pub(crate) courier: Arc<dyn Courier>,
    pub(crate) limits: Limits,
}

/// A claim with its program's action.
struct Job {
    claim: Claim,
    program: Arc<Loaded>,
    action: ActionDecl,
}

impl Dispatch {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            clock: parts.clock,
            library: parts.library,
            signals: parts.signals,
            node: parts.node,
            secrets: parts.secrets,
            courier: parts.courier,
            lanes: Lanes::new(parts.limits),
            busy: AtomicUsize::new(0),
        }
    }

    /// Runs until the server stops, then ends the calls in flight.
    pub(crate) async fn run(self: Arc<Self>) {
        let (outcomes, mut arrived) = mpsc::unbounded_channel();
        let sweeper = tokio::spawn(self.clone().sweep(outcomes.clone()));
        let mut calls = self.exchange_all(outcomes, &mut arrived).await;
        let ended = async {
            tokio::select! {
                () = async { while calls.join_next().await.is_some() {} } => {}
                () = self.signals.reached(Stage::Stopped) => calls.shutdown().await,
            }
        };
        // The outcomes end with the last sender.
        tokio::join!(ended, self.settle(&mut arrived));
        let _ = sweeper.await;
    }

    /// Whether no effect is out and none could go out now.
    pub(crate) async fn is_idle(&self) -> Result<bool, crate::store::StoreError> {
        if self.busy.load(Ordering::SeqCst) > 0 {
            return Ok(false);
        }
        let now = self.clock.now();
        let room = self.lanes.room(now);
        let open = |action: &Arc<str>| room.actions.get(action).is_none_or(|free| *free > 0);
        let waits = self.store.due(now).await?.iter().any(open);
        // After the look: what was claimed meanwhile is not among them, but under way.
        Ok(!waits && self.busy.load(Ordering::SeqCst) == 0)
    }

    /// When a lane that is closed now opens by itself.
    pub(crate) fn opens(&self) -> Option<Timestamp> {
        self.lanes.room(self.clock.now()).opens
    }

    /// Writes the outcomes that have come and claims what there is room for, in one go, again and again until
    /// the server stops. Answers the calls that are out.
    async fn exchange_all(
        self: &Arc<Self>,
        outcomes: mpsc::UnboundedSender<Settle>,
        arrived: &mut mpsc::UnboundedReceiver<Settle>,
    ) -> JoinSet<()> {
        let (mut calls, mut settles) = (JoinSet::new(), Vec::new());
        while self.signals.is_running() {
            while settles.len() < SETTLED
                && let Ok(settle) = arrived.try_recv()
            {
                settles.push(settle);
            }
            let wrote = !settles.is_empty();
            let busy = Busy::enter(self);
            let lease = self.learn();
            let taken = Instant::now();
            match self.exchange(std::mem::take(&mut settles), lease).await {
                Ok(claimed) => {
                    if wrote || claimed.decided > 0 {
                        self.signals.facts();
                    }
                    let nothing = !wrote && claimed.claims.is_empty() && claimed.decided == 0;
                    for claim in claimed.claims {
                        self.lanes.enter(&claim.intent.action, self.clock.now());
                        let (this, outcomes) = (self.clone(), outcomes.clone());
                        let busy = Busy::enter(self);
                        let before = taken + lease - MARGIN;
                        calls.spawn(async move { this.call(claim, before, busy, outcomes).await });
                    }
                    drop(busy);
                    if nothing {
                        self.wait(arrived, &mut settles).await;
                    } else {
                        // What is quick is written together.
                        tokio::time::sleep(LINGER).await;
                    }
                }
                Err(error) => {
                    drop(busy);
                    tracing::warn!(error = &error as &dyn std::error::Error, "effects cannot be claimed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            while calls.try_join_next().is_some() {}
        }
        self.write(settles).await;
        calls
    }

    /// Makes lanes for the actions of all programs at hand. Answers how long a claim has to last.
    fn learn(&self) -> Duration {
        let shelf = self.library.shelf();
        let actions = || shelf.programs.pinned.values().flat_map(|program| &program.program().actions);
        self.lanes.know(actions(), self.clock.now());
        actions().map(longest).max().unwrap_or(post::LONGEST) + MARGIN
    }

    /// Writes outcomes, whatever happens, and claims what there is room for.
    async fn exchange(&self, settles: Vec<Settle>, lease: Duration) -> crate::store::Result<Claimed> {
        let now = self.clock.now();
        let per_action = self.lanes.room(now).actions;
        if !per_action.is_empty() && per_action.values().all(|free| *free == 0) {
            self.write(settles).await;
            return Ok(Claimed::default());
        }
        let gate = Gate::new(self.library.shelf());
        let (node, limit, since) = (self.node.clone(), CLAIMED, gate.since(now));
        let claiming = Claiming { node, now, lease, limit, per_action, since };
        let exchanged = match self.store.exchange(&settles, now, Some((&claiming, &gate))).await {
            Ok(exchanged) => exchanged,
            Err(error) => {
                // What cannot be claimed must not keep outcomes from being written.
                self.write(settles).await;
                return Err(error);
            }
        };
        self.wrote(&settles, &exchanged.settled);
        self.fetch(&exchanged.claimed.programs).await;
        Ok(exchanged.claimed)
    }

    /// Reads programs that vetting lacked.
    async fn fetch(&self, programs: &BTreeSet<Hash>) {
        for hash in programs {
            if let Err(error) = self.library.load(&*self.store, *hash).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a message's program cannot be read"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Until there may be something to claim or to write.
    async fn wait(&self, arrived: &mut mpsc::UnboundedReceiver<Settle>, settles: &mut Vec<Settle>) {
        let opens = self.opens();
        let opened = async {
            match opens {
                Some(at) => self.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.signals.effects.notified() => {}
            _ = arrived.recv_many(settles, SETTLED) => {}
            () = tokio::time::sleep(POLL) => {}
            () = opened => {}
            () = self.signals.reached(Stage::Stopping) => {}
        }
    }

    /// Does one claim and hands its outcome to the settler.
    async fn call(
        self: Arc<Self>,
        claim: Claim,
        before: Instant,
        busy: Busy,
        outcomes: mpsc::UnboundedSender<Settle>,
    ) {
        let action = claim.intent.action.clone();
        let (settle, health) = self.attempt(claim, before).await;
        self.lanes.leave(&action, health, self.clock.now());
        match settle {
            Some(settle) => {
                busy.hand_over();
                // They are received until the last sender is gone.
                let _ = outcomes.send(settle);
            }
            None => self.signals.effects.notify_one(),
        }
    }

    async fn attempt(&self, claim: Claim, before: Instant) -> (Option<Settle>, Option<Health>) {
        let job = match self.job(claim).await {
            Ok(job) => job,
            Err(settle) => return (settle, None),
        };
        if Instant::now() > before {
            // The claim may run out during the call: somebody else would take the effect for lost.
            let settlement =
                Settlement::Retry { due: self.clock.now(), detail: "its turn came too late".into() };
            return (Some(Settle { claim: job.claim, settlement }), None);
        }
        match self.deliver(&job).await {
            Ok(delivery) => {
                let health = verdict::health(&delivery);
                (Some(self.decide(job, delivery)), Some(health))
            }
            Err(unmade) => (Some(self.decide(job, Delivery::refused(unmade.to_string()))), None),
        }
    }

    /// The claim's program and action. Without them the outcome is given at once, or left to
    /// the next node, if the store failed.
    async fn job(&self, claim: Claim) -> Result<Job, Option<Settle>> {
        let program = match self.library.load(&*self.store, claim.intent.program).await {
            Ok(program) => program,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, effect = %claim.intent.key, "its program cannot be read");
                return Err(None);
            }
        };
        let action =
            program.program().actions.iter().find(|action| action.name == claim.intent.action).cloned();
        match action {
            Some(action) => Ok(Job { claim, program, action }),
            None => {
                let detail = format!("its program has no action `{}`", claim.intent.action).into();
                let settlement = Settlement::Parked { why: crate::store::Parking::Refused, detail };
                Err(Some(settled(claim, settlement)))
            }
        }
    }

    async fn deliver(&self, job: &Job) -> Result<Delivery, request::Unmade> {
        let intent = &job.claim.intent;
        let program = job.program.program();
        let secret = |name: &str| self.secrets.get(name).map(Arc::from);
        let request = request::render(program, &job.action, &intent.arguments, intent.due, &secret)?;
        let call = Call {
            request: &request,
            intent,
            action: &job.action,
            project: &program.project,
            attempt: job.claim.attempt,
            now: self.clock.now(),
        };
        let delivery = self.courier.send(&call).await;
        Ok(verdict::proven(delivery, |body| request::proves(program, &job.action, body, intent.due)))
    }

    fn decide(&self, job: Job, delivery: Delivery) -> Settle {
        let result = match &delivery {
            Delivery::Accepted { body, .. } => read_result(&job, body),
            _ => Fields::new(),
        };
        let attempt = Attempt {
            number: job.claim.attempt,
            at: self.clock.now(),
            chance: fastrand::f64(),
            unsure: &job.action.unsure,
        };
        settled(job.claim, verdict::settlement(delivery, result, attempt))
    }

    /// Writes outcomes, all that have come in one go, until the last sender is gone.
    async fn settle(&self, outcomes: &mut mpsc::UnboundedReceiver<Settle>) {
        let mut batch = Vec::new();
        while outcomes.recv_many(&mut batch, SETTLED).await > 0 {
            self.write(std::mem::take(&mut batch)).await;
        }
    }

    /// Does not give up while the server runs: the provider has done its part.
    async fn write(&self, batch: Vec<Settle>) {
        if batch.is_empty() {
            return;
        }
        loop {
            match self.store.settle(batch.clone(), self.clock.now()).await {
                Ok(settled) => break self.wrote(&batch, &settled),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "outcomes cannot be written; they are written later"
                    );
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        () = self.signals.reached(Stage::Stopped) => break self.wrote(&batch, &[]),
                    }
                }
            }
        }
    }

    /// Outcomes are off our hands.
    fn wrote(&self, batch: &[Settle], settled: &[Settled]) {
        if batch.is_empty() {
            return;
        }
        for (settle, settled) in batch.iter().zip(settled) {
            if *settled == Settled::Stale {
                tracing::warn!(effect = %settle.claim.intent.key, "another node has taken this effect over meanwhile");
            }
        }
        self.signals.facts();
        self.busy.fetch_sub(batch.len(), Ordering::SeqCst);
    }

    /// Decides what becomes of claims whose process is gone: nobody knows whether their calls arrived.
    async fn sweep(self: Arc<Self>, outcomes: mpsc::UnboundedSender<Settle>) {
        while self.signals.is_running() {
            match self.store.expired(&self.node, MARGIN, CLAIMED).await {
                Ok(claims) => {
                    for claim in claims {
                        let settle = match self.job(claim).await {
                            Ok(job) => Some(
                                self.decide(job, Delivery::unsure("the server ended before the answer came")),
                            ),
                            Err(settle) => settle,
                        };
                        if let Some(settle) = settle {
                            Busy::enter(&self).hand_over();
                            let _ = outcomes.send(settle);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "lost effects cannot be looked for"
                    );
                }
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                () = self.signals.reached(Stage::Stopping) => {}
            }
        }
    }
}

/// How a claim went, by its step's own words for what has failed.
fn settled(claim: Claim, settlement: Settlement) -> Settle {
    let settlement = verdict::by_step(settlement, claim.intent.failure);
    Settle { claim, settlement }
}

/// The longest that a call of this action can be out.
fn longest(action: &ActionDecl) -> Duration {
    match &action.transport {
        // A token may be fetched, refused and fetched anew.
        Transport::Http { timeout, auth: Some(Auth::OAuth(_)), .. } => {
            (web::patience(*timeout) + token::PATIENCE) * 2
        }
        Transport::Http { timeout, .. } => web::patience(*timeout),
        Transport::Smtp { .. } => post::LONGEST,
    }
}

/// What the action's `result` reads out of the answer.
fn read_result(job: &Job, body: &serde_json::Value) -> Fields {
    let due = job.claim.intent.due;
    request::result(job.program.program(), &job.action, body, due).unwrap_or_else(|fault| {
        tracing::warn!(effect = %job.claim.intent.key, %fault, "the answer's result cannot be read");
        Fields::new()
    })
}

/// Counts something under way, until it is dropped or handed over to whoever counts it off.
struct Busy(Arc<Dispatch>);

impl Busy {
    fn enter(dispatch: &Arc<Dispatch>) -> Self {
        dispatch.busy.fetch_add(1, Ordering::SeqCst);
        Self(dispatch.clone())
    }

    /// The settler counts it off.
    fn hand_over(self) {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}
