//! How many floating-point operations a graph takes.
//!
//! A multiplication with an addition counts as two, as PyTorch's and most papers' counts do; every other function of a
//! number counts as one; moving numbers about costs none.

use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};
use crate::ir::recurrent;
use crate::ir::window::WindowAxis;
use crate::runtime::Binding;

/// Floating-point operations of the whole graph with these sizes.
pub fn graph_flops(graph: &Graph, sizes: &Binding) -> u64 {
    (0..graph.nodes.len()).map(|index| node_flops(graph, NodeId(index as u32), sizes)).sum()
}

/// Floating-point operations of one node with these sizes. One that is open counts as 1.
pub fn node_flops(graph: &Graph, node: NodeId, sizes: &Binding) -> u64 {
    let Some(this) = graph.nodes.get(node.index()) else { return 0 };
    let size = |dim: &Dim| {
        let value = dim.evaluate(&|v| Some(sizes.size(v.id).unwrap_or(1) as i64));
        value.and_then(|n| u64::try_from(n).ok()).unwrap_or(1)
    };
    let count = |id: NodeId| graph.shape(id).iter().map(size).fold(1, u64::saturating_mul);
    let result = count(node);
    let operand = || this.inputs.first().map_or(0, |id| count(*id));
    let last = |id: NodeId| graph.shape(id).last().map_or(1, size);
    // A multiplication and an addition for each number of the result's side and each number of a unit's kernel.
    let convolution = |units: u64, kernel: Option<NodeId>| {
        let kernel = kernel.map_or(0, |id| graph.shape(id).iter().skip(1).map(size).fold(1, u64::saturating_mul));
        units.saturating_mul(kernel).saturating_mul(2)
    };
    match &this.op {
        Op::Input(_)
        | Op::State(_)
        | Op::Constant(_)
        | Op::Size(_)
        | Op::Literal(_)
        | Op::Iota { .. }
        | Op::Unary(Unary::StopGradient | Unary::Again)
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
        Op::Convolve { .. } => convolution(result, this.inputs.get(1).copied()),
        Op::ConvolveInput { .. } => convolution(operand(), this.inputs.get(1).copied()),
        Op::ConvolveKernel { .. } => convolution(this.inputs.get(1).map_or(0, |id| count(*id)), Some(node)),
        Op::WindowArgMax(windows) | Op::WindowSum(windows) => taps(windows).saturating_mul(result),
        Op::WindowSpread(windows) => taps(windows).saturating_mul(operand()),
        Op::MatMul => {
            let inner = this.inputs.first().map_or(1, |id| last(*id));
            result.saturating_mul(inner).saturating_mul(2)
        }
        Op::Recurrent { .. } => recurrent::operations(operand(), this.inputs.get(1).map_or(1, |w| last(*w))),
        Op::RecurrentBackward(recurrence) => {
            let gates = operand().saturating_mul(recurrence.cell.gates() as u64);
            recurrent::operations(gates, this.inputs.get(2).map_or(1, |w| last(*w)))
        }
        // Difference, exponential, sum, and a quotient or logarithm.
        Op::Softmax { .. } | Op::LogSoftmax { .. } => result.saturating_mul(4),
        Op::Scan(scan) => size(&scan.steps).saturating_mul(graph_flops(&scan.body, sizes)),
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

fn taps(windows: &[WindowAxis]) -> u64 {
    windows.iter().map(|w| w.kernel as u64).product()
}
