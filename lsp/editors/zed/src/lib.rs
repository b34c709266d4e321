//! Tells Zed how to start `onward lsp`. It must not know the language.

use zed_extension_api::{self as zed, settings::LspSettings, Command, LanguageServerId, Result, Worktree};

struct Onward;

impl zed::Extension for Onward {
    fn new() -> Self {
        Self
    }

    /// The program of the settings (`lsp.onward.binary`), else the one on the `PATH`.
    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(id.as_ref(), worktree).ok().and_then(|it| it.binary);
        let (path, args) = binary.map(|it| (it.path, it.arguments)).unwrap_or_default();
        let command = path
            .or_else(|| worktree.which("onward"))
            .ok_or("`onward` is not on the PATH: install it, or set `lsp.onward.binary.path`")?;
        Ok(Command { command, args: args.unwrap_or_else(|| vec!["lsp".into()]), env: worktree.shell_env() })
    }
}

zed::register_extension!(Onward);
