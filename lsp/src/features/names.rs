//! What the name at a place stands for, and everywhere else it stands.

pub(crate) mod known;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use onward_bytecode::{Scalar, Type};
use onward_compiler::diagnostic::{FileId, Span};
use onward_compiler::names::{Member, Names, Takes};
use onward_compiler::syntax::ast::{AstNode, LetStep, Name, PathExpr, SetAct, SetStmt};
use onward_compiler::syntax::kind::{SyntaxKind, SyntaxNode};
use onward_compiler::uses::{Role, Thing, Use};

use crate::snapshot::{File, Project, Sort};

/// What is done with a value where its name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Whether places that declare are wanted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declarations {
    With,
    Without,
}

/// All names in a file, in their order.
pub(crate) fn in_file(project: &Project, file: FileId) -> &[Use] {
    let uses = &project.checked().uses;
    let from = uses.partition_point(|it| it.span.file < file);
    let to = uses.partition_point(|it| it.span.file <= file);
    uses.get(from..to).unwrap_or_default()
}

/// What stands at a byte: one name, which may stand for several things.
pub(crate) fn at<'p>(project: &'p Project, file: &File, offset: usize) -> Vec<&'p Use> {
    let Some(number) = project.number(&file.path) else { return Vec::new() };
    let around = |it: &&Use| (it.span.start as usize..=it.span.end as usize).contains(&offset);
    let found: Vec<&Use> = in_file(project, number).iter().filter(around).collect();
    let Some(least) = found.iter().map(|it| it.span.end - it.span.start).min() else { return found };
    // Of two that touch, the one that begins here is meant.
    let first = found.iter().filter(|it| it.span.end - it.span.start == least).map(|it| it.span).max();
    found.into_iter().filter(|it| Some(it.span) == first).collect()
}

/// Every place of any of these.
pub(crate) fn places<'p>(project: &'p Project, things: &BTreeSet<Thing>) -> Vec<&'p Use> {
    project.checked().uses.iter().filter(|it| things.contains(&it.thing)).collect()
}

/// The things that stand at a byte.
pub(crate) fn things(project: &Project, file: &File, offset: usize) -> BTreeSet<Thing> {
    at(project, file, offset).into_iter().map(|it| it.thing.clone()).collect()
}

/// Where what stands at a byte is declared; the project's own declarations first.
pub(crate) fn definitions(project: &Project, file: &File, offset: usize) -> Vec<Span> {
    declarations(project, &things(project, file, offset))
}

fn declarations(project: &Project, things: &BTreeSet<Thing>) -> Vec<Span> {
    let declared = places(project, things).into_iter().filter(|it| it.role == Role::Declares);
    let mut found: Vec<Span> = declared.map(|it| it.span).collect();
    found.dedup();
    found
}

/// Where the type of what stands at a byte is declared: of a reference the entity, of a name for
/// an event the event.
pub(crate) fn types(project: &Project, file: &File, offset: usize) -> Vec<Span> {
    let names = &project.checked().declared;
    let mut wanted = BTreeSet::new();
    for thing in things(project, file, offset) {
        wanted.extend(type_of(project, names, &thing));
    }
    declarations(project, &wanted)
}

fn type_of(project: &Project, names: &Names, thing: &Thing) -> Option<Thing> {
    if let Thing::Alias { span, .. } = thing {
        return stands_for(project, *span);
    }
    match member(names, thing)?.takes.as_ref()? {
        Takes::Value(Type::One(Scalar::Entity(kind)) | Type::List(Scalar::Entity(kind))) => {
            Some(Thing::Entity(kind.clone()))
        }
        _ => None,
    }
}

/// What a name was given to: an event, an entity, or the action whose result it is.
pub(crate) fn stands_for(project: &Project, given: Span) -> Option<Thing> {
    let path = &project.checked().sources.get(given.file.0 as usize)?.path;
    let node = name_node(project.file(path)?, given.range())?;
    // The first name of what gives it is what it is given to, but for `let`.
    let whole =
        node.ancestors().skip(1).find(|it| !matches!(it.kind(), SyntaxKind::ALIAS | SyntaxKind::NAME))?;
    let inside = match LetStep::cast(whole.clone()) {
        Some(step) => step.step()?.syntax().text_range(),
        None => whole.text_range(),
    };
    let inside = usize::from(inside.start())..usize::from(inside.end());
    let uses = in_file(project, given.file).iter();
    let mut inside = uses.filter(|it| inside.contains(&(it.span.start as usize)) && it.role == Role::Names);
    inside
        .find(|it| matches!(it.thing, Thing::Event(_) | Thing::Entity(_) | Thing::Action(_)))
        .map(|it| it.thing.clone())
}

