//! Tells a first story about a workflow: a test to begin with.

use onward_compiler::syntax::ast::{self, Act, AstNode, Clause, Decl, Step, Trigger, TypeExpr};

use super::{Action, ActionSort, Place, bytes};
use crate::features::Edit;
use crate::features::outline::step_blocks;
use crate::snapshot::catalogue;

/// A test of the workflow whose first line the place is on.
pub(super) fn test(place: &Place<'_>) -> Option<Action> {
    let workflow: ast::WorkflowDecl = place.around()?;
    let whole = bytes(workflow.syntax());
    let first = place.file.text.get(whole.clone())?.lines().next()?.len();
    let here = usize::from(place.token.text_range().start());
    if workflow.is_bare() || here > whole.start + first {
        return None;
    }
    let name = workflow.name()?.text();
    let what = workflow.clauses().find_map(|clause| happens(place, &clause))?;
    let mut expected = Vec::new();
    expectations(workflow.steps(), &mut expected);
    let mut text = format!("\n\ntest \"{} works\" {{\n", name.replace('_', " "));
    text.push_str("  at 2026-03-02 09:00\n  contact ana { email: \"ana@example.com\" }\n");
    text.push_str(&what);
    text.push_str("  after 30 days\n");
    for line in expected {
        text.push_str(&format!("  expect {line}\n"));
    }
    text.push_str(&format!("  expect run of {name} finished\n}}\n"));
    let end = place.file.text.len().min(whole.end);
    // What ends the line is there already.
    let text = text.trim_end_matches('\n').to_owned();
    Some(place.edits(&format!("Write a test of `{name}`"), ActionSort::Other, vec![Edit::insert(end, text)]))
}

/// The line of a test that starts the workflow.
fn happens(place: &Place<'_>, clause: &Clause) -> Option<String> {
    let Clause::On(on) = clause else { return None };
    match on.trigger()? {
        Trigger::Event(event) => {
            let name = event.name()?.text();
            let fields = fields(place, &name)?;
            let fields =
                if fields.is_empty() { String::new() } else { format!(" {{ {} }}", fields.join(", ")) };
            Some(format!("  ana {name}{fields}\n"))
        }
        // Naming a contact makes it.
        Trigger::Created(created) => (created.name()?.text() == "contact").then(String::new),
        _ => None,
    }
}

/// What an event must have.
fn fields(place: &Place<'_>, event: &str) -> Option<Vec<String>> {
    let files = place.project.files().iter().chain(catalogue());
    let declared = files.filter_map(|it| it.parse().file()).find_map(|file| {
        file.declarations().find_map(|it| match it {
            Decl::Event(it) => it.name().is_some_and(|name| name.text() == event).then_some(it),
            _ => None,
        })
    })?;
    let required = declared.fields().filter_map(|field| {
        let value = example(&field.ty()?)?;
        Some(format!("{}: {value}", field.name()?.text()))
    });
    Some(required.collect())
}

/// A value of a type; none if it may be left out.
fn example(ty: &TypeExpr) -> Option<String> {
    Some(match ty {
        TypeExpr::Optional(_) => return None,
        TypeExpr::List(_) => "[]".to_owned(),
        TypeExpr::TextSet(_) | TypeExpr::Ordered(_) => {
            let tokens = ty.syntax().descendants_with_tokens().filter_map(|it| it.into_token());
            tokens.filter(|it| it.kind().is_string()).map(|it| it.text().to_owned()).next()?
        }
        TypeExpr::Named(named) => match named.syntax().text().to_string().trim() {
            "number" => "1".to_owned(),
            "bool" | "yes_no" => "true".to_owned(),
            "date" => "2026-03-02".to_owned(),
            "time" => "09:00".to_owned(),
            "datetime" | "moment" => "now".to_owned(),
            "duration" => "1 day".to_owned(),
            "email" => "\"ana@example.com\"".to_owned(),
            "phone" => "\"+15550100\"".to_owned(),
            "url" => "\"https://example.com\"".to_owned(),
            "json" => "{}".to_owned(),
            "contact" => "ana".to_owned(),
            _ => "\"…\"".to_owned(),
        },
    })
}

/// What a run sends, if it goes the whole way: steps inside `if` and `wait for` are left out.
fn expectations(steps: impl Iterator<Item = Step>, found: &mut Vec<String>) {
    for step in steps {
        let Step::Do(it) = &step else {
            if matches!(step, Step::Repeat(_)) {
                expectations(step_blocks(&step), found);
            }
            continue;
        };
        let (Some(Act::Effect(effect)), None) = (it.act(), it.condition()) else { continue };
        let Some(name) = effect.name() else { continue };
        let template = match effect.first() {
            Some(ast::Expr::Path(path)) if path.names().count() == 1 => format!(" {}", path.text()),
            _ => String::new(),
        };
        let line = format!("{}{template}", name.text());
        if !found.contains(&line) {
            found.push(line);
        }
    }
}
