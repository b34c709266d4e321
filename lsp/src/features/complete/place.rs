//! Where in a rule something is being written, also in the middle of broken code: the words
//! before it and the brackets that are open.
//!
//! It reads tokens; the tree only says what the parser took a bracket or a word for.

use std::ops::Range;

use onward_compiler::diagnostic::FileId;
use onward_compiler::syntax::ast::StringLit;
use onward_compiler::syntax::kind::{SyntaxElement, SyntaxKind, SyntaxToken};
use onward_compiler::syntax::parse_expression;
use rowan::NodeOrToken;

use crate::features::holes;
use crate::snapshot::{File, Sort};

/// A word or sign before the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tok {
    pub(crate) kind: SyntaxKind,
    pub(crate) text: String,
    pub(crate) end: usize,
    /// What the parser took it to be part of.
    parent: SyntaxKind,
    /// Whether it is the first on its line.
    fresh: bool,
}

impl Tok {
    pub(crate) fn is_word(&self) -> bool {
        matches!(self.kind, SyntaxKind::IDENT | SyntaxKind::WORD)
    }

    /// Whether a value may end with it.
    pub(crate) fn ends_value(&self) -> bool {
        self.is_word()
            || self.kind.is_string()
            || matches!(
                self.kind,
                SyntaxKind::NUMBER
                    | SyntaxKind::NUMBER_UNIT
                    | SyntaxKind::DATE
                    | SyntaxKind::TIME
                    | SyntaxKind::R_PAREN
                    | SyntaxKind::R_BRACKET
                    | SyntaxKind::R_BRACE
            )
    }
}

/// What surrounds a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    /// Nothing, or the words of a declaration before its `{`.
    Top,
    /// Clauses and steps.
    Steps,
    Split,
    Action,
    Source,
    Fields,
    Template,
    Policy,
    Test,
    Object,
    /// `{{ }}`
    Hole,
    /// `{% %}`
    Tag,
}

/// A place where something is being written.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    toks: Vec<Tok>,
    /// The word that is being written, before and behind the cursor.
    pub(crate) word: Range<usize>,
    pub(crate) block: Block,
    /// Whether it is inside quotes.
    pub(crate) quoted: bool,
    /// Where the innermost open `{` stands among the words.
    brace: Option<usize>,
    /// Where the innermost open bracket of any sort stands.
    bracket: Option<usize>,
    start: usize,
}

const DECLARATIONS: [&str; 11] = [
    "event", "entity", "template", "sender", "team", "workflow", "action", "segment", "policy", "source",
    "test",
];
const STEPS: &[&str] = &[
    "do", "wait", "if", "else", "stop", "let", "split", "repeat", "on", "once", "every", "exit", "while",
    "draft", "goal", "holdout", "send", "topic", "max", "at",
];
const ACTION: &[&str] = &[
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "basic",
    "bearer",
    "header",
    "form",
    "json",
    "body",
    "smtp",
    "sign",
    "expect",
    "result",
    "retry",
    "when",
    "timeout",
    "channel",
    "multipart",
    "oauth",
];
const SOURCE: &[&str] = &["path", "verify", "id", "time", "answer", "when", "else", "for", "event"];
const POLICY: &[&str] = &["quiet", "at", "topic"];

impl Place {
    /// The place at a byte; none where only prose is written.
    pub(crate) fn at(file: &File, offset: usize) -> Option<Self> {
        match file.sort() {
            Sort::Rules => Self::in_rules(file, offset),
            Sort::Markdown | Sort::Html => Self::in_hole(&file.text, 0, offset),
            Sort::Settings => None,
        }
    }

    fn in_rules(file: &File, offset: usize) -> Option<Self> {
        let root = file.parse().syntax();
        let end = usize::from(root.text_range().end());
        let at = u32::try_from(offset.min(end)).ok()?;
        let token = root.token_at_offset(at.into()).left_biased();
        let mut word = word_at(&file.text, offset);
        let mut quoted = false;
        if let Some(token) = &token {
            let inside = usize::from(token.text_range().start()) < offset;
            if matches!(token.kind(), SyntaxKind::COMMENT | SyntaxKind::DOC) && inside {
                return None;
            }
            if let Some(literal) = StringLit::cast(token.clone()) {
                let contents = literal.contents_range();
                let contents = usize::from(contents.start())..usize::from(contents.end());
                if (contents.start..=contents.end).contains(&offset) {
                    if let Some(hole) = Self::in_hole(&file.text, contents.start, offset) {
                        return Some(hole);
                    }
                    word = contents;
                    quoted = true;
                }
            }
        }
        let stop = if quoted {
            token.as_ref().map_or(offset, |it| it.text_range().start().into())
        } else {
            word.start
        };
        let toks = before(token, stop);
        let gap = toks.last().map_or(0, |it| it.end)..stop;
        let fresh = toks.is_empty() || file.text.get(gap).is_some_and(|it| it.contains('\n'));
        Some(Self::around(toks, word, fresh, quoted))
    }

