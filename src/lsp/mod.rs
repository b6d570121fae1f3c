//! Floor 9: the language server, `nnrun lsp`, on standard input and output.
//!
//! The protocol and nothing more: documents, positions in UTF-16, capabilities. What is answered comes from
//! [`crate::ide`] and [`crate::check`].
//!
//! ```text
//! transport.rs   messages in and out            server.rs     the loop, from `initialize` to `exit`
//! documents.rs   what the editor holds          analysis.rs   checked programs, kept until something changes
//! snapshot.rs    what a request may look at     requests.rs   the table of requests; one file a family of them
//! position.rs    UTF-16 columns                 uri.rs        paths
//! publish.rs     what is told unasked           settings.rs   what the user has set
//! project.rs     all programs of the workspace
//! ```
//!
//! A request is a function of a [`snapshot::Snapshot`] and its parameters. It runs where a panic is caught, logged and
//! answered with an error, so that no mistake of ours takes the editor's help away. Messages are worked on in the order
//! in which they came; whatever has arrived is read before the next is begun, so that a cancelled request is not. Nothing
//! is checked before somebody asks, or until there is nothing else to do.

mod actions;
mod analysis;
mod client;
mod completion;
mod diagnostics;
mod documents;
mod failure;
mod formatting;
mod navigation;
mod position;
mod project;
mod publish;
mod requests;
mod server;
mod settings;
// Of use to requests that look at the whole workspace.
#[allow(dead_code)]
mod snapshot;
mod symbols;
mod transport;
mod uri;

use std::io::{self, BufRead, Write};

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// `shutdown`, then `exit`: as it should be.
    Orderly,
    /// The client went away without a word.
    Abrupt,
}

/// Room for programs nested as deeply as the parser lets pass. It is address space: only what is used is memory.
const STACK_BYTES: usize = 256 << 20;

/// Talks with one client until it leaves.
pub fn serve(input: impl BufRead + Send + 'static, output: impl Write + Send + 'static) -> io::Result<Ending> {
    let inbox = transport::Inbox::reading(input)?;
    let outbox = transport::Outbox::new(output);
    let server = std::thread::Builder::new().name("server".to_owned()).stack_size(STACK_BYTES);
    let server = server.spawn(move || server::Server::new(inbox, outbox).run())?;
    server.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
