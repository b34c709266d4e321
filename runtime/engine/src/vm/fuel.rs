//! How much work one call may do, and how large what it makes may be.
//!
//! Code without loops is bounded by its length; lists, and texts that are long,
//! multiply it. One unit is a word of code, an item, or 64 bytes that are read.

use onward_bytecode::Value;
use serde_json::Value as Json;

use super::{Fault, MAX_OUTPUT};

/// Units that one call, or one stretch of a workflow's body, may use.
pub(super) const FUEL: u64 = 1_000_000;

/// JSON is nested at most this deep.
const MAX_DEPTH: usize = 100;

/// Items that a list may have which code makes.
const MAX_ITEMS: usize = 1 << 16;

/// What is left of the work that may be done.
#[derive(Debug)]
pub(super) struct Fuel(u64);

impl Fuel {
    /// As much as one call gets.
    pub(super) fn full() -> Self {
        Self(FUEL)
    }

    /// What is left, for somebody else to use.
    pub(super) fn take(&mut self) -> Self {
        Self(std::mem::take(&mut self.0))
    }

    /// So many units.
    #[cfg(test)]
    pub(super) fn of(units: u64) -> Self {
        Self(units)
    }

    /// Uses units.
    pub(super) fn burn(&mut self, units: usize) -> Result<(), Fault> {
        self.0 = self.0.checked_sub(units as u64).ok_or(Fault::OutOfFuel)?;
        Ok(())
    }

    /// Uses what reading so many bytes costs.
    pub(super) fn burn_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.burn(bytes / 64)
    }

    /// Uses what reading a value as a whole costs.
    pub(super) fn burn_value(&mut self, value: &Value) -> Result<(), Fault> {
        match value {
            Value::Text(_) | Value::Json(_) => self.burn_bytes(size(value)?),
            Value::List(items) => items.iter().try_for_each(|item| {
                self.burn(1)?;
                self.burn_bytes(size(item)?)
            }),
            _ => Ok(()),
        }
    }
}

/// Refuses a text of so many bytes if it is too large.
pub(super) fn bounded(bytes: usize) -> Result<(), Fault> {
    if bytes > MAX_OUTPUT { Err(Fault::TooLarge) } else { Ok(()) }
}

/// A text, unless it is too large.
pub(super) fn text(text: String) -> Result<Value, Fault> {
    bounded(text.len())?;
    Ok(Value::text(text))
}

/// A list, unless it is too long.
pub(super) fn list(items: Vec<Value>) -> Result<Value, Fault> {
    if items.len() > MAX_ITEMS { Err(Fault::TooLarge) } else { Ok(Value::List(items.into())) }
}

/// About how many bytes a value has as JSON.
pub(super) fn size(value: &Value) -> Result<usize, Fault> {
    match value {
        Value::Text(text) => Ok(text.len()),
        Value::Entity(id) => Ok(id.id.len()),
        Value::List(items) => sum(items.iter().map(size)),
        Value::Json(json) => json_size(json, MAX_DEPTH),
        _ => Ok(8),
    }
}

/// The same of JSON that may be nested so deep.
fn json_size(json: &Json, depth: usize) -> Result<usize, Fault> {
    let below = || depth.checked_sub(1).ok_or(Fault::TooLarge);
    match json {
        Json::String(text) => Ok(text.len()),
        Json::Array(items) => {
            let depth = below()?;
            sum(items.iter().map(|item| json_size(item, depth)))
        }
        Json::Object(members) => {
            let depth = below()?;
            sum(members.iter().map(|(name, value)| Ok(json_size(value, depth)?.saturating_add(name.len()))))
        }
        _ => Ok(8),
    }
}

fn sum(mut sizes: impl Iterator<Item = Result<usize, Fault>>) -> Result<usize, Fault> {
    sizes.try_fold(8, |total: usize, size| Ok(total.saturating_add(size?).saturating_add(8)))
}

/// JSON that code makes, unless it is too large or too deep.
pub(super) fn json(json: Json) -> Result<Value, Fault> {
    bounded(json_size(&json, MAX_DEPTH)?)?;
    Ok(Value::Json(json.into()))
}
