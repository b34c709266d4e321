//! A template in a file of its own: front matter between two lines `---`, then the
//! message in Markdown, HTML or MJML.
//!
//! It must not know what is in the message.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{TemplateFile, check_parts};
use crate::codes;
use crate::declare::{Part, PartText, Template, Understood, name_of_file};
use crate::diagnostic::{Applicability, Diagnostic, FileId, Span};
use crate::nearest::{list_names, nearest};
use crate::report::Report;
use crate::source::Source;

/// What front matter may say.
const KEYS: [&str; 5] = ["subject", "from", "reply_to", "preheader", "text"];

/// The template in a file.
pub(crate) fn read(source: &Source, report: &mut Report) -> Template {
    let mut reader = Reader { file: source.id, parts: IndexMap::new(), report, broken: false };
    let body = reader.front(&source.text);
    let text = source.text.get(body as usize..).unwrap_or_default().to_owned();
    let first = source.text.chars().next().map_or(0, char::len_utf8);
    let span = Span::new(source.id, 0..body.max(u32::try_from(first).unwrap_or_default()));
    let body_part = match source.path.rsplit_once('.') {
        Some((_, "md")) => "markdown",
        Some((_, "mjml")) => "mjml",
        _ => "html",
    };
    let mut parts = reader.parts;
    let understood = if reader.broken { Understood::Partly } else { Understood::Whole };
    if !text.trim().is_empty() {
        let file = TemplateFile { file: source.id, offset: body, text };
        parts.insert(body_part.into(), Part { span, text: PartText::File(file) });
    }
    let name: Arc<str> = name_of_file(&source.path).into();
    let author = source.author;
    let template = Template { name, channel: "email".into(), parts, span, author, understood };
    check_parts(&template, None, report);
    template
}

struct Reader<'a> {
    file: FileId,
    parts: IndexMap<Arc<str>, Part>,
    report: &'a mut Report,
    broken: bool,
}

impl Reader<'_> {
    /// Reads the front matter; gives the offset of the message after it.
    fn front(&mut self, text: &str) -> u32 {
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let is_fence = |line: &str| line.trim_start_matches('\u{feff}').trim_end() == "---";
        if !text.lines().next().is_some_and(is_fence) {
            return 0;
        }
        let Some((end, last)) = lines(text).skip(1).find(|(_, line)| is_fence(line)) else {
            self.broken = true;
            let span = self.span(0, "---".len());
            self.report.push(
                Diagnostic::error(codes::BROKEN_SETTINGS, span, "this front matter has no end")
                    .help("close it with another line `---`"),
            );
            return length(text.len());
        };
        for (at, line) in lines(text).skip(1).take_while(|(at, _)| *at < end) {
            self.line(at, line);
        }
        length(end + last.len())
    }

    fn line(&mut self, at: usize, line: &str) {
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            return;
        }
        let Some((key, value)) = text.split_once([':', '=']) else {
            self.broken = true;
            let span = self.span(at + indent, text.len());
            self.report.push(
                Diagnostic::error(codes::BROKEN_SETTINGS, span, "this line says nothing about the template")
                    .help("front matter is lines like `subject: Welcome`"),
            );
            return;
        };
        let before = value.len() - value.trim_start().len();
        let start = at + indent + key.len() + 1 + before;
        let key_span = self.span(at + indent, key.trim_end().len());
        self.setting(key.trim_end(), key_span, start, value.trim());
    }

    fn setting(&mut self, key: &str, span: Span, start: usize, value: &str) {
        if !KEYS.contains(&key) {
            self.broken = true;
            let message = format!("a template has no `{key}`");
            let diagnostic = Diagnostic::error(codes::UNKNOWN_KEY, span, message);
            self.report.push(match nearest(key, KEYS) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).replace(
                    span,
                    near,
                    Applicability::Unsure,
                ),
                None => diagnostic.help(format!("front matter has {}", list_names(KEYS, KEYS.len()))),
            });
            return;
        }
        if let Some(first) = self.parts.get(key) {
            self.report.push(
                Diagnostic::error(codes::FIELD_TWICE, span, format!("`{key}` stands here twice"))
                    .also(first.span, "here first")
                    .help("remove one of them"),
            );
            return;
        }
        let quoted = ['"', '\''].into_iter().find_map(|quote| {
            value.strip_prefix(quote).and_then(|it| it.strip_suffix(quote)).map(|inner| (inner, 1))
        });
        let (value, skipped) = quoted.unwrap_or((value, 0));
        let offset = u32::try_from(start + skipped).unwrap_or(u32::MAX);
        let file = TemplateFile { file: self.file, offset, text: value.to_owned() };
        self.parts.insert(key.into(), Part { span, text: PartText::File(file) });
    }

    fn span(&self, start: usize, length: usize) -> Span {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span::new(self.file, at(start)..at(start + length))
    }
}

/// Lines with their ends, each with its offset.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}
