//! Declarations, clauses, steps, acts and lines of tests: which word comes next.

use onward_compiler::syntax::kind::SyntaxKind;

use super::expression::{self, path, wants_value};
use super::place::{Block, Place, Tok};
use super::{ItemSort, Offer, words};
use crate::features::names::known::{DeclaredSort, Holds, Member, Scope};
use crate::features::signature::effect;

/// Offers what could stand at a place.
pub(super) fn fill(offer: &mut Offer<'_>, place: &Place) {
    if matches!(place.block, Block::Hole | Block::Tag) {
        return expression::hole(offer, place);
    }
    if let Some(function) = place.call() {
        return call(offer, place, function);
    }
    let words = place.statement();
    match place.block {
        Block::Top => top(offer, place, words),
        Block::Steps => steps(offer, place, words),
        Block::Split => {
            if words.is_empty() && !place.quoted {
                offer.snippet(ItemSort::Keyword, "50%", "a share", "${1:50}% ${2:name} {\n  $0\n}", 0);
            }
        }
        Block::Action => action_item(offer, place, words),
        Block::Source => source_item(offer, place, words),
        Block::Fields => fields(offer, words),
        Block::Template => {
            if words.is_empty() {
                offer.words(words::TEMPLATE_PARTS, 0);
            }
            if place.quoted && words.first().is_some_and(|it| it.text == "from") {
                offer.declared(DeclaredSort::Sender, 0);
            }
        }
        Block::Policy => policy(offer, words),
        Block::Test => test(offer, place, words),
        Block::Object => object(offer, place, words),
        Block::Hole | Block::Tag => {}
    }
}

fn is(tok: Option<&Tok>, text: &str) -> bool {
    tok.is_some_and(|it| it.text == text)
}

fn has(words: &[Tok], text: &str) -> bool {
    words.iter().any(|it| it.text == text)
}

/// Inside the brackets of a function.
fn call(offer: &mut Offer<'_>, place: &Place, function: &str) {
    let inside = place.inside();
    if inside.is_empty() {
        return match function {
            "opened" | "clicked" => offer.declared(DeclaredSort::Template, 0),
            _ => offer.declared(DeclaredSort::Event, 0),
        };
    }
    let condition = inside.iter().position(|it| it.text == "where");
    let event = inside.first().map(|it| it.text.clone()).unwrap_or_default();
    if is(inside.last(), "last") || has(inside, "last") {
        if let Some(number) = inside.last().filter(|it| it.kind == SyntaxKind::NUMBER) {
            offer.units(&number.text);
        }
        return;
    }
    match condition {
        Some(at) => {
            offer.scope.events.insert(0, (event, None));
            expression::fill(offer, place, inside.get(at..).unwrap_or_default());
        }
        None if inside.last().is_some_and(|it| it.kind == SyntaxKind::DOT) => offer.fields(&event, 0),
        None => {}
    }
    if inside.last().is_some_and(Tok::ends_value) {
        offer.snippet(ItemSort::Keyword, "in last", "since when", "in last ${1:30 days}", 0);
        if condition.is_none() {
            offer.snippet(ItemSort::Keyword, "where", "which of them", "where $0", 0);
        }
    }
}

fn top(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(first) = words.first() else {
        offer.words(words::DECLARATIONS, 0);
        if place.declaration().is_empty() {
            // A file of one workflow begins so.
            offer.words(words::CLAUSES.get(..2).unwrap_or_default(), 1);
        }
        return;
    };
    let last = words.last();
    match first.text.as_str() {
        "workflow" if is(last, "for") => offer.declared(DeclaredSort::Entity, 0),
        "workflow" if words.len() > 1 => offer.keywords(&["for"], 0),
        "event" if is(last, "about") => offer.declared(DeclaredSort::Entity, 0),
        "event" if words.len() > 1 => offer.keywords(&["about"], 0),
        "entity" if words.len() == 1 => offer.declared(DeclaredSort::Entity, 0),
        "template" if words.len() == 2 => {
            offer.channels(0);
            offer.keywords(&["text"], 0);
        }
        "segment" if is(last, "of") => offer.declared(DeclaredSort::Entity, 0),
        "segment" => match words.iter().position(|it| it.text == "where") {
            Some(at) => {
                let subject = words.iter().position(|it| it.text == "of").and_then(|it| words.get(it + 1));
                offer.scope = Scope {
                    subject: subject.map(|it| it.text.clone()).unwrap_or_default(),
                    ..Scope::default()
                };
                expression::fill(offer, place, words.get(at..).unwrap_or_default());
            }
            None if words.len() == 2 => offer.keywords(&["of"], 0),
            None if words.len() > 3 => offer.keywords(&["where"], 0),
            None => {}
        },
        "action" if place.open() == Some(SyntaxKind::L_PAREN) => param(offer, place),
        _ => {}
    }
}

