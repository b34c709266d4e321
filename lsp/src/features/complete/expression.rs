//! Values and what stands between them.

use onward_bytecode::{Given, Kind, Pipe};
use onward_compiler::names::{calls, pipes};
use onward_compiler::syntax::kind::SyntaxKind;

use super::place::{Block, Place, Tok};
use super::{ItemSort, Offer, words};
use crate::features::names::known::{DeclaredSort, Holds};

/// What could stand behind these words of an expression.
pub(super) fn fill(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(last) = words.last() else { return values(offer, place, words) };
    if last.kind == SyntaxKind::DOT {
        return behind_dot(offer, words);
    }
    if last.kind == SyntaxKind::BAR {
        return pipe(offer, words);
    }
    if last.kind == SyntaxKind::NUMBER && !place.quoted {
        offer.units(&last.text);
    }
    if wants_value(last) {
        return values(offer, place, words);
    }
    operators(offer, words);
}

/// Whether a value has to follow.
pub(super) fn wants_value(last: &Tok) -> bool {
    let words = [
        "and", "or", "not", "where", "when", "if", "until", "in", "contains", "with", "above", "below",
        "between", "per", "matches", "from", "to", "gains", "loses",
    ];
    matches!(
        last.kind,
        SyntaxKind::EQ
            | SyntaxKind::NE
            | SyntaxKind::LT
            | SyntaxKind::LE
            | SyntaxKind::GT
            | SyntaxKind::GE
            | SyntaxKind::PLUS
            | SyntaxKind::MINUS
            | SyntaxKind::STAR
            | SyntaxKind::SLASH
            | SyntaxKind::L_PAREN
            | SyntaxKind::L_BRACKET
            | SyntaxKind::COMMA
            | SyntaxKind::COLON
    ) || (last.is_word() && words.contains(&last.text.as_str()))
}

/// The path that ends these words.
pub(super) fn path(words: &[Tok]) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = words;
    while let Some((name, before)) = rest.split_last() {
        if !name.is_word() {
            break;
        }
        found.push(name.text.as_str());
        match before.split_last() {
            Some((dot, before)) if dot.kind == SyntaxKind::DOT => rest = before,
            _ => break,
        }
    }
    found.reverse();
    found
}

/// What is compared with the value that is being written.
fn compared(words: &[Tok]) -> Option<&[Tok]> {
    let list = words.iter().rposition(|it| it.kind == SyntaxKind::L_BRACKET);
    let closed = words.iter().rposition(|it| it.kind == SyntaxKind::R_BRACKET);
    let words = match list {
        Some(list) if closed.is_none_or(|it| it < list) => words.get(..list)?,
        _ => words,
    };
    let (last, before) = words.split_last()?;
    let is_comparison = matches!(
        last.kind,
        SyntaxKind::EQ | SyntaxKind::NE | SyntaxKind::LT | SyntaxKind::LE | SyntaxKind::GT | SyntaxKind::GE
    ) || matches!(last.text.as_str(), "in" | "contains");
    is_comparison.then_some(before)
}

fn values(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let holds = compared(words)
        .map(path)
        .and_then(|it| offer.world.member(&offer.scope, &it))
        .map(|it| it.holds.clone());
    let special = holds.as_ref().is_some_and(|it| offer.values(it, place.quoted));
    if place.quoted {
        return;
    }
    if words.last().is_some_and(|it| it.text == "in") {
        offer.declared(DeclaredSort::Segment, 1);
        offer.keywords(&["last"], 5);
    }
    names(offer, if special { 20 } else { 2 });
}

/// Every name that has a value here.
pub(super) fn names(offer: &mut Offer<'_>, rank: u8) {
    for (event, alias) in offer.scope.events.clone() {
        offer.fields(&event, rank);
        if let Some(alias) = alias {
            offer.add(ItemSort::Name, alias, format!("the event {event}"), rank + 1);
        }
    }
    let subject = offer.scope.subject.clone();
    if !subject.is_empty() {
        offer.attributes(&subject, rank + 1);
        offer.add(ItemSort::Entity, subject.clone(), "whose run it is", rank + 1);
        if subject != "contact" {
            offer.add(ItemSort::Entity, "contact", "the person whom the event is about", rank + 2);
        }
    }
    for (name, kind) in offer.scope.given.clone() {
        offer.add(ItemSort::Name, name, kind.unwrap_or_else(|| "the result of a step".into()), rank + 1);
    }
    for (name, example) in calls() {
        offer.snippet(ItemSort::Function, name, example, format!("{name}($0)"), rank + 3);
    }
    offer.keywords(&["now", "today", "true", "false", "not", "config", "secret"], rank + 4);
}

fn behind_dot(offer: &mut Offer<'_>, words: &[Tok]) {
    let before = words.split_last().map(|(_, before)| before).unwrap_or_default();
    if before.last().is_some_and(|it| it.kind == SyntaxKind::R_PAREN) {
        // `latest(purchase).`
        let open = before.iter().rposition(|it| it.kind == SyntaxKind::L_PAREN);
        if let Some(event) = open.and_then(|it| before.get(it + 1)).map(|it| it.text.clone()) {
            offer.fields(&event, 0);
            offer.add(ItemSort::Field, "time", "when it happened", 1);
        }
        return;
    }
    let path = path(before);
    match path.as_slice() {
        ["config", rest @ ..] => {
            let prefix: String = rest.iter().map(|it| format!("{it}.")).collect();
            let settings: Vec<(String, String)> =
                offer.world.files().flat_map(|it| it.settings.clone()).collect();
            for (name, value) in settings {
                let own =
                    !["project.", "email.", "sources.", "frequency."].iter().any(|it| name.starts_with(it));
                if let (true, Some(rest)) = (own, name.strip_prefix(&prefix)) {
                    offer.add(ItemSort::Setting, rest.to_owned(), value, 0);
                }
            }
        }
        ["secret"] => {
            let secrets: Vec<String> = offer.world.files().flat_map(|it| it.secrets.clone()).collect();
            for name in secrets {
                offer.add(ItemSort::Secret, name, "from the server's environment", 0);
            }
        }
        path => {
            let members = offer.world.members(&offer.scope, path);
            // In `sum(…)` an event stands before the dot.
            let events = path.first().map(|it| offer.world.fields(it)).unwrap_or_default();
            let (sort, of) = owner(offer, path);
            if members.is_empty() && path.len() == 1 {
                let fields: Vec<_> = events.iter().collect();
                let of = path.first().copied().unwrap_or_default();
                offer.members(ItemSort::Field, of, &fields, 0);
            }
            offer.members(sort, &of, &members, 0);
        }
    }
}

