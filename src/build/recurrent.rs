//! Recurrent layers over the first axis of an example.

use super::builder::Builder;
use super::problem::Problem;
use super::tensor::Tensor;
use crate::ir::dim::{Dim, batch};
use crate::ir::op::Op;
use crate::ir::recurrent::{Cell, Recurrence, result_size};

/// The weights of one direction of one recurrent layer, as torch.nn lays them out; `G` is the number of gates.
#[derive(Debug, Clone)]
pub struct RecurrentWeights {
    /// `[G·H, D]`
    pub input: Tensor,
    /// `[G·H, H]`
    pub hidden: Tensor,
    /// `[G·H]` each: added to the products with the input and with the state.
    pub biases: Option<(Tensor, Tensor)>,
}

/// The states of a recurrent layer.
#[derive(Debug, Clone)]
pub struct States {
    /// Of all steps, `[T, H]`.
    pub all: Tensor,
    /// Behind the last step that was walked, `[H]`; of an example shorter than `T`, behind its own.
    pub last: Tensor,
}

impl Builder {
    /// Walks a cell over `x` `[T, D]`. The state begins as 0, and stays as it is behind an example's true length, which
    /// is one number: [`Builder::size`] of `T`.
    pub fn recurrent(
        &mut self,
        recurrence: Recurrence,
        x: &Tensor,
        lengths: &Tensor,
        weights: &RecurrentWeights,
    ) -> Result<States, Problem> {
        let [steps, width] = x.shape.as_slice() else {
            return Err(Problem::Rank { operand: 0, wanted: "two axes, `[T, D]`".into(), shape: x.shape.clone() });
        };
        let (steps, width) = (steps.clone(), width.clone());
        let cell = recurrence.cell;
        let hidden = weights.hidden.shape.last().cloned().unwrap_or_default();
        let gates = Dim::from(cell.gates()) * hidden.clone();
        self.check_size(&[steps.clone(), gates.clone()])?;
        let x = self.broadcast_to(x, &x.shape, true)?;

        // Time before the batch: the operation wants the states of one step side by side.
        let turned = vec![steps.clone(), batch(), width.clone()];
        let turned = self.graph.push(Op::Permute([1, 0, 2].into()), vec![x.node], turned, self.span);
        let rows = steps.clone() * batch();
        let flat = self.reshape_node(turned, vec![rows.clone(), width]);
        let weight = self.transpose(&weights.input)?;
        let products = self.graph.push(Op::MatMul, vec![flat, weight.node], vec![rows, gates.clone()], self.span);
        let products = self.reshape_node(products, vec![steps.clone(), batch(), gates.clone()]);
        let bias = self.recurrent_bias(cell, &hidden, weights.biases.as_ref())?;
        let lengths = self.broadcast_to(lengths, &[], true)?;

        // In evaluation nobody asks for gradients.
        let keep = self.training;
        let all = result_size(cell, keep, &steps, &batch(), &hidden);
        let operands = vec![products, weights.hidden.node, bias.node, lengths.node];
        let node = self.graph.push(Op::Recurrent { recurrence, keep }, operands, vec![all], self.span);
        let row = batch() * hidden.clone();
        let slice = |b: &mut Builder, first: Dim, count: Dim| {
            let op = Op::Slice { axis: 0, start: first * row.clone(), step: 1 };
            b.graph.push(op, vec![node], vec![count * row.clone()], b.span)
        };
        let states = slice(self, Dim::from(recurrence.states_from()), steps.clone());
        let states = self.reshape_node(states, vec![steps.clone(), batch(), hidden.clone()]);
        let shape = vec![batch(), steps.clone(), hidden.clone()];
        let states = self.graph.push(Op::Permute([1, 0, 2].into()), vec![states], shape, self.span);
        let first = if recurrence.reverse { Dim::constant(0) } else { steps.clone() };
        let last = slice(self, first, Dim::constant(1));
        let last = self.reshape_node(last, vec![batch(), hidden.clone()]);
        let all = self.tensor(states, vec![steps, hidden.clone()], true);
        // Backwards nothing has happened yet behind the end. A state of zeros is no number of a sequence.
        let all = if recurrence.reverse { self.masked(&all, &[0], 1.0) } else { all };
        Ok(States { all, last: self.tensor(last, vec![hidden], true) })
    }

    /// The bias as the operation wants it: both in one, but for the last gate of a GRU.
    fn recurrent_bias(
        &mut self,
        cell: Cell,
        hidden: &Dim,
        biases: Option<&(Tensor, Tensor)>,
    ) -> Result<Tensor, Problem> {
        let Some((input, state)) = biases else {
            return self.full(&[Dim::from(cell.biases()) * hidden.clone()], 0.0);
        };
        let sum = self.add(input, state)?;
        if cell != Cell::Gru {
            return Ok(sum);
        }
        let part = |b: &mut Builder, x: &Tensor, first: usize, count: usize| {
            let op = Op::Slice { axis: 0, start: Dim::from(first) * hidden.clone(), step: 1 };
            b.emit(op, vec![x.node], vec![Dim::from(count) * hidden.clone()], false)
        };
        let parts = [part(self, &sum, 0, 2), part(self, input, 2, 1), part(self, state, 2, 1)];
        self.concat(&parts, 0)
    }
}
