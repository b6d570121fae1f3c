//! Keeps one of the nodes that compute the same: equal operation, operands and shape.

use super::Passed;
use super::rewrite::rewrite;
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::{Binary, Op};
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Merges equal nodes into the first of them. Two draws of random numbers are never equal, and a kept node has the
/// span of the first.
pub fn cse(graph: Graph) -> Passed {
    // Only looked up, never walked, so that its order shows nowhere.
    let mut seen: HashMap<u64, Vec<NodeId>> = HashMap::with_capacity(graph.nodes.len());
    rewrite(graph, |new, node, _| {
        if let Op::Random { .. } = node.op {
            return None;
        }
        let same_hash = seen.entry(hash(node)).or_default();
        let twin = same_hash.iter().copied().find(|id| equal(new.node(*id), node));
        if twin.is_none() {
            same_hash.push(NodeId(new.nodes.len() as u32));
        }
        twin
    })
}

/// Operands in an order of their own where theirs does not matter.
fn operands(node: &Node) -> Vec<NodeId> {
    let mut operands = node.inputs.clone();
    if is_commutative(&node.op) {
        operands.sort_unstable();
    }
    operands
}

fn is_commutative(op: &Op) -> bool {
    let Op::Binary(binary) = op else { return false };
    match binary {
        Binary::Add
        | Binary::Multiply
        | Binary::Maximum
        | Binary::Minimum
        | Binary::Equal
        | Binary::NotEqual
        | Binary::And
        | Binary::Or => true,
        Binary::Subtract | Binary::Divide | Binary::Power | Binary::Less | Binary::LessEqual => false,
    }
}

fn equal(a: &Node, b: &Node) -> bool {
    // Equal zeros of different sign are not the same number: 1/0 and 1/-0.
    let same_bits = match (&a.op, &b.op) {
        (Op::Constant(x), Op::Constant(y)) => return x.to_bits() == y.to_bits(),
        (Op::Pad { value: x, .. }, Op::Pad { value: y, .. }) => x.to_bits() == y.to_bits(),
        (Op::Literal(x), Op::Literal(y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| x.to_bits() == y.to_bits())
        }
        _ => true,
    };
    same_bits && operands(a) == operands(b) && a.op == b.op && a.shape == b.shape
}

/// Equal nodes have equal hashes. The operation's own parameters take part as far as they tell nodes apart cheaply.
fn hash(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(&node.op).hash(&mut hasher);
    operands(node).hash(&mut hasher);
    match &node.op {
        Op::Input(id) => id.hash(&mut hasher),
        Op::State(id) => id.hash(&mut hasher),
        Op::Constant(number) => number.to_bits().hash(&mut hasher),
        Op::Size(dim) => dim.hash(&mut hasher),
        Op::Literal(numbers) => numbers.iter().take(16).for_each(|n| n.to_bits().hash(&mut hasher)),
        Op::Iota { axis }
        | Op::Concat { axis }
        | Op::ArgMax { axis }
        | Op::TakeAlong { axis }
        | Op::Softmax { axis }
        | Op::LogSoftmax { axis } => axis.hash(&mut hasher),
        Op::Attention(attention) | Op::AttentionBackward(attention) => attention.causal.hash(&mut hasher),
        Op::Random { stream, distribution } => (stream, distribution).hash(&mut hasher),
        Op::Unary(unary) => unary.hash(&mut hasher),
        Op::Binary(binary) => binary.hash(&mut hasher),
        Op::Permute(permutation) => permutation.hash(&mut hasher),
        Op::Slice { axis, start, step } => (axis, start, step).hash(&mut hasher),
        Op::Pad { axis, before, after, value: _ } => (axis, before, after).hash(&mut hasher),
        Op::Reduce { reduction, axes } => (reduction, axes).hash(&mut hasher),
        Op::CumulativeSum { axis, reverse } => (axis, reverse).hash(&mut hasher),
        Op::ScatterRows { rows } => rows.hash(&mut hasher),
        Op::PlaceAlong { axis, size } => (axis, size).hash(&mut hasher),
        Op::Convolve { windows, groups }
        | Op::ConvolveInput { windows, groups }
        | Op::ConvolveKernel { windows, groups } => (windows, groups).hash(&mut hasher),
        Op::WindowArgMax(windows) | Op::WindowSum(windows) | Op::WindowSpread(windows) => windows.hash(&mut hasher),
        // The shape says the rest.
        Op::Reshape | Op::Broadcast => node.shape.hash(&mut hasher),
        Op::Scan(scan) => (&scan.steps, scan.reverse, scan.body.nodes.len()).hash(&mut hasher),
        Op::Recurrent { recurrence, keep } => (recurrence, keep).hash(&mut hasher),
        Op::RecurrentBackward(recurrence) => recurrence.hash(&mut hasher),
        Op::Select | Op::MatMul | Op::GatherRows => {}
    }
    hasher.finish()
}
