//! Diagnostics in the protocol's terms, and the request for them.

use super::analysis::Analysis;
use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::diagnostics::{self, Severity};
use crate::source::Span;
use gen_lsp_types::{
    CodeDescription, Diagnostic, DiagnosticOptions, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticRequest, FullDocumentDiagnosticReport,
    RelatedFullDocumentDiagnosticReport, Uri,
};
use serde_json::{Value, json};

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        capabilities.diagnostic_provider = Some(
            DiagnosticOptions {
                identifier: Some("nnrun".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: false,
                ..DiagnosticOptions::default()
            }
            .into(),
        );
    },
    answer: |requests| {
        requests.on::<DocumentDiagnosticRequest>(document);
    },
};

/// `textDocument/diagnostic`
fn document(snapshot: &Snapshot, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReport, Failure> {
    let analysis = snapshot.analysis(&params.text_document.uri)?;
    let report = FullDocumentDiagnosticReport { result_id: None, items: of(&analysis, snapshot) };
    Ok(RelatedFullDocumentDiagnosticReport { related_documents: None, full_document_diagnostic_report: report }.into())
}

/// Everything that is wrong with a file.
pub(super) fn of(analysis: &Analysis, snapshot: &Snapshot) -> Vec<Diagnostic> {
    analysis.checked.diagnostics.iter().map(|d| convert(d, analysis, snapshot)).collect()
}

fn convert(found: &diagnostics::Diagnostic, analysis: &Analysis, snapshot: &Snapshot) -> Diagnostic {
    let at = place(found, analysis);
    let related = found.labels.iter().filter(|label| label.span != at).map(|label| DiagnosticRelatedInformation {
        location: analysis.location(label.span),
        message: label.message.clone(),
    });
    let related: Vec<_> = if snapshot.client.relates_information { related.collect() } else { Vec::new() };
    Diagnostic {
        range: analysis.range(at),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(found.code.text().to_owned().into()),
        code_description: Some(CodeDescription { href: explanation(found.code) }),
        source: Some("nnrun".to_owned()),
        message: message(found, at).into(),
        tags: found.code.is_about_unused().then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: (!related.is_empty()).then_some(related),
        data: (!found.fixes.is_empty()).then(|| fixes(found, analysis)),
    }
}

/// Where a diagnostic is shown in the file: its primary place, or where that lies in another file the first of its
/// places that does not, or the import that led there.
fn place(found: &diagnostics::Diagnostic, analysis: &Analysis) -> Span {
    let file = analysis.checked.file;
    let import = |span: Span| {
        let path = &analysis.checked.sources.file(span.file).path;
        analysis.checked.files.iter().find(|f| f.span.file == file && f.path == *path).map(|f| f.span)
    };
    let own = found.labels.iter().map(|label| label.span).find(|span| span.file == file);
    own.or_else(|| import(found.span())).unwrap_or(Span { file, start: 0, end: 0 })
}

/// What happened, what is at the place, what else is known, what to do.
fn message(found: &diagnostics::Diagnostic, at: Span) -> String {
    let mut lines = vec![found.message.clone()];
    if let Some(label) = found.labels.iter().find(|label| label.span == at)
        && !found.message.contains(&label.message)
    {
        lines.push(label.message.clone());
    }
    lines.extend(found.notes.iter().cloned());
    lines.extend(found.help.iter().map(|help| format!("help: {help}")));
    lines.extend(found.fixes.iter().map(|fix| format!("help: {}", fix.title)));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// The page of a code, where every editor can open it.
fn explanation(code: diagnostics::Code) -> Uri {
    let repository = env!("CARGO_PKG_REPOSITORY");
    Uri(format!("{repository}/blob/main/src/diagnostics/explanations/{code}.md"))
}

/// The fixes, for whoever wants to apply them without asking again.
fn fixes(found: &diagnostics::Diagnostic, analysis: &Analysis) -> Value {
    let edit = |edit: &diagnostics::Edit| {
        let location = analysis.location(edit.span);
        json!({ "uri": location.uri, "range": location.range, "newText": edit.text })
    };
    let fix =
        |fix: &diagnostics::Fix| json!({ "title": fix.title, "edits": fix.edits.iter().map(edit).collect::<Vec<_>>() });
    json!({ "fixes": found.fixes.iter().map(fix).collect::<Vec<_>>() })
}
