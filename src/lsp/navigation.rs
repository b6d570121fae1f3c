//! Where names lead, where they stand, and their new names.

use super::failure::Failure;
use super::position::Lines;
use super::project::Project;
use super::requests::Family;
use super::snapshot::Snapshot;
use super::uri;
use crate::ide::{self, Target, Workspace};
use gen_lsp_types::{
    DefinitionLink, DefinitionParams, DefinitionRequest, DefinitionResponse, DocumentHighlight, DocumentHighlightKind,
    DocumentHighlightParams, DocumentHighlightRequest, Location, PrepareRenameParams, PrepareRenamePlaceholder,
    PrepareRenameRequest, PrepareRenameResult, Range, ReferenceParams, ReferencesRequest, RenameOptions, RenameParams,
    RenameRequest, WorkspaceEdit,
};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        capabilities.definition_provider = Some(true.into());
        capabilities.references_provider = Some(true.into());
        capabilities.document_highlight_provider = Some(true.into());
        let options = RenameOptions { prepare_provider: Some(true), ..RenameOptions::default() };
        capabilities.rename_provider = Some(options.into());
    },
    answer: |requests| {
        requests
            .on::<DefinitionRequest>(definition)
            .on::<ReferencesRequest>(references)
            .on::<DocumentHighlightRequest>(highlights)
            .on::<PrepareRenameRequest>(prepare_rename)
            .on::<RenameRequest>(rename);
    },
};

/// `textDocument/definition`
fn definition(snapshot: &Snapshot, params: DefinitionParams) -> Result<Option<DefinitionResponse>, Failure> {
    let at = params.text_document_position_params;
    let analysis = snapshot.analysis(&at.text_document.uri)?;
    let checked = &analysis.checked;
    let found = ide::definition(analysis.names(), &checked.sources, checked.file, analysis.offset(at.position));
    let links = found.into_iter().map(|found| {
        let (uri, whole, name) = match found.target {
            Target::Program { whole, name } => {
                (analysis.uri_of(name.file), analysis.range(whole), analysis.range(name))
            }
            Target::File(path) => (uri::of_path(&path), Range::default(), Range::default()),
            Target::Header { path, line, range } => {
                let range = Lines::new(line.into()).range(range);
                (uri::of_path(&path), range, range)
            }
        };
        DefinitionLink {
            origin_selection_range: Some(analysis.range(found.origin)),
            target_uri: uri,
            target_range: whole,
            target_selection_range: name,
        }
    });
    Ok(Some(links.collect::<Vec<_>>().into()))
}

/// `textDocument/references`
fn references(snapshot: &Snapshot, params: ReferenceParams) -> Result<Option<Vec<Location>>, Failure> {
    let at = params.text_document_position_params;
    let project = Project::with(snapshot, Some(&at.text_document.uri));
    let Some((file, offset)) = project.place(&at.text_document.uri, at.position) else { return Ok(None) };
    let workspace = &project.workspace;
    let with_declaration = params.context.include_declaration;
    let spans = ide::references(&workspace.names, &workspace.sources, file, offset, with_declaration);
    Ok(Some(spans.into_iter().map(|span| project.location(span)).collect()))
}

/// `textDocument/documentHighlight`
fn highlights(snapshot: &Snapshot, params: DocumentHighlightParams) -> Result<Option<Vec<DocumentHighlight>>, Failure> {
    let at = params.text_document_position_params;
    let (project, file) = Project::alone(snapshot, &at.text_document.uri)?;
    let Workspace { names, sources } = &project.workspace;
    let found = ide::highlights(names, sources, file, project.lines(file).offset(at.position));
    let shown = found.into_iter().map(|highlight| DocumentHighlight {
        range: project.range(highlight.span),
        kind: Some(match highlight.is_declaration {
            true => DocumentHighlightKind::Write,
            false => DocumentHighlightKind::Read,
        }),
    });
    Ok(Some(shown.collect()))
}

/// `textDocument/prepareRename`
fn prepare_rename(snapshot: &Snapshot, params: PrepareRenameParams) -> Result<Option<PrepareRenameResult>, Failure> {
    let at = params.text_document_position_params;
    let project = Project::with(snapshot, Some(&at.text_document.uri));
    let Some((file, offset)) = project.place(&at.text_document.uri, at.position) else { return Ok(None) };
    let found = ide::prepare_rename(&project.workspace, file, offset).map_err(Failure::refused)?;
    let range = project.range(found.span);
    Ok(Some(PrepareRenamePlaceholder { range, placeholder: found.name }.into()))
}

/// `textDocument/rename`
fn rename(snapshot: &Snapshot, params: RenameParams) -> Result<Option<WorkspaceEdit>, Failure> {
    let at = params.text_document_position_params;
    let project = Project::with(snapshot, Some(&at.text_document.uri));
    let Some((file, offset)) = project.place(&at.text_document.uri, at.position) else { return Ok(None) };
    let edits = ide::rename(&project.workspace, file, offset, &params.new_name).map_err(Failure::refused)?;
    Ok(Some(project.edit(edits)))
}
