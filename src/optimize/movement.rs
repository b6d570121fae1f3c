//! The laws of operations that move, repeat or sum numbers.

use super::rewrite::full;
use crate::ir::dim::Dim;
use crate::ir::graph::{Graph, Node, NodeId};
use crate::ir::op::{Op, Reduction};

/// Concatenations of more parts than this are not searched for the part that a slice takes: an unrolled recurrence
/// has one slice and one part a step, and the search would be quadratic.
const MOST_PARTS: usize = 16;

/// A shorter form of a node, which is one of the operations below. `sole`: it is its operand's only reader.
pub(super) fn simplify(graph: &mut Graph, node: &Node, sole: bool) -> Option<NodeId> {
    let x = *node.inputs.first()?;
    let same_shape = graph.shape(x) == node.shape;
    let append = |graph: &mut Graph, op: Op, x: NodeId| graph.push(op, vec![x], node.shape.clone(), node.span);
    let operand = |graph: &Graph| graph.node(x).inputs.first().copied();
    match (&node.op, &graph.node(x).op) {
        (Op::Reshape | Op::Broadcast, _) if same_shape => Some(x),
        (Op::Reshape, Op::Reshape) => operand(graph).map(|z| append(graph, Op::Reshape, z)),
        (Op::Broadcast, Op::Broadcast) => operand(graph).map(|z| append(graph, Op::Broadcast, z)),
        (Op::Permute(permutation), _) if permutation.is_sorted() => Some(x),
        (Op::Permute(outer), Op::Permute(inner)) => {
            // Axis i of the result is axis outer[i] of x, which is axis inner[outer[i]] of z.
            let both = outer.iter().map(|axis| inner.get(*axis).copied()).collect::<Option<Vec<_>>>()?;
            operand(graph).map(|z| append(graph, Op::Permute(both.into()), z))
        }
        (Op::Permute(permutation), _) if moves_only_ones(permutation, graph.shape(x)) => {
            Some(append(graph, Op::Reshape, x))
        }
        // (X Y)ᵀ = Yᵀ Xᵀ: one transpose fewer, and of an operand, which a kernel
        // reads as it lies, where a transposed result has to be copied.
        (Op::Permute(permutation), Op::MatMul) if sole && swaps_last_two(permutation) => {
            let &[left, right] = graph.node(x).inputs.as_slice() else { return None };
            let is_transposed = |id: NodeId| graph.node(id).op == Op::Permute(permutation.clone());
            if !is_transposed(left) && !is_transposed(right) {
                return None;
            }
            let left = transpose(graph, left, permutation, node);
            let right = transpose(graph, right, permutation, node);
            Some(graph.push(Op::MatMul, vec![right, left], node.shape.clone(), node.span))
        }
        (Op::Slice { axis, start, step }, inner) => {
            if same_shape && *step == 1 && *start == Dim::constant(0) {
                return Some(x);
            }
            match inner {
                Op::Slice { axis: inner_axis, start: inner_start, step: inner_step } if axis == inner_axis => {
                    let start = inner_start.clone() + Dim::constant(*inner_step) * start.clone();
                    let step = inner_step.checked_mul(*step)?;
                    operand(graph).map(|z| append(graph, Op::Slice { axis: *axis, start, step }, z))
                }
                Op::Pad { axis: padded, before, .. } if axis == padded && start == before && *step == 1 => {
                    operand(graph).filter(|z| graph.shape(*z) == node.shape)
                }
                Op::Pad { axis: padded, before, value, .. } if axis == padded && *step == 1 => {
                    let (value, before) = (*value, before.clone());
                    operand(graph).and_then(|z| slice_of_pad(graph, node, z, *axis, &(start.clone() - before), value))
                }
                Op::Concat { axis: joined } if axis == joined && *step == 1 => part_at(graph, x, *axis, start, node),
                _ => None,
            }
        }
        (Op::Pad { axis, before, after, value }, inner) => {
            if same_shape {
                return Some(x);
            }
            match inner {
                Op::Pad { axis: inner_axis, before: b, after: a, value: v }
                    if axis == inner_axis && v.to_bits() == value.to_bits() =>
                {
                    let (before, after) = (before.clone() + b.clone(), after.clone() + a.clone());
                    operand(graph).map(|z| append(graph, Op::Pad { axis: *axis, before, after, value: *value }, z))
                }
                _ => None,
            }
        }
        (Op::Concat { .. }, _) => (node.inputs.len() == 1).then_some(x),
        // Over axes of size 1, or none.
        (Op::Reduce { .. }, _) if same_shape => Some(x),
        (Op::Reduce { reduction, axes }, Op::Reduce { reduction: inner, axes: inner_axes }) if reduction == inner => {
            let mut both: Vec<usize> = axes.iter().chain(inner_axes.iter()).copied().collect();
            both.sort_unstable();
            both.dedup();
            let op = Op::Reduce { reduction: *reduction, axes: both.into() };
            operand(graph).map(|z| append(graph, op, z))
        }
        (Op::Reduce { reduction: Reduction::Sum, axes }, Op::Reshape | Op::PlaceAlong { .. }) => {
            sum_of_placed(graph, node, axes, x)
        }
        (Op::CumulativeSum { axis, .. }, _) => node.shape.get(*axis)?.is_one().then_some(x),
        _ => None,
    }
}

