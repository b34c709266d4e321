//! What becomes of an effect after a call: done, tried again, or kept for a person.
//!
//! It must not know the clock, chance or the store: all of them are given.

use std::time::Duration;

use jiff::Timestamp;
use onward_bytecode::{OnFailure, Unsure};
use onward_engine::model::Fields;
use serde_json::Value as Json;

use super::breaker::Health;
use super::courier::Delivery;
use crate::clock::later;
use crate::store::{Parking, Settlement};

/// So many attempts are made. With the pauses between them they take up to two days.
pub(crate) const ATTEMPTS: u32 = 12;
/// Longest pause before the second attempt.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// Each pause is so many times as long as the one before.
const GROWTH: u32 = 4;
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(12 * 3600);
/// A provider may ask for this much at most.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What one attempt was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// Which, from 1.
    pub(crate) number: u32,
    /// When it ended.
    pub(crate) at: Timestamp,
    /// Drawn evenly from 0 to 1.
    pub(crate) chance: f64,
    /// What to do when nobody knows.
    pub(crate) unsure: &'a Unsure,
}

/// What becomes of the effect. `result` is what the action reads out of an answer.
pub(crate) fn settlement(delivery: Delivery, result: Fields, attempt: Attempt<'_>) -> Settlement {
    match delivery {
        Delivery::Accepted { detail, .. } => Settlement::Accepted { result, detail: detail.into() },
        Delivery::Refused { detail } => park(Parking::Refused, detail),
        Delivery::Failed { detail, retry_after } => again(detail, retry_after, attempt),
        Delivery::Unsure { detail } => match attempt.unsure {
            Unsure::Park => park(Parking::Unsure, detail),
            Unsure::Retry | Unsure::RetryWithKey(_) => again(detail, None, attempt),
        },
    }
}

/// An answer that does not prove what its action wants proven says that it was not done.
pub(crate) fn proven<E: std::fmt::Display>(
    delivery: Delivery,
    proves: impl FnOnce(&Json) -> Result<bool, E>,
) -> Delivery {
    let Delivery::Accepted { detail, body } = &delivery else { return delivery };
    match proves(body) {
        Ok(true) => delivery,
        Ok(false) => {
            Delivery::refused(format!("{detail}, but its answer does not hold what the action expects"))
        }
        Err(fault) => Delivery::refused(format!("{detail}, but its answer cannot be looked at: {fault}")),
    }
}

/// What a call says about its provider.
pub(crate) fn health(delivery: &Delivery) -> Health {
    match delivery {
        Delivery::Accepted { .. } | Delivery::Refused { .. } => Health::Answers,
        Delivery::Failed { .. } | Delivery::Unsure { .. } => Health::Fails,
    }
}

/// What has failed for good goes on or ends if its step says so; what nobody knows does not.
pub(crate) fn by_step(settlement: Settlement, failure: OnFailure) -> Settlement {
    match (settlement, failure) {
        (settlement, OnFailure::Park) => settlement,
        (Settlement::Parked { why: Parking::Refused | Parking::Exhausted, detail }, _) => {
            Settlement::Failed { detail }
        }
        (settlement, _) => settlement,
    }
}

fn park(why: Parking, detail: String) -> Settlement {
    Settlement::Parked { why, detail: detail.into() }
}

fn again(detail: String, retry_after: Option<Duration>, attempt: Attempt<'_>) -> Settlement {
    if attempt.number >= ATTEMPTS {
        let detail = format!("{detail}; {} attempts were made", attempt.number);
        return park(Parking::Exhausted, detail);
    }
    let pause = match retry_after {
        Some(asked) => asked.min(LONGEST_RETRY_AFTER),
        None => backoff(attempt.number, attempt.chance),
    };
    Settlement::Retry { due: later(attempt.at, pause), detail: detail.into() }
}

/// Exponential backoff with full jitter
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
fn backoff(attempt: u32, chance: f64) -> Duration {
    let growth = GROWTH.saturating_pow(attempt.saturating_sub(1));
    let longest = FIRST_PAUSE.saturating_mul(growth).min(LONGEST_PAUSE);
    longest.mul_f64(chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32, unsure: &Unsure) -> Attempt<'_> {
        Attempt { number, at: Timestamp::UNIX_EPOCH, chance: 1.0, unsure }
    }

    fn due(settlement: &Settlement) -> i64 {
        match settlement {
            Settlement::Retry { due, .. } => due.as_second(),
            other => panic!("{other:?}"),
        }
    }

    fn failed(retry_after: Option<u64>) -> Delivery {
        Delivery::Failed { detail: "503".to_owned(), retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let pauses: Vec<i64> = (1..ATTEMPTS)
            .map(|n| due(&settlement(failed(None), Fields::new(), attempt(n, &Unsure::Park))))
            .collect();
        assert_eq!(pauses, [2, 8, 32, 128, 512, 2048, 8192, 32768, 43200, 43200, 43200]);
    }

    #[test]
    fn jitter_takes_any_part_of_a_pause() {
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(3, 0.25), Duration::from_secs(8));
    }

    #[test]
    fn a_provider_is_left_alone_as_long_as_it_asks() {
        let settle =
            |seconds| due(&settlement(failed(Some(seconds)), Fields::new(), attempt(1, &Unsure::Park)));
        assert_eq!((settle(0), settle(90), settle(1_000_000)), (0, 90, 86_400));
    }

    #[test]
    fn the_last_attempt_parks() {
        let settlement = settlement(failed(None), Fields::new(), attempt(ATTEMPTS, &Unsure::Retry));
        assert_eq!(
            settlement,
            Settlement::Parked { why: Parking::Exhausted, detail: "503; 12 attempts were made".into() }
        );
    }

    #[test]
    fn the_action_says_what_to_do_when_nobody_knows() {
        let unsure = || Delivery::unsure("the connection broke");
        let parked = settlement(unsure(), Fields::new(), attempt(1, &Unsure::Park));
        assert!(matches!(parked, Settlement::Parked { why: Parking::Unsure, .. }), "{parked:?}");
        let keyed = Unsure::RetryWithKey("Idempotency-Key".into());
        for word in [Unsure::Retry, keyed] {
            assert_eq!(due(&settlement(unsure(), Fields::new(), attempt(1, &word))), 2);
        }
    }

    #[test]
    fn a_step_says_what_its_failure_does() {
        let parked = |why| Settlement::Parked { why, detail: "550".into() };
        let failed = Settlement::Failed { detail: "550".into() };
        assert_eq!(by_step(parked(Parking::Refused), OnFailure::Continue), failed);
        assert_eq!(by_step(parked(Parking::Exhausted), OnFailure::Stop), failed);
        assert_eq!(by_step(parked(Parking::Refused), OnFailure::Park), parked(Parking::Refused));
        assert_eq!(by_step(parked(Parking::Unsure), OnFailure::Continue), parked(Parking::Unsure));
    }
}