fn param(offer: &mut Offer<'_>, place: &Place) {
    let inside = place.inside();
    let from = inside.iter().rposition(|it| it.kind == SyntaxKind::COMMA).map_or(0, |it| it + 1);
    let words = inside.get(from..).unwrap_or_default();
    if words.last().is_some_and(|it| it.kind == SyntaxKind::EQ) {
        offer.scope.subject = "contact".into();
        offer.add(ItemSort::Entity, "contact", "whose run it is", 0);
        offer.keywords(&["config", "now", "today"], 1);
    } else if words.last().is_some_and(|it| it.kind == SyntaxKind::DOT) {
        offer.scope.subject = "contact".into();
        expression::fill(offer, place, words);
    } else if words.iter().any(|it| it.kind == SyntaxKind::COLON) {
        types(offer);
        offer.keywords(&["template", "sender", "team"], 1);
    }
}

fn types(offer: &mut Offer<'_>) {
    for (name, detail) in words::TYPES {
        offer.add(ItemSort::Type, *name, *detail, 0);
    }
    offer.declared(DeclaredSort::Entity, 1);
}

fn fields(offer: &mut Offer<'_>, words: &[Tok]) {
    let Some(colon) = words.iter().position(|it| it.kind == SyntaxKind::COLON) else { return };
    match words.get(colon + 1..).unwrap_or_default() {
        [] => types(offer),
        [.., of] if of.text == "of" => types(offer),
        [list] if list.text == "list" => offer.keywords(&["of"], 0),
        _ => {}
    }
}

/// Clauses and steps.
fn steps(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(first) = words.first() else {
        if place.quoted {
            return;
        }
        offer.words(words::STEPS, 1);
        if place.is_outermost() && !place.after_a_step() {
            offer.words(words::CLAUSES, 0);
        }
        return offer.words(words::DO_PARTS, 9);
    };
    let rest = words.get(1..).unwrap_or_default();
    let last = words.last();
    match first.text.as_str() {
        "do" => act(offer, place, words),
        "on" => trigger(offer, place, rest),
        "exit" if rest.is_empty() => offer.keywords(&["when", "on"], 0),
        "exit" if is(rest.first(), "on") => event(offer, place, rest.get(1..).unwrap_or_default()),
        "goal" => {
            event(offer, place, rest);
            if rest.len() == 1 {
                offer.snippet(ItemSort::Keyword, "within", "in which time", "within ${1:14 days}", 0);
            }
        }
        "once" if rest.is_empty() => offer.keywords(&["per"], 0),
        "every" => schedule(offer, place, rest),
        "while" if rest.is_empty() => offer.keywords(&["running"], 0),
        "while" => offer.keywords(&["ignore", "restart", "queue", "parallel"], 0),
        "topic" if rest.is_empty() => {
            offer.declared(DeclaredSort::Topic, 0);
            offer.add(ItemSort::Topic, "transactional", "always goes out", 1);
        }
        "send" if rest.is_empty() => offer.keywords(&["between"], 0),
        "send" if rest.last().is_some_and(|it| it.kind == SyntaxKind::TIME) => {
            offer.keywords(&["and", "on weekdays", "on weekends", "in"], 0)
        }
        "max" if rest.is_empty() => offer.keywords(&["age"], 0),
        "at" if rest.is_empty() => offer.keywords(&["most once per"], 0),
        "wait" => wait(offer, place, rest),
        "repeat" if rest.is_empty() => offer.keywords(&["up to"], 0),
        "repeat" if is(rest.get(rest.len().saturating_sub(2)), "to") => offer.keywords(&["times"], 0),
        "repeat" if !has(rest, "until") => {
            if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
                offer.units(&number.text);
            }
            offer.keywords(&["every", "until"], 0);
        }
        "let" if rest.len() == 1 => offer.keywords(&["="], 0),
        "let" if last.is_some_and(|it| it.kind == SyntaxKind::EQ) => offer.keywords(&["do"], 0),
        "if" | "else" | "exit" | "repeat" | "once" => {
            if is(last, "else") {
                offer.keywords(&["if"], 0);
            }
            expression::fill(offer, place, words);
        }
        _ => {
            if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
                offer.units(&number.text);
            }
        }
    }
    if last.is_some_and(|it| it.ends_value() && !wants_value(it)) && !place.quoted && words.len() > 1 {
        offer.words(words::STEPS, 30);
    }
}

