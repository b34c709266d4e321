//! From text to tokens, trivia included: their texts in a row are the input.
//!
//! What people paste or bring from other languages (`“…”`, `==`, `;`) is reported
//! here and passed on as what was meant. It must not know the grammar.

mod quotes;
mod slip;

use logos::Logos;

use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::syntax::ast::Origin;
use crate::syntax::codes;
use crate::syntax::kind::SyntaxKind;

pub(crate) use quotes::quote_lengths;

/// Whether `text`, in full-width characters, is what `plain` is in plain ones.
pub(crate) fn is_wide(text: &str, plain: &str) -> bool {
    text.chars().map(slip::narrow).eq(plain.chars())
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: SyntaxKind,
    /// Offset of its first byte in the text.
    pub start: usize,
    /// Offset after its last byte.
    pub end: usize,
}

/// The tokens of a text, and what is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexed {
    /// The tokens: without gaps from the first byte to the last.
    pub tokens: Vec<Token>,
    /// What is wrong, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the automaton tells apart.
#[derive(Logos, Debug, Clone, Copy, PartialEq, Eq)]
enum Raw {
    #[regex(r"[\s\u{FEFF}\u{200B}]+")]
    Whitespace,
    #[regex(r"#[^\n]*", allow_greedy = true)]
    Comment,
    #[regex(r"//[^\n]*", allow_greedy = true)]
    SlashComment,
    #[regex(r"[\p{XID_Start}_--\u{FF00}-\u{FFEF}][\p{XID_Continue}--\u{FF00}-\u{FFEF}]*")]
    Ident,
    #[regex(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?")]
    Number,
    #[regex(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?[A-Za-z]+")]
    NumberUnit,
    #[regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")]
    Date,
    #[regex(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")]
    Time,
    #[regex(r"[0-9]:[0-9]{2}(:[0-9]{2})?")]
    ShortTime,
    /// Any sign that opens a text; where it ends is found by hand.
    #[regex(r#""|"""|\\"|['‘’“”„]"#)]
    Quote,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("[")]
    LBracket,
    #[token("]")]
    RBracket,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(".")]
    Dot,
    #[token("|")]
    Bar,
    #[token("?")]
    Question,
    #[token("=")]
    Eq,
    #[token("!=")]
    Ne,
    #[token("<")]
    Lt,
    #[token("<=")]
    Le,
    #[token(">")]
    Gt,
    #[token(">=")]
    Ge,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[regex(r"==|===|!==|<>|≠|≤|≥|=<|=>|&&|\|\||!|−|–|—|×|÷|;")]
    Foreign,
    #[regex(r"[\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF20}\u{FF3B}-\u{FF3E}\u{FF5B}-\u{FF5E}]")]
    WideSign,
    #[regex(r"[\u{FF21}-\u{FF3A}\u{FF3F}\u{FF41}-\u{FF5A}][\u{FF10}-\u{FF19}\u{FF21}-\u{FF3A}\u{FF3F}\u{FF41}-\u{FF5A}]*")]
    WideWord,
    #[regex(r"[\u{FF10}-\u{FF19}]+")]
    WideNumber,
}

/// How many bytes of a run of strange characters a message quotes.
const SHOWN: usize = 24;

/// Takes `text` apart.
#[must_use]
pub fn lex(origin: Origin, text: &str) -> Lexed {
    let mut lexer = Raw::lexer(text);
    let mut out = Sink { origin, text, tokens: Vec::new(), diagnostics: Vec::new() };
    while let Some(raw) = lexer.next() {
        let start = lexer.span().start;
        if raw == Ok(Raw::Quote) {
            let literal = quotes::literal(text.get(start..).unwrap_or_default());
            lexer.bump(literal.len.saturating_sub(lexer.slice().len()));
            out.quoted(start, literal);
        } else {
            out.token(raw.ok(), start, lexer.span().end);
        }
    }
    Lexed { tokens: out.tokens, diagnostics: out.diagnostics }
}

/// What has been found so far.
struct Sink<'t> {
    origin: Origin,
    text: &'t str,
    tokens: Vec<Token>,
    diagnostics: Vec<Diagnostic>,
}

