//! Code for the values of tests, added behind a program's own: what is deployed has none of it.

use onward_bytecode::{FunctionId, Scalar, Type};

use super::limit::Limit;
use super::source::Source;
use super::{Functions, Lowered, expression};
use crate::diagnostic::Diagnostic;
use crate::hir::{ActorId, Expr, ExprKind};

/// A value of a test: a function of the entities that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCall {
    /// The function.
    pub function: FunctionId,
    /// Its arguments.
    pub actors: Vec<ActorId>,
}

impl Lowered {
    /// Adds a value of the test `name`.
    ///
    /// # Errors
    /// If it is too large for the machine.
    #[expect(clippy::result_large_err, reason = "a program has few values that are too large")]
    pub fn add_value(&mut self, name: &str, value: &Expr) -> Result<TestCall, Diagnostic> {
        let mut read = Vec::new();
        actors(value, &mut read);
        read.sort();
        read.dedup();
        let params =
            read.iter().map(|(actor, kind)| (Source::Actor(*actor), Type::One(Scalar::Entity(kind.clone()))));
        let mut functions = Functions {
            functions: std::mem::take(&mut self.program.functions),
            spans: std::mem::take(&mut self.spans),
        };
        let function = expression::function(&mut functions, format!("test {name}"), params, value);
        self.program.functions = functions.functions;
        self.spans = functions.spans;
        let function = function.map_err(|limit: Limit| limit.of_test(name, value.span))?;
        Ok(TestCall { function, actors: read.into_iter().map(|(actor, _)| actor).collect() })
    }
}

/// The entities of a test that `expr` reads, with their kinds.
fn actors(expr: &Expr, found: &mut Vec<(ActorId, std::sync::Arc<str>)>) {
    if let (ExprKind::Actor(actor), Type::One(Scalar::Entity(kind))) = (&expr.kind, &expr.ty.ty) {
        found.push((*actor, kind.clone()));
    }
    expr.inner().into_iter().for_each(|it| actors(it, found));
}
