//! What could stand at a place: only what has a meaning there.

mod expression;
pub(crate) mod place;
mod settings;
mod statement;
pub(crate) mod words;

use std::ops::Range;

use super::holes;
use super::names::known::{DeclaredSort, Holds, Member, Scope, World};
use super::outline::stem;
use crate::snapshot::{File, Project, Sort};
use place::Place;
use words::Word;

/// Something that could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) label: String,
    pub(crate) sort: ItemSort,
    pub(crate) detail: String,
    /// What is written; with places to fill in as snippets have them, if it has some.
    pub(crate) insert: String,
    /// Whose it is, for its documentation.
    pub(crate) of: String,
    /// Lower comes first.
    pub(crate) rank: u8,
    /// What it replaces.
    pub(crate) range: Range<usize>,
}

/// Which sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ItemSort {
    Keyword,
    Event,
    Field,
    Entity,
    Attribute,
    Template,
    Sender,
    Team,
    Action,
    Label,
    Segment,
    Workflow,
    Source,
    Topic,
    Channel,
    Value,
    Unit,
    Pipe,
    Function,
    Setting,
    Secret,
    Type,
    Name,
    Step,
}

/// Gathers what could stand at a place.
pub(crate) struct Offer<'s> {
    pub(crate) world: World<'s>,
    pub(crate) scope: Scope,
    range: Range<usize>,
    items: Vec<Item>,
}

/// What could stand at a byte.
pub(crate) fn at(project: &Project, file: &File, offset: usize) -> Vec<Item> {
    if file.sort() == Sort::Settings {
        return settings::in_toml(project, file, offset);
    }
    if holes::is_template(file)
        && place::in_front_matter(&file.text, offset)
        && Place::at(file, offset).is_none()
    {
        return settings::in_front_matter(project, file, offset);
    }
    let Some(place) = Place::at(file, offset) else { return Vec::new() };
    let world = World::of(project);
    let scope = scope(&world, file, offset);
    let mut offer = Offer { world, scope, range: place.word.clone(), items: Vec::new() };
    statement::fill(&mut offer, &place);
    offer.finish()
}

/// What names mean at a place.
fn scope(world: &World<'_>, file: &File, offset: usize) -> Scope {
    if holes::is_template(file) {
        return world.template_scope(stem(&file.path));
    }
    let known = file.known();
    let around =
        known.workflows.iter().rev().find(|it| it.range.start <= offset && offset <= it.range.end + 1);
    if let Some(workflow) = around {
        return workflow.scope.clone();
    }
    let declared = known.declared.iter().find(|it| it.range.start <= offset && offset <= it.range.end + 1);
    match declared {
        Some(it) if it.sort == DeclaredSort::Segment => Scope { subject: it.of.clone(), ..Scope::default() },
        Some(it) if it.sort == DeclaredSort::Template => world.template_scope(&it.name),
        Some(_) => Scope::default(),
        // A workflow that the parser could not finish ends before the place.
        None => {
            let before = known.workflows.iter().rev().find(|it| it.range.start <= offset);
            before.map_or_else(
                || Scope { subject: "contact".into(), ..Scope::default() },
                |it| it.scope.clone(),
            )
        }
    }
}

/// The documentation of something that was offered.
pub(crate) fn docs(project: &Project, sort: ItemSort, of: &str, label: &str) -> Option<String> {
    let world = World::of(project);
    let of_member =
        |members: &[&Member]| members.iter().find(|it| it.name == label).map(|it| it.docs.clone());
    let declared = |sort| world.get(sort, label).map(|it| it.docs.clone());
    let docs = match sort {
        ItemSort::Keyword => words::explained(label).map(str::to_owned),
        ItemSort::Event => declared(DeclaredSort::Event),
        ItemSort::Entity => declared(DeclaredSort::Entity),
        ItemSort::Template => declared(DeclaredSort::Template),
        ItemSort::Sender => declared(DeclaredSort::Sender),
        ItemSort::Team => declared(DeclaredSort::Team),
        ItemSort::Action => declared(DeclaredSort::Action),
        ItemSort::Segment => declared(DeclaredSort::Segment),
        ItemSort::Source => declared(DeclaredSort::Source),
        ItemSort::Workflow => world.workflows().find(|it| it.name == label).map(|it| it.docs.clone()),
        ItemSort::Field => of_member(&world.fields(of).iter().collect::<Vec<_>>()),
        ItemSort::Attribute => of_member(&world.attributes(of)),
        ItemSort::Label => {
            let action = world.get(DeclaredSort::Action, of);
            action.and_then(|it| of_member(&it.members.iter().collect::<Vec<_>>()))
        }
        ItemSort::Function => Some(words::function(label).to_owned()),
        _ => None,
    };
    docs.filter(|it| !it.is_empty())
}

