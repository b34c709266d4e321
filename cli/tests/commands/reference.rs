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
