//! What holds above all workflows: windows of time, and how much goes out.
//!
//! It must not know messages.

use onward_bytecode::{FunctionId, Policy, Quiet, Scalar, Type, Window};

use super::Functions;
use super::code::Code;
use super::expression::function_of;
use super::limit::{Limit, Lowering};
use crate::diagnostic::Span;
use crate::hir;

/// Lowers the policy.
///
/// # Errors
/// A time zone that does not fit the machine, and where it stands.
pub(super) fn lower(policy: &hir::Policy, functions: &mut Functions) -> Result<Policy, (Limit, Span)> {
    let mut quiet = Vec::new();
    for (channels, hours) in &policy.quiet {
        let window =
            window(functions, "policy.zone".to_owned(), hours).map_err(|limit| (limit, hours.span))?;
        quiet.push(Quiet { channels: channels.clone(), window });
    }
    Ok(Policy { quiet, caps: policy.caps.clone(), topics: policy.topics.clone() })
}

/// Lowers a window of time; `name` is that of the function that gives its zone.
///
/// # Errors
/// A time zone that does not fit the machine.
pub(super) fn window(functions: &mut Functions, name: String, window: &hir::Window) -> Lowering<Window> {
    let mut zone = |zone| -> Lowering<FunctionId> {
        function_of(Code::with_params(functions, name.clone(), [])?, zone, &Type::One(Scalar::Text))
    };
    Ok(Window {
        from: window.from,
        to: window.to,
        days: window.days,
        zone: window.zone.as_ref().map(&mut zone).transpose()?,
    })
}
