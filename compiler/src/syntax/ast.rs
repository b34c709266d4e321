//! Typed views of the tree: what a rule file says, without its spelling.
//!
//! A view never fails and never owns anything: whatever is missing after a
//! mistake is `None`, and the parser has already said so. It must not know what
//! any name refers to.

mod act;
mod action;
mod clause;
mod declaration;
mod expression;
mod ingest;
mod literal;
mod policy;
mod test;
mod trigger;
mod workflow;

pub use act::*;
pub use action::*;
pub use clause::*;
pub use declaration::*;
pub use expression::*;
pub use ingest::*;
pub use literal::*;
pub use policy::*;
pub use test::*;
pub use trigger::*;
pub use workflow::*;

use rowan::{TextRange, TextSize};

use crate::diagnostic::{FileId, Span};
use crate::syntax::kind::{SyntaxKind, SyntaxNode, SyntaxToken};

/// Where the first byte of a tree lies: 0 in a file, but the place of the hole for
/// an expression in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The file.
    pub file: FileId,
    /// Offset of the tree's first byte in the file.
    pub offset: u32,
}

impl Origin {
    /// The place in the file of `range` in the tree.
    #[must_use]
    pub fn span(self, range: TextRange) -> Span {
        let start = self.offset.saturating_add(range.start().into());
        let end = self.offset.saturating_add(range.end().into());
        Span::new(self.file, start..end)
    }
}

impl From<FileId> for Origin {
    fn from(file: FileId) -> Self {
        Self { file, offset: 0 }
    }
}

/// A typed view of one node.
pub trait AstNode: Sized {
    /// Whether a node of this kind can be seen so.
    fn can_cast(kind: SyntaxKind) -> bool;

    /// The view of `node`, if it is of that kind.
    fn cast(node: SyntaxNode) -> Option<Self>;

    /// The node.
    fn syntax(&self) -> &SyntaxNode;

    /// From its first to its last word, in the tree.
    fn range(&self) -> TextRange {
        self.syntax().text_range()
    }

    /// From its first to its last word, in the file.
    fn span(&self, origin: impl Into<Origin>) -> Span {
        origin.into().span(self.range())
    }
}

/// The first child that can be seen as `N`.
fn child<N: AstNode>(node: &SyntaxNode) -> Option<N> {
    node.first_child_by_kind(&N::can_cast).and_then(N::cast)
}

/// All children that can be seen as `N`.
fn children<N: AstNode>(node: &SyntaxNode) -> impl Iterator<Item = N> + use<N> {
    node.children().by_kind(N::can_cast).filter_map(N::cast)
}

/// The child at `index` among those that can be seen as `N`.
fn nth<N: AstNode>(node: &SyntaxNode, index: usize) -> Option<N> {
    children(node).nth(index)
}

/// The first token of a kind right below `node`.
fn token(node: &SyntaxNode, wanted: impl Fn(SyntaxKind) -> bool) -> Option<SyntaxToken> {
    tokens(node, wanted).next()
}

/// The tokens of a kind right below `node`.
fn tokens<F: Fn(SyntaxKind) -> bool>(
    node: &SyntaxNode,
    wanted: F,
) -> impl Iterator<Item = SyntaxToken> + use<F> {
    node.children_with_tokens().by_kind(wanted).filter_map(rowan::NodeOrToken::into_token)
}

/// The keywords right below `node`, in order.
fn words(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    tokens(node, |kind| kind == SyntaxKind::WORD)
}

/// Whether the keyword `word` stands right below `node`.
fn has_word(node: &SyntaxNode, word: &str) -> bool {
    words(node).any(|it| it.text() == word)
}

/// The name that follows the keyword `word` right below `node`.
fn name_after(node: &SyntaxNode, word: &str) -> Option<Name> {
    let mut after = node
        .children_with_tokens()
        .skip_while(|it| it.as_token().is_none_or(|it| it.kind() != SyntaxKind::WORD || it.text() != word))
        .skip(1)
        .take_while(|it| it.kind() != SyntaxKind::WORD);
    after.find_map(|it| it.into_node().and_then(Name::cast))
}

