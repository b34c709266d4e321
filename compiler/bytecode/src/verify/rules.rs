//! The typing rules of the operations that take several kinds: one table.
//!
//! Any register may be missing at run time, whatever its kind. An operation gives
//! `Missing` for a missing operand, but comparisons and `Not` give false, `IsSet`
//! says which, `Default` takes the other, and `Text` and `Join` give no text.

use crate::{Kind, Op};

/// What an operand may be.
#[derive(Clone, Copy)]
enum Want {
    /// This kind.
    A(Kind),
    /// Any kind.
    Any,
    /// Any kind but a list: lists of lists are JSON.
    Item,
    /// What the left operand is.
    Same,
}

/// What comes out.
#[derive(Clone, Copy)]
enum Gives {
    /// This kind.
    A(Kind),
    /// What the left operand is.
    Same,
}

use Gives::A as G;
use Want::{A, Any, Item, Same};

/// `op left right → result`. The first line that fits holds; none means that the
/// operation does not take these kinds.
const TWO: &[(Op, Want, Want, Gives)] = &[
    (Op::Eq, Any, Same, G(Kind::Bool)),
    (Op::Ne, Any, Same, G(Kind::Bool)),
    (Op::Lt, A(Kind::Number), Same, G(Kind::Bool)),
    (Op::Lt, A(Kind::Text), Same, G(Kind::Bool)),
    (Op::Lt, A(Kind::Date), Same, G(Kind::Bool)),
    (Op::Lt, A(Kind::Time), Same, G(Kind::Bool)),
    (Op::Lt, A(Kind::Clock), Same, G(Kind::Bool)),
    (Op::Lt, A(Kind::Duration), Same, G(Kind::Bool)),
    (Op::Le, A(Kind::Number), Same, G(Kind::Bool)),
    (Op::Le, A(Kind::Text), Same, G(Kind::Bool)),
    (Op::Le, A(Kind::Date), Same, G(Kind::Bool)),
    (Op::Le, A(Kind::Time), Same, G(Kind::Bool)),
    (Op::Le, A(Kind::Clock), Same, G(Kind::Bool)),
    (Op::Le, A(Kind::Duration), Same, G(Kind::Bool)),
    (Op::In, Item, A(Kind::List), G(Kind::Bool)),
    (Op::Contains, A(Kind::Text), A(Kind::Text), G(Kind::Bool)),
    (Op::Contains, A(Kind::List), Item, G(Kind::Bool)),
    (Op::StartsWith, A(Kind::Text), A(Kind::Text), G(Kind::Bool)),
    (Op::EndsWith, A(Kind::Text), A(Kind::Text), G(Kind::Bool)),
    (Op::Matches, A(Kind::Text), A(Kind::Text), G(Kind::Bool)),
    (Op::Add, A(Kind::Number), Same, Gives::Same),
    (Op::Add, A(Kind::Text), Same, Gives::Same),
    (Op::Add, A(Kind::Duration), Same, Gives::Same),
    (Op::Add, A(Kind::Date), A(Kind::Duration), Gives::Same),
    (Op::Add, A(Kind::Time), A(Kind::Duration), Gives::Same),
    (Op::Sub, A(Kind::Number), Same, Gives::Same),
    (Op::Sub, A(Kind::Duration), Same, Gives::Same),
    (Op::Sub, A(Kind::Date), A(Kind::Duration), Gives::Same),
    (Op::Sub, A(Kind::Time), A(Kind::Duration), Gives::Same),
    (Op::Sub, A(Kind::Date), Same, G(Kind::Duration)),
    (Op::Sub, A(Kind::Time), Same, G(Kind::Duration)),
    (Op::Mul, A(Kind::Number), Same, Gives::Same),
    (Op::Mul, A(Kind::Duration), A(Kind::Number), Gives::Same),
    (Op::Div, A(Kind::Number), Same, Gives::Same),
    (Op::At, A(Kind::Date), A(Kind::Clock), G(Kind::Time)),
    (Op::At, A(Kind::Time), A(Kind::Clock), G(Kind::Time)),
    (Op::Default, Any, Same, Gives::Same),
];

/// `op operand → result`, in the same way.
const ONE: &[(Op, Want, Gives)] = &[
    (Op::Copy, Any, Gives::Same),
    (Op::Not, A(Kind::Bool), G(Kind::Bool)),
    (Op::IsSet, Any, G(Kind::Bool)),
    (Op::Neg, A(Kind::Number), Gives::Same),
    (Op::Neg, A(Kind::Duration), Gives::Same),
    (Op::NextClock, A(Kind::Clock), G(Kind::Time)),
    (Op::StartOf, A(Kind::Date), G(Kind::Time)),
    (Op::Text, Any, G(Kind::Text)),
    (Op::Escape, A(Kind::Text), G(Kind::Text)),
];

impl Want {
    fn fits(self, kind: Kind, left: Kind) -> bool {
        match self {
            Self::A(wanted) => kind == wanted,
            Self::Any => true,
            Self::Item => kind != Kind::List,
            Self::Same => kind == left,
        }
    }
}

impl Gives {
    fn kind(self, left: Kind) -> Kind {
        match self {
            Self::A(kind) => kind,
            Self::Same => left,
        }
    }
}

/// Whether the table above speaks about this operation with two operands.
pub(super) fn has_two(op: Op) -> bool {
    TWO.iter().any(|rule| rule.0 == op)
}

/// Kind of `op left right`.
pub(super) fn two(op: Op, left: Kind, right: Kind) -> Option<Kind> {
    TWO.iter()
        .find(|(o, l, r, _)| *o == op && l.fits(left, left) && r.fits(right, left))
        .map(|(.., gives)| gives.kind(left))
}

/// Kind of `op operand`.
pub(super) fn one(op: Op, operand: Kind) -> Option<Kind> {
    ONE.iter()
        .find(|(o, want, _)| *o == op && want.fits(operand, operand))
        .map(|(.., gives)| gives.kind(operand))
}
