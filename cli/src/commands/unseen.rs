//! Events that rules wait for and a server has never seen, though it has seen one with a near name.

use std::collections::BTreeSet;

use onward_bytecode::{Exit, Program, TriggerKind};
use serde_json::Value;

use super::schema;
use crate::client::Connection;
use crate::failure::Failure;
use crate::{json, screen};

/// Warns of each, on standard error. Answers how many.
pub(super) fn warn(url: &str, program: &Program) -> Result<usize, Failure> {
    let connection = Connection { url: url.to_owned(), key: std::env::var("ONWARD_KEY").ok() };
    let answer = schema::fetch(&connection)?;
    let found = unseen(&awaited(program), &answer);
    for (name, near, times) in &found {
        let what =
            format!("no `{name}` has ever come to {url}; `{near}` has, {}", screen::count(*times, "time"));
        screen::aside(format!("{} {}", screen::yellow("warning:"), screen::tame(&what)));
    }
    Ok(found.len())
}

/// Events that start, end or go on with runs.
fn awaited(program: &Program) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for workflow in &program.workflows {
        let triggers = workflow.triggers.iter().filter_map(|trigger| match &trigger.kind {
            TriggerKind::Event(name) => Some(&**name),
            _ => None,
        });
        let exits = workflow.exits.iter().filter_map(|exit| match exit {
            Exit::On { event, .. } => Some(&**event),
            Exit::When(_) => None,
        });
        names.extend(triggers.chain(exits));
        names.extend(workflow.waits.iter().map(|wait| &*wait.event));
        names.extend(workflow.goal.iter().map(|goal| &*goal.event));
    }
    names
}

/// What is awaited in vain, with the near name and how often that has come.
fn unseen<'a>(awaited: &BTreeSet<&'a str>, answer: &'a Value) -> Vec<(&'a str, &'a str, usize)> {
    let seen = json::list(answer, "events");
    let came = |name: &str| seen.iter().any(|event| json::text(event, "name") == name);
    let near = |name: &str| {
        let tolerance = (name.chars().count() / 3).max(1);
        let others = seen.iter().filter(|event| !awaited.contains(json::text(event, "name")));
        let distances =
            others.map(|event| (strsim::damerau_levenshtein(name, json::text(event, "name")), event));
        let near = distances.filter(|(distance, _)| *distance <= tolerance);
        near.min_by_key(|(distance, _)| *distance).map(|(_, event)| event)
    };
    let in_vain = awaited.iter().filter(|name| !came(name));
    let found = in_vain.filter_map(|name| {
        let near = near(name)?;
        let times = usize::try_from(json::count(near, "count")).unwrap_or(usize::MAX);
        Some((*name, json::text(near, "name"), times))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_near_name_that_has_come_is_told() {
        let answer = json!({ "events": [
            { "name": "order_placed", "count": 12 }, { "name": "form_submitted", "count": 3 },
        ] });
        let awaited = BTreeSet::from(["order_placd", "form_submitted", "form_submited_x", "trial_ended"]);
        assert_eq!(unseen(&awaited, &answer), [("order_placd", "order_placed", 12)]);
    }
}
