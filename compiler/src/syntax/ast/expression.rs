//! Views of expressions.

use super::{
    AstNode, DateExpr, DateTimeExpr, DurationExpr, Name, NumberExpr, StringExpr, StringLit, TimeExpr, Where,
    child, children, choice, has_word, nth, strings, token, views, words,
};
use crate::syntax::kind::{SyntaxKind, SyntaxToken};

choice! {
    /// Anything with a value.
    Expr {
        /// `a or b`, `a = b`, `a + b`, …
        Binary(BinaryExpr),
        /// `a between b and c`
        Between(BetweenExpr),
        /// `a is set`, `a is not set`, `a is missing`
        Is(IsExpr),
        /// `not a`, `-a`
        Prefix(PrefixExpr),
        /// `a | upper`
        Pipe(PipeExpr),
        /// `14 days ago`
        Ago(AgoExpr),
        /// `(a).b`
        Field(FieldExpr),
        /// `a`, `a.b.c`
        Path(PathExpr),
        /// `count(purchase where amount > 50 in last 30 days)`
        Call(CallExpr),
        /// `header "…"`, `query "…"`: of the request that a source has got
        Request(RequestExpr),
        /// `(a)`
        Paren(ParenExpr),
        /// `[a, b]`
        List(ListExpr),
        /// `{ a: b }`
        Object(ObjectExpr),
        /// `"…"`
        String(StringExpr),
        /// `12`
        Number(NumberExpr),
        /// `2 days`
        Duration(DurationExpr),
        /// `2026-03-07`
        Date(DateExpr),
        /// `2026-03-07 09:00`
        DateTime(DateTimeExpr),
        /// `09:00`
        Time(TimeExpr),
        /// `true`, `false`
        Bool(BoolExpr),
        /// `now`
        Now(NowExpr),
        /// `today`
        Today(TodayExpr),
    }
}

views! {
    /// `a or b`, `a = b`, `a + b`, …
    BinaryExpr = BINARY_EXPR;
    /// `a between b and c`
    BetweenExpr = BETWEEN_EXPR;
    /// `a is set`, `a is not set`, `a is missing`
    IsExpr = IS_EXPR;
    /// `not a`, `-a`
    PrefixExpr = PREFIX_EXPR;
    /// `a | upper`
    PipeExpr = PIPE_EXPR;
    /// `14 days ago`
    AgoExpr = AGO_EXPR;
    /// `(a).b`
    FieldExpr = FIELD_EXPR;
    /// `a`, `a.b.c`
    PathExpr = PATH_EXPR;
    /// `NAME(VALUE where CONDITION in last DURATION, …)`
    CallExpr = CALL_EXPR;
    /// `in last DURATION`
    LastWindow = LAST;
    /// `header "…"`, `query "…"`
    RequestExpr = REQUEST_EXPR;
    /// `(a)`
    ParenExpr = PAREN_EXPR;
    /// `[a, b]`
    ListExpr = LIST_EXPR;
    /// `{ a: b }`
    ObjectExpr = OBJECT_EXPR;
    /// `a: b`
    Entry = ENTRY;
    /// `true`, `false`
    BoolExpr = BOOL_EXPR;
    /// `now`
    NowExpr = NOW_EXPR;
    /// `today`
    TodayExpr = TODAY_EXPR;
}

/// What a binary operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `contains`
    Contains,
    /// `starts with`
    StartsWith,
    /// `ends with`
    EndsWith,
    /// `matches`
    Matches,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

