//! How much arithmetic an operation is: for `summary` and `bench`.
//!
//! A product of m×k and k×n counts 2·m·k·n, as everyone counts. An elementwise operation counts 1 a number, whatever
//! the function; moving numbers counts nothing.

use super::executable::PlanError;
use super::feed::Binding;
use super::plan::sizes_of;
use crate::ir::graph::{Graph, NodeId};
use crate::ir::op::{Op, Unary};
use crate::ir::recurrent;
use crate::ir::window::WindowAxis;

/// Operations on numbers that one operation of a graph takes; `operands` are the shapes of its inputs.
pub fn flops(op: &Op, operands: &[&[usize]], result: &[usize]) -> u64 {
    let count = |shape: &[usize]| shape.iter().map(|n| *n as u64).product::<u64>();
    let first = operands.first().map_or(0, |x| count(x));
    let last = |operand: usize| operands.get(operand).and_then(|x| x.last()).map_or(0, |n| *n as u64);
    match op {
        Op::Input(_) | Op::State(_) | Op::Constant(_) | Op::Size(_) | Op::Literal(_) | Op::Iota { .. } => 0,
        Op::Reshape | Op::Permute(_) | Op::Broadcast | Op::Slice { .. } | Op::Pad { .. } | Op::Concat { .. } => 0,
        Op::GatherRows | Op::TakeAlong { .. } | Op::PlaceAlong { .. } => 0,
        Op::Unary(Unary::StopGradient | Unary::Again) => 0,
        Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Random { .. } => count(result),
        Op::Reduce { .. } => first.saturating_sub(count(result)),
        Op::ArgMax { .. } | Op::CumulativeSum { .. } | Op::ScatterRows { .. } => first,
        // The largest, the difference, the exponential, the sum, the quotient or difference.
        Op::Softmax { .. } | Op::LogSoftmax { .. } => 5 * count(result),
        // Its body says it, see [`node_flops`].
        Op::Scan(_) => 0,
        Op::Convolve { .. } | Op::ConvolveInput { .. } | Op::ConvolveKernel { .. } => {
            convolution_flops(op, operands, result)
        }
        Op::WindowArgMax(windows) | Op::WindowSum(windows) => taps(windows) * count(result),
        Op::WindowSpread(windows) => taps(windows) * first,
        Op::Attention(attention) | Op::AttentionBackward(attention) => {
            let sizes =
                |i: usize| operands.get(i).map_or(Vec::new(), |x| x.iter().map(|n| *n as u64).collect::<Vec<_>>());
            attention.flops([&sizes(0), &sizes(1), &sizes(2)], matches!(op, Op::AttentionBackward(_)))
        }
        Op::Recurrent { .. } => recurrent::operations(first, last(1)),
        Op::RecurrentBackward(recurrence) => recurrent::operations(first * recurrence.cell.gates() as u64, last(2)),
        Op::MatMul => 2 * last(0) * count(result),
    }
}

/// Two for every number of the result's side and every number of the kernel that it meets, as if none lay outside.
fn convolution_flops(op: &Op, operands: &[&[usize]], result: &[usize]) -> u64 {
    let shape = |i: usize| operands.get(i).copied().unwrap_or(&[]);
    let (kernel, units) = match op {
        Op::Convolve { .. } => (shape(1), result),
        Op::ConvolveInput { .. } => (shape(1), shape(0)),
        _ => (result, shape(1)),
    };
    let product = |sizes: &[usize]| sizes.iter().map(|n| *n as u64).product::<u64>();
    2 * product(units) * product(kernel.get(1..).unwrap_or(&[]))
}

fn taps(windows: &[WindowAxis]) -> u64 {
    windows.iter().map(|w| w.kernel as u64).product()
}

/// The same for a node of a graph with known sizes.
pub fn node_flops(graph: &Graph, node: NodeId, binding: &Binding) -> Result<u64, PlanError> {
    let n = graph.node(node);
    if let Op::Scan(scan) = &n.op {
        let steps = sizes_of(std::slice::from_ref(&scan.steps), binding)?.first().map_or(0, |n| *n as u64);
        return Ok(steps.saturating_mul(graph_flops(&scan.body, binding)?));
    }
    let shapes: Result<Vec<Vec<usize>>, PlanError> =
        n.inputs.iter().map(|i| sizes_of(graph.shape(*i), binding)).collect();
    let shapes = shapes?;
    let operands: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
    Ok(flops(&n.op, &operands, &sizes_of(&n.shape, binding)?))
}

/// The sum over all nodes that the outputs and updates need.
pub fn graph_flops(graph: &Graph, binding: &Binding) -> Result<u64, PlanError> {
    let mut needed = vec![false; graph.nodes.len()];
    for root in graph.roots() {
        needed[root.index()] = true;
    }
    let mut sum = 0;
    for i in (0..graph.nodes.len()).rev() {
        if !needed[i] {
            continue;
        }
        let id = NodeId(i as u32);
        for input in &graph.node(id).inputs {
            needed[input.index()] = true;
        }
        sum += node_flops(graph, id, binding)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::dim::Dim;

    #[test]
    fn products_count_twice_their_size() {
        assert_eq!(flops(&Op::MatMul, &[&[5, 2, 3], &[5, 3, 4]], &[5, 2, 4]), 2 * 5 * 2 * 3 * 4);
        let windows = |kernel| [WindowAxis { kernel, stride: 1, dilation: 1, before: Dim::constant(0) }].into();
        // 6 places, 4 units, each of 2 channels and 3 taps: whichever of the three is computed.
        let (image, kernel, result) = ([5, 4, 8], [4, 2, 3], [5, 4, 6]);
        let convolve = Op::Convolve { windows: windows(3), groups: 2 };
        let input = Op::ConvolveInput { windows: windows(3), groups: 2 };
        let of_kernel = Op::ConvolveKernel { windows: windows(3), groups: 2 };
        assert_eq!(flops(&convolve, &[&image, &kernel], &result), 2 * 5 * 6 * 4 * 2 * 3);
        assert_eq!(flops(&input, &[&result, &kernel], &image), 2 * 5 * 6 * 4 * 2 * 3);
        assert_eq!(flops(&of_kernel, &[&image, &result], &kernel), 2 * 5 * 6 * 4 * 2 * 3);
        assert_eq!(flops(&Op::WindowSum(windows(2)), &[&[3, 8]], &[3, 4]), 3 * 4 * 2);
        assert_eq!(flops(&Op::Select, &[&[3], &[3], &[3]], &[3]), 3);
    }
}