/// An event's name, and what may follow it.
fn event(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(first) = words.first() else { return offer.declared(DeclaredSort::Event, 0) };
    if let Some(at) = words.iter().position(|it| it.text == "where") {
        offer.scope.events.insert(0, (first.text.clone(), None));
        return expression::fill(offer, place, words.get(at..).unwrap_or_default());
    }
    if words.last().is_some_and(Tok::ends_value) {
        offer.snippet(ItemSort::Keyword, "where", "which of them", "where $0", 0);
        if words.len() == 1 {
            offer.snippet(ItemSort::Keyword, "as", "a name for it", "as ${1:name}", 1);
        }
    }
}

fn trigger(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(first) = words.first() else {
        offer.declared(DeclaredSort::Event, 0);
        return offer.declared(DeclaredSort::Entity, 1);
    };
    if let Some(at) = words.iter().position(|it| it.text == "where") {
        return expression::fill(offer, place, words.get(at..).unwrap_or_default());
    }
    let last = words.last();
    if first.kind == SyntaxKind::NUMBER || first.kind == SyntaxKind::NUMBER_UNIT {
        return offset_trigger(offer, words);
    }
    let entity = first.text.clone();
    if offer.world.get(DeclaredSort::Entity, &entity).is_none() {
        return event(offer, place, words);
    }
    match words {
        [_] => {
            offer.keywords(&["created", "changes", "deleted", "enters", "leaves"], 0);
            if offer.world.get(DeclaredSort::Event, &entity).is_some() {
                event(offer, place, words);
            }
        }
        [.., edge] if matches!(edge.text.as_str(), "enters" | "leaves") => {
            offer.declared_of(DeclaredSort::Segment, Some(&entity), 0);
        }
        [_, dot] if dot.kind == SyntaxKind::DOT => offer.attributes(&entity, 0),
        [_, _, _] => {
            offer.words(
                &[
                    words::Word {
                        label: "changes",
                        snippet: "changes",
                        docs: "It gets another value; `from x to y` says which.",
                    },
                    words::Word {
                        label: "drops",
                        snippet: "drops",
                        docs: "It goes down: `to x`, `below x`.",
                    },
                    words::Word { label: "rises", snippet: "rises", docs: "It goes up: `to x`, `above x`." },
                    words::Word { label: "gains", snippet: "gains \"$0\"", docs: "The list gets an item." },
                    words::Word { label: "loses", snippet: "loses \"$0\"", docs: "The list loses an item." },
                    words::Word {
                        label: "unchanged for",
                        snippet: "unchanged for ${1:14 days}",
                        docs: "It has kept its value for so long.",
                    },
                    words::Word {
                        label: "every year",
                        snippet: "every year at ${1:09:00}",
                        docs: "Its day comes round.",
                    },
                    words::Word { label: "at", snippet: "at ${1:09:00}", docs: "Its day comes." },
                ],
                0,
            );
        }
        [_, _, attribute, .., before]
            if matches!(before.text.as_str(), "to" | "from" | "gains" | "loses" | "above" | "below") =>
        {
            values_of(offer, place, &entity, &attribute.text);
        }
        [_, _, attribute, ..] if place.quoted => values_of(offer, place, &entity, &attribute.text),
        [.., moves] if moves.text == "changes" => offer.keywords(&["from", "to", "where"], 0),
        [.., moves] if matches!(moves.text.as_str(), "drops" | "rises") => {
            offer.keywords(&["to", "above", "below"], 0)
        }
        _ => {
            if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
                offer.units(&number.text);
            }
            if last.is_some_and(Tok::ends_value) {
                offer.keywords(&["where"], 0);
                if has(words, "changes") && !has(words, "to") {
                    offer.keywords(&["to"], 0);
                }
            }
        }
    }
}

fn values_of(offer: &mut Offer<'_>, place: &Place, entity: &str, attribute: &str) {
    let member = offer.world.attributes(entity).into_iter().find(|it| it.name == attribute);
    if let Some(holds) = member.map(|it| it.holds.clone()) {
        offer.values(&holds, place.quoted);
    }
}

