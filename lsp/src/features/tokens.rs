//! What each word is, for colours: the classes of `editors/highlighting.md`, by the tree alone.
//!
//! It must not know what a name refers to, so that it is done while somebody types.

use std::ops::Range;

use onward_compiler::syntax::ast::{Origin, StringLit};
use onward_compiler::syntax::kind::SyntaxKind::{self, *};
use onward_compiler::syntax::kind::{SyntaxNode, SyntaxToken};
use rowan::WalkEvent;

use super::holes::{self, Hole, What};
use crate::snapshot::{File, Sort};

/// What a token is; the number is its place in the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
#[expect(clippy::enum_variant_names, reason = "the legend calls one of them so")]
pub(crate) enum Class {
    Comment,
    Keyword,
    EnumMember,
    Type,
    Event,
    Class,
    Function,
    Parameter,
    Property,
    Label,
    Variable,
    String,
    Number,
    Operator,
}

impl Class {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 14] = [
        Self::Comment,
        Self::Keyword,
        Self::EnumMember,
        Self::Type,
        Self::Event,
        Self::Class,
        Self::Function,
        Self::Parameter,
        Self::Property,
        Self::Label,
        Self::Variable,
        Self::String,
        Self::Number,
        Self::Operator,
    ];

    /// As the protocol calls it (LSP 3.17, `SemanticTokenTypes`).
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Keyword => "keyword",
            Self::EnumMember => "enumMember",
            Self::Type => "type",
            Self::Event => "event",
            Self::Class => "class",
            Self::Function => "function",
            Self::Parameter => "parameter",
            Self::Property => "property",
            Self::Label => "label",
            Self::Variable => "variable",
            Self::String => "string",
            Self::Number => "number",
            Self::Operator => "operator",
        }
    }
}

/// Modifiers in the order of their bits (LSP 3.17, `SemanticTokenModifiers`).
pub(crate) const MODIFIERS: [&str; 4] = ["declaration", "documentation", "defaultLibrary", "readonly"];
const DECLARATION: u32 = 1;
const DOCUMENTATION: u32 = 2;
const READONLY: u32 = 8;

/// A word and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) range: Range<usize>,
    pub(crate) class: Class,
    /// Bits of [`MODIFIERS`].
    pub(crate) modifiers: u32,
}

/// All tokens of a file, in their order.
pub(crate) fn of(file: &File) -> Vec<Token> {
    within(file, 0..file.text.len())
}

/// The tokens that touch a stretch.
pub(crate) fn within(file: &File, wanted: Range<usize>) -> Vec<Token> {
    let mut found = Found { tokens: Vec::new(), wanted };
    match file.sort() {
        Sort::Rules => {
            let parse = file.parse();
            found.tree(&parse.syntax(), parse.origin());
        }
        Sort::Markdown | Sort::Html => found.template(file),
        Sort::Settings => {}
    }
    found.tokens
}

struct Found {
    tokens: Vec<Token>,
    wanted: Range<usize>,
}

impl Found {
    fn touches(&self, range: &Range<usize>) -> bool {
        range.start < self.wanted.end && range.end > self.wanted.start
    }

    fn put(&mut self, range: Range<usize>, class: Class, modifiers: u32) {
        if !range.is_empty() && self.touches(&range) {
            self.tokens.push(Token { range, class, modifiers });
        }
    }

    fn tree(&mut self, root: &SyntaxNode, origin: Origin) {
        let mut walk = root.preorder_with_tokens();
        while let Some(event) = walk.next() {
            let WalkEvent::Enter(element) = event else { continue };
            let range = origin.span(element.text_range()).range();
            if !self.touches(&range) {
                walk.skip_subtree();
            } else if let Some(token) = element.as_token() {
                self.token(token, origin, range);
            }
        }
    }

    fn token(&mut self, token: &SyntaxToken, origin: Origin, range: Range<usize>) {
        match token.kind() {
            STRING | BLOCK_STRING => self.string(token, origin, range),
            COMMENT | DOC => {
                let modifiers = if token.kind() == DOC { DOCUMENTATION } else { 0 };
                let end = range.start + token.text().trim_end().len();
                self.put(range.start..end, Class::Comment, modifiers);
            }
            IDENT => {
                if let Some((class, modifiers)) = name(token) {
                    self.put(range, class, modifiers);
                }
            }
            WORD => {
                let class = word(token);
                let modifiers = if class == Class::EnumMember { READONLY } else { 0 };
                self.put(range, class, modifiers);
            }
            kind => {
                if let Some(class) = sign(kind) {
                    self.put(range, class, 0);
                }
            }
        }
    }

