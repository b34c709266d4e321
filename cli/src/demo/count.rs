//! The count at the end: was every message there, exactly once?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::message::Message;
use crate::{json, screen};

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// How often the server was killed.
    pub(super) kills: usize,
    /// How many parked messages were looked after.
    pub(super) helped: usize,
    accepted: u64,
    duplicates: u64,
    refused: u64,
    /// Keys of the effects that the server calls done.
    done: BTreeSet<String>,
    /// Keys of effects that their runs did not want any more: they may have arrived before.
    cancelled: BTreeSet<String>,
    /// Keys of effects that it has not done, and their state.
    undone: BTreeMap<String, String>,
    messages: usize,
    again: usize,
    faults: Vec<String>,
}

impl Verdict {
    /// Counts an acknowledgement of events.
    pub(super) fn acknowledge(&mut self, answer: &Value) {
        let number = |name: &str| json::count(answer, name);
        self.accepted += number("accepted");
        self.duplicates += number("duplicates");
        self.refused += number("refused");
    }

    /// Takes down what the server says of a run's effects.
    pub(super) fn effects(&mut self, intents: &[Value]) {
        for intent in intents {
            let (key, state) = (json::text(intent, "key").to_owned(), json::text(intent, "state"));
            // A person dropped what had arrived.
            if state == "accepted" || state == "dropped" {
                self.done.insert(key);
            } else if state == "cancelled" {
                self.cancelled.insert(key);
            } else {
                self.undone.insert(key, state.to_owned());
            }
        }
    }

    /// Compares what the server says with what arrived.
    pub(super) fn compare(&mut self, arrivals: &[Message]) {
        let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
        let mut contents: BTreeMap<String, &str> = BTreeMap::new();
        for message in arrivals {
            *keys.entry(&message.key).or_default() += 1;
            let content = format!("{:?}", message.content);
            let before = contents.insert(content, &message.key);
            if before.is_some_and(|before| before != message.key) {
                self.faults.push(format!("one message came under two keys: {}", message.key));
            }
        }
        self.messages = keys.len();
        self.again = keys.values().filter(|times| **times > 1).count();
        let lost = self.done.iter().filter(|key| !keys.contains_key(key.as_str()));
        self.faults.extend(lost.map(|key| format!("the server calls it done and it never arrived: {key}")));
        let strange = keys.keys().filter(|key| !self.done.contains(**key) && !self.cancelled.contains(**key));
        self.faults
            .extend(strange.map(|key| format!("it arrived and the server knows nothing of it: {key}")));
        let undone = self.undone.iter().map(|(key, state)| format!("it is {state} at the end: {key}"));
        self.faults.extend(undone);
        if self.refused > 0 {
            self.faults.push(format!(
                "{} refused",
                screen::count(usize::try_from(self.refused).unwrap_or(0), "event")
            ));
        }
    }

    /// Whether nothing was lost and nothing came twice.
    pub(super) fn holds(&self) -> bool {
        self.faults.is_empty() && self.messages > 0
    }

    /// Prints the count.
    pub(super) fn show(&self) {
        let again = match self.again {
            0 => String::new(),
            n => format!(" ({n} of them repeated under the same key, and so known to the receiver)"),
        };
        let helped = match self.helped {
            0 => String::new(),
            n => format!(", {} looked after by hand", screen::count(n, "message")),
        };
        screen::line(format!(
            "\n{} events accepted ({} sent twice and counted once), {}{helped}",
            self.accepted,
            self.duplicates,
            screen::count(self.kills, "kill")
        ));
        if self.holds() {
            screen::line(format!(
                "{} {} messages, each exactly once{again}",
                screen::green("✓"),
                self.messages
            ));
        } else {
            screen::line(format!(
                "{} {} messages, and not each exactly once:",
                screen::red("✗"),
                self.messages
            ));
            self.faults.iter().for_each(|fault| screen::line(format!("  {fault}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Content;
    use serde_json::json;

    fn arrival(key: &str, subject: &str) -> Message {
        let content = Content::Mail {
            from: String::new(),
            to: Vec::new(),
            subject: subject.to_owned(),
            text: String::new(),
        };
        Message {
            at: jiff::Timestamp::UNIX_EPOCH,
            workflow: String::new(),
            step: String::new(),
            subject: String::new(),
            key: key.to_owned(),
            content,
        }
    }

    fn verdict(intents: &Value, arrivals: &[Message]) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.effects(intents.as_array().expect("a list"));
        verdict.compare(arrivals);
        verdict
    }

    #[test]
    fn each_once_holds() {
        let intents = json!([{"key": "a", "state": "accepted"}, {"key": "b", "state": "dropped"}, {"key": "c", "state": "cancelled"}]);
        assert!(verdict(&intents, &[arrival("a", "x"), arrival("b", "y")]).holds());
        assert!(verdict(&intents, &[arrival("a", "x"), arrival("a", "x"), arrival("b", "y")]).holds());
    }

    #[test]
    fn faults_are_found() {
        let one = json!([{"key": "a", "state": "accepted"}]);
        assert!(!verdict(&one, &[]).holds(), "lost");
        assert!(!verdict(&one, &[arrival("a", "x"), arrival("b", "y")]).holds(), "strange");
        let two = json!([{"key": "a", "state": "accepted"}, {"key": "b", "state": "accepted"}]);
        assert!(!verdict(&two, &[arrival("a", "x"), arrival("b", "x")]).holds(), "twice");
        let waiting = json!([{"key": "a", "state": "accepted"}, {"key": "b", "state": "parked"}]);
        assert!(!verdict(&waiting, &[arrival("a", "x")]).holds(), "not sent");
    }
}