/// `3 days before contact.trial_ends`
fn offset_trigger(offer: &mut Offer<'_>, words: &[Tok]) {
    let side = words.iter().position(|it| matches!(it.text.as_str(), "before" | "after"));
    let Some(side) = side else {
        if let Some(number) = words.last().filter(|it| it.kind == SyntaxKind::NUMBER) {
            offer.units(&number.text);
        }
        return offer.keywords(&["before", "after"], 1);
    };
    match words.get(side + 1..).unwrap_or_default() {
        [] => offer.declared(DeclaredSort::Entity, 0),
        [entity, dot] if dot.kind == SyntaxKind::DOT => {
            let entity = entity.text.clone();
            let times: Vec<&Member> = offer
                .world
                .attributes(&entity)
                .into_iter()
                .filter(|it| matches!(it.ty.trim_end_matches('?'), "date" | "time"))
                .collect();
            offer.members(ItemSort::Attribute, &entity, &times, 0);
        }
        [_, _, _] => offer.keywords(&["at"], 0),
        _ => {}
    }
}

fn schedule(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(last) = words.last() else {
        offer.keywords(words::WEEKDAYS, 1);
        offer.keywords(&["time"], 0);
        return offer.keywords(&["day", "weekday"], 1);
    };
    if last.text == "for" {
        return offer.declared(DeclaredSort::Entity, 0);
    }
    let entity = words
        .iter()
        .position(|it| it.text == "for")
        .and_then(|it| words.get(it + 1))
        .map(|it| it.text.clone());
    if last.text == "in" {
        return offer.declared_of(DeclaredSort::Segment, entity.as_deref(), 0);
    }
    if let Some(at) = words.iter().position(|it| it.text == "where") {
        return expression::fill(offer, place, words.get(at..).unwrap_or_default());
    }
    if last.kind == SyntaxKind::NUMBER {
        offer.units(&last.text);
    }
    match entity {
        Some(_) => offer.keywords(&["in", "where"], 0),
        None => offer.keywords(&["at", "for"], 0),
    }
}

fn wait(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some(first) = words.first() else {
        offer.words(
            &[
                words::Word {
                    label: "until",
                    snippet: "until ${1:friday} at ${2:09:00}",
                    docs: "Waits until a moment on the subject's clock.",
                },
                words::Word {
                    label: "for",
                    snippet: "for ${1:event} up to ${2:3 days} {\n  $3\n} else {\n  $0\n}",
                    docs: "Waits for an event, at most so long.",
                },
                words::Word { label: "1 day", snippet: "${1:1 day}", docs: "Waits so long." },
            ],
            0,
        );
        return;
    };
    let last = words.last();
    if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
        return offer.units(&number.text);
    }
    match first.text.as_str() {
        "for" => {
            event(offer, place, words.get(1..).unwrap_or_default());
            if words.len() > 1 && last.is_some_and(Tok::ends_value) {
                offer.snippet(
                    ItemSort::Keyword,
                    "up to",
                    "at most so long",
                    "up to ${1:3 days} {\n  $2\n} else {\n  $0\n}",
                    0,
                );
            }
        }
        "until" if words.len() == 1 => {
            offer.keywords(words::WEEKDAYS, 0);
            expression::names(offer, 3);
        }
        "until" if words.len() == 2 && last.is_some_and(|it| words::WEEKDAYS.contains(&it.text.as_str())) => {
            offer.snippet(ItemSort::Keyword, "at", "the time of day", "at ${1:09:00}", 0);
        }
        _ => expression::fill(offer, place, words),
    }
}

/// `do …`
fn act(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let rest = words.get(1..).unwrap_or_default();
    let Some(first) = rest.first() else {
        offer.words(words::ACTS, 1);
        return actions(offer, "");
    };
    let last = words.last();
    if let Some(at) = rest.iter().rposition(|it| it.text == "where") {
        return expression::fill(offer, place, rest.get(at..).unwrap_or_default());
    }
    match first.text.as_str() {
        "set" => match rest.iter().position(|it| it.kind == SyntaxKind::EQ) {
            Some(_) => expression::fill(offer, place, rest),
            None if rest.len() == 1 => expression::names(offer, 0),
            None => expression::fill(offer, place, rest.get(1..).unwrap_or_default()),
        },
        "emit" if rest.len() == 1 => offer.declared(DeclaredSort::Event, 0),
        "create" if rest.len() == 1 => offer.declared(DeclaredSort::Entity, 0),
        "start" | "stop" if rest.len() == 1 => offer.workflows(0),
        "add" | "remove" if rest.len() == 1 => offer.keywords(&["tag"], 0),
        "grant" | "revoke" if rest.len() == 1 => offer.keywords(&["access to"], 0),
        "unsubscribe" if is(last, "from") => offer.declared(DeclaredSort::Topic, 0),
        "unsubscribe" => offer.keywords(&["from"], 0),
        "assign" => assign(offer, place, rest),
        "update" | "delete" if rest.len() == 1 => expression::names(offer, 0),
        "update" | "delete" if is(last, ".") => {
            expression::fill(offer, place, rest.get(1..).unwrap_or_default())
        }
        "task" => task(offer, place, rest),
        _ => effect_part(offer, place, words),
    }
    if last.is_some_and(Tok::ends_value) && rest.len() > 1 && !place.quoted {
        offer.words(words::DO_PARTS, 10);
        if is(last, "as") {
            offer.keywords(&["draft"], 0);
        }
        if is(last, "failure") {
            offer.keywords(&["continue", "stop", "park"], 0);
        }
    }
}

