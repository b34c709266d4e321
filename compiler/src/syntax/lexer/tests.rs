use crate::diagnostic::FileId;
use crate::syntax::kind::SyntaxKind::{self, *};
use crate::syntax::lexer::{lex, quote_lengths};

/// The tokens that are not space, and the codes.
fn tokens(text: &str) -> (Vec<(SyntaxKind, &str)>, Vec<&'static str>) {
    let lexed = lex(FileId(0).into(), text);
    let joined: String = lexed.tokens.iter().map(|it| text.get(it.start..it.end).unwrap()).collect();
    assert_eq!(joined, text);
    let tokens = lexed.tokens.iter().filter(|it| it.kind != WHITESPACE);
    let tokens = tokens.map(|it| (it.kind, text.get(it.start..it.end).unwrap())).collect();
    (tokens, lexed.diagnostics.iter().map(|it| it.code.0).collect())
}

/// A text that is one token without a mistake.
#[track_caller]
fn one(text: &str, kind: SyntaxKind) {
    assert_eq!(tokens(text), (vec![(kind, text)], vec![]));
}

/// A text with one mistake.
#[track_caller]
fn slip(text: &str, kind: SyntaxKind, code: &'static str) {
    assert_eq!(tokens(text), (vec![(kind, text)], vec![code]));
}

#[test]
fn literals() {
    one("12", NUMBER);
    one("1_000.50", NUMBER);
    one("2d", NUMBER_UNIT);
    one("5xx", NUMBER_UNIT);
    one("2026-03-07", DATE);
    one("09:00", TIME);
    one("09:00:30", TIME);
    one("größe_2", IDENT);
    one("## docs", DOC);
    one("### no docs", COMMENT);
    assert_eq!(tokens("1d12h").0, vec![(NUMBER_UNIT, "1d"), (NUMBER_UNIT, "12h")]);
    assert_eq!(tokens("x.y").0, vec![(IDENT, "x"), (DOT, "."), (IDENT, "y")]);
}

#[test]
fn quotes_nest_in_holes() {
    one(r#""Hi {{ name | default "there" }}!""#, STRING);
    one(r#""{% if plan = "pro" %}a{% end %}""#, STRING);
    one(r#""a \" b \\""#, STRING);
    one("\"\"\"\n  {{ x | default \"\"}} \"\n\"\"\"", BLOCK_STRING);
    one("\"\"", STRING);
    one("\"\"\"\"\"\"", BLOCK_STRING);
}

#[test]
fn an_open_hole_does_not_swallow_the_closing_quote() {
    one(r#""Hi {{ name, how are you""#, STRING);
    let (found, codes) = tokens(r#""Hi {{ name" text "x""#);
    assert_eq!(found.iter().map(|it| it.1).collect::<Vec<_>>(), [r#""Hi {{ name""#, "text", "\"x\""]);
    assert!(codes.is_empty());
}

#[test]
fn a_text_without_its_end() {
    let (found, codes) = tokens("\"abc  \nwait");
    assert_eq!(found, vec![(STRING, "\"abc"), (IDENT, "wait")]);
    assert_eq!(codes, ["E0002"]);
    slip("\"\"\"abc\ndo", BLOCK_STRING, "E0002");
    slip("\"\"\"", BLOCK_STRING, "E0002");
    slip("\"", STRING, "E0002");
}

#[test]
fn slips() {
    slip("“hi”", STRING, "E0003");
    slip("\"hi”", STRING, "E0003");
    slip("“hi\"", STRING, "E0003");
    slip("'hi'", STRING, "E0003");
    slip("‘hi’", STRING, "E0003");
    slip("\\\"hi\\\"", STRING, "E0003");
    slip("==", EQ, "E0004");
    slip("===", EQ, "E0004");
    slip("<>", NE, "E0004");
    slip("≠", NE, "E0004");
    slip("&&", AND_AND, "E0004");
    slip("||", OR_OR, "E0004");
    slip("!", BANG, "E0004");
    slip("–", MINUS, "E0004");
    slip(";", SEMICOLON, "E0005");
    slip("｛", L_BRACE, "E0006");
    slip("ｄｏ", IDENT, "E0006");
    slip("１２", NUMBER, "E0006");
    slip("9:00", TIME, "E0031");
    slip("// remark", COMMENT, "E0004");
    slip("@@$", ERROR, "E0001");
    slip("\u{0}", ERROR, "E0001");
}

#[test]
fn lengths_of_quotes() {
    assert_eq!(quote_lengths("\"a\""), (1, 1));
    assert_eq!(quote_lengths("\"a"), (1, 0));
    assert_eq!(quote_lengths("\"\"\"a\"\"\""), (3, 3));
    assert_eq!(quote_lengths("“a”"), (3, 3));
    assert_eq!(quote_lengths("\"a\\\""), (1, 0));
}