    /// The place in a hole that is open at a byte.
    fn in_hole(text: &str, from: usize, offset: usize) -> Option<Self> {
        let before = text.get(from..offset)?;
        let open = before.rfind("{{").max(before.rfind("{%"))?;
        let inside = before.get(open + 2..)?;
        if inside.contains("}}") || inside.contains("%}") {
            return None;
        }
        let block = if before.get(open..open + 2) == Some("{{") { Block::Hole } else { Block::Tag };
        let word = word_at(text, offset);
        let start = from + open + 2;
        let words = text.get(start..word.start)?;
        let parse = parse_expression(FileId(0), words, 0);
        let tokens = parse.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let toks: Vec<Tok> = tokens.filter(|it| !it.kind().is_trivia()).map(|it| tok(&it, false)).collect();
        let mut place = Self::around(toks, word, false, false);
        place.block = block;
        place.start = 0;
        Some(place)
    }

    fn around(toks: Vec<Tok>, word: Range<usize>, fresh: bool, quoted: bool) -> Self {
        let mut open: Vec<usize> = Vec::new();
        for (index, it) in toks.iter().enumerate() {
            match it.kind {
                SyntaxKind::L_BRACE | SyntaxKind::L_PAREN | SyntaxKind::L_BRACKET => open.push(index),
                SyntaxKind::R_BRACE | SyntaxKind::R_PAREN | SyntaxKind::R_BRACKET => {
                    open.pop();
                }
                _ => {}
            }
        }
        let kind = |index: &usize| toks.get(*index).map(|it| it.kind);
        let brace = open.iter().rev().find(|it| kind(it) == Some(SyntaxKind::L_BRACE)).copied();
        let bracket = open.last().copied();
        let block = block(&toks, brace);
        let start = statement(&toks, brace, block, fresh);
        Self { toks, word, block, quoted, brace, bracket, start }
    }

    /// The words of the statement that is being written.
    pub(crate) fn statement(&self) -> &[Tok] {
        self.toks.get(self.start..).unwrap_or_default()
    }

    /// The words before the innermost `{`, of the statement that it belongs to.
    pub(crate) fn head(&self) -> &[Tok] {
        let Some(brace) = self.brace else { return &[] };
        let before = self.toks.get(..brace).unwrap_or_default();
        let mut depth = 0_usize;
        let mut from = 0;
        for (index, it) in before.iter().enumerate().rev() {
            match it.kind {
                SyntaxKind::R_BRACE => depth += 1,
                SyntaxKind::L_BRACE if depth == 0 => {
                    from = index + 1;
                    break;
                }
                SyntaxKind::L_BRACE => depth -= 1,
                _ => {}
            }
            if depth == 0 && (it.fresh || starts(it)) {
                from = index;
                break;
            }
        }
        before.get(from..).unwrap_or_default()
    }

    /// The first word of the declaration around.
    pub(crate) fn declaration(&self) -> &[Tok] {
        &self.toks
    }

    /// The function in whose brackets the place is.
    pub(crate) fn call(&self) -> Option<&str> {
        let bracket = self.bracket?;
        let open = self.toks.get(bracket)?;
        let name = self.toks.get(bracket.checked_sub(1)?)?;
        let is_call = open.kind == SyntaxKind::L_PAREN
            && matches!(name.text.as_str(), "count" | "did" | "sum" | "latest" | "opened" | "clicked");
        is_call.then_some(name.text.as_str())
    }

    /// What stands inside the innermost open bracket.
    pub(crate) fn inside(&self) -> &[Tok] {
        self.bracket.and_then(|it| self.toks.get(it + 1..)).unwrap_or_default()
    }

    /// The innermost open bracket.
    pub(crate) fn open(&self) -> Option<SyntaxKind> {
        self.bracket.and_then(|it| self.toks.get(it)).map(|it| it.kind)
    }