/// The actions whose names begin with this path, and what each has to be told.
fn actions(offer: &mut Offer<'_>, prefix: &str) {
    let found: Vec<(String, String, Vec<String>)> = offer
        .world
        .all(DeclaredSort::Action)
        .filter_map(|it| {
            let name = it.name.strip_prefix(prefix)?.to_owned();
            let must = it.members.iter().filter(|it| !it.optional).map(|it| it.name.clone()).collect();
            Some((name, it.docs.lines().next().unwrap_or_default().to_owned(), must))
        })
        .collect();
    for (name, docs, must) in found {
        let mut insert = name.clone();
        for (place, label) in must.iter().enumerate() {
            // The first value stands without its label.
            let label_text = if place == 0 { String::new() } else { format!("{label} ") };
            insert.push_str(&format!(" {label_text}${{{}:{label}}}", place + 1));
        }
        offer.snippet(ItemSort::Action, &name, docs, insert, 0);
        if let Some(item) = offer.items.last_mut() {
            item.of = prefix.to_owned();
        }
    }
}

fn assign(offer: &mut Offer<'_>, place: &Place, rest: &[Tok]) {
    match rest {
        [_] => {
            expression::names(offer, 1);
            offer.declared(DeclaredSort::Entity, 0);
        }
        [.., from] if from.text == "from" => offer.declared(DeclaredSort::Team, 0),
        [.., from, _] if from.text == "from" => offer.keywords(&["in turn"], 0),
        [_, .., dot] if dot.kind == SyntaxKind::DOT => {
            expression::fill(offer, place, rest.get(1..).unwrap_or_default())
        }
        [_, of] => {
            let kind = match offer.world.member(&offer.scope, &[&of.text]).map(|it| it.holds.clone()) {
                Some(Holds::Entity(kind)) => kind,
                _ => of.text.clone(),
            };
            offer.attributes(&kind, 0);
        }
        [_, _, _] => {
            offer.keywords(&["from"], 0);
            expression::names(offer, 2);
        }
        _ => {}
    }
}

fn task(offer: &mut Offer<'_>, place: &Place, rest: &[Tok]) {
    let last = rest.last();
    if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
        return offer.units(&number.text);
    }
    if is(last, "group") {
        return offer.declared(DeclaredSort::Team, 0);
    }
    if rest.len() > 1 && last.is_some_and(Tok::ends_value) && !place.quoted {
        offer.words(words::TASK_PARTS, 0);
    }
}

/// The values of an effect and their labels.
fn effect_part(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let Some((name, rest)) = effect(place) else { return };
    let last = words.last();
    if last.is_some_and(|it| it.kind == SyntaxKind::DOT) && rest.len() == 1 {
        return actions(offer, &format!("{name}."));
    }
    let Some(action) = offer.world.get(DeclaredSort::Action, &name) else { return };
    let Some(last) = rest.last() else {
        // The value right behind the name.
        if let Some(member) = action.members.iter().find(|it| !it.optional).or(action.members.first()) {
            value_for(offer, place, member);
        }
        return labels(offer, &name, action.members.as_slice(), rest, 5);
    };
    if let Some(member) = action.members.iter().find(|it| it.name == last.text) {
        return value_for(offer, place, member);
    }
    if last.kind == SyntaxKind::DOT || last.kind == SyntaxKind::BAR || wants_value(last) {
        return expression::fill(offer, place, rest);
    }
    if last.kind == SyntaxKind::NUMBER {
        offer.units(&last.text);
    }
    labels(offer, &name, action.members.as_slice(), rest, 0);
}

