//! `docs/reference/cli.md` is what the commands say of themselves.

use std::fmt::Write as _;

use crate::{expect_file, onward};

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
    let all = onward(&["help"]).ends_with(0);
    let commands =
        all.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    for line in commands.lines() {
        let name = line.split_whitespace().next().expect("a name");
        if name == "help" {
            continue;
        }
        let help = onward(&["help", name]).ends_with(0);
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = writeln!(page, "\n## onward {name}\n\n```\n{}\n```", lines.join("\n").trim_end());
    }
    expect_file("docs/reference/cli.md", &page);
}