    /// Whether any step stands before the place in its block.
    pub(crate) fn after_a_step(&self) -> bool {
        let from = self.brace.map_or(0, |it| it + 1);
        let words = self.toks.get(from..).unwrap_or_default();
        words.iter().any(|it| {
            matches!(it.text.as_str(), "do" | "wait" | "if" | "split" | "repeat" | "let")
                && (it.fresh || starts(it))
        })
    }

    /// Whether the innermost block is that of a workflow itself.
    pub(crate) fn is_outermost(&self) -> bool {
        self.brace.is_none_or(|it| {
            let depth =
                self.toks.get(..it).unwrap_or_default().iter().fold(0_i32, |depth, it| match it.kind {
                    SyntaxKind::L_BRACE => depth + 1,
                    SyntaxKind::R_BRACE => depth - 1,
                    _ => depth,
                });
            depth <= 0
        })
    }
}

/// The word around a byte.
pub(crate) fn word_at(text: &str, offset: usize) -> Range<usize> {
    let is_part = |it: &char| it.is_alphanumeric() || *it == '_';
    let (before, behind) = text.split_at_checked(offset).unwrap_or((text, ""));
    let start: usize = before.chars().rev().take_while(is_part).map(char::len_utf8).sum();
    let end: usize = behind.chars().take_while(is_part).map(char::len_utf8).sum();
    let word = text.get(offset - start..offset).unwrap_or_default();
    // `2d`: the unit is being written, not the number.
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    offset - start + digits..offset + end
}

fn tok(token: &SyntaxToken, fresh: bool) -> Tok {
    Tok {
        kind: token.kind(),
        text: token.text().to_owned(),
        end: token.text_range().end().into(),
        parent: token.parent().map_or(SyntaxKind::ERROR, |it| it.kind()),
        fresh,
    }
}

/// The token before this one; nodes without any are stepped over.
fn previous(token: &SyntaxToken) -> Option<SyntaxToken> {
    let mut at = SyntaxElement::from(token.clone());
    loop {
        at = match at.prev_sibling_or_token() {
            Some(SyntaxElement::Token(token)) => return Some(token),
            Some(SyntaxElement::Node(node)) => {
                let last = node.descendants_with_tokens().filter_map(SyntaxElement::into_token).last();
                match last {
                    Some(token) => return Some(token),
                    None => node.into(),
                }
            }
            None => at.parent()?.into(),
        };
    }
}

/// The words before a byte, back to the beginning of the declaration.
fn before(token: Option<SyntaxToken>, stop: usize) -> Vec<Tok> {
    let mut found = Vec::new();
    let mut at = token;
    let mut depth = 0_usize;
    while let Some(token) = at {
        let previous = previous(&token);
        let range = token.text_range();
        if usize::from(range.start()) < stop && !token.kind().is_trivia() {
            let fresh = match &previous {
                Some(gap) => gap.text().contains('\n'),
                None => true,
            };
            let mut it = tok(&token, fresh);
            if it.end > stop {
                // `2d`: the unit is being written.
                let shorter = it.text.len() - (it.end - stop);
                it.text.truncate(shorter);
                it.end = stop;
                it.kind = SyntaxKind::NUMBER;
            }
            match it.kind {
                SyntaxKind::R_BRACE => depth += 1,
                SyntaxKind::L_BRACE => depth = depth.saturating_sub(1),
                _ => {}
            }
            let begins = depth == 0 && begins_declaration(&token, fresh, previous.as_ref());
            found.push(it);
            if begins {
                break;
            }
        }
        at = previous;
    }
    found.reverse();
    found
}

/// Whether a word begins a declaration.
fn begins_declaration(token: &SyntaxToken, fresh: bool, previous: Option<&SyntaxToken>) -> bool {
    if !fresh || !DECLARATIONS.contains(&token.text()) {
        return false;
    }
    let parent = token.parent().map(|it| it.kind());
    let is_taken_so = token.kind() == SyntaxKind::WORD
        && matches!(
            parent,
            Some(
                SyntaxKind::EVENT_DECL
                    | SyntaxKind::ENTITY_DECL
                    | SyntaxKind::TEMPLATE_DECL
                    | SyntaxKind::SENDER_DECL
                    | SyntaxKind::TEAM_DECL
                    | SyntaxKind::WORKFLOW_DECL
                    | SyntaxKind::ACTION_DECL
                    | SyntaxKind::SEGMENT_DECL
                    | SyntaxKind::POLICY_DECL
                    | SyntaxKind::SOURCE_DECL
                    | SyntaxKind::TEST_DECL
            )
        );
    // What the parser could not place begins a declaration only at the margin.
    is_taken_so || (parent == Some(SyntaxKind::ERROR) && previous.is_none_or(|it| it.text().ends_with('\n')))
}

