//! What the compiler has to say about a rule file: one value, many renderers.
//!
//! It must not know who draws it: the terminal, JSON, SARIF and the language
//! server each render the same [`Diagnostic`].

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// Which source file of a project, by its place in [`crate::project::Project`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FileId(pub u32);

/// A stretch of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `range` in `file`.
    #[must_use]
    pub fn new(file: FileId, range: Range<u32>) -> Self {
        Self { file, start: range.start, end: range.end }
    }

    /// The byte range, as `usize`.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is compiled.
    Error,
    /// It compiles, and is probably not what was meant.
    Warning,
}

/// `E0102` or `W0201`: the key of a page in `docs/errors/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// Words under a stretch of source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to know about it; may be empty on the primary label.
    pub text: String,
}

/// Whether a machine may make the change unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// It is what was meant.
    Safe,
    /// A good guess; a person should look.
    Unsure,
}

/// One replacement of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What to replace; empty to insert.
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// A change that mends the mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What it does, as an order: "replace with `email`".
    pub title: String,
    /// Whether it may be applied unasked.
    pub applicability: Applicability,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One message about one mistake.
///
/// Prose: lower case, no full stop, the reader's own words in backticks, no name
/// of a parser's rule or of a Rust type. `help` says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Key of its page.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Exactly the wrong words.
    pub primary: Label,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// The next step.
    pub help: Option<String>,
    /// Changes that would mend it.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// An error at `span`.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message.into())
    }

    /// A warning at `span`.
    #[must_use]
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message.into())
    }

    fn new(code: Code, severity: Severity, span: Span, message: String) -> Self {
        Self {
            code,
            severity,
            message,
            primary: Label { span, text: String::new() },
            secondary: Vec::new(),
            help: None,
            fixes: Vec::new(),
        }
    }

    /// Puts words under the primary span.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Points at another place too.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Offers to replace `span` with `text`.
    #[must_use]
    pub fn replace(mut self, span: Span, text: impl Into<String>, applicability: Applicability) -> Self {
        let text = text.into();
        let title = if text.is_empty() { "remove it".to_owned() } else { format!("replace with `{text}`") };
        self.fixes.push(Fix { title, applicability, edits: vec![Edit { span, text }] });
        self
    }

    /// The same in another file: all of its places move there.
    #[must_use]
    pub(crate) fn in_file(mut self, file: FileId) -> Self {
        self.primary.span.file = file;
        self.secondary.iter_mut().for_each(|it| it.span.file = file);
        self.fixes.iter_mut().flat_map(|it| &mut it.edits).for_each(|it| it.span.file = file);
        self
    }

    /// The page that explains [`Self::code`].
    #[must_use]
    pub fn page(&self) -> String {
        format!("docs/errors/{}.md", self.code)
    }
}
