//! `onward completions`: what a shell needs to complete our words.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use crate::failure::{Exit, Outcome};
use crate::screen;

/// Print the completions of a shell
///
/// bash: onward completions bash > ~/.local/share/bash-completion/completions/onward
/// zsh:  onward completions zsh > a file `_onward` in a folder of $fpath
/// fish: onward completions fish > ~/.config/fish/completions/onward.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "onward", &mut script);
        screen::bytes(&script);
        Ok(Exit::Fine)
    }
}
