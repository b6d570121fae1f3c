//! Tells Zed how the language server is started. Colours, brackets and indentation are in `languages/nn`.

use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct Nn;

impl zed::Extension for Nn {
    fn new() -> Self {
        Nn
    }

    fn language_server_command(&mut self, _: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let command = worktree.which("nnrun").ok_or("nnrun is not on the PATH; `cargo install nnrun` puts it there")?;
        Ok(Command { command, args: vec!["lsp".into()], env: worktree.shell_env() })
    }
}

zed::register_extension!(Nn);
