//! Outlines, the items of all programs, and who uses whom.

use super::failure::Failure;
use super::project::Project;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide::names::DeclarationKind;
use crate::ide::{self, Caller, Outline, OutlineKind, Workspace};
use crate::source::Span;
use crate::syntax::parse_shared;
use gen_lsp_types::{
    BaseSymbolInformation, CallHierarchyIncomingCall, CallHierarchyIncomingCallsParams,
    CallHierarchyIncomingCallsRequest, CallHierarchyItem, CallHierarchyOutgoingCall, CallHierarchyOutgoingCallsParams,
    CallHierarchyOutgoingCallsRequest, CallHierarchyPrepareParams, CallHierarchyPrepareRequest, DocumentSymbol,
    DocumentSymbolParams, DocumentSymbolRequest, DocumentSymbolResponse, SymbolInformation, SymbolKind,
    WorkspaceSymbol, WorkspaceSymbolParams, WorkspaceSymbolRequest, WorkspaceSymbolResponse,
};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        capabilities.document_symbol_provider = Some(true.into());
        capabilities.workspace_symbol_provider = Some(true.into());
        capabilities.call_hierarchy_provider = Some(true.into());
    },
    answer: |requests| {
        requests
            .on::<DocumentSymbolRequest>(document)
            .on::<WorkspaceSymbolRequest>(workspace)
            .on::<CallHierarchyPrepareRequest>(prepare)
            .on::<CallHierarchyIncomingCallsRequest>(incoming)
            .on::<CallHierarchyOutgoingCallsRequest>(outgoing);
    },
};