/// Numbers among zeros have the sum of those numbers: behind a pool, the gradient of a bias reads what came through.
fn sum_of_placed(graph: &mut Graph, node: &Node, axes: &[usize], x: NodeId) -> Option<NodeId> {
    // A pool sees a plane as a line.
    let placed = match graph.node(x).op {
        Op::Reshape => *graph.node(x).inputs.first()?,
        _ => x,
    };
    let Op::PlaceAlong { axis, .. } = graph.node(placed).op else { return None };
    let numbers = *graph.node(placed).inputs.first()?;
    let (line, plane) = (graph.shape(placed), graph.shape(x));
    // What stands in front of the line is the same axes, and all that the line was parted into is summed over.
    let is_line = placed == x || axis + 1 == line.len() && line.get(..axis) == plane.get(..axis);
    let mut parted = if placed == x { axis..axis + 1 } else { axis..plane.len() };
    if !is_line || !parted.all(|axis| axes.contains(&axis)) {
        return None;
    }
    let axes: Vec<usize> = match placed == x {
        true => axes.to_vec(),
        false => axes.iter().copied().filter(|at| *at < axis).chain([axis]).collect(),
    };
    let mut shape = graph.shape(numbers).to_vec();
    axes.iter().for_each(|axis| shape[*axis] = Dim::constant(1));
    let op = Op::Reduce { reduction: Reduction::Sum, axes: axes.into() };
    let sum = graph.push(op, vec![numbers], shape, node.span);
    Some(graph.push(Op::Reshape, vec![sum], node.shape.clone(), node.span))
}

/// A slice of a padded tensor `z`, from position `start` of `z` on, that takes nothing of the padding or nothing else.
fn slice_of_pad(graph: &mut Graph, node: &Node, z: NodeId, axis: usize, start: &Dim, value: f64) -> Option<NodeId> {
    let length = node.shape.get(axis)?.clone();
    let size = graph.shape(z).get(axis)?.clone();
    let end = start.clone() + length;
    if start.is_never_negative() && (size.clone() - end.clone()).is_never_negative() {
        let op = Op::Slice { axis, start: start.clone(), step: 1 };
        return Some(graph.push(op, vec![z], node.shape.clone(), node.span));
    }
    let outside = (-end).is_never_negative() || (start.clone() - size).is_never_negative();
    outside.then(|| full(graph, value, &node.shape, node.span))
}

/// Whether all axes but those of size 1 keep their order.
fn moves_only_ones(permutation: &[usize], shape: &[Dim]) -> bool {
    permutation.iter().filter(|axis| shape.get(**axis).is_some_and(|d| !d.is_one())).is_sorted()
}

fn swaps_last_two(permutation: &[usize]) -> bool {
    let Some(lead) = permutation.len().checked_sub(2) else { return false };
    permutation[..lead].iter().enumerate().all(|(i, axis)| i == *axis) && permutation[lead..] == [lead + 1, lead]
}

/// The transpose of a matrix product's operand, without a second transpose where it is one.
fn transpose(graph: &mut Graph, x: NodeId, permutation: &std::sync::Arc<[usize]>, of: &Node) -> NodeId {
    if let (Op::Permute(inner), Some(z)) = (&graph.node(x).op, graph.node(x).inputs.first())
        && inner == permutation
    {
        return *z;
    }
    let mut shape = graph.shape(x).to_vec();
    let rank = shape.len();
    shape.swap(rank - 2, rank - 1);
    graph.push(Op::Permute(permutation.clone()), vec![x], shape, of.span)
}

/// The part of a concatenation that a slice is.
fn part_at(graph: &Graph, concat: NodeId, axis: usize, start: &Dim, slice: &Node) -> Option<NodeId> {
    let parts = &graph.node(concat).inputs;
    if parts.len() > MOST_PARTS {
        return None;
    }
    let mut at = Dim::constant(0);
    for part in parts {
        if at == *start && graph.shape(*part) == slice.shape {
            return Some(*part);
        }
        at = at + graph.shape(*part).get(axis)?.clone();
    }
    None
}