/// The node of the name at a place.
fn name_node(file: &File, range: Range<usize>) -> Option<SyntaxNode> {
    if file.sort() != Sort::Rules {
        return None;
    }
    let start = u32::try_from(range.start).ok()?;
    let root = file.parse().syntax();
    if root.text_range().end() <= start.into() {
        return None;
    }
    root.token_at_offset(start.into()).right_biased()?.parent()
}

/// What is declared of a field, attribute or parameter.
pub(crate) fn member<'n>(names: &'n Names, thing: &Thing) -> Option<&'n Member> {
    match thing {
        Thing::Field { event, name } => names.events.get(event)?.fields.get(name),
        Thing::Attribute { entity, name } => names.entities.get(entity)?.attributes.get(name),
        Thing::Param { action, name } => names.actions.get(action)?.params.get(name),
        _ => None,
    }
}

/// Everywhere that what stands at a byte is named.
pub(crate) fn references(
    project: &Project,
    file: &File,
    offset: usize,
    declarations: Declarations,
) -> Vec<Span> {
    let things = things(project, file, offset);
    let wanted = |it: &&Use| declarations == Declarations::With || it.role == Role::Names;
    let mut found: Vec<Span> =
        places(project, &things).into_iter().filter(wanted).map(|it| it.span).collect();
    found.dedup();
    found
}

/// The places in the file itself, and what is done there.
pub(crate) fn highlights(project: &Project, file: &File, offset: usize) -> Vec<(Range<usize>, Access)> {
    let things = things(project, file, offset);
    let Some(number) = project.number(&file.path) else { return Vec::new() };
    let mut found: Vec<(Range<usize>, Access)> = Vec::new();
    for it in in_file(project, number).iter().filter(|it| things.contains(&it.thing)) {
        let range = it.span.range();
        if found.last().is_some_and(|(last, _)| *last == range) {
            continue;
        }
        let writes = it.role == Role::Declares || is_written(file, range.clone());
        found.push((range, if writes { Access::Write } else { Access::Read }));
    }
    found
}

/// Whether the name at a place gets a value there.
fn is_written(file: &File, range: Range<usize>) -> bool {
    let Some(node) = name_node(file, range) else { return false };
    let Some(above) = node.parent() else { return false };
    match above.kind() {
        SyntaxKind::ENTRY => true,
        SyntaxKind::PATH_EXPR => {
            let path = PathExpr::cast(above.clone());
            let target = above.parent().and_then(SetAct::cast).and_then(|it| it.target());
            let last = path.as_ref().and_then(|it| it.names().last());
            target.is_some() && target == path && last.is_some_and(|it| *it.syntax() == node)
        }
        SyntaxKind::SET_STMT => {
            SetStmt::cast(above).and_then(|it| it.attribute()).is_some_and(|it| *it.syntax() == node)
        }
        _ => false,
    }
}

/// Whether a name stands alone, and not behind a dot: what it means is looked up.
pub(crate) fn is_bare(parse: &onward_compiler::syntax::Parse, range: Range<usize>) -> bool {
    let offset = parse.origin().offset as usize;
    let (Some(start), Some(root)) = (range.start.checked_sub(offset), Some(parse.syntax())) else {
        return false;
    };
    let Ok(start) = u32::try_from(start) else { return false };
    if root.text_range().end() <= start.into() {
        return false;
    }
    let node = root.token_at_offset(start.into()).right_biased().and_then(|it| it.parent());
    let path = node.as_ref().and_then(SyntaxNode::parent).and_then(PathExpr::cast);
    let first = path.and_then(|it| it.names().next());
    matches!((first, node.and_then(Name::cast)), (Some(first), Some(name)) if first == name)
}

/// What sort of thing it is, for people.
pub(crate) fn noun(thing: &Thing) -> &'static str {
    match thing {
        Thing::Event(_) => "event",
        Thing::Field { .. } => "field",
        Thing::Entity(_) => "entity",
        Thing::Attribute { .. } => "attribute",
        Thing::Template(_) => "template",
        Thing::Sender(_) => "sender",
        Thing::Team(_) => "team",
        Thing::Action(_) => "action",
        Thing::Param { .. } => "parameter",
        Thing::Segment(_) => "segment",
        Thing::Workflow(_) => "workflow",
        Thing::Source(_) => "source",
        Thing::Topic(_) => "topic",
        Thing::Channel(_) => "channel",
        Thing::Label { .. } => "label",
        Thing::Alias { .. } => "name",
        Thing::Setting(_) => "setting",
        Thing::Secret(_) => "secret",
        Thing::Pipe(_) => "pipe",
        Thing::Function(_) => "function",
    }
}

/// Whether it is an own file of the project, or the catalogue's.
pub(crate) fn own_file(project: &Project, file: FileId) -> Option<&Arc<File>> {
    project.file(&project.checked().sources.get(file.0 as usize)?.path)
}
