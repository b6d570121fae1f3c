//! Recurrent layers as one operation: what [`Op::Recurrent`](super::op::Op::Recurrent) and its backward pass are, the
//! shapes of their operands and results, and what they mean.
//!
//! Time is the first axis of all tensors in here, so that the states of one step lie side by side, and so that the
//! states shifted by one step are a slice of the states. `T` is the number of steps, `B` the batch, `H` the size of the
//! state, `G` the number of gates ([`Cell::gates`]).
//!
//! The operands of `Recurrent`:
//!
//! | operand | shape | what |
//! |---|---|---|
//! | products | `[T, B, G·H]` | `x W_ihᵀ`, for all steps at once |
//! | weight | `[G·H, H]` | `W_hh` |
//! | bias | `[Cell::biases·H]` | `b_ih + b_hh`; of a GRU's last gate `b_ih` and then `b_hh`, which the reset gate parts |
//! | lengths | `[B]` | how many steps each example has; behind them its state stays as it is |
//!
//! Its result is flat, and its parts are taken out of it by slices, which cost nothing:
//!
//! 1. `[T + 1, B, H]`: the states, among them the initial one, which is 0: in front of all others, or behind them where
//!    the steps are walked in reverse. The state of step `t` stands at `t + 1`, in reverse at `t`.
//! 2. `[T, B, Cell::kept, H]`, where the backward pass needs them (`keep`): of an LSTM the gates i, f, g, o and the cell
//!    c; of a GRU the gates r, z, `W_hn h + b_hn`, n.
//!
//! `RecurrentBackward` takes the gradient `[T, B, H]` of the states, the flat result, the weight and the lengths, and
//! gives the gradients of the products, `[T, B, G·H]`; for a GRU, behind them, those of `W_hn h + b_hn`, `[T, B, H]`.
//! All other gradients are sums and matrix products of these.

use super::dim::Dim;
use super::graph::Shape;
use super::interpret::{Tensor, apply_unary};
use super::op::Unary;
use super::shape_rule::{Mismatch, element_count, same_rank, same_shape, same_size};

/// How a state follows from the one before it, as in torch.nn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with relu (Elman 1990).
    Rnn {
        /// relu instead of tanh.
        relu: bool,
    },
    /// Gates i, f, g, o; `c' = f c + i g`, `h' = o tanh(c')` (Hochreiter and Schmidhuber 1997, with the forget gate of
    /// Gers et al. 2000).
    Lstm,
    /// Gates r, z, n, with `n = tanh(W_in x + b_in + r (W_hn h + b_hn))`; `h' = (1 - z) n + z h` (Cho et al. 2014).
    Gru,
}

impl Cell {
    /// How many times `H` numbers a step's input product has.
    pub fn gates(self) -> usize {
        match self {
            Cell::Rnn { .. } => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }

    /// How many times `H` numbers the bias has; as many gradients come out of the backward pass for each step.
    pub fn biases(self) -> usize {
        match self {
            Cell::Rnn { .. } => 1,
            Cell::Lstm | Cell::Gru => 4,
        }
    }

    /// How many times `H` numbers of a step are kept for the backward pass.
    pub fn kept(self) -> usize {
        match self {
            Cell::Rnn { .. } => 0,
            Cell::Lstm => 5,
            Cell::Gru => 4,
        }
    }
}

/// A cell, and the direction in which the steps are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// The cell.
    pub cell: Cell,
    /// From the last step to the first. An example shorter than `T` begins at its own end.
    pub reverse: bool,
}

impl Recurrence {
    /// Where the states of the steps begin among the `T + 1` rows of states.
    pub fn states_from(self) -> usize {
        usize::from(!self.reverse)
    }

    /// Where the states before the steps begin.
    pub fn previous_from(self) -> usize {
        usize::from(self.reverse)
    }

    /// The steps in the order in which they are walked.
    fn order(self, steps: usize) -> Vec<usize> {
        if self.reverse { (0..steps).rev().collect() } else { (0..steps).collect() }
    }
}

/// The number of elements of the flat result: the states, and what is kept.
pub fn result_size(cell: Cell, keep: bool, steps: &Dim, batch: &Dim, hidden: &Dim) -> Dim {
    let one_step = batch.clone() * hidden.clone();
    let kept = if keep { cell.kept() } else { 0 };
    (steps.clone() + Dim::constant(1)) * one_step.clone() + Dim::from(kept) * steps.clone() * one_step
}

/// The shape rule of `Recurrent`.
pub fn forward_shape(cell: Cell, keep: bool, of: &[&[Dim]]) -> Result<Shape, Mismatch> {
    let &[products, weight, bias, lengths] = of else {
        return Err(Mismatch::Arity { expected: 4, found: of.len() });
    };
    same_rank("the products", 3, products)?;
    let (steps, batch) = (&products[0], &products[1]);
    let hidden = weight_shape(cell, weight)?;
    same_size("gates of the products", &(Dim::from(cell.gates()) * hidden.clone()), &products[2])?;
    same_shape("the bias", &[Dim::from(cell.biases()) * hidden.clone()], bias)?;
    same_shape("the lengths", std::slice::from_ref(batch), lengths)?;
    Ok(vec![result_size(cell, keep, steps, batch, &hidden)])
}

