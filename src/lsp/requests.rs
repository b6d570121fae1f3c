//! The table of requests.
//!
//! Each family of requests is one file with one [`Family`] in it: what it adds to the server's capabilities, and the
//! functions that answer. A new one is a file, and a line in [`FAMILIES`].

use super::failure::Failure;
use super::snapshot::Snapshot;
use super::{
    actions, code_lens, completion, diagnostics, folding, formatting, graph, hover, inlay_hints, links, navigation,
    semantic_tokens, symbols,
};
use gen_lsp_types::{
    PositionEncodingKind, Request, ServerCapabilities, TextDocumentSyncKind, TextDocumentSyncOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceOptions,
};
use lsp_server::ErrorCode;
use serde_json::Value;
use std::collections::BTreeMap;

/// Requests that belong together.
pub(super) struct Family {
    /// Adds them to what the server says it can do.
    pub offer: fn(&mut ServerCapabilities),
    /// Puts the functions that answer them into the table.
    pub answer: fn(&mut Requests),
}

/// Every family.
const FAMILIES: &[Family] = &[
    diagnostics::FAMILY,
    hover::FAMILY,
    inlay_hints::FAMILY,
    code_lens::FAMILY,
    semantic_tokens::FAMILY,
    formatting::FAMILY,
    graph::FAMILY,
    links::FAMILY,
    folding::FAMILY,
    navigation::FAMILY,
    completion::FAMILY,
    symbols::FAMILY,
    actions::FAMILY,
];

/// The answer is JSON, written at once: of a large answer a tree of values would take longer than what is answered.
type Handler = Box<dyn Fn(&Snapshot, Value) -> Result<String, Failure>>;

/// The functions that answer requests, by method.
pub(super) struct Requests {
    handlers: BTreeMap<String, Handler>,
}

impl Requests {
    /// Those of all families.
    pub fn all() -> Requests {
        let mut requests = Requests { handlers: BTreeMap::new() };
        for family in FAMILIES {
            (family.answer)(&mut requests);
        }
        // So that the tests can see what becomes of a panic.
        #[cfg(debug_assertions)]
        requests.handlers.insert("nnrun/panic".to_owned(), Box::new(|_, params| panic!("asked to panic: {params}")));
        requests
    }

    /// `R` is answered by this function.
    pub fn on<R: Request>(&mut self, handler: fn(&Snapshot, R::Params) -> Result<R::Result, Failure>) -> &mut Self {
        let handler = move |snapshot: &Snapshot, params: Value| {
            let params = serde_json::from_value(params).map_err(|error| {
                Failure::new(ErrorCode::InvalidParams, format!("the parameters do not fit: {error}"))
            })?;
            let result = handler(snapshot, params)?;
            serde_json::to_string(&result).map_err(|error| {
                Failure::new(ErrorCode::InternalError, format!("the answer cannot be written: {error}"))
            })
        };
        self.handlers.insert(R::METHOD.to_string(), Box::new(handler));
        self
    }

    /// The answer to a request, as JSON.
    pub fn answer(&self, snapshot: &Snapshot, method: &str, params: Value) -> Result<String, Failure> {
        match self.handlers.get(method) {
            Some(handler) => handler(snapshot, params),
            None => Err(Failure::new(ErrorCode::MethodNotFound, format!("`{method}` is not known here"))),
        }
    }
}

/// What the server can do.
pub(super) fn capabilities() -> ServerCapabilities {
    let mut capabilities = ServerCapabilities {
        position_encoding: Some(PositionEncodingKind::UTF16),
        text_document_sync: Some(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Full),
                save: Some(true.into()),
                ..TextDocumentSyncOptions::default()
            }
            .into(),
        ),
        workspace: Some(WorkspaceOptions {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(true.into()),
            }),
            ..WorkspaceOptions::default()
        }),
        ..ServerCapabilities::default()
    };
    for family in FAMILIES {
        (family.offer)(&mut capabilities);
    }
    capabilities
}
