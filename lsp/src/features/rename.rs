//! Renaming: in every file at once, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use onward_compiler::diagnostic::Span;
use onward_compiler::names::name_of_file;
use onward_compiler::syntax::is_name;
use onward_compiler::uses::{Role, Thing, Use};

use super::{Change, Edit, names};
use crate::snapshot::{File, Project};

/// Whether the client can rename files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Files {
    /// It can.
    Move,
    /// Only texts are changed.
    Stay,
}

/// What can be renamed at a byte: where it stands, and its name. None if no name stands there.
///
/// # Errors
/// Why what stands there cannot be renamed.
pub(crate) fn prepare(
    project: &Project,
    file: &File,
    offset: usize,
) -> Result<Option<(Range<usize>, String)>, String> {
    let found = names::at(project, file, offset);
    let Some(first) = found.first() else { return Ok(None) };
    let things = together(project, found.iter().map(|it| it.thing.clone()));
    allowed(project, &things)?;
    if is_by_file(project, first) {
        let noun = names::noun(&first.thing);
        return Err(format!(
            "this {noun} has its name from its file: rename the file, or rename it where it is named"
        ));
    }
    Ok(Some((name_range(project, first), last_part(first.thing.name()).to_owned())))
}

/// What a new name changes.
///
/// # Errors
/// Why that cannot be done.
pub(crate) fn changes(
    project: &Project,
    file: &File,
    offset: usize,
    new: &str,
    files: Files,
) -> Result<Vec<Change>, String> {
    let found = names::at(project, file, offset);
    let Some(first) = found.first() else { return Err("no name stands here".to_owned()) };
    let things = together(project, found.iter().map(|it| it.thing.clone()));
    allowed(project, &things)?;
    fitting(&first.thing, new)?;
    free(project, &things, new)?;
    let places = names::places(project, &things);
    let by_file: Vec<&&Use> = places.iter().filter(|it| is_by_file(project, it)).collect();
    if !by_file.is_empty() && files == Files::Stay {
        let noun = names::noun(&first.thing);
        return Err(format!(
            "this {noun} has its name from its file, which this editor cannot rename from here"
        ));
    }
    let mut changes = edits(project, &places, new);
    let moved: BTreeSet<_> = by_file.iter().map(|it| it.span.file).collect();
    for file in moved.into_iter().filter_map(|it| names::own_file(project, it)) {
        changes.push(Change::Move(file.uri.clone(), beside(&file.uri, new)));
    }
    Ok(changes)
}

/// What changes in texts when the client itself renames a file from which something has its name.
pub(crate) fn moved(project: &Project, file: &File, new_uri: &str) -> Vec<Change> {
    let (old, new) = (name_of_file(&file.path), name_of_file(new_uri));
    if old == new || !is_name(&new) {
        return Vec::new();
    }
    let Some(number) = project.number(&file.path) else { return Vec::new() };
    let own = names::in_file(project, number).iter().filter(|it| is_by_file(project, it));
    let things: BTreeSet<Thing> = own.map(|it| it.thing.clone()).collect();
    edits(project, &names::places(project, &things), &new)
}

