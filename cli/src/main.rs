//! `onward`: the one binary. Reads arguments, runs a command, ends with its exit code.

mod client;
mod commands;
mod events;
mod failure;
mod moment;
mod project;
mod screen;
mod table;

use clap::Parser as _;

use crate::commands::Cli;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    match cli.command.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.show();
            failure.exit.into()
        }
    }
}
