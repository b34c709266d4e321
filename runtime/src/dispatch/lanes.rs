//! One lane for each action: how many calls of it may be out at once, how many in a
//! second, and whether its provider is to be left alone. A slow or broken provider
//! fills its own lane and nobody else's.
//!
//! It must not know what time it is: every call says so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::{ActionDecl, Transport};

use super::breaker::{Breaker, Health, Passage};
use crate::clock::later;

/// How much at once, for each action.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Calls of one HTTP action that may be out at once.
    pub http: u32,
    /// Mails of one action that may be out at once.
    pub smtp: u32,
    /// Actions with limits of their own.
    pub actions: BTreeMap<String, Limit>,
}

/// How much at once of one action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Calls that may be out at once.
    pub at_once: u32,
    /// Calls a second; none for no limit.
    pub per_second: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { http: 16, smtp: 8, actions: BTreeMap::new() }
    }
}

/// The lanes of one node.
#[derive(Debug)]
pub(super) struct Lanes {
    limits: Limits,
    lanes: Mutex<BTreeMap<Arc<str>, Lane>>,
}

#[derive(Debug)]
struct Lane {
    limit: Limit,
    out: u32,
    breaker: Breaker,
    bucket: Option<Bucket>,
}

/// What may be claimed now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Room {
    /// Free slots of each known action.
    pub(super) actions: BTreeMap<Arc<str>, u32>,
    /// When a lane that is closed now opens by itself.
    pub(super) opens: Option<Timestamp>,
}

impl Lanes {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, lanes: Mutex::default() }
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a lane for each of these actions that has none.
    pub(super) fn know<'a>(&self, actions: impl IntoIterator<Item = &'a ActionDecl>, now: Timestamp) {
        let mut lanes = self.lanes();
        for action in actions {
            if !lanes.contains_key(&action.name) {
                let limit = self.limits.of(action);
                lanes.insert(action.name.clone(), Lane::new(limit, now));
            }
        }
    }

    pub(super) fn room(&self, now: Timestamp) -> Room {
        let mut room = Room::default();
        for (name, lane) in self.lanes().iter_mut() {
            let (free, opens) = lane.free(now);
            room.actions.insert(name.clone(), free);
            room.opens = room.opens.into_iter().chain(opens).min();
        }
        room
    }

    /// Takes a slot, also where none is free: the call is claimed already.
    pub(super) fn enter(&self, action: &str, now: Timestamp) {
        if let Some(lane) = self.lanes().get_mut(action) {
            lane.out = lane.out.saturating_add(1);
            if let Some(bucket) = &mut lane.bucket {
                bucket.take(now);
            }
        }
    }

    /// Frees a slot. `health` is none if the provider was not called.
    pub(super) fn leave(&self, action: &str, health: Option<Health>, now: Timestamp) {
        if let Some(lane) = self.lanes().get_mut(action) {
            lane.out = lane.out.saturating_sub(1);
            if let Some(health) = health {
                lane.breaker.note(health, now);
            }
        }
    }
}

impl Limits {
    fn of(&self, action: &ActionDecl) -> Limit {
        let at_once = match action.transport {
            Transport::Http { .. } => self.http,
            Transport::Smtp { .. } => self.smtp,
        };
        self.actions.get(&*action.name).copied().unwrap_or(Limit { at_once, per_second: None })
    }
}

impl Lane {
    fn new(limit: Limit, now: Timestamp) -> Self {
        let bucket = limit.per_second.map(|rate| Bucket::new(rate, now));
        Self { limit, out: 0, breaker: Breaker::default(), bucket }
    }

    fn free(&mut self, now: Timestamp) -> (u32, Option<Timestamp>) {
        let slots = match self.breaker.passage(now) {
            Passage::Shut(until) => return (0, Some(until)),
            Passage::Probe => 1,
            Passage::Free => self.limit.at_once,
        };
        let free = slots.saturating_sub(self.out);
        match &mut self.bucket {
            Some(bucket) => match bucket.tokens(now) {
                0 => (0, Some(bucket.next(now))),
                tokens => (free.min(tokens), None),
            },
            None => (free, None),
        }
    }
}

