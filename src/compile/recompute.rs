//! Blocks that are computed again in the backward pass, so that what lies between their inputs and outputs need not be
//! kept (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016; `torch.utils.checkpoint`).
//!
//! Where a node of the backward pass reads one that lies within a block, it gets another one that computes the same from
//! the block's inputs, just before it is wanted. The inputs of a block are seen through [`Unary::Again`], without which the
//! optimizer would find that the same is computed twice. The numbers are the same to the last bit, for they are
//! computed by the same operations: random ones depend on their stream and position alone.

use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};
use std::ops::Range;

/// Has what lies within each of these ranges of nodes computed again behind the node `first`, where the backward pass
/// begins. Ranges do not overlap. Gives the new number of each node.
pub(super) fn recompute(graph: &mut Graph, first: NodeId, blocks: &[Range<usize>]) -> Vec<NodeId> {
    let nodes = std::mem::take(&mut graph.nodes);
    let first = first.index().min(nodes.len());
    let mut block_of: Vec<Option<usize>> = vec![None; first];
    for (block, range) in blocks.iter().enumerate() {
        for node in range.clone().filter(|node| *node < first) {
            block_of[node] = Some(block);
        }
    }
    // What is kept anyway: what the forward pass reads outside of the block, and what the caller gets.
    let mut is_kept = vec![false; first];
    for (reader, node) in nodes[..first].iter().enumerate() {
        for input in &node.inputs {
            is_kept[input.index()] |= block_of[input.index()] != block_of[reader];
        }
    }
    for root in graph.outputs.iter().map(|o| o.node).chain(graph.updates.iter().map(|u| u.value)) {
        if root.index() < first {
            is_kept[root.index()] = true;
        }
    }
    let mut again = Again {
        wanted: Vec::new(),
        block_of,
        is_kept,
        copies: vec![None; first],
        inputs: vec![None; first],
        old: nodes,
    };
    let mut new_ids: Vec<NodeId> = (0..first).map(|node| NodeId(node as u32)).collect();
    graph.nodes.extend(again.old[..first].iter().cloned());
    for index in first..again.old.len() {
        let mut node = again.old[index].clone();
        for input in &mut node.inputs {
            *input = match input.index() < first {
                true => again.value(graph, *input),
                false => new_ids[input.index()],
            };
        }
        graph.nodes.push(node);
        new_ids.push(NodeId(graph.nodes.len() as u32 - 1));
    }
    for output in &mut graph.outputs {
        output.node = new_ids[output.node.index()];
    }
    for update in &mut graph.updates {
        update.value = new_ids[update.value.index()];
    }
    new_ids
}

/// What has been computed again so far.
struct Again {
    /// The graph as it was.
    old: Vec<crate::ir::graph::Node>,
    block_of: Vec<Option<usize>>,
    is_kept: Vec<bool>,
    /// The other node of each that was computed again.
    copies: Vec<Option<NodeId>>,
    /// Inputs of blocks, as they are seen from where they are computed again.
    inputs: Vec<Option<NodeId>>,
    /// Nodes yet to be copied, to be done from the last to the first.
    wanted: Vec<NodeId>,
}

impl Again {
    /// The node that gives the backward pass the value of one of the forward pass.
    fn value(&mut self, graph: &mut Graph, node: NodeId) -> NodeId {
        if self.block_of[node.index()].is_none() || self.is_kept[node.index()] || is_free(&self.old[node.index()].op) {
            return node;
        }
        // A stack of its own: a chain of layers may be as long as it likes.
        self.wanted.push(node);
        while let Some(node) = self.wanted.last().copied() {
            let missing: Vec<NodeId> = self.old[node.index()]
                .inputs
                .iter()
                .copied()
                .filter(|input| self.is_inside(*input, node) && self.copies[input.index()].is_none())
                .collect();
            if !missing.is_empty() {
                self.wanted.extend(missing);
                continue;
            }
            self.wanted.pop();
            if self.copies[node.index()].is_none() {
                let copy = self.copy(graph, node);
                self.copies[node.index()] = Some(copy);
            }
        }
        self.copies[node.index()].unwrap_or(node)
    }

    /// Whether an operand of a node is computed again with it.
    fn is_inside(&self, operand: NodeId, node: NodeId) -> bool {
        let block = self.block_of[operand.index()];
        block.is_some() && block == self.block_of[node.index()] && !is_free(&self.old[operand.index()].op)
    }

    fn copy(&mut self, graph: &mut Graph, node: NodeId) -> NodeId {
        let mut copy = self.old[node.index()].clone();
        for input in &mut copy.inputs {
            let operand = *input;
            *input = match self.copies[operand.index()] {
                Some(copy) if self.is_inside(operand, node) => copy,
                _ if is_free(&self.old[operand.index()].op) => operand,
                _ => *self.inputs[operand.index()].get_or_insert_with(|| {
                    let seen = &self.old[operand.index()];
                    graph.push(Op::Unary(Unary::Again), vec![operand], seen.shape.clone(), seen.span)
                }),
            };
        }
        graph.nodes.push(copy);
        NodeId(graph.nodes.len() as u32 - 1)
    }
}

/// What takes no memory of the step.
fn is_free(op: &Op) -> bool {
    matches!(op, Op::Input(_) | Op::State(_) | Op::Constant(_) | Op::Size(_) | Op::Literal(_) | Op::Iota { .. })
}