/// `textDocument/documentSymbol`
fn document(snapshot: &Snapshot, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>, Failure> {
    let (project, file) = Project::alone(snapshot, &params.text_document.uri)?;
    let Workspace { names, sources } = &project.workspace;
    let (tree, _) = parse_shared(file, &sources.file(file).text);
    let outline = ide::document_symbols(&tree, names, sources, file);
    if snapshot.client.nests_symbols {
        let symbols: Vec<DocumentSymbol> = outline.into_iter().map(|part| nested(part, &project)).collect();
        return Ok(Some(symbols.into()));
    }
    let mut symbols = Vec::new();
    for part in &outline {
        flatten(part, None, &project, &mut symbols);
    }
    Ok(Some(symbols.into()))
}

#[allow(deprecated)]
fn nested(part: Outline, project: &Project<'_>) -> DocumentSymbol {
    DocumentSymbol {
        name: part.name,
        detail: Some(part.detail).filter(|d| !d.is_empty()),
        kind: kind_of(part.kind),
        tags: None,
        deprecated: None,
        range: project.range(part.whole),
        selection_range: project.range(part.span),
        children: Some(part.children.into_iter().map(|child| nested(child, project)).collect()),
    }
}

#[allow(deprecated)]
fn flatten(part: &Outline, container: Option<&str>, project: &Project<'_>, symbols: &mut Vec<SymbolInformation>) {
    symbols.push(SymbolInformation {
        deprecated: None,
        location: project.location(part.whole),
        base_symbol_information: BaseSymbolInformation {
            name: part.name.clone(),
            kind: kind_of(part.kind),
            tags: None,
            container_name: container.map(str::to_owned),
        },
    });
    part.children.iter().for_each(|child| flatten(child, Some(&part.name), project, symbols));
}

/// The nearest thing that editors have a picture of.
fn kind_of(kind: OutlineKind) -> SymbolKind {
    match kind {
        OutlineKind::Declared(kind) => kind_of_declaration(kind),
        OutlineKind::Made => SymbolKind::Object,
        OutlineKind::Setting | OutlineKind::Group => SymbolKind::Property,
        OutlineKind::Import => SymbolKind::Module,
        OutlineKind::Train | OutlineKind::Expect | OutlineKind::Sweep => SymbolKind::Event,
    }
}

fn kind_of_declaration(kind: DeclarationKind) -> SymbolKind {
    match kind {
        DeclarationKind::Hyper | DeclarationKind::Constant => SymbolKind::Constant,
        DeclarationKind::Block => SymbolKind::Class,
        DeclarationKind::Model => SymbolKind::Interface,
        DeclarationKind::Data => SymbolKind::Struct,
        DeclarationKind::SharedLayer | DeclarationKind::Layer => SymbolKind::Object,
        DeclarationKind::Import => SymbolKind::Namespace,
        DeclarationKind::HyperParameter | DeclarationKind::Dimension => SymbolKind::TypeParameter,
        DeclarationKind::Field | DeclarationKind::Column => SymbolKind::Field,
        DeclarationKind::Phase => SymbolKind::Event,
        DeclarationKind::Term | DeclarationKind::Metric => SymbolKind::Number,
        DeclarationKind::Input
        | DeclarationKind::Output
        | DeclarationKind::Let
        | DeclarationKind::Weight
        | DeclarationKind::ScanStep
        | DeclarationKind::ScanState => SymbolKind::Variable,
    }
}

/// `workspace/symbol`
fn workspace(snapshot: &Snapshot, params: WorkspaceSymbolParams) -> Result<Option<WorkspaceSymbolResponse>, Failure> {
    let project = Project::with(snapshot, None);
    let found = ide::workspace_symbols(&project.workspace.names, &params.query);
    let symbols = found.into_iter().map(|symbol| WorkspaceSymbol {
        location: project.location(symbol.span).into(),
        data: None,
        base_symbol_information: BaseSymbolInformation {
            name: symbol.name,
            kind: kind_of_declaration(symbol.kind),
            tags: None,
            container_name: symbol.container,
        },
    });
    Ok(Some(symbols.collect::<Vec<_>>().into()))
}

fn item(caller: &Caller, project: &Project<'_>) -> CallHierarchyItem {
    CallHierarchyItem {
        name: caller.name.clone(),
        kind: kind_of_declaration(caller.kind),
        tags: None,
        detail: Some(caller.kind.word().to_owned()),
        uri: project.uri_of(caller.span.file),
        range: project.range(caller.whole),
        selection_range: project.range(caller.span),
        data: None,
    }
}

/// `textDocument/prepareCallHierarchy`
fn prepare(snapshot: &Snapshot, params: CallHierarchyPrepareParams) -> Result<Option<Vec<CallHierarchyItem>>, Failure> {
    let at = params.text_document_position_params;
    let project = Project::with(snapshot, Some(&at.text_document.uri));
    let Some((file, offset)) = project.place(&at.text_document.uri, at.position) else { return Ok(None) };
    let found = ide::callable(&project.workspace.names, file, offset);
    Ok(found.map(|caller| vec![item(&caller, &project)]))
}

/// The name that an item of a hierarchy is of.
fn name_of(item: &CallHierarchyItem, project: &Project<'_>) -> Option<Span> {
    let (file, start) = project.place(&item.uri, item.selection_range.start)?;
    let (_, end) = project.place(&item.uri, item.selection_range.end)?;
    Some(Span::new(file, start, end))
}

/// `callHierarchy/incomingCalls`
fn incoming(
    snapshot: &Snapshot,
    params: CallHierarchyIncomingCallsParams,
) -> Result<Option<Vec<CallHierarchyIncomingCall>>, Failure> {
    let project = Project::with(snapshot, Some(&params.item.uri));
    let Some(of) = name_of(&params.item, &project) else { return Ok(None) };
    let calls = ide::incoming(&project.workspace.names, of).into_iter().map(|call| CallHierarchyIncomingCall {
        from: item(&call.other, &project),
        from_ranges: call.at.iter().map(|span| project.range(*span)).collect(),
    });
    Ok(Some(calls.collect()))
}

/// `callHierarchy/outgoingCalls`
fn outgoing(
    snapshot: &Snapshot,
    params: CallHierarchyOutgoingCallsParams,
) -> Result<Option<Vec<CallHierarchyOutgoingCall>>, Failure> {
    let project = Project::with(snapshot, Some(&params.item.uri));
    let Some(of) = name_of(&params.item, &project) else { return Ok(None) };
    let calls = ide::outgoing(&project.workspace.names, of).into_iter().map(|call| CallHierarchyOutgoingCall {
        to: item(&call.other, &project),
        from_ranges: call.at.iter().map(|span| project.range(*span)).collect(),
    });
    Ok(Some(calls.collect()))
}
