//! What a file declares, as a tree of names.

use std::ops::Range;

use onward_compiler::syntax::ast::{AstNode, Clause, Decl, Name, SourceItem, Step, TestStmt};
use onward_compiler::syntax::kind::SyntaxNode;

use super::holes;
use crate::snapshot::{File, Sort};

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: String,
    /// More about it, in few words.
    pub(crate) detail: String,
    pub(crate) sort: ItemSort,
    pub(crate) range: Range<usize>,
    /// The name itself; inside `range`.
    pub(crate) selection: Range<usize>,
    pub(crate) inner: Vec<Self>,
}

/// Which sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ItemSort {
    Event,
    Entity,
    Field,
    Template,
    Part,
    Sender,
    Team,
    Workflow,
    Trigger,
    Step,
    Action,
    Parameter,
    Segment,
    Policy,
    Source,
    Test,
    Heading,
    Setting,
}

/// What a file declares.
pub(crate) fn of(file: &File) -> Vec<Item> {
    match file.sort() {
        Sort::Rules => {
            let whole = file.parse().file();
            whole.iter().flat_map(|it| it.declarations()).filter_map(|it| declaration(file, &it)).collect()
        }
        Sort::Markdown | Sort::Html => template(file),
        Sort::Settings => settings(file),
    }
}

fn range(node: &impl AstNode) -> Range<usize> {
    of_node(node.syntax())
}

fn of_node(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}

fn item(node: &impl AstNode, name: &Name, sort: ItemSort, detail: impl Into<String>) -> Item {
    Item {
        name: name.text(),
        detail: detail.into(),
        sort,
        range: range(node),
        selection: range(name),
        inner: Vec::new(),
    }
}

/// Text in the tree on one line, cut short.
fn short(node: &impl AstNode) -> String {
    let text = node.syntax().text().to_string();
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= 60 { line } else { line.chars().take(59).chain(['…']).collect() }
}

/// The first line of what a node without a name says.
fn unnamed(node: &impl AstNode, sort: ItemSort) -> Item {
    let whole = range(node);
    let text = node.syntax().text().to_string();
    let first = text.lines().next().unwrap_or_default().trim_end_matches(['{', ' ']).to_owned();
    let selection = whole.start..whole.start + first.len().min(whole.len());
    Item { name: first, detail: String::new(), sort, range: whole, selection, inner: Vec::new() }
}

fn declaration(file: &File, declaration: &Decl) -> Option<Item> {
    Some(match declaration {
        Decl::Event(it) => Item { inner: fields(it.fields()), ..item(it, &it.name()?, ItemSort::Event, "") },
        Decl::Entity(it) => {
            Item { inner: fields(it.fields()), ..item(it, &it.name()?, ItemSort::Entity, "") }
        }
        Decl::Template(it) => {
            let parts = it.parts().filter_map(|part| Some(item(&part, &part.name()?, ItemSort::Part, "")));
            let channel = it.channel().map(|it| it.text()).unwrap_or_default();
            Item { inner: parts.collect(), ..item(it, &it.name()?, ItemSort::Template, channel) }
        }
        Decl::Sender(it) => item(it, &it.name()?, ItemSort::Sender, ""),
        Decl::Team(it) => item(it, &it.name()?, ItemSort::Team, ""),
        Decl::Segment(it) => {
            let entity = it.entity().map(|it| format!("of {}", it.text())).unwrap_or_default();
            item(it, &it.name()?, ItemSort::Segment, entity)
        }
        Decl::Policy(it) => {
            let rules = it.rules().map(|rule| unnamed(&rule, ItemSort::Setting));
            Item { inner: rules.collect(), ..unnamed(it, ItemSort::Policy) }
        }
        Decl::Source(it) => {
            let events = it.items().filter_map(|it| match it {
                SourceItem::Event(event) => Some(item(&event, &event.event()?, ItemSort::Event, "")),
                SourceItem::When(when) => Some(unnamed(&when, ItemSort::Setting)),
                _ => None,
            });
            Item { inner: events.collect(), ..item(it, &it.name()?, ItemSort::Source, "") }
        }
        Decl::Action(it) => {
            let params = it.params().filter_map(|param| {
                let ty = param.ty().map(|ty| short(&ty)).unwrap_or_default();
                Some(item(&param, &param.name()?, ItemSort::Parameter, ty))
            });
            let name = it.name()?;
            Item {
                name: name.text(),
                detail: String::new(),
                sort: ItemSort::Action,
                range: range(it),
                selection: range(&name),
                inner: params.collect(),
            }
        }
        Decl::Workflow(it) => {
            let mut inner: Vec<Item> = it.clauses().filter_map(|clause| trigger(&clause)).collect();
            steps(it.steps(), &mut inner);
            let title = it.title().map(|it| it.contents().to_owned()).unwrap_or_default();
            let whole = range(it);
            match it.name() {
                Some(name) => Item { inner, ..item(it, &name, ItemSort::Workflow, title) },
                // A bare file is named after the file.
                None => Item {
                    name: stem(&file.path).to_owned(),
                    detail: title,
                    sort: ItemSort::Workflow,
                    selection: whole.start..whole.start,
                    range: whole,
                    inner,
                },
            }
        }
        Decl::Test(it) => {
            let title = it.title()?;
            let expected = it.statements().filter(|it| matches!(it, TestStmt::Expect(_)));
            Item {
                name: title.contents().to_owned(),
                detail: String::new(),
                sort: ItemSort::Test,
                range: range(it),
                selection: title.range().start().into()..title.range().end().into(),
                inner: expected.map(|it| unnamed(&it, ItemSort::Setting)).collect(),
            }
        }
    })
}