fn value_for(offer: &mut Offer<'_>, place: &Place, member: &Member) {
    let special = offer.values(&member.holds, place.quoted);
    if !place.quoted {
        expression::names(offer, if special { 20 } else { 2 });
    }
}

/// The labels that are not there yet; those that have to be come first.
fn labels(offer: &mut Offer<'_>, action: &str, members: &[Member], rest: &[Tok], rank: u8) {
    // The first value belongs to the first parameter that must be there.
    let first = members.iter().find(|it| !it.optional).or(members.first()).map(|it| it.name.as_str());
    let has_first = rest.first().is_some_and(|it| !members.iter().any(|member| member.name == it.text));
    for member in members {
        let given = has(rest, &member.name) || (has_first && first == Some(member.name.as_str()));
        if given {
            continue;
        }
        let (said, rank) = if member.optional { ("", rank + 1) } else { (", has to be there", rank) };
        let default = member.default.as_ref().map(|it| format!(" = {it}")).unwrap_or_default();
        let detail = format!("{}{default}{said}", member.ty);
        offer.add_of(ItemSort::Label, member.name.clone(), detail, rank, action);
    }
}

fn action_item(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let last = words.last();
    match words.first().map(|it| it.text.as_str()) {
        None => offer.words(words::ACTION_ITEMS, 0),
        Some("channel") if words.len() == 1 => offer.channels(0),
        Some("when") => offer.keywords(&["unsure", "park", "retry"], 0),
        Some("retry") if words.len() == 1 => offer.keywords(&["on"], 0),
        Some("basic" | "bearer") if words.len() == 1 => offer.keywords(&["auth"], 0),
        Some("oauth") if words.len() == 1 => offer.keywords(&["client credentials", "refresh token"], 0),
        Some("timeout") => {
            if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
                offer.units(&number.text);
            }
        }
        Some(_) if !place.quoted => {
            let params: Vec<String> = params(place);
            for name in params {
                offer.add(ItemSort::Name, name, "parameter", 0);
            }
            expression::fill(offer, place, words);
        }
        Some(_) => {}
    }
}

/// The parameters of the action around, by their words.
fn params(place: &Place) -> Vec<String> {
    let words = place.declaration();
    let brace = words.iter().position(|it| it.kind == SyntaxKind::L_BRACE).unwrap_or(words.len());
    let head = words.get(..brace).unwrap_or_default();
    let pairs = head.iter().zip(head.iter().skip(1));
    pairs.filter(|(_, colon)| colon.kind == SyntaxKind::COLON).map(|(name, _)| name.text.clone()).collect()
}

fn source_item(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    match words.first().map(|it| it.text.as_str()) {
        None => {
            offer.words(words::SOURCE_ITEMS, 0);
            offer.declared(DeclaredSort::Entity, 1);
        }
        Some("event") if words.len() == 1 => offer.declared(DeclaredSort::Event, 0),
        Some("event") => offer.keywords(&["id", "at"], 0),
        Some("verify") if words.len() == 1 => {
            offer.keywords(&["hmac", "token", "basic auth", "bearer auth"], 0)
        }
        Some("verify") if is(words.last(), "hmac") => offer.keywords(&["sha256", "sha1", "sha512"], 0),
        Some(entity) if offer.world.get(DeclaredSort::Entity, entity).is_some() => {
            let entity = entity.to_owned();
            match words.last() {
                Some(it) if it.text == "by" || it.kind == SyntaxKind::COMMA => offer.attributes(&entity, 0),
                _ if words.len() == 1 => offer.keywords(&["by"], 0),
                _ => {}
            }
        }
        Some(_) if !place.quoted => {
            for (name, detail) in [
                ("body", "what was sent"),
                ("raw", "what was sent, as it came"),
                ("headers", "the headers"),
                ("query", "what stands behind `?`"),
                ("url", "the whole address"),
                ("method", "`POST`, …"),
            ] {
                offer.add(ItemSort::Name, name, detail, 0);
            }
            offer.snippet(ItemSort::Keyword, "header", "one of the headers", "header \"$0\"", 1);
            offer.keywords(&["secret", "else"], 2);
            expression::fill(offer, place, words);
        }
        Some(_) => {}
    }
}

