//! The gradient of attention: one operation that computes the weights again, tile by tile.

use super::Emitter;
use crate::ir::dim::Dim;
use crate::ir::graph::{NodeId, Shape};
use crate::ir::op::{Attention, Op};

/// The gradients of `q`, `k`, `v` and none of the lengths, from the gradient `g` of the packed result.
pub(super) fn gradients(
    e: &mut Emitter,
    attention: Attention,
    inputs: &[NodeId],
    node: NodeId,
    g: NodeId,
) -> Vec<Option<NodeId>> {
    let &[q, k, v, lengths] = inputs else { return vec![None; inputs.len()] };
    let shapes: [Shape; 3] = [e.shape(q), e.shape(k), e.shape(v)];
    let counts = shapes.each_ref().map(|shape| shape[2].clone() * shape[3].clone());
    let all = counts.iter().cloned().fold(Dim::constant(0), |a, b| a + b);
    let packed = vec![shapes[0][0].clone(), shapes[0][1].clone(), all];
    let packed = e.push(Op::AttentionBackward(attention), &[q, k, v, lengths, node, g], packed);
    let mut start = Dim::constant(0);
    let mut result = Vec::with_capacity(inputs.len());
    for (shape, count) in shapes.into_iter().zip(counts) {
        let part = e.slice(packed, 2, start.clone(), count.clone(), 1);
        result.push(Some(e.reshape(part, shape)));
        start = start + count;
    }
    result.push(None);
    result
}
