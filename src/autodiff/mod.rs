//! Floor 5: the backward pass. Graph in, graph out.
//!
//! Reverse-mode differentiation (Griewank and Walther, *Evaluating Derivatives*, 2008, chapter 3): the nodes between
//! `wrt` and `of` are visited from the last to the first; each hands the gradient of its result on to its operands by
//! the one table in [`rules`]. The backward pass is ordinary nodes behind the forward ones, so everything that holds
//! of a graph (the verifier, the optimizer, another differentiation) holds of it too.
//!
//! Nothing is computed that nobody asked for: an operand through which no `wrt` is reached gets no gradient.

mod accumulate;
mod attention;
mod emit;
mod recurrent;
mod rules;
mod scan;
mod windows;

pub use emit::Emitter;

use crate::ir::graph::{Graph, NodeId};

/// Appends the gradients of the scalar `of` with respect to the nodes `wrt`; `None` where `of` does not depend on one.
///
/// Every appended node has the source span of the forward node whose rule it belongs to.
pub fn differentiate(graph: &mut Graph, of: NodeId, wrt: &[NodeId]) -> Vec<Option<NodeId>> {
    debug_assert!(graph.shape(of).is_empty(), "only a scalar has a gradient");
    if !on_path(graph, &[of], wrt)[of.index()] {
        return vec![None; wrt.len()];
    }
    let span = graph.node(of).span;
    let one = Emitter::new(graph, span).constant(1.0);
    pull_back(graph, &[(of, one)], wrt)
}

/// Appends the gradients with respect to the nodes `wrt` of something whose gradients with respect to some nodes are
/// known: each of `seeds` is a node and its gradient.
fn pull_back(graph: &mut Graph, seeds: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Vec<Option<NodeId>> {
    let of: Vec<NodeId> = seeds.iter().map(|(node, _)| *node).collect();
    let on_path = on_path(graph, &of, wrt);
    let last = of.iter().map(|node| node.index()).max().unwrap_or(0);

    // For each node, the parts of its gradient that its readers contributed so far.
    let mut contributions: Vec<Vec<NodeId>> = vec![Vec::new(); last + 1];
    // The gradients that are final, by node.
    let mut found: Vec<Option<NodeId>> = vec![None; last + 1];
    for (node, gradient) in seeds {
        contributions[node.index()].push(*gradient);
    }

    for index in (0..=last).rev() {
        let node = NodeId(index as u32);
        if !on_path[index] || contributions[index].is_empty() {
            continue;
        }
        let span = graph.node(node).span;
        let parts = std::mem::take(&mut contributions[index]);
        let gradient = accumulate::sum(&mut Emitter::new(graph, span), &parts);
        found[index] = Some(gradient);

        let operands = graph.node(node).inputs.clone();
        let wanted: Vec<bool> = operands
            .iter()
            .enumerate()
            .map(|(i, operand)| on_path[operand.index()] && rules::flows(&graph.node(node).op, i))
            .collect();
        if !wanted.contains(&true) {
            continue;
        }
        let gradients = rules::gradients(&mut Emitter::new(graph, span), node, gradient, &wanted);
        for (operand, gradient) in operands.iter().zip(gradients) {
            contributions[operand.index()].extend(gradient);
        }
    }
    crate::ir::verify::assert_verified(graph, "differentiate");
    wrt.iter().map(|node| found.get(node.index()).copied().flatten()).collect()
}

/// The nodes that depend on one of `wrt` and that one of `of` depends on.
fn on_path(graph: &Graph, of: &[NodeId], wrt: &[NodeId]) -> Vec<bool> {
    let mut depends = vec![false; graph.nodes.len()];
    for id in wrt {
        depends[id.index()] = true;
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut operands = node.inputs.iter().enumerate();
        let reached = operands.any(|(i, operand)| depends[operand.index()] && rules::flows(&node.op, i));
        depends[index] = depends[index] || reached;
    }
    let mut needed = vec![false; graph.nodes.len()];
    for node in of {
        needed[node.index()] = true;
    }
    for index in (0..graph.nodes.len()).rev().filter(|i| depends[*i]) {
        if needed[index] {
            let node = &graph.nodes[index];
            for (_, operand) in node.inputs.iter().enumerate().filter(|(i, _)| rules::flows(&node.op, *i)) {
                needed[operand.index()] = true;
            }
        }
    }
    depends.iter().zip(&needed).map(|(d, n)| *d && *n).collect()
}
