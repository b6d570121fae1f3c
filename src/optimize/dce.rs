//! Keeps the nodes that an output or an update depends on.

use super::Passed;
use crate::ir::graph::{Graph, NodeId};

/// Removes the nodes that nothing needs. Declared inputs and states stay declared.
pub fn dce(mut graph: Graph) -> Passed {
    let mut needed = vec![false; graph.nodes.len()];
    for root in graph.roots() {
        needed[root.index()] = true;
    }
    for index in (0..graph.nodes.len()).rev() {
        if needed[index] {
            for input in &graph.nodes[index].inputs {
                needed[input.index()] = true;
            }
        }
    }
    if !needed.contains(&false) {
        return Passed { graph, changed: false };
    }
    let mut new_ids = vec![NodeId(0); graph.nodes.len()];
    let mut kept = Vec::with_capacity(graph.nodes.len());
    for (index, mut node) in graph.nodes.into_iter().enumerate().filter(|(index, _)| needed[*index]) {
        for input in &mut node.inputs {
            *input = new_ids[input.index()];
        }
        new_ids[index] = NodeId(kept.len() as u32);
        kept.push(node);
    }
    graph.nodes = kept;
    for output in &mut graph.outputs {
        output.node = new_ids[output.node.index()];
    }
    for update in &mut graph.updates {
        update.value = new_ids[update.value.index()];
    }
    Passed { graph, changed: true }
}
