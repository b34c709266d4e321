//! Segments: a predicate each, and a number that tells whether it still means the same.
//!
//! It must not know who is in a segment.

use onward_bytecode::{Scalar, SegmentDecl, Type, meaning};

use super::Functions;
use super::code::Code;
use super::expression::function_of;
use super::limit::Lowering;
use crate::hir::Segment;

/// Lowers a segment.
///
/// # Errors
/// A predicate that does not fit the machine.
pub(super) fn lower(segment: &Segment, functions: &mut Functions) -> Lowering<SegmentDecl> {
    let code = Code::with_params(functions, format!("{}.where", segment.name), [])?;
    let predicate = function_of(code, &segment.predicate, &Type::One(Scalar::Bool))?;
    Ok(SegmentDecl {
        name: segment.name.clone(),
        kind: segment.kind.clone(),
        predicate,
        definition: meaning(&functions.functions, predicate, &segment.kind),
        docs: segment.docs.clone(),
    })
}
