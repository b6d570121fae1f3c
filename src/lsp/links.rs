//! Paths in quotes as links: imports, data, weights.

use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use super::uri;
use crate::check::FileRole;
use crate::source::Span;
use gen_lsp_types::{DocumentLink, DocumentLinkOptions, DocumentLinkParams, DocumentLinkRequest};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        let options = DocumentLinkOptions { resolve_provider: Some(false), ..DocumentLinkOptions::default() };
        capabilities.document_link_provider = Some(options);
    },
    answer: |requests| {
        requests.on::<DocumentLinkRequest>(links);
    },
};

/// `textDocument/documentLink`. Only what is there can be opened.
fn links(snapshot: &Snapshot, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>, Failure> {
    let analysis = snapshot.analysis(&params.text_document.uri)?;
    let file = analysis.checked.file;
    let mut links: Vec<DocumentLink> = Vec::new();
    for used in &analysis.checked.files {
        let is_string = analysis.checked.sources.text(used.span).starts_with('"');
        let is_open = snapshot.documents.texts().get(&used.path).is_some();
        if used.span.file != file || !is_string || !(is_open || used.path.is_file()) {
            continue;
        }
        // The quotes are not part of the path.
        let inner = Span { start: used.span.start + 1, end: (used.span.end - 1).max(used.span.start + 1), ..used.span };
        let range = analysis.range(inner);
        if links.iter().any(|link| link.range == range) {
            continue;
        }
        let what = match used.role {
            FileRole::Import => "Open the imported file".to_owned(),
            FileRole::Data => format!("Open the data{}", size(&used.path)),
            FileRole::Weights => format!("Open the weights{}", size(&used.path)),
        };
        links.push(DocumentLink { range, target: Some(uri::of_path(&used.path)), tooltip: Some(what), data: None });
    }
    Ok(Some(links))
}

fn size(path: &std::path::Path) -> String {
    std::fs::metadata(path).map_or(String::new(), |about| format!(" ({})", crate::ide::bytes(about.len())))
}
