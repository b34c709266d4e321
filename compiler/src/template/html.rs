//! HTML: as plain text, as a page, and where in it a hole stands.
//!
//! It must not know Markdown.

/// How a value is written where a hole stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// Escaped for HTML.
    Text,
    /// As a part of a URL, which nothing in it can leave.
    UrlPart,
}

/// Attributes that hold a URL.
const URLS: [&str; 5] = ["href=", "src=", "action=", "background=", "poster="];

/// How a value is written that stands right after `before`.
pub(crate) fn spot(before: &str) -> Spot {
    let Some((_, tag)) = before.rsplit_once('<') else { return Spot::Text };
    if tag.contains('>') {
        return Spot::Text;
    }
    let open = ['"', '\''].into_iter().find_map(|quote| {
        let inside = tag.matches(quote).count() % 2 == 1;
        inside.then(|| tag.rsplit_once(quote)).flatten()
    });
    match open {
        Some((attribute, url)) if !url.is_empty() => {
            let attribute = attribute.to_ascii_lowercase();
            if URLS.iter().any(|it| attribute.ends_with(it)) { Spot::UrlPart } else { Spot::Text }
        }
        _ => Spot::Text,
    }
}

/// A whole page around the body of a mail.
pub(crate) fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n</head>\n<body>\n<div style=\"max-width:36em;font-family:sans-serif;line-height:1.5\">\n{body}</div>\n</body>\n</html>\n"
    )
}

/// Puts hidden words for the list of mails right at the start of a page's body.
pub(crate) fn with_preheader(preheader: &str, html: &str) -> String {
    if preheader.is_empty() {
        return html.to_owned();
    }
    let hidden = format!("<div style=\"display:none;max-height:0;overflow:hidden\">{preheader}</div>");
    let body = html.to_ascii_lowercase().find("<body").and_then(|at| {
        let end = html.get(at..)?.find('>')?;
        html.split_at_checked(at + end + 1)
    });
    match body {
        Some((before, after)) => format!("{before}{hidden}{after}"),
        None => format!("{hidden}{html}"),
    }
}

/// Elements whose words nobody reads.
const UNSEEN: [&str; 4] = ["head", "style", "script", "title"];
/// Elements that stand on lines of their own.
const BLOCKS: [&str; 17] = [
    "p",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "table",
    "tr",
    "blockquote",
    "section",
    "header",
    "footer",
    "hr",
];

/// The words of a page, with the addresses of its links.
pub(crate) fn to_text(html: &str) -> String {
    let mut out = String::new();
    let mut link: Option<(String, usize)> = None;
    let mut rest = html;
    while let Some((words, after)) = rest.split_once('<') {
        push_words(&mut out, words);
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        rest = after;
        let name = tag.trim_start_matches('/').split([' ', '\n', '\t', '/']).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        let closes = tag.starts_with('/');
        match name.as_str() {
            _ if UNSEEN.contains(&name.as_str()) && !closes => {
                let end = format!("</{name}");
                let lower = rest.to_ascii_lowercase();
                rest = lower.find(&end).and_then(|at| rest.get(at..)).unwrap_or_default();
            }
            "br" => out.push('\n'),
            "li" if !closes => {
                end_line(&mut out);
                out.push_str("- ");
            }
            "li" => end_line(&mut out),
            "a" if !closes => link = attribute(tag, "href").map(|url| (url, out.len())),
            "a" => {
                if let Some((url, start)) = link.take()
                    && out.get(start..).is_some_and(|words| words.trim() != url)
                {
                    out.push_str(&format!(" ({url})"));
                }
            }
            "td" | "th" if closes => out.push(' '),
            _ if BLOCKS.contains(&name.as_str()) => end_block(&mut out),
            _ => {}
        }
    }
    push_words(&mut out, rest);
    let trimmed = out.trim();
    if trimmed.is_empty() { String::new() } else { format!("{trimmed}\n") }
}

/// The words in a bit of HTML, without its tags.
pub(super) fn words(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&unescape(before));
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(&unescape(rest));
    out
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let at = lower.find(&format!("{name}="))?;
    let value = tag.get(at + name.len() + 1..)?;
    let quote = value.chars().next().filter(|it| matches!(it, '"' | '\''));
    let value = match quote {
        Some(quote) => value.get(1..)?.split(quote).next()?,
        None => value.split_whitespace().next()?,
    };
    Some(unescape(value))
}

/// Adds words, with every run of white space as one space.
fn push_words(out: &mut String, words: &str) {
    let words = unescape(words);
    let starts = words.starts_with(char::is_whitespace);
    let ends = words.ends_with(char::is_whitespace);
    let joined = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let fresh = out.is_empty() || out.ends_with(['\n', ' ']);
    if starts && !fresh {
        out.push(' ');
    }
    out.push_str(&joined);
    if ends && !joined.is_empty() {
        out.push(' ');
    }
}

fn end_line(out: &mut String) {
    let length = out.trim_end_matches(' ').len();
    out.truncate(length);
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn end_block(out: &mut String) {
    end_line(out);
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

/// `text` as HTML shows it.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_hole_stands() {
        assert_eq!(spot("<p>Hello "), Spot::Text);
        assert_eq!(spot("<a href=\""), Spot::Text);
        assert_eq!(spot("<a href=\"https://x.example/?a="), Spot::UrlPart);
        assert_eq!(spot("<a class=\"x\" href='https://x.example/"), Spot::UrlPart);
        assert_eq!(spot("<a title=\"see "), Spot::Text);
    }

    #[test]
    fn a_page_as_text() {
        let html = "<html><head><title>no</title><style>p{}</style></head><body><h1>Hi</h1>\n<p>See <a href=\"https://x.example\">this</a> &amp; that.</p><ul><li>one</li><li>two</li></ul></body></html>";
        assert_eq!(to_text(html), "Hi\n\nSee this (https://x.example) & that.\n\n- one\n- two\n");
    }

    #[test]
    fn words_before_the_page() {
        assert_eq!(
            with_preheader("Psst", "<body class=x><p>Hi</p></body>"),
            "<body class=x><div style=\"display:none;max-height:0;overflow:hidden\">Psst</div><p>Hi</p></body>"
        );
    }
}
