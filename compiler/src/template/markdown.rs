//! Markdown to the two forms of a mail: HTML and plain text.
//!
//! Holes and tags come in as marks. A tag that has a line to itself separates
//! blocks, so that it can stand around paragraphs and lists. It must not know what
//! the marks stand for.

use pulldown_cmark::{Options, Parser, html};

use super::marks::Marks;
use super::plain;

/// Renders `text` as HTML, without a page around it.
pub(crate) fn to_html(text: &str, marks: &Marks) -> String {
    let prepared = tags_as_blocks(text, marks);
    let mut out = String::new();
    html::push_html(&mut out, parser(&prepared));
    blocks_as_tags(&out, marks)
}

/// Renders `text` for a reader without HTML.
pub(crate) fn to_text(text: &str, marks: &Marks) -> String {
    let prepared = tags_as_blocks(text, marks);
    plain::render(parser(&prepared), marks)
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

/// Puts lines that hold nothing but tags into comments, which are blocks to Markdown.
pub(super) fn tags_as_blocks(text: &str, marks: &Marks) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if marks.only_tags(line) {
            let indent = line.len() - line.trim_start().len();
            out.push_str(line.get(..indent).unwrap_or_default());
            out.push_str(&format!("<!--{}-->\n", line.trim()));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Takes tags out of their comments again.
pub(super) fn blocks_as_tags(html: &str, marks: &Marks) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<!--") {
        out.push_str(before);
        match after.split_once("-->") {
            Some((inside, after)) if marks.only_tags(inside) => {
                out.push_str(inside);
                rest = after.strip_prefix('\n').unwrap_or(after);
            }
            _ => {
                out.push_str("<!--");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_around_blocks_stay_outside_them() {
        let marks = Marks::new("");
        let text = format!(
            "Hi {},\n\n{}\nYou wrote:\n\n> {}\n{}\n\nAna\n",
            marks.hole(0),
            marks.tag(1),
            marks.hole(2),
            marks.tag(3)
        );
        let html = to_html(&text, &marks);
        let expected = format!(
            "<p>Hi {},</p>\n{}<p>You wrote:</p>\n<blockquote>\n<p>{}</p>\n</blockquote>\n{}<p>Ana</p>\n",
            marks.hole(0),
            marks.tag(1),
            marks.hole(2),
            marks.tag(3)
        );
        assert_eq!(html, expected);
        let plain = format!(
            "Hi {},\n\n{}You wrote:\n\n> {}\n\n{}Ana\n",
            marks.hole(0),
            marks.tag(1),
            marks.hole(2),
            marks.tag(3)
        );
        assert_eq!(to_text(&text, &marks), plain);
    }

    #[test]
    fn links_and_lists_as_text() {
        let marks = Marks::new("");
        let text = "# Three steps\n\n1. Make a **list**.\n2. See the [guide](https://acme.example/guide).\n\n- one\n- two\n\n---\n\nBye";
        let expected = "Three steps\n\n1. Make a list.\n2. See the guide (https://acme.example/guide).\n\n- one\n- two\n\n---\n\nBye\n";
        assert_eq!(to_text(text, &marks), expected);
    }
}
