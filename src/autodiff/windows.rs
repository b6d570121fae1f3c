//! The gradients of convolutions: each of the three is linear in both operands, and its transposes are the other two.

use super::Emitter;
use crate::ir::graph::NodeId;
use crate::ir::op::Op;

/// The gradients of the operands `x` and `y` of a convolution from the gradient `g` of its result; only those `wanted`.
///
/// With an image, a kernel and a result of which two are the operands, the gradient of one operand is the convolution
/// of `g` with the other, whichever of the three that makes.
pub(super) fn convolution_gradients(
    e: &mut Emitter,
    op: &Op,
    [x, y]: [NodeId; 2],
    g: NodeId,
    wanted: &[bool],
) -> Vec<Option<NodeId>> {
    let (windows, groups) = match op {
        Op::Convolve { windows, groups }
        | Op::ConvolveInput { windows, groups }
        | Op::ConvolveKernel { windows, groups } => (windows.clone(), *groups),
        _ => return vec![None, None],
    };
    let forward = Op::Convolve { windows: windows.clone(), groups };
    let input = Op::ConvolveInput { windows: windows.clone(), groups };
    let kernel = Op::ConvolveKernel { windows, groups };
    let (of_x, of_y) = match op {
        // Image and kernel to result.
        Op::Convolve { .. } => ((input, [g, y]), (kernel, [x, g])),
        // Result and kernel to image.
        Op::ConvolveInput { .. } => ((forward, [g, y]), (kernel, [g, x])),
        // Image and result to kernel.
        _ => ((input, [y, g]), (forward, [x, g])),
    };
    let mut gradient = |operand: usize, of: NodeId, (op, operands): (Op, [NodeId; 2])| {
        let shape = e.shape(of);
        wanted.get(operand).copied().unwrap_or(false).then(|| e.push(op, &operands, shape))
    };
    vec![gradient(0, x, of_x), gradient(1, y, of_y)]
}
