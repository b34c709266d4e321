use super::*;
use crate::syntax::ast::AstNode as _;

/// The segments in short, and the mistakes with what they are about.
fn split_of(text: &str, frame: Frame) -> (String, Vec<String>) {
    let offset = 1_000;
    let message = split(Origin { file: FileId(3), offset }, text, frame);
    let shown = message.segments.iter().map(show).collect::<Vec<_>>().join("·");
    let at = |span: Span| {
        text.get((span.start - offset) as usize..(span.end - offset) as usize).unwrap().to_owned()
    };
    let wrong = message.diagnostics.iter().map(|it| format!("{} {}", it.code, at(it.primary.span)));
    let wrong = wrong.collect();
    balanced(&message);
    (shown, wrong)
}

fn show(segment: &Segment) -> String {
    let value = |parse: &Parse| parse.syntax().text().to_string();
    match &segment.kind {
        SegmentKind::Text(text) => text.clone(),
        SegmentKind::Hole(it) => format!("<{}>", value(it).trim()),
        SegmentKind::If(it) => format!("<if {}>", value(it)),
        SegmentKind::ElseIf(it) => format!("<else if {}>", value(it)),
        SegmentKind::Else => "<else>".to_owned(),
        SegmentKind::For(item, it) => format!("<for {} in {}>", item.name, value(it)),
        SegmentKind::End => "<end>".to_owned(),
    }
}

fn balanced(message: &Message) {
    let mut depth = 0_usize;
    for segment in &message.segments {
        match segment.kind {
            SegmentKind::If(_) | SegmentKind::For(..) => depth += 1,
            SegmentKind::ElseIf(_) | SegmentKind::Else => assert!(depth > 0),
            SegmentKind::End => depth = depth.checked_sub(1).unwrap(),
            SegmentKind::Text(_) | SegmentKind::Hole(_) => {}
        }
    }
    assert_eq!(depth, 0);
}

#[track_caller]
fn right(text: &str, frame: Frame, expected: &str) {
    assert_eq!(split_of(text, frame), (expected.to_owned(), vec![]), "{text}");
}

#[track_caller]
fn wrong(text: &str, expected: &[&str]) {
    let (_, wrong) = split_of(text, Frame::Line);
    assert_eq!(wrong, expected, "{text}");
}

#[test]
fn texts_holes_and_tags() {
    right("plain", Frame::Line, "plain");
    right("", Frame::Line, "");
    right("Hi {{ name }}!", Frame::Line, "Hi ·<name>·!");
    right(r#"{{ a | default "}}" }}"#, Frame::Line, r#"<a | default "}}">"#);
    right(
        "{% if a = 1 %}b{% else if c %}d{% else %}e{% end %}",
        Frame::Line,
        "<if a = 1>·b·<else if c>·d·<else>·e·<end>",
    );
    right("{%for x in a.b%}{{x}},{%end%}", Frame::Line, "<for x in a.b>·<x>·,·<end>");
    right("a } b { c }} %}", Frame::Line, "a } b { c }} %}");
}

#[test]
fn escapes() {
    right(r#"a\n\t\"\\ \{{ b }}"#, Frame::Line, "a\n\t\"\\ {{ b }}");
    right("\\{{ b }} \\n \\\\ {{ c }}", Frame::File, "{{ b }} \\n \\\\ ·<c>");
    wrong(r"a\q b", &[r"E0046 \q"]);
    wrong(r"ab\", &[]);
}

#[test]
fn blocks_lose_their_indentation() {
    right("\n    # Hi\n\n      there\n    ", Frame::Block, "# Hi\n\n  there");
    right("\n    a\n  ", Frame::Block, "  a");
    right("a\n  b", Frame::Block, "a\nb");
    right("\n  {{ a }}\n  b {{ c }}\n    {{ d }}\n  ", Frame::Block, "<a>·\nb ·<c>·\n  ·<d>");
    right("\r\n  a\r\n  b\r\n  ", Frame::Block, "a\nb");
    right("\n  a\n\n  b", Frame::Block, "a\n\nb");
    right("", Frame::Block, "");
    right("\n", Frame::Block, "");
    right("  a", Frame::Block, "  a");
}

#[test]
fn mistakes_at_their_place() {
    wrong("Hi {{ name", &["E0040 {{"]);
    wrong("Hi {{ name {{ other }}", &["E0040 {{"]);
    wrong("Hi {% if a", &["E0041 {%"]);
    wrong("{{ }}", &["E0045 {{ }}"]);
    wrong("{{ a b }}", &["E0032 b"]);
    wrong("{{ a = }}", &["E0013 "]);
    wrong("{% if %}a{% end %}", &["E0047 {% if %}"]);
    wrong("{% if a %}b", &["E0043 {% if a %}"]);
    wrong("{% for x of y %}b{% end %}", &["E0047 {% for x of y %}"]);
    wrong("a{% end %}", &["E0044 {% end %}"]);
    wrong("{% else %}", &["E0044 {% else %}"]);
    wrong("{% if a %}{% else %}{% else %}{% end %}", &["E0044 {% else %}"]);
    wrong("{% if a %}{% else b %}{% end %}", &["E0047 b"]);
    wrong("{% for x in y %}{% else %}{% end %}", &["E0044 {% else %}"]);
    wrong("{% if a %}{% endif %}", &["E0042 endif"]);
    wrong("{% if a %}{% elsif b %}{% end %}", &["E0042 elsif"]);
    wrong("{%- if a -%}{% end %}", &["E0042 -", "E0042 -"]);
    wrong("{% unless a %}", &["E0042 unless a"]);
    wrong("{% %}", &["E0042 "]);
}

#[test]
fn plain_texts() {
    let parse = crate::syntax::parse(FileId(0), r#"sender s = "a\"{{ b \q""#);
    let strings: Vec<_> =
        parse.syntax().descendants().filter_map(crate::syntax::ast::SenderDecl::cast).collect();
    let (text, wrong) = plain_text(FileId(0), &strings[0].address().unwrap());
    assert_eq!(text, r#"a"{{ b q"#);
    assert_eq!(wrong[0].primary.span.range(), 20..22);
}

#[test]
fn nothing_is_too_deep_or_too_long() {
    let deep = "{% if a %}".repeat(4_000) + &"{% end %}".repeat(4_000);
    let message = split(FileId(0).into(), &deep, Frame::Line);
    assert_eq!(message.diagnostics.len(), 1);
    balanced(&message);
    assert_eq!(message.segments.len(), 2 * DEPTH);
    let unclosed = split(FileId(0).into(), &"{% for x in y %}".repeat(200), Frame::Line);
    balanced(&unclosed);
    let open = "{{ \"".repeat(4_000);
    balanced(&split(FileId(0).into(), &open, Frame::Line));
}