impl BinaryOp {
    /// The operator that `token` begins.
    fn read(token: &SyntaxToken) -> Option<Self> {
        Some(match token.kind() {
            SyntaxKind::EQ => Self::Eq,
            SyntaxKind::NE => Self::Ne,
            SyntaxKind::LT => Self::Lt,
            SyntaxKind::LE => Self::Le,
            SyntaxKind::GT => Self::Gt,
            SyntaxKind::GE => Self::Ge,
            SyntaxKind::PLUS => Self::Add,
            SyntaxKind::MINUS => Self::Subtract,
            SyntaxKind::STAR => Self::Multiply,
            SyntaxKind::SLASH => Self::Divide,
            SyntaxKind::AND_AND => Self::And,
            SyntaxKind::OR_OR => Self::Or,
            SyntaxKind::WORD => match token.text() {
                "or" => Self::Or,
                "and" => Self::And,
                "in" => Self::In,
                "not" => Self::NotIn,
                "contains" => Self::Contains,
                "starts" => Self::StartsWith,
                "ends" => Self::EndsWith,
                "matches" => Self::Matches,
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl BinaryExpr {
    /// The operator.
    #[must_use]
    pub fn op(&self) -> Option<BinaryOp> {
        BinaryOp::read(&self.op_token()?)
    }

    /// The operator's first word or sign.
    #[must_use]
    pub fn op_token(&self) -> Option<SyntaxToken> {
        token(self.syntax(), |kind| !kind.is_trivia() && kind != SyntaxKind::ERROR)
    }

    /// What stands before the operator.
    #[must_use]
    pub fn left(&self) -> Option<Expr> {
        nth(self.syntax(), 0)
    }

    /// What stands after it.
    #[must_use]
    pub fn right(&self) -> Option<Expr> {
        nth(self.syntax(), 1)
    }
}

impl BetweenExpr {
    /// What is compared.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        nth(self.syntax(), 0)
    }

    /// The lower bound, included.
    #[must_use]
    pub fn low(&self) -> Option<Expr> {
        nth(self.syntax(), 1)
    }

    /// The upper bound, included.
    #[must_use]
    pub fn high(&self) -> Option<Expr> {
        nth(self.syntax(), 2)
    }
}

/// Whether a value is asked to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// `is set`
    Set,
    /// `is missing`, `is not set`
    Missing,
}

impl IsExpr {
    /// The value asked about.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// What is asked.
    #[must_use]
    pub fn presence(&self) -> Option<Presence> {
        let negated = has_word(self.syntax(), "not");
        match words(self.syntax()).last()?.text() {
            "set" if negated => Some(Presence::Missing),
            "missing" if negated => Some(Presence::Set),
            "set" => Some(Presence::Set),
            "missing" => Some(Presence::Missing),
            _ => None,
        }
    }
}

/// What a prefix does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrefixOp {
    /// `not`
    Not,
    /// `-`
    Negate,
}

impl PrefixExpr {
    /// The operator.
    #[must_use]
    pub fn op(&self) -> Option<PrefixOp> {
        let sign = token(self.syntax(), |kind| {
            matches!(kind, SyntaxKind::WORD | SyntaxKind::BANG | SyntaxKind::MINUS)
        })?;
        Some(if sign.kind() == SyntaxKind::MINUS { PrefixOp::Negate } else { PrefixOp::Not })
    }

    /// What it is applied to.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl PipeExpr {
    /// What goes in.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The pipe's name; `default` too.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What follows the name: literals, or the one value of `default`.
    pub fn arguments(&self) -> impl Iterator<Item = Expr> + use<> {
        children(self.syntax()).skip(1)
    }
}

impl AgoExpr {
    /// How long ago.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl FieldExpr {
    /// What has the field.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }

    /// The names after it.
    pub fn names(&self) -> impl Iterator<Item = Name> + use<> {
        children(self.syntax())
    }
}

impl PathExpr {
    /// Its names: one at least, more after dots.
    pub fn names(&self) -> impl Iterator<Item = Name> + use<> {
        children(self.syntax())
    }

    /// The names joined by dots, without spaces.
    #[must_use]
    pub fn text(&self) -> String {
        self.names().map(|name| name.text()).collect::<Vec<_>>().join(".")
    }
}

impl CallExpr {
    /// The function's name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(self.syntax())
    }

    /// What stands in the brackets, without the condition and the window.
    pub fn arguments(&self) -> impl Iterator<Item = Expr> + use<> {
        children(self.syntax())
    }

    /// The condition on what the first argument names.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child::<Where>(self.syntax())?.condition()
    }

    /// How far back it looks; without limit if not written.
    #[must_use]
    pub fn window(&self) -> Option<DurationExpr> {
        child(child::<LastWindow>(self.syntax())?.syntax())
    }
}

/// Which part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestPart {
    /// `header`
    Header,
    /// `query`
    Query,
}

impl RequestExpr {
    /// Which part.
    #[must_use]
    pub fn part(&self) -> RequestPart {
        if has_word(self.syntax(), "query") { RequestPart::Query } else { RequestPart::Header }
    }

    /// The name of the header or parameter.
    #[must_use]
    pub fn name(&self) -> Option<StringLit> {
        strings(self.syntax()).next()
    }
}

impl ParenExpr {
    /// What is inside.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl ListExpr {
    /// Its items.
    pub fn items(&self) -> impl Iterator<Item = Expr> + use<> {
        children(self.syntax())
    }
}

impl ObjectExpr {
    /// Its entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        children(self.syntax())
    }
}

/// What an entry of an object is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// `name: …`
    Name(Name),
    /// `"any text": …`
    Text(StringLit),
}

impl Key {
    /// From its first to its last character, in the tree.
    #[must_use]
    pub fn range(&self) -> rowan::TextRange {
        match self {
            Self::Name(name) => name.range(),
            Self::Text(text) => text.range(),
        }
    }
}

impl Entry {
    /// What it is called.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        child(self.syntax()).map(Key::Name).or_else(|| strings(self.syntax()).next().map(Key::Text))
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(self.syntax())
    }
}

impl BoolExpr {
    /// Whether it is `true`.
    #[must_use]
    pub fn value(&self) -> bool {
        has_word(self.syntax(), "true")
    }
}