fn policy(offer: &mut Offer<'_>, words: &[Tok]) {
    let last = words.last();
    match words.first().map(|it| it.text.as_str()) {
        None => offer.words(words::POLICY_RULES, 0),
        Some("quiet") if is(last, "for") || last.is_some_and(|it| it.kind == SyntaxKind::COMMA) => {
            offer.channels(0)
        }
        Some("quiet") => {
            offer.keywords(&["hours", "for", "from", "to", "on weekdays", "on weekends", "in"], 0)
        }
        Some("at") if last.is_some_and(|it| it.kind == SyntaxKind::NUMBER) && !has(words, "per") => {
            offer.channels(0);
            offer.add(ItemSort::Channel, "messages", "by any channel", 0);
        }
        Some("at") => match last.filter(|it| it.kind == SyntaxKind::NUMBER) {
            Some(number) => offer.units(&number.text),
            None => offer.keywords(&["most", "per"], 0),
        },
        Some("topic") if is(last, "opt") => offer.keywords(&["in", "out"], 0),
        Some("topic") if words.len() == 2 => offer.keywords(&["opt"], 0),
        Some(_) => {}
    }
}

/// The names that a test gives to entities, each with its kind.
fn actors(offer: &Offer<'_>, place: &Place) -> Vec<(String, String)> {
    let words = place.declaration();
    let fresh = words.iter().zip(words.iter().skip(1));
    let is_entity = |it: &Tok| offer.world.get(DeclaredSort::Entity, &it.text).is_some();
    let found = fresh.filter(|(kind, name)| is_entity(kind) && name.is_word());
    found.map(|(kind, name)| (name.text.clone(), kind.text.clone())).collect()
}

fn test(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let actors = actors(offer, place);
    let last = words.last();
    let Some(first) = words.first() else {
        if place.declaration().is_empty() || place.quoted {
            return;
        }
        offer.words(words::TEST_LINES, 1);
        for (name, kind) in actors {
            offer.add(ItemSort::Name, name, kind, 0);
        }
        return offer.declared(DeclaredSort::Entity, 2);
    };
    if let Some(number) = last.filter(|it| it.kind == SyntaxKind::NUMBER) {
        offer.units(&number.text);
    }
    let whose = actors.iter().find(|(name, _)| *name == first.text).cloned();
    match (first.text.as_str(), whose) {
        (_, Some((name, kind))) => {
            offer.scope = Scope { given: vec![(name, Some(kind.clone()))], ..Scope::default() };
            match words {
                [_] => offer.declared(DeclaredSort::Event, 0),
                [_, .., dot] if dot.kind == SyntaxKind::DOT => offer.attributes(&kind, 0),
                [_, _, attribute, ..] => values_of(offer, place, &kind, &attribute.text),
                _ => {}
            }
        }
        ("answer" | "refuse" | "fail" | "lose" | "accept" | "approve" | "discard", _) => match last {
            Some(it) if it.kind == SyntaxKind::DOT => {
                let prefix = path(words.get(1..words.len() - 1).unwrap_or_default()).join(".");
                plain_actions(offer, &format!("{prefix}."));
            }
            _ if words.len() == 1 => plain_actions(offer, ""),
            _ => {}
        },
        ("delete", _) if words.len() == 1 => {
            for (name, kind) in actors {
                offer.add(ItemSort::Name, name, kind, 0);
            }
        }
        ("expect", _) => expect(offer, place, words.get(1..).unwrap_or_default(), &actors),
        _ => {}
    }
}

fn plain_actions(offer: &mut Offer<'_>, prefix: &str) {
    let all = offer.world.all(DeclaredSort::Action);
    let found: Vec<String> = all.filter_map(|it| it.name.strip_prefix(prefix).map(str::to_owned)).collect();
    for name in found {
        offer.add_of(ItemSort::Action, name, "action", 0, prefix);
    }
}

