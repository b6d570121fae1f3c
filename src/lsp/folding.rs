//! Folding ranges and selection ranges: the structure of a text.

use super::failure::Failure;
use super::position::Lines;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide::{self, Fold, FoldKind};
use gen_lsp_types::{
    FoldingRange, FoldingRangeKind, FoldingRangeParams, FoldingRangeRequest, SelectionRange, SelectionRangeParams,
    SelectionRangeRequest,
};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        capabilities.folding_range_provider = Some(true.into());
        capabilities.selection_range_provider = Some(true.into());
    },
    answer: |requests| {
        requests.on::<FoldingRangeRequest>(folds).on::<SelectionRangeRequest>(selections);
    },
};

/// `textDocument/foldingRange`
fn folds(snapshot: &Snapshot, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>, Failure> {
    let syntax = snapshot.syntax(&params.text_document.uri)?;
    let lines_only = snapshot.client.folds_lines_only;
    let folds = ide::folds(&syntax.tree, syntax.lines.text());
    Ok(Some(folds.into_iter().map(|fold| convert(fold, &syntax.lines, lines_only)).collect()))
}

fn convert(fold: Fold, lines: &Lines, lines_only: bool) -> FoldingRange {
    let range = lines.range(fold.span.range());
    let is_braces = fold.kind == FoldKind::Braces;
    FoldingRange {
        start_line: range.start.line,
        // Within the braces, or after the first line of a comment.
        start_character: (is_braces && !lines_only).then_some(range.start.character + 1),
        // A client that folds whole lines keeps the one with the closing brace.
        end_line: if is_braces && lines_only { range.end.line.saturating_sub(1) } else { range.end.line },
        end_character: (is_braces && !lines_only).then_some(range.end.character.saturating_sub(1)),
        kind: match fold.kind {
            FoldKind::Braces => None,
            FoldKind::Comment => Some(FoldingRangeKind::Comment),
            FoldKind::Imports => Some(FoldingRangeKind::Imports),
        },
        collapsed_text: None,
    }
}

/// `textDocument/selectionRange`
fn selections(snapshot: &Snapshot, params: SelectionRangeParams) -> Result<Option<Vec<SelectionRange>>, Failure> {
    let syntax = snapshot.syntax(&params.text_document.uri)?;
    let around = |position| {
        let spans = ide::selections(&syntax.tree, syntax.lines.offset(position));
        let chain = spans.into_iter().fold(None, |parent: Option<SelectionRange>, span| {
            Some(SelectionRange { range: syntax.lines.range(span.range()), parent: parent.map(Box::new) })
        });
        chain.unwrap_or_else(|| SelectionRange { range: syntax.lines.range(syntax.tree.span.range()), parent: None })
    };
    Ok(Some(params.positions.into_iter().map(around).collect()))
}
