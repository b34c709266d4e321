//! Gives something a name of its own: a condition becomes a segment, a message a template.

use std::ops::Range;

use onward_compiler::syntax::ast::{self, AstNode, Decl, Expr, StringExpr};
use onward_compiler::syntax::kind::SyntaxKind::*;
use onward_compiler::syntax::kind::SyntaxNode;

use super::{Action, ActionSort, Place, bytes};
use crate::features::Edit;

/// `if contact.status = "trial"` → `segment … of contact where …` and `if contact in …`
pub(super) fn condition(place: &Place<'_>) -> Option<Action> {
    let condition = whole_condition(place)?;
    let workflow: ast::WorkflowDecl = place.around()?;
    if workflow.is_bare() {
        return None;
    }
    let subject = workflow.subject().map_or_else(|| "contact".to_owned(), |it| it.text());
    if !reads_only(condition.syntax(), &subject) {
        return None;
    }
    let name = free_name(place, "some_people");
    let text = place.text(condition.syntax());
    let declaration = format!("segment {name} of {subject} where {text}\n\n");
    let edits = vec![
        Edit::insert(start_of(workflow.syntax()), declaration),
        Edit::new(bytes(condition.syntax()), format!("{subject} in {name}")),
    ];
    Some(place.edits(&format!("Extract the condition to the segment `{name}`"), ActionSort::Extract, edits))
}

/// The whole condition around a place.
fn whole_condition(place: &Place<'_>) -> Option<Expr> {
    let mut found = None;
    for node in place.token.parent_ancestors() {
        match node.kind() {
            WHERE | IF_ARM | EXIT_WHEN_CLAUSE | UNTIL => return found,
            BLOCK | WORKFLOW_DECL => return None,
            _ => found = Expr::cast(node).or(found),
        }
    }
    None
}

/// Whether a condition asks about nobody but `subject`, and nothing that happens to a run.
fn reads_only(condition: &SyntaxNode, subject: &str) -> bool {
    condition.descendants().all(|node| match ast::PathExpr::cast(node.clone()) {
        Some(path) => {
            let mut names = path.names();
            let first = names.next().map(|it| it.text());
            first.as_deref() == Some(subject) && names.next().is_some() || is_name_of_group(&node)
        }
        None => !matches!(node.kind(), CALL_EXPR | REQUEST_EXPR),
    })
}

/// Whether a name stands behind `in`, as that of a segment or a team.
fn is_name_of_group(path: &SyntaxNode) -> bool {
    let binary = path.parent().and_then(ast::BinaryExpr::cast);
    binary.is_some_and(|it| {
        matches!(it.op(), Some(ast::BinaryOp::In | ast::BinaryOp::NotIn))
            && it.right().is_some_and(|right| right.syntax() == path)
    })
}

/// `do sms "Hi {{ … }}"` → `template … sms { text "…" }` and `do sms …`
pub(super) fn message(place: &Place<'_>) -> Option<Action> {
    let text: StringExpr = place.around()?;
    let effect: ast::EffectAct = place.around()?;
    let parent = text.syntax().parent()?;
    if !matches!(parent.kind(), EFFECT_ACT | ARGUMENT) {
        return None;
    }
    let action = effect.name()?.text();
    // The text of a mail is a part of an object, and a template of mail has a subject, too.
    let channel = match action.as_str() {
        "email" => return None,
        "sms" => "sms",
        _ => "text",
    };
    let label = ast::Argument::cast(parent).and_then(|it| it.name()).map(|it| it.text());
    if label.as_ref().is_some_and(|it| !matches!(it.as_str(), "text" | "body" | "message")) {
        return None;
    }
    let workflow: ast::WorkflowDecl = place.around()?;
    if workflow.is_bare() {
        return None;
    }
    let name = free_name(place, &format!("{}_text", action.replace('.', "_")));
    let declaration = format!("template {name} {channel} {{\n  text {}\n}}\n\n", place.text(text.syntax()));
    let edits = vec![
        Edit::insert(start_of(workflow.syntax()), declaration),
        Edit::new(bytes(text.syntax()), name.clone()),
    ];
    Some(place.edits(&format!("Extract the message to the template `{name}`"), ActionSort::Extract, edits))
}

/// Where a declaration begins, its documentation included.
pub(super) fn start_of(declaration: &SyntaxNode) -> usize {
    let mut start = bytes(declaration).start;
    let mut at = declaration.prev_sibling_or_token();
    while let Some(found) = at {
        let range: Range<usize> = found.text_range().start().into()..found.text_range().end().into();
        match found.kind() {
            DOC | COMMENT => start = range.start,
            WHITESPACE if found.as_token().is_some_and(|it| it.text().matches('\n').count() < 2) => {}
            _ => break,
        }
        at = found.prev_sibling_or_token();
    }
    start
}

/// `wanted`, or that with a number, so that nothing in the project is called so.
pub(super) fn free_name(place: &Place<'_>, wanted: &str) -> String {
    let taken: Vec<String> = place
        .project
        .files()
        .iter()
        .filter_map(|file| file.parse().file())
        .flat_map(|file| file.declarations().filter_map(|it| name_of(&it)).collect::<Vec<_>>())
        .collect();
    let mut name = wanted.to_owned();
    let mut number = 1;
    while taken.contains(&name) {
        number += 1;
        name = format!("{wanted}_{number}");
    }
    name
}

fn name_of(declaration: &Decl) -> Option<String> {
    let name = match declaration {
        Decl::Template(it) => it.name(),
        Decl::Segment(it) => it.name(),
        Decl::Sender(it) => it.name(),
        Decl::Team(it) => it.name(),
        Decl::Entity(it) => it.name(),
        Decl::Workflow(it) => it.name(),
        Decl::Event(it) => it.name(),
        _ => None,
    };
    name.map(|it| it.text())
}
