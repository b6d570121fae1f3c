//! Formatting of a document and of a range.

use super::failure::Failure;
use super::position::Lines;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide;
use gen_lsp_types::{
    DocumentFormattingParams, DocumentFormattingRequest, DocumentRangeFormattingParams, DocumentRangeFormattingRequest,
    TextEdit,
};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        capabilities.document_formatting_provider = Some(true.into());
        capabilities.document_range_formatting_provider = Some(true.into());
    },
    answer: |requests| {
        requests.on::<DocumentFormattingRequest>(document).on::<DocumentRangeFormattingRequest>(range);
    },
};

/// `textDocument/formatting`. There is one canonical layout, so the editor's options are not looked at.
fn document(snapshot: &Snapshot, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>, Failure> {
    let syntax = snapshot.syntax(&params.text_document.uri)?;
    Ok(Some(edits(ide::format(syntax.lines.text()), &syntax.lines)))
}

/// `textDocument/rangeFormatting`
fn range(snapshot: &Snapshot, params: DocumentRangeFormattingParams) -> Result<Option<Vec<TextEdit>>, Failure> {
    let syntax = snapshot.syntax(&params.text_document.uri)?;
    let bytes = syntax.lines.bytes(params.range);
    Ok(Some(edits(ide::format_range(syntax.lines.text(), bytes), &syntax.lines)))
}

fn edits(edits: Vec<ide::TextEdit>, lines: &Lines) -> Vec<TextEdit> {
    edits.into_iter().map(|edit| TextEdit { range: lines.range(edit.bytes), new_text: edit.text }).collect()
}
