//! How many floating-point operations a graph takes.
//!
//! A multiplication with an addition counts as two, as PyTorch's and most papers' counts do; every other function of a
//! number counts as one; moving numbers about costs none.

use crate::ir::dim::{Dim, VarKind};
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};

/// Floating-point operations of the whole graph with so many examples.
pub fn graph_flops(graph: &Graph, batch: usize) -> u64 {
    (0..graph.nodes.len()).map(|index| node_flops(graph, NodeId(index as u32), batch)).sum()
}

/// Floating-point operations of one node with so many examples. A size that is open counts as 1.
pub fn node_flops(graph: &Graph, node: NodeId, batch: usize) -> u64 {
    let Some(this) = graph.nodes.get(node.index()) else { return 0 };
    let size = |dim: &Dim| {
        let value = dim.evaluate(&|v| Some(if v.kind == VarKind::Batch { batch as i64 } else { 1 }));
        value.and_then(|n| u64::try_from(n).ok()).unwrap_or(1)
    };
    let count = |id: NodeId| graph.shape(id).iter().map(size).fold(1, u64::saturating_mul);
    let result = count(node);
    let operand = || this.inputs.first().map_or(0, |id| count(*id));
    match &this.op {
        Op::Input(_)
        | Op::State(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Unary(Unary::StopGradient)
        | Op::Select
        | Op::Reshape
        | Op::Permute(_)
        | Op::Broadcast
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::GatherRows
        | Op::TakeAlong { .. }
        | Op::PlaceAlong { .. } => 0,
        Op::Random { .. } | Op::Unary(_) | Op::Binary(_) => result,
        Op::Reduce { .. } | Op::ArgMax { .. } | Op::CumulativeSum { .. } | Op::ScatterRows { .. } => operand(),
        Op::MatMul => {
            let inner = this.inputs.first().and_then(|id| graph.shape(*id).last()).map_or(1, size);
            result.saturating_mul(inner).saturating_mul(2)
        }
        // Difference, exponential, sum, and a quotient or logarithm.
        Op::Softmax { .. } | Op::LogSoftmax { .. } => result.saturating_mul(4),
        Op::Attention(attention) | Op::AttentionBackward(attention) => {
            let sizes = |operand: usize| {
                this.inputs
                    .get(operand)
                    .map_or(Vec::new(), |id| graph.shape(*id).iter().map(size).collect::<Vec<u64>>())
            };
            attention.flops([&sizes(0), &sizes(1), &sizes(2)], matches!(this.op, Op::AttentionBackward(_)))
        }
    }
}
