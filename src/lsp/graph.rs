//! `nnrun/graph`, which the protocol does not know: the network at a position as an SVG document.
//!
//! `{textDocument, position?}` is answered by `{svg, model, current}`: the drawing, the name of the model, and the
//! `data-start` of the box that the position lies in (or null); by null where there is no network to draw.

use super::failure::Failure;
use super::requests::Family;
use super::snapshot::Snapshot;
use crate::export::graph;
use gen_lsp_types::{LspRequestMethod, MessageDirection, Position, Request, TextDocumentIdentifier};
use serde::{Deserialize, Serialize};

pub(super) const FAMILY: Family = Family {
    offer: |_| {},
    answer: |requests| {
        requests.on::<GraphRequest>(drawing);
    },
};

enum GraphRequest {}

impl Request for GraphRequest {
    type Params = GraphParams;
    type Result = Option<Graph>;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("nnrun/graph");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphParams {
    text_document: TextDocumentIdentifier,
    #[serde(default)]
    position: Option<Position>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Graph {
    svg: String,
    model: String,
    current: Option<usize>,
}

fn drawing(snapshot: &Snapshot, params: GraphParams) -> Result<Option<Graph>, Failure> {
    let analysis = snapshot.analysis(&params.text_document.uri)?;
    let checked = &analysis.checked;
    let offset = params.position.map(|position| analysis.offset(position));
    let at_position = offset.and_then(|offset| graph::at(checked, offset));
    let Some(model) = at_position.or_else(|| graph::find(checked, None)) else { return Ok(None) };
    let Some(svg) = graph::svg(checked, Some(&model.name)) else { return Ok(None) };
    let current = offset.and_then(|offset| graph::current(checked, model, offset));
    Ok(Some(Graph { svg, model: model.name.to_string(), current }))
}
