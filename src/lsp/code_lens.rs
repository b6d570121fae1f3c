//! Code lenses. What they do is the client's: `nnrun.run` with the document and, where the file has several trains, the
//! name of the model whose train is meant (for `nnrun run --train`); `nnrun.showGraph` with the document and the name of the model.

use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::ide::{self, LensAction};
use gen_lsp_types::{CodeLens, CodeLensOptions, CodeLensParams, CodeLensRequest, Command};
use serde_json::json;

pub(super) const FAMILY: Family = Family {
    offer: |capabilities| {
        let options = CodeLensOptions { resolve_provider: Some(false), ..CodeLensOptions::default() };
        capabilities.code_lens_provider = Some(options);
    },
    answer: |requests| {
        requests.on::<CodeLensRequest>(lenses);
    },
};

/// `textDocument/codeLens`
fn lenses(snapshot: &Snapshot, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>, Failure> {
    let uri = params.text_document.uri;
    let analysis = snapshot.analysis(&uri)?;
    let mut lenses = Vec::new();
    for lens in ide::lenses(&analysis.checked) {
        let (command, name, is_wanted) = match lens.action {
            LensAction::Run(name) => ("nnrun.run", name, snapshot.settings.lens_to_run),
            LensAction::ShowGraph(name) => ("nnrun.showGraph", Some(name), snapshot.settings.lens_of_size),
        };
        if !is_wanted {
            continue;
        }
        let command = Command {
            title: lens.text,
            tooltip: None,
            command: command.to_owned(),
            arguments: Some([Some(json!(uri)), name.map(|name| json!(name))].into_iter().flatten().collect()),
        };
        lenses.push(CodeLens { range: analysis.range(lens.span), command: Some(command), data: None });
    }
    Ok(Some(lenses))
}
