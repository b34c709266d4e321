//! `onward schema`: events and attributes as a server has seen them, and declarations of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use onward_compiler::diagnostic::FileId;
use onward_compiler::format::format;
use onward_compiler::project::Project;
use serde_json::Value;
use toml::Table as Toml;

use super::Format;
use crate::client::{Connection, block};
use crate::failure::{Exit, Failure, Outcome};
use crate::project::Files;
use crate::table::{Cell, Table};
use crate::{json, moment, screen};

/// Events that come less often than this to one contact in thirty days are not worth a setting.
const OFTEN: f64 = 1.5;

/// Show what has come in, or write declarations of it
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Schema {
    #[command(subcommand)]
    order: Option<Order>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Write declarations of what has come in and is not declared yet
    Pull(Pull),
}

/// With --write, the table `[frequency]` of the project's onward.toml is brought up to date, too.
#[derive(Debug, Args)]
struct Pull {
    /// The project's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Write the declarations to this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

impl Schema {
    pub(super) fn run(self) -> Outcome {
        if let Some(Order::Pull(pull)) = self.order {
            return pull.run();
        }
        let answer = fetch(&self.connection)?;
        if self.format.json {
            screen::json(&answer);
        } else {
            show(&answer);
        }
        Ok(Exit::Fine)
    }
}

/// What a server has seen.
pub(super) fn fetch(connection: &Connection) -> Result<Value, Failure> {
    let client = connection.client()?;
    block(async { client.get("/v1/schema", &()).await })
}

fn show(answer: &Value) {
    let (events, entities) = (json::list(answer, "events"), json::list(answer, "entities"));
    if events.is_empty() && entities.is_empty() {
        screen::line("nothing has come in yet");
        return;
    }
    let mut table =
        Table::new(&["event", "about", "declared", "times", "last", "each, in 30 days", "fields"]);
    for event in events {
        let frequency = json::member(event, "per_contact_in_30_days").as_f64();
        table.row(vec![
            Cell::painted(json::text(event, "name"), |name| screen::cyan(name)),
            Cell::plain(json::text(event, "about")),
            declared(event),
            Cell::plain(json::count(event, "count").to_string()),
            Cell::dim(moment::show_text(json::text(event, "last"))),
            Cell::plain(frequency.map(|often| format!("{often:.1}")).unwrap_or_default()),
            Cell::plain(fields(json::list(event, "fields"))),
        ]);
    }
    table.show();
    screen::line("");
    let mut table = Table::new(&["entity", "declared", "attributes"]);
    for entity in entities {
        table.row(vec![
            Cell::painted(json::text(entity, "name"), |name| screen::cyan(name)),
            declared(entity),
            Cell::plain(fields(json::list(entity, "attributes"))),
        ]);
    }
    table.show();
}

fn declared(of: &Value) -> Cell {
    if json::member(of, "declared") == &Value::Bool(true) {
        Cell::dim("yes")
    } else {
        Cell::painted("no", |text| screen::yellow(text))
    }
}

/// `plan: "free" | "pro", total: number?`
fn fields(fields: &[Value]) -> String {
    let shown: Vec<String> = fields.iter().map(|field| Seen::of(field).written()).collect();
    shown.join(", ")
}

/// A field as it has been seen.
struct Seen<'a> {
    name: &'a str,
    ty: &'a str,
    always: bool,
}

impl<'a> Seen<'a> {
    fn of(field: &'a Value) -> Self {
        let always = json::member(field, "present").as_f64().is_some_and(|present| present >= 1.0);
        Self { name: json::text(field, "name"), ty: json::text(field, "type"), always }
    }

    fn written(&self) -> String {
        format!("{}: {}{}", self.name, self.ty, if self.always { "" } else { "?" })
    }
}

/// What a project declares.
#[derive(Default)]
struct Declared {
    events: BTreeMap<String, BTreeSet<String>>,
    entities: BTreeMap<String, BTreeSet<String>>,
}

impl Declared {
    /// What the files declare, the catalogue's own included.
    fn by(files: &Files) -> Result<Self, Failure> {
        let checked = Project::read(files.files.clone()).parse().check();
        let hir = checked.hir.ok_or_else(|| {
            Failure::problems("the project has errors", "`onward check` shows them; mend them first")
        })?;
        let fields = |fields: &[onward_bytecode::FieldDecl]| -> BTreeSet<String> {
            fields.iter().map(|field| field.name.to_string()).collect()
        };
        Ok(Self {
            events: hir.events.iter().map(|(name, it)| (name.to_string(), fields(&it.fields))).collect(),
            entities: hir
                .entities
                .iter()
                .map(|(name, it)| (name.to_string(), fields(&it.attributes)))
                .collect(),
        })
    }
}

