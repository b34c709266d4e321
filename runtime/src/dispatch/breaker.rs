//! A circuit breaker: a provider that fails again and again is left alone for a while,
//! then asked once, and only if that goes well asked as before.
//!
//! It must not know what time it is: every call says so.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::later;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
/// How long it stays open at first.
const SHORTEST: Duration = Duration::from_secs(5);
/// How long it stays open at most.
const LONGEST: Duration = Duration::from_secs(300);

/// The breaker of one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Breaker {
    state: State,
    /// Failures in a row.
    failures: u32,
    /// How often it opened in a row.
    openings: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Closed,
    Open {
        until: Timestamp,
    },
}

/// How many calls a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// All.
    Free,
    /// One at a time, to see whether the provider is back.
    Probe,
    /// None before this moment.
    Shut(Timestamp),
}

/// How a call went, as far as a breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// The provider answered, if only to say no.
    Answers,
    /// It did not, or asked to be left alone.
    Fails,
}

impl Breaker {
    pub(crate) fn passage(self, now: Timestamp) -> Passage {
        match self.state {
            State::Closed => Passage::Free,
            State::Open { until } if now < until => Passage::Shut(until),
            State::Open { .. } => Passage::Probe,
        }
    }

    pub(crate) fn note(&mut self, health: Health, now: Timestamp) {
        match health {
            Health::Answers => *self = Self::default(),
            Health::Fails => self.fail(now),
        }
    }

    fn fail(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        let open = match self.passage(now) {
            Passage::Free => self.failures >= FAILURES,
            Passage::Probe => true,
            // The answer to a call from before it opened says nothing new.
            Passage::Shut(_) => false,
        };
        if open {
            let pause = SHORTEST.saturating_mul(2_u32.saturating_pow(self.openings)).min(LONGEST);
            self.openings = self.openings.saturating_add(1);
            self.state = State::Open { until: later(now, pause) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn broken() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            breaker.note(Health::Fails, at(0));
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row() {
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES {
            breaker.note(Health::Fails, at(0));
        }
        breaker.note(Health::Answers, at(0));
        for _ in 1..FAILURES {
            breaker.note(Health::Fails, at(0));
        }
        assert_eq!(breaker.passage(at(0)), Passage::Free);
        breaker.note(Health::Fails, at(0));
        assert_eq!(breaker.passage(at(0)), Passage::Shut(at(5)));
    }

    #[test]
    fn a_probe_closes_it_or_keeps_it_open_longer() {
        let mut breaker = broken();
        assert_eq!(breaker.passage(at(4)), Passage::Shut(at(5)));
        assert_eq!(breaker.passage(at(5)), Passage::Probe);
        breaker.note(Health::Fails, at(5));
        assert_eq!(breaker.passage(at(6)), Passage::Shut(at(15)));
        breaker.note(Health::Fails, at(6));
        assert_eq!(breaker.passage(at(6)), Passage::Shut(at(15)));
        breaker.note(Health::Answers, at(15));
        assert_eq!(breaker.passage(at(15)), Passage::Free);
    }

    #[test]
    fn it_never_stays_open_for_ever() {
        let mut breaker = broken();
        let mut now = at(5);
        for _ in 0..100 {
            breaker.note(Health::Fails, now);
            let Passage::Shut(until) = breaker.passage(now) else { panic!("it is open") };
            assert!(until <= later(now, LONGEST));
            now = until;
        }
    }
}
