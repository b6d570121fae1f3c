//! Keeps one of the nodes that compute the same: equal operation, operands and shape.

use super::Passed;
use super::rewrite::rewrite;
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::{Binary, Op};
use foldhash::fast::FixedState;
use std::hash::{BuildHasher, Hash, Hasher};

/// Merges equal nodes into the first of them. Two draws of random numbers are never equal, and a kept node has the
/// span of the first.
pub fn cse(graph: Graph) -> Passed {
    let mut seen = Seen::new(graph.nodes.len());
    rewrite(graph, |new, node, _| {
        if let Op::Random { .. } = node.op {
            return None;
        }
        seen.twin(new, node)
    })
}

/// The nodes of a new graph, found by what they compute. A table of lists of its own, for a graph of a deep network has
/// some hundred thousand nodes and hardly any two of one hash: four bytes for each of them and each place.
struct Seen {
    /// For each place of the table, its last node.
    last: Vec<u32>,
    /// For each node of the graph, the one before it at its place.
    before: Vec<u32>,
}

/// Where a list ends.
const NONE: u32 = u32::MAX;

impl Seen {
    fn new(nodes: usize) -> Seen {
        Seen { last: vec![NONE; nodes.next_power_of_two()], before: Vec::with_capacity(nodes) }
    }

    /// The node of the graph that computes the same as one which is about to be appended; otherwise that one is seen.
    fn twin(&mut self, graph: &Graph, node: &Node) -> Option<NodeId> {
        let place = hash(node) as usize & (self.last.len() - 1);
        let mut at = self.last[place];
        while at != NONE {
            if equal(graph.node(NodeId(at)), node) {
                return Some(NodeId(at));
            }
            at = self.before[at as usize];
        }
        // Those that were never looked for are in no list.
        self.before.resize(graph.nodes.len(), NONE);
        self.before.push(self.last[place]);
        self.last[place] = graph.nodes.len() as u32;
        None
    }
}

/// Whether the operands are the same, in an order of their own where theirs does not matter.
fn same_operands(a: &Node, b: &Node) -> bool {
    match (a.inputs.as_slice(), b.inputs.as_slice()) {
        (&[a1, a2], &[b1, b2]) if (a1, a2) == (b2, b1) => is_commutative(&a.op) || a1 == a2,
        (a, b) => a == b,
    }
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
    same_bits && same_operands(a, b) && a.op == b.op && a.shape == b.shape
}

/// Equal nodes have equal hashes. The operation's own parameters take part as far as they tell nodes apart cheaply.
fn hash(node: &Node) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    std::mem::discriminant(&node.op).hash(&mut hasher);
    match node.inputs.as_slice() {
        [x, y] if is_commutative(&node.op) => [x.min(y), x.max(y)].hash(&mut hasher),
        inputs => inputs.hash(&mut hasher),
    }
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