    fn string(&mut self, token: &SyntaxToken, origin: Origin, range: Range<usize>) {
        let holes =
            StringLit::cast(token.clone()).map(|it| holes::in_literal(origin, &it)).unwrap_or_default();
        let mut at = range.start;
        for hole in holes {
            self.text(token.text(), range.start, at..hole.range.start);
            at = hole.range.end;
            self.hole(&hole, token.text(), range.start);
        }
        self.text(token.text(), range.start, at..range.end);
    }

    /// Text in quotes without its escapes. `whole` stands at `start`.
    fn text(&mut self, whole: &str, start: usize, range: Range<usize>) {
        let text = whole.get(range.start - start..range.end - start).unwrap_or_default();
        let mut from = range.start;
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            if letter != '\\' {
                continue;
            }
            let Some((_, escaped)) = letters.next().filter(|(_, it)| *it != '\n') else { continue };
            let escape = range.start + at;
            self.put(from..escape, Class::String, 0);
            from = escape + 1 + escaped.len_utf8();
        }
        self.put(from..range.end, Class::String, 0);
    }

    /// The words of a tag, and the code of a hole. `whole` stands at `start`.
    fn hole(&mut self, hole: &Hole, whole: &str, start: usize) {
        let code = hole.value.as_ref().filter(|it| it.syntax().text_range().len() > 0.into());
        let head_end = code.map_or(hole.range.end, |it| it.origin().offset as usize);
        let (inside, head_end) = (hole.range.start + 2, head_end.min(hole.range.end));
        let head = whole.get(inside - start..head_end.max(inside) - start).unwrap_or_default();
        let named = match &hole.what {
            What::For(_, name) => Some(name.clone()),
            _ => None,
        };
        if hole.what != What::Value {
            for (at, word) in words(head) {
                let range = inside + at..inside + at + word.len();
                let is_name = named.as_ref() == Some(&range);
                let class = if is_name { Class::Variable } else { Class::Keyword };
                self.put(range, class, if is_name { DECLARATION } else { 0 });
            }
        }
        if let Some(code) = code {
            self.tree(&code.syntax(), code.origin());
        }
    }

    fn template(&mut self, file: &File) {
        let layout = holes::layout(&file.text);
        let holes = holes::in_template(file);
        let mut rest = holes.iter().peekable();
        for (key, value) in &layout.settings {
            self.put(key.clone(), Class::Property, 0);
            let mut at = value.start;
            while let Some(hole) = rest.next_if(|it| it.range.end <= value.end) {
                self.put(at..hole.range.start, Class::String, 0);
                self.hole(hole, &file.text, 0);
                at = hole.range.end;
            }
            self.put(at..value.end, Class::String, 0);
        }
        for hole in rest {
            self.hole(hole, &file.text, 0);
        }
    }
}

/// Words with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let pieces = text.split(move |letter: char| !is_word(letter));
    pieces.filter(|it| !it.is_empty()).map(|it| (it.as_ptr() as usize - text.as_ptr() as usize, it))
}

/// A sign.
fn sign(kind: SyntaxKind) -> Option<Class> {
    Some(match kind {
        NUMBER | NUMBER_UNIT | DATE | TIME | PERCENT => Class::Number,
        EQ | NE | LT | LE | GT | GE | PLUS | MINUS | STAR | SLASH | BAR | QUESTION | AND_AND | OR_OR
        | BANG => Class::Operator,
        _ => return None,
    })
}

/// A word of the language.
fn word(token: &SyntaxToken) -> Class {
    let Some(parent) = token.parent() else { return Class::Keyword };
    let first = || {
        let mut words = parent.children_with_tokens().filter(|it| it.kind() == WORD);
        words.next().is_some_and(|it| it.text_range() == token.text_range())
    };
    match parent.kind() {
        DURATION_PART => Class::Number,
        WEEKDAY | BOOL_EXPR | NOW_EXPR | TODAY_EXPR | RUN_STATE | RHYTHM | KEY => Class::EnumMember,
        DAYS if matches!(token.text(), "weekdays" | "weekends") => Class::EnumMember,
        UNSURE_ITEM if matches!(token.text(), "park" | "retry") => Class::EnumMember,
        WHILE_RUNNING_CLAUSE if !matches!(token.text(), "while" | "running") => Class::EnumMember,
        ON_FAILURE if !matches!(token.text(), "on" | "failure") => Class::EnumMember,
        ADD_TAG_ACT | REMOVE_TAG_ACT => Class::Function,
        SET_ACT | EMIT_ACT | TASK_ACT | NOTE_ACT | ASSIGN_ACT | CREATE_ACT | UPDATE_ACT | DELETE_ACT
        | START_ACT | STOP_ACT | ACCESS_ACT | UNSUBSCRIBE_ACT
            if first() =>
        {
            Class::Function
        }
        TASK_TYPE | TASK_DUE | TASK_DUE_IN | TASK_REMIND | TASK_GROUP | TASK_FOR | TASK_NOTES if first() => {
            Class::Parameter
        }
        PART if !matches!(token.text(), "contains" | "at") => Class::Parameter,
        PIPE_EXPR => Class::Function,
        _ => Class::Keyword,
    }
}

