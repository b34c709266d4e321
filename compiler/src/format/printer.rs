//! Writes a tree with new space between its tokens.

use super::gap::has_space;
use super::{WIDE, WIDTH};
use crate::syntax::kind::SyntaxKind::{self, *};
use crate::syntax::kind::{SyntaxElement, SyntaxNode, SyntaxToken};

/// The text of `root`; `broken` children of it stay as they are.
pub(super) fn print(root: &SyntaxNode, broken: &[SyntaxNode]) -> String {
    let mut printer = Printer {
        broken,
        out: String::new(),
        last: None,
        trivia: Vec::new(),
        line: None,
        level: 0,
        rows: Vec::new(),
    };
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
    /// How the rows of operands lie that are being written, the innermost last.
    rows: Vec<Layout>,
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
        let layout = self.layout(node, level);
        let row = is_row(node);
        if row {
            self.rows.push(layout);
        }
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
        if row {
            self.rows.pop();
        }
    }

    /// How the parts of `node`, on a line of `level`, lie.
    fn layout(&self, node: &SyntaxNode, level: usize) -> Layout {
        match node.kind() {
            BINARY_EXPR if !is_row(node) => Layout::Flat,
            BINARY_EXPR if continues_row(node) => self.rows.last().copied().unwrap_or(Layout::Flat),
            BINARY_EXPR | TEXT_SET_TYPE | ORDERED_TYPE => {
                apart_if(flat_width(node).is_some_and(|width| self.column() + width > WIDTH))
            }
            _ => layout(node, level),
        }
    }

    /// The column of the next token.
    fn column(&self) -> usize {
        if let Some(level) = self.line {
            return 2 * level;
        }
        self.out.chars().rev().take(2 * WIDTH).take_while(|c| *c != '\n').count() + 1
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
        SPLIT_STEP => matches!(kind, SPLIT_ARM | R_BRACE),
        POLICY_DECL => is_rule(kind) || kind == R_BRACE,
        SOURCE_DECL | SOURCE_BLOCK => is_source_item(kind) || kind == R_BRACE,
        TEST_DECL => is_statement(kind) || kind == R_BRACE,
        OBJECT_EXPR => matches!(kind, ENTRY | R_BRACE),
        LIST_EXPR => child.as_node().is_some() || kind == R_BRACKET,
        BINARY_EXPR => matches!(kind, WORD | PLUS),
        TEXT_SET_TYPE => kind == BAR,
        ORDERED_TYPE => kind == LT,
        _ => begins_continuation(parent, child),
    }
}

/// Whether `child` begins a line if its parent, a clause or a step, is too long for one.
fn begins_continuation(parent: &SyntaxNode, child: &SyntaxElement) -> bool {
    let kind = child.kind();
    match parent.kind() {
        DO_STEP => matches!(kind, WHERE | AS_DRAFT | ON_FAILURE),
        EFFECT_ACT => kind == ARGUMENT,
        TASK_ACT => is_task_part(kind),
        TASK_EXPECTATION | DRAFT_EXPECTATION | EFFECT_EXPECTATION => kind == PART,
        ON_CLAUSE | EXIT_ON_CLAUSE | SCHEDULE_CLAUSE | SEGMENT_DECL => kind == WHERE,
        GOAL_CLAUSE => matches!(kind, WHERE | WITHIN),
        SEND_BETWEEN_CLAUSE => matches!(kind, DAYS | ZONE),
        QUIET_RULE => matches!(kind, FROM | DAYS | ZONE),
        HMAC_ITEM => {
            matches!(kind, FOUND_IN | PREFIX | TOLERANCE)
                || child.as_token().is_some_and(|it| it.kind() == WORD && it.text() == "with")
        }
        IDENTIFY_ITEM => kind == IDENTITY,
        _ => false,
    }
}

/// What `node` is the essential part of: together they are on one line or not.
fn whole(node: &SyntaxNode) -> SyntaxNode {
    let parent = node.parent().filter(|it| matches!(it.kind(), LET_STEP | EXPECT_STMT));
    parent.unwrap_or_else(|| node.clone())
}

