//! Quick fixes and refactorings.

use super::analysis::Analysis;
use super::diagnostics;
use super::failure::Failure;
use super::project::{Project, workspace_edit};
use super::requests::Family;
use super::snapshot::Snapshot;
use super::uri;
use crate::ide::{self, Action, ActionKind, UsualName};
use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionRequest, CodeActionResponse, Diagnostic,
    TextEdit, Uri,
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
    let fixed = |index: Option<usize>| index.and_then(|i| told.get(i)).map(|diagnostic| vec![diagnostic.clone()]);
    let mut found = Vec::new();
    if wanted(&CodeActionKind::QuickFix) {
        let usual = ide::usual_names(&analysis.checked, analysis.names(), selected);
        found.extend(usual.into_iter().filter_map(|usual| rename(usual, &fixed, snapshot, &params.text_document.uri)));
    }
    found.extend(ide::actions(&analysis.checked, analysis.names(), selected, &runs).into_iter().map(|action| {
        CodeAction {
            title: action.title.clone(),
            kind: Some(kind_of(action.kind)),
            diagnostics: fixed(action.fixes),
            is_preferred: action.is_preferred.then_some(true),
            edit: Some(workspace_edit(edits(&action, &analysis), snapshot)),
            ..CodeAction::default()
        }
    }));
    found.retain(|action| action.kind.as_ref().is_some_and(wanted));
    Ok(Some(found.into_iter().map(CodeActionResponse::from).collect()))
}

/// The usual name of something, wherever a program of the workspace says it; `None` where it cannot be had.
fn rename(
    usual: UsualName,
    fixed: &dyn Fn(Option<usize>) -> Option<Vec<Diagnostic>>,
    snapshot: &Snapshot,
    uri: &Uri,
) -> Option<CodeAction> {
    let project = Project::with(snapshot, Some(uri));
    let file = project.workspace.file(&uri::to_path(uri))?;
    let edits = ide::rename(&project.workspace, file, usual.at.start as usize, &usual.name).ok()?;
    Some(CodeAction {
        title: usual.title,
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: fixed(Some(usual.fixes)),
        is_preferred: Some(true),
        edit: Some(project.edit(edits)),
        ..CodeAction::default()
    })
}

fn edits(action: &Action, analysis: &Analysis) -> Vec<(Uri, TextEdit)> {
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
