//! Markdown as a person reads it in a mail without HTML.
//!
//! Every block ends with an empty line, so that a block that a tag leaves out takes
//! its space along. It must not know HTML mails.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::html;
use super::marks::Marks;

/// Writes the events of a Markdown text as plain text.
pub(super) fn render<'a>(events: impl Iterator<Item = Event<'a>>, marks: &Marks) -> String {
    let mut writer =
        Writer { marks, out: String::new(), at_start: true, prefix: Vec::new(), open: Vec::new() };
    for event in events {
        writer.event(event);
    }
    let trimmed = writer.out.trim_end();
    if trimmed.is_empty() { String::new() } else { format!("{trimmed}\n") }
}

/// Something that is open around the text.
enum Open {
    /// A list with the number of its next item, if it has numbers.
    List(Option<u64>),
    /// A link, with its address and where its words begin.
    Link(String, usize),
    /// A cell of a table row that has cells before it.
    Row(u32),
}

struct Writer<'m> {
    marks: &'m Marks,
    out: String,
    at_start: bool,
    /// What stands before each line.
    prefix: Vec<String>,
    open: Vec<Open>,
}

impl Writer<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) => self.text(&text),
            Event::Html(html) | Event::InlineHtml(html) => self.html(&html),
            Event::SoftBreak | Event::HardBreak => self.line(),
            Event::Rule => {
                self.text("---");
                self.block();
            }
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text);
            }
            Event::TaskListMarker(done) => self.text(if done { "[x] " } else { "[ ] " }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.prefix.push("> ".into()),
            Tag::CodeBlock(_) => self.prefix.push("    ".into()),
            Tag::List(number) => {
                // A list inside an item begins on a line of its own.
                if !self.at_start {
                    self.line();
                }
                self.open.push(Open::List(number));
            }
            Tag::Item => self.item(),
            Tag::Link { dest_url, .. } => {
                self.open.push(Open::Link(dest_url.to_string(), self.out.len()));
            }
            Tag::TableHead | Tag::TableRow => self.open.push(Open::Row(0)),
            Tag::TableCell => {
                if let Some(Open::Row(cells)) = self.open.last_mut() {
                    *cells += 1;
                    if *cells > 1 {
                        self.text(" | ");
                    }
                }
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        let bullet = match self.open.last_mut() {
            Some(Open::List(Some(number))) => {
                let bullet = format!("{number}. ");
                *number += 1;
                bullet
            }
            _ => "- ".to_owned(),
        };
        self.text(&bullet);
        self.prefix.push(" ".repeat(bullet.len()));
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) => self.block(),
            TagEnd::BlockQuote(_) => {
                self.prefix.pop();
            }
            TagEnd::CodeBlock => {
                self.prefix.pop();
                self.block();
            }
            TagEnd::Item => {
                self.prefix.pop();
                if !self.at_start {
                    self.line();
                }
            }
            TagEnd::List(_) => {
                self.open.pop();
                let outermost = !self.open.iter().any(|it| matches!(it, Open::List(_)));
                if outermost && !self.out.ends_with("\n\n") {
                    self.line();
                }
            }
            TagEnd::Link => self.link(),
            TagEnd::TableHead | TagEnd::TableRow => {
                self.open.pop();
                self.line();
            }
            TagEnd::Table => self.line(),
            _ => {}
        }
    }

    /// Writes a link's address after its words, unless they are the address.
    fn link(&mut self) {
        let Some(Open::Link(address, start)) = self.open.pop() else { return };
        let words = self.out.get(start..).unwrap_or_default().trim_start_matches("mailto:");
        if words != address.trim_start_matches("mailto:") {
            self.text(&format!(" ({address})"));
        }
    }

    /// Tags come through; other HTML leaves its words.
    fn html(&mut self, html: &str) {
        let inside = html.trim().strip_prefix("<!--").and_then(|it| it.strip_suffix("-->"));
        match inside.filter(|it| self.marks.only_tags(it)) {
            Some(tags) => self.out.push_str(tags),
            None => {
                let words = html::words(html);
                self.text(&words);
            }
        }
    }

    fn text(&mut self, text: &str) {
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                self.line();
            }
            if line.is_empty() {
                continue;
            }
            if self.at_start {
                for prefix in &self.prefix {
                    self.out.push_str(prefix);
                }
                self.at_start = false;
            }
            self.out.push_str(line);
        }
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.at_start = true;
    }

    /// Ends a block: with an empty line.
    fn block(&mut self) {
        if !self.at_start {
            self.line();
        }
        if !self.out.ends_with("\n\n") {
            self.line();
        }
    }
}