/// The name of a file without folder and ending.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

fn fields(fields: impl Iterator<Item = onward_compiler::syntax::ast::Field>) -> Vec<Item> {
    let fields = fields.filter_map(|field| {
        let ty = field.ty().map(|ty| short(&ty)).unwrap_or_default();
        Some(item(&field, &field.name()?, ItemSort::Field, ty))
    });
    fields.collect()
}

fn trigger(clause: &Clause) -> Option<Item> {
    matches!(clause, Clause::On(_) | Clause::Schedule(_)).then(|| unnamed(clause, ItemSort::Trigger))
}

/// Steps with a name, and those inside other steps below them.
fn steps(steps: impl Iterator<Item = Step>, found: &mut Vec<Item>) {
    for step in steps {
        let mut inner = Vec::new();
        self::steps(step_blocks(&step), &mut inner);
        match step.label() {
            Some(label) => {
                let act = short(&step);
                let act = act.split_once(": ").map_or(String::new(), |(_, act)| act.to_owned());
                found.push(Item { inner, ..item(&step, &label, ItemSort::Step, act) });
            }
            None => found.append(&mut inner),
        }
    }
}

/// The steps right inside a step.
pub(crate) fn step_blocks(step: &Step) -> impl Iterator<Item = Step> + use<> {
    let blocks: Vec<_> = match step {
        Step::If(it) => it.arms().filter_map(|arm| arm.block()).chain(it.otherwise()).collect(),
        Step::WaitFor(it) => it.block().into_iter().chain(it.otherwise()).collect(),
        Step::Split(it) => it.arms().filter_map(|arm| arm.block()).collect(),
        Step::Repeat(it) => it.block().into_iter().collect(),
        Step::Do(_) | Step::Let(_) | Step::Wait(_) | Step::WaitUntil(_) | Step::Stop(_) => Vec::new(),
    };
    blocks.into_iter().flat_map(|block| block.steps())
}

fn template(file: &File) -> Vec<Item> {
    let layout = holes::layout(&file.text);
    let settings = layout.settings.iter().map(|(key, value)| Item {
        name: file.text.get(key.clone()).unwrap_or_default().to_owned(),
        detail: file.text.get(value.clone()).unwrap_or_default().to_owned(),
        sort: ItemSort::Part,
        range: key.start..value.end,
        selection: key.clone(),
        inner: Vec::new(),
    });
    let mut found: Vec<Item> = settings.collect();
    if file.sort() == Sort::Markdown {
        let body = file.text.get(layout.body.clone()).unwrap_or_default();
        found.extend(holes::lines(body).filter_map(|(at, line)| heading(layout.body.start + at, line)));
    }
    found
}

/// `# Heading`
fn heading(at: usize, line: &str) -> Option<Item> {
    let name = line.trim_start_matches('#');
    let level = line.len() - name.len();
    let name = name.strip_prefix(' ').filter(|_| (1..=6).contains(&level))?.trim();
    let range = at..at + line.trim_end().len();
    (!name.is_empty()).then(|| Item {
        name: name.to_owned(),
        detail: String::new(),
        sort: ItemSort::Heading,
        selection: range.clone(),
        range,
        inner: Vec::new(),
    })
}

/// The tables and keys of `onward.toml`.
fn settings(file: &File) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    for (at, line) in holes::lines(&file.text) {
        let text = line.trim_end();
        let range = at..at + text.len();
        let name = match (text.strip_prefix('['), text.split_once('=')) {
            (Some(table), _) => table.trim_end_matches(']').trim_start_matches('[').to_owned(),
            (None, Some((key, _))) if !key.trim_start().starts_with('#') => key.trim().to_owned(),
            _ => continue,
        };
        let item = Item {
            name,
            detail: String::new(),
            sort: ItemSort::Setting,
            selection: range.clone(),
            range,
            inner: Vec::new(),
        };
        match found.last_mut() {
            Some(table)
                if !text.starts_with('[')
                    && file.text.get(table.selection.clone()).is_some_and(|it| it.starts_with('[')) =>
            {
                table.range.end = item.range.end;
                table.inner.push(item);
            }
            _ => found.push(item),
        }
    }
    found
}