impl Sink<'_> {
    fn token(&mut self, raw: Option<Raw>, start: usize, end: usize) {
        let Some(raw) = raw else { return self.stranger(start, end) };
        let text = self.text.get(start..end).unwrap_or_default();
        let kind = plain(raw, text).unwrap_or_else(|| {
            let (kind, diagnostic) = slip::slip(raw, text, self.span(start, end));
            self.diagnostics.push(diagnostic);
            kind
        });
        self.tokens.push(Token { kind, start, end });
    }

    /// Characters that begin nothing: one token and one message for a run of them.
    fn stranger(&mut self, start: usize, end: usize) {
        if let Some(last) =
            self.tokens.last_mut().filter(|it| it.kind == SyntaxKind::ERROR && it.end == start)
        {
            last.end = end;
            let run = last.start..end;
            return self.widen(run);
        }
        let text = self.text.get(start..end).unwrap_or_default();
        let diagnostic = Diagnostic::error(codes::CHARACTER, self.span(start, end), slip::strange(text))
            .help("put text in double quotes, and remarks behind `#`");
        self.diagnostics.push(diagnostic);
        self.tokens.push(Token { kind: SyntaxKind::ERROR, start, end });
    }

    /// Lets the last message speak of the whole `run`; of its beginning, if it is long.
    fn widen(&mut self, run: std::ops::Range<usize>) {
        let shown = run.end.saturating_sub(run.start) <= SHOWN;
        let end = self.span(run.end, run.end).end;
        let text = self.text.get(run).unwrap_or_default();
        let Some(last) = self.diagnostics.last_mut() else { return };
        last.primary.span.end = end;
        if shown {
            last.message = slip::strange(text);
        }
    }

    fn quoted(&mut self, start: usize, literal: quotes::Literal) {
        let end = start + literal.len;
        let text = self.text.get(start..end).unwrap_or_default();
        self.diagnostics.extend(quotes::complaint(literal, text, self.span(start, end)));
        self.tokens.push(Token { kind: literal.kind, start, end });
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let at = |place| self.origin.offset.saturating_add(offset(place));
        Span::new(self.origin.file, at(start)..at(end))
    }
}

fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The kind of a token that is as it should be.
fn plain(raw: Raw, text: &str) -> Option<SyntaxKind> {
    Some(match raw {
        Raw::Whitespace => SyntaxKind::WHITESPACE,
        Raw::Comment if text.starts_with("##") && !text.starts_with("###") => SyntaxKind::DOC,
        Raw::Comment => SyntaxKind::COMMENT,
        Raw::Ident => SyntaxKind::IDENT,
        Raw::Number => SyntaxKind::NUMBER,
        Raw::NumberUnit => SyntaxKind::NUMBER_UNIT,
        Raw::Date => SyntaxKind::DATE,
        Raw::Time => SyntaxKind::TIME,
        Raw::LBrace => SyntaxKind::L_BRACE,
        Raw::RBrace => SyntaxKind::R_BRACE,
        Raw::LParen => SyntaxKind::L_PAREN,
        Raw::RParen => SyntaxKind::R_PAREN,
        Raw::LBracket => SyntaxKind::L_BRACKET,
        Raw::RBracket => SyntaxKind::R_BRACKET,
        Raw::Comma => SyntaxKind::COMMA,
        Raw::Colon => SyntaxKind::COLON,
        Raw::Dot => SyntaxKind::DOT,
        Raw::Bar => SyntaxKind::BAR,
        Raw::Question => SyntaxKind::QUESTION,
        Raw::Eq => SyntaxKind::EQ,
        Raw::Ne => SyntaxKind::NE,
        Raw::Lt => SyntaxKind::LT,
        Raw::Le => SyntaxKind::LE,
        Raw::Gt => SyntaxKind::GT,
        Raw::Ge => SyntaxKind::GE,
        Raw::Plus => SyntaxKind::PLUS,
        Raw::Minus => SyntaxKind::MINUS,
        Raw::Star => SyntaxKind::STAR,
        Raw::Slash => SyntaxKind::SLASH,
        Raw::Percent => SyntaxKind::PERCENT,
        Raw::Quote
        | Raw::SlashComment
        | Raw::ShortTime
        | Raw::Foreign
        | Raw::WideSign
        | Raw::WideWord
        | Raw::WideNumber => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests;
