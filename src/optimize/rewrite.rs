//! One walk over a graph that replaces nodes: what [`super::simplify`], [`super::fold`] and [`super::cse`] share.

use super::Passed;
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::Op;
use crate::source::Span;

/// Builds a new graph node by node. `rule` sees each node with its operands already replaced, and the new graph so
/// far; it answers with the node that stands for it, which it may have appended, or `None` to keep it as it is.
/// `sole` says whether a node is its first operand's only reader.
///
/// Nodes are moved rather than copied: shapes are the larger part of a graph.
pub(super) fn rewrite(old: Graph, mut rule: impl FnMut(&mut Graph, &Node, bool) -> Option<NodeId>) -> Passed {
    let mut readers = vec![0u32; old.nodes.len()];
    for id in old.nodes.iter().flat_map(|node| &node.inputs).copied().chain(old.roots()) {
        readers[id.index()] += 1;
    }
    let mut graph = Graph {
        // A rule may append more than it replaces; what is not used is not touched.
        nodes: Vec::with_capacity(old.nodes.len() + old.nodes.len() / 8),
        inputs: old.inputs,
        states: old.states,
        outputs: old.outputs,
        updates: old.updates,
    };
    let mut new_ids: Vec<NodeId> = Vec::with_capacity(old.nodes.len());
    let mut changed = false;
    for mut node in old.nodes {
        let sole = node.inputs.first().is_some_and(|id| readers[id.index()] == 1);
        for input in &mut node.inputs {
            *input = new_ids[input.index()];
        }
        let id = match rule(&mut graph, &node, sole) {
            Some(id) => {
                changed = true;
                id
            }
            None => {
                graph.nodes.push(node);
                NodeId(graph.nodes.len() as u32 - 1)
            }
        };
        new_ids.push(id);
    }
    for output in &mut graph.outputs {
        output.node = new_ids[output.node.index()];
    }
    for update in &mut graph.updates {
        update.value = new_ids[update.value.index()];
    }
    Passed { graph, changed }
}

/// Appends a tensor filled with one number.
pub(super) fn full(graph: &mut Graph, number: f64, shape: &[Dim], span: Span) -> NodeId {
    let mut id = graph.push(Op::Constant(number), vec![], vec![], span);
    if !shape.is_empty() {
        id = graph.push(Op::Reshape, vec![id], vec![Dim::constant(1); shape.len()], span);
    }
    if shape.iter().any(|d| !d.is_one()) {
        id = graph.push(Op::Broadcast, vec![id], shape.to_vec(), span);
    }
    id
}

/// Whether a node is a number in the form that [`full`] gives it, or on the way to that form.
pub(super) fn is_full(graph: &Graph, node: &Node) -> bool {
    match (&node.op, node.inputs.as_slice()) {
        (Op::Constant(_), _) => true,
        (Op::Reshape, [x]) => graph.shape(*x).is_empty() && node.shape.iter().all(Dim::is_one),
        (Op::Broadcast, [x]) => graph.shape(*x).iter().all(Dim::is_one),
        _ => false,
    }
}
