//! `nnrun lsp`: the language server, on standard input and output.

use super::exit::Exit;
use super::output::Output;
use crate::lsp::{self, Ending};
use std::io::{self, BufReader};

/// Runs the command.
pub fn lsp(output: &Output) -> Exit {
    match lsp::serve(BufReader::new(io::stdin()), io::stdout()) {
        Ok(Ending::Orderly) => Exit::Fine,
        Ok(Ending::Abrupt) => Exit::Wrong,
        Err(error) => {
            output.error(&format!("the editor can no longer be written to: {error}"), None);
            Exit::Wrong
        }
    }
}