impl Pull {
    fn run(self) -> Outcome {
        let files = Files::read(&self.path)?;
        let declared = Declared::by(&files)?;
        let answer = fetch(&self.connection)?;
        let (text, found) = declarations(&answer, &declared);
        let text = format(FileId(0), &text).map_or(text, |formatted| formatted.text);
        let often = often(&answer);
        match &self.write {
            None => {
                screen::raw(&text);
                if !often.is_empty() {
                    screen::line("\n# for onward.toml:\n# [frequency]");
                    often
                        .iter()
                        .for_each(|(event, times)| screen::line(format!("# {} = {times}", key(event))));
                }
            }
            Some(file) => {
                put(file, &text, found)?;
                remember(&files.root.join("onward.toml"), &often)?;
            }
        }
        Ok(Exit::Fine)
    }
}

fn put(file: &Path, text: &str, found: usize) -> Result<(), Failure> {
    if found == 0 {
        screen::line("everything that has come in is declared");
        return Ok(());
    }
    if file.exists() {
        let help = "take it away, or name another; it is never written over";
        return Err(Failure::usage(format!("`{}` is there already", file.display()), help));
    }
    std::fs::write(file, text).map_err(|error| Failure::file("write", file, &error))?;
    screen::line(format!(
        "{} {} in {}",
        screen::green("wrote"),
        screen::count(found, "declaration"),
        file.display()
    ));
    screen::aside(screen::dim("types are guessed from what came: look through them, then `onward check`"));
    Ok(())
}

/// Declarations in Onward of what is not declared, and how many.
fn declarations(answer: &Value, declared: &Declared) -> (String, usize) {
    let mut writer = Writer::default();
    for entity in json::list(answer, "entities") {
        let name = json::text(entity, "name");
        let seen: Vec<Seen<'_>> = json::list(entity, "attributes").iter().map(Seen::of).collect();
        match declared.entities.get(name) {
            Some(known) => writer.more(name, known, &seen),
            None => writer.declare(&format!("entity {name}"), name, &seen),
        }
    }
    for event in json::list(answer, "events") {
        let (name, about) = (json::text(event, "name"), json::text(event, "about"));
        let seen: Vec<Seen<'_>> = json::list(event, "fields").iter().map(Seen::of).collect();
        match declared.events.get(name) {
            Some(known) => writer.more(name, known, &seen),
            None => {
                let about = if about == "contact" { String::new() } else { format!(" about {about}") };
                writer.declare(&format!("event {name}{about}"), name, &seen);
            }
        }
    }
    (writer.text, writer.found)
}

#[derive(Default)]
struct Writer {
    text: String,
    found: usize,
}