/// How the parts of `node`, which begins on a line of `level`, lie.
fn layout(node: &SyntaxNode, level: usize) -> Layout {
    match node.kind() {
        FILE => Layout::Same,
        EVENT_DECL | ENTITY_DECL => apart_if(is_apart(node, L_BRACE) || is_long(node, level)),
        TEMPLATE_DECL | ACTION_DECL | BLOCK | SPLIT_STEP | POLICY_DECL | SOURCE_DECL | SOURCE_BLOCK
        | TEST_DECL => apart_if(has_parts(node)),
        WORKFLOW_DECL if has_token(node, L_BRACE) => apart_if(has_parts(node)),
        WORKFLOW_DECL => Layout::Same,
        OBJECT_EXPR | LIST_EXPR | TEAM_DECL => apart_if(brackets_are_apart(node)),
        DO_STEP | TASK_EXPECTATION | DRAFT_EXPECTATION | EFFECT_EXPECTATION | ON_CLAUSE | EXIT_ON_CLAUSE
        | SCHEDULE_CLAUSE | SEGMENT_DECL | GOAL_CLAUSE | SEND_BETWEEN_CLAUSE | QUIET_RULE | HMAC_ITEM
        | IDENTIFY_ITEM => apart_if(is_long(&whole(node), level)),
        EFFECT_ACT | TASK_ACT => apart_if(node.parent().is_some_and(|step| is_long(&whole(&step), level))),
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
    is_apart(action, L_PAREN) || {
        let head = action.children_with_tokens().take_while(|it| it.kind() != L_BRACE);
        width_of(head.flat_map(tokens)).is_some_and(|width| width > WIDTH)
    }
}

/// Whether the items of an object, a list or a team each have a line: because their writer
/// wants it, or because together they are too wide wherever they stand.
fn brackets_are_apart(node: &SyntaxNode) -> bool {
    let open = if node.kind() == OBJECT_EXPR { L_BRACE } else { L_BRACKET };
    is_apart(node, open) || has_items(node) && width_of(tokens_of(node)).is_some_and(|width| width > WIDE)
}

fn has_items(node: &SyntaxNode) -> bool {
    node.kind() == TEAM_DECL || node.first_child().is_some()
}

/// Whether `node` is a row of operands that may have a line each.
fn is_row(node: &SyntaxNode) -> bool {
    node.kind() == BINARY_EXPR && operator(node).is_some()
}

/// Whether `node` is the left part of a longer row.
fn continues_row(node: &SyntaxNode) -> bool {
    node.parent().is_some_and(|parent| {
        is_row(&parent) && operator(&parent) == operator(node) && parent.first_child().as_ref() == Some(node)
    })
}

/// `and`, `or` or `+`.
fn operator(node: &SyntaxNode) -> Option<String> {
    let tokens = node.children_with_tokens().filter_map(SyntaxElement::into_token);
    let mut signs = tokens.filter(|it| matches!(it.kind(), WORD | PLUS));
    signs.next().map(|it| it.text().to_owned()).filter(|it| ["and", "or", "+"].contains(&it.as_str()))
}

/// Whether `node` on one line, indented to `level`, would be too long. One that cannot be on
/// one line is not: breaking it would not help.
fn is_long(node: &SyntaxNode, level: usize) -> bool {
    flat_width(node).is_some_and(|width| width + 2 * level > WIDTH)
}

/// How many columns `node` takes on one line; none if it cannot be on one.
fn flat_width(node: &SyntaxNode) -> Option<usize> {
    let apart =
        node.descendants().any(|it| matches!(it.kind(), OBJECT_EXPR | LIST_EXPR) && brackets_are_apart(&it));
    if apart { None } else { width_of(tokens_of(node)) }
}

fn tokens_of(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> + use<> {
    node.descendants_with_tokens().filter_map(SyntaxElement::into_token)
}

fn tokens(element: SyntaxElement) -> Vec<SyntaxToken> {
    match element {
        SyntaxElement::Node(node) => tokens_of(&node).collect(),
        SyntaxElement::Token(token) => vec![token],
    }
}

/// How many columns the tokens take on one line; none if they hold a newline or a comment.
/// Beyond any width of interest the rest is not counted.
fn width_of(tokens: impl Iterator<Item = SyntaxToken>) -> Option<usize> {
    let mut width = 0;
    let mut last: Option<SyntaxToken> = None;
    let mut written = false;
    for token in tokens {
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
        if width > 4 * WIDTH {
            break;
        }
    }
    Some(width)
}

fn is_item(kind: SyntaxKind) -> bool {
    (REQUEST_ITEM..=OAUTH_REFRESH_ITEM).contains(&kind)
}

fn is_clause(kind: SyntaxKind) -> bool {
    (ON_CLAUSE..=MAX_AGE_CLAUSE).contains(&kind)
}

fn is_step(kind: SyntaxKind) -> bool {
    (DO_STEP..=REPEAT_STEP).contains(&kind)
}

fn is_task_part(kind: SyntaxKind) -> bool {
    (TASK_TYPE..=TASK_NOTES).contains(&kind)
}

fn is_rule(kind: SyntaxKind) -> bool {
    (QUIET_RULE..=TOPIC_RULE).contains(&kind)
}

fn is_source_item(kind: SyntaxKind) -> bool {
    (PATH_ITEM..=EVENT_ITEM).contains(&kind)
}

fn is_statement(kind: SyntaxKind) -> bool {
    (AT_STMT..=FACT_STMT).contains(&kind)
}
