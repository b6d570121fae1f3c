//! Quick fixes and refactorings.

use super::analysis::Analysis;
use super::diagnostics;
use super::failure::Failure;
use super::project::workspace_edit;
use super::requests::Family;
use super::snapshot::Snapshot;
use super::uri;
use crate::ide::{self, Action, ActionKind};
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionRequest, CodeActionResponse, TextEdit,
};
use std::path::PathBuf;

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        let kinds = vec![
            CodeActionKind::QuickFix,
            CodeActionKind::RefactorExtract,
            CodeActionKind::RefactorInline,
            CodeActionKind::RefactorRewrite,
            CodeActionKind::SourceFixAll,
        ];
        let options = CodeActionOptions { code_action_kinds: Some(kinds), ..CodeActionOptions::default() };
        capabilities.code_action_provider = Some(options.into());
    },
    answer: |requests| {
        requests.on::<CodeActionRequest>(actions);
    },
};

/// `textDocument/codeAction`
fn actions(snapshot: &Snapshot, params: CodeActionParams) -> Result<Option<Vec<CodeActionResponse>>, Failure> {
    let analysis = snapshot.analysis(&params.text_document.uri)?;
    let selected = analysis.span(params.range);
    // Where `nnrun` is called from is where its runs are.
    let mut runs: Vec<PathBuf> = snapshot.folders.iter().map(|folder| folder.join("runs")).collect();
    runs.extend(uri::to_path(&params.text_document.uri).parent().map(|folder| folder.join("runs")));
    let told = diagnostics::of(&analysis, snapshot);
    let wanted = |kind: &CodeActionKind| match &params.context.only {
        None => true,
        Some(only) => only.iter().any(|only| is_of(kind, only)),
    };
    let found = ide::actions(&analysis.checked, selected, &runs).into_iter().map(|action| {
        let diagnostics = action.fixes.and_then(|index| told.get(index)).map(|diagnostic| vec![diagnostic.clone()]);
        CodeAction {
            title: action.title.clone(),
            kind: Some(kind_of(action.kind)),
            diagnostics,
            is_preferred: action.is_preferred.then_some(true),
            edit: Some(workspace_edit(edits(&action, &analysis), snapshot)),
            ..CodeAction::default()
        }
    });
    Ok(Some(found.filter(|a| a.kind.as_ref().is_some_and(wanted)).map(CodeActionResponse::from).collect()))
}

fn edits(action: &Action, analysis: &Analysis) -> Vec<(gen_lsp_types::Uri, TextEdit)> {
    let edit = |edit: &crate::diagnostics::Edit| {
        let text_edit = TextEdit { range: analysis.range(edit.span), new_text: edit.text.clone() };
        (analysis.uri_of(edit.span.file), text_edit)
    };
    action.edits.iter().map(edit).collect()
}

fn kind_of(kind: ActionKind) -> CodeActionKind {
    match kind {
        ActionKind::QuickFix => CodeActionKind::QuickFix,
        ActionKind::FixAll => CodeActionKind::SourceFixAll,
        ActionKind::Extract => CodeActionKind::RefactorExtract,
        ActionKind::Inline => CodeActionKind::RefactorInline,
        ActionKind::Rewrite => CodeActionKind::RefactorRewrite,
    }
}

/// Whether a kind is another or one of its kinds: `refactor.extract` is a `refactor`.
fn is_of(kind: &CodeActionKind, other: &CodeActionKind) -> bool {
    let (kind, other) = (String::from(kind.clone()), String::from(other.clone()));
    other.is_empty() || kind == other || kind.strip_prefix(&other).is_some_and(|rest| rest.starts_with('.'))
}
