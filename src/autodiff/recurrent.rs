//! The gradient rule of recurrent layers: backward through time in one operation, and outside it one matrix product
//! for the weight and one sum for the bias, over all steps together.

use super::Emitter;
use crate::ir::dim::Dim;
use crate::ir::graph::{NodeId, Shape};
use crate::ir::op::Op;
use crate::ir::recurrent::{Cell, Recurrence};
use crate::ir::shape_rule::element_count;

/// The gradients of `Recurrent`'s operands from that of its flat result. Only the states have one: what is kept for the
/// backward pass nobody else reads.
pub(super) fn gradients(
    e: &mut Emitter,
    node: NodeId,
    g: NodeId,
    recurrence: Recurrence,
    keep: bool,
    wanted: &[bool],
) -> Vec<Option<NodeId>> {
    let inputs = e.graph().node(node).inputs.clone();
    let &[products, weight, bias, lengths] = inputs.as_slice() else { return vec![None; inputs.len()] };
    let cell = recurrence.cell;
    let shape = e.shape(products);
    let (steps, batch) = (shape[0].clone(), shape[1].clone());
    let hidden = e.shape(weight)[1].clone();
    let states = vec![steps.clone(), batch.clone(), hidden.clone()];
    let row = batch.clone() * hidden.clone();
    // A pass without what the gradient needs is done once more.
    let forward = match keep {
        true => node,
        false => {
            let size = crate::ir::recurrent::result_size(cell, true, &steps, &batch, &hidden);
            e.push(Op::Recurrent { recurrence, keep: true }, &inputs, vec![size])
        }
    };
    let of_states = Dim::from(recurrence.states_from()) * row.clone();
    let g = part(e, g, of_states, &states);
    let all = element_count(&states) * Dim::from(cell.biases());
    let backward = e.push(Op::RecurrentBackward(recurrence), &[g, forward, weight, lengths], vec![all]);
    let of_products = part(e, backward, Dim::constant(0), &shape);
    // The last gate of a GRU adds its bias before the reset gate multiplies: its gradient is another one there.
    let candidate = (cell == Cell::Gru).then(|| part(e, backward, element_count(&shape), &states));
    let rows = steps.clone() * batch.clone();
    let flat = |e: &mut Emitter, x: NodeId, width: Dim| e.reshape(x, vec![rows.clone(), width]);
    let wants = |operand: usize| wanted.get(operand).copied().unwrap_or(false);

    let d_weight = wants(1).then(|| {
        let from = Dim::from(recurrence.previous_from()) * row.clone();
        let before = slice(e, forward, from, rows.clone() * hidden.clone());
        let before = e.reshape(before, vec![rows.clone(), hidden.clone()]);
        let mut gates = flat(e, of_products, shape[2].clone());
        let mut parts = Vec::new();
        if let Some(candidate) = candidate {
            gates = e.slice(gates, 1, Dim::constant(0), Dim::constant(2) * hidden.clone(), 1);
            parts.push(flat(e, candidate, hidden.clone()));
        }
        parts.insert(0, gates);
        let products: Vec<NodeId> = parts
            .into_iter()
            .map(|part| {
                let transposed = e.transpose(part);
                e.matmul(transposed, before)
            })
            .collect();
        let shape = e.shape(weight);
        joined(e, &products, shape)
    });
    let d_bias = wants(2).then(|| {
        let mut parts = vec![flat(e, of_products, shape[2].clone())];
        parts.extend(candidate.map(|c| flat(e, c, hidden.clone())));
        let sums: Vec<NodeId> = parts
            .into_iter()
            .map(|part| {
                let width = e.shape(part)[1].clone();
                let sum = e.sum(part, &[0]);
                e.reshape(sum, vec![width])
            })
            .collect();
        let shape = e.shape(bias);
        joined(e, &sums, shape)
    });
    vec![wants(0).then_some(of_products), d_weight, d_bias, None]
}

fn joined(e: &mut Emitter, parts: &[NodeId], shape: Shape) -> NodeId {
    match parts {
        [only] => *only,
        _ => e.push(Op::Concat { axis: 0 }, parts, shape),
    }
}

/// Some numbers of a flat result, as a tensor.
fn part(e: &mut Emitter, flat: NodeId, start: Dim, shape: &[Dim]) -> NodeId {
    let taken = slice(e, flat, start, element_count(shape));
    e.reshape(taken, shape.to_vec())
}

/// A slice of a flat tensor. Of one that was padded, as the gradient of a slice is, only what is needed of the zeros
/// comes about.
fn slice(e: &mut Emitter, flat: NodeId, start: Dim, length: Dim) -> NodeId {
    let node = e.graph().node(flat);
    if let (Op::Pad { axis: 0, before, after: _, value: 0.0 }, &[inner]) = (&node.op, node.inputs.as_slice()) {
        let size = e.graph().shape(inner)[0].clone();
        let in_front = before.clone() - start.clone();
        let behind = length.clone() - in_front.clone() - size;
        if in_front.is_never_negative() && behind.is_never_negative() {
            return e.pad(inner, 0, in_front, behind);
        }
    }
    e.slice(flat, 0, start, length, 1)
}
