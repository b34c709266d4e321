//! What an action or a function takes, while its values are being written.

use std::ops::Range;

use onward_compiler::names::calls;

use super::complete::place::{Place, Tok};
use super::complete::words;
use super::names::known::{Declared, DeclaredSort, World};
use crate::snapshot::{File, Project};

/// What something takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// `sms(text: text, to: phone = contact.phone)`
    pub(crate) label: String,
    pub(crate) docs: String,
    /// Each parameter's place in the label, in bytes, and its documentation.
    pub(crate) parts: Vec<(Range<usize>, String)>,
    /// Which is being written.
    pub(crate) active: Option<usize>,
}

/// What takes a value at a byte.
pub(crate) fn at(project: &Project, file: &File, offset: usize) -> Option<Signature> {
    let place = Place::at(file, offset)?;
    if let Some(name) = place.call() {
        return function(name, &place);
    }
    let world = World::of(project);
    let (name, rest) = effect(&place)?;
    let action = world.get(DeclaredSort::Action, &name)?;
    Some(of_action(action, rest))
}

/// The action that the statement names, and what stands behind its name.
pub(crate) fn effect(place: &Place) -> Option<(String, &[Tok])> {
    let words = place.statement();
    let (first, rest) = words.split_first()?;
    if first.text != "do" {
        return None;
    }
    let (name, rest) = rest.split_first()?;
    let mut path = name.text.clone();
    let mut rest = rest;
    while let [dot, name, behind @ ..] = rest
        && dot.text == "."
        && name.is_word()
    {
        path.push('.');
        path.push_str(&name.text);
        rest = behind;
    }
    Some((path, rest))
}

fn function(name: &str, place: &Place) -> Option<Signature> {
    let (_, example) = calls().find(|(it, _)| *it == name)?;
    let (what, more): (&str, &[&str]) = match name {
        "opened" | "clicked" => ("template", &["in last duration"]),
        "sum" => ("event.field", &["where condition", "in last duration"]),
        _ => ("event", &["where condition", "in last duration"]),
    };
    let mut label = format!("{name}(");
    let mut parts = vec![(label.len()..label.len() + what.len(), String::new())];
    label.push_str(what);
    for part in more {
        label.push_str(" [");
        parts.push((label.len()..label.len() + part.len(), String::new()));
        label.push_str(part);
        label.push(']');
    }
    label.push(')');
    let inside = place.inside();
    let has = |word: &str| inside.iter().any(|it| it.text == word);
    let active = if has("last") { parts.len() - 1 } else { usize::from(has("where")) };
    let docs = format!("{}\n\n`{example}`", words::function(name));
    Some(Signature { label, docs, parts, active: Some(active) })
}

fn of_action(action: &Declared, rest: &[Tok]) -> Signature {
    let mut label = format!("{}(", action.name);
    let mut parts = Vec::new();
    for (place, member) in action.members.iter().enumerate() {
        if place > 0 {
            label.push_str(", ");
        }
        let start = label.len();
        label.push_str(&member.name);
        label.push_str(": ");
        label.push_str(&member.ty);
        if let Some(default) = &member.default {
            label.push_str(" = ");
            label.push_str(default);
        }
        parts.push((start..label.len(), member.docs.clone()));
    }
    label.push(')');
    let labelled =
        rest.iter().rev().find_map(|it| action.members.iter().position(|member| member.name == it.text));
    let active = labelled.or_else(|| action.members.iter().position(|it| !it.optional)).or(Some(0));
    Signature {
        label,
        docs: action.docs.clone(),
        parts,
        active: active.filter(|it| *it < action.members.len()),
    }
}
