//! The whole program: declarations as the machine wants them, actions that are
//! used, workflows.
//!
//! It must not know expressions.

use std::sync::Arc;

use indexmap::IndexMap;
use onward_bytecode::{EntityDecl, EventDecl, FieldDecl, TeamDecl};

use super::Checker;
use crate::declare::{Author, Fields, ParamKind};
use crate::hir::{Action, Hir, Workflow};

impl Checker<'_> {
    pub(super) fn program(mut self) -> Hir {
        let declared = self.declared;
        let segments = self.segments();
        let policy = self.policy();
        let mut workflows: IndexMap<Arc<str>, Workflow> = IndexMap::new();
        for workflow in &declared.workflows {
            if let Some(checked) = self.workflow(workflow) {
                workflows.insert(checked.name.clone(), checked);
            }
        }
        workflows.sort_keys();
        self.starts_without_event(&workflows);
        self.unused_templates();
        let sources = self.sources();
        let actions = self.actions();
        let tests = self.tests();
        self.unused_segments();
        self.messages(&workflows, &actions);
        let events = declared.events.iter().map(|(name, event)| {
            let fields = field_decls(&event.fields);
            let about = event.about.clone();
            (name.clone(), EventDecl { name: name.clone(), about, fields, docs: event.docs.clone() })
        });
        let entities = declared.entities.iter().map(|(name, entity)| {
            let attributes = field_decls(&entity.attributes);
            (name.clone(), EntityDecl { name: name.clone(), attributes, docs: entity.docs.clone() })
        });
        let teams = declared.teams.iter().map(|(name, team)| {
            (name.clone(), TeamDecl { name: name.clone(), members: team.members.clone() })
        });
        Hir {
            project: declared.config.project.clone(),
            events: sorted(events),
            entities: sorted(entities),
            teams: sorted(teams),
            actions,
            segments,
            policy,
            sources,
            workflows,
            tests,
        }
    }

    /// Checks every action of the project, and those of the catalogue that are used.
    fn actions(&mut self) -> IndexMap<Arc<str>, Action> {
        let declared = self.declared;
        let mut checked: IndexMap<Arc<str>, Action> = IndexMap::new();
        for (name, action) in &declared.actions {
            let used = self.used_actions.contains_key(name);
            if action.author == Author::Std && !used {
                continue;
            }
            let found = self.action(name, action);
            checked.extend(found.filter(|_| used).map(|it| (name.clone(), it)));
        }
        checked.sort_keys();
        checked
    }
}

/// Declared fields by name; one whose type was a mistake is left out.
fn field_decls(fields: &Fields) -> Vec<FieldDecl> {
    let mut found: Vec<FieldDecl> = fields
        .values()
        .filter_map(|field| {
            Some(FieldDecl {
                name: field.name.clone(),
                ty: field.ty.clone()?,
                presence: field.presence,
                docs: field.docs.clone(),
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn sorted<T>(items: impl Iterator<Item = (Arc<str>, T)>) -> IndexMap<Arc<str>, T> {
    let mut map: IndexMap<Arc<str>, T> = items.collect();
    map.sort_keys();
    map
}

/// The parameters of an action as the machine sees them.
pub(super) fn param_decls(params: &IndexMap<Arc<str>, crate::declare::Param>) -> Option<Vec<FieldDecl>> {
    params
        .values()
        .map(|param| {
            Some(FieldDecl {
                name: param.name.clone(),
                ty: param.kind.as_ref().map(ParamKind::ty)?,
                presence: param.presence,
                docs: param.docs.clone(),
            })
        })
        .collect()
}
