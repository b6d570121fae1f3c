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
//!
//! # What is answered
//!
//! | request | file | answer |
//! |---|---|---|
//! | `textDocument/publishDiagnostics`, `textDocument/diagnostic` | `diagnostics.rs` | Every mistake with its other places, a link to its explanation, and its fixes in `data`. A client that can ask is not told unasked. A mistake in an imported file is shown at the import. |
//! | `textDocument/hover` | `hover.rs` | Layers, functions, settings, words: signature, formula, arguments; what they give here and cost; lets, hypers, dimensions: type or value; models, trains, `batch`: memory of a step; fields and columns: what the data holds |
//! | `textDocument/inlayHint` | `inlay_hints.rs` | `→ [32, 14, 14] · 320` behind each stage, `: [64]` behind lets and fields. Of a block, as its first call has it |
//! | `textDocument/completion`, `…/signatureHelp` | `completion.rs` | What could stand there, the most fitting first: stages, values in sight, arguments with their defaults, settings, columns as the files have them, paths. The parameters of a call, the one being written marked. Also of what is half typed, with the help of the last text that could be read |
//! | `textDocument/definition`, `…/references`, `…/documentHighlight` | `navigation.rs` | Declarations in any file, files behind paths, columns in the headers of tables; every place of a name in the workspace |
//! | `textDocument/prepareRename`, `…/rename` | `navigation.rs` | The edits in all files, or why it cannot be: a rename is tried on the texts before it is offered |
//! | `textDocument/documentSymbol`, `workspace/symbol` | `symbols.rs` | Items with what is in them; the items of all programs |
//! | `textDocument/prepareCallHierarchy`, `callHierarchy/incomingCalls`, `…/outgoingCalls` | `symbols.rs` | Which blocks and models use which |
//! | `textDocument/codeAction` | `actions.rs` | Each fix of each diagnostic, all of them at once, `# allow(CODE)` for warnings, the usual name in place of an unusual one; a block of some stages, a `let` inlined, a layer or arguments named, settings added, facts of the last run |
//! | `textDocument/codeLens` | `code_lens.rs` | `▶ Run` above trains, parameters, bytes of weights and FLOPs of an example above models |
//! | `textDocument/formatting`, `…/rangeFormatting` | `formatting.rs` | Only the gaps that change; nothing where the text does not parse |
//! | `textDocument/documentLink` | `links.rs` | Imports, data, weights, as far as they are there |
//! | `textDocument/semanticTokens/full`, `…/range` | `semantic_tokens.rs` | Each word as it resolves; for a client that has a grammar, without what a grammar knows |
//! | `textDocument/foldingRange`, `…/selectionRange` | `folding.rs` | Items, bodies, comments, imports; from a word to the file |
//! | `nnrun/graph`, of our own | `graph.rs` | The network at a position as an SVG document, with the box of that position |
//!
//! Documents are synchronised whole (partial changes are understood, too), positions are in UTF-16. A document that is
//! not open is read from disk. Texts that are open take the place of files also where they are imported.
//!
//! | the client is asked or told | when |
//! |---|---|
//! | `client/registerCapability` | after `initialized`: to watch programs and data files, to tell of changed settings |
//! | `workspace/configuration` | after `initialized`, and when settings change: the section `nnrun` |
//! | `workspace/inlayHint/refresh`, `…/codeLens/refresh`, `…/semanticTokens/refresh`, `…/diagnostic/refresh` | a file that a document depends on has changed, or a setting |
//! | `window/logMessage` | a message made no sense; a request failed by a mistake of ours |
//!
//! Files are compared by time of change and size before every answer, and every two seconds where the client is silent:
//! watching makes it quicker, and is not needed.
//!
//! | setting | default | what it does |
//! |---|---|---|
//! | `nnrun.inlayHints.shapes` | `true` | the shape behind every stage; types of lets and fields |
//! | `nnrun.inlayHints.parameters` | `true` | how many numbers a layer learns |
//! | `nnrun.codeLens.run` | `true` | `▶ Run` above each train |
//! | `nnrun.codeLens.size` | `true` | what a model costs, above it |
//!
//! They are read from `initializationOptions`, `workspace/configuration` and `workspace/didChangeConfiguration`, as nested
//! objects or under dotted names, with or without `nnrun` around them.
//!
//! | command of a lens, for the client to carry out | arguments |
//! |---|---|
//! | `nnrun.run` | URI of the document; where it has several trains, the name of the model whose train is meant |
//! | `nnrun.showGraph` | URI of the document, name of the model |

mod actions;
mod analysis;
mod client;
mod code_lens;
mod completion;
mod diagnostics;
mod documents;
mod failure;
mod folding;
mod formatting;
mod graph;
mod hover;
mod inlay_hints;
mod links;
mod navigation;
mod position;
mod project;
mod publish;
mod requests;
mod semantic_tokens;
mod server;
mod settings;
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
