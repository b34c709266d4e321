//! What a function means, as one number: two functions with the same number do the
//! same. Names for people, ids and places in the source do not count. It must not
//! know what the functions are for.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Ask, Function, FunctionId, Span};

type Digest = [u8; 32];

/// A number that changes only if what the function does, by itself or through the
/// functions that it calls, is written differently; `about` is what it speaks about,
/// such as a kind of entity. Functions that are not there count as nothing.
#[must_use]
pub fn meaning(functions: &[Function], id: FunctionId, about: &str) -> u64 {
    let mut digests = BTreeMap::new();
    for id in reached(functions, id) {
        if let Some(function) = functions.get(id.0 as usize) {
            let digest = digest(function, &digests);
            digests.insert(id, digest);
        }
    }
    let whole = hash(&(about, digests.get(&id)));
    let [a, b, c, d, e, f, g, h, ..] = whole;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The function and all that it calls, callees first.
fn reached(functions: &[Function], id: FunctionId) -> Vec<FunctionId> {
    let mut known = BTreeMap::from([(id, ())]);
    let mut open = vec![id];
    while let Some(caller) = open.pop() {
        let Some(function) = functions.get(caller.0 as usize) else { continue };
        for callee in function.callees().filter(|callee| *callee < caller) {
            if known.insert(callee, ()).is_none() {
                open.push(callee);
            }
        }
    }
    known.into_keys().collect()
}

fn digest(function: &Function, digests: &BTreeMap<FunctionId, Digest>) -> Digest {
    let of = |id: &FunctionId| digests.get(id).copied();
    let blocks: Vec<Option<Digest>> = function.blocks.iter().map(of).collect();
    let histories: Vec<(&str, Span, &Ask, Option<Option<Digest>>)> = function
        .histories
        .iter()
        .map(|history| (&*history.event, history.span, &history.ask, history.condition.as_ref().map(of)))
        .collect();
    hash(&(
        &function.params,
        function.result,
        function.registers,
        &function.constants,
        &function.names,
        blocks,
        histories,
        &function.code,
    ))
}

/// Postcard of what is here cannot fail; if it could, all of it would mean the same.
fn hash(value: &impl Serialize) -> Digest {
    *blake3::hash(&postcard::to_stdvec(value).unwrap_or_default()).as_bytes()
}
