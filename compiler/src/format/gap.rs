//! The space between two tokens on one line.

use crate::syntax::kind::SyntaxKind::{self, *};
use crate::syntax::kind::SyntaxToken;

/// Whether a space stands between `before` and `after`; `written` says if one does already.
pub(super) fn has_space(before: &SyntaxToken, after: &SyntaxToken, written: bool) -> bool {
    match (before.kind(), after.kind()) {
        (_, COMMA | COLON | QUESTION | R_PAREN | R_BRACKET | DOT | PERCENT) => false,
        (DOT | L_PAREN | L_BRACKET, _) | (L_BRACE, R_BRACE) => false,
        (_, L_PAREN) => !matches!(parent(after), Some(ACTION_DECL | CALL_EXPR)),
        (MINUS, _) => parent(before) != Some(PREFIX_EXPR),
        // `1d12h` and `1d 12h` are both fine.
        (NUMBER_UNIT, NUMBER_UNIT | NUMBER) => written,
        _ => true,
    }
}

fn parent(token: &SyntaxToken) -> Option<SyntaxKind> {
    token.parent().map(|it| it.kind())
}