/// A token bucket that holds one second's worth, at least one.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    fn new(rate: f64, now: Timestamp) -> Self {
        let rate = rate.clamp(1e-3, 1e6);
        Self { rate, tokens: rate.max(1.0), at: now }
    }

    fn fill(&mut self, now: Timestamp) {
        let passed = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + passed * self.rate).min(self.rate.max(1.0));
        self.at = now;
    }

    fn tokens(&mut self, now: Timestamp) -> u32 {
        self.fill(now);
        // A little less than one is one: seconds do not add up exactly.
        (self.tokens + 1e-9).max(0.0) as u32
    }

    fn take(&mut self, now: Timestamp) {
        self.fill(now);
        self.tokens -= 1.0;
    }

    fn next(&self, now: Timestamp) -> Timestamp {
        let missing = (1.0 - self.tokens).max(0.0) / self.rate;
        later(now, Duration::try_from_secs_f64(missing).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use onward_bytecode::{Body, FunctionId, Length, Unsure};

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    fn action(name: &str) -> ActionDecl {
        ActionDecl {
            name: name.into(),
            params: Vec::new(),
            transport: Transport::Http {
                method: "POST".into(),
                url: FunctionId(0),
                auth: None,
                headers: Vec::new(),
                body: Body::Empty,
                sign: None,
                expect: Vec::new(),
                proof: None,
                retry: Vec::new(),
                timeout: Length { millis: 1000, ..Length::default() },
            },
            result: Vec::new(),
            unsure: Unsure::Park,
            channel: None,
            docs: "".into(),
        }
    }

    fn free(lanes: &Lanes, name: &str, now: Timestamp) -> u32 {
        lanes.room(now).actions[name]
    }

    #[test]
    fn a_full_lane_leaves_the_others_open() {
        let lanes = Lanes::new(Limits { http: 2, ..Limits::default() });
        lanes.know(&[action("slow"), action("fast")], at(0));
        lanes.enter("slow", at(0));
        lanes.enter("slow", at(0));
        assert_eq!((free(&lanes, "slow", at(0)), free(&lanes, "fast", at(0))), (0, 2));
        lanes.leave("slow", Some(Health::Answers), at(0));
        assert_eq!(free(&lanes, "slow", at(0)), 1);
    }

    #[test]
    fn a_broken_provider_gets_one_call_at_a_time() {
        let lanes = Lanes::new(Limits::default());
        lanes.know(&[action("sms")], at(0));
        for _ in 0..5 {
            lanes.enter("sms", at(0));
            lanes.leave("sms", Some(Health::Fails), at(0));
        }
        let room = lanes.room(at(1000));
        assert_eq!((room.actions["sms"], room.opens), (0, Some(at(5000))));
        assert_eq!(free(&lanes, "sms", at(5000)), 1);
        lanes.enter("sms", at(5000));
        assert_eq!(free(&lanes, "sms", at(5000)), 0);
        lanes.leave("sms", Some(Health::Answers), at(5001));
        assert_eq!(free(&lanes, "sms", at(5001)), 16);
    }

    #[test]
    fn a_rate_is_kept() {
        let limit = Limit { at_once: 10, per_second: Some(2.0) };
        let limits = Limits { actions: BTreeMap::from([("sms".to_owned(), limit)]), ..Limits::default() };
        let lanes = Lanes::new(limits);
        lanes.know(&[action("sms")], at(0));
        assert_eq!(free(&lanes, "sms", at(0)), 2);
        for _ in 0..2 {
            lanes.enter("sms", at(0));
            lanes.leave("sms", Some(Health::Answers), at(0));
        }
        let room = lanes.room(at(0));
        assert_eq!((room.actions["sms"], room.opens), (0, Some(at(500))));
        assert_eq!(free(&lanes, "sms", at(500)), 1);
        assert_eq!(free(&lanes, "sms", at(60_000)), 2);
    }
}
