//! `onward explain`, `onward help`, `onward completions`.

use std::fmt::Write as _;

use crate::{expect_file, onward, workspace};

#[test]
fn every_code_has_a_page() {
    let list = onward(&["explain"]).ends_with(0);
    let codes: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(codes.contains(&"E0101") && codes.len() > 20, "{list}");
    for code in codes {
        let page = onward(&["explain", &code.to_lowercase()]).ends_with(0);
        assert!(page.len() > 80 && page.contains(code), "{page}");
    }
    let err = onward(&["explain", "E9999"]).complains_with(2);
    assert!(err.contains("`onward explain` lists all codes"), "{err}");
}

#[test]
fn exit_codes_are_told() {
    let page = onward(&["help", "exit-codes"]).ends_with(0);
    assert_eq!(page.lines().count(), 6, "{page}");
}

#[test]
fn a_slip_of_the_finger_is_understood() {
    let err = onward(&["chekc"]).complains_with(2);
    assert!(err.contains("'check'"), "{err}");
    onward(&["help", "parked", "retry"]).ends_with(0);
    onward(&["help", "nonsense"]).complains_with(2);
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = onward(&["completions", shell]).ends_with(0);
        assert!(script.contains("parked"), "{shell}");
    }
}

/// The book's table of contents, but for the pages that are many of a sort.
const SUMMARY: &str = "\
# Summary

[Onward](introduction.md)

- [Tutorial: from nothing to a deployed rule](tutorial.md)

# Reference

- [The language](reference/language.md)
  - [Declarations](reference/declarations.md)
  - [Types](reference/types.md)
  - [Triggers](reference/triggers.md)
  - [Clauses](reference/clauses.md)
  - [Steps](reference/steps.md)
  - [Built-in actions](reference/built-in-actions.md)
  - [Expressions](reference/expressions.md)
  - [History](reference/history.md)
  - [Time](reference/time.md)
  - [Segments](reference/segments.md)
  - [Policy and consent](reference/policy.md)
  - [Messages](reference/messages.md)
  - [Actions](reference/actions.md)
  - [Sources](reference/sources.md)
  - [Tests](reference/tests.md)
  - [What is checked](reference/checks.md)
  - [The formatter](reference/formatter.md)
  - [Pictures](reference/graph.md)
- [onward.toml](reference/config.md)
- [The command line](reference/cli.md)
- [The HTTP API](reference/http.md)
- [Errors and warnings]()
{errors}
# Running it

- [Operations](operations.md)
- [Performance](performance.md)
- [Quality, measured](quality.md)
- [Architecture](architecture.md)
- [Decisions](decisions/README.md)
{decisions}";

/// Links to the pages of a folder, under their headings.
fn links(folder: &str) -> String {
    let mut pages: Vec<_> = std::fs::read_dir(workspace().join("docs").join(folder))
        .expect("there is such a folder")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("letters"))
        .filter(|name| name.ends_with(".md") && name != "README.md")
        .collect();
    pages.sort();
    pages.iter().fold(String::new(), |mut links, page| {
        let text = std::fs::read_to_string(workspace().join("docs").join(folder).join(page))
            .expect("it can be read");
        let title = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']).replace('`', "");
        let _ = writeln!(links, "  - [{title}]({folder}/{page})");
        links
    })
}

#[test]
fn the_book_lists_every_page() {
    let summary = SUMMARY.replace("{errors}", &links("errors")).replace("{decisions}", &links("decisions"));
    expect_file("docs/SUMMARY.md", &summary);
}
