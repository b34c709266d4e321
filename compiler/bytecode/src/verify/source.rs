//! The proof of sources. It must not know code.

use super::declarations::Known;
use super::watched::lasts;
use super::{Place, signature};
use crate::nested::DEPTH;
use crate::{ArtifactError, FunctionId, Kind, SourceDecl, SourceItem, Verify};

type Proof = Result<(), ArtifactError>;

/// What a function of a source is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It proves who sent the request.
    Proof,
    /// It reads what the request says, which is kept or sent back.
    Said,
}

/// A function of a source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    /// It.
    pub(super) function: FunctionId,
    /// What it is for.
    pub(super) part: Part,
    /// How many loops it stands in: it takes so many items after the request.
    depth: usize,
    /// Kinds of which it may give one; none means any.
    kinds: &'static [Kind],
}

const TEXT: &[Kind] = &[Kind::Text];
const TEXTS: &[Kind] = &[Kind::Text, Kind::List];
const TIME: &[Kind] = &[Kind::Time];
const BOOL: &[Kind] = &[Kind::Bool];
const LIST: &[Kind] = &[Kind::List];
const ANY: &[Kind] = &[];

/// Proves a source.
pub(super) fn check(known: &Known<'_>, decl: &SourceDecl) -> Proof {
    let place = Place::new(format!("source `{}`", decl.name));
    place.ensure(decl.path.starts_with('/'), "its path does not start with `/`")?;
    for value in functions(decl) {
        let params = vec![Kind::Json; 1 + value.depth];
        let function = signature(known.program, value.function, &params, None, &place)?;
        let fits = value.kinds.is_empty() || function.result.is_some_and(|kind| value.kinds.contains(&kind));
        place.ensure(fits, &format!("`{}` gives something else", function.name))?;
    }
    for proof in &decl.verify {
        let Verify::Hmac(hmac) = proof else { continue };
        place.ensure(!hmac.keys.is_empty(), "a signature has no key")?;
        hmac.fresh.map_or(Ok(()), |(length, _)| lasts(length, &place))?;
    }
    items(known, &decl.items, 0, &place)
}

fn items(known: &Known<'_>, items: &[SourceItem], depth: usize, place: &Place) -> Proof {
    place.ensure(depth <= DEPTH, "its blocks are nested too deeply")?;
    items.iter().try_for_each(|it| item(known, it, depth, place))
}

fn item(known: &Known<'_>, item: &SourceItem, depth: usize, place: &Place) -> Proof {
    match item {
        SourceItem::When { then, otherwise, .. } => {
            items(known, then, depth + 1, place)?;
            items(known, otherwise, depth + 1, place)
        }
        SourceItem::Each { items: inner, .. } => items(known, inner, depth + 1, place),
        SourceItem::Entity { kind, keys, attributes } => {
            place.ensure(
                known.entities.contains_key(&**kind),
                "it speaks about an entity that is not declared",
            )?;
            place.ensure(!keys.is_empty(), "an entity has no key")?;
            place.unique(keys.iter().map(|(name, _)| &**name))?;
            let given = place.unique(attributes.iter().map(|(name, _)| &**name))?;
            let declared = given.iter().all(|name| known.attribute(kind, name).is_some());
            place.ensure(declared, "it gives an attribute that its entity does not have")
        }
        SourceItem::Event { event, fields, .. } => {
            let Some(decl) = known.events.get(&**event) else {
                return Err(place.unsound(format!("the event `{event}` is not declared")));
            };
            let given = place.unique(fields.iter().map(|(name, _)| &**name))?;
            let declared = decl.fields.iter().map(|field| &*field.name).collect();
            place.ensure(given.is_subset(&declared), "it gives a field that its event does not have")
        }
        SourceItem::Answer(_) => Ok(()),
    }
}

/// The functions of a source.
pub(super) fn functions(decl: &SourceDecl) -> Vec<Value> {
    let mut all = Values { part: Part::Proof, depth: 0, found: Vec::new() };
    decl.verify.iter().for_each(|proof| all.proof(proof));
    all.part = Part::Said;
    all.extend(&decl.id, TEXT);
    all.extend(&decl.at, TIME);
    all.items(&decl.items);
    all.found
}

struct Values {
    part: Part,
    depth: usize,
    found: Vec<Value>,
}

impl Values {
    fn extend<'f>(&mut self, functions: impl IntoIterator<Item = &'f FunctionId>, kinds: &'static [Kind]) {
        let (part, depth) = (self.part, self.depth);
        self.found.extend(functions.into_iter().map(|function| Value {
            function: *function,
            part,
            depth,
            kinds,
        }));
    }

    fn proof(&mut self, proof: &Verify) {
        match proof {
            Verify::Hmac(hmac) => {
                self.extend(&hmac.signed, TEXT);
                self.extend([&hmac.signature], TEXTS);
                self.extend(hmac.keys.iter().map(|key| &key.key), TEXT);
                self.extend(hmac.fresh.as_ref().map(|(_, moment)| moment), TIME);
            }
            Verify::Basic(a, b) | Verify::Token(a, b) => self.extend([a, b], TEXT),
            Verify::Bearer(token) => self.extend([token], TEXT),
        }
    }

    fn items(&mut self, items: &[SourceItem]) {
        for item in items {
            match item {
                SourceItem::When { condition, then, otherwise } => {
                    self.extend([condition], BOOL);
                    self.items(then);
                    self.items(otherwise);
                }
                SourceItem::Each { list, items } => {
                    self.extend([list], LIST);
                    self.depth += 1;
                    self.items(items);
                    self.depth -= 1;
                }
                SourceItem::Entity { keys, attributes, .. } => {
                    self.extend(keys.iter().map(|(_, function)| function), TEXT);
                    self.extend(attributes.iter().map(|(_, function)| function), ANY);
                }
                SourceItem::Event { id, at, fields, .. } => {
                    self.extend(id, TEXT);
                    self.extend(at, TIME);
                    self.extend(fields.iter().map(|(_, function)| function), ANY);
                }
                SourceItem::Answer(answer) => self.extend([answer], ANY),
            }
        }
    }
}