/// A name, by where it stands.
fn name(token: &SyntaxToken) -> Option<(Class, u32)> {
    let node = token.parent()?;
    if node.kind() != NAME {
        return None;
    }
    let parent = node.parent()?;
    let nth = || parent.children().filter(|it| it.kind() == NAME).take_while(|it| *it != node).count();
    let declared = |class| (class, DECLARATION);
    let plain = |class| (class, 0);
    Some(match parent.kind() {
        EVENT_DECL => declared(Class::Event),
        ENTITY_DECL => declared(Class::Type),
        FIELD => declared(Class::Property),
        PARAM => declared(Class::Parameter),
        LABEL | SPLIT_ARM => declared(Class::Label),
        ALIAS | LET_STEP | EACH_ITEM => declared(Class::Variable),
        TEMPLATE_DECL | SEGMENT_DECL if nth() > 0 => plain(Class::Type),
        TEMPLATE_DECL | SEGMENT_DECL | SENDER_DECL | TEAM_DECL | WORKFLOW_DECL | SOURCE_DECL => {
            declared(Class::Class)
        }
        TOPIC_RULE => declared(Class::Class),
        TOPIC_CLAUSE | IN_SEGMENT | IN_TURN | START_ACT | STOP_ACT | UNSUBSCRIBE_ACT | TASK_GROUP
        | RUN_EXPECTATION => plain(Class::Class),
        NAMED_TYPE | ABOUT | SUBJECT | CHANNEL_ITEM | CHANNELS | FOR_EACH | CREATE_ACT | IDENTIFY_ITEM
        | CREATED_TRIGGER | CHANGES_TRIGGER | DELETED_TRIGGER => plain(Class::Type),
        EVENT_TRIGGER | EXIT_ON_CLAUSE | GOAL_CLAUSE | WAIT_FOR_STEP | EMIT_ACT | EVENT_ITEM
        | EVENT_EXPECTATION => plain(Class::Event),
        SEGMENT_TRIGGER => plain(if nth() == 0 { Class::Type } else { Class::Class }),
        ATTRIBUTE_TRIGGER | CROSSING_TRIGGER | LIST_TRIGGER | STALE_TRIGGER | YEARLY_TRIGGER
        | DATE_TRIGGER | OFFSET_TRIGGER => plain(if nth() == 0 { Class::Type } else { Class::Property }),
        PATH_EXPR | SET_STMT => match nth() {
            0 if matches!(token.text(), "tomorrow" | "yesterday") => plain(Class::EnumMember),
            0 => plain(Class::Variable),
            _ => plain(Class::Property),
        },
        TEMPLATE_PART | IDENTITY | ENTRY | FIELD_EXPR | ASSIGN_ACT => plain(Class::Property),
        FACT_STMT | DELETE_STMT | RUN_SUBJECT => plain(Class::Variable),
        ARGUMENT => plain(Class::Parameter),
        PART if token.text() == "at" && nth() == 0 && has_word(&parent) => plain(Class::Keyword),
        PART => plain(Class::Parameter),
        RUN_STEP => plain(Class::Label),
        TASK_TYPE | HMAC_ITEM | ENCODING | KEY => plain(Class::EnumMember),
        CALL_EXPR | PIPE_EXPR => plain(Class::Function),
        DOTTED if parent.parent().is_some_and(|it| it.kind() == ACTION_DECL) => declared(Class::Function),
        DOTTED => plain(Class::Function),
        _ => return None,
    })
}

fn has_word(node: &SyntaxNode) -> bool {
    node.children_with_tokens().any(|it| it.kind() == WORD)
}
