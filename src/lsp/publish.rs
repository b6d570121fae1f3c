//! What the client is told unasked: diagnostics where it does not ask for them, and that it should ask again.

use super::analysis::Analysis;
use super::diagnostics;
use super::snapshot::Snapshot;
use gen_lsp_types::{
    CodeLensRefreshRequest, DiagnosticRefreshRequest, InlayHintRefreshRequest, Notification,
    PublishDiagnosticsNotification, PublishDiagnosticsParams, Request, SemanticTokensRefreshRequest, Uri,
};
use lsp_server::Notification as Told;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the client was told last, by document.
#[derive(Default)]
pub(super) struct Publisher {
    last: BTreeMap<String, Rc<Analysis>>,
    /// Texts whose check was begun and not ended, by version: it panicked, and would again.
    unfinished: BTreeMap<String, Option<i32>>,
}

/// What there is to tell.
#[derive(Default)]
pub(super) struct News {
    /// Diagnostics of documents.
    pub diagnostics: Vec<Told>,
    /// Methods of requests that make the client ask again.
    pub refreshes: Vec<String>,
}

impl Publisher {
    /// Looks at one open document. News are there where its analysis is not the one that was told last.
    pub fn look_at(&mut self, uri: &Uri, snapshot: &Snapshot) -> News {
        let mut news = News::default();
        let version = snapshot.documents.get(uri).map(|document| document.version);
        if self.unfinished.get(&uri.0) == Some(&version) {
            return news;
        }
        self.unfinished.insert(uri.0.clone(), version);
        let analysis = snapshot.analysis(uri);
        self.unfinished.remove(&uri.0);
        let Ok(analysis) = analysis else { return news };
        let last = self.last.insert(uri.0.clone(), analysis.clone());
        if last.as_ref().is_some_and(|last| Rc::ptr_eq(last, &analysis)) {
            return news;
        }
        if !snapshot.client.pulls_diagnostics {
            let params = PublishDiagnosticsParams {
                uri: uri.clone(),
                version: analysis.version,
                diagnostics: diagnostics::of(&analysis, snapshot),
            };
            news.diagnostics.push(Told::new(PublishDiagnosticsNotification::METHOD.to_string(), params));
        }
        // After a change of the text the client asks by itself, but it does not know of other files.
        if last.is_some_and(|last| last.version == analysis.version) {
            news.refreshes = refreshes(snapshot);
        }
        news
    }

    /// The document was closed: what was told of it is taken back.
    pub fn close(&mut self, uri: &Uri, snapshot: &Snapshot) -> Option<Told> {
        self.last.remove(&uri.0);
        self.unfinished.remove(&uri.0);
        let params = PublishDiagnosticsParams { uri: uri.clone(), version: None, diagnostics: Vec::new() };
        let told = || Told::new(PublishDiagnosticsNotification::METHOD.to_string(), params);
        (!snapshot.client.pulls_diagnostics).then(told)
    }
}

/// The requests that make this client ask again for everything that hangs on a checked program.
pub(super) fn refreshes(snapshot: &Snapshot) -> Vec<String> {
    let client = &snapshot.client;
    let all = [
        (client.pulls_diagnostics && client.refreshes_diagnostics, DiagnosticRefreshRequest::METHOD),
        (client.refreshes_hints, InlayHintRefreshRequest::METHOD),
        (client.refreshes_lenses, CodeLensRefreshRequest::METHOD),
        (client.refreshes_tokens, SemanticTokensRefreshRequest::METHOD),
    ];
    all.into_iter().filter(|(can, _)| *can).map(|(_, method)| method.to_string()).collect()
}
