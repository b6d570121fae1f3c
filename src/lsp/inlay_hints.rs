//! Inlay hints.

use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide::{self, HintKinds};
use gen_lsp_types::{InlayHint, InlayHintKind, InlayHintOptions, InlayHintParams, InlayHintRequest};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        let options = InlayHintOptions { resolve_provider: Some(false), ..InlayHintOptions::default() };
        capabilities.inlay_hint_provider = Some(options.into());
    },
    answer: |requests| {
        requests.on::<InlayHintRequest>(hints);
    },
};

/// `textDocument/inlayHint`
fn hints(snapshot: &Snapshot, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>, Failure> {
    let analysis = snapshot.analysis(&params.text_document.uri)?;
    let settings = &snapshot.settings;
    let kinds = HintKinds { shapes: settings.hints_of_shapes, parameters: settings.hints_of_parameters };
    let within = analysis.span(params.range);
    let hints = ide::hints(&analysis.checked, within, kinds).into_iter().map(|hint| InlayHint {
        position: analysis.lines().position(hint.at),
        label: hint.text.into(),
        kind: hint.is_type.then_some(InlayHintKind::Type),
        text_edits: None,
        tooltip: hint.tooltip.map(Into::into),
        padding_left: Some(!hint.is_type),
        padding_right: None,
        data: None,
    });
    Ok(Some(hints.collect()))
}