impl Offer<'_> {
    fn finish(mut self) -> Vec<Item> {
        self.items.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
        let mut seen = std::collections::BTreeSet::new();
        self.items.retain(|it| seen.insert((it.label.clone(), it.sort)));
        self.items
    }

    fn add(&mut self, sort: ItemSort, label: impl Into<String>, detail: impl Into<String>, rank: u8) {
        self.add_of(sort, label, detail, rank, "");
    }

    fn add_of(
        &mut self,
        sort: ItemSort,
        label: impl Into<String>,
        detail: impl Into<String>,
        rank: u8,
        of: &str,
    ) {
        let label = label.into();
        self.items.push(Item {
            insert: label.clone(),
            label,
            sort,
            detail: detail.into(),
            of: of.to_owned(),
            rank,
            range: self.range.clone(),
        });
    }

    fn snippet(
        &mut self,
        sort: ItemSort,
        label: &str,
        detail: impl Into<String>,
        insert: impl Into<String>,
        rank: u8,
    ) {
        self.add(sort, label, detail, rank);
        if let Some(item) = self.items.last_mut() {
            item.insert = insert.into();
        }
    }

    fn words(&mut self, words: &[Word], rank: u8) {
        for word in words {
            self.snippet(ItemSort::Keyword, word.label, word.docs, word.snippet, rank);
        }
    }

    fn keywords(&mut self, words: &[&str], rank: u8) {
        for word in words {
            self.add(ItemSort::Keyword, *word, "", rank);
        }
    }

    /// Everything of a sort.
    fn declared(&mut self, sort: DeclaredSort, rank: u8) {
        self.declared_of(sort, None, rank);
    }

    /// Everything of a sort that belongs to this.
    fn declared_of(&mut self, sort: DeclaredSort, of: Option<&str>, rank: u8) {
        let found: Vec<_> = self.world.all(sort).filter(|it| of.is_none_or(|of| it.of == of)).collect();
        for it in found {
            let (sort, detail) = match sort {
                DeclaredSort::Event if it.of.is_empty() => (ItemSort::Event, "event".to_owned()),
                DeclaredSort::Event => (ItemSort::Event, format!("event about {}", it.of)),
                DeclaredSort::Entity => (ItemSort::Entity, "entity".to_owned()),
                DeclaredSort::Template => (ItemSort::Template, format!("template {}", it.of)),
                DeclaredSort::Sender => (ItemSort::Sender, "sender".to_owned()),
                DeclaredSort::Team => (ItemSort::Team, "team".to_owned()),
                DeclaredSort::Action => (ItemSort::Action, "action".to_owned()),
                DeclaredSort::Segment => (ItemSort::Segment, format!("segment of {}", it.of)),
                DeclaredSort::Source => (ItemSort::Source, "source".to_owned()),
                DeclaredSort::Topic => (ItemSort::Topic, "topic".to_owned()),
            };
            self.add(sort, it.name.clone(), detail, rank);
        }
    }

    fn workflows(&mut self, rank: u8) {
        let found: Vec<_> = self.world.workflows().map(|it| (it.name.clone(), it.title.clone())).collect();
        for (name, title) in found {
            self.add(ItemSort::Workflow, name, title, rank);
        }
    }

    fn labels(&mut self, workflow: Option<&str>, rank: u8) {
        let workflows = self.world.workflows().filter(|it| workflow.is_none_or(|name| it.name == name));
        let found: Vec<String> = workflows.flat_map(|it| it.labels.clone()).collect();
        for label in found {
            self.add(ItemSort::Step, label, "step", rank);
        }
    }

    /// The ways by which actions reach people.
    fn channels(&mut self, rank: u8) {
        let mut found: Vec<String> = self.world.all(DeclaredSort::Action).map(|it| it.of.clone()).collect();
        found.retain(|it| !it.is_empty());
        for channel in found {
            self.add(ItemSort::Channel, channel, "channel", rank);
        }
    }

    fn members(&mut self, sort: ItemSort, of: &str, members: &[&Member], rank: u8) {
        for it in members {
            let missing = if it.optional { "" } else { ", always there" };
            let more = if sort == ItemSort::Field { missing } else { "" };
            self.add_of(sort, it.name.clone(), format!("{}{more}", it.ty), rank, of);
        }
    }

    fn attributes(&mut self, entity: &str, rank: u8) {
        let members = self.world.attributes(entity);
        self.members(ItemSort::Attribute, entity, &members, rank);
    }

    fn fields(&mut self, event: &str, rank: u8) {
        let members: Vec<&Member> = self.world.fields(event).iter().collect();
        self.members(ItemSort::Field, event, &members, rank);
    }

    /// What a member can be set to or compared with. Whether anything special was offered.
    fn values(&mut self, holds: &Holds, quoted: bool) -> bool {
        match holds {
            Holds::OneOf(values) => {
                for (place, value) in values.iter().enumerate() {
                    let label = if quoted { value.clone() } else { format!("\"{value}\"") };
                    let rank = u8::try_from(place.min(9)).unwrap_or(9);
                    self.add(ItemSort::Value, label, "", rank);
                }
            }
            Holds::Template if !quoted => self.declared(DeclaredSort::Template, 0),
            Holds::Sender => self.declared(DeclaredSort::Sender, 0),
            Holds::Team if !quoted => self.declared(DeclaredSort::Team, 0),
            Holds::Value(Some(onward_bytecode::Kind::Bool)) if !quoted => {
                self.keywords(&["true", "false"], 0)
            }
            _ => return false,
        }
        true
    }

    fn units(&mut self, number: &str) {
        for (one, many, detail) in words::UNITS {
            let label = if number == "1" { *one } else { *many };
            let range = self.range.clone();
            // `2d` and `2 days` are both written.
            self.add(ItemSort::Unit, label, *detail, 0);
            if let Some(item) = self.items.last_mut() {
                item.range = range;
            }
        }
    }
}
