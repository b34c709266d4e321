//! `onward import`: a file's events, each once, however often it is run.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Format;
use super::emit::{results, verdict, why};
use crate::client::{Body, Client, Connection, block};
use crate::events::{self, Object};
use crate::failure::{Exit, Failure, Outcome};
use crate::{json, screen};

/// Events sent in one request, at most.
const BATCH: usize = 500;
/// Bytes sent in one request, at most, unless one event alone is larger.
const BYTES: usize = 2 << 20;
/// Refused lines told one by one; the rest is counted.
const TOLD: usize = 20;
/// Pauses before a request that failed is sent again.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Import events from a file of JSON lines or CSV; running it twice imports once
///
/// Each event without an id gets one made from its line, so that an interrupted import is simply run again.
/// Columns of a CSV file are `event`, `id`, `time`, `contact` (an id), `email`, `phone`, `account`,
/// `contact.X`, `account.X`; every other column is a field of the event. --map names columns otherwise and
/// gives them a type: --map Total=amount:number --map Mail=contact.email
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file whose name ends with .jsonl, .ndjson, .json or .csv
    file: PathBuf,
    /// History: keep it, start nothing, send nothing
    #[arg(long)]
    backfill: bool,
    /// Name of the events that have none
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// A column and what it is: COLUMN=FIELD or COLUMN=FIELD:TYPE, with TYPE text, number, bool or json
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, Column)>,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    connection: Connection,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq)]
struct Column {
    path: String,
    reads: Reads,
}

/// How a column's text is read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reads {
    Text,
    Number,
    Bool,
    Json,
}

#[derive(Debug, Default)]
struct Tally {
    accepted: u64,
    duplicates: u64,
    refused: Vec<(usize, String)>,
}

/// An event and the line that it comes from.
type Numbered = (usize, Object);

/// Events on their way, as lines of JSON.
#[derive(Debug, Default)]
struct Load {
    numbers: Vec<usize>,
    lines: String,
}

impl Load {
    fn add(&mut self, (number, event): Numbered) {
        self.numbers.push(number);
        self.lines.push_str(&format!("{}\n", Value::Object(event)));
    }

    fn is_full(&self) -> bool {
        self.numbers.len() >= BATCH || self.lines.len() >= BYTES
    }
}

impl Import {
    pub(super) fn run(self) -> Outcome {
        let client = self.connection.client()?;
        let bar = progress(&self.file)?;
        let events = self.read(&bar)?;
        let tally = block(async {
            let (mut tally, mut load) = (Tally::default(), Load::default());
            for event in events {
                load.add(event?);
                if load.is_full() {
                    send(&client, std::mem::take(&mut load), &mut tally).await?;
                    bar.set_message(format!("{} imported", tally.accepted));
                }
            }
            if !load.numbers.is_empty() {
                send(&client, load, &mut tally).await?;
            }
            Ok(tally)
        });
        bar.finish_and_clear();
        self.report(&tally?)
    }

    fn report(&self, tally: &Tally) -> Outcome {
        if self.format.json {
            let refused: Vec<_> =
                tally.refused.iter().map(|(line, why)| json!({ "line": line, "why": why })).collect();
            screen::json(&json!({
                "accepted": tally.accepted, "duplicates": tally.duplicates, "refused": refused,
            }));
        } else {
            for (line, why) in tally.refused.iter().take(TOLD) {
                screen::aside(format!("{} line {line}: {}", screen::red("refused"), screen::tame(why)));
            }
            if tally.refused.len() > TOLD {
                screen::aside(format!("… and {} more", tally.refused.len() - TOLD));
            }
            screen::line(format!(
                "{} imported, {} there already, {} refused",
                tally.accepted,
                tally.duplicates,
                tally.refused.len()
            ));
        }
        Ok(if tally.refused.is_empty() { Exit::Fine } else { Exit::Refused })
    }

