//! What time it is, for rules: the machine's time, or one that a person moves.
//!
//! Everything that rules can see goes by this clock: waits, retries, circuit
//! breakers. Leases and time-outs do not: they are about processes, not rules.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    face: Mutex<Face>,
    /// Counts how often the clock was set.
    sets: watch::Sender<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Face {
    System,
    /// It showed `base` at `origin` and goes `factor` times as fast as time does.
    Virtual {
        base: Timestamp,
        origin: Instant,
        factor: f64,
    },
}

impl Clock {
    /// The machine's clock. It cannot be set.
    #[must_use]
    pub fn system() -> Self {
        Self::new(Face::System)
    }

    /// A clock that shows `start` now and goes `factor` times as fast as time does.
    #[must_use]
    pub fn scaled(start: Timestamp, factor: f64) -> Self {
        Self::new(Face::Virtual { base: start, origin: Instant::now(), factor })
    }

    /// A clock that stands still unless it is set.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::scaled(start, 0.0)
    }

    fn new(face: Face) -> Self {
        Self { inner: Arc::new(Inner { face: Mutex::new(face), sets: watch::Sender::new(0) }) }
    }

    fn face(&self) -> Face {
        *self.inner.face.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.face() {
            Face::System => Timestamp::now(),
            Face::Virtual { base, origin, factor } => later(base, origin.elapsed().mul_f64(factor.max(0.0))),
        }
    }

    /// Whether a person may move it.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        matches!(self.face(), Face::Virtual { .. })
    }

    /// Sets it. The machine's clock stays as it is.
    pub fn set(&self, now: Timestamp) {
        let mut face = self.inner.face.lock().unwrap_or_else(PoisonError::into_inner);
        if let Face::Virtual { factor, .. } = *face {
            *face = Face::Virtual { base: now, origin: Instant::now(), factor };
        }
        drop(face);
        self.inner.sets.send_modify(|sets| *sets = sets.wrapping_add(1));
    }

    /// Moves it on. The machine's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        self.set(later(self.now(), by));
    }

    /// How much time has to pass until it shows `moment`; none if it stands still.
    #[must_use]
    pub fn real_until(&self, moment: Timestamp) -> Option<Duration> {
        let left = Duration::try_from(moment.duration_since(self.now())).unwrap_or_default();
        match self.face() {
            _ if left.is_zero() => Some(left),
            Face::System => Some(left),
            Face::Virtual { factor, .. } if factor > 0.0 => {
                Some(Duration::try_from_secs_f64(left.as_secs_f64() / factor).unwrap_or(Duration::MAX))
            }
            Face::Virtual { .. } => None,
        }
    }

    /// Waits until it shows `moment` or later, also if it is set to that.
    pub async fn sleep_until(&self, moment: Timestamp) {
        /// Longer sleeps are cut: the machine's clock may be corrected meanwhile.
        const CUT: Duration = Duration::from_secs(60);
        let mut sets = self.inner.sets.subscribe();
        loop {
            sets.borrow_and_update();
            match self.real_until(moment) {
                Some(Duration::ZERO) => return,
                Some(left) => {
                    let nap = tokio::time::sleep(left.min(CUT));
                    tokio::select! { () = nap => {}, _ = sets.changed() => {} }
                }
                None => {
                    // The sender lives as long as this clock does.
                    let _ = sets.changed().await;
                }
            }
        }
    }
}

/// `moment` moved on, not past the end of time.
pub(crate) fn later(moment: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_manual_clock_moves_when_it_is_set() {
        let clock = Clock::manual(moment("2026-03-07T20:00:00Z"));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(moment("2026-03-08T09:00:00Z")).await }
        });
        clock.advance(Duration::from_secs(60));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        assert_eq!(clock.now(), moment("2026-03-07T20:01:00Z"));
        clock.set(moment("2026-03-08T09:00:00Z"));
        sleeper.await.unwrap();
    }

    #[tokio::test]
    async fn a_scaled_clock_runs_fast() {
        let clock = Clock::scaled(moment("2026-03-07T20:00:00Z"), 86_400_000.0);
        clock.sleep_until(moment("2026-03-08T20:00:00Z")).await;
        assert!(clock.now() >= moment("2026-03-08T20:00:00Z"));
        let left = Clock::scaled(Timestamp::UNIX_EPOCH, 60.0)
            .real_until(later(Timestamp::UNIX_EPOCH, Duration::from_secs(3600)));
        assert!(left.is_some_and(|left| left <= Duration::from_secs(60) && left > Duration::from_secs(59)));
    }

    #[test]
    fn the_machines_clock_cannot_be_set() {
        let clock = Clock::system();
        clock.set(Timestamp::UNIX_EPOCH);
        assert!(clock.now() > moment("2020-01-01T00:00:00Z"));
        assert!(!clock.is_virtual());
    }
}
