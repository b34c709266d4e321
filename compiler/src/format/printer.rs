//! Writes a tree with new space between its tokens.

use super::WIDTH;
use super::gap::has_space;
use crate::syntax::kind::SyntaxKind::{self, *};
use crate::syntax::kind::{SyntaxElement, SyntaxNode, SyntaxToken};

/// The text of `root`; `broken` children of it stay as they are.
pub(super) fn print(root: &SyntaxNode, broken: &[SyntaxNode]) -> String {
    let mut printer =
        Printer { broken, out: String::new(), last: None, trivia: Vec::new(), line: None, level: 0 };
    printer.children(root, 0);
    printer.end();
    printer.out
}

struct Printer<'b> {
    broken: &'b [SyntaxNode],
    out: String,
    /// The last token written; none at the start, and after a comment or a broken part.
    last: Option<SyntaxToken>,
    /// Space and comments since the last token.
    trivia: Vec<SyntaxToken>,
    /// The level of the line that the next token is to begin, if it is to begin one.
    line: Option<usize>,
    /// The level of the current line.
    level: usize,
}

/// How the parts of a node lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// All on one line.
    Flat,
    /// Each on its own line, one level deeper.
    Deeper,
    /// Each on its own line.
    Same,
}

impl Printer<'_> {
    fn node(&mut self, node: &SyntaxNode, level: usize) {
        if self.broken.contains(node) {
            return self.as_it_is(node);
        }
        self.children(node, level);
    }

    fn children(&mut self, node: &SyntaxNode, level: usize) {
        let layout = layout(node, level);
        for child in node.children_with_tokens() {
            let begins = layout != Layout::Flat && begins_line(node, &child);
            let deeper = if layout == Layout::Deeper && !closes(child.kind()) { level + 1 } else { level };
            if begins {
                self.line = Some(deeper);
            }
            match child {
                SyntaxElement::Token(token) if token.kind().is_trivia() => self.trivia.push(token),
                SyntaxElement::Token(token) => self.token(token),
                SyntaxElement::Node(node) => self.node(&node, if begins { deeper } else { level }),
            }
        }
    }

    fn token(&mut self, token: SyntaxToken) {
        let written = !self.trivia.is_empty();
        let inside = usize::from(closes(token.kind()));
        let level = self.line.map_or(self.level + 1, |level| level + inside);
        let newlines = self.comments(level);
        match (self.line.take(), &self.last) {
            (Some(level), _) => self.new_line(level, newlines > 1 && inside == 0),
            (None, Some(last)) => {
                if has_space(last, &token, written) {
                    self.out.push(' ');
                }
            }
            // After a comment within something: this is still a part of it.
            (None, None) => self.continue_line(),
        }
        self.out.push_str(token.text());
        self.last = Some(token);
    }

    /// Begins a line, after an empty one if there was one and it may be kept.
    fn new_line(&mut self, level: usize, empty: bool) {
        let after_brace = self.last.as_ref().is_some_and(|it| opens(it.kind()));
        if !self.out.is_empty() {
            self.out.push('\n');
            if empty && !after_brace {
                self.out.push('\n');
            }
        }
        self.level = level;
        self.indent(level);
    }

    fn continue_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
            self.indent(self.level + 1);
        }
    }

    fn indent(&mut self, level: usize) {
        self.out.extend(std::iter::repeat_n("  ", level));
    }

    /// Writes the comments since the last token, those with a line of their own at `level`;
    /// gives the newlines after them.
    fn comments(&mut self, level: usize) -> usize {
        let mut newlines = 0;
        let mut space = 0;
        for token in std::mem::take(&mut self.trivia) {
            let text = token.text();
            if token.kind() == WHITESPACE {
                newlines += text.matches('\n').count();
                space = text.chars().count();
                continue;
            }
            // `;` is a mistake, but not one that this may mend.
            let behind = newlines == 0 && !self.out.is_empty();
            if behind {
                self.out.extend(std::iter::repeat_n(' ', space.max(1)));
            } else {
                let current = self.level;
                self.new_line(level, newlines > 1);
                self.level = current;
            }
            self.out.push_str(text.trim_end());
            self.last = None;
            newlines = 0;
        }
        newlines
    }

    /// A part with mistakes.
    fn as_it_is(&mut self, node: &SyntaxNode) {
        let newlines = self.comments(0);
        self.line = None;
        self.new_line(0, newlines > 1);
        self.out.push_str(&node.text().to_string());
        self.last = None;
        // Whatever follows begins a line.
        self.level = 0;
    }

    fn end(&mut self) {
        self.comments(0);
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }
}

fn opens(kind: SyntaxKind) -> bool {
    matches!(kind, L_BRACE | L_BRACKET | L_PAREN)
}

fn closes(kind: SyntaxKind) -> bool {
    matches!(kind, R_BRACE | R_BRACKET | R_PAREN)
}