impl Writer {
    fn declare(&mut self, head: &str, name: &str, seen: &[Seen<'_>]) {
        self.gap();
        if !is_name(name) {
            let _ = writeln!(self.text, "# `{name}` has come in, and is no name that can be declared.");
            return;
        }
        self.found += 1;
        let (fit, unfit): (Vec<_>, Vec<_>) = seen.iter().partition(|field| is_name(field.name));
        let _ = writeln!(self.text, "{head} {{");
        for field in fit {
            let _ = writeln!(self.text, "  {},", field.written());
        }
        for field in unfit {
            let _ = writeln!(self.text, "  # `{}` is no name that can be declared.", one_line(field.name));
        }
        self.text.push_str("}\n");
    }

    /// What has come with something that is declared, as a comment: where it goes is the author's business.
    fn more(&mut self, name: &str, known: &BTreeSet<String>, seen: &[Seen<'_>]) {
        let new: Vec<String> = seen
            .iter()
            .filter(|field| !known.contains(field.name) && is_name(field.name))
            .map(Seen::written)
            .collect();
        if !new.is_empty() {
            self.gap();
            let _ = writeln!(self.text, "# `{name}` has also come with: {}", new.join(", "));
        }
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }
}

fn one_line(text: &str) -> String {
    screen::tame(text).replace('\n', " ")
}

/// A name as the language has it.
fn is_name(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Events that come again and again to one contact, and about how often in thirty days.
fn often(answer: &Value) -> BTreeMap<String, u64> {
    let events = json::list(answer, "events").iter().filter(|event| json::text(event, "about") == "contact");
    let often = events.filter_map(|event| {
        let times = json::member(event, "per_contact_in_30_days").as_f64().filter(|times| *times >= OFTEN)?;
        // A count of a month's events is far below the largest whole number that a float holds.
        let whole = format!("{:.0}", times.ceil()).parse().ok()?;
        Some((json::text(event, "name").to_owned(), whole))
    });
    often.collect()
}

/// A key of TOML.
fn key(name: &str) -> String {
    if is_name(name) { name.to_owned() } else { Value::from(name).to_string() }
}

/// Brings `[frequency]` up to date; what it says of other events stays.
fn remember(file: &Path, often: &BTreeMap<String, u64>) -> Result<(), Failure> {
    if often.is_empty() {
        return Ok(());
    }
    let text = if file.exists() { crate::project::text(file)? } else { String::new() };
    let after = with_frequency(&text, often);
    if after != text {
        std::fs::write(file, after).map_err(|error| Failure::file("write", file, &error))?;
        let count = screen::count(often.len(), "event");
        screen::line(format!("{} [frequency] of {count} in {}", screen::green("wrote"), file.display()));
    }
    Ok(())
}

/// The settings with this table in the place of the one that was there.
fn with_frequency(text: &str, often: &BTreeMap<String, u64>) -> String {
    let known = text.parse::<Toml>().ok().and_then(|mut all| all.remove("frequency"));
    let known = known.as_ref().and_then(toml::Value::as_table);
    let mut all: BTreeMap<String, String> =
        known.into_iter().flatten().map(|(name, times)| (name.clone(), times.to_string())).collect();
    all.extend(often.iter().map(|(name, times)| (name.clone(), times.to_string())));
    let mut rest = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            inside = line.trim() == "[frequency]";
        }
        if !inside {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    let mut after = rest.trim_end().to_owned();
    if !after.is_empty() {
        after.push_str("\n\n");
    }
    after.push_str("[frequency]\n");
    for (name, times) in all {
        let _ = writeln!(after, "{} = {times}", key(&name));
    }
    after
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen() -> Value {
        json!({
            "events": [
                { "name": "cart_viewed", "about": "contact", "per_contact_in_30_days": 3.2, "fields": [
                    { "name": "total", "type": "number", "present": 1.0 },
                    { "name": "plan", "type": "\"free\" | \"pro\"", "present": 0.4 },
                    { "name": "the name", "type": "text", "present": 1.0 },
                ] },
                { "name": "known", "about": "contact", "per_contact_in_30_days": 1.0, "fields": [
                    { "name": "old", "type": "text", "present": 1.0 },
                    { "name": "new", "type": "date", "present": 1.0 },
                ] },
                { "name": "Not A Name", "about": "contact", "fields": [] },
                { "name": "deal_won", "about": "deal", "fields": [] },
            ],
            "entities": [{ "name": "deal", "attributes": [{ "name": "stage", "type": "text", "present": 1.0 }] }],
        })
    }

    #[test]
    fn what_is_not_declared_is_declared() {
        let known = BTreeMap::from([("known".to_owned(), BTreeSet::from(["old".to_owned()]))]);
        let declared = Declared { events: known, entities: BTreeMap::new() };
        let (text, found) = declarations(&seen(), &declared);
        assert_eq!(found, 3);
        assert!(
            text.contains("event cart_viewed {\n  total: number,\n  plan: \"free\" | \"pro\"?,\n"),
            "{text}"
        );
        assert!(text.contains("# `known` has also come with: new: date"), "{text}");
        let formatted = format(FileId(0), &text).unwrap();
        assert!(formatted.left.is_empty(), "{text}");
        assert!(formatted.text.contains("event deal_won about deal"), "{}", formatted.text);
    }

    #[test]
    fn settings_keep_what_they_say() {
        let often = often(&seen());
        assert_eq!(often, BTreeMap::from([("cart_viewed".to_owned(), 4)]));
        let before =
            "[project]\nname = \"acme\"\n\n[frequency]\npage_viewed = 30\ncart_viewed = 1\n\n[x]\ny = 1\n";
        let after =
            "[project]\nname = \"acme\"\n\n[x]\ny = 1\n\n[frequency]\ncart_viewed = 4\npage_viewed = 30\n";
        assert_eq!(with_frequency(before, &often), after);
        assert_eq!(with_frequency(after, &often), after);
        assert_eq!(with_frequency("", &often), "[frequency]\ncart_viewed = 4\n");
    }
}