/// Whether the parser took it for the first word of a statement.
fn starts(it: &Tok) -> bool {
    if it.kind != SyntaxKind::WORD {
        return false;
    }
    let name = format!("{:?}", it.parent);
    ["_STEP", "_CLAUSE", "_ITEM", "_RULE", "_STMT"].iter().any(|end| name.ends_with(end))
        && it.parent != SyntaxKind::HEADER_ITEM
}

fn block(toks: &[Tok], brace: Option<usize>) -> Block {
    let first = toks.first().map(|it| it.text.as_str()).unwrap_or_default();
    let by_declaration = || match first {
        "workflow" | "on" | "every" | "do" | "draft" | "wait" | "if" => Block::Steps,
        "event" | "entity" => Block::Fields,
        "template" => Block::Template,
        "action" => Block::Action,
        "policy" => Block::Policy,
        "source" => Block::Source,
        "test" => Block::Test,
        _ => Block::Top,
    };
    let Some(open) = brace.and_then(|it| toks.get(it)) else {
        // A file without declarations is one workflow.
        return if DECLARATIONS.contains(&first) || toks.is_empty() { Block::Top } else { by_declaration() };
    };
    match open.parent {
        SyntaxKind::OBJECT_EXPR => Block::Object,
        SyntaxKind::SPLIT_STEP => Block::Split,
        SyntaxKind::BLOCK | SyntaxKind::WORKFLOW_DECL => Block::Steps,
        SyntaxKind::ACTION_DECL => Block::Action,
        SyntaxKind::SOURCE_DECL | SyntaxKind::SOURCE_BLOCK => Block::Source,
        SyntaxKind::EVENT_DECL | SyntaxKind::ENTITY_DECL => Block::Fields,
        SyntaxKind::TEMPLATE_DECL => Block::Template,
        SyntaxKind::POLICY_DECL => Block::Policy,
        SyntaxKind::TEST_DECL => Block::Test,
        _ => by_declaration(),
    }
}

/// Where the statement begins that is being written.
fn statement(toks: &[Tok], brace: Option<usize>, block: Block, fresh: bool) -> usize {
    let from = brace.map_or(0, |it| it + 1);
    let heads = match block {
        Block::Steps => STEPS,
        Block::Action => ACTION,
        Block::Source => SOURCE,
        Block::Policy => POLICY,
        _ => &[],
    };
    let mut start = from;
    let mut depth = 0_usize;
    for (index, it) in toks.iter().enumerate().skip(from) {
        match it.kind {
            SyntaxKind::L_BRACE | SyntaxKind::L_PAREN | SyntaxKind::L_BRACKET => depth += 1,
            SyntaxKind::R_BRACE if depth == 1 => {
                depth = 0;
                if !matches!(block, Block::Object | Block::Hole | Block::Tag) {
                    start = index + 1;
                }
            }
            SyntaxKind::R_BRACE | SyntaxKind::R_PAREN | SyntaxKind::R_BRACKET => {
                depth = depth.saturating_sub(1)
            }
            SyntaxKind::COMMA if depth == 0 && matches!(block, Block::Object | Block::Fields) => {
                start = index + 1
            }
            _ if depth > 0 => {}
            _ if heads.contains(&it.text.as_str()) && (it.fresh || starts(it)) => start = index,
            _ if it.fresh
                && matches!(block, Block::Test | Block::Fields | Block::Template | Block::Split) =>
            {
                start = index
            }
            _ => {}
        }
    }
    let complete = toks.last().is_none_or(Tok::ends_value);
    if fresh && complete && depth == 0 && !matches!(block, Block::Object) {
        // A new line begins something new, unless the last one has to go on.
        return toks.len();
    }
    start
}

/// Whether a byte of a template is in its front matter.
pub(crate) fn in_front_matter(text: &str, offset: usize) -> bool {
    let front = holes::layout(text).front;
    (front.start + 4..front.end).contains(&offset) && front.end > front.start
}
