//! What could stand in `onward.toml` and in a template's front matter.

use crate::features::names::known::{DeclaredSort, Scope, World};
use crate::snapshot::{File, Project};

use super::place::word_at;
use super::{Item, ItemSort, Offer, words};

fn offer(project: &Project, range: std::ops::Range<usize>) -> Offer<'_> {
    Offer { world: World::of(project), scope: Scope::default(), range, items: Vec::new() }
}

/// The line up to a byte.
fn line(text: &str, offset: usize) -> &str {
    let before = text.get(..offset).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default()
}

pub(super) fn in_toml(project: &Project, file: &File, offset: usize) -> Vec<Item> {
    let mut offer = offer(project, word_at(&file.text, offset));
    let line = line(&file.text, offset);
    let before = file.text.get(..offset).unwrap_or_default();
    let table = before.lines().rev().find_map(|it| it.trim().strip_prefix('[')).unwrap_or_default();
    let table = table.trim_end_matches(']').trim();
    if line.trim_start().starts_with('#') {
        return Vec::new();
    }
    if line.trim_start().starts_with('[') && !line.contains(']') {
        for name in ["project", "email", "sources", "frequency"] {
            offer.add(ItemSort::Setting, name, "", 0);
        }
        return offer.finish();
    }
    match line.split_once('=') {
        Some((key, value)) => {
            if value.contains(['"', '\'']) {
                offer.range = quoted(&file.text, offset);
            }
            toml_value(&mut offer, table, key.trim(), value.contains(['"', '\'']));
        }
        None if table == "frequency" => {
            let events: Vec<String> =
                offer.world.all(DeclaredSort::Event).map(|it| it.name.clone()).collect();
            for event in events {
                offer.snippet(
                    ItemSort::Event,
                    &event,
                    "times in thirty days",
                    format!("{event} = ${{1:4}}"),
                    0,
                );
            }
        }
        None => {
            let taken = file.known().settings.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>();
            for (_, key, docs) in
                words::SETTINGS.iter().filter(|(it, key, _)| *it == table && !key.is_empty())
            {
                if !taken.contains(&format!("{table}.{key}").as_str()) {
                    let snippet = match *key {
                        "port" => "port = ${1:587}".to_owned(),
                        "use" => "use = [\"$1\"]".to_owned(),
                        key => format!("{key} = \"$1\""),
                    };
                    offer.snippet(ItemSort::Setting, key, *docs, snippet, 0);
                }
            }
        }
    }
    offer.finish()
}

/// What stands between the quotes around a byte.
fn quoted(text: &str, offset: usize) -> std::ops::Range<usize> {
    let (before, behind) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start = before.rfind(['"', '\'']).map_or(offset, |it| it + 1);
    let end = behind.find(['"', '\'', '\n']).unwrap_or(behind.len());
    start..offset + end
}

fn toml_value(offer: &mut Offer<'_>, table: &str, key: &str, is_quoted: bool) {
    let mut values = |values: &mut dyn Iterator<Item = String>| {
        for value in values {
            let label = if is_quoted { value } else { format!("\"{value}\"") };
            offer.add(ItemSort::Value, label, "", 0);
        }
    };
    match (table, key) {
        ("project", "timezone") => values(&mut jiff::tz::db().available().map(|it| it.to_string())),
        ("email", "tls") => values(&mut ["none", "starttls", "implicit"].into_iter().map(str::to_owned)),
        ("email", "username") => values(&mut ["secret.SMTP_USERNAME".to_owned()].into_iter()),
        ("email", "password") => values(&mut ["secret.SMTP_PASSWORD".to_owned()].into_iter()),
        ("sources", "use") => {
            let sources: Vec<String> =
                offer.world.all(DeclaredSort::Source).map(|it| it.name.clone()).collect();
            for source in sources {
                let label = if is_quoted { source } else { format!("\"{source}\"") };
                offer.add(ItemSort::Source, label, "source", 0);
            }
        }
        _ => {}
    }
}

pub(super) fn in_front_matter(project: &Project, file: &File, offset: usize) -> Vec<Item> {
    let mut offer = offer(project, word_at(&file.text, offset));
    match line(&file.text, offset).split_once(':') {
        Some((key, _)) if key.trim() == "from" => offer.declared(DeclaredSort::Sender, 0),
        Some(_) => {}
        None => {
            for word in words::TEMPLATE_PARTS.iter().filter(|it| !matches!(it.label, "markdown" | "html")) {
                offer.snippet(ItemSort::Setting, word.label, word.docs, format!("{}: $0", word.label), 0);
            }
        }
    }
    offer.finish()
}