/// Edits, file by file.
fn edits(project: &Project, places: &[&Use], new: &str) -> Vec<Change> {
    let mut texts: BTreeMap<Arc<str>, Vec<Edit>> = BTreeMap::new();
    for place in places.iter().filter(|it| !is_by_file(project, it)) {
        let Some(file) = names::own_file(project, place.span.file) else { continue };
        let edit = Edit::new(name_range(project, place), new);
        let edits = texts.entry(file.uri.clone()).or_default();
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    texts.into_iter().map(|(uri, edits)| Change::Edits(uri, edits)).collect()
}

/// Whatever stands at a place with one of these is renamed with it: one word cannot become two.
fn together(project: &Project, things: impl Iterator<Item = Thing>) -> BTreeSet<Thing> {
    let mut all: BTreeSet<Thing> = things.collect();
    loop {
        let before = all.len();
        let spans: BTreeSet<Span> = names::places(project, &all).into_iter().map(|it| it.span).collect();
        let also = project.checked().uses.iter().filter(|it| spans.contains(&it.span));
        all.extend(also.map(|it| it.thing.clone()));
        if all.len() == before {
            return all;
        }
    }
}

/// Whether nothing of it belongs to somebody else.
fn allowed(project: &Project, things: &BTreeSet<Thing>) -> Result<(), String> {
    for thing in things {
        let name = thing.name();
        let reason = match thing {
            Thing::Pipe(_) | Thing::Function(_) => format!("`{name}` is part of the language"),
            Thing::Secret(_) => {
                format!("the secret `{name}` has its name in the server's environment; rename it there first")
            }
            _ => match foreign(project, thing) {
                Some(path) => format!(
                    "the {} `{name}` is declared in Onward's catalogue, `{path}`, which every project shares",
                    names::noun(thing)
                ),
                None => continue,
            },
        };
        return Err(reason);
    }
    Ok(())
}

/// The file of the catalogue that declares it.
fn foreign(project: &Project, thing: &Thing) -> Option<Arc<str>> {
    let uses = project.checked().uses.iter();
    let mut declared = uses.filter(|it| it.role == Role::Declares && it.thing == *thing);
    let foreign = declared.find(|it| names::own_file(project, it.span.file).is_none())?;
    project.checked().sources.get(foreign.span.file.0 as usize).map(|it| it.path.clone())
}

/// Whether a word can be the name of such a thing.
fn fitting(thing: &Thing, new: &str) -> Result<(), String> {
    let fits = match thing {
        Thing::Action(_) => new.split('.').all(is_name),
        _ => is_name(new),
    };
    if fits {
        return Ok(());
    }
    Err(format!(
        "`{new}` cannot be the name of a {}: a name is one word of letters, digits and `_`",
        names::noun(thing)
    ))
}

/// Whether nothing of the same sort has that name already.
fn free(project: &Project, things: &BTreeSet<Thing>, new: &str) -> Result<(), String> {
    for thing in things {
        let renamed = renamed(thing, new);
        let taken = project.checked().uses.iter().find(|it| it.role == Role::Declares && it.thing == renamed);
        if let Some(taken) = taken.filter(|it| !things.contains(&it.thing)) {
            let source = project.checked().sources.get(taken.span.file.0 as usize);
            let path = source.map(|it| it.path.clone()).unwrap_or_default();
            return Err(format!("there is already a {} `{new}`, in `{path}`", names::noun(thing)));
        }
    }
    Ok(())
}

fn renamed(thing: &Thing, new: &str) -> Thing {
    let mut thing = thing.clone();
    let new: Arc<str> = match &thing {
        Thing::Setting(path) => match path.rsplit_once('.') {
            Some((table, _)) => format!("{table}.{new}").into(),
            None => new.into(),
        },
        _ => new.into(),
    };
    match &mut thing {
        Thing::Event(name)
        | Thing::Field { name, .. }
        | Thing::Entity(name)
        | Thing::Attribute { name, .. }
        | Thing::Template(name)
        | Thing::Sender(name)
        | Thing::Team(name)
        | Thing::Action(name)
        | Thing::Param { name, .. }
        | Thing::Segment(name)
        | Thing::Workflow(name)
        | Thing::Source(name)
        | Thing::Topic(name)
        | Thing::Channel(name)
        | Thing::Label { name, .. }
        | Thing::Alias { name, .. }
        | Thing::Setting(name)
        | Thing::Secret(name)
        | Thing::Pipe(name)
        | Thing::Function(name) => *name = new,
    }
    thing
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn text_at(project: &Project, span: Span) -> &str {
    let source = project.checked().sources.get(span.file.0 as usize);
    source.and_then(|it| it.text.get(span.range())).unwrap_or_default()
}

/// Whether it is declared by a whole file, and has its name from it.
fn is_by_file(project: &Project, place: &Use) -> bool {
    let named_by_files = matches!(place.thing, Thing::Template(_) | Thing::Workflow(_));
    let text = text_at(project, place.span).trim_matches(['"', '\'']);
    named_by_files && place.role == Role::Declares && *text != **place.thing.name()
}

/// Where the word stands that changes: inside quotes, and of a setting its last part.
fn name_range(project: &Project, place: &Use) -> Range<usize> {
    let (text, range) = (text_at(project, place.span), place.span.range());
    let inside = text.trim_matches(['"', '\'']);
    let start = range.start + (text.len() - text.trim_start_matches(['"', '\'']).len());
    let end = start + inside.len();
    let part = if matches!(place.thing, Thing::Setting(_)) { last_part(inside) } else { inside };
    end - part.len()..end
}

/// The file beside this one that gives another name.
fn beside(uri: &str, name: &str) -> Arc<str> {
    let (folder, file) = uri.rsplit_once('/').unwrap_or(("", uri));
    let ending = file.split_once('.').map_or("", |(_, ending)| ending);
    format!("{folder}/{name}.{ending}").into()
}
