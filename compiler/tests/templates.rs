//! What templates become: the parts of their subject, text and HTML.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use onward_bytecode::{Constant, Pipe};
use onward_compiler::hir::{Act, Expr, ExprKind, Hir, Part, StepKind};
use onward_compiler::project::Project;

const EVENT: &str = "event order { plan: text, url: url, items: list of text, note: text? }\n";

fn checked(files: &[(&str, &str)]) -> (Hir, Vec<String>) {
    let checked = Project::read(files.iter().copied()).parse().check();
    let text = |it: &onward_compiler::diagnostic::Diagnostic| format!("{}: {}", it.code, it.message);
    let said = checked.diagnostics.iter().map(text).collect();
    match checked.hir {
        Some(hir) => (hir, said),
        None => panic!("{said:#?}"),
    }
}

/// A member of the first argument of the only step of the only workflow.
fn member(hir: &Hir, name: &str) -> String {
    let step = hir.workflows.values().next().unwrap().steps.first().unwrap();
    let StepKind::Do { act: Act::Effect { arguments, .. }, .. } = &step.kind else { panic!("{step:?}") };
    let ExprKind::Object(members) = &arguments.first().unwrap().kind else { panic!("{arguments:?}") };
    let (_, value) = members.iter().find(|(it, _)| **it == *name).unwrap();
    shown(value)
}

fn shown(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Constant(Constant::Text(text)) => text.to_string(),
        ExprKind::Message(parts) => parts.iter().map(part).collect(),
        ExprKind::Pipe(Pipe::UrlEncode, value, _) => format!("url:{}", shown(value)),
        ExprKind::Pipe(pipe, value, _) => format!("{}:{}", pipe.name(), shown(value)),
        ExprKind::Field { name, .. } => name.to_string(),
        ExprKind::Attribute(_, name) => format!(".{name}"),
        ExprKind::Default(value, other) => format!("{}|{}", shown(value), shown(other)),
        ExprKind::Var(var) => format!("item{}", var.0),
        ExprKind::IsSet(value) => format!("{}?", shown(value)),
        other => panic!("{other:?}"),
    }
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => text.to_string(),
        Part::Value(value) => format!("«{}»", shown(value)),
        Part::Escaped(value) => format!("‹{}›", shown(value)),
        Part::If(branches, otherwise) => {
            let branches =
                branches.iter().map(|(condition, parts)| format!("[{}: {}]", shown(condition), all(parts)));
            format!("{}[else: {}]", branches.collect::<String>(), all(otherwise))
        }
        Part::For(var, list, parts) => format!("[item{} in {}: {}]", var.0, shown(list), all(parts)),
    }
}

fn all(parts: &[Part]) -> String {
    parts.iter().map(part).collect()
}

fn mail(template: &str) -> Hir {
    let rules = format!("{EVENT}workflow w {{ on order do email page }}");
    let (hir, said) = checked(&[("rules.onward", &rules), ("templates/page.md", template)]);
    assert!(said.is_empty(), "{said:?}");
    hir
}

/// The HTML without the page around it.
fn body(html: &str) -> &str {
    html.split("line-height:1.5\">\n").nth(1).unwrap().split("</div>").next().unwrap()
}

#[test]
fn markdown_makes_html_and_text() {
    let hir = mail(
        "---\nsubject: Your {{ event.plan | upper }} plan\n---\n# Hello\n\nYou chose **{{ event.plan }}**.\n\n{% if event.note is set %}\n> {{ event.note }}\n{% else %}\nNo note.\n{% end %}\n\n{% for item in event.items %}\n- {{ item }}\n{% end %}\n\nBye.\n",
    );
    assert_eq!(member(&hir, "subject"), "Your «upper:plan» plan");
    assert_eq!(
        member(&hir, "text"),
        "Hello\n\nYou chose «plan».\n\n[note?: > «note»\n\n][else: No note.\n\n][item0 in items: - «item0»\n\n]Bye.\n"
            .replace("item0", "item1")
    );
    let html = member(&hir, "html");
    assert_eq!(
        body(&html),
        "<h1>Hello</h1>\n<p>You chose <strong>‹plan›</strong>.</p>\n[note?: <blockquote>\n<p>‹note›</p>\n</blockquote>\n][else: <p>No note.</p>\n][item0 in items: <ul>\n<li>‹item0›</li>\n</ul>\n]<p>Bye.</p>\n"
    );
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
}

#[test]
fn holes_in_links_cannot_leave_their_place() {
    let hir = mail(
        "---\nsubject: x\n---\n[a](https://x.example/?p={{ event.plan }}&q={{ event.plan | url_encode }}) [b]({{ event.url }}) ![c](https://x.example/{{ event.plan }}.png \"{{ event.plan }}\")\n",
    );
    let html = member(&hir, "html");
    assert_eq!(
        body(&html),
        "<p><a href=\"https://x.example/?p=«url:plan»&amp;q=«url:plan»\">a</a> <a href=\"‹url›\">b</a> <img src=\"https://x.example/«url:plan».png\" alt=\"c\" title=\"‹plan›\" /></p>\n"
    );
    assert!(member(&hir, "text").starts_with("a (https://x.example/?p=«url:plan»&q=«url:plan») b («url»)"));
}

#[test]
fn an_html_template_keeps_its_page() {
    let rules = format!("{EVENT}workflow w {{ on order do email page }}");
    let page = "---\nsubject: x\npreheader: Soon & {{ event.plan }}\n---\n<html><body class=\"a\">\n<h1>Hi {{ event.plan }}</h1>\n<p>{{ event.plan | safe }} <a href=\"{{ event.url }}\">go</a></p>\n</body></html>\n";
    let (hir, _) = checked(&[("rules.onward", &rules), ("templates/page.html", page)]);
    assert_eq!(
        member(&hir, "html"),
        "<html><body class=\"a\"><div style=\"display:none;max-height:0;overflow:hidden\">Soon &amp; ‹plan›</div>\n<h1>Hi ‹plan›</h1>\n<p>«safe:plan» <a href=\"‹url›\">go</a></p>\n</body></html>\n"
    );
    assert_eq!(member(&hir, "text"), "Hi «plan»\n\n«safe:plan» go («url»)\n");
}

#[test]
fn a_text_of_its_own_takes_the_place_of_the_one_that_is_made() {
    let hir = mail(
        "---\nsubject: x\ntext: Read {{ event.plan }} as HTML.\nreply_to: ana@example.com\nfrom: Ana <ana@example.com>\n---\n*Hi*\n",
    );
    assert_eq!(member(&hir, "text"), "Read «plan» as HTML.");
    assert_eq!(member(&hir, "from"), "Ana <ana@example.com>");
    assert_eq!(member(&hir, "reply_to"), "ana@example.com");
}

#[test]
fn a_template_in_a_rule_file_loses_its_indentation() {
    let rules = format!(
        "{EVENT}template page email {{\n  subject \"x\"\n  markdown \"\"\"\n    Hello,\n\n        code\n\n    bye\n    \"\"\"\n}}\nworkflow w {{ on order do email page }}"
    );
    let (hir, _) = checked(&[("rules.onward", &rules)]);
    assert_eq!(member(&hir, "text"), "Hello,\n\n    code\n\nbye\n");
}