    /// The events, read as they are asked for: memory follows the batch.
    fn read(
        &self,
        bar: &ProgressBar,
    ) -> Result<Box<dyn Iterator<Item = Result<Numbered, Failure>> + '_>, Failure> {
        let name = self.file.display().to_string();
        let file =
            std::fs::File::open(&self.file).map_err(|error| Failure::file("read", &self.file, &error))?;
        let input = bar.wrap_read(file);
        let events: Box<dyn Iterator<Item = Result<Numbered, Failure>>> = match extension(&self.file).as_str()
        {
            "csv" => Box::new(self.read_csv(name, input)?),
            "jsonl" | "ndjson" | "json" => Box::new(read_lines(name, input)),
            _ => {
                return Err(Failure::usage(
                    format!("`{name}` is neither JSON lines nor CSV by its name"),
                    "rename it to end with .jsonl or .csv",
                ));
            }
        };
        let mut seen = BTreeMap::new();
        Ok(Box::new(events.map(move |event| {
            event.map(|(line, mut event)| {
                self.complete(&mut event, &mut seen);
                (line, event)
            })
        })))
    }

    /// Adds what the command line says, and an id that is the same each time this line is imported.
    fn complete(&self, event: &mut Object, seen: &mut BTreeMap<[u8; 32], u32>) {
        if let Some(name) = &self.event {
            event.entry("event").or_insert_with(|| json!(name));
        }
        if !event.contains_key("id") {
            // Equal lines are different events: the second of them is the second each time.
            let hash = blake3::hash(Value::Object(event.clone()).to_string().as_bytes());
            let nth = seen.entry(*hash.as_bytes()).and_modify(|nth| *nth += 1).or_insert(1);
            let short: String = hash.to_hex().chars().take(32).collect();
            event.insert("id".to_owned(), json!(format!("import-{short}-{nth}")));
        }
        if self.backfill {
            event.insert("backfill".to_owned(), json!(true));
        }
    }

    fn read_csv<R: std::io::Read + 'static>(
        &self,
        name: String,
        input: R,
    ) -> Result<impl Iterator<Item = Result<Numbered, Failure>> + 'static, Failure> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        let heads = reader.headers().map_err(|error| csv_failure(&name, &error))?;
        let columns = self.columns(&name, heads)?;
        Ok(reader.into_records().map(move |record| {
            let record = record.map_err(|error| csv_failure(&name, &error))?;
            let number = record.position().map_or(0, |at| usize::try_from(at.line()).unwrap_or(usize::MAX));
            let mut event = Object::new();
            for (column, text) in columns.iter().zip(&record) {
                if !text.is_empty() {
                    let value = column.read(text).map_err(|why| {
                        Failure::usage(
                            format!("`{name}` line {number}: {why}"),
                            "correct the file, or the type in --map",
                        )
                    })?;
                    events::put(&mut event, &column.path, value);
                }
            }
            Ok((number, event))
        }))
    }

    fn columns(&self, name: &str, heads: &csv::StringRecord) -> Result<Vec<Column>, Failure> {
        for (wanted, _) in &self.map {
            if !heads.iter().any(|head| head == wanted) {
                let heads: Vec<_> = heads.iter().map(|head| format!("`{head}`")).collect();
                return Err(Failure::usage(
                    format!("`{name}` has no column `{wanted}`"),
                    format!("it has {}", heads.join(", ")),
                ));
            }
        }
        let mapped: BTreeMap<_, _> = self.map.iter().cloned().collect();
        Ok(heads
            .iter()
            .map(|head| {
                let head = head.trim_start_matches('\u{feff}');
                mapped.get(head).cloned().unwrap_or_else(|| Column { path: path(head), reads: Reads::Text })
            })
            .collect())
    }
}

impl Column {
    fn read(&self, text: &str) -> Result<Value, String> {
        let wrong = |what: &str| format!("`{text}` is no {what}");
        match self.reads {
            Reads::Text => Ok(Value::from(text)),
            Reads::Number => serde_json::from_str::<serde_json::Number>(text)
                .map(Value::Number)
                .map_err(|_| wrong("number")),
            Reads::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok(json!(true)),
                "false" | "no" | "0" => Ok(json!(false)),
                _ => Err(wrong("yes or no")),
            },
            Reads::Json => serde_json::from_str(text).map_err(|_| wrong("JSON")),
        }
    }
}

/// Where a column goes that nothing was said about.
fn path(head: &str) -> String {
    match head {
        "event" | "id" | "time" | "contact" | "account" => head.to_owned(),
        "email" | "phone" => format!("contact.{head}"),
        _ => match head.split_once('.') {
            Some(("contact" | "account" | "data", _)) => head.to_owned(),
            _ => format!("data.{head}"),
        },
    }
}

fn mapping(text: &str) -> Result<(String, Column), String> {
    let wrong = || format!("`{text}` maps nothing; write it like `Total=amount:number`");
    let (column, field) =
        text.split_once('=').filter(|(a, b)| !a.is_empty() && !b.is_empty()).ok_or_else(wrong)?;
    let (field, reads) = match field.split_once(':') {
        None => (field, Reads::Text),
        Some((field, "text")) => (field, Reads::Text),
        Some((field, "number")) => (field, Reads::Number),
        Some((field, "bool")) => (field, Reads::Bool),
        Some((field, "json")) => (field, Reads::Json),
        Some((_, other)) => return Err(format!("`{other}` is no type; take text, number, bool or json")),
    };
    Ok((column.to_owned(), Column { path: path(field), reads }))
}

