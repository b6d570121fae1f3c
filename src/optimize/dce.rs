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
    let (mut index, mut kept) = (0, 0);
    graph.nodes.retain_mut(|node| {
        let is_needed = needed[index];
        if is_needed {
            for input in &mut node.inputs {
                *input = new_ids[input.index()];
            }
            new_ids[index] = NodeId(kept);
            kept += 1;
        }
        index += 1;
        is_needed
    });
    for output in &mut graph.outputs {
        output.node = new_ids[output.node.index()];
    }
    for update in &mut graph.updates {
        update.value = new_ids[update.value.index()];
    }
    Passed { graph, changed: true }
}
