//! `onward help`: the page of a command or of a topic.

use clap::{Args, CommandFactory as _};

use super::Cli;
use crate::failure::{Exit, Failure, Outcome};
use crate::screen;
use crate::table::{Cell, Table};

/// Tell more about a command, or about `exit-codes`
#[derive(Debug, Args)]
pub(crate) struct Help {
    /// A command such as `check` or `parked retry`, or `exit-codes`
    topic: Vec<String>,
}

impl Help {
    pub(super) fn run(self) -> Outcome {
        if self.topic == ["exit-codes"] {
            exit_codes();
            return Ok(Exit::Fine);
        }
        let mut root = Cli::command();
        root.build();
        let mut command = &mut root;
        for word in &self.topic {
            command = command.find_subcommand_mut(word).ok_or_else(|| {
                Failure::usage(
                    format!("there is no command `{}`", self.topic.join(" ")),
                    "`onward help` lists all commands; `onward help exit-codes` is the one other topic",
                )
            })?;
        }
        screen::raw(&command.render_long_help().ansi().to_string());
        Ok(Exit::Fine)
    }
}

fn exit_codes() {
    let mut table = Table::new(&["code", "meaning"]);
    for (exit, meaning) in Exit::ALL {
        table.row(vec![Cell::plain(exit.number().to_string()), Cell::plain(meaning)]);
    }
    table.show();
}
