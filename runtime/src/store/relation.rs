//! To what an entity refers: by which of its attributes, as the live program declares them.
//!
//! Only attributes that the program follows are kept, in the transaction that changes the entity; a
//! deployment that follows others fills them in (`docs/decisions/`).

use onward_bytecode::{EntityId, Follow};
use onward_engine::model::Fields;
use serde_json::Value;

/// The entity that an attribute refers to.
pub(super) fn target(attributes: &Fields, follow: &Follow) -> Option<EntityId> {
    let id = attributes.get(&*follow.attribute).and_then(Value::as_str)?;
    (!id.is_empty()).then(|| EntityId::new(follow.target.clone(), id))
}
