//! What stands between the lines: what a bare name means, when a wait would end, as how many
//! messages a text goes out.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use onward_compiler::message::{self, SegmentKind};
use onward_compiler::syntax::Parse;
use onward_compiler::syntax::ast::{Act, AstNode, DoStep, Expr, Step};
use onward_compiler::syntax::kind::SyntaxKind;
use onward_compiler::uses::{Role, Thing};

use super::hover::time;
use super::names::known::{self, DeclaredSort, World};
use super::{holes, names};
use crate::snapshot::{File, Project, Sort};

/// Words that are shown but do not stand in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hint {
    pub(crate) at: usize,
    pub(crate) text: String,
    pub(crate) tip: String,
    pub(crate) side: Side,
}

/// To what a hint belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The word after it.
    Before,
    /// The words before it.
    After,
}

/// The hints of a stretch of a file.
pub(crate) fn of(project: &Project, file: &File, range: &Range<usize>, now: Timestamp) -> Vec<Hint> {
    let mut found = owners(project, file, range);
    if file.sort() == Sort::Rules {
        found.extend(waits(project, file, range, now));
        found.extend(texts(project, file, range));
    }
    found.sort_by_key(|it| it.at);
    found
}

/// Names that stand bare, with what holds what they mean.
pub(crate) fn owners(project: &Project, file: &File, range: &Range<usize>) -> Vec<Hint> {
    let Some(number) = project.number(&file.path) else { return Vec::new() };
    let parses = parses(file);
    let mut found: Vec<Hint> = Vec::new();
    let mut owners: BTreeSet<&str> = BTreeSet::new();
    let mut uses = names::in_file(project, number).iter().peekable();
    while let Some(it) = uses.next() {
        match &it.thing {
            _ if it.role == Role::Declares => {}
            Thing::Field { event, .. } => {
                owners.insert(event);
            }
            Thing::Attribute { entity, .. } => {
                owners.insert(entity);
            }
            _ => {}
        }
        if uses.peek().is_some_and(|next| next.span == it.span) {
            continue;
        }
        let owners = std::mem::take(&mut owners);
        let place = it.span.range();
        if owners.is_empty() || !range.contains(&place.start) {
            continue;
        }
        let holder = |parse: &&Parse| {
            let start = parse.origin().offset as usize;
            let end = start + usize::from(parse.syntax().text_range().end());
            (start..end).contains(&place.start)
        };
        // The innermost: a hole lies inside the file.
        let parse = parses.iter().rev().find(holder);
        if parse.is_none_or(|it| !names::is_bare(it, place.clone())) {
            continue;
        }
        let all: Vec<&str> = owners.into_iter().collect();
        let text = if let [one] = all.as_slice() { format!("{one}.") } else { "event.".to_owned() };
        let tip = format!("looked up in {}", all.join(", "));
        found.push(Hint { at: place.start, text, tip, side: Side::Before });
    }
    found
}

/// Every tree of a file: its own, and those of holes.
fn parses(file: &File) -> Vec<Parse> {
    if file.sort() != Sort::Rules {
        return holes::in_template(file).into_iter().filter_map(|it| it.value).collect();
    }
    let whole = file.parse();
    let mut found = vec![whole.clone()];
    let tokens = whole.syntax().descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    for literal in tokens.filter_map(onward_compiler::syntax::ast::StringLit::cast) {
        found.extend(holes::in_literal(whole.origin(), &literal).into_iter().filter_map(|it| it.value));
    }
    found
}

/// When each wait would end if it began now.
fn waits(project: &Project, file: &File, range: &Range<usize>, now: Timestamp) -> Vec<Hint> {
    let zone_name = known::zone(project);
    let Ok(zone) = TimeZone::get(&zone_name) else { return Vec::new() };
    let steps = file.parse().syntax().descendants().filter_map(Step::cast);
    let hints = steps.filter_map(|step| {
        let end = time::end(&step, now, &zone)?;
        let at = match &step {
            Step::WaitFor(it) => it.up_to()?.syntax().text_range().end(),
            it => it.syntax().text_range().end(),
        };
        let text = format!("→ {}", time::brief(end, &zone));
        let tip = format!("when it would end for somebody in {zone_name}, if it began now");
        Some(Hint { at: at.into(), text, tip, side: Side::After })
    });
    hints.filter(|it| range.contains(&it.at) || range.end == it.at).collect()
}

/// As how many text messages a text goes out.
fn texts(project: &Project, file: &File, range: &Range<usize>) -> Vec<Hint> {
    let world = World::of(project);
    let parse = file.parse();
    let mut found = Vec::new();
    for step in
        parse.syntax().descendants().filter(|it| it.kind() == SyntaxKind::DO_STEP).filter_map(DoStep::cast)
    {
        let Some(Act::Effect(act)) = step.act() else { continue };
        let Some(Expr::String(text)) = act.first() else { continue };
        let name = act.name().map(|it| it.text()).unwrap_or_default();
        let is_sms = world.get(DeclaredSort::Action, &name).is_some_and(|it| it.of == "sms");
        let Some(literal) = text.literal().filter(|_| is_sms) else { continue };
        let at = usize::from(literal.range().end());
        if !range.contains(&at) && range.end != at {
            continue;
        }
        let mut words = String::new();
        let mut open = false;
        for segment in message::of_literal(parse.origin(), &literal).segments {
            match segment.kind {
                SegmentKind::Text(text) => words.push_str(&text),
                _ => open = true,
            }
        }
        let count = message::text_messages(&words).max(1);
        let more = if open { "+" } else { "" };
        let text = format!("{count}{more} SMS");
        let tip = if open { "not counting what its values add" } else { "as it is sent" };
        found.push(Hint { at, text, tip: tip.to_owned(), side: Side::After });
    }
    found
}

/// A name of which a debugger may ask the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) range: Range<usize>,
    /// Its whole path.
    pub(crate) path: String,
}

/// The values that are read in a stretch of a file.
pub(crate) fn values(project: &Project, file: &File, range: &Range<usize>) -> Vec<Asked> {
    let bare: Vec<Hint> = owners(project, file, range);
    let paths = parses(file).into_iter().flat_map(|parse| {
        let offset = parse.origin().offset as usize;
        let nodes = parse.syntax().descendants().filter(|it| it.kind() == SyntaxKind::PATH_EXPR);
        nodes
            .map(move |it| {
                let range = it.text_range();
                (
                    offset + usize::from(range.start())..offset + usize::from(range.end()),
                    it.text().to_string(),
                )
            })
            .collect::<Vec<_>>()
    });
    let found = paths.filter(|(place, _)| range.contains(&place.start)).filter_map(|(place, path)| {
        let owner = bare.iter().find(|it| it.at == place.start);
        let is_value = owner.is_some() || path.contains('.');
        is_value.then(|| Asked { path: format!("{}{path}", owner.map_or("", |it| &it.text)), range: place })
    });
    found.collect()
}