/// Whose members stand behind a path.
fn owner(offer: &Offer<'_>, path: &[&str]) -> (ItemSort, String) {
    let scope = &offer.scope;
    let first = path.first().copied().unwrap_or_default();
    if let Some((event, _)) = scope
        .events
        .iter()
        .find(|(event, alias)| path.len() == 1 && alias.as_deref().unwrap_or(event) == first)
    {
        return (ItemSort::Field, event.clone());
    }
    let given = scope.given.iter().find(|(name, _)| name == first && path.len() == 1);
    let entity = match offer.world.member(scope, path).map(|it| &it.holds) {
        Some(Holds::Entity(kind)) => kind.clone(),
        _ => given.and_then(|(_, kind)| kind.clone()).unwrap_or_else(|| first.to_owned()),
    };
    (ItemSort::Attribute, entity)
}

/// The pipes that take what stands before.
fn pipe(offer: &mut Offer<'_>, words: &[Tok]) {
    let before = words.split_last().map(|(_, before)| before).unwrap_or_default();
    let kind = before.last().and_then(|last| match last.kind {
        it if it.is_string() => Some(Kind::Text),
        SyntaxKind::NUMBER => Some(Kind::Number),
        _ => kind_of(offer, before),
    });
    for pipe in Pipe::ALL {
        let signature = pipe.signature();
        if kind.is_some_and(|it| !signature.input.contains(&it)) {
            continue;
        }
        let detail = pipes().find(|(name, _)| *name == pipe.name()).map(|(_, said)| said).unwrap_or_default();
        let must: Vec<&str> =
            signature.args.iter().filter(|it| it.given == Given::Must).map(|it| it.name).collect();
        let mut insert = pipe.name().to_owned();
        for (place, name) in must.iter().enumerate() {
            insert.push_str(&format!(" ${{{}:{name}}}", place + 1));
        }
        offer.snippet(ItemSort::Pipe, pipe.name(), detail, insert, 1);
    }
    offer.snippet(
        ItemSort::Pipe,
        "default",
        "what stands there if the value is missing",
        "default ${1:\"there\"}",
        0,
    );
}

/// What sort of value these words give: of a path, through its pipes.
fn kind_of(offer: &Offer<'_>, words: &[Tok]) -> Option<Kind> {
    if let Some(bar) = words.iter().rposition(|it| it.kind == SyntaxKind::BAR) {
        let name = words.get(bar + 1)?;
        return match Pipe::from_name(&name.text) {
            Some(pipe) => Some(pipe.signature().result),
            None => kind_of(offer, words.get(..bar)?),
        };
    }
    match &offer.world.member(&offer.scope, &path(words))?.holds {
        Holds::OneOf(_) => Some(Kind::Text),
        Holds::Entity(_) => Some(Kind::Entity),
        Holds::Value(kind) => *kind,
        Holds::Template | Holds::Sender | Holds::Team => None,
    }
}

fn operators(offer: &mut Offer<'_>, words: &[Tok]) {
    for (label, detail) in words::OPERATORS {
        offer.add(ItemSort::Keyword, *label, *detail, 10);
    }
    if words.last().is_some_and(|it| it.text == "is") {
        offer.keywords(&["set", "missing"], 0);
    }
    if words.last().is_some_and(|it| matches!(it.text.as_str(), "starts" | "ends")) {
        offer.keywords(&["with"], 0);
    }
}

/// What could stand in `{{ }}` and `{% %}`.
pub(super) fn hole(offer: &mut Offer<'_>, place: &Place) {
    let words = place.statement();
    match (place.block, words.first().map(|it| it.text.as_str())) {
        (Block::Tag, None) => {
            offer.snippet(ItemSort::Keyword, "if", "only if it holds", "if $0", 0);
            offer.snippet(ItemSort::Keyword, "for", "the same for each of a list", "for ${1:item} in $0", 0);
            offer.keywords(&["else", "else if", "end"], 0);
        }
        (Block::Tag, Some("if")) => fill(offer, place, words.get(1..).unwrap_or_default()),
        (Block::Tag, Some("else")) => match words.get(1) {
            Some(_) => fill(offer, place, words.get(2..).unwrap_or_default()),
            None => offer.keywords(&["if"], 0),
        },
        (Block::Tag, Some("for")) => match words.iter().position(|it| it.text == "in") {
            Some(at) => fill(offer, place, words.get(at + 1..).unwrap_or_default()),
            None if words.len() > 1 => offer.keywords(&["in"], 0),
            None => {}
        },
        (Block::Tag, Some(_)) => {}
        _ => {
            fill(offer, place, words);
            if words.last().is_some_and(Tok::ends_value) {
                offer.snippet(ItemSort::Keyword, "|", "a pipe", "| $0", 0);
            }
        }
    }
}
