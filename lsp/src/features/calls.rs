//! Which workflow starts or triggers which.

use std::collections::BTreeMap;
use std::sync::Arc;

use onward_compiler::diagnostic::Span;
use onward_compiler::links;
use onward_compiler::uses::Thing;

use super::names;
use crate::snapshot::{File, Project};

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: Arc<str>,
    pub(crate) title: Arc<str>,
    /// Where it is declared.
    pub(crate) span: Span,
}

/// A workflow on the other end, what sets it off, and the steps that do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) other: Caller,
    /// "emits `purchase`"
    pub(crate) deeds: Vec<String>,
    pub(crate) places: Vec<Span>,
}

/// Which end is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// What sets it off.
    In,
    /// What it sets off.
    Out,
}

/// The workflow that is named at a byte, or around it.
pub(crate) fn at(project: &Project, file: &File, offset: usize) -> Option<Caller> {
    let named = names::at(project, file, offset).into_iter().find_map(|it| match &it.thing {
        Thing::Workflow(name) => Some(name.clone()),
        _ => None,
    });
    let around = || {
        let mut workflows = file.known().workflows.iter();
        workflows.find(|it| it.range.contains(&offset)).map(|it| it.name.as_str().into())
    };
    caller(project, &named.or_else(around)?)
}

fn caller(project: &Project, name: &Arc<str>) -> Option<Caller> {
    let workflow = project.checked().declared.workflows.get(name)?;
    Some(Caller { name: name.clone(), title: workflow.title.clone(), span: workflow.declared.span })
}

/// The other ends; none while the project has errors.
pub(crate) fn of(project: &Project, workflow: &str, way: Way) -> Vec<Call> {
    let Some(hir) = &project.checked().hir else { return Vec::new() };
    let mut found: BTreeMap<Arc<str>, Call> = BTreeMap::new();
    for link in links::of(hir) {
        let (this, other) = match way {
            Way::In => (&link.to, &link.from),
            Way::Out => (&link.from, &link.to),
        };
        if **this != *workflow {
            continue;
        }
        let Some(caller) = caller(project, other) else { continue };
        let call = found.entry(other.clone()).or_insert_with(|| Call {
            other: caller,
            deeds: Vec::new(),
            places: Vec::new(),
        });
        call.deeds.push(link.deed);
        call.places.push(link.span);
    }
    found.into_values().collect()
}