fn csv_failure(name: &str, error: &csv::Error) -> Failure {
    let line = error.position().map(|at| format!(" line {}", at.line())).unwrap_or_default();
    match error.kind() {
        csv::ErrorKind::Io(error) => Failure::file("read", Path::new(name), error),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => Failure::usage(
            format!("`{name}`{line}: {len} columns where the heading has {expected_len}"),
            "a value with a comma in it stands in quotes",
        ),
        csv::ErrorKind::Utf8 { .. } => {
            Failure::usage(format!("`{name}`{line}: this is not UTF-8"), "save the file as UTF-8")
        }
        _ => Failure::usage(
            format!("`{name}`{line}: this is not CSV"),
            "save the file as CSV with commas and a heading",
        ),
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

fn read_lines<R: std::io::Read>(name: String, input: R) -> impl Iterator<Item = Result<Numbered, Failure>> {
    std::io::BufReader::new(input).lines().enumerate().filter_map(move |(index, text)| {
        let text = match text {
            Ok(text) => text,
            Err(error) => return Some(Err(Failure::file("read", Path::new(&name), &error))),
        };
        let line = events::json_line(&name, index + 1, &text).transpose()?;
        Some(line.map(|line| (line.number, line.event)))
    })
}

fn progress(file: &Path) -> Result<ProgressBar, Failure> {
    let size = std::fs::metadata(file).map_err(|error| Failure::file("read", file, &error))?.len();
    let style = ProgressStyle::with_template("{bar:30.cyan/dim} {bytes}/{total_bytes}  {msg}  {eta} left");
    Ok(ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
}

/// Sends one batch, again if need be, and counts the verdicts.
async fn send(client: &Client, load: Load, tally: &mut Tally) -> Result<(), Failure> {
    let mut pauses = PAUSES.iter();
    let answer = loop {
        let sent = client.answer("/v1/events", Body::Lines(load.lines.clone())).await;
        let sent = sent.and_then(|answer| verdict(client, answer));
        match (sent, pauses.next()) {
            (Ok(answer), _) => break answer,
            (Err(failure), Some(pause)) if failure.exit == Exit::Unreachable => {
                tokio::time::sleep(*pause).await
            }
            (Err(mut failure), _) => {
                if failure.exit == Exit::Unreachable {
                    failure.help =
                        format!("{}; then run the same command again: what is imported stays", failure.help);
                }
                return Err(failure);
            }
        }
    };
    for (line, result) in load.numbers.iter().zip(results(&answer)) {
        match json::text(result, "status") {
            "accepted" => tally.accepted += 1,
            "duplicate" => tally.duplicates += 1,
            _ => tally.refused.push((*line, why(result))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(file: &Path, map: &[&str]) -> Import {
        Import {
            file: file.to_owned(),
            backfill: true,
            event: Some("order_placed".to_owned()),
            map: map.iter().map(|text| mapping(text).expect("a mapping")).collect(),
            format: Format { json: false },
            connection: Connection { url: "http://127.0.0.1:1".to_owned(), key: None },
        }
    }

    fn csv(text: &str, map: &[&str]) -> Result<Vec<Numbered>, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("orders.csv");
        std::fs::write(&file, text).expect("it can be written");
        import(&file, map).read(&ProgressBar::hidden())?.collect()
    }

    #[test]
    fn columns_become_fields() {
        let events =
            csv("email,Total,contact.first_name,note\na@b.c,12.50,Ana,\"x, y\"\n", &["Total=amount:number"])
                .expect("it reads");
        let (line, mut event) = events.into_iter().next().expect("one event");
        assert_eq!(line, 2);
        assert!(event.remove("id").is_some());
        assert_eq!(
            Value::Object(event),
            json!({
                "event": "order_placed", "backfill": true,
                "contact": {"email": "a@b.c", "first_name": "Ana"}, "data": {"amount": 12.50, "note": "x, y"},
            })
        );
    }

    #[test]
    fn ids_are_the_same_each_time_and_differ_for_equal_lines() {
        let text = "email\na@b.c\na@b.c\nb@b.c\n";
        let ids = || {
            csv(text, &[])
                .expect("it reads")
                .into_iter()
                .map(|(_, event)| event["id"].clone())
                .collect::<Vec<_>>()
        };
        let first = ids();
        assert_eq!(first, ids());
        assert_eq!(first.iter().map(Value::to_string).collect::<std::collections::BTreeSet<_>>().len(), 3);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text, map: &[&str]| csv(text, map).expect_err("it is wrong").message;
        assert!(message("a,b\n1\n", &[]).ends_with("line 2: 1 columns where the heading has 2"));
        assert!(message("a\nx\n", &["a=b:number"]).ends_with("line 2: `x` is no number"));
        assert!(message("a\nx\n", &["c=b"]).ends_with("has no column `c`"));
        assert_eq!(
            mapping("a=b:color").expect_err("no type"),
            "`color` is no type; take text, number, bool or json"
        );
    }
}