/// Whether `child` begins a line if its parent's parts each have one.
fn begins_line(parent: &SyntaxNode, child: &SyntaxElement) -> bool {
    let kind = child.kind();
    match parent.kind() {
        FILE => child.as_node().is_some(),
        EVENT_DECL | ENTITY_DECL => matches!(kind, FIELD | R_BRACE),
        TEMPLATE_DECL => matches!(kind, TEMPLATE_PART | R_BRACE),
        TEAM_DECL => kind.is_string() || kind == R_BRACKET,
        ACTION_DECL => {
            is_item(kind)
                || kind == R_BRACE
                || kind == PARAM && params_are_apart(parent)
                || kind == R_PAREN && params_are_apart(parent)
        }
        WORKFLOW_DECL => is_clause(kind) || is_step(kind) || kind == R_BRACE,
        BLOCK => is_step(kind) || kind == R_BRACE,
        OBJECT_EXPR => matches!(kind, ENTRY | R_BRACE),
        LIST_EXPR => child.as_node().is_some() || kind == R_BRACKET,
        DO_STEP => kind == WHERE,
        EFFECT_ACT => kind == ARGUMENT,
        TASK_ACT => is_task_part(kind),
        ON_CLAUSE | EXIT_ON_CLAUSE => kind == WHERE,
        _ => false,
    }
}

/// How the parts of `node`, which begins on a line of `level`, lie.
fn layout(node: &SyntaxNode, level: usize) -> Layout {
    match node.kind() {
        FILE => Layout::Same,
        EVENT_DECL | ENTITY_DECL => apart_if(is_apart(node, L_BRACE) || is_long(node, level)),
        TEMPLATE_DECL | ACTION_DECL | BLOCK => apart_if(has_parts(node)),
        WORKFLOW_DECL if has_token(node, L_BRACE) => apart_if(has_parts(node)),
        WORKFLOW_DECL => Layout::Same,
        OBJECT_EXPR => apart_if(is_apart(node, L_BRACE)),
        LIST_EXPR | TEAM_DECL => apart_if(is_apart(node, L_BRACKET)),
        DO_STEP | ON_CLAUSE | EXIT_ON_CLAUSE => apart_if(is_long(node, level)),
        EFFECT_ACT | TASK_ACT => apart_if(node.parent().is_some_and(|step| is_long(&step, level))),
        _ => Layout::Flat,
    }
}

fn apart_if(apart: bool) -> Layout {
    if apart { Layout::Deeper } else { Layout::Flat }
}

fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|it| it.kind() == kind)
}

/// Whether there is anything between the braces of `node`.
fn has_parts(node: &SyntaxNode) -> bool {
    let inside = node.children_with_tokens().skip_while(|it| it.kind() != L_BRACE).skip(1);
    inside.take_while(|it| it.kind() != R_BRACE).any(|it| it.kind() != WHITESPACE)
}

/// Whether the writer has begun a new line after the bracket `open`, or put comments behind it.
fn is_apart(node: &SyntaxNode, open: SyntaxKind) -> bool {
    let mut inside = node.children_with_tokens().skip_while(|it| it.kind() != open).skip(1).peekable();
    let first = inside.peek().and_then(|it| it.as_token()).filter(|it| it.kind() == WHITESPACE);
    let broken = first.is_some_and(|it| it.text().contains('\n'));
    let mut any = false;
    let mut comment = false;
    for part in inside.take_while(|it| !closes(it.kind())) {
        any |= part.kind() != WHITESPACE;
        comment |= matches!(part.kind(), COMMENT | DOC);
    }
    any && (broken || comment)
}

fn params_are_apart(action: &SyntaxNode) -> bool {
    is_apart(action, L_PAREN)
}

/// Whether `node` on one line, indented to `level`, would be too long. One that cannot be on
/// one line is not: breaking it would not help.
fn is_long(node: &SyntaxNode, level: usize) -> bool {
    flat_width(node).is_some_and(|width| width + 2 * level > WIDTH)
}

/// How many columns `node` takes on one line.
fn flat_width(node: &SyntaxNode) -> Option<usize> {
    let mut width = 0;
    let mut last: Option<SyntaxToken> = None;
    let mut written = false;
    for token in node.descendants_with_tokens().filter_map(SyntaxElement::into_token) {
        match token.kind() {
            WHITESPACE => written = true,
            COMMENT | DOC | SEMICOLON => return None,
            _ if token.text().contains('\n') => return None,
            _ => {
                let space = last.as_ref().is_some_and(|last| has_space(last, &token, written));
                width += usize::from(space) + token.text().chars().count();
                last = Some(token);
                written = false;
            }
        }
    }
    let apart = node.descendants().any(|it| match it.kind() {
        OBJECT_EXPR => is_apart(&it, L_BRACE),
        LIST_EXPR => is_apart(&it, L_BRACKET),
        _ => false,
    });
    (!apart).then_some(width)
}

fn is_item(kind: SyntaxKind) -> bool {
    (REQUEST_ITEM..=TIMEOUT_ITEM).contains(&kind)
}

fn is_clause(kind: SyntaxKind) -> bool {
    (ON_CLAUSE..=WHILE_RUNNING_CLAUSE).contains(&kind)
}

fn is_step(kind: SyntaxKind) -> bool {
    (DO_STEP..=STOP_STEP).contains(&kind)
}

fn is_task_part(kind: SyntaxKind) -> bool {
    (TASK_TYPE..=TASK_NOTES).contains(&kind)
}
