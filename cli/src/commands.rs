//! What `onward` can be told to do: one file a command.

mod check;
pub(crate) mod compile;
mod completions;
pub(crate) mod deploy;
mod dev;
mod doctor;
mod drafts;
pub(crate) mod emit;
mod explain;
mod fills;
mod fmt;
mod graph;
mod help;
mod import;
mod logs;
mod lsp;
mod new;
mod parked;
pub(crate) mod runs;
mod schema;
pub(crate) mod serve;
mod stats;
mod switch;
mod test;
mod unseen;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};

use crate::failure::Outcome;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// Rules for customer workflows: checks, compiles, runs and explains them.
#[derive(Debug, Parser)]
#[command(
    name = "onward",
    version,
    styles = STYLES,
    disable_help_subcommand = true,
    after_help = "`onward help COMMAND` tells more, `onward help exit-codes` what the exit codes mean."
)]
pub(crate) struct Cli {
    /// When to use colours; NO_COLOR is obeyed too
    #[arg(
        long,
        global = true,
        display_order = 900,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) color: Color,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Color {
    /// If a terminal shows them.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it hold for everything that is printed.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// How to print data.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Format {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A command. The order is the help page's: rules, a server, what happens on it, the rest.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(new::New),
    Check(check::Check),
    Fmt(fmt::Fmt),
    Test(test::Test),
    Compile(compile::Compile),
    Graph(graph::Graph),
    Dev(dev::Dev),
    Serve(serve::Serve),
    Deploy(deploy::Deploy),
    Fills(fills::Fills),
    Pause(switch::Pause),
    Resume(switch::Resume),
    Disable(switch::Disable),
    Emit(emit::Emit),
    Import(import::Import),
    Schema(schema::Schema),
    Stats(stats::Stats),
    Runs(runs::Runs),
    Logs(logs::Logs),
    Drafts(drafts::Drafts),
    Parked(parked::Parked),
    Lsp(lsp::Lsp),
    Explain(explain::Explain),
    Doctor(doctor::Doctor),
    Demo(crate::demo::Demo),
    Completions(completions::Completions),
    Help(help::Help),
}

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::New(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Fmt(command) => command.run(),
            Self::Test(command) => command.run(),
            Self::Compile(command) => command.run(),
            Self::Graph(command) => command.run(),
            Self::Dev(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Deploy(command) => command.run(),
            Self::Fills(command) => command.run(),
            Self::Pause(command) => command.run(),
            Self::Resume(command) => command.run(),
            Self::Disable(command) => command.run(),
            Self::Emit(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Schema(command) => command.run(),
            Self::Stats(command) => command.run(),
            Self::Runs(command) => command.run(),
            Self::Logs(command) => command.run(),
            Self::Drafts(command) => command.run(),
            Self::Parked(command) => command.run(),
            Self::Lsp(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Doctor(command) => command.run(),
            Self::Demo(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Help(command) => command.run(),
        }
    }
}