/// The shape rule of `RecurrentBackward`.
pub fn backward_shape(cell: Cell, of: &[&[Dim]]) -> Result<Shape, Mismatch> {
    let &[gradient, forward, weight, lengths] = of else {
        return Err(Mismatch::Arity { expected: 4, found: of.len() });
    };
    same_rank("the gradient", 3, gradient)?;
    let (steps, batch) = (&gradient[0], &gradient[1]);
    let hidden = weight_shape(cell, weight)?;
    same_size("size of the state", &hidden, &gradient[2])?;
    same_shape("the forward result", &[result_size(cell, true, steps, batch, &hidden)], forward)?;
    same_shape("the lengths", std::slice::from_ref(batch), lengths)?;
    Ok(vec![element_count(gradient) * Dim::from(cell.biases())])
}

/// `[G·H, H]`; gives `H`.
fn weight_shape(cell: Cell, weight: &[Dim]) -> Result<Dim, Mismatch> {
    same_rank("the weight", 2, weight)?;
    same_size("rows of the weight", &(Dim::from(cell.gates()) * weight[1].clone()), &weight[0])?;
    Ok(weight[1].clone())
}

/// How much arithmetic either pass is: of so many numbers of all gates and steps, each a product of a row of the weight
/// with a state and about three operations of what becomes of it.
pub fn operations(gates: u64, hidden: u64) -> u64 {
    gates.saturating_mul(hidden.saturating_mul(2).saturating_add(3))
}

fn sigmoid(x: f64) -> f64 {
    apply_unary(Unary::Sigmoid, x)
}

/// The sizes and numbers that both directions of time need.
struct Run<'a> {
    recurrence: Recurrence,
    steps: usize,
    batch: usize,
    hidden: usize,
    weight: &'a [f64],
    lengths: &'a [f64],
}

impl Run<'_> {
    /// First number of a state among the rows of states.
    fn state(&self, row: usize, example: usize) -> usize {
        (row * self.batch + example) * self.hidden
    }

    /// First number of what is kept of a step.
    fn kept(&self, step: usize, example: usize) -> usize {
        let rows = (self.steps + 1) * self.batch;
        (rows + (step * self.batch + example) * self.recurrence.cell.kept()) * self.hidden
    }

    /// The step that is walked just before this one.
    fn before(&self, step: usize) -> Option<usize> {
        if self.recurrence.reverse { Some(step + 1).filter(|s| *s < self.steps) } else { step.checked_sub(1) }
    }

    /// `W_hh h`, one number.
    fn product(&self, row: usize, h: &[f64]) -> f64 {
        let weights = &self.weight[row * self.hidden..(row + 1) * self.hidden];
        weights.iter().zip(h).map(|(w, h)| w * h).sum()
    }
}

/// What `Recurrent` means.
pub fn forward(recurrence: Recurrence, keep: bool, operands: &[&Tensor]) -> Option<Vec<f64>> {
    let &[products, weight, bias, lengths] = operands else { return None };
    let &[steps, batch, width] = products.shape.as_slice() else { return None };
    let n = *weight.shape.get(1)?;
    let run = Run { recurrence, steps, batch, hidden: n, weight: &weight.data, lengths: &lengths.data };
    let cell = recurrence.cell;
    let mut result = vec![0.0; ((steps + 1) + steps * cell.kept()) * batch * n];
    for step in recurrence.order(steps) {
        for example in 0..batch {
            let before = run.state(step + recurrence.previous_from(), example);
            let after = run.state(step + recurrence.states_from(), example);
            let kept = run.kept(step, example);
            let h = result[before..before + n].to_vec();
            let c: Vec<f64> = match (cell, run.before(step)) {
                (Cell::Lstm, Some(before)) => result[run.kept(before, example) + 4 * n..][..n].to_vec(),
                _ => vec![0.0; n],
            };
            if step as f64 >= run.lengths[example] {
                result[after..after + n].copy_from_slice(&h);
                if cell == Cell::Lstm {
                    result[kept + 4 * n..kept + 5 * n].copy_from_slice(&c);
                }
                continue;
            }
            let input = |gate: usize, j: usize| {
                products.data[(step * batch + example) * width + gate * n + j] + bias.data[gate * n + j]
            };
            for j in 0..n {
                match cell {
                    Cell::Rnn { relu } => {
                        let function = if relu { Unary::Relu } else { Unary::Tanh };
                        result[after + j] = apply_unary(function, input(0, j) + run.product(j, &h));
                    }
                    Cell::Lstm => {
                        let gate = |gate: usize| input(gate, j) + run.product(gate * n + j, &h);
                        let (i, f, g, o) = (sigmoid(gate(0)), sigmoid(gate(1)), gate(2).tanh(), sigmoid(gate(3)));
                        let next = f * c[j] + i * g;
                        for (at, number) in [i, f, g, o, next].into_iter().enumerate() {
                            result[kept + at * n + j] = number;
                        }
                        result[after + j] = o * next.tanh();
                    }
                    Cell::Gru => {
                        let r = sigmoid(input(0, j) + run.product(j, &h));
                        let z = sigmoid(input(1, j) + run.product(n + j, &h));
                        let m = run.product(2 * n + j, &h) + bias.data[3 * n + j];
                        let candidate = (input(2, j) + r * m).tanh();
                        for (at, number) in [r, z, m, candidate].into_iter().enumerate() {
                            result[kept + at * n + j] = number;
                        }
                        result[after + j] = (1.0 - z) * candidate + z * h[j];
                    }
                }
            }
        }
    }
    if !keep {
        result.truncate((steps + 1) * batch * n);
    }
    Some(result)
}

