//! Declares what is used and not declared.

use std::ops::Range;

use onward_compiler::codes;
use onward_compiler::diagnostic::Diagnostic;
use onward_compiler::syntax::ast::{AstNode, Decl, EntityDecl};

use super::{Action, ActionSort, bytes};
use crate::features::{Change, Edit, fix};
use crate::snapshot::{File, Project, Sort};

/// `entity contact { shoe_size: text }` for an attribute that there is not.
pub(super) fn attribute(project: &Project, file: &File, range: Range<usize>) -> Vec<Action> {
    let missing = fix::mistakes(project, file, range).filter_map(missing_attribute);
    missing.filter_map(|(entity, name)| declare(project, file, &entity, &name)).collect()
}

/// The entity and the attribute that it has not got.
fn missing_attribute(mistake: &Diagnostic) -> Option<(String, String)> {
    if mistake.code != codes::UNKNOWN_FIELD {
        return None;
    }
    let (entity, rest) = mistake.message.split_once(" has no attribute `")?;
    let entity = entity.split_whitespace().last()?.trim_matches('`');
    Some((entity.to_owned(), rest.strip_suffix('`')?.to_owned()))
}

fn declare(project: &Project, file: &File, entity: &str, name: &str) -> Option<Action> {
    let title = format!("Declare the attribute `{name}` of `{entity}`");
    let declared = project.files().iter().filter(|it| it.sort() == Sort::Rules).find_map(|file| {
        let declaration = declaration(file, entity)?;
        Some((file, declaration))
    });
    let (uri, edit) = match declared {
        Some((file, declaration)) => {
            let last = declaration.syntax().last_token().filter(|it| it.text() == "}")?;
            let end = usize::from(last.text_range().start());
            let before = file.text.get(bytes(declaration.syntax()).start..end)?;
            let text =
                if before.contains('\n') { format!("  {name}: text\n") } else { format!(" {name}: text ") };
            let at = if before.contains('\n') {
                end
            } else {
                bytes(declaration.syntax()).start + before.trim_end().len()
            };
            let text = if before.contains('\n') { text } else { text.trim_end().to_owned() };
            (file.uri.clone(), Edit::insert(at, text))
        }
        None => {
            // A file that is one workflow cannot hold anything else.
            let whole = file.parse().file()?;
            if whole.declarations().any(|it| matches!(it, Decl::Workflow(it) if it.is_bare())) {
                return None;
            }
            let text = file.text.trim_end();
            let declaration = format!("\n\nentity {entity} {{\n  {name}: text\n}}\n");
            (file.uri.clone(), Edit::new(text.len()..file.text.len(), declaration))
        }
    };
    Some(Action { title, sort: ActionSort::Fix, changes: vec![Change::Edits(uri, vec![edit])] })
}

/// Where a file declares an entity.
fn declaration(file: &File, entity: &str) -> Option<EntityDecl> {
    file.parse().file()?.declarations().find_map(|it| match it {
        Decl::Entity(it) => it.name().is_some_and(|name| name.text() == entity).then_some(it),
        _ => None,
    })
}
