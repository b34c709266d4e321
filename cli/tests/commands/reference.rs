//! `docs/reference/cli.md` is what the commands say of themselves. The other pages are written by
//! hand: every example in them compiles, is laid out as the formatter does it, and passes its tests.

use std::fmt::Write as _;
use std::path::Path;

use crate::{expect_file, folder, onward, text, workspace};

const HEAD: &str = "\
# The command line

Made from the program's own help: `ONWARD_UPDATE=1 cargo test -p onward --test commands reference`.

Every command that prints data takes `--json`. Colours appear on terminals only; `--color always` or `never` and
`NO_COLOR` say otherwise. Data goes to standard output, everything else to standard error.

";

#[test]
fn the_reference_is_up_to_date() {
    let mut page = HEAD.to_owned();
    let exits = onward(&["help", "exit-codes"]).ends_with(0);
    let _ = writeln!(page, "## Exit codes\n\n```\n{exits}```");
    describe(&[], &mut page);
    expect_file("docs/reference/cli.md", &page);
}

/// Writes down the help of every command below this one.
fn describe(command: &[&str], page: &mut String) {
    let all = onward(&[&["help"], command].concat()).ends_with(0);
    let names =
        all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let words = [command, &[name]].concat();
        let help = onward(&[&["help"], words.as_slice()].concat()).ends_with(0);
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ =
            writeln!(page, "\n## onward {}\n\n```\n{}\n```", words.join(" "), lines.join("\n").trim_end());
        describe(&words, page);
    }
}

/// What an example of the reference may need besides its rules.
const SETTINGS: &str = r#"
[project]
name = "acme"
timezone = "Europe/Madrid"
sender = "Acme <hello@acme.example>"
"#;

/// The Onward examples of a page, each with the line on which it begins.
fn examples(page: &Path) -> Vec<(usize, String)> {
    let page = std::fs::read_to_string(page).expect("it can be read");
    let mut lines = page.lines().zip(1..);
    let mut found = Vec::new();
    while let Some((_, line)) = lines.find(|(text, _)| *text == "```onward") {
        let inner = lines.by_ref().map(|(text, _)| text).take_while(|text| *text != "```");
        found.push((line + 1, inner.fold(String::new(), |all, text| all + text + "\n")));
    }
    found
}

/// Checks a project, and plays its tests if it has any.
fn holds(project: &Path, rules: &str) -> Result<(), String> {
    let has_tests = rules.lines().any(|line| line.starts_with("test \""));
    let ran = onward(&[if has_tests { "test" } else { "check" }, text(project)]);
    if ran.code == 0 { Ok(()) } else { Err(format!("{}{}", ran.out, ran.err)) }
}

#[test]
fn the_examples_of_the_reference_hold() {
    let pages = std::fs::read_dir(workspace().join("docs/reference")).expect("there is a reference");
    let mut pages: Vec<_> = pages.map(|page| page.expect("it can be read").path()).collect();
    pages.sort();
    let mut count = 0;
    let mut wrong = Vec::new();
    for page in pages {
        for (line, rules) in examples(&page) {
            let project = folder(&[("onward.toml", SETTINGS), ("rules/example.onward", &rules)]);
            let formatted = onward(&["fmt", "--check", text(project.path())]);
            let layout = if formatted.code == 0 { Ok(()) } else { Err("not in the one layout".to_owned()) };
            if let Err(why) = holds(project.path(), &rules).and(layout) {
                wrong.push(format!("{}:{line}\n{why}", page.display()));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 20, "{count} examples were found");
}

#[test]
fn the_tutorial_holds() {
    let place = folder(&[]);
    let project = place.path().join("acme");
    onward(&["new", text(&project)]).ends_with(0);
    let rules = project.join("rules");
    let given = std::fs::read_to_string(rules.join("follow_up.onward")).expect("it can be read");
    let examples = examples(&workspace().join("docs/tutorial.md"));
    let added: Vec<&str> =
        examples.iter().map(|(_, text)| text.as_str()).filter(|text| !given.contains(text)).collect();
    assert!(added.len() == 1 && examples.len() == 2, "one rule is there, and one file is written: {added:?}");
    std::fs::write(rules.join("win_back.onward"), added.concat()).expect("it can be written");
    onward(&["check", "--deny-warnings", text(&project)]).ends_with(0);
    let played = onward(&["test", text(&project)]).ends_with(0);
    assert!(played.contains("2 tests: all as expected"), "{played}");
}
