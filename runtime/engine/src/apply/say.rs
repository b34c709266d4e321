//! The words of the timeline.
//!
//! It must not know how anything was decided.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{EntityId, FunctionId};
use serde_json::Value as Json;

use super::turn::Moved;
use crate::program::Loaded;

/// Longer texts are cut.
const LONGEST: usize = 160;

/// `2026-03-08 09:00 America/New_York`.
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let format = if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    format!("{} {}", local.strftime(format), zone.iana_name().unwrap_or("UTC"))
}

/// ``contact.status: "trial" → "customer"``.
pub(super) fn moved(subject: &EntityId, moved: &Moved) -> String {
    format!("{}.{}: {} → {}", subject.kind, moved.name, value(&moved.old), value(&moved.new))
}

/// A value, shortened.
pub(super) fn value(json: &Json) -> String {
    match json {
        Json::Null => "none".to_owned(),
        other => cut(&other.to_string()),
    }
}

/// The words of a function's source, in backticks; its name if the source is not there.
pub(super) fn words(loaded: &Loaded, function: FunctionId) -> String {
    match source(loaded, function) {
        Some(text) => format!("`{}`", cut(text)),
        None => {
            let name = loaded.program().functions.get(function.0 as usize).map(|f| &*f.name);
            format!("`{}`", name.unwrap_or("condition"))
        }
    }
}

/// From the first to the last word of a function's source.
fn source(loaded: &Loaded, function: FunctionId) -> Option<&str> {
    let spans = loaded.debug().spans.get(function.0 as usize)?;
    let file = spans.first()?.file;
    let spans = || spans.iter().filter(|span| span.file == file && span.start < span.end);
    let start = spans().map(|span| span.start).min()? as usize;
    let end = spans().map(|span| span.end).max()? as usize;
    loaded.debug().sources.get(file as usize)?.text.get(start..end)
}

/// On one line, and not too long.
fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