fn expect(offer: &mut Offer<'_>, place: &Place, words: &[Tok], actors: &[(String, String)]) {
    let words = match words.first() {
        Some(it) if it.text == "no" || it.kind == SyntaxKind::NUMBER => words.get(1..).unwrap_or_default(),
        _ => words,
    };
    let last = words.last();
    let Some(first) = words.first() else {
        offer.keywords(&["no", "run of", "task", "event", "draft"], 0);
        plain_actions(offer, "");
        for (name, kind) in actors {
            offer.add(ItemSort::Name, name.clone(), kind.clone(), 1);
        }
        return;
    };
    match first.text.as_str() {
        "run" => match last.map(|it| it.text.as_str()) {
            Some("run") => offer.keywords(&["of"], 0),
            Some("of") => offer.workflows(0),
            Some("for") => {
                for (name, kind) in actors {
                    offer.add(ItemSort::Name, name.clone(), kind.clone(), 0);
                }
            }
            Some("at") => offer.labels(words.get(2).map(|it| it.text.as_str()), 0),
            _ => {
                offer.keywords(words::RUN_STATES, 0);
                offer.keywords(&["for", "at"], 1);
            }
        },
        "event" if words.len() == 1 => offer.declared(DeclaredSort::Event, 0),
        "draft" if words.len() == 1 => plain_actions(offer, ""),
        "event" | "task" => offer.keywords(&["for", "due", "title", "group", "notes"], 0),
        name => {
            if last.is_some_and(|it| it.kind == SyntaxKind::DOT) {
                if let Some((_, kind)) = actors.iter().find(|(it, _)| it == name) {
                    return offer.attributes(&kind.clone(), 0);
                }
                return plain_actions(offer, &format!("{name}."));
            }
            if let Some((_, kind)) = actors.iter().find(|(it, _)| it == name) {
                if let Some(attribute) = words.get(2).map(|it| it.text.clone()) {
                    values_of(offer, place, &kind.clone(), &attribute);
                }
                return;
            }
            let action =
                words.iter().find(|it| it.text == "draft").map_or(first, |_| words.get(1).unwrap_or(first));
            let takes_template = offer
                .world
                .get(DeclaredSort::Action, &action.text)
                .is_some_and(|it| it.members.iter().any(|it| it.holds == Holds::Template));
            if words.len() == 1 && takes_template {
                offer.declared(DeclaredSort::Template, 0);
            }
            offer.keywords(&["to", "from", "for", "subject", "body", "text", "contains", "sent at"], 1);
        }
    }
}

/// `{ key: value }`
fn object(offer: &mut Offer<'_>, place: &Place, words: &[Tok]) {
    let members = object_members(offer, place);
    let colon = words.iter().position(|it| it.kind == SyntaxKind::COLON);
    let Some(colon) = colon else {
        if place.quoted {
            return;
        }
        let (sort, of) = (if members.1 { ItemSort::Field } else { ItemSort::Attribute }, members.2.clone());
        for member in &members.0 {
            let said = if members.1 && !member.optional { ", has to be there" } else { "" };
            let rank = u8::from(said.is_empty());
            offer.add_of(sort, member.name.clone(), format!("{}{said}", member.ty), rank, &of);
            if let Some(item) = offer.items.last_mut() {
                item.insert = format!("{}: $0", member.name);
            }
        }
        return;
    };
    let key = words.first().map(|it| it.text.clone()).unwrap_or_default();
    let value = words.get(colon + 1..).unwrap_or_default();
    let holds = members.0.iter().find(|it| it.name == key).map(|it| it.holds.clone());
    if value.is_empty() {
        let special = holds.as_ref().is_some_and(|it| offer.values(it, place.quoted));
        if !place.quoted {
            expression::names(offer, if special { 20 } else { 2 });
        }
        return;
    }
    expression::fill(offer, place, value);
}

/// The members that an object may have, whether they are an event's, and whose they are.
fn object_members(offer: &Offer<'_>, place: &Place) -> (Vec<Member>, bool, String) {
    let head = place.head();
    let word = |at: usize| head.get(at).map(|it| it.text.as_str()).unwrap_or_default();
    let behind = |name: &str| {
        head.iter().position(|it| it.text == name).and_then(|it| head.get(it + 1)).map(|it| it.text.clone())
    };
    let event = behind("emit").or_else(|| behind("event").filter(|_| !has(head, "do")));
    if let Some(event) = event {
        return (offer.world.fields(&event).to_vec(), true, event);
    }
    let attributes = |entity: &str| {
        let members = offer.world.attributes(entity).into_iter().cloned().collect();
        (members, false, entity.to_owned())
    };
    if let Some(entity) = behind("create") {
        return attributes(&entity);
    }
    if let Some(at) = head.iter().position(|it| it.text == "update") {
        let target = path(head.get(at + 1..).unwrap_or_default());
        let kind = match offer.world.member(&offer.scope, &target).map(|it| it.holds.clone()) {
            Some(Holds::Entity(kind)) => kind,
            _ => target.last().map(|it| (*it).to_owned()).unwrap_or_default(),
        };
        return attributes(&kind);
    }
    if offer.world.get(DeclaredSort::Entity, word(0)).is_some() {
        return attributes(word(0));
    }
    // In a test, somebody to whom an event happens.
    let event = word(1).to_owned();
    (offer.world.fields(&event).to_vec(), true, event)
}
