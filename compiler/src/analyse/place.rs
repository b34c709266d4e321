//! Values that read the same wherever they are read, each with a key.
//!
//! It must not know what is claimed of them.

use crate::hir::{EventScope, Expr, ExprKind};

/// Beginning of the keys of what never changes while a run goes on.
const FIXED: &str = "event ";

/// The key of a value that reads the same at one moment; the event at hand counts as `scope`.
pub(super) fn key(expr: &Expr, scope: EventScope) -> Option<String> {
    match &expr.kind {
        ExprKind::Subject => Some("subject".into()),
        ExprKind::Contact => Some("contact".into()),
        ExprKind::Field { of, name } => {
            let of = if *of == EventScope::Current { scope } else { *of };
            Some(format!("{FIXED}{of:?}.{name}"))
        }
        ExprKind::Attribute(base, name) | ExprKind::Member(base, name) => {
            key(base, scope).map(|base| format!("{base}.{name}"))
        }
        ExprKind::Convert(inner) => key(inner, scope).map(|inner| format!("{inner} as {:?}", expr.ty.ty)),
        ExprKind::StartOf(inner) => key(inner, scope).map(|inner| format!("{inner} start")),
        ExprKind::History(history) => {
            let asked = history.condition.as_ref().map(|it| whole(it, scope)).unwrap_or_default();
            let of = key(&history.entity, scope)?;
            Some(format!("past {} of {of} {:?} {:?} {asked}", history.event, history.span, history.ask))
        }
        _ => None,
    }
}

/// Whether the value with this key stays the same while a run goes on.
pub(super) fn is_fixed(key: &str) -> bool {
    key.starts_with(FIXED)
}

/// A key for any condition: the same for conditions that say the same at one moment.
pub(super) fn whole(expr: &Expr, scope: EventScope) -> String {
    match (&expr.kind, key(expr, scope)) {
        (_, Some(key)) => key,
        (ExprKind::Constant(value), _) => format!("{value:?}"),
        (ExprKind::Compare(op, a, b), _) => format!("({} {op:?} {})", whole(a, scope), whole(b, scope)),
        (ExprKind::Arithmetic(op, a, b), _) => format!("({} {op:?} {})", whole(a, scope), whole(b, scope)),
        (ExprKind::Pipe(pipe, value, args), _) => {
            let args: Vec<String> = args.iter().map(|it| whole(it, scope)).collect();
            format!("{}|{pipe:?}{args:?}", whole(value, scope))
        }
        (ExprKind::Default(a, b), _) => format!("({} default {})", whole(a, scope), whole(b, scope)),
        (ExprKind::List(items), _) => {
            format!("{:?}", items.iter().map(|it| whole(it, scope)).collect::<Vec<_>>())
        }
        (ExprKind::Now, _) => "now".into(),
        (ExprKind::Today, _) => "today".into(),
        // Nothing else is known to say the same twice.
        _ => format!("at {:?}", expr.span),
    }
}
