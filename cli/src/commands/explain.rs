//! `onward explain`: the page of an error or warning.

use clap::Args;
use serde_json::json;

use super::Format;
use crate::failure::{Exit, Failure, Outcome};
use crate::table::{Cell, Table};
use crate::{screen, table};

/// The pages of `docs/errors`, by code.
mod pages {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}

/// Explain an error or a warning: its cause, an example, the remedy
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code such as E0102; all are listed without one
    code: Option<String>,
    #[command(flatten)]
    format: Format,
}

impl Explain {
    pub(super) fn run(self) -> Outcome {
        match &self.code {
            None => self.list(),
            Some(code) => self.page(code),
        }
        .map(|()| Exit::Fine)
    }

    fn list(&self) -> Result<(), Failure> {
        if self.format.json {
            let all: Vec<_> =
                pages::ALL.iter().map(|(code, page)| json!({ "code": code, "title": title(page) })).collect();
            screen::json(&json!({ "codes": all }));
            return Ok(());
        }
        let mut table = Table::new(&[]);
        for (code, page) in pages::ALL {
            let paint: table::Paint =
                if code.starts_with('W') { |c| screen::yellow(c) } else { |c| screen::red(c) };
            table.row(vec![Cell::painted(*code, paint), Cell::plain(title(page))]);
        }
        table.show();
        Ok(())
    }

    fn page(&self, code: &str) -> Result<(), Failure> {
        let wanted = code.trim().to_ascii_uppercase();
        let (code, page) = pages::ALL.iter().find(|(code, _)| *code == wanted).ok_or_else(|| {
            Failure::usage(format!("there is no code `{code}`"), "`onward explain` lists all codes")
        })?;
        if self.format.json {
            screen::json(&json!({ "code": code, "title": title(page), "page": page }));
        } else {
            page.lines().fold(Fence::Outside, |fence, line| show(line, fence));
        }
        Ok(())
    }
}

/// The heading of a page, without its code.
fn title(page: &str) -> &str {
    let heading = page.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    heading.split_once(' ').map_or(heading, |(first, rest)| {
        if first.len() == 5 || first.ends_with(':') { rest } else { heading }
    })
}

/// Whether a line stands between ``` fences.
#[derive(Clone, Copy, PartialEq)]
enum Fence {
    Outside,
    Inside,
}

/// Prints a line of Markdown as a terminal shows it best.
fn show(line: &str, fence: Fence) -> Fence {
    if line.trim_start().starts_with("```") {
        return if fence == Fence::Inside { Fence::Outside } else { Fence::Inside };
    }
    match fence {
        Fence::Inside => screen::line(format!("    {}", screen::cyan(line))),
        Fence::Outside if line.starts_with('#') => {
            screen::line(screen::bold(line.trim_start_matches(['#', ' '])))
        }
        Fence::Outside if line.starts_with("    ") => screen::line(screen::cyan(line)),
        Fence::Outside => screen::line(code_words(line)),
    }
    fence
}

/// Words between backticks in colour.
fn code_words(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts
        .map(|(n, part)| if n % 2 == 1 { screen::cyan(format!("`{part}`")) } else { part.to_owned() })
        .collect()
}
