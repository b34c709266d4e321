//! The files of a project, parsed: rules, settings and templates, and the catalogue
//! that is part of every project.
//!
//! It must not know what the files say.

use std::sync::{Arc, OnceLock};

use onward_bytecode::SourceFile;

use crate::declare::Author;
use crate::diagnostic::{Diagnostic, FileId};
use crate::memory::Memory;
use crate::syntax::{self, Parse, ast};

/// The catalogue that is part of every project.
pub(crate) const STD: &[(&str, &str)] = &[
    ("std/crm.onward", include_str!("../std/crm.onward")),
    ("std/entities.onward", include_str!("../std/entities.onward")),
    ("std/events.onward", include_str!("../std/events.onward")),
    ("std/forms.onward", include_str!("../std/forms.onward")),
    ("std/google.onward", include_str!("../std/google.onward")),
    ("std/inbound.onward", include_str!("../std/inbound.onward")),
    ("std/learning.onward", include_str!("../std/learning.onward")),
    ("std/mail.onward", include_str!("../std/mail.onward")),
    ("std/mailgun.onward", include_str!("../std/mailgun.onward")),
    ("std/postmark.onward", include_str!("../std/postmark.onward")),
    ("std/resend.onward", include_str!("../std/resend.onward")),
    ("std/sales.onward", include_str!("../std/sales.onward")),
    ("std/sendgrid.onward", include_str!("../std/sendgrid.onward")),
    ("std/shopify.onward", include_str!("../std/shopify.onward")),
    ("std/slack.onward", include_str!("../std/slack.onward")),
    ("std/social.onward", include_str!("../std/social.onward")),
    ("std/stripe.onward", include_str!("../std/stripe.onward")),
    ("std/twilio.onward", include_str!("../std/twilio.onward")),
    ("std/webhook.onward", include_str!("../std/webhook.onward")),
    ("std/whatsapp.onward", include_str!("../std/whatsapp.onward")),
];

/// Where the files of the catalogue seem to lie.
pub(crate) const FOLDER: &str = "std/";

/// The files of the catalogue, numbered from `first` on. They never change, so they
/// are parsed once.
pub(crate) fn catalogue(first: u32) -> impl Iterator<Item = Source> {
    static PARSED: OnceLock<Vec<(SourceFile, Parse)>> = OnceLock::new();
    let parse = |(path, text): &(&str, &str)| {
        (SourceFile { path: (*path).into(), text: (*text).into() }, syntax::parse(FileId(0), text))
    };
    let parsed = PARSED.get_or_init(|| STD.iter().map(parse).collect());
    parsed.iter().zip(first..).map(|((file, parse), id)| Source {
        id: FileId(id),
        path: file.path.clone(),
        text: file.text.clone(),
        author: Author::Std,
        content: Content::Rules { file: parse.file(), errors: parse.diagnostics().to_vec() },
    })
}

/// Whether a file of this name is part of a project.
pub(crate) fn is_source(path: &str) -> bool {
    sort_of(path).is_some()
}

/// What a file holds, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Rules,
    Settings,
    Template,
}

fn sort_of(path: &str) -> Option<Sort> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let in_templates = folder == "templates" || folder.ends_with("/templates");
    match name.rsplit_once('.')? {
        (_, "onward") => Some(Sort::Rules),
        ("onward", "toml") if folder.is_empty() => Some(Sort::Settings),
        (_, "md" | "html" | "mjml") if in_templates => Some(Sort::Template),
        _ => None,
    }
}

/// A file with what the parser made of it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: FileId,
    pub(crate) path: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(crate) author: Author,
    pub(crate) content: Content,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// Declarations, and what the parser has to say about them.
    Rules { file: Option<ast::File>, errors: Vec<Diagnostic> },
    /// Settings.
    Settings,
    /// A template.
    Template,
}

impl Source {
    /// Parses a file of the project, unless it is remembered.
    pub(crate) fn parse(file: SourceFile, id: FileId, memory: &Memory) -> Self {
        let content = match sort_of(&file.path) {
            Some(Sort::Settings) => Content::Settings,
            Some(Sort::Template) => Content::Template,
            Some(Sort::Rules) | None => {
                let parse = memory.parse(&file);
                let errors = parse.diagnostics().iter().map(|it| it.clone().in_file(id)).collect();
                Content::Rules { file: parse.file(), errors }
            }
        };
        Self { id, path: file.path, text: file.text, author: Author::User, content }
    }
}
