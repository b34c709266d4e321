//! Events of a file that come at their time: `after` says how long after the start.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;

use crate::events::Line;
use crate::failure::Failure;
use crate::moment;

/// Events by the moment they come, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Story {
    coming: VecDeque<(Timestamp, Value)>,
}

impl Story {
    /// The story of these lines, told from `start`. Events of one moment keep their order.
    pub(crate) fn new(lines: Vec<Line>, start: Timestamp) -> Result<Self, Failure> {
        let mut coming = Vec::new();
        for line in lines {
            coming.push((moment::later(start, line.after)?, Value::Object(line.event)));
        }
        coming.sort_by_key(|(at, _)| *at);
        Ok(Self { coming: coming.into() })
    }

    /// When the next event comes.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.coming.front().map(|(at, _)| *at)
    }

    /// Takes the events that have come by `now`.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<Value> {
        let count = self.coming.iter().take_while(|(at, _)| *at <= now).count();
        self.coming.drain(..count).map(|(_, event)| event).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_come_at_their_time_and_in_their_order() {
        let text = "{\"n\":1,\"after\":\"2d\"}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4,\"after\":\"1d\"}\n";
        let lines = crate::events::lines("x", text.as_bytes()).expect("it reads");
        let start = Timestamp::UNIX_EPOCH;
        let mut story = Story::new(lines, start).expect("it can be told");
        let day = |n: i64| start + jiff::SignedDuration::from_hours(24 * n);
        assert_eq!(story.due(start), [json!({"n": 2}), json!({"n": 3})]);
        assert_eq!(story.next(), Some(day(1)));
        assert_eq!(story.due(day(3)), [json!({"n": 4}), json!({"n": 1})]);
        assert_eq!((story.next(), story.due(day(9))), (None, Vec::<Value>::new()));
    }
}