/// Declares views that hold exactly one kind of node.
macro_rules! views {
    ($($(#[$meta:meta])* $view:ident = $kind:ident;)*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash)]
            pub struct $view($crate::syntax::kind::SyntaxNode);

            impl $crate::syntax::ast::AstNode for $view {
                fn can_cast(kind: $crate::syntax::kind::SyntaxKind) -> bool {
                    kind == $crate::syntax::kind::SyntaxKind::$kind
                }

                fn cast(node: $crate::syntax::kind::SyntaxNode) -> Option<Self> {
                    Self::can_cast(node.kind()).then_some(Self(node))
                }

                fn syntax(&self) -> &$crate::syntax::kind::SyntaxNode {
                    &self.0
                }
            }
        )*
    };
}

/// Declares a view that is one of several.
macro_rules! choice {
    ($(#[$meta:meta])* $choice:ident { $($(#[$doc:meta])* $variant:ident($view:ident),)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $choice {
            $($(#[$doc])* $variant($view),)*
        }

        impl $crate::syntax::ast::AstNode for $choice {
            fn can_cast(kind: $crate::syntax::kind::SyntaxKind) -> bool {
                false $(|| <$view>::can_cast(kind))*
            }

            fn cast(node: $crate::syntax::kind::SyntaxNode) -> Option<Self> {
                let kind = node.kind();
                $(
                    if <$view>::can_cast(kind) {
                        return <$view>::cast(node).map(Self::$variant);
                    }
                )*
                None
            }

            fn syntax(&self) -> &$crate::syntax::kind::SyntaxNode {
                match self {
                    $(Self::$variant(view) => view.syntax(),)*
                }
            }
        }
    };
}

use {choice, views};

views! {
    /// A whole file.
    File = FILE;
    /// A name: of a thing that is declared or referred to.
    Name = NAME;
    /// `a.b.c`, the name of an action.
    Dotted = DOTTED;
    /// `as NAME`.
    Alias = ALIAS;
    /// `where CONDITION`.
    Where = WHERE;
}

impl File {
    /// Its declarations, in order; of a bare file, the one workflow.
    pub fn declarations(&self) -> impl Iterator<Item = Decl> + use<> {
        children(&self.0)
    }
}

impl Name {
    /// The name itself; a name that a string stands for (as a key) is not here.
    #[must_use]
    pub fn text(&self) -> String {
        // One token, read without a walk through the tree: names are read all the time.
        let green = self.0.green();
        green.children().filter_map(rowan::NodeOrToken::into_token).map(|it| it.text()).collect()
    }
}

impl Dotted {
    /// Its parts.
    pub fn names(&self) -> impl Iterator<Item = Name> + use<> {
        children(&self.0)
    }

    /// The parts joined by dots, without spaces.
    #[must_use]
    pub fn text(&self) -> String {
        self.names().map(|name| name.text()).collect::<Vec<_>>().join(".")
    }
}

impl Alias {
    /// The name given.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }
}

impl Where {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }
}

/// The `##` lines right above `node`, without their signs, joined by newlines.
fn docs(node: &SyntaxNode) -> Option<String> {
    let mut lines = Vec::new();
    let mut at = node.prev_sibling_or_token();
    while let Some(rowan::NodeOrToken::Token(found)) = at {
        let before = found.prev_sibling_or_token();
        match found.kind() {
            SyntaxKind::WHITESPACE if found.text().matches('\n').count() < 2 => {}
            SyntaxKind::DOC if starts_line(before.as_ref()) => lines.push(doc_line(found.text())),
            _ => break,
        }
        at = before;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether what follows `before` is the first thing on its line.
fn starts_line(before: Option<&crate::syntax::kind::SyntaxElement>) -> bool {
    match before {
        None => true,
        Some(rowan::NodeOrToken::Token(space)) => {
            space.text().contains('\n') || space.text_range().start() == TextSize::new(0)
        }
        Some(rowan::NodeOrToken::Node(_)) => false,
    }
}

/// The text of a `##` line.
fn doc_line(line: &str) -> String {
    let text = line.trim_start_matches('#');
    text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()
}
