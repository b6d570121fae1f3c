//! Hidden layers one behind the other whose activations saturate: what flows back through them fades.

use super::network::Network;
use crate::check::program::LayerRow;
use crate::diagnostics::{Code, Diagnostic};
use crate::ir::graph::NodeId;
use crate::ir::op::{Op, Unary};
use crate::source::Span;

/// An activation whose slope is small nearly everywhere.
struct Saturating {
    name: &'static str,
    op: Unary,
    /// So many hidden layers in a row are told.
    most: usize,
    why: &'static str,
}

const SATURATING: [Saturating; 2] = [
    // Its slope is at most a quarter.
    Saturating { name: "sigmoid", op: Unary::Sigmoid, most: 3, why: "the slope of a sigmoid is at most 1/4" },
    // Its slope is 1 at 0, and a few layers of it are common.
    Saturating { name: "tanh", op: Unary::Tanh, most: 7, why: "the slope of tanh is below 1 everywhere but at 0" },
];

pub(super) fn activations(network: &Network<'_>, tell: &mut dyn FnMut(Diagnostic)) {
    for kind in &SATURATING {
        let Some(chain) = longest_chain(network, kind) else { continue };
        let Some((last, others)) = chain.split_last() else { continue };
        if chain.len() < kind.most {
            continue;
        }
        let count = chain.len();
        let message = format!(
            "{count} hidden layers in a row end in `{}`, and little of the gradient comes back through them",
            kind.name
        );
        let mut diagnostic = Diagnostic::new(Code::L0115, message, *last, format!("hidden layer {count}"));
        let mut seen = vec![*last];
        // In a `repeat`, all stand at one place.
        for (i, span) in others.iter().enumerate() {
            if !seen.contains(span) {
                seen.push(*span);
                diagnostic = diagnostic.label(*span, format!("hidden layer {}", i + 1));
            }
        }
        let factor = match kind.op {
            Unary::Sigmoid => format!(
                ": behind {count} of them at most 1/{} of the gradient is left, before the weights",
                4u64.saturating_pow(count as u32)
            ),
            _ => String::new(),
        };
        tell(
            diagnostic
                .note(format!("{}{factor}", kind.why))
                .help("`relu` lets the gradient through where a unit is on; a `LayerNorm` or `residual { … }` keeps it alive, too"),
        );
    }
}

/// The activations that lead to a node without a way round, or none.
#[derive(Clone, Copy, Default)]
struct Chain {
    length: usize,
    /// The last activation, by its node.
    last: Option<usize>,
}

/// The activations of the longest chain of hidden layers, first to last: each is followed by something with weights,
/// and nothing between them lets the gradient round (a residual) or scales it up (a norm).
fn longest_chain(network: &Network<'_>, kind: &Saturating) -> Option<Vec<Span>> {
    let nodes = &network.graph.nodes;
    let is_of_kind = |op: &Op| matches!(op, Op::Unary(op) if *op == kind.op);
    if nodes.iter().filter(|node| is_of_kind(&node.op)).count() < kind.most {
        return None;
    }
    let mut chains: Vec<Chain> = Vec::with_capacity(nodes.len());
    // By activation, the one before it.
    let mut before: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut longest = Chain::default();
    for (i, node) in nodes.iter().enumerate() {
        let id = NodeId(i as u32);
        let incoming = match network.data_inputs(id).as_slice() {
            [only] => chains.get(only.index()).copied().unwrap_or_default(),
            // Two ways meet: a sum lets the gradient round, a product gates it.
            _ => Chain::default(),
        };
        let row = network.row(id).map(|(_, row)| row);
        let chain = match &node.op {
            Op::Unary(op) if *op == kind.op && row.is_none_or(|row| *row.kind == *kind.name) => {
                if let Some(before) = before.get_mut(i) {
                    *before = incoming.last;
                }
                Chain { length: incoming.length + 1, last: Some(i) }
            }
            // Another activation is none of these.
            Op::Unary(Unary::Relu | Unary::Sigmoid | Unary::Tanh | Unary::ErrorFunction | Unary::Softplus) => {
                Chain::default()
            }
            op if row.is_none_or(passes) => {
                if matches!(op, Op::MatMul | Op::Convolve { .. }) && incoming.length > longest.length {
                    longest = incoming;
                }
                incoming
            }
            _ => Chain::default(),
        };
        chains.push(chain);
    }
    let mut spans: Vec<Span> = Vec::new();
    let mut at = longest.last;
    while let Some(node) = at {
        spans.extend(nodes.get(node).map(|n| n.span));
        at = before.get(node).copied().flatten();
    }
    spans.reverse();
    (!spans.is_empty()).then_some(spans)
}

/// Whether a layer or function leaves the gradient as small as it comes.
fn passes(row: &LayerRow) -> bool {
    let kind = &*row.kind;
    match row.is_layer {
        false => !kind.contains("norm"),
        true => {
            matches!(kind, "Dense" | "Flatten")
                || kind.starts_with("Conv")
                || kind.contains("Pool")
                || kind.contains("Dropout")
        }
    }
}
