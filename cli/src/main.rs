//! `onward`: the one binary. Reads arguments, runs a command, ends with its exit code.

mod client;
mod commands;
mod demo;
mod dev;
mod events;
mod failure;
mod json;
mod logging;
mod message;
mod moment;
mod project;
mod screen;
mod secrets;
mod table;
mod testing;

use clap::Parser as _;

use crate::commands::Cli;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    onward_runtime::install_tls();
    match cli.command.run() {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.show();
            failure.exit.into()
        }
    }
}
