//! Hover.

use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide;
use gen_lsp_types::{Hover, HoverParams, HoverRequest, MarkupContent, MarkupKind};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| capabilities.hover_provider = Some(true.into()),
    answer: |requests| {
        requests.on::<HoverRequest>(hover);
    },
};

/// `textDocument/hover`
fn hover(snapshot: &Snapshot, params: HoverParams) -> Result<Option<Hover>, Failure> {
    let place = params.text_document_position_params;
    let analysis = snapshot.analysis(&place.text_document.uri)?;
    let offset = analysis.offset(place.position);
    let found = ide::hover(&analysis.checked, analysis.names(), &analysis.steps, offset);
    Ok(found.map(|found| {
        let kind = if snapshot.client.reads_markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
        let value = if snapshot.client.reads_markdown { found.text } else { plain(&found.text) };
        Hover { contents: MarkupContent { kind, value }.into(), range: Some(analysis.range(found.span)) }
    }))
}

/// Without the marks.
fn plain(markdown: &str) -> String {
    let lines = markdown.lines().filter(|line| !line.starts_with("```"));
    lines.map(|line| line.replace('`', "")).collect::<Vec<_>>().join("\n")
}
