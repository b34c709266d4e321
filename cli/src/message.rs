//! Messages that went out, as `dev` and `demo` show them.
//!
//! It must not know who caught them.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{moment, screen};

/// A message that went out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Message {
    /// When, by the rules' clock.
    pub(crate) at: Timestamp,
    /// The workflow that sent it, and its step, if that is known.
    pub(crate) workflow: String,
    /// The step.
    pub(crate) step: String,
    /// For whom: what the subject is called.
    pub(crate) subject: String,
    /// The key of the effect.
    pub(crate) key: String,
    /// What it is.
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// A message's content.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Content {
    /// A mail.
    Mail {
        /// Sender.
        from: String,
        /// Recipients.
        to: Vec<String>,
        /// Subject.
        subject: String,
        /// Plain text.
        text: String,
    },
    /// An HTTP request.
    Request {
        /// `POST`, say.
        method: String,
        /// The URL.
        url: String,
        /// What was sent.
        body: Value,
    },
}

impl Message {
    /// Prints it: when and why, to whom, what; `lines` lines of it at most.
    pub(crate) fn show(&self, lines: usize) {
        let why = match (self.workflow.as_str(), self.step.as_str()) {
            ("", step) => screen::bold(step),
            (workflow, step) => format!("{} {} {step}", screen::bold(workflow), screen::dim("·")),
        };
        screen::line(format!("{}  {why}", screen::dim(moment::show(self.at))));
        match &self.content {
            Content::Mail { from, to, subject, text } => {
                field("from", from);
                field("to", &to.join(", "));
                field("subject", &screen::bold(screen::tame(subject)));
                body(text, lines);
            }
            Content::Request { method, url, body: sent } => {
                field(&method.to_lowercase(), &screen::cyan(screen::tame(url)));
                fields(sent, lines);
            }
        }
        screen::line("");
    }
}

fn field(name: &str, value: &str) {
    screen::line(format!("  {}  {value}", screen::dim(format!("{name:<7}"))));
}

fn body(text: &str, lines: usize) {
    let text = screen::tame(text.trim_end());
    for line in text.lines().take(lines) {
        screen::line(format!("  {} {line}", screen::dim("│")).trim_end());
    }
    let rest = text.lines().count().saturating_sub(lines);
    if rest > 0 {
        screen::line(format!("  {}", screen::dim(format!("│ … {}", screen::count(rest, "more line")))));
    }
}

/// The members of a JSON object a line each, everything else as it is.
fn fields(value: &Value, lines: usize) {
    match value {
        Value::Object(members) => {
            let shown: Vec<String> =
                members.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
            body(&shown.join("\n"), lines);
        }
        Value::Null => {}
        other => body(&shown(other), lines),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
