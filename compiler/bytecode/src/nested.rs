//! How the items of a source are written: one after another, with words that open and
//! close what they stand in, so that reading never goes deeper than is allowed.
//!
//! It must not know what the items mean.

use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{FunctionId, SourceItem};

/// Items stand in each other at most this deep.
pub(crate) const DEPTH: usize = 16;

/// An item, or a word that opens or closes a block.
#[derive(Serialize, Deserialize)]
enum Word {
    When(FunctionId),
    Else,
    Each(FunctionId),
    End,
    Entity {
        kind: Arc<str>,
        keys: Vec<(Arc<str>, FunctionId)>,
        attributes: Vec<(Arc<str>, FunctionId)>,
    },
    Event {
        event: Arc<str>,
        id: Option<FunctionId>,
        at: Option<FunctionId>,
        fields: Vec<(Arc<str>, FunctionId)>,
    },
    Answer(FunctionId),
}

/// A block that is being read.
enum Open {
    When(FunctionId, Vec<SourceItem>),
    Else(FunctionId, Vec<SourceItem>, Vec<SourceItem>),
    Each(FunctionId, Vec<SourceItem>),
}

pub(crate) fn serialize<S: Serializer>(items: &[SourceItem], serializer: S) -> Result<S::Ok, S::Error> {
    let mut words = Vec::new();
    write(items, &mut words);
    words.serialize(serializer)
}

fn write(items: &[SourceItem], words: &mut Vec<Word>) {
    for item in items {
        match item {
            SourceItem::When { condition, then, otherwise } => {
                words.push(Word::When(*condition));
                write(then, words);
                words.push(Word::Else);
                write(otherwise, words);
                words.push(Word::End);
            }
            SourceItem::Each { list, items } => {
                words.push(Word::Each(*list));
                write(items, words);
                words.push(Word::End);
            }
            SourceItem::Entity { kind, keys, attributes } => words.push(Word::Entity {
                kind: kind.clone(),
                keys: keys.clone(),
                attributes: attributes.clone(),
            }),
            SourceItem::Event { event, id, at, fields } => {
                words.push(Word::Event { event: event.clone(), id: *id, at: *at, fields: fields.clone() });
            }
            SourceItem::Answer(answer) => words.push(Word::Answer(*answer)),
        }
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SourceItem>, D::Error> {
    let words = Vec::<Word>::deserialize(deserializer)?;
    read(words).ok_or_else(|| D::Error::custom("blocks that do not fit together, or too deep"))
}

fn read(words: Vec<Word>) -> Option<Vec<SourceItem>> {
    let mut whole = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for word in words {
        let item = match word {
            Word::When(condition) => {
                open.push(Open::When(condition, Vec::new()));
                None
            }
            Word::Each(list) => {
                open.push(Open::Each(list, Vec::new()));
                None
            }
            Word::Else => {
                let Some(Open::When(condition, then)) = open.pop() else { return None };
                open.push(Open::Else(condition, then, Vec::new()));
                None
            }
            Word::End => match open.pop()? {
                Open::Else(condition, then, otherwise) => {
                    Some(SourceItem::When { condition, then, otherwise })
                }
                Open::Each(list, items) => Some(SourceItem::Each { list, items }),
                Open::When(..) => return None,
            },
            Word::Entity { kind, keys, attributes } => Some(SourceItem::Entity { kind, keys, attributes }),
            Word::Event { event, id, at, fields } => Some(SourceItem::Event { event, id, at, fields }),
            Word::Answer(answer) => Some(SourceItem::Answer(answer)),
        };
        if open.len() > DEPTH {
            return None;
        }
        let block = match open.last_mut() {
            Some(Open::When(_, items) | Open::Else(_, _, items) | Open::Each(_, items)) => items,
            None => &mut whole,
        };
        block.extend(item);
    }
    if open.is_empty() { Some(whole) } else { None }
}
