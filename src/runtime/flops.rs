//! How many floating-point operations a graph takes: for `summary`, `bench`, the editor and profiles.
//!
//! A multiplication with an addition counts as two, as PyTorch's and most papers' counts do; every other function of a
//! number counts as one; moving numbers about costs none.

use super::feed::Binding;
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};
use crate::ir::recurrent;
use crate::ir::window::WindowAxis;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::graph::Graph;
    use crate::source::Span;

    /// Operations of a node with operands and a result of these sizes.
    fn flops(op: Op, operands: &[&[i64]], result: &[i64]) -> u64 {
        let mut graph = Graph::default();
        let shape = |sizes: &[i64]| sizes.iter().map(|n| Dim::constant(*n)).collect::<Vec<_>>();
        let operand = |graph: &mut Graph, sizes: &&[i64]| {
            graph.push(Op::Size(Dim::constant(0)), vec![], shape(sizes), Span::default())
        };
        let inputs = operands.iter().map(|sizes| operand(&mut graph, sizes)).collect();
        let node = graph.push(op, inputs, shape(result), Span::default());
        node_flops(&graph, node, &Binding::batch(1))
    }

    #[test]
    fn products_count_twice_their_size() {
        assert_eq!(flops(Op::MatMul, &[&[5, 2, 3], &[5, 3, 4]], &[5, 2, 4]), 2 * 5 * 2 * 3 * 4);
        let windows = |kernel| [WindowAxis { kernel, stride: 1, dilation: 1, before: Dim::constant(0) }].into();
        // 6 places, 4 units, each of 2 channels and 3 taps: whichever of the three is computed.
        let (image, kernel, result) = ([5, 4, 8], [4, 2, 3], [5, 4, 6]);
        let convolve = Op::Convolve { windows: windows(3), groups: 2 };
        let input = Op::ConvolveInput { windows: windows(3), groups: 2 };
        let of_kernel = Op::ConvolveKernel { windows: windows(3), groups: 2 };
        assert_eq!(flops(convolve, &[&image, &kernel], &result), 2 * 5 * 6 * 4 * 2 * 3);
        assert_eq!(flops(input, &[&result, &kernel], &image), 2 * 5 * 6 * 4 * 2 * 3);
        assert_eq!(flops(of_kernel, &[&image, &result], &kernel), 2 * 5 * 6 * 4 * 2 * 3);
        assert_eq!(flops(Op::WindowSum(windows(2)), &[&[3, 8]], &[3, 4]), 3 * 4 * 2);
        assert_eq!(flops(Op::Select, &[&[3], &[3], &[3]], &[3]), 0);
    }
}
