//! What the editor holds.

use super::position::Lines;
use super::uri;
use crate::source::{OpenTexts, canonical};
use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A document that the editor holds.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// As the editor calls it.
    pub uri: Uri,
    /// Where it is, or would be.
    pub path: PathBuf,
    /// The editor's count of its changes.
    pub version: i32,
    /// As it is in the editor.
    pub text: Arc<str>,
}

/// All documents that the editor holds.
#[derive(Debug, Default)]
pub(super) struct Documents {
    documents: BTreeMap<String, Document>,
    texts: OpenTexts,
}

impl Documents {
    /// The editor opened a document.
    pub fn open(&mut self, uri: Uri, version: i32, text: String) {
        let path = uri::to_path(&uri);
        let text: Arc<str> = text.into();
        self.texts.insert(&path, text.clone());
        self.documents.insert(uri.0.clone(), Document { uri, path, version, text });
    }

    /// The editor changed a document. False where it is not open.
    pub fn change(&mut self, uri: &Uri, version: i32, changes: Vec<TextDocumentContentChangeEvent>) -> bool {
        let Some(document) = self.documents.get_mut(&uri.0) else { return false };
        for change in changes {
            document.text = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => whole.text.into(),
                // We ask for whole texts; a client that sends less is understood all the same.
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let bytes = Lines::new(document.text.clone()).bytes(part.range);
                    let before = document.text.get(..bytes.start).unwrap_or("");
                    let after = document.text.get(bytes.end..).unwrap_or("");
                    format!("{before}{}{after}", part.text).into()
                }
            };
        }
        document.version = version;
        self.texts.insert(&document.path, document.text.clone());
        true
    }

    /// The editor closed a document.
    pub fn close(&mut self, uri: &Uri) {
        if let Some(document) = self.documents.remove(&uri.0) {
            self.texts.remove(&document.path);
        }
    }

    /// The document, if it is open.
    pub fn get(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(&uri.0)
    }

    /// The document at a path, however its URI is written.
    pub fn at(&self, path: &Path) -> Option<&Document> {
        let path = canonical(path);
        self.documents.values().find(|d| d.path == path || canonical(&d.path) == path)
    }

    /// All that are open.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.documents.values()
    }

    /// Their texts, for whoever reads files.
    pub fn texts(&self) -> &OpenTexts {
        &self.texts
    }
}
