//! The words of the timeline.
//!
//! It must not know how anything was decided.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_bytecode::{EntityId, FunctionId, Op, WorkflowDecl};
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

/// Which way a branch went: `` `status = "trial"` holds``.
pub(super) fn took(loaded: &Loaded, workflow: &WorkflowDecl, site: u16, yes: bool) -> String {
    let condition = quoted(site_words(loaded, workflow, Op::Took, site, 0));
    let holds = if yes { "holds: this branch is taken" } else { "does not hold" };
    format!("{condition} {holds}")
}

/// Whether a repeat ends: `` `did(purchase)` holds: no further round``.
pub(super) fn until(loaded: &Loaded, workflow: &WorkflowDecl, site: u16, yes: bool) -> String {
    let condition = quoted(site_words(loaded, workflow, Op::Took, site, 0));
    let holds = if yes { "holds: no further round" } else { "does not hold: it goes on" };
    format!("{condition} {holds}")
}

/// Why a step was not done.
pub(super) fn skipped(loaded: &Loaded, workflow: &WorkflowDecl, site: u16) -> String {
    // The jump that spares the step stands before the word that says so.
    let condition = quoted(site_words(loaded, workflow, Op::Skip, site, 1));
    format!("{condition} does not hold")
}

fn quoted(condition: Option<&str>) -> String {
    condition.map_or_else(|| "its condition".to_owned(), |words| format!("`{}`", cut(words)))
}

/// The source of the word that stands `before` the one that does `op` at a site.
fn site_words<'l>(
    loaded: &'l Loaded,
    workflow: &WorkflowDecl,
    op: Op,
    site: u16,
    before: usize,
) -> Option<&'l str> {
    let body = workflow.body.0 as usize;
    let code = &loaded.program().functions.get(body)?.code;
    let pc = code.iter().position(|word| word.op() == Some(op) && word.k() == site)?.checked_sub(before)?;
    let spans = loaded.debug().spans.get(body)?;
    let span = spans.iter().take_while(|span| span.pc as usize <= pc).last()?;
    let text = &loaded.debug().sources.get(span.file as usize)?.text;
    text.get(span.start as usize..span.end as usize)
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