/// What `RecurrentBackward` means.
pub fn backward(recurrence: Recurrence, operands: &[&Tensor]) -> Option<Vec<f64>> {
    let &[gradient, result, weight, lengths] = operands else { return None };
    let &[steps, batch, n] = gradient.shape.as_slice() else { return None };
    let run = Run { recurrence, steps, batch, hidden: n, weight: &weight.data, lengths: &lengths.data };
    let (cell, result) = (recurrence.cell, &result.data);
    let gates = cell.gates();
    let mut found = vec![0.0; steps * batch * n * cell.biases()];
    let apart = steps * batch * n * gates;
    // The gradients of the state and of the cell behind the step at hand.
    let (mut dh, mut dc) = (vec![0.0; batch * n], vec![0.0; batch * n]);
    for step in recurrence.order(steps).into_iter().rev() {
        for example in 0..batch {
            let own = example * n..(example + 1) * n;
            for (dh, g) in dh[own.clone()].iter_mut().zip(&gradient.data[run.state(step, example)..]) {
                *dh += g;
            }
            if step as f64 >= run.lengths[example] {
                continue;
            }
            let before = &result[run.state(step + recurrence.previous_from(), example)..][..n];
            let after = &result[run.state(step + recurrence.states_from(), example)..][..n];
            let kept = run.kept(step, example);
            let kept = |at: usize, j: usize| result[kept + at * n + j];
            let mut products = vec![0.0; gates * n];
            // What the weight multiplied: the same gradients, but for the last gate of a GRU.
            let mut multiplied = vec![0.0; gates * n];
            let mut through = vec![0.0; n];
            for j in 0..n {
                let d = dh[own.start + j];
                match cell {
                    Cell::Rnn { relu } => {
                        products[j] = match relu {
                            true if after[j] > 0.0 => d,
                            true => 0.0,
                            false => d * (1.0 - after[j] * after[j]),
                        };
                    }
                    Cell::Lstm => {
                        let (i, f, g, o) = (kept(0, j), kept(1, j), kept(2, j), kept(3, j));
                        let squashed = kept(4, j).tanh();
                        let cell_before = run.before(step).map_or(0.0, |s| result[run.kept(s, example) + 4 * n + j]);
                        let d_cell = dc[own.start + j] + d * o * (1.0 - squashed * squashed);
                        products[j] = d_cell * g * i * (1.0 - i);
                        products[n + j] = d_cell * cell_before * f * (1.0 - f);
                        products[2 * n + j] = d_cell * i * (1.0 - g * g);
                        products[3 * n + j] = d * squashed * o * (1.0 - o);
                        dc[own.start + j] = d_cell * f;
                    }
                    Cell::Gru => {
                        let (r, z, m, candidate) = (kept(0, j), kept(1, j), kept(2, j), kept(3, j));
                        let d_candidate = d * (1.0 - z) * (1.0 - candidate * candidate);
                        products[j] = d_candidate * m * r * (1.0 - r);
                        products[n + j] = d * (before[j] - candidate) * z * (1.0 - z);
                        products[2 * n + j] = d_candidate;
                        multiplied[2 * n + j] = d_candidate * r;
                        through[j] = d * z;
                    }
                }
            }
            let same = if cell == Cell::Gru { 2 * n } else { gates * n };
            multiplied[..same].copy_from_slice(&products[..same]);
            for (row, d) in multiplied.iter().enumerate() {
                for (through, w) in through.iter_mut().zip(&weight.data[row * n..(row + 1) * n]) {
                    *through += d * w;
                }
            }
            dh[own].copy_from_slice(&through);
            let at = (step * batch + example) * gates * n;
            found[at..at + gates * n].copy_from_slice(&products);
            if cell == Cell::Gru {
                let at = apart + (step * batch + example) * n;
                found[at..at + n].copy_from_slice(&multiplied[2 * n..]);
            }
        }
    }
    Some(found)
}
